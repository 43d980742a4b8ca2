/* Bytes on their way through a file into memory.
 *
 * The queue does its jobs in order, so the last of them, which frees everything, finds nobody
 * else at work. */

#include "proxy/server/spool.h"

#include "cache/base/buf.h"
#include "cache/base/file.h"
#include "cache/base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

enum { PIECE = 256 * 1024 };

struct spool {
    const struct cache_jobs *jobs;
    struct buf piece; /* Not given away yet. */
    uint64_t added;
    bool ended;

    /* The jobs' own. */
    int file;
    const char *bytes; /* NULL: not mapped. */
    uint64_t len;

    _Atomic uint64_t written;
    _Atomic int error;
    _Atomic bool ready;
};

struct piece {
    struct spool *spool;
    struct buf bytes;
    bool last;
};

static int open_file(void)
{
    const struct file_ops *ops = &file_system;
    char path[64];

    snprintf(path, sizeof(path), "temp-primary-%d.rdb", (int)getpid());
    int file = ops->open(ops->context, path, O_RDWR | O_CREAT | O_TRUNC);
    if (file >= 0) {
        (void)ops->unlink(ops->context, path);
    }
    return file;
}

static int map_file(struct spool *spool)
{
    const struct file_ops *ops = &file_system;

    return spool->len == 0 ? 0
                           : ops->map(ops->context, spool->file, (size_t)spool->len, &spool->bytes);
}

static int take(struct spool *spool, const struct piece *piece)
{
    if (spool->file < 0) {
        spool->file = open_file();
    }
    if (spool->file < 0) {
        return spool->file;
    }
    int done = file_write(&file_system, spool->file, buf_span(&piece->bytes));
    if (done < 0) {
        return done;
    }
    spool->len += piece->bytes.len;
    return piece->last ? map_file(spool) : 0;
}

static void write_piece(void *job)
{
    struct piece *piece = job;
    struct spool *spool = piece->spool;

    if (atomic_load(&spool->error) == 0) {
        int done = take(spool, piece);
        if (done < 0) {
            atomic_store(&spool->error, -done);
        } else if (piece->last) {
            atomic_store(&spool->ready, true);
        }
    }
    atomic_fetch_add(&spool->written, piece->bytes.len);
    buf_fini(&piece->bytes);
    memory_free(piece);
    if (spool->jobs->wake != NULL) {
        spool->jobs->wake(spool->jobs->context);
    }
}

static void add_job(struct spool *spool, void (*run)(void *job), void *job)
{
    if (spool->jobs->add != NULL) {
        spool->jobs->add(spool->jobs->context, run, job);
    } else {
        run(job);
    }
}

static void give(struct spool *spool, bool last)
{
    struct piece *piece = memory_alloc(sizeof(*piece));

    *piece = (struct piece){ .spool = spool, .bytes = spool->piece, .last = last };
    buf_init(&spool->piece, SIZE_MAX / 2);
    add_job(spool, write_piece, piece);
}

struct spool *spool_new(const struct cache_jobs *jobs)
{
    struct spool *spool = memory_zero(sizeof(*spool));

    spool->jobs = jobs;
    spool->file = -1;
    buf_init(&spool->piece, SIZE_MAX / 2);
    return spool;
}

static void free_all(void *job)
{
    struct spool *spool = job;
    const struct file_ops *ops = &file_system;

    if (spool->bytes != NULL) {
        (void)ops->unmap(ops->context, spool->bytes, (size_t)spool->len);
    }
    if (spool->file >= 0) {
        (void)ops->close(ops->context, spool->file);
    }
    buf_fini(&spool->piece);
    memory_free(spool);
}

void spool_free(struct spool *spool)
{
    if (spool != NULL) {
        add_job(spool, free_all, spool);
    }
}

void spool_add(struct spool *spool, struct span bytes)
{
    assert(!spool->ended);
    bool fits = buf_add(&spool->piece, bytes);
    assert(fits);
    spool->added += bytes.len;
    if (spool->piece.len >= PIECE) {
        give(spool, false);
    }
}

void spool_end(struct spool *spool)
{
    assert(!spool->ended);
    spool->ended = true;
    give(spool, true);
}

enum spool_state spool_state(const struct spool *spool)
{
    if (atomic_load(&spool->error) != 0) {
        return SPOOL_FAILED;
    }
    if (atomic_load(&spool->ready)) {
        return SPOOL_READY;
    }
    return spool->ended ? SPOOL_ENDS : SPOOL_WRITES;
}

uint64_t spool_backlog(const struct spool *spool)
{
    return spool->added - spool->piece.len - atomic_load(&spool->written);
}

struct span spool_bytes(const struct spool *spool)
{
    assert(spool_state(spool) == SPOOL_READY);
    return (struct span){ spool->bytes == NULL ? "" : spool->bytes, (size_t)spool->len };
}

int spool_error(const struct spool *spool)
{
    return atomic_load(&spool->error);
}
