/* The table `redis` of scripts.
 *
 * A command of a script is found, looked at and run like a client's, with its reply in the engine's
 * own buffer, from where result.c makes a Lua value of it. Errors are tables: redis.pcall returns
 * them, redis.call raises them.
 *
 * redis.set_repl is accepted and has no effect: what a script writes is always told to the log, to
 * other members and to those who hold copies, since their copies would be wrong otherwise. */

#include "cache/script/api.h"

#include "cache/base/check.h"
#include "cache/base/digest.h"
#include "cache/base/memory.h"
#include "cache/script/engine.h"
#include "cache/script/inside.h"
#include "cache/script/result.h"
#include "cache/state.h"

#include <lauxlib.h>
#include <lua.h>
#include <stdio.h>

enum {
    REPL_AOF = 1,
    REPL_REPLICA = 2,
    OUT_KEPT = 16 * 1024,
    ROOM_KEPT = 64,
    LEVEL_MAX = 3,
    NUMBER_TEXT = 32,
};
#define OUT_MAX           (UINT64_C(1) << 30)
#define REDIS_VERSION     "7.2.4"
#define REDIS_VERSION_NUM 0x00070204

void api_init(struct api *api)
{
    *api = (struct api){ .argv = NULL };
    buf_init(&api->out, OUT_MAX);
}

void api_fini(struct api *api)
{
    memory_free(api->argv);
    buf_fini(&api->out);
}

void api_tidy(struct api *api)
{
    buf_consume(&api->out, api->out.len);
    buf_trim(&api->out, OUT_KEPT);
    if (api->room > ROOM_KEPT) {
        memory_free(api->argv);
        api->argv = NULL;
        api->room = 0;
    }
}

/* --- errors --- */

/* Raises an error that says nothing of where it is: on_error adds that. */
static int fail(lua_State *L, const char *text)
{
    lua_createtable(L, 0, 3);
    lua_pushfstring(L, "ERR %s", text);
    lua_setfield(L, -2, "err");
    return lua_error(L);
}

/* The error on top is raised by redis.call, returned by redis.pcall. */
static int give_error(lua_State *L, bool raises)
{
    return raises ? lua_error(L) : 1;
}

static int give_text(lua_State *L, const char *text, bool raises)
{
    lua_createtable(L, 0, 3);
    lua_pushfstring(L, "ERR %s", text);
    lua_setfield(L, -2, "err");
    return give_error(L, raises);
}

/* --- arguments --- */

/* NULL, or what is wrong. */
static const char *read_arguments(lua_State *L, struct api *api, size_t count)
{
    if (count == 0) {
        return "Please specify at least one argument for this redis lib call";
    }
    if (count > api->room) {
        api->argv = memory_resize(api->argv, count * sizeof(*api->argv));
        api->room = count;
    }
    for (size_t i = 0; i < count; i++) {
        int at = (int)i + 1;
        if (lua_type(L, at) == LUA_TNUMBER) {
            char text[NUMBER_TEXT];
            int len = snprintf(text, sizeof(text), "%.17g", lua_tonumber(L, at));
            lua_pushlstring(L, text, (size_t)len);
            lua_replace(L, at);
        }
        if (lua_type(L, at) != LUA_TSTRING) {
            return "Lua redis lib command arguments must be strings or integers";
        }
        api->argv[i].bytes = lua_tolstring(L, at, &api->argv[i].len);
    }
    return NULL;
}

/* --- commands --- */

/* Why nobody may run this in a script; an empty span if that is not so. */
static struct span unfit(const struct script_run *run, const struct command *command, size_t argc)
{
    if (command == NULL) {
        return SPAN("ERR Unknown Redis command called from script");
    }
    if (!command_arity_fits(command, argc)) {
        return SPAN("ERR Wrong number of args calling Redis command from script");
    }
    const struct cache *cache = run->call->cache;
    if ((command->flags & CMD_NOSCRIPT && !cache->script.all_allowed) ||
        (command->flags & CMD_SESSION && cache->script.host == NULL)) {
        return SPAN("ERR This Redis command is not allowed from script");
    }
    if (run->is_stale && !(command->flags & CMD_STALE)) {
        return SPAN("ERR Can not execute the command on a stale replica");
    }
    return SPAN("");
}

/* Why this script may not run it. */
static struct span forbidden(const struct script_run *run, const struct command *command)
{
    const unsigned writes = CMD_WRITE | CMD_MAY_REPLICATE;
    bool read_only = run->read_only || run->flags & SCRIPT_NO_WRITES;
    bool is_spare = run->flags & SCRIPT_ALLOW_OOM && !(run->flags & SCRIPT_SILENT);

    if (read_only && command->flags & writes) {
        return SPAN("ERR Write commands are not allowed from read-only scripts.");
    }
    if (command->flags & CMD_WRITE && !run->wrote && run->no_writes.len > 0) {
        return run->no_writes;
    }
    if (run->over_memory && !is_spare && !run->wrote && command->flags & CMD_DENYOOM) {
        return SPAN("OOM command not allowed when used memory > 'maxmemory'.");
    }
    return SPAN("");
}

static struct cache_request request_of(const struct script_run *run, const struct command *command,
                                       const struct api *api, size_t argc)
{
    const struct call *c = run->call;
    return (struct cache_request){
        .command = command,
        .argv = api->argv,
        .argc = argc,
        .db = c->db,
        .now_ms = c->now_ms,
        .client_id = c->client_id,
        .no_touch = c->no_touch,
        .caller = c->caller,
    };
}

/* The reply is in api->out. */
static void run_command(struct script_run *run, struct api *api, struct cache_request *request)
{
    struct cache *cache = run->call->cache;
    const struct script_host *host = engine_host(cache);
    struct arena_mark mark = arena_mark(&cache->arena);

    run->wrote |= (request->command->flags & CMD_WRITE) != 0;
    if (host != NULL) {
        host->run(host->context, request);
    } else {
        cache_exec(cache, request);
    }
    arena_rewind(&cache->arena, mark);
    if (request->reply->full) {
        buf_consume(&api->out, api->out.len);
        *request->reply = reply_into(&api->out, run->protocol);
        reply_error(request->reply, SPAN("ERR the reply is too large for a script"));
    }
}

/* Puts the error into the reply, if there is one. */
static bool is_refused(const struct script_host *host, const struct command *command,
                       struct reply *reply, struct span why)
{
    if (why.len == 0) {
        return false;
    }
    if (host != NULL) {
        host->refused(host->context, command, why);
    }
    reply_error(reply, why);
    return true;
}

/* The reply is in api->out, be it the command's or why it was refused. */
static void execute(struct script_run *run, struct api *api, size_t argc)
{
    struct cache *cache = run->call->cache;
    const struct script_host *host = engine_host(cache);
    const struct command *container;
    const struct command *command = command_find(cache->commands, api->argv, argc, &container);
    struct cache_request request = request_of(run, command, api, argc);
    struct reply reply = reply_into(&api->out, run->protocol);

    buf_consume(&api->out, api->out.len);
    request.reply = &reply;
    if (!is_refused(host, command, &reply, unfit(run, command, argc)) &&
        (host == NULL || host->admits(host->context, &request)) &&
        !is_refused(host, command, &reply, forbidden(run, command))) {
        run_command(run, api, &request);
    }
}

/* Pushes the value of the reply. */
static void push_reply(lua_State *L, struct api *api)
{
    result_push(L, buf_span(&api->out));
    buf_consume(&api->out, api->out.len);
    buf_trim(&api->out, OUT_KEPT);
}

static bool is_error(lua_State *L)
{
    if (!lua_istable(L, -1)) {
        return false;
    }
    lua_pushliteral(L, "err");
    lua_rawget(L, -2);
    bool is = lua_isstring(L, -1);
    lua_pop(L, 1);
    return is;
}

static int call_command(lua_State *L, bool raises)
{
    struct engine *engine = engine_of(L);
    struct api *api = engine_api(engine);
    struct script_run *run = engine_running(engine_cache(engine));
    size_t argc = (size_t)lua_gettop(L);

    if (run == NULL) {
        return fail(L, "redis.call/pcall can only be called inside a script invocation");
    }
    const char *why = read_arguments(L, api, argc);
    if (why != NULL) {
        return give_text(L, why, raises);
    }
    execute(run, api, argc);
    lua_settop(L, 0); /* There may be too many arguments for more to be pushed. */
    push_reply(L, api);
    return is_error(L) ? give_error(L, raises) : 1;
}

static int redis_call(lua_State *L)
{
    return call_command(L, true);
}

static int redis_pcall(lua_State *L)
{
    return call_command(L, false);
}

static int redis_acl_check_cmd(lua_State *L)
{
    struct engine *engine = engine_of(L);
    struct api *api = engine_api(engine);
    struct script_run *run = engine_running(engine_cache(engine));
    size_t argc = (size_t)lua_gettop(L);
    const struct command *container;

    if (run == NULL) {
        return fail(L, "redis.acl_check_cmd can only be called inside a script invocation");
    }
    const char *why = read_arguments(L, api, argc);
    if (why != NULL) {
        return fail(L, why);
    }
    const struct cache *cache = engine_cache(engine);
    const struct command *command = command_find(cache->commands, api->argv, argc, &container);
    if (command == NULL) {
        return fail(L, "Invalid command passed to redis.acl_check_cmd()");
    }
    struct cache_request request = request_of(run, command, api, argc);
    const struct script_host *host = engine_host(cache);
    lua_pushboolean(L, host == NULL || host->allows(host->context, &request));
    return 1;
}

/* --- replies that a script makes --- */

static int single_text(lua_State *L, const char *name)
{
    if (lua_gettop(L) != 1 || lua_type(L, 1) != LUA_TSTRING) {
        return give_text(L, "wrong number or type of arguments", false);
    }
    lua_createtable(L, 0, 1);
    lua_insert(L, 1);
    lua_setfield(L, 1, name);
    return 1;
}

static int redis_status_reply(lua_State *L)
{
    return single_text(L, "ok");
}

/* A text of one word has no code yet. */
static int redis_error_reply(lua_State *L)
{
    if (lua_gettop(L) == 1 && lua_type(L, 1) == LUA_TSTRING) {
        const char *text = lua_tostring(L, 1);
        text += *text == '-';
        const char *code = strchr(text, ' ') == NULL ? "ERR " : "";
        lua_pushfstring(L, "%s%s", code, text);
        lua_replace(L, 1);
    }
    return single_text(L, "err");
}

/* --- the rest --- */

static int redis_sha1hex(lua_State *L)
{
    struct digest digest = { { 0 } };
    char text[2 * DIGEST_BYTES + 1];
    struct span bytes;

    if (lua_gettop(L) != 1) {
        return fail(L, "wrong number of arguments");
    }
    bytes.bytes = lua_tolstring(L, 1, &bytes.len);
    digest_xor(&digest, bytes.bytes == NULL ? SPAN("") : bytes);
    digest_text(&digest, text);
    lua_pushstring(L, text);
    return 1;
}

static int redis_log(lua_State *L)
{
    const struct script_host *host = engine_host(engine_cache(engine_of(L)));
    int argc = lua_gettop(L);
    luaL_Buffer text;

    if (argc < 2) {
        return fail(L, "redis.log() requires two arguments or more.");
    }
    if (!lua_isnumber(L, 1)) {
        return fail(L, "First argument must be a number (log level).");
    }
    int level = (int)lua_tointeger(L, 1);
    if (level < 0 || level > LEVEL_MAX) {
        return fail(L, "Invalid debug level.");
    }
    luaL_buffinit(L, &text);
    for (int at = 2; at <= argc; at++) {
        if (lua_isstring(L, at)) {
            if (at > 2) {
                luaL_addchar(&text, ' ');
            }
            lua_pushvalue(L, at);
            luaL_addvalue(&text);
        }
    }
    luaL_pushresult(&text);
    if (host != NULL) {
        struct span line;
        line.bytes = lua_tolstring(L, -1, &line.len);
        host->log(host->context, level, line);
    }
    return 0;
}

static int redis_setresp(lua_State *L)
{
    struct script_run *run = engine_running(engine_cache(engine_of(L)));

    if (lua_gettop(L) != 1) {
        return fail(L, "redis.setresp() requires one argument.");
    }
    lua_Integer protocol = lua_tointeger(L, 1);
    if (protocol != 2 && protocol != 3) {
        return fail(L, "RESP version must be 2 or 3.");
    }
    if (run != NULL) {
        run->protocol = (int)protocol;
    }
    return 0;
}

static int redis_set_repl(lua_State *L)
{
    if (lua_gettop(L) != 1) {
        return fail(L, "redis.set_repl() requires two arguments.");
    }
    if ((lua_tointeger(L, 1) & ~(REPL_AOF | REPL_REPLICA)) != 0) {
        return fail(L, "Invalid replication flags. Use REPL_AOF, REPL_REPLICA, REPL_ALL or "
                       "REPL_NONE.");
    }
    return 0;
}

/* What a script does is replicated as its effects, always. */
static int redis_replicate_commands(lua_State *L)
{
    lua_pushboolean(L, true);
    return 1;
}

/* There is no debugger. */
static int redis_breakpoint(lua_State *L)
{
    lua_pushboolean(L, false);
    return 1;
}

static int redis_debug(lua_State *L)
{
    (void)L;
    return 0;
}

static const luaL_Reg functions[] = {
    { "call", redis_call },
    { "pcall", redis_pcall },
    { "log", redis_log },
    { "sha1hex", redis_sha1hex },
    { "error_reply", redis_error_reply },
    { "status_reply", redis_status_reply },
    { "setresp", redis_setresp },
    { "set_repl", redis_set_repl },
    { "replicate_commands", redis_replicate_commands },
    { "breakpoint", redis_breakpoint },
    { "debug", redis_debug },
    { "acl_check_cmd", redis_acl_check_cmd },
};

static const struct {
    const char *name;
    int value;
} numbers[] = {
    { "LOG_DEBUG", 0 },
    { "LOG_VERBOSE", 1 },
    { "LOG_NOTICE", 2 },
    { "LOG_WARNING", LEVEL_MAX },
    { "REPL_NONE", 0 },
    { "REPL_AOF", REPL_AOF },
    { "REPL_SLAVE", REPL_REPLICA },
    { "REPL_REPLICA", REPL_REPLICA },
    { "REPL_ALL", REPL_AOF | REPL_REPLICA },
    { "REDIS_VERSION_NUM", REDIS_VERSION_NUM },
};

void api_push(lua_State *L)
{
    lua_newtable(L);
    for (size_t i = 0; i < COUNT(functions); i++) {
        lua_pushcfunction(L, functions[i].func);
        lua_setfield(L, -2, functions[i].name);
    }
    for (size_t i = 0; i < COUNT(numbers); i++) {
        lua_pushinteger(L, numbers[i].value);
        lua_setfield(L, -2, numbers[i].name);
    }
    lua_pushliteral(L, REDIS_VERSION);
    lua_setfield(L, -2, "REDIS_VERSION");
}
