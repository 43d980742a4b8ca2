#ifndef PODIS_PROXY_SERVER_COMMANDS_INFO_SECTION_H
#define PODIS_PROXY_SERVER_COMMANDS_INFO_SECTION_H

/* The sections of INFO: each a function in the file that is named after what it tells of. info.c
 * decides which are asked for and prints their titles. */

#include "cache/base/buf.h"
#include "cache/base/check.h"

#include <stdint.h>

struct server;
struct session;

struct info {
    struct buf *text;
    const struct session *session; /* Who asks. */
    const struct server *server;
    uint64_t now_ms;
};

/* A line; it is cut at 1023 bytes. */
void info_line(struct info *info, const char *format, ...) printf_like(2, 3);
void info_number(struct info *info, const char *name, uint64_t number);
/* 1536 is "1.50K", as in Redis. */
void info_human(struct info *info, const char *name, uint64_t bytes);

void info_server(struct info *info);       /* info_server.c */
void info_cpu(struct info *info);          /* " */
void info_modules(struct info *info);      /* " */
void info_cluster(struct info *info);      /* " */
void info_clients(struct info *info);      /* info_clients.c */
void info_memory(struct info *info);       /* info_memory.c */
void info_persistence(struct info *info);  /* info_persistence.c */
void info_stats(struct info *info);        /* info_stats.c */
void info_replication(struct info *info);  /* info_replication.c */
void info_commandstats(struct info *info); /* info_commands.c */
void info_errorstats(struct info *info);   /* " */
void info_latencystats(struct info *info); /* " */
void info_keyspace(struct info *info);     /* info_keyspace.c */
void info_mesh(struct info *info);         /* info_mesh.c */

#endif
