/* What a handler can do. See call.h for what each function promises.
 *
 * Three things happen around a handler's look at a key, and only here: the key's hash is
 * computed once, a dead key is removed and announced, and the place where the key was found
 * is remembered, since the next question is usually about the same key. */

#include "cache/call.h"

#include "cache/state.h"
#include "cache/wait.h"

#include "cache/base/check.h"
#include "cache/base/number.h"
#include "cache/script/engine.h"

#include <stdarg.h>

void call_announce(struct call *c)
{
    struct change change = {
        .origin = c->client_id,
        .db = c->everything ? c->everything_db : c->db,
        .everything = c->everything,
        .keys = c->changed,
        .key_count = c->changed_count,
        .argv = c->said != NULL ? c->said : c->argv,
        .argc = c->said != NULL ? c->said_count : c->argc,
    };
    if (__builtin_expect(c->more == NULL, 1)) {
        cache_announce(c->cache, &change);
        return;
    }
    for (const struct more_changes *more = c->more; more != NULL; more = more->next) {
        change.argv = more->argv;
        change.argc = more->argc;
        cache_announce(c->cache, &change);
        change.again = true;
    }
}

void call_tell_events(struct call *c)
{
    const struct cache *cache = c->cache;
    for (const struct told_event *event = c->events; event != NULL; event = event->next) {
        cache->events.hear(cache->events.context, event->class, event->name, event->key, event->db);
    }
}

void call_forget(struct call *c)
{
    c->found_at = 0;
}

/* --- changes --- */

static void note(struct call *c, size_t at)
{
    struct span key = c->argv[at];
    if (c->changed_count > 0 && c->changed[c->changed_count - 1].bytes == key.bytes) {
        return;
    }
    if (c->changed_count == c->changed_room) {
        struct span *more = arena_alloc(c->arena, 2 * c->changed_room * sizeof(*more));
        memcpy(more, c->changed, c->changed_count * sizeof(*more));
        c->changed = more;
        c->changed_room *= 2;
    }
    c->changed[c->changed_count++] = key;
}

void call_changed_as(struct call *c, const struct span *argv, size_t argc)
{
    assert(argc > 0);
    c->said = argv;
    c->said_count = argc;
}

/* Words into the arena. */
static struct span *words_take(struct call *c, size_t argc, va_list words)
{
    struct span *argv = arena_alloc(c->arena, argc * sizeof(*argv));
    for (size_t i = 0; i < argc; i++) {
        argv[i] = va_arg(words, struct span);
    }
    return argv;
}

void call_changed_as_words(struct call *c, size_t argc, ...)
{
    va_list words;
    va_start(words, argc);
    const struct span *argv = words_take(c, argc, words);
    va_end(words);
    call_changed_as(c, argv, argc);
}

void call_adds_change(struct call *c, const struct span *argv, size_t argc)
{
    struct more_changes *more = arena_alloc(c->arena, sizeof(*more));
    assert(argc > 0);
    *more = (struct more_changes){ .argv = argv, .argc = argc };
    if (c->more == NULL) {
        c->more_end = &c->more;
    }
    *c->more_end = more;
    c->more_end = &more->next;
}

void call_adds_change_words(struct call *c, size_t argc, ...)
{
    va_list words;
    va_start(words, argc);
    const struct span *argv = words_take(c, argc, words);
    va_end(words);
    call_adds_change(c, argv, argc);
}

struct span call_keep(struct call *c, struct span bytes)
{
    char *copy = arena_alloc(c->arena, bytes.len + 1);
    if (bytes.len > 0) {
        memcpy(copy, bytes.bytes, bytes.len);
    }
    return (struct span){ .bytes = copy, .len = bytes.len };
}

void key_event(struct call *c, size_t at, enum event_class class, const char *name)
{
    key_event_in(c, at, c->db, class, name);
}

void key_event_in(struct call *c, size_t at, int db, enum event_class class, const char *name)
{
    if (!(c->cache->events.classes & class)) {
        return;
    }
    struct told_event *event = arena_alloc(c->arena, sizeof(*event));
    *event = (struct told_event){ .name = name, .key = c->argv[at], .class = class, .db = db };
    if (c->events == NULL) {
        c->events_end = &c->events;
    }
    *c->events_end = event;
    c->events_end = &event->next;
}

uint64_t call_publish(struct call *c, bool shard, struct span channel, struct span message)
{
    const struct cache *cache = c->cache;
    if (cache->publisher.publish == NULL) {
        return 0;
    }
    return cache->publisher.publish(cache->publisher.context, shard, channel, message);
}

bool call_is_in_script(const struct call *c)
{
    const struct script_run *script = c->cache->script.running;
    return script != NULL && script->call != c;
}

uint64_t call_random(struct call *c)
{
    return random_next(&c->cache->random_state);
}

uint64_t call_random_below(struct call *c, uint64_t below)
{
    assert(below > 0);
    return random_below(&c->cache->random_state, below);
}

void call_wait(struct call *c, const struct call_wait *wait)
{
    assert(call_may_wait(c));
    assert(wait->key_count > 0 || wait->until_told);
    *c->wait = *wait;
    c->wait->wanted = true;
    if (wait->argv == NULL) {
        c->wait->argv = c->argv;
        c->wait->argc = c->argc;
    }
}

struct span call_number(struct call *c, int64_t number)
{
    char *text = arena_alloc(c->arena, NUMBER_TEXT_MAX);
    return (struct span){ .bytes = text, .len = number_format(text, number) };
}

/* --- finding --- */

static uint64_t hash_now(struct call *c, size_t at)
{
    uint64_t hash = table_hash(c->argv[at], c->cache->seed);
    if (c->key_hash == 0) {
        c->key_hash = hash;
        c->hashed_at = at;
    }
    return hash;
}

static inline_always uint64_t hash_at(struct call *c, size_t at)
{
    assert(at > 0);
    assert(at < c->argc);
    return at == c->hashed_at && c->key_hash != 0 ? c->key_hash : hash_now(c, at);
}

static struct table_slot *remember(struct call *c, size_t at, struct table_slot *slot)
{
    c->found_at = at;
    c->found = slot;
    return slot;
}

static void remove_dead(struct call *c, int db, struct span key, struct table_slot *slot,
                        uint64_t hash)
{
    if (c->cache->expiry.hides && !(c->command->flags & CMD_WRITE)) {
        return;
    }
    cache_announce_expired(c->cache, db, key);
    keyspace_remove(&c->cache->spaces[db], slot, hash);
    call_forget(c);
}

/* Parts of the value expire. Those that have are removed, and so is the key if nothing is left.
 * Not all of very many at once: nobody sees them. */
static struct table_slot *expire_parts(struct call *c, int db, struct table_slot *slot,
                                       uint64_t hash)
{
    enum { AT_ONCE = 100 };
    struct keyspace *space = &c->cache->spaces[db];
    size_t max = AT_ONCE;

    if (c->cache->expiry.replaying || c->cache->expiry.hides) {
        return slot;
    }
    keyspace_keep(space, slot);
    if (!cache_expire_parts(c->cache, db, keyspace_entry(slot), c->now_ms, &max)) {
        keyspace_remove(space, slot, hash);
        call_forget(c);
        return NULL;
    }
    if (max < AT_ONCE) {
        keyspace_changed(space, slot);
    }
    return slot;
}

/* The slot of a living key; a dead one is removed and announced. */
static inline_always struct table_slot *find_in(struct call *c, int db, struct span key,
                                                uint64_t hash)
{
    struct table_slot *slot = keyspace_find(&c->cache->spaces[db], key, hash);
    if (slot != NULL && cache_entry_is_dead(keyspace_entry(slot), c->now_ms)) {
        remove_dead(c, db, key, slot, hash);
        return NULL;
    }
    if (slot != NULL && entry_has_due_parts(keyspace_entry(slot))) {
        return expire_parts(c, db, slot, hash);
    }
    return slot;
}

static inline_always struct table_slot *find(struct call *c, size_t at)
{
    if (c->found_at == at) {
        return c->found;
    }
    return remember(c, at, find_in(c, c->db, c->argv[at], hash_at(c, at)));
}

/* As find, of a key that the caller knows to be there. */
static struct table_slot *find_present(struct call *c, size_t at)
{
    struct table_slot *slot = find(c, at);
    assert(slot != NULL);
    return slot;
}

static inline_always void touch(struct call *c, struct entry *entry)
{
    if (c->no_touch) {
        return;
    }
    uint32_t before = entry_access(entry);
    uint32_t access = access_again(&c->cache->access, before, c->now_ms);
    if (access != before) {
        entry_set_access(entry, access);
    }
}

/* The entry of a key, or NULL. */
static inline_always struct entry *look(struct call *c, size_t at, unsigned how)
{
    struct table_slot *slot = find(c, at);
    if (how & LOOK_COUNT) {
        c->cache->stats.hits += slot != NULL;
        c->cache->stats.misses += slot == NULL;
    }
    if (slot == NULL) {
        if ((how & (LOOK_COUNT | LOOK_QUIET)) == LOOK_COUNT) {
            key_event(c, at, EVENT_KEY_MISS, "keymiss");
        }
        return NULL;
    }
    struct entry *entry = keyspace_entry(slot);
    if (how & LOOK_TOUCH) {
        touch(c, entry);
    }
    return entry;
}

static bool wrong_type(struct call *c)
{
    reply_error(c->reply,
                SPAN("WRONGTYPE Operation against a key holding the wrong kind of value"));
    return false;
}

bool key_read(struct call *c, size_t at, const struct type *type, const void **value)
{
    const struct entry *entry = look(c, at, LOOK_TOUCH | LOOK_COUNT);
    if (entry != NULL && !entry_is_of(entry, type)) {
        return wrong_type(c);
    }
    *value = entry == NULL ? NULL : entry_value(entry);
    return true;
}

bool key_edit(struct call *c, size_t at, const struct type *type, void **value)
{
    const struct entry *entry = look(c, at, LOOK_TOUCH);
    if (entry == NULL) {
        *value = NULL;
        return true;
    }
    if (!entry_is_of(entry, type)) {
        return wrong_type(c);
    }
    keyspace_keep(c->space, c->found);
    *value = entry_value(entry);
    return true;
}

bool name_read(struct call *c, struct span key, const struct type *type, const void **value)
{
    struct table_slot *slot = find_in(c, c->db, key, table_hash(key, c->cache->seed));
    const struct entry *entry = slot == NULL ? NULL : keyspace_entry(slot);

    bool fits = entry != NULL && entry_is_of(entry, type);
    *value = fits ? entry_value(entry) : NULL;
    return fits;
}

bool key_look(struct call *c, size_t at, unsigned how, struct key_view *view)
{
    struct entry *entry = look(c, at, how);
    if (entry == NULL) {
        return false;
    }
    uint32_t access = entry_access(entry);
    *view = (struct key_view){
        .type = entry_type(entry),
        .value = entry_value(entry),
        .expires_at_ms = entry_expires_at_ms(entry),
        .idle_ms = access_idle_ms(access, c->now_ms),
        .access_clock = access,
        .frequency = access_frequency(&c->cache->access, access, c->now_ms),
        .address = entry,
    };
    return true;
}

bool key_exists_in(struct call *c, size_t at, int db)
{
    return find_in(c, db, c->argv[at], hash_at(c, at)) != NULL;
}

size_t key_memory(struct call *c, size_t at)
{
    enum { SLOT_BYTES = 7 };
    struct table_slot *slot = find(c, at);
    return slot == NULL ? 0 : entry_memory(keyspace_entry(slot)) + SLOT_BYTES;
}

void keys_prefetch(struct call *c, size_t first, size_t step)
{
    enum { AHEAD = 16 };
    uint64_t hashes[AHEAD];
    for (size_t at = first, i, count; at < c->argc; at += count * step) {
        count = (c->argc - at + step - 1) / step;
        count = count < AHEAD ? count : AHEAD;
        for (i = 0; i < count; i++) {
            hashes[i] = table_hash(c->argv[at + i * step], c->cache->seed);
            table_prefetch_bucket(c->space->table, hashes[i]);
        }
        for (i = 0; i < count; i++) {
            table_prefetch_entry(c->space->table, hashes[i]);
        }
    }
}

/* --- changing --- */

static void put(struct call *c, size_t at, struct entry_form *form)
{
    struct table_slot *slot = find(c, at);
    uint64_t now_ms = c->now_ms + c->cache->expiry.replay_ms;
    form->key = c->argv[at];
    if (slot == NULL) {
        assert(form->expires_at_ms != EXPIRY_KEEP);
        form->access = access_new(&c->cache->access, now_ms);
        remember(c, at, keyspace_add(c->space, form, hash_at(c, at)));
        key_event(c, at, EVENT_NEW, "new");
    } else {
        struct entry *entry = keyspace_entry(slot);
        if (form->expires_at_ms == EXPIRY_KEEP) {
            form->expires_at_ms = entry_expires_at_ms(entry);
        }
        form->access = access_again(&c->cache->access, entry_access(entry), now_ms);
        keyspace_replace(c->space, slot, form);
    }
    note(c, at);
}

void *key_put(struct call *c, size_t at, const struct type *type, size_t size,
              int64_t expires_at_ms)
{
    struct entry_form form = { .type = type, .size = size, .expires_at_ms = expires_at_ms };
    assert(type->embed_max > 0);
    put(c, at, &form);
    return entry_value(keyspace_entry(c->found));
}

void key_put_heap(struct call *c, size_t at, const struct type *type, void **take_value,
                  int64_t expires_at_ms)
{
    struct entry_form form = { .type = type, .heap = *take_value, .expires_at_ms = expires_at_ms };
    assert(*take_value != NULL);
    *take_value = NULL;
    put(c, at, &form);
}

void *key_resize(struct call *c, size_t at, size_t size)
{
    void *value = keyspace_resize(c->space, find_present(c, at), size);
    note(c, at);
    return value;
}

void key_changed(struct call *c, size_t at)
{
    struct table_slot *slot = find(c, at);
    if (slot != NULL) {
        keyspace_changed(c->space, slot);
    }
    note(c, at);
}

void key_part_expired(struct call *c, size_t at, struct span part)
{
    cache_announce_part(c->cache, c->db, keyspace_entry(find_present(c, at)), part);
}

void key_parts_removed(struct call *c, size_t at)
{
    struct table_slot *slot = find_present(c, at);
    const struct type *type = entry_type(keyspace_entry(slot));

    keyspace_changed(c->space, slot);
    key_event(c, at, cache_event_class(type), type->parts->event);
}

bool key_delete(struct call *c, size_t at)
{
    struct table_slot *slot = find(c, at);
    if (slot == NULL) {
        return false;
    }
    keyspace_remove(c->space, slot, hash_at(c, at));
    call_forget(c);
    note(c, at);
    return true;
}

void key_expire(struct call *c, size_t at, int64_t expires_at_ms)
{
    keyspace_expire(c->space, find_present(c, at), expires_at_ms);
    note(c, at);
}

void key_set_idle(struct call *c, size_t at, uint64_t idle_s)
{
    struct entry *entry = keyspace_entry(find_present(c, at));
    entry_set_access(entry,
                     access_after_idle(&c->cache->access, entry_access(entry), idle_s, c->now_ms));
}

void key_set_frequency(struct call *c, size_t at, uint8_t frequency)
{
    struct entry *entry = keyspace_entry(find_present(c, at));
    entry_set_access(
        entry, access_with_frequency(&c->cache->access, entry_access(entry), frequency, c->now_ms));
}

/* Makes room for a key that is about to be put somewhere by rename, move or copy. */
static void clear(struct call *c, int db, struct span key, uint64_t hash)
{
    struct table_slot *slot = find_in(c, db, key, hash);
    if (slot != NULL) {
        keyspace_remove(&c->cache->spaces[db], slot, hash);
    }
    call_forget(c);
}

void key_rename(struct call *c, size_t from, size_t to)
{
    uint64_t hash = hash_at(c, to);
    assert(!span_equal(c->argv[from], c->argv[to]));

    clear(c, c->db, c->argv[to], hash);
    struct entry *entry = keyspace_take(c->space, find_present(c, from), hash_at(c, from));
    call_forget(c);
    entry = entry_rename(entry, c->argv[to], false);
    keyspace_adopt(c->space, &entry, hash);
    key_event(c, to, EVENT_NEW, "new");
    note(c, from);
    note(c, to);
}

void key_move(struct call *c, size_t at, int db)
{
    uint64_t hash = hash_at(c, at);
    assert(db != c->db);
    assert(!key_exists_in(c, at, db));

    struct entry *entry = keyspace_take(c->space, find_present(c, at), hash);
    call_forget(c);
    keyspace_adopt(&c->cache->spaces[db], &entry, hash);
    key_event_in(c, at, db, EVENT_NEW, "new");
    note(c, at);
}

void key_copy(struct call *c, size_t from, size_t to, int db)
{
    uint64_t hash = hash_at(c, to);
    assert(db != c->db || !span_equal(c->argv[from], c->argv[to]));

    clear(c, db, c->argv[to], hash);
    struct entry *entry = keyspace_entry(find_present(c, from));
    struct entry *fresh = entry_rename(entry, c->argv[to], true);
    entry_set_access(fresh, access_new(&c->cache->access, c->now_ms));
    keyspace_adopt(&c->cache->spaces[db], &fresh, hash);
    call_forget(c);
    key_event_in(c, to, db, EVENT_NEW, "new");
    note(c, to);
}

/* --- whole databases --- */

struct scan_living {
    uint64_t now_ms;
    void (*visit)(void *context, const struct cache_entry *entry);
    void *context;
};

static void scan_living(void *context, const struct cache_entry *entry)
{
    const struct scan_living *scan = context;
    if (entry->expires_at_ms < 0 || (uint64_t)entry->expires_at_ms >= scan->now_ms) {
        scan->visit(scan->context, entry);
    }
}

uint64_t keys_scan(struct call *c, uint64_t cursor,
                   void (*visit)(void *context, const struct cache_entry *entry), void *context)
{
    struct scan_living scan = { .now_ms = c->now_ms, .visit = visit, .context = context };
    return cache_scan(c->cache, c->db, cursor, scan_living, &scan);
}

bool keys_random(struct call *c, struct cache_entry *entry)
{
    struct table_slot *slot;
    while ((slot = table_random(c->space->table, &c->cache->random_state)) != NULL) {
        struct entry *found = keyspace_entry(slot);
        struct span key = entry_key(found);
        if (!cache_entry_is_dead(found, c->now_ms)) {
            *entry = cache_entry_of(found);
            return true;
        }
        if (c->cache->expiry.hides) {
            *entry = cache_entry_of(found);
            return true;
        }
        cache_announce_expired(c->cache, c->db, key);
        keyspace_remove(c->space, slot, table_hash(key, c->cache->seed));
        call_forget(c);
    }
    return false;
}

void keys_flush(struct call *c, int db, bool at_once)
{
    int first = db < 0 ? 0 : db;
    int last = db < 0 ? c->cache->databases - 1 : db;
    for (int i = first; i <= last; i++) {
        cache_flush(c->cache, i, at_once);
    }
    c->cache->stats.emptied += db < 0;
    c->everything = true;
    c->everything_db = db;
    call_forget(c);
}

void keys_swap(struct call *c, int first, int second)
{
    struct keyspace *spaces = c->cache->spaces;
    struct keyspace space = spaces[first];
    spaces[first] = spaces[second];
    spaces[second] = space;
    c->everything = true;
    c->everything_db = -1;
    call_forget(c);
}
