#ifndef PODIS_SIDECAR_LIFECYCLE_H
#define PODIS_SIDECAR_LIFECYCLE_H

/* The life of the process.
 *
 *               listening             told to stop               nothing left, or
 *     STARTING ------------> READY ------------------> DRAINING ------------------> STOPPED
 *         |                                                       out of time, or       ^
 *         |                                                       told again            |
 *         +-----------------------------------------------------------------------------+
 *                                        told to stop
 *
 * lifecycle_step() is the whole of the logic. It does no input or output and reads no clock: it is
 * told what happened and when, and answers what to do. Signals, timers and sockets are
 * in program.c. */

#include <stdbool.h>
#include <stdint.h>

enum lifecycle_state { LIFE_STARTING, LIFE_READY, LIFE_DRAINING, LIFE_STOPPED };

enum lifecycle_event {
    LIFE_LISTENS,  /* The access points are open. */
    LIFE_TOLD,     /* SIGTERM, SIGINT or SHUTDOWN. */
    LIFE_IS_EMPTY, /* No connection, and nobody waits for an answer. */
    LIFE_TICKS,    /* Time has passed. */
};

/* Zeroed storage is a process that starts. */
struct lifecycle {
    enum lifecycle_state state;
    uint64_t stop_at_ms; /* DRAINING: not later than this. */
};

struct lifecycle_todo {
    bool drain;    /* Close the access points, let what is asked be answered. */
    bool stop;     /* Leave the loop. */
    bool too_late; /* Stopped with something left. */
};

/* `drain_ms` is how long draining may take. */
struct lifecycle_todo lifecycle_step(struct lifecycle *lifecycle, enum lifecycle_event event,
                                     uint64_t now_ms, uint64_t drain_ms);

const char *lifecycle_name(enum lifecycle_state state);

#endif
