/* Values are compared by what they hold and not by their payloads: two servers may well write the
 * same set in another order. */

#include "sidecar/transfer/verify.h"

#include "cache/base/digest.h"
#include "cache/base/number.h"
#include "cache/persist/dump.h"
#include "proxy/peers/walk.h"
#include "sidecar/transfer/progress.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

/* Clocks of two machines, and the time that asking takes. */
enum { TTL_SLACK_MS = 5000 };

/* All zeroes if the payload cannot be read. */
static struct digest digest_of(struct span payload)
{
    struct type_limits limits = type_limits_default;
    struct digest sum = { { 0 } };
    const struct type *type;
    const char *why;
    void *value = dump_read(payload, &limits, &type, &why);

    if (value != NULL) {
        digest_xor(&sum, span_from(type->name));
        type->digest(value, &sum);
        type->free(value);
    }
    return sum;
}

static bool ttl_fits(const struct record *record, int64_t ttl_ms)
{
    int64_t left_ms = record->expires_at_ms - (int64_t)time(NULL) * 1000;

    if (record->expires_at_ms < 0 || ttl_ms < 0) {
        return record->expires_at_ms < 0 && ttl_ms == -1;
    }
    return left_ms - ttl_ms < TTL_SLACK_MS && ttl_ms - left_ms < TTL_SLACK_MS;
}

static void note(struct verdict *verdict, const struct record *record, uint64_t *count)
{
    ++*count;
    if (*verdict->first == '\0') {
        snprintf(verdict->first, sizeof(verdict->first), "%.*s", span_shown(record->key),
                 record->key.bytes);
    }
}

static bool compare(const struct record *record, struct endpoint *server, struct verdict *verdict)
{
    struct span answer;
    struct element dump, pttl;
    int64_t ttl_ms;

    verdict->keys++;
    if (!endpoint_answer(server, &answer) || !walk_head(&answer, &dump)) {
        return false;
    }
    bool missing = dump.null;
    struct digest here = digest_of(record->payload);
    struct digest there = missing ? here : digest_of(dump.text);
    bool same = memcmp(&here, &there, sizeof(here)) == 0;
    if (!endpoint_answer(server, &answer) || !walk_head(&answer, &pttl) ||
        !number_parse(pttl.text, &ttl_ms)) {
        return false;
    }
    if (missing) {
        /* Its time may be over by now. */
        if (record->expires_at_ms < 0 || record->expires_at_ms > (int64_t)time(NULL) * 1000) {
            note(verdict, record, &verdict->missing);
        }
    } else if (!same || !ttl_fits(record, ttl_ms)) {
        note(verdict, record, &verdict->different);
    }
    return true;
}

static void ask(struct endpoint *server, const struct record *record)
{
    struct span dump[] = { SPAN("DUMP"), record->key };
    struct span pttl[] = { SPAN("PTTL"), record->key };

    endpoint_ask(server, dump, 2);
    endpoint_ask(server, pttl, 2);
}

/* Keys of one database are asked for together. */
static bool compare_all(const struct batch *batch, struct endpoint *server, struct verdict *verdict)
{
    bool good = true;

    for (size_t first = 0, end; first < batch->count && good; first = end) {
        int db = batch->records[first].db;
        good = endpoint_select(server, db);
        for (end = first; end < batch->count && batch->records[end].db == db; end++) {
            ask(server, &batch->records[end]);
        }
        for (size_t i = first; i < end && good; i++) {
            good = compare(&batch->records[i], server, verdict);
        }
    }
    return good;
}

bool verify(struct source *source, struct endpoint *server, struct verdict *verdict)
{
    struct batch batch = { 0 };
    struct progress progress;
    enum source_progress went;
    bool good = true;

    *verdict = (struct verdict){ 0 };
    progress_begin(&progress, "verify");
    do {
        went = source_next(source, &batch);
        good = went != SOURCE_FAILED && compare_all(&batch, server, verdict);
        progress_add(&progress, batch.count, 0);
        batch_clear(&batch);
        struct source_position position = source_position(source);
        progress_tell(&progress, position.done, position.total);
    } while (good && went == SOURCE_MORE);
    batch_fini(&batch);
    progress_end(&progress, good);
    if (!good) {
        snprintf(verdict->why, sizeof(verdict->why), "%s",
                 went == SOURCE_FAILED ? source_why(source) : server->why);
    }
    return good;
}
