/* EVAL and its kin.
 *
 * What a script changes is announced by the commands it runs, as one unit; that it ran is nothing
 * that anybody else needs to know. */

#include "cache/base/number.h"
#include "cache/call.h"
#include "cache/commands/describe.h"
#include "cache/commands/rows.h"
#include "cache/script/engine.h"
#include "cache/script/scripts.h"
#include "cache/script/shebang.h"

/* Replies if it returns false. */
static bool take_key_count(struct call *c, size_t *count)
{
    int64_t number;

    if (!arg_integer(c, 2, &number)) {
        return false;
    }
    if (number > (int64_t)c->argc - 3) {
        reply_error(c->reply, SPAN("ERR Number of keys can't be greater than number of args"));
        return false;
    }
    if (number < 0) {
        reply_error(c->reply, SPAN("ERR Number of keys can't be negative"));
        return false;
    }
    *count = (size_t)number;
    return true;
}

static void evaluate(struct call *c, bool read_only)
{
    const struct script *script;
    size_t keys = 0;

    if (take_key_count(c, &keys) && (script = scripts_add(c, c->argv[1])) != NULL) {
        scripts_run(c, script, keys, read_only);
    }
}

static void eval(struct call *c)
{
    evaluate(c, false);
}

static void eval_ro(struct call *c)
{
    evaluate(c, true);
}

static void evaluate_known(struct call *c, bool read_only)
{
    const struct script *script = scripts_find(c->cache, c->argv[1]);
    bool is_name = c->argv[1].len == SCRIPT_NAME_LEN;
    size_t keys = 0;

    if (is_name && !take_key_count(c, &keys)) {
        return;
    }
    if (script == NULL) {
        reply_error(c->reply, SPAN("NOSCRIPT No matching script. Please use EVAL."));
        return;
    }
    scripts_run(c, script, keys, read_only);
}

static void evalsha(struct call *c)
{
    evaluate_known(c, false);
}

static void evalsha_ro(struct call *c)
{
    evaluate_known(c, true);
}

/* What a script says of itself in its first line. */
static bool eval_only_reads(const struct cache *cache, const struct span *argv, size_t argc)
{
    struct reply nowhere = { .silent = true };
    struct shebang shebang;
    (void)cache;

    return argc > 1 && shebang_read(argv[1], &shebang, &nowhere) &&
           shebang.flags & SCRIPT_NO_WRITES;
}

static bool evalsha_only_reads(const struct cache *cache, const struct span *argv, size_t argc)
{
    const struct script *script = argc > 1 ? scripts_find(cache, argv[1]) : NULL;
    return script != NULL && script_flags(script) & SCRIPT_NO_WRITES;
}

/* --- SCRIPT --- */

static void script_load(struct call *c)
{
    const struct script *script = scripts_add(c, c->argv[2]);
    if (script != NULL) {
        reply_bulk_text(c->reply, script_name(script));
    }
}

static void script_exists(struct call *c)
{
    reply_array(c->reply, c->argc - 2);
    for (size_t i = 2; i < c->argc; i++) {
        reply_integer(c->reply, scripts_find(c->cache, c->argv[i]) != NULL);
    }
}

static void script_flush(struct call *c)
{
    bool async = arg_is(c, 2, "ASYNC");

    if (c->argc > 3 || (c->argc == 3 && !async && !arg_is(c, 2, "SYNC"))) {
        reply_error(c->reply, SPAN("ERR SCRIPT FLUSH only support SYNC|ASYNC option"));
        return;
    }
    scripts_flush(c->cache, !async);
    reply_ok(c->reply);
}

static void script_kill(struct call *c)
{
    engine_kill(c, false);
}

/* There is no debugger: that it is off is all that can be said. */
static void script_debug(struct call *c)
{
    if (arg_is(c, 2, "NO")) {
        reply_ok(c->reply);
    } else if (arg_is(c, 2, "YES") || arg_is(c, 2, "SYNC")) {
        reply_error(c->reply, SPAN("ERR there is no debugger of scripts"));
    } else {
        reply_error(c->reply, SPAN("ERR Use SCRIPT DEBUG YES/SYNC/NO"));
    }
}

static void script_help(struct call *c)
{
    const struct command *script = command_named(cache_commands(c->cache), SPAN("script"));
    describe_help(c->reply, script);
}

#define EVALUATES                                                                                  \
    CMD_NOSCRIPT | CMD_STALE | CMD_SKIP_MONITOR | CMD_NO_MANDATORY_KEYS | CMD_MOVABLE_KEYS
#define NOTES "We cannot tell how the keys will be used so we assume the worst, RW and UPDATE"

static const struct command script_subcommands[] = {
    { .name = "script|debug",
      .run = script_debug,
      .arity = 3,
      .flags = CMD_NOSCRIPT,
      .categories = ACL_SCRIPTING,
      .group = "scripting",
      .since = "3.2.0",
      .complexity = "O(1)",
      .synopsis = "mode:(yes:YES | sync:SYNC | no:NO)",
      .summary = "Turns the debugger of scripts off, which is all that there is of it." },
    { .name = "script|exists",
      .run = script_exists,
      .arity = -3,
      .flags = CMD_NOSCRIPT,
      .categories = ACL_SCRIPTING,
      .group = "scripting",
      .since = "2.6.0",
      .complexity = "O(N) with N being the number of scripts to check (so checking a single script "
                    "is an O(1) operation).",
      .synopsis = "sha1:string...",
      .summary = "Says which of some scripts are known.",
      .tips = "request_policy:all_shards response_policy:agg_logical_and" },
    { .name = "script|flush",
      .run = script_flush,
      .arity = -2,
      .flags = CMD_NOSCRIPT,
      .categories = ACL_SCRIPTING,
      .group = "scripting",
      .since = "2.6.0",
      .complexity = "O(N) with N being the number of scripts in cache",
      .synopsis = "[async:(async:ASYNC | sync:SYNC)@6.2.0]",
      .summary = "Forgets all scripts.",
      .history = "6.2.0 `ASYNC` and `SYNC`.",
      .tips = "request_policy:all_nodes response_policy:all_succeeded" },
    { .name = "script|help",
      .run = script_help,
      .arity = 2,
      .flags = CMD_LOADING | CMD_STALE,
      .categories = ACL_SCRIPTING,
      .group = "scripting",
      .since = "5.0.0",
      .complexity = "O(1)",
      .summary = "Prints this help." },
    { .name = "script|kill",
      .run = script_kill,
      .arity = 2,
      .flags = CMD_NOSCRIPT | CMD_ALLOW_BUSY,
      .categories = ACL_SCRIPTING,
      .group = "scripting",
      .since = "2.6.0",
      .complexity = "O(1)",
      .summary = "Ends the script that is running, unless it has written something.",
      .tips = "request_policy:all_shards response_policy:one_succeeded" },
    { .name = "script|load",
      .run = script_load,
      .arity = 3,
      .flags = CMD_NOSCRIPT | CMD_STALE,
      .categories = ACL_SCRIPTING,
      .group = "scripting",
      .since = "2.6.0",
      .complexity = "O(N) with N being the length in bytes of the script body.",
      .synopsis = "script:string",
      .summary = "Makes a script known without running it.",
      .tips = "request_policy:all_nodes response_policy:all_succeeded" },
    { .name = NULL },
};

const struct command script_commands[] = {
    { .name = "eval",
      .run = eval,
      .only_reads = eval_only_reads,
      .arity = -3,
      .flags = EVALUATES | CMD_MAY_REPLICATE,
      .categories = ACL_SCRIPTING,
      .keys = { KEYS_NUMBERED(2, KEY_RW | KEY_ACCESS | KEY_UPDATE) },
      .group = "scripting",
      .since = "2.6.0",
      .complexity = "Depends on the script that is executed.",
      .synopsis = "script:string numkeys:integer [key:key...] [arg:string...]",
      .summary = "Runs a script in Lua.",
      .key_notes = NOTES },
    { .name = "evalsha",
      .run = evalsha,
      .only_reads = evalsha_only_reads,
      .arity = -3,
      .flags = EVALUATES | CMD_MAY_REPLICATE,
      .categories = ACL_SCRIPTING,
      .keys = { KEYS_NUMBERED(2, KEY_RW | KEY_ACCESS | KEY_UPDATE) },
      .group = "scripting",
      .since = "2.6.0",
      .complexity = "Depends on the script that is executed.",
      .synopsis = "sha1:string numkeys:integer [key:key...] [arg:string...]",
      .summary = "Runs a script in Lua that is known, by the SHA-1 of its text." },
    { .name = "eval_ro",
      .run = eval_ro,
      .arity = -3,
      .flags = EVALUATES | CMD_READ,
      .categories = ACL_SCRIPTING,
      .keys = { KEYS_NUMBERED(2, KEY_RO | KEY_ACCESS) },
      .group = "scripting",
      .since = "7.0.0",
      .complexity = "Depends on the script that is executed.",
      .synopsis = "script:string numkeys:integer [key:key...] [arg:string...]",
      .summary = "Runs a script in Lua that only reads.",
      .key_notes = NOTES },
    { .name = "evalsha_ro",
      .run = evalsha_ro,
      .arity = -3,
      .flags = EVALUATES | CMD_READ,
      .categories = ACL_SCRIPTING,
      .keys = { KEYS_NUMBERED(2, KEY_RO | KEY_ACCESS) },
      .group = "scripting",
      .since = "7.0.0",
      .complexity = "Depends on the script that is executed.",
      .synopsis = "sha1:string numkeys:integer [key:key...] [arg:string...]",
      .summary = "Runs a script in Lua that is known and only reads, by the SHA-1 of its text." },
    { .name = "script",
      .arity = -2,
      .group = "scripting",
      .since = "2.6.0",
      .complexity = "Depends on subcommand.",
      .summary = "Scripts that are known, and the one that is running.",
      .subcommands = script_subcommands },
    { .name = NULL },
};
