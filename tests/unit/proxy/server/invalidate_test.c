/* Who is told that a key has changed, and what remembering it costs. */

#include "proxy/server/invalidate.h"

#include "cache/base/memory.h"
#include "tests/unit/proxy/server/fixture.h"

enum { PASSERS_BY = 100000 };

struct scene {
    struct fixture fixture;
    struct invalidate *invalidate;
    struct client reader, writer;
};

static void scene_init(struct scene *scene)
{
    fixture_init(&scene->fixture, NULL, 0);
    scene->invalidate = invalidate_new(scene->fixture.server, 7);
    cache_listen(scene->fixture.cache, invalidate_change, scene->invalidate);
    client_init(&scene->reader, &scene->fixture);
    client_init(&scene->writer, &scene->fixture);
    client_asks(&scene->reader, "HELLO 3\r\nCLIENT TRACKING ON\r\n");
}

static void scene_fini(struct scene *scene)
{
    client_fini(&scene->reader);
    client_fini(&scene->writer);
    fixture_fini(&scene->fixture);
    invalidate_free(scene->invalidate);
}

static void pass_by(struct scene *scene)
{
    struct client passer_by;

    client_init(&passer_by, &scene->fixture);
    client_asks(&passer_by, "HELLO 3\r\nCLIENT TRACKING ON\r\nGET k\r\n");
    client_fini(&passer_by);
}

static void a_reader_is_told_once(void **state)
{
    (void)state;
    struct scene scene;
    scene_init(&scene);

    client_asks(&scene.reader, "GET k\r\n");
    assert_string_equal(client_asks(&scene.writer, "SET k 1\r\n"), "+OK\r\n");
    assert_string_equal(client_takes(&scene.reader),
                        ">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n");
    client_asks(&scene.writer, "SET k 2\r\n");
    assert_string_equal(client_takes(&scene.reader), "");
    scene_fini(&scene);
}

static void a_reader_is_told_however_many_came_and_went(void **state)
{
    (void)state;
    struct scene scene;
    scene_init(&scene);

    client_asks(&scene.reader, "GET k\r\n");
    for (int i = 0; i < 100; i++) {
        pass_by(&scene);
    }
    client_asks(&scene.writer, "SET k 1\r\n");
    assert_string_equal(client_takes(&scene.reader),
                        ">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n");
    scene_fini(&scene);
}

/* Without jemalloc, as in sanitized builds, there are no figures to compare. */
static void those_who_are_gone_take_no_room(void **state)
{
    (void)state;
    struct scene scene;
    scene_init(&scene);

    pass_by(&scene);
    size_t before = memory_refresh().used;
    for (int i = 0; i < PASSERS_BY; i++) {
        pass_by(&scene);
    }
    assert_true(memory_refresh().used <= before + PASSERS_BY);
    scene_fini(&scene);
}

/* A RESP2 client has a second connection that listens, and redirects to it. */
static void a_listener_is_told_for_another(void **state)
{
    (void)state;
    struct scene scene;
    struct client listener;
    char line[64];
    scene_init(&scene);
    client_init(&listener, &scene.fixture);

    snprintf(line, sizeof(line), "CLIENT TRACKING ON REDIRECT %d\r\n", (int)listener.session.id);
    client_asks(&scene.reader, "RESET\r\n");
    assert_string_equal(client_asks(&scene.reader, line), "+OK\r\n");
    client_asks(&scene.reader, "GET k\r\n");
    client_asks(&scene.writer, "SET k v\r\n");
    assert_string_equal(client_takes(&listener), "");

    client_asks(&listener, "SUBSCRIBE __redis__:invalidate\r\n");
    client_asks(&scene.reader, "GET k\r\n");
    client_asks(&scene.writer, "SET k w\r\nFLUSHALL\r\n");
    assert_string_equal(client_takes(&listener),
                        "*3\r\n$7\r\nmessage\r\n$20\r\n__redis__:invalidate\r\n*1\r\n$1\r\nk\r\n"
                        "*3\r\n$7\r\nmessage\r\n$20\r\n__redis__:invalidate\r\n$-1\r\n");
    client_fini(&listener);
    scene_fini(&scene);
}

static void end_turn(struct scene *scene)
{
    const struct session_hooks *hooks = server_hooks(scene->fixture.server);
    hooks->turn(hooks->context);
}

static void a_turn_is_broadcast_in_one_message(void **state)
{
    (void)state;
    struct scene scene;
    scene_init(&scene);
    client_asks(&scene.reader, "CLIENT TRACKING OFF\r\n"
                               "CLIENT TRACKING ON BCAST PREFIX a PREFIX c\r\n");

    client_asks(&scene.writer, "MSET ab 1 b 2 aa 3 c 4\r\nSET ab 5\r\n");
    assert_string_equal(client_takes(&scene.reader), "");
    end_turn(&scene);

    assert_string_equal(client_takes(&scene.reader),
                        ">2\r\n$10\r\ninvalidate\r\n*2\r\n$2\r\naa\r\n$2\r\nab\r\n"
                        ">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nc\r\n");
    end_turn(&scene);
    assert_string_equal(client_takes(&scene.reader), "");
    scene_fini(&scene);
}

static void nobody_is_told_of_what_only_it_did(void **state)
{
    (void)state;
    struct scene scene;
    scene_init(&scene);
    client_asks(&scene.reader, "CLIENT TRACKING OFF\r\nCLIENT TRACKING ON BCAST NOLOOP\r\n");

    client_asks(&scene.reader, "MSET mine 1 ours 1\r\n");
    client_asks(&scene.writer, "MSET theirs 1 ours 2\r\n");
    end_turn(&scene);

    assert_string_equal(client_takes(&scene.reader),
                        ">2\r\n$10\r\ninvalidate\r\n*2\r\n$4\r\nours\r\n$6\r\ntheirs\r\n");
    scene_fini(&scene);
}

static void a_script_that_reads_has_read_all_its_keys(void **state)
{
    (void)state;
    struct scene scene;
    scene_init(&scene);
    struct invalidate *invalidate = invalidate_of(scene.fixture.server);

    client_asks(&scene.reader, "EVAL \"redis.call('set','other','1')\" 2 a b\r\n");
    client_asks(&scene.reader, "EVAL_RO \"redis.call('ping')\" 2 a b\r\n");
    assert_int_equal(invalidate_keys(invalidate), 0);
    client_asks(&scene.reader, "EVAL \"redis.call('get','other')\" 2 a b\r\n");

    assert_int_equal(invalidate_keys(invalidate), 2);
    assert_int_equal(invalidate_items(invalidate), 2);
    client_asks(&scene.writer, "SET b 1\r\n");
    assert_string_equal(client_takes(&scene.reader),
                        ">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nb\r\n");
    assert_int_equal(invalidate_items(invalidate), 1);
    scene_fini(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reader_is_told_once),
        cmocka_unit_test(a_reader_is_told_however_many_came_and_went),
        cmocka_unit_test(those_who_are_gone_take_no_room),
        cmocka_unit_test(a_listener_is_told_for_another),
        cmocka_unit_test(a_turn_is_broadcast_in_one_message),
        cmocka_unit_test(nobody_is_told_of_what_only_it_did),
        cmocka_unit_test(a_script_that_reads_has_read_all_its_keys),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
