/* INFO: what runs here and on what, and what it has used of the processor. */

#include "proxy/server/commands/info_section.h"

#include "proxy/server/commands/info.h"
#include "proxy/server/session.h"
#include "proxy/server/state.h"

#include <inttypes.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

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
    info_line(info, "redis_mode:%s", info->session->from_peer ? "cluster" : "standalone");
    info_line(info, "os:%s %s %s", name.sysname, name.release, name.machine);
    info_line(info, "arch_bits:%zu", sizeof(void *) * 8);
    info_line(info, "multiplexing_api:libev");
    info_line(info, "gcc_version:%d.%d.%d", __GNUC__, __GNUC_MINOR__, __GNUC_PATCHLEVEL__);
    info_line(info, "process_id:%ld", (long)getpid());
    info_line(info, "run_id:%s", server_run_id(server));
    info_line(info, "tcp_port:%u", options->port != 0 ? options->port : options->tls_port);
    info_line(info, "server_time_usec:%" PRIu64, info->now_ms * 1000);
    info_number(info, "uptime_in_seconds", up_seconds);
    info_number(info, "uptime_in_days", up_seconds / 86400);
    info_line(info, "hz:%" PRId64, options->hz);
    info_line(info, "configured_hz:%" PRId64, options->hz);
    info_line(info, "lru_clock:%" PRIu64, (info->now_ms / 1000) & 0xffffff);
    info_line(info, "config_file:%s", file == NULL ? "" : file);
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
}

void info_modules(struct info *info)
{
    (void)info;
}

void info_cluster(struct info *info)
{
    info_line(info, "cluster_enabled:%d", info->session->from_peer);
}
