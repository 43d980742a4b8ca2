#ifndef PODIS_PROXY_SERVER_SECRETS_H
#define PODIS_PROXY_SERVER_SECRETS_H

/* Which arguments nobody else may read: passwords, when a request is kept in the slow log or
 * shown to a monitor. */

#include "proxy/server/request.h"

/* The argument as it may be shown: itself, or "(redacted)". */
struct span secrets_shown(const struct request *request, size_t at);

#endif
