#ifndef PODIS_PROXY_PEERS_WIRE_H
#define PODIS_PROXY_PEERS_WIRE_H

/* One asynchronous TCP connection to another podis: requests as bytes go out, values come in one
 * by one while they are parsed. It knows nothing of what is asked, or of time. */

#include "proxy/peers/intake.h"

#include <ev.h>

struct redisAsyncContext;
struct tls;
struct wire;

/* What all connections of a process share. */
struct wires;

struct wires *wires_new(struct ev_loop *loop);
/* What connections that are opened from now on speak; NULL: they are plain. */
void wires_speak(struct wires *wires, struct tls *tls);
/* After all of them are closed. */
void wires_free(struct wires *wires);

/* None is called inside wire_send(). */
struct wire_listener {
    void *context;
    void (*connected)(void *context);
    /* A value, an aggregate before what is inside it. False: there was nothing it could be the
     * answer to, and the connection fails. */
    bool (*value)(void *context, const struct value *value);
    void (*answered)(void *context); /* The last value of an answer was the one before. */
    void (*heard)(void *context);    /* Bytes were read, of answers or of parts of them. */
    void (*failed)(void *context, const char *why); /* It is closed now. */
};

/* Lies in its owner's structure, and can be opened again after it was closed. */
struct wire {
    struct wires *wires;
    struct wire_listener listener;
    struct redisAsyncContext *context; /* NULL: closed. */
    ev_io readable, writable;
    struct tls *tls;       /* NULL: it is plain. */
    struct ssl_st *object; /* Of the context, once it speaks TLS. */
    bool connected;
    bool pushing; /* The values of now are those of a push. */
    bool noted;   /* Has something to write at the end of the turn. */
    bool writing; /* hiredis asks for an event because not all went out. */
    struct wire *next_noted;
};

void wire_init(struct wire *wire, struct wires *wires, const struct wire_listener *listener);
/* Begins to connect to a numeric address. False: it cannot, and why. */
bool wire_open(struct wire *wire, const char *host, uint16_t port, char *why, size_t why_size);
/* Without a word to the listener. Accepts a closed one. */
void wire_close(struct wire *wire);

static inline bool wire_is_open(const struct wire *wire)
{
    return wire->context != NULL;
}

/* Finds out by itself, some minutes later, that the other end has vanished. */
void wire_keep_alive(struct wire *wire);

/* Sends one whole request, at the end of this turn of the loop. */
void wire_send(struct wire *wire, struct span request);

/* Reads all that has arrived, within bounds. True if nothing more is there to be read. */
bool wire_read_all(struct wire *wire);

#endif
