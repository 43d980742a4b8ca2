/* MEMORY. STATS has Redis's fields in its order, so that exporters find them; what podis does not
 * have is 0. What is neither there at the start nor a table of keys counts as data. */

#include "proxy/server/commands/memory.h"

#include "cache/base/memory.h"
#include "cache/call.h"
#include "cache/commands/describe.h"
#include "cache/commands/memory.h"
#include "proxy/server/figures.h"
#include "proxy/server/session.h"

#include <stdio.h>

enum { REPORT_MAX = 4 << 20, EMPTY_BYTES = 5 << 20, FRAGMENTED_BYTES = 10 << 20 };

static struct figures look(const struct call *call)
{
    const struct session *session = call->caller;
    return figures_look(session->server);
}

/* --- STATS --- */

static void tell(struct call *call, const char *name, uint64_t number)
{
    reply_bulk_text(call->reply, name);
    reply_integer(call->reply, (int64_t)number);
}

static void tell_ratio(struct call *call, const char *name, double number)
{
    reply_bulk_text(call->reply, name);
    reply_double(call->reply, number);
}

/* How much larger one is than the other, as a ratio and in bytes. */
static void tell_excess(struct call *call, const char *ratio_name, const char *bytes_name,
                        uint64_t larger, uint64_t smaller)
{
    tell_ratio(call, ratio_name, figures_ratio(larger, smaller));
    tell(call, bytes_name, larger - smaller);
}

static size_t tell_databases(struct call *call)
{
    size_t count = 0;

    for (int db = 0; db < cache_databases(call->cache); db++) {
        struct cache_db_stats stats = cache_db_stats(call->cache, db);
        char name[32];
        if (stats.keys == 0) {
            continue;
        }
        count++;
        snprintf(name, sizeof(name), "db.%d", db);
        reply_bulk_text(call->reply, name);
        reply_map(call->reply, 3);
        tell(call, "overhead.hashtable.main", stats.table_bytes);
        tell(call, "overhead.hashtable.expires", 0);
        tell(call, "overhead.hashtable.slot-to-keys", 0);
    }
    return count;
}

static void stats(struct call *call)
{
    struct figures f = look(call);
    struct reply_later later = reply_map_later(call->reply);
    size_t pairs = 27;

    tell(call, "peak.allocated", f.peak);
    tell(call, "total.allocated", f.memory.used);
    tell(call, "startup.allocated", f.start);
    tell(call, "replication.backlog", 0);
    tell(call, "clients.slaves", 0);
    tell(call, "clients.normal", f.clients);
    tell(call, "cluster.links", 0);
    tell(call, "aof.buffer", 0);
    tell(call, "lua.caches", f.scripts.text_bytes);
    tell(call, "functions.caches", f.functions.text_bytes);
    pairs += tell_databases(call);
    tell(call, "overhead.total", f.overhead);
    tell(call, "keys.count", f.keys);
    tell(call, "keys.bytes-per-key", f.keys == 0 ? 0 : f.since_start / f.keys);
    tell(call, "dataset.bytes", f.data);
    tell_ratio(call, "dataset.percentage", 100 * figures_ratio(f.data, f.since_start));
    tell_ratio(call, "peak.percentage", 100 * figures_ratio(f.memory.used, f.peak));
    tell(call, "allocator.allocated", f.memory.used);
    tell(call, "allocator.active", f.memory.active);
    tell(call, "allocator.resident", f.memory.resident);
    tell_excess(call, "allocator-fragmentation.ratio", "allocator-fragmentation.bytes",
                f.memory.active, f.memory.used);
    tell_excess(call, "allocator-rss.ratio", "allocator-rss.bytes", f.memory.resident,
                f.memory.active);
    tell_excess(call, "rss-overhead.ratio", "rss-overhead.bytes", f.resident, f.memory.resident);
    tell_excess(call, "fragmentation", "fragmentation.bytes", f.resident, f.memory.used);
    reply_later_end(call->reply, later, pairs);
}

/* --- others --- */

static void doctor(struct call *call)
{
    struct figures f = look(call);
    const char *text = "No memory problem is seen.\n";

    if (f.memory.used < EMPTY_BYTES) {
        text = "There is too little data for a diagnosis.\n";
    } else if (f.memory.used + f.memory.used / 2 < f.peak) {
        text = "The peak was over one and a half times what is in use now. What was freed since "
               "may not all be back with the system: MEMORY PURGE gives it back.\n";
    } else if (f.memory.active > f.memory.used + FRAGMENTED_BYTES &&
               figures_ratio(f.memory.active, f.memory.used) > 1.4) {
        text = "Pages are used only in part: many values of like sizes were deleted. It goes away "
               "as new ones take their places.\n";
    }
    reply_verbatim(call->reply, span_from(text), "txt");
}

static void add_text(void *context, const char *text)
{
    (void)buf_add(context, span_from(text));
}

static void malloc_stats(struct call *call)
{
    struct buf report;

    buf_init(&report, REPORT_MAX);
    memory_report(add_text, &report);
    reply_verbatim(call->reply, buf_span(&report), "txt");
    buf_fini(&report);
}

static void purge(struct call *call)
{
    memory_purge();
    reply_ok(call->reply);
}

static void help(struct call *call)
{
    describe_help(call->reply, memory_commands);
}

#define ALL_SHARDS "nondeterministic_output request_policy:all_shards response_policy:special"

static const struct command subcommands[] = {
    { .name = "memory|doctor",
      .run = doctor,
      .arity = 2,
      .flags = CMD_SESSION,
      .group = "server",
      .since = "4.0.0",
      .complexity = "O(1)",
      .summary = "Says in words what is wrong with the memory of this process.",
      .tips = ALL_SHARDS },
    { .name = "memory|help",
      .run = help,
      .arity = 2,
      .flags = CMD_LOADING | CMD_STALE,
      .group = "server",
      .since = "4.0.0",
      .complexity = "O(1)",
      .summary = "Prints this help." },
    { .name = "memory|malloc-stats",
      .run = malloc_stats,
      .arity = 2,
      .flags = CMD_SESSION,
      .group = "server",
      .since = "4.0.0",
      .complexity = "Depends on how much memory is allocated.",
      .summary = "Returns what the allocator tells of itself.",
      .tips = ALL_SHARDS },
    { .name = "memory|purge",
      .run = purge,
      .arity = 2,
      .flags = CMD_SESSION,
      .group = "server",
      .since = "4.0.0",
      .complexity = "Depends on how much memory is allocated.",
      .summary = "Gives memory that holds nothing back to the system.",
      .tips = "request_policy:all_shards response_policy:all_succeeded" },
    { .name = "memory|stats",
      .run = stats,
      .arity = 2,
      .flags = CMD_SESSION,
      .group = "server",
      .since = "4.0.0",
      .complexity = "O(1)",
      .summary = "Returns how much memory this process uses for what.",
      .tips = ALL_SHARDS },
    { .name = "memory|usage",
      .run = memory_usage_run,
      .arity = -3,
      .flags = CMD_READ,
      .keys = { KEYS(2, 2, 1, KEY_RO) },
      .group = "server",
      .since = "4.0.0",
      .complexity = "O(N) where N is the number of samples",
      .synopsis = "key:key [count:integer=SAMPLES]",
      .summary = "Returns how many bytes a key and its value occupy." },
    { .name = NULL },
};

const struct command memory_commands[] = {
    { .name = "memory",
      .arity = -2,
      .subcommands = subcommands,
      .group = "server",
      .since = "4.0.0",
      .complexity = "That of the subcommand.",
      .summary = "Tells what this process uses, and what a key costs." },
    { .name = NULL },
};
