#ifndef PODIS_PROXY_ROUTING_ROUTE_H
#define PODIS_PROXY_ROUTING_ROUTE_H

/* Where a request is to be answered. Pure: no socket, no state of its own.
 *
 *   HERE     this process owns the keys, or there are none
 *   PEER     one other member owns all keys; may_near: a near copy may answer it
 *   SPLIT    several owners, and the row says how to split (command.across)
 *   ALL      every owner has a part of the answer (DBSIZE, KEYS …)
 *   MOVED    asked on the peer port, and another member owns the slot
 *   REFUSE   keys of several owners and no way to split: CROSSSLOT; or keys that nobody can know
 *            before it runs (SORT … BY), and that no hashtag keeps with the others
 *   DOWN     the members of the mesh are not known yet: it waits
 */

#include "cache/command.h"
#include "config/rules.h"
#include "proxy/routing/ring.h"

enum route_kind {
    ROUTE_HERE,
    ROUTE_PEER,
    ROUTE_SPLIT,
    ROUTE_ALL,
    ROUTE_MOVED,
    ROUTE_REFUSE,
    ROUTE_DOWN,
};

struct route {
    enum route_kind kind;
    uint16_t member; /* PEER, MOVED: index in the ring's view. */
    uint16_t slot;   /* Of the first key, when there is one. */
    bool may_near;
    const struct rule *rule; /* That decided for the first key; NULL if none. */
    const char *why;         /* REFUSE: the error, "CROSSSLOT …". */
};

struct route_question {
    const struct command *command;
    const struct span *argv;
    size_t argc;
    const struct ring *ring; /* NULL: alone, everything is HERE. */
    const struct rules *rules;
    bool from_peer; /* Asked on the peer port: never forwarded again. */
};
struct route route_decide(const struct route_question *question);

/* Slot of a key under the rules: `shard=` capture, else hashtag, else the key. */
uint16_t route_slot(const struct rules *rules, struct span key, const struct rule **rule);

/* Whether this process answers for the key: it owns the slot, or a rule keeps the key here. If
 * not, *owner is the member that does; RING_NOBODY in a ring of nobody. */
bool route_is_here(const struct ring *ring, const struct rules *rules, struct span key,
                   uint16_t *owner);

const char *route_kind_name(enum route_kind kind);

#endif
