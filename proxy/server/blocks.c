/* The pool lies in struct server: the blocks that nobody has, up to POOL_BLOCKS of them. */

#include "proxy/server/blocks.h"

#include "cache/base/memory.h"
#include "proxy/server/state.h"

void blocks_borrow(struct server *server, struct buf *out)
{
    if (out->bytes != NULL) {
        return;
    }
    out->bytes =
        server->pool_count > 0 ? server->pool[--server->pool_count] : memory_alloc(POOL_BLOCK);
    out->start = out->len = 0;
    out->capacity = POOL_BLOCK;
}

void blocks_return(struct server *server, struct buf *out)
{
    assert(out->len == 0);
    if (out->capacity == POOL_BLOCK && server->pool_count < POOL_BLOCKS) {
        server->pool[server->pool_count++] = out->bytes;
        *out = (struct buf){ .max = out->max };
        return;
    }
    buf_fini(out);
}
