/* A request's words as bytes: an array of bulks. */

#include "proxy/peers/words.h"

#include "cache/base/check.h"
#include "cache/base/memory.h"
#include "proxy/peers/walk.h"

static size_t digits(size_t number)
{
    size_t count = 1;

    for (; number >= 10; number /= 10) {
        count++;
    }
    return count;
}

static char *put_head(char *to, char kind, size_t number)
{
    char *last = to + digits(number);

    *to = kind;
    to = last + 1;
    do {
        *last-- = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    *to++ = '\r';
    *to++ = '\n';
    return to;
}

size_t words_len(const struct span *argv, size_t argc)
{
    size_t len = 1 + digits(argc) + 2;

    for (size_t i = 0; i < argc; i++) {
        len += 1 + digits(argv[i].len) + 2 + argv[i].len + 2;
    }
    return len;
}

void words_put(char *room, const struct span *argv, size_t argc)
{
    room = put_head(room, '*', argc);
    for (size_t i = 0; i < argc; i++) {
        room = put_head(room, '$', argv[i].len);
        if (argv[i].len > 0) {
            memcpy(room, argv[i].bytes, argv[i].len);
        }
        room += argv[i].len;
        *room++ = '\r';
        *room++ = '\n';
    }
}

struct span *words_take(struct span bytes, size_t *argc)
{
    struct element element;
    bool good = walk_head(&bytes, &element);

    assert(good);
    *argc = element.count;
    struct span *words = memory_alloc((*argc + 1) * sizeof(*words));
    for (size_t i = 0; i < *argc; i++) {
        good = walk_head(&bytes, &element);
        assert(good);
        words[i] = element.text;
    }
    return words;
}
