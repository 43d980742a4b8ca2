/* What is followed is told to each member once, on its link to database 0, and again when that
 * link was lost. Between the loss and the answer to that nobody would have told: so when the
 * answer is here, any key may have changed once more. */

#include "proxy/peers/tidings.h"

#include "cache/base/memory.h"
#include "cache/ds/textset.h"
#include "proxy/peers/words.h"

/* A request of ours to a member, whose answer is dropped. */
struct notice {
    struct link_call call;
    struct reply *nowhere; /* NULL */
    struct peers *peers;   /* The last of what a link that is ready again is told; else NULL. */
};

static void notice_done(struct link_call *call, const struct link_result *result)
{
    struct notice *notice = (struct notice *)call;

    if (notice->peers != NULL && result->end == LINK_ANSWERED) {
        tidings_of_change(notice->peers, NULL);
    }
    memory_free(notice);
}

static bool send(struct lane *lane, const struct span *argv, size_t argc, uint64_t deadline_ms,
                 struct peers *peers)
{
    struct notice *notice = memory_zero(sizeof(*notice));

    notice->call = (struct link_call){ .into = &notice->nowhere, .done = notice_done };
    notice->peers = peers;
    if (!link_send(lane->link, argv, argc, deadline_ms, &notice->call)) {
        memory_free(notice);
        return false;
    }
    return true;
}

/* --- reads --- */

bool tidings_ahead(struct lane *lane, uint64_t deadline_ms)
{
    struct span argv[] = { SPAN("CLIENT"), SPAN("CACHING"), SPAN("YES") };
    return send(lane, argv, COUNT(argv), deadline_ms, NULL);
}

struct span tidings_keys(const struct peers_request *request)
{
    struct span on_stack[KEYS_ON_STACK];
    size_t count;
    struct span *keys = request_keys(request, on_stack, &count);
    size_t len = words_len(keys, count);
    char *bytes = memory_alloc(len);

    words_put(bytes, keys, count);
    if (keys != on_stack) {
        memory_free(keys);
    }
    return (struct span){ bytes, len };
}

void tidings_of_read(struct peers *peers, const struct peers_request *request, struct span words)
{
    const struct peers_tidings *tidings = &peers->tidings;
    size_t count;
    struct span *keys = words_take(words, &count);

    for (size_t i = 0; i < count && tidings->read != NULL; i++) {
        tidings->read(tidings->context, request->client_id, keys[i]);
    }
    memory_free(keys);
}

void tidings_of_own(struct peers *peers, const struct peers_request *request)
{
    struct span keys = tidings_keys(request);

    tidings_of_read(peers, request, keys);
    memory_free((char *)(uintptr_t)keys.bytes);
}

void tidings_of_change(struct peers *peers, const struct span *key)
{
    const struct peers_tidings *tidings = &peers->tidings;

    if (tidings->changed != NULL) {
        tidings->changed(tidings->context, key);
    }
}

/* --- prefixes --- */

static bool follow_at(struct peers *peers, struct lane *lane, struct span prefix, bool is_last)
{
    struct span argv[] = { SPAN("PODIS.MESH"), SPAN("FOLLOW"), prefix };
    uint64_t deadline_ms =
        roster_turn_ms(peers->roster) + peers->config->options.forward_timeout_ms;

    return send(lane, argv, COUNT(argv), deadline_ms, is_last ? peers : NULL);
}

struct telling {
    struct peers *peers;
    struct lane *lane;
    struct span prefix;
    size_t left;
};

static void follow_one(void *context, struct span prefix)
{
    struct telling *telling = context;

    telling->left--;
    if (!follow_at(telling->peers, telling->lane, prefix, telling->left == 0)) {
        tidings_of_change(telling->peers, NULL); /* The link is about to be lost. */
    }
}

void tidings_lane_ready(struct peers *peers, struct lane *lane)
{
    struct telling telling = { .peers = peers, .lane = lane };
    uint64_t position = 0;

    if (lane->db != 0 || peers->followed == NULL) {
        return;
    }
    telling.left = textset_count(peers->followed);
    do {
        position = textset_scan(peers->followed, position, follow_one, &telling);
    } while (position != 0);
}

static void follow_on_lane(void *context, struct lane *lane)
{
    struct telling *telling = context;

    if (lane->db == 0 && link_is_ready(lane->link)) {
        telling->lane = lane;
        telling->left = 2; /* Nothing was missed: this is no new beginning. */
        follow_one(telling, telling->prefix);
    }
}

void peers_follow(struct peers *peers, struct span prefix)
{
    struct telling telling = { .peers = peers };

    if (peers->followed == NULL) {
        peers->followed = textset_new(peers->parts.seed);
    }
    telling.prefix = textset_count(peers->followed) < PREFIXES_MAX ? prefix : SPAN("");
    if (textset_add(peers->followed, telling.prefix)) {
        roster_each_lane(peers->roster, follow_on_lane, &telling);
    }
}

void peers_set_tidings(struct peers *peers, const struct peers_tidings *tidings)
{
    peers->tidings = *tidings;
}
