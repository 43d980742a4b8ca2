/* The store against a model of a few keys: after any sequence of writes, expiries, renames
 * and ticks every key holds what the model holds, and every change was announced.
 *
 * Each three bytes of the input are one step: what to do, with which key, and how much. */

#include "cache/base/check.h"
#include "cache/base/memory.h"
#include "cache/call.h"
#include "cache/types/string.h"

#include <stdint.h>
#include <stdio.h>

enum { KEYS_COUNT = 64, TEXT_MAX = 20000, START_MS = 1000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* A text is `len` times the same letter. */
struct model {
    bool present;
    char letter;
    size_t len;
    int64_t expires_at_ms;
};

struct fuzz {
    struct cache *cache;
    struct model keys[KEYS_COUNT];
    uint64_t now_ms;
    uint64_t announced;
    unsigned key, other;
    uint8_t amount;
    size_t seen;
};

typedef void (*step_fn)(struct call *c);

static char letters[TEXT_MAX];

static size_t text_len(uint8_t amount)
{
    return amount < 200 ? amount : (size_t)(amount - 199) * 300;
}

static void hear(void *context, const struct change *change)
{
    struct fuzz *fuzz = context;
    fuzz->announced++;
    assert(change->seq == fuzz->announced);
    assert(change->everything || change->key_count > 0);
}

/* What the model says of a key now; an expired one is gone. */
static struct model *modelled(struct fuzz *fuzz, unsigned key)
{
    struct model *model = &fuzz->keys[key];
    if (model->expires_at_ms >= 0 && (uint64_t)model->expires_at_ms < fuzz->now_ms) {
        *model = (struct model){ .expires_at_ms = -1 };
    }
    return model;
}

/* --- steps: each does to the store what it does to the model --- */

static struct fuzz *fuzz_of(struct call *c)
{
    return c->caller;
}

static void set(struct call *c)
{
    struct fuzz *fuzz = fuzz_of(c);
    size_t len = text_len(fuzz->amount);
    char letter = (char)('a' + fuzz->amount % 26);
    memset(letters, letter, len);
    struct string_form form = string_form((struct span){ letters, len });
    int64_t expires = fuzz->amount % 3 == 0 ? (int64_t)fuzz->now_ms + fuzz->amount : -1;
    string_write(key_put(c, 1, &type_string, form.size, expires), &form);
    fuzz->keys[fuzz->key] =
        (struct model){ .present = true, .letter = letter, .len = len, .expires_at_ms = expires };
}

static void append(struct call *c)
{
    struct fuzz *fuzz = fuzz_of(c);
    struct model *model = modelled(fuzz, fuzz->key);
    void *value;
    bool valid = key_edit(c, 1, &type_string, &value);
    assert(valid);
    assert((value != NULL) == model->present);
    size_t len = model->len + fuzz->amount;
    if (value == NULL || len > TEXT_MAX) {
        return;
    }
    char *bytes = string_stretch(key_resize(c, 1, string_raw_size(len)), len);
    memset(bytes, 'z', len);
    model->letter = 'z';
    model->len = len;
}

static void expire(struct call *c)
{
    struct fuzz *fuzz = fuzz_of(c);
    struct model *model = modelled(fuzz, fuzz->key);
    struct key_view view;
    bool present = key_look(c, 1, LOOK_TOUCH, &view);
    assert(present == model->present);
    if (present) {
        model->expires_at_ms = (int64_t)fuzz->amount * (fuzz->amount % 7 == 0 ? 1LL << 44 : 10) - 1;
        key_expire(c, 1, model->expires_at_ms);
    }
}

static void del(struct call *c)
{
    struct fuzz *fuzz = fuzz_of(c);
    bool deleted = key_delete(c, 1);
    assert(deleted == modelled(fuzz, fuzz->key)->present);
    fuzz->keys[fuzz->key] = (struct model){ .expires_at_ms = -1 };
}

static void rename_or_copy(struct call *c)
{
    struct fuzz *fuzz = fuzz_of(c);
    struct model *model = modelled(fuzz, fuzz->key);
    struct key_view view;
    bool present = key_look(c, 1, 0, &view);
    assert(present == model->present);
    if (!present || fuzz->key == fuzz->other) {
        return;
    }
    if (fuzz->amount % 2) {
        key_rename(c, 1, 2);
        fuzz->keys[fuzz->other] = *model;
        *model = (struct model){ .expires_at_ms = -1 };
    } else {
        key_copy(c, 1, 2, 0);
        fuzz->keys[fuzz->other] = *model;
    }
}

static void flush(struct call *c)
{
    struct fuzz *fuzz = fuzz_of(c);
    if (fuzz->amount > 3) {
        return; /* Seldom. */
    }
    keys_flush(c, 0, fuzz->amount % 2);
    for (unsigned key = 0; key < KEYS_COUNT; key++) {
        fuzz->keys[key] = (struct model){ .expires_at_ms = -1 };
    }
}

static void wait(struct fuzz *fuzz)
{
    fuzz->now_ms += fuzz->amount;
    cache_tick(fuzz->cache, fuzz->now_ms, fuzz->amount % 16);
}

static void run(struct fuzz *fuzz, step_fn handler)
{
    struct command row = { .name = "step", .run = handler, .keys = { KEYS(1, 2, 1, 0) } };
    char key[32], other[32];
    /* Some keys are too long for a length of one byte. */
    int width = fuzz->key % 8 == 0 ? 30 : 1;
    snprintf(key, sizeof(key), "%0*u", width, fuzz->key);
    width = fuzz->other % 8 == 0 ? 30 : 1;
    snprintf(other, sizeof(other), "%0*u", width, fuzz->other);
    struct span argv[] = { SPAN("STEP"), span_from(key), span_from(other) };
    struct reply reply = { .silent = true, .protocol = 2 };
    struct cache_request request = {
        .command = &row,
        .argv = argv,
        .argc = COUNT(argv),
        .now_ms = fuzz->now_ms,
        .reply = &reply,
        .caller = fuzz,
    };
    cache_exec(fuzz->cache, &request);
}

static void see(void *context, const struct cache_entry *entry)
{
    struct fuzz *fuzz = context;
    unsigned key = 0;
    for (size_t i = 0; i < entry->key.len; i++) {
        key = key * 10 + (unsigned)(entry->key.bytes[i] - '0');
    }
    assert(key < KEYS_COUNT);
    if (entry->expires_at_ms >= 0 && (uint64_t)entry->expires_at_ms < fuzz->now_ms) {
        return;
    }
    const struct model *model = modelled(fuzz, key);
    char room[STRING_TEXT_ROOM];
    struct span text = string_text(entry->value, room);
    assert(model->present);
    assert(text.len == model->len);
    assert(text.len == 0 || text.bytes[0] == model->letter);
    assert(text.len == 0 || text.bytes[text.len - 1] == model->letter);
    assert(entry->expires_at_ms == model->expires_at_ms);
    fuzz->seen++;
}

static void check_all(struct fuzz *fuzz)
{
    size_t present = 0;
    uint64_t cursor = 0;
    for (unsigned key = 0; key < KEYS_COUNT; key++) {
        present += modelled(fuzz, key)->present;
    }
    fuzz->seen = 0;
    do {
        cursor = cache_scan(fuzz->cache, 0, cursor, see, fuzz);
    } while (cursor != 0);
    assert(fuzz->seen == present);
    assert(cache_stats(fuzz->cache).changes == fuzz->announced);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const step_fn steps[] = { set, append, expire, del, rename_or_copy, flush };
    struct cache_options options = { .databases = 1, .seed = 1 };
    static struct fuzz fuzz;
    fuzz = (struct fuzz){ .cache = cache_new(&options), .now_ms = START_MS };
    for (unsigned key = 0; key < KEYS_COUNT; key++) {
        fuzz.keys[key].expires_at_ms = -1;
    }
    cache_listen(fuzz.cache, hear, &fuzz);

    for (size_t i = 0; i + 3 <= len; i += 3) {
        fuzz.key = data[i + 1] % KEYS_COUNT;
        fuzz.other = (data[i] / COUNT(steps) + data[i + 1]) % KEYS_COUNT;
        fuzz.amount = data[i + 2];
        size_t step = data[i] % (COUNT(steps) + 1);
        if (step < COUNT(steps)) {
            run(&fuzz, steps[step]);
        } else {
            wait(&fuzz);
        }
        if (i % 30 == 0) {
            check_all(&fuzz);
        }
    }
    check_all(&fuzz);
    cache_free(fuzz.cache);
    return 0;
}
