/* The types there are. */

#include "cache/types/type.h"

#include "cache/base/check.h"

static const struct type *const types[] = {
    [TAG_STRING] = &type_string, [TAG_LIST] = &type_list, [TAG_SET] = &type_set,
    [TAG_ZSET] = &type_zset,     [TAG_HASH] = &type_hash, [TAG_STREAM] = &type_stream,
};

const struct type *type_by_tag(uint8_t tag)
{
    if (tag >= COUNT(types) || types[tag] == NULL) {
        return NULL;
    }
    assert(types[tag]->tag == tag);
    return types[tag];
}

const struct type *type_by_name(struct span name)
{
    for (size_t i = 0; i < COUNT(types); i++) {
        if (types[i] != NULL && span_is(name, types[i]->name)) {
            return types[i];
        }
    }
    return NULL;
}

static bool takes_code(const struct type *type, uint8_t code)
{
    const uint8_t *at = type->codes;

    while (at != NULL && *at != TYPE_NO_CODE) {
        if (*at++ == code) {
            return true;
        }
    }
    return false;
}

const struct type *type_by_code(uint8_t code)
{
    for (size_t i = 0; i < COUNT(types); i++) {
        if (types[i] != NULL && takes_code(types[i], code)) {
            return types[i];
        }
    }
    return NULL;
}
