/* One asynchronous TCP connection to another podis; the only file that knows hiredis.
 *
 * Reading. hiredis' parser calls the object functions below once for each value of an answer,
 * an aggregate before what is inside it. They hand it on at once, so there is no tree; what they
 * return is one of two objects that never change, there because hiredis looks at an answer's
 * type. An answer to nothing is refused with NULL, which ends the connection: hiredis would stop
 * the process.
 *
 * Writing. hiredis asks for a write event after each command. We note the connection instead and
 * write all noted ones once, last thing before the loop sleeps: two system calls fewer for each
 * request, and one write for all requests of a turn.
 *
 * The watchers run at the highest priority: a turn reads the links, and with them the
 * invalidations, before it runs any request of a client (R10 of coherence.md).
 *
 * TLS. Once a socket is connected hiredis is given an object of OpenSSL for it, and does the rest:
 * the handshake goes on with the first reads and writes. It reads a record at a time, and all of
 * it, so nothing is left inside OpenSSL that the socket would not tell of.
 *
 * hiredis frees its context by itself when a connection fails, calling back for each request
 * without an answer. We forget the context first, and callbacks of a context that is not ours any
 * more do nothing; what was asked is for the owner to settle. */

#include "proxy/peers/wire.h"

#include "cache/base/check.h"
#include "cache/base/memory.h"
#include "cache/base/number.h"
#include "proxy/tls/tls.h"

#include <arpa/inet.h>
#include <hiredis/async.h>
#include <hiredis/hiredis.h>
#include <hiredis/hiredis_ssl.h>
#include <stdio.h>
#include <sys/ioctl.h>

/* A peer's single value may be as long as proto-max-bulk-len lets a client's be. */
#define ANSWER_BYTES_MAX ((size_t)2 << 30)

enum { READS_MAX = 64, KEEP_ALIVE_S = 60 };

struct wires {
    struct ev_loop *loop;
    struct tls *tls;    /* NULL: new connections are plain. */
    struct wire *noted; /* Linked by next_noted. */
    ev_prepare before_sleep;
    redisReplyObjectFunctions functions;
    redisReply plain; /* What the object functions return. */
    redisReply pushed;
    redisReply push_name;
    redisReply *push_elements[1];
};

/* --- values, while they are parsed ------------------------------------------------------------ */

/* The first byte of each type's form. */
static const char kinds[] = "?$*:_+-,#%~|>(=";
static_assert(REDIS_REPLY_STRING == 1, "the order of hiredis' types");
static_assert(REDIS_REPLY_VERB == sizeof(kinds) - 2, "the order of hiredis' types");

static void *hand_on(const redisReadTask *task, struct value value)
{
    struct wire *wire = task->privdata;

    for (const redisReadTask *above = task->parent; above != NULL; above = above->parent) {
        value.depth++;
    }
    value.index = task->idx;
    if (value.depth == 0) {
        wire->pushing = task->type == REDIS_REPLY_PUSH;
    }
    if (!wire->listener.value(wire->listener.context, &value)) {
        return NULL;
    }
    return wire->pushing ? &wire->wires->pushed : &wire->wires->plain;
}

static void *take(const redisReadTask *task, struct span text, size_t count)
{
    return hand_on(task, (struct value){ .kind = kinds[task->type], .text = text, .count = count });
}

static void *take_string(const redisReadTask *task, char *bytes, size_t len)
{
    return take(task, (struct span){ .bytes = bytes, .len = len }, 0);
}

static void *take_array(const redisReadTask *task, size_t elements)
{
    return take(task, (struct span){ 0 }, elements);
}

static void *take_integer(const redisReadTask *task, long long number)
{
    char text[NUMBER_TEXT_MAX];
    size_t len = number_format(text, number);

    return take(task, (struct span){ .bytes = text, .len = len }, 0);
}

static void *take_double(const redisReadTask *task, double number, char *text, size_t len)
{
    (void)number; /* The owner's digits are passed on as they are. */
    return take(task, (struct span){ .bytes = text, .len = len }, 0);
}

/* A null bulk and a null array are told apart by what they are the null of; a null that is pushed
 * is still a push to the parser. */
static void *take_null(const redisReadTask *task)
{
    bool push = task->parent == NULL && task->type == REDIS_REPLY_PUSH;

    return hand_on(task, (struct value){ .kind = kinds[push ? REDIS_REPLY_PUSH : REDIS_REPLY_NIL],
                                         .of_array = task->type == REDIS_REPLY_ARRAY });
}

static void *take_boolean(const redisReadTask *task, int yes)
{
    return take(task, yes ? SPAN("t") : SPAN("f"), 0);
}

static void free_nothing(void *object)
{
    (void)object;
}

/* --- callbacks of hiredis --------------------------------------------------------------------- */

/* hiredis gives up the context, and is freeing it. */
static void forget(struct wire *wire, const redisAsyncContext *context)
{
    const char *why = context->errstr == NULL || context->errstr[0] == '\0' ? "connection closed"
                                                                            : context->errstr;
    const char *disbelief = wire->object == NULL ? NULL : tls_disbelief(wire->object);

    why = disbelief == NULL ? why : disbelief;
    wire->context = NULL;
    wire->object = NULL;
    wire->listener.failed(wire->listener.context, why);
}

static void on_answer(redisAsyncContext *context, void *answer, void *privdata)
{
    struct wire *wire = privdata;

    if (wire->context != context) {
        return;
    }
    if (answer == NULL) {
        forget(wire, context);
    } else {
        wire->listener.answered(wire->listener.context);
    }
}

/* False: it is closed, and the listener knows why. */
static bool begin_tls(struct wire *wire)
{
    struct ssl_st *object = tls_client_object(wire->tls);
    char why[160] = "its certificates are not there";

    if (object != NULL && redisInitiateSSL(&wire->context->c, object) == REDIS_OK) {
        wire->object = object;
        return true;
    }
    if (object != NULL) {
        snprintf(why, sizeof(why), "%s", wire->context->c.errstr);
        tls_object_free(object);
    }
    wire_close(wire);
    wire->listener.failed(wire->listener.context, why);
    return false;
}

static void on_connect(const redisAsyncContext *context, int status)
{
    struct wire *wire = context->data;

    if (wire->context == context && status == REDIS_OK) {
        if (wire->tls == NULL || begin_tls(wire)) {
            wire->connected = true;
            wire->listener.connected(wire->listener.context);
        }
    } else if (wire->context == context) {
        forget(wire, context);
    }
}

static void on_disconnect(const redisAsyncContext *context, int status)
{
    struct wire *wire = context->data;

    (void)status;
    if (wire->context == context) {
        forget(wire, context);
    }
}

/* --- hiredis and the loop --------------------------------------------------------------------- */

static void want_read(void *data)
{
    struct wire *wire = data;
    ev_io_start(wire->wires->loop, &wire->readable);
}

/* Before it is connected, being writable is how a socket says that it is. */
static void want_write(void *data)
{
    struct wire *wire = data;

    if (!wire->connected || wire->writing) {
        ev_io_start(wire->wires->loop, &wire->writable);
    } else if (!wire->noted) {
        wire->noted = true;
        wire->next_noted = wire->wires->noted;
        wire->wires->noted = wire;
    }
}

static void want_no_write(void *data)
{
    struct wire *wire = data;
    ev_io_stop(wire->wires->loop, &wire->writable);
}

static void want_nothing(void *data)
{
    struct wire *wire = data;

    ev_io_stop(wire->wires->loop, &wire->readable);
    ev_io_stop(wire->wires->loop, &wire->writable);
}

static void write_now(struct wire *wire)
{
    wire->writing = true;
    redisAsyncHandleWrite(wire->context);
    wire->writing = false;
}

static void write_noted(struct ev_loop *loop, ev_prepare *watcher, int events)
{
    struct wires *wires = watcher->data;

    (void)loop;
    (void)events;
    while (wires->noted != NULL) {
        struct wire *wire = wires->noted;
        wires->noted = wire->next_noted;
        wire->noted = false;
        if (wire->context != NULL && !ev_is_active(&wire->writable)) {
            write_now(wire);
        }
    }
}

static void read_once(struct wire *wire)
{
    redisAsyncContext *context = wire->context;

    redisAsyncHandleRead(context);
    if (wire->context == context && wire->connected) {
        wire->listener.heard(wire->listener.context);
    }
    if (wire->context == context && context->c.reader->len > ANSWER_BYTES_MAX) {
        wire_close(wire);
        wire->listener.failed(wire->listener.context, "its answer is too long");
    }
}

static void on_readable(struct ev_loop *loop, ev_io *watcher, int events)
{
    struct wire *wire = watcher->data;

    (void)loop;
    (void)events;
    if (wire->context != NULL) {
        read_once(wire);
    }
}

static void on_writable(struct ev_loop *loop, ev_io *watcher, int events)
{
    struct wire *wire = watcher->data;

    (void)loop;
    (void)events;
    if (wire->context != NULL) {
        write_now(wire);
    }
}

bool wire_read_all(struct wire *wire)
{
    for (int i = 0; i < READS_MAX; i++) {
        int bytes = 0;
        if (wire->context == NULL || !wire->connected ||
            ioctl(wire->context->c.fd, FIONREAD, &bytes) != 0 || bytes == 0) {
            return true;
        }
        read_once(wire);
    }
    return false;
}

/* --- open and closed -------------------------------------------------------------------------- */

static bool is_numeric(const char *host)
{
    struct in6_addr ignored;
    return inet_pton(AF_INET, host, &ignored) == 1 || inet_pton(AF_INET6, host, &ignored) == 1;
}

static void attach(struct wire *wire, redisAsyncContext *context)
{
    wire->context = context;
    wire->tls = wire->wires->tls;
    wire->object = NULL;
    wire->connected = false;
    context->data = wire;
    context->ev.data = wire;
    context->ev.addRead = want_read;
    context->ev.addWrite = want_write;
    context->ev.delWrite = want_no_write;
    context->ev.cleanup = want_nothing;
    context->c.reader->fn = &wire->wires->functions;
    context->c.reader->privdata = wire;
    ev_io_set(&wire->readable, context->c.fd, EV_READ);
    ev_io_set(&wire->writable, context->c.fd, EV_WRITE);
    redisAsyncSetDisconnectCallback(context, on_disconnect);
    redisAsyncSetConnectCallback(context, on_connect);
}

bool wire_open(struct wire *wire, const char *host, uint16_t port, char *why, size_t why_size)
{
    assert(wire->context == NULL);
    if (!is_numeric(host)) { /* hiredis would block. */
        snprintf(why, why_size, "its address is a name that is not resolved");
        return false;
    }
    redisAsyncContext *context = redisAsyncConnect(host, port);
    if (context == NULL || context->err != 0) {
        snprintf(why, why_size, "%s", context == NULL ? "out of memory" : context->errstr);
        if (context != NULL) {
            redisAsyncFree(context);
        }
        return false;
    }
    attach(wire, context);
    return true;
}

void wire_close(struct wire *wire)
{
    redisAsyncContext *context = wire->context;
    struct wire **at = &wire->wires->noted;

    want_nothing(wire);
    wire->context = NULL;
    wire->object = NULL;
    if (context != NULL) {
        redisAsyncFree(context);
    }
    while (wire->noted && *at != wire) {
        at = &(*at)->next_noted;
    }
    if (wire->noted) {
        *at = wire->next_noted;
        wire->noted = false;
    }
}

void wire_keep_alive(struct wire *wire)
{
    if (wire->context != NULL) {
        redisEnableKeepAliveWithInterval(&wire->context->c, KEEP_ALIVE_S);
    }
}

void wire_send(struct wire *wire, struct span request)
{
    int sent =
        redisAsyncFormattedCommand(wire->context, on_answer, wire, request.bytes, request.len);
    assert(sent == REDIS_OK);
}

void wire_init(struct wire *wire, struct wires *wires, const struct wire_listener *listener)
{
    *wire = (struct wire){ .wires = wires, .listener = *listener };
    ev_init(&wire->readable, on_readable);
    ev_init(&wire->writable, on_writable);
    ev_set_priority(&wire->readable, EV_MAXPRI);
    ev_set_priority(&wire->writable, EV_MAXPRI);
    wire->readable.data = wire;
    wire->writable.data = wire;
}

/* --- for everyone ----------------------------------------------------------------------------- */

struct wires *wires_new(struct ev_loop *loop)
{
    static char name[] = "invalidate";
    struct wires *wires = memory_zero(sizeof(*wires));

    wires->loop = loop;
    wires->functions = (redisReplyObjectFunctions){
        .createString = take_string,
        .createArray = take_array,
        .createInteger = take_integer,
        .createDouble = take_double,
        .createNil = take_null,
        .createBool = take_boolean,
        .freeObject = free_nothing,
    };
    wires->plain = (redisReply){ .type = REDIS_REPLY_STATUS, .str = name };
    wires->push_name =
        (redisReply){ .type = REDIS_REPLY_STRING, .str = name, .len = sizeof(name) - 1 };
    wires->push_elements[0] = &wires->push_name;
    wires->pushed = (redisReply){ .type = REDIS_REPLY_PUSH, .elements = 1 };
    wires->pushed.element = wires->push_elements;
    ev_prepare_init(&wires->before_sleep, write_noted);
    ev_set_priority(&wires->before_sleep, EV_MINPRI);
    wires->before_sleep.data = wires;
    ev_prepare_start(loop, &wires->before_sleep);
    return wires;
}

void wires_speak(struct wires *wires, struct tls *tls)
{
    wires->tls = tls;
}

void wires_free(struct wires *wires)
{
    if (wires == NULL) {
        return;
    }
    assert(wires->noted == NULL);
    ev_prepare_stop(wires->loop, &wires->before_sleep);
    memory_free(wires);
}
