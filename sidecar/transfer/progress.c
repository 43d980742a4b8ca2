/* Lines about how far it is. */

#include "sidecar/transfer/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { BAR = 24 };

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

void progress_begin(struct progress *progress, const char *what)
{
    *progress = (struct progress){ .what = what, .terminal = isatty(STDERR_FILENO) };
    progress->began_s = progress->told_s = now_s();
}

void progress_add(struct progress *progress, uint64_t keys, uint64_t bytes)
{
    progress->keys += keys;
    progress->bytes += bytes;
}

static void print(const struct progress *progress, double seconds)
{
    static const char full[] = "########################";
    static const char empty[] = "........................";
    double share = progress->share;
    int filled = (int)(share * BAR);
    double rate = seconds > 0 ? (double)progress->keys / seconds : 0;

    fprintf(stderr, "%s%s  [%.*s%.*s] %3.0f %%  %" PRIu64 " keys  %.1f MB  %.0f keys/s",
            progress->terminal ? "\r" : "", progress->what, filled, full, BAR - filled, empty,
            100 * share, progress->keys, (double)progress->bytes / 1e6, rate);
    if (share > 0 && share < 1) {
        fprintf(stderr, "  %.0f s left", seconds / share - seconds);
    }
    fputs(progress->terminal ? "\033[K" : "\n", stderr);
    fflush(stderr);
}

void progress_tell(struct progress *progress, uint64_t done, uint64_t total)
{
    double now = now_s();

    progress->share = total == 0 ? 0 : (double)done / (double)total;
    progress->share = progress->share > 1 ? 1 : progress->share;
    if (now - progress->told_s < (progress->terminal ? 0.1 : 5.0)) {
        return;
    }
    progress->told_s = now;
    print(progress, now - progress->began_s);
}

void progress_end(struct progress *progress, bool whole)
{
    progress->share = whole ? 1 : progress->share;
    print(progress, now_s() - progress->began_s);
    if (progress->terminal) {
        fputc('\n', stderr);
    }
}
