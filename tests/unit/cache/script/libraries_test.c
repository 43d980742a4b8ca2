/* cjson, cmsgpack, struct and bit as a script sees them. The results are those of redis-server 7.0;
 * tests/compat/libraries.py compares many more. */

#include "cache/script/libraries.h"

#include "cache/base/check.h"
#include "cache/base/span.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

enum { MEMORY_MAX = 8 << 20 };

/* No more than MEMORY_MAX bytes for one interpreter. */
static void *allocate(void *context, void *block, size_t before, size_t after)
{
    size_t *used = context;

    if (after > before && after - before > MEMORY_MAX - *used) {
        return NULL;
    }
    *used = *used - before + after;
    if (after == 0) {
        free(block);
        return NULL;
    }
    return realloc(block, after);
}

static size_t used_bytes;

static int set_up(void **state)
{
    used_bytes = 0;
    lua_State *L = lua_newstate(allocate, &used_bytes);
    luaL_openlibs(L);
    lua_pushvalue(L, LUA_GLOBALSINDEX);
    assert_int_equal(script_open_libraries(L), 0);
    lua_pop(L, 1);
    *state = L;
    return 0;
}

static int tear_down(void **state)
{
    lua_close(*state);
    assert_int_equal(used_bytes, 0);
    return 0;
}

/* What the expression is, or the message of its error, as a string on Lua's stack. */
static struct span run(lua_State *L, const char *expression)
{
    struct span text;

    lua_settop(L, 0);
    const char *program = lua_pushfstring(L, "return %s", expression);
    if (luaL_loadbuffer(L, program, strlen(program), "=script") == 0) {
        lua_pcall(L, 0, 1, 0);
    }
    text.bytes = lua_tolstring(L, -1, &text.len);
    assert_non_null(text.bytes);
    return text;
}

struct expected {
    const char *expression;
    struct span result;
};

#define GIVES(expression_, literal_)                                                               \
    {                                                                                              \
        .expression = (expression_), .result = {(literal_), sizeof(literal_) - 1 }                 \
    }

static void check_all(lua_State *L, const struct expected *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct span result = run(L, cases[i].expression);
        if (!span_equal(result, cases[i].result)) {
            print_message("%s is %.*s\n", cases[i].expression, (int)result.len, result.bytes);
        }
        assert_true(span_equal(result, cases[i].result));
    }
}

static void encodes_json(void **state)
{
    static const struct expected cases[] = {
        GIVES("cjson.encode({1, 'a/b', true, cjson.null})", "[1,\"a\\/b\",true,null]"),
        GIVES("cjson.encode({a = {}})", "{\"a\":{}}"),
        GIVES("cjson.encode({[1.5] = 0.1})", "{\"1.5\":0.1}"),
        GIVES("cjson.encode({[3] = 1})", "[null,null,1]"),
        GIVES("cjson.encode({[11] = 1})",
              "script:1: Cannot serialise table: excessively sparse array"),
        GIVES("cjson.encode(1/0)", "script:1: Cannot serialise number: must not be NaN or Inf"),
        GIVES("cjson.encode({[true] = 1})",
              "script:1: Cannot serialise boolean: table key must be a number or string"),
        GIVES("cjson.encode(print)", "script:1: Cannot serialise function: type not supported"),
        GIVES("cjson.encode()", "script:1: bad argument #1 to 'encode' (expected 1 argument)"),
    };
    check_all(*state, cases, COUNT(cases));
}

static void decodes_json(void **state)
{
    static const struct expected cases[] = {
        GIVES("cjson.decode('[1, [2, {\"a\": [3]}]]')[2][2].a[1]", "3"),
        GIVES("tostring(cjson.decode('[null]')[1] == cjson.null)", "true"),
        GIVES("cjson.decode('[1')",
              "script:1: Expected comma or array end but found T_END at character 3"),
        GIVES("cjson.decode('{\"a\":1]')",
              "script:1: Expected comma or object end but found T_ARR_END at character 7"),
        GIVES("cjson.decode('{1:2}')",
              "script:1: Expected object key string but found T_NUMBER at character 2"),
        GIVES("cjson.decode('{\"a\" 2}')",
              "script:1: Expected colon but found T_NUMBER at character 6"),
        GIVES("cjson.decode('[1]]')",
              "script:1: Expected the end but found T_ARR_END at character 4"),
        GIVES("cjson.decode('[,]')", "script:1: Expected value but found T_COMMA at character 2"),
        GIVES("cjson.decode('\\0a')", "script:1: JSON parser does not support UTF-16 or UTF-32"),
    };
    check_all(*state, cases, COUNT(cases));
}

static void goes_only_as_deep_as_allowed(void **state)
{
    static const struct expected cases[] = {
        GIVES("#cjson.encode(cjson.decode(string.rep('[', 1000) .. string.rep(']', 1000)))",
              "2000"),
        GIVES("cjson.decode(string.rep('[', 1001))",
              "script:1: Found too many nested data structures (1001) at character 1001"),
        GIVES("(function() local v = 1 for i = 1, 1001 do v = {v} end "
              "return cjson.encode(v) end)()",
              "script:1: Cannot serialise, excessive nesting (1001)"),
        /* Whatever the setting, the interpreter's stack is the limit. */
        GIVES("(function() local c = cjson.new() c.decode_max_depth(2^31 - 1) "
              "return tostring(pcall(c.decode, string.rep('[', 1000000))) end)()",
              "false"),
        GIVES("(function() local c, v = cjson.new(), 1 c.encode_max_depth(2^31 - 1) "
              "for i = 1, 50000 do v = {v} end return tostring(pcall(c.encode, v)) end)()",
              "false"),
        GIVES("tostring(pcall(cmsgpack.unpack, string.rep('\\145', 1000000)))", "false"),
        GIVES("tostring(pcall(cmsgpack.unpack, string.rep('\\129', 1000000)))", "false"),
        GIVES("tostring(pcall(cmsgpack.unpack, string.rep('\\1', 1000000)))", "false"),
        GIVES("tostring(pcall(struct.unpack, string.rep('i0', 10000), ''))", "false"),
    };
    check_all(*state, cases, COUNT(cases));
}

static void takes_no_more_memory_than_the_interpreter_may(void **state)
{
    static const struct expected cases[] = {
        GIVES("(function() local v = {1} for i = 1, 40 do v = {v, v} end "
              "return cjson.encode(v) end)()",
              "not enough memory"),
        GIVES("(function() local v = {1} for i = 1, 14 do v = {v, v, v, v, v, v, v, v} end "
              "return cmsgpack.pack(v) end)()",
              "not enough memory"),
        GIVES("cjson.encode('still there')", "\"still there\""),
    };
    check_all(*state, cases, COUNT(cases));
}

static void keeps_the_settings_of_each_copy(void **state)
{
    static const struct expected cases[] = {
        GIVES("(function() local c = cjson.new() c.encode_number_precision(3) "
              "return c.encode(1/3) .. cjson.encode(1/3) end)()",
              "0.3330.33333333333333"),
        GIVES("(function() local c = cjson.new() c.encode_invalid_numbers('null') "
              "return c.encode({1/0}) end)()",
              "[null]"),
        GIVES("(function() local c = cjson.new() c.encode_sparse_array(true) "
              "return c.encode({[100] = 1}) end)()",
              "{\"100\":1}"),
        GIVES("cjson.new().encode_number_precision(15)",
              "script:1: bad argument #1 to 'encode_number_precision' "
              "(expected integer between 1 and 14)"),
        GIVES("cjson.new().encode_keep_buffer(1, 2)",
              "script:1: bad argument #2 to 'encode_keep_buffer' (found too many arguments)"),
    };
    check_all(*state, cases, COUNT(cases));
}

static void packs_messages(void **state)
{
    static const struct expected cases[] = {
        GIVES("cmsgpack.pack({1, 'a', {b = false}})", "\x93\1\xa1"
                                                      "a\x81\xa1"
                                                      "b\xc2"),
        GIVES("cmsgpack.pack({})", "\x90"),
        GIVES("cmsgpack.pack(nil, {[2] = 1}, print)", "\xc0\x81\2\1\xc0"),
        GIVES("(function() local v = {} v[1] = v return cmsgpack.pack(v) end)()",
              "\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\xc0"),
        GIVES("cmsgpack.pack()",
              "script:1: bad argument #0 to 'pack' (MessagePack pack needs input.)"),
    };
    check_all(*state, cases, COUNT(cases));
}

static void unpacks_messages(void **state)
{
    static const struct expected cases[] = {
        GIVES("select('#', cmsgpack.unpack(''))", "0"),
        GIVES("table.concat({cmsgpack.unpack('\\1\\2\\3')}, ',')", "1,2,3"),
        GIVES("table.concat({cmsgpack.unpack_one('\\1\\2\\3', 1)}, ',')", "2,2"),
        GIVES("table.concat({cmsgpack.unpack_limit('\\1\\2\\3', 2, 1)}, ',')", "-1,2,3"),
        GIVES("cmsgpack.unpack('\\129\\161a\\146\\1\\2').a[2]", "2"),
        GIVES("cmsgpack.unpack('\\146\\1')", "script:1: Missing bytes in input."),
        GIVES("cmsgpack.unpack('\\193')", "script:1: Bad data format in input."),
        GIVES("cmsgpack.unpack('\\129\\192\\1')", "table index is nil"),
        GIVES("cmsgpack.unpack_one('a', 2)",
              "script:1: Start offset 2 greater than input length 1."),
        GIVES("cmsgpack.unpack_limit('abc', -1, 3)",
              "script:1: Invalid request to unpack with offset of 3 and limit of 3."),
    };
    check_all(*state, cases, COUNT(cases));
}

static void packs_structs(void **state)
{
    static const struct expected cases[] = {
        GIVES("struct.pack('>hBs', -2, 255, 'ab')", "\xff\xfe\xff"
                                                    "ab\0"),
        GIVES("struct.pack('<!4bi4', 1, 2)", "\1\0\0\0\2\0\0\0"),
        GIVES("struct.pack('c0c2xc', 'abc', 'defg', 'h')", "abcde\0h"),
        GIVES("struct.size('!8bd')", "16"),
        GIVES("struct.size('z')", "0"),
        GIVES("struct.size('c0')",
              "script:1: bad argument #1 to 'size' (option 'c0' has no fixed size)"),
        GIVES("struct.size('s')",
              "script:1: bad argument #1 to 'size' (option 's' has no fixed size)"),
        GIVES("struct.pack('i33', 1)", "script:1: integral size 33 is larger than limit of 32"),
        GIVES("struct.pack('c99999999999', 'a')", "script:1: integral size overflow"),
        GIVES("struct.pack('!3')", "script:1: alignment 3 is not a power of 2"),
        GIVES("struct.pack('z', 1)",
              "script:1: bad argument #1 to 'pack' (invalid format option 'z')"),
        GIVES("struct.pack('c4', 'abc')", "script:1: bad argument #3 to 'pack' (string too short)"),
        GIVES("struct.pack('b')", "script:1: bad argument #2 to 'pack' (number expected, got nil)"),
    };
    check_all(*state, cases, COUNT(cases));
}

static void unpacks_structs(void **state)
{
    static const struct expected cases[] = {
        GIVES("table.concat({struct.unpack('>hBs', '\\255\\254\\255ab\\0')}, ',')", "-2,255,ab,7"),
        GIVES("table.concat({struct.unpack('Bc0', '\\2abc')}, ',')", "ab,4"),
        GIVES("struct.unpack('h', 'a')",
              "script:1: bad argument #2 to 'unpack' (data string too short)"),
        GIVES("struct.unpack('Bc0', '\\9abc')",
              "script:1: bad argument #2 to 'unpack' (data string too short)"),
        GIVES("struct.unpack('c0', 'abc')", "script:1: format 'c0' needs a previous size"),
        GIVES("struct.unpack('s', 'abc')", "script:1: unfinished string in data"),
        GIVES("struct.unpack('b', 'abc', 0)",
              "script:1: bad argument #3 to 'unpack' (offset must be 1 or greater)"),
        GIVES("struct.unpack('b', 'abc', -1)",
              "script:1: bad argument #2 to 'unpack' (data string too short)"),
    };
    check_all(*state, cases, COUNT(cases));
}

static void computes_on_bits(void **state)
{
    static const struct expected cases[] = {
        GIVES("bit.tobit(0xffffffff)", "-1"),
        GIVES("bit.tobit(2^32 + 5.5)", "6"),
        GIVES("bit.bnot(0)", "-1"),
        GIVES("bit.band(7, 12, 5)", "4"),
        GIVES("bit.bor(1, 2, 4)", "7"),
        GIVES("bit.bxor(5, 1)", "4"),
        GIVES("bit.lshift(1, 33)", "2"),
        GIVES("bit.rshift(-1, 28)", "15"),
        GIVES("bit.arshift(-16, 2)", "-4"),
        GIVES("bit.arshift(-16, 0)", "-16"),
        GIVES("bit.rol(0x12345678, 12)", "1164411171"),
        GIVES("bit.ror(1, 1)", "-2147483648"),
        GIVES("bit.bswap(0x12345678)", "2018915346"),
        GIVES("bit.tohex(255)", "000000ff"),
        GIVES("bit.tohex(0xabcdef, -4)", "CDEF"),
        GIVES("bit.tohex(1, -2^31)", "00000001"),
        GIVES("bit.band()", "script:1: bad argument #1 to 'band' (number expected, got no value)"),
        GIVES("bit.band(1, 'x')",
              "script:1: bad argument #2 to 'band' (number expected, got string)"),
    };
    check_all(*state, cases, COUNT(cases));
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(encodes_json),
        TEST(decodes_json),
        TEST(goes_only_as_deep_as_allowed),
        TEST(takes_no_more_memory_than_the_interpreter_may),
        TEST(keeps_the_settings_of_each_copy),
        TEST(packs_messages),
        TEST(unpacks_messages),
        TEST(packs_structs),
        TEST(unpacks_structs),
        TEST(computes_on_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
