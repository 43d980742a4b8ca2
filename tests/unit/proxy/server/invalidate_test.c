/* Who is told that a key has changed, and what remembering it costs. */

#include "proxy/server/invalidate.h"

#include "cache/base/memory.h"
#include "tests/unit/proxy/server/fixture.h"

enum { PASSERS_BY = 100000 };

struct place {
    struct fixture fixture;
    struct invalidate *invalidate;
    struct client reader, writer;
};

static void place_init(struct place *place)
{
    fixture_init(&place->fixture, NULL, 0);
    place->invalidate = invalidate_new(place->fixture.server, 7);
    cache_listen(place->fixture.cache, invalidate_change, place->invalidate);
    client_init(&place->reader, &place->fixture);
    client_init(&place->writer, &place->fixture);
    client_asks(&place->reader, "HELLO 3\r\nCLIENT TRACKING ON\r\n");
}

static void place_fini(struct place *place)
{
    client_fini(&place->reader);
    client_fini(&place->writer);
    fixture_fini(&place->fixture);
    invalidate_free(place->invalidate);
}

static void pass_by(struct place *place)
{
    struct client passer_by;

    client_init(&passer_by, &place->fixture);
    client_asks(&passer_by, "HELLO 3\r\nCLIENT TRACKING ON\r\nGET k\r\n");
    client_fini(&passer_by);
}

static void a_reader_is_told_once(void **state)
{
    (void)state;
    struct place place;
    place_init(&place);

    client_asks(&place.reader, "GET k\r\n");
    assert_string_equal(client_asks(&place.writer, "SET k 1\r\n"), "+OK\r\n");
    assert_string_equal(client_takes(&place.reader),
                        ">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n");
    client_asks(&place.writer, "SET k 2\r\n");
    assert_string_equal(client_takes(&place.reader), "");
    place_fini(&place);
}

static void a_reader_is_told_however_many_came_and_went(void **state)
{
    (void)state;
    struct place place;
    place_init(&place);

    client_asks(&place.reader, "GET k\r\n");
    for (int i = 0; i < 100; i++) {
        pass_by(&place);
    }
    client_asks(&place.writer, "SET k 1\r\n");
    assert_string_equal(client_takes(&place.reader),
                        ">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n");
    place_fini(&place);
}

/* Without jemalloc, as in sanitized builds, there are no figures to compare. */
static void those_who_are_gone_take_no_room(void **state)
{
    (void)state;
    struct place place;
    place_init(&place);

    pass_by(&place);
    size_t before = memory_refresh().used;
    for (int i = 0; i < PASSERS_BY; i++) {
        pass_by(&place);
    }
    assert_true(memory_refresh().used <= before + PASSERS_BY);
    place_fini(&place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reader_is_told_once),
        cmocka_unit_test(a_reader_is_told_however_many_came_and_went),
        cmocka_unit_test(those_who_are_gone_take_no_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
