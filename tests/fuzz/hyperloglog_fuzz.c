/* HyperLogLogs whatever their bytes: nothing outside is read or written, and one whose registers
 * can be read stays one, with the registers that a plain array has.
 *
 * The first byte says how many of the others are the text, behind a good header; the rest are
 * elements of two bytes each: which register, and to what. */

#include "cache/base/check.h"
#include "cache/base/memory.h"
#include "cache/types/hyperloglog.h"

#include <stdint.h>

enum { SPARSE_MAX = 600 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* A copy in a block of exactly its size. */
static struct span exact(struct span header, const uint8_t *body, size_t len)
{
    char *bytes = memory_alloc(header.len + len);
    memcpy(bytes, header.bytes, header.len);
    if (len > 0) {
        memcpy(bytes + header.len, body, len);
    }
    return (struct span){ bytes, header.len + len };
}

static void raise_all(struct hll *hll, uint8_t *model, const uint8_t *data, size_t len)
{
    bool sound = model != NULL;

    for (size_t i = 0; i + 1 < len; i += 2) {
        size_t index = (size_t)data[i] * 64 + data[i + 1] % 64;
        unsigned count = data[i + 1] / 5 + 1;
        enum hll_result result = hll_raise(hll, index, count, SPARSE_MAX);
        assert(!sound || result != HLL_BROKEN);
        if (sound) {
            assert((result == HLL_CHANGED) == (count > model[index]));
            model[index] = (uint8_t)(count > model[index] ? count : model[index]);
        }
        if (result == HLL_BROKEN) {
            return;
        }
    }
}

static void check(struct span text, const uint8_t *data, size_t len)
{
    static uint8_t model[HLL_REGISTERS], after[HLL_REGISTERS];
    struct hll hll;
    struct buf told;
    char *room = memory_alloc(HLL_ROOM);

    memset(model, 0, sizeof(model));
    memset(after, 0, sizeof(after));
    bool sound = hll_join(model, text);
    (void)hll_estimate(model);
    buf_init(&told, 1 << 20);
    hll_tell_runs(text, &told);
    buf_fini(&told);
    if (hll_copy(&hll, room, text)) {
        raise_all(&hll, sound ? model : NULL, data, len);
        struct span raised = { hll.bytes, hll.len };
        assert(hll_is_one(raised));
        assert(!sound || hll_join(after, raised));
        assert(!sound || memcmp(model, after, sizeof(model)) == 0);
        assert(hll_make_dense(&hll) || !sound);
    }
    memory_free(room);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const struct span header = { "HYLL\x01\0\0\0\0\0\0\0\0\0\0\0", HLL_HEADER };

    if (len == 0) {
        return 0;
    }
    size_t body = data[0] < len - 1 ? data[0] : len - 1;
    struct span text = exact(header, data + 1, body);
    assert(hll_is_one(text));
    check(text, data + 1 + body, len - 1 - body);
    memory_free((void *)(uintptr_t)text.bytes);
    return 0;
}
