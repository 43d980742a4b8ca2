#ifndef PODIS_CACHE_COMMANDS_DESCRIBE_H
#define PODIS_CACHE_COMMANDS_DESCRIBE_H

/* Rows as Redis describes its commands: what COMMAND INFO, COMMAND DOCS and the
 * HELP subcommands answer. */

#include "cache/command.h"
#include "cache/reply.h"

/* One element of COMMAND's answer: name, arity, flags, first key, last key, step,
 * categories, tips, key specifications, subcommands. */
void describe_info(struct reply *reply, const struct command *command);

/* The value COMMAND DOCS has for a name: a map. */
void describe_docs(struct reply *reply, const struct command *command);

/* A set of key flags: "RW", "access", … */
void describe_key_flags(struct reply *reply, uint16_t flags);

/* What HELP says about a container: its subcommands, how they are called, what they do. */
void describe_help(struct reply *reply, const struct command *container);

#endif
