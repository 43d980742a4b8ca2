/* The first line of a script. Words are parted by spaces, flags by commas. */

#include "cache/script/shebang.h"

#include "cache/base/check.h"
#include "cache/script/engine.h"

static const struct {
    const char *name;
    unsigned flag;
} flags[] = {
    { "no-writes", SCRIPT_NO_WRITES },
    { "allow-oom", SCRIPT_ALLOW_OOM },
    { "allow-stale", SCRIPT_ALLOW_STALE },
    { "no-cluster", SCRIPT_NO_CLUSTER },
    { "allow-cross-slot-keys", SCRIPT_ALLOW_CROSS_SLOT_KEYS },
};

unsigned shebang_flag(struct span name)
{
    for (size_t i = 0; i < COUNT(flags); i++) {
        if (span_equal(name, span_from(flags[i].name))) {
            return flags[i].flag;
        }
    }
    return 0;
}

const char *shebang_flag_name(unsigned flag)
{
    size_t i = 0;
    while (i < COUNT(flags) && flags[i].flag != flag) {
        i++;
    }
    assert(i < COUNT(flags));
    return flags[i].name;
}

/* Up to the next of these characters; it is taken off the text, with what ended it. */
static struct span take_until(struct span *text, const char *ends)
{
    size_t len = 0;
    while (len < text->len && strchr(ends, text->bytes[len]) == NULL) {
        len++;
    }
    struct span word = { text->bytes, len };
    *text = span_skip(*text, len < text->len ? len + 1 : len);
    return word;
}

/* The words of a line; empty at its end. */
static struct span take_word(struct span *line)
{
    struct span word = { line->bytes, 0 };
    while (word.len == 0 && line->len > 0) {
        word = take_until(line, " \t\r");
    }
    return word;
}

static bool starts_with(struct span text, const char *start)
{
    size_t len = strlen(start);
    return text.len >= len && memcmp(text.bytes, start, len) == 0;
}

/* Replies if it returns false. */
static bool read_flags(struct span list, unsigned *found, struct reply *reply)
{
    while (list.len > 0) {
        struct span name = take_until(&list, ",");
        unsigned flag = shebang_flag(name);
        if (flag == 0) {
            reply_errorf(reply, "ERR Unexpected flag in script shebang: %.*s", span_shown(name),
                         name.bytes);
            return false;
        }
        *found |= flag;
    }
    return true;
}

static bool read_option(struct span word, unsigned *found, struct reply *reply)
{
    if (!starts_with(word, "flags=")) {
        reply_errorf(reply, "ERR Unknown lua shebang option: %.*s", span_shown(word), word.bytes);
        return false;
    }
    return read_flags(span_skip(word, strlen("flags=")), found, reply);
}

/* Whether its quotes are closed, so that it can be taken apart at all. */
static bool has_words(struct span line)
{
    size_t quotes = 0;
    for (size_t i = 0; i < line.len; i++) {
        quotes += line.bytes[i] == '"';
    }
    return quotes % 2 == 0;
}

bool shebang_read(struct span script, struct shebang *shebang, struct reply *reply)
{
    *shebang = (struct shebang){ .flags = SCRIPT_SILENT };
    if (!starts_with(script, "#!")) {
        return true;
    }
    const char *end = memchr(script.bytes, '\n', script.len);
    if (end == NULL) {
        reply_error(reply, SPAN("ERR Invalid script shebang"));
        return false;
    }
    struct span line = { script.bytes, (size_t)(end - script.bytes) };
    *shebang = (struct shebang){ .len = line.len };
    if (!has_words(line)) {
        reply_error(reply, SPAN("ERR Invalid engine in script shebang"));
        return false;
    }
    struct span word = take_word(&line);
    if (!span_equal(word, SPAN("#!lua"))) {
        reply_errorf(reply, "ERR Unexpected engine in script shebang: %.*s", span_shown(word),
                     word.bytes);
        return false;
    }
    while ((word = take_word(&line)).len > 0) {
        if (!read_option(word, &shebang->flags, reply)) {
            return false;
        }
    }
    return true;
}
