#ifndef PODIS_PROXY_ROUTING_RING_H
#define PODIS_PROXY_ROUTING_RING_H

/* Who owns each of the 16384 slots: a table that never changes once made.
 *
 * Rendezvous hashing (Thaler & Ravishankar, 1998): for each slot the member with
 * the highest hash(member name, slot) owns it. Members agree because the name is
 * the address that DNS shows to all of them. A member that comes or goes moves
 * only the slots it gains or loses. */

#include "cache/base/span.h"
#include "proxy/routing/view.h"

#include <stdbool.h>
#include <stdint.h>

enum { SLOTS = 16384, RING_NOBODY = 0xffff };

struct ring;

/* A ring over the view's members; keeps a copy of the view. Free with ring_free(). */
struct ring *ring_new(const struct view *view);
void ring_free(struct ring *ring);

const struct view *ring_view(const struct ring *ring);

/* Index of the owner in ring_view()->members; RING_NOBODY if the view is empty. */
uint16_t ring_owner(const struct ring *ring, uint16_t slot);

/* Whether this process owns it. */
bool ring_is_mine(const struct ring *ring, uint16_t slot);

size_t ring_slots_of(const struct ring *ring, uint16_t member);

/* CRC16 (XMODEM) of the key, or of what stands between the first { and the next }, mod
 * 16384 (https://redis.io/docs/reference/cluster-spec/#hash-tags). */
uint16_t slot_of(struct span key);
/* The same without looking for a hashtag. */
uint16_t slot_of_whole(struct span bytes);

#endif
