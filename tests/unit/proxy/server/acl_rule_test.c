/* Rules and what they do to a user. */

#include "proxy/server/acl_rule.h"

#include "cache/base/check.h"
#include "proxy/server/acl_words.h"
#include "proxy/server/server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define HASH_OF_P "148de9c5a7a44d19e56cd9ae1a554bf67847afb0c58f6e12fa29ac7ddfca9940"

static struct command_table *table;

static int make_table(void **state)
{
    (void)state;
    table = command_table_new();
    command_table_add_store(table);
    command_table_add_server(table);
    return 0;
}

static int free_table(void **state)
{
    (void)state;
    command_table_free(table);
    return 0;
}

/* The first error of some rules, parted by spaces unless they are in parentheses; and what the user
 * is then. */
static enum acl_rule_error apply(const char *rules, struct buf *text)
{
    struct option_list words = { 0 };
    struct span spans[32];
    struct acl_words reader;
    struct span rule;
    enum acl_rule_error error = ACL_RULE_FINE;
    struct acl_user *user = acl_user_new(SPAN("u"), table);

    assert_true(words_split(&words, span_from(rules)));
    for (size_t i = 0; i < words.count; i++) {
        spans[i] = span_from(words.items[i]);
    }
    assert_int_equal(acl_words_unclosed(spans, words.count), words.count);
    acl_words_init(&reader, spans, words.count);
    while (error == ACL_RULE_FINE && acl_words_next(&reader, &rule)) {
        error = acl_rule_apply(user, rule, false);
    }
    acl_words_fini(&reader);
    acl_user_describe(user, text);
    buf_add(text, (struct span){ "", 1 });
    acl_user_free(user);
    words_fini(&words);
    return error;
}

static void makes_users_what_rules_say(void **state)
{
    (void)state;
    static const struct {
        const char *rules, *user;
    } cases[] = {
        { "", "off resetchannels -@all" },
        { "ON NoPass ALLKEYS AllChannels allcommands", "on nopass ~* &* +@all" },
        { "on >p", "on #" HASH_OF_P " resetchannels -@all" },
        { "nopass >p >p", "off #" HASH_OF_P " resetchannels -@all" },
        { ">p nopass", "off nopass resetchannels -@all" },
        { ">p <p", "off resetchannels -@all" },
        { "nopass resetpass", "off resetchannels -@all" },
        { "sanitize-payload skip-sanitize-payload",
          "off skip-sanitize-payload resetchannels -@all" },
        { "~a %R~b %w~c %Wr~d ~*", "off ~* resetchannels -@all" },
        { "~a %R~b %w~c %Wr~d", "off ~a %R~b %W~c ~d resetchannels -@all" },
        { "%RW %r~ ~", "off ~ resetchannels -@all" },
        { "allkeys resetkeys ~x", "off ~x resetchannels -@all" },
        { "&a &a &b", "off resetchannels &a &b -@all" },
        { "+GET +Config|Get", "off resetchannels -@all +get +config|get" },
        { "+@ALL -@Dangerous +keys", "off resetchannels +@all -@dangerous +keys" },
        { "+@all -@all", "off resetchannels -@all" },
        { "+@read nocommands", "off resetchannels -@all" },
        { "(+get ~a) ( &b ) ()", "off resetchannels -@all (~a resetchannels -@all +get) "
                                 "(resetchannels &b -@all) (resetchannels -@all)" },
        { "(+get) clearselectors", "off resetchannels -@all" },
        { "on nopass ~* &* +@all (+get) skip-sanitize-payload reset",
          "off sanitize-payload resetchannels -@all" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct buf text;
        buf_init(&text, 1 << 16);
        assert_int_equal(apply(cases[i].rules, &text), ACL_RULE_FINE);
        assert_string_equal(buf_span(&text).bytes, cases[i].user);
        buf_fini(&text);
    }
}

static void refuses_what_is_no_rule(void **state)
{
    (void)state;
    static const struct {
        const char *rules;
        enum acl_rule_error error;
    } cases[] = {
        { "what", ACL_RULE_SYNTAX },
        { "%~a", ACL_RULE_SYNTAX },
        { "%", ACL_RULE_SYNTAX },
        { "%RR~a", ACL_RULE_SYNTAX },
        { "%X~a", ACL_RULE_SYNTAX },
        { "'~a b'", ACL_RULE_SYNTAX },
        { "'&a b'", ACL_RULE_SYNTAX },
        { "+", ACL_RULE_UNKNOWN },
        { "-", ACL_RULE_UNKNOWN },
        { "+@", ACL_RULE_UNKNOWN },
        { "+@nosuch", ACL_RULE_UNKNOWN },
        { "+nosuch", ACL_RULE_UNKNOWN },
        { "+nosuch|x", ACL_RULE_UNKNOWN },
        { "+|", ACL_RULE_UNKNOWN },
        { "-get|x", ACL_RULE_UNKNOWN },
        { "+config|nosuch", ACL_RULE_UNKNOWN },
        { "+get|a|b", ACL_RULE_UNKNOWN },
        { "+get|", ACL_RULE_SYNTAX },
        { "+config|", ACL_RULE_SYNTAX },
        { "'+select|a b'", ACL_RULE_SYNTAX },
        { "+config|get|x", ACL_RULE_ARG_OF_SUBCOMMAND },
        { "allkeys ~a", ACL_RULE_AFTER_ALL_KEYS },
        { "allkeys %R~a", ACL_RULE_AFTER_ALL_KEYS },
        { "&* &a", ACL_RULE_AFTER_ALL_CHANNELS },
        { "<p", ACL_RULE_NO_SUCH_PASSWORD },
        { "!" HASH_OF_P, ACL_RULE_NO_SUCH_PASSWORD },
        { "'#148d'", ACL_RULE_BAD_HASH },
        { "'#148DE9c5a7a44d19e56cd9ae1a554bf67847afb0c58f6e12fa29ac7ddfca9940'",
          ACL_RULE_BAD_HASH },
        { "!", ACL_RULE_BAD_HASH },
        { "(on)", ACL_RULE_SYNTAX },
        { "(>p)", ACL_RULE_SYNTAX },
        { "(clearselectors)", ACL_RULE_SYNTAX },
        { "(~a (b))", ACL_RULE_SYNTAX },
        { "(allkeys ~a)", ACL_RULE_AFTER_ALL_KEYS },
        { ")", ACL_RULE_SYNTAX },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct buf text;
        buf_init(&text, 1 << 16);
        assert_int_equal(apply(cases[i].rules, &text), cases[i].error);
        buf_fini(&text);
    }
}

static void takes_passwords_with_any_bytes(void **state)
{
    (void)state;
    struct acl_user *user = acl_user_new(SPAN("u"), table);

    assert_int_equal(acl_rule_apply(user, SPAN(">a\0b"), false), ACL_RULE_FINE);
    assert_int_equal(acl_rule_apply(user, SPAN("on"), false), ACL_RULE_FINE);
    assert_true(acl_user_accepts(user, SPAN("a\0b")));
    assert_false(acl_user_accepts(user, SPAN("a")));
    assert_false(acl_user_accepts(user, SPAN("a\0c")));
    assert_int_equal(acl_rule_apply(user, SPAN("off"), false), ACL_RULE_FINE);
    assert_false(acl_user_accepts(user, SPAN("a\0b")));
    assert_false(acl_user_accepts(NULL, SPAN("")));
    acl_user_free(user);
}

static void finds_selectors_that_are_never_closed(void **state)
{
    (void)state;
    const struct span words[] = { SPAN("on"), SPAN("(+get"), SPAN("~a)"), SPAN("(a"), SPAN("(b") };

    assert_int_equal(acl_words_unclosed(words, 1), 1);
    assert_int_equal(acl_words_unclosed(words, 2), 1);
    assert_int_equal(acl_words_unclosed(words, 3), 3);
    assert_int_equal(acl_words_unclosed(words, 5), 3);
    assert_int_equal(acl_words_unclosed(NULL, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(makes_users_what_rules_say),
        cmocka_unit_test(refuses_what_is_no_rule),
        cmocka_unit_test(takes_passwords_with_any_bytes),
        cmocka_unit_test(finds_selectors_that_are_never_closed),
    };
    return cmocka_run_group_tests(tests, make_table, free_table);
}
