#ifndef PODIS_CACHE_COMMAND_H
#define PODIS_CACHE_COMMAND_H

/* A command's row: the only place that knows its name.
 *
 * COMMAND, COMMAND DOCS, ACL categories, routing, `podis --commands` and the
 * metrics are printed from rows. A row belongs to the table at the end of the
 * file that holds its handler. Container commands (CLIENT, CONFIG, OBJECT …) point
 * to a table of their subcommands, which are rows too ("CLIENT|ID"). */

#include "cache/base/span.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cache;
struct call;

enum command_flag {
    CMD_READ = 1 << 0,    /* readonly */
    CMD_WRITE = 1 << 1,   /* write */
    CMD_DENYOOM = 1 << 2, /* may use more memory: refused over maxmemory */
    CMD_FAST = 1 << 3,
    CMD_ADMIN = 1 << 4,
    CMD_NOSCRIPT = 1 << 5,
    CMD_LOADING = 1 << 6, /* allowed while loading */
    CMD_STALE = 1 << 7,
    CMD_NO_AUTH = 1 << 8, /* allowed before AUTH */
    CMD_BLOCKING = 1 << 9,
    CMD_PUBSUB = 1 << 10,
    CMD_NO_MULTI = 1 << 11,
    CMD_SKIP_MONITOR = 1 << 12,
    CMD_SKIP_SLOWLOG = 1 << 13,
    CMD_MOVABLE_KEYS = 1 << 14,
    CMD_NO_ASYNC_LOADING = 1 << 15,
    CMD_NO_MANDATORY_KEYS = 1 << 16,
    CMD_SENTINEL = 1 << 17, /* only shown */
    CMD_ALLOW_BUSY = 1 << 18,
    CMD_MAY_REPLICATE = 1 << 19, /* no write, but held with them by CLIENT PAUSE WRITE; not shown */
    /* podis's own, not shown by COMMAND: */
    CMD_NEAR = 1 << 24,     /* a read that a near copy may answer (coherence.md, R21) */
    CMD_LISTENER = 1 << 27, /* a client that listens to channels may say it, also in RESP2 */
    CMD_AT_ONCE = 1 << 26,  /* runs at once between MULTI and EXEC, where others are queued */
    CMD_SESSION =
        1 << 25, /* about the connection or the process: runs where it arrives, needs call.caller */
};

/* How a command whose keys have several owners is split, or how a keyless one
 * covers all owners. Said once, in the row; proxy/peers/split.c does it. */
enum command_across {
    ACROSS_NONE,    /* keys of several owners: CROSSSLOT */
    ACROSS_ARRAY,   /* MGET: one element per key, put back in order */
    ACROSS_SUM,     /* DEL, EXISTS, TOUCH, UNLINK: integers are added */
    ACROSS_COMPUTE, /* SUNION, ZINTER, PFCOUNT …: the operands are fetched, and it is run here */
    ACROSS_OK,      /* MSET: key value pairs; OK when all said OK */
    ACROSS_ALL_SUM, /* DBSIZE: every owner, integers are added */
    ACROSS_ALL_ARRAY,  /* KEYS: every owner, arrays are joined */
    ACROSS_ALL_UNION,  /* PUBSUB CHANNELS: every member, arrays are joined, each name once */
    ACROSS_ALL_COUNTS, /* PUBSUB NUMSUB: every member, names and integers, which are added */
    ACROSS_ALL_OK,     /* FLUSHALL, FLUSHDB, SWAPDB: every owner, first error wins */
    ACROSS_ALL_SCAN,   /* SCAN: owner after owner, the cursor says which */
    ACROSS_ALL_RANDOM, /* RANDOMKEY: one owner at random, others while the answer is null */
};

enum key_flag {
    KEY_RO = 1 << 0,
    KEY_RW = 1 << 1,
    KEY_OW = 1 << 2,
    KEY_RM = 1 << 3,
    KEY_ACCESS = 1 << 4,
    KEY_UPDATE = 1 << 5,
    KEY_INSERT = 1 << 6,
    KEY_DELETE = 1 << 7,
    KEY_NOT_KEY = 1 << 8,
    KEY_INCOMPLETE = 1 << 9,
    KEY_VARIABLE = 1 << 10,
};

/* One key specification (https://redis.io/docs/reference/key-specs/). */
struct key_spec {
    enum {
        KEYS_NONE,
        KEYS_RANGE,   /* From an index to another. */
        KEYS_COUNTED, /* Behind their number. */
        KEYS_KEYWORD, /* Behind a word that may be there. */
        KEYS_UNKNOWN, /* Where they are cannot be said in general: see find_keys. */
    } kind;
    uint16_t first; /* RANGE: index of the first key. COUNTED: index of the number of keys. KEYWORD:
                       index from which on the word is looked for. */
    int16_t last; /* RANGE: index of the last; negative counts from the end. KEYWORD: the same, but
                       counted from the first key. */
    uint16_t step;
    uint16_t
        limit; /* KEYWORD, with last = -1: only the first of so many equal parts of the rest are
                       keys (2: XREAD's ids follow its keys). 0 and 1: all of it. */
    uint16_t flags; /* enum key_flag */
    const char *keyword;
};

enum { COMMAND_KEY_SPECS = 3 };

#define KEYS(first_, last_, step_, flags_)                                                         \
    {                                                                                              \
        .kind = KEYS_RANGE, .first = (first_), .last = (last_), .step = (step_), .flags = (flags_) \
    }
/* LMPOP numkeys key…: KEYS_NUMBERED(1, flags) */
#define KEYS_NUMBERED(at_, flags_)                                                                 \
    {                                                                                              \
        .kind = KEYS_COUNTED, .first = (at_), .step = 1, .flags = (flags_)                         \
    }
/* GEORADIUS: KEYS_AFTER("STORE", 6, 0, 0, flags). XREAD: KEYS_AFTER("STREAMS", 1, -1, 2, flags) */
#define KEYS_AFTER(keyword_, from_, last_, limit_, flags_)                                         \
    {                                                                                              \
        .kind = KEYS_KEYWORD, .keyword = (keyword_), .first = (from_), .last = (last_), .step = 1, \
        .limit = (limit_), .flags = (flags_)                                                       \
    }
#define KEYS_SOMEWHERE(flags_)                                                                     \
    {                                                                                              \
        .kind = KEYS_UNKNOWN, .flags = (flags_)                                                    \
    }

struct command {
    const char *name; /* Lower case, "get" or "client|id". NULL ends a table. */
    void (*run)(struct call *call);
    int arity;           /* With the name; negative: at least that many. */
    uint32_t flags;      /* enum command_flag */
    uint32_t categories; /* enum acl_category bits; those the flags imply are added */
    struct key_spec keys[COMMAND_KEY_SPECS];
    enum command_across across;
    const struct command *subcommands;
    const char *group; /* COMMAND DOCS */
    const char *since;
    const char *complexity; /* NULL: there is nothing to say. */
    const char *synopsis;   /* arguments, see cache/commands/synopsis.h */
    const char *summary;
    /* What few rows have: */
    const char *tips;             /* COMMAND's tips, separated by spaces, in Redis's order. */
    const char *history;          /* "version what changed", one line each. */
    const char *deprecated_since; /* A version; replaced_by says what to use instead. */
    const char *replaced_by;
    const char *key_notes; /* A remark on the first key specification. */
    bool is_internal;      /* Not for apps: COMMAND DOCS says so. */
    /* With KEY_VARIABLE: the enum key_flag bits of this very call. */
    uint16_t (*key_flags)(const struct span *argv, size_t argc);
    /* Where the specifications cannot say which arguments are keys: as command_keys(). */
    size_t (*find_keys)(const struct span *argv, size_t argc, uint32_t *indexes, size_t max);
    /* The same for patterns, with a *, of names that are known only then: SORT's BY and GET. */
    size_t (*find_patterns)(const struct span *argv, size_t argc, uint32_t *indexes, size_t max);
    /* Whether this very call changes nothing, whatever the flags say: a script that promises it. */
    bool (*only_reads)(const struct cache *cache, const struct span *argv, size_t argc);
};

enum acl_category {
    ACL_KEYSPACE = 1 << 0,
    ACL_READ = 1 << 1,
    ACL_WRITE = 1 << 2,
    ACL_SET = 1 << 3,
    ACL_SORTEDSET = 1 << 4,
    ACL_LIST = 1 << 5,
    ACL_HASH = 1 << 6,
    ACL_STRING = 1 << 7,
    ACL_BITMAP = 1 << 8,
    ACL_HYPERLOGLOG = 1 << 9,
    ACL_GEO = 1 << 10,
    ACL_STREAM = 1 << 11,
    ACL_PUBSUB = 1 << 12,
    ACL_ADMIN = 1 << 13,
    ACL_FAST = 1 << 14,
    ACL_SLOW = 1 << 15,
    ACL_BLOCKING = 1 << 16,
    ACL_DANGEROUS = 1 << 17,
    ACL_CONNECTION = 1 << 18,
    ACL_TRANSACTION = 1 << 19,
    ACL_SCRIPTING = 1 << 20,
};
enum { ACL_CATEGORIES = 21 };

/* All categories of a row: its own and those its flags and its group imply. */
uint32_t command_categories(const struct command *command);
/* "keyspace" for ACL_KEYSPACE, which is number 0, and so on. */
const char *acl_category_name(size_t number);
/* The category of that name, case ignored; 0 if there is none. */
uint32_t acl_category_named(struct span name);

/* All rows of the process, found by name. Built once at start from tables; then constant.
 * The tables stay owned by their files and must outlive it. */
struct command_table;
struct command_table *command_table_new(void);
void command_table_free(struct command_table *table);
void command_table_add(struct command_table *table, const struct command *rows);

/* The row for these words, case ignored: the subcommand's row where argv[0] is a
 * container and argv[1] names one. NULL if there is none. With a container and an
 * unknown argv[1], *container is set to the container's row. */
const struct command *command_find(const struct command_table *table, const struct span *argv,
                                   size_t argc, const struct command **container);
/* Top-level row by one name, "get" or "client|id". */
const struct command *command_named(const struct command_table *table, struct span name);
size_t command_count(const struct command_table *table); /* Top level only. */
/* In the order they were added; index below command_count(). */
const struct command *command_at(const struct command_table *table, size_t index);
/* A small number for each row (subcommands too), for arrays of statistics; below command_ids(). */
size_t command_id(const struct command_table *table, const struct command *command);
size_t command_ids(const struct command_table *table);

/* Indexes into argv of the keys, in order, at most `max`; returns how many there are
 * (which may be more than max). 0 if the row has no keys or argv is too short for them. */
size_t command_keys(const struct command *command, const struct span *argv, size_t argc,
                    uint32_t *indexes, size_t max);

/* What the command does to the key at argv[at], which is one of these: enum key_flag bits. */
uint16_t command_key_flags(const struct command *command, const struct span *argv, size_t argc,
                           size_t at);

/* command_keys() in a place of its own: on the stack as long as they are few. */
enum { FOUND_KEYS_FEW = 64 };
struct found_keys {
    uint32_t *indexes;
    size_t count;
    uint32_t few[FOUND_KEYS_FEW];
};
void found_keys_init(struct found_keys *keys, const struct command *command,
                     const struct span *argv, size_t argc);
void found_keys_fini(struct found_keys *keys);

bool command_arity_fits(const struct command *command, size_t argc);

/* The store's own rows: cache/commands/{string,key,server,…}.c. */
void command_table_add_store(struct command_table *table);

#endif
