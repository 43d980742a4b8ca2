/* Changes as the bytes that repeat them.
 *
 * MULTI is put in front of a unit when its second change comes, by moving the first one. That is
 * one change, and only ever once for each unit; to ask the store ahead whether more will follow
 * would cost every change that stays alone, which nearly all do. */

#include "cache/persist/change_text.h"

#include "cache/base/number.h"

#define MULTI SPAN("*1\r\n$5\r\nMULTI\r\n")
#define EXEC  SPAN("*1\r\n$4\r\nEXEC\r\n")

enum { HEAD_MAX = NUMBER_TEXT_MAX + 3 }; /* "*12\r\n" */

void change_text_init(struct change_text *text)
{
    *text = (struct change_text){ .db = -1 };
}

static size_t head(char *to, char kind, size_t number)
{
    size_t len = 1;

    to[0] = kind;
    len += number_format_unsigned(to + len, number);
    to[len++] = '\r';
    to[len++] = '\n';
    return len;
}

bool change_text_request(struct buf *out, const struct span *argv, size_t argc)
{
    size_t most = HEAD_MAX;

    for (size_t i = 0; i < argc; i++) {
        most += HEAD_MAX + argv[i].len + 2;
    }
    char *room = buf_reserve(out, most);
    if (room == NULL) {
        return false;
    }
    char *at = room + head(room, '*', argc);
    for (size_t i = 0; i < argc; i++) {
        at += head(at, '$', argv[i].len);
        if (argv[i].len > 0) {
            memcpy(at, argv[i].bytes, argv[i].len);
        }
        at += argv[i].len;
        *at++ = '\r';
        *at++ = '\n';
    }
    buf_commit(out, (size_t)(at - room));
    return true;
}

static void add(struct buf *out, const struct span *argv, size_t argc)
{
    bool fits = change_text_request(out, argv, argc);
    assert(fits);
}

static void add_select(struct buf *out, int db)
{
    char number[NUMBER_TEXT_MAX];
    struct span argv[] = { SPAN("SELECT"), { number, number_format(number, db) } };

    add(out, argv, COUNT(argv));
}

static void put_multi_in_front(struct change_text *text, struct buf *out)
{
    struct span multi = MULTI;
    size_t moved = out->len - text->unit_at;
    char *room = buf_reserve(out, multi.len);

    assert(room != NULL);
    char *begin = room - moved;
    memmove(begin + multi.len, begin, moved);
    memcpy(begin, multi.bytes, multi.len);
    buf_commit(out, multi.len);
    text->is_multi = true;
}

static void select_db(struct change_text *text, struct buf *out, int db)
{
    if (db >= 0 && db != text->db) {
        add_select(out, db);
        text->db = db;
    }
}

void change_text_add(struct change_text *text, struct buf *out, const struct change *change)
{
    if (!change->joined || !text->is_unit) {
        change_text_end(text, out);
        select_db(text, out, change->db); /* Ahead of a MULTI, as Redis has it. */
        text->is_unit = true;
        text->unit_at = out->len;
    } else {
        if (!text->is_multi) {
            put_multi_in_front(text, out);
        }
        select_db(text, out, change->db);
    }
    add(out, change->argv, change->argc);
}

void change_text_end(struct change_text *text, struct buf *out)
{
    if (text->is_multi) {
        bool fits = buf_add(out, EXEC);
        assert(fits);
    }
    text->is_unit = text->is_multi = false;
}

void change_text_forget_db(struct change_text *text)
{
    text->db = -1;
}
