/* The operands of ZUNION, ZINTER and ZDIFF. */

#include "cache/commands/zset_source.h"

#include "cache/types/zset.h"

bool zset_source_take(struct call *c, size_t at, struct zset_source *source)
{
    struct key_view view;

    *source = (struct zset_source){ .weight = 1 };
    if (!key_look(c, at, LOOK_TOUCH | LOOK_COUNT, &view)) {
        return true;
    }
    if (view.type != &type_zset) {
        reply_error(c->reply,
                    SPAN("WRONGTYPE Operation against a key holding the wrong kind of value"));
        return false;
    }
    source->value = view.value;
    source->count = zset_count(view.value);
    return true;
}

bool zset_source_find(const struct zset_source *source, struct span member, double *score)
{
    if (source->value == NULL) {
        return false;
    }
    struct zset_spot spot = zset_find(source->value, member);
    *score = spot.score;
    return spot.found;
}

void zset_source_each(const struct zset_source *source, zset_source_fn visit, void *context)
{
    if (source->value == NULL) {
        return;
    }
    struct zset_walk walk = zset_walk(source->value, 0, false);
    while (zset_step(&walk) && visit(context, walk.member, walk.score)) {
    }
}
