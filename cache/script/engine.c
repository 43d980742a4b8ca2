/* An interpreter of scripts.
 *
 *     engine_run ── lua_cpcall ── prepare: push function, arguments
 *                                 lua_pcall ── the script ── redis.call ── api.c ── host ── cache
 *                                     │            └─ every so many instructions: on_count
 *                                     v
 *                                 its value, or on_error's table ── the reply
 *
 * Lua reports errors by jumping, so nothing between lua_cpcall and here owns memory that would be
 * lost by a jump; what a command needs while it runs belongs to the engine (api.c).
 *
 * Memory: Lua asks allocate() for all of it. What would pass the bound is refused, which Lua turns
 * into the error "not enough memory" of the script that asked for too much. */

#include "cache/script/engine.h"

#include "cache/base/check.h"
#include "cache/base/memory.h"
#include "cache/script/answer.h"
#include "cache/script/api.h"
#include "cache/script/dice.h"
#include "cache/script/globals.h"
#include "cache/script/inside.h"
#include "cache/script/result.h"
#include "cache/state.h"

#include <lauxlib.h>
#include <lua.h>

enum {
    MEMORY_MAX = 512 * 1024 * 1024,  /* Unless the host says what it is to be … */
    MEMORY_LEAST = 32 * 1024 * 1024, /* … which is never less than this. */
    INSTRUCTIONS = 100 * 1000,       /* From one look at the host to the next. */
    TIDY_ABOVE = 1024 * 1024,        /* Bytes that a run may leave behind uncollected. */
    GC_PAUSE = 200,                  /* Lua's own defaults. */
    GC_STEPS = 200,
};

struct engine {
    struct cache *cache;
    lua_State *L;
    size_t used, max;
    size_t tidy; /* Bytes after the last full collection. */
    int globals; /* Reference in the registry. */
    struct dice dice;
    struct api api;
};

static void *allocate(void *context, void *block, size_t old_len, size_t new_len)
{
    struct engine *engine = context;

    bool grows = new_len > old_len;

    if (grows && (engine->used >= engine->max || new_len - old_len > engine->max - engine->used)) {
        return NULL;
    }
    engine->used += new_len - old_len;
    if (new_len == 0) {
        memory_free(block);
        return NULL;
    }
    return memory_resize(block, new_len);
}

/* --- life --- */

struct building {
    struct engine *engine;
    void (*extend)(lua_State *L);
};

static void build(lua_State *L, void *context)
{
    const struct building *building = context;
    struct engine *engine = building->engine;

    globals_open(L, &engine->dice);
    api_push(L);
    if (building->extend != NULL) {
        building->extend(L);
    }
    lua_setfield(L, -2, "redis");
    globals_close(L);
    engine->globals = luaL_ref(L, LUA_REGISTRYINDEX);
}

struct engine *engine_new(struct cache *cache, void (*extend)(lua_State *L))
{
    struct engine *engine = memory_zero(sizeof(*engine));
    struct building building = { .engine = engine, .extend = extend };
    struct span why;

    engine->cache = cache;
    engine->max = MEMORY_MAX;
    api_init(&engine->api);
    dice_init(&engine->dice);
    engine->L = lua_newstate(allocate, engine);
    assert(engine->L != NULL);
    bool built = engine_protect(engine, build, &building, &why);
    assert(built);
    lua_gc(engine->L, LUA_GCCOLLECT, 0);
    engine->tidy = engine->used;
    return engine;
}

void engine_free(struct engine *engine)
{
    if (engine == NULL) {
        return;
    }
    lua_close(engine->L);
    assert(engine->used == 0);
    api_fini(&engine->api);
    memory_free(engine);
}

lua_State *engine_state(const struct engine *engine)
{
    return engine->L;
}

struct engine *engine_of(lua_State *L)
{
    void *engine;
    lua_getallocf(L, &engine);
    return engine;
}

struct cache *engine_cache(const struct engine *engine)
{
    return engine->cache;
}

struct api *engine_api(struct engine *engine)
{
    return &engine->api;
}

size_t engine_memory(const struct engine *engine)
{
    return engine->used;
}

void engine_push_globals(struct engine *engine)
{
    lua_rawgeti(engine->L, LUA_REGISTRYINDEX, engine->globals);
}

const struct script_host *engine_host(const struct cache *cache)
{
    return cache->script.host;
}

struct script_run *engine_running(const struct cache *cache)
{
    return cache->script.running;
}

/* --- protection --- */

struct protected
{
    void (*act)(lua_State * L, void *context);
    void *context;
};

static int run_protected(lua_State *L)
{
    const struct protected *protected = lua_touserdata(L, 1);
    lua_settop(L, 0);
    protected->act(L, protected->context);
    return 0;
}

bool engine_protect(struct engine *engine, void (*act)(lua_State *L, void *context), void *context,
                    struct span *why)
{
    struct protected protected = { .act = act, .context = context };
    lua_State *L = engine->L;
    int status = lua_cpcall(L, run_protected, &protected);

    if (status == 0) {
        return true;
    }
    bool is_text = lua_type(L, -1) == LUA_TSTRING;
    *why = SPAN("execution failure");
    if (is_text) {
        why->bytes = lua_tolstring(L, -1, &why->len);
    }
    lua_pop(L, 1); /* Collected by nobody before the next call. */
    return false;
}

/* --- errors --- */

/* Of a raised error: says where it was raised, and makes it a table if it is none. */
static int on_error(lua_State *L)
{
    lua_Debug place;
    bool known = lua_getstack(L, 1, &place) != 0 && lua_getinfo(L, "nSl", &place) != 0;

    if (known && *place.what == 'C') {
        known = lua_getstack(L, 2, &place) != 0 && lua_getinfo(L, "nSl", &place) != 0;
    }
    if (!lua_istable(L, 1)) {
        const char *text = lua_tostring(L, 1);
        lua_createtable(L, 0, 3);
        lua_pushfstring(L, "ERR %s", text != NULL ? text : luaL_typename(L, 1));
        lua_setfield(L, -2, "err");
        lua_replace(L, 1);
    }
    lua_settop(L, 1);
    if (known) {
        lua_pushliteral(L, "source");
        lua_pushstring(L, place.source);
        lua_rawset(L, 1);
        lua_pushliteral(L, "line");
        lua_pushinteger(L, place.currentline);
        lua_rawset(L, 1);
    }
    return 1;
}

static struct span field(lua_State *L, const char *name)
{
    struct span text = { NULL, 0 };
    lua_pushstring(L, name);
    lua_rawget(L, -2);
    if (lua_isstring(L, -1)) {
        text.bytes = lua_tolstring(L, -1, &text.len);
    }
    return text;
}

/* The table that on_error made is on top. */
static void tell_error(lua_State *L, const struct script_run *run)
{
    struct reply *reply = run->call->reply;
    bool counted = answer_is_counted(L);
    struct span text = field(L, "err");
    lua_insert(L, -2);
    struct span source = field(L, "source");
    lua_insert(L, -2);
    struct span line = field(L, "line");

    if (text.bytes == NULL) {
        text = SPAN("ERR unknown error");
    }
    if (source.bytes != NULL && line.bytes != NULL) {
        lua_pushlstring(L, text.bytes, text.len);
        lua_pushfstring(L, " script: %s, on ", run->name);
        lua_pushlstring(L, source.bytes, source.len);
        lua_pushfstring(L, ":%s.", line.bytes);
        lua_concat(L, 4);
        text.bytes = lua_tolstring(L, -1, &text.len);
    }
    reply_error(reply, text);
    reply->counted = counted;
}

static void tell_failure(const struct script_run *run, struct span why)
{
    int shown = why.len < 100 ? (int)why.len : 100;
    reply_errorf(run->call->reply, "ERR Error running script %s, %.*s", run->name, shown,
                 why.bytes);
}

/* --- running --- */

static void on_count(lua_State *L, lua_Debug *record)
{
    struct cache *cache = engine_of(L)->cache;
    struct script_run *run = cache->script.running;
    const struct script_host *host = engine_host(cache);

    (void)record;
    if (run == NULL) {
        return;
    }
    if (!run->killed && host != NULL) {
        struct arena_mark mark = arena_mark(&cache->arena);
        bool goes_on = host->pause(host->context, run);
        arena_rewind(&cache->arena, mark);
        run->killed |= !goes_on;
    }
    if (run->killed) {
        /* Again and again: what catches the error is not to go on. */
        lua_sethook(L, on_count, LUA_MASKCOUNT, 1);
        result_push_error(L, run->is_function ? SPAN("ERR Error running script: Script killed by "
                                                     "user with FUNCTION KILL.")
                                              : SPAN("ERR Error running script: Script killed by "
                                                     "user with SCRIPT KILL."));
        lua_error(L);
    }
}

static void perform(lua_State *L, void *context)
{
    struct script_run *run = context;

    lua_pushcfunction(L, on_error);
    int argc = run->push(L, run);
    lua_sethook(L, on_count, LUA_MASKCOUNT, INSTRUCTIONS);
    int status = lua_pcall(L, argc, 1, 1);
    lua_sethook(L, NULL, 0, 0);
    if (status == 0) {
        answer_write(L, run->call->reply, run->protocol);
    } else if (lua_istable(L, -1)) {
        tell_error(L, run);
    } else {
        struct span why = SPAN("execution failure");
        if (lua_type(L, -1) == LUA_TSTRING) {
            why.bytes = lua_tolstring(L, -1, &why.len);
        }
        tell_failure(run, why);
    }
}

/* What a script that may write is told when nobody may. */
static struct span write_error(struct span error)
{
    bool is_replica = error.len > 8 && memcmp(error.bytes, "READONLY", 8) == 0;
    return is_replica ? SPAN("READONLY You can not run script with write flag on readonly replica.")
                      : error;
}

/* Why a script that says what it does may not begin; empty if it may. */
static struct span refusal(const struct script_run *run)
{
    bool reads = run->flags & SCRIPT_NO_WRITES;

    if (run->is_stale && !(run->flags & SCRIPT_ALLOW_STALE)) {
        return SPAN("MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to "
                    "'no'.");
    }
    if (!reads && run->no_writes.len > 0) {
        return write_error(run->no_writes);
    }
    if (!reads && run->read_only) {
        return SPAN("ERR Can not execute a script with write flag using *_ro command.");
    }
    if (!reads && run->over_memory && !(run->flags & SCRIPT_ALLOW_OOM)) {
        return SPAN("OOM allow-oom flag is not set on the script, can not run it when used memory "
                    "> 'maxmemory'");
    }
    return SPAN("");
}

/* Replies if it returns false. */
static bool may_run(const struct script_run *run)
{
    struct span why = run->flags & SCRIPT_SILENT ? SPAN("") : refusal(run);

    if (why.len > 0) {
        reply_error(run->call->reply, why);
    }
    return why.len == 0;
}

/* What a script before it may have left: bounds, a collector that it stopped. */
static void prepare(struct engine *engine, const struct script_host *host)
{
    size_t max = host == NULL ? 0 : host->memory_max(host->context);

    engine->max = max == 0 ? MEMORY_MAX : max < MEMORY_LEAST ? MEMORY_LEAST : max;
    lua_gc(engine->L, LUA_GCRESTART, 0);
    lua_gc(engine->L, LUA_GCSETPAUSE, GC_PAUSE);
    lua_gc(engine->L, LUA_GCSETSTEPMUL, GC_STEPS);
}

static void tidy(struct engine *engine)
{
    lua_sethook(engine->L, NULL, 0, 0);
    api_tidy(&engine->api);
    if (engine->used > 2 * engine->tidy + TIDY_ABOVE) {
        lua_gc(engine->L, LUA_GCCOLLECT, 0);
        engine->tidy = engine->used;
    }
}

static void run_inside(struct engine *engine, struct script_run *run)
{
    struct reply *reply = run->call->reply;
    size_t begin = reply->silent ? 0 : reply->out->len;
    struct span why;

    cache_unit_begin(engine->cache);
    if (!engine_protect(engine, perform, run, &why)) {
        if (!reply->silent) {
            buf_cut(reply->out, begin);
        }
        tell_failure(run, why);
    }
    cache_unit_end(engine->cache);
    tidy(engine);
}

void engine_run(struct engine *engine, struct script_run *run)
{
    const struct script_host *host = engine_host(engine->cache);

    assert(engine->cache->script.running == NULL);
    run->engine = engine;
    run->protocol = 2;
    run->no_writes = SPAN("");
    if (host != NULL) {
        run->over_memory = host->begin(host->context, run->call->caller);
        run->no_writes = host->write_refusal(host->context, run->call->caller);
        run->is_stale = host->is_stale(host->context, run->call->caller);
    }
    if (may_run(run)) {
        prepare(engine, host);
        engine->cache->script.running = run;
        run_inside(engine, run);
        engine->cache->script.running = NULL;
    }
    if (host != NULL) {
        host->end(host->context, run->call->caller);
    }
}

/* --- arguments --- */

static void push_list(lua_State *L, const struct span *argv, size_t count)
{
    luaL_checkstack(L, 3, NULL);
    lua_createtable(L, (int)count, 0);
    for (size_t i = 0; i < count; i++) {
        lua_pushlstring(L, argv[i].bytes, argv[i].len);
        lua_rawseti(L, -2, (int)i + 1);
    }
}

enum { FIRST_KEY = 3 };

void engine_push_keys(lua_State *L, const struct script_run *run)
{
    push_list(L, run->call->argv + FIRST_KEY, run->key_count);
}

void engine_push_arguments(lua_State *L, const struct script_run *run)
{
    size_t first = FIRST_KEY + run->key_count;
    push_list(L, run->call->argv + first, run->call->argc - first);
}

/* --- an end by force --- */

void engine_kill(struct call *c, bool is_function)
{
    struct script_run *run = c->cache->script.running;

    if (run == NULL) {
        reply_error(c->reply, SPAN("NOTBUSY No scripts in execution right now."));
    } else if (run->wrote) {
        reply_error(c->reply,
                    SPAN("UNKILLABLE Sorry the script already executed write commands against the "
                         "dataset. You can either wait the script termination or kill the server "
                         "in a hard way using the SHUTDOWN NOSAVE command."));
    } else if (run->is_function != is_function) {
        reply_error(c->reply, run->is_function ? SPAN(ENGINE_BUSY_FUNCTION) : SPAN(ENGINE_BUSY));
    } else {
        run->killed = true;
        reply_ok(c->reply);
    }
}
