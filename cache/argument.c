/* The arguments of a command: parsing with Redis's words for what is wrong. Part of call.h. */

#include "cache/call.h"

#include "cache/base/check.h"
#include "cache/base/number.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>

bool arg_integer(struct call *c, size_t at, int64_t *number)
{
    assert(at < c->argc);
    if (!number_parse(c->argv[at], number)) {
        reply_error(c->reply, SPAN("ERR value is not an integer or out of range"));
        return false;
    }
    return true;
}

bool arg_integer_in(struct call *c, size_t at, int64_t min, int64_t max, int64_t *number,
                    const char *error)
{
    if (error == NULL && min == 0 && max == INT64_MAX) {
        error = "ERR value is out of range, must be positive";
    }
    if (error == NULL && !arg_integer(c, at, number)) {
        return false;
    }
    if (number_parse(c->argv[at], number) && *number >= min && *number <= max) {
        return true;
    }
    if (error != NULL) {
        reply_error(c->reply, span_from(error));
    } else {
        reply_errorf(c->reply, "ERR value is out of range, value must between %lld and %lld",
                     (long long)min, (long long)max);
    }
    return false;
}

static bool is_float(struct call *c, bool valid)
{
    if (!valid) {
        reply_error(c->reply, SPAN("ERR value is not a valid float"));
    }
    return valid;
}

bool arg_double(struct call *c, size_t at, double *number)
{
    return is_float(c, number_parse_double(c->argv[at], number));
}

bool arg_long_double(struct call *c, size_t at, long double *number)
{
    return is_float(c, number_parse_long_double(c->argv[at], number));
}

bool arg_timeout_ms(struct call *c, size_t at, uint64_t *timeout_ms)
{
    long double seconds;
    if (!number_parse_long_double(c->argv[at], &seconds)) {
        reply_error(c->reply, SPAN("ERR timeout is not a float or out of range"));
        return false;
    }
    long double ms = ceill(seconds * 1000);
    if (ms > (long double)INT64_MAX - (long double)c->now_ms) {
        reply_error(c->reply, SPAN("ERR timeout is out of range"));
        return false;
    }
    if (ms < 0) {
        reply_error(c->reply, SPAN("ERR timeout is negative"));
        return false;
    }
    *timeout_ms = (uint64_t)ms;
    return true;
}

/* As strtoul reads it, since that is what clients were tested against. */
bool arg_cursor(struct call *c, size_t at, uint64_t *cursor)
{
    char text[64];
    struct span arg = c->argv[at];
    char *end = text;
    bool valid = arg.len < sizeof(text) && (arg.len == 0 || !isspace((unsigned char)arg.bytes[0]));
    if (valid) {
        memcpy(text, arg.bytes, arg.len);
        text[arg.len] = '\0';
        errno = 0;
        *cursor = strtoull(text, &end, 10);
        valid = end == text + arg.len && errno != ERANGE;
    }
    if (!valid) {
        reply_error(c->reply, SPAN("ERR invalid cursor"));
    }
    return valid;
}

bool arg_db(struct call *c, size_t at, int *db)
{
    int64_t number;
    if (!arg_integer_in(c, at, INT_MIN, INT_MAX, &number, NULL)) {
        return false;
    }
    if (number < 0 || number >= cache_databases(c->cache)) {
        reply_error(c->reply, SPAN("ERR DB index is out of range"));
        return false;
    }
    *db = (int)number;
    return true;
}

void call_syntax_error(struct call *c)
{
    reply_error(c->reply, SPAN("ERR syntax error"));
}

void call_arity_error(struct call *c)
{
    reply_errorf(c->reply, "ERR wrong number of arguments for '%s' command", c->command->name);
}

void call_subcommand_error(struct call *c)
{
    char container[64];
    size_t len = 0;

    while (c->command->name[len] != '\0' && c->command->name[len] != '|') {
        assert(len < sizeof(container));
        container[len] = (char)toupper((unsigned char)c->command->name[len]);
        len++;
    }
    reply_errorf(c->reply,
                 "ERR unknown subcommand or wrong number of arguments for '%.*s'. Try %.*s HELP.",
                 span_shown(c->argv[1]), c->argv[1].bytes, (int)len, container);
}
