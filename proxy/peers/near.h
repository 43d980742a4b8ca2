#ifndef PODIS_PROXY_PEERS_NEAR_H
#define PODIS_PROXY_PEERS_NEAR_H

/* Near copies: strings of one database of another member, kept here because they are read here.
 *
 *                    admitted read                answer, token still good
 *     (no entry) ------------------> flight ---------------------------------> copy
 *         ^                            |                                         |
 *         |  push, own write, loss     |          push, own write, deadline,     |
 *         +----------------------------+          loss of the link, eviction     |
 *         +----------------------------------------------------------------------+
 *
 * Pure: it is told what was answered, pushed, written and lost, and when, and says whether a copy
 * may answer. The rules are those of coherence.md, by number:
 *
 *   R1   a flight has a token; a push or an own write for its key takes the token's worth away
 *   R2   and later readers do not join it
 *   R3   a write drops the copy when it is sent. A new flight is sent after it on the same
 *        link, so no copy can come back before the write is answered, nor be older than it.
 *        Writes that reach this database over another link close it until they are answered
 *   R4   what follows a read that was sent to the owner does not answer from an older copy
 *   R8   the loss of the link ends the epoch: all copies and flights are void, in O(1)
 *   R9   a copy answers only while the last confirmed ping was sent within the lease
 *   R10  nor while what arrived during a gap of the loop has not been read
 *   R11  a copy's deadline is the time its fetch was sent plus the time to live
 *   R17  that there is no such key is a copy too, of an even shorter life
 *   R22  a key that is invalidated more often than it is read is not kept
 *
 * The values lie in a struct cache, in which every read that is allowed on a near copy runs as
 * it came. A missing key is simply not in it. */

#include "cache/cache.h"

#include <stddef.h>

struct near;

/* What the near copies of all links have in common: their bound and their memory of what was
 * read of late. */
struct near_pool;

struct near_settings {
    uint64_t lease_ms;
    uint64_t value_max;  /* Bytes; longer values are not kept. */
    uint64_t memory_max; /* Bytes of all copies together, estimated. */
};

/* `commands` must have SET and DEL, and outlive the pool. */
struct near_pool *near_pool_new(const struct command_table *commands, uint64_t seed);
void near_pool_free(struct near_pool *pool); /* After all its tables. */
void near_pool_configure(struct near_pool *pool, const struct near_settings *settings);

struct near *near_new(struct near_pool *pool);
void near_free(struct near *near);

/* The time twice: what deadlines and leases are counted in, and Unix time. */
struct near_time {
    uint64_t clock_ms;
    uint64_t unix_ms;
};

enum near_verdict {
    NEAR_HIT,   /* Run it on near_cache(). */
    NEAR_MISS,  /* Ask the owner. */
    NEAR_FETCH, /* Worth keeping: fetch it, and say so with near_fetching(). */
    NEAR_JOIN,  /* Is being fetched: wait for *flight. */
};

/* May a read of these keys be answered here? Counts it. FETCH and JOIN for one key only. */
enum near_verdict near_look(struct near *near, const struct span *keys, size_t count,
                            const struct near_time *now, void **flight);

/* The same without counting, for PODIS.EXPLAIN: a constant text that says why or why not. */
const char *near_explain(struct near *near, struct span key, const struct near_time *now);

/* The cache to run a hit on, in database 0. */
struct cache *near_cache(const struct near *near);

/* A fetch of this key is about to be sent; returns its token. */
uint64_t near_fetching(struct near *near, struct span key, void *flight);

/* A read of these keys is about to be sent to the owner, past what there is of them here: it may
 * bring something newer. Until it is answered, later reads go behind it. Returns what to end it
 * with; 0 if there is nothing to end. */
uint64_t near_pass(struct near *near, const struct span *keys, size_t count);
/* That read was answered. What was sent before it was answered before. */
void near_pass_ended(struct near *near, uint64_t pass);

/* What a fetch brought. */
struct near_fetched {
    bool missing; /* There is no such key. */
    struct span value;
    int64_t ttl_ms;      /* -1: none. */
    uint64_t sent_at_ms; /* Of the clock. */
};

/* Keeps it, if the token is still good and it is not too long. Either way the flight is over. */
bool near_land(struct near *near, struct span key, uint64_t token,
               const struct near_fetched *fetched, const struct near_time *now);

/* The fetch brought nothing that can be kept. */
void near_abort(struct near *near, struct span key, uint64_t token);

/* The owner says that this key changed; or all keys. */
void near_push(struct near *near, struct span key);
void near_push_all(struct near *near);

/* We are about to send a write of this key on this link; or of keys that are not named. */
void near_write(struct near *near, struct span key);
void near_write_all(struct near *near);

/* A write that may change this database was sent on another link: until it is answered no copy
 * is made or used. They nest. */
void near_close(struct near *near);
void near_reopen(struct near *near);

/* The link is ready: a new epoch begins. */
void near_begin(struct near *near);
/* The link is lost: the epoch is over. */
void near_lost(struct near *near);
/* A ping sent then was answered. */
void near_confirm(struct near *near, uint64_t sent_at_ms);
/* After a gap of the loop: whether there is still something to be read from the link. */
void near_set_unread(struct near *near, bool unread);
bool near_is_unread(const struct near *near);

/* Gives memory back bit by bit. True if there is more to do. */
bool near_tick(struct near *near, uint64_t unix_ms);

size_t near_count(const struct near *near);

#endif
