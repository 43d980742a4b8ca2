/* Channels: who hears what, in which form, and what a client that listens may say. */

#include "proxy/server/pubsub.h"

#include "tests/unit/proxy/server/fixture.h"

struct scene {
    struct fixture fixture;
    struct client listener, speaker;
};

static void scene_init(struct scene *scene)
{
    fixture_init(&scene->fixture, NULL, 0);
    client_init(&scene->listener, &scene->fixture);
    client_init(&scene->speaker, &scene->fixture);
}

static void scene_fini(struct scene *scene)
{
    client_fini(&scene->listener);
    client_fini(&scene->speaker);
    for (int topic = 0; topic < TOPICS; topic++) {
        assert_int_equal(pubsub_names(scene->fixture.server->pubsub, (enum topic)topic), 0);
    }
    fixture_fini(&scene->fixture);
}

static void a_message_reaches_those_who_listen(void **state)
{
    (void)state;
    struct scene scene;
    scene_init(&scene);

    assert_string_equal(client_asks(&scene.listener, "SUBSCRIBE a b a\r\n"),
                        "*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n"
                        "*3\r\n$9\r\nsubscribe\r\n$1\r\nb\r\n:2\r\n"
                        "*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:2\r\n");
    assert_string_equal(client_asks(&scene.speaker, "PUBLISH a x\r\nPUBLISH c y\r\n"),
                        ":1\r\n:0\r\n");
    assert_string_equal(client_takes(&scene.listener),
                        "*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nx\r\n");
    scene_fini(&scene);
}

static void patterns_and_channels_are_heard_separately(void **state)
{
    (void)state;
    struct scene scene;
    scene_init(&scene);

    client_asks(&scene.listener, "SUBSCRIBE news\r\n");
    client_asks(&scene.listener, "PSUBSCRIBE n* x*\r\n");
    assert_string_equal(client_asks(&scene.speaker, "PUBLISH news 1\r\n"), ":2\r\n");
    assert_string_equal(client_takes(&scene.listener),
                        "*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$1\r\n1\r\n"
                        "*4\r\n$8\r\npmessage\r\n$2\r\nn*\r\n$4\r\nnews\r\n$1\r\n1\r\n");
    assert_string_equal(client_asks(&scene.speaker, "SPUBLISH news 1\r\n"), ":0\r\n");
    scene_fini(&scene);
}

static void resp3_clients_get_pushes_and_go_on_asking(void **state)
{
    (void)state;
    struct scene scene;
    scene_init(&scene);

    client_asks(&scene.listener, "HELLO 3\r\n");
    assert_string_equal(client_asks(&scene.listener, "SSUBSCRIBE s\r\nGET k\r\nPING\r\n"),
                        ">3\r\n$10\r\nssubscribe\r\n$1\r\ns\r\n:1\r\n_\r\n+PONG\r\n");
    assert_string_equal(client_asks(&scene.speaker, "SPUBLISH s v\r\n"), ":1\r\n");
    assert_string_equal(client_takes(&scene.listener),
                        ">3\r\n$8\r\nsmessage\r\n$1\r\ns\r\n$1\r\nv\r\n");
    scene_fini(&scene);
}

static void who_publishes_to_itself_hears_it_after_the_answer(void **state)
{
    (void)state;
    struct scene scene;
    scene_init(&scene);

    client_asks(&scene.listener, "HELLO 3\r\nSUBSCRIBE a\r\n");
    assert_string_equal(client_asks(&scene.listener, "PUBLISH a x\r\n"),
                        ":1\r\n>3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nx\r\n");
    scene_fini(&scene);
}

static void a_resp2_client_that_listens_may_say_little(void **state)
{
    (void)state;
    struct scene scene;
    scene_init(&scene);

    client_asks(&scene.listener, "SUBSCRIBE a\r\n");
    assert_string_equal(client_asks(&scene.listener, "GET k\r\n"),
                        "-ERR Can't execute 'get': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / "
                        "QUIT / RESET are allowed in this context\r\n");
    assert_string_equal(client_asks(&scene.listener, "PING\r\nPING x\r\n"),
                        "*2\r\n$4\r\npong\r\n$0\r\n\r\n*2\r\n$4\r\npong\r\n$1\r\nx\r\n");
    client_asks(&scene.listener, "UNSUBSCRIBE\r\n");
    assert_string_equal(client_asks(&scene.listener, "PING\r\nGET k\r\n"), "+PONG\r\n$-1\r\n");
    client_asks(&scene.listener, "SUBSCRIBE a\r\n");
    assert_string_equal(client_asks(&scene.listener, "RESET\r\nGET k\r\n"), "+RESET\r\n$-1\r\n");
    scene_fini(&scene);
}

static void leaving_is_confirmed_name_by_name(void **state)
{
    (void)state;
    struct scene scene;
    scene_init(&scene);

    assert_string_equal(client_asks(&scene.listener, "UNSUBSCRIBE\r\nPUNSUBSCRIBE x\r\n"),
                        "*3\r\n$11\r\nunsubscribe\r\n$-1\r\n:0\r\n"
                        "*3\r\n$12\r\npunsubscribe\r\n$1\r\nx\r\n:0\r\n");
    client_asks(&scene.listener, "SUBSCRIBE a b c\r\n");
    assert_string_equal(client_asks(&scene.listener, "UNSUBSCRIBE b z\r\n"),
                        "*3\r\n$11\r\nunsubscribe\r\n$1\r\nb\r\n:2\r\n"
                        "*3\r\n$11\r\nunsubscribe\r\n$1\r\nz\r\n:2\r\n");
    assert_string_equal(client_asks(&scene.speaker, "PUBSUB NUMSUB a b\r\nPUBSUB NUMPAT\r\n"),
                        "*4\r\n$1\r\na\r\n:1\r\n$1\r\nb\r\n:0\r\n:0\r\n");
    assert_string_equal(client_asks(&scene.speaker, "PUBSUB CHANNELS [ab]\r\n"),
                        "*1\r\n$1\r\na\r\n");
    client_asks(&scene.listener, "UNSUBSCRIBE\r\n");
    assert_string_equal(client_asks(&scene.speaker, "PUBSUB CHANNELS\r\n"), "*0\r\n");
    scene_fini(&scene);
}

static void a_slow_listener_has_limits_of_its_own(void **state)
{
    (void)state;
    static const char *const flags[] = { "--client-output-buffer-limit", "pubsub 200 0 0" };
    struct fixture fixture;
    struct client listener, speaker;
    fixture_init(&fixture, flags, COUNT(flags));
    client_init(&listener, &fixture);
    client_init(&speaker, &fixture);

    assert_true(listener.session.answers.max > 200);
    client_asks(&listener, "SUBSCRIBE a\r\n");
    assert_int_equal(listener.session.answers.max, 200);
    for (int i = 0; i < 10; i++) {
        assert_string_equal(client_asks(&speaker, "PUBLISH a 0123456789\r\n"), ":1\r\n");
    }
    assert_true(listener.session.answers.full);
    assert_false(speaker.session.answers.full);
    client_fini(&listener);
    client_fini(&speaker);
    fixture_fini(&fixture);
}

static void events_are_told_as_asked_for(void **state)
{
    (void)state;
    static const char *const flags[] = { "--notify-keyspace-events", "K$" };
    struct fixture fixture;
    struct client listener, speaker;
    fixture_init(&fixture, flags, COUNT(flags));
    client_init(&listener, &fixture);
    client_init(&speaker, &fixture);

    client_asks(&listener, "PSUBSCRIBE __key*\r\n");
    client_asks(&speaker, "SET k v\r\nDEL k\r\n");
    assert_string_equal(
        client_takes(&listener),
        "*4\r\n$8\r\npmessage\r\n$6\r\n__key*\r\n$16\r\n__keyspace@0__:k\r\n$3\r\nset\r\n");
    client_fini(&listener);
    client_fini(&speaker);
    fixture_fini(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_reaches_those_who_listen),
        cmocka_unit_test(patterns_and_channels_are_heard_separately),
        cmocka_unit_test(resp3_clients_get_pushes_and_go_on_asking),
        cmocka_unit_test(who_publishes_to_itself_hears_it_after_the_answer),
        cmocka_unit_test(a_resp2_client_that_listens_may_say_little),
        cmocka_unit_test(leaving_is_confirmed_name_by_name),
        cmocka_unit_test(a_slow_listener_has_limits_of_its_own),
        cmocka_unit_test(events_are_told_as_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
