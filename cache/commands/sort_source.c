#include "cache/commands/sort_source.h"

#include "cache/base/arena.h"
#include "cache/base/check.h"
#include "cache/ds/quicklist_walk.h"
#include "cache/types/list.h"
#include "cache/types/set.h"
#include "cache/types/zset.h"

static size_t list_count(const void *value)
{
    struct list_room room;
    return list_items(value, &room)->count;
}

bool sort_source_take(struct call *c, size_t at, struct sort_source *source)
{
    struct key_view view;

    *source = (struct sort_source){ .type = NULL };
    if (!key_look(c, at, LOOK_TOUCH | LOOK_COUNT, &view)) {
        return true;
    }
    source->type = view.type;
    source->value = view.value;
    if (view.type == &type_list) {
        source->count = list_count(view.value);
    } else if (view.type == &type_set) {
        source->count = set_count(view.value);
    } else if (view.type == &type_zset) {
        source->count = (size_t)zset_count(view.value);
    } else {
        reply_error(c->reply,
                    SPAN("WRONGTYPE Operation against a key holding the wrong kind of value"));
        return false;
    }
    return true;
}

/* --- reading --- */

struct reading {
    struct call *call;
    struct sort_item *items;
    size_t count;
    size_t passed; /* Over, before the first. */
    size_t first;
    size_t wanted;
};

static void add(struct reading *reading, struct span text)
{
    reading->items[reading->count] = (struct sort_item){
        .text = call_keep(reading->call, text),
        .found_at = reading->count,
    };
    reading->count++;
}

static void read_list(struct reading *reading, const void *value, bool backward)
{
    struct list_room room;
    struct quicklist_walk walk;
    struct span text;
    const struct quicklist *items = list_items(value, &room);
    size_t first = backward ? items->count - 1 - reading->first : reading->first;

    quicklist_walk_start(&walk, items, first, backward ? QUICKLIST_HEAD : QUICKLIST_TAIL);
    while (reading->count < reading->wanted && quicklist_walk_next(&walk, &text)) {
        add(reading, text);
    }
    quicklist_walk_end(&walk);
}

static void read_zset(struct reading *reading, const void *value, bool backward)
{
    uint64_t first = backward ? zset_count(value) - 1 - reading->first : reading->first;
    struct zset_walk walk = zset_walk(value, first, backward);

    while (reading->count < reading->wanted && zset_step(&walk)) {
        add(reading, walk.member);
    }
}

static void read_member(void *context, struct span text)
{
    struct reading *reading = context;
    if (reading->passed < reading->first) {
        reading->passed++;
    } else if (reading->count < reading->wanted) {
        add(reading, text);
    }
}

static void read_set(struct reading *reading, const void *value)
{
    uint64_t position = 0;
    do {
        position = set_scan(value, position, read_member, reading);
    } while (position != 0 && reading->count < reading->wanted);
}

struct sort_item *sort_source_read(struct call *c, const struct sort_source *source, size_t first,
                                   size_t count, bool backward)
{
    struct reading reading = { .call = c, .first = first, .wanted = count };
    assert(first <= source->count);
    assert(count <= source->count - first);

    if (count == 0) {
        return NULL;
    }
    reading.items = arena_alloc(c->arena, count * sizeof(*reading.items));
    if (source->type == &type_list) {
        read_list(&reading, source->value, backward);
    } else if (source->type == &type_zset) {
        read_zset(&reading, source->value, backward);
    } else {
        read_set(&reading, source->value);
    }
    assert(reading.count == count);
    return reading.items;
}
