#ifndef PODIS_CACHE_SCRIPT_INSIDE_H
#define PODIS_CACHE_SCRIPT_INSIDE_H

/* The inside of an engine, for this folder's files alone. */

struct api;
struct cache;
struct engine;

struct cache *engine_cache(const struct engine *engine);
struct api *engine_api(struct engine *engine);

#endif
