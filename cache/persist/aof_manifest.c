/* The list of parts, and its text.
 *
 * The text is taken as strictly as Redis takes it: a list that is damaged must stop the start, as
 * to load a part too few is to lose data without saying so. Every line ends with a newline, words
 * come in pairs of a name and a value, numbers rise, names have no folder. Names that nobody knows
 * are skipped with their values, so that a later version may add some. */

#include "cache/persist/aof_manifest.h"

#include "cache/base/inline_words.h"
#include "cache/base/memory.h"
#include "cache/base/number.h"

#include <ctype.h>

#define BAD_FORMAT "Invalid AOF manifest file format"

/* --- the list --- */

static void part_free(struct aof_part *part)
{
    if (part != NULL) {
        memory_free(part->name);
        memory_free(part);
    }
}

static void parts_free(struct aof_part **first)
{
    while (*first != NULL) {
        struct aof_part *part = *first;
        *first = part->next;
        part_free(part);
    }
}

static struct aof_part *part_new(struct span name, uint64_t seq, enum aof_kind kind)
{
    struct aof_part *part = memory_alloc(sizeof(*part));
    *part = (struct aof_part){ .name = memory_copy_text(name.bytes, name.len),
                               .seq = seq,
                               .kind = kind };
    return part;
}

static void append(struct aof_part **place, struct aof_part *part)
{
    while (*place != NULL) {
        place = &(*place)->next;
    }
    *place = part;
}

static void copy_parts(struct aof_part **to, const struct aof_part *from)
{
    for (; from != NULL; from = from->next) {
        *to = part_new(span_from(from->name), from->seq, from->kind);
        to = &(*to)->next;
    }
}

void aof_manifest_fini(struct aof_manifest *manifest)
{
    parts_free(&manifest->base);
    parts_free(&manifest->history);
    parts_free(&manifest->incr);
    *manifest = (struct aof_manifest){ 0 };
}

void aof_manifest_copy(struct aof_manifest *to, const struct aof_manifest *from)
{
    *to = (struct aof_manifest){ .base_seq = from->base_seq, .incr_seq = from->incr_seq };
    copy_parts(&to->base, from->base);
    copy_parts(&to->history, from->history);
    copy_parts(&to->incr, from->incr);
}

bool aof_manifest_is_empty(const struct aof_manifest *manifest)
{
    return manifest->base == NULL && manifest->incr == NULL;
}

size_t aof_manifest_count(const struct aof_manifest *manifest)
{
    size_t count = manifest->base != NULL;
    for (const struct aof_part *part = manifest->incr; part != NULL; part = part->next) {
        count++;
    }
    return count;
}

const struct aof_part *aof_manifest_last(const struct aof_manifest *manifest)
{
    const struct aof_part *last = manifest->incr;
    while (last != NULL && last->next != NULL) {
        last = last->next;
    }
    return last;
}

/* --- its changes --- */

static struct aof_part *named(const char *filename, uint64_t seq, const char *suffix,
                              enum aof_kind kind)
{
    struct buf name;

    buf_init(&name, SIZE_MAX / 2);
    buf_addf(&name, "%s.%llu%s", filename, (unsigned long long)seq, suffix);
    struct aof_part *part = part_new(buf_span(&name), seq, kind);
    buf_fini(&name);
    return part;
}

static void to_history(struct aof_manifest *manifest, struct aof_part *part)
{
    part->kind = AOF_HISTORY;
    part->next = manifest->history;
    manifest->history = part;
}

const char *aof_manifest_new_base(struct aof_manifest *manifest, const char *filename, bool rdb)
{
    if (manifest->base != NULL) {
        to_history(manifest, manifest->base);
    }
    manifest->base =
        named(filename, ++manifest->base_seq, rdb ? ".base.rdb" : ".base.aof", AOF_BASE);
    return manifest->base->name;
}

const char *aof_manifest_new_incr(struct aof_manifest *manifest, const char *filename)
{
    struct aof_part *part = named(filename, ++manifest->incr_seq, ".incr.aof", AOF_INCR);
    append(&manifest->incr, part);
    return part->name;
}

void aof_manifest_adopt(struct aof_manifest *manifest, const char *filename)
{
    assert(aof_manifest_is_empty(manifest));
    manifest->base_seq = 1;
    manifest->base = part_new(span_from(filename), 1, AOF_BASE);
}

void aof_manifest_retire(struct aof_manifest *manifest, uint64_t seq)
{
    while (manifest->incr != NULL && manifest->incr->seq <= seq) {
        struct aof_part *part = manifest->incr;
        manifest->incr = part->next;
        to_history(manifest, part);
    }
}

void aof_manifest_forget_history(struct aof_manifest *manifest)
{
    parts_free(&manifest->history);
}

/* --- its text --- */

static void write_parts(const struct aof_part *part, struct buf *out)
{
    for (; part != NULL; part = part->next) {
        buf_add(out, SPAN("file "));
        inline_quote(out, span_from(part->name));
        buf_addf(out, " seq %llu type %c\n", (unsigned long long)part->seq, part->kind);
    }
}

void aof_manifest_write(const struct aof_manifest *manifest, struct buf *out)
{
    write_parts(manifest->base, out);
    write_parts(manifest->history, out);
    write_parts(manifest->incr, out);
}

/* What one line says; its name lies in `room`. */
struct line {
    struct span name;
    uint64_t seq;
    char kind;
};

static const char *take_pair(struct line *line, struct span name, struct span value)
{
    if (span_is(name, "file")) {
        if (memchr(value.bytes, '/', value.len) != NULL || value.len == 0) {
            return "File can't be a path, just a filename";
        }
        line->name = value;
    } else if (span_is(name, "seq")) {
        if (!number_parse_unsigned(value, &line->seq)) {
            return BAD_FORMAT;
        }
    } else if (span_is(name, "type")) {
        line->kind = value.len > 0 ? value.bytes[0] : '\0';
    }
    return NULL;
}

/* NULL, or why not. */
static const char *parse_line(struct span text, char *room, struct line *line)
{
    struct span words[2];
    size_t count = 0;
    bool found = true;

    *line = (struct line){ .name = { "", 0 } };
    while (true) {
        struct span *word = &words[count % 2];
        if (!inline_word(&text, room, word, &found)) {
            return BAD_FORMAT;
        }
        if (!found) {
            break;
        }
        room += word->len;
        const char *why = ++count % 2 == 0 ? take_pair(line, words[0], words[1]) : NULL;
        if (why != NULL) {
            return why;
        }
    }
    bool whole = count >= 6 && count % 2 == 0;
    return whole && line->name.len > 0 && line->seq > 0 && line->kind != '\0' ? NULL : BAD_FORMAT;
}

static const char *add_line(struct aof_manifest *manifest, const struct line *line)
{
    switch (line->kind) {
    case AOF_BASE:
        if (manifest->base != NULL) {
            return "Found duplicate base file information";
        }
        manifest->base = part_new(line->name, line->seq, AOF_BASE);
        manifest->base_seq = line->seq;
        return NULL;
    case AOF_HISTORY:
        append(&manifest->history, part_new(line->name, line->seq, AOF_HISTORY));
        return NULL;
    case AOF_INCR:
        if (line->seq <= manifest->incr_seq) {
            return "Found a non-monotonic sequence number";
        }
        append(&manifest->incr, part_new(line->name, line->seq, AOF_INCR));
        manifest->incr_seq = line->seq;
        return NULL;
    default:
        return "Unknown AOF file type";
    }
}

static struct span trimmed(struct span line)
{
    while (line.len > 0 && isspace((unsigned char)line.bytes[0])) {
        line = span_skip(line, 1);
    }
    while (line.len > 0 && isspace((unsigned char)line.bytes[line.len - 1])) {
        line.len--;
    }
    return line;
}

/* `text` has no newline any more. */
static const char *take_line(struct aof_manifest *manifest, struct span text)
{
    char room[AOF_LINE_MAX];
    struct line line;

    if (text.len > 0 && text.bytes[0] == '#') {
        return NULL;
    }
    const char *why = parse_line(trimmed(text), room, &line);
    return why != NULL ? why : add_line(manifest, &line);
}

static const char *parse(struct aof_manifest *manifest, struct span text, struct aof_fault *fault)
{
    if (text.len == 0) {
        return "Found an empty AOF manifest";
    }
    while (text.len > 0) {
        const char *end = memchr(text.bytes, '\n', text.len);
        size_t len = end == NULL ? text.len : (size_t)(end - text.bytes);
        fault->line++;
        fault->text = trimmed((struct span){ text.bytes, len < AOF_LINE_MAX ? len : AOF_LINE_MAX });
        if (end == NULL || len >= AOF_LINE_MAX) {
            return "The AOF manifest file contains too long line";
        }
        const char *why = take_line(manifest, (struct span){ text.bytes, len });
        if (why != NULL) {
            return why;
        }
        text = span_skip(text, len + 1);
    }
    return NULL;
}

bool aof_manifest_parse(struct aof_manifest *manifest, struct span text, struct aof_fault *fault)
{
    assert(aof_manifest_is_empty(manifest));
    *fault = (struct aof_fault){ 0 };
    fault->why = parse(manifest, text, fault);
    if (fault->why != NULL) {
        aof_manifest_fini(manifest);
    }
    return fault->why == NULL;
}
