/* A snapshot for all replicas that wait for one.
 *
 * Straight to the sockets it goes with the saving's own blocks; each replica has a copy of a block
 * until its socket has taken it, so the slowest decides how fast entries are visited. One that
 * takes nothing for repl-timeout is closed, and so is one that is over its output limit.
 *
 * The file has no name any more from the moment it is read: whatever happens, nothing is left of
 * it. It is read by jobs, a piece at a time, when the sockets have taken the piece before. */

#include "proxy/server/resync.h"

#include "cache/base/memory.h"
#include "cache/persist/file_sink.h"
#include "cache/persist/saving.h"
#include "proxy/server/replication_inside.h"
#include "proxy/server/state.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

enum {
    BUCKETS_PER_TURN = 256,
    BACKLOG_MAX = 16 * 1024 * 1024,
    QUEUED_MAX = 1024 * 1024, /* Of a replica's socket, before more of a file is read. */
    PIECE = 256 * 1024,
    RETRY_MS = 1000,
};

struct resync_file {
    struct file_sink sink;
    int file;
    uint64_t len, sent;
    const struct cache_jobs *jobs;
    char *piece;
    int64_t got; /* Of the last read. */
    bool reading;
    _Atomic bool read_done;
};

static const struct cache_jobs *jobs_of(const struct replication *replication)
{
    return cache_jobs(replication->server->parts.cache);
}

/* --- to the sockets --- */

static void send_to_all(struct replication *replication, struct span bytes)
{
    for (struct replica *at = replication->first; at != NULL; at = at->next) {
        if (at->state == REPLICA_RECEIVES) {
            replica_send(at, bytes);
        }
    }
}

static size_t longest_queue(const struct replication *replication)
{
    size_t longest = 0;

    for (const struct replica *at = replication->first; at != NULL; at = at->next) {
        size_t len = answers_bytes(&at->session->answers);
        if (at->state == REPLICA_RECEIVES && at->session->end == SESSION_OPEN && len > longest) {
            longest = len;
        }
    }
    return longest;
}

static size_t receivers(const struct replication *replication)
{
    size_t count = 0;

    for (const struct replica *at = replication->first; at != NULL; at = at->next) {
        count += at->state == REPLICA_RECEIVES && at->session->end == SESSION_OPEN;
    }
    return count;
}

static int stream_write(void *context, struct span bytes)
{
    send_to_all(context, bytes);
    return 0;
}

static int stream_finish(void *context)
{
    struct replication *replication = context;
    send_to_all(replication, (struct span){ replication->resync.mark, PAYLOAD_MARK_LEN });
    return 0;
}

static void stream_abandon(void *context)
{
    (void)context;
}

static struct sink stream_sink(struct replication *replication)
{
    return (struct sink){ .context = replication,
                          .write = stream_write,
                          .finish = stream_finish,
                          .abandon = stream_abandon,
                          .on_loop = true };
}

/* --- to a file, and from there --- */

static struct resync_file *file_new(struct replication *replication)
{
    struct resync_file *file = memory_zero(sizeof(*file));
    char path[64];
    char temporary[80];

    snprintf(path, sizeof(path), "temp-replicas-%d.rdb", (int)getpid());
    snprintf(temporary, sizeof(temporary), "%s.part", path);
    file_sink_init(&file->sink, &file_system, path, temporary);
    file->file = -1;
    file->jobs = jobs_of(replication);
    return file;
}

static void close_file(void *job)
{
    struct resync_file *file = job;

    if (file->file >= 0) {
        file_system.close(file_system.context, file->file);
    }
    memory_free(file->piece);
    memory_free(file);
}

/* Behind whatever job still reads it. */
static void file_free(struct resync_file *file)
{
    if (file == NULL) {
        return;
    }
    if (file->jobs->add != NULL) {
        file->jobs->add(file->jobs->context, close_file, file);
    } else {
        close_file(file);
    }
}

static void read_piece(void *job)
{
    struct resync_file *file = job;
    const struct file_ops *ops = &file_system;

    if (file->file < 0) {
        file->file = ops->open(ops->context, file->sink.path, O_RDONLY);
        (void)ops->unlink(ops->context, file->sink.path);
    }
    file->got =
        file->file < 0 ? file->file : ops->read(ops->context, file->file, file->piece, PIECE);
    void (*wake)(void *) = file->jobs->wake;
    void *context = file->jobs->context;
    atomic_store(&file->read_done, true);
    if (wake != NULL) {
        wake(context);
    }
}

static void begin_read(struct resync_file *file)
{
    file->reading = true;
    atomic_store(&file->read_done, false);
    if (file->jobs->add != NULL) {
        file->jobs->add(file->jobs->context, read_piece, file);
    } else {
        read_piece(file);
    }
}

static void begin_to_send(struct replication *replication)
{
    struct resync_file *file = replication->resync.file;
    char line[32];

    file->len = file->sink.bytes;
    file->piece = memory_alloc(PIECE);
    int len = snprintf(line, sizeof(line), "$%llu\r\n", (unsigned long long)file->len);
    send_to_all(replication, (struct span){ line, (size_t)len });
    replication->resync.state = RESYNC_SENDS;
    begin_read(file);
}

/* --- its course --- */

static void end(struct replication *replication)
{
    struct resync *resync = &replication->resync;

    saving_free(resync->saving);
    file_free(resync->file);
    *resync = (struct resync){ .not_before_ms = resync->not_before_ms };
}

static void all_received(struct replication *replication, bool must_acknowledge)
{
    for (struct replica *at = replication->first; at != NULL; at = at->next) {
        if (at->state == REPLICA_RECEIVES) {
            replica_received(at, must_acknowledge);
        }
    }
    end(replication);
}

static void failed(struct replication *replication, const char *why)
{
    struct server *server = replication->server;

    log_warning(server->parts.log, "The snapshot for replicas failed: %s", why);
    for (struct replica *at = replication->first; at != NULL; at = at->next) {
        if (at->state == REPLICA_RECEIVES) {
            session_close(at->session, SESSION_ENDS_NOW);
        }
    }
    end(replication);
    replication->resync.not_before_ms = server->now_ms + RETRY_MS;
}

static void go_on_sending(struct replication *replication)
{
    struct resync_file *file = replication->resync.file;

    if (file->reading) {
        if (!atomic_load(&file->read_done)) {
            return;
        }
        file->reading = false;
        if (file->got <= 0) {
            failed(replication, "its file cannot be read");
            return;
        }
        send_to_all(replication, (struct span){ file->piece, (size_t)file->got });
        file->sent += (uint64_t)file->got;
    }
    if (file->sent == file->len) {
        all_received(replication, false);
    } else if (longest_queue(replication) < QUEUED_MAX) {
        begin_read(file);
    }
}

static void go_on_saving(struct replication *replication)
{
    struct resync *resync = &replication->resync;
    bool streams = resync->state == RESYNC_STREAMS;
    bool may_visit = !streams || longest_queue(replication) < QUEUED_MAX;

    switch (saving_turn(resync->saving, may_visit ? BUCKETS_PER_TURN : 0)) {
    case SAVING_RUNS:
        break;
    case SAVING_DONE:
        if (streams) {
            all_received(replication, true);
        } else {
            begin_to_send(replication);
        }
        break;
    case SAVING_FAILED:
        failed(replication, "it could not be written");
        break;
    case SAVING_CANCELLED:
        failed(replication, saving_why(resync->saving));
        break;
    }
}

/* --- its beginning --- */

/* Those that wait, and are to have the same as the one that came first. */
struct waiters {
    bool no_keys;
    size_t count;
    uint64_t longest_ms;
    bool all_take_marks;
};

static struct waiters waiters(const struct replication *replication)
{
    struct waiters waiters = { .all_take_marks = true };
    uint64_t now_ms = replication->server->now_ms;

    for (const struct replica *at = replication->first; at != NULL; at = at->next) {
        if (at->state != REPLICA_WAITS || at->session->end != SESSION_OPEN) {
            continue;
        }
        waiters.no_keys = waiters.count == 0 ? at->no_keys : waiters.no_keys;
        if (at->no_keys != waiters.no_keys) {
            continue;
        }
        uint64_t waited_ms = now_ms - at->waits_from_ms;
        waiters.count++;
        waiters.all_take_marks &= at->takes_marks;
        waiters.longest_ms = waited_ms > waiters.longest_ms ? waited_ms : waiters.longest_ms;
    }
    return waiters;
}

static bool is_time(const struct replication *replication, const struct waiters *waiters,
                    bool streams)
{
    const struct options *options = replication->server->options;
    uint64_t delay_ms = streams ? (uint64_t)options->repl_diskless_sync_delay * 1000 : 0;
    uint64_t enough = (uint64_t)options->repl_diskless_sync_max_replicas;

    return waiters->count > 0 &&
           (waiters->longest_ms >= delay_ms || (enough > 0 && waiters->count >= enough));
}

/* A replica that is to have the snapshot that begins now, and the stream from there on. */
static void promise(struct replication *replication, struct replica *replica)
{
    const struct history *history = &replication->stream.history;
    char line[96];

    replica->state = REPLICA_RECEIVES;
    if (!replica->is_old) {
        int len = snprintf(line, sizeof(line), "+FULLRESYNC %s %llu\r\n", history->id,
                           (unsigned long long)history->offset);
        replica_send(replica, (struct span){ line, (size_t)len });
    }
}

static void promise_all(struct replication *replication, bool streams, bool no_keys)
{
    char line[64];
    int len = snprintf(line, sizeof(line), "$EOF:%s\r\n", replication->resync.mark);

    for (struct replica *at = replication->first; at != NULL; at = at->next) {
        if (at->state != REPLICA_WAITS || at->no_keys != no_keys) {
            continue;
        }
        promise(replication, at);
        if (streams) {
            replica_send(at, (struct span){ line, (size_t)len });
        }
    }
}

static void begin(struct replication *replication, bool streams, bool no_keys)
{
    struct server *server = replication->server;
    struct resync *resync = &replication->resync;
    struct stream *stream = &replication->stream;

    stream_flush(stream);
    stream_forget_db(stream);
    replication_new_id(replication, resync->mark);
    if (!streams) {
        resync->file = file_new(replication);
    }
    const struct saving_parts parts = {
        .cache = server->parts.cache,
        .jobs = jobs_of(replication),
        .sink = streams ? stream_sink(replication) : file_sink(&resync->file->sink),
        .form = SAVING_RDB,
        .facts = { .now_ms = server->now_ms,
                   .used_memory = memory_refresh().used,
                   .replication_id = stream->history.id,
                   .replication_offset = (int64_t)stream->history.offset,
                   .replication_db = -1 },
        .compress = server->options->rdbcompression,
        .sum = server->options->rdbchecksum,
        .backlog_max = BACKLOG_MAX,
        .no_keys = no_keys,
    };
    resync->state = streams ? RESYNC_STREAMS : RESYNC_WRITES;
    promise_all(replication, streams, no_keys);
    resync->saving = saving_new(&parts, server->now_ms);
    log_notice(server->parts.log, "Starting a snapshot for SYNC with target: %s",
               streams ? "replicas sockets" : "disk");
}

static void begin_if_it_is_time(struct replication *replication)
{
    struct server *server = replication->server;
    struct waiters waiting = waiters(replication);
    bool streams = server->options->repl_diskless_sync && waiting.all_take_marks;

    if (!is_time(replication, &waiting, streams) || server->loading ||
        snapshot_is_running(server->parts.cache) ||
        server->now_ms < replication->resync.not_before_ms) {
        return;
    }
    begin(replication, streams, waiting.no_keys);
}

void resync_turn(struct replication *replication)
{
    switch (replication->resync.state) {
    case RESYNC_IDLE:
        if (replication->count > 0) {
            begin_if_it_is_time(replication);
        }
        break;
    case RESYNC_STREAMS:
    case RESYNC_WRITES:
        go_on_saving(replication);
        break;
    case RESYNC_SENDS:
        go_on_sending(replication);
        break;
    }
}

bool resync_is_busy(const struct replication *replication)
{
    const struct resync *resync = &replication->resync;

    switch (resync->state) {
    case RESYNC_IDLE:
    case RESYNC_SENDS:
        return false;
    case RESYNC_STREAMS:
        return saving_is_busy(resync->saving) && longest_queue(replication) < QUEUED_MAX;
    case RESYNC_WRITES:
        return saving_is_busy(resync->saving);
    }
    unreachable("no such state");
}

void resync_look(struct replication *replication)
{
    struct resync *resync = &replication->resync;

    if (resync->saving != NULL && !resync->called_off && receivers(replication) == 0) {
        resync->called_off = true;
        saving_cancel(resync->saving, "nobody is left to receive it");
    }
}

static void free_saving(void *job)
{
    saving_free(job);
}

void resync_fini(struct replication *replication)
{
    struct resync *resync = &replication->resync;
    const struct cache_jobs *jobs = jobs_of(replication);

    if (resync->saving != NULL) {
        saving_cancel(resync->saving, "the program ends");
        if (jobs->add != NULL) {
            jobs->add(jobs->context, free_saving, resync->saving); /* Behind its last job. */
            resync->saving = NULL;
        }
    }
    end(replication);
}
