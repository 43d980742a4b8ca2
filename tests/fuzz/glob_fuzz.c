/* Glob patterns against the plainest matcher there is: a table of "the rest of the pattern
 * from i matches the rest of the text from j", filled from the back. The input is the
 * pattern, a line end, and the text. */

#include "cache/base/check.h"
#include "cache/base/glob.h"

#include <stdint.h>

enum { TOKENS_MAX = 64, TEXT_MAX = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* What one place of the pattern takes: a star any number of bytes, anything else one of a
 * set. */
struct token {
    bool star;
    bool takes[256];
};

static int lower(int byte)
{
    return byte >= 'A' && byte <= 'Z' ? byte + 32 : byte;
}

static void take(struct token *token, int from, int to, bool ignore_case)
{
    int low = from < to ? from : to, high = from < to ? to : from;
    if (ignore_case) {
        low = lower(low);
        high = lower(high);
    }
    for (int byte = 0; byte < 256; byte++) {
        int folded = ignore_case ? lower(byte) : byte;
        token->takes[byte] = token->takes[byte] || (folded >= low && folded <= high);
    }
}

static size_t read_set(struct span pattern, size_t at, struct token *token, bool ignore_case)
{
    const uint8_t *bytes = (const uint8_t *)pattern.bytes;
    bool negated = at < pattern.len && bytes[at] == '^';
    at += negated;
    while (at < pattern.len && bytes[at] != ']') {
        size_t left = pattern.len - at;
        if (left >= 2 && bytes[at] == '\\') {
            token->takes[bytes[at + 1]] = true; /* Escaped: its case counts. */
            at += 2;
        } else if (left >= 3 && bytes[at + 1] == '-') {
            take(token, bytes[at], bytes[at + 2], ignore_case);
            at += 3;
        } else {
            take(token, bytes[at], bytes[at], ignore_case);
            at += 1;
        }
    }
    for (int byte = 0; negated && byte < 256; byte++) {
        token->takes[byte] = !token->takes[byte];
    }
    return at < pattern.len ? at + 1 : at;
}

static size_t read_token(struct span pattern, size_t at, struct token *token, bool ignore_case)
{
    *token = (struct token){ .star = pattern.bytes[at] == '*' };
    switch (pattern.bytes[at]) {
    case '*':
        return at + 1;
    case '?':
        take(token, 0, 255, false);
        return at + 1;
    case '[':
        return read_set(pattern, at + 1, token, ignore_case);
    case '\\':
        at += at + 1 < pattern.len;
        break;
    default:
        break;
    }
    take(token, (uint8_t)pattern.bytes[at], (uint8_t)pattern.bytes[at], ignore_case);
    return at + 1;
}

static bool plainly(struct span pattern, struct span text, bool ignore_case)
{
    static struct token tokens[TOKENS_MAX];
    static bool matches[TOKENS_MAX + 1][TEXT_MAX + 1];
    size_t count = 0;
    if (text.len == 0) {
        return pattern.len == 0; /* As in Redis. */
    }
    for (size_t at = 0; at < pattern.len; count++) {
        at = read_token(pattern, at, &tokens[count], ignore_case);
    }
    for (size_t i = count + 1; i-- > 0;) {
        for (size_t j = text.len + 1; j-- > 0;) {
            if (i == count) {
                matches[i][j] = j == text.len;
            } else if (tokens[i].star) {
                matches[i][j] = matches[i + 1][j] || (j < text.len && matches[i][j + 1]);
            } else {
                matches[i][j] = j < text.len && tokens[i].takes[(uint8_t)text.bytes[j]] &&
                                matches[i + 1][j + 1];
            }
        }
    }
    return matches[0][0];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const uint8_t *line_end = len == 0 ? NULL : memchr(data, '\n', len);
    if (line_end == NULL) {
        return 0;
    }
    struct span pattern = { (const char *)data, (size_t)(line_end - data) };
    struct span text = { (const char *)line_end + 1, len - pattern.len - 1 };
    if (pattern.len > TOKENS_MAX || text.len > TEXT_MAX) {
        return 0;
    }
    assert(glob_match(pattern, text, false) == plainly(pattern, text, false));
    assert(glob_match(pattern, text, true) == plainly(pattern, text, true));
    return 0;
}
