/* The types there are. */

#include "cache/types/type.h"

#include "cache/base/check.h"

static const struct type *const types[] = {
    &type_string,
};

const struct type *type_by_tag(uint8_t tag)
{
    if (tag >= COUNT(types)) {
        return NULL;
    }
    assert(types[tag]->tag == tag);
    return types[tag];
}

const struct type *type_by_name(struct span name)
{
    for (size_t i = 0; i < COUNT(types); i++) {
        if (span_is(name, types[i]->name)) {
            return types[i];
        }
    }
    return NULL;
}
