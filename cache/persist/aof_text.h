#ifndef PODIS_CACHE_PERSIST_AOF_TEXT_H
#define PODIS_CACHE_PERSIST_AOF_TEXT_H

/* Requests out of a file of them: what cache/persist/change_text.c writes, and Redis.
 *
 *     #TS:1628217470\r\n                          a note; skipped
 *     *3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n     a request
 *
 * The file is all there, as memory that is only read, so a request's words are borrowed from it and
 * nothing is allocated by a number in it. */

#include "cache/base/span.h"

#include <stdint.h>

struct aof_text {
    struct span bytes; /* The whole file. */
    size_t at;         /* Of the next request, or what is behind the last. */
    struct span *argv; /* Of the last request; owned, its words borrowed. */
    size_t argc, room;
};

enum aof_item {
    AOF_REQUEST, /* argv and argc are set. */
    AOF_END,     /* `at` is the end of the file. */
    AOF_CUT,     /* The file ends within a request, which begins at `at`. */
    AOF_BROKEN,  /* This is no request; it begins at `at`. */
};

void aof_text_init(struct aof_text *text, struct span bytes, size_t at);
void aof_text_fini(struct aof_text *text);
enum aof_item aof_text_next(struct aof_text *text);

#endif
