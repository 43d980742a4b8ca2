/* What a script finds.
 *
 * Only what is named here is taken over from Lua's library: a function that is not known cannot
 * get in. What is missing, and why:
 *
 *     dofile loadfile require module io os package    files, the process, the clock
 *     debug                                           reaches around everything
 *     getfenv setfenv newproxy                        Redis has none either: environments lead to
 *                                                     the real globals, and a finalizer runs where
 *                                                     no script is running
 *     print                                           writes to the process's output
 *
 * A name that is not there is an error and not nil, so that a forgotten `local` is noticed. */

#include "cache/script/globals.h"

#include "cache/base/check.h"
#include "cache/script/dice.h"
#include "cache/script/fence.h"
#include "cache/script/libraries.h"
#include "cache/script/text.h"

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

static const char *const base_names[] = {
    "_VERSION",     "assert",   "collectgarbage", "coroutine",  "error",  "gcinfo",
    "getmetatable", "ipairs",   "load",           "loadstring", "next",   "pairs",
    "pcall",        "rawequal", "rawget",         "rawset",     "select", "setmetatable",
    "tonumber",     "tostring", "type",           "unpack",     "xpcall",
};

static const char *const library_names[] = { "math", "string", "table" };

static void open_library(lua_State *L, lua_CFunction open, const char *name)
{
    lua_pushcfunction(L, open);
    lua_pushstring(L, name);
    lua_call(L, 1, 0);
}

/* From Lua's globals into the table on top of the stack. */
static void take(lua_State *L, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        lua_getfield(L, LUA_GLOBALSINDEX, names[i]);
        assert(!lua_isnil(L, -1));
        lua_setfield(L, -2, names[i]);
    }
}

/* pcall: an error that is a table with a text is that text, as it was before errors were tables. */
static int protected_call(lua_State *L)
{
    luaL_checkany(L, 1);
    int status = lua_pcall(L, lua_gettop(L) - 1, LUA_MULTRET, 0);

    if (status != 0 && lua_istable(L, -1)) {
        lua_getfield(L, -1, "err");
        if (lua_isstring(L, -1)) {
            lua_replace(L, -2);
        } else {
            lua_pop(L, 1);
        }
    }
    luaL_checkstack(L, 1, NULL);
    lua_pushboolean(L, status == 0);
    lua_insert(L, 1);
    return lua_gettop(L);
}

void globals_open(lua_State *L, struct dice *dice)
{
    luaL_checkstack(L, 8, NULL);
    open_library(L, luaopen_base, "");
    open_library(L, luaopen_math, LUA_MATHLIBNAME);
    open_library(L, luaopen_string, LUA_STRLIBNAME);
    open_library(L, luaopen_table, LUA_TABLIBNAME);
    lua_newtable(L);
    take(L, base_names, COUNT(base_names));
    take(L, library_names, COUNT(library_names));
    lua_pushcfunction(L, protected_call);
    lua_setfield(L, -2, "pcall");
    text_install(L);
    fence_guard_library(L);
    lua_getfield(L, -1, "math");
    dice_install(L, dice);
    lua_pop(L, 1);
    script_open_libraries(L);
}

static int refuse_unknown(lua_State *L)
{
    const char *name = lua_tostring(L, 2);
    return luaL_error(L, "Script attempted to access nonexistent global variable '%s'",
                      name == NULL ? "" : name);
}

/* Metatable of the globals on top of the stack: it is pushed. */
static void push_strictness(lua_State *L)
{
    lua_newtable(L);
    lua_pushcfunction(L, refuse_unknown);
    lua_setfield(L, -2, "__index");
}

void globals_make_strict(lua_State *L)
{
    push_strictness(L);
    lua_setmetatable(L, -2);
}

/* Strings have one metatable, of which getmetatable() shows a fence. */
static void fence_strings(lua_State *L)
{
    lua_pushliteral(L, "");
    lua_newtable(L);
    lua_getfield(L, LUA_GLOBALSINDEX, "string");
    lua_setfield(L, -2, "__index");
    lua_newtable(L);
    lua_getfield(L, -4, "string");
    lua_setfield(L, -2, "__index");
    fence_put(L);
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
    lua_pop(L, 1);
}

/* Each table among the globals on top of the stack is replaced by a fence. */
static void fence_libraries(lua_State *L)
{
    lua_pushnil(L);
    while (lua_next(L, -2) != 0) {
        if (lua_istable(L, -1)) {
            fence_put(L);
            lua_pushvalue(L, -2);
            lua_insert(L, -2);
            lua_rawset(L, -4); /* A key that is there: that does not disturb lua_next(). */
        } else {
            lua_pop(L, 1);
        }
    }
}

void globals_close(lua_State *L)
{
    luaL_checkstack(L, 8, NULL);
    fence_libraries(L);
    fence_strings(L);
    push_strictness(L);
    lua_setmetatable(L, -2);
    lua_pushvalue(L, -1);
    fence_put(L);
    push_strictness(L);
    fence_put(L);
    fence_show(L, -2);
    lua_pushvalue(L, -1);
    lua_setfield(L, -3, "_G");
    lua_replace(L, LUA_GLOBALSINDEX);
}
