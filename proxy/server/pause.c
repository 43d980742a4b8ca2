/* Requests that are to wait until the server goes on.
 *
 * A request is held where it would be queued or routed (dispatch.c), so whatever is wrong with it
 * is said at once, and one inside a transaction that runs already is not held. It goes back to its
 * client's input and is read again when the pause ends: nothing of it is kept here but the
 * client's place in the line. What the client sent behind it waits with it.
 *
 * That nothing expires has two halves in the store: expired keys are hidden from readers but stay
 * (cache_set_hidden_expiry), and none are looked for. A replica wants the same for a reason of its
 * own, so both are decided here. */

#include "proxy/server/pause.h"

#include "cache/base/check.h"
#include "cache/base/memory.h"
#include "proxy/server/session.h"
#include "proxy/server/state.h"
#include "proxy/server/transaction.h"

struct held {
    struct session *session;
    struct held *next, *previous;
};

/* --- the line --- */

void pause_hold(struct session *session)
{
    struct pause *pause = &session->server->pause;
    struct held *held = memory_alloc(sizeof(*held));

    assert(session->held == NULL);
    *held = (struct held){ .session = session, .previous = pause->last };
    if (pause->last == NULL) {
        pause->first = held;
    } else {
        pause->last->next = held;
    }
    pause->last = held;
    pause->held++;
    session->held = held;
    session->paused = true;
    session->put_back = true;
}

void pause_forget(struct session *session)
{
    struct pause *pause = &session->server->pause;
    struct held *held = session->held;

    if (held == NULL) {
        return;
    }
    if (held->previous == NULL) {
        pause->first = held->next;
    } else {
        held->previous->next = held->next;
    }
    if (held->next == NULL) {
        pause->last = held->previous;
    } else {
        held->next->previous = held->previous;
    }
    pause->held--;
    session->held = NULL;
    session->paused = false;
    memory_free(held);
}

/* Its requests are run in this turn or the next. */
static void release(struct session *session)
{
    pause_forget(session);
    session->answers.ready(&session->answers);
}

/* --- what is forbidden --- */

static void set_expiry(struct server *server)
{
    bool hidden = server->pause.replica || server->pause.extent != PAUSE_NOTHING;
    cache_set_hidden_expiry(server->parts.cache, hidden);
}

/* Those who may go on will be held again by what is left. */
static void decide(struct server *server)
{
    struct pause *pause = &server->pause;
    enum pause_extent before = pause->extent;

    pause->extent = PAUSE_NOTHING;
    for (size_t i = 0; i < PAUSE_REASONS; i++) {
        if (pause->reasons[i].extent > pause->extent) {
            pause->extent = pause->reasons[i].extent;
        }
    }
    if (pause->extent == PAUSE_NOTHING) {
        server->special &= ~(unsigned)SPECIAL_PAUSED;
    } else {
        server->special |= SPECIAL_PAUSED;
    }
    set_expiry(server);
    while (pause->extent < before && pause->first != NULL) {
        release(pause->first->session);
    }
}

void pause_begin(struct server *server, enum pause_reason reason, enum pause_extent extent,
                 uint64_t until_ms)
{
    struct pause *pause = &server->pause;

    pause_turn(server);
    if (until_ms <= server->now_ms) {
        return;
    }
    if (extent > pause->reasons[reason].extent) {
        pause->reasons[reason].extent = extent;
    }
    if (until_ms > pause->reasons[reason].until_ms) {
        pause->reasons[reason].until_ms = until_ms;
    }
    decide(server);
}

void pause_lift(struct server *server, enum pause_reason reason)
{
    server->pause.reasons[reason].extent = PAUSE_NOTHING;
    server->pause.reasons[reason].until_ms = 0;
    decide(server);
}

void pause_turn(struct server *server)
{
    for (size_t i = 0; i < PAUSE_REASONS; i++) {
        if (server->pause.reasons[i].extent != PAUSE_NOTHING &&
            server->pause.reasons[i].until_ms <= server->now_ms) {
            pause_lift(server, (enum pause_reason)i);
        }
    }
}

void pause_set_replica(struct server *server, bool replica)
{
    server->pause.replica = replica;
    set_expiry(server);
}

static bool writes(const struct server *server, const struct request *request)
{
    const struct command *command = request->command;

    return command->flags & (CMD_WRITE | CMD_MAY_REPLICATE) &&
           (command->only_reads == NULL ||
            !command->only_reads(server->parts.cache, request->argv, request->argc));
}

/* A monitor runs nothing that could matter. EXEC is what its transaction is. */
bool pause_holds(const struct server *server, const struct session *session,
                 const struct request *request)
{
    if (session->monitor != NULL) {
        return false;
    }
    if (server->pause.extent == PAUSE_ALL || writes(server, request)) {
        return true;
    }
    if (request->command != server->exec_row || !transaction_is_open(session)) {
        return false;
    }
    const struct queued *at = transaction_queued(session)->first;
    while (at != NULL && !writes(server, &at->request)) {
        at = at->next;
    }
    return at != NULL;
}

const char *pause_longest(const struct server *server, uint64_t *left_ms)
{
    static const char *const names[] = {
        [PAUSE_FOR_COMMAND] = "client_pause",
        [PAUSE_FOR_SHUTDOWN] = "shutdown_in_progress",
        [PAUSE_FOR_FAILOVER] = "failover_in_progress",
        [PAUSE_FOR_SNAPSHOT] = "snapshot_behind",
    };
    const struct pause *pause = &server->pause;
    const char *longest = NULL;

    *left_ms = 0;
    for (size_t i = 0; i < PAUSE_REASONS; i++) {
        uint64_t until_ms = pause->reasons[i].until_ms;
        if (pause->reasons[i].extent != PAUSE_NOTHING && until_ms > server->now_ms &&
            until_ms - server->now_ms > *left_ms) {
            *left_ms = until_ms - server->now_ms;
            longest = names[i];
        }
    }
    return longest;
}
