#ifndef PODIS_PROXY_SERVER_ACL_SELECTOR_H
#define PODIS_PROXY_SERVER_ACL_SELECTOR_H

/* One set of permissions: commands, keys, channels. A user has one or more, and may do what any
 * single one of them allows as a whole. */

#include "cache/base/buf.h"
#include "cache/command.h"
#include "config/words.h"

enum acl_permit { PERMIT_READ = 1 << 0, PERMIT_WRITE = 1 << 1 };
enum { PERMIT_ALL = PERMIT_READ | PERMIT_WRITE };

struct acl_key {
    char *pattern;
    unsigned permits; /* enum acl_permit bits */
};

/* A command that is not allowed but for some first arguments: +select|0. */
struct acl_first_args {
    size_t id; /* command_id() */
    struct option_list words;
};

struct acl_selector {
    const struct command_table *commands;
    uint64_t *allowed;    /* A bit for each command_id(). */
    bool all_commands;    /* All bits are set, and stayed so since +@all. */
    bool future_commands; /* +@all was said, and no -@all since. */
    bool all_keys, all_channels;
    struct option_list rules; /* For commands, behind +@all or -@all: "+get", "-@dangerous". */
    struct acl_key *keys;
    size_t key_count;
    struct option_list channels;
    struct acl_first_args *first_args;
    size_t first_args_count;
};

/* Allows nothing. */
struct acl_selector *acl_selector_new(const struct command_table *commands);
struct acl_selector *acl_selector_copy(const struct acl_selector *selector);
void acl_selector_free(struct acl_selector *selector);

/* --- changing it --- */

void acl_selector_set_all(struct acl_selector *selector, bool allow);
/* A container with all that it contains. */
void acl_selector_set_command(struct acl_selector *selector, const struct command *command,
                              bool allow);
/* `category` is one bit of enum acl_category. */
void acl_selector_set_category(struct acl_selector *selector, uint32_t category, bool allow);
void acl_selector_add_first_arg(struct acl_selector *selector, const struct command *command,
                                struct span arg);

/* Each begins with no pattern at all; with `all` any key or channel will do. */
void acl_selector_reset_keys(struct acl_selector *selector, bool all);
void acl_selector_reset_channels(struct acl_selector *selector, bool all);
/* Patterns have no spaces and no NULs. */
void acl_selector_add_key(struct acl_selector *selector, struct span pattern, unsigned permits);
void acl_selector_add_channel(struct acl_selector *selector, struct span pattern);

/* --- asking it --- */

/* Everything, whatever the arguments. */
bool acl_selector_allows_all(const struct acl_selector *selector);
bool acl_selector_allows_command(const struct acl_selector *selector, size_t id,
                                 const struct span *argv, size_t argc);
bool acl_selector_allows_key(const struct acl_selector *selector, struct span key,
                             unsigned permits);
/* A pattern is allowed only if it is, letter for letter, one of the selector's. */
bool acl_selector_allows_channel(const struct acl_selector *selector, struct span channel,
                                 bool is_pattern);

/* --- in words, as rules --- */

void acl_selector_add_commands(const struct acl_selector *selector, struct buf *out);
void acl_selector_add_keys(const struct acl_selector *selector, struct buf *out);
void acl_selector_add_channels(const struct acl_selector *selector, struct buf *out);
/* All three, so that they make an empty selector equal to this one. */
void acl_selector_describe(const struct acl_selector *selector, struct buf *out);

#endif
