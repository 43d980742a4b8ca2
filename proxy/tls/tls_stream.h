#ifndef PODIS_PROXY_TLS_TLS_STREAM_H
#define PODIS_PROXY_TLS_TLS_STREAM_H

/* One TLS connection over a socket that somebody else owns and watches.
 *
 * It is read and written like a non-blocking socket:
 *
 *     > 0        so many bytes
 *     0          reading: the other side will send no more
 *     -1         errno says why; EAGAIN: later
 *
 *     SHAKING --------------> OPEN -----> ENDED (the other side sends no more; we may)
 *        |                     |
 *        +------ broken -------+--------> FAILED
 *
 * When to try again. Reading is tried when the socket is readable, always; nothing is kept back
 * that could be read without it. Writing is tried when the socket is writable, if
 * tls_stream_wants_write() says so or there is something new to write and it is not shaking hands
 * any more. */

#include "cache/base/span.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct tls;
struct tls_stream;

enum {
    TLS_RECORD_MAX = 17 * 1024, /* A record of the protocol with all that is around it. */
    TLS_ROOM_MIN = 32 * 1024    /* Least room to read into. */
};

/* tls_is_ready() is true. `client`: we made the connection, and begin to shake hands. */
struct tls_stream *tls_stream_new(struct tls *tls, bool client);
void tls_stream_free(struct tls_stream *stream);

/* For a client: says hello, if it has not yet. */
void tls_stream_begin(struct tls_stream *stream, int fd);

/* At least TLS_ROOM_MIN bytes of room. One system call to receive; what has to be sent for the
 * protocol's own sake is sent too. */
ssize_t tls_stream_read(struct tls_stream *stream, int fd, char *room, size_t size);

/* Takes some of the bytes, all of them unless they are many. What it has taken but the socket has
 * not is kept, and bounded. */
ssize_t tls_stream_write(struct tls_stream *stream, int fd, struct span bytes);

/* Says goodbye, if it can be said without waiting. Nothing is written after it. */
void tls_stream_end(struct tls_stream *stream, int fd);

bool tls_stream_is_shaking(const struct tls_stream *stream);
/* What was taken is not all with the socket. */
bool tls_stream_wants_write(const struct tls_stream *stream);
/* Nothing more can be read, even if the last read brought something. */
bool tls_stream_has_ended(const struct tls_stream *stream);

/* About how much memory it holds. */
size_t tls_stream_bytes(const struct tls_stream *stream);

/* Why it failed, for a log. */
const char *tls_stream_error(const struct tls_stream *stream);

#endif
