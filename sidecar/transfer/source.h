#ifndef PODIS_SIDECAR_TRANSFER_SOURCE_H
#define PODIS_SIDECAR_TRANSFER_SOURCE_H

/* Where keys come from: an RDB file, or a server. */

#include "sidecar/transfer/batch.h"
#include "sidecar/transfer/endpoint.h"

struct source;

/* `origin` is a redis:// address or the name of a file. NULL: why says what is wrong. */
struct source *source_open(const char *origin, char *why, size_t why_size);
void source_close(struct source *source);

enum source_progress { SOURCE_MORE, SOURCE_DONE, SOURCE_FAILED };

/* Some more keys into an empty batch; none may come although there are more. A server's keys come
 * while it goes on: those that are there throughout come at least once. */
must_check enum source_progress source_next(struct source *source, struct batch *batch);

/* What is wrong after SOURCE_FAILED. */
const char *source_why(const struct source *source);

/* How far it is, of how much: keys of a server, bytes of a file. */
struct source_position {
    uint64_t done, total;
};
struct source_position source_position(const struct source *source);

/* The libraries of functions, by their code; of a file, of what was read of it so far. */
must_check bool source_functions(struct source *source,
                                 void (*visit)(void *context, struct span code), void *context);

#endif
