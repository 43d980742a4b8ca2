#ifndef PODIS_SIDECAR_TRANSFER_TARGET_KINDS_H
#define PODIS_SIDECAR_TRANSFER_TARGET_KINDS_H

/* What the two kinds of targets share, for target*.c alone. */

#include "sidecar/transfer/endpoint.h"
#include "sidecar/transfer/target.h"

struct target_kind {
    bool (*open)(struct target *target, const char *place);
    void (*close)(struct target *target); /* Also after open() failed. */
    bool (*put)(struct target *target, const struct batch *batch);
    bool (*function)(struct target *target, struct span code);
    bool (*finish)(struct target *target);
};

struct target {
    const struct target_kind *kind;
    void *state; /* The kind's own. */
    bool replace;
    uint64_t left;
    char why[ENDPOINT_WHY];
};

extern const struct target_kind target_of_file;
extern const struct target_kind target_of_server;

#endif
