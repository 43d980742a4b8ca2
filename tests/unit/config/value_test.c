/* Values of every kind: what is read, what is refused with which words, what is printed. */

#include "config/value.h"

#include "cache/base/check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct row {
    const char *name;
    const char *text;
    const char *printed; /* NULL: refused. */
    const char *why;
};

static struct options options; /* Zeroed; each test row makes and frees its field. */

static void try_row(const struct row *row)
{
    const struct option *option = option_find(span_from(row->name));
    struct complaint why = { "" };
    struct buf out;

    assert_non_null(option);
    void *field = option_field(option, &options);
    value_init(option, field);
    bool good = value_parse_text(option, span_from(row->text), field, &why);
    if (row->printed == NULL) {
        assert_false(good);
        assert_string_equal(why.text, row->why);
    } else {
        assert_true(good);
        buf_init(&out, 4096);
        value_print(option, field, &out);
        assert_int_equal(out.len, strlen(row->printed));
        assert_memory_equal(buf_span(&out).bytes, row->printed, out.len);
        buf_fini(&out);
    }
    value_fini(option, field);
}

static void reads_what_redis_reads(void **state)
{
    (void)state;
    static const struct row rows[] = {
        { "protected-mode", "YES", "yes", NULL },
        { "protected-mode", "no", "no", NULL },
        { "maxclients", "1", "1", NULL },
        { "maxclients", "4294967295", "4294967295", NULL },
        { "port", "65535", "65535", NULL },
        { "unixsocketperm", "700", "700", NULL },
        { "maxmemory", "0", "0", NULL },
        { "maxmemory", "100", "100", NULL },
        { "maxmemory", "1k", "1000", NULL },
        { "maxmemory", "1KB", "1024", NULL },
        { "maxmemory", "3m", "3000000", NULL },
        { "maxmemory", "3Mb", "3145728", NULL },
        { "maxmemory", "2g", "2000000000", NULL },
        { "maxmemory", "2gb", "2147483648", NULL },
        { "near-memory", "50%", "50%", NULL },
        { "near-memory", "100%", "100%", NULL },
        { "near-memory", "5mb", "5242880", NULL },
        { "drain-timeout", "1500", "1500", NULL },
        { "drain-timeout", "250ms", "250", NULL },
        { "drain-timeout", "3s", "3000", NULL },
        { "drain-timeout", "2m", "120000", NULL },
        { "drain-timeout", "1h", "3600000", NULL },
        { "requirepass", "any thing", "any thing", NULL },
        { "maxmemory-policy", "ALLKEYS-lru", "allkeys-lru", NULL },
        { "bind", "127.0.0.1 -::1", "127.0.0.1 -::1", NULL },
        { "bind", "", "", NULL },
        { "save", "900 1 60 100", "900 1 60 100", NULL },
        { "save", "", "", NULL },
        { "client-output-buffer-limit", "replica 1mb 2 3",
          "normal 0 0 0 slave 1048576 2 3 pubsub 33554432 8388608 60", NULL },
        { "rule", "^a class=strong\n^b near=no", "^a class=strong\n^b near=no", NULL },
        { "peers", "dns:podis.shop.svc", "dns:podis.shop.svc", NULL },
        { "peers", "static:10.0.0.1:6380,[fd00::1]:6380,a.b:1",
          "static:10.0.0.1:6380,[fd00::1]:6380,a.b:1", NULL },
        { "dns-server", "[fd00::10]:53", "[fd00::10]:53", NULL },
        { "engine", "", "", NULL },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        try_row(&rows[i]);
    }
}

#define NOT_INTEGER "argument couldn't be parsed into an integer"
#define NOT_MEMORY  "argument must be a memory value"
#define NOT_PEERS   "argument must be dns:NAME, srv:NAME or static:HOST:PORT,HOST:PORT"
#define NOT_TIME    "argument must be a time in milliseconds, or end in ms, s, m or h"

static void refuses_with_redis_words(void **state)
{
    (void)state;
    static const struct row rows[] = {
        { "protected-mode", "maybe", NULL, "argument must be 'yes' or 'no'" },
        { "maxclients", "abc", NULL, NOT_INTEGER },
        { "maxclients", "", NULL, NOT_INTEGER },
        { "maxclients", " 5", NULL, NOT_INTEGER },
        { "maxclients", "0", NULL, "argument must be between 1 and 4294967295 inclusive" },
        { "maxclients", "4294967296", NULL, "argument must be between 1 and 4294967295 inclusive" },
        { "port", "65536", NULL, "argument must be between 0 and 65535 inclusive" },
        { "unixsocketperm", "888", NULL, "argument couldn't be parsed as an octal number" },
        { "unixsocketperm", "1000", NULL, "argument must be between 0 and 777 inclusive" },
        { "maxmemory", "", NULL, NOT_MEMORY },
        { "maxmemory", "-1", NULL, NOT_MEMORY },
        { "maxmemory", "5x", NULL, NOT_MEMORY },
        { "maxmemory", "99999999999gb", NULL, NOT_MEMORY },
        { "client-query-buffer-limit", "10", NULL,
          "argument must be between 1048576 and 9223372036854775807 inclusive" },
        { "near-memory", "101%", NULL, "percentage argument must be less or equal to 100" },
        { "near-memory", "x%", NULL, "argument must be a memory or percent value" },
        { "drain-timeout", "5x", NULL, NOT_TIME },
        { "drain-timeout", "2h", NULL, "argument must be between 0 and 3600000 inclusive" },
        { "log-format", "xml", NULL, "argument(s) must be one of the following: text, json" },
        { "save", "900", NULL, "Invalid save parameters" },
        { "save", "0 1", NULL, "Invalid save parameters" },
        { "save", "a b", NULL, "Invalid save parameters" },
        { "client-output-buffer-limit", "normal 1", NULL,
          "Wrong number of arguments in buffer limit configuration." },
        { "client-output-buffer-limit", "master 1 1 1", NULL,
          "Invalid client class specified in buffer limit configuration." },
        { "client-output-buffer-limit", "normal x 1 1", NULL,
          "Error in hard, soft or soft_seconds setting in buffer limit configuration." },
        { "rule", "^a(", NULL, "a rule is a regular expression and at least one NAME=VALUE" },
        { "rule", "^a( near=no", NULL,
          "not a regular expression: missing closing parenthesis, at offset 3" },
        { "peers", "podis.shop.svc", NULL, NOT_PEERS },
        { "peers", "dns:", NULL, NOT_PEERS },
        { "peers", "dns:a b", NULL, NOT_PEERS },
        { "peers", "static:", NULL, NOT_PEERS },
        { "peers", "static:a:1,", NULL, NOT_PEERS },
        { "peers", "static:a", NULL, NOT_PEERS },
        { "peers", "static:fd00::1:6380", NULL, NOT_PEERS },
        { "dns-server", "10.0.0.1", NULL,
          "argument must be HOST:PORT, an IPv6 address in brackets" },
        { "engine", "dns:valkey:6379", NULL, "this version of podis cannot do it" },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        try_row(&rows[i]);
    }
}

static void refuses_a_zero_byte(void **state)
{
    (void)state;
    const struct option *option = option_find(SPAN("requirepass"));
    struct complaint why = { "" };
    void *field = option_field(option, &options);
    value_init(option, field);
    assert_false(value_parse_text(option, SPAN("a\0b"), field, &why));
    assert_string_equal(*(char **)field, "");
    value_fini(option, field);
}

static void a_refused_value_changes_nothing(void **state)
{
    (void)state;
    const struct option *option = option_find(SPAN("client-output-buffer-limit"));
    struct complaint why = { "" };
    struct option_limits before;
    struct option_limits *field = option_field(option, &options);

    value_init(option, field);
    before = *field;
    assert_false(value_parse_text(option, SPAN("normal 1 1 1 pubsub x 1 1"), field, &why));
    assert_memory_equal(field, &before, sizeof(before));
}

static void every_default_reads_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        const struct option *option = option_at(i);
        struct options copy = { 0 };
        struct complaint why = { "" };
        struct buf out;

        value_init(option, option_field(option, &options));
        value_init(option, option_field(option, &copy));
        buf_init(&out, 4096);
        value_print(option, option_field(option, &options), &out);
        assert_true(value_parse_text(option, buf_span(&out), option_field(option, &copy), &why));
        assert_true(
            value_equal(option, option_field(option, &options), option_field(option, &copy)));
        buf_fini(&out);
        value_fini(option, option_field(option, &copy));
        value_fini(option, option_field(option, &options));
    }
}

static void writes_lines_for_a_file(void **state)
{
    (void)state;
    static const struct row rows[] = {
        { "requirepass", "a b", "requirepass \"a b\"\n", NULL },
        { "requirepass", "", "requirepass \"\"\n", NULL },
        { "save", "", "save \"\"\n", NULL },
        { "save", "1 2", "save 1 2\n", NULL },
        { "rule", "\"^a b\" near=no\n^c class=local",
          "rule \"^a b\" near=no\nrule ^c class=local\n", NULL },
        { "rule", "", "", NULL },
        { "maxmemory", "1mb", "maxmemory 1048576\n", NULL },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct option *option = option_find(span_from(rows[i].name));
        void *field = option_field(option, &options);
        struct complaint why = { "" };
        struct buf out;

        value_init(option, field);
        assert_true(value_parse_text(option, span_from(rows[i].text), field, &why));
        buf_init(&out, 4096);
        value_write(option, field, &out);
        assert_int_equal(out.len, strlen(rows[i].printed));
        assert_memory_equal(buf_span(&out).bytes, rows[i].printed, out.len);
        buf_fini(&out);
        value_fini(option, field);
    }
}

static void one_word_with_spaces_stands_for_several(void **state)
{
    (void)state;
    const struct option *option = option_find(SPAN("bind"));
    char *items[] = { "1.2.3.4 5.6.7.8" };
    struct option_list words = { items, 1 };
    struct complaint why = { "" };

    value_init(option, &options.bind);
    assert_true(value_parse(option, &words, &options.bind, &why));
    assert_int_equal(options.bind.count, 2);
    assert_string_equal(options.bind.items[1], "5.6.7.8");
    value_fini(option, &options.bind);
}

static void counts_words_of_plain_kinds(void **state)
{
    (void)state;
    const struct option *option = option_find(SPAN("port"));
    char *items[] = { "1", "2" };
    struct option_list two = { items, 2 };
    struct option_list none = { items, 0 };
    struct complaint why = { "" };

    assert_false(value_parse(option, &two, &options.port, &why));
    assert_string_equal(why.text, "wrong number of arguments");
    assert_false(value_parse(option, &none, &options.port, &why));
}

static void says_what_would_be_accepted(void **state)
{
    (void)state;
    static const struct row rows[] = {
        { "active-expire-effort", NULL, "a whole number, from 1 to 10", NULL },
        { "log-format", NULL, "one of: text, json", NULL },
        { "protected-mode", NULL, "yes or no", NULL },
        { "maxmemory", NULL, "bytes: 1048576, 100k, 512mb, 1gb", NULL },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char text[256];
        value_accepts(option_find(span_from(rows[i].name)), text, sizeof(text));
        assert_string_equal(text, rows[i].printed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_redis_reads),
        cmocka_unit_test(refuses_with_redis_words),
        cmocka_unit_test(refuses_a_zero_byte),
        cmocka_unit_test(a_refused_value_changes_nothing),
        cmocka_unit_test(every_default_reads_back),
        cmocka_unit_test(writes_lines_for_a_file),
        cmocka_unit_test(one_word_with_spaces_stands_for_several),
        cmocka_unit_test(counts_words_of_plain_kinds),
        cmocka_unit_test(says_what_would_be_accepted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
