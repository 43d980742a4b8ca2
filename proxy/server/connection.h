#ifndef PODIS_PROXY_SERVER_CONNECTION_H
#define PODIS_PROXY_SERVER_CONNECTION_H

/* A session's socket: reads, runs what was read, writes once per turn, closes.
 *
 *           a command, an error,          all answers have left
 *           the end of its bytes           and some input is unread
 *     OPEN ----------------------> ENDING ------------------> LINGERING
 *       |                            |                            |
 *       | killed, over a limit       | all answers have left      | its end, or time is up
 *       +----------------------------+-------------> closed <-----+
 *
 * OPEN is read from, unless it owes us so much reading of its own that it must wait. ENDING
 * (session.end) is only written to. LINGERING is half closed, and what still comes is
 * dropped: closing with unread input would send a reset, which could overtake the
 * answer. A connection is freed at the end of a turn only.
 *
 * Memory. All connections read into the server's one buffer; a connection keeps only a request
 * that is not whole. Output blocks are borrowed from the server's pool while there is output.
 * An idle connection holds neither.
 *
 * TLS. Who speaks it is a connection like any other from its first byte on, also while hands are
 * shaken. Of that only so much is done in a turn, since it is a thousand times the work of a
 * request, and only so much time is given for it. */

#include "cache/base/buf.h"
#include "proxy/protocol/resp_reader.h"
#include "proxy/server/session.h"
#include "proxy/server/withhold.h"

#include <ev.h>

struct tls_stream;

struct connection {
    struct session session; /* First: a session's connection is found by its address. */
    struct tls_stream *tls; /* NULL: plain. */
    struct ev_io io;
    int watched; /* EV_READ, EV_WRITE, both or neither. */
    struct resp_reader reader;
    struct buf in;  /* Begins with a request that is not whole, or was not run yet. */
    bool has_whole; /* `in` may hold whole requests. */
    bool must_wait; /* Not read before its answers have left. */
    bool input_ended;
    bool lingering;
    int ready;       /* EV_READ, EV_WRITE: is on server->ready. */
    bool touched;    /* On server->touched. */
    bool unfinished; /* On server->unfinished. */
    struct connection *next_ready, *next_touched, *next_unfinished, *next_lingering;
    uint64_t soft_since_ms; /* When the soft output limit was passed; 0: it is not. */
    uint64_t linger_until_ms;
    struct withheld withheld; /* Of the output: durable.c. */
    bool is_withheld;         /* On server->withheld. */
    struct connection *next_withheld;
};

struct access {
    int fd;
    bool from_peer;
    bool unix_socket;
    bool tls;
    bool to_primary; /* We made it. */
};
/* Takes over the socket. It is non-blocking. */
struct session *connection_open(struct server *server, const struct access *access);

/* Reads and runs what clients have sent, in the order in which it came. */
void connections_run(struct server *server);
/* End of the turn: writes what each touched connection has, frees those that are done. */
void connections_flush(struct server *server);
/* For busy.c, which serves clients in the middle of a turn: reads one, and runs what it sent. */
void connection_read(struct connection *connection);
/* Writes what touched connections have, but for this one; frees nobody. */
void connections_write(struct server *server, const struct session *except);
/* Runs more of what unfinished connections have sent. */
void connections_continue(struct server *server);
/* Idle time-outs, soft output limits, lingering ends. */
void connections_tick(struct server *server);
/* New limits from the configuration. */
void connections_configure(struct server *server);
/* Frees all at once. */
void connections_free(struct server *server);

#endif
