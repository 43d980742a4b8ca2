#include "cache/commands/sort_pattern.h"

#include "cache/base/check.h"
#include "cache/call.h"

/* "->" with something behind it. */
static const char *find_arrow(struct span text)
{
    for (size_t i = 0; i + 2 < text.len; i++) {
        if (text.bytes[i] == '-' && text.bytes[i + 1] == '>') {
            return text.bytes + i;
        }
    }
    return NULL;
}

struct sort_pattern sort_pattern_parse(struct span text)
{
    struct sort_pattern pattern = { .is_element = span_equal(text, SPAN("#")) };
    const char *star = text.len == 0 ? NULL : memchr(text.bytes, '*', text.len);
    if (star == NULL) {
        pattern.is_constant = true;
        return pattern;
    }
    size_t before = (size_t)(star - text.bytes);
    pattern.before = (struct span){ text.bytes, before };
    pattern.after = span_skip(text, before + 1);
    const char *arrow = find_arrow(pattern.after);
    if (arrow != NULL) {
        size_t len = (size_t)(arrow - pattern.after.bytes);
        pattern.field = span_skip(pattern.after, len + 2);
        pattern.after.len = len;
    }
    return pattern;
}

void sort_reader_init(struct sort_reader *reader, struct call *c)
{
    reader->call = c;
    buf_init(&reader->key, SIZE_MAX);
}

void sort_reader_fini(struct sort_reader *reader)
{
    buf_fini(&reader->key);
}

static struct span key_for(struct sort_reader *reader, const struct sort_pattern *pattern,
                           struct span element)
{
    const struct span parts[] = { pattern->before, element, pattern->after };
    buf_cut(&reader->key, 0);
    for (size_t i = 0; i < COUNT(parts); i++) {
        bool added = buf_add(&reader->key, parts[i]);
        assert(added);
    }
    return buf_span(&reader->key);
}

bool sort_reader_look(struct sort_reader *reader, const struct sort_pattern *pattern,
                      struct span element, struct span *text)
{
    struct call *c = reader->call;
    const void *value;

    if (pattern->is_element) {
        *text = element;
        return true;
    }
    if (pattern->is_constant) {
        return false;
    }
    struct span key = key_for(reader, pattern, element);
    if (pattern->field.len == 0) {
        if (!name_read(c, key, &type_string, &value)) {
            return false;
        }
        *text = string_text(value, reader->room);
        return true;
    }
    if (!name_read(c, key, &type_hash, &value) ||
        !hash_find(value, pattern->field, c->now_ms, &reader->item)) {
        return false;
    }
    *text = reader->item.value;
    return true;
}
