/* Takes requests out of bytes. */

#include "proxy/protocol/resp_reader.h"

#include "cache/base/inline_words.h"
#include "cache/base/memory.h"
#include "cache/base/number.h"

#include <limits.h>
#include <stdio.h>

enum {
    ARGS_FIRST = 1024,
    ARGS_KEPT = 8 * 1024, /* Spans that stay from batch to batch. */
    PIECES_FIRST = 16,
    USUAL_LEN_LINE = 6, /* "$9\r\n\r\n", what is looked at before the length is known. */
};

void resp_reader_fini(struct resp_reader *reader)
{
    memory_free(reader->pieces);
    *reader = (struct resp_reader){ 0 };
}

void resp_args_fini(struct resp_args *args)
{
    memory_free(args->spans);
    arena_fini(&args->text);
    *args = (struct resp_args){ 0 };
}

void resp_args_clear(struct resp_args *args)
{
    args->count = 0;
    if (args->text.blocks != NULL) {
        arena_reset(&args->text);
    }
    if (args->capacity > ARGS_KEPT) {
        memory_free(args->spans);
        args->spans = NULL;
        args->capacity = 0;
    }
}

static void make_room(struct resp_args *args, size_t count)
{
    size_t capacity = args->capacity == 0 ? ARGS_FIRST : args->capacity;
    while (capacity - args->count < count) {
        capacity *= 2;
    }
    args->spans = memory_resize(args->spans, capacity * sizeof(*args->spans));
    args->capacity = capacity;
}

static inline void add(struct resp_args *args, const char *bytes, size_t len)
{
    if (args->count == args->capacity) {
        make_room(args, 1);
    }
    args->spans[args->count++] = (struct span){ bytes, len };
}

static enum err broken(struct resp_reader *reader, enum err err, const char *why)
{
    reader->error = why;
    return err;
}

/* --- requests cut by the end of the bytes --- */

/* Keeps what was added since `first` as offsets, and takes it out of `args` again. */
static void put_aside(struct resp_reader *reader, const char *start, struct resp_args *args,
                      size_t first)
{
    for (size_t i = first; i < args->count; i++) {
        if (reader->piece_count == reader->piece_capacity) {
            uint32_t capacity =
                reader->piece_capacity == 0 ? PIECES_FIRST : reader->piece_capacity * 2;
            reader->pieces = memory_resize(reader->pieces, capacity * sizeof(*reader->pieces));
            reader->piece_capacity = capacity;
        }
        reader->pieces[reader->piece_count++] = (struct resp_piece){
            .at = (size_t)(args->spans[i].bytes - start),
            .len = args->spans[i].len,
        };
    }
    args->count = first;
}

/* Puts what was kept in front of what this call added. */
static void put_back(struct resp_reader *reader, const char *start, struct resp_args *args,
                     size_t first)
{
    size_t fresh = args->count - first;

    if (args->capacity - args->count < reader->piece_count) {
        make_room(args, reader->piece_count);
    }
    struct span *spans = args->spans + first;
    if (fresh > 0) {
        memmove(spans + reader->piece_count, spans, fresh * sizeof(*spans));
    }
    for (size_t i = 0; i < reader->piece_count; i++) {
        spans[i] = (struct span){ start + reader->pieces[i].at, reader->pieces[i].len };
    }
    args->count += reader->piece_count;
}

/* --- lines --- */

/* The number from reader->position + 1 to the next \r; the \n after it must be there too, but may
 * be anything. ERR_INVALID: the line is there, and no number. */
static inline enum err read_count(struct resp_reader *reader, struct span in, int64_t *number)
{
    const char *line = in.bytes + reader->position;
    size_t len = in.len - reader->position;
    size_t at = 1;
    int64_t value = 0;

    while (at < len && at < 12 && (unsigned char)(line[at] - '0') < 10) {
        value = value * 10 + (line[at] - '0');
        at++;
    }
    bool plain = at > 1 && at + 1 < len && line[at] == '\r' && (line[1] != '0' || at == 2);
    if (__builtin_expect(plain, 1)) {
        *number = value;
        reader->position += at + 2;
        return ERR_OK;
    }

    const char *end = len == 0 ? NULL : memchr(line, '\r', len);
    if (end == NULL) {
        return len > RESP_LINE_MAX ? ERR_TOO_BIG : ERR_MORE;
    }
    at = (size_t)(end - line);
    if (at > RESP_LINE_MAX) {
        return ERR_TOO_BIG;
    }
    if (at + 1 == len) {
        return ERR_MORE;
    }
    if (at == 0 || !number_parse((struct span){ line + 1, at - 1 }, number)) {
        return ERR_INVALID;
    }
    reader->position += at + 2;
    return ERR_OK;
}

/* "*3\r\n" */
static enum err read_header(struct resp_reader *reader, const struct resp_limits *limits,
                            struct span in)
{
    int64_t count;
    enum err err = read_count(reader, in, &count);

    if (err == ERR_TOO_BIG) {
        return broken(reader, err, "too big mbulk count string");
    }
    if (err == ERR_MORE) {
        return err;
    }
    if (err != ERR_OK || count > INT_MAX) {
        return broken(reader, ERR_PROTOCOL, "invalid multibulk length");
    }
    if (count > RESP_STRANGER_COUNT_MAX && !limits->authenticated) {
        return broken(reader, ERR_TOO_BIG, "unauthenticated multibulk length");
    }
    reader->left = count > 0 ? (uint32_t)count : 0;
    return ERR_OK;
}

/* "$3\r\n" */
static inline enum err read_bulk_len(struct resp_reader *reader, const struct resp_limits *limits,
                                     struct span in)
{
    size_t start = reader->position;
    int64_t len;
    enum err err = read_count(reader, in, &len);

    if (err == ERR_TOO_BIG) {
        return broken(reader, err, "too big bulk count string");
    }
    if (err == ERR_MORE) {
        return err;
    }
    if (in.bytes[start] != '$') {
        reader->has_wrong = true;
        reader->wrong = in.bytes[start];
        return broken(reader, ERR_PROTOCOL, "expected '$', got ");
    }
    if (err != ERR_OK || len < 0) {
        return broken(reader, ERR_PROTOCOL, "invalid bulk length");
    }
    if ((uint64_t)len > limits->bulk_max) {
        return broken(reader, ERR_TOO_BIG, "invalid bulk length");
    }
    if (len > RESP_STRANGER_BULK_MAX && !limits->authenticated) {
        return broken(reader, ERR_TOO_BIG, "unauthenticated bulk length");
    }
    reader->bulk_len = (size_t)len;
    reader->has_bulk = true;
    return ERR_OK;
}

static enum err read_arguments(struct resp_reader *reader, const struct resp_limits *limits,
                               struct span in, struct resp_args *args)
{
    while (reader->left > 0) {
        if (!reader->has_bulk) {
            enum err err = read_bulk_len(reader, limits, in);
            if (err != ERR_OK) {
                return err;
            }
        }
        if (in.len - reader->position < reader->bulk_len + 2) {
            return ERR_MORE;
        }
        add(args, in.bytes + reader->position, reader->bulk_len);
        reader->position += reader->bulk_len + 2;
        reader->has_bulk = false;
        reader->left--;
    }
    return ERR_OK;
}

/* --- inline --- */

static enum err read_words(struct resp_reader *reader, struct span line, struct resp_args *args)
{
    bool has_quotes =
        memchr(line.bytes, '"', line.len) != NULL || memchr(line.bytes, '\'', line.len) != NULL;
    /* The words together are no longer than the line. */
    char *room = has_quotes ? arena_alloc(&args->text, line.len) : NULL;
    struct span word;
    bool found = true;

    while (inline_word(&line, room, &word, &found)) {
        if (!found) {
            return ERR_OK;
        }
        add(args, word.bytes, word.len);
        if (word.bytes == room) {
            room += word.len;
        }
    }
    return broken(reader, ERR_PROTOCOL, "unbalanced quotes in request");
}

static enum err read_inline(struct resp_reader *reader, struct span in, struct resp_args *args)
{
    const char *unseen = in.bytes + reader->position;
    const char *newline = memchr(unseen, '\n', in.len - reader->position);
    size_t len = newline == NULL ? in.len : (size_t)(newline - in.bytes);

    if (len > RESP_LINE_MAX) {
        return broken(reader, ERR_TOO_BIG, "too big inline request");
    }
    if (newline == NULL) {
        reader->position = in.len;
        return ERR_MORE;
    }
    reader->position = len + 1;
    if (len > 0 && in.bytes[len - 1] == '\r') {
        len--;
    }
    return read_words(reader, (struct span){ in.bytes, len }, args);
}

/* --- a request --- */

/* The usual request, whole and small: up to 9 arguments, each shorter than 100 bytes. Anything
 * else is left to read_multibulk(), as if nothing had been looked at.
 *
 *     *2\r\n$3\r\nGET\r\n$16\r\nkey:000000000001\r\n */
static bool read_usual(struct span in, struct resp_args *args, size_t *used)
{
    const char *at = in.bytes, *end = in.bytes + in.len;
    size_t count = (size_t)(unsigned char)(at[1] - '0');

    if (at[2] != '\r' || count > 9 || count == 0) {
        return false;
    }
    if (args->capacity - args->count < count) {
        make_room(args, count);
    }
    struct span *span = args->spans + args->count;
    at += 4;
    for (size_t i = 0; i < count; i++, span++) {
        if (end - at < USUAL_LEN_LINE || at[0] != '$') {
            return false;
        }
        size_t len = (size_t)(unsigned char)(at[1] - '0');
        size_t second = (size_t)(unsigned char)(at[2] - '0');
        if (len > 9) {
            return false;
        }
        if (second <= 9 && len != 0) {
            len = len * 10 + second;
            at++;
        }
        if (at[2] != '\r' || (size_t)(end - at) < 4 + len + 2) {
            return false;
        }
        *span = (struct span){ at + 4, len };
        at += 4 + len + 2;
    }
    args->count += count;
    *used = (size_t)(at - in.bytes);
    return true;
}

static enum err read_multibulk(struct resp_reader *reader, const struct resp_limits *limits,
                               struct span in, struct resp_args *args)
{
    if (reader->position == 0) {
        enum err err = read_header(reader, limits, in);
        if (err != ERR_OK) {
            return err;
        }
    }
    return read_arguments(reader, limits, in, args);
}

/* A request of any form, complete or not. */
static inline_never enum err read_any(struct resp_reader *reader, const struct resp_limits *limits,
                                      struct span in, struct resp_args *args, size_t *used)
{
    size_t first = args->count;
    bool multibulk = in.bytes[0] == '*';
    enum err err =
        multibulk ? read_multibulk(reader, limits, in, args) : read_inline(reader, in, args);

    if (err == ERR_OK) {
        *used = reader->position;
        reader->position = 0;
        if (reader->piece_count > 0) {
            put_back(reader, in.bytes, args, first);
            resp_reader_fini(reader);
        }
        return err;
    }
    if (err == ERR_MORE && multibulk) {
        put_aside(reader, in.bytes, args, first);
    }
    args->count = first;
    return err;
}

static bool is_there(const struct resp_reader *reader, struct span in)
{
    assert(reader->error == NULL);
    assert(reader->position <= in.len);
    return in.len > 0 && reader->position < in.len;
}

enum err resp_read(struct resp_reader *reader, const struct resp_limits *limits, struct span in,
                   struct resp_args *args, size_t *used)
{
    if (!is_there(reader, in)) {
        return ERR_MORE;
    }
    if (in.bytes[0] == '*' && reader->position == 0 && in.len >= USUAL_LEN_LINE &&
        read_usual(in, args, used)) {
        return ERR_OK;
    }
    return read_any(reader, limits, in, args, used);
}

enum err resp_skip(struct resp_reader *reader, const struct resp_limits *limits, struct span in,
                   struct resp_args *args, size_t *used)
{
    return is_there(reader, in) ? read_any(reader, limits, in, args, used) : ERR_MORE;
}

size_t resp_reader_missing(const struct resp_reader *reader, size_t in_len)
{
    if (!reader->has_bulk) {
        return 1;
    }
    assert(in_len < reader->position + reader->bulk_len + 2);
    return reader->position + reader->bulk_len + 2 - in_len;
}

struct span resp_reader_error(const struct resp_reader *reader, char text[RESP_ERROR_MAX])
{
    assert(reader->error != NULL);
    int len =
        reader->has_wrong
            ? snprintf(text, RESP_ERROR_MAX, "Protocol error: %s'%c'", reader->error, reader->wrong)
            : snprintf(text, RESP_ERROR_MAX, "Protocol error: %s", reader->error);
    assert(len > 0);
    assert(len < RESP_ERROR_MAX);
    return (struct span){ text, (size_t)len };
}
