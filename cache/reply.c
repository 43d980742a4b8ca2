/* Answers, encoded as they are made. Each writes with one reservation of the buffer. */

#include "cache/reply.h"

#include "cache/base/memory.h"
#include "cache/base/number.h"

#include <stdarg.h>
#include <stdio.h>

/* A type byte, a length and two line ends. */
enum { FRAME = NUMBER_TEXT_MAX + 5 };

/* Room for `len` bytes; NULL if nothing is to be written. */
static inline_always char *room_for(struct reply *reply, size_t len)
{
    if (reply->silent || reply->full) {
        return NULL;
    }
    char *room = buf_reserve(reply->out, len);
    reply->full = room == NULL;
    return room;
}

static void wrote_up_to(struct reply *reply, const char *room, const char *end)
{
    buf_commit(reply->out, (size_t)(end - room));
}

static char *put_line_end(char *at)
{
    at[0] = '\r';
    at[1] = '\n';
    return at + 2;
}

static char *put_bytes(char *at, struct span bytes)
{
    if (bytes.len > 0) {
        memcpy(at, bytes.bytes, bytes.len);
    }
    return at + bytes.len;
}

/* "$12\r\n" and its like. */
static inline_always char *put_head(char *at, char kind, uint64_t number)
{
    *at++ = kind;
    if (number < 100) { /* Nearly always; the division is by a constant. */
        *at = (char)('0' + number / 10);
        at += number >= 10;
        *at++ = (char)('0' + number % 10);
    } else {
        at += number_format_unsigned(at, number);
    }
    return put_line_end(at);
}

/* "+text\r\n" and its like. */
static void write_line(struct reply *reply, char kind, struct span text)
{
    char *room = room_for(reply, text.len + FRAME);
    if (room != NULL) {
        *room = kind;
        wrote_up_to(reply, room, put_line_end(put_bytes(room + 1, text)));
    }
}

static void write_head(struct reply *reply, char kind, uint64_t number)
{
    char *room = room_for(reply, FRAME);
    if (room != NULL) {
        wrote_up_to(reply, room, put_head(room, kind, number));
    }
}

/* --- scalars --- */

void reply_ok(struct reply *reply)
{
    reply_raw(reply, SPAN("+OK\r\n"));
}

void reply_status(struct reply *reply, struct span text)
{
    write_line(reply, '+', text);
}

static bool is_line_break(char byte)
{
    return byte == '\r' || byte == '\n';
}

void reply_error(struct reply *reply, struct span text)
{
    reply->failed = true;
    while (text.len > 0 && is_line_break(text.bytes[text.len - 1])) {
        text.len--;
    }
    char *room = room_for(reply, text.len + FRAME);
    if (room == NULL) {
        return;
    }
    room[0] = '-';
    for (size_t i = 0; i < text.len; i++) {
        char byte = text.bytes[i];
        room[1 + i] = is_line_break(byte) ? ' ' : byte;
    }
    wrote_up_to(reply, room, put_line_end(room + 1 + text.len));
}

void reply_errorf(struct reply *reply, const char *format, ...)
{
    char few[512];
    char *text = few;
    va_list arguments;

    va_start(arguments, format);
    size_t len = (size_t)vsnprintf(few, sizeof(few), format, arguments);
    va_end(arguments);
    if (len >= sizeof(few)) {
        text = memory_alloc(len + 1);
        va_start(arguments, format);
        vsnprintf(text, len + 1, format, arguments);
        va_end(arguments);
    }
    reply_error(reply, (struct span){ .bytes = text, .len = len });
    if (text != few) {
        memory_free(text);
    }
}

void reply_integer(struct reply *reply, int64_t number)
{
    char *room = room_for(reply, FRAME);
    if (room != NULL) {
        room[0] = ':';
        wrote_up_to(reply, room, put_line_end(room + 1 + number_format(room + 1, number)));
    }
}

void reply_bulk(struct reply *reply, struct span bytes)
{
    char *room = room_for(reply, bytes.len + FRAME);
    if (room != NULL) {
        char *at = put_head(room, '$', bytes.len);
        wrote_up_to(reply, room, put_line_end(put_bytes(at, bytes)));
    }
}

void reply_bulk_text(struct reply *reply, const char *text)
{
    reply_bulk(reply, span_from(text));
}

void reply_bulk_integer(struct reply *reply, int64_t number)
{
    char text[NUMBER_TEXT_MAX];
    reply_bulk(reply, (struct span){ .bytes = text, .len = number_format(text, number) });
}

void reply_null(struct reply *reply)
{
    reply_raw(reply, reply->protocol == 3 ? SPAN("_\r\n") : SPAN("$-1\r\n"));
}

void reply_null_array(struct reply *reply)
{
    bool plain = reply->protocol == 3 && !reply->relayed;
    reply_raw(reply, plain ? SPAN("_\r\n") : SPAN("*-1\r\n"));
}

void reply_double(struct reply *reply, double number)
{
    char room[64];
    struct span text = { .bytes = room, .len = number_format_double(room, sizeof(room), number) };
    if (reply->protocol == 3) {
        write_line(reply, ',', text);
    } else {
        reply_bulk(reply, text);
    }
}

void reply_boolean(struct reply *reply, bool yes)
{
    if (reply->protocol == 3) {
        reply_raw(reply, yes ? SPAN("#t\r\n") : SPAN("#f\r\n"));
    } else {
        reply_integer(reply, yes);
    }
}

void reply_verbatim(struct reply *reply, struct span bytes, const char format[4])
{
    enum { MARK = 4 }; /* "txt:" */
    if (reply->protocol != 3) {
        reply_bulk(reply, bytes);
        return;
    }
    char *room = room_for(reply, bytes.len + MARK + FRAME);
    if (room != NULL) {
        char *at = put_head(room, '=', bytes.len + MARK);
        at = put_bytes(at, (struct span){ .bytes = format, .len = MARK - 1 });
        *at++ = ':';
        wrote_up_to(reply, room, put_line_end(put_bytes(at, bytes)));
    }
}

void reply_big_number(struct reply *reply, struct span digits)
{
    if (reply->protocol == 3) {
        write_line(reply, '(', digits);
    } else {
        reply_bulk(reply, digits);
    }
}

void reply_raw(struct reply *reply, struct span bytes)
{
    char *room = room_for(reply, bytes.len);
    if (room != NULL) {
        wrote_up_to(reply, room, put_bytes(room, bytes));
    }
}

/* --- aggregates --- */

void reply_array(struct reply *reply, size_t count)
{
    write_head(reply, '*', count);
}

void reply_map(struct reply *reply, size_t pairs)
{
    if (reply->protocol == 3) {
        write_head(reply, '%', pairs);
    } else {
        write_head(reply, '*', 2 * pairs);
    }
}

void reply_set(struct reply *reply, size_t count)
{
    write_head(reply, reply->protocol == 3 ? '~' : '*', count);
}

void reply_push(struct reply *reply, size_t count)
{
    write_head(reply, reply->protocol == 3 ? '>' : '*', count);
}

void reply_attribute(struct reply *reply, size_t pairs)
{
    assert(reply->protocol == 3);
    write_head(reply, '|', pairs);
}

/* --- aggregates whose length comes at the end --- */

static struct reply_later later(const struct reply *reply, char kind)
{
    return (struct reply_later){ .at = reply->silent ? 0 : reply->out->len, .kind = kind };
}

struct reply_later reply_array_later(struct reply *reply)
{
    return later(reply, '*');
}

struct reply_later reply_map_later(struct reply *reply)
{
    return later(reply, '%');
}

struct reply_later reply_set_later(struct reply *reply)
{
    return later(reply, '~');
}

/* The head is put in front of the elements, which move back. */
void reply_later_end(struct reply *reply, struct reply_later begun, size_t count)
{
    char head[FRAME];
    bool old = reply->protocol != 3;
    char kind = old ? '*' : begun.kind;
    uint64_t number = old && begun.kind == '%' ? 2 * count : count;
    size_t len = (size_t)(put_head(head, kind, number) - head);
    char *room = room_for(reply, len);
    if (room == NULL) {
        return;
    }
    size_t elements = reply->out->len - begun.at;
    char *at = room - elements;
    memmove(at + len, at, elements);
    memcpy(at, head, len);
    buf_commit(reply->out, len);
}
