/* Places by area: GEOSEARCH and GEOSEARCHSTORE, and the four commands that they replaced.
 *
 * Where the area is, what is wanted of it and where that goes are read by one loop over the
 * words, as Redis does: which of two mistakes is told depends on the order. Then the ranges of
 * scores that cover the area are gone through, and each place in them is measured. */

#include "cache/base/check.h"
#include "cache/base/memory.h"
#include "cache/commands/geo.h"
#include "cache/commands/rows.h"
#include "cache/commands/zset.h"

#include <stdlib.h>

enum kind {
    RADIUS = 1 << 0,    /* GEORADIUS: the middle and the radius come first. */
    MEMBER = 1 << 1,    /* GEORADIUSBYMEMBER */
    MAY_STORE = 1 << 2, /* They may say STORE key. */
    SEARCH = 1 << 3,    /* GEOSEARCH */
    STORES = 1 << 4,    /* GEOSEARCHSTORE */
};

enum order { ORDER_NONE, ORDER_NEAREST, ORDER_FARTHEST };

struct searching {
    unsigned kind;
    const struct zset *zset; /* NULL: there is no such key. */
    struct geo_area area;    /* In units until the words are read. */
    double unit;             /* metres */
    bool has_middle, has_point, has_radius, has_box;
    bool with_distance, with_score, with_point;
    bool any;
    bool store_distance;
    size_t store_at; /* 0: the answer is for the client. */
    enum order order;
    int64_t count; /* 0: all. */
};

/* --- words --- */

static bool take_length(struct call *c, size_t at, const char *error, double *length)
{
    if (!number_parse_double(c->argv[at], length)) {
        reply_error(c->reply, span_from(error));
        return false;
    }
    return true;
}

static bool take_radius(struct call *c, size_t at, struct searching *searching)
{
    if (!take_length(c, at, "ERR need numeric radius", &searching->area.radius)) {
        return false;
    }
    if (searching->area.radius < 0) {
        reply_error(c->reply, SPAN("ERR radius cannot be negative"));
        return false;
    }
    return geo_take_unit(c, at + 1, &searching->unit);
}

static bool take_box(struct call *c, size_t at, struct searching *searching)
{
    struct geo_area *area = &searching->area;

    if (!take_length(c, at, "ERR need numeric width", &area->width) ||
        !take_length(c, at + 1, "ERR need numeric height", &area->height)) {
        return false;
    }
    if (area->width < 0 || area->height < 0) {
        reply_error(c->reply, SPAN("ERR height or width cannot be negative"));
        return false;
    }
    area->is_box = true;
    return geo_take_unit(c, at + 2, &searching->unit);
}

static bool take_member(struct call *c, size_t at, struct searching *searching)
{
    if (searching->zset == NULL) {
        return true; /* Nothing will be found around it. */
    }
    struct zset_spot spot = zset_find(searching->zset, c->argv[at]);
    if (!spot.found) {
        reply_error(c->reply, SPAN("ERR could not decode requested zset member"));
        return false;
    }
    searching->area.middle = geo_point_of(spot.score);
    return true;
}

static bool take_count(struct call *c, size_t at, struct searching *searching)
{
    if (!arg_integer(c, at, &searching->count)) {
        return false;
    }
    if (searching->count <= 0) {
        reply_error(c->reply, SPAN("ERR COUNT must be > 0"));
        return false;
    }
    return true;
}

/* A word that stands alone; false if it is none. */
static bool take_word(struct searching *searching, struct span word)
{
    if (span_is(word, "WITHDIST")) {
        searching->with_distance = true;
    } else if (span_is(word, "WITHHASH")) {
        searching->with_score = true;
    } else if (span_is(word, "WITHCOORD")) {
        searching->with_point = true;
    } else if (span_is(word, "ANY")) {
        searching->any = true;
    } else if (span_is(word, "ASC")) {
        searching->order = ORDER_NEAREST;
    } else if (span_is(word, "DESC")) {
        searching->order = ORDER_FARTHEST;
    } else if (searching->kind & STORES && span_is(word, "STOREDIST")) {
        searching->store_distance = true;
    } else {
        return false;
    }
    return true;
}

/* What says where to look, in GEOSEARCH. *at is moved to the last of its arguments; it stays where
 * it is if it is no such word. False after a reply. */
static bool take_where(struct call *c, size_t *at, struct searching *searching)
{
    size_t word = *at;
    size_t more = c->argc - word - 1;

    if (arg_is(c, word, "FROMMEMBER") && more >= 1 && !searching->has_point) {
        *at += 1;
        searching->has_middle = true;
        return take_member(c, word + 1, searching);
    }
    if (arg_is(c, word, "FROMLONLAT") && more >= 2 && !searching->has_middle) {
        *at += 2;
        searching->has_point = true;
        return geo_take_point(c, word + 1, &searching->area.middle);
    }
    if (arg_is(c, word, "BYRADIUS") && more >= 2 && !searching->has_box) {
        *at += 2;
        searching->has_radius = true;
        return take_radius(c, word + 1, searching);
    }
    if (arg_is(c, word, "BYBOX") && more >= 3 && !searching->has_radius) {
        *at += 3;
        searching->has_box = true;
        return take_box(c, word + 1, searching);
    }
    return true;
}

/* One option, with its arguments: *at is moved to the last of them. False after a reply. */
static bool take_option(struct call *c, size_t *at, struct searching *searching)
{
    size_t word = *at;
    bool more = word + 1 < c->argc;

    if (take_word(searching, c->argv[word])) {
        return true;
    }
    if (arg_is(c, word, "COUNT") && more) {
        *at += 1;
        return take_count(c, word + 1, searching);
    }
    bool by_distance = arg_is(c, word, "STOREDIST");
    if (searching->kind & MAY_STORE && more && (by_distance || arg_is(c, word, "STORE"))) {
        *at += 1;
        searching->store_at = word + 1;
        searching->store_distance = by_distance;
        return true;
    }
    if (searching->kind & SEARCH) {
        if (!take_where(c, at, searching)) {
            return false;
        }
        if (*at != word) {
            return true;
        }
    }
    call_syntax_error(c);
    return false;
}

/* NULL, or what is wrong with the options as they are together; "%s" in it is the command's name
 * as the client wrote it. */
static const char *fault_of(const struct searching *searching)
{
    bool search = searching->kind & SEARCH;

    if (searching->store_at != 0 &&
        (searching->with_distance || searching->with_score || searching->with_point)) {
        return searching->kind & STORES
                   ? "GEOSEARCHSTORE is not compatible with WITHDIST, WITHHASH "
                     "and WITHCOORD options"
                   : "STORE option in GEORADIUS is not compatible with "
                     "WITHDIST, WITHHASH and WITHCOORD options";
    }
    if (search && !searching->has_middle && !searching->has_point) {
        return "exactly one of FROMMEMBER or FROMLONLAT can be specified for ";
    }
    if (search && !searching->has_radius && !searching->has_box) {
        return "exactly one of BYRADIUS and BYBOX can be specified for ";
    }
    if (searching->any && searching->count == 0) {
        return "the ANY argument requires COUNT argument";
    }
    return NULL;
}

static void reply_fault(struct call *c, const char *fault)
{
    size_t len = strlen(fault);
    bool names_command = fault[len - 1] == ' ';
    struct span name = names_command ? c->argv[0] : SPAN("");
    reply_errorf(c->reply, "ERR %s%.*s", fault, (int)name.len, name.bytes);
}

/* The arguments that have their places. Returns where the options begin; 0 after a reply. */
static size_t take_places(struct call *c, struct searching *searching)
{
    if (searching->kind & RADIUS) {
        bool good = geo_take_point(c, 2, &searching->area.middle) && take_radius(c, 4, searching);
        return good ? 6 : 0;
    }
    if (searching->kind & MEMBER) {
        bool good = searching->zset == NULL ||
                    (take_member(c, 2, searching) && take_radius(c, 3, searching));
        return good ? 5 : 0;
    }
    return searching->kind & STORES ? 3 : 2;
}

static bool take_searching(struct call *c, struct searching *searching)
{
    size_t at = take_places(c, searching);

    if (at == 0) {
        return false;
    }
    for (; at < c->argc; at++) {
        if (!take_option(c, &at, searching)) {
            return false;
        }
    }
    const char *fault = fault_of(searching);
    if (fault != NULL) {
        reply_fault(c, fault);
        return false;
    }
    /* The first few of an order that nobody asked for would be no answer. */
    if (searching->count != 0 && searching->order == ORDER_NONE && !searching->any) {
        searching->order = ORDER_NEAREST;
    }
    searching->area.radius *= searching->unit;
    searching->area.width *= searching->unit;
    searching->area.height *= searching->unit;
    return true;
}

/* --- finding --- */

struct found {
    struct span member;
    double score;
    double distance;
    struct geo_point point;
    size_t at; /* Of equally distant ones the first stays first. */
};

struct finds {
    struct found *all;
    size_t count;
    size_t room;
};

static void add_found(struct finds *finds, const struct found *found)
{
    if (finds->count == finds->room) {
        finds->room = finds->room == 0 ? 16 : 2 * finds->room;
        finds->all = memory_resize(finds->all, finds->room * sizeof(*finds->all));
    }
    finds->all[finds->count] = *found;
    finds->all[finds->count].at = finds->count;
    finds->count++;
}

/* False when there are enough. */
static bool search_range(struct call *c, const struct searching *searching, struct geo_range range,
                         struct finds *finds)
{
    uint64_t rank = zset_below_score(searching->zset, range.from, false);
    uint64_t end = zset_below_score(searching->zset, range.to, false);
    struct zset_walk walk = zset_walk(searching->zset, rank, false);

    for (; rank < end && zset_step(&walk); rank++) {
        struct found found = { .score = walk.score, .point = geo_point_of(walk.score) };
        if (!geo_within(&searching->area, found.point, &found.distance)) {
            continue;
        }
        /* The text of a number in a listpack is gone with the next step. */
        bool passing = walk.member.bytes == walk.room;
        found.member = passing ? call_keep(c, walk.member) : walk.member;
        add_found(finds, &found);
        if (searching->any && finds->count >= (uint64_t)searching->count) {
            return false;
        }
    }
    return true;
}

static int compare_found(const void *a, const void *b)
{
    const struct found *first = a;
    const struct found *second = b;
    if (first->distance != second->distance) {
        return first->distance < second->distance ? -1 : 1;
    }
    return (first->at > second->at) - (first->at < second->at);
}

static int compare_backwards(const void *a, const void *b)
{
    const struct found *first = a;
    const struct found *second = b;
    if (first->distance != second->distance) {
        return first->distance > second->distance ? -1 : 1;
    }
    return (first->at > second->at) - (first->at < second->at);
}

static struct finds search(struct call *c, const struct searching *searching)
{
    struct finds finds = { .count = 0 };
    struct geo_range ranges[GEO_RANGES_MAX];
    size_t count = geo_ranges(&searching->area, ranges);

    for (size_t i = 0; i < count; i++) {
        if (!search_range(c, searching, ranges[i], &finds)) {
            break;
        }
    }
    if (searching->order != ORDER_NONE && finds.count > 1) {
        qsort(finds.all, finds.count, sizeof(*finds.all),
              searching->order == ORDER_NEAREST ? compare_found : compare_backwards);
    }
    if (searching->count != 0 && finds.count > (uint64_t)searching->count) {
        finds.count = (size_t)searching->count;
    }
    return finds;
}

/* --- answering --- */

/* A score that GEOADD has not made may be larger than any integer. */
static int64_t whole(double score)
{
    const double limit = 9223372036854775808.0; /* 2^63 */
    return score >= -limit && score < limit ? (int64_t)score : INT64_MIN;
}

static void reply_found(struct call *c, const struct searching *searching,
                        const struct found *found)
{
    size_t extras = (size_t)searching->with_distance + (size_t)searching->with_score +
                    (size_t)searching->with_point;

    if (extras > 0) {
        reply_array(c->reply, 1 + extras);
    }
    reply_bulk(c->reply, found->member);
    if (searching->with_distance) {
        geo_reply_distance(c, found->distance / searching->unit);
    }
    if (searching->with_score) {
        reply_integer(c->reply, whole(found->score));
    }
    if (searching->with_point) {
        geo_reply_point(c, found->point);
    }
}

static void store_finds(struct call *c, const struct searching *searching,
                        const struct finds *finds)
{
    const char *event = searching->kind & SEARCH ? "geosearchstore" : "georadiusstore";
    struct ranked_member **members = NULL;

    if (finds->count > 0) {
        members = memory_alloc(finds->count * sizeof(struct ranked_member *));
    }
    for (size_t i = 0; i < finds->count; i++) {
        const struct found *found = &finds->all[i];
        double score = searching->store_distance ? found->distance / searching->unit : found->score;
        members[i] = ranked_member_new(found->member, score);
    }
    zset_store(c, searching->store_at, members, finds->count, event);
    memory_free(members);
}

static void run(struct call *c, unsigned kind)
{
    struct searching searching = { .kind = kind, .unit = 1 };
    struct finds finds = { .count = 0 };
    const void *zset;

    searching.store_at = kind & STORES ? 1 : 0;
    if (!key_read(c, kind & STORES ? 2 : 1, &type_zset, &zset)) {
        return;
    }
    searching.zset = zset;
    if (!take_searching(c, &searching)) {
        return;
    }
    if (zset != NULL) {
        finds = search(c, &searching);
    }
    if (searching.store_at != 0) {
        store_finds(c, &searching, &finds);
    } else {
        reply_array(c->reply, finds.count);
        for (size_t i = 0; i < finds.count; i++) {
            reply_found(c, &searching, &finds.all[i]);
        }
    }
    memory_free(finds.all);
}

static void geosearch(struct call *c)
{
    run(c, SEARCH);
}

static void geosearchstore(struct call *c)
{
    run(c, SEARCH | STORES);
}

static void georadius(struct call *c)
{
    run(c, RADIUS | MAY_STORE);
}

static void georadius_ro(struct call *c)
{
    run(c, RADIUS);
}

static void georadiusbymember(struct call *c)
{
    run(c, MEMBER | MAY_STORE);
}

static void georadiusbymember_ro(struct call *c)
{
    run(c, MEMBER);
}

const struct command geo_search_commands[] = {
    { .name = "geosearch",
      .run = geosearch,
      .arity = -7,
      .flags = CMD_READ | CMD_NEAR,
      .keys = { KEYS(1, 1, 1, KEY_RO | KEY_ACCESS) },
      .group = "geo",
      .since = "6.2.0",
      .complexity = "O(N+log(M)), N being the number of places around the area and M of those in "
                    "it.",
      .synopsis = "key:key from:(member:string=FROMMEMBER | longitude_latitude:{longitude:double "
                  "latitude:double}=FROMLONLAT) by:(circle:{radius:double=BYRADIUS unit:(m:M | "
                  "km:KM | ft:FT | mi:MI)} | box:{width:double=BYBOX height:double unit:(m:M | "
                  "km:KM | ft:FT | mi:MI)}) [order:(asc:ASC | desc:DESC)] "
                  "[count:{count:integer=COUNT [any:ANY]}] [withcoord:WITHCOORD] "
                  "[withdist:WITHDIST] [withhash:WITHHASH]",
      .summary = "Returns the places within a circle or a box.",
      .history = "7.0.0 Units in capitals." },
    { .name = "geosearchstore",
      .run = geosearchstore,
      .arity = -8,
      .flags = CMD_WRITE | CMD_DENYOOM,
      .keys = { KEYS(1, 1, 1, KEY_OW | KEY_UPDATE), KEYS(2, 2, 1, KEY_RO | KEY_ACCESS) },
      .group = "geo",
      .since = "6.2.0",
      .complexity = "O(N+log(M)), N being the number of places around the area and M of those in "
                    "it.",
      .synopsis = "destination:key source:key from:(member:string=FROMMEMBER | "
                  "longitude_latitude:{longitude:double latitude:double}=FROMLONLAT) "
                  "by:(circle:{radius:double=BYRADIUS unit:(m:M | km:KM | ft:FT | mi:MI)} | "
                  "box:{width:double=BYBOX height:double unit:(m:M | km:KM | ft:FT | mi:MI)}) "
                  "[order:(asc:ASC | desc:DESC)] [count:{count:integer=COUNT [any:ANY]}] "
                  "[storedist:STOREDIST]",
      .summary = "Stores the places within a circle or a box.",
      .history = "7.0.0 Units in capitals." },
    { .name = "georadius",
      .run = georadius,
      .arity = -6,
      .flags = CMD_WRITE | CMD_DENYOOM | CMD_MOVABLE_KEYS,
      .keys = { KEYS(1, 1, 1, KEY_RO | KEY_ACCESS),
                KEYS_AFTER("STORE", 6, 0, 0, KEY_OW | KEY_UPDATE),
                KEYS_AFTER("STOREDIST", 6, 0, 0, KEY_OW | KEY_UPDATE) },
      .group = "geo",
      .since = "3.2.0",
      .complexity = "O(N+log(M)), N being the number of places around the circle and M of those in "
                    "it.",
      .synopsis = "key:key longitude:double latitude:double radius:double unit:(m:M | km:KM | "
                  "ft:FT | mi:MI) [withcoord:WITHCOORD] [withdist:WITHDIST] [withhash:WITHHASH] "
                  "[count:{count:integer=COUNT [any:ANY@6.2.0]}] [order:(asc:ASC | desc:DESC)] "
                  "[key:key=STORE] [key:key=STOREDIST]",
      .summary = "Returns or stores the places around a point.",
      .history = "6.2.0 `ANY` after `COUNT`.\n"
                 "7.0.0 Units in capitals.",
      .deprecated_since = "6.2.0",
      .replaced_by = "`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` argument" },
    { .name = "georadius_ro",
      .run = georadius_ro,
      .arity = -6,
      .flags = CMD_READ | CMD_NEAR,
      .keys = { KEYS(1, 1, 1, KEY_RO | KEY_ACCESS) },
      .group = "geo",
      .since = "3.2.10",
      .complexity = "O(N+log(M)), N being the number of places around the circle and M of those in "
                    "it.",
      .synopsis = "key:key longitude:double latitude:double radius:double unit:(m:M | km:KM | "
                  "ft:FT | mi:MI) [withcoord:WITHCOORD] [withdist:WITHDIST] [withhash:WITHHASH] "
                  "[count:{count:integer=COUNT [any:ANY@6.2.0]}] [order:(asc:ASC | desc:DESC)]",
      .summary = "Returns the places around a point.",
      .history = "6.2.0 `ANY` after `COUNT`.",
      .deprecated_since = "6.2.0",
      .replaced_by = "`GEOSEARCH` with the `BYRADIUS` argument" },
    { .name = "georadiusbymember",
      .run = georadiusbymember,
      .arity = -5,
      .flags = CMD_WRITE | CMD_DENYOOM | CMD_MOVABLE_KEYS,
      .keys = { KEYS(1, 1, 1, KEY_RO | KEY_ACCESS),
                KEYS_AFTER("STORE", 5, 0, 0, KEY_OW | KEY_UPDATE),
                KEYS_AFTER("STOREDIST", 5, 0, 0, KEY_OW | KEY_UPDATE) },
      .group = "geo",
      .since = "3.2.0",
      .complexity = "O(N+log(M)), N being the number of places around the circle and M of those in "
                    "it.",
      .synopsis = "key:key member:string radius:double unit:(m:M | km:KM | ft:FT | mi:MI) "
                  "[withcoord:WITHCOORD] [withdist:WITHDIST] [withhash:WITHHASH] "
                  "[count:{count:integer=COUNT [any:ANY]}] [order:(asc:ASC | desc:DESC)] "
                  "[key:key=STORE] [key:key=STOREDIST]",
      .summary = "Returns or stores the places around a member.",
      .history = "7.0.0 Units in capitals.",
      .deprecated_since = "6.2.0",
      .replaced_by = "`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` and `FROMMEMBER` "
                     "arguments" },
    { .name = "georadiusbymember_ro",
      .run = georadiusbymember_ro,
      .arity = -5,
      .flags = CMD_READ | CMD_NEAR,
      .keys = { KEYS(1, 1, 1, KEY_RO | KEY_ACCESS) },
      .group = "geo",
      .since = "3.2.10",
      .complexity = "O(N+log(M)), N being the number of places around the circle and M of those in "
                    "it.",
      .synopsis = "key:key member:string radius:double unit:(m:M | km:KM | ft:FT | mi:MI) "
                  "[withcoord:WITHCOORD] [withdist:WITHDIST] [withhash:WITHHASH] "
                  "[count:{count:integer=COUNT [any:ANY]}] [order:(asc:ASC | desc:DESC)]",
      .summary = "Returns the places around a member.",
      .deprecated_since = "6.2.0",
      .replaced_by = "`GEOSEARCH` with the `BYRADIUS` and `FROMMEMBER` arguments" },
    { .name = NULL },
};
