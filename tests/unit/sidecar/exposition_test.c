/* /metrics: the names dashboards look for, and the grammar of both formats. */

#include "sidecar/exposition.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/sidecar/parts.h"

enum { PAGE_MAX = 1 << 20, NAME_MAX_LEN = 128, FAMILIES_MAX = 256 };

static void scrape(enum exposition_format format, struct buf *page)
{
    struct parts parts;
    parts_make(&parts);
    struct exposition_parts from = { .server = parts.server, .lifecycle = &parts.lifecycle };
    buf_init(page, PAGE_MAX);
    exposition_print(&from, format, page);
    buf_add(page, (struct span){ "", 1 });
    parts_free(&parts);
}

static void says_what_dashboards_ask_for(void **state)
{
    (void)state;
    static const char *const names[] = {
        "redis_up",
        "redis_uptime_in_seconds",
        "redis_connected_clients",
        "redis_blocked_clients",
        "redis_memory_used_bytes",
        "redis_memory_max_bytes",
        "redis_commands_processed_total",
        "redis_commands_total",
        "redis_commands_duration_seconds_total",
        "redis_keyspace_hits_total",
        "redis_keyspace_misses_total",
        "redis_db_keys",
        "redis_db_keys_expiring",
        "redis_expired_keys_total",
        "redis_evicted_keys_total",
        "redis_net_input_bytes_total",
        "redis_net_output_bytes_total",
        "redis_connections_received_total",
        "redis_rejected_connections_total",
        "podis_peer_forwards_total",
        "podis_dns_rounds_total",
        "podis_rule_limit_hits_total",
    };
    struct buf page;
    scrape(EXPOSITION_PROMETHEUS, &page);
    for (size_t i = 0; i < COUNT(names); i++) {
        char line[NAME_MAX_LEN + 16];
        snprintf(line, sizeof(line), "\n# TYPE %s ", names[i]);
        if (strstr(buf_span(&page).bytes, line) == NULL) {
            fail_msg("%s is missing", names[i]);
        }
    }
    assert_non_null(strstr(buf_span(&page).bytes, "\nredis_db_keys{db=\"db1\"} 0\n"));
    assert_null(strstr(buf_span(&page).bytes, "# EOF"));
    buf_fini(&page);
}

/* Whether a sample's name belongs to the family: the same, or with _total behind it. */
static bool belongs(const char *name, const char *family, const char *type, bool open)
{
    char counter[NAME_MAX_LEN + 8];
    snprintf(counter, sizeof(counter), "%s_total", family);
    return strcmp(name, open && strcmp(type, "counter") == 0 ? counter : family) == 0;
}

/* HELP, then TYPE, then samples of that family alone; no family twice. */
static void expect_grammar(const char *page, bool open)
{
    static char families[FAMILIES_MAX][NAME_MAX_LEN];
    size_t count = 0;
    char type[16] = "";
    while (*page != '\0') {
        char name[NAME_MAX_LEN];
        size_t len = strcspn(page, "\n");
        if (strncmp(page, "# HELP ", 7) == 0) {
            assert_int_equal(sscanf(page, "# HELP %127s", families[count]), 1);
            for (size_t i = 0; i < count; i++) {
                assert_string_not_equal(families[i], families[count]);
            }
            count++;
            assert_true(count < FAMILIES_MAX);
        } else if (strncmp(page, "# TYPE ", 7) == 0) {
            assert_int_equal(sscanf(page, "# TYPE %127s %15s", name, type), 2);
            assert_string_equal(name, families[count - 1]);
        } else if (strncmp(page, "# EOF", 5) == 0) {
            assert_true(open);
            assert_int_equal(page[len + 1], '\0');
        } else {
            snprintf(name, sizeof(name), "%.*s", (int)strcspn(page, "{ "), page);
            if (!belongs(name, families[count - 1], type, open)) {
                fail_msg("%s in %s", name, families[count - 1]);
            }
            const char *value = strrchr(strndupa(page, len), ' ');
            char *end;
            strtod(value + 1, &end);
            assert_true(*end == '\0');
        }
        page += len + 1;
    }
    assert_true(count > 40);
}

static void keeps_to_the_grammar(void **state)
{
    (void)state;
    struct buf page;
    scrape(EXPOSITION_PROMETHEUS, &page);
    expect_grammar(buf_span(&page).bytes, false);
    buf_fini(&page);
    scrape(EXPOSITION_OPENMETRICS, &page);
    expect_grammar(buf_span(&page).bytes, true);
    assert_non_null(strstr(buf_span(&page).bytes, "\n# EOF\n"));
    buf_fini(&page);
}

static void gives_what_the_scraper_asked_for(void **state)
{
    (void)state;
    assert_int_equal(exposition_choose(NULL), EXPOSITION_PROMETHEUS);
    assert_int_equal(exposition_choose("text/plain;version=0.0.4;q=0.5"), EXPOSITION_PROMETHEUS);
    assert_int_equal(exposition_choose("application/openmetrics-text;version=1.0.0,text/plain"),
                     EXPOSITION_OPENMETRICS);
    assert_string_equal(exposition_content_type(EXPOSITION_PROMETHEUS),
                        "text/plain; version=0.0.4; charset=utf-8");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_what_dashboards_ask_for),
        cmocka_unit_test(keeps_to_the_grammar),
        cmocka_unit_test(gives_what_the_scraper_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
