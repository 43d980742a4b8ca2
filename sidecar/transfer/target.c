/* The two kinds of targets, behind one pointer. */

#include "sidecar/transfer/target.h"

#include "cache/base/memory.h"
#include "sidecar/transfer/target_kinds.h"

#include <stdio.h>
#include <string.h>

struct target *target_open(const char *place, bool replace, char *why, size_t why_size)
{
    struct target *target = memory_zero(sizeof(*target));
    bool is_server = strstr(place, "://") != NULL;

    target->kind = is_server ? &target_of_server : &target_of_file;
    target->replace = replace;
    if (!target->kind->open(target, place)) {
        snprintf(why, why_size, "%s", target->why);
        target_close(target);
        return NULL;
    }
    return target;
}

void target_close(struct target *target)
{
    target->kind->close(target);
    memory_free(target);
}

bool target_put(struct target *target, const struct batch *batch)
{
    return target->kind->put(target, batch);
}

bool target_function(struct target *target, struct span code)
{
    return target->kind->function(target, code);
}

bool target_finish(struct target *target)
{
    return target->kind->finish(target);
}

const char *target_why(const struct target *target)
{
    return target->why;
}

uint64_t target_left(const struct target *target)
{
    return target->left;
}
