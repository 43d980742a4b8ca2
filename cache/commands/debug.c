/* What DEBUG shows of data: how values are kept, sums by which two servers can be compared, and
 * what a restart would leave.
 *
 * The digest is Redis's: of each key a sum of its name, type, value and whether it expires,
 * where order matters; all those joined by xor, where it does not. */

#include "cache/commands/debug.h"

#include "cache/base/check.h"
#include "cache/base/digest.h"
#include "cache/base/glob.h"
#include "cache/base/number.h"
#include "cache/persist/dump.h"
#include "cache/types/string.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>

/* --- one value --- */

static const size_t payload_max = UINT32_MAX;

/* The length of its body in an RDB file. */
static size_t serialized_len(const struct key_view *view)
{
    struct buf payload;
    size_t len = 0;

    buf_init(&payload, payload_max);
    if (dump_write(&payload, view->type, view->value)) {
        len = payload.len - 1 - DUMP_FOOTER;
    }
    buf_fini(&payload);
    return len;
}

/* Replies if it returns false. */
static bool find(struct call *c, struct key_view *view)
{
    bool found = key_look(c, 2, 0, view);
    if (!found) {
        reply_error(c->reply, SPAN("ERR no such key"));
    }
    return found;
}

static void object(struct call *c)
{
    struct key_view view;
    struct buf text;

    if (!find(c, &view)) {
        return;
    }
    buf_init(&text, SIZE_MAX);
    buf_addf(&text,
             "Value at:%p refcount:1 encoding:%s serializedlength:%zu lru:%" PRIu32
             " lru_seconds_idle:%" PRIu64,
             view.address, view.type->encoding(view.value), serialized_len(&view),
             view.access_clock, view.idle_ms / 1000);
    if (view.type->details != NULL) {
        view.type->details(view.value, &text);
    }
    reply_status(c->reply, buf_span(&text));
    buf_fini(&text);
}

/* Redis prints the inside of these to its standard output. Here there is nothing to see but that
 * it is there. */
static void show_encoded(struct call *c, const char *encoding, const char *yes, const char *no)
{
    struct key_view view;
    if (!find(c, &view)) {
        return;
    }
    if (span_is(span_from(view.type->encoding(view.value)), encoding)) {
        reply_status(c->reply, span_from(yes));
    } else {
        reply_error(c->reply, span_from(no));
    }
}

static void show_listpack(struct call *c)
{
    show_encoded(c, "listpack", "Listpack structure printed on stdout",
                 "ERR Not a listpack encoded object.");
}

static void show_quicklist(struct call *c)
{
    show_encoded(c, "quicklist", "Quicklist structure printed on stdout",
                 "ERR Not a quicklist encoded object.");
}

static void sdslen(struct call *c)
{
    struct key_view view;
    char text[256];

    if (!find(c, &view)) {
        return;
    }
    if (view.type != &type_string || string_is_integer(view.value)) {
        reply_error(c->reply, SPAN("ERR Not an sds encoded string."));
        return;
    }
    size_t len = string_len(view.value);
    int written = snprintf(text, sizeof(text),
                           "key_sds_len:%zu, key_sds_avail:0, key_zmalloc: %zu, "
                           "val_sds_len:%zu, val_sds_avail:0, val_zmalloc: %zu",
                           c->argv[2].len, key_memory(c, 2), len, len);
    assert(written > 0);
    reply_status(c->reply, (struct span){ text, (size_t)written });
}

/* --- digests --- */

static void mix_number(struct digest *sum, uint32_t number)
{
    unsigned char bytes[] = { (unsigned char)(number >> 24), (unsigned char)(number >> 16),
                              (unsigned char)(number >> 8), (unsigned char)number };
    digest_mix(sum, (struct span){ (const char *)bytes, sizeof(bytes) });
}

/* What a value adds to the sum of its key. */
static void mix_value(struct digest *sum, const struct type *type, const void *value, bool expires)
{
    mix_number(sum, type->tag);
    type->digest(value, sum);
    if (expires) {
        digest_xor(sum, SPAN("!!expire!!"));
    }
}

struct digesting {
    struct digest sum;
    uint64_t now_ms;
};

static void digest_entry(void *context, const struct cache_entry *entry)
{
    struct digesting *digesting = context;
    struct digest sum = { 0 };
    bool expires = entry->expires_at_ms >= 0;

    if (expires && (uint64_t)entry->expires_at_ms < digesting->now_ms) {
        return;
    }
    digest_mix(&sum, entry->key);
    mix_value(&sum, entry->type, entry->value, expires);
    digest_xor(&digesting->sum, (struct span){ (const char *)sum.bytes, DIGEST_BYTES });
}

static void digest_database(struct call *c, int db, struct digesting *digesting)
{
    uint64_t cursor = 0;

    mix_number(&digesting->sum, (uint32_t)db);
    do {
        cursor = cache_scan(c->cache, db, cursor, digest_entry, digesting);
    } while (cursor != 0);
}

static void digest(struct call *c)
{
    struct digesting digesting = { .now_ms = c->now_ms };
    char text[2 * DIGEST_BYTES + 1];

    for (int db = 0; db < cache_databases(c->cache); db++) {
        if (cache_db_stats(c->cache, db).keys > 0) {
            digest_database(c, db, &digesting);
        }
    }
    digest_text(&digesting.sum, text);
    reply_status(c->reply, span_from(text));
}

static void digest_values(struct call *c)
{
    reply_array(c->reply, c->argc - 2);
    for (size_t i = 2; i < c->argc; i++) {
        struct digest sum = { 0 };
        struct key_view view;
        char text[2 * DIGEST_BYTES + 1];
        if (key_look(c, i, 0, &view)) {
            mix_value(&sum, view.type, view.value, view.expires_at_ms >= 0);
        }
        digest_text(&sum, text);
        reply_status(c->reply, span_from(text));
    }
}

/* --- all of the data --- */

/* Runs SETNX, so that each key is a change like any other. */
static void populate_key(struct call *c, const struct command *setnx, struct span key,
                         struct span text)
{
    struct buf out;
    buf_init(&out, 0);
    struct reply reply = { .out = &out, .protocol = 2, .silent = true };
    struct span argv[] = { SPAN("SETNX"), key, text };
    struct cache_request request = {
        .command = setnx,
        .argv = argv,
        .argc = COUNT(argv),
        .db = c->db,
        .now_ms = c->now_ms,
        .client_id = c->client_id,
        .reply = &reply,
    };
    cache_exec(c->cache, &request);
    buf_fini(&out);
}

/* Cuts the text, or adds zeroes. */
static void make_long(struct buf *text, size_t len)
{
    if (text->len < len) {
        size_t missing = len - text->len;
        memset(buf_reserve(text, missing), 0, missing);
        buf_commit(text, missing);
    }
    buf_cut(text, len);
}

static void populate(struct call *c)
{
    const struct command *setnx = command_named(cache_commands(c->cache), SPAN("setnx"));
    struct span prefix = c->argc > 3 ? c->argv[3] : SPAN("key");
    int64_t count;
    int64_t len = 0;

    if (!arg_integer_in(c, 2, 0, INT64_MAX, &count, NULL)) {
        return;
    }
    if (c->argc == 5 && !arg_integer_in(c, 4, 0, (int64_t)cache_string_max(c->cache), &len,
                                        "ERR value is out of range, must be positive")) {
        return;
    }
    struct buf key;
    struct buf text;
    buf_init(&key, SIZE_MAX);
    buf_init(&text, SIZE_MAX);
    for (int64_t i = 0; i < count; i++) {
        buf_cut(&key, 0);
        buf_cut(&text, 0);
        buf_addf(&key, "%.*s:%" PRId64, (int)prefix.len, prefix.bytes, i);
        buf_addf(&text, "value:%" PRId64, i);
        if (len > 0) {
            make_long(&text, (size_t)len);
        }
        populate_key(c, setnx, buf_span(&key), buf_span(&text));
    }
    buf_fini(&key);
    buf_fini(&text);
    reply_ok(c->reply);
}

static void htstats(struct call *c)
{
    char text[256];
    int db;

    if (!arg_db(c, 2, &db)) {
        return;
    }
    struct cache_db_stats stats = cache_db_stats(c->cache, db);
    int len = snprintf(text, sizeof(text),
                       "[Dictionary HT]\n table size: %" PRIu64 "\n number of elements: %" PRIu64
                       "\n table bytes: %" PRIu64 "\n expiring elements: %" PRIu64 "\n",
                       stats.buckets, stats.keys, stats.table_bytes, stats.expiring);
    assert(len > 0);
    reply_verbatim(c->reply, (struct span){ text, (size_t)len }, "txt");
}

static void htstats_key(struct call *c)
{
    struct key_view view;
    struct buf text;

    if (!find(c, &view)) {
        return;
    }
    struct span encoding = span_from(view.type->encoding(view.value));
    if (!span_is(encoding, "hashtable") && !span_is(encoding, "skiplist")) {
        reply_error(c->reply, SPAN("ERR The value stored at the specified key is not represented "
                                   "using an hash table"));
        return;
    }
    buf_init(&text, SIZE_MAX);
    buf_addf(&text, "[Value HT]\n bytes: %zu", view.type->memory(view.value));
    if (view.type->details != NULL) {
        view.type->details(view.value, &text);
    }
    buf_addf(&text, "\n");
    reply_verbatim(c->reply, buf_span(&text), "txt");
    buf_fini(&text);
}

/* --- switches --- */

static bool is_on(const struct call *c)
{
    return !span_equal(c->argv[2], SPAN("0"));
}

static void set_active_expire(struct call *c)
{
    cache_set_active_expiry(c->cache, is_on(c));
    reply_ok(c->reply);
}

static void set_skip_checksum_validation(struct call *c)
{
    cache_set_sum_checks(c->cache, !is_on(c));
    reply_ok(c->reply);
}

/* "100", "100b", "1gb"; false if it is none. */
static bool take_bytes(struct span text, uint64_t *bytes)
{
    static const struct {
        const char *unit;
        uint64_t scale;
    } units[] = {
        { "", 1 },           { "b", 1 },
        { "k", 1000 },       { "kb", 1024 },
        { "m", 1000000 },    { "mb", 1024 * 1024 },
        { "g", 1000000000 }, { "gb", 1024 * 1024 * 1024 },
    };
    size_t digits = 0;
    while (digits < text.len && text.bytes[digits] >= '0' && text.bytes[digits] <= '9') {
        digits++;
    }
    if (!number_parse_unsigned((struct span){ text.bytes, digits }, bytes)) {
        return false;
    }
    for (size_t i = 0; i < COUNT(units); i++) {
        if (span_is(span_skip(text, digits), units[i].unit)) {
            return !__builtin_mul_overflow(*bytes, units[i].scale, bytes);
        }
    }
    return false;
}

/* Redis's: nodes have 32-bit lengths, and some room for what comes with an element. */
static const uint64_t packed_threshold_max = (UINT64_C(1) << 32) - (1 << 20);

static void quicklist_packed_threshold(struct call *c)
{
    struct type_limits limits = *c->limits;

    if (!take_bytes(c->argv[2], &limits.list_packed_threshold) ||
        limits.list_packed_threshold > packed_threshold_max) {
        reply_error(c->reply, SPAN("ERR argument must be a memory value bigger than 1 and smaller "
                                   "than 4gb"));
        return;
    }
    cache_set_limits(c->cache, &limits);
    reply_ok(c->reply);
}

/* --- others --- */

static void stringmatch_len(struct call *c)
{
    char text[1 << 12];
    int64_t len;

    if (!arg_integer_in(c, 3, 0, 1 << 20, &len, NULL)) {
        return;
    }
    char *subject = len <= (int64_t)sizeof(text) ? text : arena_alloc(c->arena, (size_t)len);
    memset(subject, 'a', (size_t)len);
    bool matches = glob_match(c->argv[2], (struct span){ subject, (size_t)len }, false);
    reply_integer(c->reply, matches);
}

const struct debug_subject debug_subjects[] = {
    { "digest", 2, 2, digest, "DIGEST: the sum of all data." },
    { "digest-value", 2, SIZE_MAX, digest_values, "DIGEST-VALUE [<key> ...]: the sums of values." },
    { "htstats", 3, 4, htstats, "HTSTATS <db>: figures of a database's hash table." },
    { "htstats-key", 3, 4, htstats_key, "HTSTATS-KEY <key>: figures of a value's hash table." },
    { "listpack", 3, 3, show_listpack, "LISTPACK <key>: whether the value is one." },
    { "object", 3, 3, object, "OBJECT <key>: how the value is kept." },
    { "populate", 3, 5, populate,
      "POPULATE <count> [<prefix> [<size>]]: make so many strings, key:0 and so on." },
    { "quicklist", 3, 4, show_quicklist, "QUICKLIST <key>: whether the value is one." },
    { "quicklist-packed-threshold", 3, 3, quicklist_packed_threshold,
      "QUICKLIST-PACKED-THRESHOLD <size>: elements of a list from this size on have a node of "
      "their own; 0 is the default." },
    { "sdslen", 3, 3, sdslen, "SDSLEN <key>: lengths of a key and its text." },
    { "set-active-expire", 3, 3, set_active_expire,
      "SET-ACTIVE-EXPIRE <0|1>: let keys expire on their own, or only when met." },
    { "set-skip-checksum-validation", 3, 3, set_skip_checksum_validation,
      "SET-SKIP-CHECKSUM-VALIDATION <0|1>: whether RESTORE trusts checksums." },
    { "stringmatch-len", 4, 4, stringmatch_len,
      "STRINGMATCH-LEN <pattern> <len>: match a pattern with so many letters a." },
    { .name = NULL },
};
