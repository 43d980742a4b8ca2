/* Who owns each slot, and which slot a key is in.
 *
 * A member's weight for a slot is a fixed mixing function of the hash of its name
 * and the slot. The function is part of the protocol between pods: two versions of
 * podis in one mesh must agree on it, so it has no seed and never changes. Making a
 * ring costs 16384 × members mixes, about a millisecond for fifty members. */

#include "proxy/routing/ring.h"

#include "cache/base/check.h"
#include "cache/base/hash.h"
#include "cache/base/memory.h"

#include <stdio.h>

struct ring {
    struct view view;
    uint16_t owners[SLOTS];
};

static uint64_t member_hash(const struct address *address)
{
    char name[ADDRESS_TEXT_MAX + 8];
    int len = snprintf(name, sizeof(name), "%s|%u", address->host, address->port);
    assert(len > 0);
    return hash_bytes((struct span){ .bytes = name, .len = (size_t)len }, 0);
}

/* The finaliser of splitmix64: every bit of both inputs reaches every bit of the weight. */
static uint64_t weight(uint64_t member, uint16_t slot)
{
    uint64_t state = member ^ ((uint64_t)(slot + 1) << 32);
    return random_next(&state);
}

struct ring *ring_new(const struct view *view)
{
    struct ring *ring = memory_alloc(sizeof(*ring));
    uint64_t *hashes = memory_alloc((view->count + 1u) * sizeof(*hashes));

    view_copy(&ring->view, view);
    for (uint16_t i = 0; i < view->count; i++) {
        hashes[i] = member_hash(&view->members[i]);
    }
    for (uint16_t slot = 0; slot < SLOTS; slot++) {
        uint64_t best = 0;
        ring->owners[slot] = RING_NOBODY;
        for (uint16_t i = 0; i < view->count; i++) {
            uint64_t mine = weight(hashes[i], slot);
            if (ring->owners[slot] == RING_NOBODY || mine > best) {
                best = mine;
                ring->owners[slot] = i;
            }
        }
    }
    memory_free(hashes);
    return ring;
}

void ring_free(struct ring *ring)
{
    if (ring != NULL) {
        view_fini(&ring->view);
        memory_free(ring);
    }
}

const struct view *ring_view(const struct ring *ring)
{
    return &ring->view;
}

uint16_t ring_owner(const struct ring *ring, uint16_t slot)
{
    assert(slot < SLOTS);
    return ring->owners[slot];
}

bool ring_is_mine(const struct ring *ring, uint16_t slot)
{
    uint16_t owner = ring_owner(ring, slot);
    return owner != RING_NOBODY && owner == ring->view.self;
}

size_t ring_slots_of(const struct ring *ring, uint16_t member)
{
    size_t count = 0;
    for (uint16_t slot = 0; slot < SLOTS; slot++) {
        count += ring->owners[slot] == member;
    }
    return count;
}
