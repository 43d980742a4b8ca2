/* MONITOR: see proxy/server/monitor.h. */

#include "proxy/server/commands/rows.h"

#include "cache/call.h"
#include "proxy/server/monitor.h"

/* One that monitors already goes on without an answer, as in Redis: its lines tell enough. */
static void monitor(struct call *c)
{
    if (monitor_begin(c->caller)) {
        reply_ok(c->reply);
    }
}

const struct command monitor_commands[] = {
    { .name = "monitor",
      .run = monitor,
      .arity = 1,
      .flags = CMD_SESSION | CMD_ADMIN | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE,
      .group = "server",
      .since = "1.0.0",
      .summary = "Shows this connection every request as it is run." },
    { .name = NULL },
};
