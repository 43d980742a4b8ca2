#ifndef PODIS_CACHE_WAIT_H
#define PODIS_CACHE_WAIT_H

/* Waiting for a key: BLPOP, BZMPOP, XREAD BLOCK …
 *
 * A handler of a CMD_BLOCKING row that has nothing to answer calls call_wait() and returns without
 * a reply, if call_may_wait(); otherwise it replies as if its time were over. Whoever ran the
 * command runs it again, as `argv` says, when one of the keys may have what it waits for, in the
 * order in which the clients came; and answers for it when the time is over. Nothing was changed,
 * so a command that is run again finds its own state. */

#include "cache/call.h"

struct call_wait {
    bool again;  /* Set by whoever runs a command that waited: it is run again. */
    bool wanted; /* Set by call_wait(). The rest is good until the next cache_exec(). */
    const struct type *type;
    const uint32_t *keys; /* Indexes into argv. */
    size_t key_count;
    const struct span *argv; /* What to run again. */
    size_t argc;
    uint64_t timeout_ms; /* From now; 0: for ever. */
    bool null_array;     /* What is answered then: RESP2's *-1, else $-1. */
    bool or_gone;        /* Run again also when the key is gone or of another type: XREADGROUP says
                            NOGROUP or WRONGTYPE then. */
    bool until_told; /* For no key: it is run again whenever whoever ran it is told that it may go
                        on, and once more, unable to wait, when its time is over. */
};

/* False in transactions, scripts and replays. */
static inline bool call_may_wait(const struct call *c)
{
    return c->wait != NULL;
}

/* `wait` is copied; its spans and indexes must last until the call ends. argv NULL: the call's. */
void call_wait(struct call *c, const struct call_wait *wait);

#endif
