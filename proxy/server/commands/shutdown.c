/* SHUTDOWN: an orderly exit, asked for by a client.
 *
 * It saves the data as SIGTERM does, and begins the same drain. Nobody answers it: the client sees
 * its connection close. If the data cannot be saved podis goes on, unless the exit is forced. An
 * exit under way cannot be called off, and a client that could ask for it is being closed
 * already. */

#include "proxy/server/commands/rows.h"

#include "cache/call.h"
#include "proxy/server/busy.h"
#include "proxy/server/session.h"
#include "proxy/server/state.h"

/* Replies if it returns false. */
static bool take_wish(struct call *c, struct server_shutdown *wish, bool *abort)
{
    *wish = (struct server_shutdown){ 0 };
    *abort = false;
    for (size_t at = 1; at < c->argc; at++) {
        wish->save |= arg_is(c, at, "save");
        wish->nosave |= arg_is(c, at, "nosave");
        wish->now |= arg_is(c, at, "now");
        wish->force |= arg_is(c, at, "force");
        *abort |= arg_is(c, at, "abort");
        if (!arg_is(c, at, "save") && !arg_is(c, at, "nosave") && !arg_is(c, at, "now") &&
            !arg_is(c, at, "force") && !arg_is(c, at, "abort")) {
            call_syntax_error(c);
            return false;
        }
    }
    bool goes = wish->save || wish->nosave || wish->now || wish->force;
    if ((*abort && goes) || (wish->save && wish->nosave)) {
        call_syntax_error(c);
        return false;
    }
    return true;
}

static void shut_down(struct call *c)
{
    const struct session *session = c->caller;
    const struct server_program *program = server_program(session->server);
    struct server_shutdown wish;
    bool abort;

    if (!take_wish(c, &wish, &abort)) {
        return;
    }
    if (session->server->special & SPECIAL_BUSY && !wish.nosave) {
        reply_error(c->reply, busy_error(session->server));
        return;
    }
    if (abort) {
        reply_error(c->reply, SPAN("ERR No shutdown in progress."));
        return;
    }
    if (program->shutdown == NULL) {
        reply_error(c->reply, SPAN("ERR SHUTDOWN is not possible here"));
        return;
    }
    if (!program->shutdown(program->context, &wish)) {
        reply_error(c->reply, SPAN("ERR Errors trying to SHUTDOWN. Check logs."));
    }
}

const struct command shutdown_commands[] = {
    { .name = "shutdown",
      .run = shut_down,
      .arity = -1,
      .flags = CMD_SESSION | CMD_ADMIN | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE | CMD_NO_MULTI |
               CMD_ALLOW_BUSY,
      .group = "server",
      .since = "1.0.0",
      .complexity = "O(1)",
      .synopsis = "[nosave_save:(nosave:NOSAVE | save:SAVE)] [now:NOW@7.0.0] "
                  "[force:FORCE@7.0.0] [abort:ABORT@7.0.0]",
      .summary = "Saves the data, if there are save points or SAVE is said, drains and exits.",
      .history = "7.0.0 NOW, FORCE and ABORT." },
    { .name = NULL },
};
