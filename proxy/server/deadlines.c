/* Times at which something is due, the earliest first. */

#include "proxy/server/deadlines.h"

#include "cache/base/check.h"
#include "cache/base/memory.h"

enum { ROOM_FIRST = 16 };

void deadlines_fini(struct deadlines *deadlines)
{
    memory_free(deadlines->nodes);
    *deadlines = (struct deadlines){ 0 };
}

static void put(struct deadlines *deadlines, size_t place, struct deadline *node)
{
    deadlines->nodes[place - 1] = node;
    node->place = place;
}

static struct deadline *at(const struct deadlines *deadlines, size_t place)
{
    return deadlines->nodes[place - 1];
}

/* Moves a node from its place towards the top while it is due before the one above. */
static void rise(struct deadlines *deadlines, struct deadline *node)
{
    size_t place = node->place;

    while (place > 1 && node->at_ms < at(deadlines, place / 2)->at_ms) {
        put(deadlines, place, at(deadlines, place / 2));
        place /= 2;
    }
    put(deadlines, place, node);
}

/* Moves it away from the top while one of the two below is due before it. */
static void sink(struct deadlines *deadlines, struct deadline *node)
{
    size_t place = node->place;

    for (size_t below; (below = place * 2) <= deadlines->count; place = below) {
        if (below < deadlines->count &&
            at(deadlines, below + 1)->at_ms < at(deadlines, below)->at_ms) {
            below++;
        }
        if (at(deadlines, below)->at_ms >= node->at_ms) {
            break;
        }
        put(deadlines, place, at(deadlines, below));
    }
    put(deadlines, place, node);
}

void deadlines_set(struct deadlines *deadlines, struct deadline *node, uint64_t at_ms)
{
    if (node->place == 0) {
        if (deadlines->count == deadlines->room) {
            deadlines->room = deadlines->room == 0 ? ROOM_FIRST : deadlines->room * 2;
            deadlines->nodes =
                memory_resize(deadlines->nodes, deadlines->room * sizeof(struct deadline *));
        }
        put(deadlines, ++deadlines->count, node);
    }
    node->at_ms = at_ms;
    rise(deadlines, node);
    sink(deadlines, node);
}

void deadlines_remove(struct deadlines *deadlines, struct deadline *node)
{
    size_t place = node->place;

    if (place == 0) {
        return;
    }
    struct deadline *last = at(deadlines, deadlines->count--);
    node->place = 0;
    if (last != node) {
        put(deadlines, place, last);
        rise(deadlines, last);
        sink(deadlines, last);
    }
    if (deadlines->count == 0) {
        deadlines_fini(deadlines); /* Idle servers hold nothing. */
    }
}

struct deadline *deadlines_first(const struct deadlines *deadlines)
{
    return deadlines->count == 0 ? NULL : deadlines->nodes[0];
}
