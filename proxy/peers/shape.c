/* Which commands they are. A name says it, and not the answer: XRANGE's entries are pairs in both
 * protocols. ZMPOP's and BZMPOP's are, too. */

#include "proxy/peers/shape.h"

#include "cache/base/check.h"

#include <string.h>

static const struct {
    const char *name;
    enum shape shape;
} shapes[] = {
    { "hrandfield", SHAPE_PAIRS },   { "zpopmax", SHAPE_PAIRS },
    { "zpopmin", SHAPE_PAIRS },      { "zrandmember", SHAPE_PAIRS },
    { "zrange", SHAPE_PAIRS },       { "zrangebyscore", SHAPE_PAIRS },
    { "zrevrange", SHAPE_PAIRS },    { "zrevrangebyscore", SHAPE_PAIRS },
    { "zunion", SHAPE_PAIRS },       { "zinter", SHAPE_PAIRS },
    { "zdiff", SHAPE_PAIRS },        { "xread", SHAPE_ENTRIES },
    { "xreadgroup", SHAPE_ENTRIES },
};

enum shape shape_of(const struct command *command)
{
    if (strchr("hzx", command->name[0]) == NULL) {
        return SHAPE_SAME; /* Most requests are about strings. */
    }
    for (size_t i = 0; i < COUNT(shapes); i++) {
        if (strcmp(command->name, shapes[i].name) == 0) {
            return shapes[i].shape;
        }
    }
    return SHAPE_SAME;
}
