#ifndef PODIS_PROXY_DISCOVERY_TARGET_H
#define PODIS_PROXY_DISCOVERY_TARGET_H

/* What the `peers` directive asks for, taken apart.
 *
 *     dns:NAME[:PORT]               the A and AAAA records of NAME, at PORT or peer-port
 *     srv:_SERVICE._tcp.NAME        its SRV records; ports come with them
 *     static:HOST:PORT,HOST:PORT    these; a HOST that is not an address is looked up
 *     none, or nothing              alone
 */

#include "cache/base/err.h"
#include "cache/base/span.h"
#include "proxy/routing/view.h"

enum { TARGET_NAME_MAX = 256 };

enum target_kind { TARGET_NAME, TARGET_SERVICE, TARGET_FIXED };

struct target {
    enum target_kind kind;
    char name[TARGET_NAME_MAX];
    uint16_t port; /* 0 for TARGET_SERVICE. */
};

struct targets {
    struct target *list; /* Owned; NULL and 0 when alone. */
    size_t count;
};

/* ERR_INVALID: `why` says what is wrong; nothing is owned. */
must_check enum err targets_parse(struct span text, uint16_t peer_port, struct targets *targets,
                                  char *why, size_t why_size);
void targets_fini(struct targets *targets);

#endif
