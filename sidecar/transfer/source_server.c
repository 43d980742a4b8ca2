/* A server: SCAN, and a DUMP and a PTTL for each key that it names. A key that went between the two
 * is passed over. */

#include "sidecar/transfer/source_kinds.h"

#include "cache/base/memory.h"
#include "cache/base/number.h"
#include "proxy/peers/walk.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

struct server_source {
    struct endpoint endpoint;
    int *databases; /* That have keys. */
    size_t count, at;
    struct buf cursor;
    struct buf names; /* What SCAN said. */
};

static bool fail(struct source *source, const char *why)
{
    snprintf(source->why, sizeof(source->why), "%s", why);
    return false;
}

/* --- which databases --- */

static void add_database(struct server_source *server, int db)
{
    server->databases =
        memory_resize(server->databases, (server->count + 1) * sizeof(*server->databases));
    server->databases[server->count++] = db;
}

/* "db3:keys=100,expires=…" */
static void take_database(struct source *source, struct span line)
{
    static const char word[] = "keys=";
    const char *colon = memchr(line.bytes, ':', line.len);
    const char *keys = memmem(line.bytes, line.len, word, strlen(word));
    int64_t db;
    uint64_t count = 0;

    if (line.len < 3 || memcmp(line.bytes, "db", 2) != 0 || colon == NULL || keys == NULL ||
        !number_parse((struct span){ line.bytes + 2, (size_t)(colon - line.bytes) - 2 }, &db)) {
        return;
    }
    struct span digits = { keys + strlen(word), 0 };
    while (digits.bytes + digits.len < line.bytes + line.len && digits.bytes[digits.len] >= '0' &&
           digits.bytes[digits.len] <= '9') {
        digits.len++;
    }
    if (number_parse_unsigned(digits, &count)) {
        add_database(source->state, (int)db);
        source->position.total += count;
    }
}

static bool find_databases(struct source *source)
{
    struct server_source *server = source->state;
    struct span info[] = { SPAN("INFO"), SPAN("keyspace") };
    struct span answer;
    struct element text;

    if (!endpoint_call(&server->endpoint, info, 2, &answer) || !walk_head(&answer, &text)) {
        return fail(source, server->endpoint.why);
    }
    for (struct span rest = text.text; rest.len > 0;) {
        const char *end = memchr(rest.bytes, '\n', rest.len);
        size_t len = end == NULL ? rest.len : (size_t)(end - rest.bytes);
        take_database(source, (struct span){ rest.bytes, len });
        rest = span_skip(rest, end == NULL ? len : len + 1);
    }
    return true;
}

static bool count_one(struct source *source)
{
    struct server_source *server = source->state;
    struct span dbsize[] = { SPAN("DBSIZE") };
    struct span answer;
    struct element number;

    add_database(server, server->endpoint.db);
    return (endpoint_call(&server->endpoint, dbsize, 1, &answer) && walk_head(&answer, &number) &&
            number_parse_unsigned(number.text, &source->position.total)) ||
           fail(source, server->endpoint.why);
}

static bool open_server(struct source *source, const char *origin)
{
    struct server_source *server = memory_zero(sizeof(*server));

    source->state = server;
    buf_init(&server->cursor, 64);
    buf_init(&server->names, SIZE_MAX / 2);
    buf_add(&server->cursor, SPAN("0"));
    if (!endpoint_open(&server->endpoint, origin)) {
        return fail(source, server->endpoint.why);
    }
    return server->endpoint.one_db ? count_one(source) : find_databases(source);
}

static void close_server(struct source *source)
{
    struct server_source *server = source->state;

    endpoint_close(&server->endpoint);
    buf_fini(&server->cursor);
    buf_fini(&server->names);
    memory_free(server->databases);
    memory_free(server);
}

/* --- keys --- */

/* SCAN's answer: the next cursor is kept, the names are left in server->names, as RESP. */
static bool scan(struct source *source)
{
    struct server_source *server = source->state;
    struct span argv[] = { SPAN("SCAN"), buf_span(&server->cursor), SPAN("COUNT"), SPAN("512") };
    struct span answer;
    struct element head, cursor;

    if (!endpoint_call(&server->endpoint, argv, 4, &answer) || !walk_head(&answer, &head) ||
        head.count != 2 || !walk_head(&answer, &cursor)) {
        return fail(source, server->endpoint.why);
    }
    buf_cut(&server->cursor, 0);
    buf_cut(&server->names, 0);
    return (buf_add(&server->cursor, cursor.text) && buf_add(&server->names, answer)) ||
           fail(source, "SCAN's answer is not understood");
}

/* Asks for all of the names; returns how many there are. */
static size_t ask_all(struct server_source *server)
{
    struct span rest = buf_span(&server->names);
    struct element head, name;

    if (!walk_head(&rest, &head)) {
        return 0;
    }
    for (size_t i = 0; i < head.count && walk_head(&rest, &name); i++) {
        struct span dump[] = { SPAN("DUMP"), name.text };
        struct span pttl[] = { SPAN("PTTL"), name.text };
        endpoint_ask(&server->endpoint, dump, 2);
        endpoint_ask(&server->endpoint, pttl, 2);
    }
    return head.count;
}

/* The answers to the two questions about one key. False: the connection is lost. */
static bool take_key(struct source *source, struct span name, struct batch *batch)
{
    struct server_source *server = source->state;
    struct element dump, pttl;
    struct span answer;
    int64_t ttl_ms;

    if (!endpoint_answer(&server->endpoint, &answer) || !walk_head(&answer, &dump)) {
        return fail(source, server->endpoint.why);
    }
    size_t before = batch->count;
    if (dump.kind == '-') {
        snprintf(source->why, sizeof(source->why), "DUMP: %.*s", span_shown(dump.text),
                 dump.text.bytes);
        return false;
    }
    if (!dump.null) {
        batch_add(batch, &(struct record){ .db = server->endpoint.db,
                                           .key = name,
                                           .payload = dump.text,
                                           .expires_at_ms = -1 });
    }
    if (!endpoint_answer(&server->endpoint, &answer) || !walk_head(&answer, &pttl) ||
        !number_parse(pttl.text, &ttl_ms)) {
        return fail(source, server->endpoint.why);
    }
    if (batch->count > before && ttl_ms >= 0) {
        batch->records[before].expires_at_ms = (int64_t)time(NULL) * 1000 + ttl_ms;
    }
    return true;
}

static enum source_progress next_of_server(struct source *source, struct batch *batch)
{
    struct server_source *server = source->state;
    struct element head, name;

    if (server->at == server->count) {
        return SOURCE_DONE;
    }
    if (!endpoint_select(&server->endpoint, server->databases[server->at])) {
        fail(source, server->endpoint.why);
        return SOURCE_FAILED;
    }
    if (!scan(source)) {
        return SOURCE_FAILED;
    }
    size_t count = ask_all(server);
    struct span rest = buf_span(&server->names);
    bool good = walk_head(&rest, &head);
    for (size_t i = 0; good && i < count; i++) {
        good = walk_head(&rest, &name) && take_key(source, name.text, batch);
    }
    if (!good) {
        return SOURCE_FAILED;
    }
    source->position.done += count;
    server->at += span_is(buf_span(&server->cursor), "0");
    return server->at == server->count ? SOURCE_DONE : SOURCE_MORE;
}

/* FUNCTION LIST WITHCODE: each library is a list of names and values. A server that has no
 * functions has none to give. */
static bool functions_of_server(struct source *source,
                                void (*visit)(void *context, struct span code), void *context)
{
    struct server_source *server = source->state;
    struct span list[] = { SPAN("FUNCTION"), SPAN("LIST"), SPAN("WITHCODE") };
    struct span answer, whole, value;
    struct element head, library, name;

    endpoint_ask(&server->endpoint, list, 3);
    if (!endpoint_answer(&server->endpoint, &answer) || !walk_head(&answer, &head)) {
        return fail(source, server->endpoint.why);
    }
    for (size_t i = 0; head.kind == '*' && i < head.count && walk_value(&answer, &whole); i++) {
        for (size_t at = walk_head(&whole, &library) ? library.count : 0; at >= 2; at -= 2) {
            struct element code;
            if (!walk_head(&whole, &name) || !walk_value(&whole, &value)) {
                return fail(source, "FUNCTION LIST's answer is not understood");
            }
            if (span_is(name.text, "library_code") && walk_head(&value, &code)) {
                visit(context, code.text);
            }
        }
    }
    return true;
}

const struct source_kind source_of_server = { .open = open_server,
                                              .close = close_server,
                                              .next = next_of_server,
                                              .functions = functions_of_server };
