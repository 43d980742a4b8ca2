#ifndef PODIS_PROXY_SERVER_STATISTICS_H
#define PODIS_PROXY_SERVER_STATISTICS_H

/* What the server counts: plain additions on the path of a request, all else at the tick. */

#include "proxy/server/server.h"

enum {
    RATE_SAMPLES = 16,
    RATE_EVERY_MS = 100,
    ERROR_CODES_MAX = 128, /* More different codes are counted together. */
    ERROR_CODE_LEN_MAX = 32,
};

/* Per second, over the last RATE_SAMPLES × RATE_EVERY_MS. */
struct rate {
    uint64_t samples[RATE_SAMPLES];
    uint64_t count;
    uint64_t last_value;
};

struct error_count {
    char code[ERROR_CODE_LEN_MAX];
    size_t len;
    uint64_t count;
};

struct statistics {
    struct server_stats totals;
    struct command_stats *commands; /* By command_id(). */
    size_t command_count;
    struct error_count errors[ERROR_CODES_MAX + 1]; /* The last: all other codes. */
    size_t error_count;
    struct rate ops, in, out;
    uint64_t sampled_at_ms;
};

void statistics_init(struct statistics *statistics, size_t command_count);
void statistics_fini(struct statistics *statistics);
void statistics_reset(struct statistics *statistics);

/* An error reply was written; `answer` is all of it, "-CODE text…". */
void statistics_count_error(struct statistics *statistics, struct span answer);

/* Takes a sample of the rates if the last one is old enough. */
void statistics_sample(struct statistics *statistics, uint64_t now_ms);

#endif
