#ifndef PODIS_SIDECAR_TRANSFER_PROGRESS_H
#define PODIS_SIDECAR_TRANSFER_PROGRESS_H

/* How far a long piece of work is, on standard error: one line that is written again and again on a
 * terminal, and a line every few seconds elsewhere.
 *
 *     import  [######........]  43 %  412,000 keys  38.1 MB  95,000 keys/s  6 s left
 */

#include <stdbool.h>
#include <stdint.h>

struct progress {
    const char *what;
    bool terminal;
    double began_s, told_s;
    uint64_t keys, bytes;
    double share; /* Of it that is done. */
};

void progress_begin(struct progress *progress, const char *what);
void progress_add(struct progress *progress, uint64_t keys, uint64_t bytes);
/* Tells, if it is time to. `done` of `total`, whatever they count; 0 of 0 if nobody knows. */
void progress_tell(struct progress *progress, uint64_t done, uint64_t total);
/* `whole`: all was done. */
void progress_end(struct progress *progress, bool whole);

#endif
