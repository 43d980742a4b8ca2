/* Key rules. */

#include "config/rules.h"

#include "cache/base/check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { WORDS = 4 };

/* Up to four words; NULL ends them. */
static enum err add(struct rules *rules, const char *const *words, char *why, size_t why_size)
{
    struct span spans[WORDS];
    size_t count = 0;
    while (count < WORDS && words[count] != NULL) {
        spans[count] = span_from(words[count]);
        count++;
    }
    return rules_add(rules, spans, count, why, why_size);
}

static void the_first_rule_that_matches_decides(void **state)
{
    (void)state;
    struct rules *rules = rules_new();
    char why[200];
    struct span shard;

    assert_int_equal(
        add(rules, (const char *const[]){ "^session:", "class=strong", NULL }, why, sizeof(why)),
        ERR_OK);
    assert_int_equal(
        add(rules, (const char *const[]){ ".", "near=no", "class=local", NULL }, why, sizeof(why)),
        ERR_OK);
    assert_int_equal(rules_count(rules), 2);
    assert_ptr_equal(rules_match(rules, SPAN("session:1"), &shard), rules_at(rules, 0));
    assert_ptr_equal(rules_match(rules, SPAN("other"), &shard), rules_at(rules, 1));
    assert_null(rules_match(rules, SPAN(""), &shard));
    assert_int_equal(rules_at(rules, 0)->class, CLASS_STRONG);
    assert_true(rules_at(rules, 0)->near);
    assert_int_equal(rules_at(rules, 1)->class, CLASS_LOCAL);
    assert_false(rules_at(rules, 1)->near);
    assert_string_equal(rules_at(rules, 0)->pattern, "^session:");
    rules_free(rules);
}

static void the_shard_is_the_capture_or_the_key(void **state)
{
    (void)state;
    struct rules *rules = rules_new();
    char why[200];
    struct span shard;

    assert_int_equal(
        add(rules, (const char *const[]){ "^(user:\\d+)?:?x", "shard=$1", NULL }, why, sizeof(why)),
        ERR_OK);
    rules_match(rules, SPAN("user:7:x"), &shard);
    assert_true(span_equal(shard, SPAN("user:7")));
    rules_match(rules, SPAN("x"), &shard);
    assert_true(span_equal(shard, SPAN("x")));
    assert_null(rules_match(rules, SPAN("none"), &shard));
    assert_true(span_equal(shard, SPAN("none")));
    rules_free(rules);
}

static void no_rules_match_nothing(void **state)
{
    (void)state;
    struct span shard;
    assert_null(rules_match(NULL, SPAN("k"), &shard));
    assert_true(span_equal(shard, SPAN("k")));
}

static void refuses_what_is_no_rule(void **state)
{
    (void)state;
    static const char *const bad[][WORDS] = {
        { NULL },
        { "^a", NULL },
        { "^a(", "near=no", NULL },
        { "^a", "class=", NULL },
        { "^a", "class=weak", NULL },
        { "^a", "near", NULL },
        { "^a", "near=perhaps", NULL },
        { "^a", "shard=$1", NULL },
        { "^(a)", "shard=$2", NULL },
        { "^(a)", "shard=$0", NULL },
        { "^(a)", "shard=1", NULL },
        { "^(a)", "shard=$", NULL },
        { "^a", "ttl=5", NULL },
        { "^a", "near=no", "nonsense", NULL },
    };
    struct rules *rules = rules_new();
    for (size_t i = 0; i < COUNT(bad); i++) {
        char why[200] = "";
        assert_int_equal(add(rules, bad[i], why, sizeof(why)), ERR_INVALID);
        assert_int_not_equal(why[0], '\0');
        assert_int_equal(rules_count(rules), 0);
    }
    rules_free(rules);
}

static void counts_matches_given_up(void **state)
{
    (void)state;
    struct rules *rules = rules_new();
    char why[200];
    struct span shard;
    uint64_t before = rule_metrics.rule_limit_hits_total;

    assert_int_equal(
        add(rules, (const char *const[]){ "^(a+)+$", "near=no", NULL }, why, sizeof(why)), ERR_OK);
    assert_null(
        rules_match(rules, SPAN("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab"), &shard));
    assert_int_equal(rule_metrics.rule_limit_hits_total, before + 1);
    rules_free(rules);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_rule_that_matches_decides),
        cmocka_unit_test(the_shard_is_the_capture_or_the_key),
        cmocka_unit_test(no_rules_match_nothing),
        cmocka_unit_test(refuses_what_is_no_rule),
        cmocka_unit_test(counts_matches_given_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
