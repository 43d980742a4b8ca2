/* INFO: whose copy this is, and who copies it. */

#include "proxy/server/commands/info_section.h"

#include "proxy/server/server.h"

void info_replication(struct info *info)
{
    info_line(info, "role:master");
    info_line(info, "connected_slaves:0");
    info_line(info, "master_failover_state:no-failover");
    info_line(info, "master_replid:%s", server_run_id(info->server));
    info_line(info, "master_replid2:0000000000000000000000000000000000000000");
    info_line(info, "master_repl_offset:0");
    info_line(info, "second_repl_offset:-1");
    info_line(info, "repl_backlog_active:0");
    info_line(info, "repl_backlog_size:0");
    info_line(info, "repl_backlog_first_byte_offset:0");
    info_line(info, "repl_backlog_histlen:0");
}
