/* Which events are told: a letter, a bit. */

#include "config/events.h"

#include "cache/base/check.h"

#include <string.h>

static const struct {
    char letter;
    uint32_t bit;
} classes[] = {
    { 'g', 1 << 2 }, { '$', 1 << 3 }, { 'l', 1 << 4 }, { 's', 1 << 5 },  { 'h', 1 << 6 },
    { 'z', 1 << 7 }, { 'x', 1 << 8 }, { 'e', 1 << 9 }, { 't', 1 << 10 }, { 'd', 1 << 13 },
};

/* Those that "A" does not stand for. */
enum { KEY_MISS = 1 << 11, NEW = 1 << 14 };

static uint32_t all(void)
{
    uint32_t bits = 0;
    for (size_t i = 0; i < COUNT(classes); i++) {
        bits |= classes[i].bit;
    }
    return bits;
}

static uint32_t bit_of(char letter)
{
    switch (letter) {
    case 'A':
        return all();
    case 'K':
        return EVENTS_KEYSPACE;
    case 'E':
        return EVENTS_KEYEVENT;
    case 'm':
        return KEY_MISS;
    case 'n':
        return NEW;
    default:
        break;
    }
    for (size_t i = 0; i < COUNT(classes); i++) {
        if (classes[i].letter == letter) {
            return classes[i].bit;
        }
    }
    return 0;
}

bool events_parse(const char *text, uint32_t *events)
{
    uint32_t bits = 0;

    for (; *text != '\0'; text++) {
        uint32_t bit = bit_of(*text);
        if (bit == 0) {
            return false;
        }
        bits |= bit;
    }
    *events = bits;
    return true;
}

void events_print(uint32_t events, char text[EVENTS_TEXT_MAX])
{
    size_t len = 0;

    if ((events & all()) == all()) {
        text[len++] = 'A';
    } else {
        for (size_t i = 0; i < COUNT(classes); i++) {
            if (events & classes[i].bit) {
                text[len++] = classes[i].letter;
            }
        }
        if (events & NEW) {
            text[len++] = 'n';
        }
    }
    if (events & EVENTS_KEYSPACE) {
        text[len++] = 'K';
    }
    if (events & EVENTS_KEYEVENT) {
        text[len++] = 'E';
    }
    if (events & KEY_MISS) {
        text[len++] = 'm';
    }
    assert(len < EVENTS_TEXT_MAX);
    text[len] = '\0';
}
