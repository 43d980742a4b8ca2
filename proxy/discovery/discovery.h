#ifndef PODIS_PROXY_DISCOVERY_DISCOVERY_H
#define PODIS_PROXY_DISCOVERY_DISCOVERY_H

/* Who the other pods are: asks DNS again and again, and says when the members change.
 *
 *            start              all sources answered            a member is listed
 *     ASKING ------> ASKING -----------------------> SETTLING ----------------------> KNOWN
 *                                                       |       nobody for mesh-settle  ^
 *                                                       +-------------------------------+
 *
 * Nothing is concluded from an error. A first answer that nobody is listed may be an old one
 * from a cache, so it counts only once it has been so for mesh-settle; then the view
 * is this process alone. */

#include "cache/base/err.h"
#include "cache/base/log.h"
#include "cache/base/metric.h"
#include "config/config.h"
#include "proxy/discovery/members.h"

struct ev_loop;
struct discovery;

struct discovery_parts {
    struct ev_loop *loop;
    const struct config *config;
    const struct log *log;
    const char *pod_ip; /* Our address as other pods see it; NULL or "" if not said. */
    uint64_t seed;      /* For jitter. */

    /* A new view, borrowed. Called from the loop, and only when it differs from the last one. */
    void (*changed)(void *context, const struct view *view);
    answers_fn answers; /* Whether the member's link is ready. */
    void *context;
};

/* Starts asking at once; *discovery is NULL, with ERR_OK, when `peers` names nobody. On
 * ERR_INVALID and ERR_SYSTEM `why` says what is wrong. */
must_check enum err discovery_new(const struct discovery_parts *parts, struct discovery **discovery,
                                  char *why, size_t why_size);
void discovery_free(struct discovery *discovery);

/*    name                         kind     help                                                */
#define DISCOVERY_METRICS(X)                                                                       \
    X(dns_rounds_total, COUNTER, "Rounds of questions to DNS")                                     \
    X(dns_failures_total, COUNTER, "Answers of DNS that failed or timed out")                      \
    X(dns_last_good_seconds, GAUGE, "Unix time of the last round without a failure")
METRIC_STRUCT(discovery_metrics, DISCOVERY_METRICS);

#endif
