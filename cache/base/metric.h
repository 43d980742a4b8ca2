#ifndef PODIS_CACHE_BASE_METRIC_H
#define PODIS_CACHE_BASE_METRIC_H

/* Numbers an operator watches. A module states its metrics as rows, once:
 *
 *     #define PEER_METRICS(X)                                                  in the header
 *         X(peer_links_ready, GAUGE, "Links in the ready state")
 *     METRIC_STRUCT(peer_metrics, PEER_METRICS);
 *
 *     struct peer_metrics peer_metrics;                                        in one .c file
 *     const struct metric peer_metrics_rows[] = {
 *     #define X(name, kind, help) { #name, METRIC_##kind, help, &peer_metrics.name },
 *         PEER_METRICS(X)
 *     #undef X
 *         { 0 },
 *     };
 *
 * and counts with plain additions: peer_metrics.peer_links_ready++. Everything
 * runs on one thread. /metrics and INFO print the rows; counters end in _total. */

#include <stdint.h>

enum metric_kind { METRIC_COUNTER, METRIC_GAUGE };

struct metric {
    const char *name; /* As exported, "podis_" in front unless it begins with "redis_". */
    enum metric_kind kind;
    const char *help;
    const uint64_t *value;
};

#define METRIC_FIELD(name, kind, help) uint64_t name;
#define METRIC_STRUCT(set, ROWS)                                                                   \
    struct set {                                                                                   \
        ROWS(METRIC_FIELD)                                                                         \
    };                                                                                             \
    extern struct set set;                                                                         \
    extern const struct metric set##_rows[]

#endif
