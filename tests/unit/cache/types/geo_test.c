/* Places as scores. The figures are what redis-server answers. */

#include "cache/types/geo.h"

#include "cache/base/check.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct geo_point palermo = { 13.361389, 38.115556 };
static const struct geo_point catania = { 15.087269, 37.502669 };

static void a_place_is_a_whole_number_of_52_bits(void **state)
{
    (void)state;
    assert_true(geo_score(palermo) == 3479099956230698.0);
    assert_true(geo_score(catania) == 3479447370796909.0);
    assert_true(geo_score((struct geo_point){ -180, -GEO_LATITUDE_MAX }) == 0);
}

static void a_score_is_the_middle_of_its_place(void **state)
{
    (void)state;
    struct geo_point point = geo_point_of(geo_score(palermo));
    assert_true(point.longitude == 13.36138933897018433);
    assert_true(point.latitude == 38.11555639549629859);
    assert_true(geo_score(point) == geo_score(palermo));
}

static void any_score_is_a_place(void **state)
{
    (void)state;
    static const double scores[] = { -1, 1e17, 1e19, -1e30, INFINITY, -INFINITY, 0.5 };
    for (size_t i = 0; i < COUNT(scores); i++) {
        assert_true(geo_is_valid(geo_point_of(scores[i])));
    }
}

static void knows_where_the_map_ends(void **state)
{
    (void)state;
    assert_true(geo_is_valid((struct geo_point){ 180, GEO_LATITUDE_MAX }));
    assert_false(geo_is_valid((struct geo_point){ 180.0001, 0 }));
    assert_false(geo_is_valid((struct geo_point){ 0, 85.06 }));
    assert_false(geo_is_valid((struct geo_point){ NAN, 0 }));
}

static void measures_along_the_surface(void **state)
{
    (void)state;
    double distance =
        geo_distance(geo_point_of(geo_score(palermo)), geo_point_of(geo_score(catania)));
    assert_true(fabs(distance - 166274.1516) < 0.0001);
    assert_true(geo_distance(palermo, palermo) == 0);
}

static void writes_the_usual_geohash(void **state)
{
    (void)state;
    char text[GEO_HASH_LEN];
    geo_hash(geo_point_of(geo_score(palermo)), text);
    assert_memory_equal(text, "sqc8b49rny0", sizeof(text));
}

static uint64_t mixed(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return *seed >> 33;
}

static double between(uint64_t *seed, double min, double max)
{
    return min + (max - min) * (double)mixed(seed) / (double)(UINT64_C(1) << 31);
}

/* Every place in an area is in one range, and in one only. */
static void ranges_cover_their_area(void **state)
{
    (void)state;
    uint64_t seed = 1;
    for (int round = 0; round < 2000; round++) {
        struct geo_range ranges[GEO_RANGES_MAX];
        struct geo_area area = {
            .middle = { between(&seed, -170, 170), between(&seed, -70, 70) },
            .is_box = round % 2,
            .radius = pow(10, between(&seed, 0, 5.9)),
        };
        area.width = area.radius * between(&seed, 0.1, 2);
        area.height = area.radius * between(&seed, 0.1, 2);
        size_t count = geo_ranges(&area, ranges);
        assert_true(count > 0);
        for (int i = 0; i < 50; i++) {
            double degrees = area.radius / 111000 * 1.2;
            double distance;
            struct geo_point point = {
                area.middle.longitude + between(&seed, -degrees, degrees),
                area.middle.latitude + between(&seed, -degrees, degrees),
            };
            if (!geo_is_valid(point) || !geo_within(&area, point, &distance)) {
                continue;
            }
            int found = 0;
            for (size_t j = 0; j < count; j++) {
                double score = geo_score(point);
                found += score >= ranges[j].from && score < ranges[j].to;
            }
            assert_int_equal(found, 1);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_place_is_a_whole_number_of_52_bits),
        cmocka_unit_test(a_score_is_the_middle_of_its_place),
        cmocka_unit_test(any_score_is_a_place),
        cmocka_unit_test(knows_where_the_map_ends),
        cmocka_unit_test(measures_along_the_surface),
        cmocka_unit_test(writes_the_usual_geohash),
        cmocka_unit_test(ranges_cover_their_area),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
