#ifndef PODIS_PROXY_SERVER_LINES_H
#define PODIS_PROXY_SERVER_LINES_H

/* Who waits for which key: a line for each key, in which waiters stand in order of arrival. A key
 * that changes while it has a line becomes ready; the ready ones are taken in that order. */

#include "cache/change.h"
#include "cache/ds/table.h"

struct line;

/* Where a waiter stands in one line; lies in the waiter's own structure. */
struct place {
    struct line *line;
    struct place *next, *previous;
    void *waiter;
    bool or_gone; /* Is also told when the key is gone. */
};

struct line {
    struct place *first, *last;
    size_t or_gone; /* How many of them are told when the key is gone. */
    int db;
    bool ready;              /* Is among the ready ones. */
    bool taken;              /* By lines_take(). */
    struct line *next_ready; /* The one that became ready next. */
    size_t key_len;
    char key[];
};

static inline struct span line_key(const struct line *line)
{
    return (struct span){ line->key, line->key_len };
}

struct lines {
    struct table **tables; /* By database; NULL where nobody waited yet. */
    int databases;
    uint64_t seed;
    size_t count;         /* Lines; */
    size_t or_gone_count; /* of them, with somebody who is told when the key is gone. */
    size_t ready_count;
    struct line *ready, *ready_last;
};

void lines_init(struct lines *lines, int databases, uint64_t seed);
/* Nobody waits any more. */
void lines_fini(struct lines *lines);

/* Goes to the end of a key's line. place->waiter and or_gone are set. False, and nothing done, if
 * the same waiter joined that line just before: the key was named twice. */
bool lines_join(struct lines *lines, struct place *place, int db, struct span key);
void lines_leave(struct lines *lines, struct place *place);

/* The change_fn of this listener; context is the struct lines. */
void lines_change(void *context, const struct change *change);

/* The line that became ready first, which is not ready any more; NULL if there is none. It stays
 * in memory until it is put down, even if all leave it. */
struct line *lines_take(struct lines *lines);
void lines_put_down(struct lines *lines, struct line *line);

#endif
