/* FUNCTION, FCALL and FCALL_RO.
 *
 * What a function changes is announced by the commands that it runs. The libraries are data as
 * well: a request that changed them is itself the change, of no key and for no database. */

#include "cache/base/check.h"
#include "cache/base/glob.h"
#include "cache/base/number.h"
#include "cache/call.h"
#include "cache/commands/describe.h"
#include "cache/commands/rows.h"
#include "cache/script/engine.h"
#include "cache/script/function_shelf.h"
#include "cache/script/functions.h"
#include "cache/script/shebang.h"
#include "cache/state.h"

enum { LOAD_MS = 500 };

static const size_t payload_max = UINT32_MAX;

/* What was loaded once is loaded again however slow the machine is by now. */
static uint64_t timeout_ms(const struct call *c)
{
    return c->cache->expiry.replaying ? 0 : LOAD_MS;
}

/* As it was asked for. */
static void announce(struct call *c)
{
    cache_announce(c->cache, &(struct change){
                                 .origin = c->client_id,
                                 .db = c->db,
                                 .argv = c->argv,
                                 .argc = c->argc,
                             });
}

static void wrong(struct call *c, const char *why)
{
    reply_errorf(c->reply, "ERR %s", why);
}

static void usage_error(struct call *c)
{
    reply_errorf(c->reply,
                 "ERR unknown subcommand or wrong number of arguments for '%.*s'. Try FUNCTION "
                 "HELP.",
                 span_shown(c->argv[1]), c->argv[1].bytes);
}

/* --- libraries --- */

static void function_load(struct call *c)
{
    const struct library *library;
    bool replace = false;

    for (size_t i = 2; i + 1 < c->argc; i++) {
        if (!arg_is(c, i, "REPLACE")) {
            reply_errorf(c->reply, "ERR Unknown option given: %.*s", span_shown(c->argv[i]),
                         c->argv[i].bytes);
            return;
        }
        replace = true;
    }
    const char *why =
        functions_load(c->cache, c->argv[c->argc - 1], replace, timeout_ms(c), &library);
    if (why != NULL) {
        wrong(c, why);
        return;
    }
    announce(c);
    reply_bulk_text(c->reply, library->name);
}

static void function_delete(struct call *c)
{
    if (!functions_delete(c->cache, c->argv[2])) {
        reply_error(c->reply, SPAN("ERR Library not found"));
        return;
    }
    announce(c);
    reply_ok(c->reply);
}

static void function_flush(struct call *c)
{
    bool async = arg_is(c, 2, "ASYNC");

    if (c->argc > 3) {
        usage_error(c);
        return;
    }
    if (c->argc == 3 && !async && !arg_is(c, 2, "SYNC")) {
        reply_error(c->reply, SPAN("ERR FUNCTION FLUSH only supports SYNC|ASYNC option"));
        return;
    }
    functions_flush(c->cache, !async);
    announce(c);
    reply_ok(c->reply);
}

static void function_dump(struct call *c)
{
    struct buf payload;

    buf_init(&payload, payload_max);
    if (functions_dump(c->cache, &payload)) {
        reply_bulk(c->reply, buf_span(&payload));
    } else {
        reply_error(c->reply, SPAN("ERR the libraries are too large to be dumped"));
    }
    buf_fini(&payload);
}

/* Replies if it returns false. */
static bool take_policy(struct call *c, enum restore_policy *policy)
{
    static const struct {
        const char *name;
        enum restore_policy policy;
    } policies[] = {
        { "APPEND", RESTORE_APPEND },
        { "REPLACE", RESTORE_REPLACE },
        { "FLUSH", RESTORE_FLUSH },
    };
    size_t i = 0;

    *policy = RESTORE_APPEND;
    if (c->argc == 3) {
        return true;
    }
    while (i < COUNT(policies) && !arg_is(c, 3, policies[i].name)) {
        i++;
    }
    if (i == COUNT(policies)) {
        wrong(c, "Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE.");
        return false;
    }
    *policy = policies[i].policy;
    return true;
}

static void function_restore(struct call *c)
{
    enum restore_policy policy;

    if (c->argc > 4) {
        usage_error(c);
        return;
    }
    if (!take_policy(c, &policy)) {
        return;
    }
    const char *why = functions_restore(c->cache, c->argv[2], policy, timeout_ms(c));
    if (why != NULL) {
        wrong(c, why);
        return;
    }
    announce(c);
    reply_ok(c->reply);
}

/* --- what there is --- */

struct listing {
    struct span pattern; /* .bytes is NULL: all. */
    bool with_code;
};

/* Replies if it returns false. */
static bool take_listing(struct call *c, struct listing *listing)
{
    *listing = (struct listing){ .with_code = false };
    for (size_t i = 2; i < c->argc; i++) {
        if (!listing->with_code && arg_is(c, i, "WITHCODE")) {
            listing->with_code = true;
        } else if (listing->pattern.bytes == NULL && arg_is(c, i, "LIBRARYNAME")) {
            i++;
            if (i == c->argc) {
                wrong(c, "library name argument was not given");
                return false;
            }
            listing->pattern = c->argv[i];
        } else {
            reply_errorf(c->reply, "ERR Unknown argument %.*s", span_shown(c->argv[i]),
                         c->argv[i].bytes);
            return false;
        }
    }
    return true;
}

static void reply_flags(struct reply *reply, unsigned flags)
{
    reply_set(reply, (size_t)__builtin_popcount(flags));
    for (unsigned flag = 1; flag <= flags; flag <<= 1) {
        if (flags & flag) {
            reply_status(reply, span_from(shebang_flag_name(flag)));
        }
    }
}

static void reply_function(struct reply *reply, const struct function *function)
{
    reply_map(reply, 3);
    reply_bulk_text(reply, "name");
    reply_bulk_text(reply, function->name);
    reply_bulk_text(reply, "description");
    if (function->description == NULL) {
        reply_null(reply);
    } else {
        reply_bulk(reply, (struct span){ function->description, function->description_len });
    }
    reply_bulk_text(reply, "flags");
    reply_flags(reply, function->flags);
}

static void reply_library(struct reply *reply, const struct library *library, bool with_code)
{
    reply_map(reply, with_code ? 4 : 3);
    reply_bulk_text(reply, "library_name");
    reply_bulk_text(reply, library->name);
    reply_bulk_text(reply, "engine");
    reply_bulk_text(reply, "LUA");
    reply_bulk_text(reply, "functions");
    reply_array(reply, library->count);
    for (const struct function *at = library->first; at != NULL; at = at->next) {
        reply_function(reply, at);
    }
    if (with_code) {
        reply_bulk_text(reply, "library_code");
        reply_bulk(reply, library_code(library));
    }
}

static bool is_listed(const struct listing *listing, const struct library *library)
{
    return listing->pattern.bytes == NULL ||
           glob_match(listing->pattern, span_from(library->name), true);
}

static void function_list(struct call *c)
{
    struct listing listing;
    size_t count = 0;

    if (!take_listing(c, &listing)) {
        return;
    }
    struct reply_later later = reply_array_later(c->reply);
    for (const struct library *at = functions_next(c->cache, NULL); at != NULL;
         at = functions_next(c->cache, at)) {
        if (is_listed(&listing, at)) {
            reply_library(c->reply, at, listing.with_code);
            count++;
        }
    }
    reply_later_end(c->reply, later, count);
}

static void reply_running(struct reply *reply, const struct script_run *run, uint64_t ms)
{
    if (run == NULL) {
        reply_null(reply);
        return;
    }
    reply_map(reply, 3);
    reply_bulk_text(reply, "name");
    reply_bulk_text(reply, run->name);
    reply_bulk_text(reply, "command");
    reply_array(reply, run->call->argc);
    for (size_t i = 0; i < run->call->argc; i++) {
        reply_bulk(reply, run->call->argv[i]);
    }
    reply_bulk_text(reply, "duration_ms");
    reply_integer(reply, (int64_t)ms);
}

static void function_stats(struct call *c)
{
    const struct script_run *run = engine_running(c->cache);
    struct functions_stats stats = functions_stats(c->cache);

    if (run != NULL && !run->is_function) {
        reply_error(c->reply, SPAN(ENGINE_BUSY));
        return;
    }
    reply_map(c->reply, 2);
    reply_bulk_text(c->reply, "running_script");
    reply_running(c->reply, run, stats.running_ms);
    reply_bulk_text(c->reply, "engines");
    reply_map(c->reply, 1);
    reply_bulk_text(c->reply, "LUA");
    reply_map(c->reply, 2);
    reply_bulk_text(c->reply, "libraries_count");
    reply_integer(c->reply, (int64_t)stats.libraries);
    reply_bulk_text(c->reply, "functions_count");
    reply_integer(c->reply, (int64_t)stats.functions);
}

static void function_kill(struct call *c)
{
    engine_kill(c, true);
}

static void function_help(struct call *c)
{
    describe_help(c->reply, command_named(cache_commands(c->cache), SPAN("function")));
}

/* --- calling --- */

static void call_function(struct call *c, bool read_only)
{
    const struct function *function = functions_find(c->cache, c->argv[1]);
    int64_t keys;

    if (function == NULL) {
        reply_error(c->reply, SPAN("ERR Function not found"));
        return;
    }
    if (!number_parse(c->argv[2], &keys)) {
        reply_error(c->reply, SPAN("ERR Bad number of keys provided"));
        return;
    }
    if (keys > (int64_t)c->argc - 3) {
        reply_error(c->reply, SPAN("ERR Number of keys can't be greater than number of args"));
        return;
    }
    if (keys < 0) {
        reply_error(c->reply, SPAN("ERR Number of keys can't be negative"));
        return;
    }
    functions_run(c, function, (size_t)keys, read_only);
}

static void fcall(struct call *c)
{
    call_function(c, false);
}

static void fcall_ro(struct call *c)
{
    call_function(c, true);
}

/* --- rows --- */

enum {
    CALLS = CMD_NOSCRIPT | CMD_STALE | CMD_SKIP_MONITOR | CMD_NO_MANDATORY_KEYS | CMD_MOVABLE_KEYS
};

#define NOTES  "We cannot tell how the keys will be used so we assume the worst, RW and UPDATE"
#define CHANGE "request_policy:all_shards response_policy:all_succeeded"

static const struct command subcommands[] = {
    { .name = "function|delete",
      .run = function_delete,
      .arity = 3,
      .flags = CMD_NOSCRIPT | CMD_WRITE,
      .categories = ACL_SCRIPTING,
      .across = ACROSS_ALL_OK,
      .group = "scripting",
      .since = "7.0.0",
      .complexity = "O(1)",
      .synopsis = "library-name:string",
      .summary = "Removes a library and its functions.",
      .tips = CHANGE },
    { .name = "function|dump",
      .run = function_dump,
      .arity = 2,
      .flags = CMD_NOSCRIPT,
      .categories = ACL_SCRIPTING,
      .group = "scripting",
      .since = "7.0.0",
      .complexity = "O(N) where N is the number of functions",
      .summary = "Returns all libraries as a text for FUNCTION RESTORE." },
    { .name = "function|flush",
      .run = function_flush,
      .arity = -2,
      .flags = CMD_NOSCRIPT | CMD_WRITE,
      .categories = ACL_SCRIPTING,
      .across = ACROSS_ALL_OK,
      .group = "scripting",
      .since = "7.0.0",
      .complexity = "O(N) where N is the number of functions deleted",
      .synopsis = "[async:(async:ASYNC | sync:SYNC)]",
      .summary = "Removes all libraries.",
      .tips = CHANGE },
    { .name = "function|help",
      .run = function_help,
      .arity = 2,
      .flags = CMD_LOADING | CMD_STALE,
      .categories = ACL_SCRIPTING,
      .group = "scripting",
      .since = "7.0.0",
      .complexity = "O(1)",
      .summary = "Prints this help." },
    { .name = "function|kill",
      .run = function_kill,
      .arity = 2,
      .flags = CMD_NOSCRIPT | CMD_ALLOW_BUSY,
      .categories = ACL_SCRIPTING,
      .group = "scripting",
      .since = "7.0.0",
      .complexity = "O(1)",
      .summary = "Ends the function that is running, unless it has written something.",
      .tips = "request_policy:all_shards response_policy:one_succeeded" },
    { .name = "function|list",
      .run = function_list,
      .arity = -2,
      .flags = CMD_NOSCRIPT,
      .categories = ACL_SCRIPTING,
      .group = "scripting",
      .since = "7.0.0",
      .complexity = "O(N) where N is the number of functions",
      .synopsis = "[library-name-pattern:string=LIBRARYNAME] [withcode:WITHCODE]",
      .summary = "Lists the libraries and their functions.",
      .tips = "nondeterministic_output_order" },
    { .name = "function|load",
      .run = function_load,
      .arity = -3,
      .flags = CMD_NOSCRIPT | CMD_WRITE | CMD_DENYOOM,
      .categories = ACL_SCRIPTING,
      .across = ACROSS_ALL_OK,
      .group = "scripting",
      .since = "7.0.0",
      .complexity = "O(1) (considering compilation time is redundant)",
      .synopsis = "[replace:REPLACE] function-code:string",
      .summary = "Loads a library of functions.",
      .tips = CHANGE },
    { .name = "function|restore",
      .run = function_restore,
      .arity = -3,
      .flags = CMD_NOSCRIPT | CMD_WRITE | CMD_DENYOOM,
      .categories = ACL_SCRIPTING,
      .across = ACROSS_ALL_OK,
      .group = "scripting",
      .since = "7.0.0",
      .complexity = "O(N) where N is the number of functions on the payload",
      .synopsis = "serialized-value:string [policy:(flush:FLUSH | append:APPEND | "
                  "replace:REPLACE)]",
      .summary = "Loads all libraries of a text that FUNCTION DUMP returned.",
      .tips = CHANGE },
    { .name = "function|stats",
      .run = function_stats,
      .arity = 2,
      .flags = CMD_NOSCRIPT | CMD_ALLOW_BUSY,
      .categories = ACL_SCRIPTING,
      .group = "scripting",
      .since = "7.0.0",
      .complexity = "O(1)",
      .summary = "Tells which function is running, and how many there are.",
      .tips = "nondeterministic_output request_policy:all_shards response_policy:special" },
    { .name = NULL },
};

const struct command function_commands[] = {
    { .name = "fcall",
      .run = fcall,
      .arity = -3,
      .flags = CALLS,
      .categories = ACL_SCRIPTING,
      .keys = { KEYS_NUMBERED(2, KEY_RW | KEY_ACCESS | KEY_UPDATE) },
      .group = "scripting",
      .since = "7.0.0",
      .complexity = "Depends on the function that is executed.",
      .synopsis = "function:string numkeys:integer [key:key...] [arg:string...]",
      .summary = "Calls a function.",
      .key_notes = NOTES },
    { .name = "fcall_ro",
      .run = fcall_ro,
      .arity = -3,
      .flags = CALLS | CMD_READ,
      .categories = ACL_SCRIPTING,
      .keys = { KEYS_NUMBERED(2, KEY_RO | KEY_ACCESS) },
      .group = "scripting",
      .since = "7.0.0",
      .complexity = "Depends on the function that is executed.",
      .synopsis = "function:string numkeys:integer [key:key...] [arg:string...]",
      .summary = "Calls a function that only reads." },
    { .name = "function",
      .arity = -2,
      .group = "scripting",
      .since = "7.0.0",
      .complexity = "Depends on subcommand.",
      .summary = "Libraries of functions, and the function that is running.",
      .subcommands = subcommands },
    { .name = NULL },
};
