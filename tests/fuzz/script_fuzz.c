/* The sandbox of scripts: everything that a script can reach is called with arguments that come by
 * chance. Whatever happens, the process goes on, and
 *
 *     1  what scripts share is as it was: a second script finds the same names, the same functions
 *        behind them, and nothing it could write to
 *     2  commands work as before
 *     3  memory is given back
 *
 * The input is a program for a small machine in Lua, which walks through _G: a byte chooses what is
 * called, others the arguments. It runs without a host; only its number of steps has a bound. */

#include "cache/base/check.h"
#include "cache/base/memory.h"
#include "cache/cache.h"
#include "cache/script/scripts.h"

#include <stdint.h>

enum { NOW_MS = 1000, REPLY_MAX = 64 * 1024 * 1024, PROGRAM_MAX = 256 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* ARGV[1] is the input. What was returned before is among the arguments. Functions that may take
 * long for what they are asked get small numbers only. */
static const char machine[] =
    "local input, at = ARGV[1], 0\n"
    "local function take() at = at + 1 return input:byte(at) or 0 end\n"
    "local found, seen = {}, {}\n"
    "local function walk(name, t)\n"
    "  if seen[t] then return end\n"
    "  seen[t] = true\n"
    "  local names = {}\n"
    "  for k in pairs(t) do if type(k) == 'string' then names[#names + 1] = k end end\n"
    "  table.sort(names)\n"
    "  for _, k in ipairs(names) do\n"
    "    local v = rawget(t, k)\n"
    "    if type(v) == 'function' and k ~= 'pcall' then found[#found + 1] = v end\n"
    "    if type(v) == 'table' and k ~= 'KEYS' and k ~= 'ARGV' then walk(k, v) end\n"
    "  end\n"
    "end\n"
    "walk('_G', _G)\n"
    "walk('meta', getmetatable(_G))\n"
    "walk('text', getmetatable(''))\n"
    "local kept = {}\n"
    "local words = {'', 'x', 'call', 'set', 'get', 'incr', 'k', '%d', '(a*)*', '%b()', '\\27Lua',\n"
    "  'return 1', 'collect', 'stop', '{\"a\":[1]}', '__index', '>I4', 'eval', 'lpush', "
    "'hgetall'}\n"
    "local values = {\n"
    "  function() return nil end, function() return take() % 40 - 20 end,\n"
    "  function() return words[take() % #words + 1] end, function() return take() % 2 == 0 end,\n"
    "  function() return {} end, function() return _G end, function() return redis end,\n"
    "  function() return getmetatable('') end, function() return getmetatable(_G) end,\n"
    "  function() return found[take() % #found + 1] end, function() return kept[take() % 8] end,\n"
    "  function() return take() / 7 end, function() return {take(), {take()}, x = take()} end,\n"
    "  function() return coroutine.create(function() return 1 end) end,\n"
    "  function() return string.char(take(), take(), take()) end,\n"
    "}\n"
    "local function value() return values[take() % #values + 1]() end\n"
    "local steps = 0\n"
    "while at < #input and steps < 64 do\n"
    "  steps = steps + 1\n"
    "  local f, count = found[take() % #found + 1], take() % 4\n"
    "  local a, b, c = value(), value(), value()\n"
    "  local ok, x, y\n"
    "  if count == 0 then ok, x, y = pcall(f)\n"
    "  elseif count == 1 then ok, x, y = pcall(f, a)\n"
    "  elseif count == 2 then ok, x, y = pcall(f, a, b)\n"
    "  else ok, x, y = pcall(f, a, b, c) end\n"
    "  kept[steps % 8] = x\n"
    "end\n"
    "return kept\n";

/* A picture of all that is shared; writing to any of it must fail. */
static const char inspection[] =
    "local lines, seen = {}, {}\n"
    "local function walk(name, t)\n"
    "  if seen[t] then return end\n"
    "  seen[t] = true\n"
    "  assert(not pcall(function() t.intruder = 1 end), name)\n"
    "  assert(not pcall(rawset, t, 'intruder', 1), name)\n"
    "  assert(not pcall(setmetatable, t, {}), name)\n"
    "  for k, v in pairs(t) do\n"
    "    if k ~= 'KEYS' and k ~= 'ARGV' then\n"
    "      lines[#lines + 1] = name .. '.' .. tostring(k) .. ' ' .. tostring(v)\n"
    "      if type(v) == 'table' then walk(name .. '.' .. tostring(k), v) end\n"
    "    end\n"
    "  end\n"
    "end\n"
    "walk('_G', _G)\n"
    "walk('meta', getmetatable(_G))\n"
    "walk('text', getmetatable(''))\n"
    "table.sort(lines)\n"
    "return redis.sha1hex(table.concat(lines, '\\n'))\n";

struct fuzz {
    struct command_table *table;
    struct cache *cache;
    struct buf out;
    struct buf before;
};

static struct span run(struct fuzz *fuzz, const struct span *argv, size_t argc)
{
    const struct command *command = command_find(fuzz->table, argv, argc, NULL);
    struct reply reply = reply_into(&fuzz->out, 2);
    struct cache_request request = {
        .command = command, .argv = argv, .argc = argc, .now_ms = NOW_MS, .reply = &reply
    };
    assert(command != NULL);
    buf_cut(&fuzz->out, 0);
    cache_exec(fuzz->cache, &request);
    assert(fuzz->out.len > 0);
    return buf_span(&fuzz->out);
}

static struct span evaluate(struct fuzz *fuzz, const char *script, struct span argument)
{
    struct span argv[] = { SPAN("EVAL"), span_from(script), SPAN("0"), argument };
    return run(fuzz, argv, COUNT(argv));
}

static void start(struct fuzz *fuzz)
{
    *fuzz = (struct fuzz){ .table = command_table_new() };
    command_table_add_store(fuzz->table);
    fuzz->cache =
        cache_new(&(struct cache_options){ .databases = 2, .seed = 1, .commands = fuzz->table });
    buf_init(&fuzz->out, REPLY_MAX);
    buf_init(&fuzz->before, REPLY_MAX);
}

static void stop(struct fuzz *fuzz)
{
    cache_free(fuzz->cache);
    command_table_free(fuzz->table);
    buf_fini(&fuzz->out);
    buf_fini(&fuzz->before);
}

static void inspect(struct fuzz *fuzz)
{
    struct span picture = evaluate(fuzz, inspection, SPAN(""));
    assert(picture.bytes[0] == '$');
    if (fuzz->before.len == 0) {
        bool added = buf_add(&fuzz->before, picture);
        assert(added);
    }
    bool same = span_equal(picture, buf_span(&fuzz->before));
    assert(same);
}

static void commands_work(struct fuzz *fuzz)
{
    struct span flush[] = { SPAN("FLUSHALL") };
    bool flushed = span_equal(run(fuzz, flush, COUNT(flush)), SPAN("+OK\r\n"));
    struct span incr = evaluate(fuzz, "return redis.call('incr', 'n')", SPAN(""));
    bool counted = span_equal(incr, SPAN(":1\r\n"));
    assert(flushed);
    assert(counted);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct span input = { (const char *)data, len < PROGRAM_MAX ? len : PROGRAM_MAX };
    struct fuzz fuzz;

    start(&fuzz);
    inspect(&fuzz);
    evaluate(&fuzz, machine, input);
    inspect(&fuzz);
    commands_work(&fuzz);
    assert(scripts_stats(fuzz.cache).interpreter_bytes < 8 * 1024 * 1024);
    stop(&fuzz);
    return 0;
}
