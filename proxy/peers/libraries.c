/* FUNCTION LOAD reaches all members that are there. Who joins later owns keys at once, and is asked
 * to call functions for them, so each member that it meets sends it its libraries, one by one, and
 * only once: to a process whose id is another than that of the one before at this address.
 *
 * They are sent without REPLACE, and answers are not looked at. What a member has already, from its
 * own file or from another member, stays as it is: a library never becomes an older one by this.
 * A member that was cut off while a library was deleted keeps it until it is told again; the
 * application heard of that, since the deletion failed there. */

#include "proxy/peers/libraries.h"

#include "cache/base/memory.h"
#include "cache/script/functions.h"
#include "proxy/peers/inside.h"

struct gift {
    struct link_call call;
    struct reply *nowhere; /* NULL */
};

struct giving {
    struct lane *lane;
    uint64_t deadline_ms;
};

static void gift_done(struct link_call *call, const struct link_result *result)
{
    (void)result;
    memory_free(call);
}

static void give(void *context, struct span code)
{
    const struct giving *giving = context;
    const struct span argv[] = { SPAN("FUNCTION"), SPAN("LOAD"), code };
    struct gift *gift = memory_zero(sizeof(*gift));

    gift->call = (struct link_call){ .into = &gift->nowhere, .done = gift_done };
    if (!link_send(giving->lane->link, argv, COUNT(argv), giving->deadline_ms, &gift->call)) {
        memory_free(gift);
    }
}

void libraries_lane_ready(struct peers *peers, struct lane *lane)
{
    struct peer *peer = lane->peer;
    struct giving giving = { .lane = lane,
                             .deadline_ms = roster_turn_ms(peers->roster) +
                                            peers->config->options.forward_timeout_ms };

    if (lane->db != 0 || strcmp(peer->given_to, peer->node_id) == 0) {
        return;
    }
    memcpy(peer->given_to, peer->node_id, sizeof(peer->given_to));
    functions_each(peers->parts.cache, give, &giving);
}
