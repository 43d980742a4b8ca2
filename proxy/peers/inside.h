#ifndef PODIS_PROXY_PEERS_INSIDE_H
#define PODIS_PROXY_PEERS_INSIDE_H

/* What the files of this folder share. Everyone else includes peers.h.
 *
 *     peers.c      the member table's changes, and what the server sees
 *     forward.c    a request to the one member that owns its keys
 *     fetch.c      a near copy of a key, and the readers that wait for it
 *     errand.c     a request that may wait at its owner, on a connection of its own
 *     split.c      a request to several members, and their answers joined
 *     compute.c    a command that reads keys of several members, run on copies of them
 *     roster.c     who the members are, and their links
 *     handover.c   keys that are not ours any more
 *     tidings.c    what owners are to tell clients that keep copies
 */

#include "proxy/peers/hello.h"
#include "proxy/peers/near.h"
#include "proxy/peers/peers.h"
#include "proxy/peers/roster.h"

#include <ev.h>

struct fetches;
struct errands;
struct forwards;
struct handover;
struct textset;

struct peers {
    struct peers_parts parts;
    const struct config *config;
    struct hello hello;
    uint64_t random;
    struct ring *ring;      /* Of nobody before the first view. */
    struct ring *last_ring; /* Replaced this turn: somebody may still look at it. */
    struct roster *roster;
    struct forwards *forwards;
    struct errands *errands;
    struct fetches *fetches;
    struct handover *handover;
    struct peers_tidings tidings;
    struct textset *followed; /* Prefixes; NULL: none. */
    uint64_t turned_at_ms;    /* When the last turn began. */
    uint64_t unix_ms;         /* Unix time of this turn. */
    bool draining;
};

/* A request on its way through this folder: what the server asked, and until when. */
struct task {
    struct peers_request request;
    struct waiter *waiter;
    uint64_t deadline_ms; /* Of links_clock_ms(). */
    bool fixed;           /* Is for this member alone, whoever owns what. */
    bool followed;        /* Was sent to where MOVED said. */
};

/* The keys of a request, in `room` of KEYS_ON_STACK spans or in an array that is to be freed. */
enum { KEYS_ON_STACK = 32 };
struct span *request_keys(const struct peers_request *request, struct span *room, size_t *count);

/* Answers the task now (true), or sees to it (false), by what its route says. */
bool task_run(struct peers *peers, const struct task *task);
/* Decides its route first: the keys' owners may have changed. */
bool task_route_and_run(struct peers *peers, struct task *task);
/* Runs it on our own store; *waiter->reply is the answer. */
void task_run_here(struct peers *peers, const struct task *task);

/* forward.c */
struct forwards *forwards_new(struct peers *peers);
void forwards_free(struct forwards *forwards);
/* To the member on this lane. True: it could not be sent, and an error was replied. */
bool forward(struct peers *peers, struct lane *lane, const struct task *task);
/* The same for a request that was formatted before; its keys may have new owners. Never at once.
 * False, and nothing done, if too much waits like that already. */
must_check bool forward_again(struct peers *peers, const struct task *task, struct span request);

/* An error that begins with UNREACHABLE. The reply may be NULL: nobody is there to hear of it. */
void reply_unreachable(struct reply *reply, const struct address *address, const char *why);

/* fetch.c */
struct fetches *fetches_new(struct peers *peers);
void fetches_free(struct fetches *fetches);
/* Whether a fetch can answer this command, whatever type of value it finds. */
bool fetch_serves(const struct command *command);
/* Fetches the only key of a read to keep a copy of it, and answers the read. True: it could not
 * be sent, and an error was replied. */
bool fetch_begin(struct peers *peers, struct lane *lane, struct span key, const struct task *task);
/* Answers a read of the same key by the same fetch. */
void fetch_join(void *flight, const struct task *task);

/* split.c: ROUTE_SPLIT and ROUTE_ALL. */
bool split_run(struct peers *peers, const struct task *task);
/* compute.c: ROUTE_SPLIT of a row that is ACROSS_COMPUTE. */
bool compute_run(struct peers *peers, const struct task *task);

/* errand.c */
struct errands *errands_new(struct peers *peers);
/* After the roster, which ends those that are at a member. */
void errands_free(struct errands *errands);
/* There is a new view. */
void errands_members_changed(struct errands *errands);
/* The shared link of a lane was lost; or the lane is about to be freed. */
void errands_lane_lost(void *errands, struct lane *lane);
void errands_lane_gone(void *errands, struct lane *lane);
/* Once per turn. */
void errands_turn(struct errands *errands);

/* handover.c */
struct handover *handover_new(struct peers *peers);
void handover_free(struct handover *handover);
/* The owners changed. */
void handover_start(struct handover *handover);

#endif
