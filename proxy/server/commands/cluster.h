#ifndef PODIS_PROXY_SERVER_COMMANDS_CLUSTER_H
#define PODIS_PROXY_SERVER_COMMANDS_CLUSTER_H

/* CLUSTER, READONLY, READWRITE and ASKING: the mesh as a cluster-aware client sees it.
 *
 * On the peer port only. The app's port is one Redis without clusters, and says so in
 * Redis's words. */

#include "cache/command.h"

extern const struct command cluster_commands[];

#endif
