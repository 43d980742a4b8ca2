#ifndef PODIS_CACHE_CACHE_H
#define PODIS_CACHE_CACHE_H

/* The store. It opens no socket, reads no clock, starts no thread: time and
 * randomness come in as arguments.
 *
 * cache_exec() is the only door into data. Clients, log replay, backups, near
 * copies and tests use it alike. Every change happens inside cache_exec() or
 * cache_tick() and is announced exactly once, to the listeners in their order. */

#include "cache/base/span.h"
#include "cache/change.h"
#include "cache/command.h"
#include "cache/reply.h"

#include <stdint.h>

struct cache;
struct call_wait;
struct type;
struct type_limits;

struct cache_options {
    int databases;
    uint64_t seed;                        /* Of the hash and of all random choices. */
    const struct command_table *commands; /* What COMMAND tells about. Outlives the cache. */
};

struct cache *cache_new(const struct cache_options *options);
void cache_free(struct cache *cache);

/* Listeners hear of changes in the order they were added. At start only. */
void cache_listen(struct cache *cache, change_fn listener, void *context);

/* What is announced between the two is one unit, a transaction or a script: see change.joined. One
 * inside another belongs to it. */
void cache_unit_begin(struct cache *cache);
void cache_unit_end(struct cache *cache);
bool cache_unit_is_open(const struct cache *cache);
/* Something that is no change of the store goes into the same stream of changes: it belongs to the
 * unit, if one is open. Returns whether it is joined to what was announced before it. */
bool cache_unit_join(struct cache *cache);

/* Between the two, requests repeat changes: of a log, of a primary. Their time is over, so nothing
 * expires; it would have been said. Each request's now_ms is this one. */
void cache_replay_begin(struct cache *cache, uint64_t now_ms);
void cache_replay_end(struct cache *cache);

/* A replica's: keys whose time is over are not there for readers, but only the primary, or who
 * writes here, removes them. Nor are any looked for. Off at start. */
void cache_set_hidden_expiry(struct cache *cache, bool on);

/* One command to run. Its arity was checked; argv is borrowed. */
struct cache_request {
    const struct command *command;
    const struct span *argv;
    size_t argc;
    int db;
    uint64_t now_ms;   /* Wall clock, Unix time. */
    uint64_t key_hash; /* cache_hash() of the key argv[key_at], or 0 if not known. */
    size_t key_at;
    uint64_t client_id; /* Becomes change.origin. */
    bool no_touch;      /* Leave access times alone. */
    struct reply *reply;
    struct call_wait *wait; /* NULL: it must not wait. Else wait->wanted says whether it does. */
    void *caller;           /* For CMD_SESSION rows: whoever asked. The store never looks inside. */
};
void cache_exec(struct cache *cache, const struct cache_request *request);

/* For the batch path: hash each key of a batch, then prefetch its bucket, then its
 * entry, then run. Each is a hint; the data is not touched. Never returns 0. */
uint64_t cache_hash(const struct cache *cache, struct span key);
void cache_prefetch_bucket(const struct cache *cache, int db, uint64_t hash);
void cache_prefetch_entry(const struct cache *cache, int db, uint64_t hash);

/* Background work: rehashing, and active expiry of at most `budget` buckets looked at.
 * Returns true if more is waiting to be done soon (call again next turn). */
bool cache_tick(struct cache *cache, uint64_t now_ms, size_t budget);

/* Active expiry on or off (DEBUG SET-ACTIVE-EXPIRE); on at start. */
void cache_set_active_expiry(struct cache *cache, bool on);

/* Whether accesses are counted for LFU eviction (maxmemory-policy *-lfu) instead of timed for
 * LRU; off at start. OBJECT FREQ and OBJECT IDLETIME each answer in one of the two only. */
void cache_set_frequency(struct cache *cache, bool on);
/* How fast the counters rise and fall (lfu-log-factor, lfu-decay-time); 10 and 1 at start. */
void cache_set_frequency_shape(struct cache *cache, uint32_t log_factor, uint32_t decay_minutes);
bool cache_counts_frequency(const struct cache *cache);

int cache_databases(const struct cache *cache);
const struct command_table *cache_commands(const struct cache *cache);

/* Thresholds of encodings; copied. Values are converted when they are next changed. */
void cache_set_limits(struct cache *cache, const struct type_limits *limits);
const struct type_limits *cache_limits(const struct cache *cache);

/* Who hears of events, and of which (enum event_class bits); 0 and NULL at start. */
typedef void (*event_fn)(void *context, unsigned class, const char *name, struct span key, int db);
void cache_set_events(struct cache *cache, unsigned classes, event_fn hear, void *context);

/* Who takes the messages of PUBLISH and SPUBLISH, and answers how many hear them. None at start. */
typedef uint64_t (*publish_fn)(void *context, bool shard, struct span channel, struct span message);
void cache_set_publisher(struct cache *cache, publish_fn publish, void *context);
/* The context, for PUBSUB. */
void *cache_publisher(const struct cache *cache);

/* Who runs the commands of scripts and looks after the time they take (cache/script/host.h). It is
 * borrowed. None at start: cache_exec() runs them, and nothing ends a script. */
struct script_host;
void cache_set_script_host(struct cache *cache, const struct script_host *host);
/* Whether scripts may run what CMD_NOSCRIPT keeps from them, for tests: DEBUG
 * SET-DISABLE-DENY-SCRIPTS. Off at start. */
void cache_allow_all_in_scripts(struct cache *cache, bool on);

/* Values that have many parts are freed by `run`, which a job queue calls some time later, on
 * another thread, once for each `job`, in their order, and before the cache is freed. Without a
 * queue they are freed at once. Set at start only. */
struct cache_jobs {
    void *context;
    void (*add)(void *context, void (*run)(void *job), void *job);
    /* For jobs whose end somebody waits for, as their last act: the loop turns once more, now. May
     * be NULL. */
    void (*wake)(void *context);
};
void cache_set_jobs(struct cache *cache, const struct cache_jobs *jobs);
const struct cache_jobs *cache_jobs(const struct cache *cache);

/* How long APPEND and SETRANGE may make a string (proto-max-bulk-len); 512 MiB at start. */
void cache_set_string_max(struct cache *cache, uint64_t len);
uint64_t cache_string_max(const struct cache *cache);

/* Whether RESTORE looks at checksums (DEBUG SET-SKIP-CHECKSUM-VALIDATION); it does at start. */
void cache_set_sum_checks(struct cache *cache, bool on);
bool cache_checks_sums(const struct cache *cache);

struct cache_db_stats {
    uint64_t keys;
    uint64_t expiring;   /* Keys with a time to live. */
    uint64_t avg_ttl_ms; /* Estimate from the last active-expiry pass; 0 if unknown. */
    uint64_t buckets;
    uint64_t table_bytes;
};
struct cache_db_stats cache_db_stats(const struct cache *cache, int db);

/* Counters since start or cache_stats_reset(). */
struct cache_stats {
    uint64_t hits, misses;
    uint64_t expired, evicted;
    uint64_t expired_parts; /* Fields of hashes. */
    uint64_t lazy_freed;    /* Values freed by jobs, and keys of emptied databases by ticks. */
    uint64_t lazy_pending;  /* Those that still have to be. Never reset. */
    uint64_t emptied;       /* How often FLUSHALL was run. Never reset. */
    uint64_t changes;       /* Since start: the dirty counter. Never reset. */
};
struct cache_stats cache_stats(const struct cache *cache);
void cache_stats_reset(struct cache *cache);
/* cache_stats().emptied alone: for each turn of a loop. */
uint64_t cache_times_emptied(const struct cache *cache);

/* Looks at a key without counting a hit, touching access times or expiring it.
 * The spans and the value are borrowed until the next call into the cache. */
struct cache_entry {
    struct span key;
    const struct type *type;
    const void *value;
    int64_t expires_at_ms; /* -1: never. */
};
bool cache_peek(const struct cache *cache, int db, struct span key, uint64_t now_ms,
                struct cache_entry *entry);

/* Visits part of a database: at least the entries of one bucket; `visit` must not call the
 * cache. Start with cursor 0; returns the next cursor, 0 at the end. Guarantee as SCAN's: every
 * key present throughout is visited at least once. */
uint64_t cache_scan(const struct cache *cache, int db, uint64_t cursor,
                    void (*visit)(void *context, const struct cache_entry *entry), void *context);

/* Drops every key of every database at once without announcing it: the near copies of a
 * link whose epoch is over. Memory is given back by cache_tick(). */
void cache_forget_all(struct cache *cache);

#endif
