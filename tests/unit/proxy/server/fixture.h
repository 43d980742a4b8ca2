#ifndef PODIS_TESTS_UNIT_PROXY_SERVER_FIXTURE_H
#define PODIS_TESTS_UNIT_PROXY_SERVER_FIXTURE_H

/* A server without sockets, and sessions whose answers a test can look at. */

#include "cache/cache.h"
#include "config/config.h"
#include "proxy/server/dispatch.h"
#include "proxy/server/state.h"

#include <ev.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

struct fixture {
    struct ev_loop *loop;
    struct command_table *table;
    struct cache *cache;
    struct config *config;
    struct server *server;
    char log[4096]; /* What was logged, a line each. */
    struct log logger;
};

static inline void fixture_log(void *context, enum log_level level, const char *text)
{
    struct fixture *fixture = context;
    size_t len = strlen(fixture->log);
    (void)level;

    snprintf(fixture->log + len, sizeof(fixture->log) - len, "%s\n", text);
}

static inline struct config *fixture_config(const char *const *flags, size_t count)
{
    struct config_sources sources = { .flags = flags, .flag_count = count };
    struct config_report report = { 0 };
    struct config *config = NULL;

    assert_int_equal(config_load(&sources, &config, &report), ERR_OK);
    config_report_fini(&report);
    return config;
}

/* With more rows, which may be NULL. */
static inline void fixture_init_rows(struct fixture *fixture, const char *const *flags,
                                     size_t count, const struct command *rows)
{
    *fixture = (struct fixture){ .loop = ev_loop_new(EVFLAG_AUTO) };
    fixture->table = command_table_new();
    command_table_add_store(fixture->table);
    command_table_add_server(fixture->table);
    if (rows != NULL) {
        command_table_add(fixture->table, rows);
    }
    fixture->cache = cache_new(
        &(struct cache_options){ .databases = 16, .seed = 7, .commands = fixture->table });
    fixture->config = fixture_config(flags, count);
    fixture->logger = (struct log){ .write = fixture_log, .context = fixture };
    fixture->server = server_new(&(struct server_parts){
        .loop = fixture->loop,
        .cache = fixture->cache,
        .commands = fixture->table,
        .config = fixture->config,
        .log = &fixture->logger,
        .run_id = "0123456789012345678901234567890123456789",
        .seed = 7,
    });
}

/* `flags` are directives as on the command line: "--timeout", "3". */
static inline void fixture_init(struct fixture *fixture, const char *const *flags, size_t count)
{
    fixture_init_rows(fixture, flags, count, NULL);
}

static inline void fixture_fini(struct fixture *fixture)
{
    server_free(fixture->server);
    cache_free(fixture->cache);
    command_table_free(fixture->table);
    config_free(fixture->config);
    ev_loop_destroy(fixture->loop);
}

/* A client of the test. */
struct client {
    struct session session; /* First. */
    int ready;              /* How often its owner was told. */
};

static inline void client_ready(struct answers *answers)
{
    struct client *client = (struct client *)((char *)answers - offsetof(struct session, answers));
    client->ready++;
}

static inline void client_init(struct client *client, struct fixture *fixture)
{
    *client = (struct client){ .session.fd = -1 };
    session_begin(&client->session, fixture->server, SIZE_MAX / 2);
    client->session.answers.ready = client_ready;
}

static inline void client_fini(struct client *client)
{
    session_finish(&client->session);
}

/* What is to leave, NUL-terminated, and taken as sent. */
static inline const char *client_takes(struct client *client)
{
    static char text[16384];
    struct span out = buf_span(&client->session.answers.out);

    assert_true(out.len < sizeof(text));
    memcpy(text, out.bytes, out.len);
    text[out.len] = '\0';
    buf_consume(&client->session.answers.out, out.len);
    return text;
}

/* Bytes as they come in; returns how the batch ended. */
static inline enum batch_end client_sends_bytes(struct client *client, struct span in)
{
    struct resp_reader reader = { 0 };
    size_t used;
    enum batch_end end = batch_run(client->session.server, &client->session, &reader, in, &used);

    resp_reader_fini(&reader);
    return end;
}

/* Lines as people type them, "GET k\r\n"; what they are answered at once. */
static inline const char *client_asks(struct client *client, const char *lines)
{
    client_sends_bytes(client, span_from(lines));
    return client_takes(client);
}

#endif
