/* Tables that scripts can read and not change.
 *
 * The Lua of Debian has no read-only tables. A fence is an empty table in front of the real one:
 *
 *     script --> fence (empty) --metatable--> { __index = the real table, __newindex = refuse,
 *                                               behind = the real table, shown = … }
 *
 * Reading goes through __index. Every write finds no such key in the empty table, so __newindex is
 * always asked. What works on tables without asking metatables (rawset, next, table.insert …) is
 * guarded: it sees the real table when it only reads, and is refused when it writes. getmetatable
 * never shows the metatable of a fence, so nobody gets at `behind`; its two keys are addresses,
 * which no script can name.
 *
 * A guard has the function that it guards as its upvalue and calls it in its own place, not
 * through Lua: so the function's messages name it and its caller as if there were no guard. */

#include "cache/script/fence.h"

#include "cache/base/check.h"

#include <lauxlib.h>
#include <lua.h>
#include <stdint.h>

/* Their addresses are keys. */
static const char behind;
static const char shown;

/* Lua's matcher calls itself once for some characters of a pattern. */
enum { PATTERN_MAX = 4096 };

#define READ_ONLY "Attempt to modify a readonly table"

static void *key_of(const char *name)
{
    return (void *)(uintptr_t)name;
}

static int refuse_write(lua_State *L)
{
    return luaL_error(L, READ_ONLY);
}

void fence_put(lua_State *L)
{
    luaL_checkstack(L, 4, NULL);
    lua_newtable(L);
    lua_createtable(L, 0, 4);
    lua_pushvalue(L, -3);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, refuse_write);
    lua_setfield(L, -2, "__newindex");
    lua_pushlightuserdata(L, key_of(&behind));
    lua_pushvalue(L, -4);
    lua_rawset(L, -3);
    lua_setmetatable(L, -2);
    lua_replace(L, -2);
}

/* Pushes what the metatable of the fence says under this key; pushes nothing if it is no fence. */
static bool push_secret(lua_State *L, int at, const char *name)
{
    if (!lua_istable(L, at) || !lua_getmetatable(L, at)) {
        return false;
    }
    lua_pushlightuserdata(L, key_of(&behind));
    lua_rawget(L, -2);
    if (lua_isnil(L, -1)) {
        lua_pop(L, 2);
        return false;
    }
    if (name != &behind) {
        lua_pop(L, 1);
        lua_pushlightuserdata(L, key_of(name));
        lua_rawget(L, -2);
    }
    lua_replace(L, -2);
    return true;
}

bool fence_open(lua_State *L, int at)
{
    return push_secret(L, at, &behind);
}

void fence_show(lua_State *L, int at)
{
    bool is_fence = lua_getmetatable(L, at) != 0;
    assert(is_fence);
    lua_pushlightuserdata(L, key_of(&shown));
    lua_pushvalue(L, -3);
    lua_rawset(L, -3);
    lua_pop(L, 2);
}

/* --- guards --- */

static int call_guarded(lua_State *L)
{
    lua_CFunction guarded = lua_tocfunction(L, lua_upvalueindex(1));
    assert(guarded != NULL);
    return guarded(L);
}

/* rawset, setmetatable, table.insert */
static int guard_write(lua_State *L)
{
    if (fence_open(L, 1)) {
        lua_pushliteral(L, READ_ONLY);
        return lua_error(L);
    }
    return call_guarded(L);
}

/* rawget, next, table.foreach */
static int guard_read(lua_State *L)
{
    if (fence_open(L, 1)) {
        lua_replace(L, 1);
    }
    return call_guarded(L);
}

static int guard_getmetatable(lua_State *L)
{
    if (push_secret(L, 1, &shown)) {
        return 1;
    }
    return call_guarded(L);
}

static bool is_plain_find(lua_State *L)
{
    return lua_toboolean(L, 4) && lua_gettop(L) >= 4;
}

/* string.find and its kin */
static int guard_pattern(lua_State *L)
{
    size_t len = 0;
    if (lua_type(L, 2) == LUA_TSTRING && lua_tolstring(L, 2, &len) != NULL && len > PATTERN_MAX &&
        !is_plain_find(L)) {
        return luaL_error(L, "pattern too long");
    }
    return call_guarded(L);
}

/* string.rep, which would take its time to repeat nothing. */
static int guard_repeat(lua_State *L)
{
    size_t len = 1;
    if (lua_type(L, 1) == LUA_TSTRING && lua_tolstring(L, 1, &len) != NULL && len == 0) {
        luaL_checkint(L, 2);
        lua_settop(L, 1);
        return 1;
    }
    return call_guarded(L);
}

/* `next` is its upvalue. */
static int pairs(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_pushvalue(L, 1);
    lua_pushnil(L);
    return 3;
}

/* Of the table on top of the stack. */
static void guard(lua_State *L, const char *name, lua_CFunction with)
{
    lua_getfield(L, -1, name);
    assert(lua_iscfunction(L, -1));
    lua_pushcclosure(L, with, 1);
    lua_setfield(L, -2, name);
}

static void guard_globals(lua_State *L)
{
    guard(L, "rawset", guard_write);
    guard(L, "setmetatable", guard_write);
    guard(L, "rawget", guard_read);
    guard(L, "next", guard_read);
    guard(L, "getmetatable", guard_getmetatable);
    lua_getfield(L, -1, "next");
    lua_pushcclosure(L, pairs, 1);
    lua_setfield(L, -2, "pairs");
}

void fence_guard_library(lua_State *L)
{
    static const char *const takes_pattern[] = { "find", "match", "gmatch", "gsub" };

    guard_globals(L);
    lua_getfield(L, -1, "table");
    guard(L, "insert", guard_write);
    guard(L, "foreach", guard_read);
    lua_pop(L, 1);
    lua_getfield(L, -1, "string");
    for (size_t i = 0; i < COUNT(takes_pattern); i++) {
        guard(L, takes_pattern[i], guard_pattern);
    }
    lua_getfield(L, -1, "gmatch");
    lua_setfield(L, -2, "gfind");
    guard(L, "rep", guard_repeat);
    lua_pop(L, 1);
}
