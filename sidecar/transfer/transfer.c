/* A data set moves, and is compared. */

#include "sidecar/transfer/transfer.h"

#include "sidecar/transfer/progress.h"
#include "sidecar/transfer/source.h"
#include "sidecar/transfer/target.h"
#include "sidecar/transfer/verify.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct moving {
    struct source *source;
    struct target *target;
    struct progress progress;
    uint64_t functions;
    bool failed; /* A function was refused. */
};

static bool complain(const char *what, const char *why)
{
    fprintf(stderr, "podis: %s: %s\n", what, why);
    return false;
}

static void move_function(void *context, struct span code)
{
    struct moving *moving = context;

    moving->failed = moving->failed || !target_function(moving->target, code);
    moving->functions += !moving->failed;
}

static bool move_batch(struct moving *moving, struct batch *batch, enum source_progress *went)
{
    uint64_t bytes = 0;

    *went = source_next(moving->source, batch);
    for (size_t i = 0; i < batch->count; i++) {
        bytes += batch->records[i].key.len + batch->records[i].payload.len;
    }
    bool good = target_put(moving->target, batch);
    struct source_position position = source_position(moving->source);
    progress_add(&moving->progress, batch->count, bytes);
    progress_tell(&moving->progress, position.done, position.total);
    batch_clear(batch);
    return good;
}

static bool move_keys(struct moving *moving)
{
    struct batch batch = { 0 };
    enum source_progress went;
    bool good;

    do {
        good = move_batch(moving, &batch, &went);
    } while (good && went == SOURCE_MORE);
    batch_fini(&batch);
    progress_end(&moving->progress, good && went == SOURCE_DONE);
    if (!good) {
        return complain("cannot write", target_why(moving->target));
    }
    return went == SOURCE_DONE || complain("cannot read", source_why(moving->source));
}

static bool move_all(struct moving *moving)
{
    if (!move_keys(moving)) {
        return false;
    }
    if (!source_functions(moving->source, move_function, moving)) {
        return complain("cannot read functions", source_why(moving->source));
    }
    return (!moving->failed && target_finish(moving->target)) ||
           complain("cannot write", target_why(moving->target));
}

static bool move(const struct transfer *transfer)
{
    struct moving moving = { 0 };
    char why[ENDPOINT_WHY];

    moving.source = source_open(transfer->from, why, sizeof(why));
    if (moving.source == NULL) {
        return complain("cannot read", why);
    }
    moving.target = target_open(transfer->to, transfer->replace, why, sizeof(why));
    if (moving.target == NULL) {
        source_close(moving.source);
        return complain("cannot write", why);
    }
    progress_begin(&moving.progress, transfer->what);
    bool good = move_all(&moving);
    uint64_t left = target_left(moving.target);
    if (good) {
        printf("%s: %" PRIu64 " keys and %" PRIu64 " libraries of functions from %s\n",
               transfer->what, moving.progress.keys - left, moving.functions, transfer->from);
    }
    if (left > 0) {
        fprintf(stderr,
                "podis: %" PRIu64 " keys were there already and are as they were: --replace yes "
                "writes over them\n",
                left);
    }
    target_close(moving.target);
    source_close(moving.source);
    return good && left == 0;
}

static bool is_file(const char *place)
{
    return strstr(place, "://") == NULL;
}

/* A file is read, whichever side it is on, and the server is asked. */
static bool compare(const struct transfer *transfer)
{
    const char *read = is_file(transfer->to) ? transfer->to : transfer->from;
    const char *asked = is_file(transfer->to) ? transfer->from : transfer->to;
    struct verdict verdict;
    struct endpoint server;
    char why[ENDPOINT_WHY];

    struct source *source = source_open(read, why, sizeof(why));
    if (source == NULL) {
        return complain("cannot verify", why);
    }
    bool good = endpoint_open(&server, asked);
    if (!good) {
        complain("cannot verify", server.why);
    } else if (!verify(source, &server, &verdict)) {
        good = complain("cannot verify", verdict.why);
    } else if (verdict.missing + verdict.different > 0) {
        fprintf(stderr,
                "podis: of %" PRIu64 " keys %" PRIu64 " are missing and %" PRIu64
                " differ, '%s' first: they may have been changed meanwhile\n",
                verdict.keys, verdict.missing, verdict.different, verdict.first);
        good = false;
    } else {
        printf("verified: %" PRIu64 " keys are the same in both\n", verdict.keys);
    }
    endpoint_close(&server);
    source_close(source);
    return good;
}

int transfer_run(const struct transfer *transfer)
{
    if (is_file(transfer->from) && is_file(transfer->to)) {
        complain(transfer->what, "one of the two must be a server: redis://host:port");
        return EXIT_FAILURE;
    }
    bool good = move(transfer) && (!transfer->verify || compare(transfer));
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
