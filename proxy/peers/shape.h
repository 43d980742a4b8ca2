#ifndef PODIS_PROXY_PEERS_SHAPE_H
#define PODIS_PROXY_PEERS_SHAPE_H

/* Answers that RESP2 nests otherwise than RESP3, which is what links speak.
 *
 *     SHAPE_PAIRS    ZRANGE … WITHSCORES    RESP3: an array of pairs        RESP2: one flat array
 *     SHAPE_ENTRIES  XREAD                  RESP3: a map, key to entries    RESP2: an array of pairs
 *
 * All others differ only in how each value is written: a map is an array of twice as many. */

#include "cache/command.h"

enum shape { SHAPE_SAME, SHAPE_PAIRS, SHAPE_ENTRIES };

enum shape shape_of(const struct command *command);

#endif
