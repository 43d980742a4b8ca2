/* What scripts can reach, and what they cannot. Each script runs as EVAL; its answer says how it
 * went. */

#include "tests/unit/cache/commands/try.h"

struct probe {
    const char *script;
    const char *answer; /* What the reply must contain. */
};

static void probe(const struct probe *probes, size_t count)
{
    struct try try;
    try_start(&try);
    for (size_t i = 0; i < count; i++) {
        struct span argv[] = { SPAN("EVAL"), span_from(probes[i].script), SPAN("0") };
        struct span reply = try_argv(&try, argv, COUNT(argv));
        if (strstr(reply.bytes, probes[i].answer) == NULL) {
            fail_msg("%s\nwant %s\ngot  %s", probes[i].script, probes[i].answer, reply.bytes);
        }
    }
    try_stop(&try);
}

#define PROBE(probes) probe((probes), COUNT(probes))

#define READ_ONLY "Attempt to modify a readonly table"

static void nothing_that_is_shared_can_be_changed(void **state)
{
    static const struct probe probes[] = {
        { "x = 1", READ_ONLY },
        { "redis = 1", READ_ONLY },
        { "_G.x = 1", READ_ONLY },
        { "redis.call = 1", READ_ONLY },
        { "redis.more = 1", READ_ONLY },
        { "string.len = 1", READ_ONLY },
        { "table.insert = 1", READ_ONLY },
        { "rawset(_G, 'x', 1)", READ_ONLY },
        { "rawset(redis, 'call', 1)", READ_ONLY },
        { "table.insert(redis, 1)", READ_ONLY },
        { "table.insert(_G, 1, 1)", READ_ONLY },
        { "setmetatable(_G, {})", READ_ONLY },
        { "setmetatable(redis, nil)", READ_ONLY },
        { "getmetatable(_G).__index = nil", READ_ONLY },
        { "getmetatable('').__index = nil", READ_ONLY },
        { "getmetatable('').__index.len = nil", READ_ONLY },
        { "rawset(getmetatable(''), '__index', 1)", READ_ONLY },
        { "setmetatable(getmetatable(''), {})", READ_ONLY },
        { "local f = loadstring('y = 1') f()", READ_ONLY },
        { "local c = coroutine.wrap(function() y = 1 end) c()", READ_ONLY },
        { "return tostring(getmetatable(redis))", "nil" },
        { "local f, t = pairs(redis) t.call = 1", READ_ONLY },
        { "for k, v in pairs(_G) do if type(v) == 'table' then v.x = 1 end end", READ_ONLY },
    };
    (void)state;
    PROBE(probes);
}

static void nothing_outside_can_be_reached(void **state)
{
    static const char *const names[] = {
        "io",    "os",      "package", "require", "module",   "dofile",  "loadfile",
        "print", "getfenv", "setfenv", "debug",   "newproxy", "_LOADED", "arg",
    };
    (void)state;
    for (size_t i = 0; i < COUNT(names); i++) {
        char script[64];
        char wanted[96];
        snprintf(script, sizeof(script), "return %s", names[i]);
        snprintf(wanted, sizeof(wanted), "nonexistent global variable '%s'", names[i]);
        probe(&(struct probe){ script, wanted }, 1);
    }
}

static void compiled_code_is_not_loaded(void **state)
{
    static const struct probe probes[] = {
        { "\033Lua", "unexpected symbol" },
        { "return tostring(loadstring(string.dump(function() end)))", "nil" },
        { "local f, e = loadstring('\\27Lua') return e", "unexpected symbol near 'char(27)'" },
        { "local s = string.dump(function() end) local n = 0 "
          "local f, e = load(function() n = n + 1 return n <= #s and s:sub(n, n) or nil end) "
          "return e",
          "unexpected symbol" },
        { "local n = 0 local f, e = load(function() n = n + 1 "
          "if n == 1 then return '\\27' elseif n == 2 then return 'Lua' end end) return e",
          "unexpected symbol" },
    };
    (void)state;
    PROBE(probes);
}

static void fences_look_like_tables(void **state)
{
    static const struct probe probes[] = {
        { "return type(redis)", "table" },
        { "return rawget(_G, 'redis') == redis", ":1" },
        { "return _G._G == _G", ":1" },
        { "local n = 0 for k in pairs(redis) do n = n + 1 end return n > 10", ":1" },
        { "local n = 0 for k in next, string do n = n + 1 end return n > 10", ":1" },
        { "local n = 0 table.foreach(math, function() n = n + 1 end) return n > 10", ":1" },
        { "return ('x'):rep(3)", "xxx" },
        { "return string.gfind == string.gmatch", ":1" },
    };
    (void)state;
    PROBE(probes);
}

static void what_would_stop_the_process_is_an_error(void **state)
{
    static const struct probe probes[] = {
        { "return string.find('a', string.rep('a?', 100000))", "pattern too long" },
        { "return string.gsub('a', string.rep('(', 10000), '')", "pattern too long" },
        { "return string.find(string.rep('a', 9000), string.rep('a', 9000), 1, true)", ":1" },
        { "return #string.rep('', 2147483647)", ":0" },
        { "local s = 'x' while true do s = s .. s end", "not enough memory" },
        { "local t = {} while true do t = {t} end", "not enough memory" },
        { "local function f() return f() + 1 end return f()", "stack overflow" },
        { "return string.rep('(', 100000) == loadstring(string.rep('(', 100000))", "$-1" },
        { "local s = string.rep('x', 1000000) local t = {} "
          "for i = 1, 100000 do t[i] = s .. i end",
          "not enough memory" },
        { "collectgarbage('stop') return 1", ":1" },
        { "for i = 1, 1000000 do local t = {i} end return collectgarbage('count') < 100000", ":1" },
        { "return 'still here'", "still here" },
    };
    (void)state;
    PROBE(probes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_that_is_shared_can_be_changed),
        cmocka_unit_test(nothing_outside_can_be_reached),
        cmocka_unit_test(compiled_code_is_not_loaded),
        cmocka_unit_test(fences_look_like_tables),
        cmocka_unit_test(what_would_stop_the_process_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
