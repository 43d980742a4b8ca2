/* Places by name. The answers are redis-server's. */

#include "tests/unit/cache/commands/try.h"

static void adds_places(void **state)
{
    static const struct try_row rows[] = {
        { "GEOADD k 13.361389 38.115556 Palermo 15.087269 37.502669 Catania", ":2\r\n" },
        { "GEOADD k CH 13.361389 38.115556 Palermo 15 37 Catania", ":1\r\n" },
        { "GEOADD k NX 1 1 Palermo", ":0\r\n" },
        { "GEOADD k XX 1 1 Rome", ":0\r\n" },
        { "GEOADD k XX CH 13.361389 38.1155 Palermo", ":1\r\n" },
        { "ZSCORE k Palermo", "$16\r\n3479099956227694\r\n" },
        { "GEOADD k NX XX 1 1 a", "-ERR syntax error\r\n" },
        { "GEOADD k NX CH CH", "-ERR syntax error\r\n" },
        { "GEOADD k x 1 a", "-ERR value is not a valid float\r\n" },
        { "GEOADD k 181 1 a", "-ERR invalid longitude,latitude pair 181.000000,1.000000\r\n" },
        { "GEOADD k 1 -86 a", "-ERR invalid longitude,latitude pair 1.000000,-86.000000\r\n" },
        { "SET s v", "+OK\r\n" },
        { "GEOADD s 1 1 a",
          "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void tells_where_they_are(void **state)
{
    static const struct try_row rows[] = {
        { "GEOADD k 13.361389 38.115556 Palermo 15.087269 37.502669 Catania", ":2\r\n" },
        { "GEOPOS k Palermo no Catania",
          "*3\r\n*2\r\n$20\r\n13.36138933897018433\r\n$20\r\n"
          "38.11555639549629859\r\n*-1\r\n*2\r\n$20\r\n15.08726745843887329\r\n"
          "$20\r\n37.50266842333162032\r\n" },
        { "GEOPOS k", "*0\r\n" },
        { "GEOPOS no a", "*1\r\n*-1\r\n" },
        { "GEOHASH k Palermo no Catania",
          "*3\r\n$11\r\nsqc8b49rny0\r\n$-1\r\n$11\r\nsqdtr74hyu0\r\n" },
        { "GEOHASH no a", "*1\r\n$-1\r\n" },
        { "GEODIST k Palermo Catania", "$11\r\n166274.1516\r\n" },
        { "GEODIST k Palermo Catania KM", "$8\r\n166.2742\r\n" },
        { "GEODIST k Palermo Catania ft", "$11\r\n545518.8700\r\n" },
        { "GEODIST k Palermo Catania mi", "$8\r\n103.3182\r\n" },
        { "GEODIST k Palermo no", "$-1\r\n" },
        { "GEODIST no a b", "$-1\r\n" },
        { "GEODIST k Palermo Catania foo",
          "-ERR unsupported unit provided. please use M, KM, FT, MI\r\n" },
        { "GEODIST k a b m m", "-ERR syntax error\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void tells_it_in_resp3(void **state)
{
    static const struct try_row rows[] = {
        { "GEOADD k 13.361389 38.115556 Palermo", ":1\r\n" },
        { "GEOPOS k Palermo no",
          "*2\r\n*2\r\n,13.36138933897018433\r\n,38.11555639549629859\r\n_\r\n" },
        { "GEOHASH k no", "*1\r\n_\r\n" },
        { "GEODIST k Palermo Palermo", "$6\r\n0.0000\r\n" },
    };
    struct try *try = *state;
    try->protocol = 3;
    TRY_ROWS(state, rows);
}

static void changes_of(struct try *try, const char *command, const char *changes)
{
    try_run(try, command);
    assert_string_equal(try_changes(try), changes);
}

static void is_repeated_as_a_zadd(void **state)
{
    struct try *try = *state;
    try_changes(try);
    changes_of(try, "GEOADD k CH 13.361389 38.115556 a", "0: ZADD k CH 3479099956230698 a\n");
    changes_of(try, "GEOADD k 13.361389 38.115556 a", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TRY(adds_places),
        TRY(tells_where_they_are),
        TRY(tells_it_in_resp3),
        TRY(is_repeated_as_a_zadd),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
