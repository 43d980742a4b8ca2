#ifndef PODIS_CONFIG_RULES_H
#define PODIS_CONFIG_RULES_H

/* `rule REGEX NAME=VALUE …`: ordered, the first pattern that matches a key decides.
 *
 *     rule ^session: class=strong
 *     rule ^(user:\d+): shard=$1 near=no
 */

#include "cache/base/err.h"
#include "cache/base/metric.h"
#include "cache/base/span.h"

#include <stdbool.h>
#include <stdint.h>

enum rule_class {
    CLASS_RYW,    /* Default: near copies, read your writes. */
    CLASS_STRONG, /* Always ask the owner. */
    CLASS_LOCAL,  /* Never leaves this pod. */
};

struct rule {
    char *pattern; /* As written. */
    enum rule_class class;
    bool near;       /* near=no turns near copies off; true by default. */
    int shard_group; /* shard=$N: hash this capture; 0 for none. */
    struct pattern *compiled;
};

/* All rules of one configuration. */
struct rules;

struct rules *rules_new(void);
void rules_free(struct rules *rules);

/* Adds one rule from its words (the directive's arguments: pattern, then name=value).
 * ERR_INVALID: nothing was added, and `why` says what was found and what is accepted. */
must_check enum err rules_add(struct rules *rules, const struct span *words, size_t count,
                              char *why, size_t why_size);
size_t rules_count(const struct rules *rules);
const struct rule *rules_at(const struct rules *rules, size_t index);

/* The first rule whose pattern matches anywhere in the key; NULL if none, or rules is NULL. When it
 * has a shard group that took part in the match, *shard is that part of the key (borrowed from it);
 * else *shard is the whole key. A match that hits its limits counts as no match and is counted. */
const struct rule *rules_match(const struct rules *rules, struct span key, struct span *shard);

/*    name                  kind     help                                                      */
#define RULE_METRICS(X)                                                                            \
    X(rule_limit_hits_total, COUNTER, "Matches given up because the pattern took too many steps")
METRIC_STRUCT(rule_metrics, RULE_METRICS);

#endif
