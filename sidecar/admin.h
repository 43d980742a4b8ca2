#ifndef PODIS_SIDECAR_ADMIN_H
#define PODIS_SIDECAR_ADMIN_H

/* The admin port: HTTP for the kubelet and for Prometheus.
 *
 *     /livez     200 while the loop turns
 *     /startupz  200 once the access points are open
 *     /readyz    200 while commands are accepted; nothing about peers or DNS is asked, so one sick
 *                peer does not take whole apps out of their Service
 *     /metrics   exposition.h
 *     /          what there is
 *
 * libmicrohttpd runs on the program's loop, without a thread. */

#include "cache/base/check.h"
#include "cache/base/err.h"
#include "cache/base/log.h"
#include "config/options.h"
#include "sidecar/exposition.h"

struct ev_loop;
struct admin;

struct admin_parts {
    struct ev_loop *loop;
    const struct options *options; /* Read by admin_new() alone. */
    const struct log *log;
    struct exposition_parts exposition;
};

/* *admin is NULL, with ERR_OK, if admin-port is 0. ERR_SYSTEM: `why` says what failed. */
must_check enum err admin_new(const struct admin_parts *parts, struct admin **admin, char *why,
                              size_t why_size);
void admin_free(struct admin *admin);

#endif
