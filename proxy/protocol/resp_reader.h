#ifndef PODIS_PROXY_PROTOCOL_RESP_READER_H
#define PODIS_PROXY_PROTOCOL_RESP_READER_H

/* Takes requests out of bytes. Does no input or output: feed it what arrived.
 *
 *     *2\r\n  $3\r\n GET\r\n  $1\r\n k\r\n      or, inline:   GET k\r\n
 *     ^       ^               ^
 *     in      |               position: everything before it was looked at for good
 *             pieces[0] = { 4 + 4, 3 }
 *
 * A request that arrives whole costs no memory of its own: its arguments are spans into
 * `in`. When `in` ends inside a request the reader keeps its place, and the arguments so
 * far as offsets, since the bytes may move until it is called again. A big argument is
 * therefore neither parsed nor copied twice, however many reads bring it.
 *
 * The errors are Redis's, word for word; so is what is let through (nobody looks at the
 * two bytes after an argument). The requests do not depend on how the bytes were cut. */

#include "cache/base/arena.h"
#include "cache/base/err.h"
#include "cache/base/span.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    RESP_LINE_MAX = 64 * 1024,      /* An inline request, or the line of a count. */
    RESP_STRANGER_COUNT_MAX = 10,   /* Before authentication. */
    RESP_STRANGER_BULK_MAX = 16384, /* Before authentication. */
    RESP_ERROR_MAX = 64,
};

struct resp_limits {
    uint64_t bulk_max;  /* proto-max-bulk-len */
    bool authenticated; /* Else the limits for strangers hold. */
};

/* The arguments of a batch of requests, one after the other. */
struct resp_args {
    struct span *spans;
    size_t count;
    size_t capacity;
    struct arena text; /* Inline arguments whose quotes had to be taken off. */
};

struct resp_piece {
    size_t at; /* From the start of the request. */
    size_t len;
};

/* One connection's place in its bytes. Zeroed storage is a reader at the start of a request,
 * which holds no memory. */
struct resp_reader {
    size_t position;
    uint32_t left; /* Arguments still to come, once their count was read. */
    bool has_bulk; /* bulk_len was read, its bytes have not all come. */
    bool has_wrong;
    char wrong; /* The letter in "expected '$', got 'x'". */
    size_t bulk_len;
    const char *error; /* Set by ERR_PROTOCOL and ERR_TOO_BIG. */
    struct resp_piece *pieces;
    uint32_t piece_count, piece_capacity;
};

void resp_reader_fini(struct resp_reader *reader);

void resp_args_fini(struct resp_args *args);
/* Forgets the arguments and gives back what an unusual request needed. */
void resp_args_clear(struct resp_args *args);

/* Reads one request. `in` begins with the first byte of it, also when called again after ERR_MORE.
 *
 *   ERR_OK        its arguments were added to `args` (none: an empty line), borrowed from `in`
 *                 and from args->text; *used bytes are done
 *   ERR_MORE      `in` ends inside the request; call again with more of it. Nothing was added
 *   ERR_PROTOCOL  these bytes can never become a request; resp_reader_error() says why
 *   ERR_TOO_BIG   the same, because of a limit; nothing was allocated for it */
must_check enum err resp_read(struct resp_reader *reader, const struct resp_limits *limits,
                              struct span in, struct resp_args *args, size_t *used);
/* The same without the short way for usual requests, which is inlined into its one caller. */
must_check enum err resp_skip(struct resp_reader *reader, const struct resp_limits *limits,
                              struct span in, struct resp_args *args, size_t *used);

/* How many bytes more are needed at least before calling again makes sense. Of `in_len` bytes the
 * last call returned ERR_MORE. */
size_t resp_reader_missing(const struct resp_reader *reader, size_t in_len);

/* "Protocol error: …", as Redis says it; lies in `text`. */
struct span resp_reader_error(const struct resp_reader *reader, char text[RESP_ERROR_MAX]);

#endif
