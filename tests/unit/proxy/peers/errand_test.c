/* Requests that may wait at their owner: each on a connection of its own. */

#include "tests/unit/proxy/peers/fake_mesh.h"

/* An errand, and how it ended. */
struct sent {
    struct errand_asker asker; /* First. */
    struct buf buf;
    struct reply reply;
    struct errand *errand;
    bool answered, unowned;
};

static void on_answered(struct errand_asker *asker)
{
    ((struct sent *)asker)->answered = true;
}

static void on_unowned(struct errand_asker *asker)
{
    ((struct sent *)asker)->unowned = true;
}

/* Sends words to the fake, whoever owns the key. */
static void begin(struct mesh *mesh, struct sent *sent, const char *name, const char *key,
                  const char *value)
{
    struct span argv[] = { span_from(name), span_from(key), span_from(value) };
    size_t argc = value[0] == '\0' ? 2 : 3;
    struct peers_request request = {
        .command = command_find(mesh->commands, argv, argc, NULL),
        .argv = argv,
        .argc = argc,
        .now_ms = wall_ms(),
        .route = { .kind = ROUTE_PEER,
                   .member = (uint16_t)!ring_view(peers_ring(mesh->peers))->self },
    };

    *sent = (struct sent){ .asker = { .answered = on_answered, .unowned = on_unowned } };
    buf_init(&sent->buf, 1 << 20);
    sent->reply = reply_into(&sent->buf, 2);
    sent->asker.reply = &sent->reply;
    sent->errand = peers_begin_errand(mesh->peers, &request, &sent->asker);
    assert_non_null(sent->errand);
}

static void assert_says(struct sent *sent, const char *text)
{
    assert_int_equal(sent->buf.len, strlen(text));
    assert_memory_equal(buf_span(&sent->buf).bytes, text, strlen(text));
    buf_fini(&sent->buf);
}

static void assert_begins(struct sent *sent, const char *text)
{
    assert_true(sent->buf.len > strlen(text));
    assert_memory_equal(buf_span(&sent->buf).bytes, text, strlen(text));
    buf_fini(&sent->buf);
}

static size_t open_connections(const struct mesh *mesh)
{
    size_t count = 0;
    for (size_t i = 0; i < FAKE_CONNECTIONS; i++) {
        count += mesh->fake.connections[i].fd >= 0;
    }
    return count;
}

static void brings_an_answer_over_a_connection_of_its_own(void **state)
{
    with_mesh();
    struct sent sent;
    fake_set(&mesh, mesh.key[0], "v");
    wait_for(&mesh, fake_is_ready(&mesh));
    begin(&mesh, &sent, "GET", mesh.key[0], "");
    wait_for(&mesh, sent.answered);
    assert_says(&sent, "$1\r\nv\r\n");
    assert_int_equal(mesh.fake.accepted, 2);
    begin(&mesh, &sent, "GET", mesh.key[0], "");
    wait_for(&mesh, sent.answered);
    assert_says(&sent, "$1\r\nv\r\n");
    assert_int_equal(mesh.fake.accepted, 2); /* The same one, which was spare. */
    mesh_fini(&mesh);
}

static void others_do_not_wait_behind_it(void **state)
{
    with_mesh("--forward-timeout", "100");
    struct sent first, second;
    fake_set(&mesh, mesh.key[0], "v");
    wait_for(&mesh, fake_is_ready(&mesh));
    mesh.fake.holds = true;
    begin(&mesh, &first, "GET", mesh.key[0], "");
    begin(&mesh, &second, "GET", mesh.key[0], "");
    wait_for(&mesh, mesh.fake.asked == 2);
    mesh.fake.holds = false;
    expect(&mesh, "$1\r\nv\r\n", "GET %s", mesh.key[0]);
    turns(&mesh, 0.2); /* Longer than a forwarded request may take. */
    assert_false(first.answered);

    struct fake_connection *connection = &mesh.fake.connections[2];
    assert_true(buf_add(&connection->out, SPAN("$4\r\nlate\r\n")));
    fake_write(connection);
    wait_for(&mesh, first.answered || second.answered);
    struct sent *waits = first.answered ? &second : &first;
    assert_says(first.answered ? &first : &second, "$4\r\nlate\r\n");
    peers_end_errand(waits->errand);
    buf_fini(&waits->buf);
    mesh_fini(&mesh);
}

static void the_owner_notices_that_nobody_wants_it_any_more(void **state)
{
    with_mesh();
    struct sent sent;
    wait_for(&mesh, fake_is_ready(&mesh));
    mesh.fake.holds = true;
    begin(&mesh, &sent, "GET", mesh.key[0], "");
    wait_for(&mesh, mesh.fake.asked == 1);
    assert_int_equal(open_connections(&mesh), 2);
    peers_end_errand(sent.errand);
    wait_for(&mesh, open_connections(&mesh) == 1);
    assert_false(sent.answered || sent.unowned);
    mesh_fini(&mesh);
}

static void the_loss_of_its_connection_ends_it(void **state)
{
    with_mesh();
    struct sent sent;
    wait_for(&mesh, fake_is_ready(&mesh));
    mesh.fake.holds = true;
    begin(&mesh, &sent, "GET", mesh.key[0], "");
    wait_for(&mesh, mesh.fake.asked == 1);
    fake_close(&mesh.fake.connections[1]);
    wait_for(&mesh, sent.answered);
    assert_begins(&sent, "-UNREACHABLE peer 127.0.0.1:");
    mesh_fini(&mesh);
}

static void the_loss_of_the_shared_link_ends_it(void **state)
{
    with_mesh();
    struct sent sent;
    wait_for(&mesh, fake_is_ready(&mesh));
    mesh.fake.holds = true;
    begin(&mesh, &sent, "GET", mesh.key[0], "");
    wait_for(&mesh, mesh.fake.asked == 1);
    fake_close(&mesh.fake.connections[0]);
    wait_for(&mesh, sent.answered);
    assert_begins(&sent, "-UNREACHABLE peer 127.0.0.1:");
    mesh_fini(&mesh);
}

static void is_sent_again_if_it_was_not_executed(void **state)
{
    with_mesh();
    struct sent sent;
    fake_set(&mesh, mesh.key[0], "v");
    wait_for(&mesh, fake_is_ready(&mesh));
    mesh.fake.moved = 2;
    mesh.fake.moved_to = "10.0.0.1:7";
    begin(&mesh, &sent, "GET", mesh.key[0], "");
    wait_for(&mesh, sent.answered);
    assert_says(&sent, "$1\r\nv\r\n");
    assert_int_equal(mesh.fake.asked, 3);
    mesh_fini(&mesh);
}

static void is_not_sent_again_for_ever(void **state)
{
    with_mesh("--forward-timeout", "100");
    struct sent sent;
    wait_for(&mesh, fake_is_ready(&mesh));
    mesh.fake.moved = 1000;
    mesh.fake.moved_to = "10.0.0.1:7";
    begin(&mesh, &sent, "GET", mesh.key[0], "");
    wait_for(&mesh, sent.answered);
    assert_begins(&sent, "-UNREACHABLE peer 127.0.0.1:");
    mesh_fini(&mesh);
}

static void comes_home_if_the_keys_are_ours(void **state)
{
    with_mesh();
    struct sent sent;
    wait_for(&mesh, fake_is_ready(&mesh));
    mesh.fake.moved = 1;
    mesh.fake.moved_to = "127.0.0.1:1";
    begin(&mesh, &sent, "GET", mesh.key[1], "");
    wait_for(&mesh, sent.unowned);
    assert_false(sent.answered);
    assert_int_equal(sent.buf.len, 0);
    mesh_fini(&mesh);
}

static void is_answered_although_nobody_is_there(void **state)
{
    with_mesh("--forward-timeout", "100");
    struct sent sent;
    fake_stop(&mesh.fake);
    begin(&mesh, &sent, "GET", mesh.key[0], "");
    wait_for(&mesh, sent.answered);
    assert_begins(&sent, "-UNREACHABLE peer 127.0.0.1:");
    mesh_fini(&mesh);
}

static void a_member_that_left_may_still_answer_for_a_while(void **state)
{
    with_mesh("--forward-timeout", "150");
    struct sent first, second;
    wait_for(&mesh, fake_is_ready(&mesh));
    mesh.fake.holds = true;
    begin(&mesh, &first, "GET", mesh.key[0], "");
    wait_for(&mesh, mesh.fake.asked == 1);
    begin(&mesh, &second, "GET", mesh.key[0], "");
    wait_for(&mesh, mesh.fake.asked == 2);
    mesh.members[0] = mesh.members[1]; /* Only we are left. */
    set_view(&mesh, 1);
    turns(&mesh, 0.05);
    assert_false(first.answered || second.answered);
    struct fake_connection *connection = &mesh.fake.connections[1];
    assert_true(buf_add(&connection->out, SPAN("-MOVED 1 127.0.0.1:1\r\n")));
    fake_write(connection);
    wait_for(&mesh, first.unowned);
    assert_false(second.answered);
    wait_for(&mesh, second.answered);
    assert_begins(&second, "-UNREACHABLE peer 127.0.0.1:");
    buf_fini(&first.buf);
    mesh_fini(&mesh);
}

static void its_answer_leaves_no_older_copy(void **state)
{
    with_mesh();
    struct sent sent;
    wait_for(&mesh, fake_is_ready(&mesh));
    fake_set(&mesh, mesh.key[0], "old");
    make_copy(&mesh, mesh.key[0], "$3\r\nold\r\n");
    mesh.fake.holds = true; /* The fake says nothing of the change; its answer must do. */
    begin(&mesh, &sent, "SET", mesh.key[0], "new");
    wait_for(&mesh, mesh.fake.asked > 0 && open_connections(&mesh) == 2);
    turns(&mesh, 0.02);
    uint64_t hits = peer_metrics.near_hits_total;
    expect(&mesh, "$3\r\nold\r\n", "GET %s", mesh.key[0]);
    assert_int_equal(peer_metrics.near_hits_total, hits + 1);

    struct fake_connection *connection = &mesh.fake.connections[1];
    assert_true(buf_add(&connection->out, SPAN("+OK\r\n")));
    fake_write(connection);
    wait_for(&mesh, sent.answered);
    mesh.fake.holds = false;
    expect(&mesh, "$3\r\nold\r\n", "GET %s", mesh.key[0]);
    assert_int_equal(peer_metrics.near_hits_total, hits + 1); /* The owner was asked. */
    buf_fini(&sent.buf);
    mesh_fini(&mesh);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(brings_an_answer_over_a_connection_of_its_own),
        cmocka_unit_test(others_do_not_wait_behind_it),
        cmocka_unit_test(the_owner_notices_that_nobody_wants_it_any_more),
        cmocka_unit_test(the_loss_of_its_connection_ends_it),
        cmocka_unit_test(the_loss_of_the_shared_link_ends_it),
        cmocka_unit_test(is_sent_again_if_it_was_not_executed),
        cmocka_unit_test(is_not_sent_again_for_ever),
        cmocka_unit_test(comes_home_if_the_keys_are_ours),
        cmocka_unit_test(is_answered_although_nobody_is_there),
        cmocka_unit_test(a_member_that_left_may_still_answer_for_a_while),
        cmocka_unit_test(its_answer_leaves_no_older_copy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
