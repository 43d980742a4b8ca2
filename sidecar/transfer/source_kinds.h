#ifndef PODIS_SIDECAR_TRANSFER_SOURCE_KINDS_H
#define PODIS_SIDECAR_TRANSFER_SOURCE_KINDS_H

/* What the two kinds of sources share, for source*.c alone. */

#include "sidecar/transfer/source.h"

struct source_kind {
    bool (*open)(struct source *source, const char *origin);
    void (*close)(struct source *source); /* Also after open() failed. */
    enum source_progress (*next)(struct source *source, struct batch *batch);
    bool (*functions)(struct source *source, void (*visit)(void *context, struct span code),
                      void *context);
};

struct source {
    const struct source_kind *kind;
    void *state; /* The kind's own. */
    struct source_position position;
    char why[ENDPOINT_WHY];
};

extern const struct source_kind source_of_file;
extern const struct source_kind source_of_server;

#endif
