/* The store without podis around it: the shortest program that embeds cache/.
 *
 * Reads one command per line, its words separated by spaces, runs it through
 * cache_exec(), and prints the line and the reply as RESP, without carriage
 * returns. Two words are not commands: `protocol 3` changes the form of the
 * replies, `wait 1000` moves the clock, which in a library is an argument.
 *
 * A listener prints the changes that a write announces, after `change:`. */

#include "cache/base/buf.h"
#include "cache/cache.h"
#include "cache/command.h"

#include <stdio.h>
#include <stdlib.h>

enum { WORDS_MAX = 64, LINE_MAX_LEN = 4096, REPLY_MAX = 1 << 20 };

struct embedded {
    struct cache *cache;
    const struct command_table *table;
    uint64_t now_ms;
    int protocol;
};

static void print_change(void *context, const struct change *change)
{
    (void)context;
    printf("change:");
    for (size_t i = 0; i < change->argc; i++) {
        printf(" %.*s", (int)change->argv[i].len, change->argv[i].bytes);
    }
    printf("\n");
}

static size_t split(char *line, struct span *words)
{
    size_t count = 0;
    char *at = line;
    while (*at != '\0') {
        size_t len = strcspn(at, " \n");
        if (len > 0 && count < WORDS_MAX) {
            words[count++] = (struct span){ .bytes = at, .len = len };
        }
        at += len;
        at += strspn(at, " \n");
    }
    return count;
}

static void print_reply(struct span reply)
{
    for (size_t i = 0; i < reply.len; i++) {
        if (reply.bytes[i] != '\r') {
            putchar(reply.bytes[i]);
        }
    }
}

static void run_command(struct embedded *embedded, const struct span *words, size_t count)
{
    const struct command *container = NULL;
    const struct command *command = command_find(embedded->table, words, count, &container);
    if (command == NULL || !command_arity_fits(command, count)) {
        printf("no such command, or not that many arguments\n");
        return;
    }

    struct buf out;
    buf_init(&out, REPLY_MAX);
    struct reply reply = reply_into(&out, embedded->protocol);
    struct cache_request request = {
        .command = command,
        .argv = words,
        .argc = count,
        .now_ms = embedded->now_ms,
        .reply = &reply,
    };
    cache_exec(embedded->cache, &request);
    print_reply(buf_span(&out));
    buf_fini(&out);
}

static void run_line(struct embedded *embedded, const struct span *words, size_t count)
{
    uint64_t number = count == 2 ? strtoull(words[1].bytes, NULL, 10) : 0;
    if (span_equal(words[0], SPAN("protocol"))) {
        embedded->protocol = (int)number;
    } else if (span_equal(words[0], SPAN("wait"))) {
        embedded->now_ms += number;
        while (cache_tick(embedded->cache, embedded->now_ms, 100)) {
        }
    } else {
        run_command(embedded, words, count);
    }
}

int main(void)
{
    struct command_table *table = command_table_new();
    command_table_add_store(table);
    struct cache_options options = { .databases = 16, .seed = 1, .commands = table };
    struct embedded embedded = {
        .cache = cache_new(&options),
        .table = table,
        .now_ms = 1700000000000,
        .protocol = 2,
    };
    cache_listen(embedded.cache, print_change, NULL);

    char line[LINE_MAX_LEN];
    while (fgets(line, sizeof(line), stdin) != NULL) {
        struct span words[WORDS_MAX];
        printf("> %s", line);
        size_t count = split(line, words);
        if (count > 0) {
            run_line(&embedded, words, count);
        }
    }

    cache_free(embedded.cache);
    command_table_free(table);
    return 0;
}
