/* Streams in RDB's form: what is saved comes back, and lies are refused. */

#include "cache/types/stream_saved.h"

#include "cache/base/check.h"
#include "cache/base/memory.h"
#include "cache/types/stream_group.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { ENTRIES = 7, LATER = 19, FIRST = 15 };

static const struct type_limits three = { .stream_node_max_entries = 3 };

static struct stream *made(void)
{
    struct stream *stream = stream_new();
    struct span fields[] = { SPAN("f"), SPAN("v"), SPAN("12"), SPAN("34") };

    for (uint64_t ms = 1; ms <= ENTRIES; ms++) {
        stream_append(stream, (struct stream_id){ ms, 0 }, fields, 1 + ms % 2, &three);
    }
    stream_delete(stream, (struct stream_id){ 2, 0 });
    struct stream_group *group = stream_group_add(stream, SPAN("g"), (struct stream_id){ 3, 0 }, 3);
    struct stream_consumer *consumer = stream_consumer_add(group, SPAN("a"), 1000);
    stream_pending_add(group, consumer, (struct stream_id){ 1, 0 }, 1001)->deliveries = 5;
    stream_pending_add(group, consumer, (struct stream_id){ 3, 0 }, 1002);
    consumer->active_at_ms = 1002;
    stream_consumer_add(group, SPAN("b"), 1003);
    stream_group_add(stream, SPAN("h"), STREAM_ID_MIN, STREAM_READ_UNKNOWN);
    return stream;
}

static void save(const struct stream *stream, struct buf *bytes)
{
    struct saver saver = { .out = bytes };

    buf_init(bytes, SIZE_MAX);
    stream_save(stream, &saver);
    assert_false(saver.full);
}

/* From a block of exactly these bytes, so that the sanitizer sees one too many. */
static struct stream *load(struct span bytes)
{
    struct loader loader;
    uint8_t code;
    char *copy = memory_alloc(bytes.len + 1);
    char *from = memory_resize(copy, bytes.len == 0 ? 1 : bytes.len);
    struct stream *stream = NULL;

    memcpy(from, bytes.bytes, bytes.len);
    loader_init(&loader, (struct span){ from, bytes.len });
    if (load_byte(&loader, &code) && type_by_code(code) == &type_stream) {
        stream = stream_load(code, &loader, &three);
        assert_true((stream == NULL) == (loader.why != NULL));
        assert_true(stream == NULL || loader.in.len == 0);
    }
    loader_fini(&loader);
    memory_free(from);
    return stream;
}

static void what_is_saved_comes_back(void **state)
{
    struct stream *stream = made();
    struct buf bytes, again;
    (void)state;

    save(stream, &bytes);
    struct stream *loaded = load(buf_span(&bytes));
    assert_non_null(loaded);
    assert_int_equal(loaded->length, ENTRIES - 1);
    assert_int_equal(loaded->blocks.count, 3);
    assert_int_equal(stream_group_find(loaded, SPAN("g"))->pending.count, 2);
    save(loaded, &again);
    assert_true(span_equal(buf_span(&bytes), buf_span(&again)));

    stream_free(stream);
    stream_free(loaded);
    buf_fini(&bytes);
    buf_fini(&again);
}

static void less_than_all_of_it_is_refused(void **state)
{
    struct stream *stream = made();
    struct buf bytes;
    (void)state;

    save(stream, &bytes);
    for (size_t len = 0; len < bytes.len; len++) {
        assert_null(load((struct span){ buf_span(&bytes).bytes, len }));
    }
    stream_free(stream);
    buf_fini(&bytes);
}

static void any_other_byte_is_refused_or_harmless(void **state)
{
    struct stream *stream = made();
    struct buf bytes;
    (void)state;

    save(stream, &bytes);
    char *at = bytes.bytes + bytes.start;
    for (size_t i = 1; i < bytes.len; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            struct loader loader;
            at[i] = (char)(at[i] ^ (char)BIT(bit));
            loader_init(&loader, span_skip(buf_span(&bytes), 1));
            struct stream *loaded = stream_load((uint8_t)at[0], &loader, &three);
            if (loaded != NULL) {
                stream_free(loaded);
            }
            loader_fini(&loader);
            at[i] = (char)(at[i] ^ (char)BIT(bit));
        }
    }
    stream_free(stream);
    buf_fini(&bytes);
}

/* --- lies, one at a time --- */

/* A stream of one entry, 5-0, and one group with one pending entry. */
struct told {
    uint64_t code, id_len;
    uint64_t blocks, length, last_ms, added;
    uint64_t groups;
    uint64_t pending, pending_ms;
    uint64_t consumers, of_consumer, of_consumer_ms;
};

static const struct told truth = { .code = 21,
                                   .id_len = STREAM_ID_BYTES,
                                   .blocks = 1,
                                   .length = 1,
                                   .last_ms = 5,
                                   .added = 1,
                                   .groups = 1,
                                   .pending = 1,
                                   .pending_ms = 5,
                                   .consumers = 1,
                                   .of_consumer = 1,
                                   .of_consumer_ms = 5 };

static void tell_raw_id(struct saver *saver, uint64_t ms)
{
    uint8_t id[STREAM_ID_BYTES];
    stream_id_write(id, (struct stream_id){ ms, 0 });
    save_raw(saver, (struct span){ (const char *)id, STREAM_ID_BYTES });
}

static void tell_group(struct saver *saver, const struct told *told)
{
    save_string(saver, SPAN("g"));
    save_len(saver, 5);
    save_len(saver, 0);
    if (told->code >= LATER) {
        save_len(saver, 1);
    }
    save_len(saver, told->pending);
    for (uint64_t i = 0; i < told->pending; i++) {
        tell_raw_id(saver, told->pending_ms);
        save_ms(saver, 7);
        save_len(saver, 1);
    }
    save_len(saver, told->consumers);
    for (uint64_t i = 0; i < told->consumers; i++) {
        save_string(saver, SPAN("c"));
        save_ms(saver, 8);
        if (told->code > LATER) {
            save_ms(saver, 9);
        }
        save_len(saver, told->of_consumer);
        for (uint64_t k = 0; k < told->of_consumer; k++) {
            tell_raw_id(saver, told->of_consumer_ms);
        }
    }
}

static struct stream *load_told(const struct told *told)
{
    struct span fields[] = { SPAN("f"), SPAN("v") };
    struct stream_block *block = stream_block_new((struct stream_id){ 5, 0 }, fields, 1, 0);
    struct buf bytes;
    buf_init(&bytes, SIZE_MAX);
    struct saver saver = { .out = &bytes };

    save_byte(&saver, (uint8_t)told->code);
    save_len(&saver, told->blocks);
    for (uint64_t i = 0; i < told->blocks; i++) {
        save_block(&saver, (struct span){ (const char *)block->id, told->id_len });
        save_block(&saver, (struct span){ (const char *)block->pack, listpack_bytes(block->pack) });
    }
    save_len(&saver, told->length);
    save_len(&saver, told->last_ms);
    save_len(&saver, 0);
    if (told->code >= LATER) {
        save_len(&saver, 5);
        save_len(&saver, 0);
        save_len(&saver, 0);
        save_len(&saver, 0);
        save_len(&saver, told->added);
    }
    save_len(&saver, told->groups);
    for (uint64_t i = 0; i < told->groups; i++) {
        tell_group(&saver, told);
    }
    struct stream *stream = load(buf_span(&bytes));
    buf_fini(&bytes);
    stream_block_free(block);
    return stream;
}

static void every_version_of_it_is_loaded(void **state)
{
    static const uint8_t codes[] = { FIRST, LATER, 21 };
    (void)state;

    for (size_t i = 0; i < COUNT(codes); i++) {
        struct told told = truth;
        told.code = codes[i];
        struct stream *stream = load_told(&told);
        assert_non_null(stream);
        assert_int_equal(stream->entries_added, 1);
        assert_int_equal(stream->first_id.ms, 5);
        const struct stream_group *group = stream_group_find(stream, SPAN("g"));
        assert_int_equal(group->entries_read, 1);
        assert_int_equal(stream_consumer_find(group, SPAN("c"))->active_at_ms,
                         codes[i] > LATER ? 9 : 8);
        stream_free(stream);
    }
}

/* One thing that is not as in `truth`. */
static const struct {
    size_t field;
    uint64_t value;
} lies[] = {
    { offsetof(struct told, code), 18 },          /* Of no stream. */
    { offsetof(struct told, id_len), 15 },        /* No id. */
    { offsetof(struct told, blocks), 2 },         /* The same twice. */
    { offsetof(struct told, blocks), 0 },         /* The length is wrong then. */
    { offsetof(struct told, length), 2 },         /* There is one entry. */
    { offsetof(struct told, last_ms), 4 },        /* The entry is behind it. */
    { offsetof(struct told, added), 0 },          /* Fewer than there are. */
    { offsetof(struct told, groups), 2 },         /* The same twice. */
    { offsetof(struct told, pending), 2 },        /* The same twice. */
    { offsetof(struct told, pending), 0 },        /* The consumer has one. */
    { offsetof(struct told, pending_ms), 0 },     /* No entry has this id. */
    { offsetof(struct told, consumers), 2 },      /* The same twice. */
    { offsetof(struct told, consumers), 0 },      /* The pending entry is nobody's. */
    { offsetof(struct told, of_consumer), 0 },    /* The same. */
    { offsetof(struct told, of_consumer), 2 },    /* Twice the consumer's. */
    { offsetof(struct told, of_consumer_ms), 6 }, /* That is not pending. */
};

static void lies_are_refused(void **state)
{
    (void)state;

    for (size_t i = 0; i < COUNT(lies); i++) {
        struct told told = truth;
        memcpy((char *)&told + lies[i].field, &lies[i].value, sizeof(lies[i].value));
        assert_null(load_told(&told));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_saved_comes_back),
        cmocka_unit_test(less_than_all_of_it_is_refused),
        cmocka_unit_test(any_other_byte_is_refused_or_harmless),
        cmocka_unit_test(every_version_of_it_is_loaded),
        cmocka_unit_test(lies_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
