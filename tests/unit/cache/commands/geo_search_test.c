/* Places by area. The answers are redis-server's. */

#include "tests/unit/cache/commands/try.h"

static void searches_circles_and_boxes(void **state)
{
    static const struct try_row rows[] = {
        { "GEOADD k 13.361389 38.115556 Palermo 15.087269 37.502669 Catania 12.758489 38.788135 "
          "edge1 17.24151 38.788135 edge2",
          ":4\r\n" },
        { "GEOSEARCH k FROMLONLAT 15 37 BYRADIUS 200 km ASC",
          "*2\r\n$7\r\nCatania\r\n$7\r\nPalermo\r\n" },
        { "GEOSEARCH k FROMLONLAT 15 37 BYBOX 400 400 km ASC WITHCOORD WITHDIST WITHHASH",
          "*4\r\n*4\r\n$7\r\nCatania\r\n$7\r\n56.4413\r\n:3479447370796909\r\n"
          "*2\r\n$20\r\n15.08726745843887329\r\n$20\r\n37.50266842333162032\r\n"
          "*4\r\n$7\r\nPalermo\r\n$8\r\n190.4424\r\n:3479099956230698\r\n*2\r\n"
          "$20\r\n13.36138933897018433\r\n$20\r\n38.11555639549629859\r\n*4\r\n"
          "$5\r\nedge2\r\n$8\r\n279.7403\r\n:3481342659049484\r\n*2\r\n$20\r\n"
          "17.24151045083999634\r\n$20\r\n38.78813451624225195\r\n*4\r\n$5\r\n"
          "edge1\r\n$8\r\n279.7405\r\n:3479273021651468\r\n*2\r\n$19\r\n"
          "12.7584877610206604\r\n$20\r\n38.78813451624225195\r\n" },
        { "GEOSEARCH k FROMMEMBER Palermo BYRADIUS 100 km",
          "*2\r\n$7\r\nPalermo\r\n$5\r\nedge1\r\n" },
        { "GEOSEARCH k FROMLONLAT 15 37 BYRADIUS 300 km COUNT 1", "*1\r\n$7\r\nCatania\r\n" },
        { "GEOSEARCH k FROMLONLAT 15 37 BYRADIUS 300 km COUNT 2 DESC",
          "*2\r\n$5\r\nedge1\r\n$5\r\nedge2\r\n" },
        { "GEOSEARCH k FROMLONLAT 15 37 BYRADIUS 300 km COUNT 1 ANY", "*1\r\n$7\r\nPalermo\r\n" },
        { "GEOSEARCH k FROMLONLAT 0 0 BYRADIUS 1 m", "*0\r\n" },
        { "GEOSEARCH no FROMMEMBER x BYRADIUS 1 m", "*0\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void refuses_bad_searches(void **state)
{
    static const struct try_row rows[] = {
        { "GEOADD k 13.361389 38.115556 Palermo 15.087269 37.502669 Catania 12.758489 38.788135 "
          "edge1 17.24151 38.788135 edge2",
          ":4\r\n" },
        { "GEOSEARCH k FROMLONLAT 15 37 ASC ASC ASC",
          "-ERR exactly one of BYRADIUS and BYBOX can be specified for "
          "GEOSEARCH\r\n" },
        { "GEOSEARCH k BYRADIUS 1 m ASC ASC",
          "-ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for "
          "GEOSEARCH\r\n" },
        { "GEOSEARCH k FROMMEMBER no BYRADIUS 1 m",
          "-ERR could not decode requested zset member\r\n" },
        { "GEOSEARCH k FROMMEMBER Palermo FROMLONLAT 1 1 BYRADIUS 1 m", "-ERR syntax error\r\n" },
        { "GEOSEARCH k FROMMEMBER Palermo BYRADIUS 1 m BYBOX 1 1 m", "-ERR syntax error\r\n" },
        { "GEOSEARCH k FROMMEMBER Palermo BYRADIUS -1 m", "-ERR radius cannot be negative\r\n" },
        { "GEOSEARCH k FROMMEMBER Palermo BYRADIUS x m", "-ERR need numeric radius\r\n" },
        { "GEOSEARCH k FROMMEMBER Palermo BYRADIUS 1 foo",
          "-ERR unsupported unit provided. please use M, KM, FT, MI\r\n" },
        { "GEOSEARCH k FROMMEMBER Palermo BYBOX x 1 m", "-ERR need numeric width\r\n" },
        { "GEOSEARCH k FROMMEMBER Palermo BYBOX 1 x m", "-ERR need numeric height\r\n" },
        { "GEOSEARCH k FROMMEMBER Palermo BYBOX 1 -1 m",
          "-ERR height or width cannot be negative\r\n" },
        { "GEOSEARCH k FROMMEMBER Palermo BYRADIUS 1 m COUNT 0", "-ERR COUNT must be > 0\r\n" },
        { "GEOSEARCH k FROMMEMBER Palermo BYRADIUS 1 m ANY",
          "-ERR the ANY argument requires COUNT argument\r\n" },
        { "GEOSEARCH k FROMLONLAT 200 0 BYRADIUS 1 m",
          "-ERR invalid longitude,latitude pair 200.000000,0.000000\r\n" },
        { "GEOSEARCHSTORE d k FROMMEMBER Palermo BYRADIUS 1 m WITHDIST",
          "-ERR GEOSEARCHSTORE is not compatible with WITHDIST, WITHHASH and "
          "WITHCOORD options\r\n" },
        { "GEORADIUS k 15 37 200 km STORE d WITHDIST",
          "-ERR STORE option in GEORADIUS is not compatible with WITHDIST, "
          "WITHHASH and WITHCOORD options\r\n" },
        { "GEORADIUS_RO k 15 37 200 km STORE d", "-ERR syntax error\r\n" },
        { "GEORADIUSBYMEMBER k no 1 m", "-ERR could not decode requested zset member\r\n" },
        { "SET s v", "+OK\r\n" },
        { "GEOSEARCH s FROMMEMBER a BYRADIUS 1 m",
          "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void stores_places_or_distances(void **state)
{
    static const struct try_row rows[] = {
        { "GEOADD k 13.361389 38.115556 Palermo 15.087269 37.502669 Catania 12.758489 38.788135 "
          "edge1 17.24151 38.788135 edge2",
          ":4\r\n" },
        { "GEOSEARCHSTORE d k FROMLONLAT 15 37 BYRADIUS 200 km", ":2\r\n" },
        { "ZRANGE d 0 -1 WITHSCORES",
          "*4\r\n$7\r\nPalermo\r\n$16\r\n3479099956230698\r\n$7\r\nCatania\r\n"
          "$16\r\n3479447370796909\r\n" },
        { "GEOSEARCHSTORE d k FROMLONLAT 15 37 BYRADIUS 200 km STOREDIST COUNT 1", ":1\r\n" },
        { "ZRANGE d 0 -1 WITHSCORES", "*2\r\n$7\r\nCatania\r\n$18\r\n56.441257870158204\r\n" },
        { "GEORADIUS k 15 37 200 km STORE d", ":2\r\n" },
        { "ZCARD d", ":2\r\n" },
        { "GEORADIUSBYMEMBER k Palermo 100 km STOREDIST d", ":2\r\n" },
        { "ZRANGE d 0 -1 WITHSCORES", "*4\r\n$7\r\nPalermo\r\n$1\r\n0\r\n$5\r\nedge1\r\n$18\r\n"
                                      "91.400658605814272\r\n" },
        { "GEOSEARCHSTORE d k FROMLONLAT 0 0 BYRADIUS 1 m", ":0\r\n" },
        { "EXISTS d", ":0\r\n" },
        { "GEOSEARCHSTORE k no FROMLONLAT 0 0 BYRADIUS 1 m", ":0\r\n" },
        { "EXISTS k", ":0\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void knows_the_older_commands(void **state)
{
    static const struct try_row rows[] = {
        { "GEOADD k 13.361389 38.115556 Palermo 15.087269 37.502669 Catania 12.758489 38.788135 "
          "edge1 17.24151 38.788135 edge2",
          ":4\r\n" },
        { "GEORADIUS k 15 37 200 km WITHDIST ASC",
          "*2\r\n*2\r\n$7\r\nCatania\r\n$7\r\n56.4413\r\n*2\r\n$7\r\nPalermo\r\n"
          "$8\r\n190.4424\r\n" },
        { "GEORADIUS_RO k 15 37 200 km WITHCOORD DESC COUNT 1",
          "*1\r\n*2\r\n$7\r\nPalermo\r\n*2\r\n$20\r\n13.36138933897018433\r\n"
          "$20\r\n38.11555639549629859\r\n" },
        { "GEORADIUSBYMEMBER k Catania 200 km WITHHASH ASC",
          "*2\r\n*2\r\n$7\r\nCatania\r\n:3479447370796909\r\n*2\r\n$7\r\n"
          "Palermo\r\n:3479099956230698\r\n" },
        { "GEORADIUSBYMEMBER_RO k Catania 200 km", "*2\r\n$7\r\nPalermo\r\n$7\r\nCatania\r\n" },
        { "GEORADIUSBYMEMBER no x y z", "*0\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void tells_what_happened(void **state)
{
    static const struct {
        const char *command;
        const char *events;
    } rows[] = {
        { "GEOADD k 1 1 a", "0: new k\n0: zadd k\n" },
        { "GEOSEARCHSTORE d k FROMMEMBER a BYRADIUS 1 m", "0: new d\n0: geosearchstore d\n" },
        { "GEORADIUS k 1 1 10 m STORE d", "0: georadiusstore d\n" },
        { "GEORADIUS k 1 2 1 m STORE d", "0: del d\n" },
    };
    struct try *try = *state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        try_run(try, rows[i].command);
        assert_string_equal(try_events(try), rows[i].events);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TRY(searches_circles_and_boxes), TRY(refuses_bad_searches), TRY(stores_places_or_distances),
        TRY(knows_the_older_commands),   TRY(tells_what_happened),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
