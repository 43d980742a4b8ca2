/* From the value that a script returns to its caller's reply.
 *
 * A table may hold itself, or one that is built from few may stand for more values than there is
 * memory in the world: so the values are bounded, in depth by what Lua's stack takes (which is
 * Redis's bound and has its error), in number and size by what nobody can mean.
 *
 * Metatables are not asked: the script is over, and nothing of it is to run again.
 *
 * Each open table is a frame here, and on Lua's stack itself and the key that was visited last. */

#include "cache/script/answer.h"

#include "cache/base/check.h"
#include "cache/base/number.h"
#include "cache/reply.h"

#include <lua.h>

enum {
    DEPTH_MAX = 1998, /* Of LUAI_MAXCSTACK, four places for each. */
    VALUES_MAX = 32 * 1024 * 1024,
    FORMAT_LEN = 3,
};
#define BYTES_MAX (UINT64_C(1) << 30)

enum kind { LIST, MAP, SET };

struct frame {
    enum kind kind;
    int left; /* LIST: values to come. */
    int index;
    bool value_waits; /* MAP: the key was written, its value is next. */
};

struct writer {
    lua_State *L;
    struct reply *reply;
    int protocol;
    size_t begin; /* In the reply's buffer. */
    size_t values;
    size_t depth;
    struct frame frames[DEPTH_MAX];
};

static struct span text_at(lua_State *L, int at)
{
    struct span text;
    text.bytes = lua_tolstring(L, at, &text.len);
    return text;
}

/* Pushes a field of the table on top if it is of this type; else pushes nothing. */
static bool push_field(lua_State *L, const char *name, int type)
{
    lua_pushstring(L, name);
    lua_rawget(L, -2);
    if (lua_type(L, -1) == type) {
        return true;
    }
    lua_pop(L, 1);
    return false;
}

/* Line breaks would end the line. */
static void write_line(struct reply *reply, struct span head, struct span text)
{
    char chunk[256];

    reply_raw(reply, head);
    while (text.len > 0) {
        size_t len = text.len < sizeof(chunk) ? text.len : sizeof(chunk);
        for (size_t i = 0; i < len; i++) {
            chunk[i] = text.bytes[i] == '\r' || text.bytes[i] == '\n' ? ' ' : text.bytes[i];
        }
        reply_raw(reply, (struct span){ chunk, len });
        text = span_skip(text, len);
    }
    reply_raw(reply, SPAN("\r\n"));
}

/* In RESP2 it is a bulk. */
static void write_big_number(struct reply *reply, struct span digits)
{
    char head[NUMBER_TEXT_MAX + 3] = "$";

    if (reply->protocol == 3) {
        write_line(reply, SPAN("("), digits);
        return;
    }
    size_t len = 1 + number_format(head + 1, (int64_t)digits.len);
    memcpy(head + len, "\r\n", 2);
    write_line(reply, (struct span){ head, len + 2 }, digits);
}

bool answer_is_counted(lua_State *L)
{
    lua_pushliteral(L, "ignore_error_stats_update");
    lua_rawget(L, -2);
    bool counted = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return counted;
}

static void write_verbatim(struct writer *writer)
{
    lua_State *L = writer->L;

    if (push_field(L, "format", LUA_TSTRING)) {
        struct span format = text_at(L, -1);
        lua_insert(L, -2);
        if (push_field(L, "string", LUA_TSTRING)) {
            char short_format[FORMAT_LEN + 1] = "   ";
            memcpy(short_format, format.bytes, format.len < FORMAT_LEN ? format.len : FORMAT_LEN);
            reply_verbatim(writer->reply, text_at(L, -1), short_format);
            lua_pop(L, 3);
            return;
        }
        lua_remove(L, -2);
    }
    lua_pop(L, 1);
    reply_null(writer->reply);
}

/* One of the tables that stand for a single value; it is popped then. */
static bool write_single(struct writer *writer)
{
    lua_State *L = writer->L;
    struct reply *reply = writer->reply;

    if (push_field(L, "err", LUA_TSTRING)) {
        write_line(reply, SPAN("-"), text_at(L, -1));
        reply->failed = true;
        lua_pop(L, 1);
        reply->counted = answer_is_counted(L);
    } else if (push_field(L, "ok", LUA_TSTRING)) {
        write_line(reply, SPAN("+"), text_at(L, -1));
        lua_pop(L, 1);
    } else if (push_field(L, "double", LUA_TNUMBER)) {
        reply_double(reply, lua_tonumber(L, -1));
        lua_pop(L, 1);
    } else if (push_field(L, "big_number", LUA_TSTRING)) {
        write_big_number(reply, text_at(L, -1));
        lua_pop(L, 1);
    } else if (push_field(L, "verbatim_string", LUA_TTABLE)) {
        write_verbatim(writer);
    } else {
        return false;
    }
    lua_pop(L, 1);
    return true;
}

static size_t count_pairs(lua_State *L)
{
    size_t count = 0;
    lua_pushnil(L);
    while (lua_next(L, -2) != 0) {
        lua_pop(L, 1);
        count++;
    }
    return count;
}

static int count_list(lua_State *L)
{
    int count = 0;
    bool more = true;
    while (more && count < VALUES_MAX) {
        lua_rawgeti(L, -1, count + 1);
        more = !lua_isnil(L, -1);
        count += more;
        lua_pop(L, 1);
    }
    return count;
}

/* The table on top becomes the innermost frame. */
static void open_frame(struct writer *writer)
{
    lua_State *L = writer->L;
    struct frame frame = { .kind = LIST };

    if (push_field(L, "map", LUA_TTABLE)) {
        frame.kind = MAP;
        reply_map(writer->reply, count_pairs(L));
    } else if (push_field(L, "set", LUA_TTABLE)) {
        frame.kind = SET;
        reply_set(writer->reply, count_pairs(L));
    } else {
        frame.left = count_list(L);
        reply_array(writer->reply, (size_t)frame.left);
    }
    if (frame.kind != LIST) {
        lua_remove(L, -2);
        lua_pushnil(L);
    }
    writer->frames[writer->depth++] = frame;
}

static void write_boolean(struct writer *writer, bool yes)
{
    if (writer->protocol == 3) {
        reply_boolean(writer->reply, yes);
    } else if (yes) {
        reply_integer(writer->reply, 1);
    } else {
        reply_null(writer->reply);
    }
}

/* As the processor converts a number that does not fit: to the least integer. */
static int64_t integer_of(double number)
{
    bool fits = number > -0x1p63 && number < 0x1p63;
    return fits ? (int64_t)number : INT64_MIN;
}

/* The value on top is written and popped, or opened. */
static void write_value(struct writer *writer)
{
    lua_State *L = writer->L;
    struct reply *reply = writer->reply;

    writer->values++;
    switch (lua_type(L, -1)) {
    case LUA_TSTRING:
        reply_bulk(reply, text_at(L, -1));
        break;
    case LUA_TBOOLEAN:
        write_boolean(writer, lua_toboolean(L, -1));
        break;
    case LUA_TNUMBER:
        reply_integer(reply, integer_of(lua_tonumber(L, -1)));
        break;
    case LUA_TTABLE:
        if (writer->depth == DEPTH_MAX || !lua_checkstack(L, 8)) {
            reply_error(reply, SPAN("ERR reached lua stack limit"));
            break;
        }
        if (!write_single(writer)) {
            open_frame(writer);
        }
        return;
    default:
        reply_null(reply);
    }
    lua_pop(L, 1);
}

/* Of a map or a set. The key stays on the stack, where lua_next() needs it, and is
 * written from a copy; below the copy of a map's key its value waits to be written next. */
static bool push_next_pair(lua_State *L, struct frame *frame)
{
    if (frame->value_waits) {
        frame->value_waits = false;
        return true;
    }
    if (lua_next(L, -2) == 0) {
        return false;
    }
    if (frame->kind == SET) {
        lua_pop(L, 1);
        lua_pushvalue(L, -1);
    } else {
        frame->value_waits = true;
        lua_pushvalue(L, -2);
    }
    return true;
}

static bool push_next_of_list(lua_State *L, struct frame *frame)
{
    if (frame->left == 0) {
        return false;
    }
    frame->left--;
    lua_rawgeti(L, -1, ++frame->index);
    return true;
}

/* Pushes the next value of the innermost frame. False: there is none left, the frame is closed. */
static bool push_next(struct writer *writer)
{
    struct frame *frame = &writer->frames[writer->depth - 1];
    bool more = frame->kind == LIST ? push_next_of_list(writer->L, frame)
                                    : push_next_pair(writer->L, frame);
    if (!more) {
        lua_pop(writer->L, 1);
        writer->depth--;
    }
    return more;
}

static bool is_too_much(const struct writer *writer)
{
    const struct reply *reply = writer->reply;
    return reply->full || writer->values > VALUES_MAX ||
           (!reply->silent && reply->out->len - writer->begin > BYTES_MAX);
}

/* Errors inside of a list are not the script's. */
static void write_all(struct writer *writer)
{
    struct reply *reply = writer->reply;

    write_value(writer);
    bool failed = reply->failed;
    bool counted = reply->counted;
    while (writer->depth > 0 && !is_too_much(writer)) {
        if (push_next(writer)) {
            write_value(writer);
        }
    }
    reply->failed = failed;
    reply->counted = counted;
}

void answer_write(lua_State *L, struct reply *reply, int protocol)
{
    struct writer writer; /* Field by field: its frames need not be zeroed. */
    int base = lua_gettop(L) - 1;

    writer.L = L;
    writer.reply = reply;
    writer.protocol = protocol;
    writer.depth = writer.values = 0;
    writer.begin = reply->silent ? 0 : reply->out->len;
    write_all(&writer);
    lua_settop(L, base);
    if (is_too_much(&writer) && !reply->silent) {
        buf_cut(reply->out, writer.begin);
        reply_error(reply, SPAN("ERR the answer of the script is too large"));
    }
}
