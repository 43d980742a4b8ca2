/* Values on their way out. A job owns its value; what it shares with the store is one counter. */

#include "cache/disposal.h"

#include "cache/base/check.h"
#include "cache/base/memory.h"

/* As Redis: what has fewer parts is freed sooner than it is handed over. */
enum { EFFORT_MAX = 64 };

struct leaving {
    struct disposal *disposal;
    const struct type *type;
    void *value;
};

static void free_value(void *job)
{
    struct leaving *leaving = job;

    leaving->type->free(leaving->value);
    atomic_fetch_add_explicit(&leaving->disposal->freed, 1, memory_order_release);
    memory_free(leaving);
}

bool disposal_is_for_heap(const struct disposal *disposal, const struct entry *entry)
{
    return disposal != NULL && disposal->jobs.add != NULL &&
           entry_type(entry)->effort(entry_value(entry)) > EFFORT_MAX;
}

void disposal_entry(struct disposal *disposal, struct entry *entry)
{
    if (!disposal_is_for(disposal, entry)) {
        entry_free(entry);
        return;
    }
    struct leaving *leaving = memory_alloc(sizeof(*leaving));
    leaving->disposal = disposal;
    leaving->type = entry_type(entry);
    leaving->value = entry_take_value(entry);
    disposal->given++;
    disposal->jobs.add(disposal->jobs.context, free_value, leaving);
}
