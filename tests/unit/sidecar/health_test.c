/* Addresses of `podis health`; asking is tested with the admin port it asks. */

#include "sidecar/health.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void cuts_addresses(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *host;
        uint16_t port;
    } rows[] = {
        { "10.0.0.1:9121", "10.0.0.1", 9121 },
        { "[fd00::1]:80", "fd00::1", 80 },
        { "9121", "before", 9121 },
        { "localhost:1", "localhost", 1 },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char host[64] = "before";
        uint16_t port = 0;
        assert_int_equal(health_address(rows[i].text, host, sizeof(host), &port), ERR_OK);
        assert_string_equal(host, rows[i].host);
        assert_int_equal(port, rows[i].port);
    }
}

static void refuses_what_is_none(void **state)
{
    (void)state;
    static const char *const bad[] = { "",       ":",          "host",   "host:",
                                       "host:0", "host:65536", "host:x", ":80" };
    for (size_t i = 0; i < COUNT(bad); i++) {
        char host[64] = "before";
        uint16_t port = 0;
        assert_int_equal(health_address(bad[i], host, sizeof(host), &port), ERR_INVALID);
    }
}

static void says_that_nobody_is_there(void **state)
{
    (void)state;
    char why[200] = "";
    assert_int_equal(health_ask("127.0.0.1", 1, why, sizeof(why)), ERR_SYSTEM);
    assert_string_equal(why, "cannot connect to the admin port 127.0.0.1:1: Connection refused");
    assert_int_equal(health_ask("name", 1, why, sizeof(why)), ERR_INVALID);
    assert_string_equal(why, "'name' is not a numeric address");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cuts_addresses),
        cmocka_unit_test(refuses_what_is_none),
        cmocka_unit_test(says_that_nobody_is_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
