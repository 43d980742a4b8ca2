#ifndef PODIS_CACHE_REPLY_H
#define PODIS_CACHE_REPLY_H

/* Where a command puts its answer.
 *
 * A reply encodes RESP2 or RESP3 straight into an owned buffer; RESP is the
 * store's own language, so nothing is built first and converted after. Whoever
 * ran the command decides where the bytes go: a client's slot, a script (which
 * reads them back), nowhere at all while a log is replayed.
 *
 * An aggregate's length is said first. reply_array_later() is for the few
 * commands that cannot know it; reply_later_end() fills it in.
 *
 * When the buffer's maximum would be passed nothing more is written and `full`
 * is set: the owner of the buffer closes the connection. */

#include "cache/base/buf.h"
#include "cache/base/check.h"
#include "cache/base/span.h"

#include <stdint.h>

struct reply {
    struct buf *out;
    int protocol; /* 2 or 3. */
    bool full;    /* The buffer's maximum stopped us. */
    bool failed;  /* An error was written. */
    bool counted; /* Its error was counted when a command of a script made it. */
    bool silent;  /* Nothing is written: replaying, or CLIENT REPLY OFF. */
    bool relayed; /* RESP3 that will be told to a client of RESP2: null arrays stay *-1. */
};

static inline struct reply reply_into(struct buf *out, int protocol)
{
    return (struct reply){ .out = out, .protocol = protocol };
}

void reply_ok(struct reply *reply);
void reply_status(struct reply *reply, struct span text);
/* `text` begins with its code: "ERR syntax error". Line breaks become spaces; at
 * the end they are dropped. */
void reply_error(struct reply *reply, struct span text);
void reply_errorf(struct reply *reply, const char *format, ...) printf_like(2, 3);
void reply_integer(struct reply *reply, int64_t number);
void reply_bulk(struct reply *reply, struct span bytes);
void reply_bulk_text(struct reply *reply, const char *text);
void reply_bulk_integer(struct reply *reply, int64_t number); /* The decimal form, as a bulk. */
void reply_null(struct reply *reply);                         /* RESP2: the null bulk $-1. */
void reply_null_array(struct reply *reply);                   /* RESP2: *-1. RESP3: the null. */
void reply_double(struct reply *reply, double number);        /* RESP2: a bulk. */
void reply_boolean(struct reply *reply, bool yes);            /* RESP2: 1 or 0. */
void reply_verbatim(struct reply *reply, struct span bytes, const char format[4]);
void reply_big_number(struct reply *reply, struct span digits);

void reply_array(struct reply *reply, size_t count);
void reply_map(struct reply *reply, size_t pairs);       /* RESP2: an array of 2 × pairs. */
void reply_set(struct reply *reply, size_t count);       /* RESP2: an array. */
void reply_push(struct reply *reply, size_t count);      /* RESP2: an array. */
void reply_attribute(struct reply *reply, size_t pairs); /* RESP3 only. */

/* Bytes that are already RESP in this reply's protocol. */
void reply_raw(struct reply *reply, struct span bytes);

/* An aggregate whose length comes at the end: array, map and set alike. */
struct reply_later {
    size_t at; /* Offset in the buffer's readable bytes. */
    char kind; /* '*', '%' or '~'. */
};
struct reply_later reply_array_later(struct reply *reply);
struct reply_later reply_map_later(struct reply *reply);
struct reply_later reply_set_later(struct reply *reply);
void reply_later_end(struct reply *reply, struct reply_later later, size_t count);

#endif
