#ifndef PODIS_CACHE_PERSIST_CHANGE_TEXT_H
#define PODIS_CACHE_PERSIST_CHANGE_TEXT_H

/* Changes as the bytes that repeat them: what the append-only file and the stream to replicas are
 * made of. Each is a request as a client would send it. Ahead of one in another database than the
 * one before goes a SELECT, and around changes that belong together MULTI and EXEC.
 *
 *     SET a 1                    SELECT 0   SET a 1
 *     EXEC of LPUSH l x, DEL a   MULTI   LPUSH l x   DEL a   EXEC
 *     SET b 2 in database 5      SELECT 5   SET b 2
 *
 * Only the second change of a unit says that it is joined with the first, so a unit stays open
 * until the next one begins, or change_text_end() says that nothing more belongs to it. */

#include "cache/base/buf.h"
#include "cache/change.h"

/* Where a text is. It begins with no unit open and no database selected. */
struct change_text {
    int db;         /* What the last SELECT said; -1: there was none, or it is forgotten. */
    bool is_unit;   /* The last change may be joined by others … */
    bool is_multi;  /* … and was: MULTI is written, EXEC is not. */
    size_t unit_at; /* Where it begins in the readable bytes of `out`. */
};

void change_text_init(struct change_text *text);

/* Adds a change to `out`, which is not bounded and was not touched by others since the unit
 * began, see change_text_end(). */
void change_text_add(struct change_text *text, struct buf *out, const struct change *change);

/* Completes what is open, so that `out` ends with a whole unit and may be taken. To be called when
 * no transaction or script is running: what is joined to the past begins a unit of its own. */
void change_text_end(struct change_text *text, struct buf *out);

/* The next change says which database it is about, as whoever reads from there on cannot know. */
void change_text_forget_db(struct change_text *text);

/* One request as a client sends it. False, and nothing added, if `out` may not hold it. */
bool change_text_request(struct buf *out, const struct span *argv, size_t argc);

#endif
