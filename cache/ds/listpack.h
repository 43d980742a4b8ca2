#ifndef PODIS_CACHE_DS_LISTPACK_H
#define PODIS_CACHE_DS_LISTPACK_H

/* Elements one behind the other in one block of memory, byte for byte Redis's listpack, which
 * RDB files and DUMP payloads contain (https://github.com/antirez/listpack).
 *
 *     | total bytes: 4 | count: 2 | element | element … | 0xff |
 *                                 encoding and length, bytes, length of both backwards
 *
 * An element is a text, or an integer if it is exactly the decimal form of an int64. It is
 * named by its offset, which is never 0: 0 is "there is none". Offsets behind a change are
 * no longer good. A struct listpack may lie at any alignment, also inside other memory, as
 * long as it is only read. */

#include "cache/base/number.h"
#include "cache/base/span.h"

#include <stdint.h>

struct listpack;

enum {
    LISTPACK_EMPTY_BYTES = 7,
    LISTPACK_BYTES_MAX = 1 << 30, /* Larger ones are not made. */
};

/* An empty one on the heap, with room for so many bytes. Free it with memory_free(). */
struct listpack *listpack_new(size_t room);
struct listpack *listpack_copy(const struct listpack *pack);

size_t listpack_bytes(const struct listpack *pack);
/* O(1) up to 65,534 elements, O(n) above. */
size_t listpack_count(const struct listpack *pack);
/* Room for `bytes` in all, for who knows that there is more to come. */
void listpack_reserve(struct listpack **pack, size_t bytes);
/* Gives back what the block has to spare. */
void listpack_shrink(struct listpack **pack);

size_t listpack_first(const struct listpack *pack);
size_t listpack_last(const struct listpack *pack);
size_t listpack_next(const struct listpack *pack, size_t at);
size_t listpack_previous(const struct listpack *pack, size_t at);
/* Negative from the end, -1 the last. O(n). */
size_t listpack_at(const struct listpack *pack, int64_t index);

/* The element as text: inside the pack, or for an integer written to `room`. */
struct span listpack_text(const struct listpack *pack, size_t at, char room[NUMBER_TEXT_MAX]);
/* Whether it is stored as an integer. */
bool listpack_number(const struct listpack *pack, size_t at, int64_t *number);
bool listpack_is(const struct listpack *pack, size_t at, struct span text);
/* The first at `from` or behind it that is this text; `skip` elements are passed over after each
 * that is not (1: of field, value, field, value … only the fields are looked at). 0: none. */
size_t listpack_find(const struct listpack *pack, size_t from, struct span text, size_t skip);

/* Bytes that an element of this text takes. */
size_t listpack_element_bytes(struct span text);

/* Each may move the block. `text` must not lie in the pack. */
void listpack_append(struct listpack **pack, struct span text);
void listpack_append_number(struct listpack **pack, int64_t number);
void listpack_prepend(struct listpack **pack, struct span text);
/* Before the element at `at`; returns the offset of the new one. */
size_t listpack_insert(struct listpack **pack, size_t at, struct span text);
size_t listpack_insert_number(struct listpack **pack, size_t at, int64_t number);
/* Returns the offset of what is there now. */
size_t listpack_replace(struct listpack **pack, size_t at, struct span text);
size_t listpack_replace_number(struct listpack **pack, size_t at, int64_t number);
/* Removes `count` elements from `at` on; returns the offset of the one behind them, or 0. */
size_t listpack_remove(struct listpack **pack, size_t at, size_t count);
/* Appends all elements of another. */
void listpack_join(struct listpack **pack, const struct listpack *other);

/* Whether these bytes are exactly one sound listpack, each element looked at. `count` is how
 * many it has. Reads no byte outside, whatever they are. */
bool listpack_is_sound(struct span bytes, size_t *count);

#endif
