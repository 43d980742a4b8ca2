#ifndef PODIS_CONFIG_EVENTS_H
#define PODIS_CONFIG_EVENTS_H

/* The letters of notify-keyspace-events. The bits are Redis's; those of classes are the store's
 * enum event_class. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    EVENTS_KEYSPACE = 1 << 0, /* K: told in the channel of the key. */
    EVENTS_KEYEVENT = 1 << 1, /* E: told in the channel of the event. */
    EVENTS_CLASSES = ~(EVENTS_KEYSPACE | EVENTS_KEYEVENT),
    EVENTS_TEXT_MAX = 20,
};

/* False if there is a letter that means nothing. */
bool events_parse(const char *text, uint32_t *events);

/* In Redis's order, NUL-terminated; what "A" stands for is said by it. */
void events_print(uint32_t events, char text[EVENTS_TEXT_MAX]);

#endif
