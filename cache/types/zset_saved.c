/* Sorted sets as bytes and as commands.
 *
 * Members of a large one are written from the highest to the lowest score, as Redis does: it
 * reads them back by putting each in front. Here, too, that fills the tree's leaves wholly. */

#include "cache/types/zset_saved.h"

#include "cache/base/check.h"
#include "cache/base/memory.h"
#include "cache/ds/ziplist.h"
#include "cache/types/zset_pack.h"

#include <math.h>

enum { SCORE_ROOM = 64 };

const uint8_t zset_codes[] = { ZSET_SAVED_TEXTS, ZSET_SAVED_MEMBERS, ZSET_SAVED_ZIPLIST,
                               ZSET_SAVED_PACK, TYPE_NO_CODE };

void zset_save_pack(const struct listpack *pack, struct saver *out)
{
    save_type(out, ZSET_SAVED_PACK);
    save_block(out, (struct span){ (const char *)pack, listpack_bytes(pack) });
}

void zset_save_members(const struct zset *zset, struct saver *out)
{
    uint64_t count = zset_count(zset);
    struct zset_walk walk = zset_walk(zset, count - 1, true);

    save_type(out, ZSET_SAVED_MEMBERS);
    save_len(out, count);
    while (zset_step(&walk)) {
        save_string(out, walk.member);
        save_double(out, walk.score);
    }
}

bool zset_load_pack(struct loader *in, uint64_t seed, struct listpack **pack)
{
    struct span bytes;
    size_t count;

    if (!load_string(in, &bytes)) {
        return false;
    }
    if (!listpack_is_sound(bytes, &count)) {
        return load_failed(in, "a sorted set's listpack is broken");
    }
    if (count == 0) {
        return load_is_empty(in, "a sorted set has no member");
    }
    const char *fault = pack_fault((const struct listpack *)bytes.bytes, count, seed);
    if (fault != NULL) {
        return load_failed(in, fault);
    }
    *pack = listpack_copy((const struct listpack *)bytes.bytes);
    return true;
}

/* A sorted set while it is read. */
struct reading {
    struct loader *in;
    struct zset *zset;
    struct type_limits limits;
    struct buf member; /* Of a ziplist, whose score is still to come. */
    bool has_member;
};

static bool add(struct reading *reading, struct span member, double score)
{
    struct zset_spot spot = zset_find(reading->zset, member);
    if (spot.found) {
        return load_failed(reading->in, "a sorted set has a member twice");
    }
    if (isnan(score)) {
        return load_failed(reading->in, "a score is not a number");
    }
    if (member.len > UINT32_MAX) {
        return load_failed(reading->in, "a member is over 4 GB");
    }
    zset_put(reading->zset, &spot, member, score, &reading->limits);
    return true;
}

static bool load_each(struct reading *reading, uint8_t code)
{
    enum { LEAST_BYTES = 2 };
    uint64_t count;
    double score;

    if (!load_count(reading->in, LEAST_BYTES, &count)) {
        return false;
    }
    for (uint64_t i = 0; i < count; i++) {
        struct span member;
        if (!load_string(reading->in, &member)) {
            return false;
        }
        if (!(code == ZSET_SAVED_TEXTS ? load_text_double(reading->in, &score)
                                       : load_double(reading->in, &score)) ||
            !add(reading, member, score)) {
            return false;
        }
    }
    return true;
}

/* A text of a ziplist: a member, then its score. */
static bool take_text(void *context, struct span text)
{
    struct reading *reading = context;
    double score;

    reading->has_member = !reading->has_member;
    if (reading->has_member) {
        buf_cut(&reading->member, 0);
        return buf_add(&reading->member, text);
    }
    return number_parse_double(text, &score) && add(reading, buf_span(&reading->member), score);
}

static bool load_ziplist(struct reading *reading)
{
    struct span bytes;

    if (!load_string(reading->in, &bytes)) {
        return false;
    }
    if (!ziplist_read(bytes, take_text, reading) || reading->has_member) {
        return load_failed(reading->in, "a sorted set's ziplist is broken");
    }
    return true;
}

void *zset_load_members(uint8_t code, struct loader *in, const struct type_limits *limits)
{
    struct reading reading = { .in = in, .limits = *limits };

    reading.limits.zset_max_listpack_entries = 0;
    reading.zset = zset_new(&reading.limits, 0);
    buf_init(&reading.member, SIZE_MAX);
    bool good = code == ZSET_SAVED_ZIPLIST ? load_ziplist(&reading) : load_each(&reading, code);
    if (good && zset_count(reading.zset) == 0) {
        good = load_is_empty(in, "a sorted set has no member");
    }
    buf_fini(&reading.member);
    if (!good) {
        type_zset.free(reading.zset);
        return NULL;
    }
    zset_shrink(reading.zset, limits);
    return reading.zset;
}

/* --- as commands --- */

void zset_rewrite(struct span key, const void *value, rewrite_fn emit, void *context)
{
    enum { AT_ONCE = 64, WORDS = 2 + 2 * AT_ONCE };
    struct span argv[WORDS] = { SPAN("ZADD"), key };
    char scores[AT_ONCE][SCORE_ROOM];
    char members[AT_ONCE][NUMBER_TEXT_MAX]; /* Of integers, whose text a listpack has not. */
    struct zset_walk walk = zset_walk(value, 0, false);
    size_t pairs = 0;

    while (zset_step(&walk)) {
        struct span score = { scores[pairs],
                              number_format_double(scores[pairs], SCORE_ROOM, walk.score) };
        if (walk.member.bytes == walk.room) {
            memcpy(members[pairs], walk.room, sizeof(walk.room));
            walk.member.bytes = members[pairs];
        }
        argv[2 + 2 * pairs] = score;
        argv[3 + 2 * pairs] = walk.member;
        pairs++;
        if (pairs == AT_ONCE) {
            emit(context, argv, WORDS);
            pairs = 0;
        }
    }
    if (pairs > 0) {
        emit(context, argv, 2 + 2 * pairs);
    }
}

void zset_digest(const void *value, struct digest *sum)
{
    struct zset_walk walk = zset_walk(value, 0, false);

    while (zset_step(&walk)) {
        struct digest piece = { { 0 } };
        char score[SCORE_ROOM];
        digest_mix(&piece, walk.member);
        size_t len = number_format_double(score, sizeof(score), walk.score);
        digest_mix(&piece, (struct span){ score, len });
        digest_xor(sum, (struct span){ (const char *)piece.bytes, DIGEST_BYTES });
    }
}
