/* What the server counts. */

#include "proxy/server/statistics.h"

#include "cache/base/memory.h"

void statistics_init(struct statistics *statistics, size_t command_count)
{
    *statistics = (struct statistics){ .command_count = command_count };
    statistics->commands = memory_zero((command_count + 1) * sizeof(*statistics->commands));
}

void statistics_fini(struct statistics *statistics)
{
    memory_free(statistics->commands);
    *statistics = (struct statistics){ 0 };
}

void statistics_reset(struct statistics *statistics)
{
    struct command_stats *commands = statistics->commands;
    size_t command_count = statistics->command_count;

    memset(commands, 0, command_count * sizeof(*commands));
    *statistics = (struct statistics){ .commands = commands, .command_count = command_count };
}

static struct error_count *counter_of(struct statistics *statistics, struct span code)
{
    for (size_t i = 0; i < statistics->error_count; i++) {
        struct error_count *error = &statistics->errors[i];
        if (span_equal((struct span){ error->code, error->len }, code)) {
            return error;
        }
    }
    struct error_count *fresh = &statistics->errors[ERROR_CODES_MAX];
    if (statistics->error_count < ERROR_CODES_MAX) {
        fresh = &statistics->errors[statistics->error_count++];
        memcpy(fresh->code, code.bytes, code.len);
        fresh->len = code.len;
    }
    return fresh;
}

void statistics_count_error(struct statistics *statistics, struct span answer)
{
    struct span code = { "ERR", 3 };

    if (answer.len > 1 && answer.bytes[0] == '-') {
        size_t len = 0;
        while (len + 1 < answer.len && len < ERROR_CODE_LEN_MAX && answer.bytes[len + 1] > ' ') {
            len++;
        }
        code = (struct span){ answer.bytes + 1, len };
    }
    statistics->totals.errors++;
    counter_of(statistics, code)->count++;
}

static uint64_t rate_sample(struct rate *rate, uint64_t value, uint64_t elapsed_ms)
{
    /* After a reset the total is smaller than it was. */
    uint64_t grown = value >= rate->last_value ? value - rate->last_value : value;
    uint64_t sum = 0;

    rate->samples[rate->count++ % RATE_SAMPLES] = grown * 1000 / elapsed_ms;
    rate->last_value = value;
    for (size_t i = 0; i < RATE_SAMPLES; i++) {
        sum += rate->samples[i];
    }
    return sum / RATE_SAMPLES;
}

void statistics_sample(struct statistics *statistics, uint64_t now_ms)
{
    struct server_stats *totals = &statistics->totals;
    uint64_t elapsed_ms = now_ms - statistics->sampled_at_ms;

    if (now_ms < statistics->sampled_at_ms || statistics->sampled_at_ms == 0) {
        statistics->sampled_at_ms = now_ms;
        return;
    }
    if (elapsed_ms < RATE_EVERY_MS) {
        return;
    }
    totals->ops_per_second = rate_sample(&statistics->ops, totals->commands, elapsed_ms);
    totals->bytes_in_per_second = rate_sample(&statistics->in, totals->bytes_in, elapsed_ms);
    totals->bytes_out_per_second = rate_sample(&statistics->out, totals->bytes_out, elapsed_ms);
    statistics->sampled_at_ms = now_ms;
}
