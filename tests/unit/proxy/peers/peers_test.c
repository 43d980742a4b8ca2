/* Members that come and go, and what peers says about itself. */

#include "tests/unit/proxy/peers/fake_mesh.h"

static void copies_of_a_member_that_lost_slots_are_dropped(void **state)
{
    with_mesh("--near-lease", "500");
    struct address three[3] = { mesh.members[0],
                                mesh.members[1],
                                { .host = "127.0.0.1", .port = 2 } };
    struct view view;

    fake_set(&mesh, mesh.key[0], "v");
    make_copy(&mesh, mesh.key[0], "$1\r\nv\r\n");
    assert_int_equal(peer_metrics.near_keys, 1);
    view_init(&view, three, 3, NULL, NULL);
    view.self = (uint16_t)view_find(&view, &three[1]);
    peers_set_view(mesh.peers, &view);
    assert_int_equal(peer_metrics.near_keys, 0);
    view_fini(&view);
    mesh_fini(&mesh);
}

static void explains_where_a_request_goes(void **state)
{
    with_mesh("--near-lease", "500");
    struct span argv[] = { SPAN("GET"), span_from(mesh.key[0]) };
    struct peers_request request = { .command = command_named(mesh.commands, SPAN("get")),
                                     .argv = argv,
                                     .argc = 2,
                                     .now_ms = wall_ms() };
    struct route_question question = {
        .command = request.command, .argv = argv, .argc = 2, .ring = peers_ring(mesh.peers)
    };
    struct buf text;

    fake_set(&mesh, mesh.key[0], "v");
    make_copy(&mesh, mesh.key[0], "$1\r\nv\r\n");
    buf_init(&text, 4096);
    request.route = route_decide(&question);
    peers_explain(mesh.peers, &request, &text);
    assert_true(buf_add(&text, (struct span){ "", 1 }));
    assert_non_null(strstr(buf_span(&text).bytes, "its link is ready; answered from a near copy"));
    buf_fini(&text);
    mesh_fini(&mesh);
}

static void count_done(struct waiter *waiter)
{
    ((struct asked *)(void *)waiter)->times++;
}

/* While no member is known: a value of so many megabytes. */
static bool set_big(struct mesh *mesh, size_t megabytes, struct asked *asked)
{
    size_t len = megabytes << 20;
    char *value = memory_zero(len);
    const struct span argv[] = { SPAN("SET"), SPAN("k"), { value, len } };
    const struct peers_request request = { .command = command_named(mesh->commands, SPAN("set")),
                                           .argv = argv,
                                           .argc = COUNT(argv),
                                           .route = { .kind = ROUTE_DOWN } };

    *asked = (struct asked){ 0 };
    buf_init(&asked->buf, 1024);
    asked->reply = reply_into(&asked->buf, 2);
    asked->waiter = (struct waiter){ .reply = &asked->reply, .done = count_done };
    bool answered = peers_run(mesh->peers, &request, &asked->waiter);
    memory_free(value);
    return answered;
}

static void what_waits_for_members_is_bounded(void **state)
{
    with_mesh("--forward-timeout", "60000");
    struct asked first, second, third;

    set_view(&mesh, 0);
    assert_false(set_big(&mesh, 40, &first));
    assert_true(set_big(&mesh, 30, &second));
    assert_true(begins(&second, "-CLUSTERDOWN"));
    assert_false(set_big(&mesh, 20, &third));
    set_view(&mesh, 2);
    wait_for(&mesh, first.times == 1 && third.times == 1);
    assert_true(says(&first, "+OK\r\n"));
    assert_true(says(&third, "+OK\r\n"));
    buf_fini(&first.buf);
    buf_fini(&second.buf);
    buf_fini(&third.buf);
    mesh_fini(&mesh);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_waits_for_members_is_bounded),
        cmocka_unit_test(copies_of_a_member_that_lost_slots_are_dropped),
        cmocka_unit_test(explains_where_a_request_goes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
