#ifndef PODIS_PROXY_PEERS_SHAPE_H
#define PODIS_PROXY_PEERS_SHAPE_H

/* Answers that RESP2 nests otherwise than RESP3, which is what links speak.
 *
 *                                           RESP3                    RESP2
 *     SHAPE_PAIRS    ZRANGE … WITHSCORES    an array of pairs        one flat array
 *     SHAPE_ENTRIES  XREAD                  a map, key to entries    an array of pairs
 *
 * All others differ only in how each value is written: a map is an array of twice as many. */

#include "cache/command.h"

enum shape { SHAPE_SAME, SHAPE_PAIRS, SHAPE_ENTRIES };

enum shape shape_of(const struct command *command);

#endif
