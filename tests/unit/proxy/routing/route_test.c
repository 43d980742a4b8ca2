#include "proxy/routing/route.h"

#include "cache/base/check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

/* Three members, the first of them this process; a key of each, found by trying. */
struct fixture {
    struct command_table *table;
    struct ring *ring;
    struct rules *rules;
    char keys[3][2][16]; /* [member][which] */
};

static bool is_first(void *context, const struct address *address)
{
    (void)context;
    return strcmp(address->host, "10.0.0.1") == 0;
}

static void find_keys(struct fixture *fixture)
{
    for (uint16_t member = 0; member < 3; member++) {
        int number = 0;
        for (size_t which = 0; which < 2; number++) {
            char *key = fixture->keys[member][which];
            snprintf(key, sizeof(fixture->keys[0][0]), "key%d", number);
            which += ring_owner(fixture->ring, slot_of(span_from(key))) == member;
        }
    }
}

static int set_up(void **state)
{
    static struct fixture fixture;
    const struct address list[] = { { "10.0.0.1", 1 }, { "10.0.0.2", 1 }, { "10.0.0.3", 1 } };
    struct view view;

    fixture.table = command_table_new();
    command_table_add_store(fixture.table);
    view_init(&view, list, COUNT(list), is_first, NULL);
    fixture.ring = ring_new(&view);
    view_fini(&view);
    fixture.rules = rules_new();
    find_keys(&fixture);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    rules_free(fixture->rules);
    ring_free(fixture->ring);
    command_table_free(fixture->table);
    return 0;
}

static void add_rule(struct fixture *fixture, const char *pattern, const char *setting)
{
    const struct span words[] = { span_from(pattern), span_from(setting) };
    char why[256];
    assert_int_equal(rules_add(fixture->rules, words, 2, why, sizeof(why)), ERR_OK);
}

static struct route decide(struct fixture *fixture, bool from_peer, size_t argc,
                           const char *const *words)
{
    struct span argv[8];
    const struct command *container = NULL;

    for (size_t i = 0; i < argc; i++) {
        argv[i] = span_from(words[i]);
    }
    return route_decide(&(struct route_question){
        .command = command_find(fixture->table, argv, argc, &container),
        .argv = argv,
        .argc = argc,
        .ring = fixture->ring,
        .rules = fixture->rules,
        .from_peer = from_peer,
    });
}

#define WORDS(...)                                                                                 \
    COUNT(((const char *const[]){ __VA_ARGS__ })), (const char *const[])                           \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }

static void sends_a_request_whole_to_the_owner_of_its_keys(void **state)
{
    struct fixture *fixture = *state;

    struct route own = decide(fixture, false, WORDS("get", fixture->keys[0][0]));
    assert_int_equal(own.kind, ROUTE_HERE);
    struct route other = decide(fixture, false, WORDS("get", fixture->keys[2][0]));
    assert_int_equal(other.kind, ROUTE_PEER);
    assert_int_equal(other.member, 2);
    assert_true(other.may_near);
    struct route both =
        decide(fixture, false, WORDS("rename", fixture->keys[1][0], fixture->keys[1][1]));
    assert_int_equal(both.kind, ROUTE_PEER);
    assert_false(both.may_near);
}

static void splits_or_refuses_keys_of_several_owners(void **state)
{
    struct fixture *fixture = *state;
    const char *one = fixture->keys[1][0];
    const char *two = fixture->keys[2][0];

    assert_int_equal(decide(fixture, false, WORDS("mget", one, two)).kind, ROUTE_SPLIT);
    assert_int_equal(decide(fixture, false, WORDS("mset", one, "v", two, "v")).kind, ROUTE_SPLIT);
    assert_int_equal(decide(fixture, false, WORDS("sunion", one, two)).kind, ROUTE_SPLIT);
    assert_int_equal(decide(fixture, false, WORDS("rename", one, two)).kind, ROUTE_REFUSE);
    assert_int_equal(decide(fixture, false, WORDS("msetnx", one, "v", two, "v")).kind,
                     ROUTE_REFUSE);
}

static void patterns_must_be_pinned_to_where_the_key_is(void **state)
{
    struct fixture *fixture = *state;
    const char *key = fixture->keys[1][0];
    char pinned[32], elsewhere[32], late[32];

    snprintf(pinned, sizeof(pinned), "{%s}w:*", key);
    snprintf(elsewhere, sizeof(elsewhere), "{%s}w:*", fixture->keys[2][0]);
    snprintf(late, sizeof(late), "*{%s}", key); /* An element may bring braces of its own. */
    assert_int_equal(decide(fixture, false, WORDS("sort", key)).kind, ROUTE_PEER);
    assert_int_equal(decide(fixture, false, WORDS("sort", key, "by", pinned)).kind, ROUTE_PEER);
    assert_int_equal(decide(fixture, false, WORDS("sort", key, "get", "#")).kind, ROUTE_PEER);
    assert_int_equal(decide(fixture, false, WORDS("sort", key, "by", "nosort")).kind, ROUTE_PEER);
    const char *const refused[] = { "w:*", "{}w:*", "{*}w", elsewhere, late };
    for (size_t i = 0; i < COUNT(refused); i++) {
        struct route by = decide(fixture, false, WORDS("sort", key, "by", refused[i]));
        struct route get = decide(fixture, false, WORDS("sort_ro", key, "get", refused[i]));
        assert_int_equal(by.kind, ROUTE_REFUSE);
        assert_memory_equal(by.why, "ERR BY ", 7);
        assert_int_equal(get.kind, ROUTE_REFUSE);
        assert_memory_equal(get.why, "ERR GET ", 8);
    }
}

static void leaves_a_key_without_its_value_to_the_handler(void **state)
{
    struct fixture *fixture = *state;
    const char *one = fixture->keys[1][0];
    const char *two = fixture->keys[2][0];

    assert_int_equal(decide(fixture, false, WORDS("mset", one, "v", two)).kind, ROUTE_HERE);
    assert_int_equal(decide(fixture, false, WORDS("msetnx", one, "v", two)).kind, ROUTE_HERE);
}

static void asks_all_owners_what_concerns_all(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(decide(fixture, false, WORDS("dbsize")).kind, ROUTE_ALL);
    assert_int_equal(decide(fixture, false, WORDS("keys", "*")).kind, ROUTE_ALL);
    assert_int_equal(decide(fixture, true, WORDS("dbsize")).kind, ROUTE_HERE);
    assert_int_equal(decide(fixture, false, WORDS("command")).kind, ROUTE_HERE);
}

static void never_forwards_what_came_from_a_peer(void **state)
{
    struct fixture *fixture = *state;

    struct route moved = decide(fixture, true, WORDS("set", fixture->keys[1][0], "v"));
    assert_int_equal(moved.kind, ROUTE_MOVED);
    assert_int_equal(moved.member, 1);
    assert_int_equal(moved.slot, slot_of(span_from(fixture->keys[1][0])));
    moved = decide(fixture, true, WORDS("mget", fixture->keys[0][0], fixture->keys[2][0]));
    assert_int_equal(moved.kind, ROUTE_MOVED);
    assert_int_equal(moved.member, 2);
}

static void alone_everything_is_here(void **state)
{
    struct fixture *fixture = *state;
    struct fixture alone = *fixture;

    alone.ring = NULL;
    assert_int_equal(decide(&alone, false, WORDS("get", fixture->keys[1][0])).kind, ROUTE_HERE);
    assert_int_equal(decide(&alone, false, WORDS("dbsize")).kind, ROUTE_HERE);
}

static void with_no_members_known_keys_have_no_owner(void **state)
{
    struct fixture unknown = *(struct fixture *)*state;
    struct view nobody = { .self = VIEW_NO_SELF };

    unknown.ring = ring_new(&nobody);
    assert_int_equal(decide(&unknown, false, WORDS("get", "k")).kind, ROUTE_DOWN);
    assert_int_equal(decide(&unknown, false, WORDS("dbsize")).kind, ROUTE_DOWN);
    assert_int_equal(decide(&unknown, false, WORDS("command")).kind, ROUTE_HERE);
    ring_free(unknown.ring);
}

static void follows_the_rule_of_the_key(void **state)
{
    struct fixture *fixture = *state;
    const char *key = fixture->keys[1][0];
    char pattern[32];

    snprintf(pattern, sizeof(pattern), "^%s$", key);
    add_rule(fixture, pattern, "class=strong");
    assert_false(decide(fixture, false, WORDS("get", key)).may_near);

    snprintf(pattern, sizeof(pattern), "^%s$", fixture->keys[1][1]);
    add_rule(fixture, pattern, "class=local");
    assert_int_equal(decide(fixture, false, WORDS("get", fixture->keys[1][1])).kind, ROUTE_HERE);

    add_rule(fixture, "^user:(\\d+):", "shard=$1");
    const struct rule *rule;
    assert_int_equal(route_slot(fixture->rules, SPAN("user:17:name"), &rule),
                     slot_of_whole(SPAN("17")));
    assert_int_equal(route_slot(fixture->rules, SPAN("user:x:{t}"), &rule), slot_of(SPAN("t")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sends_a_request_whole_to_the_owner_of_its_keys),
        cmocka_unit_test(splits_or_refuses_keys_of_several_owners),
        cmocka_unit_test(patterns_must_be_pinned_to_where_the_key_is),
        cmocka_unit_test(leaves_a_key_without_its_value_to_the_handler),
        cmocka_unit_test(asks_all_owners_what_concerns_all),
        cmocka_unit_test(never_forwards_what_came_from_a_peer),
        cmocka_unit_test(alone_everything_is_here),
        cmocka_unit_test(with_no_members_known_keys_have_no_owner),
        cmocka_unit_test(follows_the_rule_of_the_key),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
