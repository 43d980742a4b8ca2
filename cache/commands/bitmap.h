#ifndef PODIS_CACHE_COMMANDS_BITMAP_H
#define PODIS_CACHE_COMMANDS_BITMAP_H

/* What commands that take a string for a row of bits have in common. */

#include "cache/call.h"

/* Where a bit is, argv[at]. With `width` > 0 "#3" is that many times 3. Replies "ERR bit offset is
 * not an integer or out of range" if it returns false. */
bool bitmap_offset(struct call *c, size_t at, unsigned width, uint64_t *offset);

/* The bytes of argv[1]'s string, to be changed where they lie: `value` is what key_edit() gave, or
 * NULL. They are at least `len`, with zeroes at the end if it was shorter, which is a change; the
 * key is made if need be. Whoever changes a bit says so with key_changed(). */
char *bitmap_edit(struct call *c, void *value, size_t len);

#endif
