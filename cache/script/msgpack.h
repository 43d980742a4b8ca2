#ifndef PODIS_CACHE_SCRIPT_MSGPACK_H
#define PODIS_CACHE_SCRIPT_MSGPACK_H

/* MessagePack, as far as the cmsgpack library of Redis speaks it: bytes only.
 *
 * A value is a head, and behind it the bytes of a text or the parts of an array or a map. What is
 * written is the shortest head that holds the value. The later formats (bin, ext) are neither
 * written nor read. https://github.com/msgpack/msgpack/blob/master/spec.md */

#include "cache/base/span.h"

#include <stdint.h>

enum { MSGPACK_HEAD_MAX = 9 };

/* Each writes a head and returns its length. */
size_t msgpack_put_nil(char head[MSGPACK_HEAD_MAX]);
size_t msgpack_put_boolean(char head[MSGPACK_HEAD_MAX], bool is);
/* As an integer if it is one of 64 bits, else as the shorter kind of float that holds it. */
size_t msgpack_put_number(char head[MSGPACK_HEAD_MAX], double number);
/* Lengths and counts are of 32 bits: more is written modulo 2^32. */
size_t msgpack_put_text(char head[MSGPACK_HEAD_MAX], size_t len);
size_t msgpack_put_array(char head[MSGPACK_HEAD_MAX], size_t count);
size_t msgpack_put_map(char head[MSGPACK_HEAD_MAX], size_t count);

enum msgpack_kind {
    MSGPACK_NIL,
    MSGPACK_BOOLEAN,
    MSGPACK_NUMBER,
    MSGPACK_TEXT,
    MSGPACK_ARRAY, /* Its `count` parts follow. */
    MSGPACK_MAP,   /* Its `count` pairs follow. */
    MSGPACK_SHORT, /* The bytes end too early. */
    MSGPACK_BAD,   /* No format that is known here. */
};

struct msgpack_item {
    enum msgpack_kind kind;
    bool is;
    double number;
    struct span text; /* Of the bytes that are read. */
    uint32_t count;
};

/* Takes one head, and the text behind it, off the bytes. Those that are short or bad stay. */
struct msgpack_item msgpack_take(struct span *bytes);

#endif
