/* The directives' rows as values. */

#include "config/option.h"

#include "cache/base/check.h"

#include <ctype.h>
#include <stdlib.h>

/* Words of the ENUM kinds, in the order of their values. */
static const char *const maxmemory_policy_words[] = {
    "volatile-lru", "volatile-lfu",   "volatile-random", "volatile-ttl", "allkeys-lru",
    "allkeys-lfu",  "allkeys-random", "noeviction",      NULL,
};
static const char *const allow_words[] = { "no", "yes", "local", NULL };
static const char *const acks_words[] = { "owner", NULL };
static const char *const log_format_words[] = { "text", "json", NULL };
static const char *const loglevel_words[] = { "debug",   "verbose", "notice",
                                              "warning", "nothing", NULL };
static const char *const acl_pubsub_words[] = { "allchannels", "resetchannels", NULL };
static const char *const appendfsync_words[] = { "everysec", "always", "no", NULL };
static const char *const endpoint_type_words[] = { "ip", "hostname", "unknown-endpoint", NULL };
static const char *const oom_score_adj_words[] = { "no", "yes", "relative", "absolute", NULL };
static const char *const propagation_error_words[] = { "ignore", "panic", "panic-on-replicas",
                                                       NULL };
static const char *const diskless_load_words[] = { "disabled", "on-empty-db", "swapdb", NULL };
static const char *const sanitize_words[] = { "no", "yes", "clients", NULL };
static const char *const supervised_words[] = { "upstart", "systemd", "auto", "no", NULL };
static const char *const tls_clients_words[] = { "no", "yes", "optional", NULL };

enum unused_reason {
#define X(name, text) REASON_##name,
    UNUSED_REASONS(X)
#undef X
};

static const char *const reasons[] = {
#define X(name, text) [REASON_##name] = text,
    UNUSED_REASONS(X)
#undef X
};

#define KIND_BOOLEAN                 .kind = OPTION_BOOLEAN
#define KIND_INTEGER(low, high)      .kind = OPTION_INTEGER, .min = (low), .max = (high)
#define KIND_PORT                    .kind = OPTION_PORT, .min = 0, .max = UINT16_MAX
#define KIND_OCTAL                   .kind = OPTION_OCTAL, .min = 0, .max = 0777
#define KIND_BYTES(low, high)        .kind = OPTION_BYTES, .min = (low), .max = (high)
#define KIND_SHARE                   .kind = OPTION_SHARE, .min = -100, .max = INT64_MAX
#define KIND_MILLISECONDS(low, high) .kind = OPTION_MILLISECONDS, .min = (low), .max = (high)
#define KIND_TEXT                    .kind = OPTION_TEXT
#define KIND_ENUM(list)              .kind = OPTION_ENUM, .words = list##_words
#define KIND_LIST                    .kind = OPTION_LIST
#define KIND_PERCENTS                .kind = OPTION_PERCENTS
#define KIND_SAVE                    .kind = OPTION_SAVE
#define KIND_LINES                   .kind = OPTION_LINES
#define KIND_RULES                   .kind = OPTION_RULES
#define KIND_LIMITS                  .kind = OPTION_LIMITS
#define KIND_PEERS                   .kind = OPTION_PEERS
#define KIND_HOST_PORT               .kind = OPTION_HOST_PORT
#define KIND_EVENTS                  .kind = OPTION_EVENTS
#define KIND_NOT_YET                 .kind = OPTION_NOT_YET

static const struct option options[] = {
#define X(field_, name_, kind_, initial_, change_, help_)                                          \
    { .name = name_,                                                                               \
      .offset = offsetof(struct options, field_),                                                  \
      .initial = initial_,                                                                         \
      .change = CHANGE_##change_,                                                                  \
      .help = help_,                                                                               \
      KIND_##kind_ },
    OPTIONS(X)
#undef X
#define X(field_, name_, kind_, initial_, change_, reason_)                                        \
    { .name = name_,                                                                               \
      .offset = offsetof(struct options, field_),                                                  \
      .initial = initial_,                                                                         \
      .change = CHANGE_##change_,                                                                  \
      .unused = &reasons[REASON_##reason_],                                                        \
      KIND_##kind_ },
        UNUSED_OPTIONS(X)
#undef X
};
static_assert(COUNT(options) == OPTION_COUNT, "one value per row");

/* Other names of a directive; CONFIG GET answers to both. */
static const struct {
    const char *alias;
    const char *name;
} aliases[] = {
    { "cluster-slave-no-failover", "cluster-replica-no-failover" },
    { "cluster-slave-validity-factor", "cluster-replica-validity-factor" },
    { "hash-max-ziplist-entries", "hash-max-listpack-entries" },
    { "hash-max-ziplist-value", "hash-max-listpack-value" },
    { "list-max-ziplist-size", "list-max-listpack-size" },
    { "lua-time-limit", "busy-reply-threshold" },
    { "min-slaves-max-lag", "min-replicas-max-lag" },
    { "min-slaves-to-write", "min-replicas-to-write" },
    { "repl-ping-slave-period", "repl-ping-replica-period" },
    { "slave-announce-ip", "replica-announce-ip" },
    { "slave-announce-port", "replica-announce-port" },
    { "slave-ignore-maxmemory", "replica-ignore-maxmemory" },
    { "slave-lazy-flush", "replica-lazy-flush" },
    { "slave-priority", "replica-priority" },
    { "slave-read-only", "replica-read-only" },
    { "slave-serve-stale-data", "replica-serve-stale-data" },
    { "slaveof", "replicaof" },
    { "zset-max-ziplist-entries", "zset-max-listpack-entries" },
    { "zset-max-ziplist-value", "zset-max-listpack-value" },
};

const struct option *option_at(size_t index)
{
    assert(index < COUNT(options));
    return &options[index];
}

size_t option_index(const struct option *option)
{
    assert(option >= options);
    return (size_t)(option - options);
}

const struct option *option_find(struct span name)
{
    for (size_t i = 0; i < COUNT(options); i++) {
        if (span_is(name, options[i].name)) {
            return &options[i];
        }
    }
    for (size_t i = 0; i < COUNT(aliases); i++) {
        if (span_is(name, aliases[i].alias)) {
            return option_find(span_from(aliases[i].name));
        }
    }
    return NULL;
}

static bool is_variable(struct span variable, const char *name)
{
    if (variable.len != strlen(name)) {
        return false;
    }
    for (size_t i = 0; i < variable.len; i++) {
        int letter = name[i] == '-' ? '_' : toupper((unsigned char)name[i]);
        if (toupper((unsigned char)variable.bytes[i]) != letter) {
            return false;
        }
    }
    return true;
}

const struct option *option_find_variable(struct span name)
{
    for (size_t i = 0; i < COUNT(options); i++) {
        if (is_variable(name, options[i].name)) {
            return &options[i];
        }
    }
    for (size_t i = 0; i < COUNT(aliases); i++) {
        if (is_variable(name, aliases[i].alias)) {
            return option_find(span_from(aliases[i].name));
        }
    }
    return NULL;
}

enum { NAME_MAX_LEN = 64, DISTANCE_MAX = 3 };

static size_t smallest(size_t a, size_t b, size_t c)
{
    size_t least = a < b ? a : b;
    return least < c ? least : c;
}

/* Letters to insert, remove or replace to make one name of the other (Levenshtein), row by row. */
static size_t distance(struct span a, const char *b)
{
    size_t row[NAME_MAX_LEN + 1];
    size_t len = strlen(b);

    assert(len <= NAME_MAX_LEN);
    for (size_t j = 0; j <= len; j++) {
        row[j] = j;
    }
    for (size_t i = 0; i < a.len; i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < len; j++) {
            size_t above = row[j + 1];
            size_t cost = tolower((unsigned char)a.bytes[i]) != b[j];
            row[j + 1] = smallest(above + 1, row[j] + 1, diagonal + cost);
            diagonal = above;
        }
    }
    return row[len];
}

const struct option *option_nearest(struct span name)
{
    const struct option *nearest = NULL;
    size_t least = DISTANCE_MAX + 1;

    for (size_t i = 0; name.len <= NAME_MAX_LEN && i < COUNT(options); i++) {
        size_t steps = distance(name, options[i].name);
        if (steps < least && steps < strlen(options[i].name) / 2) {
            least = steps;
            nearest = &options[i];
        }
    }
    return nearest;
}

void option_each_alias(void (*found)(void *context, const char *alias, const struct option *option),
                       void *context)
{
    for (size_t i = 0; i < COUNT(aliases); i++) {
        found(context, aliases[i].alias, option_find(span_from(aliases[i].name)));
    }
}

bool option_adds_up(const struct option *option)
{
    return option->kind == OPTION_SAVE || option->kind == OPTION_LINES ||
           option->kind == OPTION_RULES;
}

bool option_takes_words(const struct option *option)
{
    return option_adds_up(option) || option->kind == OPTION_LIST ||
           option->kind == OPTION_PERCENTS || option->kind == OPTION_LIMITS;
}
