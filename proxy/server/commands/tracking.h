#ifndef PODIS_PROXY_SERVER_COMMANDS_TRACKING_H
#define PODIS_PROXY_SERVER_COMMANDS_TRACKING_H

/* Handlers of CLIENT TRACKING, CACHING, GETREDIR and TRACKINGINFO; their rows are among
 * CLIENT's, in client.c. */

struct call;

void client_tracking(struct call *call);
void client_caching(struct call *call);
void client_getredir(struct call *call);
void client_trackinginfo(struct call *call);

#endif
