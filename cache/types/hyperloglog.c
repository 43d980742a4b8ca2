/* HyperLogLogs.
 *
 * An element's hash names a register by its low 14 bits; the register keeps the largest count, over
 * all elements, of zeroes at the end of the other 50, plus one. The estimator is Otmar Ertl's (New
 * cardinality estimation algorithms for HyperLogLog sketches, arXiv:1702.01284, section 4), which
 * needs only how many registers have each value.
 *
 * dense   The registers one after the other, six bits each, lowest bits first.
 *
 * sparse  Runs of equal registers, in order:
 *
 *             | 00 len - 1: 6 |                    ZERO    1 …    64 that are 0
 *             | 01 len - 1: 14       |             XZERO   1 … 16384 that are 0
 *             | 1 value - 1: 5 len - 1: 2 |        VALUE   1 …     4 of 1 … 32
 *
 *         To raise a register its run is cut into up to three; then neighbours of the same value
 *         are joined where the result fits in one. How far that looks is part of the format in so
 *         far as the bytes shall be Redis's: five runs from the one before on. */

#include "cache/types/hyperloglog.h"

#include "cache/base/check.h"

#include <math.h>

enum {
    INDEX_BITS = 14,
    COUNT_BITS = 64 - INDEX_BITS,
    REGISTER_BITS = 6,
    REGISTER_MAX = 63,
    AT_ENCODING = 4,
    AT_CARDINALITY = 8,
    DENSE = 0,
    SPARSE = 1,
    ZERO_MAX = 64,
    VALUE_MAX = 32,
    VALUE_LEN_MAX = 4,
    PIECES_BYTES = 5, /* Of a run that was cut: XZERO, VALUE, XZERO. */
    JOIN_RUNS = 5,
};

static_assert(1 << INDEX_BITS == HLL_REGISTERS, "an index names a register");

/* --- the hash: Austin Appleby's MurmurHash64A --- */

static uint64_t murmur(struct span bytes)
{
    static const uint64_t m = UINT64_C(0xc6a4a7935bd1e995);
    const unsigned r = 47;
    uint64_t hash = UINT64_C(0xadc83b19) ^ (bytes.len * m);

    for (; bytes.len >= sizeof(uint64_t); bytes = span_skip(bytes, sizeof(uint64_t))) {
        uint64_t word;
        memcpy(&word, bytes.bytes, sizeof(word));
        word *= m;
        word ^= word >> r;
        word *= m;
        hash = (hash ^ word) * m;
    }
    if (bytes.len > 0) {
        uint64_t word = 0;
        memcpy(&word, bytes.bytes, bytes.len);
        hash = (hash ^ word) * m;
    }
    hash ^= hash >> r;
    hash *= m;
    return hash ^ hash >> r;
}

/* --- the header --- */

static unsigned byte_at(struct span text, size_t at)
{
    return (unsigned char)text.bytes[at];
}

bool hll_is_dense(struct span text)
{
    return byte_at(text, AT_ENCODING) == DENSE;
}

bool hll_is_one(struct span text)
{
    if (text.len < HLL_HEADER || memcmp(text.bytes, "HYLL", 4) != 0 ||
        byte_at(text, AT_ENCODING) > SPARSE) {
        return false;
    }
    return !hll_is_dense(text) || text.len == HLL_DENSE_BYTES;
}

static struct span text_of(const struct hll *hll)
{
    return (struct span){ hll->bytes, hll->len };
}

/* The registers, however they are written. */
static struct span body_of(struct span text)
{
    assert(hll_is_one(text));
    return span_skip(text, HLL_HEADER);
}

bool hll_cached(struct span text, uint64_t *cardinality)
{
    memcpy(cardinality, text.bytes + AT_CARDINALITY, sizeof(*cardinality));
    return *cardinality >> 63 == 0;
}

void hll_set_cached(struct hll *hll, uint64_t cardinality)
{
    memcpy(hll->bytes + AT_CARDINALITY, &cardinality, sizeof(cardinality));
}

void hll_forget_cached(struct hll *hll)
{
    uint64_t cardinality;
    (void)hll_cached(text_of(hll), &cardinality);
    hll_set_cached(hll, cardinality | UINT64_C(1) << 63);
}

/* --- dense registers --- */

static unsigned dense_get(const char *body, size_t index)
{
    size_t bit = index * REGISTER_BITS;
    unsigned low = (unsigned char)body[bit / 8];
    unsigned shift = bit % 8;
    /* The last register ends with the last byte. */
    unsigned high = shift > 8 - REGISTER_BITS ? (unsigned char)body[bit / 8 + 1] : 0;
    return (low | high << 8) >> shift & REGISTER_MAX;
}

static void dense_put(char *body, size_t index, unsigned count)
{
    size_t bit = index * REGISTER_BITS;
    unsigned shift = bit % 8;
    unsigned mask = (unsigned)REGISTER_MAX << shift;
    unsigned bits = count << shift;

    body[bit / 8] = (char)(((unsigned char)body[bit / 8] & ~mask) | bits);
    if (shift > 8 - REGISTER_BITS) {
        body[bit / 8 + 1] = (char)(((unsigned char)body[bit / 8 + 1] & ~(mask >> 8)) | bits >> 8);
    }
}

/* --- runs --- */

enum run_kind { RUN_ZERO, RUN_XZERO, RUN_VALUE };

struct run {
    enum run_kind kind;
    size_t len;     /* Registers. */
    unsigned value; /* Of each. */
    size_t bytes;
};

/* The run at an offset of a sparse body; false at its end, or if a byte is missing. */
static bool run_read(struct span body, size_t at, struct run *run)
{
    if (at >= body.len) {
        return false;
    }
    unsigned first = byte_at(body, at);
    if (first & 0x80) {
        *run = (struct run){ RUN_VALUE, (first & 3) + 1, (first >> 2 & 31) + 1, 1 };
        return true;
    }
    if (!(first & 0x40)) {
        *run = (struct run){ RUN_ZERO, (first & 63) + 1, 0, 1 };
        return true;
    }
    if (at + 1 >= body.len) {
        return false;
    }
    *run = (struct run){ RUN_XZERO, ((first & 63) << 8 | byte_at(body, at + 1)) + 1, 0, 2 };
    return true;
}

/* Each adds a run, of at least one register, and returns how many bytes that takes. */

static size_t write_value(char *out, unsigned value, size_t len)
{
    assert(len <= VALUE_LEN_MAX);
    *out = (char)(0x80 | (value - 1) << 2 | (unsigned)(len - 1));
    return 1;
}

static size_t write_zeroes(char *out, size_t len)
{
    if (len <= ZERO_MAX) {
        *out = (char)(len - 1);
        return 1;
    }
    out[0] = (char)(0x40 | (len - 1) >> 8);
    out[1] = (char)((len - 1) & 0xff);
    return 2;
}

static size_t write_like(char *out, const struct run *run, size_t len)
{
    if (len == 0) {
        return 0;
    }
    return run->kind == RUN_VALUE ? write_value(out, run->value, len) : write_zeroes(out, len);
}

/* --- making one --- */

void hll_init(struct hll *hll, char room[HLL_ROOM])
{
    memset(room, 0, HLL_HEADER);
    memcpy(room, "HYLL", 4);
    room[AT_ENCODING] = SPARSE;
    *hll = (struct hll){ room, HLL_HEADER + write_zeroes(room + HLL_HEADER, HLL_REGISTERS) };
}

bool hll_copy(struct hll *hll, char room[HLL_ROOM], struct span text)
{
    if (text.len > HLL_ROOM) {
        return false;
    }
    memcpy(room, text.bytes, text.len);
    *hll = (struct hll){ room, text.len };
    return true;
}

/* --- joining --- */

static bool join_sparse(uint8_t registers[HLL_REGISTERS], struct span body)
{
    size_t index = 0;
    size_t at = 0;
    struct run run;

    for (; run_read(body, at, &run); at += run.bytes) {
        if (run.len > HLL_REGISTERS - index) {
            return false;
        }
        for (size_t end = index + run.len; index < end; index++) {
            registers[index] =
                (uint8_t)(run.value > registers[index] ? run.value : registers[index]);
        }
    }
    return at == body.len && index == HLL_REGISTERS;
}

bool hll_join(uint8_t registers[HLL_REGISTERS], struct span text)
{
    struct span body = body_of(text);
    if (!hll_is_dense(text)) {
        return join_sparse(registers, body);
    }
    for (size_t i = 0; i < HLL_REGISTERS; i++) {
        unsigned count = dense_get(body.bytes, i);
        registers[i] = (uint8_t)(count > registers[i] ? count : registers[i]);
    }
    return true;
}

bool hll_make_dense(struct hll *hll)
{
    uint8_t registers[HLL_REGISTERS] = { 0 };

    if (hll_is_dense(text_of(hll))) {
        return true;
    }
    if (!hll_join(registers, text_of(hll))) {
        return false;
    }
    hll->bytes[AT_ENCODING] = DENSE;
    hll->len = HLL_DENSE_BYTES;
    memset(hll->bytes + HLL_HEADER, 0, HLL_DENSE_BYTES - HLL_HEADER);
    for (size_t i = 0; i < HLL_REGISTERS; i++) {
        dense_put(hll->bytes + HLL_HEADER, i, registers[i]);
    }
    return true;
}

/* --- raising a register --- */

static enum hll_result raise_dense(struct hll *hll, size_t index, unsigned count)
{
    char *body = hll->bytes + HLL_HEADER;
    if (dense_get(body, index) >= count) {
        return HLL_SAME;
    }
    dense_put(body, index, count);
    return HLL_CHANGED;
}

static enum hll_result promote(struct hll *hll, size_t index, unsigned count)
{
    return hll_make_dense(hll) ? raise_dense(hll, index, count) : HLL_BROKEN;
}

/* Where a register is in a sparse body. */
struct place {
    size_t before; /* Offset of the run before its own, or of its own if that is the first. */
    size_t at;     /* Offset of its run, */
    struct run run;
    size_t first; /* and the first register of that. */
};

static bool place_find(struct span body, size_t index, struct place *place)
{
    *place = (struct place){ 0 };
    while (run_read(body, place->at, &place->run)) {
        if (index - place->first < place->run.len) {
            return true;
        }
        place->before = place->at;
        place->at += place->run.bytes;
        place->first += place->run.len;
        if (place->first > index) {
            return false;
        }
    }
    return false;
}

/* Joins neighbours of the same value, from an offset on. */
static void join_runs(struct hll *hll, size_t at)
{
    struct run run;
    struct run next;

    for (int looked_at = 0; looked_at < JOIN_RUNS; looked_at++) {
        struct span body = body_of(text_of(hll));
        if (!run_read(body, at, &run)) {
            return;
        }
        bool joins = run.kind == RUN_VALUE && run_read(body, at + 1, &next) &&
                     next.kind == RUN_VALUE && next.value == run.value &&
                     run.len + next.len <= VALUE_LEN_MAX;
        if (!joins) {
            at += run.bytes;
            continue;
        }
        char *here = hll->bytes + HLL_HEADER + at;
        write_value(here + 1, run.value, run.len + next.len);
        memmove(here, here + 1, body.len - at - 1);
        hll->len--;
    }
}

static enum hll_result raise_sparse(struct hll *hll, size_t index, unsigned count,
                                    uint64_t sparse_max)
{
    struct place place;
    char pieces[PIECES_BYTES];

    if (count > VALUE_MAX) {
        return promote(hll, index, count);
    }
    if (!place_find(body_of(text_of(hll)), index, &place)) {
        return HLL_BROKEN;
    }
    const struct run *run = &place.run;
    if (run->value >= count) {
        return HLL_SAME;
    }
    size_t ahead = index - place.first;
    size_t len = write_like(pieces, run, ahead);
    len += write_value(pieces + len, count, 1);
    len += write_like(pieces + len, run, run->len - ahead - 1);

    uint64_t max = sparse_max < HLL_ROOM ? sparse_max : HLL_ROOM;
    if (len > run->bytes && hll->len + len - run->bytes > max) {
        return promote(hll, index, count);
    }
    char *here = hll->bytes + HLL_HEADER + place.at;
    size_t behind = hll->len - HLL_HEADER - place.at - run->bytes;
    memmove(here + len, here + run->bytes, behind);
    memcpy(here, pieces, len);
    hll->len = hll->len + len - run->bytes;
    join_runs(hll, place.before);
    return HLL_CHANGED;
}

enum hll_result hll_raise(struct hll *hll, size_t index, unsigned count, uint64_t sparse_max)
{
    assert(index < HLL_REGISTERS);
    assert(count <= REGISTER_MAX);
    return hll_is_dense(text_of(hll)) ? raise_dense(hll, index, count)
                                      : raise_sparse(hll, index, count, sparse_max);
}

enum hll_result hll_add(struct hll *hll, struct span element, uint64_t sparse_max)
{
    uint64_t hash = murmur(element);
    size_t index = hash & (HLL_REGISTERS - 1);
    /* One more bit, so that there always is one that is set. */
    uint64_t rest = hash >> INDEX_BITS | UINT64_C(1) << COUNT_BITS;
    unsigned count = (unsigned)__builtin_ctzll(rest) + 1;
    return hll_raise(hll, index, count, sparse_max);
}

/* --- estimating --- */

static double sigma(double x)
{
    double sum = x;
    double before;
    double weight = 1;

    if (x == 1) {
        return INFINITY;
    }
    do {
        x *= x;
        before = sum;
        sum += x * weight;
        weight += weight;
    } while (sum != before);
    return sum;
}

static double tau(double x)
{
    double sum = 1 - x;
    double before;
    double weight = 1;

    if (x == 0 || x == 1) {
        return 0;
    }
    do {
        x = sqrt(x);
        before = sum;
        weight *= 0.5;
        sum -= (1 - x) * (1 - x) * weight;
    } while (sum != before);
    return sum / 3;
}

uint64_t hll_estimate(const uint8_t registers[HLL_REGISTERS])
{
    static const double alpha = 0.721347520444481703680; /* 1 / (2 ln 2) */
    const double m = HLL_REGISTERS;
    unsigned with[REGISTER_MAX + 1] = { 0 };

    for (size_t i = 0; i < HLL_REGISTERS; i++) {
        with[registers[i]]++;
    }
    double z = m * tau((m - with[COUNT_BITS + 1]) / m);
    for (size_t count = COUNT_BITS; count >= 1; count--) {
        z = (z + with[count]) * 0.5;
    }
    z += m * sigma(with[0] / m);
    return (uint64_t)llroundl(alpha * m * m / z);
}

/* --- telling --- */

void hll_tell_runs(struct span text, struct buf *out)
{
    struct span body = body_of(text);
    struct run run;

    for (size_t at = 0; run_read(body, at, &run); at += run.bytes) {
        const char *space = at == 0 ? "" : " ";
        if (run.kind == RUN_VALUE) {
            buf_addf(out, "%sv:%u,%zu", space, run.value, run.len);
        } else {
            buf_addf(out, "%s%c:%zu", space, run.kind == RUN_ZERO ? 'z' : 'Z', run.len);
        }
    }
}
