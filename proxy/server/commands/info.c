/* INFO: sections of name:value lines.
 *
 * A section is a function that writes its lines (info_section.h) and a row of `sections`, which
 * says whether it belongs to the default answer. Names and meanings are Redis's, so that
 * exporters and client libraries find what they look for; a number about something
 * podis does not have is left out, or 0 where 0 is the truth. */

#include "proxy/server/commands/info.h"

#include "cache/call.h"
#include "proxy/server/commands/info_section.h"
#include "proxy/server/session.h"

enum { INFO_MAX = 4 << 20 };

static const struct {
    const char *name;
    const char *title;
    void (*print)(struct info *info);
    bool in_default;
} sections[] = {
    { "server", "Server", info_server, true },
    { "clients", "Clients", info_clients, true },
    { "memory", "Memory", info_memory, true },
    { "persistence", "Persistence", info_persistence, true },
    { "stats", "Stats", info_stats, true },
    { "replication", "Replication", info_replication, true },
    { "cpu", "CPU", info_cpu, true },
    { "modules", "Modules", info_modules, true },
    { "commandstats", "Commandstats", info_commandstats, false },
    { "errorstats", "Errorstats", info_errorstats, true },
    { "latencystats", "Latencystats", info_latencystats, false },
    { "cluster", "Cluster", info_cluster, true },
    { "keyspace", "Keyspace", info_keyspace, true },
    { "mesh", "Mesh", info_mesh, true },
};

static_assert(COUNT(sections) <= 32, "a set of sections is a bit mask");

/* The sections a word asks for, as a bit mask. */
static uint32_t sections_of(struct span word)
{
    bool everything = span_is(word, "all") || span_is(word, "everything");
    bool standard = span_is(word, "default");
    uint32_t wanted = 0;

    for (size_t i = 0; i < COUNT(sections); i++) {
        if (everything || (standard && sections[i].in_default) || span_is(word, sections[i].name)) {
            wanted |= BIT(i);
        }
    }
    return wanted;
}

static void info_run(struct call *call)
{
    struct session *session = call->caller;
    struct buf text;
    uint32_t wanted = call->argc == 1 ? sections_of(SPAN("default")) : 0;

    for (size_t i = 1; i < call->argc; i++) {
        wanted |= sections_of(call->argv[i]);
    }
    buf_init(&text, INFO_MAX);
    struct info info = {
        .text = &text, .session = session, .server = session->server, .now_ms = call->now_ms
    };
    for (size_t i = 0; i < COUNT(sections); i++) {
        if (wanted & BIT(i)) {
            info_line(&info, "%s# %s", text.len > 0 ? "\r\n" : "", sections[i].title);
            sections[i].print(&info);
        }
    }
    reply_verbatim(call->reply, buf_span(&text), "txt");
    buf_fini(&text);
}

const struct command info_commands[] = {
    { .name = "info",
      .run = info_run,
      .arity = -1,
      .flags = CMD_LOADING | CMD_STALE | CMD_SESSION,
      .categories = ACL_DANGEROUS,
      .group = "server",
      .since = "1.0.0",
      .complexity = "O(1)",
      .synopsis = "[section:string...]",
      .summary = "Tells about this process: memory, clients, keys, peers.",
      .tips = "nondeterministic_output request_policy:all_shards response_policy:special" },
    { .name = NULL },
};
