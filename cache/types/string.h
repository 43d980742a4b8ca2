#ifndef PODIS_CACHE_TYPES_STRING_H
#define PODIS_CACHE_TYPES_STRING_H

/* Values of type string, in the encodings that OBJECT ENCODING knows:
 *
 *   int      the text is the decimal form of an int64; stored in 1, 2, 4 or 8 bytes
 *   embstr   up to 44 bytes that were never modified in place
 *   raw      everything else
 *
 * A value is a flat run of bytes at any alignment, in the entry of its key or alone in a
 * heap block. To make one: decide on its form, get form.size bytes (key_put), write it there.
 *
 *     struct string_form form = string_form(c->argv[2]);
 *     string_write(key_put(c, 1, &type_string, form.size, EXPIRY_NONE), &form);
 */

#include "cache/base/number.h"
#include "cache/base/span.h"
#include "cache/types/type.h"

enum {
    STRING_EMBSTR_MAX = 44,
    STRING_TEXT_ROOM = NUMBER_TEXT_MAX,
};

/* How a text is to be stored; made by one of the next three. */
struct string_form {
    size_t size;      /* Flat bytes it takes. */
    struct span text; /* Borrowed; not for integers. */
    int64_t number;
    uint8_t kind;
};

struct string_form string_form(struct span text);       /* int if it can be: SET, MSET … */
struct string_form string_form_text(struct span text);  /* never int: INCRBYFLOAT */
struct string_form string_form_integer(int64_t number); /* INCR */

void string_write(void *room, const struct string_form *form);

/* The text of a value: inside it, or for an integer written to `room`. */
struct span string_text(const void *value, char room[STRING_TEXT_ROOM]);

size_t string_len(const void *value);

/* The number that the text is, strictly (number_parse); false if it is none. */
bool string_integer(const void *value, int64_t *number);

/* Whether the encoding is int (OBJECT REFCOUNT says 2147483647 for small ones). */
bool string_is_integer(const void *value);

/* Editing in place: APPEND, SETRANGE, SETBIT.
 *
 *     void *value = key_resize(c, 1, string_raw_size(len));
 *     char *bytes = string_stretch(value, len);
 *
 * string_stretch makes the value raw and `len` bytes long: the old text first, zeroes behind
 * it. The room must hold string_raw_size(len) bytes, where len ≥ string_len(value). */
size_t string_raw_size(size_t len);
char *string_stretch(void *value, size_t len);

#endif
