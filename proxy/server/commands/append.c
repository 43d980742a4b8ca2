/* BGREWRITEAOF and DEBUG LOADAOF: the append-only file, as a client asks for it. */

#include "proxy/server/commands/rows.h"

#include "cache/call.h"
#include "cache/persist/aof.h"
#include "cache/persist/insert.h"
#include "proxy/server/session.h"
#include "proxy/server/state.h"

static struct aof *aof_of(const struct call *c)
{
    const struct session *session = c->caller;
    return session->server->parts.aof;
}

static void bgrewriteaof(struct call *c)
{
    struct aof *aof = aof_of(c);

    if (aof == NULL) {
        reply_error(c->reply,
                    SPAN("ERR Can't execute an AOF background rewriting. Please check the "
                         "server logs for more information."));
        return;
    }
    switch (aof_rewrite(aof, c->now_ms)) {
    case AOF_STARTED:
        reply_status(c->reply, SPAN("Background append only file rewriting started"));
        return;
    case AOF_SCHEDULED:
        reply_status(c->reply, SPAN("Background append only file rewriting scheduled"));
        return;
    case AOF_RUNS_ALREADY:
        reply_error(c->reply,
                    SPAN("ERR Background append only file rewriting already in progress"));
        return;
    }
}

/* All at once, as a test waits for it. What cannot be loaded has taken the data with it. */
static bool load_again(struct call *c, struct aof *aof)
{
    enum { STEP_BYTES = 1024 * 1024 };

    if (aof_settle(aof, c->now_ms) < 0) {
        return false;
    }
    insert_into_nothing(c->cache);
    enum aof_load state = aof_load(aof, c->now_ms);
    while (state == AOF_LOAD_RUNS) {
        state = aof_load_turn(aof, c->now_ms, STEP_BYTES);
    }
    return state != AOF_LOAD_FAILED;
}

void debug_loadaof(struct call *c)
{
    struct session *session = c->caller;
    struct aof *aof = aof_of(c);

    if (aof == NULL || !load_again(c, aof)) {
        reply_error(c->reply, SPAN("ERR Error trying to load the AOF files, check server logs"));
        return;
    }
    log_warning(server_log(session->server), "Append Only File loaded by DEBUG LOADAOF");
    reply_ok(c->reply);
}

void debug_aof_flush_sleep(struct call *c)
{
    enum { SLEEP_MAX_US = 60 * 1000 * 1000 };
    struct aof *aof = aof_of(c);
    int64_t number = 0;

    if (!arg_integer(c, 2, &number)) {
        return;
    }
    uint64_t us = number < 0 ? 0 : number > SLEEP_MAX_US ? SLEEP_MAX_US : (uint64_t)number;
    if (aof != NULL) {
        aof_set_sleep(aof, us);
    }
    reply_ok(c->reply);
}

const struct command append_commands[] = {
    { .name = "bgrewriteaof",
      .run = bgrewriteaof,
      .arity = 1,
      .flags = CMD_SESSION | CMD_ADMIN | CMD_NOSCRIPT | CMD_NO_ASYNC_LOADING,
      .group = "server",
      .since = "1.0.0",
      .complexity = "O(1)",
      .summary = "Makes the files of the append-only file as small as the data, bit by bit." },
    { .name = NULL },
};
