/* Clients that wait for a key, here or at the member that owns it.
 *
 * The words of a command that waits are kept in one block with its places in the lines. When a
 * key of it is ready, and holds a value of the type that is waited for, the command is run again
 * the usual way (dispatch.c); it is counted once, when it is answered. What it changes may make
 * other keys ready: they queue behind the ready ones. So BLMOVE can feed a waiter that feeds the
 * next, and the order is that of Redis' handleClientsBlockedOnKeys().
 *
 * Ready keys are served after the command that changed them; what changes without a command of a
 * client (expiry, keys that are handed over) is served before the turn's answers are written.
 *
 * When keys get another owner, those who wait for them here go there: an app's wait goes on as an
 * errand (proxy/peers), a peer is told MOVED, as its own errand is about to follow. An errand that
 * finds the keys to be ours comes home, and is run here. */

#include "proxy/server/waiting.h"

#include "cache/base/memory.h"
#include "proxy/server/dispatch.h"
#include "proxy/server/state.h"

#include <stddef.h>
#include <time.h>

struct wait {
    struct deadline deadline; /* First: a wait is found by its address. */
    struct session *session;
    const struct command *command;
    size_t id;
    const struct type *type;
    bool null_array;
    bool until_told;
    struct wait *next_told; /* UNTIL_TOLD */
    struct span *argv;
    size_t argc;
    struct errand *errand; /* NULL: it waits here. */
    struct errand_asker asker;
    struct buf bytes; /* What the errand brings. */
    struct reply reply;
    size_t place_count;
    struct place places[];
};

uint64_t waiting_clock_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static struct request request_of(const struct wait *wait)
{
    return (struct request){
        .command = wait->command, .id = wait->id, .argv = wait->argv, .argc = wait->argc
    };
}

/* --- time ------------------------------------------------------------------------------------- */

static void rearm(struct server *server)
{
    struct waiting *waiting = &server->waiting;
    const struct deadline *first = deadlines_first(&waiting->deadlines);
    struct ev_loop *loop = server->parts.loop;

    ev_timer_stop(loop, &waiting->timer);
    if (first != NULL) {
        uint64_t now_ms = waiting_clock_ms();
        double after = first->at_ms > now_ms ? (double)(first->at_ms - now_ms) / 1000.0 : 0.;
        /* The loop counts from when its turn began. */
        after += ev_time() - ev_now(loop);
        ev_timer_set(&waiting->timer, after > 0. ? after : 0., 0.);
        ev_timer_start(loop, &waiting->timer);
    }
}

static void on_timer(struct ev_loop *loop, struct ev_timer *timer, int events)
{
    struct server *server = timer->data;

    (void)loop;
    (void)events;
    waiting_expire(server, waiting_clock_ms());
}

static void set_deadline(struct server *server, struct wait *wait, uint64_t timeout_ms)
{
    struct waiting *waiting = &server->waiting;
    uint64_t now_ms = waiting_clock_ms();

    if (timeout_ms == 0) {
        return;
    }
    uint64_t at_ms = timeout_ms > UINT64_MAX - now_ms ? UINT64_MAX : now_ms + timeout_ms;
    deadlines_set(&waiting->deadlines, &wait->deadline, at_ms);
    if (deadlines_first(&waiting->deadlines) == &wait->deadline) {
        rearm(server);
    }
}

/* --- life ------------------------------------------------------------------------------------- */

void waiting_init(struct server *server)
{
    struct waiting *waiting = &server->waiting;
    struct cache *cache = server->parts.cache;

    *waiting = (struct waiting){ 0 };
    lines_init(&waiting->lines, cache_databases(cache), server->parts.seed);
    ev_init(&waiting->timer, on_timer);
    waiting->timer.data = server;
    cache_listen(cache, lines_change, &waiting->lines);
}

void waiting_fini(struct server *server)
{
    struct waiting *waiting = &server->waiting;

    assert(waiting->count == 0);
    ev_timer_stop(server->parts.loop, &waiting->timer);
    deadlines_fini(&waiting->deadlines);
    lines_fini(&waiting->lines);
}

/* One block: the wait, its places, its words, their bytes. */
static struct wait *wait_new(const struct call_wait *asked)
{
    size_t places = asked->key_count * sizeof(struct place);
    size_t words = asked->argc * sizeof(struct span);
    size_t len = 0;

    for (size_t i = 0; i < asked->argc; i++) {
        len += asked->argv[i].len;
    }
    struct wait *wait = memory_alloc(sizeof(*wait) + places + words + len);
    *wait = (struct wait){ .type = asked->type,
                           .null_array = asked->null_array,
                           .until_told = asked->until_told,
                           .argc = asked->argc };
    wait->argv = (struct span *)(wait->places + asked->key_count);
    char *bytes = (char *)(wait->argv + asked->argc);
    for (size_t i = 0; i < asked->argc; i++) {
        wait->argv[i] = (struct span){ bytes, asked->argv[i].len };
        if (asked->argv[i].len > 0) {
            memcpy(bytes, asked->argv[i].bytes, asked->argv[i].len);
        }
        bytes += asked->argv[i].len;
    }
    return wait;
}

/* The key may have been named before: a line is joined once. */
static void join_lines(struct server *server, struct wait *wait, const struct call_wait *asked)
{
    for (size_t i = 0; i < asked->key_count; i++) {
        struct place *place = &wait->places[wait->place_count];
        *place = (struct place){ .waiter = wait, .or_gone = asked->or_gone };
        struct span key = wait->argv[asked->keys[i]];
        wait->place_count += lines_join(&server->waiting.lines, place, wait->session->db, key);
    }
}

static void leave_lines(struct server *server, struct wait *wait)
{
    for (size_t i = 0; i < wait->place_count; i++) {
        lines_leave(&server->waiting.lines, &wait->places[i]);
    }
    wait->place_count = 0;
}

static void leave_told(struct server *server, struct wait *wait)
{
    struct wait **place = &server->waiting.told;

    while (*place != wait) {
        place = &(*place)->next_told;
    }
    *place = wait->next_told;
}

static void wait_free(struct server *server, struct wait *wait)
{
    leave_lines(server, wait);
    if (wait->until_told) {
        leave_told(server, wait);
    }
    deadlines_remove(&server->waiting.deadlines, &wait->deadline);
    if (wait->errand != NULL) {
        peers_end_errand(wait->errand);
    }
    buf_fini(&wait->bytes);
    memory_free(wait);
}

/* The session waits like this from now on. */
static struct wait *begin(struct server *server, struct session *session,
                          const struct request *request, const struct call_wait *asked)
{
    struct wait *wait = wait_new(asked);

    wait->session = session;
    wait->command = request->command;
    wait->id = request->id;
    if (session->wait == NULL) {
        server->waiting.count++;
    } else {
        wait_free(server, session->wait);
    }
    session->wait = wait;
    session->paused = true;
    return wait;
}

void waiting_begin(struct server *server, struct session *session, const struct request *request)
{
    struct call_wait asked = server->asked;

    assert(asked.wanted);
    server->asked.wanted = false;
    if (session->wait != NULL && (session->wait->place_count > 0 || session->wait->until_told)) {
        return; /* Else it comes home from an errand. */
    }
    struct wait *wait = begin(server, session, request, &asked);
    join_lines(server, wait, &asked);
    if (wait->until_told) {
        wait->next_told = server->waiting.told;
        server->waiting.told = wait;
    }
    set_deadline(server, wait, asked.timeout_ms);
}

/* The session goes on. */
static void end(struct wait *wait)
{
    struct session *session = wait->session;
    struct server *server = session->server;

    wait_free(server, wait);
    server->waiting.count--;
    session->wait = NULL;
    session->paused = false;
    session_after_skipping(session, session->replies);
}

/* --- served here ------------------------------------------------------------------------------ */

static void run_again(struct server *server, struct wait *wait)
{
    struct session *session = wait->session;
    struct request request = request_of(wait);

    server->asked.again = true;
    bool answered = dispatch_again(server, session, &request);
    server->asked.again = false;
    if (answered) {
        end(wait);
        session->answers.ready(&session->answers);
    }
}

/* What the key holds; NULL if there is no such key. */
static const struct type *type_at(struct server *server, const struct line *line)
{
    struct cache_entry entry;
    bool there = cache_peek(server->parts.cache, line->db, line_key(line), server->now_ms, &entry);

    return there ? entry.type : NULL;
}

static void serve(struct server *server, struct line *line)
{
    struct place *next;

    for (struct place *place = line->first; place != NULL; place = next) {
        const struct type *type = type_at(server, line);
        struct wait *wait = place->waiter;
        next = place->next;
        if (type == NULL && line->or_gone == 0) {
            return;
        }
        if (type == wait->type || place->or_gone) {
            run_again(server, wait);
        }
    }
}

void waiting_serve_ready(struct server *server)
{
    struct waiting *waiting = &server->waiting;
    struct line *line;

    if (waiting->serving) {
        return; /* It will be taken in its turn. */
    }
    waiting->serving = true;
    while ((line = lines_take(&waiting->lines)) != NULL) {
        serve(server, line);
        lines_put_down(&waiting->lines, line);
    }
    waiting->serving = false;
}

/* --- not served ------------------------------------------------------------------------------- */

static void end_with(struct wait *wait, const struct dispatch_answer *answer)
{
    struct session *session = wait->session;
    struct request request = request_of(wait);

    dispatch_answer_end(session, &request, answer);
    end(wait);
    session->answers.ready(&session->answers);
}

static void end_with_error(struct wait *wait, struct span error)
{
    struct dispatch_answer answer = dispatch_answer_begin(wait->session);

    reply_error(answer.reply, error);
    end_with(wait, &answer);
}

/* It is run once more, and must answer. */
static void end_by_itself(struct wait *wait)
{
    struct session *session = wait->session;
    struct request request = request_of(wait);
    struct dispatch_answer answer = dispatch_answer_begin(session);

    dispatch_run(session->server, session, &request, answer.reply);
    answers_commit(&session->answers, answer.reply);
    end(wait);
    session->answers.ready(&session->answers);
}

static void end_with_nothing(struct wait *wait)
{
    if (wait->until_told) {
        end_by_itself(wait);
        return;
    }
    struct dispatch_answer answer = dispatch_answer_begin(wait->session);

    if (wait->null_array) {
        reply_null_array(answer.reply);
    } else {
        reply_null(answer.reply);
    }
    end_with(wait, &answer);
}

void waiting_ask_again(struct server *server)
{
    struct wait *next;

    for (struct wait *wait = server->waiting.told; wait != NULL; wait = next) {
        next = wait->next_told;
        run_again(server, wait);
    }
}

void waiting_end_all(struct server *server, struct span error)
{
    for (struct session *session = server->first; session != NULL; session = session->next) {
        if (session->wait != NULL && session->end == SESSION_OPEN) {
            end_with_error(session->wait, error);
            session_close(session, SESSION_ENDS_AFTER_ANSWERS);
        }
    }
}

/* --- elsewhere -------------------------------------------------------------------------------- */

static struct wait *wait_of(struct errand_asker *asker)
{
    return (struct wait *)((char *)asker - offsetof(struct wait, asker));
}

/* With what its errand has brought. */
static void end_answered(struct wait *wait)
{
    struct dispatch_answer answer = dispatch_answer_begin(wait->session);

    reply_raw(answer.reply, buf_span(&wait->bytes));
    answer.reply->failed = wait->reply.failed;
    answer.reply->full |= wait->reply.full;
    end_with(wait, &answer);
}

static void on_answered(struct errand_asker *asker)
{
    struct wait *wait = wait_of(asker);

    wait->errand = NULL;
    end_answered(wait);
}

static void go_elsewhere(struct server *server, struct wait *wait, struct route route);

/* Its keys have another owner now, or it is not clear which: whatever it is, it is not here. */
static void go_on(struct server *server, struct wait *wait, struct route route)
{
    switch (route.kind) {
    case ROUTE_HERE:
        break;
    case ROUTE_PEER:
    case ROUTE_DOWN:
        if (wait->session->from_peer) {
            end_with_error(wait, SPAN("CLUSTERDOWN Hash slot not served"));
        } else {
            go_elsewhere(server, wait, route);
        }
        break;
    case ROUTE_MOVED: {
        const struct address *owner = &ring_view(server->ring)->members[route.member];
        struct dispatch_answer answer = dispatch_answer_begin(wait->session);
        reply_errorf(answer.reply, "MOVED %u %s:%u", route.slot, owner->host, owner->port);
        end_with(wait, &answer);
        break;
    }
    case ROUTE_REFUSE:
        end_with_error(wait, span_from(route.why));
        break;
    case ROUTE_SPLIT:
    case ROUTE_ALL:
        unreachable("what may wait is not split");
    }
}

static struct route route_of(struct server *server, const struct wait *wait)
{
    struct request request = request_of(wait);

    server->ring = peers_ring(server->parts.peers);
    return dispatch_route(server, wait->session, &request);
}

static void on_unowned(struct errand_asker *asker)
{
    struct wait *wait = wait_of(asker);
    struct server *server = wait->session->server;
    struct route route = route_of(server, wait);

    wait->errand = NULL;
    if (route.kind == ROUTE_HERE) {
        run_again(server, wait);
    } else {
        go_on(server, wait, route);
    }
}

static void go_elsewhere(struct server *server, struct wait *wait, struct route route)
{
    struct session *session = wait->session;
    const struct peers_request request = {
        .command = wait->command,
        .argv = wait->argv,
        .argc = wait->argc,
        .db = session->db,
        .now_ms = server->now_ms,
        .client_id = session->id,
        .route = route,
        .no_touch = session->no_touch,
    };

    leave_lines(server, wait);
    buf_fini(&wait->bytes);
    buf_init(&wait->bytes, session->answers.max);
    wait->reply = reply_into(&wait->bytes, session->protocol);
    wait->asker = (struct errand_asker){ .reply = &wait->reply,
                                         .answered = on_answered,
                                         .unowned = on_unowned };
    wait->errand = peers_begin_errand(server->parts.peers, &request, &wait->asker);
    if (wait->errand == NULL) {
        end_answered(wait);
    }
}

void waiting_elsewhere(struct server *server, struct session *session,
                       const struct request *request, struct route route)
{
    const struct call_wait asked = { .argv = request->argv,
                                     .argc = request->argc,
                                     .null_array = true };

    assert(session->wait == NULL);
    go_elsewhere(server, begin(server, session, request, &asked), route);
}

void waiting_new_map(struct server *server)
{
    struct session *next;

    for (struct session *session = server->first; session != NULL; session = next) {
        struct wait *wait = session->wait;
        next = session->next;
        if (wait == NULL || wait->errand != NULL) {
            continue;
        }
        struct route route = route_of(server, wait);
        if (route.kind != ROUTE_HERE) {
            go_on(server, wait, route);
        }
    }
}

/* --- its end ---------------------------------------------------------------------------------- */

void waiting_expire(struct server *server, uint64_t clock_ms)
{
    struct deadlines *deadlines = &server->waiting.deadlines;
    struct deadline *first;

    while ((first = deadlines_first(deadlines)) != NULL && first->at_ms <= clock_ms) {
        end_with_nothing((struct wait *)first);
    }
    rearm(server);
}

bool waiting_unblock(struct session *session, bool with_error)
{
    if (session->wait == NULL) {
        return false;
    }
    if (with_error) {
        end_with_error(session->wait, SPAN("UNBLOCKED client unblocked via CLIENT UNBLOCK"));
    } else {
        end_with_nothing(session->wait);
    }
    return true;
}

/* A peer that is told CLUSTERDOWN knows that nothing was done, and asks the next owner. */
void waiting_close(struct session *session, bool at_once)
{
    if (at_once) {
        end(session->wait);
    } else if (session->from_peer) {
        end_with_error(session->wait, SPAN("CLUSTERDOWN Hash slot not served"));
    } else {
        end_with_error(session->wait, SPAN("UNBLOCKED podis is shutting down"));
    }
}
