#ifndef PODIS_CACHE_STATE_H
#define PODIS_CACHE_STATE_H

/* The inside of struct cache, for cache/cache.c, cache/call.c, cache/evict.c,
 * cache/snapshot.c, cache/persist/insert.c and the engine of scripts alone. */

#include "cache/access.h"
#include "cache/base/arena.h"
#include "cache/cache.h"
#include "cache/call.h"
#include "cache/evict.h"
#include "cache/keyspace.h"
#include "cache/snapshot.h"

enum { LISTENERS_MAX = 8 };

/* Commands that repeat a change together with others. */
struct more_changes {
    struct more_changes *next;
    const struct span *argv;
    size_t argc;
};

/* An event to be told when the change was. */
struct told_event {
    struct told_event *next;
    const char *name;
    struct span key;
    unsigned class;
    int db;
};

/* A database that was emptied or forgotten, being freed bit by bit. */
struct dropped {
    struct dropped *next;
    struct keyspace space;
};

/* The snapshot that runs, if one does. */
struct snapshot {
    bool running;
    struct snapshot_visitor visitor;
    uint64_t began_at_ms;
    uint64_t visited, total;
};

struct cache {
    struct keyspace *spaces;
    int databases;
    uint64_t seed;
    uint64_t random_state;
    struct access_clock access;
    const struct command_table *commands;
    uint64_t string_max;
    struct type_limits limits;
    struct cache_stats stats;
    struct disposal disposal;
    struct evict evict;
    uint64_t lazy_freed_before; /* Values freed by jobs when the figures were last reset. */

    struct {
        publish_fn publish;
        void *context;
    } publisher;

    struct {
        unsigned classes;
        event_fn hear;
        void *context;
    } events;

    struct {
        change_fn hear;
        void *context;
    } listeners[LISTENERS_MAX];
    size_t listener_count;

    struct snapshot snapshot;

    struct {
        size_t depth;
        bool announced; /* A change of it was. */
    } unit;

    struct {
        bool replaying;
        uint64_t replay_ms; /* The time it is, while requests are run as if there were none. */
        bool hides;
    } expiry;

    struct {
        const struct script_host *host; /* NULL: none. */
        struct script_run *running;     /* NULL: no script is. */
        struct scripts *scripts;        /* NULL: none came yet. */
        struct functions *functions;    /* The same. */
        bool all_allowed;               /* CMD_NOSCRIPT is ignored. */
    } script;

    struct arena arena;   /* Of the call that runs, and of those that it makes. */
    struct call *running; /* The innermost; NULL between calls. */

    struct dropped *dropped;
    bool active_expiry;
    bool trusts_sums; /* DUMP payloads' checksums are not looked at. */
    int sweep_db;
};

/* Gives the change its number and hands it to every listener. */
void cache_announce(struct cache *cache, struct change *change);

/* Tells whoever wants to hear of such events. */
void cache_tell(const struct cache *cache, unsigned class, const char *name, struct span key,
                int db);

/* A key's time has come: counts it and announces its deletion. The entry is still there. */
void cache_announce_expired(struct cache *cache, int db, struct span key);

/* A part of a value is about to be removed since its time has come: announces that. */
void cache_announce_part(struct cache *cache, int db, const struct entry *entry, struct span part);

/* Removes and announces up to *max parts of a value whose time has come. False if nothing is left:
 * the caller removes the entry, which was announced too. */
bool cache_expire_parts(struct cache *cache, int db, struct entry *entry, uint64_t now_ms,
                        size_t *max);

/* The class of the events of this type's values. */
enum event_class cache_event_class(const struct type *type);

/* Empties a database; see keys_flush(). */
void cache_flush(struct cache *cache, int db, bool at_once);

struct cache_entry cache_entry_of(const struct entry *entry);

/* Expired ones are dead: present in memory, but for nobody to see. */
static inline bool cache_entry_is_dead(const struct entry *entry, uint64_t now_ms)
{
    int64_t expires_at_ms = entry_expires_at_ms(entry);
    return expires_at_ms >= 0 && (uint64_t)expires_at_ms < now_ms;
}

/* call.c: after a handler that noted changes, or events. */
void call_announce(struct call *c);
void call_tell_events(struct call *c);
/* Another call ran inside this one: what was found may be elsewhere now. */
void call_forget(struct call *c);

#endif
