/* SORT and SORT_RO.
 *
 *     key ──> elements ──> a weight or word for each ──> order ──> texts for each ──> reply or list
 *             sort_source        BY                   sort_order        GET
 *
 * Elements and words are copied first, because the keys that BY and GET name may turn out to have
 * expired while they are looked up. Where only a part is wanted (LIMIT), only that part is put
 * into order; and where there is no order (BY with a constant), only that part is read. */

#include "cache/base/arena.h"
#include "cache/base/check.h"
#include "cache/call.h"
#include "cache/commands/rows.h"
#include "cache/commands/sort_order.h"
#include "cache/commands/sort_pattern.h"
#include "cache/commands/sort_source.h"
#include "cache/types/list.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

struct options {
    bool descending;
    bool by_words; /* ALPHA */
    bool unsorted; /* BY with a constant. */
    bool by_pattern;
    struct sort_pattern by;
    struct sort_pattern *gets;
    size_t get_count;
    int64_t first;
    int64_t count;   /* Negative: all. */
    size_t store_at; /* 0: the result is answered. */
};

/* --- options --- */

static void take_by(struct options *options, struct span text)
{
    options->by = sort_pattern_parse(text);
    /* The last BY counts, but no later one makes sorted what an earlier one left unsorted. */
    options->by_pattern = !options->by.is_constant;
    options->unsorted |= options->by.is_constant;
}

/* One option at argv[at]; returns how many arguments it takes. Replies if that is 0. */
static size_t take_option(struct call *c, size_t at, bool may_store, struct options *options)
{
    size_t left = c->argc - at - 1;

    if (arg_is(c, at, "ASC") || arg_is(c, at, "DESC")) {
        options->descending = arg_is(c, at, "DESC");
        return 1;
    }
    if (arg_is(c, at, "ALPHA")) {
        options->by_words = true;
        return 1;
    }
    if (arg_is(c, at, "LIMIT") && left >= 2) {
        bool valid =
            arg_integer(c, at + 1, &options->first) && arg_integer(c, at + 2, &options->count);
        return valid ? 3 : 0;
    }
    if (may_store && arg_is(c, at, "STORE") && left >= 1) {
        options->store_at = at + 1;
        return 2;
    }
    if (arg_is(c, at, "BY") && left >= 1) {
        take_by(options, c->argv[at + 1]);
        return 2;
    }
    if (arg_is(c, at, "GET") && left >= 1) {
        options->gets[options->get_count++] = sort_pattern_parse(c->argv[at + 1]);
        return 2;
    }
    call_syntax_error(c);
    return 0;
}

/* Replies if it returns false. */
static bool take_options(struct call *c, bool may_store, struct options *options)
{
    *options = (struct options){
        .gets = arena_alloc(c->arena, c->argc / 2 * sizeof(*options->gets)),
        .count = -1,
    };
    for (size_t at = 2, taken; at < c->argc; at += taken) {
        taken = take_option(c, at, may_store, options);
        if (taken == 0) {
            return false;
        }
    }
    return true;
}

/* The places that LIMIT asks for, the last one excluded. */
static void take_places(const struct options *options, size_t all, size_t *from, size_t *to)
{
    uint64_t first = options->first < 0 ? 0 : (uint64_t)options->first;
    *from = first < all ? (size_t)first : all;
    *to = all;
    if (options->count >= 0 && (uint64_t)options->count < all - *from) {
        *to = *from + (size_t)options->count;
    }
}

/* --- order --- */

/* As strtod() reads it, since that is what weights were written for: " 1", "0x10" and "" are
 * numbers, and what is behind a NUL does not count. */
static bool parse_weight(struct call *c, struct span text, double *weight)
{
    int64_t integer;
    if (number_parse(text, &integer)) {
        *weight = (double)integer;
        return true;
    }
    char *bytes = arena_alloc(c->arena, text.len + 1);
    char *end;
    if (text.len > 0) {
        memcpy(bytes, text.bytes, text.len);
    }
    bytes[text.len] = '\0';
    errno = 0;
    *weight = strtod(bytes, &end);
    return *end == '\0' && errno != ERANGE && !isnan(*weight);
}

/* False if there is a weight that is no number. An element for which BY finds nothing has no word,
 * and the weight 0. */
static bool weigh(const struct options *options, struct sort_reader *reader,
                  struct sort_item *items, size_t count)
{
    struct call *c = reader->call;
    bool valid = true;

    for (size_t i = 0; i < count; i++) {
        struct sort_item *item = &items[i];
        struct span text = item->text;
        if (options->by_pattern && !sort_reader_look(reader, &options->by, item->text, &text)) {
            continue;
        }
        if (options->by_words) {
            item->word = options->by_pattern ? call_keep(c, text) : text;
        } else {
            valid = parse_weight(c, text, &item->weight) && valid;
        }
    }
    return valid;
}

static enum sort_by order_of(const struct options *options)
{
    if (options->by_words) {
        return options->descending ? SORT_BY_WORD_DOWN : SORT_BY_WORD;
    }
    return options->descending ? SORT_BY_WEIGHT_DOWN : SORT_BY_WEIGHT;
}

/* --- results --- */

static void reply_items(const struct options *options, struct sort_reader *reader,
                        const struct sort_item *items, size_t count)
{
    struct reply *reply = reader->call->reply;
    struct span text;

    reply_array(reply, options->get_count > 0 ? count * options->get_count : count);
    for (size_t i = 0; i < count; i++) {
        if (options->get_count == 0) {
            reply_bulk(reply, items[i].text);
        }
        for (size_t j = 0; j < options->get_count; j++) {
            if (sort_reader_look(reader, &options->gets[j], items[i].text, &text)) {
                reply_bulk(reply, text);
            } else {
                reply_null(reply);
            }
        }
    }
}

/* What GET finds nothing for is stored as an empty element. */
static void push_items(const struct options *options, struct sort_reader *reader,
                       const struct sort_item *items, size_t count, struct quicklist *list)
{
    struct quicklist_limits limits = list_limits(reader->call->limits);
    struct span text;

    for (size_t i = 0; i < count; i++) {
        if (options->get_count == 0) {
            quicklist_push(list, QUICKLIST_TAIL, items[i].text, &limits);
        }
        for (size_t j = 0; j < options->get_count; j++) {
            bool found = sort_reader_look(reader, &options->gets[j], items[i].text, &text);
            quicklist_push(list, QUICKLIST_TAIL, found ? text : SPAN(""), &limits);
        }
    }
}

static void put_list(struct call *c, size_t at, struct quicklist *take_list)
{
    size_t size = list_flat_size(take_list);
    if (size > 0) {
        list_write_flat(take_list, key_put(c, at, &type_list, size, EXPIRY_NONE));
        quicklist_fini(take_list);
    } else {
        void *value = list_move_to_heap(take_list);
        key_put_heap(c, at, &type_list, &value, EXPIRY_NONE);
    }
}

static void store_items(const struct options *options, struct sort_reader *reader,
                        const struct sort_item *items, size_t count)
{
    struct call *c = reader->call;
    struct quicklist list = { .count = 0 };

    push_items(options, reader, items, count, &list);
    int64_t stored = (int64_t)list.count;
    if (stored > 0) {
        put_list(c, options->store_at, &list);
        key_event(c, options->store_at, EVENT_LIST, "sortstore");
    } else if (key_delete(c, options->store_at)) {
        key_event(c, options->store_at, EVENT_GENERIC, "del");
    }
    reply_integer(c->reply, stored);
}

/* --- the command --- */

/* One SORT. */
struct sorting {
    struct options options;
    struct sort_source source;
    struct sort_reader reader;
    struct sort_item *items; /* Those that are wanted, in order. */
    size_t count;
};

/* False after the reply that they cannot be ordered. */
static bool find_items(struct call *c, struct sorting *sorting)
{
    const struct options *options = &sorting->options;
    const struct sort_source *source = &sorting->source;
    size_t from;
    size_t to;

    take_places(options, source->count, &from, &to);
    sorting->count = to - from;
    if (options->unsorted) {
        sorting->items = sort_source_read(c, source, from, to - from, options->descending);
        return true;
    }
    struct sort_item *items = sort_source_read(c, source, 0, source->count, false);
    if (!weigh(options, &sorting->reader, items, source->count)) {
        reply_error(c->reply, SPAN("ERR One or more scores can't be converted into double"));
        return false;
    }
    uint64_t random = call_random(c);
    sort_order(items, source->count, order_of(options), from, to, &random);
    sorting->items = items + from;
    return true;
}

/* What is stored must be the same wherever the command is repeated, and what a script reads may
 * decide what it writes; but a set has no order. */
static void order_set(const struct call *c, struct sorting *sorting)
{
    struct options *options = &sorting->options;
    bool is_to_last = options->store_at > 0 || call_is_in_script(c);
    if (options->unsorted && is_to_last && sorting->source.type == &type_set) {
        options->unsorted = false;
        options->by_pattern = false;
        options->by_words = true;
    }
}

static void answer(struct call *c, struct sorting *sorting)
{
    if (!find_items(c, sorting)) {
        return;
    }
    if (sorting->options.store_at > 0) {
        store_items(&sorting->options, &sorting->reader, sorting->items, sorting->count);
    } else {
        reply_items(&sorting->options, &sorting->reader, sorting->items, sorting->count);
    }
}

static void run(struct call *c, bool may_store)
{
    struct sorting sorting;

    if (!take_options(c, may_store, &sorting.options) || !sort_source_take(c, 1, &sorting.source)) {
        return;
    }
    order_set(c, &sorting);
    sort_reader_init(&sorting.reader, c);
    answer(c, &sorting);
    sort_reader_fini(&sorting.reader);
}

static void sort(struct call *c)
{
    run(c, true);
}

static void sort_ro(struct call *c)
{
    run(c, false);
}

/* --- keys --- */

/* The last STORE counts; what stands behind an option that takes something is no option. */
static size_t find_store(const struct span *argv, size_t argc)
{
    size_t store_at = 0;
    for (size_t i = 2; i < argc; i++) {
        if (span_is(argv[i], "LIMIT")) {
            i += 2;
        } else if (span_is(argv[i], "GET") || span_is(argv[i], "BY")) {
            i++;
        } else if (span_is(argv[i], "STORE") && i + 1 < argc) {
            store_at = i + 1;
        }
    }
    return store_at;
}

static size_t sort_keys(const struct span *argv, size_t argc, uint32_t *indexes, size_t max)
{
    size_t store_at = find_store(argv, argc);
    if (max > 0) {
        indexes[0] = 1;
    }
    if (store_at > 0 && max > 1) {
        indexes[1] = (uint32_t)store_at;
    }
    return store_at > 0 ? 2 : 1;
}

static size_t sort_ro_keys(const struct span *argv, size_t argc, uint32_t *indexes, size_t max)
{
    (void)argv;
    (void)argc;
    if (max > 0) {
        indexes[0] = 1;
    }
    return 1;
}

static size_t sort_patterns(const struct span *argv, size_t argc, uint32_t *indexes, size_t max)
{
    size_t count = 0;
    for (size_t i = 2; i + 1 < argc; i++) {
        if (span_is(argv[i], "LIMIT")) {
            i += 2;
        } else if (span_is(argv[i], "GET") || span_is(argv[i], "BY")) {
            i++;
            struct sort_pattern pattern = sort_pattern_parse(argv[i]);
            if (!pattern.is_element && !pattern.is_constant && count++ < max) {
                indexes[count - 1] = (uint32_t)i;
            }
        } else if (span_is(argv[i], "STORE")) {
            i++;
        }
    }
    return count;
}

/* Keys that BY and GET, and STORE, name: somewhere behind the first. */
#define KEYS_BEHIND(flags_)                                                                        \
    {                                                                                              \
        .kind = KEYS_UNKNOWN, .first = 2, .flags = (flags_)                                        \
    }
#define SORT_SYNOPSIS                                                                              \
    "key:key [pattern:pattern=BY#1] [offset_count:{offset:integer count:integer}=LIMIT] "          \
    "[pattern:pattern=GET#1+...] [order:(asc:ASC | desc:DESC)] [sorting:ALPHA]"

const struct command sort_commands[] = {
    { .name = "sort",
      .run = sort,
      .arity = -2,
      .flags = CMD_WRITE | CMD_DENYOOM | CMD_MOVABLE_KEYS,
      .categories = ACL_SET | ACL_SORTEDSET | ACL_LIST | ACL_DANGEROUS,
      .keys = { KEYS(1, 1, 1, KEY_RO | KEY_ACCESS), KEYS_BEHIND(KEY_RO | KEY_ACCESS),
                KEYS_BEHIND(KEY_OW | KEY_UPDATE) },
      .group = "generic",
      .since = "1.0.0",
      .complexity =
          "O(N+M*log(M)), with N elements of which M are returned; O(N) with `BY nosort`.",
      .synopsis = SORT_SYNOPSIS " [destination:key=STORE#2]",
      .summary =
          "Returns or stores the elements of a list, a set or a sorted set in another order.",
      .find_keys = sort_keys,
      .find_patterns = sort_patterns },
    { .name = "sort_ro",
      .run = sort_ro,
      .arity = -2,
      .flags = CMD_READ | CMD_MOVABLE_KEYS,
      .categories = ACL_SET | ACL_SORTEDSET | ACL_LIST | ACL_DANGEROUS,
      .keys = { KEYS(1, 1, 1, KEY_RO | KEY_ACCESS), KEYS_BEHIND(KEY_RO | KEY_ACCESS) },
      .group = "generic",
      .since = "7.0.0",
      .complexity =
          "O(N+M*log(M)), with N elements of which M are returned; O(N) with `BY nosort`.",
      .synopsis = SORT_SYNOPSIS,
      .summary = "Returns the elements of a list, a set or a sorted set in another order.",
      .find_keys = sort_ro_keys,
      .find_patterns = sort_patterns },
    { .name = NULL },
};
