#ifndef PODIS_PROXY_SERVER_MONITOR_H
#define PODIS_PROXY_SERVER_MONITOR_H

/* MONITOR: clients that are shown every request as it is run. */

#include "proxy/server/request.h"

struct monitor;
struct server;
struct session;

/* Zeroed storage is empty. */
struct monitors {
    struct monitor *first, *last; /* In the order in which they asked. */
};

/* The session is shown requests from now on. False: it is already. */
bool monitor_begin(struct session *session);
/* No more; nothing if it was shown none. */
void monitor_end(struct session *session);

/* Shows a request of the session to all monitors: whoever calls knows that there are some
 * (SPECIAL_MONITORED of server->special). */
void monitor_tell(struct server *server, const struct session *session,
                  const struct request *request);
/* The same for a request that a script made while it was in that database. */
void monitor_tell_scripted(struct server *server, int db, const struct request *request);

/* When a request is shown: those of scripts ahead of what the script does, others behind. */
enum monitor_moment {
    MONITOR_NEVER,
    MONITOR_BEFORE,
    MONITOR_AFTER,
};
enum monitor_moment monitor_moment(const struct session *session, const struct command *command);

#endif
