/* /metrics.
 *
 * A family is said once: what it is (TYPE, HELP), then its samples. OpenMetrics leaves the ending
 * _total out of a counter's family name, and knows counters by that ending alone. */

#include "sidecar/exposition.h"

#include "cache/base/memory.h"
#include "config/rules.h"
#include "proxy/discovery/discovery.h"
#include "proxy/server/invalidate.h"
#include "proxy/server/pubsub.h"
#include "proxy/tls/tls.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

/* One scrape. */
struct scrape {
    const struct exposition_parts *parts;
    enum exposition_format format;
    struct buf *out;
};

enum exposition_format exposition_choose(const char *accept)
{
    bool open = accept != NULL && strstr(accept, "application/openmetrics-text") != NULL;
    return open ? EXPOSITION_OPENMETRICS : EXPOSITION_PROMETHEUS;
}

const char *exposition_content_type(enum exposition_format format)
{
    return format == EXPOSITION_OPENMETRICS
               ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
               : "text/plain; version=0.0.4; charset=utf-8";
}

static bool is_total(const char *name)
{
    size_t len = strlen(name);
    return len > 6 && strcmp(name + len - 6, "_total") == 0;
}

static void family(struct scrape *scrape, const char *name, enum metric_kind kind, const char *help)
{
    bool open = scrape->format == EXPOSITION_OPENMETRICS;
    const char *type = kind == METRIC_COUNTER ? "counter" : "gauge";
    int len = (int)strlen(name);

    if (open && kind == METRIC_COUNTER) {
        type = is_total(name) ? "counter" : "unknown";
        len -= is_total(name) ? 6 : 0;
    }
    buf_addf(scrape->out, "# HELP %.*s %s\n", len, name, help);
    buf_addf(scrape->out, "# TYPE %.*s %s\n", len, name, type);
}

static void sample(struct scrape *scrape, const char *name, uint64_t value)
{
    buf_addf(scrape->out, "%s %" PRIu64 "\n", name, value);
}

/* A family with one sample and no label. */
static void number(struct scrape *scrape, const char *name, enum metric_kind kind, const char *help,
                   uint64_t value)
{
    family(scrape, name, kind, help);
    sample(scrape, name, value);
}

static void rows(struct scrape *scrape, const struct metric *row)
{
    for (; row->name != NULL; row++) {
        char name[128];
        bool redis = strncmp(row->name, "redis_", 6) == 0;
        snprintf(name, sizeof(name), "%s%s", redis ? "" : "podis_", row->name);
        number(scrape, name, row->kind, row->help, *row->value);
    }
}

static uint64_t resident_bytes(void)
{
    char text[64] = "";
    unsigned long pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");

    if (file != NULL) {
        if (fgets(text, sizeof(text), file) != NULL) {
            (void)sscanf(text, "%*u %lu", &pages);
        }
        fclose(file);
    }
    return (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void print_process(struct scrape *scrape)
{
    struct server *server = scrape->parts->server;
    struct rusage usage = { 0 };
    uint64_t started_ms = server_started_at_ms(server);

    number(scrape, "redis_up", METRIC_GAUGE, "Whether podis answers", 1);
    number(scrape, "redis_start_time_seconds", METRIC_GAUGE, "Unix time of the start",
           started_ms / 1000);
    number(scrape, "redis_uptime_in_seconds", METRIC_GAUGE, "Seconds since the start",
           (server_now_ms(server) - started_ms) / 1000);
    family(scrape, "redis_instance_info", METRIC_GAUGE, "What this process is");
    buf_addf(scrape->out,
             "redis_instance_info{redis_mode=\"%s\",role=\"master\",tcp_port=\"%u\"} 1\n",
             *server_config(server)->options.peers == '\0' ? "standalone" : "mesh",
             server_config(server)->options.port);
    family(scrape, "podis_build_info", METRIC_GAUGE, "The version of podis");
    buf_addf(scrape->out, "podis_build_info{version=\"%s\"} 1\n", PODIS_VERSION);
    number(scrape, "podis_ready", METRIC_GAUGE, "Whether podis is ready, as /readyz says",
           scrape->parts->lifecycle->state == LIFE_READY);
    getrusage(RUSAGE_SELF, &usage);
    family(scrape, "process_cpu_seconds_total", METRIC_COUNTER, "CPU time used");
    buf_addf(scrape->out, "process_cpu_seconds_total %.6f\n",
             (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                 (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6);
    number(scrape, "process_resident_memory_bytes", METRIC_GAUGE, "Memory in RAM",
           resident_bytes());
}

static void print_memory(struct scrape *scrape)
{
    const struct options *options = &server_config(scrape->parts->server)->options;
    struct memory_stats memory = memory_refresh();

    number(scrape, "redis_memory_used_bytes", METRIC_GAUGE, "Memory allocated", memory.used);
    number(scrape, "redis_memory_used_rss_bytes", METRIC_GAUGE, "Memory in RAM", resident_bytes());
    number(scrape, "redis_memory_max_bytes", METRIC_GAUGE, "maxmemory; 0 is no limit",
           options->maxmemory);
    number(scrape, "redis_allocator_active_bytes", METRIC_GAUGE, "Memory of pages in use",
           memory.active);
    number(scrape, "redis_allocator_resident_bytes", METRIC_GAUGE, "Memory the allocator holds",
           memory.resident);
    number(scrape, "redis_config_maxmemory", METRIC_GAUGE, "maxmemory", options->maxmemory);
    number(scrape, "redis_config_maxclients", METRIC_GAUGE, "maxclients",
           (uint64_t)options->maxclients);
}

static void print_databases(struct scrape *scrape)
{
    static const struct {
        const char *name;
        const char *help;
    } families[] = {
        { "redis_db_keys", "Keys in the database" },
        { "redis_db_keys_expiring", "Keys with a time to live" },
    };
    const struct cache *cache = server_cache(scrape->parts->server);

    for (size_t i = 0; i < COUNT(families); i++) {
        family(scrape, families[i].name, METRIC_GAUGE, families[i].help);
        for (int db = 0; db < cache_databases(cache); db++) {
            struct cache_db_stats stats = cache_db_stats(cache, db);
            buf_addf(scrape->out, "%s{db=\"db%d\"} %" PRIu64 "\n", families[i].name, db,
                     i == 0 ? stats.keys : stats.expiring);
        }
    }
    family(scrape, "redis_db_avg_ttl_seconds", METRIC_GAUGE, "Average time to live, estimated");
    for (int db = 0; db < cache_databases(cache); db++) {
        struct cache_db_stats stats = cache_db_stats(cache, db);
        if (stats.expiring > 0) {
            buf_addf(scrape->out, "redis_db_avg_ttl_seconds{db=\"db%d\"} %.3f\n", db,
                     (double)stats.avg_ttl_ms / 1000);
        }
    }
}

static void print_store(struct scrape *scrape)
{
    struct cache_stats stats = cache_stats(server_cache(scrape->parts->server));

    number(scrape, "redis_keyspace_hits_total", METRIC_COUNTER, "Reads that found their key",
           stats.hits);
    number(scrape, "redis_keyspace_misses_total", METRIC_COUNTER,
           "Reads that did not find their key", stats.misses);
    number(scrape, "redis_expired_keys_total", METRIC_COUNTER, "Keys whose time was over",
           stats.expired);
    number(scrape, "redis_evicted_keys_total", METRIC_COUNTER, "Keys evicted for memory",
           stats.evicted);
    number(scrape, "redis_rdb_changes_since_last_save", METRIC_GAUGE, "Changes of data",
           stats.changes);
    number(scrape, "redis_blocked_clients", METRIC_GAUGE, "Clients waiting in a blocking command",
           0);
    number(scrape, "redis_connected_slaves", METRIC_GAUGE, "Replicas", 0);
}

/* One figure of a command, printed behind its name. */
struct call_family {
    const char *name;
    const char *help;
    void (*print)(struct scrape *scrape, const struct command_stats *stats);
};

static void print_call(struct scrape *scrape, const struct call_family *calls,
                       const struct command *command)
{
    size_t id = command_id(server_commands(scrape->parts->server), command);
    struct command_stats stats = server_command_stats(scrape->parts->server, id);

    if (stats.calls + stats.rejected > 0) {
        buf_addf(scrape->out, "%s{cmd=\"%s\"} ", calls->name, command->name);
        calls->print(scrape, &stats);
        buf_addf(scrape->out, "\n");
    }
}

/* Of every command that was called, subcommands being commands of their own. */
static void print_calls(struct scrape *scrape, const struct call_family *calls)
{
    const struct command_table *table = server_commands(scrape->parts->server);

    family(scrape, calls->name, METRIC_COUNTER, calls->help);
    for (size_t i = 0; i < command_count(table); i++) {
        const struct command *command = command_at(table, i);
        const struct command *sub = command->subcommands;
        print_call(scrape, calls, command);
        for (; sub != NULL && sub->name != NULL; sub++) {
            print_call(scrape, calls, sub);
        }
    }
}

static void add_calls(struct scrape *scrape, const struct command_stats *stats)
{
    buf_addf(scrape->out, "%" PRIu64, stats->calls);
}

static void add_seconds(struct scrape *scrape, const struct command_stats *stats)
{
    buf_addf(scrape->out, "%.9f", (double)stats->nanoseconds / 1e9);
}

static void add_rejected(struct scrape *scrape, const struct command_stats *stats)
{
    buf_addf(scrape->out, "%" PRIu64, stats->rejected);
}

static void add_failed(struct scrape *scrape, const struct command_stats *stats)
{
    buf_addf(scrape->out, "%" PRIu64, stats->failed);
}

static void print_error_code(void *context, struct span code, uint64_t count)
{
    struct scrape *scrape = context;

    buf_addf(scrape->out, "redis_errors_total{err=\"%.*s\"} %" PRIu64 "\n", (int)code.len,
             code.bytes, count);
}

static const struct call_family call_families[] = {
    { "redis_commands_total", "Calls of the command", add_calls },
    { "redis_commands_duration_seconds_total", "Time spent in the command", add_seconds },
    { "redis_commands_rejected_calls_total", "Calls refused before they ran", add_rejected },
    { "redis_commands_failed_calls_total", "Calls that answered an error", add_failed },
};

static void print_commands(struct scrape *scrape)
{
    for (size_t i = 0; i < COUNT(call_families); i++) {
        print_calls(scrape, &call_families[i]);
    }
    family(scrape, "redis_errors_total", METRIC_COUNTER, "Errors answered");
    server_errors_each(scrape->parts->server, print_error_code, scrape);
}

void exposition_print(const struct exposition_parts *parts, enum exposition_format format,
                      struct buf *out)
{
    struct scrape scrape = { .parts = parts, .format = format, .out = out };

    print_process(&scrape);
    print_memory(&scrape);
    rows(&scrape, server_metrics_rows);
    print_store(&scrape);
    print_databases(&scrape);
    print_commands(&scrape);
    rows(&scrape, rule_metrics_rows);
    rows(&scrape, invalidate_metrics_rows);
    rows(&scrape, pubsub_metrics_rows);
    rows(&scrape, peer_metrics_rows);
    rows(&scrape, tls_metrics_rows);
    rows(&scrape, discovery_metrics_rows);
    if (format == EXPOSITION_OPENMETRICS) {
        buf_addf(scrape.out, "# EOF\n");
    }
}
