/* EVAL and its kin, on a store without a host. */

#include "tests/unit/cache/commands/try.h"

#include "cache/script/scripts.h"

struct run {
    const char *script;
    const char *reply;
};

static const char *eval(struct try *try, const char *script)
{
    struct span argv[] = { SPAN("EVAL"), span_from(script), SPAN("2"), SPAN("k1"),
                           SPAN("k2"),   SPAN("a1"),        SPAN("a2") };
    return try_argv(try, argv, COUNT(argv)).bytes;
}

static void run_all(int protocol, const struct run *runs, size_t count)
{
    struct try try;
    try_start(&try);
    try.protocol = protocol;
    for (size_t i = 0; i < count; i++) {
        const char *reply = eval(&try, runs[i].script);
        if (strcmp(reply, runs[i].reply) != 0) {
            fail_msg("%s\nwant %s\ngot  %s", runs[i].script, runs[i].reply, reply);
        }
    }
    try_stop(&try);
}

static void values_become_replies(void **state)
{
    static const struct run runs[] = {
        { "return 'text'", "$4\r\ntext\r\n" },
        { "return 3.99", ":3\r\n" },
        { "return -3.99", ":-3\r\n" },
        { "return 2^63", ":-9223372036854775808\r\n" },
        { "return 0/0", ":-9223372036854775808\r\n" },
        { "return true", ":1\r\n" },
        { "return false", "$-1\r\n" },
        { "return nil", "$-1\r\n" },
        { "return", "$-1\r\n" },
        { "return function() end", "$-1\r\n" },
        { "return {}", "*0\r\n" },
        { "return {1, 'b', {true}}", "*3\r\n:1\r\n$1\r\nb\r\n*1\r\n:1\r\n" },
        { "return {1, nil, 3}", "*1\r\n:1\r\n" },
        { "return {ok = 'fine\\r\\nso'}", "+fine  so\r\n" },
        { "return {err = 'BAD so\\nsad'}", "-BAD so sad\r\n" },
        { "return {ok = 1}", "*0\r\n" },
        { "return {double = 1.5}", "$3\r\n1.5\r\n" },
        { "return {big_number = '12\\n3'}", "$4\r\n12 3\r\n" },
        { "return {map = {a = 1}}", "*2\r\n$1\r\na\r\n:1\r\n" },
        { "return {map = {[{1}] = {2, {3}}}}", "*2\r\n*1\r\n:1\r\n*2\r\n:2\r\n*1\r\n:3\r\n" },
        { "return {set = {a = true}}", "*1\r\n$1\r\na\r\n" },
        { "return {verbatim_string = {format = 'txt', string = 'x'}}", "$1\r\nx\r\n" },
        { "return {verbatim_string = {format = 'txt'}}", "$-1\r\n" },
        { "return KEYS", "*2\r\n$2\r\nk1\r\n$2\r\nk2\r\n" },
        { "return ARGV", "*2\r\n$2\r\na1\r\n$2\r\na2\r\n" },
        { "return setmetatable({}, {__index = function() return 1 end})", "*0\r\n" },
    };
    (void)state;
    run_all(2, runs, COUNT(runs));
}

static void values_become_resp3(void **state)
{
    static const struct run runs[] = {
        { "return true", ":1\r\n" },
        { "redis.setresp(3) return true", "#t\r\n" },
        { "redis.setresp(3) return false", "#f\r\n" },
        { "return nil", "_\r\n" },
        { "return {double = 1.5}", ",1.5\r\n" },
        { "return {big_number = '123'}", "(123\r\n" },
        { "return {map = {a = {1}}}", "%1\r\n$1\r\na\r\n*1\r\n:1\r\n" },
        { "return {set = {a = true}}", "~1\r\n$1\r\na\r\n" },
        { "return {verbatim_string = {format = 'txt', string = 'x'}}", "=5\r\ntxt:x\r\n" },
        { "redis.call('hset', 'h', 'f', 'v') redis.setresp(3) "
          "return redis.call('hgetall', 'h').map.f",
          "$1\r\nv\r\n" },
        { "return redis.call('hgetall', 'h')[2]", "$1\r\nv\r\n" },
        { "redis.call('sadd', 's', 'm') redis.setresp(3) "
          "return redis.call('smembers', 's').set.m",
          "#t\r\n" },
        { "redis.setresp(3) return tostring(redis.call('get', 'none'))", "$3\r\nnil\r\n" },
        { "return tostring(redis.call('get', 'none'))", "$5\r\nfalse\r\n" },
        { "redis.call('zadd', 'z', 1.5, 'm') redis.setresp(3) "
          "return redis.call('zscore', 'z', 'm').double * 2",
          ":3\r\n" },
    };
    (void)state;
    run_all(3, runs, COUNT(runs));
}

static void a_table_that_holds_itself_has_an_end(void **state)
{
    struct try try;
    (void)state;

    try_start(&try);
    const char *reply = eval(&try, "local t = {} t[1] = t return t");
    assert_non_null(strstr(reply, "*1\r\n*1\r\n-ERR reached lua stack limit\r\n"));
    reply = eval(&try, "local t = {} for i = 1, 64 do t = {t, t} end return t");
    assert_string_equal(reply, "-ERR the answer of the script is too large\r\n");
    assert_string_equal(eval(&try, "return 1"), ":1\r\n");
    try_stop(&try);
}

static void errors_say_where(void **state)
{
    static const struct run runs[] = {
        { "return redis.pcall('nosuch')", "-ERR Unknown Redis command called from script\r\n" },
        { "return redis.pcall('get')",
          "-ERR Wrong number of args calling Redis command from script\r\n" },
        { "return redis.pcall('eval', '1', 0)",
          "-ERR This Redis command is not allowed from script\r\n" },
        { "return redis.pcall()",
          "-ERR Please specify at least one argument for this redis lib call\r\n" },
        { "return redis.pcall('get', {})",
          "-ERR Lua redis lib command arguments must be strings or integers\r\n" },
        { "local ok, e = pcall(redis.call, 'get') return e",
          "$58\r\nERR Wrong number of args calling Redis command from script\r\n" },
        { "return redis.error_reply('one')", "-ERR one\r\n" },
        { "return redis.error_reply('-CODE two')", "-CODE two\r\n" },
        { "return redis.status_reply('PONG')", "+PONG\r\n" },
        { "return redis.sha1hex('a')", "$40\r\n86f7e437faa5a7fce15d1ddcb9eaeaea377667b8\r\n" },
        { ")", "-ERR Error compiling script (new function): user_script:1: unexpected symbol near "
               "')'\r\n" },
    };
    struct try try;
    (void)state;

    run_all(2, runs, COUNT(runs));
    try_start(&try);
    const char *reply = eval(&try, "local x = 1\nerror('sad')");
    assert_ptr_equal(strstr(reply, "-ERR user_script:2: sad script: "), reply);
    assert_non_null(strstr(reply, ", on @user_script:2.\r\n"));
    try_stop(&try);
}

static void the_effects_are_the_change(void **state)
{
    struct try try;
    (void)state;

    try_start(&try);
    eval(&try, "redis.call('set', KEYS[1], ARGV[1]) redis.call('incr', KEYS[2]) "
               "redis.call('get', KEYS[1]) redis.pcall('incr', KEYS[1])");
    assert_string_equal(try_changes(&try), "0: set k1 a1\n0: incr k2\n");
    eval(&try, "return redis.call('get', KEYS[1])");
    assert_string_equal(try_changes(&try), "");
    eval(&try, "redis.call('set', 'k', 1) error('too late')");
    assert_string_equal(try_changes(&try), "0: set k 1\n");
    try_stop(&try);
}

struct joined {
    size_t changes, joined;
};

static void note_joined(void *context, const struct change *change)
{
    struct joined *joined = context;
    joined->changes++;
    joined->joined += change->joined;
}

static void the_effects_are_one_unit(void **state)
{
    struct try try;
    struct joined joined = { 0 };
    (void)state;

    try_start(&try);
    cache_listen(try.cache, note_joined, &joined);
    eval(&try, "for i = 1, 5 do redis.call('set', 'k' .. i, i) end");
    assert_int_equal(joined.changes, 5);
    assert_int_equal(joined.joined, 4);
    try_run(&try, "SET after x");
    assert_int_equal(joined.joined, 4);
    try_stop(&try);
}

static void keys_are_counted(void **state)
{
    static const struct try_row rows[] = {
        { "EVAL x y", "-ERR value is not an integer or out of range\r\n" },
        { "EVAL x -1", "-ERR Number of keys can't be negative\r\n" },
        { "EVAL x 1", "-ERR Number of keys can't be greater than number of args\r\n" },
        { "EVALSHA abc y", "-NOSCRIPT No matching script. Please use EVAL.\r\n" },
        { "EVALSHA 0123456789012345678901234567890123456789 y",
          "-ERR value is not an integer or out of range\r\n" },
        { "EVALSHA 0123456789012345678901234567890123456789 0",
          "-NOSCRIPT No matching script. Please use EVAL.\r\n" },
    };
    struct try try;
    (void)state;

    try_start(&try);
    try_rows(&try, rows, COUNT(rows));
    try_stop(&try);
}

static void scripts_are_known_by_their_sums(void **state)
{
    static const struct try_row rows[] = {
        { "SCRIPT EXISTS a6acdeabbe30b3e6a5e0c3df9ba6ec6dd8b5ce7a no", "*2\r\n:0\r\n:0\r\n" },
        { "SCRIPT FLUSH now", "-ERR SCRIPT FLUSH only support SYNC|ASYNC option\r\n" },
        { "SCRIPT KILL", "-NOTBUSY No scripts in execution right now.\r\n" },
        { "SCRIPT DEBUG NO", "+OK\r\n" },
    };
    struct try try;
    char name[SCRIPT_NAME_LEN + 1];
    char line[128];
    (void)state;

    try_start(&try);
    try_rows(&try, rows, COUNT(rows));
    const char *reply = try_run(&try, "SCRIPT LOAD return(7)");
    memcpy(name, reply + strlen("$40\r\n"), SCRIPT_NAME_LEN);
    name[SCRIPT_NAME_LEN] = '\0';
    snprintf(line, sizeof(line), "EVALSHA %s 0", name);
    assert_string_equal(try_run(&try, line), ":7\r\n");
    for (char *at = name; *at != '\0'; at++) {
        *at = *at >= 'a' && *at <= 'f' ? (char)(*at - 'a' + 'A') : *at;
    }
    snprintf(line, sizeof(line), "EVALSHA_RO %s 0", name);
    assert_string_equal(try_run(&try, line), ":7\r\n");
    assert_int_equal(scripts_stats(try.cache).count, 1);
    assert_string_equal(try_run(&try, "SCRIPT FLUSH"), "+OK\r\n");
    assert_int_equal(scripts_stats(try.cache).count, 0);
    assert_string_equal(try_run(&try, line), "-NOSCRIPT No matching script. Please use EVAL.\r\n");
    try_stop(&try);
}

static void readers_do_not_write(void **state)
{
    static const struct run runs[] = {
        { "#!lua flags=no-writes\nreturn redis.pcall('set', 'x', 1)",
          "-ERR Write commands are not allowed from read-only scripts.\r\n" },
        { "#!lua flags=no-writes\nreturn redis.pcall('publish', 'x', 1)",
          "-ERR Write commands are not allowed from read-only scripts.\r\n" },
        { "#!lua flags=no-writes\nreturn redis.call('exists', 'x')", ":0\r\n" },
        { "#!lua\nreturn redis.call('set', 'x', 1)", "+OK\r\n" },
    };
    struct try try;
    (void)state;

    run_all(2, runs, COUNT(runs));
    try_start(&try);
    struct span argv[] = { SPAN("EVAL_RO"), SPAN("#!lua\nreturn 1"), SPAN("0") };
    assert_string_equal(try_argv(&try, argv, COUNT(argv)).bytes,
                        "-ERR Can not execute a script with write flag using *_ro command.\r\n");
    argv[1] = SPAN("return redis.pcall('set', 'x', 1)");
    assert_string_equal(try_argv(&try, argv, COUNT(argv)).bytes,
                        "-ERR Write commands are not allowed from read-only scripts.\r\n");
    try_stop(&try);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_become_replies),
        cmocka_unit_test(values_become_resp3),
        cmocka_unit_test(a_table_that_holds_itself_has_an_end),
        cmocka_unit_test(errors_say_where),
        cmocka_unit_test(the_effects_are_the_change),
        cmocka_unit_test(the_effects_are_one_unit),
        cmocka_unit_test(keys_are_counted),
        cmocka_unit_test(scripts_are_known_by_their_sums),
        cmocka_unit_test(readers_do_not_write),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
