#ifndef PODIS_CACHE_DS_TEXTSET_H
#define PODIS_CACHE_DS_TEXTSET_H

/* A hash set that owns its members, which are texts. Made for very many of them: a member is one
 * block of its length and its bytes, and a slot of the table. It never stops to resize, as
 * ds/table.h says. */

#include "cache/base/span.h"

#include <stdint.h>

struct textset;

/* The seed is a secret: who knows it can choose members that collide. */
struct textset *textset_new(uint64_t seed);
struct textset *textset_copy(const struct textset *set);
void textset_free(struct textset *set);

size_t textset_count(const struct textset *set);
size_t textset_memory(const struct textset *set); /* Bytes of the heap. O(1) */
bool textset_has(const struct textset *set, struct span text);

/* False if it is there already. The text is less than 4 GB long. */
bool textset_add(struct textset *set, struct span text);
/* False if it is not there. `text` may be the member itself. */
bool textset_remove(struct textset *set, struct span text);

/* A member picked by chance, each about as likely; there is one. Spans of members are good until
 * the member is removed. */
struct span textset_random(const struct textset *set, uint64_t *random_state);

/* As table_scan(): visits some members, and returns the next position, 0 at the end. With no change
 * in between each is visited exactly once. `visit` must not change the set. */
uint64_t textset_scan(const struct textset *set, uint64_t position,
                      void (*visit)(void *context, struct span text), void *context);

#endif
