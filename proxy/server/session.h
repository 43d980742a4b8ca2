#ifndef PODIS_PROXY_SERVER_SESSION_H
#define PODIS_PROXY_SERVER_SESSION_H

/* What one client is to the commands: who it is, what it has chosen, where its answers go.
 *
 * Handlers of CMD_SESSION rows get it as call->caller. The socket behind it is
 * connection.c's affair; nothing here reads or writes one. A session is never freed
 * during a command: session_close() takes effect at the end of the loop's turn. */

#include "cache/base/buf.h"
#include "cache/base/span.h"
#include "cache/reply.h"
#include "proxy/server/answers.h"
#include "proxy/server/server.h"
#include "proxy/server/weight.h"

#include <stdbool.h>
#include <stdint.h>

struct acl_user;

enum session_reply {
    REPLIES_ON,
    REPLIES_OFF,       /* CLIENT REPLY OFF */
    REPLIES_SKIP_NEXT, /* CLIENT REPLY SKIP was this command: the next one is skipped too. */
    REPLIES_SKIP,      /* This command is the skipped one. */
};

enum session_end {
    SESSION_OPEN,
    SESSION_ENDS_AFTER_ANSWERS, /* Nothing more is read or run; what is queued still leaves. */
    SESSION_ENDS_NOW,
};

/* What only the owner of its storage knows: connection.c. */
struct session_owner {
    size_t (*bytes)(const struct session *session);      /* That it holds, but for the answers. */
    size_t (*input_room)(const struct session *session); /* Of its input buffer, unused. */
};

struct session {
    const struct session_owner *owner; /* NULL: nobody has anything to tell. */
    uint64_t id;                       /* From 1, never used twice. */
    struct server *server;
    struct session *next, *previous; /* All sessions, oldest first. */
    struct session *same_bucket;     /* Of the table by id. */

    int db;
    int protocol;          /* 2 or 3. */
    struct acl_user *user; /* Who it is; NULL: another podis. See acl.h for these four. */
    bool proved;           /* It said the password, or needed none when it came. */
    bool authenticated;    /* Proved, or nothing to prove. */
    bool unrestricted;     /* Authenticated, and may do everything. */
    bool from_peer;        /* Came in at the peer port: never forwarded again. */
    bool greeted;          /* PODIS.MESH HELLO was accepted: another podis, not a client. */
    bool unix_socket;
    bool to_primary; /* We made the connection: what comes is a stream to be applied. */
    bool no_evict, no_touch;
    bool crossing;     /* Waits for what peers owe it before it goes on. */
    bool paused;       /* Nothing more of its input is run until this is lifted. */
    bool put_back;     /* The request that paused it was not run: it is to be read again. */
    struct wait *wait; /* For a key (waiting.h); NULL: it does not wait. */
    enum session_reply replies;
    enum session_end end;

    char *name, *library_name, *library_version; /* NULL: none. Owned. */
    int fd;                                      /* For session_address() and CLIENT LIST only. */

    const struct command *last_command; /* NULL: none yet. */
    uint64_t created_at_ms, active_at_ms;
    uint64_t commands, bytes_in, bytes_out;
    size_t input_bytes; /* Received, but not looked at for good yet. */

    /* CLIENT TRACKING: owned by whoever set the hooks; NULL while tracking is off. */
    void *tracking;

    struct monitor *monitor; /* It is shown all requests; NULL: it is not. */
    struct held *held;       /* By a pause, with what it sent; NULL: it is not. */

    struct replica *replica; /* What it told of itself as a replica; NULL: nothing. */
    uint64_t awaited_offset; /* Of WAIT, while it waits, … */
    uint64_t awaited_seq;    /* … and of WAITAOF. */

    struct subscriptions *subscriptions; /* Channels it listens to; NULL: none ever. */
    struct transaction *transaction;     /* Between MULTI or WATCH and EXEC; else NULL. */
    struct token *tokens;                /* What is watched here through this link (token.h). */
    size_t token_count;

    struct weight weight; /* Of the memory it holds, while that is limited. */

    struct answers answers; /* What leaves, in the client's order; its `ready` tells the owner. */
};

/* Which class of client-output-buffer-limit it is of: an enum client_class. It changes when the
 * session begins or ends to listen to channels; session_set_limit() puts it into force. */
int session_class(const struct session *session);
void session_set_limit(struct session *session);

/* Asks for the end of a session; twice asks for the sooner. */
void session_close(struct session *session, enum session_end end);

/* A message out of turn (RESP3 push): fill in the reply that begin returns, then end it. It leaves
 * after everything that is already queued for this client, the answer of a command that is just
 * running for it included. CLIENT REPLY OFF does not silence it. Between begin and end nothing
 * else may be written to any session. */
struct reply *session_push_begin(struct session *session);
void session_push_end(struct session *session);

enum { SESSION_ADDRESS_MAX = 128 };
/* Where the client is, or we are for it: "127.0.0.1:5000", "[::1]:5000", "/run/podis.sock:0". */
void session_address(const struct session *session, bool own, char text[SESSION_ADDRESS_MAX]);

/* All sessions, oldest first; `visit` may close any of them. Sessions that end now are left out. */
void sessions_each(struct server *server, void (*visit)(void *context, struct session *session),
                   void *context);
/* NULL if there is none, or it ends now. */
struct session *session_by_id(struct server *server, uint64_t id);

/* Sets or, with an empty text, clears one of name, library_name, library_version. */
void session_set_text(char **field, struct span text);
/* Whether a text may be shown in CLIENT LIST: printable ASCII without spaces. */
bool session_text_fits(struct span text);

/* Zeroed storage, its `from_peer` set, becomes one of the server's sessions. `out_max` bounds its
 * output. */
void session_begin(struct session *session, struct server *server, size_t out_max);
/* Takes it from the server and frees what it owns, not the storage. */
void session_finish(struct session *session);
/* Back to how it was when it connected (RESET). */
void session_reset(struct session *session);
/* After a command: CLIENT REPLY SKIP silences itself and the next. `before` is what `replies` was
 * when the command began. */
void session_after_skipping(struct session *session, enum session_reply before);
/* Closes a session that sends HTTP: a browser was tricked into talking to us. */
void session_check_attack(struct session *session, struct span word);

/* What invalidate.c wants to hear of. Set once, before the first connection. */
struct session_hooks {
    void *context;
    /* After each command run here for a session whose `tracking` is set, its answer written. */
    void (*ran)(void *context, struct session *session, const struct command *command,
                const struct span *argv, size_t argc);
    /* Such a session's command is about to be sent to another member. Whether the keys that it
     * reads are to be remembered. */
    bool (*sent)(void *context, struct session *session, const struct command *command,
                 const struct span *argv, size_t argc);
    /* The turn ends: what was done in it is about to be written. NULL: not asked for. */
    void (*turn)(void *context);
    /* A session whose `tracking` is set is about to be freed, or was reset. */
    void (*forget)(void *context, struct session *session);
};
void server_set_hooks(struct server *server, const struct session_hooks *hooks);
/* As set; all NULL before. */
const struct session_hooks *server_hooks(const struct server *server);

#endif
