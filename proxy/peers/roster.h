#ifndef PODIS_PROXY_PEERS_ROSTER_H
#define PODIS_PROXY_PEERS_ROSTER_H

/* Who the other members are, and a lane to each of their databases that is in use.
 *
 *     roster --- peer (member 0) --- lane (db 0): link, near copies
 *            |                   `-- lane (db 3): link, near copies
 *            `-- peer (member 1) --- ...
 *
 * The place of a peer is the member's index in the view; our own place is empty. A peer that
 * left the view drains its links and then goes away. */

#include "proxy/peers/link.h"
#include "proxy/peers/near.h"

struct peer {
    struct address address;
    char node_id[HELLO_ID_SIZE];  /* "" until greeted. */
    char given_to[HELLO_ID_SIZE]; /* Whom libraries were sent to; see libraries.c. */
    struct lane **lanes;          /* By database; NULL where none was needed yet. */
    size_t writes_of_all;         /* Under way, of the kind that may change other databases. */
    bool leaving;
    struct roster *roster;
    struct peer *next; /* Of those that are leaving. */
};

struct lane {
    struct peer *peer;
    int db;
    struct link *link;
    struct near *near;
    /* errand.c: connections of their own to the same database. */
    struct carrier *spares;
    size_t spare_count;
    size_t errand_count; /* Errands at the member now. */
};

struct carrier;
struct peers;
struct links;
struct links_settings;
struct roster;

struct roster_parts {
    struct ev_loop *loop;
    const struct log *log;
    const struct command_table *commands;
    int databases;
    uint64_t seed;
    const struct hello *hello; /* Borrowed. */
    void *errands;             /* Told when a lane's link is lost, and before a lane is freed. */
    void (*lane_lost)(void *errands, struct lane *lane);
    void (*lane_gone)(void *errands, struct lane *lane);
    struct peers *peers; /* Of whom the next two are told: a link is ready; what owners say. */
    void (*lane_ready)(struct peers *peers, struct lane *lane);
    void (*changed)(struct peers *peers, const struct span *key);
};

struct roster *roster_new(const struct roster_parts *parts);
void roster_free(struct roster *roster);
void roster_configure(struct roster *roster, const struct links_settings *links,
                      const struct near_settings *near);

/* Takes the members of a view: links to new ones are opened, to gone ones drained. */
void roster_set(struct roster *roster, const struct view *view);

struct links *roster_links(const struct roster *roster);
/* links_turn_ms() of all links. */
uint64_t roster_turn_ms(const struct roster *roster);

/* NULL for our own place. */
struct peer *roster_peer(const struct roster *roster, uint16_t member);

/* The lane to a database; opened if there is none yet. */
struct lane *peer_lane(struct peer *peer, int db);

/* A write that may change other databases than the lane's own begins and ends: until then the
 * other lanes make and use no near copies. */
void peer_close_others(struct peer *peer, const struct lane *lane);
void peer_reopen_others(struct peer *peer, const struct lane *lane);

/* Drops the near copies of all of a peer's databases. */
void peer_forget(struct peer *peer);

uint64_t peer_near_keys(const struct peer *peer);
size_t peer_waiting(const struct peer *peer);

/* Requests under way over all links, of leaving peers too. */
size_t roster_waiting(const struct roster *roster);

/* All lanes of the members of the view. */
void roster_each_lane(struct roster *roster, void (*act)(void *context, struct lane *lane),
                      void *context);
/* After a gap of the loop: reads all links, and marks those that could not be read to the end. */
void roster_read_all(struct roster *roster);
/* Once per turn: background work, and an end to peers that have left. */
void roster_turn(struct roster *roster, uint64_t unix_ms);
/* Ends what waits for a link that is not ready. */
void roster_abandon_unsent(struct roster *roster);

#endif
