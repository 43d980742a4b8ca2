/* The radix tree against the plainest model there is: a flag for each key there can be. Keys are
 * words of up to six of four letters; the input is a command byte and a key, again and again. */

#include "cache/base/check.h"
#include "cache/base/memory.h"
#include "cache/ds/radix.h"

enum { LEN_MAX = 6, LETTERS = 4, WORDS = 8192 };

struct word {
    uint16_t len; /* So that words lie at even addresses. */
    char letters[LEN_MAX];
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static struct span key_of(const void *item)
{
    const struct word *word = item;
    return (struct span){ word->letters, word->len };
}

/* All words in the order of the tree, once. Each is known by its place in this list. */
static struct word words[WORDS];
static size_t word_count;

static void list_words(void)
{
    struct word word = { 0 };
    /* Depth first: a letter more if there is room, else the next one of the last letter. */
    while (true) {
        words[word_count++] = word;
        assert(word_count < WORDS);
        if (word.len < LEN_MAX) {
            word.letters[word.len++] = 0;
            continue;
        }
        while (word.len > 0 && word.letters[word.len - 1] == LETTERS - 1) {
            word.len--;
        }
        if (word.len == 0) {
            return;
        }
        word.letters[word.len - 1]++;
    }
}

static size_t place_of(struct span key)
{
    size_t low = 0;
    size_t high = word_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (span_compare(key_of(&words[middle]), key) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    assert(low < word_count);
    return low;
}

static bool present[WORDS];
static size_t present_count;

static const void *next(size_t at)
{
    while (at < word_count && !present[at]) {
        at++;
    }
    return at < word_count ? &words[at] : NULL;
}

static const void *previous(size_t at)
{
    while (at > 0 && !present[at - 1]) {
        at--;
    }
    return at > 0 ? &words[at - 1] : NULL;
}

static void check(const struct radix *tree, size_t at)
{
    struct span key = key_of(&words[at]);
    assert(radix_find(tree, key) == (present[at] ? &words[at] : NULL));
    assert(radix_at_or_after(tree, key) == next(at));
    assert(radix_after(tree, key) == next(at + 1));
    assert(radix_at_or_before(tree, key) == previous(at + 1));
    assert(radix_before(tree, key) == previous(at));
    assert(radix_first(tree) == next(0));
    assert(radix_last(tree) == previous(word_count));
    assert(tree->count == present_count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct radix tree;

    if (word_count == 0) {
        list_words();
    }
    memset(present, 0, sizeof(present));
    present_count = 0;
    radix_init(&tree, key_of);
    for (size_t i = 0; i + 3 <= len; i += 3) {
        struct word word = { .len = data[i] / 4 % (LEN_MAX + 1) };
        unsigned letters = (unsigned)data[i + 1] << 8 | data[i + 2];
        for (size_t k = 0; k < word.len; k++) {
            word.letters[k] = (char)(letters >> 2 * k & (LETTERS - 1));
        }
        size_t at = place_of(key_of(&word));
        if (data[i] % 4 == 0) {
            const void *removed = radix_remove(&tree, key_of(&word));
            assert(removed == (present[at] ? &words[at] : NULL));
            present_count -= present[at];
            present[at] = false;
        } else if (data[i] % 4 < 3 && !present[at]) {
            present[at] = true;
            present_count++;
            radix_add(&tree, &words[at]);
        }
        check(&tree, at);
    }
    radix_fini(&tree, NULL);
    return 0;
}
