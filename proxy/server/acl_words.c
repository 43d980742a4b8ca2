/* Rules in many words. */

#include "proxy/server/acl_words.h"

#include "cache/base/check.h"

static bool opens(struct span word)
{
    return word.len > 0 && word.bytes[0] == '(' && word.bytes[word.len - 1] != ')';
}

static bool closes(struct span word)
{
    return word.len > 0 && word.bytes[word.len - 1] == ')';
}

size_t acl_words_unclosed(const struct span *argv, size_t argc)
{
    size_t opened = argc;

    for (size_t at = 0; at < argc; at++) {
        if (opened == argc && opens(argv[at])) {
            opened = at;
        } else if (opened < argc && closes(argv[at])) {
            opened = argc;
        }
    }
    return opened;
}

void acl_words_init(struct acl_words *words, const struct span *argv, size_t argc)
{
    *words = (struct acl_words){ .words = argv, .count = argc };
    buf_init(&words->joined, SIZE_MAX / 2);
}

void acl_words_fini(struct acl_words *words)
{
    buf_fini(&words->joined);
}

bool acl_words_next(struct acl_words *words, struct span *rule)
{
    if (words->at == words->count) {
        return false;
    }
    *rule = words->words[words->at++];
    if (!opens(*rule)) {
        return true;
    }
    buf_cut(&words->joined, 0);
    buf_add(&words->joined, *rule);
    do {
        assert(words->at < words->count);
        *rule = words->words[words->at++];
        buf_add(&words->joined, SPAN(" "));
        buf_add(&words->joined, *rule);
    } while (!closes(*rule));
    *rule = buf_span(&words->joined);
    return true;
}
