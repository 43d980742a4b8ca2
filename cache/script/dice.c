/* The generator of the C library's lrand48(), as POSIX describes it:
 *
 *     x' = (0x5DEECE66D x + 0xB) mod 2^48
 *
 * of which the upper 31 bits are the number, and a seed the upper 32 bits of the first x above
 * 0x330E. How a number becomes one between two bounds is Redis's way, which is Lua's. */

#include "cache/script/dice.h"

#include <lauxlib.h>
#include <lua.h>
#include <math.h>

#define BITS_48 ((UINT64_C(1) << 48) - 1)
#define FIRST   UINT64_C(0x1234ABCD330E)

void dice_init(struct dice *dice)
{
    dice->state = FIRST;
}

void dice_seed(struct dice *dice, int32_t seed)
{
    dice->state = (uint64_t)(uint32_t)seed << 16 | 0x330E;
}

int32_t dice_draw(struct dice *dice)
{
    dice->state = (dice->state * UINT64_C(0x5DEECE66D) + 0xB) & BITS_48;
    return (int32_t)(dice->state >> 17);
}

static struct dice *dice_of(lua_State *L)
{
    return lua_touserdata(L, lua_upvalueindex(1));
}

static int draw_between(lua_State *L, double part, int low, int high, int high_at)
{
    luaL_argcheck(L, low <= high, high_at, "interval is empty");
    lua_pushnumber(L, floor(part * ((double)high - (double)low + 1)) + (double)low);
    return 1;
}

static int draw(lua_State *L)
{
    double part = (double)(dice_draw(dice_of(L)) % INT32_MAX) / (double)INT32_MAX;

    switch (lua_gettop(L)) {
    case 0:
        lua_pushnumber(L, part);
        return 1;
    case 1:
        return draw_between(L, part, 1, luaL_checkint(L, 1), 1);
    case 2:
        return draw_between(L, part, luaL_checkint(L, 1), luaL_checkint(L, 2), 2);
    default:
        return luaL_error(L, "wrong number of arguments");
    }
}

static int seed(lua_State *L)
{
    dice_seed(dice_of(L), luaL_checkint(L, 1));
    return 0;
}

void dice_install(lua_State *L, struct dice *dice)
{
    lua_pushlightuserdata(L, dice);
    lua_pushcclosure(L, draw, 1);
    lua_setfield(L, -2, "random");
    lua_pushlightuserdata(L, dice);
    lua_pushcclosure(L, seed, 1);
    lua_setfield(L, -2, "randomseed");
}
