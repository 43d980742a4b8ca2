/* Key rules: words into rules, and the first one that matches a key. */

#include "config/rules.h"

#include "cache/base/memory.h"
#include "cache/base/number.h"
#include "config/pattern.h"

#include <stdio.h>

struct rule_metrics rule_metrics;

const struct metric rule_metrics_rows[] = {
#define X(name, kind, help) { #name, METRIC_##kind, help, &rule_metrics.name },
    RULE_METRICS(X)
#undef X
        { 0 },
};

struct rules {
    struct rule *items;
    size_t count;
};

struct rules *rules_new(void)
{
    return memory_zero(sizeof(struct rules));
}

static void rule_fini(struct rule *rule)
{
    memory_free(rule->pattern);
    pattern_free(rule->compiled);
}

void rules_free(struct rules *rules)
{
    if (rules == NULL) {
        return;
    }
    for (size_t i = 0; i < rules->count; i++) {
        rule_fini(&rules->items[i]);
    }
    memory_free(rules->items);
    memory_free(rules);
}

static bool set_class(struct rule *rule, struct span value)
{
    static const struct {
        const char *name;
        enum rule_class class;
    } classes[] = { { "ryw", CLASS_RYW }, { "strong", CLASS_STRONG }, { "local", CLASS_LOCAL } };

    for (size_t i = 0; i < COUNT(classes); i++) {
        if (span_is(value, classes[i].name)) {
            rule->class = classes[i].class;
            return true;
        }
    }
    return false;
}

static bool set_near(struct rule *rule, struct span value)
{
    rule->near = span_is(value, "yes");
    return rule->near || span_is(value, "no");
}

static bool set_shard(struct rule *rule, struct span value)
{
    int64_t group;
    if (value.len < 2 || value.bytes[0] != '$' || !number_parse(span_skip(value, 1), &group) ||
        group < 1 || group > pattern_groups(rule->compiled)) {
        return false;
    }
    rule->shard_group = (int)group;
    return true;
}

static const struct {
    const char *name;
    bool (*set)(struct rule *rule, struct span value);
    const char *accepted;
} settings[] = {
    { "class", set_class, "class=strong, class=ryw or class=local" },
    { "near", set_near, "near=yes or near=no" },
    { "shard", set_shard, "shard=$1, for the pattern's first capturing group, and so on" },
};

/* One NAME=VALUE. */
static enum err apply(struct rule *rule, struct span word, char *why, size_t why_size)
{
    const char *equals = memchr(word.bytes, '=', word.len);
    struct span name = { word.bytes, equals == NULL ? word.len : (size_t)(equals - word.bytes) };
    struct span value = equals == NULL ? SPAN("") : span_skip(word, name.len + 1);

    for (size_t i = 0; i < COUNT(settings); i++) {
        if (!span_is(name, settings[i].name)) {
            continue;
        }
        if (settings[i].set(rule, value)) {
            return ERR_OK;
        }
        snprintf(why, why_size, "found '%.*s', accepted is %s", (int)word.len, word.bytes,
                 settings[i].accepted);
        return ERR_INVALID;
    }
    snprintf(why, why_size, "found '%.*s', accepted are class=, near= and shard=", (int)word.len,
             word.bytes);
    return ERR_INVALID;
}

static enum err apply_all(struct rule *rule, const struct span *words, size_t count, char *why,
                          size_t why_size)
{
    for (size_t i = 0; i < count; i++) {
        enum err err = apply(rule, words[i], why, why_size);
        if (err != ERR_OK) {
            return err;
        }
    }
    return ERR_OK;
}

enum err rules_add(struct rules *rules, const struct span *words, size_t count, char *why,
                   size_t why_size)
{
    struct rule rule = { .class = CLASS_RYW, .near = true };

    if (count < 2) {
        snprintf(why, why_size, "a rule is a regular expression and at least one NAME=VALUE");
        return ERR_INVALID;
    }
    enum err err = pattern_new(words[0], &rule.compiled, why, why_size);
    if (err != ERR_OK) {
        return err;
    }
    rule.pattern = memory_copy_text(words[0].bytes, words[0].len);
    err = apply_all(&rule, words + 1, count - 1, why, why_size);
    if (err != ERR_OK) {
        rule_fini(&rule);
        return err;
    }
    rules->items = memory_resize(rules->items, (rules->count + 1) * sizeof(*rules->items));
    rules->items[rules->count++] = rule;
    return ERR_OK;
}

size_t rules_count(const struct rules *rules)
{
    return rules->count;
}

const struct rule *rules_at(const struct rules *rules, size_t index)
{
    assert(index < rules->count);
    return &rules->items[index];
}

const struct rule *rules_match(const struct rules *rules, struct span key, struct span *shard)
{
    *shard = key;
    for (size_t i = 0; rules != NULL && i < rules->count; i++) {
        const struct rule *rule = &rules->items[i];
        switch (pattern_match(rule->compiled, key, rule->shard_group, shard)) {
        case PATTERN_HIT:
            return rule;
        case PATTERN_LIMIT:
            rule_metrics.rule_limit_hits_total++;
            break;
        case PATTERN_MISS:
            break;
        }
    }
    *shard = key;
    return NULL;
}
