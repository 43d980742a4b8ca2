#ifndef PODIS_CACHE_COMMANDS_SCAN_H
#define PODIS_CACHE_COMMANDS_SCAN_H

/* What SCAN, HSCAN, SSCAN and ZSCAN have in common: options, and a reply that begins with a cursor
 * which is known last.
 *
 *     struct scan scan;
 *     if (!scan_take(c, 3, SCAN_NOVALUES, &scan)) {
 *         return;
 *     }
 *     do {
 *         cursor = table_scan(table, cursor, visit, &scan);
 *     } while (scan_goes_on(&scan, cursor));
 *     scan_reply(&scan, cursor);
 *
 * where visit() says scan_meets() for each element, and scan_add() for what is answered of those
 * that it let through. A value without positions, a listpack, is visited whole: its cursor is 0.
 *
 * Redis looks at the cursor first, then at the key, and at the options only if there is such a key:
 * without one scan_reply_empty(). */

#include "cache/base/span.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct call;

enum scan_word {
    SCAN_TYPE = 1 << 0,     /* TYPE name */
    SCAN_NOVALUES = 1 << 1, /* NOVALUES */
};

struct scan {
    struct call *call;
    bool no_values;
    bool any_type;
    struct span type_name;

    /* The rest is scan.c's own. */
    struct span pattern;
    bool any_text;
    uint64_t wanted; /* COUNT */
    uint64_t steps;  /* That may still be made. */
    uint64_t met;    /* Let through or not. */
    struct span *found;
    size_t found_count;
    size_t found_room;
};

/* Reads the options from argv[first] on: MATCH, COUNT and those of enum scan_word in `words`.
 * Replies if it returns false. */
bool scan_take(struct call *c, size_t first, unsigned words, struct scan *scan);

/* An element with this name was met. Whether it is one to be answered. */
bool scan_meets(struct scan *scan, struct span name);

/* Something to be answered. The bytes must last until scan_reply(). */
void scan_add(struct scan *scan, struct span text);

/* A step was made that led to this cursor: whether another one is to be made. */
bool scan_goes_on(struct scan *scan, uint64_t cursor);

void scan_reply(const struct scan *scan, uint64_t cursor);
void scan_reply_empty(struct call *c);

#endif
