/* INFO: what runs here and on what, and what it has used of the processor. */

#include "proxy/server/commands/info_section.h"

#include "cache/base/hash.h"
#include "proxy/server/commands/info.h"
#include "proxy/server/session.h"
#include "proxy/server/state.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

/* Of this version, built by this compiler. */
static uint64_t build_id(void)
{
    struct span text = SPAN(PODIS_VERSION " " __VERSION__);
    return table_hash(text, 0);
}

static void line_program(struct info *info)
{
    char path[512];
    ssize_t len = readlink("/proc/self/exe", path, sizeof(path));

    info_line(info, "executable:%.*s", len < 0 ? 0 : (int)len, path);
}

/* The doors for clients: TCP with its addresses, and a socket of the file system. */
static void lines_listeners(struct info *info, const struct options *options)
{
    const struct {
        const char *name;
        unsigned port;
    } doors[] = { { "tcp", options->port }, { "tls", options->tls_port } };
    unsigned number = 0;

    for (size_t i = 0; i < COUNT(doors); i++) {
        char binds[768] = "";
        size_t len = 0;
        for (size_t at = 0; at < options->bind.count && len < sizeof(binds); at++) {
            len += (size_t)snprintf(binds + len, sizeof(binds) - len, "bind=%s,",
                                    options->bind.items[at]);
        }
        if (doors[i].port != 0) {
            info_line(info, "listener%u:name=%s,%sport=%u", number++, doors[i].name, binds,
                      doors[i].port);
        }
    }
    if (options->unixsocket[0] != '\0') {
        info_line(info, "listener%u:name=unix,bind=%s", number, options->unixsocket);
    }
}

void info_server(struct info *info)
{
    const struct server *server = info->server;
    const struct options *options = &server_config(server)->options;
    const char *file = server_config(server)->file;
    uint64_t up_seconds = (info->now_ms - server_started_at_ms(server)) / 1000;
    struct utsname name;

    if (uname(&name) != 0) {
        name = (struct utsname){ 0 };
    }
    info_line(info, "redis_version:" REDIS_VERSION);
    info_line(info, "podis_version:" PODIS_VERSION);
    info_line(info, "redis_git_sha1:00000000");
    info_line(info, "redis_git_dirty:0");
    info_line(info, "redis_build_id:%016" PRIx64, build_id());
    info_line(info, "redis_mode:%s", info->session->from_peer ? "cluster" : "standalone");
    info_line(info, "os:%s %s %s", name.sysname, name.release, name.machine);
    info_line(info, "arch_bits:%zu", sizeof(void *) * 8);
    info_line(info, "monotonic_clock:POSIX clock_gettime");
    info_line(info, "multiplexing_api:libev");
    info_line(info, "atomicvar_api:c11-builtin");
    info_line(info, "gcc_version:%d.%d.%d", __GNUC__, __GNUC_MINOR__, __GNUC_PATCHLEVEL__);
    info_line(info, "process_id:%ld", (long)getpid());
    info_line(info, "process_supervised:no");
    info_line(info, "run_id:%s", server_run_id(server));
    info_line(info, "tcp_port:%u", options->port != 0 ? options->port : options->tls_port);
    info_line(info, "server_time_usec:%" PRIu64, info->now_ms * 1000);
    info_number(info, "uptime_in_seconds", up_seconds);
    info_number(info, "uptime_in_days", up_seconds / 86400);
    info_line(info, "hz:%" PRId64, options->hz);
    info_line(info, "configured_hz:%" PRId64, options->hz);
    info_line(info, "lru_clock:%" PRIu64, (info->now_ms / 1000) & 0xffffff);
    line_program(info);
    info_line(info, "config_file:%s", file == NULL ? "" : file);
    info_line(info, "io_threads_active:0");
    lines_listeners(info, options);
}

static void line_time(struct info *info, const char *name, struct timeval time)
{
    info_line(info, "%s:%lld.%06lld", name, (long long)time.tv_sec, (long long)time.tv_usec);
}

void info_cpu(struct info *info)
{
    struct rusage own = { 0 };
    struct rusage children = { 0 };

    if (getrusage(RUSAGE_SELF, &own) != 0 || getrusage(RUSAGE_CHILDREN, &children) != 0) {
        return;
    }
    line_time(info, "used_cpu_sys", own.ru_stime);
    line_time(info, "used_cpu_user", own.ru_utime);
    line_time(info, "used_cpu_sys_children", children.ru_stime);
    line_time(info, "used_cpu_user_children", children.ru_utime);
    if (getrusage(RUSAGE_THREAD, &own) == 0) {
        line_time(info, "used_cpu_sys_main_thread", own.ru_stime);
        line_time(info, "used_cpu_user_main_thread", own.ru_utime);
    }
}

void info_modules(struct info *info)
{
    (void)info;
}

void info_cluster(struct info *info)
{
    info_line(info, "cluster_enabled:%d", info->session->from_peer);
}
