/* The operands of ZUNION, ZINTER and ZDIFF. */

#include "cache/commands/zset_source.h"

#include "cache/types/set.h"
#include "cache/types/zset.h"

bool zset_source_take(struct call *c, size_t at, struct zset_source *source)
{
    struct key_view view;

    *source = (struct zset_source){ .weight = 1 };
    if (!key_look(c, at, LOOK_TOUCH | LOOK_COUNT, &view)) {
        return true;
    }
    if (view.type != &type_zset && view.type != &type_set) {
        reply_error(c->reply,
                    SPAN("WRONGTYPE Operation against a key holding the wrong kind of value"));
        return false;
    }
    source->value = view.value;
    source->is_set = view.type == &type_set;
    source->count = source->is_set ? set_count(view.value) : zset_count(view.value);
    return true;
}

bool zset_source_find(const struct zset_source *source, struct span member, double *score)
{
    if (source->value == NULL) {
        return false;
    }
    if (source->is_set) {
        *score = 1;
        return set_has(source->value, member);
    }
    struct zset_spot spot = zset_find(source->value, member);
    *score = spot.score;
    return spot.found;
}

struct visiting {
    zset_source_fn visit;
    void *context;
    bool done;
};

static void visit_text(void *context, struct span text)
{
    struct visiting *visiting = context;
    visiting->done = visiting->done || !visiting->visit(visiting->context, text, 1);
}

static void each_of_set(const void *set, zset_source_fn visit, void *context)
{
    struct visiting visiting = { .visit = visit, .context = context };
    uint64_t position = 0;

    do {
        position = set_scan(set, position, visit_text, &visiting);
    } while (position != 0 && !visiting.done);
}

void zset_source_each(const struct zset_source *source, zset_source_fn visit, void *context)
{
    if (source->value == NULL) {
        return;
    }
    if (source->is_set) {
        each_of_set(source->value, visit, context);
        return;
    }
    struct zset_walk walk = zset_walk(source->value, 0, false);
    while (zset_step(&walk) && visit(context, walk.member, walk.score)) {
    }
}
