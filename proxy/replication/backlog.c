/* The last bytes of the replication stream. */

#include "proxy/replication/backlog.h"

#include "cache/base/check.h"
#include "cache/base/memory.h"

enum { BLOCK_BYTES = 16 * 1024 - 64 };

struct backlog_block {
    struct backlog_block *next;
    size_t len;
    char bytes[BLOCK_BYTES];
};

void backlog_open(struct backlog *backlog, uint64_t max, uint64_t offset)
{
    assert(!backlog->is_open);
    assert(max > 0);
    *backlog = (struct backlog){ .max = max, .end = offset + 1, .is_open = true };
}

static void drop_first(struct backlog *backlog)
{
    struct backlog_block *block = backlog->first;

    backlog->first = block->next;
    backlog->skipped = 0;
    if (backlog->first == NULL) {
        backlog->last = NULL;
    }
    memory_free(block);
}

void backlog_close(struct backlog *backlog)
{
    while (backlog->first != NULL) {
        drop_first(backlog);
    }
    *backlog = (struct backlog){ 0 };
}

static void trim(struct backlog *backlog)
{
    while (backlog->len > backlog->max) {
        uint64_t over = backlog->len - backlog->max;
        size_t left = backlog->first->len - backlog->skipped;
        if (over < left) {
            backlog->skipped += (size_t)over;
            backlog->len -= over;
        } else {
            backlog->len -= left;
            drop_first(backlog);
        }
    }
}

static struct backlog_block *block_with_room(struct backlog *backlog)
{
    if (backlog->last != NULL && backlog->last->len < BLOCK_BYTES) {
        return backlog->last;
    }
    struct backlog_block *block = memory_alloc(sizeof(*block));
    block->next = NULL;
    block->len = 0;
    if (backlog->last == NULL) {
        backlog->first = block;
    } else {
        backlog->last->next = block;
    }
    backlog->last = block;
    return block;
}

void backlog_add(struct backlog *backlog, struct span bytes)
{
    assert(backlog->is_open);
    while (bytes.len > 0) {
        struct backlog_block *block = block_with_room(backlog);
        size_t room = BLOCK_BYTES - block->len;
        size_t len = bytes.len < room ? bytes.len : room;
        memcpy(block->bytes + block->len, bytes.bytes, len);
        block->len += len;
        backlog->len += len;
        backlog->end += len;
        bytes = span_skip(bytes, len);
        trim(backlog);
    }
}

void backlog_set_max(struct backlog *backlog, uint64_t max)
{
    assert(max > 0);
    backlog->max = max;
    trim(backlog);
}

bool backlog_reaches(const struct backlog *backlog, uint64_t offset)
{
    return backlog->is_open && offset >= backlog_begin(backlog) && offset <= backlog->end;
}

void backlog_read(const struct backlog *backlog, uint64_t offset,
                  void (*visit)(void *context, struct span bytes), void *context)
{
    assert(backlog_reaches(backlog, offset));
    uint64_t skip = offset - backlog_begin(backlog) + backlog->skipped;

    for (const struct backlog_block *at = backlog->first; at != NULL; at = at->next) {
        if (skip >= at->len) {
            skip -= at->len;
            continue;
        }
        visit(context, (struct span){ at->bytes + skip, at->len - (size_t)skip });
        skip = 0;
    }
}

uint64_t backlog_memory(const struct backlog *backlog)
{
    uint64_t bytes = 0;

    for (const struct backlog_block *at = backlog->first; at != NULL; at = at->next) {
        bytes += sizeof(*at);
    }
    return bytes;
}
