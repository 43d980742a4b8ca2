/* Which of the addresses in DNS is this process. */

#include "proxy/discovery/own.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

static bool is_one_address(const char *text)
{
    unsigned char bytes[16];
    static const unsigned char any[16];

    if (text == NULL) {
        return false;
    }
    if (inet_pton(AF_INET, text, bytes) == 1) {
        return memcmp(bytes, any, 4) != 0;
    }
    return inet_pton(AF_INET6, text, bytes) == 1 && memcmp(bytes, any, 16) != 0;
}

static void add(struct own *own, const char *host, uint16_t port)
{
    if (own->count < OWN_MAX) {
        struct address *address = &own->list[own->count++];
        snprintf(address->host, sizeof(address->host), "%s", host);
        address->port = port;
    }
}

static void add_interfaces(struct own *own, uint16_t port, bool loopback)
{
    struct ifaddrs *first;

    if (getifaddrs(&first) != 0) {
        return;
    }
    for (struct ifaddrs *at = first; at != NULL; at = at->ifa_next) {
        char host[INET6_ADDRSTRLEN];
        const void *bytes = NULL;

        if (at->ifa_addr == NULL || ((at->ifa_flags & IFF_LOOPBACK) != 0) != loopback) {
            continue;
        }
        if (at->ifa_addr->sa_family == AF_INET) {
            bytes = &((const struct sockaddr_in *)(const void *)at->ifa_addr)->sin_addr;
        } else if (at->ifa_addr->sa_family == AF_INET6) {
            bytes = &((const struct sockaddr_in6 *)(const void *)at->ifa_addr)->sin6_addr;
        }
        if (bytes != NULL && inet_ntop(at->ifa_addr->sa_family, bytes, host, sizeof(host))) {
            add(own, host, port);
        }
    }
    freeifaddrs(first);
}

void own_init(struct own *own, const char *peer_bind, const char *pod_ip, uint16_t port)
{
    own->count = 0;
    if (is_one_address(peer_bind)) {
        add(own, peer_bind, port);
        return;
    }
    if (is_one_address(pod_ip)) {
        add(own, pod_ip, port);
    }
    add_interfaces(own, port, false);
    add_interfaces(own, port, true);
}

bool own_is(const struct own *own, const struct address *address)
{
    for (size_t i = 0; i < own->count; i++) {
        if (address_equal(&own->list[i], address)) {
            return true;
        }
    }
    return false;
}

struct address own_address(const struct own *own)
{
    struct address nowhere = { .host = "127.0.0.1", .port = 0 };
    return own->count > 0 ? own->list[0] : nowhere;
}
