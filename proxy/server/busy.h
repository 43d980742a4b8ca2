#ifndef PODIS_PROXY_SERVER_BUSY_H
#define PODIS_PROXY_SERVER_BUSY_H

/* A script that takes longer than busy-reply-threshold: others hear of it, and may end it.
 *
 *     begin --> quiet --- the threshold is passed ---> busy: every few milliseconds
 *                 |                                      |   clients are served
 *                 +------------- end <-------------------+
 *
 * While it is busy nobody but the script uses the data: other clients get BUSY, except for the few
 * commands whose rows say CMD_ALLOW_BUSY. */

#include "proxy/server/batch.h"
#include "proxy/server/request.h"

struct busy;
struct script_run;
struct server;
struct session;

/* A script begins, and ends. */
void busy_begin(struct server *server);
void busy_end(struct server *server);

/* Called now and then while it runs. False: the server is about to exit, and it has to stop. */
bool busy_look(struct server *server, const struct script_run *run);

/* Whether this request has to hear BUSY. Only asked while SPECIAL_BUSY is set. */
bool busy_refuses(const struct request *request);
/* What it hears. */
struct span busy_error(const struct server *server);

#endif
