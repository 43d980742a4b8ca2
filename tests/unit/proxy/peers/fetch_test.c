/* Near copies over a real link, told by the numbers of coherence.md where it has one. */

#include "tests/unit/proxy/peers/fake_mesh.h"

#include <poll.h>

static void a_key_that_is_read_again_is_read_here(void **state)
{
    with_mesh("--near-lease", "500");
    uint64_t hits = peer_metrics.near_hits_total;

    fake_set(&mesh, mesh.key[0], "near");
    make_copy(&mesh, mesh.key[0], "$4\r\nnear\r\n");
    size_t asked = mesh.fake.asked;
    for (int i = 0; i < 10; i++) {
        struct asked read;
        ask(&mesh, &read, "GET %s", mesh.key[0]);
        assert_true(read.done);
        assert_true(says(&read, "$4\r\nnear\r\n"));
        buf_fini(&read.buf);
    }
    expect(&mesh, ":4\r\n", "STRLEN %s", mesh.key[0]);
    expect(&mesh, "$2\r\nea\r\n", "GETRANGE %s 1 2", mesh.key[0]);
    assert_int_equal(mesh.fake.asked, asked);
    assert_int_equal(peer_metrics.near_hits_total, hits + 12);
    mesh_fini(&mesh);
}

static void a_write_elsewhere_is_seen_at_once(void **state)
{
    with_mesh("--near-lease", "500");

    fake_set(&mesh, mesh.key[0], "old");
    make_copy(&mesh, mesh.key[0], "$3\r\nold\r\n");
    fake_set(&mesh, mesh.key[0], "new");
    turns(&mesh, 0.01);
    expect(&mesh, "$3\r\nnew\r\n", "GET %s", mesh.key[0]);
    mesh_fini(&mesh);
}

static void r3_r4_an_own_write_is_read_back(void **state)
{
    with_mesh("--near-lease", "500");
    struct asked set, get;

    fake_set(&mesh, mesh.key[0], "old");
    make_copy(&mesh, mesh.key[0], "$3\r\nold\r\n");
    for (int i = 0; i < 20; i++) {
        char answer[32];
        ask(&mesh, &set, "SET %s v%d", mesh.key[0], i);
        ask(&mesh, &get, "GET %s", mesh.key[0]); /* Before the write is acknowledged. */
        wait_for(&mesh, get.done);
        assert_true(set.done);
        snprintf(answer, sizeof(answer), "$%d\r\nv%d\r\n", i < 10 ? 2 : 3, i);
        assert_true(says(&get, answer));
        expect(&mesh, answer, "GET %s", mesh.key[0]);
        buf_fini(&set.buf);
        buf_fini(&get.buf);
    }
    mesh_fini(&mesh);
}

static void r3_split_writes_and_flushes_drop_copies(void **state)
{
    with_mesh("--near-lease", "500");
    struct asked write, get;

    fake_set(&mesh, mesh.key[0], "old");
    make_copy(&mesh, mesh.key[0], "$3\r\nold\r\n");
    ask(&mesh, &write, "MSET %s new %s x", mesh.key[0], mesh.key[1]);
    ask(&mesh, &get, "GET %s", mesh.key[0]);
    wait_for(&mesh, get.done);
    assert_true(says(&get, "$3\r\nnew\r\n"));
    buf_fini(&write.buf);
    buf_fini(&get.buf);
    make_copy(&mesh, mesh.key[0], "$3\r\nnew\r\n");
    ask(&mesh, &write, "FLUSHALL");
    ask(&mesh, &get, "GET %s", mesh.key[0]);
    wait_for(&mesh, get.done);
    assert_true(says(&get, "$-1\r\n"));
    buf_fini(&write.buf);
    buf_fini(&get.buf);
    mesh_fini(&mesh);
}

static void r2_readers_share_a_fetch_and_a_write_cuts_it(void **state)
{
    with_mesh("--near-lease", "500");
    struct asked first, second, write, third;

    fake_set(&mesh, mesh.key[0], "old");
    wait_for(&mesh, fake_is_ready(&mesh));
    expect(&mesh, "$3\r\nold\r\n", "GET %s", mesh.key[0]);
    size_t gets = mesh.fake.gets;
    ask(&mesh, &first, "GET %s", mesh.key[0]);
    ask(&mesh, &second, "STRLEN %s", mesh.key[0]);
    ask(&mesh, &write, "SET %s newer", mesh.key[0]);
    ask(&mesh, &third, "STRLEN %s", mesh.key[0]);
    wait_for(&mesh, third.done);
    assert_true(says(&first, "$3\r\nold\r\n"));
    assert_true(says(&second, ":3\r\n"));
    assert_true(says(&third, ":5\r\n"));
    assert_in_range(mesh.fake.gets - gets, 1, 2);
    expect(&mesh, "$5\r\nnewer\r\n", "GET %s", mesh.key[0]);
    buf_fini(&first.buf);
    buf_fini(&second.buf);
    buf_fini(&third.buf);
    buf_fini(&write.buf);
    mesh_fini(&mesh);
}

static void r8_the_loss_of_the_link_ends_all_copies(void **state)
{
    with_mesh("--near-lease", "500");

    fake_set(&mesh, mesh.key[0], "old");
    make_copy(&mesh, mesh.key[0], "$3\r\nold\r\n");
    fake_close_all(&mesh.fake);
    fake_set(&mesh, mesh.key[0], "new"); /* Nobody is told. */
    turns(&mesh, 0.01);
    expect(&mesh, "$3\r\nnew\r\n", "GET %s", mesh.key[0]);
    mesh_fini(&mesh);
}

static void r9_a_silent_owner_ends_the_lease(void **state)
{
    with_mesh("--near-lease", "200", "--node-timeout", "3000");
    struct asked read;

    fake_set(&mesh, mesh.key[0], "old");
    make_copy(&mesh, mesh.key[0], "$3\r\nold\r\n");
    mesh.fake.mute = true;
    turns(&mesh, 0.3);
    ask(&mesh, &read, "GET %s", mesh.key[0]);
    assert_false(read.done);
    read.waiter.reply = NULL;
    buf_fini(&read.buf);
    mesh_fini(&mesh);
}

static void r10_after_a_gap_what_arrived_is_read_before_any_hit(void **state)
{
    with_mesh("--near-lease", "500");
    struct asked read;

    fake_set(&mesh, mesh.key[0], "old");
    make_copy(&mesh, mesh.key[0], "$3\r\nold\r\n");
    peers_turn(mesh.peers, wall_ms());
    fake_set(&mesh, mesh.key[0], "new"); /* The push is in the socket. */
    poll(NULL, 0, 60);                   /* The process is stopped. */
    peers_turn(mesh.peers, wall_ms());
    ask(&mesh, &read, "GET %s", mesh.key[0]); /* Not one event was handled. */
    wait_for(&mesh, read.done);
    assert_true(says(&read, "$3\r\nnew\r\n"));
    buf_fini(&read.buf);
    mesh_fini(&mesh);
}

static void r17_a_missing_key_is_a_copy_that_a_write_ends(void **state)
{
    with_mesh("--near-lease", "500");

    make_copy(&mesh, mesh.key[0], "$-1\r\n");
    size_t asked = mesh.fake.asked;
    expect(&mesh, "$-1\r\n", "GET %s", mesh.key[0]);
    assert_int_equal(mesh.fake.asked, asked);
    fake_set(&mesh, mesh.key[0], "new");
    turns(&mesh, 0.01);
    expect(&mesh, "$3\r\nnew\r\n", "GET %s", mesh.key[0]);
    mesh_fini(&mesh);
}

static void strong_keys_are_always_asked_for(void **state)
{
    with_mesh("--rule", "^key: class=strong");

    fake_set(&mesh, mesh.key[0], "v");
    wait_for(&mesh, fake_is_ready(&mesh));
    for (size_t i = 1; i < 6; i++) {
        expect(&mesh, "$1\r\nv\r\n", "GET %s", mesh.key[0]);
        assert_int_equal(mesh.fake.asked, i);
    }
    mesh_fini(&mesh);
}

static void a_value_of_another_type_is_answered_in_its_turn(void **state)
{
    with_mesh("--near-lease", "500");

    wait_for(&mesh, fake_is_ready(&mesh));
    expect(&mesh, ":0\r\n", "STRLEN %s", mesh.key[0]);
    mesh.fake.say_instead = "-WRONGTYPE no\r\n"; /* To the fetch's GET. */
    size_t asked = mesh.fake.asked;
    expect(&mesh, "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n",
           "STRLEN %s", mesh.key[0]);
    assert_int_equal(mesh.fake.asked, asked + 2); /* GET and PTTL. */
    mesh_fini(&mesh);
}

static void a_value_that_is_too_long_is_answered_and_not_kept(void **state)
{
    with_mesh("--near-max-value", "4");

    fake_set(&mesh, mesh.key[0], "12345");
    make_copy(&mesh, mesh.key[0], "$5\r\n12345\r\n");
    size_t asked = mesh.fake.asked;
    expect(&mesh, "$5\r\n12345\r\n", "GET %s", mesh.key[0]);
    assert_int_equal(mesh.fake.asked, asked + 1);
    mesh_fini(&mesh);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_that_is_read_again_is_read_here),
        cmocka_unit_test(a_write_elsewhere_is_seen_at_once),
        cmocka_unit_test(r3_r4_an_own_write_is_read_back),
        cmocka_unit_test(r3_split_writes_and_flushes_drop_copies),
        cmocka_unit_test(r2_readers_share_a_fetch_and_a_write_cuts_it),
        cmocka_unit_test(r8_the_loss_of_the_link_ends_all_copies),
        cmocka_unit_test(r9_a_silent_owner_ends_the_lease),
        cmocka_unit_test(r10_after_a_gap_what_arrived_is_read_before_any_hit),
        cmocka_unit_test(r17_a_missing_key_is_a_copy_that_a_write_ends),
        cmocka_unit_test(strong_keys_are_always_asked_for),
        cmocka_unit_test(a_value_of_another_type_is_answered_in_its_turn),
        cmocka_unit_test(a_value_that_is_too_long_is_answered_and_not_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
