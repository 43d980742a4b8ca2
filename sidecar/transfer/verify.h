#ifndef PODIS_SIDECAR_TRANSFER_VERIFY_H
#define PODIS_SIDECAR_TRANSFER_VERIFY_H

/* Whether two places hold the same: every key of a source is asked for at a server, and their
 * digests (DEBUG DIGEST's) and times to live are compared. */

#include "sidecar/transfer/source.h"

struct verdict {
    uint64_t keys, missing, different;
    char first[128]; /* The first key that is not the same; "" if all are. */
    char why[ENDPOINT_WHY];
};

/* False: it could not be done, and verdict->why says why. */
must_check bool verify(struct source *source, struct endpoint *server, struct verdict *verdict);

#endif
