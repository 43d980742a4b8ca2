/* One asynchronous connection to one database of one other podis; the only file that knows
 * hiredis.
 *
 * Reading. hiredis' parser calls the object functions below once for each value of an answer,
 * an aggregate before what is inside it. They hand it at once to the intake, which writes it into
 * the reply of the request at the front of the queue, so there is no tree; what they return is
 * one of two constant objects, there because hiredis looks at an answer's type. An answer to
 * nothing is refused with NULL, which ends the connection: hiredis would stop the process.
 *
 * Writing. hiredis asks for a write event after each command. We note the link instead and write
 * all noted links once, last thing before the loop sleeps: two system calls fewer for each
 * request, and one write for all requests of a turn.
 *
 * The watchers run at the highest priority: a turn reads the links, and with them the
 * invalidations, before it runs any request of a client (R10 of coherence.md).
 *
 * hiredis frees its context by itself when a connection fails, calling back for each request
 * without an answer. We forget the context first, and callbacks of a context that is not ours any
 * more do nothing; the queue is ours and is settled by us. */

#include "proxy/peers/link.h"

#include "cache/base/check.h"
#include "cache/base/hash.h"
#include "cache/base/memory.h"
#include "cache/base/number.h"
#include "proxy/peers/intake.h"
#include "proxy/peers/link_queue.h"
#include "proxy/peers/peers.h"

#include <arpa/inet.h>
#include <ev.h>
#include <hiredis/async.h>
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <time.h>

/* A peer's single value may be as long as proto-max-bulk-len lets a client's be. */
#define ANSWER_BYTES_MAX ((size_t)2 << 30)

enum { GREETINGS = 4, AT_HELLO = 1, READS_MAX = 64, SCRATCH_MAX = 1 << 16 };

struct links {
    struct ev_loop *loop;
    const struct log *log;
    uint64_t random;
    struct links_settings settings;
    uint64_t turn_ms;      /* 0 until somebody asks. */
    struct link *to_write; /* Linked by next_to_write. */
    ev_prepare before_sleep;
    redisReplyObjectFunctions functions;
};

struct link {
    struct links *links;
    const struct address *address;
    int db;
    struct link_listener listener;
    struct link_life life;
    struct link_queue queue;

    redisAsyncContext *context; /* NULL while down. */
    ev_io readable;
    ev_io writable;
    ev_timer timer;
    uint64_t armed_at_ms; /* When the timer fires; UINT64_MAX if never. */
    bool noted;           /* Is in links->to_write. */
    struct link *next_to_write;
    bool writing; /* hiredis is writing: it asks for an event because not all went out. */

    struct intake intake;
    struct buf scratch; /* Answers to the greeting and to pings. */
    struct reply scratch_reply;
    size_t greeted; /* Answers of the greeting so far. */

    char why[160]; /* Of the last failure. */
    bool complained;

    redisReply plain; /* What the object functions return. */
    redisReply pushed;
    redisReply push_name;
    redisReply *push_elements[1];
};

uint64_t links_clock_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_BOOTTIME, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

uint64_t links_turn_ms(struct links *links)
{
    if (links->turn_ms == 0) {
        links->turn_ms = links_clock_ms();
    }
    return links->turn_ms;
}

static void step(struct link *link, enum link_event event);
static void want_nothing(void *data);
static void begin_connect(struct link *link);
static void begin_greeting(struct link *link);

/* --- values, while they are parsed ------------------------------------------------------------ */

static void begin_scratch(struct link *link)
{
    buf_cut(&link->scratch, 0);
    link->scratch_reply = reply_into(&link->scratch, 3);
    intake_begin_reply(&link->intake, &link->scratch_reply);
}

/* The first value of an answer decides what the answer is about. False: about nothing. */
static bool begin(struct link *link, int type)
{
    struct span request;

    if (type == REDIS_REPLY_PUSH) {
        intake_begin_push(&link->intake);
        return true;
    }
    if (link->life.state == LINK_GREETING) {
        begin_scratch(link);
        return true;
    }
    const struct flight *flight = link_queue_front(&link->queue, &request);
    if (flight == NULL) {
        snprintf(link->why, sizeof(link->why), "it answered what was not asked");
        return false;
    }
    if (flight->ping) {
        begin_scratch(link);
    } else {
        intake_begin_call(&link->intake, flight->call);
    }
    return true;
}

/* The first byte of each type's form. */
static const char kinds[] = "?$*:_+-,#%~|>(=";
static_assert(REDIS_REPLY_STRING == 1, "the order of hiredis' types");
static_assert(REDIS_REPLY_VERB == sizeof(kinds) - 2, "the order of hiredis' types");

static void *take(const redisReadTask *task, struct span text, size_t count)
{
    struct link *link = task->privdata;
    struct value value = { .kind = kinds[task->type], .text = text, .count = count };

    for (const redisReadTask *above = task->parent; above != NULL; above = above->parent) {
        value.depth++;
    }
    value.index = task->idx;
    if (value.depth == 0 && !begin(link, task->type)) {
        return NULL;
    }
    intake_value(&link->intake, &value);
    return link->intake.subject == INTAKE_PUSH ? &link->pushed : &link->plain;
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

/* A null says nothing about its type: a null bulk is still a bulk to the parser. */
static void *take_null(const redisReadTask *task)
{
    redisReadTask null = *task;

    null.type =
        task->parent == NULL && task->type == REDIS_REPLY_PUSH ? task->type : REDIS_REPLY_NIL;
    return take(&null, (struct span){ 0 }, 0);
}

static void *take_boolean(const redisReadTask *task, int yes)
{
    return take(task, yes ? SPAN("t") : SPAN("f"), 0);
}

static void free_nothing(void *object)
{
    (void)object;
}

/* --- what there is to do ---------------------------------------------------------------------- */

static void arm_at(struct link *link, uint64_t at_ms)
{
    struct ev_loop *loop = link->links->loop;

    link->armed_at_ms = at_ms;
    ev_timer_stop(loop, &link->timer);
    if (at_ms != UINT64_MAX) {
        uint64_t now_ms = links_clock_ms();
        ev_timer_set(&link->timer, at_ms > now_ms ? (double)(at_ms - now_ms) / 1000.0 : 0., 0.);
        ev_timer_start(loop, &link->timer);
    }
}

static void arm(struct link *link)
{
    uint64_t wake = link_wake_at(&link->life, &link->links->settings.times);
    uint64_t deadline = link_queue_deadline(&link->queue);

    arm_at(link, wake < deadline ? wake : deadline);
}

static void on_answer(redisAsyncContext *context, void *answer, void *privdata);

static void send_waiting(struct link *link)
{
    uint64_t now_ms = links_turn_ms(link->links); /* Earlier is the safe side. */
    struct span request;

    while (link_queue_send(&link->queue, now_ms, &request) != NULL) {
        int sent =
            redisAsyncFormattedCommand(link->context, on_answer, link, request.bytes, request.len);
        assert(sent == REDIS_OK);
    }
}

static void ping(struct link *link)
{
    struct flight *flight = link_queue_add(&link->queue, &SPAN("PING"), 1);

    if (flight != NULL) { /* Else more than enough is under way to hear from the peer. */
        link_queue_mark_ping(&link->queue, flight);
        send_waiting(link);
    }
}

static void close_context(struct link *link)
{
    redisAsyncContext *context = link->context;

    want_nothing(link);
    link->context = NULL;
    if (context != NULL) {
        redisAsyncFree(context);
    }
}

/* Once in a row of failures is news. */
static void complain(struct link *link)
{
    enum log_level level = link->complained ? LOG_VERBOSE : LOG_NOTICE;

    log_to(link->links->log, level, "peer %s:%u db %d: %s", link->address->host,
           (unsigned)link->address->port, link->db,
           link->why[0] == '\0' ? "no sign of life" : link->why);
    link->complained = true;
    link->why[0] = '\0';
}

static void become_ready(struct link *link)
{
    log_notice(link->links->log, "peer %s:%u db %d: ready", link->address->host,
               (unsigned)link->address->port, link->db);
    link->complained = false;
    peer_metrics.peer_links_ready++;
    send_waiting(link);
    link->listener.ready(link->listener.context);
}

static void lose(struct link *link)
{
    peer_metrics.peer_links_ready--;
    if (!link->life.leaving) {
        peer_metrics.peer_link_losses_total++;
    }
    link->listener.lost(link->listener.context);
    link_queue_cut(&link->queue, &link->intake);
}

static void carry_out(struct link *link, struct link_todo todo)
{
    if (todo.close) {
        if (!link->life.leaving) {
            complain(link);
        }
        close_context(link);
    }
    if (todo.lost) {
        lose(link);
    }
    if (todo.connect) {
        begin_connect(link);
    }
    if (todo.greet) {
        begin_greeting(link);
    }
    if (todo.ready) {
        become_ready(link);
    }
    if (todo.ping && link->context != NULL) {
        ping(link);
    }
}

static void step(struct link *link, enum link_event event)
{
    struct links *links = link->links;

    carry_out(link, link_step(&link->life, event, &links->settings.times, links_clock_ms(),
                              random_next(&links->random)));
    if (event != LINK_HEARD) {
        arm(link);
    }
}

static void fail(struct link *link, const char *why)
{
    if (link->why[0] == '\0') {
        snprintf(link->why, sizeof(link->why), "%s", why);
    }
    step(link, LINK_FAILED);
}

/* --- callbacks of hiredis --------------------------------------------------------------------- */

/* An answer that is no pong means that answers and requests are out of step: no more of them. */
static void ponged(struct link *link, uint64_t sent_at_ms)
{
    if (!span_equal(buf_span(&link->scratch), SPAN("+PONG\r\n"))) {
        fail(link, "it answers out of step");
        return;
    }
    link->listener.confirmed(link->listener.context, sent_at_ms);
}

static void answered(struct link *link)
{
    struct span request;
    struct flight *flight = link_queue_front(&link->queue, &request);

    assert(flight != NULL);
    struct link_call *call = flight->call;
    struct link_result result = { .end = link->intake.moved ? LINK_MOVED : LINK_ANSWERED,
                                  .request = request,
                                  .moved_to = intake_moved_to(&link->intake),
                                  .sent_at_ms = flight->sent_at_ms };
    bool was_ping = flight->ping;

    intake_end(&link->intake);
    flight->call = NULL;
    if (call != NULL) {
        call->done(call, &result);
    }
    link_queue_pop(&link->queue);
    if (was_ping) {
        ponged(link, result.sent_at_ms);
    }
    if (link->life.state == LINK_DRAINING && link_waiting(link) == 0) {
        step(link, LINK_IDLE);
    }
}

/* hiredis gives up the context, and is freeing it. */
static void forget(struct link *link, const redisAsyncContext *context)
{
    link->context = NULL;
    fail(link, context->errstr == NULL || context->errstr[0] == '\0' ? "connection closed"
                                                                     : context->errstr);
}

/* Whether there is an answer, on a connection that is still ours. */
static bool came(struct link *link, const redisAsyncContext *context, const void *answer)
{
    if (link->context == context && answer == NULL) {
        forget(link, context);
    }
    return link->context == context;
}

static void on_answer(redisAsyncContext *context, void *answer, void *privdata)
{
    if (came(privdata, context, answer)) {
        answered(privdata);
    }
}

static void on_greeting(redisAsyncContext *context, void *answer, void *privdata)
{
    struct link *link = privdata;

    if (!came(link, context, answer)) {
        return;
    }
    if (link->scratch_reply.failed) {
        struct span too_long = SPAN("-its reason is too long\r\n");
        struct span text = link->scratch.len > 0 ? buf_span(&link->scratch) : too_long;
        snprintf(link->why, sizeof(link->why), "refused: %.*s", (int)text.len - 3, text.bytes + 1);
        fail(link, "refused");
        return;
    }
    if (link->greeted == AT_HELLO) {
        link->listener.greeted(link->listener.context, buf_span(&link->scratch));
    }
    link->greeted++;
    if (link->greeted == GREETINGS) {
        step(link, LINK_GREETED);
    }
}

static void on_connect(const redisAsyncContext *context, int status)
{
    struct link *link = context->data;

    if (link->context == context && status == REDIS_OK) {
        step(link, LINK_CONNECTED);
    } else if (link->context == context) {
        forget(link, context);
    }
}

static void on_disconnect(const redisAsyncContext *context, int status)
{
    struct link *link = context->data;

    (void)status;
    if (link->context == context) {
        forget(link, context);
    }
}

/* --- hiredis and the loop --------------------------------------------------------------------- */

static void want_read(void *data)
{
    struct link *link = data;
    ev_io_start(link->links->loop, &link->readable);
}

/* Before it is connected, being writable is how a socket says that it is. */
static void want_write(void *data)
{
    struct link *link = data;

    if (link->life.state == LINK_CONNECTING || link->writing) {
        ev_io_start(link->links->loop, &link->writable);
    } else if (!link->noted) {
        link->noted = true;
        link->next_to_write = link->links->to_write;
        link->links->to_write = link;
    }
}

static void want_no_write(void *data)
{
    struct link *link = data;
    ev_io_stop(link->links->loop, &link->writable);
}

static void want_nothing(void *data)
{
    struct link *link = data;

    ev_io_stop(link->links->loop, &link->readable);
    ev_io_stop(link->links->loop, &link->writable);
}

static void write_now(struct link *link)
{
    link->writing = true;
    redisAsyncHandleWrite(link->context);
    link->writing = false;
}

static void write_noted(struct ev_loop *loop, ev_prepare *watcher, int events)
{
    struct links *links = watcher->data;

    (void)loop;
    (void)events;
    links->turn_ms = 0;
    while (links->to_write != NULL) {
        struct link *link = links->to_write;
        links->to_write = link->next_to_write;
        link->noted = false;
        if (link->context != NULL && !ev_is_active(&link->writable)) {
            write_now(link);
        }
    }
}

static void read_once(struct link *link)
{
    const redisAsyncContext *context = link->context;

    redisAsyncHandleRead(link->context);
    if (link->context != context || link->life.state < LINK_READY) {
        return;
    }
    step(link, LINK_HEARD);
    if (link->context->c.reader->len > ANSWER_BYTES_MAX) {
        fail(link, "its answer is too long");
    }
}

static void on_readable(struct ev_loop *loop, ev_io *watcher, int events)
{
    struct link *link = watcher->data;

    (void)loop;
    (void)events;
    if (link->context != NULL) {
        read_once(link);
    }
}

static void on_writable(struct ev_loop *loop, ev_io *watcher, int events)
{
    struct link *link = watcher->data;

    (void)loop;
    (void)events;
    if (link->context != NULL) {
        write_now(link);
    }
}

static void on_timer(struct ev_loop *loop, ev_timer *watcher, int events)
{
    struct link *link = watcher->data;

    (void)loop;
    (void)events;
    link_queue_expire(&link->queue, links_clock_ms(), &link->intake);
    step(link, LINK_TICK);
}

bool link_read_all(struct link *link)
{
    for (int i = 0; i < READS_MAX; i++) {
        int bytes = 0;
        if (link->context == NULL || link->life.state < LINK_READY ||
            ioctl(link->context->c.fd, FIONREAD, &bytes) != 0 || bytes == 0) {
            return true;
        }
        read_once(link);
    }
    return false;
}

/* --- connecting and greeting ------------------------------------------------------------------ */

static bool is_numeric(const char *host)
{
    struct in6_addr ignored;
    return inet_pton(AF_INET, host, &ignored) == 1 || inet_pton(AF_INET6, host, &ignored) == 1;
}

static void attach(struct link *link, redisAsyncContext *context)
{
    link->context = context;
    context->data = link;
    context->ev.data = link;
    context->ev.addRead = want_read;
    context->ev.addWrite = want_write;
    context->ev.delWrite = want_no_write;
    context->ev.cleanup = want_nothing;
    context->c.reader->fn = &link->links->functions;
    context->c.reader->privdata = link;
    ev_io_set(&link->readable, context->c.fd, EV_READ);
    ev_io_set(&link->writable, context->c.fd, EV_WRITE);
    redisAsyncSetDisconnectCallback(context, on_disconnect);
    redisAsyncSetConnectCallback(context, on_connect);
}

static void begin_connect(struct link *link)
{
    peer_metrics.peer_connects_total++;
    if (!is_numeric(link->address->host)) {
        fail(link, "its address is a name that is not resolved"); /* hiredis would block. */
        return;
    }
    redisAsyncContext *context = redisAsyncConnect(link->address->host, link->address->port);
    if (context == NULL || context->err != 0) {
        snprintf(link->why, sizeof(link->why), "%s",
                 context == NULL ? "out of memory" : context->errstr);
        if (context != NULL) {
            redisAsyncFree(context);
        }
        fail(link, "cannot connect");
        return;
    }
    intake_end(&link->intake);
    link->greeted = 0;
    attach(link, context);
}

static void greet_with(struct link *link, const struct span *words, size_t count)
{
    const char *texts[HELLO_WORDS];
    size_t lens[HELLO_WORDS];

    assert(count <= HELLO_WORDS);
    for (size_t i = 0; i < count; i++) {
        texts[i] = words[i].bytes;
        lens[i] = words[i].len;
    }
    int sent = redisAsyncCommandArgv(link->context, on_greeting, link, (int)count, texts, lens);
    assert(sent == REDIS_OK);
}

/* All of it in one write: each part is acknowledged before the link is ready. */
static void begin_greeting(struct link *link)
{
    const struct span resp3[] = { SPAN("HELLO"), SPAN("3") };
    const struct span track[] = { SPAN("CLIENT"), SPAN("TRACKING"), SPAN("ON"), SPAN("OPTIN") };
    struct span hello[HELLO_WORDS];
    char version[8];
    char db[16];

    snprintf(db, sizeof(db), "%d", link->db);
    struct span select[] = { SPAN("SELECT"), span_from(db) };
    hello_words(link->links->settings.hello, version, hello);

    greet_with(link, resp3, COUNT(resp3));
    greet_with(link, hello, COUNT(hello));
    greet_with(link, select, COUNT(select));
    greet_with(link, track, COUNT(track));
}

/* --- for everyone ----------------------------------------------------------------------------- */

struct links *links_new(struct ev_loop *loop, const struct log *log, uint64_t seed)
{
    struct links *links = memory_zero(sizeof(*links));

    links->loop = loop;
    links->log = log;
    links->random = seed;
    links->functions = (redisReplyObjectFunctions){
        .createString = take_string,
        .createArray = take_array,
        .createInteger = take_integer,
        .createDouble = take_double,
        .createNil = take_null,
        .createBool = take_boolean,
        .freeObject = free_nothing,
    };
    ev_prepare_init(&links->before_sleep, write_noted);
    ev_set_priority(&links->before_sleep, EV_MINPRI);
    links->before_sleep.data = links;
    ev_prepare_start(loop, &links->before_sleep);
    return links;
}

void links_configure(struct links *links, const struct links_settings *settings)
{
    links->settings = *settings;
}

void links_free(struct links *links)
{
    if (links == NULL) {
        return;
    }
    assert(links->to_write == NULL);
    ev_prepare_stop(links->loop, &links->before_sleep);
    memory_free(links);
}

static void init_watchers(struct link *link)
{
    ev_init(&link->readable, on_readable);
    ev_init(&link->writable, on_writable);
    ev_init(&link->timer, on_timer);
    ev_set_priority(&link->readable, EV_MAXPRI);
    ev_set_priority(&link->writable, EV_MAXPRI);
    link->readable.data = link;
    link->writable.data = link;
    link->timer.data = link;
}

struct link *link_new(struct links *links, const struct address *address, int db,
                      const struct link_listener *listener)
{
    static char name[] = "invalidate";
    struct link *link = memory_zero(sizeof(*link));

    link->links = links;
    link->address = address;
    link->db = db;
    link->listener = *listener;
    intake_init(&link->intake, listener->invalidate, listener->context);
    link_queue_init(&link->queue);
    buf_init(&link->scratch, SCRATCH_MAX);
    link->plain = (redisReply){ .type = REDIS_REPLY_STATUS, .str = name };
    link->push_name =
        (redisReply){ .type = REDIS_REPLY_STRING, .str = name, .len = sizeof(name) - 1 };
    link->push_elements[0] = &link->push_name;
    link->pushed = (redisReply){ .type = REDIS_REPLY_PUSH, .elements = 1 };
    link->pushed.element = link->push_elements;
    init_watchers(link);
    arm_at(link, 0); /* Connect from the loop: a listener is not called from inside this. */
    return link;
}

static void unnote(struct link *link)
{
    struct link **at = &link->links->to_write;

    while (link->noted && *at != link) {
        at = &(*at)->next_to_write;
    }
    if (link->noted) {
        *at = link->next_to_write;
        link->noted = false;
    }
}

void link_free(struct link *link)
{
    if (link == NULL) {
        return;
    }
    link->life.leaving = true;
    close_context(link);
    if (link_is_ready(link) || link->life.state == LINK_DRAINING) {
        lose(link);
    }
    link_queue_expire(&link->queue, UINT64_MAX, &link->intake);
    ev_timer_stop(link->links->loop, &link->timer);
    unnote(link);
    link_queue_fini(&link->queue);
    buf_fini(&link->scratch);
    memory_free(link);
}

bool link_send(struct link *link, const struct span *argv, size_t argc, uint64_t deadline_ms,
               struct link_call *call)
{
    struct flight *flight = link->life.leaving ? NULL : link_queue_add(&link->queue, argv, argc);

    if (flight == NULL) {
        return false;
    }
    flight->call = call;
    flight->deadline_ms = deadline_ms;
    if (link->life.state == LINK_READY) {
        send_waiting(link);
    }
    if (deadline_ms < link->armed_at_ms) {
        arm_at(link, deadline_ms);
    }
    return true;
}

void link_drain(struct link *link)
{
    step(link, LINK_DRAIN);
    link_queue_expire(&link->queue, UINT64_MAX, &link->intake);
    if (link->life.state == LINK_DRAINING && link_waiting(link) == 0) {
        step(link, LINK_IDLE);
    }
}

void link_abandon_unsent(struct link *link)
{
    link_queue_expire(&link->queue, UINT64_MAX, &link->intake);
}

bool link_is_ready(const struct link *link)
{
    return link->life.state == LINK_READY;
}

const struct link_life *link_life_of(const struct link *link)
{
    return &link->life;
}

size_t link_waiting(const struct link *link)
{
    return link->queue.count - link->queue.pings;
}
