/* However the bytes are cut up by the network, the requests are the same, and so is the
 * error that ends them. */

#include "cache/base/hash.h"
#include "cache/base/memory.h"
#include "proxy/protocol/resp_reader.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct result {
    enum err err;
    size_t requests, args, used;
    uint64_t digest; /* Of all arguments, in order. */
    char error[RESP_ERROR_MAX];
};

static void take(struct result *result, const struct resp_args *args)
{
    result->requests++;
    result->args += args->count;
    for (size_t i = 0; i < args->count; i++) {
        result->digest = hash_bytes(args->spans[i], result->digest + args->spans[i].len);
    }
}

/* Each time more has come it lies elsewhere, in a block that ends where it ends. */
static struct result read_all(struct span in, const struct resp_limits *limits, size_t step)
{
    struct result result = { .err = ERR_MORE };
    struct resp_reader reader = { 0 };
    struct resp_args args = { 0 };
    size_t end = 0;

    while (result.err == ERR_MORE && end < in.len) {
        end = in.len - end < step ? in.len : end + step;
        size_t len = end - result.used;
        char *copy = memory_alloc(len);
        memcpy(copy, in.bytes + result.used, len);
        struct span seen = { copy, len };
        size_t used;
        while ((result.err = resp_read(&reader, limits, seen, &args, &used)) == ERR_OK) {
            if (used == 0 || used > seen.len) {
                abort();
            }
            take(&result, &args);
            resp_args_clear(&args);
            seen = span_skip(seen, used);
            result.used += used;
        }
        memory_free(copy);
    }
    if (result.err != ERR_MORE) {
        resp_reader_error(&reader, result.error);
    }
    resp_reader_fini(&reader);
    resp_args_fini(&args);
    return result;
}

static void must_be_equal(const struct result *a, const struct result *b)
{
    if (a->err != b->err || a->requests != b->requests || a->args != b->args ||
        a->used != b->used || a->digest != b->digest || strcmp(a->error, b->error) != 0) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span in = { (const char *)data, size };
    size_t step = size == 0 ? 1 : 1 + data[size - 1] % 31;

    for (int authenticated = 0; authenticated < 2; authenticated++) {
        struct resp_limits limits = { .bulk_max = 1000, .authenticated = authenticated };
        struct result whole = read_all(in, &limits, size + 1);
        struct result drops = read_all(in, &limits, 1);
        struct result steps = read_all(in, &limits, step);
        must_be_equal(&whole, &drops);
        must_be_equal(&whole, &steps);
    }
    return 0;
}
