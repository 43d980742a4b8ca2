#ifndef PODIS_CACHE_SCRIPT_API_H
#define PODIS_CACHE_SCRIPT_API_H

/* The table `redis` of scripts: redis.call and all beside it. */

#include "cache/base/buf.h"

struct lua_State;

/* What a command of a script needs while it runs; part of an engine. */
struct api {
    struct span *argv;
    size_t room;
    struct buf out;
};

void api_init(struct api *api);
void api_fini(struct api *api);
/* After a script: gives back what was much. */
void api_tidy(struct api *api);

/* Pushes the table. */
void api_push(struct lua_State *L);

#endif
