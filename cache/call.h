#ifndef PODIS_CACHE_CALL_H
#define PODIS_CACHE_CALL_H

/* A command while it runs: what its handler gets, and all that it may do.
 *
 * A handler checks its arguments (arg_*), looks at and changes keys (key_*, keys_*), and
 * replies. Keys are named by their place in argv. A function that returns false after
 * "replies" in its comment has answered the client already: just return.
 *
 * Expiry is nobody's business but this file's: a key that expired, or a part of a value, is
 * removed and announced when a look-up meets it. Of very many parts some stay, hidden.
 *
 * Changes: every key_ function that alters something notes it. When the handler returns, and
 * something was noted, one change is announced: argv as the client sent it, unless
 * call_changed_as() gave the command that repeats it exactly. A handler that alters nothing
 * announces nothing.
 *
 * Values are borrowed: a pointer from key_read, key_edit, key_put, key_resize or a view is
 * good until the next key_ or keys_ function that changes any key. */

#include "cache/base/arena.h"
#include "cache/cache.h"
#include "cache/event.h"
#include "cache/types/type.h"

struct keyspace;
struct more_changes;
struct table_slot;
struct told_event;

struct call {
    struct reply *reply;
    const struct span *argv;
    size_t argc;
    const struct command *command;
    uint64_t now_ms;
    struct arena *arena; /* For what must live until the call ends. */
    void *caller;        /* cache_request.caller */
    struct cache *cache;
    int db;
    bool no_touch;
    uint64_t client_id;
    const struct type_limits *limits;
    struct call_wait *wait; /* cache_request.wait */

    /* The rest is call.c's own. */
    struct keyspace *space;
    uint64_t key_hash; /* Of argv[hashed_at]; 0 while unknown. */
    size_t hashed_at;
    size_t found_at;          /* The key that `found` is about; 0: none. */
    struct table_slot *found; /* NULL: the key is not there. */
    const struct span *said;  /* From call_changed_as(). */
    size_t said_count;
    struct more_changes *more, **more_end;
    struct told_event *events, **events_end;
    struct span *changed; /* Keys. */
    size_t changed_count;
    size_t changed_room;
    struct span changed_few[2];
    bool everything;
    int everything_db;
};

/* --- arguments --- */

/* Reads argv[at]; false after the reply "ERR value is not an integer or out of range". */
bool arg_integer(struct call *c, size_t at, int64_t *number);

/* An integer within [min, max]; otherwise replies `error` ("ERR …"), whatever was wrong. When
 * that is NULL the replies are arg_integer's, "ERR value is out of range, value must between
 * MIN and MAX", and for everything wrong with a number from 0 to INT64_MAX "ERR value is out
 * of range, must be positive". */
bool arg_integer_in(struct call *c, size_t at, int64_t min, int64_t max, int64_t *number,
                    const char *error);

/* False after the reply "ERR value is not a valid float". Infinity is a number here. */
bool arg_double(struct call *c, size_t at, double *number);
bool arg_long_double(struct call *c, size_t at, long double *number);

/* Seconds, with a fraction, as blocking commands take them; 0 is "for ever". Replies "ERR
 * timeout is not a float or out of range", "ERR timeout is negative" or "ERR timeout is out
 * of range". */
bool arg_timeout_ms(struct call *c, size_t at, uint64_t *timeout_ms);

/* SCAN's cursor; replies "ERR invalid cursor". */
bool arg_cursor(struct call *c, size_t at, uint64_t *cursor);

/* The number of a database; replies arg_integer's error, or "ERR DB index is out of range". */
bool arg_db(struct call *c, size_t at, int *db);

/* Whether there is an argv[at] and it is this word, case ignored. */
static inline bool arg_is(const struct call *c, size_t at, const char *word)
{
    return at < c->argc && span_is(c->argv[at], word);
}

/* Replies "ERR syntax error". */
void call_syntax_error(struct call *c);
/* Replies "ERR wrong number of arguments for 'name' command". */
void call_arity_error(struct call *c);
/* Replies "ERR unknown subcommand or wrong number of arguments for 'sub'. Try NAME HELP.", as older
 * containers answer when a subcommand has arguments too many. */
void call_subcommand_error(struct call *c);

/* --- looking at keys --- */

/* The value of a key for a command that only reads. *value is NULL if there is no such key.
 * False after the reply WRONGTYPE if it is of another type. Counts a hit or a miss, and is
 * an access. */
bool key_read(struct call *c, size_t at, const struct type *type, const void **value);

/* The same for a command that is about to write: not counted as a hit or a miss. Whoever edits
 * the value where it lies, keeping its size, says so with key_changed(). */
bool key_edit(struct call *c, size_t at, const struct type *type, void **value);

/* The value of a key that is no argument, SORT's BY and GET: false if there is no such key or it
 * is of another type. Never replies, counts nothing. */
bool name_read(struct call *c, struct span key, const struct type *type, const void **value);

struct key_view {
    const struct type *type;
    const void *value;
    int64_t expires_at_ms; /* -1: never */
    uint64_t idle_ms;      /* Since the last access; a multiple of 1000. */
    uint32_t access_clock; /* 24 bits, as DEBUG OBJECT's lru. */
    uint8_t frequency;     /* As OBJECT FREQ; means something if cache_counts_frequency(). */
    const void *address;   /* Of the entry: for DEBUG OBJECT's eyes only. */
};
enum look {
    LOOK_TOUCH = 1 << 0, /* It is an access: the idle time starts anew. */
    LOOK_COUNT = 1 << 1, /* It is a hit or a miss. */
    LOOK_QUIET = 1 << 2, /* With LOOK_COUNT: a miss is no event. */
};
/* A key of any type. False if there is no such key; never replies. `how`: enum look bits. */
bool key_look(struct call *c, size_t at, unsigned how, struct key_view *view);

/* Whether there is such a key in another database. */
bool key_exists_in(struct call *c, size_t at, int db);

/* Bytes that this key and its value occupy, table included; 0 if there is no such key. */
size_t key_memory(struct call *c, size_t at);

/* Says that these keys are about to be looked up one after the other: argv[first],
 * argv[first + step] … below argc. Hides cache misses of MGET and its like; changes nothing. */
void keys_prefetch(struct call *c, size_t first, size_t step);

/* --- changing keys: each notes its change --- */

enum {
    EXPIRY_NONE = -1, /* The key will not expire, whatever was before. */
    EXPIRY_KEEP = -2, /* As it was; never for a new key. */
};

/* Makes the key hold a value of this type, for which there are `size` flat bytes at the address
 * returned: fill them at once. For types that have flat values (type.embed_max > 0). What
 * the key held, of whatever type, is gone; the bytes to be written must not lie in it. At
 * most one allocation, none if the old and the new entry are of one size class. */
void *key_put(struct call *c, size_t at, const struct type *type, size_t size,
              int64_t expires_at_ms);

/* The same for a value on the heap, which the key owns from now on. */
void key_put_heap(struct call *c, size_t at, const struct type *type, void **take_value,
                  int64_t expires_at_ms);

/* Room for `size` flat bytes or more for the value of a key that is there, its present bytes in
 * front; spare room is kept, so that growing bit by bit costs amortised constant time. Until the
 * caller changes it the value is as it was. */
void *key_resize(struct call *c, size_t at, size_t size);

/* The value that key_edit() returned was changed where it lies. */
void key_changed(struct call *c, size_t at);

/* A part of the value has expired: announces that it is removed, as the caller does next. Then
 * key_parts_removed() is called. Notes no change. */
void key_part_expired(struct call *c, size_t at, struct span part);
void key_parts_removed(struct call *c, size_t at);

/* False if there is no such key. */
bool key_delete(struct call *c, size_t at);

/* Sets the time, or EXPIRY_NONE. The key is there. Notes a change even if it is the same
 * time. */
void key_expire(struct call *c, size_t at, int64_t expires_at_ms);

/* As if the key, which is there, had last been used so long ago, or so often. Ignored where
 * accesses are counted, or not counted. Notes no change. */
void key_set_idle(struct call *c, size_t at, uint64_t idle_s);
void key_set_frequency(struct call *c, size_t at, uint8_t frequency);

/* The key argv[from], which is there, is called argv[to] from now on, with its expiry; what
 * was called that before is gone. The names differ. */
void key_rename(struct call *c, size_t from, size_t to);

/* The same into another database, under its own name, which is free there. */
void key_move(struct call *c, size_t at, int db);

/* Makes a copy of argv[from], which is there, with its expiry, as argv[to] of database `db`,
 * replacing what was there. Not onto itself. */
void key_copy(struct call *c, size_t from, size_t to, int db);

/* --- whole databases --- */

/* As cache_scan() on the call's database, but expired keys are left out. */
uint64_t keys_scan(struct call *c, uint64_t cursor,
                   void (*visit)(void *context, const struct cache_entry *entry), void *context);

/* Any key of the call's database, with about equal chances; false if there is none. */
bool keys_random(struct call *c, struct cache_entry *entry);

/* Empties a database, or with -1 all of them. With `at_once` their memory is free on return,
 * otherwise cache_tick() gives it back bit by bit. */
void keys_flush(struct call *c, int db, bool at_once);

/* Exchanges the contents of two databases. */
void keys_swap(struct call *c, int first, int second);

/* --- changes --- */

/* This is what repeats the change, not argv. The spans, and what they point at, must last until
 * the call ends (constants, argv, arena). Announced only if a change is noted. */
void call_changed_as(struct call *c, const struct span *argv, size_t argc);

/* argv copied to the arena, for the above: call_changed_as_words(c, 3, SPAN("SET"), key,
 * value). */
void call_changed_as_words(struct call *c, size_t argc, ...);

/* One more command that is needed to repeat the change: XREADGROUP is an XCLAIM for each entry and
 * an XGROUP SETID. With one or more of these argv itself, and call_changed_as(), are not announced.
 * The spans must last as those of call_changed_as(). */
void call_adds_change(struct call *c, const struct span *argv, size_t argc);
void call_adds_change_words(struct call *c, size_t argc, ...);

/* The decimal form of a number, in the arena. */
struct span call_number(struct call *c, int64_t number);
/* Bytes copied to the arena: of a value that is about to go. */
struct span call_keep(struct call *c, struct span bytes);

/* --- scripts --- */

/* Whether a script runs this command. */
bool call_is_in_script(const struct call *c);

/* --- chance --- */

uint64_t call_random(struct call *c);
/* Of 0 … below - 1, each as likely. */
uint64_t call_random_below(struct call *c, uint64_t below);

#endif
