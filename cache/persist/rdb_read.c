/* The reader: a loop over records, each of which is read whole or not at all.
 *
 * What is said of a key ahead of it (when it expires, how long it was idle) waits in `next` for
 * the key, and is forgotten with it. The checksum is taken over the records as they are passed, so
 * that it costs no second look at the file. */

#include "cache/persist/rdb_read.h"

#include "cache/base/check.h"
#include "cache/base/crc64.h"
#include "cache/base/memory.h"
#include "cache/base/number.h"
#include "cache/ds/saved.h"
#include "cache/persist/insert.h"
#include "cache/persist/rdb_code.h"
#include "cache/persist/rdb_facts.h"
#include "cache/script/functions.h"
#include "cache/types/hash_saved.h"
#include "cache/types/type.h"

#include <inttypes.h>
#include <stdio.h>

enum {
    REDIS_VERSION_MAX = 12,
    VALKEY_VERSION_MIN = 80,
    VALKEY_VERSION_MAX = 80,
    FIRST_WITH_SUM = 5,
    MAGIC_BYTES = 9, /* REDIS0011, VALKEY080 */
    SUM_BYTES = 8,
    TEXT_KEPT = 64 * 1024,
};

struct rdb_reader {
    struct rdb_reading reading;
    struct rdb_report report;
    struct loader loader;
    struct span summed; /* What is not in the sum yet: it begins there. */
    uint64_t sum;
    bool is_valkey;
    int db;
    bool ended;
    struct buf key;
    struct insertion next;
};

static void forget_next(struct rdb_reader *reader)
{
    reader->next = (struct insertion){ .expires_at_ms = -1, .idle_s = -1, .frequency = -1 };
}

struct rdb_reader *rdb_reader_new(const struct rdb_reading *reading)
{
    struct rdb_reader *reader = memory_zero(sizeof(*reader));

    reader->reading = *reading;
    loader_init(&reader->loader, reading->in);
    reader->summed = reading->in;
    reader->report.replication_db = -1;
    buf_init(&reader->key, UINT32_MAX);
    forget_next(reader);
    return reader;
}

void rdb_reader_free(struct rdb_reader *reader)
{
    if (reader == NULL) {
        return;
    }
    loader_fini(&reader->loader);
    buf_fini(&reader->key);
    memory_free(reader);
}

const struct rdb_report *rdb_reader_report(const struct rdb_reader *reader)
{
    return &reader->report;
}

/* --- the beginning --- */

/* 0: it is none. */
static unsigned version_of(struct span magic, bool *is_valkey)
{
    uint64_t version = 0;
    size_t digits_at;

    if (magic.len < MAGIC_BYTES) {
        return 0;
    }
    *is_valkey = memcmp(magic.bytes, "VALKEY", 6) == 0;
    if (!*is_valkey && memcmp(magic.bytes, "REDIS", 5) != 0) {
        return 0;
    }
    for (digits_at = *is_valkey ? 6 : 5; digits_at < MAGIC_BYTES; digits_at++) {
        char digit = magic.bytes[digits_at];
        if (digit < '0' || digit > '9') {
            return 0;
        }
        version = version * 10 + (uint64_t)(digit - '0');
    }
    return (unsigned)version;
}

bool rdb_is_begun(struct span bytes)
{
    bool is_valkey;
    return version_of(bytes, &is_valkey) != 0;
}

static bool read_magic(struct rdb_reader *reader)
{
    struct loader *in = &reader->loader;
    struct span magic;

    if (!load_raw(in, MAGIC_BYTES, &magic)) {
        return load_failed(in, "it ends too early");
    }
    unsigned version = version_of(magic, &reader->is_valkey);
    if (version == 0) {
        return load_failed(in, "Wrong signature trying to load DB from file");
    }
    bool known = reader->is_valkey ? version >= VALKEY_VERSION_MIN && version <= VALKEY_VERSION_MAX
                                   : version <= REDIS_VERSION_MAX;
    reader->report.file_version = version;
    return known || load_failed(in, "Can't handle this RDB format version");
}

/* --- the end --- */

static void take_sum(struct rdb_reader *reader)
{
    size_t len = (size_t)(reader->loader.in.bytes - reader->summed.bytes);

    if (reader->reading.check_sum) {
        reader->sum = crc64(reader->sum, (struct span){ reader->summed.bytes, len });
    }
    reader->summed = reader->loader.in;
}

static bool read_sum(struct rdb_reader *reader)
{
    struct loader *in = &reader->loader;
    int64_t expected;

    if (reader->report.file_version < FIRST_WITH_SUM) {
        return true;
    }
    take_sum(reader);
    if (!load_ms(in, &expected)) {
        return false;
    }
    if (!reader->reading.check_sum) {
        return true;
    }
    if (expected == 0) {
        log_notice(reader->reading.log, "RDB file was saved with checksum disabled: no check "
                                        "performed.");
        return true;
    }
    return (uint64_t)expected == reader->sum ||
           load_failed(in, "RDB CRC error: the checksum is wrong");
}

static bool read_end(struct rdb_reader *reader)
{
    if (!read_sum(reader)) {
        return false;
    }
    if (reader->loader.in.len > 0 && !reader->reading.may_go_on) {
        log_warning(reader->reading.log, "%zu bytes behind the end of the RDB file are ignored",
                    reader->loader.in.len);
    }
    reader->ended = true;
    return true;
}

/* --- keys --- */

static bool is_expired(const struct rdb_reader *reader)
{
    int64_t expires_at_ms = reader->next.expires_at_ms;
    return !reader->reading.keep_expired && expires_at_ms >= 0 &&
           (uint64_t)expires_at_ms < reader->reading.now_ms;
}

static bool insert(struct rdb_reader *reader, const struct type *type, void **take_value)
{
    const struct rdb_reading *reading = &reader->reading;
    struct span key = buf_span(&reader->key);

    reader->next.db = reader->db;
    reader->next.key = key;
    reader->next.type = type;
    reader->next.replace = reading->replace;
    if (is_expired(reader)) {
        reader->report.expired++;
    } else if (reading->wanted != NULL && !reading->wanted(reading->context, reader->db, key)) {
        reader->report.unwanted++;
    } else if (insert_key(reading->cache, &reader->next, take_value, reading->now_ms)) {
        reader->report.keys++;
    } else {
        log_warning(reading->log, "RDB has duplicated key '%.*s' in DB %d", span_shown(key),
                    key.bytes, reader->db);
        return load_failed(&reader->loader, "a key is there twice");
    }
    return true;
}

/* Redis once wrote aggregates without elements; they are passed over. */
static bool pass_empty(struct rdb_reader *reader)
{
    struct span key = buf_span(&reader->key);

    if (!reader->loader.nothing) {
        return false;
    }
    log_notice(reader->reading.log, "rdbLoadObject skipping empty key: %.*s", span_shown(key),
               key.bytes);
    reader->loader.nothing = false;
    reader->loader.why = NULL;
    reader->report.empty++;
    return true;
}

static bool read_key(struct rdb_reader *reader)
{
    struct loader *in = &reader->loader;
    struct span key;

    buf_cut(&reader->key, 0);
    if (!load_string(in, &key)) {
        return false;
    }
    return buf_add(&reader->key, key) || load_failed(in, "a key is over 4 GB");
}

static bool read_entry(struct rdb_reader *reader, uint8_t code)
{
    struct loader *in = &reader->loader;

    if (code == RDB_MODULE_1 || code == RDB_MODULE_2) {
        return load_failed(in, "a value is of a module's type, which podis does not have");
    }
    if (reader->is_valkey && code == HASH_SAVED_VALKEY_FILE) {
        code = HASH_SAVED_VALKEY;
    } else if (code == HASH_SAVED_VALKEY) {
        return load_failed(in, "Unknown RDB type");
    }
    const struct type *type = type_by_code(code);
    if (type == NULL) {
        return load_failed(in, "Unknown RDB type");
    }
    if (!read_key(reader)) {
        return false;
    }
    void *value = type->load(code, in, cache_limits(reader->reading.cache));
    assert((value == NULL) == (in->why != NULL));
    bool good = value == NULL ? pass_empty(reader) : insert(reader, type, &value);
    if (value != NULL) {
        type->free(value);
    }
    forget_next(reader);
    buf_cut(&in->text, 0);
    buf_trim(&in->text, TEXT_KEPT);
    buf_cut(&reader->key, 0);
    buf_trim(&reader->key, TEXT_KEPT);
    return good;
}

/* --- what is said about the next key --- */

static bool read_expiry(struct rdb_reader *reader, uint8_t code)
{
    struct loader *in = &reader->loader;
    struct span seconds;

    if (code == RDB_EXPIRES_MS) {
        if (!load_ms(in, &reader->next.expires_at_ms)) {
            return false;
        }
        if (reader->next.expires_at_ms < -1) {
            reader->next.expires_at_ms = 0; /* It is over, whenever it was. */
        }
        return true;
    }
    if (!load_raw(in, sizeof(uint32_t), &seconds)) {
        return false;
    }
    uint32_t number = 0;
    for (size_t i = 0; i < sizeof(number); i++) {
        number |= (uint32_t)(uint8_t)seconds.bytes[i] << 8 * i;
    }
    reader->next.expires_at_ms = (int32_t)number < 0 ? 0 : (int64_t)number * 1000;
    return true;
}

static bool read_access(struct rdb_reader *reader, uint8_t code)
{
    uint64_t idle_s;
    uint8_t frequency;

    if (code == RDB_FREQUENCY) {
        if (!load_byte(&reader->loader, &frequency)) {
            return false;
        }
        reader->next.frequency = frequency;
        return true;
    }
    if (!load_len(&reader->loader, &idle_s)) {
        return false;
    }
    reader->next.idle_s = idle_s <= INT32_MAX ? (int64_t)idle_s : INT32_MAX;
    return true;
}

/* --- what is about no key --- */

static bool read_select(struct rdb_reader *reader)
{
    struct loader *in = &reader->loader;
    uint64_t db;

    if (!load_len(in, &db)) {
        return false;
    }
    if (db >= (uint64_t)cache_databases(reader->reading.cache)) {
        return load_failed(in, "Data file was created with a server configured to handle more "
                               "databases (see the directive 'databases')");
    }
    reader->db = (int)db;
    return true;
}

static bool read_function(struct rdb_reader *reader)
{
    const struct rdb_reading *reading = &reader->reading;
    struct loader *in = &reader->loader;
    struct span code;

    if (!load_string(in, &code)) {
        return false;
    }
    const char *why = reading->function != NULL
                          ? reading->function(reading->context, code)
                          : functions_load(reading->cache, code, reading->replace, 0, NULL);
    if (why != NULL) {
        log_warning(reading->log, "Failed creating the library: %s", why);
        return load_failed(in, "a library of functions cannot be loaded");
    }
    return true;
}

static bool pass_lens(struct rdb_reader *reader, uint64_t count)
{
    uint64_t len;
    while (count > 0 && load_len(&reader->loader, &len)) {
        count--;
    }
    return count == 0;
}

/* The name of a job, and pairs of slots. */
static bool pass_slot_import(struct rdb_reader *reader)
{
    struct loader *in = &reader->loader;
    struct span name;
    uint64_t count;

    if (!reader->is_valkey) {
        return load_failed(in, "Unknown RDB type");
    }
    return load_string(in, &name) && load_count(in, 2, &count) && pass_lens(reader, 2 * count);
}

static bool read_record(struct rdb_reader *reader, uint8_t code)
{
    struct loader *in = &reader->loader;

    switch ((enum rdb_code)code) {
    case RDB_EXPIRES_MS:
    case RDB_EXPIRES_S:
        return read_expiry(reader, code);
    case RDB_IDLE:
    case RDB_FREQUENCY:
        return read_access(reader, code);
    case RDB_SELECT:
        return read_select(reader);
    case RDB_SIZES:
        return pass_lens(reader, 2);
    case RDB_SLOT_INFO:
        return pass_lens(reader, 3);
    case RDB_SLOT_IMPORT:
        return pass_slot_import(reader);
    case RDB_AUX:
        return rdb_read_fact(in, &reader->reading, &reader->report);
    case RDB_MODULE_AUX:
        return rdb_pass_module(in, reader->reading.log);
    case RDB_FUNCTION:
        return read_function(reader);
    case RDB_FUNCTION_OLD:
        return load_failed(in, "Pre-release function format not supported.");
    case RDB_END:
        return read_end(reader);
    case RDB_MODULE_1:
    case RDB_MODULE_2:
        break;
    }
    return read_entry(reader, code);
}

static bool read_next(struct rdb_reader *reader)
{
    uint8_t code;

    if (reader->report.file_version == 0) {
        return read_magic(reader);
    }
    return load_byte(&reader->loader, &code) && read_record(reader, code);
}

enum rdb_progress rdb_reader_step(struct rdb_reader *reader, size_t records)
{
    struct rdb_report *report = &reader->report;
    assert(!reader->ended);
    assert(reader->loader.why == NULL);

    do {
        report->offset = reader->reading.in.len - reader->loader.in.len;
        if (!read_next(reader)) {
            snprintf(report->why, sizeof(report->why), "%s", reader->loader.why);
            return RDB_FAILED;
        }
    } while (!reader->ended && --records > 0 && records != SIZE_MAX);
    if (!reader->ended) {
        take_sum(reader);
        return RDB_MORE;
    }
    report->offset = reader->reading.in.len - reader->loader.in.len;
    return RDB_DONE;
}
