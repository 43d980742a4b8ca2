/* From a library's code to its functions.
 *
 *     #!lua name=mylib
 *     local function f(keys, args) … end
 *     redis.register_function('f', f)
 *
 * The code is run once, and what it registers is what there is to call later. All its functions
 * share the environment that it was loaded with, so this must mean one thing while the code runs
 * and another later:
 *
 *     environment (fence) --> nothing (empty) --metatable--> { __index = while loading: redis alone
 *                                                                        later: all globals }
 *
 * Only switch_to() changes that. What the code keeps for itself of the one that it sees first is
 * read-only, and its register_function only works while something is loaded. */

#include "cache/script/function_load.h"

#include "cache/base/check.h"
#include "cache/base/inline_words.h"
#include "cache/script/fence.h"
#include "cache/script/function_shelf.h"
#include "cache/script/globals.h"
#include "cache/script/inside.h"
#include "cache/script/result.h"
#include "cache/script/shebang.h"
#include "cache/script/text.h"

#include <lauxlib.h>
#include <lua.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

enum { INSTRUCTIONS = 100 * 1000 }; /* From one look at the clock to the next. */

/* Its address is where the registry has the loader. */
static const char loader_key;

#define NAME_PARAMETER "name="
#define BAD_NAME                                                                                   \
    "Library names can only contain letters, numbers, or underscores(_) and must be at least one " \
    "character long"

const char *library_loader_failed(struct library_loader *loader, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(loader->why, sizeof(loader->why), format, args);
    va_end(args);
    return loader->why;
}

/* --- the first line --- */

static const char *take_word(struct library_loader *loader, struct span word, struct span *name)
{
    size_t len = strlen(NAME_PARAMETER);

    if (word.len < len || strncasecmp(word.bytes, NAME_PARAMETER, len) != 0) {
        return library_loader_failed(loader, "Invalid metadata value given: %.*s", span_shown(word),
                                     word.bytes);
    }
    if (name->bytes != NULL) {
        return "Invalid metadata value, name argument was given multiple times";
    }
    *name = span_skip(word, len);
    return NULL;
}

static const char *check_head(struct library_loader *loader, struct span engine, struct span name)
{
    if (name.bytes == NULL) {
        return "Library name was not given";
    }
    if (!library_name_fits(name)) {
        return BAD_NAME;
    }
    if (!span_is(engine, "lua")) {
        return library_loader_failed(loader, "Engine '%.*s' not found", span_shown(engine),
                                     engine.bytes);
    }
    return NULL;
}

const char *library_loader_head(struct library_loader *loader, struct span code, char *room,
                                struct span *name, size_t *len)
{
    struct span engine, word;
    const char *why = NULL;
    bool found, sound;

    *name = (struct span){ NULL, 0 };
    if (code.len < 2 || memcmp(code.bytes, "#!", 2) != 0) {
        return "Missing library metadata";
    }
    const char *end = memchr(code.bytes, '\n', code.len);
    if (end == NULL) {
        return "Invalid library metadata";
    }
    *len = (size_t)(end - code.bytes);
    struct span line = { code.bytes, *len };
    if (!inline_word(&line, room, &engine, &found)) {
        return "Invalid library metadata";
    }
    room += engine.len;
    while ((sound = inline_word(&line, room, &word, &found)) && found) {
        why = why != NULL ? why : take_word(loader, word, name);
        room += word.len;
    }
    if (!sound) {
        return "Invalid library metadata";
    }
    return why != NULL ? why : check_head(loader, span_skip(engine, 2), *name);
}

/* --- redis.register_function --- */

enum { TABLE_AT = 1, NAME_AT, CALLBACK_AT, DESCRIPTION_AT, ARGUMENTS = DESCRIPTION_AT };

static int fail(lua_State *L, const char *text)
{
    lua_pushfstring(L, "ERR %s", text);
    result_push_error(L, span_from(lua_tostring(L, -1)));
    return lua_error(L);
}

static struct span text_at(lua_State *L, int at)
{
    struct span text;
    text.bytes = lua_tolstring(L, at, &text.len);
    return text;
}

/* Case is ignored, other than in the first line of a script of EVAL. */
static unsigned flag_named(struct span name)
{
    for (unsigned flag = 1; flag <= SCRIPT_ALLOW_CROSS_SLOT_KEYS; flag <<= 1) {
        if (span_is(name, shebang_flag_name(flag))) {
            return flag;
        }
    }
    return 0;
}

static void read_flags(lua_State *L, unsigned *flags)
{
    for (int i = 1;; i++) {
        lua_rawgeti(L, -1, i);
        if (lua_isnil(L, -1)) {
            lua_pop(L, 1);
            return;
        }
        unsigned flag = lua_isstring(L, -1) ? flag_named(text_at(L, -1)) : 0;
        if (flag == 0) {
            fail(L, "unknown flag given");
        }
        *flags |= flag;
        lua_pop(L, 1);
    }
}

static void read_text(lua_State *L, int at, const char *why)
{
    if (!lua_isstring(L, -1)) {
        fail(L, why);
    }
    lua_pushvalue(L, -1);
    lua_replace(L, at);
}

/* One pair of the table: its value is on top, below it the key. */
static void read_named(lua_State *L, unsigned *flags)
{
    if (lua_type(L, -2) != LUA_TSTRING && lua_type(L, -2) != LUA_TNUMBER) {
        fail(L, "named argument key given to redis.register_function is not a string");
    }
    struct span key = lua_type(L, -2) == LUA_TSTRING ? text_at(L, -2) : SPAN("");
    if (span_is(key, "function_name")) {
        read_text(L, NAME_AT,
                  "function_name argument given to redis.register_function must be a string");
    } else if (span_is(key, "description")) {
        read_text(L, DESCRIPTION_AT,
                  "description argument given to redis.register_function must be a string");
    } else if (span_is(key, "callback")) {
        if (!lua_isfunction(L, -1)) {
            fail(L, "callback argument given to redis.register_function must be a function");
        }
        lua_pushvalue(L, -1);
        lua_replace(L, CALLBACK_AT);
    } else if (span_is(key, "flags")) {
        if (!lua_istable(L, -1)) {
            fail(L, "flags argument to redis.register_function must be a table representing "
                    "function flags");
        }
        read_flags(L, flags);
    } else {
        fail(L, "unknown argument given to redis.register_function");
    }
}

static void read_table(lua_State *L, unsigned *flags)
{
    if (!lua_istable(L, TABLE_AT)) {
        fail(L, "calling redis.register_function with a single argument is only applicable to Lua "
                "table (representing named arguments).");
    }
    lua_settop(L, ARGUMENTS);
    for (lua_pushnil(L); lua_next(L, TABLE_AT) != 0; lua_pop(L, 1)) {
        read_named(L, flags);
    }
    if (lua_isnil(L, NAME_AT)) {
        fail(L, "redis.register_function must get a function name argument");
    }
    if (lua_isnil(L, CALLBACK_AT)) {
        fail(L, "redis.register_function must get a callback argument");
    }
}

static void read_list(lua_State *L)
{
    lua_pushnil(L);
    lua_insert(L, TABLE_AT);
    lua_settop(L, ARGUMENTS);
    if (!lua_isstring(L, NAME_AT)) {
        fail(L, "first argument to redis.register_function must be a string");
    }
    if (!lua_isfunction(L, CALLBACK_AT)) {
        fail(L, "second argument to redis.register_function must be a function");
    }
}

/* Nothing that raises an error comes after the function got its reference. */
static int register_function(lua_State *L)
{
    struct library_loader *loader = lua_touserdata(L, lua_upvalueindex(1));
    int argc = lua_gettop(L);
    unsigned flags = 0;

    luaL_checkstack(L, ARGUMENTS + 4, NULL);
    if (loader->library == NULL) {
        return fail(L, "redis.register_function can only be called on FUNCTION LOAD command");
    }
    if (argc != 1 && argc != 2) {
        return fail(L, "wrong number of arguments to redis.register_function");
    }
    if (argc == 1) {
        read_table(L, &flags);
    } else {
        read_list(L);
    }
    struct span name = text_at(L, NAME_AT);
    struct span description = { NULL, 0 };
    if (!lua_isnil(L, DESCRIPTION_AT)) {
        description = text_at(L, DESCRIPTION_AT);
    }
    if (!library_name_fits(name)) {
        return fail(L, BAD_NAME);
    }
    if (library_has(loader->library, name)) {
        return fail(L, "Function already exists in the library");
    }
    lua_pushvalue(L, CALLBACK_AT);
    library_add(loader->library, name, description, flags, luaL_ref(L, LUA_REGISTRYINDEX));
    return 0;
}

/* --- the environment --- */

void library_loader_extend(struct lua_State *L)
{
    static const char *const lacking[] = { "breakpoint", "debug", "replicate_commands" };

    for (size_t i = 0; i < COUNT(lacking); i++) {
        lua_pushnil(L);
        lua_setfield(L, -2, lacking[i]);
    }
}

/* Pushes the table `redis` of code that is being loaded: its name first in the list. */
static void push_redis(lua_State *L, struct library_loader *loader)
{
    static const char *const names[] = {
        "log",         "LOG_DEBUG",     "LOG_VERBOSE",      "LOG_NOTICE",
        "LOG_WARNING", "REDIS_VERSION", "REDIS_VERSION_NUM"
    };

    engine_push_globals(loader->engine);
    lua_getfield(L, -1, "redis");
    lua_newtable(L);
    for (size_t i = 0; i < COUNT(names); i++) {
        lua_getfield(L, -2, names[i]);
        lua_setfield(L, -2, names[i]);
    }
    lua_pushlightuserdata(L, loader);
    lua_pushcclosure(L, register_function, 1);
    lua_setfield(L, -2, "register_function");
    globals_make_strict(L);
    fence_put(L);
    lua_replace(L, -3);
    lua_pop(L, 1);
}

static void switch_to_loading(lua_State *L, const struct library_loader *loader)
{
    lua_rawgeti(L, LUA_REGISTRYINDEX, loader->behind_it);
    lua_rawgeti(L, LUA_REGISTRYINDEX, loader->while_loading);
    lua_setfield(L, -2, "__index");
    lua_pop(L, 1);
}

/* Also outside of protection: the field is there already, so nothing is allocated for it. */
static void switch_to_running(lua_State *L, const struct library_loader *loader)
{
    lua_rawgeti(L, LUA_REGISTRYINDEX, loader->behind_it);
    engine_push_globals(loader->engine);
    lua_setfield(L, -2, "__index");
    lua_pop(L, 1);
}

static void build(lua_State *L, void *context)
{
    struct library_loader *loader = context;

    luaL_checkstack(L, 10, NULL);
    lua_pushlightuserdata(L, (void *)(uintptr_t)&loader_key);
    lua_pushlightuserdata(L, loader);
    lua_rawset(L, LUA_REGISTRYINDEX);
    lua_newtable(L);
    push_redis(L, loader);
    lua_setfield(L, -2, "redis");
    globals_make_strict(L);
    loader->while_loading = luaL_ref(L, LUA_REGISTRYINDEX);
    lua_newtable(L);
    lua_newtable(L);
    lua_pushvalue(L, -1);
    loader->behind_it = luaL_ref(L, LUA_REGISTRYINDEX);
    lua_setmetatable(L, -2);
    switch_to_running(L, loader);
    fence_put(L);
    loader->environment = luaL_ref(L, LUA_REGISTRYINDEX);
}

void library_loader_init(struct library_loader *loader, struct engine *engine)
{
    struct span why;

    *loader = (struct library_loader){ .engine = engine };
    bool built = engine_protect(engine, build, loader, &why);
    assert(built);
}

/* --- the code --- */

struct loading {
    struct library_loader *loader;
    struct span code;
};

static uint64_t clock_ms(struct engine *engine)
{
    const struct script_host *host = engine_host(engine_cache(engine));
    return host == NULL ? 0 : host->clock_ms(host->context);
}

static struct library_loader *loader_of(lua_State *L)
{
    struct library_loader *loader;

    lua_pushlightuserdata(L, (void *)(uintptr_t)&loader_key);
    lua_rawget(L, LUA_REGISTRYINDEX);
    loader = lua_touserdata(L, -1);
    lua_pop(L, 1);
    return loader;
}

static void on_count(lua_State *L, lua_Debug *record)
{
    const struct library_loader *loader = loader_of(L);

    (void)record;
    if (loader->until_ms != 0 && clock_ms(loader->engine) > loader->until_ms) {
        lua_sethook(L, on_count, LUA_MASKCOUNT, 1);
        result_push_error(L, SPAN("ERR FUNCTION LOAD timeout"));
        lua_error(L);
    }
}

/* The message of the error that is on top, as a text in its place. */
static void make_text(lua_State *L)
{
    if (lua_istable(L, -1)) {
        lua_getfield(L, -1, "err");
    } else {
        lua_pushfstring(L, "ERR %s", lua_isstring(L, -1) ? lua_tostring(L, -1) : "unknown error");
    }
}

static void run(lua_State *L, void *context)
{
    const struct loading *loading = context;
    struct library_loader *loader = loading->loader;

    if (text_load(L, loading->code, "@user_function") != 0) {
        lua_pushfstring(L, "Error compiling function: %s", lua_tostring(L, -1));
        lua_error(L);
    }
    lua_rawgeti(L, LUA_REGISTRYINDEX, loader->environment);
    lua_setfenv(L, -2);
    switch_to_loading(L, loader);
    lua_sethook(L, on_count, LUA_MASKCOUNT, INSTRUCTIONS);
    if (lua_pcall(L, 0, 0, 0) != 0) {
        lua_sethook(L, NULL, 0, 0);
        make_text(L);
        lua_pushfstring(L, "Error registering functions: %s", lua_tostring(L, -1));
        lua_error(L);
    }
}

const char *library_loader_run(struct library_loader *loader, struct library *library,
                               struct span code, uint64_t timeout_ms)
{
    struct loading loading = { .loader = loader, .code = code };
    lua_State *L = engine_state(loader->engine);
    struct span why;

    assert(loader->library == NULL);
    loader->library = library;
    loader->until_ms = timeout_ms == 0 ? 0 : clock_ms(loader->engine) + timeout_ms;
    bool ran = engine_protect(loader->engine, run, &loading, &why);
    lua_sethook(L, NULL, 0, 0);
    switch_to_running(L, loader);
    loader->library = NULL;
    if (!ran) {
        return library_loader_failed(loader, "%.*s", (int)why.len, why.bytes);
    }
    return library->count == 0 ? "No functions registered" : NULL;
}
