/* FUNCTION RESTORE and FUNCTION LOAD of any bytes, checksums not looked at.
 *
 * A payload that is refused leaves everything as it was. One that is taken is dumped, and what was
 * dumped is taken again and dumped as the same bytes. A payload of codes that are likely to be
 * right is made of the input, too: its libraries are either all there afterwards, or none is. */

#include "cache/base/buf.h"
#include "cache/base/check.h"
#include "cache/cache.h"
#include "cache/script/function_dump.h"
#include "cache/script/functions.h"
#include "cache/script/host.h"

#include <stdio.h>

enum { BYTES_MAX = 4096, LOAD_MS = 1 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Each look at it is a long time later. */
static uint64_t late(void *context)
{
    *(uint64_t *)context += LOAD_MS + 1;
    return *(uint64_t *)context;
}

static void dump(const struct cache *cache, struct buf *out)
{
    buf_init(out, SIZE_MAX);
    bool fits = functions_dump(cache, out);
    assert(fits);
}

static void check_restore(struct cache *cache, struct span payload, enum restore_policy policy)
{
    struct buf before, after, again;

    dump(cache, &before);
    const char *why = functions_restore(cache, payload, policy, LOAD_MS);
    dump(cache, &after);
    if (why != NULL) {
        assert(why[0] != '\0');
        assert(span_equal(buf_span(&before), buf_span(&after)));
    } else {
        why = functions_restore(cache, buf_span(&after), RESTORE_FLUSH, LOAD_MS);
        assert(why == NULL);
        dump(cache, &again);
        assert(span_equal(buf_span(&after), buf_span(&again)));
        buf_fini(&again);
    }
    buf_fini(&before);
    buf_fini(&after);
}

/* Each byte is a library with a function or two. Loops are left to functions_load(). */
static void check_made(struct cache *cache, const uint8_t *data, size_t len)
{
    struct buf payload;
    char code[256];

    buf_init(&payload, SIZE_MAX);
    for (size_t i = 0; i < len && i < 8; i++) {
        snprintf(code, sizeof(code),
                 "#!lua name=l%u\nredis.register_function('f%u', function() end)\n"
                 "redis.register_function('g%u', function() return %u end)",
                 data[i] & 3u, data[i] >> 2 & 3u, data[i] >> 4 & 3u, data[i] >> 6);
        bool added = function_dump_add(&payload, span_from(code));
        assert(added);
    }
    bool ended = function_dump_end(&payload);
    assert(ended);
    check_restore(cache, buf_span(&payload), (enum restore_policy)(len % 3));
    buf_fini(&payload);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct cache_options options = { .databases = 1, .seed = 1 };
    uint64_t clock = 0;
    const struct script_host host = { .context = &clock, .clock_ms = late };

    if (len > BYTES_MAX) {
        return 0;
    }
    options.commands = command_table_new();
    struct cache *cache = cache_new(&options);
    struct span bytes = { (const char *)data, len };
    cache_set_script_host(cache, &host);
    cache_set_sum_checks(cache, false);
    check_made(cache, data, len);
    check_restore(cache, bytes, RESTORE_APPEND);
    functions_load(cache, bytes, true, LOAD_MS, NULL);
    check_made(cache, data + len / 2, len - len / 2);
    cache_free(cache);
    command_table_free((struct command_table *)(uintptr_t)options.commands);
    return 0;
}
