/* The library `cmsgpack`: Lua's values to MessagePack and back.
 *
 * Packing goes 16 levels deep: a table below is nil. A table whose keys are 1 to n is an array.
 *
 * Unpacking does not call itself. Each container that is not complete lies on Lua's stack with the
 * key of the value that is being read, and has a frame that says how much is missing. A container
 * is not made longer than its elements that are there: what its head says reserves nothing. */

#include "cache/script/libraries.h"

#include "cache/base/check.h"
#include "cache/script/msgpack.h"
#include "cache/script/output.h"

#include <lauxlib.h>
#include <limits.h>
#include <lua.h>

enum { NESTING_MAX = 16, RESULTS_ALL = INT_MAX };

/* --- pack --- */

/* Whether the keys of the table on top are all numbers from 1, with none left out. */
static bool is_array(lua_State *L)
{
    int highest = 0, count = 0;
    bool is = true;

    lua_pushnil(L);
    while (is && lua_next(L, -2) != 0) {
        double key = lua_type(L, -2) == LUA_TNUMBER ? lua_tonumber(L, -2) : 0;
        lua_pop(L, 1);
        is = key > 0 && key <= INT_MAX && (double)(int)key == key;
        if (is) {
            highest = (int)key > highest ? (int)key : highest;
            count++;
        } else {
            lua_pop(L, 1);
        }
    }
    return is && highest == count;
}

static void pack_value(struct output *output, int level);

static void pack_array(struct output *output, int level)
{
    lua_State *L = output->L;
    char head[MSGPACK_HEAD_MAX];
    size_t count = lua_objlen(L, -1);

    output_add(output, head, msgpack_put_array(head, count));
    for (size_t i = 1; i <= count; i++) {
        lua_rawgeti(L, -1, (int)i);
        pack_value(output, level + 1);
    }
}

static void pack_map(struct output *output, int level)
{
    lua_State *L = output->L;
    char head[MSGPACK_HEAD_MAX];
    size_t count = 0;

    for (lua_pushnil(L); lua_next(L, -2) != 0; lua_pop(L, 1)) {
        count++;
    }
    output_add(output, head, msgpack_put_map(head, count));
    lua_pushnil(L);
    while (lua_next(L, -2) != 0) {
        lua_pushvalue(L, -2);
        pack_value(output, level + 1);
        pack_value(output, level + 1);
    }
}

/* Packs the value on top and pops it. Calls itself NESTING_MAX times at most. */
static void pack_value(struct output *output, int level)
{
    lua_State *L = output->L;
    char head[MSGPACK_HEAD_MAX];
    size_t len;

    luaL_checkstack(L, 5, "in function mp_encode_lua_type");
    switch (lua_type(L, -1)) {
    case LUA_TSTRING: {
        const char *bytes = lua_tolstring(L, -1, &len);
        output_add(output, head, msgpack_put_text(head, len));
        output_add(output, bytes, len);
        break;
    }
    case LUA_TBOOLEAN:
        output_add(output, head, msgpack_put_boolean(head, lua_toboolean(L, -1)));
        break;
    case LUA_TNUMBER:
        output_add(output, head, msgpack_put_number(head, lua_tonumber(L, -1)));
        break;
    case LUA_TTABLE:
        if (level < NESTING_MAX) {
            (is_array(L) ? pack_array : pack_map)(output, level);
            break;
        }
        /* fallthrough */
    default:
        output_add(output, head, msgpack_put_nil(head));
        break;
    }
    lua_pop(L, 1);
}

static int pack(lua_State *L)
{
    struct output output;
    int count = lua_gettop(L);

    if (count == 0) {
        return luaL_argerror(L, 0, "MessagePack pack needs input.");
    }
    output_begin(&output, L);
    for (int i = 1; i <= count; i++) {
        lua_pushvalue(L, i);
        pack_value(&output, 0);
    }
    output_push(&output);
    return 1;
}

/* --- unpack --- */

struct frame {
    uint64_t missing; /* Values, for a map keys too, that are to be read. */
    bool is_map;
};

struct unpacker {
    lua_State *L;
    struct span bytes;
    struct output frames;
};

static struct frame *innermost(const struct unpacker *unpacker)
{
    size_t at = unpacker->frames.len - sizeof(struct frame);
    return (struct frame *)(void *)(unpacker->frames.bytes + at);
}

/* An element of an array has its index pushed before it is read; a map's key is read itself. */
static void push_index(const struct unpacker *unpacker, uint32_t index)
{
    lua_pushnumber(unpacker->L, (lua_Number)index);
}

/* Pushes the container; returns whether it is empty, and so complete. */
static bool open_container(struct unpacker *unpacker, const struct msgpack_item *item)
{
    bool is_map = item->kind == MSGPACK_MAP;
    const struct frame frame = { .missing = (uint64_t)item->count * (is_map ? 2 : 1),
                                 .is_map = is_map };

    lua_newtable(unpacker->L);
    luaL_checkstack(unpacker->L, 4,
                    is_map ? "in function mp_decode_to_lua_hash"
                           : "in function mp_decode_to_lua_array");
    if (frame.missing == 0) {
        return true;
    }
    output_add(&unpacker->frames, &frame, sizeof(frame));
    if (!is_map) {
        push_index(unpacker, 1);
    }
    return false;
}

/* Pushes what the next head begins. True: it is complete. */
static bool begin_value(struct unpacker *unpacker)
{
    lua_State *L = unpacker->L;
    struct msgpack_item item = msgpack_take(&unpacker->bytes);

    luaL_checkstack(L, 4,
                    "too many return values at once; use unpack_one or unpack_limit instead.");
    switch (item.kind) {
    case MSGPACK_NIL:
        lua_pushnil(L);
        break;
    case MSGPACK_BOOLEAN:
        lua_pushboolean(L, item.is);
        break;
    case MSGPACK_NUMBER:
        lua_pushnumber(L, item.number);
        break;
    case MSGPACK_TEXT:
        lua_pushlstring(L, item.text.bytes, item.text.len);
        break;
    case MSGPACK_ARRAY:
    case MSGPACK_MAP:
        return open_container(unpacker, &item);
    case MSGPACK_SHORT:
        luaL_error(L, "Missing bytes in input.");
        break;
    case MSGPACK_BAD:
        luaL_error(L, "Bad data format in input.");
        break;
    }
    return true;
}

/* Takes the complete value on top, a key or an element, into its container. True: that is complete
 * now, and on top. */
static bool store(struct unpacker *unpacker)
{
    lua_State *L = unpacker->L;
    struct frame *frame = innermost(unpacker);

    frame->missing--;
    if (frame->is_map && frame->missing % 2 == 1) {
        return false; /* A key: it waits for its value. */
    }
    lua_Number index = frame->is_map ? 0 : lua_tonumber(L, -2);
    lua_rawset(L, -3);
    if (frame->missing == 0) {
        unpacker->frames.len -= sizeof(*frame);
        return true;
    }
    if (!frame->is_map) {
        push_index(unpacker, (uint32_t)index + 1);
    }
    return false;
}

static void unpack_value(struct unpacker *unpacker)
{
    bool done = false;

    while (!done) {
        done = begin_value(unpacker);
        while (done && unpacker->frames.len > 0) {
            done = store(unpacker);
        }
    }
}

/* At most `limit` values from `offset` on. Where it stopped comes first, unless all is read. */
static int unpack_some(lua_State *L, bool all, int limit, int offset)
{
    struct unpacker unpacker = { .L = L };
    int count = 0;

    unpacker.bytes.bytes = luaL_checklstring(L, 1, &unpacker.bytes.len);
    size_t len = unpacker.bytes.len;
    if (offset < 0 || limit < 0) {
        return luaL_error(L, "Invalid request to unpack with offset of %d and limit of %d.", offset,
                          (int)len);
    }
    if ((size_t)offset > len) {
        return luaL_error(L, "Start offset %d greater than input length %d.", offset, (int)len);
    }
    unpacker.bytes = span_skip(unpacker.bytes, (size_t)offset);
    lua_settop(L, 1);
    output_begin(&unpacker.frames, L);
    if (!all) {
        lua_pushnil(L); /* The place of the offset. */
    }
    for (; unpacker.bytes.len > 0 && count < limit; count++) {
        unpack_value(&unpacker);
    }
    if (!all) {
        size_t left = unpacker.bytes.len;
        lua_pushinteger(L, left == 0 ? -1 : (lua_Integer)(len - left));
        lua_replace(L, unpacker.frames.at + 1);
        count++;
    }
    return count;
}

static int unpack(lua_State *L)
{
    return unpack_some(L, true, RESULTS_ALL, 0);
}

static int unpack_one(lua_State *L)
{
    return unpack_some(L, false, 1, (int)luaL_optinteger(L, 2, 0));
}

static int unpack_limit(lua_State *L)
{
    int limit = (int)luaL_checkinteger(L, 2);
    int offset = (int)luaL_optinteger(L, 3, 0);
    bool all = limit == 0 && offset == 0;
    return unpack_some(L, all, all ? RESULTS_ALL : limit, offset);
}

static const struct luaL_Reg functions[] = {
    { "pack", pack },
    { "unpack", unpack },
    { "unpack_one", unpack_one },
    { "unpack_limit", unpack_limit },
};

static const struct {
    const char *name, *text;
} texts[] = {
    { "_NAME", "cmsgpack" },
    { "_VERSION", "lua-cmsgpack 0.4.0" },
    { "_COPYRIGHT", "Copyright (C) 2012, Salvatore Sanfilippo" },
    { "_DESCRIPTION", "MessagePack C implementation for Lua" },
};

void library_push_cmsgpack(struct lua_State *L)
{
    lua_newtable(L);
    for (size_t i = 0; i < COUNT(functions); i++) {
        lua_pushcfunction(L, functions[i].func);
        lua_setfield(L, -2, functions[i].name);
    }
    for (size_t i = 0; i < COUNT(texts); i++) {
        lua_pushstring(L, texts[i].text);
        lua_setfield(L, -2, texts[i].name);
    }
}
