#ifndef PODIS_PROXY_PEERS_WALK_H
#define PODIS_PROXY_PEERS_WALK_H

/* Walks over RESP values that lie complete in memory, without building anything: answers that are
 * joined, requests that are sent again. RESP2 and RESP3. */

#include "cache/base/span.h"

#include <stdbool.h>
#include <stddef.h>

/* The head of one value. The spans are borrowed from the bytes walked over. */
struct element {
    char kind;        /* Its first byte: '+', '-', ':', '$', '*', '%' … */
    bool null;        /* A null of any form. */
    struct span text; /* What a simple value or a bulk holds; empty for an aggregate. */
    size_t count;     /* Values inside an aggregate: twice the pairs of a map. */
};

/* Takes the head of the next value off the front of *rest; the values inside an aggregate
 * come next. False, and *rest as it was, if there is no well-formed head. */
bool walk_head(struct span *rest, struct element *element);

/* Takes the next value with all that is inside it. */
bool walk_value(struct span *rest, struct span *whole);

#endif
