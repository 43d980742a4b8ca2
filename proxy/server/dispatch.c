/* The path of a request. Read this file first.
 *
 *     find     the row for argv[0], and its arity
 *     admit    may this session run it now: authentication, loading, memory
 *     hold     until a pause ends
 *     queue    between MULTI and EXEC
 *     route    who owns the keys
 *     run      here, or forward to the owner
 *
 * Each step that says no has already replied. Nothing else in podis decides the order of
 * these steps. The row was looked up when the batch was read (batch.c), so that its keys
 * could be prefetched; `find` here is what the client hears of it. */

#include "proxy/server/dispatch.h"

#include "cache/base/memory.h"
#include "cache/script/engine.h"
#include "proxy/server/acl.h"
#include "proxy/server/bundle.h"
#include "proxy/server/busy.h"
#include "proxy/server/monitor.h"
#include "proxy/server/pause.h"
#include "proxy/server/persisting.h"
#include "proxy/server/pin.h"
#include "proxy/server/publish.h"
#include "proxy/server/pubsub.h"
#include "proxy/server/state.h"
#include "proxy/server/transaction.h"

#define SCRIPT_STAYS                                                                               \
    "NOPERM scripts of a user who may not do everything run only where this pod owns their keys"
#define OUT_OF_MEMORY "OOM command not allowed when used memory > 'maxmemory'."

static inline struct reply *reply_of(struct session *session)
{
    return answers_reply(&session->answers, session->protocol, session->replies != REPLIES_ON);
}

/* A request that is not run has its answer in `reply`. */
static void refused(struct server *server, struct session *session, const struct request *request,
                    const struct reply *reply, size_t begin)
{
    if (request->command != NULL) {
        server->statistics.commands[request->id].rejected++;
    }
    transaction_spoil(session);
    statistics_count_error(&server->statistics, span_skip(buf_span(reply->out), begin));
    answers_commit(&session->answers, reply);
}

static void refuse(struct server *server, struct session *session, const struct request *request,
                   struct span error)
{
    struct reply *reply = reply_of(session);
    size_t begin = reply->out->len;

    reply_error(reply, error);
    refused(server, session, request, reply, begin);
}

static bool find(struct server *server, struct session *session, const struct request *request)
{
    if (__builtin_expect(
            request->command != NULL && command_arity_fits(request->command, request->argc), 1)) {
        return true;
    }
    struct reply *reply = reply_of(session);
    size_t begin = reply->out->len;
    bool fits = request_fits(request, reply);

    assert(!fits);
    refused(server, session, request, reply, begin);
    session_check_attack(session, request->argv[0]);
    return false;
}

static bool is_queued(const struct session *session, const struct request *request)
{
    return transaction_is_open(session) && !(request->command->flags & CMD_AT_ONCE);
}

/* What is queued is asked about SORT's keys when its turn comes. */
static bool is_permitted(struct server *server, struct session *session,
                         const struct request *request)
{
    bool queues = is_queued(session, request);
    const char *why;

    if (queues && request->command->flags & CMD_NO_MULTI) {
        return true; /* It is refused for that, which is said first. */
    }
    session->last_command = request->command; /* Also if it is denied: so ACL LOG shows it. */
    enum acl_denial denial = acl_admit(session, request, queues ? ACL_MULTI : ACL_TOPLEVEL);
    if (denial != ACL_GRANTED) {
        struct reply *reply = reply_of(session);
        size_t begin = reply->out->len;
        acl_refuse(reply, request, denial);
        refused(server, session, request, reply, begin);
        return false;
    }
    why = queues ? NULL : acl_sort_refusal(session, request);
    if (why != NULL) {
        refuse(server, session, request, span_from(why));
    }
    return why == NULL;
}

static bool admit(struct server *server, struct session *session, const struct request *request)
{
    if (__builtin_expect(session->unrestricted && !server->loading && !session->from_peer, 1)) {
        return true;
    }
    if (!session->authenticated && !(request->command->flags & CMD_NO_AUTH)) {
        refuse(server, session, request, SPAN("NOAUTH Authentication required."));
        return false;
    }
    if (!session->unrestricted && !is_permitted(server, session, request)) {
        return false;
    }
    if (server->loading && !(request->command->flags & CMD_LOADING)) {
        refuse(server, session, request, SPAN("LOADING Redis is loading the dataset in memory"));
        return false;
    }
    /* The peer port is open to the network: who proved nothing there may not administer. */
    if (session->from_peer && request->command->flags & CMD_ADMIN && !acl_wants_password(session)) {
        refuse(server, session, request,
               SPAN("NOPERM set mesh-secret to use this command at the peer port"));
        return false;
    }
    return true;
}

struct route dispatch_route(struct server *server, const struct session *session,
                            const struct request *request)
{
    if (request->command->flags & CMD_SESSION) {
        return (struct route){ .kind = ROUTE_HERE };
    }
    return route_decide(&(struct route_question){
        .command = request->command,
        .argv = request->argv,
        .argc = request->argc,
        .ring = server->ring,
        .rules = server->parts.config->rules,
        .from_peer = session->from_peer,
    });
}

/* Pushes that the command made for its own client leave after its answer. */
static void release_held(struct server *server, struct session *session)
{
    struct reply *reply = answers_reply(&session->answers, session->protocol, false);

    reply_raw(reply, buf_span(&server->held));
    answers_commit(&session->answers, reply);
    buf_consume(&server->held, server->held.len);
    buf_trim(&server->held, POOL_BLOCK);
}

static void count(struct server *server, struct session *session, const struct request *request)
{
    server->statistics.totals.commands++;
    server->statistics.commands[request->id].calls++;
    session->commands++;
}

static inline_always struct dispatch_answer answer_begin(struct session *session)
{
    struct reply *reply = reply_of(session);
    return (struct dispatch_answer){ .reply = reply, .begin = reply->out->len };
}

struct dispatch_answer dispatch_answer_begin(struct session *session)
{
    return answer_begin(session);
}

/* After it ran: INFO does not count itself yet. */
static inline void count_run(struct server *server, struct session *session,
                             const struct request *request, const struct dispatch_answer *answer)
{
    count(server, session, request);
    if (__builtin_expect(answer->reply->failed, 0)) {
        server->statistics.commands[request->id].failed++;
        if (!answer->reply->counted) {
            statistics_count_error(&server->statistics,
                                   span_skip(buf_span(answer->reply->out), answer->begin));
        }
        answer->reply->counted = false;
    }
}

static inline void answer_end(struct server *server, struct session *session,
                              const struct request *request, const struct dispatch_answer *answer)
{
    count_run(server, session, request, answer);
    answers_commit(&session->answers, answer->reply);
}

void dispatch_answer_end(struct session *session, const struct request *request,
                         const struct dispatch_answer *answer)
{
    answer_end(session->server, session, request, answer);
}

/* Pushes of its own, and others whom its changes concern. */
static void after(struct server *server, struct session *session)
{
    if (server->held.len > 0) {
        release_held(server, session);
    }
    if (waiting_has_ready(&server->waiting) && !(server->special & SPECIAL_BUSY)) {
        waiting_serve_ready(server);
    }
}

static bool is_over_memory(struct server *server, const struct request *request)
{
    return server->options->maxmemory != 0 && request->command->flags & CMD_DENYOOM &&
           server_is_over_memory(server);
}

static_assert(sizeof(struct cache_request) == 12 * sizeof(void *), "each has a line in execute()");

/* Field by field: a compound literal is zeroed first, by a call of memset. */
static inline_always void execute(struct server *server, struct session *session,
                                  const struct request *request, struct reply *reply,
                                  struct call_wait *wait)
{
    struct session *outer = server->running;
    struct cache_request run;

    session->last_command = request->command;
    server->running = session;
    run.command = request->command;
    run.argv = request->argv;
    run.argc = request->argc;
    run.db = session->db;
    run.now_ms = server->now_ms;
    run.key_hash = request->key_hash;
    run.key_at = request->key_at;
    run.client_id = session->id;
    run.no_touch = session->no_touch;
    run.reply = reply;
    run.wait = wait;
    run.caller = session;
    cache_exec(server->parts.cache, &run);
    server->running = outer;
}

/* The keys it read may be remembered for it. */
static inline void track(struct server *server, struct session *session,
                         const struct request *request)
{
    if (__builtin_expect(session->tracking != NULL, 0)) {
        server->hooks.ran(server->hooks.context, session, request->command, request->argv,
                          request->argc);
    }
}

/* Shows it to monitors if this is the moment for it. One that waited was shown when it began to. */
static void show(struct server *server, const struct session *session,
                 const struct request *request, enum monitor_moment moment)
{
    if (!(server->special & SPECIAL_MONITORED) || server->asked.again ||
        monitor_moment(session, request->command) != moment) {
        return;
    }
    if (session == server->running && engine_running(server->parts.cache) != NULL) {
        monitor_tell_scripted(server, session->db, request);
    } else {
        monitor_tell(server, session, request);
    }
}

void dispatch_run(struct server *server, struct session *session, const struct request *request,
                  struct reply *reply)
{
    const struct dispatch_answer answer = { .reply = reply, .begin = reply->out->len };
    uint64_t since_ns = timing_clock_ns();

    show(server, session, request, MONITOR_BEFORE);
    execute(server, session, request, reply, NULL);
    timing_tell(server, session, request, timing_clock_ns() - since_ns);
    count_run(server, session, request, &answer);
    track(server, session, request);
    show(server, session, request, MONITOR_AFTER);
}

/* False: it waits, and is answered later. Nobody monitors what is plain. */
static inline_always bool run_usual(struct server *server, struct session *session,
                                    const struct request *request, bool plain)
{
    if (is_over_memory(server, request)) {
        refuse(server, session, request, SPAN(OUT_OF_MEMORY));
        return true;
    }

    if (!plain && persisting_refuses(server, request)) {
        refuse(server, session, request, persisting_misconf(server));
        return true;
    }
    if (!plain) {
        show(server, session, request, MONITOR_BEFORE);
    }
    struct dispatch_answer answer = answer_begin(session);
    execute(server, session, request, answer.reply, &server->asked);
    if (__builtin_expect(server->asked.wanted, 0)) {
        waiting_begin(server, session, request);
        if (!plain) {
            show(server, session, request, MONITOR_AFTER);
        }
        return false;
    }
    answer_end(server, session, request, &answer);
    track(server, session, request);
    if (!plain) {
        show(server, session, request, MONITOR_AFTER);
    }
    if (__builtin_expect((server->held.len | server->waiting.lines.ready_count) != 0, 0)) {
        after(server, session);
    }
    return true;
}

/* The same for all who are not alone and plain, so that the one way of those is inlined. */
static inline_never bool run_here(struct server *server, struct session *session,
                                  const struct request *request)
{
    return run_usual(server, session, request, false);
}

bool dispatch_again(struct server *server, struct session *session, const struct request *request)
{
    uint64_t since_ns = timing_clock_ns();

    if (!session->unrestricted && !is_permitted(server, session, request)) {
        return true; /* Its user changed while it waited. */
    }
    if (!run_here(server, session, request)) {
        return false;
    }
    timing_tell(server, session, request, timing_clock_ns() - since_ns);
    return true;
}

static void moved(struct server *server, struct session *session, const struct request *request,
                  struct route route)
{
    const struct address *owner = &ring_view(server->ring)->members[route.member];
    struct reply *reply = reply_of(session);
    size_t begin = reply->out->len;

    reply_errorf(reply, "MOVED %u %s:%u", route.slot, owner->host, owner->port);
    refused(server, session, request, reply, begin);
}

/* In a mesh all of it may have to be told to another member. */
static void queue_up(struct server *server, struct session *session, const struct request *request)
{
    struct request spelled = *request;
    struct span *argv = NULL;

    if (server->ring != NULL && !session->from_peer) {
        scripting_spell_out(server, request, &spelled, &argv);
    }
    transaction_queue(session, &spelled);
    memory_free(argv);
}

/* Of a session between MULTI and EXEC. What cannot be run is refused now, and spoils the rest. */
static void queue(struct server *server, struct session *session, const struct request *request)
{
    if (request->command->flags & CMD_NO_MULTI) {
        refuse(server, session, request, SPAN("ERR Command not allowed inside a transaction"));
        return;
    }
    if (is_over_memory(server, request)) {
        refuse(server, session, request, SPAN(OUT_OF_MEMORY));
        return;
    }
    if (persisting_refuses(server, request)) {
        refuse(server, session, request, persisting_misconf(server));
        return;
    }
    if (server->ring != NULL && session->from_peer) {
        /* A cluster's client: it hears at once that the key is elsewhere. */
        struct route route = dispatch_route(server, session, request);
        if (route.kind == ROUTE_MOVED) {
            moved(server, session, request, route);
            return;
        }
    }
    if (transaction_bytes(session) > server->options->client_query_buffer_limit) {
        server->statistics.totals.query_limit_closes++;
        session_close(session, SESSION_ENDS_NOW);
        return;
    }
    struct reply *reply = reply_of(session);
    queue_up(server, session, request);
    reply_status(reply, SPAN("QUEUED"));
    answers_commit(&session->answers, reply);
}

/* A RESP2 client that listens could not tell an answer from a message. */
static bool is_deaf_to(const struct session *session, const struct request *request)
{
    return session->protocol == 2 && !(request->command->flags & CMD_LISTENER) &&
           pubsub_is_listening(session);
}

static void refuse_to_listener(struct server *server, struct session *session,
                               const struct request *request)
{
    struct reply *reply = reply_of(session);
    size_t begin = reply->out->len;

    reply_errorf(reply,
                 "ERR Can't execute '%s': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / "
                 "RESET are allowed in this context",
                 request->command->name);
    refused(server, session, request, reply, begin);
}

static void forward(struct server *server, struct session *session, const struct request *request,
                    struct route route)
{
    struct waiter *waiter =
        answers_wait(&session->answers, session->protocol, session->replies != REPLIES_ON);
    struct request spelled;
    struct span *argv;

    scripting_spell_out(server, request, &spelled, &argv);
    const struct peers_request forwarded = {
        .command = spelled.command,
        .argv = spelled.argv,
        .argc = spelled.argc,
        .db = session->db,
        .now_ms = server->now_ms,
        .client_id = session->id,
        .route = route,
        .no_touch = session->no_touch,
        .past_near = transaction_is_elsewhere(session),
        .track = session->tracking != NULL &&
                 server->hooks.sent(server->hooks.context, session, request->command, request->argv,
                                    request->argc),
    };

    session->last_command = request->command;
    count(server, session, request);
    if (peers_run(server->parts.peers, &forwarded, waiter)) {
        answers_at_once(waiter);
    }
    memory_free(argv);
    show(server, session, request, MONITOR_AFTER);
}

/* XREAD waits only if it says BLOCK, ahead of the word that its keys are behind. */
static bool may_wait(const struct request *request)
{
    const struct key_spec *keys = &request->command->keys[0];

    if (!(request->command->flags & CMD_BLOCKING)) {
        return false;
    }
    for (size_t i = 1; keys->kind == KEYS_KEYWORD && i < request->argc; i++) {
        if (span_is(request->argv[i], keys->keyword)) {
            return false;
        }
        if (span_is(request->argv[i], "block")) {
            return true;
        }
    }
    return keys->kind != KEYS_KEYWORD;
}

/* It goes another way than its client's requests before it, whose answers must be here first. */
static void forward_waiting(struct server *server, struct session *session,
                            const struct request *request, struct route route)
{
    if (session->answers.waiting > 0) {
        session->paused = true;
        session->put_back = true;
        return;
    }
    session->last_command = request->command;
    waiting_elsewhere(server, session, request, route);
    show(server, session, request, MONITOR_AFTER);
}

/* An app waits until the members are known; a peer asks again, perhaps somebody else. */
static void wait_for_members(struct server *server, struct session *session,
                             const struct request *request, struct route route)
{
    if (session->from_peer) {
        refuse(server, session, request, SPAN("CLUSTERDOWN Hash slot not served"));
    } else if (may_wait(request)) {
        forward_waiting(server, session, request, route);
    } else {
        forward(server, session, request, route);
    }
}

/* Another pod runs whatever a member of the mesh asks of it, and so would not look at what the user
 * may do when a script of this user runs its commands there. */
static bool must_stay(const struct session *session, const struct request *request)
{
    return !session->unrestricted && command_categories(request->command) & ACL_SCRIPTING;
}

static void go(struct server *server, struct session *session, const struct request *request,
               struct route route)
{
    bool leaves = route.kind != ROUTE_HERE && route.kind != ROUTE_MOVED;

    if (leaves && must_stay(session, request)) {
        refuse(server, session, request, SPAN(SCRIPT_STAYS));
        return;
    }
    switch (route.kind) {
    case ROUTE_HERE:
        run_here(server, session, request);
        break;
    case ROUTE_PEER:
        if (may_wait(request)) {
            forward_waiting(server, session, request, route);
        } else {
            forward(server, session, request, route);
        }
        break;
    case ROUTE_SPLIT:
    case ROUTE_ALL:
        forward(server, session, request, route);
        break;
    case ROUTE_DOWN:
        wait_for_members(server, session, request, route);
        break;
    case ROUTE_MOVED:
        moved(server, session, request, route);
        break;
    case ROUTE_REFUSE:
        refuse(server, session, request, span_from(route.why));
        break;
    }
}

static bool stays_here(struct server *server, const struct session *session,
                       const struct queue *queue)
{
    const struct queued *at = queue->first;
    while (at != NULL && (publish_is_for_all(at->request.command) ||
                          dispatch_route(server, session, &at->request).kind == ROUTE_HERE)) {
        at = at->next;
    }
    return at == NULL;
}

/* It runs elsewhere, but this is where its client says it. */
static void show_transaction(struct server *server, const struct session *session,
                             const struct request *exec, const struct queue *queue)
{
    for (const struct queued *at = queue->first; at != NULL; at = at->next) {
        show(server, session, &at->request, MONITOR_BEFORE);
        show(server, session, &at->request, MONITOR_AFTER);
    }
    show(server, session, exec, MONITOR_AFTER);
}

/* Elsewhere a transaction is run as a whole, so it is refused as a whole; replies if it is. */
static bool may_leave(struct server *server, struct session *session, const struct request *exec,
                      const struct queue *queue)
{
    for (const struct queued *at = queue->first; at != NULL && !session->unrestricted;
         at = at->next) {
        enum acl_denial denial = acl_admit(session, &at->request, ACL_MULTI);
        if (denial != ACL_GRANTED) {
            struct reply *reply = reply_of(session);
            size_t begin = reply->out->len;
            acl_refuse_in_exec(reply, denial);
            refused(server, session, exec, reply, begin);
            return false;
        }
        if (must_stay(session, &at->request)) {
            refuse(server, session, exec, SPAN(SCRIPT_STAYS));
            return false;
        }
    }
    return true;
}

static void send_transaction(struct server *server, struct session *session,
                             const struct request *request, struct queue *queue,
                             struct pin **take_pin)
{
    struct bundle bundle;
    const char *why;

    if (!may_leave(server, session, request, queue)) {
        return;
    }
    if (!bundle_init(&bundle, server->bundle_row, queue, *take_pin, &why)) {
        refuse(server, session, request, span_from(why));
        return;
    }
    struct route route = dispatch_route(server, session, &bundle.request);
    bundle.request.id = request->id;
    go(server, session, &bundle.request, route);
    show_transaction(server, session, request, queue);
    bundle_fini(&bundle);
    if (route.kind == ROUTE_PEER && *take_pin != NULL) {
        pin_redeemed(*take_pin);
        *take_pin = NULL;
    }
}

/* EXEC in a mesh: a transaction goes whole to the member that owns all its keys. */
static void route_transaction(struct server *server, struct session *session,
                              const struct request *request)
{
    const struct queue *queued = transaction_queued(session);
    struct queue queue;

    if (transaction_is_spoiled(session) || transaction_is_void(session, server->now_ms) ||
        (!transaction_is_elsewhere(session) && stays_here(server, session, queued))) {
        run_here(server, session, request);
        return;
    }
    struct pin *pin = transaction_take_pin(session);
    transaction_take(session, &queue);
    send_transaction(server, session, request, &queue, &pin);
    pin_release(pin);
    queue_free(&queue);
}

/* WATCH in a mesh: keys of another member are watched there. */
static void route_watch(struct server *server, struct session *session,
                        const struct request *request)
{
    size_t count = request->argc - 1;
    struct span *argv = memory_alloc((3 + count) * sizeof(*argv));
    struct request elsewhere = *request;
    struct pin *pin = transaction_pin(session);

    memcpy(argv + 3, request->argv + 1, count * sizeof(*argv));
    elsewhere.command = server->watch_elsewhere_row;
    elsewhere.argv = argv;
    elsewhere.argc = 3 + count;
    argv[0] = SPAN("PODIS.MESH");
    argv[1] = SPAN("WATCH");
    argv[2] = SPAN("");
    struct route route = dispatch_route(server, session, &elsewhere);
    if (route.kind == ROUTE_HERE) {
        pin_add(pin, request->argv + 1, count);
        run_here(server, session, request);
    } else {
        if (route.kind == ROUTE_PEER || route.kind == ROUTE_DOWN) {
            pin_add(pin, request->argv + 1, count);
            argv[2] = pin_send(pin);
        }
        go(server, session, &elsewhere, route);
        show(server, session, request, MONITOR_AFTER);
    }
    if (pin_count(pin) == 0) {
        transaction_unwatch(session); /* It was refused. */
    }
    memory_free(argv);
}

static bool is_of_members(const struct server *server, const struct request *request)
{
    return request->command == server->bundle_row ||
           request->command == server->watch_elsewhere_row ||
           request->command == server->unwatch_row;
}

/* Monitors are replicas of a kind: they change and read nothing. */
static bool is_for_others(const struct session *session, const struct request *request)
{
    return session->monitor != NULL &&
           request->command->flags & (CMD_READ | CMD_WRITE | CMD_MAY_REPLICATE);
}

static bool is_held(const struct server *server, const struct session *session,
                    const struct request *request)
{
    return server->special & SPECIAL_PAUSED && pause_holds(server, session, request);
}

static bool is_busy_for(const struct server *server, const struct request *request)
{
    return server->special & SPECIAL_BUSY && busy_refuses(request);
}

/* An EXEC is over with that, whatever was queued. */
static void refuse_whole(struct server *server, struct session *session,
                         const struct request *request, struct span error)
{
    if (request->command != server->exec_row || !transaction_is_open(session)) {
        refuse(server, session, request, error);
        return;
    }
    struct reply *reply = reply_of(session);
    size_t begin = reply->out->len;

    transaction_end(session);
    reply_errorf(reply, "EXECABORT Transaction discarded because of: %.*s", (int)error.len,
                 error.bytes);
    refused(server, session, request, reply, begin);
}

/* As a replica, or for lack of replicas. */
static bool is_refused(struct server *server, struct session *session,
                       const struct request *request)
{
    struct span error;

    if (!(server->special & SPECIAL_REPLICATION) ||
        !replication_refuses(server, session, request->command, &error)) {
        return false;
    }
    refuse_whole(server, session, request, error);
    return true;
}

/* Of a session that is in a transaction or listens, in a mesh, paused or monitored. */
static inline_never void route_and_run(struct server *server, struct session *session,
                                       const struct request *request)
{
    if (is_refused(server, session, request)) {
        return;
    }
    if (is_deaf_to(session, request)) {
        refuse_to_listener(server, session, request);
    } else if (is_for_others(session, request)) {
        refuse(server, session, request, SPAN("ERR Replica can't interact with the keyspace"));
    } else if (is_busy_for(server, request)) {
        refuse_whole(server, session, request, busy_error(server));
    } else if (is_held(server, session, request)) {
        pause_hold(session);
    } else if (is_queued(session, request)) {
        queue(server, session, request);
    } else if (server->ring == NULL) {
        run_here(server, session, request);
    } else if (request->command == server->exec_row && transaction_is_open(session)) {
        route_transaction(server, session, request);
    } else if (request->command == server->watch_row && !transaction_is_open(session)) {
        route_watch(server, session, request);
    } else if (is_of_members(server, request) && !session->greeted) {
        run_here(server, session, request); /* Not to be passed on: it is refused. */
    } else {
        go(server, session, request, dispatch_route(server, session, request));
    }
}

void dispatch(struct server *server, struct session *session, const struct request *request)
{
    enum session_reply replies = session->replies;

    if (find(server, session, request) && admit(server, session, request)) {
        bool plain =
            server->special == 0 && session->transaction == NULL && session->subscriptions == NULL;
        if (__builtin_expect(plain, 1)) {
            run_usual(server, session, request, true);
        } else {
            route_and_run(server, session, request);
        }
    }
    if (__builtin_expect((replies | session->replies) != REPLIES_ON, 0)) {
        session_after_skipping(session, replies);
    }
}
