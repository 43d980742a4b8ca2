/* MULTI, EXEC, DISCARD, WATCH, UNWATCH.
 *
 * dispatch.c queues; here is what is said before and after. EXEC runs the queue through
 * dispatch_run(), inside its own call: every command of it is counted, tracked and announced as if
 * it had come alone, and no other client's is run in between. */

#include "proxy/server/commands/rows.h"

#include "cache/base/memory.h"
#include "cache/call.h"
#include "proxy/server/acl.h"
#include "proxy/server/bundle.h"
#include "proxy/server/dispatch.h"
#include "proxy/server/server.h"
#include "proxy/server/session.h"
#include "proxy/server/state.h"
#include "proxy/server/token.h"
#include "proxy/server/transaction.h"

static void multi(struct call *c)
{
    struct session *session = c->caller;

    if (transaction_is_open(session)) {
        reply_error(c->reply, SPAN("ERR MULTI calls can not be nested"));
        return;
    }
    transaction_begin(session);
    reply_ok(c->reply);
}

static void discard(struct call *c)
{
    struct session *session = c->caller;

    if (!transaction_is_open(session)) {
        reply_error(c->reply, SPAN("ERR DISCARD without MULTI"));
        return;
    }
    transaction_end(session);
    reply_ok(c->reply);
}

/* Whether it still may be run: its user may have changed since it was queued. */
static bool is_permitted(struct session *session, const struct request *request,
                         struct reply *reply)
{
    if (session->unrestricted) {
        return true;
    }
    enum acl_denial denial = acl_admit(session, request, ACL_MULTI);
    if (denial != ACL_GRANTED) {
        acl_refuse_in_exec(reply, denial);
        return false;
    }
    const char *why = acl_sort_refusal(session, request);
    if (why != NULL) {
        reply_error(reply, span_from(why));
    }
    return why == NULL;
}

static void run_queue(struct call *c, struct session *session, const struct queue *queue)
{
    reply_array(c->reply, queue->count);
    cache_unit_begin(c->cache);
    for (const struct queued *at = queue->first; at != NULL; at = at->next) {
        bool failed = c->reply->failed;
        c->reply->failed = false;
        if (is_permitted(session, &at->request, c->reply)) {
            dispatch_run(session->server, session, &at->request, c->reply);
        }
        c->reply->failed = failed; /* An error among the answers is not EXEC's. */
    }
    cache_unit_end(c->cache);
}

static bool takes_memory(const struct queue *queue)
{
    const struct queued *at = queue->first;
    while (at != NULL && !(at->request.command->flags & CMD_DENYOOM)) {
        at = at->next;
    }
    return at != NULL;
}

static void answer(struct call *c, struct session *session, const struct queue *queue, bool is_void,
                   bool is_spoiled)
{
    if (is_spoiled) {
        reply_error(c->reply, SPAN("EXECABORT Transaction discarded because of previous errors."));
    } else if (is_void) {
        reply_null_array(c->reply);
    } else if (takes_memory(queue) && server_is_over_memory(session->server)) {
        reply_error(c->reply, SPAN("EXECABORT Transaction discarded because of: OOM command not "
                                   "allowed when used memory > 'maxmemory'."));
    } else {
        run_queue(c, session, queue);
    }
}

static void exec(struct call *c)
{
    struct session *session = c->caller;
    struct queue queue;

    if (!transaction_is_open(session)) {
        reply_error(c->reply, SPAN("ERR EXEC without MULTI"));
        return;
    }
    if (takes_memory(transaction_queued(session))) {
        server_is_over_memory(session->server); /* What goes to make room may be watched. */
    }
    bool is_void = transaction_is_void(session, c->now_ms);
    bool is_spoiled = transaction_is_spoiled(session);
    transaction_take(session, &queue);
    answer(c, session, &queue, is_void, is_spoiled);
    queue_free(&queue);
}

/* Otherwise replies. */
static bool is_member(struct call *c)
{
    const struct session *session = c->caller;

    if (!session->greeted) {
        reply_errorf(c->reply, "ERR '%s' is spoken between members only", c->command->name);
    }
    return session->greeted;
}

/* A transaction of another podis: PODIS.MESH EXEC. */
void transaction_of_peer(struct call *c)
{
    struct session *session = c->caller;
    struct queue queue;
    struct span token;

    if (!is_member(c)) {
        return;
    }
    if (!bundle_read(c->argv, c->argc, server_commands(session->server), &queue, &token)) {
        reply_error(c->reply, SPAN("ERR this is no transaction that a member can run"));
        return;
    }
    bool is_void = token.len > 0 && !tokens_redeem(session->server->tokens, token, c->now_ms);
    answer(c, session, &queue, is_void, false);
    queue_free(&queue);
}

/* Looked at first: a key whose time is over is announced as gone before it is watched. */
static bool exists(struct call *c, size_t at)
{
    struct key_view view;
    return key_look(c, at, 0, &view);
}

/* PODIS.MESH WATCH token key … */
void watch_of_peer(struct call *c)
{
    struct session *session = c->caller;
    struct server *server = session->server;

    if (!is_member(c)) {
        return;
    }
    struct watcher *watcher = tokens_watcher(server->tokens, session, c->argv[2]);
    if (watcher == NULL) {
        reply_error(c->reply, SPAN("ERR too many sessions of one pod watch keys of another"));
        return;
    }
    for (size_t at = 3; at < c->argc; at++) {
        watcher_add(watcher, server->watches, c->db, c->argv[at], exists(c, at));
    }
    reply_ok(c->reply);
}

/* PODIS.MESH UNWATCH token key: the key says whom it is for. */
void unwatch_of_peer(struct call *c)
{
    struct session *session = c->caller;

    if (is_member(c)) {
        (void)tokens_redeem(session->server->tokens, c->argv[2], c->now_ms);
        reply_ok(c->reply);
    }
}

static void watch(struct call *c)
{
    struct session *session = c->caller;

    if (transaction_is_open(session)) {
        reply_error(c->reply, SPAN("ERR WATCH inside MULTI is not allowed"));
        return;
    }
    for (size_t at = 1; at < c->argc; at++) {
        transaction_watch(session, server_watches(session->server), c->argv[at], exists(c, at));
    }
    reply_ok(c->reply);
}

static void unwatch(struct call *c)
{
    transaction_unwatch(c->caller);
    reply_ok(c->reply);
}

#define COMMON CMD_SESSION | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE

const struct command transaction_commands[] = {
    { .name = "multi",
      .run = multi,
      .arity = 1,
      .flags = COMMON | CMD_FAST | CMD_ALLOW_BUSY | CMD_AT_ONCE,
      .group = "transactions",
      .since = "1.2.0",
      .complexity = "O(1)",
      .summary = "Begins a transaction: what follows is queued until EXEC." },
    { .name = "exec",
      .run = exec,
      .arity = 1,
      .flags = COMMON | CMD_SKIP_SLOWLOG | CMD_AT_ONCE,
      .group = "transactions",
      .since = "1.2.0",
      .complexity = "Depends on commands in the transaction",
      .summary = "Runs what was queued since MULTI, with nothing in between." },
    { .name = "discard",
      .run = discard,
      .arity = 1,
      .flags = COMMON | CMD_FAST | CMD_ALLOW_BUSY | CMD_AT_ONCE,
      .group = "transactions",
      .since = "2.0.0",
      .complexity = "O(N), when N is the number of queued commands",
      .summary = "Forgets what was queued since MULTI." },
    { .name = "watch",
      .run = watch,
      .arity = -2,
      .flags = COMMON | CMD_FAST | CMD_ALLOW_BUSY | CMD_AT_ONCE,
      .keys = { KEYS(1, -1, 1, KEY_RO) },
      .group = "transactions",
      .since = "2.2.0",
      .complexity = "O(1) for every key.",
      .synopsis = "key:key...",
      .summary = "Lets the next EXEC do nothing if one of these keys changes before it." },
    { .name = "unwatch",
      .run = unwatch,
      .arity = 1,
      .flags = COMMON | CMD_FAST | CMD_ALLOW_BUSY,
      .group = "transactions",
      .since = "2.2.0",
      .complexity = "O(1)",
      .summary = "Forgets all watched keys." },
    { .name = NULL },
};
