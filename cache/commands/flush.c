/* Commands on whole databases. */

#include "cache/base/number.h"
#include "cache/call.h"
#include "cache/commands/rows.h"

static bool take_mode(struct call *c, bool *at_once)
{
    *at_once = !arg_is(c, 1, "ASYNC");
    if (c->argc > 2 || (c->argc == 2 && *at_once && !arg_is(c, 1, "SYNC"))) {
        call_syntax_error(c);
        return false;
    }
    return true;
}

static void flush(struct call *c, int db)
{
    bool at_once;

    if (!take_mode(c, &at_once)) {
        return;
    }
    keys_flush(c, db, at_once);
    reply_ok(c->reply);
}

static void flushdb(struct call *c)
{
    flush(c, c->db);
}

static void flushall(struct call *c)
{
    flush(c, -1);
}

/* Replies if it returns false. */
static bool take_db(struct call *c, size_t at, const char *error, int64_t *db)
{
    if (!number_parse(c->argv[at], db) || *db < INT32_MIN || *db > INT32_MAX) {
        reply_error(c->reply, span_from(error));
        return false;
    }
    return true;
}

static void swapdb(struct call *c)
{
    int64_t first;
    int64_t second;
    int64_t count = cache_databases(c->cache);

    if (!take_db(c, 1, "ERR invalid first DB index", &first) ||
        !take_db(c, 2, "ERR invalid second DB index", &second)) {
        return;
    }
    if (first < 0 || first >= count || second < 0 || second >= count) {
        reply_error(c->reply, SPAN("ERR DB index is out of range"));
        return;
    }
    if (first != second) {
        keys_swap(c, (int)first, (int)second);
    }
    reply_ok(c->reply);
}

#define MODE    "[async:(async:ASYNC@4.0.0 | sync:SYNC@6.2.0)]"
#define HISTORY "4.0.0 `ASYNC`.\n6.2.0 `SYNC`."

const struct command flush_commands[] = {
    { .name = "flushdb",
      .run = flushdb,
      .arity = -1,
      .flags = CMD_WRITE,
      .categories = ACL_KEYSPACE | ACL_DANGEROUS,
      .across = ACROSS_ALL_OK,
      .group = "server",
      .since = "1.0.0",
      .complexity = "O(N), N being the number of keys in the database.",
      .synopsis = MODE,
      .summary = "Deletes all keys of the database.",
      .tips = "request_policy:all_shards response_policy:all_succeeded",
      .history = HISTORY },
    { .name = "flushall",
      .run = flushall,
      .arity = -1,
      .flags = CMD_WRITE,
      .categories = ACL_KEYSPACE | ACL_DANGEROUS,
      .across = ACROSS_ALL_OK,
      .group = "server",
      .since = "1.0.0",
      .complexity = "O(N), N being the number of keys in all databases.",
      .synopsis = MODE,
      .summary = "Deletes all keys of all databases.",
      .tips = "request_policy:all_shards response_policy:all_succeeded",
      .history = HISTORY },
    { .name = "swapdb",
      .run = swapdb,
      .arity = 3,
      .flags = CMD_WRITE | CMD_FAST,
      .categories = ACL_KEYSPACE | ACL_DANGEROUS,
      .across = ACROSS_ALL_OK,
      .group = "server",
      .since = "4.0.0",
      .complexity = "O(N), N being the number of clients that watch or wait for their keys.",
      .synopsis = "index1:integer index2:integer",
      .summary = "Exchanges two databases." },
    { .name = NULL },
};
