#ifndef PODIS_CACHE_COMMANDS_SORT_PATTERN_H
#define PODIS_CACHE_COMMANDS_SORT_PATTERN_H

/* What SORT's BY and GET name: a text for each element.
 *
 *     weight:*            the string that key holds, with the element in place of the first *
 *     user:*->name        the value of that field of the hash
 *     #                   the element itself
 *     anything else       nothing, ever
 */

#include "cache/base/buf.h"
#include "cache/types/hash.h"
#include "cache/types/string.h"

struct call;

struct sort_pattern {
    struct span before;
    struct span after;
    struct span field; /* Empty: the key holds a string. */
    bool is_element;
    bool is_constant;
};

struct sort_pattern sort_pattern_parse(struct span text);

/* Rooms for looking up one text after the other. */
struct sort_reader {
    struct call *call;
    struct buf key;
    struct hash_item item;
    char room[STRING_TEXT_ROOM];
};

void sort_reader_init(struct sort_reader *reader, struct call *c);
void sort_reader_fini(struct sort_reader *reader);

/* False if there is none. The text is good until the next one is looked up. */
bool sort_reader_look(struct sort_reader *reader, const struct sort_pattern *pattern,
                      struct span element, struct span *text);

#endif
