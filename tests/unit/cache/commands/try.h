#ifndef PODIS_TESTS_UNIT_CACHE_COMMANDS_TRY_H
#define PODIS_TESTS_UNIT_CACHE_COMMANDS_TRY_H

/* Runs commands on a store of its own, as text: "SET k v" gives "+OK\r\n". Words are
 * separated by single spaces; '' is the empty word. What changed is written down, one line
 * for each change: "0: SET k v"; and so are events: "0: set k". */

#include "cache/base/check.h"
#include "cache/cache.h"
#include "cache/command.h"
#include "cache/reply.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum { TRY_WORDS = 64, TRY_NOW = 1700000000 };

struct
try {
    struct command_table *table;
    struct cache *cache;
    struct buf out;
    struct buf changes;
    struct buf events;
    uint64_t now_ms;
    int protocol;
    int db;
    struct call_wait *wait; /* NULL: commands do not wait. */
};

/* A command and the reply it must get. */
struct try_row {
    const char *command;
    const char *reply;
};

static inline void try_note(void *context, const struct change *change)
{
    struct try *try = context;
    char text[32];
    snprintf(text, sizeof(text), "%d:", change->db);
    buf_add(&try->changes, span_from(text));
    for (size_t i = 0; i < change->argc; i++) {
        buf_add(&try->changes, SPAN(" "));
        buf_add(&try->changes, change->argv[i]);
    }
    buf_add(&try->changes, SPAN("\n"));
}

static inline void try_hear(void *context, unsigned class, const char *name, struct span key,
                            int db)
{
    struct try *try = context;
    (void)class;
    buf_addf(&try->events, "%d: %s %.*s\n", db, name, (int)key.len, key.bytes);
}

static inline void try_start(struct try *try)
{
    *try = (struct try){ .protocol = 2, .now_ms = UINT64_C(1000) * TRY_NOW };
    try->table = command_table_new();
    command_table_add_store(try->table);
    struct cache_options options = { .databases = 16, .seed = 7, .commands = try->table };
    try->cache = cache_new(&options);
    buf_init(&try->out, SIZE_MAX);
    buf_init(&try->changes, SIZE_MAX);
    buf_init(&try->events, SIZE_MAX);
    cache_listen(try->cache, try_note, try);
    cache_set_events(try->cache, UINT_MAX, try_hear, try);
}

static inline void try_stop(struct try *try)
{
    cache_free(try->cache);
    command_table_free(try->table);
    buf_fini(&try->out);
    buf_fini(&try->changes);
    buf_fini(&try->events);
}

/* The reply stays good until the next call; it ends with a NUL that is not part of it. */
static inline struct span try_argv(struct try *try, const struct span *argv, size_t argc)
{
    const struct command *command = command_find(try->table, argv, argc, NULL);
    assert_non_null(command);
    assert_true(command_arity_fits(command, argc));

    buf_cut(&try->out, 0);
    struct reply reply = reply_into(&try->out, try->protocol);
    struct cache_request request = {
        .command = command,
        .argv = argv,
        .argc = argc,
        .db = try->db,
        .now_ms = try->now_ms,
        .reply = &reply,
        .wait = try->wait,
    };
    cache_exec(try->cache, &request);
    char *end = buf_reserve(&try->out, 1);
    assert_non_null(end);
    *end = '\0';
    return buf_span(&try->out);
}

static inline const char *try_run(struct try *try, const char *command)
{
    struct span argv[TRY_WORDS];
    size_t argc = 0;

    for (const char *word = command; word != NULL;) {
        const char *end = strchr(word, ' ');
        size_t len = end == NULL ? strlen(word) : (size_t)(end - word);
        assert_true(argc < TRY_WORDS);
        argv[argc] = (struct span){ word, len };
        if (len == 2 && memcmp(word, "''", 2) == 0) {
            argv[argc] = SPAN("");
        }
        argc++;
        word = end == NULL ? NULL : end + 1;
    }
    return try_argv(try, argv, argc).bytes;
}

/* Each command in turn, on one store. */
static inline void try_rows(struct try *try, const struct try_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *reply = try_run(try, rows[i].command);
        if (strcmp(reply, rows[i].reply) != 0) {
            fail_msg("%s\nwant %s\ngot  %s", rows[i].command, rows[i].reply, reply);
        }
    }
}

static inline const char *try_written(struct buf *buf)
{
    char *end = buf_reserve(buf, 1);
    assert_non_null(end);
    *end = '\0';
    const char *text = buf_span(buf).bytes;
    buf_cut(buf, 0);
    return text;
}

/* What changed since the last time this was asked. */
static inline const char *try_changes(struct try *try)
{
    return try_written(&try->changes);
}

/* Which events there were. */
static inline const char *try_events(struct try *try)
{
    return try_written(&try->events);
}

/* As one of cmocka's set-up and tear-down functions. */
static inline int try_setup(void **state)
{
    static struct try try;
    try_start(&try);
    *state = &try;
    return 0;
}

static inline int try_teardown(void **state)
{
    try_stop(*state);
    return 0;
}

#define TRY(test)             cmocka_unit_test_setup_teardown(test, try_setup, try_teardown)
#define TRY_ROWS(state, rows) try_rows(*(state), (rows), COUNT(rows))

#endif
