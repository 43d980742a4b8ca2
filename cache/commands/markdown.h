#ifndef PODIS_CACHE_COMMANDS_MARKDOWN_H
#define PODIS_CACHE_COMMANDS_MARKDOWN_H

/* Every command as Markdown, printed from the rows: `podis --commands`. */

#include "cache/base/buf.h"
#include "cache/command.h"

/* Adds to `out`, whose maximum must leave room for it. */
void markdown_print(const struct command_table *table, struct buf *out);

#endif
