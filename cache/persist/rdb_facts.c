/* Facts have a name and a text; whoever does not know a name passes it over, so that newer files
 * can tell more. Data of modules is a run of tagged pieces up to a tag that says it is over. */

#include "cache/persist/rdb_facts.h"

#include "cache/base/check.h"
#include "cache/base/number.h"

#include <inttypes.h>

enum { NAME_MAX = 32, NUMBERS_AHEAD = 2 };

static void note_number(const char *name, int64_t number, const struct rdb_reading *reading,
                        struct rdb_report *report)
{
    if (strcmp(name, "ctime") == 0 && number >= 0) {
        uint64_t now_s = reading->now_ms / 1000;
        uint64_t age_s = now_s > (uint64_t)number ? now_s - (uint64_t)number : 0;
        report->saved_at_s = (uint64_t)number;
        log_notice(reading->log, "RDB age %" PRIu64 " seconds", age_s);
    } else if (strcmp(name, "used-mem") == 0 && number >= 0) {
        report->used_memory = (uint64_t)number;
        log_notice(reading->log, "RDB memory usage when created %.2f Mb",
                   (double)number / (1024 * 1024));
    } else if (strcmp(name, "repl-offset") == 0) {
        report->replication_offset = number;
    } else if (strcmp(name, "repl-stream-db") == 0 && number >= -1 &&
               number < cache_databases(reading->cache)) {
        report->replication_db = (int)number;
    } else if (strcmp(name, "aof-base") == 0 || strcmp(name, "aof-preamble") == 0) {
        report->is_base = number != 0;
    }
}

static void note(const char *name, struct span text, const struct rdb_reading *reading,
                 struct rdb_report *report)
{
    int64_t number;

    if (name[0] == '%') {
        log_notice(reading->log, "RDB '%s': %.*s", name, span_shown(text), text.bytes);
    } else if (strcmp(name, "redis-ver") == 0 || strcmp(name, "valkey-ver") == 0) {
        log_notice(reading->log, "Loading RDB produced by version %.*s", span_shown(text),
                   text.bytes);
    } else if (strcmp(name, "repl-id") == 0 && text.len < sizeof(report->replication_id)) {
        memcpy(report->replication_id, text.bytes, text.len);
        report->replication_id[text.len] = '\0';
    } else if (number_parse(text, &number)) {
        note_number(name, number, reading, report);
    } else {
        log_debug(reading->log, "Unrecognized RDB AUX field: '%s'", name);
    }
}

bool rdb_read_fact(struct loader *in, const struct rdb_reading *reading, struct rdb_report *report)
{
    char name[NAME_MAX] = "";
    struct span text;

    if (!load_string(in, &text)) {
        return false;
    }
    if (text.len < sizeof(name)) { /* No longer name is known. */
        memcpy(name, text.bytes, text.len);
    }
    if (!load_string(in, &text)) {
        return false;
    }
    note(name, text, reading, report);
    return true;
}

/* --- modules --- */

enum piece { PIECE_END, PIECE_SIGNED, PIECE_UNSIGNED, PIECE_FLOAT, PIECE_DOUBLE, PIECE_STRING };

static bool pass_piece(struct loader *in, uint64_t piece)
{
    struct span bytes;
    uint64_t number;

    switch (piece) {
    case PIECE_SIGNED:
    case PIECE_UNSIGNED:
        return load_len(in, &number);
    case PIECE_FLOAT:
        return load_raw(in, sizeof(float), &bytes);
    case PIECE_DOUBLE:
        return load_raw(in, sizeof(double), &bytes);
    case PIECE_STRING:
        return load_string(in, &bytes);
    default:
        return load_failed(in, "a module's data is not what modules write");
    }
}

/* A module's type has an id: nine letters of six bits, and ten bits that are its version. */
static void name_module(uint64_t id, char name[10])
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

    id >>= 10;
    for (size_t i = 9; i > 0; i--) {
        name[i - 1] = letters[id & 63];
        id >>= 6;
    }
    name[9] = '\0';
}

bool rdb_pass_module(struct loader *in, const struct log *log)
{
    uint64_t id, number;
    char name[10];

    if (!load_len(in, &id)) {
        return false;
    }
    for (size_t i = 0; i < NUMBERS_AHEAD; i++) { /* When it was written: a tag and its value. */
        if (!load_len(in, &number)) {
            return false;
        }
    }
    name_module(id, name);
    log_warning(log, "The data of the module type '%s' is passed over: podis has no modules", name);
    while (true) {
        if (!load_len(in, &number)) {
            return false;
        }
        if (number == PIECE_END) {
            return true;
        }
        if (!pass_piece(in, number)) {
            return false;
        }
    }
}
