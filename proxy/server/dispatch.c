/* The path of a request. Read this file first.
 *
 *     find     the row for argv[0], and its arity
 *     admit    may this session run it now: authentication, loading
 *     route    who owns the keys
 *     run      here, or forward to the owner
 *
 * Each step that says no has already replied. Nothing else in podis decides the order of
 * these steps. The row was looked up when the batch was read (batch.c), so that its keys
 * could be prefetched; `find` here is what the client hears of it. */

#include "proxy/server/dispatch.h"

#include "proxy/server/state.h"

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

static bool admit(struct server *server, struct session *session, const struct request *request)
{
    if (__builtin_expect(session->authenticated && !server->loading && !session->from_peer, 1)) {
        return true;
    }
    if (!session->authenticated && !(request->command->flags & CMD_NO_AUTH)) {
        refuse(server, session, request, SPAN("NOAUTH Authentication required."));
        return false;
    }
    if (server->loading && !(request->command->flags & CMD_LOADING)) {
        refuse(server, session, request, SPAN("LOADING Redis is loading the dataset in memory"));
        return false;
    }
    /* The peer port is open to the network: who proved nothing there may not administer. */
    if (session->from_peer && request->command->flags & CMD_ADMIN &&
        !session_needs_password(session)) {
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

struct dispatch_answer dispatch_answer_begin(struct session *session)
{
    struct reply *reply = reply_of(session);
    return (struct dispatch_answer){ .reply = reply, .begin = reply->out->len };
}

static inline void answer_end(struct server *server, struct session *session,
                              const struct request *request, const struct dispatch_answer *answer)
{
    count(server, session, request); /* After it ran: INFO does not count itself yet. */
    if (__builtin_expect(answer->reply->failed, 0)) {
        server->statistics.commands[request->id].failed++;
        statistics_count_error(&server->statistics,
                               span_skip(buf_span(answer->reply->out), answer->begin));
    }
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
    if (waiting_has_ready(&server->waiting)) {
        waiting_serve_ready(server);
    }
}

/* False: it waits, and is answered later. */
static bool run_here(struct server *server, struct session *session, const struct request *request)
{
    if (server->options->maxmemory != 0 && request->command->flags & CMD_DENYOOM &&
        server_is_over_memory(server)) {
        refuse(server, session, request,
               SPAN("OOM command not allowed when used memory > 'maxmemory'."));
        return true;
    }

    session->last_command = request->command;
    struct dispatch_answer answer = dispatch_answer_begin(session);
    server->running = session;
    cache_exec(server->parts.cache, &(struct cache_request){
                                        .command = request->command,
                                        .argv = request->argv,
                                        .argc = request->argc,
                                        .db = session->db,
                                        .now_ms = server->now_ms,
                                        .key_hash = request->key_hash,
                                        .client_id = session->id,
                                        .no_touch = session->no_touch,
                                        .reply = answer.reply,
                                        .wait = &server->asked,
                                        .caller = session,
                                    });
    server->running = NULL;
    if (__builtin_expect(server->asked.wanted, 0)) {
        waiting_begin(server, session, request);
        return false;
    }
    answer_end(server, session, request, &answer);

    if (__builtin_expect(session->tracking != NULL, 0)) {
        server->hooks.ran(server->hooks.context, session, request->command, request->argv,
                          request->argc);
    }
    if (__builtin_expect((server->held.len | server->waiting.lines.ready_count) != 0, 0)) {
        after(server, session);
    }
    return true;
}

bool dispatch_again(struct server *server, struct session *session, const struct request *request)
{
    return run_here(server, session, request);
}

static void forward(struct server *server, struct session *session, const struct request *request,
                    struct route route)
{
    struct waiter *waiter =
        answers_wait(&session->answers, session->protocol, session->replies != REPLIES_ON);
    const struct peers_request forwarded = {
        .command = request->command,
        .argv = request->argv,
        .argc = request->argc,
        .db = session->db,
        .now_ms = server->now_ms,
        .client_id = session->id,
        .route = route,
        .no_touch = session->no_touch,
    };

    session->last_command = request->command;
    count(server, session, request);
    if (peers_run(server->parts.peers, &forwarded, waiter)) {
        answers_at_once(waiter);
    }
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

/* An app waits until the members are known; a peer asks again, perhaps somebody else. */
static void wait_for_members(struct server *server, struct session *session,
                             const struct request *request, struct route route)
{
    if (session->from_peer) {
        refuse(server, session, request, SPAN("CLUSTERDOWN Hash slot not served"));
    } else {
        forward(server, session, request, route);
    }
}

void dispatch(struct server *server, struct session *session, const struct request *request)
{
    enum session_reply replies = session->replies;

    if (find(server, session, request) && admit(server, session, request)) {
        struct route route = { .kind = ROUTE_HERE };
        if (server->ring != NULL) {
            route = dispatch_route(server, session, request);
        }
        switch (route.kind) {
        case ROUTE_HERE:
            run_here(server, session, request);
            break;
        case ROUTE_PEER:
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
            refuse(server, session, request,
                   SPAN("CROSSSLOT Keys in request don't hash to the same slot"));
            break;
        }
    }
    if (__builtin_expect((replies | session->replies) != REPLIES_ON, 0)) {
        session_after_skipping(session, replies);
    }
}
