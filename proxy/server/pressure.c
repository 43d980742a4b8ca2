/* What is in use is known from the allocator, whose figures are too dear to be asked for with each
 * command. Between two looks at them, what this thread has allocated and freed since is
 * added: exact, but for values that the job queue frees. So a limit holds to the byte,
 * command by command, and the ticks put right what others did.
 *
 * Where the allocator does not tell that, looks are all there is: each tick, and each megabyte
 * received.
 *
 * A large value is freed by a job, some time after it was evicted. To evict others meanwhile would
 * be to evict too many; to stop would let memory grow without bound. So it is waited for
 * within a margin over the limit. */

#include "proxy/server/pressure.h"

#include "cache/base/check.h"
#include "cache/base/memory.h"
#include "cache/evict.h"
#include "proxy/server/state.h"

#include <math.h>

enum {
    LOOK_EVERY_BYTES = 1024 * 1024,
    CLOCK_EVERY_KEYS = 16,
    WAIT_MARGIN_SHARE = 16, /* One in so many bytes of the limit. */
};

void pressure_look(struct server *server)
{
    struct pressure *pressure = &server->pressure;

    pressure->used = memory_refresh().used;
    pressure->balance = memory_balance();
    pressure->bytes_in = server->statistics.totals.bytes_in;
    pressure->lazy_pending = cache_stats(server->parts.cache).lazy_pending;
    if (pressure->used > pressure->peak) {
        pressure->peak = pressure->used;
    }
}

/* At this moment. Blocks of other threads may have been freed by this one. */
static uint64_t used_now(const struct pressure *pressure)
{
    int64_t used = (int64_t)pressure->used + memory_balance() - pressure->balance;
    return used < 0 ? 0 : (uint64_t)used;
}

double pressure_patience_s(int64_t tenacity)
{
    enum { LINEAR_MAX = 10, ALWAYS = 100 };
    const double linear_step_s = 50e-6;
    const double growth = 1.15;

    if (tenacity <= LINEAR_MAX) {
        return (double)tenacity * linear_step_s;
    }
    if (tenacity < ALWAYS) {
        return LINEAR_MAX * linear_step_s * pow(growth, (double)(tenacity - LINEAR_MAX));
    }
    return INFINITY;
}

/* Some of it is about to be freed, and that may be enough. */
static bool waits_for_jobs(struct server *server, uint64_t max)
{
    uint64_t pending = cache_stats(server->parts.cache).lazy_pending;

    if (pending != server->pressure.lazy_pending) {
        pressure_look(server);
    }
    return pending > 0 && used_now(&server->pressure) <= max + max / WAIT_MARGIN_SHARE;
}

static void note_time(struct pressure *pressure, bool exceeded, double now_s)
{
    if (exceeded && pressure->exceeded_at == 0) {
        pressure->exceeded_at = now_s;
    } else if (!exceeded && pressure->exceeded_at != 0) {
        pressure->exceeded_s += now_s - pressure->exceeded_at;
        pressure->exceeded_at = 0;
    }
}

/* How many bytes too many. */
static uint64_t excess(const struct pressure *pressure, uint64_t max)
{
    uint64_t used = used_now(pressure);
    return used > max ? used - max : 0;
}

/* Evicts until there is enough memory, or there is nothing more to evict (false), or the time is
 * up. What clients are told of it takes memory too, for a while: to count that would be to evict
 * ever more the more clients listen. So the goal is set before. */
static bool make_room(struct server *server, uint64_t max)
{
    struct pressure *pressure = &server->pressure;
    double patience_s = pressure_patience_s(server->options->maxmemory_eviction_tenacity);
    double began_s = ev_time();
    uint64_t cycle_ns = latency_begin(server);
    enum evict_result result = EVICT_REMOVED;
    uint64_t goal = excess(pressure, max);
    uint64_t freed = 0;
    bool in_time = true;

    for (unsigned keys = 1; freed < goal && in_time && result != EVICT_NOTHING; keys++) {
        if (waits_for_jobs(server, max)) {
            in_time = false;
            break;
        }
        uint64_t begun_ns = latency_begin(server);
        result = evict_one(server->parts.cache, server->now_ms, &freed);
        latency_end(server, LATENCY_EVICTION_DEL, begun_ns);
        if (keys % CLOCK_EVERY_KEYS == 0 || result == EVICT_SEARCHED) {
            in_time = ev_time() - began_s <= patience_s;
        }
        if (keys % CLOCK_EVERY_KEYS == 0 && freed == 0) {
            pressure_look(server); /* The allocator does not tell, or jobs free it. */
            goal = excess(pressure, max);
        }
    }
    pressure->evicting = !in_time && excess(pressure, max) > 0;
    note_time(pressure, excess(pressure, max) > 0, began_s);
    latency_end(server, LATENCY_EVICTION_CYCLE, cycle_ns);
    return result != EVICT_NOTHING;
}

/* Paused, or a replica that leaves it to its primary. */
static bool leaves_keys_alone(const struct server *server)
{
    return server->pause.extent != PAUSE_NOTHING ||
           (server->pause.replica && server->options->replica_ignore_maxmemory);
}

bool server_is_over_memory(struct server *server)
{
    struct pressure *pressure = &server->pressure;
    uint64_t max = server->options->maxmemory;

    if (max == 0 || leaves_keys_alone(server)) {
        return false;
    }
    if (server->statistics.totals.bytes_in - pressure->bytes_in >= LOOK_EVERY_BYTES) {
        pressure_look(server);
    }
    return used_now(pressure) > max && !make_room(server, max);
}

void pressure_relieve(struct server *server)
{
    struct pressure *pressure = &server->pressure;
    uint64_t max = server->options->maxmemory;

    pressure->evicting = false;
    bool may_evict = !server->loading && !leaves_keys_alone(server);
    if (max != 0 && may_evict && used_now(pressure) > max) {
        make_room(server, max);
    } else {
        note_time(pressure, false, ev_time());
    }
}

static struct evict_settings settings_of(const struct options *options)
{
    static const struct evict_settings policies[] = {
        [POLICY_VOLATILE_LRU] = { EVICT_AMONG_EXPIRING, EVICT_FIRST_IDLE, 1 },
        [POLICY_VOLATILE_LFU] = { EVICT_AMONG_EXPIRING, EVICT_FIRST_RARE, 1 },
        [POLICY_VOLATILE_RANDOM] = { EVICT_AMONG_EXPIRING, EVICT_FIRST_ANY, 1 },
        [POLICY_VOLATILE_TTL] = { EVICT_AMONG_EXPIRING, EVICT_FIRST_EXPIRES, 1 },
        [POLICY_ALLKEYS_LRU] = { EVICT_AMONG_ALL, EVICT_FIRST_IDLE, 1 },
        [POLICY_ALLKEYS_LFU] = { EVICT_AMONG_ALL, EVICT_FIRST_RARE, 1 },
        [POLICY_ALLKEYS_RANDOM] = { EVICT_AMONG_ALL, EVICT_FIRST_ANY, 1 },
        [POLICY_NOEVICTION] = { EVICT_AMONG_NONE, EVICT_FIRST_ANY, 1 },
    };
    assert((size_t)options->maxmemory_policy < COUNT(policies));

    struct evict_settings settings = policies[options->maxmemory_policy];
    settings.samples = (uint64_t)options->maxmemory_samples;
    return settings;
}

/* What has come in, and is not a whole request yet, may be a lot of memory. */
static bool much_came_in(const struct server *server)
{
    return server->options->maxmemory != 0 &&
           server->statistics.totals.bytes_in - server->pressure.bytes_in >= LOOK_EVERY_BYTES;
}

void pressure_turn(struct server *server)
{
    if (much_came_in(server)) {
        pressure_look(server);
        server->pressure.evicting = true;
    }
    if (server->pressure.evicting) {
        pressure_relieve(server);
    }
}

void pressure_configure(struct server *server)
{
    const struct options *options = server->options;
    const struct evict_settings settings = settings_of(options);
    struct cache *cache = server->parts.cache;

    evict_configure(cache, &settings);
    cache_set_frequency(cache, settings.first == EVICT_FIRST_RARE);
    cache_set_frequency_shape(cache, (uint32_t)options->lfu_log_factor,
                              (uint32_t)options->lfu_decay_time);
    pressure_look(server);
    server->pressure.evicting = options->maxmemory != 0;
}

struct pressure_times pressure_times(const struct server *server)
{
    const struct pressure *pressure = &server->pressure;
    double current_s = pressure->exceeded_at == 0 ? 0 : ev_time() - pressure->exceeded_at;

    if (current_s < 0) {
        current_s = 0; /* The clock was set back. */
    }
    return (struct pressure_times){
        .total_ms = (uint64_t)((pressure->exceeded_s + current_s) * 1000),
        .current_ms = (uint64_t)(current_s * 1000),
    };
}

void pressure_reset_times(struct server *server)
{
    server->pressure.exceeded_at = server->pressure.exceeded_s = 0;
}
