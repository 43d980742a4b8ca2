/* Streams from any bytes: refused, or sound. Sound means that the figures are those of the
 * entries, that the value comes back from what it is saved as and from its own rewriting, and that
 * every command can be run on it, after which all that is still so.
 *
 * The input is the type byte and the body of an RDB value, and behind it, if anything is left,
 * a choice of commands. */

#include "cache/base/check.h"
#include "cache/base/memory.h"
#include "cache/call.h"
#include "cache/command.h"
#include "cache/ds/saved.h"
#include "cache/types/stream_group.h"
#include "cache/types/stream_saved.h"

enum { WORDS_MAX = 24, STEPS_MAX = 64, NOW_MS = 1000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

struct fuzz {
    struct cache *cache;
    struct command_table *table;
    struct stream *stream; /* Of the key "k"; NULL before it is there. */
    struct buf reply;
};

/* --- what a sound stream is --- */

static void check_entries(const struct stream *stream)
{
    struct stream_walk walk;
    struct stream_id last = STREAM_ID_MIN;
    uint64_t count = 0;

    stream_walk_start(&walk, stream, STREAM_ID_MIN, STREAM_ID_MAX, false);
    while (stream_walk_next(&walk)) {
        assert(stream_id_compare(walk.place.id, last) > 0);
        assert(count > 0 || stream_id_equal(walk.place.id, stream->first_id));
        assert(stream_has(stream, walk.place.id));
        last = walk.place.id;
        count++;
    }
    assert(count == stream->length);
    assert(stream_id_compare(last, stream->last_id) <= 0);
    assert(stream_id_equal(stream_last_entry(stream), last));
    stream_walk_start(&walk, stream, STREAM_ID_MIN, STREAM_ID_MAX, true);
    while (stream_walk_next(&walk)) {
        assert(count == stream->length || stream_id_compare(walk.place.id, last) < 0);
        last = walk.place.id;
        count--;
    }
    assert(count == 0);
}

static void check_group(const struct stream_group *group)
{
    const struct stream_consumer *consumer = radix_first(&group->consumers);
    const struct stream_pending *pending = radix_first(&group->pending);
    size_t count = 0;

    while (consumer != NULL) {
        count += consumer->pending.count;
        consumer = radix_after(&group->consumers, stream_consumer_name(consumer));
    }
    assert(count == group->pending.count);
    while (pending != NULL) {
        struct stream_id id = stream_pending_id(pending);
        assert(stream_pending_from(&pending->consumer->pending, id) == pending);
        pending = stream_pending_next(&group->pending, id);
    }
}

static void check_stream(const struct stream *stream)
{
    const struct stream_group *group = radix_first(&stream->groups);

    check_entries(stream);
    while (group != NULL) {
        check_group(group);
        group = radix_after(&stream->groups, stream_group_name(group));
    }
}

static void save(const struct stream *stream, struct buf *bytes)
{
    struct saver saver = { .out = bytes };

    buf_init(bytes, SIZE_MAX);
    type_stream.save(stream, &saver);
    assert(!saver.full);
}

static struct stream *load(struct span bytes)
{
    struct loader loader;
    uint8_t code;

    loader_init(&loader, bytes);
    bool any = load_byte(&loader, &code) && type_by_code(code) == &type_stream;
    struct stream *stream = any ? type_stream.load(code, &loader, &type_limits_default) : NULL;
    assert(!any || (stream == NULL) == (loader.why != NULL));
    loader_fini(&loader);
    return stream;
}

static void check_saved(const struct stream *stream)
{
    struct buf first, second;

    save(stream, &first);
    struct stream *again = load(buf_span(&first));
    assert(again != NULL);
    check_stream(again);
    save(again, &second);
    assert(span_equal(buf_span(&first), buf_span(&second)));
    type_stream.free(again);
    buf_fini(&first);
    buf_fini(&second);
}

/* --- commands --- */

static void run(struct fuzz *fuzz, const struct command *command, const struct span *argv,
                size_t argc)
{
    buf_cut(&fuzz->reply, 0);
    struct reply reply = reply_into(&fuzz->reply, 3);
    struct cache_request request = {
        .command = command,
        .argv = argv,
        .argc = argc,
        .now_ms = NOW_MS,
        .reply = &reply,
        .caller = fuzz,
    };
    cache_exec(fuzz->cache, &request);
}

static void put(struct call *c)
{
    struct fuzz *fuzz = c->caller;
    void *value = fuzz->stream;
    key_put_heap(c, 1, &type_stream, &value, EXPIRY_NONE);
}

/* %i: an id that is there, or may be. %g, %c: a group, a consumer. */
static const char *const commands[] = {
    "XADD k * f v",
    "XADD k MAXLEN ~ 3 * f v g 12",
    "XADD k %i f v",
    "XDEL k %i %i",
    "XDEL k %i",
    "XTRIM k MAXLEN 2",
    "XTRIM k MINID = %i",
    "XTRIM k MINID ~ %i LIMIT 2",
    "XRANGE k - + COUNT 3",
    "XREVRANGE k (%i -",
    "XREAD STREAMS k %i",
    "XREADGROUP GROUP %g %c COUNT 2 STREAMS k >",
    "XREADGROUP GROUP %g %c NOACK STREAMS k >",
    "XREADGROUP GROUP %g %c STREAMS k 0",
    "XACK k %g %i %i",
    "XPENDING k %g",
    "XPENDING k %g IDLE 1 - + 5",
    "XPENDING k %g - + 5 %c",
    "XCLAIM k %g %c 0 %i %i FORCE",
    "XCLAIM k %g %c 1 %i JUSTID LASTID %i",
    "XAUTOCLAIM k %g %c 0 %i COUNT 3",
    "XDELEX k DELREF IDS 2 %i %i",
    "XACKDEL k %g ACKED IDS 1 %i",
    "XGROUP CREATE k new %i ENTRIESREAD 3",
    "XGROUP SETID k %g %i",
    "XGROUP CREATECONSUMER k %g new",
    "XGROUP DELCONSUMER k %g %c",
    "XGROUP DESTROY k %g",
    "XINFO STREAM k",
    "XINFO STREAM k FULL COUNT 0",
    "XINFO GROUPS k",
    "XINFO CONSUMERS k %g",
    "XSETID k %i",
    "XSETID k %i ENTRIESADDED 100 MAXDELETEDID %i",
};

/* The id of an entry, a pending one or neither. */
static struct span some_id(const struct stream *stream, unsigned choice, char *room)
{
    const struct stream_group *group = radix_first(&stream->groups);
    const struct stream_pending *pending = group == NULL ? NULL : radix_first(&group->pending);
    struct stream_id id = stream->last_id;

    if (choice % 4 == 1) {
        id = stream->first_id;
    } else if (choice % 4 == 2 && pending != NULL) {
        id = stream_pending_id(pending);
    } else if (choice % 4 == 3) {
        id.seq += choice / 4 % 3;
    }
    return (struct span){ room, stream_id_format(room, id) };
}

static struct span some_name(const struct stream *stream, char what, unsigned choice)
{
    const struct stream_group *group =
        choice % 2 == 0 ? radix_first(&stream->groups) : radix_last(&stream->groups);

    if (group == NULL) {
        return SPAN("none");
    }
    if (what == 'g') {
        return stream_group_name(group);
    }
    const struct stream_consumer *consumer = radix_first(&group->consumers);
    return consumer == NULL || choice % 3 == 0 ? SPAN("c") : stream_consumer_name(consumer);
}

/* A word of a command, in memory of its own: a name may be freed by the command. */
static char *word_copy(const struct stream *stream, struct span word, unsigned choice, size_t *len)
{
    char room[STREAM_ID_TEXT_MAX + 1] = "(";
    bool exclusive = word.len > 2 && word.bytes[0] == '(';
    char what = word.len >= 2 && word.bytes[word.len - 2] == '%' ? word.bytes[word.len - 1] : 0;

    if (what == 'i') {
        word = some_id(stream, choice, room + 1);
        word.bytes -= exclusive;
        word.len += exclusive;
    } else if (what != 0) {
        word = some_name(stream, what, choice);
    }
    *len = word.len;
    return memory_copy_text(word.bytes, word.len);
}

static void step(struct fuzz *fuzz, uint8_t byte, uint8_t choice)
{
    const char *at = commands[byte % COUNT(commands)];
    struct span argv[WORDS_MAX];
    char *words[WORDS_MAX];
    size_t argc = 0;

    while (*at != '\0') {
        size_t len = strcspn(at, " ");
        words[argc] = word_copy(fuzz->stream, (struct span){ at, len }, (unsigned)(choice + argc),
                                &argv[argc].len);
        argv[argc].bytes = words[argc];
        argc++;
        at += len + (at[len] == ' ');
    }
    run(fuzz, command_find(fuzz->table, argv, argc, NULL), argv, argc);
    for (size_t i = 0; i < argc; i++) {
        memory_free(words[i]);
    }
    check_stream(fuzz->stream);
}

static void count_command(void *context, const struct span *argv, size_t argc)
{
    size_t *count = context;
    assert(argc >= 3);
    assert(span_equal(argv[1], SPAN("k")) || span_equal(argv[2], SPAN("k")));
    (*count)++;
}

static void check_value(const struct stream *stream)
{
    struct digest digest = { 0 };
    size_t count = 0;

    check_stream(stream);
    check_saved(stream);
    struct stream *copy = type_stream.copy(stream);
    check_stream(copy);
    check_saved(copy);
    type_stream.free(copy);
    type_stream.digest(stream, &digest);
    type_stream.rewrite(SPAN("k"), stream, count_command, &count);
    assert(count >= 2);
    assert(type_stream.memory(stream) > 0);
    assert(type_stream.effort(stream) > 0);
}

static void run_commands(struct fuzz *fuzz, struct span choices)
{
    const struct command row = { .name = "put", .run = put, .keys = { KEYS(1, 1, 1, 0) } };
    struct span argv[] = { SPAN("PUT"), SPAN("k") };

    run(fuzz, &row, argv, COUNT(argv));
    for (size_t i = 0; i + 1 < choices.len && i < STEPS_MAX; i += 2) {
        step(fuzz, (uint8_t)choices.bytes[i], (uint8_t)choices.bytes[i + 1]);
    }
    check_value(fuzz->stream);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    /* The last bytes choose commands, whether they are part of the value or not. */
    struct span bytes = { (const char *)data, len };
    size_t few = len < STEPS_MAX ? len : STEPS_MAX;
    struct fuzz fuzz = { .stream = load(bytes) };

    if (fuzz.stream == NULL) {
        return 0;
    }
    check_value(fuzz.stream);
    fuzz.table = command_table_new();
    command_table_add_store(fuzz.table);
    struct cache_options options = { .databases = 1, .seed = 1, .commands = fuzz.table };
    fuzz.cache = cache_new(&options);
    buf_init(&fuzz.reply, SIZE_MAX);
    run_commands(&fuzz, span_skip(bytes, len - few));
    cache_free(fuzz.cache);
    command_table_free(fuzz.table);
    buf_fini(&fuzz.reply);
    return 0;
}
