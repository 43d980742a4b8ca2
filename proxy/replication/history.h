#ifndef PODIS_PROXY_REPLICATION_HISTORY_H
#define PODIS_PROXY_REPLICATION_HISTORY_H

/* Which stream of changes a data set is the result of, and how far along it.
 *
 * A history has a name of 40 hex digits; an offset says how many bytes of it were applied. Two
 * processes with the same name and offset hold the same data. Whoever is promoted begins a
 * history of its own, which agrees with the one before up to that moment:
 *
 *     id2:  ==========================+
 *     id:                             +-------------->
 *                                     ^
 *                                     second_offset: the first byte that is not of id2
 *
 * So a replica that followed id2, and is not past that point, can go on with this process. */

#include "cache/base/span.h"

#include <stdint.h>

enum { HISTORY_ID_LEN = 40 };

struct history {
    char id[HISTORY_ID_LEN + 1];
    char id2[HISTORY_ID_LEN + 1]; /* Zeros: there is none. */
    uint64_t offset;
    int64_t second_offset; /* -1: there is no id2. */
};

/* A history of its own, at its beginning. `random` is 40 hex digits. */
void history_begin(struct history *history, const char *random);
/* Other data at the same offset: nobody can go on from what was. */
void history_rename(struct history *history, const char *random);
/* Whoever followed is the one to be followed from now on. */
void history_promote(struct history *history, const char *random);
/* Takes over a primary's name and place in it, whole … */
void history_follow(struct history *history, struct span id, uint64_t offset);
/* … or goes on in the same place, which has another name now. */
void history_continue(struct history *history, struct span id);
void history_forget_second(struct history *history);

/* Whether a replica that has history `id` up to the byte before `offset` has what we have. */
bool history_agrees(const struct history *history, struct span id, uint64_t offset);

bool history_id_is_valid(struct span id);

#endif
