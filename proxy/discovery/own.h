#ifndef PODIS_PROXY_DISCOVERY_OWN_H
#define PODIS_PROXY_DISCOVERY_OWN_H

/* Which of the addresses in DNS is this process.
 *
 * If the peer port is bound to one address, that one. Else the pod's address as the
 * downward API says it, or any address of a local interface; with our peer port. */

#include "proxy/routing/view.h"

enum { OWN_MAX = 64 };

struct own {
    struct address list[OWN_MAX]; /* The first is the one to be known by. */
    size_t count;
};

/* peer_bind: "", a wildcard, or an address; pod_ip may be NULL. Reads the interfaces. */
void own_init(struct own *own, const char *peer_bind, const char *pod_ip, uint16_t port);

bool own_is(const struct own *own, const struct address *address);

/* How others know us, when nobody lists us. */
struct address own_address(const struct own *own);

#endif
