/* Requests out of a file of them. Everything about their form is checked, the line ends that Redis
 * skips without a look too: what is damaged is to be found and not to be guessed at. */

#include "cache/persist/aof_text.h"

#include "cache/base/check.h"
#include "cache/base/memory.h"
#include "cache/base/number.h"

enum {
    LINE_MAX_LEN = 127, /* Redis's. */
    WORD_LEN_LEAST = 6, /* "$0\r\n\r\n" */
    ROOM_FIRST = 16,
};

void aof_text_init(struct aof_text *text, struct span bytes, size_t at)
{
    assert(at <= bytes.len);
    *text = (struct aof_text){ .bytes = bytes, .at = at };
}

void aof_text_fini(struct aof_text *text)
{
    memory_free(text->argv);
    text->argv = NULL;
    text->room = text->argc = 0;
}

/* A line that begins with `kind`, without it and its end, is taken off the rest. */
static enum aof_item take_line(struct span *rest, char kind, struct span *line)
{
    if (rest->len == 0) {
        return AOF_CUT;
    }
    if (rest->bytes[0] != kind) {
        return AOF_BROKEN;
    }
    size_t within = rest->len < LINE_MAX_LEN ? rest->len : LINE_MAX_LEN;
    const char *end = memchr(rest->bytes, '\n', within);
    if (end == NULL) {
        return rest->len < LINE_MAX_LEN ? AOF_CUT : AOF_BROKEN;
    }
    size_t len = (size_t)(end - rest->bytes);
    if (len < 2 || rest->bytes[len - 1] != '\r') {
        return AOF_BROKEN;
    }
    *line = (struct span){ rest->bytes + 1, len - 2 };
    *rest = span_skip(*rest, len + 1);
    return AOF_REQUEST;
}

static enum aof_item take_number(struct span *rest, char kind, uint64_t *number)
{
    struct span line;
    enum aof_item item = take_line(rest, kind, &line);

    if (item == AOF_REQUEST && !number_parse_unsigned(line, number)) {
        return AOF_BROKEN;
    }
    return item;
}

static enum aof_item take_word(struct span *rest, struct span *word)
{
    uint64_t len;
    enum aof_item item = take_number(rest, '$', &len);

    if (item != AOF_REQUEST) {
        return item;
    }
    if (rest->len < 2 || rest->len - 2 < len) {
        return AOF_CUT;
    }
    *word = (struct span){ rest->bytes, (size_t)len };
    if (memcmp(rest->bytes + len, "\r\n", 2) != 0) {
        return AOF_BROKEN;
    }
    *rest = span_skip(*rest, (size_t)len + 2);
    return AOF_REQUEST;
}

static void make_room(struct aof_text *text, size_t count)
{
    if (count > text->room) {
        text->room = count < ROOM_FIRST ? ROOM_FIRST : count;
        text->argv = memory_resize(text->argv, text->room * sizeof(*text->argv));
    }
}

static enum aof_item take_request(struct aof_text *text, struct span *rest)
{
    uint64_t count;
    enum aof_item item = take_number(rest, '*', &count);

    if (item != AOF_REQUEST) {
        return item;
    }
    if (count == 0) {
        return AOF_BROKEN;
    }
    if (count > rest->len / WORD_LEN_LEAST) {
        return AOF_CUT;
    }
    make_room(text, (size_t)count);
    text->argc = (size_t)count;
    for (size_t i = 0; i < text->argc && item == AOF_REQUEST; i++) {
        item = take_word(rest, &text->argv[i]);
    }
    return item;
}

/* Notes are skipped at once: a file that ends with one is whole. */
static enum aof_item skip_notes(struct span *rest)
{
    struct span note;
    enum aof_item item = AOF_REQUEST;

    while (rest->len > 0 && rest->bytes[0] == '#' && item == AOF_REQUEST) {
        item = take_line(rest, '#', &note);
    }
    return item;
}

enum aof_item aof_text_next(struct aof_text *text)
{
    struct span rest = span_skip(text->bytes, text->at);
    enum aof_item item = skip_notes(&rest);

    text->argc = 0;
    if (item != AOF_REQUEST) {
        return item;
    }
    text->at = text->bytes.len - rest.len;
    if (rest.len == 0) {
        return AOF_END;
    }
    item = take_request(text, &rest);
    if (item == AOF_REQUEST) {
        text->at = text->bytes.len - rest.len;
    }
    return item;
}
