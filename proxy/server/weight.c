/* Which clients go when all together hold too much memory.
 *
 * A session is weighed at the end of each turn in which something happened to it. To find the
 * heaviest among many it would have to be kept in order; it is kept in a bucket of its power of two
 * instead, as in Redis, which moves it seldom and finds one at most twice as light as the
 * heaviest. */

#include "proxy/server/weight.h"

#include "proxy/server/connection.h"
#include "proxy/server/commands/client.h"
#include "proxy/server/invalidate.h"
#include "proxy/server/pubsub.h"
#include "proxy/server/state.h"
#include "proxy/server/transaction.h"

static size_t text_bytes(const char *text)
{
    return text == NULL ? 0 : strlen(text) + 1;
}

size_t weight_of(const struct session *session)
{
    const struct answers *answers = &session->answers;
    size_t out = answers->out.len == 0 ? 0 : answers->out.capacity; /* Else it is only lent. */

    return (session->owner == NULL ? 0 : session->owner->bytes(session)) + out +
           answers->held_bytes + transaction_bytes(session) + transaction_watched_bytes(session) +
           pubsub_bytes(session) + tracking_bytes(session) + text_bytes(session->name) +
           text_bytes(session->library_name) + text_bytes(session->library_version);
}

/* --- buckets --- */

static uint8_t bucket_for(size_t bytes)
{
    uint8_t bucket = 1;

    for (bytes >>= WEIGHT_FIRST_BITS; bytes > 1 && bucket < WEIGHT_BUCKETS; bytes >>= 1) {
        bucket++;
    }
    return bucket;
}

static void take_out(struct session *session)
{
    struct weight *weight = &session->weight;

    if (weight->bucket == 0) {
        return;
    }
    if (weight->previous == NULL) {
        session->server->weights.buckets[weight->bucket - 1] = weight->next;
    } else {
        weight->previous->weight.next = weight->next;
    }
    if (weight->next != NULL) {
        weight->next->weight.previous = weight->previous;
    }
    weight->bucket = 0;
    weight->next = weight->previous = NULL;
}

static void put_into(struct session *session, uint8_t bucket)
{
    struct session **first = &session->server->weights.buckets[bucket - 1];

    session->weight.bucket = bucket;
    session->weight.next = *first;
    if (*first != NULL) {
        (*first)->weight.previous = session;
    }
    *first = session;
}

static bool is_weighed(const struct session *session)
{
    return !session->from_peer && !session->to_primary &&
           session_class(session) != CLIENT_CLASS_REPLICA && session->end != SESSION_ENDS_NOW;
}

void weight_update(struct session *session)
{
    struct weights *weights = &session->server->weights;
    struct weight *weight = &session->weight;

    assert(weights->max != 0);
    if (!is_weighed(session)) {
        weight_forget(session);
        return;
    }
    size_t bytes = weight_of(session);
    weights->total += bytes - weight->bytes;
    weight->bytes = bytes;
    uint8_t bucket = session->no_evict ? 0 : bucket_for(bytes);
    if (bucket != weight->bucket) {
        take_out(session);
        if (bucket != 0) {
            put_into(session, bucket);
        }
    }
}

void weight_forget(struct session *session)
{
    take_out(session);
    session->server->weights.total -= session->weight.bytes;
    session->weight.bytes = 0;
}

/* --- the limit --- */

/* A share is one of maxmemory; of no limit it is none. */
static uint64_t limit_of(const struct options *options)
{
    int64_t limit = options->maxmemory_clients;
    return limit >= 0 ? (uint64_t)limit : options->maxmemory / 100 * (uint64_t)-limit;
}

void weights_configure(struct server *server)
{
    uint64_t max = limit_of(server->options);

    if (max == server->weights.max) {
        return;
    }
    server->weights.max = max;
    for (struct session *session = server->first; session != NULL; session = session->next) {
        if (max == 0) {
            weight_forget(session);
        } else {
            weight_update(session);
        }
    }
}

/* NULL: nobody is left who may go. */
static struct session *heaviest(const struct weights *weights)
{
    for (size_t i = WEIGHT_BUCKETS; i-- > 0;) {
        if (weights->buckets[i] != NULL) {
            return weights->buckets[i];
        }
    }
    return NULL;
}

static void evict(struct session *session)
{
    struct server *server = session->server;
    struct buf text;

    buf_init(&text, SIZE_MAX / 2);
    client_describe(&text, session);
    log_notice(server->parts.log, "Evicting client: %.*s", (int)text.len, buf_span(&text).bytes);
    buf_fini(&text);
    server->statistics.totals.evicted_clients++;
    weight_forget(session);
    session_close(session, SESSION_ENDS_NOW);
}

bool weights_evict(struct server *server)
{
    struct weights *weights = &server->weights;
    bool evicted = false;

    while (weights->max != 0 && weights->total > weights->max) {
        struct session *session = heaviest(weights);
        if (session == NULL) {
            break;
        }
        evict(session);
        evicted = true;
    }
    return evicted;
}
