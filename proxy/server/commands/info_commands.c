/* INFO: how often each command was run and how long it took, and which errors were answered. */

#include "proxy/server/commands/info_section.h"

#include "cache/base/number.h"
#include "proxy/server/state.h"

#include <inttypes.h>
#include <stdio.h>

static void line_command(struct info *info, const struct command *command)
{
    const struct command_table *table = server_commands(info->server);
    struct command_stats stats = server_command_stats(info->server, command_id(table, command));

    if (stats.calls == 0 && stats.rejected == 0) {
        return;
    }
    double us = (double)stats.nanoseconds / 1000.;
    double per_call = stats.calls == 0 ? 0. : us / (double)stats.calls;
    info_line(info,
              "cmdstat_%s:calls=%" PRIu64 ",usec=%.0f,usec_per_call=%.2f,rejected_calls=%" PRIu64
              ",failed_calls=%" PRIu64,
              command->name, stats.calls, us, per_call, stats.rejected, stats.failed);
}

void info_commandstats(struct info *info)
{
    const struct command_table *table = server_commands(info->server);

    for (size_t i = 0; i < command_count(table); i++) {
        const struct command *command = command_at(table, i);
        line_command(info, command);
        const struct command *sub = command->subcommands;
        for (; sub != NULL && sub->name != NULL; sub++) {
            line_command(info, sub);
        }
    }
}

static void line_error(void *context, struct span code, uint64_t count)
{
    info_line(context, "errorstat_%.*s:count=%" PRIu64, (int)code.len, code.bytes, count);
}

void info_errorstats(struct info *info)
{
    server_errors_each(info->server, line_error, info);
}

static void line_percentiles(struct info *info, const struct command *command)
{
    const struct server *server = info->server;
    const struct option_list *percents = &server->options->latency_tracking_info_percentiles;
    const struct histogram *histogram =
        &server->timing.histograms[command_id(server->parts.commands, command)];
    char text[512] = "";
    size_t len = 0;

    if (histogram->count == 0) {
        return;
    }
    for (size_t i = 0; i < percents->count && len < sizeof(text); i++) {
        double percent;
        if (!number_parse_double(span_from(percents->items[i]), &percent)) {
            continue;
        }
        double us = (double)histogram_percentile(histogram, percent) / 1000.;
        int more = snprintf(text + len, sizeof(text) - len, "%sp%.6g=%.3f", len > 0 ? "," : "",
                            percent, us);
        assert(more > 0);
        len += (size_t)more;
    }
    info_line(info, "latency_percentiles_usec_%s:%s", command->name, text);
}

void info_latencystats(struct info *info)
{
    const struct command_table *table = server_commands(info->server);

    for (size_t i = 0; i < command_count(table); i++) {
        const struct command *command = command_at(table, i);
        const struct command *sub = command->subcommands;
        line_percentiles(info, command);
        for (; sub != NULL && sub->name != NULL; sub++) {
            line_percentiles(info, sub);
        }
    }
}
