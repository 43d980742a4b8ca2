/* A text that grows while a function called by a script makes it: doubled when it is full, so that
 * each byte is moved a few times at most. */

#include "cache/script/output.h"

#include "cache/base/check.h"

#include <lauxlib.h>
#include <lua.h>
#include <stdint.h>
#include <string.h>

enum { ROOM_AT_FIRST = 256 };

void output_begin(struct output *output, struct lua_State *L)
{
    luaL_checkstack(L, 2, "too many values");
    *output = (struct output){ .L = L, .room = ROOM_AT_FIRST };
    output->bytes = lua_newuserdata(L, output->room);
    output->at = lua_gettop(L);
}

char *output_reserve(struct output *output, size_t len)
{
    if (len <= output->room - output->len) {
        return output->bytes + output->len;
    }
    if (len > SIZE_MAX / 4 - output->len) {
        luaL_error(output->L, "not enough memory");
    }
    size_t room = (output->len + len) * 2;
    luaL_checkstack(output->L, 1, "too many values");
    char *bytes = lua_newuserdata(output->L, room);
    memcpy(bytes, output->bytes, output->len);
    lua_replace(output->L, output->at);
    output->bytes = bytes;
    output->room = room;
    return bytes + output->len;
}

void output_add(struct output *output, const void *bytes, size_t len)
{
    if (len > 0) {
        memcpy(output_reserve(output, len), bytes, len);
        output->len += len;
    }
}

void output_add_byte(struct output *output, char byte)
{
    *output_reserve(output, 1) = byte;
    output->len++;
}

void output_push(const struct output *output)
{
    lua_pushlstring(output->L, output->bytes, output->len);
}
