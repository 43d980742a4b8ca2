/* PFADD, PFCOUNT, PFMERGE, and what tests look inside with.
 *
 * A dense one is changed where it lies. A sparse one may grow and shrink with each element, so it
 * is changed in a copy, which is put back if anything changed: nothing is half done when it turns
 * out to be broken. PFCOUNT stores what it found in the value, and that is a change like any other,
 * though the command only reads. */

#include "cache/types/hyperloglog.h"

#include "cache/base/check.h"
#include "cache/base/hash.h"
#include "cache/call.h"
#include "cache/commands/rows.h"
#include "cache/types/string.h"

#include <math.h>

static void reply_broken(struct call *c)
{
    reply_error(c->reply, SPAN("INVALIDOBJ Corrupted HLL object detected"));
}

/* The text of a string that is one. Replies if it returns false. */
static bool take_text(struct call *c, const void *value, struct span *text)
{
    char room[STRING_TEXT_ROOM];
    *text = string_is_integer(value) ? SPAN("") : string_text(value, room);
    if (!hll_is_one(*text)) {
        reply_error(c->reply, SPAN("WRONGTYPE Key is not a valid HyperLogLog string value."));
        return false;
    }
    return true;
}

/* --- one that is changed --- */

/* argv[at], for as long as it is changed. */
struct open {
    size_t at;
    bool fresh;    /* The key is not there yet. */
    bool in_place; /* hll.bytes are the value's own, and not `room`. */
    struct hll hll;
    char room[HLL_ROOM];
};

/* Takes the value that key_edit() gave, or NULL. Replies if it returns false. */
static bool open_value(struct call *c, size_t at, void *value, struct open *open)
{
    struct span text;

    open->at = at;
    open->fresh = value == NULL;
    open->in_place = false;
    if (value == NULL) {
        hll_init(&open->hll, open->room);
        return true;
    }
    if (!take_text(c, value, &text)) {
        return false;
    }
    open->in_place = hll_is_dense(text);
    if (open->in_place) {
        open->hll = (struct hll){ string_stretch(value, text.len), text.len };
        return true;
    }
    if (!hll_copy(&open->hll, open->room, text)) {
        reply_broken(c);
        return false;
    }
    return true;
}

static void close_changed(struct call *c, struct open *open)
{
    if (open->in_place) {
        key_changed(c, open->at);
        return;
    }
    struct string_form form = string_form_text(SPAN(""));
    void *value = key_put(c, open->at, &type_string, string_raw_size(open->hll.len),
                          open->fresh ? EXPIRY_NONE : EXPIRY_KEEP);
    string_write(value, &form);
    memcpy(string_stretch(value, open->hll.len), open->hll.bytes, open->hll.len);
}

/* --- commands --- */

static void pfadd(struct call *c)
{
    void *value;
    struct open open;

    if (!key_edit(c, 1, &type_string, &value) || !open_value(c, 1, value, &open)) {
        return;
    }
    bool changed = open.fresh;
    for (size_t i = 2; i < c->argc; i++) {
        enum hll_result result = hll_add(&open.hll, c->argv[i], c->limits->hll_sparse_max_bytes);
        if (result == HLL_BROKEN) {
            reply_broken(c);
            return;
        }
        changed |= result == HLL_CHANGED;
    }
    if (changed) {
        hll_forget_cached(&open.hll);
        close_changed(c, &open);
        key_event(c, 1, EVENT_STRING, "pfadd");
    }
    reply_integer(c->reply, changed);
}

/* Raises the registers to those of the keys from argv[1] on; a key that is not there is empty.
 * Replies if it returns false. */
static bool join_keys(struct call *c, uint8_t *registers, bool *any_dense)
{
    *any_dense = false;
    keys_prefetch(c, 1, 1);
    for (size_t i = 1; i < c->argc; i++) {
        const void *value;
        struct span text;
        if (!key_read(c, i, &type_string, &value)) {
            return false;
        }
        if (value == NULL) {
            continue;
        }
        if (!take_text(c, value, &text)) {
            return false;
        }
        if (!hll_join(registers, text)) {
            reply_broken(c);
            return false;
        }
        *any_dense |= hll_is_dense(text);
    }
    return true;
}

static uint8_t *no_registers(struct call *c)
{
    uint8_t *registers = arena_alloc(c->arena, HLL_REGISTERS);
    return memset(registers, 0, HLL_REGISTERS);
}

/* Keeps what was counted in the value, which is there. */
static void keep_count(struct call *c, uint64_t count)
{
    void *value;

    if (key_edit(c, 1, &type_string, &value)) {
        size_t len = string_len(value);
        struct hll hll = { string_stretch(value, len), len };
        hll_set_cached(&hll, count);
        key_changed(c, 1);
    }
}

static void count_one(struct call *c)
{
    const void *value;
    struct span text;
    uint64_t count;

    if (!key_read(c, 1, &type_string, &value)) {
        return;
    }
    if (value == NULL) {
        reply_integer(c->reply, 0);
        return;
    }
    if (!take_text(c, value, &text)) {
        return;
    }
    if (!hll_cached(text, &count)) {
        uint8_t *registers = no_registers(c);
        if (!hll_join(registers, text)) {
            reply_broken(c);
            return;
        }
        count = hll_estimate(registers);
        keep_count(c, count);
    }
    reply_integer(c->reply, (int64_t)count);
}

static void pfcount(struct call *c)
{
    bool any_dense;

    if (c->argc == 2) {
        count_one(c);
        return;
    }
    uint8_t *registers = no_registers(c);
    if (join_keys(c, registers, &any_dense)) {
        reply_integer(c->reply, (int64_t)hll_estimate(registers));
    }
}

static void pfmerge(struct call *c)
{
    void *value;
    struct open open;
    bool any_dense;
    uint8_t *registers = no_registers(c);

    if (!join_keys(c, registers, &any_dense)) {
        return;
    }
    if (!key_edit(c, 1, &type_string, &value) || !open_value(c, 1, value, &open)) {
        return;
    }
    bool good = !any_dense || hll_make_dense(&open.hll);
    for (size_t i = 0; i < HLL_REGISTERS && good; i++) {
        good = registers[i] == 0 ||
               hll_raise(&open.hll, i, registers[i], c->limits->hll_sparse_max_bytes) != HLL_BROKEN;
    }
    if (!good) {
        reply_broken(c);
        return;
    }
    hll_forget_cached(&open.hll);
    close_changed(c, &open);
    key_event(c, 1, EVENT_STRING, "pfadd");
    reply_ok(c->reply);
}

/* --- PFDEBUG --- */

/* True if it had to be converted. Replies if *good becomes false. */
static bool make_dense(struct call *c, struct open *open, bool *good)
{
    bool sparse = !open->in_place;
    *good = hll_make_dense(&open->hll);
    if (!*good) {
        reply_broken(c);
        return false;
    }
    if (sparse) {
        close_changed(c, open);
    }
    return sparse;
}

static void debug_registers(struct call *c, struct open *open)
{
    uint8_t *registers = no_registers(c);
    bool good;

    make_dense(c, open, &good);
    if (!good || !hll_join(registers, (struct span){ open->hll.bytes, open->hll.len })) {
        return;
    }
    reply_array(c->reply, HLL_REGISTERS);
    for (size_t i = 0; i < HLL_REGISTERS; i++) {
        reply_integer(c->reply, registers[i]);
    }
}

static void debug_runs(struct call *c, struct open *open)
{
    struct buf out;

    if (open->in_place) {
        reply_error(c->reply, SPAN("ERR HLL encoding is not sparse"));
        return;
    }
    buf_init(&out, SIZE_MAX);
    hll_tell_runs((struct span){ open->hll.bytes, open->hll.len }, &out);
    reply_bulk(c->reply, buf_span(&out));
    buf_fini(&out);
}

static void debug_encoding(struct call *c, struct open *open)
{
    reply_status(c->reply, open->in_place ? SPAN("dense") : SPAN("sparse"));
}

static void debug_to_dense(struct call *c, struct open *open)
{
    bool good;
    bool converted = make_dense(c, open, &good);
    if (good) {
        reply_integer(c->reply, converted);
    }
}

static void pfdebug(struct call *c)
{
    static const struct {
        const char *name;
        void (*run)(struct call *c, struct open *open);
    } rows[] = {
        { "GETREG", debug_registers },
        { "DECODE", debug_runs },
        { "ENCODING", debug_encoding },
        { "TODENSE", debug_to_dense },
    };
    void *value;
    struct open open;

    if (!key_edit(c, 2, &type_string, &value)) {
        return;
    }
    if (value == NULL) {
        reply_error(c->reply, SPAN("ERR The specified key does not exist"));
        return;
    }
    if (!open_value(c, 2, value, &open)) {
        return;
    }
    for (size_t i = 0; i < COUNT(rows); i++) {
        if (arg_is(c, 1, rows[i].name)) {
            rows[i].run(c, &open);
            return;
        }
    }
    reply_errorf(c->reply, "ERR Unknown PFDEBUG subcommand '%.*s'", span_shown(c->argv[1]),
                 c->argv[1].bytes);
}

/* --- PFSELFTEST --- */

/* Adds so many different elements to a sparse and to a dense one: both must have the same
 * registers, and estimate the number with an error below five times the standard one. */
static bool estimates(struct call *c, uint64_t count)
{
    const double standard_error = 1.04 / sqrt(HLL_REGISTERS);
    struct hll sparse;
    struct hll dense;
    uint8_t *registers[] = { no_registers(c), no_registers(c) };

    hll_init(&sparse, arena_alloc(c->arena, HLL_ROOM));
    hll_init(&dense, arena_alloc(c->arena, HLL_ROOM));
    bool good = hll_make_dense(&dense);
    for (uint64_t i = 0; i < count && good; i++) {
        struct span element = { (const char *)&i, sizeof(i) };
        good = hll_add(&sparse, element, HLL_ROOM) == hll_add(&dense, element, HLL_ROOM);
    }
    good = good && hll_join(registers[0], (struct span){ sparse.bytes, sparse.len }) &&
           hll_join(registers[1], (struct span){ dense.bytes, dense.len }) &&
           memcmp(registers[0], registers[1], HLL_REGISTERS) == 0;
    double error = fabs((double)hll_estimate(registers[0]) - (double)count);
    return good && error <= ceil(5 * standard_error * (double)count);
}

static void pfselftest(struct call *c)
{
    static const uint64_t counts[] = { 0, 1, 10, 100, 1000, 20000 };

    for (size_t i = 0; i < COUNT(counts); i++) {
        if (!estimates(c, counts[i])) {
            reply_errorf(c->reply, "ERR TESTFAILED estimate of %llu elements",
                         (unsigned long long)counts[i]);
            return;
        }
    }
    reply_ok(c->reply);
}

const struct command hyperloglog_commands[] = {
    { .name = "pfadd",
      .run = pfadd,
      .arity = -2,
      .flags = CMD_WRITE | CMD_DENYOOM | CMD_FAST,
      .keys = { KEYS(1, 1, 1, KEY_RW | KEY_INSERT) },
      .group = "hyperloglog",
      .since = "2.8.9",
      .complexity = "O(1) for each element.",
      .synopsis = "key:key [element:string...]",
      .summary = "Adds elements to a HyperLogLog; returns 1 if it is different now." },
    { .name = "pfcount",
      .run = pfcount,
      .arity = -2,
      .flags = CMD_READ | CMD_MAY_REPLICATE,
      .keys = { KEYS(1, -1, 1, KEY_RW | KEY_ACCESS) },
      .across = ACROSS_COMPUTE,
      .group = "hyperloglog",
      .since = "2.8.9",
      .complexity = "O(1) for one key, with a small constant as long as it does not change; O(N) "
                    "for N keys, with a large one.",
      .synopsis = "key:key...",
      .summary = "Returns about how many different elements HyperLogLogs were given together.",
      .key_notes = "Written because what was counted is kept in the value" },
    { .name = "pfmerge",
      .run = pfmerge,
      .arity = -2,
      .flags = CMD_WRITE | CMD_DENYOOM,
      .keys = { KEYS(1, 1, 1, KEY_RW | KEY_ACCESS | KEY_INSERT),
                KEYS(2, -1, 1, KEY_RO | KEY_ACCESS) },
      .group = "hyperloglog",
      .since = "2.8.9",
      .complexity = "O(N) for N HyperLogLogs, with a large constant.",
      .synopsis = "destkey:key sourcekey:key...",
      .summary = "Joins HyperLogLogs into one." },
    { .name = "pfdebug",
      .run = pfdebug,
      .arity = 3,
      .flags = CMD_WRITE | CMD_DENYOOM | CMD_ADMIN,
      .keys = { KEYS(2, 2, 1, KEY_RW | KEY_ACCESS) },
      .group = "hyperloglog",
      .since = "2.8.9",
      .complexity = "O(1)",
      .synopsis = "subcommand:string key:key",
      .summary = "Shows the inside of a HyperLogLog, for tests." },
    { .name = "pfselftest",
      .run = pfselftest,
      .arity = 1,
      .flags = CMD_ADMIN,
      .group = "hyperloglog",
      .since = "2.8.9",
      .complexity = "O(1)",
      .summary = "Tries HyperLogLogs of known size, for tests." },
    { .name = NULL },
};
