#ifndef PODIS_PROXY_SERVER_PIN_H
#define PODIS_PROXY_SERVER_PIN_H

/* What a session of a mesh watches: it pins the transaction that is to come to the owner of the
 * watched keys, which must own all of the transaction's.
 *
 * Keys of another pod are watched there, under a token (token.h). From then on all reads of the
 * session go there too, past near copies: what is read must not be older than the watch. */

#include "cache/base/span.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pin;
struct server;

/* Of a session of this server. */
struct pin *pin_new(struct server *server);

/* Ends it: owners that watch for it are told to stop, without waiting for their answer. Accepts
 * NULL. */
void pin_release(struct pin *pin);
/* The same for one whose token went to the owner with EXEC. */
void pin_redeemed(struct pin *pin);

void pin_add(struct pin *pin, const struct span *keys, size_t count);

/* Another pod is asked to watch, under the token that is returned. */
struct span pin_send(struct pin *pin);
bool pin_is_elsewhere(const struct pin *pin); /* Accepts NULL. */
/* Empty while nobody else watches. */
struct span pin_token(const struct pin *pin);

/* The map of owners is not the one under which it was sent. */
bool pin_is_outdated(const struct pin *pin); /* Accepts NULL. */

size_t pin_count(const struct pin *pin); /* Accepts NULL. */
/* Each key once; the spans are good as long as the pin is. Accepts NULL. */
void pin_each(const struct pin *pin, void (*visit)(void *context, struct span key), void *context);

#endif
