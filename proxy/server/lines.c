/* Who waits for which key.
 *
 * A change names its keys, but MOVE and COPY reach another database, and the change does not say
 * which. So a key that changed is looked for in every database where somebody waits. To be ready
 * means no more than to be worth a look: whoever waits finds out by being run again. */

#include "proxy/server/lines.h"

#include "cache/base/check.h"
#include "cache/base/memory.h"

static struct span key_of(const void *entry)
{
    return line_key(entry);
}

static const struct table_type line_type = { .key = key_of };

void lines_init(struct lines *lines, int databases, uint64_t seed)
{
    *lines = (struct lines){ .databases = databases, .seed = seed };
    lines->tables = memory_zero((size_t)databases * sizeof(struct table *));
}

void lines_fini(struct lines *lines)
{
    assert(lines->count == 0);
    for (int db = 0; db < lines->databases; db++) {
        table_free(lines->tables[db]);
    }
    memory_free(lines->tables);
    *lines = (struct lines){ 0 };
}

/* --- lines ------------------------------------------------------------------------------------ */

static struct line *find(const struct lines *lines, int db, struct span key, uint64_t hash)
{
    const struct table *table = lines->tables[db];
    struct table_slot *slot = table == NULL ? NULL : table_find(table, key, hash);

    return slot == NULL ? NULL : table_slot_get(slot);
}

static struct line *add(struct lines *lines, int db, struct span key, uint64_t hash)
{
    struct line *line = memory_zero(sizeof(*line) + key.len);

    line->db = db;
    line->key_len = key.len;
    if (key.len > 0) {
        memcpy(line->key, key.bytes, key.len);
    }
    if (lines->tables[db] == NULL) {
        lines->tables[db] = table_new(&line_type, lines->seed);
    }
    table_add(lines->tables[db], line, hash);
    lines->count++;
    return line;
}

/* A line of nobody that nobody looks at is not needed. */
static void drop_if_empty(struct lines *lines, struct line *line)
{
    if (line->first != NULL || line->ready || line->taken) {
        return;
    }
    struct span key = line_key(line);
    uint64_t hash = table_hash(key, lines->seed);
    struct table *table = lines->tables[line->db];

    table_remove(table, table_find(table, key, hash), hash);
    memory_free(line);
    lines->count--;
}

bool lines_join(struct lines *lines, struct place *place, int db, struct span key)
{
    uint64_t hash = table_hash(key, lines->seed);
    struct line *line = find(lines, db, key, hash);

    if (line == NULL) {
        line = add(lines, db, key, hash);
    } else if (line->last != NULL && line->last->waiter == place->waiter) {
        return false;
    }
    place->line = line;
    place->next = NULL;
    place->previous = line->last;
    if (line->last == NULL) {
        line->first = place;
    } else {
        line->last->next = place;
    }
    line->last = place;
    if (place->or_gone && line->or_gone++ == 0) {
        lines->or_gone_count++;
    }
    return true;
}

void lines_leave(struct lines *lines, struct place *place)
{
    struct line *line = place->line;

    if (place->previous == NULL) {
        line->first = place->next;
    } else {
        place->previous->next = place->next;
    }
    if (place->next == NULL) {
        line->last = place->previous;
    } else {
        place->next->previous = place->previous;
    }
    place->line = NULL;
    if (place->or_gone && --line->or_gone == 0) {
        lines->or_gone_count--;
    }
    drop_if_empty(lines, line);
}

/* --- what is ready ---------------------------------------------------------------------------- */

static void make_ready(struct lines *lines, struct line *line)
{
    if (line->ready) {
        return;
    }
    line->ready = true;
    line->next_ready = NULL;
    if (lines->ready == NULL) {
        lines->ready = line;
    } else {
        lines->ready_last->next_ready = line;
    }
    lines->ready_last = line;
    lines->ready_count++;
}

static void visit_ready(void *context, void *entry)
{
    make_ready(context, entry);
}

static void all_ready(struct lines *lines, int db)
{
    for (int i = 0; i < lines->databases; i++) {
        if ((db >= 0 && i != db) || lines->tables[i] == NULL) {
            continue;
        }
        uint64_t position = 0;
        do {
            position = table_scan(lines->tables[i], position, visit_ready, lines);
        } while (position != 0);
    }
}

void lines_change(void *context, const struct change *change)
{
    struct lines *lines = context;

    if (lines->count == 0 || change->again) {
        return;
    }
    if (change->everything) {
        all_ready(lines, change->db);
        return;
    }
    for (size_t i = 0; i < change->key_count; i++) {
        uint64_t hash = table_hash(change->keys[i], lines->seed);
        for (int db = 0; db < lines->databases; db++) {
            struct line *line = find(lines, db, change->keys[i], hash);
            if (line != NULL) {
                make_ready(lines, line);
            }
        }
    }
}

struct line *lines_take(struct lines *lines)
{
    struct line *line = lines->ready;

    if (line == NULL) {
        return NULL;
    }
    assert(!line->taken);
    lines->ready = line->next_ready;
    lines->ready_count--;
    line->ready = false;
    line->taken = true;
    return line;
}

void lines_put_down(struct lines *lines, struct line *line)
{
    assert(line->taken);
    line->taken = false;
    drop_if_empty(lines, line);
}
