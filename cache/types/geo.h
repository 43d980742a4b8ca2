#ifndef PODIS_CACHE_TYPES_GEO_H
#define PODIS_CACHE_TYPES_GEO_H

/* Places on earth as scores of a sorted set, as Redis makes them.
 *
 * Longitude and latitude are cut in half again and again, 26 times each; the 52 halves taken
 * are the bits of a whole number, a double's exact ones:
 *
 *     bit  51   50   49   48              1    0
 *          lon1 lat1 lon2 lat2   …     lon26 lat26
 *
 * Places with the same first bits are in one cell of a grid, so the cells that touch an area are
 * a few ranges of scores: one in which its middle is, and the eight around it. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GEO_LONGITUDE_MAX 180.0
#define GEO_LATITUDE_MAX  85.05112878 /* Of Mercator's square map. */

struct geo_point {
    double longitude;
    double latitude;
};

bool geo_is_valid(struct geo_point point);
double geo_score(struct geo_point point);
/* The middle of the place that a score names. Any score names one. */
struct geo_point geo_point_of(double score);

enum { GEO_HASH_LEN = 11 };
/* The usual text form, https://en.wikipedia.org/wiki/Geohash: its grid has other latitudes. */
void geo_hash(struct geo_point point, char text[GEO_HASH_LEN]);

/* In metres, along the surface of a sphere. */
double geo_distance(struct geo_point a, struct geo_point b);

/* A circle or a box; lengths in metres. */
struct geo_area {
    struct geo_point middle;
    bool is_box;
    double radius;
    double width, height;
};
/* Whether a point is in the area, and how far it is from its middle. */
bool geo_within(const struct geo_area *area, struct geo_point point, double *distance);

/* Scores from `from` on and below `to`. */
struct geo_range {
    double from;
    double to;
};
enum { GEO_RANGES_MAX = 9 };
/* Ranges in which every place of the area is, and some others are; returns how many. The order
 * is that in which Redis looks, and so answers where no order is asked for. */
size_t geo_ranges(const struct geo_area *area, struct geo_range ranges[GEO_RANGES_MAX]);

#endif
