/* Near copies, told what happens event by event, so that each race of coherence.md happens for
 * certain. The tests are named after its rules. */

#include "proxy/peers/near.h"

#include "cache/base/check.h"
#include "proxy/peers/peers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum { LEASE_MS = 1000 };

struct fixture {
    struct command_table *commands;
    struct near_pool *pool;
    struct near *near;
    struct near_time now;
};

static const struct span key = { .bytes = "k", .len = 1 };
static int flight; /* Stands for the fetch; only its address counts. */

static void configure(struct fixture *f, uint64_t value_max, uint64_t memory_max)
{
    struct near_settings settings = { LEASE_MS, value_max, memory_max };
    near_pool_configure(f->pool, &settings);
}

/* A link that is ready, and confirmed just now. */
static void begin(struct fixture *f)
{
    near_begin(f->near);
    near_confirm(f->near, f->now.clock_ms);
}

static void init(struct fixture *f)
{
    *f = (struct fixture){ .now = { .clock_ms = 50000, .unix_ms = 1700000000000 } };
    f->commands = command_table_new();
    command_table_add_store(f->commands);
    f->pool = near_pool_new(f->commands, 3);
    configure(f, 1000, 1000000);
    f->near = near_new(f->pool);
    begin(f);
}

static void fini(struct fixture *f)
{
    near_free(f->near);
    near_pool_free(f->pool);
    command_table_free(f->commands);
}

static void pass(struct fixture *f, uint64_t ms)
{
    f->now.clock_ms += ms;
    f->now.unix_ms += ms;
}

static enum near_verdict look_at(struct fixture *f, struct span which)
{
    void *found = NULL;
    enum near_verdict verdict = near_look(f->near, &which, 1, &f->now, &found);

    if (verdict == NEAR_JOIN) {
        assert_ptr_equal(found, &flight);
    }
    return verdict;
}

static enum near_verdict look(struct fixture *f)
{
    return look_at(f, key);
}

static struct near_fetched value_of(const struct fixture *f, const char *text)
{
    return (struct near_fetched){
        .value = span_from(text),
        .ttl_ms = -1,
        .sent_at_ms = f->now.clock_ms,
    };
}

static bool land(struct fixture *f, uint64_t token, const char *text)
{
    struct near_fetched fetched = value_of(f, text);
    return near_land(f->near, key, token, &fetched, &f->now);
}

/* A copy of a key, whatever admission thinks of it. */
static void copy_of(struct fixture *f, struct span which, const char *text)
{
    struct near_fetched fetched = value_of(f, text);
    uint64_t token = near_fetching(f->near, which, &flight);

    assert_true(near_land(f->near, which, token, &fetched, &f->now));
}

/* What GET answers on the copies. */
static void assert_copy_is(struct fixture *f, const char *answer)
{
    struct span argv[] = { SPAN("GET"), key };
    struct buf out;

    buf_init(&out, 4096);
    struct reply reply = reply_into(&out, 2);
    struct cache_request request = {
        .command = command_named(f->commands, SPAN("get")),
        .argv = argv,
        .argc = 2,
        .now_ms = f->now.unix_ms,
        .reply = &reply,
    };
    cache_exec(near_cache(f->near), &request);
    assert_true(span_equal(buf_span(&out), span_from(answer)));
    buf_fini(&out);
}

#define with_fixture()                                                                             \
    struct fixture f;                                                                              \
    (void)state;                                                                                   \
    init(&f)

/* --- the ordinary ----------------------------------------------------------------------------- */

static void a_key_read_once_is_a_plain_read(void **state)
{
    with_fixture();

    assert_int_equal(look(&f), NEAR_MISS);
    assert_int_equal(look(&f), NEAR_FETCH);
    fini(&f);
}

static void a_copy_answers(void **state)
{
    with_fixture();

    assert_true(land(&f, near_fetching(f.near, key, &flight), "v"));
    assert_int_equal(look(&f), NEAR_HIT);
    assert_copy_is(&f, "$1\r\nv\r\n");
    assert_int_equal(near_count(f.near), 1);
    fini(&f);
}

static void all_keys_of_a_read_must_have_copies(void **state)
{
    with_fixture();
    struct span keys[] = { key, SPAN("other") };
    void *found = NULL;

    copy_of(&f, key, "v");
    assert_int_equal(near_look(f.near, keys, 2, &f.now, &found), NEAR_MISS);
    copy_of(&f, keys[1], "w");
    assert_int_equal(near_look(f.near, keys, 2, &f.now, &found), NEAR_HIT);
    near_push(f.near, keys[1]);
    assert_int_equal(near_look(f.near, keys, 2, &f.now, &found), NEAR_MISS);
    fini(&f);
}

static void a_read_does_not_overtake_one_that_went_to_the_owner(void **state)
{
    with_fixture();

    copy_of(&f, key, "v");
    uint64_t pass = near_pass(f.near, &key, 1);
    assert_int_not_equal(pass, 0);
    assert_int_equal(look(&f), NEAR_FETCH);
    near_pass_ended(f.near, pass);
    assert_int_equal(look(&f), NEAR_HIT);
    fini(&f);
}

static void a_flight_that_was_overtaken_is_not_joined(void **state)
{
    with_fixture();

    uint64_t first = near_fetching(f.near, key, &flight);
    uint64_t pass = near_pass(f.near, &key, 1);
    assert_int_equal(look(&f), NEAR_FETCH);
    uint64_t second = near_fetching(f.near, key, &flight);
    assert_int_equal(look(&f), NEAR_JOIN);
    assert_false(land(&f, first, "old"));
    near_pass_ended(f.near, pass);
    assert_true(land(&f, second, "new"));
    assert_copy_is(&f, "$3\r\nnew\r\n");
    fini(&f);
}

static void a_read_of_what_is_not_here_passes_nothing(void **state)
{
    with_fixture();

    assert_int_equal(near_pass(f.near, &key, 1), 0);
    near_pass_ended(f.near, 0);
    assert_true(land(&f, near_fetching(f.near, key, &flight), "v"));
    assert_int_equal(look(&f), NEAR_HIT);
    fini(&f);
}

static void keys_may_be_empty_or_hold_any_byte(void **state)
{
    static const struct span keys[] = { { "", 0 }, { "\0", 1 }, { "\0\0", 2 }, { "a\r\n", 3 } };
    with_fixture();

    for (size_t i = 0; i < COUNT(keys); i++) {
        copy_of(&f, keys[i], "v");
    }
    for (size_t i = 0; i < COUNT(keys); i++) {
        assert_int_equal(look_at(&f, keys[i]), NEAR_HIT);
        near_push(f.near, keys[i]);
        assert_int_not_equal(look_at(&f, keys[i]), NEAR_HIT);
    }
    fini(&f);
}

static void a_value_at_the_limit_is_kept_and_one_past_it_is_not(void **state)
{
    with_fixture();

    configure(&f, 4, 1000000);
    assert_true(land(&f, near_fetching(f.near, key, &flight), "1234"));
    assert_false(land(&f, near_fetching(f.near, key, &flight), "12345"));
    assert_int_not_equal(look(&f), NEAR_HIT);
    copy_of(&f, key, "v");
    configure(&f, 0, 1000000); /* Off. */
    assert_int_equal(near_count(f.near), 0);
    assert_string_equal(near_explain(f.near, key, &f.now), "near copies are off");
    for (int i = 0; i < 10; i++) {
        assert_int_equal(look(&f), NEAR_MISS);
    }
    fini(&f);
}

/* --- races ------------------------------------------------------------------------------------ */

static void r1_a_push_voids_the_fetch_it_overtakes(void **state)
{
    with_fixture();
    uint64_t token = near_fetching(f.near, key, &flight);

    near_push(f.near, key);
    assert_false(land(&f, token, "old"));
    assert_int_not_equal(look(&f), NEAR_HIT);
    fini(&f);
}

static void r1_a_push_of_all_keys_voids_every_fetch(void **state)
{
    with_fixture();
    uint64_t token = near_fetching(f.near, key, &flight);

    near_push_all(f.near);
    assert_false(land(&f, token, "old"));
    assert_int_not_equal(look(&f), NEAR_HIT);
    fini(&f);
}

static void r1_an_own_write_voids_the_fetch_it_overtakes(void **state)
{
    with_fixture();
    uint64_t token = near_fetching(f.near, key, &flight);

    near_write(f.near, key);
    assert_false(land(&f, token, "old"));
    assert_int_not_equal(look(&f), NEAR_HIT);
    fini(&f);
}

static void r1_a_push_for_another_key_voids_nothing(void **state)
{
    with_fixture();
    uint64_t token = near_fetching(f.near, key, &flight);

    near_push(f.near, SPAN("other"));
    assert_true(land(&f, token, "v"));
    fini(&f);
}

static void r1_the_answer_of_a_void_fetch_is_not_that_of_the_next(void **state)
{
    with_fixture();
    uint64_t first = near_fetching(f.near, key, &flight);

    near_push(f.near, key);
    uint64_t second = near_fetching(f.near, key, &flight);
    assert_false(land(&f, first, "old"));
    assert_int_equal(look(&f), NEAR_JOIN);
    assert_true(land(&f, second, "new"));
    assert_copy_is(&f, "$3\r\nnew\r\n");
    fini(&f);
}

static void r2_readers_join_a_fetch_until_a_write_or_a_push_detaches_it(void **state)
{
    with_fixture();

    near_fetching(f.near, key, &flight);
    assert_int_equal(look(&f), NEAR_JOIN);
    near_write(f.near, key);
    assert_int_not_equal(look(&f), NEAR_JOIN);

    near_fetching(f.near, key, &flight);
    assert_int_equal(look(&f), NEAR_JOIN);
    near_push(f.near, key);
    assert_int_not_equal(look(&f), NEAR_JOIN);
    fini(&f);
}

static void r3_a_write_drops_the_copy_when_it_is_sent(void **state)
{
    with_fixture();

    copy_of(&f, key, "old");
    near_write(f.near, key);
    assert_int_not_equal(look(&f), NEAR_HIT);
    copy_of(&f, key, "old");
    near_write_all(f.near);
    assert_int_not_equal(look(&f), NEAR_HIT);
    fini(&f);
}

static void r3_a_write_on_another_link_closes_this_one_until_it_is_answered(void **state)
{
    with_fixture();

    copy_of(&f, key, "old");
    uint64_t before = near_fetching(f.near, SPAN("other"), &flight);
    struct near_fetched fetched = value_of(&f, "old");
    near_close(f.near);
    near_close(f.near); /* Two of them. */
    for (int i = 0; i < 5; i++) {
        assert_int_equal(look(&f), NEAR_MISS); /* Never a fetch. */
    }
    assert_false(near_land(f.near, SPAN("other"), before, &fetched, &f.now));
    near_reopen(f.near);
    assert_int_equal(look(&f), NEAR_MISS);
    near_reopen(f.near);
    assert_int_equal(look(&f), NEAR_FETCH);
    fini(&f);
}

static void r4_reads_behind_a_write_follow_it_on_the_link(void **state)
{
    with_fixture();

    copy_of(&f, key, "old");
    near_write(f.near, key);
    /* Forwarded or fetched: both are sent behind the write. What came before does not answer. */
    enum near_verdict verdict = look(&f);
    assert_true(verdict == NEAR_MISS || verdict == NEAR_FETCH);
    assert_true(land(&f, near_fetching(f.near, key, &flight), "new"));
    assert_copy_is(&f, "$3\r\nnew\r\n");
    fini(&f);
}

static void r8_the_loss_of_the_link_ends_the_epoch(void **state)
{
    with_fixture();

    copy_of(&f, key, "old");
    uint64_t token = near_fetching(f.near, SPAN("other"), &flight);
    struct near_fetched fetched = value_of(&f, "old");
    near_lost(f.near);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(look(&f), NEAR_MISS); /* Nothing is fetched before it is ready. */
    }
    begin(&f);
    assert_int_not_equal(look(&f), NEAR_HIT);
    assert_false(near_land(f.near, SPAN("other"), token, &fetched, &f.now));
    assert_int_equal(near_count(f.near), 0);
    fini(&f);
}

static void r8_many_epochs_leave_nothing_behind(void **state)
{
    with_fixture();
    char name[32];

    for (int epoch = 0; epoch < 20; epoch++) {
        for (int i = 0; i < 500; i++) {
            snprintf(name, sizeof(name), "key:%d", i * (epoch % 3 + 1));
            copy_of(&f, span_from(name), "v");
        }
        assert_int_equal(near_count(f.near), 500);
        near_push_all(f.near);
        assert_int_equal(near_count(f.near), 0);
        assert_int_equal(peer_metrics.near_memory_bytes, 0);
    }
    for (int i = 0; near_tick(f.near, f.now.unix_ms); i++) {
        assert_true(i < 10000);
    }
    fini(&f);
}

static void r9_a_copy_answers_only_within_the_lease(void **state)
{
    with_fixture();

    copy_of(&f, key, "v");
    pass(&f, LEASE_MS);
    assert_int_equal(look(&f), NEAR_HIT);
    pass(&f, 1);
    assert_int_equal(look(&f), NEAR_MISS);
    near_confirm(f.near, f.now.clock_ms - 100); /* Sent then, answered now. */
    assert_int_equal(look(&f), NEAR_HIT);
    pass(&f, LEASE_MS - 100);
    assert_int_equal(look(&f), NEAR_HIT);
    pass(&f, 1);
    assert_int_equal(look(&f), NEAR_MISS);
    fini(&f);
}

static void r9_a_new_link_has_no_lease_until_it_is_confirmed(void **state)
{
    with_fixture();

    near_lost(f.near);
    near_begin(f.near);
    copy_of(&f, key, "v");
    assert_int_equal(look(&f), NEAR_MISS);
    near_confirm(f.near, f.now.clock_ms);
    assert_int_equal(look(&f), NEAR_HIT);
    fini(&f);
}

static void r10_nothing_is_answered_while_something_is_unread(void **state)
{
    with_fixture();

    copy_of(&f, key, "v");
    near_set_unread(f.near, true);
    assert_true(near_is_unread(f.near));
    assert_int_equal(look(&f), NEAR_MISS);
    near_set_unread(f.near, false);
    assert_int_equal(look(&f), NEAR_HIT);
    fini(&f);
}

static void r11_a_copy_ends_a_time_to_live_after_its_fetch_was_sent(void **state)
{
    with_fixture();
    struct near_fetched fetched = value_of(&f, "v");
    uint64_t token = near_fetching(f.near, key, &flight);

    fetched.ttl_ms = 200;
    pass(&f, 50); /* The way there and back. */
    assert_true(near_land(f.near, key, token, &fetched, &f.now));
    pass(&f, 149);
    assert_int_equal(look(&f), NEAR_HIT);
    pass(&f, 1);
    assert_int_not_equal(look(&f), NEAR_HIT); /* And not "no such key". */
    fini(&f);
}

static void r11_what_is_over_when_it_arrives_is_not_kept(void **state)
{
    with_fixture();
    struct near_fetched fetched = value_of(&f, "v");
    uint64_t token = near_fetching(f.near, key, &flight);

    fetched.ttl_ms = 50;
    pass(&f, 50);
    assert_false(near_land(f.near, key, token, &fetched, &f.now));
    assert_int_not_equal(look(&f), NEAR_HIT);
    fini(&f);
}

static void r17_a_missing_key_is_a_copy_with_a_short_life(void **state)
{
    with_fixture();
    struct near_fetched fetched = { .missing = true, .sent_at_ms = f.now.clock_ms };
    uint64_t token = near_fetching(f.near, key, &flight);

    assert_true(near_land(f.near, key, token, &fetched, &f.now));
    assert_int_equal(look(&f), NEAR_HIT);
    assert_copy_is(&f, "$-1\r\n");
    pass(&f, LEASE_MS / 2);
    assert_int_not_equal(look(&f), NEAR_HIT);
    fini(&f);
}

static void r17_an_insert_ends_the_copy_of_a_missing_key(void **state)
{
    with_fixture();
    struct near_fetched fetched = { .missing = true, .sent_at_ms = f.now.clock_ms };
    uint64_t token = near_fetching(f.near, key, &flight);

    near_push(f.near, key); /* Inserted while the fetch was on its way. */
    assert_false(near_land(f.near, key, token, &fetched, &f.now));
    token = near_fetching(f.near, key, &flight);
    assert_true(near_land(f.near, key, token, &fetched, &f.now));
    near_push(f.near, key); /* Or later. */
    assert_int_not_equal(look(&f), NEAR_HIT);
    fini(&f);
}

static void r17_a_value_takes_the_place_of_a_missing_key(void **state)
{
    with_fixture();
    struct near_fetched fetched = { .missing = true, .sent_at_ms = f.now.clock_ms };

    near_land(f.near, key, near_fetching(f.near, key, &flight), &fetched, &f.now);
    copy_of(&f, key, "v");
    assert_copy_is(&f, "$1\r\nv\r\n");
    near_land(f.near, key, near_fetching(f.near, key, &flight), &fetched, &f.now);
    assert_copy_is(&f, "$-1\r\n");
    assert_int_equal(near_count(f.near), 1);
    fini(&f);
}

static void r22_a_key_written_as_often_as_read_is_fetched_less_and_less(void **state)
{
    with_fixture();
    int fetches = 0;

    for (int i = 0; i < 3000; i++) {
        if (look(&f) == NEAR_FETCH) {
            fetches++;
            copy_of(&f, key, "v");
        }
        near_push(f.near, key);
    }
    assert_in_range(fetches, 1, 40);
    fetches = 0; /* And when the writes end it is soon kept again. */
    for (int i = 0; i < 150; i++) {
        if (look(&f) == NEAR_FETCH) {
            fetches++;
            copy_of(&f, key, "v");
        }
    }
    assert_int_equal(fetches, 1);
    assert_int_equal(look(&f), NEAR_HIT);
    fini(&f);
}

static void r22_a_key_read_often_between_writes_is_kept_each_time(void **state)
{
    with_fixture();
    int fetches = 0;

    for (int i = 0; i < 50; i++) {
        for (int j = 0; j < 10; j++) {
            if (look(&f) == NEAR_FETCH) {
                fetches++;
                copy_of(&f, key, "v");
            }
        }
        near_push(f.near, key);
    }
    assert_in_range(fetches, 49, 50);
    fini(&f);
}

/* --- memory ----------------------------------------------------------------------------------- */

static void stays_within_its_memory_and_keeps_what_is_read(void **state)
{
    with_fixture();
    char name[32];

    configure(&f, 1000, 100000);
    copy_of(&f, key, "v");
    for (int i = 0; i < 5000; i++) {
        pass(&f, 1);
        near_confirm(f.near, f.now.clock_ms);
        assert_int_equal(look(&f), NEAR_HIT); /* Read all the time, so it is never the oldest. */
        snprintf(name, sizeof(name), "key:%d", i);
        copy_of(&f, span_from(name), "some value");
        assert_true(peer_metrics.near_memory_bytes <= 100000);
    }
    assert_in_range(near_count(f.near), 100, 1000);
    fini(&f);
}

static void a_smaller_memory_is_obeyed_at_once(void **state)
{
    with_fixture();
    char name[32];

    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof(name), "key:%d", i);
        copy_of(&f, span_from(name), "some value");
    }
    configure(&f, 1000, 5000);
    assert_true(peer_metrics.near_memory_bytes <= 5000);
    configure(&f, 1000, 0);
    assert_int_equal(near_count(f.near), 0);
    assert_false(land(&f, near_fetching(f.near, key, &flight), "v"));
    fini(&f);
}

static void explains_what_the_next_read_would_meet(void **state)
{
    with_fixture();

    assert_string_equal(near_explain(f.near, key, &f.now), "not read often enough for a near copy");
    look(&f);
    assert_string_equal(near_explain(f.near, key, &f.now), "the next read makes a near copy");
    near_fetching(f.near, key, &flight);
    assert_string_equal(near_explain(f.near, key, &f.now), "a near copy is being fetched");
    copy_of(&f, key, "v");
    assert_string_equal(near_explain(f.near, key, &f.now), "answered from a near copy");
    pass(&f, LEASE_MS + 1);
    assert_string_equal(near_explain(f.near, key, &f.now),
                        "there is a near copy, but its lease is over");
    near_close(f.near);
    assert_string_equal(near_explain(f.near, key, &f.now), "a write to all databases is under way");
    near_reopen(f.near);
    near_lost(f.near);
    assert_string_equal(near_explain(f.near, key, &f.now), "its link is not ready");
    fini(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_read_once_is_a_plain_read),
        cmocka_unit_test(a_copy_answers),
        cmocka_unit_test(all_keys_of_a_read_must_have_copies),
        cmocka_unit_test(a_read_does_not_overtake_one_that_went_to_the_owner),
        cmocka_unit_test(a_flight_that_was_overtaken_is_not_joined),
        cmocka_unit_test(a_read_of_what_is_not_here_passes_nothing),
        cmocka_unit_test(keys_may_be_empty_or_hold_any_byte),
        cmocka_unit_test(a_value_at_the_limit_is_kept_and_one_past_it_is_not),
        cmocka_unit_test(r1_a_push_voids_the_fetch_it_overtakes),
        cmocka_unit_test(r1_a_push_of_all_keys_voids_every_fetch),
        cmocka_unit_test(r1_an_own_write_voids_the_fetch_it_overtakes),
        cmocka_unit_test(r1_a_push_for_another_key_voids_nothing),
        cmocka_unit_test(r1_the_answer_of_a_void_fetch_is_not_that_of_the_next),
        cmocka_unit_test(r2_readers_join_a_fetch_until_a_write_or_a_push_detaches_it),
        cmocka_unit_test(r3_a_write_drops_the_copy_when_it_is_sent),
        cmocka_unit_test(r3_a_write_on_another_link_closes_this_one_until_it_is_answered),
        cmocka_unit_test(r4_reads_behind_a_write_follow_it_on_the_link),
        cmocka_unit_test(r8_the_loss_of_the_link_ends_the_epoch),
        cmocka_unit_test(r8_many_epochs_leave_nothing_behind),
        cmocka_unit_test(r9_a_copy_answers_only_within_the_lease),
        cmocka_unit_test(r9_a_new_link_has_no_lease_until_it_is_confirmed),
        cmocka_unit_test(r10_nothing_is_answered_while_something_is_unread),
        cmocka_unit_test(r11_a_copy_ends_a_time_to_live_after_its_fetch_was_sent),
        cmocka_unit_test(r11_what_is_over_when_it_arrives_is_not_kept),
        cmocka_unit_test(r17_a_missing_key_is_a_copy_with_a_short_life),
        cmocka_unit_test(r17_an_insert_ends_the_copy_of_a_missing_key),
        cmocka_unit_test(r17_a_value_takes_the_place_of_a_missing_key),
        cmocka_unit_test(r22_a_key_written_as_often_as_read_is_fetched_less_and_less),
        cmocka_unit_test(r22_a_key_read_often_between_writes_is_kept_each_time),
        cmocka_unit_test(stays_within_its_memory_and_keeps_what_is_read),
        cmocka_unit_test(a_smaller_memory_is_obeyed_at_once),
        cmocka_unit_test(explains_what_the_next_read_would_meet),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
