/* One asynchronous connection to one database of one other podis: who is answered by what comes,
 * and what is to be done next.
 *
 * The values of an answer are handed, while they are parsed (wire.c), to the intake, which writes
 * them into the reply of the request at the front of the queue. */

#include "proxy/peers/link.h"

#include "cache/base/check.h"
#include "cache/base/hash.h"
#include "cache/base/memory.h"
#include "proxy/peers/intake.h"
#include "proxy/peers/link_queue.h"
#include "proxy/peers/peers.h"
#include "proxy/peers/wire.h"
#include "proxy/peers/words.h"

#include <ev.h>
#include <stdio.h>
#include <time.h>

enum { GREETINGS = 4, AT_HELLO = 1, SCRATCH_MAX = 1 << 16 };

struct links {
    struct ev_loop *loop;
    const struct log *log;
    uint64_t random;
    struct links_settings settings;
    uint64_t turn_ms; /* 0 until somebody asks. */
    ev_prepare before_sleep;
    struct wires *wires;
};

struct link {
    struct links *links;
    const struct address *address;
    int db;
    struct link_listener listener;
    struct link_life life;
    struct link_queue queue;

    struct wire wire; /* Closed while down. */
    ev_timer timer;
    uint64_t armed_at_ms; /* When the timer fires; UINT64_MAX if never. */

    struct intake intake;
    struct buf scratch; /* Answers to the greeting and to pings. */
    struct reply scratch_reply;
    size_t greeted; /* Answers of the greeting so far. */

    char why[160]; /* Of the last failure. */
    bool complained;
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
static bool begin(struct link *link, char kind)
{
    struct span request;

    if (kind == '>') {
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

static bool on_value(void *context, const struct value *value)
{
    struct link *link = context;

    if (value->depth == 0 && !begin(link, value->kind)) {
        return false;
    }
    intake_value(&link->intake, value);
    return true;
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

static void send_waiting(struct link *link)
{
    uint64_t now_ms = links_turn_ms(link->links); /* Earlier is the safe side. */
    struct span request;

    while (link_queue_send(&link->queue, now_ms, &request) != NULL) {
        wire_send(&link->wire, request);
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

/* Once in a row of failures is news. */
static void complain(struct link *link)
{
    bool news = !link->complained && !link->life.quiet; /* Of a quiet one the others know too. */
    enum log_level level = news ? LOG_NOTICE : LOG_VERBOSE;

    log_to(link->links->log, level, "peer %s:%u db %d: %s", link->address->host,
           (unsigned)link->address->port, link->db,
           link->why[0] == '\0' ? "no sign of life" : link->why);
    link->complained = true;
    link->why[0] = '\0';
}

static void become_ready(struct link *link)
{
    log_to(link->links->log, link->life.quiet ? LOG_VERBOSE : LOG_NOTICE, "peer %s:%u db %d: ready",
           link->address->host, (unsigned)link->address->port, link->db);
    link->complained = false;
    peer_metrics.peer_links_ready += !link->life.quiet;
    send_waiting(link);
    link->listener.ready(link->listener.context);
}

static void lose(struct link *link)
{
    peer_metrics.peer_links_ready -= !link->life.quiet;
    if (!link->life.leaving && !link->life.quiet) {
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
        wire_close(&link->wire);
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
    if (todo.ping && wire_is_open(&link->wire)) {
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

/* --- answers ---------------------------------------------------------------------------------- */

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

static void greeted(struct link *link)
{
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

static void on_answered(void *context)
{
    struct link *link = context;

    if (link->life.state == LINK_GREETING) {
        greeted(link);
        return;
    }
    answered(link);
}

static void on_heard(void *context)
{
    struct link *link = context;

    if (link->life.state >= LINK_READY) {
        step(link, LINK_HEARD);
    }
}

static void on_connected(void *context)
{
    step(context, LINK_CONNECTED);
}

static void on_failed(void *context, const char *why)
{
    fail(context, why);
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
    return wire_read_all(&link->wire);
}

/* --- connecting and greeting ------------------------------------------------------------------ */

static void begin_connect(struct link *link)
{
    const struct address *address = link->address;
    char why[sizeof(link->why)];

    peer_metrics.peer_connects_total++;
    if (!wire_open(&link->wire, address->host, address->port, why, sizeof(why))) {
        fail(link, why);
        return;
    }
    if (link->life.quiet) {
        wire_keep_alive(&link->wire);
    }
    intake_end(&link->intake);
    link->greeted = 0;
}

static void greet_with(struct link *link, const struct span *words, size_t count)
{
    size_t len = words_len(words, count);
    char *bytes = memory_alloc(len);

    words_put(bytes, words, count);
    wire_send(&link->wire, (struct span){ bytes, len });
    memory_free(bytes);
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

static void end_turn(struct ev_loop *loop, ev_prepare *watcher, int events)
{
    struct links *links = watcher->data;

    (void)loop;
    (void)events;
    links->turn_ms = 0;
}

struct links *links_new(struct ev_loop *loop, const struct log *log, uint64_t seed)
{
    struct links *links = memory_zero(sizeof(*links));

    links->loop = loop;
    links->log = log;
    links->random = seed;
    links->wires = wires_new(loop);
    ev_prepare_init(&links->before_sleep, end_turn);
    ev_set_priority(&links->before_sleep, EV_MINPRI);
    links->before_sleep.data = links;
    ev_prepare_start(loop, &links->before_sleep);
    return links;
}

void links_configure(struct links *links, const struct links_settings *settings)
{
    links->settings = *settings;
    wires_speak(links->wires, settings->tls);
}

void links_free(struct links *links)
{
    if (links == NULL) {
        return;
    }
    ev_prepare_stop(links->loop, &links->before_sleep);
    wires_free(links->wires);
    memory_free(links);
}

struct link *link_new(struct links *links, const struct address *address, int db,
                      const struct link_listener *listener)
{
    struct link *link = memory_zero(sizeof(*link));
    struct wire_listener wire = { .context = link,
                                  .connected = on_connected,
                                  .value = on_value,
                                  .answered = on_answered,
                                  .heard = on_heard,
                                  .failed = on_failed };

    link->links = links;
    link->address = address;
    link->db = db;
    link->listener = *listener;
    intake_init(&link->intake, listener->invalidate, listener->context);
    link_queue_init(&link->queue);
    buf_init(&link->scratch, SCRATCH_MAX);
    wire_init(&link->wire, links->wires, &wire);
    ev_init(&link->timer, on_timer);
    link->timer.data = link;
    arm_at(link, 0); /* Connect from the loop: a listener is not called from inside this. */
    return link;
}

void link_make_quiet(struct link *link)
{
    assert(link->life.state == LINK_DOWN);
    link->life.quiet = true;
}

void link_free(struct link *link)
{
    if (link == NULL) {
        return;
    }
    link->life.leaving = true;
    wire_close(&link->wire);
    if (link_is_ready(link) || link->life.state == LINK_DRAINING) {
        lose(link);
    }
    link_queue_expire(&link->queue, UINT64_MAX, &link->intake);
    ev_timer_stop(link->links->loop, &link->timer);
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
