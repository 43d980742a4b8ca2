#ifndef PODIS_CACHE_COMMANDS_GEO_H
#define PODIS_CACHE_COMMANDS_GEO_H

/* What the commands about places have in common. */

#include "cache/call.h"
#include "cache/types/geo.h"

/* Longitude and latitude from argv[at] and the one behind. Replies if it returns false. */
bool geo_take_point(struct call *c, size_t at, struct geo_point *point);
/* How many metres one of this unit is. Replies if it returns false. */
bool geo_take_unit(struct call *c, size_t at, double *metres);

void geo_reply_point(struct call *c, struct geo_point point);
void geo_reply_distance(struct call *c, double distance);

#endif
