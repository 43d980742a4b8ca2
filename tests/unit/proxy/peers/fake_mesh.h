#ifndef PODIS_TESTS_UNIT_PROXY_PEERS_FAKE_MESH_H
#define PODIS_TESTS_UNIT_PROXY_PEERS_FAKE_MESH_H

/* A mesh of two, this process and a fake peer, on one loop; and an app that asks it. */

#include "cache/base/check.h"
#include "cache/base/memory.h"
#include "proxy/peers/peers.h"
#include "proxy/peers/walk.h"
#include "tests/unit/proxy/peers/fake_peer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* One process of a mesh of two: this one and the fake. */
struct mesh {
    struct ev_loop *loop;
    struct command_table *commands;
    struct cache *cache;
    struct config *config;
    struct fake_peer fake;
    struct peers *peers;
    struct address members[2];
    char key[2][16]; /* A key of the fake's, and one of ours. */
    struct log log;
    char logged[512]; /* The last message. */
};

struct asked {
    struct waiter waiter;
    struct buf buf;
    struct reply reply;
    bool done;
    size_t times;
};

/* The first `count` of mesh->members are the members from now on. */
void set_view(struct mesh *mesh, size_t count);

/* One of our keys, or of the fake's; `number` tells several apart. */
void find_key(struct mesh *mesh, bool mine, int number, char key[16]);

void mesh_init(struct mesh *mesh, const char *const *flags, size_t count);
void mesh_fini(struct mesh *mesh);

uint64_t wall_ms(void);
/* One turn of the loop, or as many as fit into a time. */
void turn(struct mesh *mesh);
void turns(struct mesh *mesh, double seconds);

/* Asks as the server does: route, then run here or hand over to peers. */
void ask_in(struct mesh *mesh, struct asked *asked, int protocol, int db, const char *text);

/* In RESP2, of database 0. */
void ask(struct mesh *mesh, struct asked *asked, const char *format, ...) printf_like(3, 4);

/* Whether the answer is this, or begins with this. */
bool says(const struct asked *asked, const char *bytes);
bool begins(const struct asked *asked, const char *bytes);

bool fake_is_ready(struct mesh *mesh);
/* Somebody else writes at the fake. */
void fake_set(struct mesh *mesh, const char *key, const char *value);

/* Reads a key until there is a near copy of it, with a lease. */
void make_copy(struct mesh *mesh, const char *key, const char *answer);

/* Asks, waits for the answer and compares it. */
void expect(struct mesh *mesh, const char *answer, const char *format, ...) printf_like(3, 4);

/* Turns until it is so, two seconds at most. */
#define wait_for(mesh, condition)                                                                  \
    for (double until_ = ev_time() + 30; !(condition); turn(mesh)) {                               \
        assert_true(ev_time() < until_);                                                           \
    }

/* The beginning of a test, with more flags of the command line. */
#define with_mesh(...)                                                                             \
    static const char *const flags_[] = { "--save", "", __VA_ARGS__ };                             \
    struct mesh mesh;                                                                              \
    (void)state;                                                                                   \
    mesh_init(&mesh, flags_, COUNT(flags_))

#endif
