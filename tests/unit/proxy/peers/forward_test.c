/* Forwarding to one owner: what an app sees, and what it never sees. */

#include "tests/unit/proxy/peers/fake_mesh.h"

static void forwards_to_the_owner_and_back(void **state)
{
    with_mesh("--near-max-value", "0");

    expect(&mesh, "+OK\r\n", "SET %s hello", mesh.key[0]);
    expect(&mesh, "$5\r\nhello\r\n", "GET %s", mesh.key[0]);
    expect(&mesh, "+OK\r\n", "SET %s mine", mesh.key[1]);
    expect(&mesh, "$4\r\nmine\r\n", "GET %s", mesh.key[1]);
    assert_int_equal(mesh.fake.asked, 2);
    mesh_fini(&mesh);
}

static void answers_in_the_protocol_of_the_app(void **state)
{
    with_mesh("--near-max-value", "0");
    struct asked two, three;
    char text[64];

    snprintf(text, sizeof(text), "GET %s", mesh.key[0]);
    ask_in(&mesh, &two, 2, 0, text);
    ask_in(&mesh, &three, 3, 0, text);
    wait_for(&mesh, two.done && three.done);
    assert_true(says(&two, "$-1\r\n"));
    assert_true(says(&three, "_\r\n"));

    buf_fini(&two.buf);
    buf_fini(&three.buf);
    mesh_fini(&mesh);
}

static void keeps_the_order_of_a_deep_pipeline(void **state)
{
    enum { MANY = 5000 };
    with_mesh("--near-max-value", "0");
    struct asked *asked = memory_zero(MANY * sizeof(*asked));

    for (int i = 0; i < MANY; i++) {
        ask(&mesh, &asked[i], "APPEND %s x", mesh.key[0]);
    }
    wait_for(&mesh, asked[MANY - 1].done);
    for (int i = 0; i < MANY; i++) {
        char answer[32];
        snprintf(answer, sizeof(answer), ":%d\r\n", i + 1);
        assert_true(says(&asked[i], answer));
        assert_int_equal(asked[i].times, 1);
        buf_fini(&asked[i].buf);
    }
    assert_int_equal(peers_waiting(mesh.peers), 0);
    memory_free(asked);
    mesh_fini(&mesh);
}

static void each_database_has_a_link_of_its_own(void **state)
{
    with_mesh("--near-max-value", "0");
    struct asked asked;
    char text[64];

    expect(&mesh, "+OK\r\n", "SET %s zero", mesh.key[0]);
    snprintf(text, sizeof(text), "SET %s three", mesh.key[0]);
    ask_in(&mesh, &asked, 2, 3, text);
    wait_for(&mesh, asked.done);
    buf_fini(&asked.buf);
    assert_int_equal(mesh.fake.accepted, 2);
    expect(&mesh, "$4\r\nzero\r\n", "GET %s", mesh.key[0]);
    mesh_fini(&mesh);
}

static void drops_the_answer_of_a_client_that_has_gone(void **state)
{
    with_mesh("--near-max-value", "0");
    struct asked gone, next;

    ask(&mesh, &gone, "GET %s", mesh.key[0]);
    ask(&mesh, &next, "GET %s", mesh.key[0]);
    gone.waiter.reply = NULL;
    wait_for(&mesh, next.done);
    assert_true(gone.done);
    assert_int_equal(gone.buf.len, 0);
    assert_true(says(&next, "$-1\r\n"));
    buf_fini(&next.buf);
    mesh_fini(&mesh);
}

static void waits_for_a_peer_that_is_not_there_yet(void **state)
{
    with_mesh("--near-max-value", "0");
    struct asked asked;

    fake_stop(&mesh.fake);
    ask(&mesh, &asked, "INCR %s", mesh.key[0]);
    turns(&mesh, 0.1);
    assert_false(asked.done);
    fake_listen(&mesh.fake);
    wait_for(&mesh, asked.done);
    assert_true(says(&asked, ":1\r\n"));
    buf_fini(&asked.buf);
    mesh_fini(&mesh);
}

static void is_unreachable_after_the_forward_timeout(void **state)
{
    with_mesh("--forward-timeout", "60");
    struct asked asked;
    double began = ev_time();

    fake_stop(&mesh.fake);
    ask(&mesh, &asked, "GET %s", mesh.key[0]);
    wait_for(&mesh, asked.done);
    assert_true(begins(&asked, "-UNREACHABLE peer 127.0.0.1:"));
    assert_true(asked.reply.failed);
    assert_in_range((unsigned)((ev_time() - began) * 1000), 55, 500);
    assert_int_equal(asked.times, 1);
    buf_fini(&asked.buf);
    mesh_fini(&mesh);
}

static void a_sent_request_is_never_sent_twice(void **state)
{
    with_mesh("--near-max-value", "0");
    struct asked asked;

    wait_for(&mesh, fake_is_ready(&mesh));
    mesh.fake.say_instead = "";
    mesh.fake.hang_up = true;
    ask(&mesh, &asked, "INCR %s", mesh.key[0]);
    wait_for(&mesh, asked.done);
    assert_true(begins(&asked, "-UNREACHABLE"));
    turns(&mesh, 0.2);
    assert_int_equal(asked.times, 1);
    assert_int_equal(mesh.fake.asked, 1);
    buf_fini(&asked.buf);
    expect(&mesh, ":1\r\n", "INCR %s", mesh.key[0]);
    mesh_fini(&mesh);
}

static void the_app_never_sees_moved(void **state)
{
    with_mesh("--near-max-value", "0");

    mesh.fake.moved = 3;
    mesh.fake.moved_to = "127.0.0.1:9";
    expect(&mesh, ":1\r\n", "INCR %s", mesh.key[0]);
    assert_int_equal(mesh.fake.asked, 4);
    mesh_fini(&mesh);
}

static void moved_is_followed_to_a_member_we_know(void **state)
{
    with_mesh("--near-max-value", "0");
    char named[32];

    snprintf(named, sizeof(named), "127.0.0.1:%u", (unsigned)mesh.fake.port);
    mesh.fake.moved = 2;
    mesh.fake.moved_to = named;
    expect(&mesh, ":1\r\n", "INCR %s", mesh.key[0]);
    mesh.fake.moved = 1;
    mesh.fake.moved_to = "nonsense";
    expect(&mesh, ":2\r\n", "INCR %s", mesh.key[0]);
    mesh.fake.moved = 1;
    mesh.fake.moved_to = "127.0.0.1:1"; /* Us, and our ring says it is not. */
    expect(&mesh, ":3\r\n", "INCR %s", mesh.key[0]);
    mesh_fini(&mesh);
}

static void moved_for_ever_is_unreachable(void **state)
{
    with_mesh("--forward-timeout", "100");
    struct asked asked;

    mesh.fake.moved = SIZE_MAX;
    mesh.fake.moved_to = "127.0.0.1:9";
    ask(&mesh, &asked, "INCR %s", mesh.key[0]);
    wait_for(&mesh, asked.done);
    assert_true(begins(&asked, "-UNREACHABLE"));
    buf_fini(&asked.buf);
    mesh_fini(&mesh);
}

static void what_waits_for_a_member_that_leaves_goes_to_the_new_owner(void **state)
{
    with_mesh("--near-max-value", "0");
    struct asked asked;

    fake_stop(&mesh.fake);
    ask(&mesh, &asked, "INCR %s", mesh.key[0]);
    turns(&mesh, 0.05);
    mesh.members[0] = mesh.members[1];
    set_view(&mesh, 1);
    wait_for(&mesh, asked.done);
    assert_true(says(&asked, ":1\r\n"));
    buf_fini(&asked.buf);
    mesh_fini(&mesh);
}

static void draining_waits_for_nothing_that_was_not_sent(void **state)
{
    with_mesh("--near-max-value", "0");
    struct asked before, after;

    fake_stop(&mesh.fake);
    ask(&mesh, &before, "GET %s", mesh.key[0]);
    peers_drain(mesh.peers);
    ask(&mesh, &after, "GET %s", mesh.key[0]);
    assert_true(before.done);
    assert_true(after.done);
    assert_true(begins(&before, "-UNREACHABLE"));
    assert_true(begins(&after, "-UNREACHABLE"));
    buf_fini(&before.buf);
    buf_fini(&after.buf);
    mesh_fini(&mesh);
}

static void the_end_of_peers_ends_what_waits(void **state)
{
    with_mesh("--near-max-value", "0");
    struct asked asked[3];

    wait_for(&mesh, fake_is_ready(&mesh));
    mesh.fake.mute = true;
    for (size_t i = 0; i < COUNT(asked); i++) {
        ask(&mesh, &asked[i], "DBSIZE");
    }
    turns(&mesh, 0.01);
    peers_free(mesh.peers);
    mesh.peers = NULL;
    for (size_t i = 0; i < COUNT(asked); i++) {
        assert_true(begins(&asked[i], "-UNREACHABLE"));
        assert_int_equal(asked[i].times, 1);
        buf_fini(&asked[i].buf);
    }
    mesh_fini(&mesh);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forwards_to_the_owner_and_back),
        cmocka_unit_test(answers_in_the_protocol_of_the_app),
        cmocka_unit_test(keeps_the_order_of_a_deep_pipeline),
        cmocka_unit_test(each_database_has_a_link_of_its_own),
        cmocka_unit_test(drops_the_answer_of_a_client_that_has_gone),
        cmocka_unit_test(waits_for_a_peer_that_is_not_there_yet),
        cmocka_unit_test(is_unreachable_after_the_forward_timeout),
        cmocka_unit_test(a_sent_request_is_never_sent_twice),
        cmocka_unit_test(the_app_never_sees_moved),
        cmocka_unit_test(moved_is_followed_to_a_member_we_know),
        cmocka_unit_test(moved_for_ever_is_unreachable),
        cmocka_unit_test(what_waits_for_a_member_that_leaves_goes_to_the_new_owner),
        cmocka_unit_test(draining_waits_for_nothing_that_was_not_sent),
        cmocka_unit_test(the_end_of_peers_ends_what_waits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
