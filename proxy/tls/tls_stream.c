/* One TLS connection over a socket that somebody else owns and watches.
 *
 * OpenSSL never sees the socket. It reads from the bytes of one recv() and writes to a buffer:
 *
 *     recv() --> in: bytes of this call --> SSL_read() --> the caller's room
 *     send() <-- out: kept while needed <-- SSL_write() <-- the caller's bytes
 *
 * So it cannot wait for the wrong direction (a read that wants to write writes into `out`), one
 * call is one recv() or send() however many records there are, and no decrypted byte is held back:
 *
 *     1. The room is larger than what was received by at least a record. Of a record that is not
 *        whole OpenSSL keeps what it has; all that can be decrypted fits into the room.
 *     2. Therefore `in` is empty at the end of each call, in memory that all streams share.
 *     3. `out` is written to by tls_stream_write() only while it is empty, and by OpenSSL itself
 *        with little; it has a maximum, and to pass it fails the connection. */

#include "proxy/tls/tls_stream.h"

#include "cache/base/buf.h"
#include "cache/base/memory.h"
#include "proxy/tls/tls.h"
#include "proxy/tls/tls_inside.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <sys/socket.h>

enum {
    WRITE_BYTES = 64 * 1024,   /* Encrypted at a time, for one send() … */
    OBJECT_BYTES = 22 * 1024,  /* Of OpenSSL, idle, with a client certificate: measured. */
    WRITES_MAX = 8,            /* … and this often in a row. */
    OUT_MAX = WRITE_BYTES * 2, /* With what surrounds records, and hello and goodbye. */
};

enum state { SHAKING, OPEN, ENDED, FAILED };

struct tls_stream {
    struct tls *tls;
    SSL *ssl;
    enum state state;
    bool said_goodbye;
    struct span in;
    struct buf out;
    char why[96];
};

/* --- between OpenSSL and the buffers --- */

static int take_in(BIO *bio, char *room, size_t size, size_t *taken)
{
    struct tls_stream *stream = BIO_get_data(bio);

    BIO_clear_retry_flags(bio);
    *taken = stream->in.len < size ? stream->in.len : size;
    if (*taken == 0) {
        BIO_set_retry_read(bio);
        return 0;
    }
    memcpy(room, stream->in.bytes, *taken);
    stream->in = span_skip(stream->in, *taken);
    return 1;
}

static int put_out(BIO *bio, const char *bytes, size_t len, size_t *put)
{
    struct tls_stream *stream = BIO_get_data(bio);

    BIO_clear_retry_flags(bio);
    *put = 0;
    if (!buf_add(&stream->out, (struct span){ bytes, len })) {
        BIO_set_retry_write(bio);
        return 0;
    }
    *put = len;
    return 1;
}

static long control(BIO *bio, int command, long number, void *pointer)
{
    (void)bio;
    (void)number;
    (void)pointer;
    return command == BIO_CTRL_FLUSH;
}

BIO_METHOD *tls_stream_method(void)
{
    BIO_METHOD *method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "podis");

    assert(method != NULL);
    BIO_meth_set_read_ex(method, take_in);
    BIO_meth_set_write_ex(method, put_out);
    BIO_meth_set_ctrl(method, control);
    return method;
}

/* --- states --- */

static void fail(struct tls_stream *stream, const char *why)
{
    if (stream->state == SHAKING) {
        tls_metrics.tls_handshake_failures_total++;
    }
    snprintf(stream->why, sizeof(stream->why), "%s", why);
    stream->state = FAILED;
}

/* After a call of OpenSSL that did not do what it was to do. */
static void note_failure(struct tls_stream *stream, int result)
{
    switch (SSL_get_error(stream->ssl, result)) {
    case SSL_ERROR_WANT_READ:
        break;
    case SSL_ERROR_ZERO_RETURN:
        stream->state = ENDED;
        break;
    case SSL_ERROR_WANT_WRITE:
        fail(stream, "it makes us send more than it reads");
        break;
    default: {
        const char *disbelief = tls_disbelief(stream->ssl);
        const char *reason = ERR_reason_error_string(ERR_peek_error());
        fail(stream, disbelief != NULL ? disbelief : reason != NULL ? reason : "unknown error");
        break;
    }
    }
    /* hiredis shares the queue of errors, and believes all of them to be its own. */
    ERR_clear_error();
}

static void note_progress(struct tls_stream *stream)
{
    if (stream->state == SHAKING && SSL_is_init_finished(stream->ssl)) {
        stream->state = OPEN;
        tls_metrics.tls_handshakes_total++;
    }
}

/* --- sockets --- */

/* Sends what it can of `out`; false if the socket is broken. */
static bool send_out(struct tls_stream *stream, int fd)
{
    struct span out = buf_span(&stream->out);

    if (out.len == 0) {
        return true;
    }
    ssize_t sent = send(fd, out.bytes, out.len, MSG_NOSIGNAL);
    if (sent < 0) {
        return errno == EAGAIN || errno == EINTR;
    }
    buf_consume(&stream->out, (size_t)sent);
    buf_trim(&stream->out, 0);
    return true;
}

/* Decrypts all of `in`. */
static size_t decrypt(struct tls_stream *stream, char *room, size_t size)
{
    size_t total = 0;
    size_t len;

    ERR_clear_error();
    while (SSL_read_ex(stream->ssl, room + total, size - total, &len) == 1) {
        total += len;
        assert(total < size);
    }
    note_failure(stream, 0);
    note_progress(stream);
    return total;
}

ssize_t tls_stream_read(struct tls_stream *stream, int fd, char *room, size_t size)
{
    assert(size >= TLS_ROOM_MIN);
    if (tls_stream_has_ended(stream)) {
        errno = EPROTO;
        return stream->state == ENDED ? 0 : -1;
    }
    size_t most = size - TLS_RECORD_MAX;
    most = most < TLS_SCRATCH ? most : TLS_SCRATCH;
    char *scratch = tls_scratch(stream->tls);
    ssize_t got = recv(fd, scratch, most, 0);
    if (got <= 0) {
        if (stream->state == SHAKING && (got == 0 || (errno != EAGAIN && errno != EINTR))) {
            int error = errno;
            fail(stream, got == 0 ? "connection closed" : strerror(error));
            errno = error;
        }
        return got;
    }
    stream->in = (struct span){ scratch, (size_t)got };
    size_t total = decrypt(stream, room, size);
    assert(stream->in.len == 0 || tls_stream_has_ended(stream));
    stream->in = SPAN("");
    if (!send_out(stream, fd)) {
        fail(stream, strerror(errno));
    }
    if (total > 0) {
        return (ssize_t)total;
    }
    errno = stream->state == FAILED ? EPROTO : EAGAIN;
    return stream->state == ENDED ? 0 : -1;
}

/* Encrypts and sends some bytes, of which it returns how many it took. */
static size_t write_some(struct tls_stream *stream, int fd, struct span bytes)
{
    size_t len = bytes.len < WRITE_BYTES ? bytes.len : WRITE_BYTES;
    size_t taken;

    ERR_clear_error();
    if (SSL_write_ex(stream->ssl, bytes.bytes, len, &taken) != 1) {
        note_failure(stream, 0);
        return 0;
    }
    if (!send_out(stream, fd)) {
        fail(stream, strerror(errno));
    }
    return taken;
}

ssize_t tls_stream_write(struct tls_stream *stream, int fd, struct span bytes)
{
    size_t total = 0;

    assert(!stream->said_goodbye);
    if (stream->state != FAILED && !send_out(stream, fd)) {
        fail(stream, strerror(errno));
    }
    for (int i = 0; i < WRITES_MAX && total < bytes.len; i++) {
        if (stream->state == SHAKING || stream->state == FAILED || stream->out.len > 0) {
            break;
        }
        total += write_some(stream, fd, span_skip(bytes, total));
    }
    if (stream->state == FAILED) {
        errno = EPROTO;
        return -1;
    }
    errno = EAGAIN;
    return total == 0 ? -1 : (ssize_t)total;
}

void tls_stream_begin(struct tls_stream *stream, int fd)
{
    ERR_clear_error();
    if (stream->state == SHAKING && SSL_do_handshake(stream->ssl) != 1) {
        note_failure(stream, 0);
    }
    if (!send_out(stream, fd)) {
        fail(stream, strerror(errno));
    }
}

void tls_stream_end(struct tls_stream *stream, int fd)
{
    if (stream->said_goodbye || (stream->state != OPEN && stream->state != ENDED)) {
        return;
    }
    stream->said_goodbye = true;
    ERR_clear_error();
    SSL_shutdown(stream->ssl);
    ERR_clear_error();
    if (!send_out(stream, fd)) {
        fail(stream, strerror(errno));
    }
}

/* --- life --- */

struct tls_stream *tls_stream_new(struct tls *tls, bool client)
{
    struct tls_stream *stream = memory_zero(sizeof(*stream));

    stream->tls = tls;
    stream->ssl = tls_object(tls, client);
    buf_init(&stream->out, OUT_MAX);
    BIO *bio = BIO_new(tls_method(tls));
    assert(bio != NULL);
    BIO_set_data(bio, stream);
    BIO_set_init(bio, 1);
    SSL_set_bio(stream->ssl, bio, bio);
    return stream;
}

void tls_stream_free(struct tls_stream *stream)
{
    if (stream == NULL) {
        return;
    }
    SSL_free(stream->ssl);
    buf_fini(&stream->out);
    memory_free(stream);
}

bool tls_stream_is_shaking(const struct tls_stream *stream)
{
    return stream->state == SHAKING;
}

bool tls_stream_wants_write(const struct tls_stream *stream)
{
    return stream->out.len > 0 && stream->state != FAILED;
}

bool tls_stream_has_ended(const struct tls_stream *stream)
{
    return stream->state == ENDED || stream->state == FAILED;
}

size_t tls_stream_bytes(const struct tls_stream *stream)
{
    return sizeof(*stream) + OBJECT_BYTES + stream->out.capacity;
}

const char *tls_stream_error(const struct tls_stream *stream)
{
    return stream->why;
}
