#ifndef PODIS_SIDECAR_TRANSFER_TARGET_H
#define PODIS_SIDECAR_TRANSFER_TARGET_H

/* Where keys go: a server, by RESTORE, or an RDB file that is there only once it is whole. */

#include "sidecar/transfer/batch.h"

#include "cache/base/check.h"

#include <stdbool.h>

struct target;

/* `place` is a redis:// address or the name of a file. `replace`: what is there may go, keys or the
 * file. NULL: why says what is wrong. */
struct target *target_open(const char *place, bool replace, char *why, size_t why_size);
/* A file that was not finished is removed. */
void target_close(struct target *target);

/* False: target_why() says what is wrong. */
must_check bool target_put(struct target *target, const struct batch *batch);
must_check bool target_function(struct target *target, struct span code);
/* All of it is for good. */
must_check bool target_finish(struct target *target);

const char *target_why(const struct target *target);
/* Keys that were there already and were left as they are. */
uint64_t target_left(const struct target *target);

#endif
