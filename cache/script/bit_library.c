/* The library `bit`: operations on 32 bits, as BitOp 1.0.2 defines them.
 *
 * A number is taken modulo 2^32, fractions rounded to the nearest, and a result is a number with
 * sign. Adding 2^52 + 2^51 to a double puts its integer part, rounded, into the lowest bits of its
 * representation: for numbers too great for that those bits are what they are in Redis as well. */

#include "cache/script/libraries.h"

#include "cache/base/check.h"

#include <lauxlib.h>
#include <lua.h>
#include <stdint.h>
#include <string.h>

#define ALIGN_POINT 6755399441055744.0

enum { HEX_DIGITS = 8 };

static uint32_t bits_at(lua_State *L, int at)
{
    double number = luaL_checknumber(L, at) + ALIGN_POINT;
    uint64_t representation;

    memcpy(&representation, &number, sizeof(representation));
    return (uint32_t)representation;
}

static int push_bits(lua_State *L, uint32_t bits)
{
    lua_pushnumber(L, (lua_Number)(int32_t)bits);
    return 1;
}

static uint32_t rotated(uint32_t bits, uint32_t count)
{
    count &= 31;
    return count == 0 ? bits : bits << count | bits >> (32 - count);
}

static int bit_tobit(lua_State *L)
{
    return push_bits(L, bits_at(L, 1));
}

static int bit_bnot(lua_State *L)
{
    return push_bits(L, ~bits_at(L, 1));
}

/* The last argument is looked at first after the one in front: it is the one an error names. */
static int bit_band(lua_State *L)
{
    uint32_t bits = bits_at(L, 1);
    for (int at = lua_gettop(L); at > 1; at--) {
        bits &= bits_at(L, at);
    }
    return push_bits(L, bits);
}

static int bit_bor(lua_State *L)
{
    uint32_t bits = bits_at(L, 1);
    for (int at = lua_gettop(L); at > 1; at--) {
        bits |= bits_at(L, at);
    }
    return push_bits(L, bits);
}

static int bit_bxor(lua_State *L)
{
    uint32_t bits = bits_at(L, 1);
    for (int at = lua_gettop(L); at > 1; at--) {
        bits ^= bits_at(L, at);
    }
    return push_bits(L, bits);
}

static int bit_lshift(lua_State *L)
{
    uint32_t bits = bits_at(L, 1);
    return push_bits(L, bits << (bits_at(L, 2) & 31));
}

static int bit_rshift(lua_State *L)
{
    uint32_t bits = bits_at(L, 1);
    return push_bits(L, bits >> (bits_at(L, 2) & 31));
}

static int bit_arshift(lua_State *L)
{
    uint32_t bits = bits_at(L, 1);
    uint32_t count = bits_at(L, 2) & 31;
    uint32_t sign = bits >> 31 == 0 || count == 0 ? 0 : UINT32_MAX << (32 - count);
    return push_bits(L, bits >> count | sign);
}

static int bit_rol(lua_State *L)
{
    uint32_t bits = bits_at(L, 1);
    return push_bits(L, rotated(bits, bits_at(L, 2)));
}

static int bit_ror(lua_State *L)
{
    uint32_t bits = bits_at(L, 1);
    return push_bits(L, rotated(bits, 32 - (bits_at(L, 2) & 31)));
}

static int bit_bswap(lua_State *L)
{
    return push_bits(L, __builtin_bswap32(bits_at(L, 1)));
}

/* So many of the lowest digits, in upper case if negative. */
static int bit_tohex(lua_State *L)
{
    uint32_t bits = bits_at(L, 1);
    int64_t count = lua_isnone(L, 2) ? HEX_DIGITS : (int32_t)bits_at(L, 2);
    const char *digits = count < 0 ? "0123456789ABCDEF" : "0123456789abcdef";
    char text[HEX_DIGITS];

    count = count < 0 ? -count : count;
    count = count > HEX_DIGITS ? HEX_DIGITS : count;
    for (int64_t at = count - 1; at >= 0; at--) {
        text[at] = digits[bits & 15];
        bits >>= 4;
    }
    lua_pushlstring(L, text, (size_t)count);
    return 1;
}

static const struct luaL_Reg functions[] = {
    { "tobit", bit_tobit },   { "bnot", bit_bnot },       { "band", bit_band },
    { "bor", bit_bor },       { "bxor", bit_bxor },       { "lshift", bit_lshift },
    { "rshift", bit_rshift }, { "arshift", bit_arshift }, { "rol", bit_rol },
    { "ror", bit_ror },       { "bswap", bit_bswap },     { "tohex", bit_tohex },
};

void library_push_bit(struct lua_State *L)
{
    lua_newtable(L);
    for (size_t i = 0; i < COUNT(functions); i++) {
        lua_pushcfunction(L, functions[i].func);
        lua_setfield(L, -2, functions[i].name);
    }
}
