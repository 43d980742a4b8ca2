#ifndef PODIS_CACHE_COMMANDS_SORT_SOURCE_H
#define PODIS_CACHE_COMMANDS_SORT_SOURCE_H

/* What SORT sorts: the elements of a list, a set or a sorted set. */

#include "cache/call.h"
#include "cache/commands/sort_order.h"

struct sort_source {
    const struct type *type; /* NULL: there is no such key. */
    const void *value;
    size_t count;
};

/* The key argv[at]. False after the reply WRONGTYPE. */
bool sort_source_take(struct call *c, size_t at, struct sort_source *source);

/* `count` of the elements from `first` on, in the order of the source, or from the last to the
 * first if `backward`, which means nothing for a set. There are as many. With copies of their
 * texts in the arena, and neither words nor weights. */
struct sort_item *sort_source_read(struct call *c, const struct sort_source *source, size_t first,
                                   size_t count, bool backward);

#endif
