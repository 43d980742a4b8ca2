/* DUMP payloads of every type: any bytes are refused, or they are a value with which everything
 * that the store does with values can be done, and which comes back from its own payload.
 *
 * The input is the type byte and the body; the footer is added, since no fuzzer guesses it. */

#include "cache/base/check.h"
#include "cache/base/memory.h"
#include "cache/persist/dump.h"

#include <stdint.h>

enum { PAYLOAD_MAX = 1 << 26 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void *read_body(struct span body, const struct type **type)
{
    static const char footer[DUMP_FOOTER] = { DUMP_VERSION };
    const char *why;
    /* Exactly as long as it is, so that the sanitizer sees a byte too many. */
    char *payload = memory_alloc(body.len + DUMP_FOOTER);

    if (body.len > 0) {
        memcpy(payload, body.bytes, body.len);
    }
    memcpy(payload + body.len, footer, DUMP_FOOTER);
    struct span all = { payload, body.len + DUMP_FOOTER };
    assert(dump_is_intact(all, false));
    void *value = dump_read(all, &type_limits_default, type, &why);
    assert((value == NULL) == (why != NULL));
    memory_free(payload);
    return value;
}

static struct digest digest_of(const struct type *type, const void *value)
{
    struct digest sum = { 0 };
    type->digest(value, &sum);
    return sum;
}

static void count_bytes(void *context, const struct span *argv, size_t argc)
{
    size_t *bytes = context;
    assert(argc > 1);
    for (size_t i = 0; i < argc; i++) {
        *bytes += argv[i].len;
        /* Each is looked at, so that the sanitizer sees what is not there. */
        for (size_t at = 0; at < argv[i].len; at++) {
            *bytes += argv[i].bytes[at] == '\n';
        }
    }
}

/* Flat values are asked where they would lie: at any alignment. */
static void check_settled(const struct type *type, const void *value, const struct digest *sum)
{
    size_t size = type->settled_size == NULL ? 0 : type->settled_size(value);
    if (size == 0) {
        return;
    }
    assert(size <= type->embed_max);
    char *room = memory_alloc(size + 1);
    type->settle(value, room + 1);
    assert(type->size(room + 1) == size);
    struct digest settled = digest_of(type, room + 1);
    assert(memcmp(&settled, sum, sizeof(settled)) == 0);
    memory_free(room);
}

static void check_copy(const struct type *type, const void *value, const struct digest *sum)
{
    void *copy = type->copy(value);
    struct digest copied = digest_of(type, copy);
    assert(memcmp(&copied, sum, sizeof(copied)) == 0);
    type->free(copy);
}

static void check_again(const struct type *type, const void *value, const struct digest *sum)
{
    struct buf out;
    const struct type *again_type;
    const char *why;

    buf_init(&out, PAYLOAD_MAX);
    if (dump_write(&out, type, value)) {
        assert(dump_is_intact(buf_span(&out), true));
        void *again = dump_read(buf_span(&out), &type_limits_default, &again_type, &why);
        assert(again != NULL);
        assert(again_type == type);
        struct digest back = digest_of(type, again);
        assert(memcmp(&back, sum, sizeof(back)) == 0);
        type->free(again);
    }
    buf_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const struct type *type;
    size_t bytes = 0;

    void *value = read_body((struct span){ (const char *)data, len }, &type);
    if (value == NULL) {
        return 0;
    }
    struct digest sum = digest_of(type, value);
    assert(type->encoding(value) != NULL);
    assert(type->effort(value) > 0);
    (void)type->memory(value);
    type->rewrite(SPAN("key"), value, count_bytes, &bytes);
    check_settled(type, value, &sum);
    check_copy(type, value, &sum);
    check_again(type, value, &sum);
    type->free(value);
    return 0;
}
