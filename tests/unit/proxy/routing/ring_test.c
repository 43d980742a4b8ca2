#include "proxy/routing/ring.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static bool is_first(void *context, const struct address *address)
{
    (void)context;
    return strcmp(address->host, "10.0.0.1") == 0;
}

static struct ring *ring_of(size_t first, size_t last)
{
    struct address list[32] = { 0 };
    struct view view;

    for (size_t i = first; i <= last; i++) {
        snprintf(list[i - first].host, sizeof(list[0].host), "10.0.0.%zu", i);
        list[i - first].port = 6380;
    }
    view_init(&view, list, last - first + 1, is_first, NULL);
    struct ring *ring = ring_new(&view);
    view_fini(&view);
    return ring;
}

static const struct address *owner_address(const struct ring *ring, uint16_t slot)
{
    return &ring_view(ring)->members[ring_owner(ring, slot)];
}

static void gives_every_slot_an_owner_and_each_its_share(void **state)
{
    struct ring *ring = ring_of(1, 8);
    size_t total = 0;

    (void)state;
    for (uint16_t member = 0; member < 8; member++) {
        size_t slots = ring_slots_of(ring, member);
        assert_in_range(slots, SLOTS / 8 * 8 / 10, SLOTS / 8 * 12 / 10);
        total += slots;
    }
    assert_int_equal(total, SLOTS);
    ring_free(ring);
}

static void moves_only_the_slots_of_a_member_that_left(void **state)
{
    struct ring *before = ring_of(1, 5);
    struct ring *after = ring_of(1, 4);

    (void)state;
    for (uint16_t slot = 0; slot < SLOTS; slot++) {
        if (strcmp(owner_address(before, slot)->host, "10.0.0.5") != 0) {
            assert_true(address_equal(owner_address(before, slot), owner_address(after, slot)));
        }
    }
    ring_free(before);
    ring_free(after);
}

/* Pods of two versions must agree, so the map of this view is fixed for ever. */
static void is_the_same_in_every_version(void **state)
{
    struct ring *ring = ring_of(1, 3);
    uint64_t sum = 0;

    (void)state;
    for (uint16_t slot = 0; slot < SLOTS; slot++) {
        sum = sum * 31 + ring_owner(ring, slot);
    }
    assert_true(sum == 2196770804446563796u);
    ring_free(ring);
}

static void is_mine_only_where_this_process_owns(void **state)
{
    struct ring *ring = ring_of(1, 3);
    struct ring *others = ring_of(2, 3);

    (void)state;
    for (uint16_t slot = 0; slot < SLOTS; slot++) {
        bool mine = strcmp(owner_address(ring, slot)->host, "10.0.0.1") == 0;
        assert_int_equal(ring_is_mine(ring, slot), mine);
        assert_false(ring_is_mine(others, slot));
    }
    ring_free(ring);
    ring_free(others);
}

static void of_nobody_has_no_owners(void **state)
{
    struct view empty = { .self = VIEW_NO_SELF };
    struct ring *ring = ring_new(&empty);

    (void)state;
    assert_int_equal(ring_owner(ring, 0), RING_NOBODY);
    assert_false(ring_is_mine(ring, 0));
    ring_free(ring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_every_slot_an_owner_and_each_its_share),
        cmocka_unit_test(moves_only_the_slots_of_a_member_that_left),
        cmocka_unit_test(is_the_same_in_every_version),
        cmocka_unit_test(is_mine_only_where_this_process_owns),
        cmocka_unit_test(of_nobody_has_no_owners),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
