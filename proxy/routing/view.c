/* The members of the mesh as last seen: sorted, each once, at most one of them us. */

#include "proxy/routing/view.h"

#include "cache/base/check.h"
#include "cache/base/memory.h"
#include "cache/base/number.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int address_compare(const struct address *a, const struct address *b)
{
    int order = strcmp(a->host, b->host);
    if (order != 0) {
        return order;
    }
    return (a->port > b->port) - (a->port < b->port);
}

bool address_equal(const struct address *a, const struct address *b)
{
    return address_compare(a, b) == 0;
}

bool address_read(struct span text, struct address *address)
{
    const char *colon = memrchr(text.bytes, ':', text.len);
    uint64_t port;

    if (colon == NULL || (size_t)(colon - text.bytes) >= sizeof(address->host) ||
        !number_parse_unsigned(span_skip(text, (size_t)(colon - text.bytes) + 1), &port) ||
        port > UINT16_MAX) {
        return false;
    }
    snprintf(address->host, sizeof(address->host), "%.*s", (int)(colon - text.bytes), text.bytes);
    address->port = (uint16_t)port;
    return true;
}

static int compare(const void *a, const void *b)
{
    return address_compare(a, b);
}

void view_init(struct view *view, const struct address *addresses, size_t count,
               bool (*is_self)(void *context, const struct address *address), void *context)
{
    assert(count < VIEW_NO_SELF);
    *view = (struct view){ .self = VIEW_NO_SELF };
    if (count == 0) {
        return;
    }

    view->members = memory_alloc(count * sizeof(*view->members));
    memcpy(view->members, addresses, count * sizeof(*addresses));
    qsort(view->members, count, sizeof(*view->members), compare);

    for (size_t i = 0; i < count; i++) {
        if (view->count > 0 && address_equal(&view->members[view->count - 1], &view->members[i])) {
            continue;
        }
        view->members[view->count] = view->members[i];
        if (view->self == VIEW_NO_SELF && is_self != NULL &&
            is_self(context, &view->members[view->count])) {
            view->self = view->count;
        }
        view->count++;
    }
    assert(view->count > 0);
}

void view_copy(struct view *to, const struct view *from)
{
    *to = *from;
    to->members = NULL;
    if (from->count > 0) {
        to->members = memory_alloc(from->count * sizeof(*to->members));
        memcpy(to->members, from->members, from->count * sizeof(*to->members));
    }
}

void view_fini(struct view *view)
{
    memory_free(view->members);
    *view = (struct view){ .self = VIEW_NO_SELF };
}

bool view_equal(const struct view *a, const struct view *b)
{
    if (a->count != b->count || a->self != b->self) {
        return false;
    }
    for (uint16_t i = 0; i < a->count; i++) {
        if (!address_equal(&a->members[i], &b->members[i])) {
            return false;
        }
    }
    return true;
}

int view_find(const struct view *view, const struct address *address)
{
    if (view->count == 0) {
        return -1;
    }
    const struct address *found =
        bsearch(address, view->members, view->count, sizeof(*view->members), compare);
    return found == NULL ? -1 : (int)(found - view->members);
}
