#ifndef PODIS_TESTS_BENCH_TRAFFIC_H
#define PODIS_TESTS_BENCH_TRAFFIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the load client asks, and what it expects to hear.
 *
 * A batch is `count` requests back to back in one buffer, all of the same length, so making the
 * next batch means writing new digits over the old keys: the client spends a few nanoseconds a
 * request and touches little memory besides. Unless the values are integers, a value is its key
 * over and over, so that a GET's answer shows whether it belongs to the key that was asked.
 *
 * Any other command is given as its words. In them each run of @ stands for a number of that many
 * digits, of its own unless they are sequential. The replies are skimmed: where they end, and
 * whether they are errors. */
enum traffic_op { TRAFFIC_GET, TRAFFIC_SET, TRAFFIC_COMMAND };

enum { TRAFFIC_KEY_MAX = 64, TRAFFIC_PLACES = 16 };

struct traffic {
    enum traffic_op op;
    const char *key_prefix; /* Followed by digits up to key_len. */
    size_t key_len;
    size_t value_len;
    uint64_t key_count;  /* Keys are numbered from 0. */
    bool sequential;     /* Key after key instead of at random: fills a server. */
    bool integer;        /* Values are integers of value_len digits. */
    bool any_value;      /* Do not compare a GET's answer with its key. */
    uint64_t ttl_s;      /* SET … EX when not 0. */
    const char *command; /* For TRAFFIC_COMMAND: words between single spaces. */
    size_t reply_max;    /* For TRAFFIC_COMMAND: bytes that are enough for one reply. */

    uint64_t next_key; /* For `sequential`. */
    uint64_t random;   /* State of the generator; not 0. */
};

struct batch {
    char *bytes;      /* Owned. */
    size_t unit;      /* Length of one request. */
    size_t key_at;    /* Offset of the key in a request. */
    size_t value_at;  /* Offset of the value; 0 for GET. */
    size_t digits;    /* Of the key, at its end, that differ between requests. */
    size_t count;     /* Requests in the current batch. */
    size_t count_max; /* Requests the buffer holds. */
    /* Of TRAFFIC_COMMAND: where numbers end in a request, and how many digits differ. */
    size_t ends[TRAFFIC_PLACES];
    size_t widths[TRAFFIC_PLACES];
    size_t places;
};

/* What came back. `used` bytes of the input were whole replies, `count` of them. */
struct replies {
    size_t used;
    size_t count;
    uint64_t hits;   /* +OK, or a value. */
    uint64_t misses; /* $-1 or _. */
    uint64_t errors; /* -ERR … */
    uint64_t wrong;  /* A value that is not the one stored, or no reply at all. */
};

/* A buffer for batches of up to `count_max` requests. The caller frees it with batch_fini(). */
void batch_init(struct batch *batch, const struct traffic *traffic, size_t count_max);
void batch_fini(struct batch *batch);

/* Makes the next batch of `count` requests, over the old one. */
void batch_next(struct batch *batch, struct traffic *traffic, size_t count);

/* Bytes that are enough for the replies to a whole batch. */
size_t batch_replies_max(const struct batch *batch, const struct traffic *traffic);

/* Takes the whole replies off the front of `bytes`; the first of them answers request `first` of
 * the batch. Adds to `replies`, whose `used` and `count` start at zero. Returns false when the
 * bytes are not what a server answers to these requests. */
bool batch_check(const struct batch *batch, const struct traffic *traffic, size_t first,
                 const char *bytes, size_t len, struct replies *replies);

/* The reply to one GET or SET as a server with a fixed answer sends it. Returns its length. */
size_t traffic_fixed_reply(const struct traffic *traffic, char *reply, size_t max);

#endif
