/* Transactions for other members, written and read.
 *
 * Only commands on keys go along. What is about the connection (SELECT, CLIENT …) would be about
 * the link between two podis, and what is about all keys (KEYS, FLUSHALL …) about one member's. */

#include "proxy/server/bundle.h"

#include "cache/base/check.h"
#include "cache/base/memory.h"
#include "cache/base/number.h"
#include "proxy/server/pin.h"
#include "proxy/server/publish.h"

/* Which commands may be part of it. */
static bool may_travel(const struct command *command)
{
    return !(command->flags & (CMD_SESSION | CMD_NO_MULTI)) &&
           (command->across < ACROSS_ALL_SUM || publish_is_for_all(command));
}

/* How many words it will have, and keys. */
static size_t measure(const struct queue *queue, size_t *keys)
{
    size_t words = 4;

    *keys = 0;
    for (const struct queued *at = queue->first; at != NULL; at = at->next) {
        *keys += command_keys(at->request.command, at->request.argv, at->request.argc, NULL, 0);
        words += 1 + at->request.argc;
    }
    return words + *keys;
}

struct writer {
    struct span *argv;
    size_t argc;
    char *numbers;
};

static void add(struct writer *writer, struct span word)
{
    writer->argv[writer->argc++] = word;
}

static void add_number(struct writer *writer, size_t number)
{
    size_t len = number_format(writer->numbers, (int64_t)number);
    add(writer, (struct span){ writer->numbers, len });
    writer->numbers += NUMBER_TEXT_MAX;
}

static void add_keys(struct writer *writer, const struct request *request)
{
    struct found_keys keys;

    found_keys_init(&keys, request->command, request->argv, request->argc);
    for (size_t i = 0; i < keys.count; i++) {
        add(writer, request->argv[keys.indexes[i]]);
    }
    found_keys_fini(&keys);
}

static void add_watched(void *context, struct span key)
{
    add(context, key);
}

bool bundle_init(struct bundle *bundle, const struct command *row, const struct queue *queue,
                 const struct pin *pin, const char **why)
{
    size_t keys;
    size_t words = measure(queue, &keys) + pin_count(pin);

    *bundle = (struct bundle){ 0 };
    for (const struct queued *at = queue->first; at != NULL; at = at->next) {
        if (!may_travel(at->request.command)) {
            *why = "CROSSSLOT Keys in request don't hash to the same slot: the transaction is for "
                   "another pod, and has a command that is about this connection or all keys";
            return false;
        }
    }
    bundle->argv = memory_alloc(words * sizeof(*bundle->argv));
    bundle->numbers = memory_alloc((queue->count + 1) * NUMBER_TEXT_MAX);
    struct writer writer = { .argv = bundle->argv, .numbers = bundle->numbers };

    add(&writer, SPAN("PODIS.MESH"));
    add(&writer, SPAN("EXEC"));
    add_number(&writer, keys + pin_count(pin));
    pin_each(pin, add_watched, &writer);
    for (const struct queued *at = queue->first; at != NULL; at = at->next) {
        add_keys(&writer, &at->request);
    }
    add(&writer, pin_is_elsewhere(pin) ? pin_token(pin) : SPAN(""));
    for (const struct queued *at = queue->first; at != NULL; at = at->next) {
        add_number(&writer, at->request.argc);
        for (size_t i = 0; i < at->request.argc; i++) {
            add(&writer, at->request.argv[i]);
        }
    }
    assert(writer.argc == words);
    bundle->request = (struct request){ .command = row, .argv = bundle->argv, .argc = words };
    return true;
}

void bundle_fini(struct bundle *bundle)
{
    memory_free(bundle->argv);
    memory_free(bundle->numbers);
}

/* --- reading --- */

static bool read_count(const struct span *argv, size_t argc, size_t at, size_t *count)
{
    int64_t number;

    if (at >= argc || !number_parse(argv[at], &number) || number < 0 ||
        (uint64_t)number > argc - at - 1) {
        return false;
    }
    *count = (size_t)number;
    return true;
}

static bool read_one(const struct span *argv, size_t argc, const struct command_table *table,
                     struct queue *queue)
{
    struct familiar familiar[FAMILIAR_COUNT] = { 0 };
    struct request request = { .argv = argv, .argc = argc };

    if (argc == 0) {
        return false;
    }
    request_find(&request, table, familiar);
    if (request.command == NULL || !command_arity_fits(request.command, argc) ||
        !may_travel(request.command)) {
        return false;
    }
    struct queued *queued = memory_alloc(sizeof(*queued));
    *queued = (struct queued){ .request = request };
    *queue->last = queued;
    queue->last = &queued->next;
    queue->count++;
    return true;
}

bool bundle_read(const struct span *argv, size_t argc, const struct command_table *table,
                 struct queue *queue, struct span *token)
{
    size_t count, at;

    *queue = (struct queue){ .last = &queue->first };
    bool ok = read_count(argv, argc, 2, &count) && count < argc - 3;
    *token = ok ? argv[3 + count] : SPAN("");
    for (at = 4 + (ok ? count : 0); ok && at < argc; at += 1 + count) {
        ok = read_count(argv, argc, at, &count) && read_one(argv + at + 1, count, table, queue);
    }
    if (!ok) {
        queue_free(queue);
    }
    return ok;
}
