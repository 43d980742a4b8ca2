#ifndef PODIS_PROXY_SERVER_TOKEN_H
#define PODIS_PROXY_SERVER_TOKEN_H

/* What other pods' sessions watch here, each under a token:
 *
 *                 PODIS.MESH WATCH token key …          PODIS.MESH EXEC … token …
 *     (unknown) ------------------------------> watches -------------------------> (unknown)
 *                                                  |      PODIS.MESH UNWATCH token
 *                                                  |      the link is gone
 *                                                  +-----------------------------> (unknown)
 *
 * A transaction under a token that is not known does nothing: something may have been missed. So
 * the loss of a link, or of this process, makes transactions void and never wrong. */

#include "cache/base/span.h"
#include "proxy/server/watch.h"

#include <stdbool.h>
#include <stdint.h>

struct session;
struct token;
struct tokens;

enum {
    TOKEN_MAX = 128,            /* Bytes. */
    TOKENS_PER_LINK_MAX = 65536 /* As many sessions of one pod may watch at once. */
};

struct tokens *tokens_new(uint64_t seed);
/* After all sessions are gone. */
void tokens_free(struct tokens *tokens);

/* The watcher of this token, which the link is the first to speak of, or has spoken of. NULL: the
 * token is too long, or there are too many. */
struct watcher *tokens_watcher(struct tokens *tokens, struct session *link, struct span token);

/* Ends the token. False if it is not known, or one of its keys changed. */
bool tokens_redeem(struct tokens *tokens, struct span token, uint64_t now_ms);

/* All that came over a link, which is gone. */
void tokens_forget(struct session *link);

size_t tokens_count(const struct tokens *tokens);

#endif
