/* Which of the two it is; each is a struct of its own behind two functions. */

#include "sidecar/transfer/source.h"

#include "cache/base/memory.h"
#include "sidecar/transfer/source_kinds.h"

#include <stdio.h>
#include <string.h>

struct source *source_open(const char *origin, char *why, size_t why_size)
{
    struct source *source = memory_zero(sizeof(*source));
    bool is_server = strstr(origin, "://") != NULL;

    source->kind = is_server ? &source_of_server : &source_of_file;
    if (!source->kind->open(source, origin)) {
        snprintf(why, why_size, "%s", source->why);
        source_close(source);
        return NULL;
    }
    return source;
}

void source_close(struct source *source)
{
    source->kind->close(source);
    memory_free(source);
}

enum source_progress source_next(struct source *source, struct batch *batch)
{
    return source->kind->next(source, batch);
}

bool source_functions(struct source *source, void (*visit)(void *context, struct span code),
                      void *context)
{
    return source->kind->functions(source, visit, context);
}

const char *source_why(const struct source *source)
{
    return source->why;
}

struct source_position source_position(const struct source *source)
{
    return source->position;
}
