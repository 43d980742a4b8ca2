#ifndef PODIS_TESTS_UNIT_SIDECAR_PARTS_H
#define PODIS_TESTS_UNIT_SIDECAR_PARTS_H

/* A server without sockets, for tests of what tells about it. */

#include "config/config.h"
#include "proxy/server/server.h"
#include "sidecar/lifecycle.h"

#include <ev.h>

struct parts {
    struct ev_loop *loop;
    struct config *config;
    struct cache *cache;
    struct command_table *commands;
    struct server *server;
    struct lifecycle lifecycle;
};

static inline void parts_make(struct parts *parts)
{
    struct config_sources sources = { 0 };
    struct cache_options options = { .databases = 2, .seed = 1 };
    struct config_report report;

    *parts = (struct parts){ .loop = ev_loop_new(EVFLAG_AUTO) };
    enum err err = config_load(&sources, &parts->config, &report);
    assert(err == ERR_OK);
    config_report_fini(&report);
    parts->cache = cache_new(&options);
    parts->commands = command_table_new();
    command_table_add_store(parts->commands);
    command_table_add_server(parts->commands);
    struct server_parts server = { .loop = parts->loop,
                                   .cache = parts->cache,
                                   .commands = parts->commands,
                                   .config = parts->config,
                                   .run_id = "0123456789012345678901234567890123456789",
                                   .seed = 1 };
    parts->server = server_new(&server);
}

static inline void parts_free(struct parts *parts)
{
    server_free(parts->server);
    command_table_free(parts->commands);
    cache_free(parts->cache);
    config_free(parts->config);
    ev_loop_destroy(parts->loop);
}

#endif
