#ifndef PODIS_SIDECAR_PROGRAM_H
#define PODIS_SIDECAR_PROGRAM_H

/* The parts of the running program, and what happens to them from outside: signals, a new
 * configuration, another memory limit, the end. sidecar/main.c makes the parts. */

#include "cache/cache.h"
#include "config/config.h"
#include "proxy/discovery/discovery.h"
#include "proxy/peers/peers.h"
#include "proxy/server/invalidate.h"
#include "proxy/server/server.h"
#include "proxy/tls/tls.h"
#include "sidecar/admin.h"
#include "sidecar/append.h"
#include "sidecar/disk.h"
#include "sidecar/jobs.h"
#include "sidecar/lifecycle.h"
#include "sidecar/logger.h"
#include "sidecar/reload.h"

#include <ev.h>

struct program {
    struct config_sources sources;
    struct config *config; /* Changed in place. */
    struct logger logger;
    struct lifecycle lifecycle;
    struct ev_loop *loop;

    struct cache *cache;
    struct jobs *jobs;            /* For the cache; ended before it. */
    struct cache_jobs cache_jobs; /* The same, as the cache knows them. */
    struct persistence *persistence;
    struct jobs *log_jobs; /* Of the log alone: no fsync waits behind other work. */
    struct cache_jobs log_queue;
    struct aof *aof;
    struct append_loading log_loading;
    struct disk_loading loading;
    bool failed; /* To start. */
    struct command_table *commands;
    struct tls *tls;
    struct peers *peers; /* NULL while alone, like discovery. */
    struct server *server;
    struct invalidate *invalidate;
    struct discovery *discovery;
    struct admin *admin; /* NULL without an admin port. */
    struct reload *reload;

    char node_id[41]; /* 40 hex digits, NUL. */
    uint64_t seed;

    struct ev_signal terminate;
    struct ev_signal interrupt;
    struct ev_timer drain;  /* Looks whether draining is over. */
    struct ev_timer memory; /* Looks at the container's memory limit. */
};

/* What the server's commands may ask of the program. */
struct server_program program_services(struct program *program);

/* Watches signals, the configuration's file and the container's memory limit. */
void program_watch(struct program *program);
void program_unwatch(struct program *program);

/* The access points are open, and the data is there. */
void program_is_ready(struct program *program);
/* It never will be. Why was logged. */
void program_give_up(struct program *program);

/* Turns the loop until the program is told to stop and has drained. */
void program_run(struct program *program);

/* Tells persistence what the configuration says. */
void program_configure_disk(struct program *program);

/* maxmemory from the container's limit, where nobody set it. */
void program_look_at_memory(struct program *program);

#endif
