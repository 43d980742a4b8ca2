/* SAVE, BGSAVE and LASTSAVE: the RDB file, as a client asks for it. */

#include "proxy/server/commands/persistence.h"

#include "cache/call.h"
#include "cache/persist/persistence.h"
#include "proxy/server/persisting.h"
#include "proxy/server/session.h"

static struct server *server_of(struct call *c)
{
    const struct session *session = c->caller;
    return session->server;
}

/* Replies if there is none. */
static struct persistence *persistence_of(struct call *c)
{
    struct persistence *persistence = server_persistence(server_of(c));

    if (persistence == NULL) {
        reply_error(c->reply, SPAN("ERR nothing is kept on disk here"));
    }
    return persistence;
}

static void reply_saves(struct call *c)
{
    reply_error(c->reply, SPAN("ERR Background save already in progress"));
}

static void save(struct call *c)
{
    struct persistence *persistence = persistence_of(c);

    if (persistence == NULL) {
        return;
    }
    switch (persistence_save(persistence, c->now_ms)) {
    case PERSISTENCE_SAVES:
        reply_saves(c);
        return;
    case PERSISTENCE_OK:
        persisting_look(server_of(c));
        reply_ok(c->reply);
        return;
    default:
        reply_error(c->reply, SPAN("ERR"));
        return;
    }
}

static void reply_begun(struct call *c, enum persistence_answer answer)
{
    switch (answer) {
    case PERSISTENCE_OK:
        reply_status(c->reply, SPAN("Background saving started"));
        return;
    case PERSISTENCE_SCHEDULED:
        reply_status(c->reply, SPAN("Background saving scheduled"));
        return;
    case PERSISTENCE_SAVES:
        reply_saves(c);
        return;
    default:
        reply_error(c->reply,
                    SPAN("ERR Another child process is active (AOF?): can't BGSAVE right now. Use "
                         "BGSAVE SCHEDULE in order to schedule a BGSAVE whenever possible."));
        return;
    }
}

static void bgsave(struct call *c)
{
    struct persistence *persistence = persistence_of(c);
    bool schedule = c->argc == 2 && arg_is(c, 1, "schedule");

    if (persistence == NULL) {
        return;
    }
    if (c->argc > 1 && !schedule) {
        call_syntax_error(c);
        return;
    }
    reply_begun(c, persistence_begin(persistence, schedule, c->now_ms));
}

static void lastsave(struct call *c)
{
    struct persistence *persistence = persistence_of(c);

    if (persistence != NULL) {
        reply_integer(c->reply, (int64_t)persistence_figures(persistence, c->now_ms).last_save_s);
    }
}

/* --- DEBUG RELOAD --- */

void debug_reload(struct call *c)
{
    struct persistence *persistence = persistence_of(c);
    struct persistence_reload reload = { .save = true, .flush = true };

    if (persistence == NULL) {
        return;
    }
    for (size_t i = 2; i < c->argc; i++) {
        reload.save &= !arg_is(c, i, "NOSAVE");
        reload.flush &= !arg_is(c, i, "NOFLUSH");
        reload.merge |= arg_is(c, i, "MERGE");
        if (!arg_is(c, i, "MERGE") && !arg_is(c, i, "NOFLUSH") && !arg_is(c, i, "NOSAVE")) {
            reply_error(
                c->reply,
                SPAN("ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options."));
            return;
        }
    }
    switch (persistence_reload(persistence, &reload, c->now_ms)) {
    case LOAD_DONE:
        reply_ok(c->reply);
        return;
    case LOAD_RUNS: /* It was not saved. */
        reply_error(c->reply, SPAN("ERR"));
        return;
    default:
        reply_error(c->reply, SPAN("ERR Error trying to load the RDB dump, check server logs."));
        return;
    }
}

const struct command persistence_commands[] = {
    { .name = "save",
      .run = save,
      .arity = 1,
      .flags = CMD_SESSION | CMD_ADMIN | CMD_NOSCRIPT | CMD_NO_ASYNC_LOADING | CMD_NO_MULTI,
      .group = "server",
      .since = "1.0.0",
      .complexity = "O(N) where N is the total number of keys in all databases",
      .summary = "Saves all data to disk at once; nobody is served until it is done." },
    { .name = "bgsave",
      .run = bgsave,
      .arity = -1,
      .flags = CMD_SESSION | CMD_ADMIN | CMD_NOSCRIPT | CMD_NO_ASYNC_LOADING,
      .group = "server",
      .since = "1.0.0",
      .complexity = "O(1)",
      .synopsis = "[schedule:SCHEDULE@3.2.2]",
      .summary = "Saves all data to disk bit by bit, as it is now.",
      .history = "3.2.2 SCHEDULE." },
    { .name = "lastsave",
      .run = lastsave,
      .arity = 1,
      .flags = CMD_SESSION | CMD_LOADING | CMD_STALE | CMD_FAST,
      .categories = ACL_ADMIN | ACL_DANGEROUS,
      .group = "server",
      .since = "1.0.0",
      .complexity = "O(1)",
      .summary = "When all data was last saved to disk: seconds of Unix time.",
      .tips = "nondeterministic_output" },
    { .name = NULL },
};
