/* From a command's reply to a Lua value.
 *
 * Without recursion: aggregates that are not complete are frames, their tables and, of a map, the
 * key that waits for its value are on Lua's stack in the same order.
 *
 *     a value is complete:  put it into the innermost frame; if that is complete now, its table is
 *                           a complete value in turn
 */

#include "cache/script/result.h"

#include "cache/base/check.h"
#include "cache/base/number.h"

#include <lauxlib.h>
#include <lua.h>

enum { DEPTH_MAX = 64 }; /* No command's reply is nested half as deep. */

struct frame {
    char kind;   /* '*' '>' '%' '~' '|' */
    size_t left; /* Values to come. */
    int index;   /* Of an array: the last. */
};

struct reader {
    lua_State *L;
    struct span rest;
    struct frame frames[DEPTH_MAX];
    size_t depth;
};

/* The line without its end, taken from the front. */
static struct span take_line(struct reader *reader)
{
    const char *end = memchr(reader->rest.bytes, '\r', reader->rest.len);
    assert(end != NULL);
    struct span line = { reader->rest.bytes, (size_t)(end - reader->rest.bytes) };
    reader->rest = span_skip(reader->rest, line.len + 2);
    return line;
}

static struct span take_bytes(struct reader *reader, int64_t len)
{
    assert((uint64_t)len + 2 <= reader->rest.len);
    struct span bytes = { reader->rest.bytes, (size_t)len };
    reader->rest = span_skip(reader->rest, bytes.len + 2);
    return bytes;
}

static int64_t number_of(struct span line)
{
    int64_t number = 0;
    bool good = number_parse(line, &number);
    assert(good);
    return number;
}

static void push_bytes(lua_State *L, struct span bytes)
{
    lua_pushlstring(L, bytes.bytes, bytes.len);
}

/* { name = the value on top } */
static void wrap(lua_State *L, const char *name)
{
    lua_createtable(L, 0, 1);
    lua_insert(L, -2);
    lua_setfield(L, -2, name);
}

static void push_bulk(struct reader *reader, struct span line)
{
    int64_t len = number_of(line);
    if (len < 0) {
        lua_pushboolean(reader->L, false);
    } else {
        push_bytes(reader->L, take_bytes(reader, len));
    }
}

static void push_verbatim(struct reader *reader, struct span line)
{
    enum { FORMAT = 3 };
    struct span text = take_bytes(reader, number_of(line));

    assert(text.len > FORMAT);
    lua_createtable(reader->L, 0, 2);
    push_bytes(reader->L, span_skip(text, FORMAT + 1));
    lua_setfield(reader->L, -2, "string");
    lua_pushlstring(reader->L, text.bytes, FORMAT);
    lua_setfield(reader->L, -2, "format");
    wrap(reader->L, "verbatim_string");
}

static void push_double(lua_State *L, struct span line)
{
    double number = 0;
    bool good = number_parse_double(line, &number);
    assert(good);
    lua_pushnumber(L, number);
    wrap(L, "double");
}

void result_push_error(lua_State *L, struct span text)
{
    while (text.len > 0 && strchr("\r\n", text.bytes[text.len - 1]) != NULL) {
        text.len--;
    }
    lua_createtable(L, 0, 4);
    push_bytes(L, text);
    lua_setfield(L, -2, "err");
    lua_pushboolean(L, true);
    lua_setfield(L, -2, "ignore_error_stats_update");
}

/* What is no aggregate. */
static void push_scalar(struct reader *reader, char kind, struct span line)
{
    lua_State *L = reader->L;

    switch (kind) {
    case ':':
        lua_pushnumber(L, (lua_Number)number_of(line));
        break;
    case '$':
        push_bulk(reader, line);
        break;
    case '+':
        push_bytes(L, line);
        wrap(L, "ok");
        break;
    case '-':
        result_push_error(L, line);
        break;
    case '_':
        lua_pushnil(L);
        break;
    case '#':
        lua_pushboolean(L, line.bytes[0] == 't');
        break;
    case ',':
        push_double(L, line);
        break;
    case '=':
        push_verbatim(reader, line);
        break;
    case '(':
        push_bytes(L, line);
        wrap(L, "big_number");
        break;
    default:
        unreachable("what no reply begins with");
    }
}

static bool is_aggregate(char kind)
{
    return strchr("*>%~|", kind) != NULL;
}

/* False: it is RESP2's null array, which is pushed as false. */
static bool open_frame(struct reader *reader, char kind, struct span line)
{
    enum { PER_FRAME = 4 };
    int64_t count = number_of(line);

    if (count < 0) {
        lua_pushboolean(reader->L, false);
        return false;
    }
    assert(reader->depth < DEPTH_MAX);
    luaL_checkstack(reader->L, PER_FRAME, "reply nested too deep");
    bool pairs = kind == '%' || kind == '|';
    int places = count < INT32_MAX ? (int)count : INT32_MAX;
    bool is_list = kind == '*' || kind == '>';
    lua_createtable(reader->L, is_list ? places : 0, is_list ? 0 : places);
    reader->frames[reader->depth++] =
        (struct frame){ .kind = kind, .left = (size_t)count * (pairs ? 2 : 1) };
    return true;
}

/* The value on top goes into the frame. */
static void add(lua_State *L, struct frame *frame)
{
    frame->left--;
    if (frame->kind == '~') {
        lua_pushboolean(L, true);
        lua_rawset(L, -3);
    } else if (frame->kind == '*' || frame->kind == '>') {
        lua_rawseti(L, -2, ++frame->index);
    } else if (frame->left % 2 == 0) {
        lua_rawset(L, -3);
    }
}

/* The innermost frame is complete. True: its table is a value. An attribute is none. */
static bool close_frame(struct reader *reader)
{
    char kind = reader->frames[--reader->depth].kind;

    if (kind == '|') {
        lua_pop(reader->L, 1);
        return false;
    }
    if (kind == '%') {
        wrap(reader->L, "map");
    } else if (kind == '~') {
        wrap(reader->L, "set");
    }
    return true;
}

/* A value is on top. True: it was the whole reply. */
static bool settle(struct reader *reader, bool complete)
{
    while (complete && reader->depth > 0) {
        struct frame *frame = &reader->frames[reader->depth - 1];
        add(reader->L, frame);
        complete = frame->left == 0 && close_frame(reader);
    }
    return complete;
}

void result_push(lua_State *L, struct span reply)
{
    struct reader reader = { .L = L, .rest = reply };
    bool whole = false;

    luaL_checkstack(L, 8, "no room for a reply");
    while (!whole) {
        char kind = reader.rest.bytes[0];
        reader.rest = span_skip(reader.rest, 1);
        struct span line = take_line(&reader);
        bool complete = true;
        if (!is_aggregate(kind)) {
            push_scalar(&reader, kind, line);
        } else if (open_frame(&reader, kind, line)) {
            complete = reader.frames[reader.depth - 1].left == 0 && close_frame(&reader);
        }
        whole = settle(&reader, complete);
    }
}
