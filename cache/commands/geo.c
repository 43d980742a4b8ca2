/* Places by name: GEOADD, GEOPOS, GEOHASH, GEODIST. */

#include "cache/commands/geo.h"

#include "cache/base/check.h"
#include "cache/base/number.h"
#include "cache/commands/rows.h"
#include "cache/commands/zset.h"

#include <stdio.h>

/* --- shared --- */

bool geo_take_point(struct call *c, size_t at, struct geo_point *point)
{
    if (!arg_double(c, at, &point->longitude) || !arg_double(c, at + 1, &point->latitude)) {
        return false;
    }
    if (!geo_is_valid(*point)) {
        reply_errorf(c->reply, "ERR invalid longitude,latitude pair %f,%f", point->longitude,
                     point->latitude);
        return false;
    }
    return true;
}

bool geo_take_unit(struct call *c, size_t at, double *metres)
{
    static const struct {
        const char *name;
        double metres;
    } units[] = { { "m", 1 }, { "km", 1000 }, { "ft", 0.3048 }, { "mi", 1609.34 } };

    for (size_t i = 0; i < COUNT(units); i++) {
        if (span_is(c->argv[at], units[i].name)) {
            *metres = units[i].metres;
            return true;
        }
    }
    reply_error(c->reply, SPAN("ERR unsupported unit provided. please use M, KM, FT, MI"));
    return false;
}

/* As INCRBYFLOAT writes numbers; a double in RESP3. */
static void reply_degrees(struct call *c, double degrees)
{
    char room[1 + NUMBER_FLOAT_TEXT_MAX + 2];
    char *text = room + 1;
    size_t len = number_format_long_double(text, NUMBER_FLOAT_TEXT_MAX, degrees);

    if (c->reply->protocol == 2) {
        reply_bulk(c->reply, (struct span){ text, len });
        return;
    }
    room[0] = ',';
    memcpy(text + len, "\r\n", 2);
    reply_raw(c->reply, (struct span){ room, 1 + len + 2 });
}

void geo_reply_point(struct call *c, struct geo_point point)
{
    reply_array(c->reply, 2);
    reply_degrees(c, point.longitude);
    reply_degrees(c, point.latitude);
}

void geo_reply_distance(struct call *c, double distance)
{
    char text[512]; /* Room for the largest double. */
    int len = snprintf(text, sizeof(text), "%.4f", distance);
    assert(len > 0);
    assert((size_t)len < sizeof(text));
    reply_bulk(c->reply, (struct span){ text, (size_t)len });
}

/* --- GEOADD --- */

/* The words ahead of the first longitude. Replies if it returns false. */
static bool take_words(struct call *c, unsigned *words, size_t *first)
{
    for (*first = 2; *first < c->argc; (*first)++) {
        if (arg_is(c, *first, "NX")) {
            *words |= ZSET_NX;
        } else if (arg_is(c, *first, "XX")) {
            *words |= ZSET_XX;
        } else if (arg_is(c, *first, "CH")) {
            *words |= ZSET_CH;
        } else {
            break;
        }
    }
    bool both = *words & ZSET_NX && *words & ZSET_XX;
    if (both || *first == c->argc || (c->argc - *first) % 3 != 0) {
        call_syntax_error(c);
        return false;
    }
    return true;
}

/* It is repeated as a ZADD, whose scores are exact. */
static void changed_as_zadd(struct call *c, size_t first, const double *scores)
{
    size_t places = (c->argc - first) / 3;
    size_t argc = first + 2 * places;
    struct span *argv = arena_alloc(c->arena, argc * sizeof(*argv));

    argv[0] = SPAN("ZADD");
    for (size_t i = 1; i < first; i++) {
        argv[i] = c->argv[i];
    }
    for (size_t i = 0; i < places; i++) {
        argv[first + 2 * i] = call_number(c, (int64_t)scores[i]);
        argv[first + 2 * i + 1] = c->argv[first + 3 * i + 2];
    }
    call_changed_as(c, argv, argc);
}

static void geoadd(struct call *c)
{
    struct zset_adding adding = { .words = 0, .step = 3 };
    size_t first;

    if (!take_words(c, &adding.words, &first)) {
        return;
    }
    adding.count = (c->argc - first) / 3;
    adding.members = &c->argv[first + 2];
    adding.scores = arena_alloc(c->arena, adding.count * sizeof(*adding.scores));
    for (size_t i = 0; i < adding.count; i++) {
        struct geo_point point;
        if (!geo_take_point(c, first + 3 * i, &point)) {
            return;
        }
        adding.scores[i] = geo_score(point);
    }
    if (zset_add(c, &adding)) {
        changed_as_zadd(c, first, adding.scores);
    }
}

/* --- asking --- */

/* The place argv[at]; false if there is none. */
static bool find_point(struct call *c, const struct zset *zset, size_t at, struct geo_point *point)
{
    struct zset_spot spot = { .found = false };

    if (zset != NULL) {
        spot = zset_find(zset, c->argv[at]);
    }
    if (spot.found) {
        *point = geo_point_of(spot.score);
    }
    return spot.found;
}

static void geopos(struct call *c)
{
    struct geo_point point;
    const void *zset;

    if (!key_read(c, 1, &type_zset, &zset)) {
        return;
    }
    reply_array(c->reply, c->argc - 2);
    for (size_t i = 2; i < c->argc; i++) {
        if (find_point(c, zset, i, &point)) {
            geo_reply_point(c, point);
        } else {
            reply_null_array(c->reply);
        }
    }
}

static void geohash(struct call *c)
{
    struct geo_point point;
    const void *zset;
    char text[GEO_HASH_LEN];

    if (!key_read(c, 1, &type_zset, &zset)) {
        return;
    }
    reply_array(c->reply, c->argc - 2);
    for (size_t i = 2; i < c->argc; i++) {
        if (find_point(c, zset, i, &point)) {
            geo_hash(point, text);
            reply_bulk(c->reply, (struct span){ text, sizeof(text) });
        } else {
            reply_null(c->reply);
        }
    }
}

static void geodist(struct call *c)
{
    struct geo_point from;
    struct geo_point to;
    double metres = 1;
    const void *zset;

    if (c->argc > 5) {
        call_syntax_error(c);
        return;
    }
    if ((c->argc == 5 && !geo_take_unit(c, 4, &metres)) || !key_read(c, 1, &type_zset, &zset)) {
        return;
    }
    if (find_point(c, zset, 2, &from) && find_point(c, zset, 3, &to)) {
        geo_reply_distance(c, geo_distance(from, to) / metres);
    } else {
        reply_null(c->reply);
    }
}

const struct command geo_commands[] = {
    { .name = "geoadd",
      .run = geoadd,
      .arity = -5,
      .flags = CMD_WRITE | CMD_DENYOOM,
      .keys = { KEYS(1, 1, 1, KEY_RW | KEY_UPDATE) },
      .group = "geo",
      .since = "3.2.0",
      .complexity = "O(log(N)) for each member, N being how many there are.",
      .synopsis = "key:key [condition:(nx:NX | xx:XX)@6.2.0] [change:CH@6.2.0] "
                  "longitude_latitude_member:{longitude:double latitude:double member:string}...",
      .summary = "Adds places on earth to a sorted set, or moves them.",
      .history = "6.2.0 `CH`, `NX` and `XX`." },
    { .name = "geodist",
      .run = geodist,
      .arity = -4,
      .flags = CMD_READ | CMD_NEAR,
      .keys = { KEYS(1, 1, 1, KEY_RO | KEY_ACCESS) },
      .group = "geo",
      .since = "3.2.0",
      .complexity = "O(log(N)), N being the number of members.",
      .synopsis = "key:key member1:string member2:string [unit:(m:M | km:KM | ft:FT | mi:MI)]",
      .summary = "Returns how far two places are apart." },
    { .name = "geohash",
      .run = geohash,
      .arity = -2,
      .flags = CMD_READ | CMD_NEAR,
      .keys = { KEYS(1, 1, 1, KEY_RO | KEY_ACCESS) },
      .group = "geo",
      .since = "3.2.0",
      .complexity = "O(log(N)) for each member named, N being how many there are.",
      .synopsis = "key:key member:string...",
      .summary = "Returns places as geohashes of eleven letters." },
    { .name = "geopos",
      .run = geopos,
      .arity = -2,
      .flags = CMD_READ | CMD_NEAR,
      .keys = { KEYS(1, 1, 1, KEY_RO | KEY_ACCESS) },
      .group = "geo",
      .since = "3.2.0",
      .complexity = "O(N), N being the number of members named.",
      .synopsis = "key:key member:string...",
      .summary = "Returns the longitudes and latitudes of places." },
    { .name = NULL },
};
