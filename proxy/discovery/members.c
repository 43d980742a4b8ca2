/* What the answers of DNS say about who the members are. */

#include "proxy/discovery/members.h"

#include "cache/base/check.h"
#include "cache/base/memory.h"

#include <string.h>

/* The most members a mesh may have; what an answer lists beyond them is left out. */
enum { MEMBERS_MAX = 4096 };

struct source {
    struct address *list;
    size_t count;
    bool answered;
};

struct members {
    answers_fn answers;
    void *context;
    size_t source_count;
    struct source sources[];
};

struct members *members_new(size_t sources, answers_fn answers, void *context)
{
    struct members *members = memory_zero(sizeof(*members) + sources * sizeof(members->sources[0]));
    members->answers = answers;
    members->context = context;
    members->source_count = sources;
    return members;
}

void members_free(struct members *members)
{
    if (members == NULL) {
        return;
    }
    for (size_t i = 0; i < members->source_count; i++) {
        memory_free(members->sources[i].list);
    }
    memory_free(members);
}

static void replace(struct source *source, const struct address *addresses, size_t count)
{
    memory_free(source->list);
    source->list = NULL;
    source->count = count < MEMBERS_MAX ? count : MEMBERS_MAX;
    if (source->count > 0) {
        source->list = memory_alloc(source->count * sizeof(*addresses));
        memcpy(source->list, addresses, source->count * sizeof(*addresses));
    }
}

static void keep_answering(const struct members *members, struct source *source)
{
    size_t kept = 0;

    for (size_t i = 0; i < source->count; i++) {
        if (members->answers != NULL && members->answers(members->context, &source->list[i])) {
            source->list[kept++] = source->list[i];
        }
    }
    source->count = kept;
}

void members_answer(struct members *members, size_t source, enum answer_kind kind,
                    const struct address *addresses, size_t count)
{
    assert(source < members->source_count);
    struct source *asked = &members->sources[source];

    switch (kind) {
    case ANSWER_FOUND:
        replace(asked, addresses, count);
        asked->answered = true;
        break;
    case ANSWER_NOBODY:
        keep_answering(members, asked);
        asked->answered = true;
        break;
    case ANSWER_FAILED:
        break;
    }
}

bool members_known(const struct members *members)
{
    for (size_t i = 0; i < members->source_count; i++) {
        if (!members->sources[i].answered) {
            return false;
        }
    }
    return true;
}

void members_view(const struct members *members, answers_fn is_self, void *context,
                  struct view *view)
{
    size_t total = 0;
    for (size_t i = 0; i < members->source_count; i++) {
        total += members->sources[i].count;
    }

    struct address *all = memory_alloc((total + 1) * sizeof(*all));
    size_t used = 0;
    for (size_t i = 0; i < members->source_count; i++) {
        const struct source *source = &members->sources[i];
        size_t room = MEMBERS_MAX - used;
        size_t take = source->count < room ? source->count : room;
        if (take > 0) {
            memcpy(all + used, source->list, take * sizeof(*all));
        }
        used += take;
    }
    view_init(view, all, used, is_self, context);
    memory_free(all);
}
