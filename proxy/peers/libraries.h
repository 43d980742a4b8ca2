#ifndef PODIS_PROXY_PEERS_LIBRARIES_H
#define PODIS_PROXY_PEERS_LIBRARIES_H

/* Libraries of functions for those who were not there when they were loaded. */

struct lane;
struct peers;

/* A link is ready: a process that we have not met yet is sent all our libraries. */
void libraries_lane_ready(struct peers *peers, struct lane *lane);

#endif
