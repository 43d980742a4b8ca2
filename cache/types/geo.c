/* Cells, distances and areas on earth.
 *
 * Clients see the digits of distances and positions, so each formula is evaluated in the order of
 * operations that Redis has. */

#include "cache/types/geo.h"

#include "cache/base/check.h"

#include <math.h>

enum { STEPS_MAX = 26 };

static const double earth_radius = 6372797.560856;
static const double half_equator = 20037726.37; /* Of Mercator's map. */
static const double degree = 3.14159265358979323846 / 180;

static double radians(double degrees)
{
    return degrees * degree;
}

static double degrees(double angle)
{
    return angle / degree;
}

/* --- cells --- */

/* Cell x, y of a grid of 2^steps times 2^steps. */
struct cell {
    uint32_t x; /* Longitude. */
    uint32_t y; /* Latitude. */
    unsigned steps;
};

struct extent {
    double min;
    double max;
};

/* 0 … abcd becomes 0a0b0c0d. */
static uint64_t spread(uint32_t bits)
{
    uint64_t wide = bits;
    wide = (wide | wide << 16) & 0x0000ffff0000ffffu;
    wide = (wide | wide << 8) & 0x00ff00ff00ff00ffu;
    wide = (wide | wide << 4) & 0x0f0f0f0f0f0f0f0fu;
    wide = (wide | wide << 2) & 0x3333333333333333u;
    return (wide | wide << 1) & 0x5555555555555555u;
}

static uint32_t gather(uint64_t wide)
{
    wide &= 0x5555555555555555u;
    wide = (wide | wide >> 1) & 0x3333333333333333u;
    wide = (wide | wide >> 2) & 0x0f0f0f0f0f0f0f0fu;
    wide = (wide | wide >> 4) & 0x00ff00ff00ff00ffu;
    wide = (wide | wide >> 8) & 0x0000ffff0000ffffu;
    return (uint32_t)(wide | wide >> 16);
}

static uint64_t cell_bits(struct cell cell)
{
    return spread(cell.x) << 1 | spread(cell.y);
}

static struct cell cell_of(struct geo_point point, double latitude_max, unsigned steps)
{
    double x = (point.longitude + GEO_LONGITUDE_MAX) / (2 * GEO_LONGITUDE_MAX);
    double y = (point.latitude + latitude_max) / (2 * latitude_max);
    double cells = (double)(UINT64_C(1) << steps);
    return (struct cell){ .x = (uint32_t)(x * cells), .y = (uint32_t)(y * cells), .steps = steps };
}

static struct extent extent_of(uint32_t index, unsigned steps, double max)
{
    double cells = (double)(UINT64_C(1) << steps);
    return (struct extent){
        .min = -max + index * 1.0 / cells * (2 * max),
        .max = -max + (index + 1.0) / cells * (2 * max),
    };
}

static struct extent cell_longitudes(struct cell cell)
{
    return extent_of(cell.x, cell.steps, GEO_LONGITUDE_MAX);
}

static struct extent cell_latitudes(struct cell cell)
{
    return extent_of(cell.y, cell.steps, GEO_LATITUDE_MAX);
}

/* The world is round, and here in both directions. A point on the last meridian or parallel of the
 * map is in a cell outside of the grid, and stays there. */
static uint32_t index_beside(uint32_t index, int step, unsigned steps)
{
    uint32_t mask = (uint32_t)((UINT64_C(1) << steps) - 1);
    return step == 0 ? index : (index + (uint32_t)step) & mask;
}

static struct cell cell_beside(struct cell cell, int dx, int dy)
{
    cell.x = index_beside(cell.x, dx, cell.steps);
    cell.y = index_beside(cell.y, dy, cell.steps);
    return cell;
}

/* --- points --- */

bool geo_is_valid(struct geo_point point)
{
    return fabs(point.longitude) <= GEO_LONGITUDE_MAX && fabs(point.latitude) <= GEO_LATITUDE_MAX;
}

double geo_score(struct geo_point point)
{
    assert(geo_is_valid(point));
    return (double)cell_bits(cell_of(point, GEO_LATITUDE_MAX, STEPS_MAX));
}

/* A score that GEOADD has not made may be anything. What becomes of it is what the processor makes
 * of it for Redis. */
static uint64_t bits_of(double score)
{
    const double limit = 9223372036854775808.0; /* 2^63 */
    if (score >= limit) {
        return score < 2 * limit ? (uint64_t)score : 0;
    }
    return score >= -limit ? (uint64_t)(int64_t)score : UINT64_C(1) << 63;
}

static double middle_of(struct extent extent, double max)
{
    double middle = (extent.min + extent.max) / 2;
    return middle > max ? max : middle < -max ? -max : middle;
}

struct geo_point geo_point_of(double score)
{
    uint64_t bits = bits_of(score);
    struct cell cell = { .x = gather(bits >> 1), .y = gather(bits), .steps = STEPS_MAX };
    return (struct geo_point){
        .longitude = middle_of(cell_longitudes(cell), GEO_LONGITUDE_MAX),
        .latitude = middle_of(cell_latitudes(cell), GEO_LATITUDE_MAX),
    };
}

void geo_hash(struct geo_point point, char text[GEO_HASH_LEN])
{
    enum { LETTER_BITS = 5, WHOLE_LETTERS = 10 };
    static const char letters[] = "0123456789bcdefghjkmnpqrstuvwxyz";
    uint64_t bits = cell_bits(cell_of(point, 90, STEPS_MAX));

    for (unsigned i = 0; i < WHOLE_LETTERS; i++) {
        text[i] = letters[bits >> (2 * STEPS_MAX - (i + 1) * LETTER_BITS) & 31];
    }
    text[WHOLE_LETTERS] = '0'; /* Two bits are left, which Redis leaves out. */
}

/* --- distances --- */

static double latitude_distance(double a, double b)
{
    return earth_radius * fabs(radians(b) - radians(a));
}

/* The haversine formula. */
double geo_distance(struct geo_point a, struct geo_point b)
{
    double a_latitude = radians(a.latitude);
    double b_latitude = radians(b.latitude);
    double v = sin((radians(b.longitude) - radians(a.longitude)) / 2);

    if (v == 0) {
        return latitude_distance(a.latitude, b.latitude);
    }
    double u = sin((b_latitude - a_latitude) / 2);
    return 2.0 * earth_radius * asin(sqrt(u * u + cos(a_latitude) * cos(b_latitude) * v * v));
}

bool geo_within(const struct geo_area *area, struct geo_point point, double *distance)
{
    struct geo_point middle = area->middle;

    if (!area->is_box) {
        *distance = geo_distance(middle, point);
        return *distance <= area->radius;
    }
    if (latitude_distance(point.latitude, middle.latitude) > area->height / 2) {
        return false;
    }
    struct geo_point beside = { .longitude = middle.longitude, .latitude = point.latitude };
    if (geo_distance(point, beside) > area->width / 2) {
        return false;
    }
    *distance = geo_distance(middle, point);
    return true;
}

/* --- areas --- */

struct box {
    struct extent longitudes;
    struct extent latitudes;
};

/* A box of degrees around an area. Circles of latitude become shorter towards the poles, so it
 * takes more degrees there. */
static struct box box_around(const struct geo_area *area)
{
    double height = area->is_box ? area->height / 2 : area->radius;
    double width = area->is_box ? area->width / 2 : area->radius;
    double latitude = area->middle.latitude;
    double longitude = area->middle.longitude;
    double up = degrees(height / earth_radius);
    double nearest_pole = latitude < 0 ? latitude - up : latitude + up;
    double aside = degrees(width / earth_radius / cos(radians(nearest_pole)));

    return (struct box){
        .longitudes = { longitude - aside, longitude + aside },
        .latitudes = { latitude - up, latitude + up },
    };
}

/* How fine a grid may be for nine cells of it to cover a circle of this radius. */
static unsigned steps_for(double radius, double latitude)
{
    int steps = 1;

    if (radius == 0) {
        return STEPS_MAX;
    }
    for (; radius < half_equator; radius *= 2) {
        steps++;
    }
    steps -= 2; /* Also where the circle begins at the edge of its cell. */
    if (fabs(latitude) > 66) {
        steps -= fabs(latitude) > 80 ? 2 : 1;
    }
    return steps < 1 ? 1 : steps > STEPS_MAX ? STEPS_MAX : (unsigned)steps;
}

/* Whether the cells around this one reach as far as the box. */
static bool covers(struct cell cell, const struct box *box)
{
    return cell_latitudes(cell_beside(cell, 0, 1)).max >= box->latitudes.max &&
           cell_latitudes(cell_beside(cell, 0, -1)).min <= box->latitudes.min &&
           cell_longitudes(cell_beside(cell, 1, 0)).max >= box->longitudes.max &&
           cell_longitudes(cell_beside(cell, -1, 0)).min <= box->longitudes.min;
}

static struct cell middle_cell(const struct geo_area *area, const struct box *box)
{
    double radius = area->radius;

    if (area->is_box) {
        radius = sqrt(area->width / 2 * (area->width / 2) + area->height / 2 * (area->height / 2));
    }
    unsigned steps = steps_for(radius, area->middle.latitude);
    struct cell cell = cell_of(area->middle, GEO_LATITUDE_MAX, steps);
    if (steps > 1 && !covers(cell, box)) {
        cell = cell_of(area->middle, GEO_LATITUDE_MAX, steps - 1);
    }
    return cell;
}

/* Whether the cell in this direction from the middle one can be left out: the area does not
 * reach beyond the middle one there. */
static bool is_needless(struct cell cell, int dx, int dy, const struct box *box)
{
    struct extent longitudes = cell_longitudes(cell);
    struct extent latitudes = cell_latitudes(cell);

    return cell.steps >= 2 && ((dy < 0 && latitudes.min < box->latitudes.min) ||
                               (dy > 0 && latitudes.max > box->latitudes.max) ||
                               (dx < 0 && longitudes.min < box->longitudes.min) ||
                               (dx > 0 && longitudes.max > box->longitudes.max));
}

size_t geo_ranges(const struct geo_area *area, struct geo_range ranges[GEO_RANGES_MAX])
{
    static const struct {
        int dx, dy;
    } around[GEO_RANGES_MAX] = {
        { 0, 0 }, { 0, 1 },  { 0, -1 }, { 1, 0 },   { -1, 0 },
        { 1, 1 }, { -1, 1 }, { 1, -1 }, { -1, -1 },
    };
    struct box box = box_around(area);
    struct cell middle = middle_cell(area, &box);
    unsigned shift = 2 * (STEPS_MAX - middle.steps);
    size_t count = 0;

    for (size_t i = 0; i < GEO_RANGES_MAX; i++) {
        uint64_t bits = cell_bits(cell_beside(middle, around[i].dx, around[i].dy));
        struct geo_range range = { (double)(bits << shift), (double)((bits + 1) << shift) };
        bool again = false;
        /* In a coarse grid the cells around may be the same, and the middle one too. */
        for (size_t j = 0; j < count; j++) {
            again = again || ranges[j].from == range.from;
        }
        if (!again && !is_needless(middle, around[i].dx, around[i].dy, &box)) {
            ranges[count++] = range;
        }
    }
    return count;
}
