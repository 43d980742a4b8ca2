/* Counting and finding bits, eight bytes at a time.
 *
 * A range is cut into the bits before the first whole byte, the bytes, and the bits behind the
 * last; the first and the last are at most seven and are looked at one by one. */

#include "cache/base/bits.h"

#include "cache/base/check.h"

enum { BYTE_BITS = 8, WORD_BITS = 64, WORD_BYTES = 8 };

/* --- counting --- */

/* Where the processor may be one without an instruction for it, it is asked first. */
#if defined(__x86_64__)

__attribute__((target("popcnt"))) static uint64_t count_native(const char *bytes, size_t words)
{
    uint64_t count = 0;
    for (size_t i = 0; i < words; i++) {
        uint64_t word;
        memcpy(&word, bytes + i * WORD_BYTES, sizeof(word));
        count += (uint64_t)__builtin_popcountll(word);
    }
    return count;
}

static bool has_native(void)
{
    return __builtin_cpu_supports("popcnt");
}

#else

static uint64_t count_native(const char *bytes, size_t words)
{
    (void)bytes;
    (void)words;
    unreachable("has_native() says no");
}

static bool has_native(void)
{
    return false;
}

#endif

/* Sums of neighbours: of single bits, of pairs, of nibbles; the bytes' sums meet in the top one. */
static unsigned count_word(uint64_t word)
{
    word -= word >> 1 & UINT64_C(0x5555555555555555);
    word = (word & UINT64_C(0x3333333333333333)) + (word >> 2 & UINT64_C(0x3333333333333333));
    word = (word + (word >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
    return (unsigned)(word * UINT64_C(0x0101010101010101) >> 56);
}

static uint64_t count_portable(const char *bytes, size_t words)
{
    uint64_t count = 0;
    for (size_t i = 0; i < words; i++) {
        uint64_t word;
        memcpy(&word, bytes + i * WORD_BYTES, sizeof(word));
        count += count_word(word);
    }
    return count;
}

static uint64_t count_bytes(const char *bytes, size_t len)
{
    size_t words = len / WORD_BYTES;
    uint64_t count = has_native() ? count_native(bytes, words) : count_portable(bytes, words);

    for (size_t i = words * WORD_BYTES; i < len; i++) {
        count += count_word((unsigned char)bytes[i]);
    }
    return count;
}

/* One by one, of few. */
static uint64_t count_single(struct span text, uint64_t first, uint64_t end)
{
    uint64_t count = 0;
    for (uint64_t at = first; at < end; at++) {
        count += bits_is_set(text, at);
    }
    return count;
}

/* The whole bytes of a range, if there is one; else both are where it ends. */
static void whole_bytes(uint64_t first, uint64_t end, uint64_t *from, uint64_t *to)
{
    *from = (first + BYTE_BITS - 1) / BYTE_BITS * BYTE_BITS;
    *to = end / BYTE_BITS * BYTE_BITS;
    if (*from > *to) {
        *from = end;
        *to = end;
    }
}

uint64_t bits_count(struct span text, uint64_t first, uint64_t end)
{
    uint64_t from;
    uint64_t to;
    assert(first <= end);
    assert(end <= (uint64_t)text.len * BYTE_BITS);

    whole_bytes(first, end, &from, &to);
    uint64_t count = count_single(text, first, from) + count_single(text, to, end);
    if (from < to) {
        count += count_bytes(text.bytes + from / BYTE_BITS, (to - from) / BYTE_BITS);
    }
    return count;
}

/* --- finding --- */

static uint64_t find_single(struct span text, uint64_t first, uint64_t end, bool set)
{
    uint64_t at = first;
    while (at < end && bits_is_set(text, at) != set) {
        at++;
    }
    return at;
}

/* From the start of one byte to that of another: skips words in which there is none. */
static uint64_t find_bytes(struct span text, uint64_t from, uint64_t to, bool set)
{
    uint64_t none = set ? 0 : UINT64_MAX;

    for (; to - from >= WORD_BITS; from += WORD_BITS) {
        uint64_t word;
        memcpy(&word, text.bytes + from / BYTE_BITS, sizeof(word));
        if (word != none) {
            break;
        }
    }
    return find_single(text, from, to, set);
}

uint64_t bits_find(struct span text, uint64_t first, uint64_t end, bool set)
{
    uint64_t from;
    uint64_t to;
    assert(first <= end);
    assert(end <= (uint64_t)text.len * BYTE_BITS);

    whole_bytes(first, end, &from, &to);
    uint64_t at = find_single(text, first, from, set);
    if (at == from && from < to) {
        at = find_bytes(text, from, to, set);
    }
    return at < to ? at : find_single(text, at, end, set);
}

/* --- numbers --- */

uint64_t bits_read(struct span text, uint64_t at, unsigned width)
{
    uint64_t number = 0;
    assert(width > 0);
    assert(width <= WORD_BITS);

    for (unsigned done = 0; done < width;) {
        unsigned skip = (unsigned)((at + done) % BYTE_BITS);
        unsigned take = BYTE_BITS - skip < width - done ? BYTE_BITS - skip : width - done;
        uint64_t index = (at + done) / BYTE_BITS;
        unsigned byte = index < text.len ? (unsigned char)text.bytes[index] : 0;
        number = number << take | (byte >> (BYTE_BITS - skip - take) & ((1u << take) - 1));
        done += take;
    }
    return number;
}

void bits_write(char *text, uint64_t at, unsigned width, uint64_t number)
{
    assert(width > 0);
    assert(width <= WORD_BITS);

    for (unsigned left = width; left > 0;) {
        uint64_t place = at + (width - left);
        unsigned skip = (unsigned)(place % BYTE_BITS);
        unsigned take = BYTE_BITS - skip < left ? BYTE_BITS - skip : left;
        unsigned shift = BYTE_BITS - skip - take;
        unsigned mask = ((1u << take) - 1) << shift;
        unsigned piece = (unsigned)(number >> (left - take)) << shift & mask;
        unsigned byte = (unsigned char)text[place / BYTE_BITS];
        text[place / BYTE_BITS] = (char)((byte & ~mask) | piece);
        left -= take;
    }
}
