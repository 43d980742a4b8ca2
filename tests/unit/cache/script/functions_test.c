/* Libraries of functions: loaded, called, taken apart and put together. The replies are those of
 * redis-server 7.0; tests/compat/functions.py compares more. */

#include "cache/script/functions.h"

#include "cache/script/host.h"
#include "tests/unit/cache/commands/try.h"

#define ONE   "#!lua name=one\nredis.register_function('f', function(k, a) return #k + #a end)"
#define ONE_2 "#!lua name=one\nredis.register_function('f', function() return 'new' end)"
#define OTHER "#!lua name=other\nredis.register_function('F', function() return 'other' end)"
#define WRITER                                                                                     \
    "#!lua name=writer\nredis.register_function('w', function(keys, args) "                        \
    "redis.call('SET', keys[1], args[1]) return redis.call('GET', keys[1]) end)"

static const char *words(struct try *try, size_t argc, ...)
{
    struct span argv[8];
    va_list args;

    assert_true(argc <= COUNT(argv));
    va_start(args, argc);
    for (size_t i = 0; i < argc; i++) {
        argv[i] = span_from(va_arg(args, const char *));
    }
    va_end(args);
    return try_argv(try, argv, argc).bytes;
}

static const char *load(struct try *try, const char *code)
{
    return words(try, 3, "FUNCTION", "LOAD", code);
}

static void calls_what_was_registered(void **state)
{
    struct try *try = *state;
    assert_string_equal(load(try, ONE), "$3\r\none\r\n");
    assert_string_equal(try_run(try, "FCALL f 2 a b c"), ":3\r\n");
    assert_string_equal(try_run(try, "FCALL F 0"), ":0\r\n");
    assert_string_equal(try_run(try, "FCALL g 0"), "-ERR Function not found\r\n");
    assert_string_equal(try_run(try, "FCALL f x"), "-ERR Bad number of keys provided\r\n");
}

static void announces_libraries_and_effects(void **state)
{
    struct try *try = *state;
    load(try, WRITER);
    try_run(try, "FCALL w 1 k v");
    try_run(try, "FUNCTION DELETE writer");
    try_run(try, "FUNCTION DELETE writer");
    try_run(try, "FUNCTION FLUSH");
    assert_string_equal(try_changes(try),
                        "0: FUNCTION LOAD " WRITER "\n0: SET k v\n0: FUNCTION DELETE writer\n"
                        "0: FUNCTION FLUSH\n");
}

static void keeps_what_was_there_when_a_load_fails(void **state)
{
    static const char *const faulty[] = {
        ONE,
        OTHER,
        "#!lua name=one\nnot a program",
        "#!lua name=one\nredis.register_function('f', 5)",
        "#!lua name=one\nreturn 1",
        "#!lua name=one\nlocal x = 'x' .. nothing",
        "no first line",
    };
    struct try *try = *state;
    load(try, ONE);
    for (size_t i = 0; i < COUNT(faulty); i++) {
        assert_int_equal(load(try, faulty[i])[0], '-');
        assert_string_equal(try_run(try, "FCALL f 0 a"), ":1\r\n");
    }
    assert_int_equal(functions_stats(try->cache).functions, 1);
    assert_string_equal(words(try, 4, "FUNCTION", "LOAD", "REPLACE", ONE_2), "$3\r\none\r\n");
    assert_string_equal(try_run(try, "FCALL f 0"), "$3\r\nnew\r\n");
    assert_int_equal(words(try, 4, "FUNCTION", "LOAD", "REPLACE", "#!lua name=one\nreturn")[0],
                     '-');
    assert_string_equal(try_run(try, "FCALL f 0"), "$3\r\nnew\r\n");
}

/* The payload that FUNCTION DUMP answers; the caller ends it. */
static struct buf dump_of(struct try *try)
{
    struct buf payload;
    buf_init(&payload, 4096);
    assert_true(functions_dump(try->cache, &payload));
    return payload;
}

static const char *restore(struct try *try, const struct buf *payload, struct span policy)
{
    const struct span argv[] = { SPAN("FUNCTION"), SPAN("RESTORE"), buf_span(payload), policy };
    return try_argv(try, argv, COUNT(argv)).bytes;
}

static void restores_all_or_nothing(void **state)
{
    struct try *try = *state;
    load(try, ONE);
    load(try, WRITER);
    struct buf payload = dump_of(try);

    assert_string_equal(restore(try, &payload, SPAN("APPEND")),
                        "-ERR Library one already exists\r\n");
    try_run(try, "FUNCTION FLUSH");
    load(try, OTHER);
    assert_string_equal(restore(try, &payload, SPAN("REPLACE")),
                        "-ERR Function f already exists\r\n");
    assert_string_equal(try_run(try, "FCALL f 0"), "$5\r\nother\r\n");
    assert_int_equal(functions_stats(try->cache).libraries, 1);
    assert_string_equal(restore(try, &payload, SPAN("FLUSH")), "+OK\r\n");
    assert_string_equal(try_run(try, "FCALL f 0 a"), ":1\r\n");
    assert_int_equal(functions_stats(try->cache).libraries, 2);
    buf_fini(&payload);
}

static void refuses_payloads_that_are_bent(void **state)
{
    struct try *try = *state;
    load(try, ONE);
    struct buf payload = dump_of(try);
    struct span whole = buf_span(&payload);
    char bent[512];

    assert_true(whole.len < sizeof(bent));
    for (size_t i = 0; i < whole.len; i++) {
        memcpy(bent, whole.bytes, whole.len);
        bent[i] = (char)(bent[i] ^ 0x10);
        const struct span argv[] = {
            SPAN("FUNCTION"), SPAN("RESTORE"), { bent, whole.len }, SPAN("FLUSH")
        };
        assert_string_equal(try_argv(try, argv, COUNT(argv)).bytes,
                            "-ERR DUMP payload version or checksum are wrong\r\n");
    }
    cache_set_sum_checks(try->cache, false);
    for (size_t i = 0; i < whole.len; i++) {
        const struct span argv[] = { SPAN("FUNCTION"), SPAN("RESTORE"), { whole.bytes, i } };
        assert_int_equal(try_argv(try, argv, COUNT(argv)).bytes[0], '-');
    }
    assert_string_equal(try_run(try, "FCALL f 0 a"), ":1\r\n");
    buf_fini(&payload);
}

static void loads_what_redis_dumped(void **state)
{
    /* redis-server 7.0.15: #!lua name=r\nredis.register_function('r',function() return 7 end) */
    static const char payload[] =
        "\xf5@A#!lua name=r\x0aredis.register_function('r',function() return 7 end)\x0a\x00"
        "1v*1\xfev\xee\x5c";
    struct try *try = *state;
    const struct span argv[] = { SPAN("FUNCTION"),
                                 SPAN("RESTORE"),
                                 { payload, sizeof(payload) - 1 } };
    assert_string_equal(try_argv(try, argv, COUNT(argv)).bytes, "+OK\r\n");
    assert_string_equal(try_run(try, "FCALL r 0"), ":7\r\n");
    struct buf own = dump_of(try);
    assert_int_equal(own.len, sizeof(payload) - 1);
    assert_memory_equal(buf_span(&own).bytes, payload, sizeof(payload) - 1);
    buf_fini(&own);
}

static void has_little_in_reach_while_loading(void **state)
{
    static const char *const names[] = {
        "math", "string",     "_G",         "pcall",         "KEYS",        "getmetatable",
        "bit",  "redis.call", "redis.math", "redis.sha1hex", "redis.redis", "redis.acl_check_cmd",
    };
    struct try *try = *state;
    char code[200];
    char reply[300];

    for (size_t i = 0; i < COUNT(names); i++) {
        const char *dot = strchr(names[i], '.');
        snprintf(code, sizeof(code), "#!lua name=x\nlocal x = %s", names[i]);
        snprintf(reply, sizeof(reply),
                 "-ERR Error registering functions: ERR user_function:2: Script attempted to "
                 "access nonexistent global variable '%s'\r\n",
                 dot == NULL ? names[i] : dot + 1);
        assert_string_equal(load(try, code), reply);
    }
    assert_string_equal(load(try, "#!lua name=x\nx = 1"),
                        "-ERR Error registering functions: ERR user_function:2: Attempt to modify "
                        "a readonly table\r\n");
}

static void keeps_the_fences_of_what_loading_saw(void **state)
{
    struct try *try = *state;
    load(try, "#!lua name=x\nlocal r = redis\n"
              "redis.register_function('write', function() r.log = 1 end)\n"
              "redis.register_function('register', function() "
              "r.register_function('y', function() end) end)\n"
              "redis.register_function('global', function() y = 1 end)\n"
              "redis.register_function('keys', function() return KEYS end)");
    assert_string_equal(try_run(try, "FCALL write 0"),
                        "-ERR user_function:3: Attempt to modify a readonly table script: write, "
                        "on @user_function:3.\r\n");
    assert_string_equal(try_run(try, "FCALL register 0"),
                        "-ERR redis.register_function can only be called on FUNCTION LOAD command "
                        "script: register, on @user_function:4.\r\n");
    assert_string_equal(try_run(try, "FCALL global 0"),
                        "-ERR user_function:5: Attempt to modify a readonly table script: global, "
                        "on @user_function:5.\r\n");
    assert_string_equal(try_run(try, "FCALL keys 0"),
                        "-ERR user_function:6: Script attempted to access nonexistent global "
                        "variable 'KEYS' script: keys, on @user_function:6.\r\n");
}

static void count(void *context, struct span code)
{
    (void)code;
    *(size_t *)context += 1;
}

static void forgets_all(void **state)
{
    struct try *try = *state;
    size_t libraries = 0;
    load(try, ONE);
    load(try, WRITER);
    functions_each(try->cache, count, &libraries);
    assert_int_equal(libraries, 2);
    functions_flush(try->cache, false);
    functions_each(try->cache, count, &libraries);
    assert_int_equal(libraries, 2);
    assert_string_equal(try_run(try, "FCALL f 0"), "-ERR Function not found\r\n");
    assert_false(functions_delete(try->cache, SPAN("one")));
}

static uint64_t late(void *context)
{
    *(uint64_t *)context += 1000;
    return *(uint64_t *)context;
}

static void ends_a_load_that_takes_too_long(void **state)
{
    struct try *try = *state;
    uint64_t clock = 0;
    const struct script_host host = { .context = &clock, .clock_ms = late };

    cache_set_script_host(try->cache, &host);
    assert_string_equal(load(try, "#!lua name=x\nwhile true do end"),
                        "-ERR Error registering functions: ERR FUNCTION LOAD timeout\r\n");
    const struct span argv[] = { SPAN("FUNCTION"), SPAN("RESTORE"),
                                 SPAN("\xf5\x27#!lua name=x\nwhile 1 do local x = 1 end"
                                      "\n\0........") };
    cache_set_sum_checks(try->cache, false);
    assert_string_equal(try_argv(try, argv, COUNT(argv)).bytes,
                        "-ERR Error registering functions: ERR FUNCTION LOAD timeout\r\n");
    cache_set_script_host(try->cache, NULL);
    assert_string_equal(load(try, ONE), "$3\r\none\r\n");
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, try_setup, try_teardown)
    const struct CMUnitTest tests[] = {
        TEST(calls_what_was_registered),
        TEST(announces_libraries_and_effects),
        TEST(keeps_what_was_there_when_a_load_fails),
        TEST(restores_all_or_nothing),
        TEST(refuses_payloads_that_are_bent),
        TEST(loads_what_redis_dumped),
        TEST(has_little_in_reach_while_loading),
        TEST(keeps_the_fences_of_what_loading_saw),
        TEST(forgets_all),
        TEST(ends_a_load_that_takes_too_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
