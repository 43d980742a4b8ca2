/* The scripts of EVAL, by the SHA-1 of their text.
 *
 * A text is compiled once. Its function is kept in the interpreter's registry; the text is kept
 * too, for whoever must send it elsewhere. The interpreter is made when the first script comes: a
 * podis whose app has none does not pay for it. SCRIPT FLUSH makes a new one next time. */

#include "cache/script/scripts.h"

#include "cache/base/check.h"
#include "cache/base/memory.h"
#include "cache/ds/table.h"
#include "cache/script/engine.h"
#include "cache/script/shebang.h"
#include "cache/script/text.h"
#include "cache/state.h"

#include <lauxlib.h>
#include <lua.h>

struct script {
    char name[SCRIPT_NAME_LEN + 1];
    unsigned flags;
    int function; /* Reference in the registry. */
    size_t len;
    char text[];
};

struct scripts {
    struct engine *engine;
    struct table *table;
    uint64_t seed;
    size_t bytes;
};

static struct span name_of(const void *script)
{
    return (struct span){ ((const struct script *)script)->name, SCRIPT_NAME_LEN };
}

static const struct table_type by_name = { .key = name_of };

static struct scripts *scripts_of(struct cache *cache)
{
    if (cache->script.scripts == NULL) {
        struct scripts *scripts = memory_zero(sizeof(*scripts));
        scripts->engine = engine_new(cache, NULL);
        scripts->seed = cache->seed;
        scripts->table = table_new(&by_name, scripts->seed);
        cache->script.scripts = scripts;
    }
    return cache->script.scripts;
}

static void free_script(void *context, void *script)
{
    (void)context;
    memory_free(script);
}

void scripts_free(struct scripts *scripts)
{
    if (scripts == NULL) {
        return;
    }
    while (table_drain(scripts->table, SIZE_MAX, free_script, NULL) > 0) {
    }
    table_free(scripts->table);
    engine_free(scripts->engine);
    memory_free(scripts);
}

const char *script_name(const struct script *script)
{
    return script->name;
}

unsigned script_flags(const struct script *script)
{
    return script->flags;
}

struct span script_text(const struct script *script)
{
    return (struct span){ script->text, script->len };
}

static void lower_case(char name[SCRIPT_NAME_LEN], struct span given)
{
    for (size_t i = 0; i < SCRIPT_NAME_LEN; i++) {
        char byte = given.bytes[i];
        name[i] = byte >= 'A' && byte <= 'Z' ? (char)(byte - 'A' + 'a') : byte;
    }
}

const struct script *scripts_find(const struct cache *cache, struct span given)
{
    const struct scripts *scripts = cache->script.scripts;
    char name[SCRIPT_NAME_LEN];

    if (given.len != SCRIPT_NAME_LEN || scripts == NULL) {
        return NULL;
    }
    lower_case(name, given);
    struct span key = { name, SCRIPT_NAME_LEN };
    struct table_slot *slot = table_find(scripts->table, key, table_hash(key, scripts->seed));
    return slot == NULL ? NULL : table_slot_get(slot);
}

/* --- compiling --- */

struct compiling {
    struct span program; /* Without its first line, with the end of that. */
    int function;
};

static void compile(lua_State *L, void *context)
{
    struct compiling *compiling = context;

    if (text_load(L, compiling->program, "@user_script") != 0) {
        lua_error(L);
    }
    compiling->function = luaL_ref(L, LUA_REGISTRYINDEX);
}

static const struct script *keep(struct scripts *scripts, const char *name, struct span text,
                                 const struct shebang *shebang, int function)
{
    struct script *script = memory_alloc(sizeof(*script) + text.len);

    memcpy(script->name, name, sizeof(script->name));
    script->flags = shebang->flags;
    script->function = function;
    script->len = text.len;
    memcpy(script->text, text.bytes, text.len);
    scripts->bytes += memory_usable(script);
    table_add(scripts->table, script, table_hash(name_of(script), scripts->seed));
    return script;
}

static const struct script *make(struct cache *cache, const char *name, struct span text,
                                 struct reply *reply)
{
    struct scripts *scripts = scripts_of(cache);
    struct shebang shebang;
    struct span why;

    if (!shebang_read(text, &shebang, reply)) {
        return NULL;
    }
    struct compiling compiling = { .program = span_skip(text, shebang.len) };
    if (!engine_protect(scripts->engine, compile, &compiling, &why)) {
        reply_errorf(reply, "ERR Error compiling script (new function): %.*s", (int)why.len,
                     why.bytes);
        return NULL;
    }
    return keep(scripts, name, text, &shebang, compiling.function);
}

static const struct script *find_or_make(struct cache *cache, struct span text, struct reply *reply)
{
    struct digest digest = { { 0 } };
    char name[SCRIPT_NAME_LEN + 1];

    digest_xor(&digest, text);
    digest_text(&digest, name);
    const struct script *script = scripts_find(cache, (struct span){ name, SCRIPT_NAME_LEN });
    return script != NULL ? script : make(cache, name, text, reply);
}

const struct script *scripts_add(struct call *c, struct span text)
{
    return find_or_make(c->cache, text, c->reply);
}

void scripts_remember(struct cache *cache, struct span text)
{
    struct reply nobody = { .silent = true };
    find_or_make(cache, text, &nobody);
}

/* --- running --- */

/* Keys and arguments are global variables, which stay readable until the next script's. */
static int push_script(lua_State *L, struct script_run *run)
{
    engine_push_globals(run->engine);
    engine_push_keys(L, run);
    lua_setfield(L, -2, "KEYS");
    engine_push_arguments(L, run);
    lua_setfield(L, -2, "ARGV");
    lua_pop(L, 1);
    lua_rawgeti(L, LUA_REGISTRYINDEX, run->function);
    return 0;
}

void scripts_run(struct call *c, const struct script *script, size_t key_count, bool read_only)
{
    struct script_run run = {
        .call = c,
        .name = script->name,
        .flags = script->flags,
        .read_only = read_only,
        .key_count = key_count,
        .push = push_script,
        .function = script->function,
    };
    engine_run(scripts_of(c->cache)->engine, &run);
}

/* --- forgetting --- */

static void free_later(void *job)
{
    scripts_free(job);
}

void scripts_flush(struct cache *cache, bool at_once)
{
    struct scripts *scripts = cache->script.scripts;
    const struct cache_jobs *jobs = &cache->disposal.jobs;

    assert(cache->script.running == NULL);
    cache->script.scripts = NULL;
    if (scripts == NULL || at_once || jobs->add == NULL) {
        scripts_free(scripts);
    } else {
        jobs->add(jobs->context, free_later, scripts);
    }
}

struct scripts_stats scripts_stats(const struct cache *cache)
{
    const struct scripts *scripts = cache->script.scripts;

    if (scripts == NULL) {
        return (struct scripts_stats){ .count = 0 };
    }
    return (struct scripts_stats){
        .count = table_count(scripts->table),
        .interpreter_bytes = engine_memory(scripts->engine),
        .text_bytes = scripts->bytes + table_bytes(scripts->table),
    };
}
