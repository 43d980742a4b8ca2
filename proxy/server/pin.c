/* Tokens are this process's name and a number, so that no two are alike anywhere.
 *
 * The end of a watch is told to each owner of its keys once, as a request whose answer nobody
 * waits for. Should it be lost, the owner keeps the token until the link ends. */

#include "proxy/server/pin.h"

#include "cache/base/buf.h"
#include "cache/base/check.h"
#include "cache/base/memory.h"
#include "cache/ds/textset.h"
#include "proxy/server/state.h"
#include "proxy/server/token.h"

#include <inttypes.h>
#include <stdio.h>

enum { MEMBERS_TOLD_MAX = 64 };

struct pin {
    struct server *server;
    struct textset *keys;
    uint64_t maps; /* Of owners that there were when it was sent. */
    size_t token_len;
    char token[TOKEN_MAX];
};

struct pin *pin_new(struct server *server)
{
    struct pin *pin = memory_zero(sizeof(*pin));
    pin->server = server;
    pin->keys = textset_new(server->parts.seed);
    return pin;
}

void pin_redeemed(struct pin *pin)
{
    textset_free(pin->keys);
    memory_free(pin);
}

void pin_add(struct pin *pin, const struct span *keys, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        textset_add(pin->keys, keys[i]);
    }
}

struct span pin_send(struct pin *pin)
{
    if (pin->token_len == 0) {
        int len = snprintf(pin->token, sizeof(pin->token), "%s:%" PRIu64, pin->server->parts.run_id,
                           ++pin->server->last_token);
        pin->token_len = (size_t)len;
        pin->maps = watches_maps(pin->server->watches);
    }
    return pin_token(pin);
}

bool pin_is_elsewhere(const struct pin *pin)
{
    return pin != NULL && pin->token_len > 0;
}

struct span pin_token(const struct pin *pin)
{
    return (struct span){ pin->token, pin->token_len };
}

bool pin_is_outdated(const struct pin *pin)
{
    return pin_is_elsewhere(pin) && pin->maps != watches_maps(pin->server->watches);
}

size_t pin_count(const struct pin *pin)
{
    return pin == NULL ? 0 : textset_count(pin->keys);
}

void pin_each(const struct pin *pin, void (*visit)(void *context, struct span key), void *context)
{
    uint64_t position = 0;

    if (pin == NULL) {
        return;
    }
    do {
        position = textset_scan(pin->keys, position, visit, context);
    } while (position != 0);
}

/* --- telling the owners --- */

static void send_unwatch(struct pin *pin, struct span key, struct route route)
{
    struct server *server = pin->server;
    struct span argv[] = { SPAN("PODIS.MESH"), SPAN("UNWATCH"), pin_token(pin), key };
    const struct peers_request request = {
        .command = server->unwatch_row,
        .argv = argv,
        .argc = COUNT(argv),
        .now_ms = server->now_ms,
        .route = route,
    };

    peers_tell(server->parts.peers, &request);
}

struct release {
    struct pin *pin;
    const struct ring *ring;
    uint16_t told[MEMBERS_TOLD_MAX];
    size_t told_count;
};

static bool was_told(const struct release *release, uint16_t member)
{
    size_t i = 0;
    while (i < release->told_count && release->told[i] != member) {
        i++;
    }
    return i < release->told_count;
}

static void release_key(void *context, struct span key)
{
    struct release *release = context;
    const struct rules *rules = release->pin->server->parts.config->rules;
    struct route route = { .kind = ROUTE_PEER };

    if (route_is_here(release->ring, rules, key, &route.member) ||
        was_told(release, route.member) || release->told_count == MEMBERS_TOLD_MAX) {
        return;
    }
    release->told[release->told_count++] = route.member;
    send_unwatch(release->pin, key, route);
}

void pin_release(struct pin *pin)
{
    if (pin == NULL) {
        return;
    }
    struct release release = { .pin = pin, .ring = peers_ring(pin->server->parts.peers) };
    bool known = release.ring != NULL && ring_view(release.ring)->count > 0;

    if (pin_is_elsewhere(pin) && !pin_is_outdated(pin) && known) {
        pin_each(pin, release_key, &release);
    }
    pin_redeemed(pin);
}
