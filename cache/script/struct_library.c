/* The library `struct`: Lua's values to the bytes of a C struct and back.
 *
 * The format is a text of options (packing.h) that is read while the values are taken, so a fault
 * in it is found only when it is its turn. What is unpacked is looked at for its length before
 * anything is read or made of it; what is packed is no longer than format and values are. */

#include "cache/script/libraries.h"

#include "cache/base/check.h"
#include "cache/script/output.h"
#include "cache/script/packing.h"

#include <lauxlib.h>
#include <lua.h>
#include <stdint.h>
#include <string.h>

enum { REAL_MAX = 8 };

static void check(lua_State *L, enum packing_result result, const struct packing_option *option)
{
    switch (result) {
    case PACKING_OK:
        break;
    case PACKING_OVERFLOW:
        luaL_error(L, "integral size overflow");
        break;
    case PACKING_TOO_LONG:
        luaL_error(L, "integral size %d is larger than limit of %d", option->number,
                   PACKING_INTEGER_MAX);
        break;
    case PACKING_ALIGNMENT:
        luaL_error(L, "alignment %d is not a power of 2", option->number);
        break;
    case PACKING_UNKNOWN:
        luaL_argerror(L, 1, lua_pushfstring(L, "invalid format option '%c'", option->letter));
        break;
    }
}

static bool is_real(char letter)
{
    return letter == 'f' || letter == 'd';
}

/* --- pack --- */

struct packer {
    lua_State *L;
    struct packing packing;
    struct packing_option option;
    struct output output;
    int arg; /* The next. */
};

static void pack_text(struct packer *packer)
{
    lua_State *L = packer->L;
    size_t len;
    const char *bytes = luaL_checklstring(L, packer->arg, &len);

    packer->arg++;
    size_t size = packer->option.size == 0 ? len : packer->option.size;
    luaL_argcheck(L, len >= size, packer->arg, "string too short");
    output_add(&packer->output, bytes, size);
    if (packer->option.letter == 's') {
        output_add_byte(&packer->output, '\0');
    }
}

static void pack_number(struct packer *packer)
{
    char bytes[PACKING_INTEGER_MAX];
    double number = luaL_checknumber(packer->L, packer->arg);

    packer->arg++;
    if (is_real(packer->option.letter)) {
        packing_put_real(&packer->packing, packer->option.size, number, bytes);
    } else {
        packing_put_integer(&packer->packing, packer->option.size, number, bytes);
    }
    output_add(&packer->output, bytes, packer->option.size);
}

static void pack_one(struct packer *packer)
{
    struct packing_option *option = &packer->option;

    check(packer->L, packing_next(&packer->packing, option), option);
    size_t gap = packing_gap(&packer->packing, option, packer->output.len);
    for (; gap > 0; gap--) {
        output_add_byte(&packer->output, '\0');
    }
    if (packing_is_integer(option->letter) || is_real(option->letter)) {
        pack_number(packer);
    } else if (option->letter == 'c' || option->letter == 's') {
        pack_text(packer);
    } else if (option->letter == 'x') {
        output_add_byte(&packer->output, '\0');
    } else {
        check(packer->L, packing_control(&packer->packing, option), option);
    }
}

static int pack(lua_State *L)
{
    struct packer packer = { .L = L, .arg = 2 };

    packing_begin(&packer.packing, luaL_checkstring(L, 1));
    lua_pushnil(L); /* A value that is missing is this one, as in Redis. */
    output_begin(&packer.output, L);
    while (*packer.packing.format != '\0') {
        pack_one(&packer);
    }
    output_push(&packer.output);
    return 1;
}

/* --- unpack --- */

struct unpacker {
    lua_State *L;
    struct packing packing;
    struct packing_option option;
    const char *bytes;
    size_t len, at;
    int count; /* Of values pushed. */
};

static void check_room(const struct unpacker *unpacker, size_t size)
{
    luaL_argcheck(unpacker->L, size <= unpacker->len && unpacker->at <= unpacker->len - size, 2,
                  "data string too short");
}

/* Of a `c`; 0: the number pushed last says how long it is, and is replaced. Returns its length. */
static size_t unpack_counted(struct unpacker *unpacker)
{
    lua_State *L = unpacker->L;
    size_t size = unpacker->option.size;

    if (size == 0) {
        if (unpacker->count == 0 || !lua_isnumber(L, -1)) {
            luaL_error(L, "format 'c0' needs a previous size");
        }
        size = (size_t)packing_bits(lua_tonumber(L, -1));
        lua_pop(L, 1);
        unpacker->count--;
        check_room(unpacker, size);
    }
    lua_pushlstring(L, unpacker->bytes + unpacker->at, size);
    return size;
}

static size_t unpack_ended(const struct unpacker *unpacker)
{
    const char *begin = unpacker->bytes + unpacker->at;
    const char *end = memchr(begin, '\0', unpacker->len - unpacker->at);

    if (end == NULL) {
        luaL_error(unpacker->L, "unfinished string in data");
        return 0;
    }
    lua_pushlstring(unpacker->L, begin, (size_t)(end - begin));
    return (size_t)(end - begin) + 1;
}

static size_t unpack_number(const struct unpacker *unpacker)
{
    const struct packing_option *option = &unpacker->option;
    const char *bytes = unpacker->bytes + unpacker->at;

    lua_pushnumber(unpacker->L, is_real(option->letter)
                                    ? packing_real(&unpacker->packing, option->size, bytes)
                                    : packing_integer(&unpacker->packing, option, bytes));
    return option->size;
}

static void unpack_one(struct unpacker *unpacker)
{
    struct packing_option *option = &unpacker->option;
    size_t size = 0;
    bool is_value = true;

    check(unpacker->L, packing_next(&unpacker->packing, option), option);
    unpacker->at += packing_gap(&unpacker->packing, option, unpacker->at);
    check_room(unpacker, option->size);
    luaL_checkstack(unpacker->L, 2, "too many results");
    if (packing_is_integer(option->letter) || is_real(option->letter)) {
        size = unpack_number(unpacker);
    } else if (option->letter == 'c') {
        size = unpack_counted(unpacker);
    } else if (option->letter == 's') {
        size = unpack_ended(unpacker);
    } else {
        is_value = false;
        size = option->size;
        if (option->letter != 'x') {
            check(unpacker->L, packing_control(&unpacker->packing, option), option);
        }
    }
    unpacker->at += size;
    unpacker->count += is_value;
}

static int unpack(lua_State *L)
{
    struct unpacker unpacker = { .L = L };

    packing_begin(&unpacker.packing, luaL_checkstring(L, 1));
    unpacker.bytes = luaL_checklstring(L, 2, &unpacker.len);
    size_t first = (size_t)luaL_optinteger(L, 3, 1);
    luaL_argcheck(L, first > 0, 3, "offset must be 1 or greater");
    unpacker.at = first - 1;
    while (*unpacker.packing.format != '\0') {
        unpack_one(&unpacker);
    }
    lua_pushinteger(L, (lua_Integer)unpacker.at + 1);
    return unpacker.count + 1;
}

/* --- size --- */

static bool is_letter_or_digit(char byte)
{
    char lower = (char)(byte | 0x20);
    return (byte >= '0' && byte <= '9') || (lower >= 'a' && lower <= 'z');
}

static int size(lua_State *L)
{
    struct packing packing;
    struct packing_option option;
    size_t at = 0;

    packing_begin(&packing, luaL_checkstring(L, 1));
    while (*packing.format != '\0') {
        check(L, packing_next(&packing, &option), &option);
        at += packing_gap(&packing, &option, at);
        if (option.letter == 's') {
            return luaL_argerror(L, 1, "option 's' has no fixed size");
        }
        if (option.letter == 'c' && option.size == 0) {
            return luaL_argerror(L, 1, "option 'c0' has no fixed size");
        }
        if (!is_letter_or_digit(option.letter)) {
            check(L, packing_control(&packing, &option), &option);
        }
        at += option.size;
    }
    lua_pushinteger(L, (lua_Integer)at);
    return 1;
}

void library_push_struct(struct lua_State *L)
{
    lua_newtable(L);
    lua_pushcfunction(L, pack);
    lua_setfield(L, -2, "pack");
    lua_pushcfunction(L, unpack);
    lua_setfield(L, -2, "unpack");
    lua_pushcfunction(L, size);
    lua_setfield(L, -2, "size");
}
