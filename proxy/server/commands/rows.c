/* The server's tables of rows. */

#include "proxy/server/commands/rows.h"

#include "proxy/server/commands/cluster.h"
#include "proxy/server/commands/config.h"
#include "proxy/server/commands/debug.h"
#include "proxy/server/commands/info.h"
#include "proxy/server/commands/memory.h"
#include "proxy/server/commands/persistence.h"
#include "proxy/server/server.h"

void command_table_add_server(struct command_table *table)
{
    command_table_add(table, acl_commands);
    command_table_add(table, append_commands);
    command_table_add(table, connection_commands);
    command_table_add(table, client_commands);
    command_table_add(table, info_commands);
    command_table_add(table, config_commands);
    command_table_add(table, memory_commands);
    command_table_add(table, debug_commands);
    command_table_add(table, cluster_commands);
    command_table_add(table, latency_commands);
    command_table_add(table, monitor_commands);
    command_table_add(table, persistence_commands);
    command_table_add(table, podis_commands);
    command_table_add(table, pubsub_commands);
    command_table_add(table, replication_commands);
    command_table_add(table, shutdown_commands);
    command_table_add(table, slowlog_commands);
    command_table_add(table, transaction_commands);
}
