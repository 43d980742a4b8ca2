/* What is the same for every value: what is around it. The value writes itself, its type byte
 * first; that stands ahead of the key, so the key is given to the saver. */

#include "cache/persist/rdb_write.h"

#include "cache/base/check.h"
#include "cache/base/number.h"
#include "cache/persist/rdb_code.h"
#include "cache/types/type.h"

#include <stdio.h>

static void write_text(struct saver *to, const char *name, struct span text)
{
    save_byte(to, RDB_AUX);
    save_string(to, span_from(name));
    save_string(to, text);
}

static void write_number(struct saver *to, const char *name, int64_t number)
{
    char text[NUMBER_TEXT_MAX];
    write_text(to, name, (struct span){ text, number_format(text, number) });
}

void rdb_write_begin(struct saver *to, const struct rdb_facts *facts)
{
    char magic[sizeof("REDIS0000")];

    snprintf(magic, sizeof(magic), "REDIS%04d", RDB_VERSION);
    save_raw(to, span_from(magic));
    write_text(to, "redis-ver", SPAN("7.2.4"));
    write_number(to, "redis-bits", 64);
    write_number(to, "ctime", (int64_t)(facts->now_ms / 1000));
    write_number(to, "used-mem", (int64_t)facts->used_memory);
    if (facts->replication_id != NULL) {
        write_number(to, "repl-stream-db", facts->replication_db);
        write_text(to, "repl-id", span_from(facts->replication_id));
        write_number(to, "repl-offset", facts->replication_offset);
    }
    write_number(to, "aof-base", facts->is_base);
}

void rdb_write_function(struct saver *to, struct span code)
{
    save_byte(to, RDB_FUNCTION);
    save_string(to, code);
}

void rdb_write_select(struct saver *to, int db)
{
    save_byte(to, RDB_SELECT);
    save_len(to, (uint64_t)db);
}

void rdb_write_sizes(struct saver *to, uint64_t keys, uint64_t expiring)
{
    save_byte(to, RDB_SIZES);
    save_len(to, keys);
    save_len(to, expiring);
}

static void write_access(struct saver *to, const struct snapshot_entry *entry,
                         enum rdb_access access)
{
    if (access == RDB_ACCESS_IDLE) {
        save_byte(to, RDB_IDLE);
        save_len(to, entry->idle_s);
    } else if (access == RDB_ACCESS_FREQUENCY) {
        save_byte(to, RDB_FREQUENCY);
        save_byte(to, entry->frequency);
    }
}

void rdb_write_entry(struct saver *to, const struct snapshot_entry *entry, enum rdb_access access)
{
    if (entry->expires_at_ms >= 0) {
        save_byte(to, RDB_EXPIRES_MS);
        save_ms(to, entry->expires_at_ms);
    }
    write_access(to, entry, access);
    to->key = entry->key;
    entry->type->save(entry->value, to);
    to->key = (struct span){ 0 };
}

void rdb_write_end(struct saver *to)
{
    save_byte(to, RDB_END);
}

void rdb_write_sum(struct saver *to, uint64_t sum)
{
    save_ms(to, (int64_t)sum);
}
