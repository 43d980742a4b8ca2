#ifndef PODIS_PROXY_SERVER_REQUEST_H
#define PODIS_PROXY_SERVER_REQUEST_H

/* A request between the reader and its run. */

#include "cache/command.h"
#include "cache/reply.h"

struct request {
    const struct command *command;   /* NULL: there is no such row. */
    const struct command *container; /* Of an unknown subcommand; else NULL. */
    size_t id;                       /* command_id() */
    const struct span *argv;
    size_t argc;
    uint64_t key_hash; /* cache_hash() of argv[key_at]; 0: not known. */
    size_t key_at;
};

/* The rows found last by their first word, as clients keep using the same few. */
enum { FAMILIAR_COUNT = 64, FAMILIAR_LEN_MAX = 22 };
struct familiar {
    uint8_t len; /* 0: nothing here. */
    char name[FAMILIAR_LEN_MAX];
    const struct command *command;
    size_t id;
};

/* Finds the row; argv and argc are set. Sets command, container and id. */
void request_find(struct request *request, const struct command_table *table,
                  struct familiar familiar[FAMILIAR_COUNT]);

/* Whether the row is there and the arity fits; else replies Redis's error. */
bool request_fits(const struct request *request, struct reply *reply);

/* The first key's place in argv by the row's first specification; 0 if that does not say. */
static inline size_t request_first_key(const struct request *request)
{
    const struct key_spec *spec = &request->command->keys[0];
    return spec->kind == KEYS_RANGE && spec->first < request->argc ? spec->first : 0;
}

#endif
