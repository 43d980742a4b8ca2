/* The libraries of scripts, given any bytes.
 *
 * The codecs alone: a MessagePack head that is read is written as one that reads the same; a text
 * out of JSON is the same after it was escaped and read again; integers and reals of a struct
 * become the bytes they were read from. Then whole calls, in an interpreter with little memory,
 * which may fail but must leave nothing behind. */

#include "cache/base/buf.h"
#include "cache/base/check.h"
#include "cache/script/json.h"
#include "cache/script/libraries.h"
#include "cache/script/msgpack.h"
#include "cache/script/packing.h"

#include <lauxlib.h>
#include <lua.h>
#include <math.h>
#include <stdlib.h>

enum {
    MEMORY_MAX = 1 << 20,
    BYTES_MAX = 4096,
    EXACT_BYTES = 6, /* Integers of so many bytes are doubles. */
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* --- codecs --- */

static size_t put_again(const struct msgpack_item *item, char *head)
{
    switch (item->kind) {
    case MSGPACK_NIL:
        return msgpack_put_nil(head);
    case MSGPACK_BOOLEAN:
        return msgpack_put_boolean(head, item->is);
    case MSGPACK_NUMBER:
        return msgpack_put_number(head, item->number);
    case MSGPACK_TEXT:
        return msgpack_put_text(head, item->text.len);
    case MSGPACK_ARRAY:
        return msgpack_put_array(head, item->count);
    case MSGPACK_MAP:
        return msgpack_put_map(head, item->count);
    default:
        return 0;
    }
}

static void check_item(const struct msgpack_item *item)
{
    char bytes[MSGPACK_HEAD_MAX + BYTES_MAX];
    size_t head = put_again(item, bytes);

    assert(head > 0);
    assert(head <= MSGPACK_HEAD_MAX);
    if (item->kind == MSGPACK_TEXT) {
        memcpy(bytes + head, item->text.bytes, item->text.len);
    }
    struct span rest = { bytes, head + item->text.len };
    struct msgpack_item again = msgpack_take(&rest);
    assert(rest.len == 0);
    assert(again.kind == item->kind);
    assert(again.is == item->is);
    assert(again.count == item->count);
    assert(again.number == item->number || (isnan(again.number) && isnan(item->number)));
    assert(span_equal(again.text, item->text));
}

static void check_msgpack(struct span bytes)
{
    struct msgpack_item item = msgpack_take(&bytes);

    while (item.kind != MSGPACK_SHORT && item.kind != MSGPACK_BAD) {
        check_item(&item);
        item = msgpack_take(&bytes);
    }
}

static void check_string(struct span string)
{
    struct buf buf;
    char room[8 * BYTES_MAX];

    buf_init(&buf, sizeof(room));
    buf_add(&buf, SPAN("\""));
    for (size_t i = 0; i < string.len; i++) {
        const char *escape = json_escape((unsigned char)string.bytes[i]);
        buf_add(&buf, escape == NULL ? (struct span){ string.bytes + i, 1 } : span_from(escape));
    }
    buf_add(&buf, (struct span){ "\"\0", 2 });
    struct json_reader reader = { .text = buf_span(&buf).bytes, .room = room };
    reader.at = reader.text;
    struct json_token again = json_next(&reader);
    assert(again.kind == JSON_STRING);
    assert(span_equal(again.string, string));
    buf_fini(&buf);
}

static void check_json(const char *text, size_t len)
{
    char room[BYTES_MAX];
    struct json_reader reader = { .text = text, .at = text, .room = room, .takes_invalid = true };
    struct json_token token = json_next(&reader);

    while (token.kind != JSON_END && token.kind != JSON_ERROR) {
        size_t end = (size_t)(reader.at - text);
        assert(token.at < end);
        assert(end <= len);
        if (token.kind == JSON_STRING) {
            check_string(token.string);
        }
        token = json_next(&reader);
    }
    assert(token.at <= len);
}

static void check_packing(struct span bytes)
{
    struct packing packing = { .big = bytes.bytes[0] & 1 };
    struct packing_option option = { .letter = bytes.bytes[0] & 2 ? 'i' : 'I' };
    char again[PACKING_INTEGER_MAX];

    for (option.size = 1; option.size <= EXACT_BYTES && option.size <= bytes.len; option.size++) {
        double number = packing_integer(&packing, &option, bytes.bytes);
        packing_put_integer(&packing, option.size, number, again);
        assert(memcmp(again, bytes.bytes, option.size) == 0);
    }
    for (size_t size = sizeof(float); size <= sizeof(double) && size <= bytes.len; size *= 2) {
        double number = packing_real(&packing, size, bytes.bytes);
        packing_put_real(&packing, size, number, again);
        assert(isnan(number) || memcmp(again, bytes.bytes, size) == 0);
    }
}

/* --- calls --- */

static void *allocate(void *context, void *block, size_t before, size_t after)
{
    size_t *used = context;

    if (after > before && after - before > MEMORY_MAX - *used) {
        return NULL;
    }
    *used = *used - before + after;
    if (after == 0) {
        free(block);
        return NULL;
    }
    return realloc(block, after);
}

/* Calls library.name with the bytes, and `count` more values that are on top of the stack. Its
 * results replace those. */
static int call(lua_State *L, const char *library, const char *name, int count)
{
    int before = lua_gettop(L) - count;

    lua_getfield(L, 1, library);
    lua_getfield(L, -1, name);
    lua_insert(L, before + 1);
    lua_pop(L, 1);
    if (lua_pcall(L, count, LUA_MULTRET, 0) != 0) {
        assert(lua_isstring(L, -1));
        lua_settop(L, before);
    }
    return lua_gettop(L) - before;
}

static int try_all(lua_State *L)
{
    const struct span *bytes = lua_touserdata(L, 1);

    lua_newtable(L);
    lua_replace(L, 1);
    lua_pushvalue(L, 1);
    script_open_libraries(L);
    lua_settop(L, 1);

    lua_pushlstring(L, bytes->bytes, bytes->len);
    int count = call(L, "cmsgpack", "unpack", 1);
    if (count > 0) {
        assert(call(L, "cmsgpack", "pack", count) <= 1);
    }
    lua_settop(L, 1);
    lua_pushlstring(L, bytes->bytes, bytes->len);
    if (call(L, "cjson", "decode", 1) == 1 && call(L, "cjson", "encode", 1) == 1) {
        /* What was written is read again, but for what JSON has no way to write. */
        assert(call(L, "cjson", "decode", 1) == 1);
    }
    lua_settop(L, 1);
    size_t format = bytes->len < 16 ? bytes->len / 2 : 8;
    lua_pushlstring(L, bytes->bytes, format);
    call(L, "struct", "size", 1);
    lua_settop(L, 1);
    lua_pushlstring(L, bytes->bytes, format);
    lua_pushlstring(L, bytes->bytes + format, bytes->len - format);
    call(L, "struct", "unpack", 2);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    char text[BYTES_MAX + 1];
    struct span bytes = { text, len };
    size_t used = 0;

    if (len == 0 || len > BYTES_MAX) {
        return 0;
    }
    memcpy(text, data, len);
    text[len] = '\0';
    check_msgpack(bytes);
    check_json(text, len);
    check_packing(bytes);
    lua_State *L = lua_newstate(allocate, &used);
    lua_cpcall(L, try_all, &bytes);
    lua_close(L);
    assert(used == 0);
    return 0;
}
