#ifndef PODIS_PROXY_SERVER_SPOOL_H
#define PODIS_PROXY_SERVER_SPOOL_H

/* Bytes that come from a socket, on their way through a file into memory that can be read as one
 * piece: a primary's snapshot.
 *
 *     spool_add() … spool_add()   spool_end()
 *     WRITES -------------------> ENDS ---------> READY      FAILED from any of them
 *
 * Jobs do all that has to do with the file, which loses its name as soon as it is open: whatever
 * happens, nothing is left of it. */

#include "cache/cache.h"

#include <stdint.h>

struct spool;

enum spool_state { SPOOL_WRITES, SPOOL_ENDS, SPOOL_READY, SPOOL_FAILED };

/* `jobs` outlives it. The file is made in the working directory. */
struct spool *spool_new(const struct cache_jobs *jobs);
/* Also while jobs are still at it. Accepts NULL. */
void spool_free(struct spool *spool);

void spool_add(struct spool *spool, struct span bytes);
/* That was all. */
void spool_end(struct spool *spool);

enum spool_state spool_state(const struct spool *spool);
/* Bytes that are not written yet: whoever adds should wait while there are many. */
uint64_t spool_backlog(const struct spool *spool);
/* READY: all of them, until it is freed. */
struct span spool_bytes(const struct spool *spool);
/* FAILED: the errno. */
int spool_error(const struct spool *spool);

#endif
