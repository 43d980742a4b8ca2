#ifndef PODIS_SIDECAR_TRANSFER_TRANSFER_H
#define PODIS_SIDECAR_TRANSFER_TRANSFER_H

/* `podis import` and `podis export`: a data set moves in, or out.
 *
 *     podis import dump.rdb                          into the podis of this pod
 *     podis import redis://old:6379 --to redis://:secret@localhost
 *     podis export dump.rdb --from redis://localhost/2
 *
 * Keys that are there already stay as they are unless --replace yes says otherwise. Afterwards
 * both places are compared, unless --verify no says otherwise. */

#include <stdbool.h>

struct transfer {
    const char *what;      /* "import", "export" */
    const char *from, *to; /* A redis:// address, or the name of a file; not both files. */
    bool replace, verify;
};

/* Tells on standard error how it goes, and at the end on standard output what was done. Returns
 * the exit status: 0 only if all that was to be moved was moved, and compared equal. */
int transfer_run(const struct transfer *transfer);

#endif
