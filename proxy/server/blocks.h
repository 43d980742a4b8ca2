#ifndef PODIS_PROXY_SERVER_BLOCKS_H
#define PODIS_PROXY_SERVER_BLOCKS_H

/* Blocks of memory for output, which connections borrow while they have some. */

struct buf;
struct server;

/* An empty buffer without memory gets a block. */
void blocks_borrow(struct server *server, struct buf *out);
/* The buffer is empty: its memory goes back, if it is a block still. */
void blocks_return(struct server *server, struct buf *out);

#endif
