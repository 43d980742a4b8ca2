/* Glob patterns, without recursion: a star is tried again from one byte further only until
 * the next star, because an earlier star can never do better than a later one. That bounds
 * the time by the product of the two lengths, whoever wrote the pattern. */

#include "cache/base/glob.h"

static unsigned char folded(char byte, bool ignore_case)
{
    unsigned char c = (unsigned char)byte;
    return ignore_case && c >= 'A' && c <= 'Z' ? (unsigned char)(c + 32) : c;
}

/* The ends may be given in either order; it is decided before their case is ignored, as in
 * Redis. */
static bool in_range(unsigned char wanted, char first, char last, bool ignore_case)
{
    bool swapped = (unsigned char)first > (unsigned char)last;
    unsigned char from = folded(swapped ? last : first, ignore_case);
    unsigned char to = folded(swapped ? first : last, ignore_case);
    return wanted >= from && wanted <= to;
}

/* Matches one byte against the set that begins behind the bracket at *at, and moves *at
 * behind the set. A set that is never closed ends with the pattern. */
static bool set_has(struct span pattern, size_t *at, char byte, bool ignore_case)
{
    unsigned char wanted = folded(byte, ignore_case);
    size_t i = *at + 1;
    bool negated = i < pattern.len && pattern.bytes[i] == '^';
    bool found = false;

    for (i += negated; i < pattern.len && pattern.bytes[i] != ']'; i++) {
        if (pattern.bytes[i] == '\\' && i + 1 < pattern.len) {
            i++;
            found |= pattern.bytes[i] == byte;
        } else if (i + 2 < pattern.len && pattern.bytes[i + 1] == '-') {
            found |= in_range(wanted, pattern.bytes[i], pattern.bytes[i + 2], ignore_case);
            i += 2;
        } else {
            found |= folded(pattern.bytes[i], ignore_case) == wanted;
        }
    }
    *at = i < pattern.len ? i + 1 : i;
    return found != negated;
}

/* Matches one byte against what stands at *at, which is no star, and moves *at behind it. */
static bool one_matches(struct span pattern, size_t *at, char byte, bool ignore_case)
{
    switch (pattern.bytes[*at]) {
    case '?':
        ++*at;
        return true;
    case '[':
        return set_has(pattern, at, byte, ignore_case);
    case '\\':
        if (*at + 1 < pattern.len) {
            ++*at;
        }
        break;
    default:
        break;
    }
    unsigned char wanted = folded(pattern.bytes[*at], ignore_case);
    ++*at;
    return wanted == folded(byte, ignore_case);
}

bool glob_match(struct span pattern, struct span text, bool ignore_case)
{
    size_t at = 0, i = 0;
    size_t star = pattern.len; /* Behind the last star seen, and what it has swallowed up to. */
    size_t swallowed = 0;
    bool starred = false;

    if (text.len == 0) {
        return pattern.len == 0; /* As in Redis, where even a star wants something. */
    }
    while (i < text.len) {
        if (at < pattern.len && pattern.bytes[at] == '*') {
            starred = true;
            star = ++at;
            swallowed = i;
        } else if (at < pattern.len && one_matches(pattern, &at, text.bytes[i], ignore_case)) {
            i++;
        } else if (starred) {
            at = star;
            i = ++swallowed;
        } else {
            return false;
        }
    }
    while (at < pattern.len && pattern.bytes[at] == '*') {
        at++;
    }
    return at == pattern.len;
}
