#ifndef PODIS_PROXY_PEERS_INTAKE_H
#define PODIS_PROXY_PEERS_INTAKE_H

/* Takes the values of an answer while they are parsed, one by one, and writes them into the reply
 * of whoever asked: in the protocol of the app, whatever protocol the link speaks. Or hears in
 * them a push, or that the request belongs to another member. */

#include "proxy/peers/link.h"

enum intake_subject { INTAKE_NOTHING, INTAKE_CALL, INTAKE_REPLY, INTAKE_PUSH };

enum { INTAKE_MOVED_MAX = 96 };

/* One value. An aggregate comes before what is inside it. */
struct value {
    char kind;        /* The first byte of its RESP3 form; '_' for a null of any form. */
    int depth;        /* 0: the answer itself. */
    int index;        /* Its place inside the aggregate. */
    struct span text; /* Of all that is not an aggregate, numbers included. */
    size_t count;     /* Values inside an aggregate: twice the pairs of a map. */
    bool of_array;    /* Of a null: that of an array, as RESP2 knows it. */
};

struct intake {
    enum intake_subject subject;
    struct link_call *call; /* CALL: NULL if nobody wants the answer. */
    struct reply *reply;    /* REPLY */
    bool answering;         /* Part of the call's answer may be written. */
    size_t began;           /* Length of the call's reply before it. */
    bool failed_before;     /* Its flag then. */
    size_t held;            /* Elements of an array whose head is not written yet. */
    bool flat;              /* The heads of the pairs in it are left out. */

    bool moved;
    char moved_to[INTAKE_MOVED_MAX];
    size_t moved_len;

    bool invalidation; /* The push is one. */
    void (*invalidate)(void *context, struct span key);
    void *context;
};

void intake_init(struct intake *intake, void (*invalidate)(void *context, struct span key),
                 void *context);

/* The next values, up to intake_end() or another beginning, are about this. */
void intake_begin_call(struct intake *intake, struct link_call *call);
void intake_begin_reply(struct intake *intake, struct reply *reply);
void intake_begin_push(struct intake *intake);

void intake_value(struct intake *intake, const struct value *value);

/* Takes back what was written of the call's answer, and drops the rest of it: half an answer
 * would break the app's stream. */
void intake_cut(struct intake *intake);
void intake_end(struct intake *intake);

/* "host:port" of the member that the answer named, once `moved` is set. */
struct span intake_moved_to(const struct intake *intake);

#endif
