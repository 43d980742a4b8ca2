#ifndef PODIS_CACHE_EVENT_H
#define PODIS_CACHE_EVENT_H

/* What keyspace notifications tell of, by class: Redis's notify-keyspace-events, whose letters
 * are beside. The numbers are those of its module interface. */

enum event_class {
    EVENT_GENERIC = 1 << 2, /* g */
    EVENT_STRING = 1 << 3,  /* $ */
    EVENT_LIST = 1 << 4,    /* l */
    EVENT_SET = 1 << 5,     /* s */
    EVENT_HASH = 1 << 6,    /* h */
    EVENT_ZSET = 1 << 7,    /* z */
    EVENT_EXPIRED = 1 << 8, /* x */
    EVENT_EVICTED = 1 << 9, /* e */
    EVENT_STREAM = 1 << 10, /* t */
    EVENT_KEY_MISS = 1 << 11,
    EVENT_NEW = 1 << 14, /* n */
};

#endif
