#include "proxy/discovery/target.h"

#include "cache/base/check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void reads_what_peers_may_say(void **state)
{
    static const struct {
        const char *text;
        enum target_kind kind;
        const char *name;
        uint16_t port;
    } good[] = {
        { "dns:podis.shop.svc", TARGET_NAME, "podis.shop.svc", 6380 },
        { "DNS:podis.shop.svc.:7000", TARGET_NAME, "podis.shop.svc.", 7000 },
        { "dns:10.0.0.1", TARGET_FIXED, "10.0.0.1", 6380 },
        { "srv:_podis-peer._tcp.podis", TARGET_SERVICE, "_podis-peer._tcp.podis", 0 },
        { "static:10.0.0.1:6380", TARGET_FIXED, "10.0.0.1", 6380 },
        { "static:[fd00::1]:6380", TARGET_FIXED, "fd00::1", 6380 },
        { "static:one:65535", TARGET_NAME, "one", 65535 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(good); i++) {
        struct targets targets;
        char why[256];
        assert_int_equal(targets_parse(span_from(good[i].text), 6380, &targets, why, sizeof(why)),
                         ERR_OK);
        assert_int_equal(targets.count, 1);
        assert_int_equal(targets.list[0].kind, good[i].kind);
        assert_string_equal(targets.list[0].name, good[i].name);
        assert_int_equal(targets.list[0].port, good[i].port);
        targets_fini(&targets);
    }
}

static void refuses_the_rest_and_says_what_it_takes(void **state)
{
    static const char *const bad[] = {
        "dns:",          "dns::6380",      "dns:name:0",       "dns:name:65536", "dns:name:x",
        "srv:",          "srv:name",       "static:",          "static:a",       "static:a:1,,b:2",
        "static:[::1:5", "static:[::1]x5", "static:10.0.0.1:", "consul:x",       "10.0.0.1:6380",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct targets targets;
        char why[256] = "";
        assert_int_equal(targets_parse(span_from(bad[i]), 6380, &targets, why, sizeof(why)),
                         ERR_INVALID);
        assert_non_null(strstr(why, "dns:NAME"));
        assert_null(targets.list);
    }
}

static void nobody_is_no_target(void **state)
{
    struct targets targets;
    char why[8];

    (void)state;
    assert_int_equal(targets_parse(SPAN(""), 6380, &targets, why, sizeof(why)), ERR_OK);
    assert_int_equal(targets.count, 0);
    assert_int_equal(targets_parse(SPAN("none"), 6380, &targets, why, sizeof(why)), ERR_OK);
    assert_int_equal(targets.count, 0);
}

static void a_static_list_may_be_long(void **state)
{
    struct targets targets;
    char why[256];

    (void)state;
    assert_int_equal(
        targets_parse(SPAN("static:a:1,10.0.0.2:2,[::1]:3"), 6380, &targets, why, sizeof(why)),
        ERR_OK);
    assert_int_equal(targets.count, 3);
    assert_int_equal(targets.list[2].port, 3);
    targets_fini(&targets);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_peers_may_say),
        cmocka_unit_test(refuses_the_rest_and_says_what_it_takes),
        cmocka_unit_test(nobody_is_no_target),
        cmocka_unit_test(a_static_list_may_be_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
