#ifndef PODIS_CACHE_COMMANDS_HASH_FIELDS_H
#define PODIS_CACHE_COMMANDS_HASH_FIELDS_H

/* What the commands about fields that expire have in common: FIELDS and a number in front of the
 * fields, the time, and a change that names those to which something happened. */

#include "cache/call.h"

#define HASH_FIELDS_SYNOPSIS "fields:{numfields:integer field:string...}=FIELDS"

struct hash_fields {
    size_t first; /* In argv; they are the last arguments. */
    size_t count;
};

/* argv[at] is FIELDS, then comes their number. Replies if it returns false; `not_positive` is what
 * is wrong with a number that is none. */
bool hash_fields_take(struct call *c, size_t at, const char *not_positive,
                      struct hash_fields *fields);

extern const char hash_fields_not_positive[]; /* What most commands say. */

enum hash_time {
    HASH_TIME_EX,   /* Seconds from now. */
    HASH_TIME_PX,   /* Milliseconds from now. */
    HASH_TIME_EXAT, /* Seconds of Unix time. */
    HASH_TIME_PXAT, /* Milliseconds of Unix time. */
    HASH_TIME_NONE,
};
/* HASH_TIME_NONE if it is not the name of one. */
enum hash_time hash_time_named(struct span word);
/* Replies if it returns false. */
bool hash_time_take(struct call *c, size_t at, enum hash_time time, int64_t *expires_at_ms);

/* Fields to which something happened, for the change. */
struct hash_touched {
    struct span *argv; /* Room for what goes in front of them, and all that there may be. */
    size_t count;
};
struct hash_touched hash_touched_new(struct call *c, size_t max);
void hash_touched_add(struct hash_touched *touched, struct span field);

/* The change is HDEL, HPEXPIREAT or HPERSIST of these fields, of which there are some. */
void hash_touched_removed(struct call *c, struct hash_touched *touched);
void hash_touched_expire(struct call *c, struct hash_touched *touched, int64_t expires_at_ms);
void hash_touched_persist(struct call *c, struct hash_touched *touched);

#endif
