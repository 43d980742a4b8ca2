/* The libraries of functions.
 *
 * They share one interpreter, which is made when the first one comes. A library is compiled and run
 * on its own, apart from the shelf of those that can be called, and put there only when nothing is
 * wrong with it. RESTORE does the same with a whole shelf: then all of it joins, or nothing. */

#include "cache/script/functions.h"

#include "cache/base/check.h"
#include "cache/base/memory.h"
#include "cache/persist/dump.h"
#include "cache/script/engine.h"
#include "cache/script/function_dump.h"
#include "cache/script/function_load.h"
#include "cache/script/function_shelf.h"
#include "cache/state.h"

#include <lua.h>

struct functions {
    struct engine *engine;
    struct shelf *shelf;
    struct library_loader loader;
    uint64_t began_ms; /* The function that runs, if one does. */
};

static struct functions *functions_of(struct cache *cache)
{
    if (cache->script.functions == NULL) {
        struct functions *functions = memory_zero(sizeof(*functions));
        functions->engine = engine_new(cache, library_loader_extend);
        functions->shelf = shelf_new(cache->seed);
        library_loader_init(&functions->loader, functions->engine);
        cache->script.functions = functions;
    }
    return cache->script.functions;
}

void functions_free(struct functions *functions)
{
    if (functions == NULL) {
        return;
    }
    shelf_free(functions->shelf, NULL);
    engine_free(functions->engine);
    memory_free(functions);
}

/* --- loading --- */

/* Compiles and runs it; the caller owns *made. */
static const char *build(struct functions *functions, struct span name, struct span code,
                         size_t head, uint64_t timeout_ms, struct library **made)
{
    struct library *library = library_new(name, code);
    const char *why =
        library_loader_run(&functions->loader, library, span_skip(code, head), timeout_ms);

    if (why != NULL) {
        library_free(library, engine_state(functions->engine));
        return why;
    }
    *made = library;
    return NULL;
}

/* Onto the shelf, in the place of `old`, which may be NULL. Takes the new library either way. */
static const char *place(struct functions *functions, struct shelf *shelf, struct library *old,
                         struct library *library)
{
    struct lua_State *L = engine_state(functions->engine);

    if (old != NULL) {
        shelf_take(shelf, old);
    }
    const struct function *collision = shelf_collision(shelf, library);
    if (collision == NULL) {
        shelf_put(shelf, library);
        library_free(old, L);
        return NULL;
    }
    const char *why =
        library_loader_failed(&functions->loader, "Function %s already exists", collision->name);
    library_free(library, L);
    if (old != NULL) {
        shelf_put(shelf, old);
    }
    return why;
}

static const char *load_named(struct functions *functions, struct shelf *shelf, struct span name,
                              struct span code, size_t head, bool replace, uint64_t timeout_ms)
{
    struct library *old = shelf_library(shelf, name);
    struct library *library;

    if (old != NULL && !replace) {
        return library_loader_failed(&functions->loader, "Library '%s' already exists", old->name);
    }
    const char *why = build(functions, name, code, head, timeout_ms, &library);
    return why != NULL ? why : place(functions, shelf, old, library);
}

static const char *load(struct functions *functions, struct shelf *shelf, struct span code,
                        bool replace, uint64_t timeout_ms, const struct library **made)
{
    char *room = memory_alloc(code.len + 1);
    struct span name;
    size_t head;
    const char *why = library_loader_head(&functions->loader, code, room, &name, &head);

    if (why == NULL) {
        why = load_named(functions, shelf, name, code, head, replace, timeout_ms);
    }
    if (why == NULL && made != NULL) {
        *made = shelf_library(shelf, name);
    }
    memory_free(room);
    return why;
}

const char *functions_load(struct cache *cache, struct span code, bool replace, uint64_t timeout_ms,
                           const struct library **made)
{
    struct functions *functions = functions_of(cache);
    return load(functions, functions->shelf, code, replace, timeout_ms, made);
}

/* --- dump and restore --- */

bool functions_dump(const struct cache *cache, struct buf *out)
{
    for (const struct library *at = functions_next(cache, NULL); at != NULL;
         at = functions_next(cache, at)) {
        if (!function_dump_add(out, library_code(at))) {
            return false;
        }
    }
    return function_dump_end(out);
}

struct restoring {
    struct functions *functions;
    struct shelf *shelf; /* Of what was restored so far. */
    uint64_t timeout_ms;
};

static const char *restore_one(void *context, struct span code)
{
    const struct restoring *restoring = context;
    return load(restoring->functions, restoring->shelf, code, false, restoring->timeout_ms, NULL);
}

static void move_all(struct shelf *from, struct shelf *to)
{
    while (shelf_first(from) != NULL) {
        struct library *library = shelf_first(from);
        shelf_take(from, library);
        shelf_put(to, library);
    }
}

/* Those of the shelf that have the name of a new one are put aside. */
static const char *make_place(struct functions *functions, const struct shelf *added,
                              struct shelf *aside, bool replace)
{
    for (const struct library *at = shelf_first(added); at != NULL; at = at->next) {
        struct library *old = shelf_library(functions->shelf, span_from(at->name));
        if (old != NULL && !replace) {
            return library_loader_failed(&functions->loader, "Library %s already exists",
                                         old->name);
        }
        if (old != NULL) {
            shelf_take(functions->shelf, old);
            shelf_put(aside, old);
        }
    }
    for (const struct library *at = shelf_first(added); at != NULL; at = at->next) {
        const struct function *collision = shelf_collision(functions->shelf, at);
        if (collision != NULL) {
            return library_loader_failed(&functions->loader, "Function %s already exists",
                                         collision->name);
        }
    }
    return NULL;
}

static const char *join(struct functions *functions, struct shelf *added, bool replace)
{
    struct shelf *aside = shelf_new(0);
    const char *why = make_place(functions, added, aside, replace);

    move_all(why == NULL ? added : aside, functions->shelf);
    shelf_free(aside, engine_state(functions->engine));
    return why;
}

const char *functions_restore(struct cache *cache, struct span payload, enum restore_policy policy,
                              uint64_t timeout_ms)
{
    struct functions *functions = functions_of(cache);
    struct restoring restoring = { .functions = functions,
                                   .shelf = shelf_new(cache->seed),
                                   .timeout_ms = timeout_ms };

    if (!dump_is_intact(payload, cache_checks_sums(cache))) {
        shelf_free(restoring.shelf, NULL);
        return "DUMP payload version or checksum are wrong";
    }
    const char *why = function_dump_read(payload, restore_one, &restoring);
    if (why == NULL && policy == RESTORE_FLUSH) {
        struct shelf *old = functions->shelf;
        functions->shelf = restoring.shelf;
        restoring.shelf = old;
    } else if (why == NULL) {
        why = join(functions, restoring.shelf, policy == RESTORE_REPLACE);
    }
    shelf_free(restoring.shelf, engine_state(functions->engine));
    return why;
}

/* --- forgetting --- */

bool functions_delete(struct cache *cache, struct span name)
{
    struct functions *functions = cache->script.functions;
    struct library *library = functions == NULL ? NULL : shelf_library(functions->shelf, name);

    if (library == NULL) {
        return false;
    }
    shelf_take(functions->shelf, library);
    library_free(library, engine_state(functions->engine));
    return true;
}

static void free_later(void *job)
{
    functions_free(job);
}

void functions_flush(struct cache *cache, bool at_once)
{
    struct functions *functions = cache->script.functions;
    const struct cache_jobs *jobs = &cache->disposal.jobs;

    assert(cache->script.running == NULL);
    cache->script.functions = NULL;
    if (functions == NULL || at_once || jobs->add == NULL) {
        functions_free(functions);
    } else {
        jobs->add(jobs->context, free_later, functions);
    }
}

/* --- running --- */

const struct function *functions_find(const struct cache *cache, struct span name)
{
    const struct functions *functions = cache->script.functions;
    return functions == NULL ? NULL : shelf_function(functions->shelf, name);
}

static int push_function(struct lua_State *L, struct script_run *run)
{
    lua_rawgeti(L, LUA_REGISTRYINDEX, run->function);
    engine_push_keys(L, run);
    engine_push_arguments(L, run);
    return 2;
}

static uint64_t clock_ms(const struct cache *cache)
{
    const struct script_host *host = engine_host(cache);
    return host == NULL ? 0 : host->clock_ms(host->context);
}

void functions_run(struct call *c, const struct function *function, size_t key_count,
                   bool read_only)
{
    struct functions *functions = c->cache->script.functions;
    struct script_run run = {
        .call = c,
        .name = function->name,
        .flags = function->flags,
        .read_only = read_only,
        .is_function = true,
        .key_count = key_count,
        .push = push_function,
        .function = function->reference,
    };

    functions->began_ms = clock_ms(c->cache);
    engine_run(functions->engine, &run);
}

/* --- what there is --- */

const struct library *functions_next(const struct cache *cache, const struct library *library)
{
    const struct functions *functions = cache->script.functions;

    if (library != NULL) {
        return library->next;
    }
    return functions == NULL ? NULL : shelf_first(functions->shelf);
}

void functions_each(const struct cache *cache, void (*visit)(void *context, struct span code),
                    void *context)
{
    for (const struct library *at = functions_next(cache, NULL); at != NULL;
         at = functions_next(cache, at)) {
        visit(context, library_code(at));
    }
}

struct functions_stats functions_stats(const struct cache *cache)
{
    const struct functions *functions = cache->script.functions;

    if (functions == NULL) {
        return (struct functions_stats){ .libraries = 0 };
    }
    return (struct functions_stats){
        .libraries = shelf_libraries(functions->shelf),
        .functions = shelf_functions(functions->shelf),
        .interpreter_bytes = engine_memory(functions->engine),
        .text_bytes = shelf_bytes(functions->shelf),
        .running_ms = cache->script.running == NULL ? 0 : clock_ms(cache) - functions->began_ms,
    };
}
