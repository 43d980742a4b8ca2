/* Whether a user may run a request. */

#include "proxy/server/acl_check.h"

#include "config/words.h"
#include "proxy/server/acl_rule.h"
#include "proxy/server/acl_words.h"
#include "proxy/server/server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

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

/* Words of a line, borrowed from a list. */
struct line {
    struct option_list words;
    struct span spans[80];
};

static void line_init(struct line *line, const char *text)
{
    *line = (struct line){ .words = { 0 } };
    assert_true(words_split(&line->words, span_from(text)));
    assert_true(line->words.count < 80);
    for (size_t i = 0; i < line->words.count; i++) {
        line->spans[i] = span_from(line->words.items[i]);
    }
}

static struct acl_user *user_with(const char *rules)
{
    struct acl_user *user = acl_user_new(SPAN("u"), table);
    struct acl_words words;
    struct line line;
    struct span rule;

    line_init(&line, rules);
    acl_words_init(&words, line.spans, line.words.count);
    while (acl_words_next(&words, &rule)) {
        assert_int_equal(acl_rule_apply(user, rule, false), ACL_RULE_FINE);
    }
    acl_words_fini(&words);
    words_fini(&line.words);
    return user;
}

static void request_init(struct request *request, const struct line *line)
{
    *request = (struct request){ .argv = line->spans, .argc = line->words.count };
    request->command = command_find(table, request->argv, request->argc, NULL);
    assert_non_null(request->command);
    request->id = command_id(table, request->command);
}

/* "ok", "command", "key 3" … */
static const char *check(const struct acl_user *user, const char *text)
{
    static const char *const names[ACL_DENIALS] = { "ok", "command", "key", "auth", "channel" };
    static char answer[32];
    struct request request;
    struct line line;
    size_t at;

    line_init(&line, text);
    request_init(&request, &line);
    enum acl_denial denial = acl_check(user, &request, &at);
    if (denial != ACL_GRANTED && at > 0) {
        snprintf(answer, sizeof(answer), "%s %zu", names[denial], at);
    } else {
        snprintf(answer, sizeof(answer), "%s", names[denial]);
    }
    words_fini(&line.words);
    return answer;
}

static const char *check_sort(const struct acl_user *user, const char *text)
{
    struct request request;
    struct line line;

    line_init(&line, text);
    request_init(&request, &line);
    const char *option = acl_check_sort(user, &request);
    words_fini(&line.words);
    return option == NULL ? "ok" : option;
}

static void checks_commands_first(void **state)
{
    (void)state;
    struct acl_user *user = user_with("~a +get +config|get +select|3");

    assert_string_equal(check(user, "GET a"), "ok");
    assert_string_equal(check(user, "SET a 1"), "command");
    assert_string_equal(check(user, "SET x 1"), "command");
    assert_string_equal(check(user, "CONFIG GET x"), "ok");
    assert_string_equal(check(user, "CONFIG SET x 1"), "command");
    assert_string_equal(check(user, "SELECT 3"), "ok");
    assert_string_equal(check(user, "SELECT 4"), "command");
    /* Whoever may not do anything may still say who he is. */
    assert_string_equal(check(user, "AUTH x"), "ok");
    assert_string_equal(check(user, "HELLO 3"), "ok");
    assert_string_equal(check(NULL, "SHUTDOWN"), "ok");
    acl_user_free(user);
}

static void checks_each_key_for_what_is_done_to_it(void **state)
{
    (void)state;
    struct acl_user *user = user_with("%R~r* %W~w* ~b* +@all");

    assert_string_equal(check(user, "GET r"), "ok");
    assert_string_equal(check(user, "GET w"), "key 1");
    assert_string_equal(check(user, "MGET r1 b1 w1 r2"), "key 3");
    assert_string_equal(check(user, "COPY r w"), "ok");
    assert_string_equal(check(user, "COPY w r"), "key 1");
    assert_string_equal(check(user, "COPY r r"), "key 2");
    assert_string_equal(check(user, "SET w 1"), "ok");
    assert_string_equal(check(user, "SET w 1 GET"), "key 1");
    assert_string_equal(check(user, "BITFIELD r GET u4 0"), "ok");
    assert_string_equal(check(user, "BITFIELD r SET u4 0 1"), "key 1");
    /* That there is a key may be known to whoever may do anything with it. */
    assert_string_equal(check(user, "EXISTS w"), "ok");
    assert_string_equal(check(user, "EXISTS x"), "key 1");
    assert_string_equal(check(user, "SINTERSTORE w r r"), "ok");
    assert_string_equal(check(user, "SINTERSTORE w r w"), "key 3");
    assert_string_equal(check(user, "SORT r STORE w"), "ok");
    assert_string_equal(check(user, "SORT r STORE r"), "key 3");
    assert_string_equal(check(user, "SINTERCARD 2 r w"), "key 3");
    /* What cannot be run has no keys. */
    assert_string_equal(check(user, "SINTERCARD 9 x y"), "ok");
    assert_string_equal(check(user, "PING"), "ok");
    acl_user_free(user);
}

static void checks_more_keys_than_fit_the_stack(void **state)
{
    (void)state;
    struct acl_user *user = user_with("~k +@all");
    char text[512] = "DEL";
    size_t len = strlen(text);

    for (size_t i = 0; i < FOUND_KEYS_FEW + 1; i++) {
        len += (size_t)snprintf(text + len, sizeof(text) - len, " k");
    }
    assert_string_equal(check(user, text), "ok");
    snprintf(text + len, sizeof(text) - len, " x");
    assert_string_equal(check(user, text), "key 66");
    acl_user_free(user);
}

static void checks_channels_that_are_heard_or_spoken_in(void **state)
{
    (void)state;
    struct acl_user *user = user_with("~* +@all &a &b:*");

    assert_string_equal(check(user, "PUBLISH a x"), "ok");
    assert_string_equal(check(user, "PUBLISH b:1 x"), "ok");
    assert_string_equal(check(user, "PUBLISH x a"), "channel 1");
    assert_string_equal(check(user, "SPUBLISH x a"), "channel 1");
    assert_string_equal(check(user, "SUBSCRIBE a b:1 x"), "channel 3");
    assert_string_equal(check(user, "SSUBSCRIBE x"), "channel 1");
    assert_string_equal(check(user, "PSUBSCRIBE b:*"), "ok");
    assert_string_equal(check(user, "PSUBSCRIBE b:1"), "channel 1");
    assert_string_equal(check(user, "UNSUBSCRIBE x"), "ok");
    assert_string_equal(check(user, "PUBSUB CHANNELS x"), "ok");
    acl_user_free(user);
}

static void lets_one_selector_decide(void **state)
{
    (void)state;
    struct acl_user *user = user_with("+mget ~key (+mget ~key ~other) (+set ~w)");

    assert_string_equal(check(user, "SET w 1"), "ok");
    assert_string_equal(check(user, "MGET key other"), "ok");
    /* Permissions are not joined: w may be set, not read. */
    assert_string_equal(check(user, "MGET key w"), "key 2");
    /* The one that came furthest is told of. */
    assert_string_equal(check(user, "MGET other x"), "key 2");
    assert_string_equal(check(user, "GET key"), "command");
    acl_user_free(user);
}

static void lets_sort_look_at_other_keys_only_with_all_of_them(void **state)
{
    (void)state;
    struct acl_user *some = user_with("+sort ~l ~w*");
    struct acl_user *writes = user_with("+sort ~l %W~*");
    struct acl_user *reads = user_with("+sort ~l %R~*");
    struct acl_user *other = user_with("+sort ~l (+get ~*)");

    assert_string_equal(check_sort(some, "SORT l"), "ok");
    assert_string_equal(check_sort(some, "SORT l BY w*"), "BY");
    assert_string_equal(check_sort(some, "SORT l BY nosort"), "ok");
    assert_string_equal(check_sort(some, "SORT l LIMIT 0 1 DESC ALPHA GET w*"), "GET");
    assert_string_equal(check_sort(some, "SORT l STORE BY"), "ok");
    assert_string_equal(check_sort(writes, "SORT l BY w*"), "BY");
    assert_string_equal(check_sort(other, "SORT l BY w*"), "BY");
    assert_string_equal(check_sort(reads, "SORT l BY w* GET x*"), "ok");
    /* What is wrong before it is SORT's to say. */
    assert_string_equal(check_sort(some, "SORT l LIMIT a b GET w*"), "ok");
    assert_string_equal(check_sort(some, "SORT l what GET w*"), "ok");
    assert_string_equal(check_sort(NULL, "SORT l BY w*"), "ok");
    acl_user_free(some);
    acl_user_free(writes);
    acl_user_free(reads);
    acl_user_free(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(checks_commands_first),
        cmocka_unit_test(checks_each_key_for_what_is_done_to_it),
        cmocka_unit_test(checks_more_keys_than_fit_the_stack),
        cmocka_unit_test(checks_channels_that_are_heard_or_spoken_in),
        cmocka_unit_test(lets_one_selector_decide),
        cmocka_unit_test(lets_sort_look_at_other_keys_only_with_all_of_them),
    };
    return cmocka_run_group_tests(tests, make_table, free_table);
}
