/* Blocks between two threads. The loop fills one and gives it away whole; a job compresses it, adds
 * it to the checksum and hands it to the sink; `done` gives it back, and the loop frees it. Only
 * `done`, `error` and `cancelled` are looked at by both at the same time.
 *
 * The last block is marked as such and always comes, also after a failure and when all is called
 * off: it is what finishes or abandons the sink, behind everything that is in the queue before
 * it. Values are saved uncompressed, with marks where a string may be compressed, so that the loop
 * copies bytes and no more. */

#include "cache/persist/saving.h"

#include "cache/base/check.h"
#include "cache/base/crc64.h"
#include "cache/base/memory.h"
#include "cache/base/number.h"
#include "cache/persist/change_text.h"
#include "cache/script/functions.h"
#include "cache/types/type.h"

#include <errno.h>
#include <stdatomic.h>

enum {
    BLOCK_BYTES = 64 * 1024,
    BLOCK_ROOM = BLOCK_BYTES + 8 * 1024,
    KEYS_FEW = 1000, /* Of so few a snapshot is small, and should not look large to eviction. */
};

struct block {
    struct block *next;
    struct saving *saving;
    struct buf raw;    /* As the loop saved it. */
    struct buf marks;  /* struct save_mark */
    struct buf packed; /* As it goes into the sink. */
    size_t counted;    /* In the backlog. */
    bool last;
    _Atomic bool done;
};

struct database {
    uint64_t keys, expiring; /* At the beginning. */
    bool sized;              /* That was written. */
};

struct saving {
    struct saving_parts parts;
    enum saving_state state;
    const char *why; /* NULL, or why it is called off. */
    struct saver saver;
    bool marks; /* Compression is for jobs. */
    struct block *current;
    struct block *first, **end; /* Given away, in order. */
    bool last_given;
    int db;
    size_t backlog, backlog_peak;
    uint64_t total;
    struct database *databases;

    _Atomic int error;
    _Atomic bool cancelled;
    uint64_t sum; /* Of what is packed. The jobs' alone, as the sink is. */
};

/* --- the far side: a job --- */

static void pack(struct saving *saving, struct block *block)
{
    const struct saving_parts *parts = &saving->parts;
    struct saver saver = { .out = &block->packed, .compress = true };
    const void *marks = buf_span(&block->marks).bytes;

    if (block->marks.len == 0) {
        struct buf empty = block->packed;
        block->packed = block->raw;
        block->raw = empty;
    } else {
        save_marked(&saver, buf_span(&block->raw), marks,
                    block->marks.len / sizeof(struct save_mark));
    }
    if (parts->form == SAVING_COMMANDS) {
        return;
    }
    if (parts->sum) {
        saving->sum = crc64(saving->sum, buf_span(&block->packed));
    }
    if (block->last) {
        rdb_write_sum(&saver, saving->sum);
    }
    assert(!saver.full);
}

static void fail(struct saving *saving, int error)
{
    if (error < 0) {
        int none = 0;
        atomic_compare_exchange_strong(&saving->error, &none, error);
    }
}

static bool is_off(struct saving *saving)
{
    return atomic_load(&saving->error) != 0 || atomic_load(&saving->cancelled);
}

static void deliver(struct saving *saving, struct block *block)
{
    const struct sink *sink = &saving->parts.sink;

    if (!is_off(saving)) {
        fail(saving, sink->write(sink->context, buf_span(&block->packed)));
    }
    if (!block->last) {
        return;
    }
    if (!is_off(saving)) {
        fail(saving, sink->finish(sink->context));
        if (atomic_load(&saving->error) == 0) {
            return;
        }
    }
    sink->abandon(sink->context);
}

static void run_block(void *job)
{
    struct block *block = job;
    struct saving *saving = block->saving;
    const struct cache_jobs *jobs = saving->parts.jobs;

    if (!is_off(saving)) {
        pack(saving, block);
    }
    buf_fini(&block->raw);
    buf_fini(&block->marks);
    if (!saving->parts.sink.on_loop) {
        deliver(saving, block);
        buf_fini(&block->packed);
    }
    /* From here on the loop may free it, and with the last one the saving. */
    void (*wake)(void *) = jobs->wake;
    void *context = jobs->context;
    atomic_store(&block->done, true);
    if (wake != NULL) {
        wake(context);
    }
}

/* --- the near side --- */

static void begin_block(struct saving *saving)
{
    struct block *block = memory_zero(sizeof(*block));

    block->saving = saving;
    buf_init(&block->raw, SIZE_MAX / 4);
    buf_init(&block->marks, SIZE_MAX / 4);
    buf_init(&block->packed, SIZE_MAX / 4);
    if (saving->total > KEYS_FEW) {
        (void)buf_reserve(&block->raw, BLOCK_ROOM); /* It will be filled: it need not grow. */
    }
    saving->current = block;
    saving->saver.out = &block->raw;
    saving->saver.later = saving->marks ? &block->marks : NULL;
}

static void note_backlog(struct saving *saving)
{
    size_t backlog = saving_backlog(saving);
    saving->backlog_peak = backlog > saving->backlog_peak ? backlog : saving->backlog_peak;
}

static void give(struct saving *saving, bool last)
{
    struct block *block = saving->current;
    const struct cache_jobs *jobs = saving->parts.jobs;
    assert(!saving->last_given);
    assert(!saving->saver.full);

    note_backlog(saving);
    block->last = last;
    block->counted = block->raw.len + block->marks.len;
    saving->backlog += block->counted;
    *saving->end = block;
    saving->end = &block->next;
    saving->last_given = last;
    saving->current = NULL;
    if (!last) {
        begin_block(saving);
    }
    if (jobs->add != NULL) {
        jobs->add(jobs->context, run_block, block);
    } else {
        run_block(block);
    }
}

static void free_block(struct block *block)
{
    buf_fini(&block->raw);
    buf_fini(&block->marks);
    buf_fini(&block->packed);
    memory_free(block);
}

/* Takes back the blocks that are done. */
static void collect(struct saving *saving)
{
    while (saving->first != NULL && atomic_load(&saving->first->done)) {
        struct block *block = saving->first;
        if (saving->parts.sink.on_loop) {
            deliver(saving, block);
        }
        saving->backlog -= block->counted;
        saving->first = block->next;
        if (saving->first == NULL) {
            saving->end = &saving->first;
        }
        free_block(block);
    }
}

/* --- what is written --- */

static void select_db(struct saving *saving, int db)
{
    struct database *database = &saving->databases[db];

    if (saving->db == db) {
        return;
    }
    saving->db = db;
    if (saving->parts.form == SAVING_COMMANDS) {
        char text[NUMBER_TEXT_MAX];
        struct span argv[] = { SPAN("SELECT"), { text, number_format(text, db) } };
        bool fits = change_text_request(saving->saver.out, argv, COUNT(argv));
        assert(fits);
        return;
    }
    rdb_write_select(&saving->saver, db);
    if (!database->sized) {
        rdb_write_sizes(&saving->saver, database->keys, database->expiring);
        database->sized = true;
    }
}

static void emit(void *context, const struct span *argv, size_t argc)
{
    struct saving *saving = context;
    bool fits = change_text_request(saving->saver.out, argv, argc);
    assert(fits);
}

static void write_function(void *context, struct span code)
{
    struct saving *saving = context;
    const struct span argv[] = { SPAN("FUNCTION"), SPAN("LOAD"), code };

    if (saving->parts.form == SAVING_COMMANDS) {
        emit(saving, argv, COUNT(argv));
    } else {
        rdb_write_function(&saving->saver, code);
    }
}

static void write_commands(struct saving *saving, const struct snapshot_entry *entry)
{
    char text[NUMBER_TEXT_MAX];

    entry->type->rewrite(entry->key, entry->value, emit, saving);
    if (entry->expires_at_ms >= 0) {
        struct span argv[] = { SPAN("PEXPIREAT"),
                               entry->key,
                               { text, number_format(text, entry->expires_at_ms) } };
        emit(saving, argv, COUNT(argv));
    }
}

static void on_entry(void *context, const struct snapshot_entry *entry)
{
    struct saving *saving = context;

    if (saving->parts.no_keys) {
        return;
    }
    select_db(saving, entry->db);
    if (saving->parts.form == SAVING_COMMANDS) {
        write_commands(saving, entry);
    } else {
        rdb_write_entry(&saving->saver, entry, saving->parts.access);
    }
    if (saving->current->raw.len >= BLOCK_BYTES) {
        give(saving, false);
    }
}

static void on_cancelled(void *context, const char *why)
{
    struct saving *saving = context;

    saving->why = why;
    atomic_store(&saving->cancelled, true);
    give(saving, true);
}

static void write_last(struct saving *saving)
{
    if (saving->parts.form == SAVING_RDB) {
        rdb_write_end(&saving->saver);
    }
    give(saving, true);
}

/* --- life --- */

static const struct snapshot_visitor visitor = { .entry = on_entry, .cancelled = on_cancelled };

static struct snapshot_visitor visitor_of(struct saving *saving)
{
    struct snapshot_visitor own = visitor;
    own.context = saving;
    return own;
}

static struct saving *make(const struct saving_parts *parts)
{
    struct saving *saving = memory_zero(sizeof(*saving));
    size_t databases = (size_t)cache_databases(parts->cache);

    saving->parts = *parts;
    saving->end = &saving->first;
    saving->db = -1;
    saving->databases = memory_zero(databases * sizeof(*saving->databases));
    for (size_t db = 0; db < databases; db++) {
        struct cache_db_stats stats = cache_db_stats(parts->cache, (int)db);
        saving->databases[db].keys = stats.keys;
        saving->databases[db].expiring = stats.expiring;
        saving->total += stats.keys;
    }
    saving->saver.compress = parts->compress && parts->form == SAVING_RDB;
    saving->saver.for_7_0 = true;
    saving->marks = parts->jobs->add != NULL;
    begin_block(saving);
    if (parts->form == SAVING_RDB) {
        rdb_write_begin(&saving->saver, &parts->facts);
    }
    functions_each(parts->cache, write_function, saving);
    return saving;
}

struct saving *saving_new(const struct saving_parts *parts, uint64_t now_ms)
{
    struct saving *saving = make(parts);
    struct snapshot_visitor own = visitor_of(saving);

    snapshot_begin(parts->cache, &own, now_ms);
    return saving;
}

void saving_free(struct saving *saving)
{
    if (saving == NULL) {
        return;
    }
    if (!saving->last_given) {
        snapshot_cancel(saving->parts.cache, "it ends");
    }
    collect(saving);
    assert(saving->first == NULL);
    memory_free(saving->databases);
    memory_free(saving);
}

static enum saving_state end_state(struct saving *saving)
{
    if (saving->why != NULL && atomic_load(&saving->error) == 0) {
        return SAVING_CANCELLED;
    }
    return atomic_load(&saving->error) != 0 ? SAVING_FAILED : SAVING_DONE;
}

enum saving_state saving_turn(struct saving *saving, size_t buckets)
{
    collect(saving);
    if (!saving->last_given && atomic_load(&saving->error) != 0) {
        snapshot_cancel(saving->parts.cache, "it could not be written");
    }
    if (buckets > 0 && !saving->last_given && saving_is_busy(saving) &&
        snapshot_step(saving->parts.cache, buckets)) {
        write_last(saving);
    }
    if (saving->last_given) {
        collect(saving);
    }
    if (saving->state == SAVING_RUNS && saving->last_given && saving->first == NULL) {
        saving->state = end_state(saving);
    }
    return saving->state;
}

bool saving_is_busy(const struct saving *saving)
{
    return !saving->last_given && saving_backlog(saving) < saving->parts.backlog_max / 2;
}

bool saving_is_behind(const struct saving *saving)
{
    return !saving->last_given && saving_backlog(saving) > saving->parts.backlog_max;
}

void saving_cancel(struct saving *saving, const char *why)
{
    if (!saving->last_given) {
        snapshot_cancel(saving->parts.cache, why);
    }
}

int saving_at_once(const struct saving_parts *parts, uint64_t now_ms)
{
    struct cache_jobs none = { 0 };
    struct saving_parts own = *parts;

    own.jobs = &none;
    struct saving *saving = make(&own);
    struct snapshot_visitor visits = visitor_of(saving);
    snapshot_visit_all(parts->cache, &visits, now_ms);
    write_last(saving);
    collect(saving);
    int error = saving_error(saving);
    saving_free(saving);
    return error;
}

int saving_error(const struct saving *saving)
{
    return atomic_load(&saving->error);
}

const char *saving_why(const struct saving *saving)
{
    return saving->why;
}

size_t saving_backlog(const struct saving *saving)
{
    const struct sink *sink = &saving->parts.sink;
    size_t backlog = saving->backlog;

    if (saving->current != NULL) {
        backlog += saving->current->raw.len + saving->current->marks.len;
    }
    return sink->backlog == NULL ? backlog : backlog + sink->backlog(sink->context);
}

size_t saving_backlog_peak(const struct saving *saving)
{
    return saving->backlog_peak;
}

struct snapshot_progress saving_progress(const struct saving *saving)
{
    if (saving->last_given) {
        return (struct snapshot_progress){ saving->total, saving->total };
    }
    return snapshot_progress(saving->parts.cache);
}
