#ifndef PODIS_PROXY_ROUTING_VIEW_H
#define PODIS_PROXY_ROUTING_VIEW_H

/* The members of the mesh as last seen: sorted, each once, at most one of them us. */

#include "cache/base/span.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ADDRESS_TEXT_MAX = 256, VIEW_NO_SELF = 0xffff };

/* Where a member's peer port is. */
struct address {
    char host
        [ADDRESS_TEXT_MAX]; /* Numeric IPv4 or IPv6, no brackets; a name for static peers only. */
    uint16_t port;
};

struct view {
    struct address *members; /* Sorted by host, then port. */
    uint16_t count;
    uint16_t self; /* Index of this process; VIEW_NO_SELF if it is not listed. */
};

int address_compare(const struct address *a, const struct address *b);
bool address_equal(const struct address *a, const struct address *b);
/* "host:port", where the host may have colons of its own. False if it is something else. */
bool address_read(struct span text, struct address *address);

/* A view of these addresses: sorted, duplicates dropped. is_self may be NULL. */
void view_init(struct view *view, const struct address *addresses, size_t count,
               bool (*is_self)(void *context, const struct address *address), void *context);
void view_copy(struct view *to, const struct view *from);
void view_fini(struct view *view);
bool view_equal(const struct view *a, const struct view *b);
/* Index of the address, or -1. */
int view_find(const struct view *view, const struct address *address);

#endif
