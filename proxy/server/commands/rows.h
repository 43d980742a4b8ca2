#ifndef PODIS_PROXY_SERVER_COMMANDS_ROWS_H
#define PODIS_PROXY_SERVER_COMMANDS_ROWS_H

/* Tables of rows that no header of their own declares, each at the end of the file that
 * holds its handlers. command_table_add_server() adds them, and all others of this folder. */

#include "cache/command.h"

struct call;

extern const struct command acl_commands[];         /* acl.c */
extern const struct command append_commands[];      /* append.c */
extern const struct command connection_commands[];  /* connection.c */
extern const struct command client_commands[];      /* client.c */
extern const struct command latency_commands[];     /* latency.c */
extern const struct command monitor_commands[];     /* monitor.c */
extern const struct command podis_commands[];       /* podis.c */
extern const struct command pubsub_commands[];      /* pubsub.c */
extern const struct command replication_commands[]; /* replication.c */
extern const struct command shutdown_commands[];    /* shutdown.c */
extern const struct command slowlog_commands[];     /* slowlog.c */
extern const struct command transaction_commands[]; /* transaction.c */

/* The handler of PODIS.MESH EXEC, whose row is in podis.c. */
void transaction_of_peer(struct call *c);
/* Those of PODIS.MESH WATCH and UNWATCH. */
void watch_of_peer(struct call *c);
void unwatch_of_peer(struct call *c);
/* Of DEBUG LOADAOF and AOF-FLUSH-SLEEP, in append.c. */
void debug_loadaof(struct call *c);
void debug_aof_flush_sleep(struct call *c);

#endif
