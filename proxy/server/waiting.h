#ifndef PODIS_PROXY_SERVER_WAITING_H
#define PODIS_PROXY_SERVER_WAITING_H

/* Clients that wait for a key: BLPOP, BZMPOP, XREAD BLOCK … (cache/wait.h), here or at the member
 * that owns it.
 *
 *                  call_wait()                      answered, out of time,
 *     (no wait) -----------------> in its lines  -----------------------------> (no wait)
 *                                   |        ^      told to stop, gone
 *                          a key is |        | not for this one
 *                             ready v        |
 *                                  run again, oldest first
 *
 * While session->wait is set nothing more of the session's input is run. What came before its
 * command has been answered or queued, so the answer takes its place when it is made; pushes may
 * leave before it. */

#include "proxy/server/deadlines.h"
#include "proxy/server/lines.h"
#include "proxy/routing/route.h"
#include "proxy/server/request.h"

#include <ev.h>

struct server;
struct session;
struct wait;

struct waiting {
    struct lines lines;
    struct deadlines deadlines;
    struct ev_timer timer;
    size_t count;
    struct wait *told; /* Those that wait to be told. */
    bool serving;
};

void waiting_init(struct server *server);
void waiting_fini(struct server *server); /* After all sessions are gone. */

/* The session's request wants to wait, as server->asked says, which is taken. If it waits already
 * it was run again in vain, and goes on waiting. */
void waiting_begin(struct server *server, struct session *session, const struct request *request);

/* The session's request may want to wait, and goes to the member that owns its keys (PEER), or to
 * whom it will be when the members are known (DOWN). */
void waiting_elsewhere(struct server *server, struct session *session,
                       const struct request *request, struct route route);

/* There is another map of owners: those who wait here for keys that are not ours any more go. */
void waiting_new_map(struct server *server);

/* Keys may be ready: runs again the commands that wait for them, as long as there are any. */
void waiting_serve_ready(struct server *server);
static inline bool waiting_has_ready(const struct waiting *waiting)
{
    return waiting->lines.ready_count > 0;
}

/* What those wait for who wait to be told (cache/wait.h) may be there. */
void waiting_ask_again(struct server *server);

/* Ends all waits with an error, and the connections after it: we are not what we were. */
void waiting_end_all(struct server *server, struct span error);

/* Ends the wait as if its time were over, or with an error. False: the session does not wait. */
bool waiting_unblock(struct session *session, bool with_error);

/* The session is about to end: at once, or once it has read its answers. */
void waiting_close(struct session *session, bool at_once);

/* Ends those whose time is over; the timer does it. Exported for tests. */
void waiting_expire(struct server *server, uint64_t clock_ms);
uint64_t waiting_clock_ms(void);

#endif
