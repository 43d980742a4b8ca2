#ifndef PODIS_CACHE_DS_SAVED_H
#define PODIS_CACHE_DS_SAVED_H

/* The pieces of which RDB files and DUMP payloads are made (Redis 7.2, RDB version 11):
 * lengths of one to nine bytes, strings that may be integers or LZF-compressed, doubles.
 *
 * A loader trusts nothing. Each of its functions returns false at the first thing that cannot be,
 * and says why; from then on all of them return false, so that a reader may check once at the
 * end of a group. Lengths are checked against what is left before anything is allocated. */

#include "cache/base/buf.h"
#include "cache/base/span.h"

#include <stdint.h>

struct saver {
    struct buf *out;
    bool compress;     /* LZF for strings over 20 bytes, where it gains (rdbcompression). */
    bool full;         /* The buffer's maximum was passed: what is there is useless. */
    bool for_7_0;      /* Only forms that Redis 7.0 knows, where a value has one. */
    struct span key;   /* In files: goes behind the value's type byte. .bytes is NULL: not. */
    struct buf *later; /* NULL, or takes a save_mark for each string that may be compressed. */
};

/* A string that lies in `out` without its length, whose compression was put off. */
struct save_mark {
    size_t at, len;
};

/* Saves what was saved with marks, and compresses it now if that gains. They are in order. */
void save_marked(struct saver *saver, struct span bytes, const struct save_mark *marks,
                 size_t count);

void save_byte(struct saver *saver, uint8_t byte);
/* The first of a value. */
void save_type(struct saver *saver, uint8_t code);
void save_raw(struct saver *saver, struct span bytes); /* Without its length. */
void save_len(struct saver *saver, uint64_t len);
/* As Redis does: text that is a small integer in its binary form, long text compressed. */
void save_string(struct saver *saver, struct span text);
/* The same for the contents of a listpack or intset, which are never taken for an integer. */
void save_block(struct saver *saver, struct span bytes);
void save_double(struct saver *saver, double number); /* Eight bytes, little endian. */
void save_ms(struct saver *saver, int64_t ms);        /* The same of an integer. */

struct loader {
    struct span in;  /* What is left. */
    const char *why; /* NULL, or a constant text: what was wrong. */
    bool nothing;    /* It was that the value is empty; all of it was read. */
    struct buf text; /* Of the string that was read last, if it did not lie in `in`. */
};

void loader_init(struct loader *loader, struct span in);
void loader_fini(struct loader *loader);
/* Notes what is wrong, unless something was before. Always false. */
bool load_failed(struct loader *loader, const char *why);
/* The same about an aggregate without elements, which cannot be a key's value. */
bool load_is_empty(struct loader *loader, const char *why);

must_check bool load_byte(struct loader *loader, uint8_t *byte);
must_check bool load_raw(struct loader *loader, size_t len, struct span *bytes);
must_check bool load_len(struct loader *loader, uint64_t *len);
/* A number of things that take at least `each` bytes of what is left: else it is a lie. */
must_check bool load_count(struct loader *loader, size_t each, uint64_t *count);
/* Borrowed until the next string is loaded. */
must_check bool load_string(struct loader *loader, struct span *text);
must_check bool load_double(struct loader *loader, double *number);      /* Binary. */
must_check bool load_text_double(struct loader *loader, double *number); /* Of RDB 1–7: zset. */
must_check bool load_ms(struct loader *loader, int64_t *ms);

#endif
