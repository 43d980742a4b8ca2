#ifndef PODIS_CACHE_TYPES_SET_H
#define PODIS_CACHE_TYPES_SET_H

/* Values of type set, in the encodings that OBJECT ENCODING knows:
 *
 *   intset      all members are integers, and few
 *   listpack    few members, none of them long
 *   hashtable   everything else
 *
 * A set only ever moves down that list. A small one of the first two kinds is flat: it lies in the
 * entry of its key, and is never changed there but opened, which makes a copy to work on. Hence two
 * ways to look at a set, a `const void *value` of either form, and one way to change it, a
 * struct set. A struct set is a value too. */

#include "cache/base/number.h"
#include "cache/types/type.h"

enum { SET_FLAT_MAX = 128 };

struct intset;
struct listpack;
struct textset;

struct set {
    uint8_t kind;
    union {
        struct intset *ints;
        struct listpack *pack;
        struct textset *texts;
    };
};

/* --- looking --- */

bool set_is_flat(const void *value);
size_t set_count(const void *value);
bool set_has(const void *value, struct span text);
bool set_is_integers(const void *value); /* Its encoding is intset: members come ascending. */
bool set_is_hashed(const void *value);   /* Its encoding is hashtable. */
/* The bytes of its intset or listpack. It is not hashed. */
struct span set_block(const void *value);

typedef void (*set_visit_fn)(void *context, struct span text);

/* Visits some members, all at once unless the set is hashed; returns the next position, 0 at the
 * end. Begin with 0. `visit` must not change the set. What it gets may not last: see
 * set_text_lasts(). */
uint64_t set_scan(const void *value, uint64_t position, set_visit_fn visit, void *context);
/* Visits all. */
void set_each(const void *value, set_visit_fn visit, void *context);

/* Whether a member's bytes, as they were visited, are good until the set is changed. Else they are
 * an integer's, maybe, and gone when `visit` returns. */
static inline bool set_text_lasts(const void *value, struct span text)
{
    return text.len > NUMBER_TEXT_MAX || set_is_hashed(value);
}

/* A member picked by chance: in the set, or written to `room`. The set is not empty. */
struct span set_random(const void *value, uint64_t *random_state, char room[NUMBER_TEXT_MAX]);

/* Visits `count` members picked by chance, none twice: every choice of so many is as likely as any
 * other. There are as many. */
void set_sample(const void *value, size_t count, uint64_t *random_state, set_visit_fn visit,
                void *context);

/* --- changing --- */

/* An empty set in the encoding that is best for about `expected` members, of which `first` is
 * one. */
void set_init(struct set *set, struct span first, size_t expected,
              const struct type_limits *limits);
/* An empty intset, which becomes what it has to. */
void set_init_integers(struct set *set);
/* An empty listpack with room for so many bytes. */
void set_init_pack(struct set *set, size_t room);
/* A copy of a flat set. */
void set_open(struct set *set, const void *flat);
void set_copy(struct set *copy, const struct set *set);
void set_fini(struct set *set);

/* About so many members are going to be added. */
void set_expect(struct set *set, size_t more, const struct type_limits *limits);
/* False if it is there already. */
bool set_add(struct set *set, struct span text, const struct type_limits *limits);
/* False if it is not there. `text` may lie in the set. */
bool set_remove(struct set *set, struct span text);

/* Removes `count` members picked by chance, visiting each just before. There are as many. */
void set_pop(struct set *set, size_t count, uint64_t *random_state, set_visit_fn visit,
             void *context);

/* Makes an intset of it, if its members are integers and not too many. */
void set_make_integers(struct set *set, const struct type_limits *limits);

/* Gives back what it has to spare after many additions. */
void set_shrink(struct set *set);

/* What it takes as a flat value, if it is to be one; else 0. */
size_t set_flat_size(const struct set *set);
void set_write_flat(const struct set *set, void *room);
/* Moves it to the heap, as a value for key_put_heap(). */
void *set_move_to_heap(struct set *set);

#endif
