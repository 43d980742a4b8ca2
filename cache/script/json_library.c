/* The library `cjson`: Lua's values to JSON and back.
 *
 * Neither way calls itself. What is open lies on Lua's stack, three values for each level:
 *
 *     encode   table, its length as an array or nil, the last index or key
 *     decode   table, the index or key of the value that is being read
 *
 * How deep that goes is bounded by the library's own settings and by the stack.
 *
 * Its settings belong to each copy that cjson.new() makes: they are a userdata that all functions
 * of the copy have as their upvalue, and outlive the script, as in Redis. */

#include "cache/script/libraries.h"

#include "cache/base/check.h"
#include "cache/script/json.h"
#include "cache/script/output.h"

#include <lauxlib.h>
#include <limits.h>
#include <lua.h>
#include <math.h>
#include <stdint.h>

enum { DEPTH_DEFAULT = 1000, SPARSE_RATIO = 2, SPARSE_SAFE = 10, MESSAGE_MAX = 64 };

enum invalid { INVALID_REFUSED, INVALID_WRITTEN, INVALID_NULL };

struct settings {
    int sparse_convert, sparse_ratio, sparse_safe;
    int encode_depth, decode_depth;
    int precision;
    int keeps_buffer; /* Only remembered. */
    int encode_invalid, decode_invalid;
};

static struct settings *settings_of(lua_State *L)
{
    return lua_touserdata(L, lua_upvalueindex(1));
}

/* --- encode --- */

struct encoder {
    lua_State *L;
    const struct settings *settings;
    struct output output;
    int depth;
};

static int refuse(const struct encoder *encoder, int at, const char *why)
{
    lua_State *L = encoder->L;
    return luaL_error(L, "Cannot serialise %s: %s", luaL_typename(L, at), why);
}

static void add_string(struct encoder *encoder, int at)
{
    size_t len;
    const char *bytes = lua_tolstring(encoder->L, at, &len);

    output_add_byte(&encoder->output, '"');
    for (size_t i = 0; i < len; i++) {
        const char *escape = json_escape((unsigned char)bytes[i]);
        if (escape == NULL) {
            output_add_byte(&encoder->output, bytes[i]);
        } else {
            output_add(&encoder->output, escape, strlen(escape));
        }
    }
    output_add_byte(&encoder->output, '"');
}

static void add_number(struct encoder *encoder, int at)
{
    char text[JSON_NUMBER_MAX];
    double number = lua_tonumber(encoder->L, at);

    if (!isfinite(number)) {
        if (encoder->settings->encode_invalid == INVALID_REFUSED) {
            refuse(encoder, at, "must not be NaN or Inf");
        }
        if (encoder->settings->encode_invalid == INVALID_NULL) {
            output_add(&encoder->output, "null", 4);
            return;
        }
    }
    size_t len = json_format_number(text, number, encoder->settings->precision);
    output_add(&encoder->output, text, len);
}

/* The greatest index of the table on top if all its keys are integers from 1, else -1. It is an int
 * in Redis, whose conversion of what is greater makes the table an object. */
static int64_t highest_index(lua_State *L, int64_t *count)
{
    int64_t highest = 0;

    *count = 0;
    lua_pushnil(L);
    while (lua_next(L, -2) != 0) {
        double index = lua_type(L, -2) == LUA_TNUMBER ? lua_tonumber(L, -2) : 0;
        if (!(index >= 1 && floor(index) == index)) {
            lua_pop(L, 2);
            return -1;
        }
        if (index > (double)highest) {
            highest = index > INT_MAX ? INT_MIN : (int64_t)index;
        }
        *count += 1;
        lua_pop(L, 1);
    }
    return highest;
}

/* How many elements the table on top has as an array; 0 or less: it is an object. */
static int64_t length_of(const struct encoder *encoder)
{
    const struct settings *settings = encoder->settings;
    int64_t count;
    int64_t highest = highest_index(encoder->L, &count);

    if (settings->sparse_ratio > 0 && highest > count * settings->sparse_ratio &&
        highest > settings->sparse_safe) {
        if (!settings->sparse_convert) {
            refuse(encoder, -1, "excessively sparse array");
        }
        return -1;
    }
    return highest;
}

static void open_table(struct encoder *encoder)
{
    lua_State *L = encoder->L;

    encoder->depth++;
    if (encoder->depth > encoder->settings->encode_depth || !lua_checkstack(L, 6)) {
        luaL_error(L, "Cannot serialise, excessive nesting (%d)", encoder->depth);
    }
    int64_t length = length_of(encoder);
    output_add_byte(&encoder->output, length > 0 ? '[' : '{');
    if (length > 0) {
        lua_pushnumber(L, (lua_Number)length);
        lua_pushnumber(L, 0);
    } else {
        lua_pushnil(L);
        lua_pushnil(L);
    }
}

/* Writes the value on top and pops it; a table stays, opened. */
static void begin_value(struct encoder *encoder)
{
    lua_State *L = encoder->L;

    switch (lua_type(L, -1)) {
    case LUA_TSTRING:
        add_string(encoder, -1);
        break;
    case LUA_TNUMBER:
        add_number(encoder, -1);
        break;
    case LUA_TBOOLEAN:
        output_add(&encoder->output, lua_toboolean(L, -1) ? "true" : "false",
                   lua_toboolean(L, -1) ? 4 : 5);
        break;
    case LUA_TTABLE:
        open_table(encoder);
        return;
    case LUA_TNIL:
        output_add(&encoder->output, "null", 4);
        break;
    case LUA_TLIGHTUSERDATA:
        if (lua_touserdata(L, -1) != NULL) {
            refuse(encoder, -1, "type not supported");
        }
        output_add(&encoder->output, "null", 4);
        break;
    default:
        refuse(encoder, -1, "type not supported");
    }
    lua_pop(L, 1);
}

static void add_key(struct encoder *encoder)
{
    switch (lua_type(encoder->L, -2)) {
    case LUA_TNUMBER:
        output_add_byte(&encoder->output, '"');
        add_number(encoder, -2);
        output_add_byte(&encoder->output, '"');
        break;
    case LUA_TSTRING:
        add_string(encoder, -2);
        break;
    default:
        refuse(encoder, -2, "table key must be a number or string");
    }
    output_add_byte(&encoder->output, ':');
}

static bool next_of_array(struct encoder *encoder)
{
    lua_State *L = encoder->L;
    int index = (int)lua_tonumber(L, -1) + 1;

    if ((lua_Number)index > lua_tonumber(L, -2)) {
        return false;
    }
    if (index > 1) {
        output_add_byte(&encoder->output, ',');
    }
    lua_pop(L, 1);
    lua_pushnumber(L, index);
    lua_rawgeti(L, -3, index);
    return true;
}

static bool next_of_object(struct encoder *encoder)
{
    if (lua_next(encoder->L, -3) == 0) {
        lua_pushnil(encoder->L); /* In the place of the key. */
        return false;
    }
    if (encoder->output.bytes[encoder->output.len - 1] != '{') {
        output_add_byte(&encoder->output, ',');
    }
    add_key(encoder);
    return true;
}

/* True: the next value of the innermost table was pushed. False: that was its end. */
static bool next_value(struct encoder *encoder)
{
    bool is_object = lua_isnil(encoder->L, -2);

    if (is_object ? next_of_object(encoder) : next_of_array(encoder)) {
        return true;
    }
    output_add_byte(&encoder->output, is_object ? '}' : ']');
    lua_pop(encoder->L, 3);
    encoder->depth--;
    return false;
}

static int encode(lua_State *L)
{
    struct encoder encoder = { .L = L, .settings = settings_of(L) };

    luaL_argcheck(L, lua_gettop(L) == 1, 1, "expected 1 argument");
    output_begin(&encoder.output, L);
    lua_pushvalue(L, 1);
    begin_value(&encoder);
    while (encoder.depth > 0) {
        if (next_value(&encoder)) {
            begin_value(&encoder);
        }
    }
    output_push(&encoder.output);
    return 1;
}

/* --- decode --- */

struct decoder {
    lua_State *L;
    const struct settings *settings;
    struct json_reader reader;
    struct json_token token; /* The next. */
    int depth;
};

static void advance(struct decoder *decoder)
{
    decoder->token = json_next(&decoder->reader);
}

static int expected(const struct decoder *decoder, const char *what)
{
    return luaL_error(decoder->L, "Expected %s but found %s at character %d", what,
                      json_found(&decoder->token), (int)decoder->token.at + 1);
}

/* The key of the next value, and the value's first token. */
static void take_key(struct decoder *decoder)
{
    if (decoder->token.kind != JSON_STRING) {
        expected(decoder, "object key string");
    }
    lua_pushlstring(decoder->L, decoder->token.string.bytes, decoder->token.string.len);
    advance(decoder);
    if (decoder->token.kind != JSON_COLON) {
        expected(decoder, "colon");
    }
    advance(decoder);
}

/* True: it was empty, and is complete. */
static bool open_container(struct decoder *decoder)
{
    bool is_object = decoder->token.kind == JSON_OBJECT_BEGIN;

    decoder->depth++;
    if (decoder->depth > decoder->settings->decode_depth || !lua_checkstack(decoder->L, 4)) {
        luaL_error(decoder->L, "Found too many nested data structures (%d) at character %d",
                   decoder->depth, (int)(decoder->reader.at - decoder->reader.text));
    }
    lua_newtable(decoder->L);
    advance(decoder);
    if (decoder->token.kind == (is_object ? JSON_OBJECT_END : JSON_ARRAY_END)) {
        decoder->depth--;
        return true;
    }
    if (is_object) {
        take_key(decoder);
    } else {
        lua_pushnumber(decoder->L, 1);
    }
    return false;
}

/* Pushes what the token begins. True: it is complete. False: a container was opened, and the token
 * begins its first value. */
static bool begin_decoding(struct decoder *decoder)
{
    lua_State *L = decoder->L;
    const struct json_token *token = &decoder->token;

    switch (token->kind) {
    case JSON_STRING:
        lua_pushlstring(L, token->string.bytes, token->string.len);
        break;
    case JSON_NUMBER:
        lua_pushnumber(L, token->number);
        break;
    case JSON_BOOLEAN:
        lua_pushboolean(L, token->is);
        break;
    case JSON_NULL:
        lua_pushlightuserdata(L, NULL);
        break;
    case JSON_OBJECT_BEGIN:
    case JSON_ARRAY_BEGIN:
        return open_container(decoder);
    default:
        expected(decoder, "value");
    }
    return true;
}

/* Puts the complete value on top into its container. True: that is complete now, and on top. False:
 * the token begins its next value. */
static bool store(struct decoder *decoder)
{
    lua_State *L = decoder->L;
    bool is_array = lua_type(L, -2) == LUA_TNUMBER;
    lua_Number index = is_array ? lua_tonumber(L, -2) : 0;

    lua_rawset(L, -3);
    advance(decoder);
    if (decoder->token.kind == (is_array ? JSON_ARRAY_END : JSON_OBJECT_END)) {
        decoder->depth--;
        return true;
    }
    if (decoder->token.kind != JSON_COMMA) {
        expected(decoder, is_array ? "comma or array end" : "comma or object end");
    }
    advance(decoder);
    if (is_array) {
        lua_pushnumber(L, index + 1);
    } else {
        take_key(decoder);
    }
    return false;
}

static void decode_all(struct decoder *decoder)
{
    bool done = false;

    advance(decoder);
    while (!done) {
        done = begin_decoding(decoder);
        while (done && decoder->depth > 0) {
            done = store(decoder);
        }
    }
    advance(decoder);
    if (decoder->token.kind != JSON_END) {
        expected(decoder, "the end");
    }
}

static int decode(lua_State *L)
{
    size_t len;
    struct decoder decoder = { .L = L, .settings = settings_of(L) };

    luaL_argcheck(L, lua_gettop(L) == 1, 1, "expected 1 argument");
    const char *text = luaL_checklstring(L, 1, &len);
    if (len >= 2 && (text[0] == '\0' || text[1] == '\0')) {
        return luaL_error(L, "JSON parser does not support UTF-16 or UTF-32");
    }
    decoder.reader = (struct json_reader){
        .text = text,
        .at = text,
        .room = lua_newuserdata(L, len + 1),
        .takes_invalid = decoder.settings->decode_invalid != INVALID_REFUSED,
    };
    decode_all(&decoder);
    return 1;
}

/* --- settings --- */

static struct settings *begin_setting(lua_State *L, int count)
{
    luaL_argcheck(L, lua_gettop(L) <= count, count + 1, "found too many arguments");
    lua_settop(L, count);
    return settings_of(L);
}

static void set_number(lua_State *L, int at, int *setting, int min, int max)
{
    char message[MESSAGE_MAX];

    if (!lua_isnil(L, at)) {
        lua_Integer value = luaL_checkinteger(L, at);
        const char *text = lua_pushfstring(L, "expected integer between %d and %d", min, max);
        size_t len = strlen(text);
        assert(len < sizeof(message));
        memcpy(message, text, len + 1);
        lua_pop(L, 1);
        luaL_argcheck(L, (int)value >= min && (int)value <= max, 1, message);
        *setting = (int)value;
    }
    lua_pushinteger(L, *setting);
}

static void set_choice(lua_State *L, int at, int *setting, const char *const *names)
{
    if (lua_isboolean(L, at)) {
        *setting = lua_toboolean(L, at);
    } else if (!lua_isnil(L, at)) {
        *setting = luaL_checkoption(L, at, NULL, names);
    }
    if (*setting <= 1) {
        lua_pushboolean(L, *setting);
    } else {
        lua_pushstring(L, names[*setting]);
    }
}

static const char *const on_off[] = { "off", "on", NULL };
static const char *const on_off_null[] = { "off", "on", "null", NULL };

static int encode_sparse_array(lua_State *L)
{
    struct settings *settings = begin_setting(L, 3);
    set_choice(L, 1, &settings->sparse_convert, on_off);
    set_number(L, 2, &settings->sparse_ratio, 0, INT_MAX);
    set_number(L, 3, &settings->sparse_safe, 0, INT_MAX);
    return 3;
}

static int encode_max_depth(lua_State *L)
{
    set_number(L, 1, &begin_setting(L, 1)->encode_depth, 1, INT_MAX);
    return 1;
}

static int decode_max_depth(lua_State *L)
{
    set_number(L, 1, &begin_setting(L, 1)->decode_depth, 1, INT_MAX);
    return 1;
}

static int encode_number_precision(lua_State *L)
{
    set_number(L, 1, &begin_setting(L, 1)->precision, 1, JSON_PRECISION_MAX);
    return 1;
}

static int encode_keep_buffer(lua_State *L)
{
    set_choice(L, 1, &begin_setting(L, 1)->keeps_buffer, on_off);
    return 1;
}

static int encode_invalid_numbers(lua_State *L)
{
    set_choice(L, 1, &begin_setting(L, 1)->encode_invalid, on_off_null);
    return 1;
}

static int decode_invalid_numbers(lua_State *L)
{
    set_choice(L, 1, &begin_setting(L, 1)->decode_invalid, on_off);
    return 1;
}

static int another(lua_State *L)
{
    library_push_cjson(L);
    return 1;
}

static const struct luaL_Reg functions[] = {
    { "encode", encode },
    { "decode", decode },
    { "encode_sparse_array", encode_sparse_array },
    { "encode_max_depth", encode_max_depth },
    { "decode_max_depth", decode_max_depth },
    { "encode_number_precision", encode_number_precision },
    { "encode_keep_buffer", encode_keep_buffer },
    { "encode_invalid_numbers", encode_invalid_numbers },
    { "decode_invalid_numbers", decode_invalid_numbers },
    { "new", another },
};

void library_push_cjson(struct lua_State *L)
{
    lua_newtable(L);
    struct settings *settings = lua_newuserdata(L, sizeof(*settings));
    *settings = (struct settings){
        .sparse_ratio = SPARSE_RATIO,
        .sparse_safe = SPARSE_SAFE,
        .encode_depth = DEPTH_DEFAULT,
        .decode_depth = DEPTH_DEFAULT,
        .precision = JSON_PRECISION_MAX,
        .keeps_buffer = 1,
        .encode_invalid = INVALID_REFUSED,
        .decode_invalid = INVALID_WRITTEN,
    };
    for (size_t i = 0; i < COUNT(functions); i++) {
        lua_pushvalue(L, -1);
        lua_pushcclosure(L, functions[i].func, 1);
        lua_setfield(L, -3, functions[i].name);
    }
    lua_pop(L, 1);
    lua_pushlightuserdata(L, NULL);
    lua_setfield(L, -2, "null");
    lua_pushliteral(L, "cjson");
    lua_setfield(L, -2, "_NAME");
    lua_pushliteral(L, "2.1.0");
    lua_setfield(L, -2, "_VERSION");
}
