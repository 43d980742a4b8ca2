#ifndef PODIS_SIDECAR_CGROUP_H
#define PODIS_SIDECAR_CGROUP_H

/* How much memory the container may use: the kernel's own word, which follows a limit that is
 * changed while running. */

#include <stdbool.h>
#include <stdint.h>

/* The smallest limit of this process's cgroup and those around it, version 2 or 1. 0: none. `root`
 * goes in front of the paths that are read: "" except in tests. */
uint64_t cgroup_memory_limit(const char *root);

/* What of it is for data, the rest being for connections, copies and the allocator: 75 %. */
uint64_t cgroup_memory_share(uint64_t limit);

#endif
