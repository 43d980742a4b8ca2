/* The configuration in use: precedence, CONFIG GET and SET, what a reload may change. */

#include "config/config.h"

#include "cache/base/check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/unit/config/folder.h"
#include "tests/unit/config/redis_defaults.h"

enum { FLAGS_MAX = 16 };

static struct config *load_sources(const struct config_sources *sources)
{
    struct config_report report;
    struct config *config;
    enum err err = config_load(sources, &config, &report);
    if (err != ERR_OK) {
        fail_msg("%s", report.text);
    }
    config_report_fini(&report);
    return config;
}

/* From flags alone; NULL ends them. */
static struct config *load(const char *const *flags)
{
    struct config_sources sources = { .flags = flags };
    while (flags[sources.flag_count] != NULL) {
        sources.flag_count++;
    }
    return load_sources(&sources);
}

static void expect_refused(const char *const *flags, const char *part)
{
    struct config_sources sources = { .flags = flags };
    struct config_report report;
    struct config *config;
    while (flags[sources.flag_count] != NULL) {
        sources.flag_count++;
    }
    assert_int_equal(config_load(&sources, &config, &report), ERR_INVALID);
    assert_null(config);
    if (strstr(report.text, part) == NULL) {
        fail_msg("\"%s\" is not in \"%s\"", part, report.text);
    }
    config_report_fini(&report);
}

/* What CONFIG GET says. */
struct got {
    char names[64][64];
    char values[64][256];
    size_t count;
};

static void take(void *context, const char *name, const char *value)
{
    struct got *got = context;
    if (got->count < 64) {
        snprintf(got->names[got->count], sizeof(got->names[0]), "%s", name);
        snprintf(got->values[got->count], sizeof(got->values[0]), "%s", value);
    }
    got->count++;
}

static const char *get(const struct config *config, const char *name)
{
    static struct got got;
    struct span pattern = span_from(name);
    got.count = 0;
    config_get(config, &pattern, 1, take, &got);
    assert_int_equal(got.count, 1);
    return got.values[0];
}

static void knows_all_that_redis_knows_with_its_defaults(void **state)
{
    (void)state;
    /* Where podis has another: it binds to this machine alone. */
    struct config *config = load((const char *const[]){ NULL });
    for (size_t i = 0; i < COUNT(redis_defaults); i++) {
        assert_string_equal(get(config, redis_defaults[i].name), redis_defaults[i].value);
    }
    assert_string_equal(get(config, "port"), "6379");
    assert_string_equal(get(config, "bind"), "127.0.0.1 -::1");
    config_free(config);
}

static void flags_beat_environment_beats_file(void **state)
{
    (void)state;
    struct folder folder;
    char *environment[] = { "PODIS_HZ=20", "PODIS_TIMEOUT=21", "PODIS_SAVE=60 1", NULL };
    const char *const flags[] = { "--timeout", "31" };
    folder_make(&folder);
    folder_write(&folder, "a.conf", "hz 10\ntimeout 11\nmaxclients 12\nsave 1 1\nsave 2 2\n");
    struct config_sources sources = { .file = "a.conf",
                                      .directory = folder.path,
                                      .environment = environment,
                                      .flags = flags,
                                      .flag_count = 2 };
    struct config *config = load_sources(&sources);
    assert_int_equal(config->options.maxclients, 12);
    assert_int_equal(config->options.hz, 20);
    assert_int_equal(config->options.timeout_seconds, 31);
    assert_string_equal(get(config, "save"), "60 1");
    config_free(config);

    sources.environment = NULL;
    config = load_sources(&sources);
    assert_string_equal(get(config, "save"), "1 1 2 2");
    config_free(config);
    folder_remove(&folder);
}

static void reports_everything_that_is_wrong(void **state)
{
    (void)state;
    static const char *const flags[FLAGS_MAX] = { "--hz",         "x",   "--nope", "1",
                                                  "--log-format", "xml", NULL };
    expect_refused(flags, "flag --hz: hz: found 'x', accepted is a whole number");
    expect_refused(flags, "flag --nope: unknown directive 'nope'");
    expect_refused(flags, "flag --log-format: log-format: found 'xml', accepted is one of: text");
}

static void hides_secrets_in_reports(void **state)
{
    (void)state;
    struct config_sources sources = { .flags = (const char *const[]){ "--requirepass", "a", "b" },
                                      .flag_count = 3 };
    struct config_report report;
    struct config *config;
    assert_int_equal(config_load(&sources, &config, &report), ERR_INVALID);
    assert_non_null(strstr(report.text, "found '(hidden)'"));
    config_report_fini(&report);
}

static void refuses_what_does_not_fit_together(void **state)
{
    (void)state;
    expect_refused((const char *const[]){ "--port", "0", NULL }, "no app could connect");
    expect_refused((const char *const[]){ "--dir", "/nonexistent/x", NULL },
                   "dir: cannot use '/nonexistent/x'");
}

static void warns_once_of_what_has_no_effect(void **state)
{
    (void)state;
    struct config_sources sources = {
        .flags = (const char *const[]){ "--activedefrag", "yes", "--activedefrag", "yes", "--save",
                                        "", "--io-threads", "4" },
        .flag_count = 8,
    };
    struct config_report report;
    struct config *config;
    assert_int_equal(config_load(&sources, &config, &report), ERR_OK);
    assert_string_equal(
        report.warnings,
        "flag --activedefrag: activedefrag has no effect: podis does not move memory\n"
        "flag --io-threads: io-threads has no effect: podis serves from one thread\n");
    config_report_fini(&report);
    config_free(config);
}

static void takes_addresses_from_the_pod(void **state)
{
    (void)state;
    char *environment[] = { "POD_IP=10.1.2.3", NULL };
    const char *const flags[] = { "--admin-bind", "127.0.0.1" };
    struct config_sources sources = { .environment = environment, .flags = flags, .flag_count = 2 };
    struct config *config = load_sources(&sources);
    assert_string_equal(config->options.peer_bind, "10.1.2.3");
    assert_string_equal(config->options.admin_bind, "127.0.0.1");
    config_free(config);

    config = load((const char *const[]){ NULL });
    assert_string_equal(config->options.peer_bind, "0.0.0.0");
    config_free(config);
}

static void clips_hz(void **state)
{
    (void)state;
    struct config *config = load((const char *const[]){ "--hz", "1000", NULL });
    assert_int_equal(config->options.hz, 500);
    config_free(config);
    config = load((const char *const[]){ "--hz", "0", NULL });
    assert_int_equal(config->options.hz, 1);
    config_free(config);
}

static void get_answers_to_patterns(void **state)
{
    (void)state;
    struct config *config = load((const char *const[]){ NULL });
    struct got got = { .count = 0 };
    const struct span patterns[] = { SPAN("HASH-max-*"), SPAN("hash*value"), SPAN("nope") };
    config_get(config, patterns, COUNT(patterns), take, &got);
    assert_int_equal(got.count, 4);
    got.count = 0;
    config_get(config, (const struct span[]){ SPAN("*") }, 1, take, &got);
    assert_true(got.count > COUNT(redis_defaults));
    config_free(config);
}

static void every_value_got_can_be_set_or_is_immutable(void **state)
{
    (void)state;
    static struct got got;
    struct config *config = load((const char *const[]){ NULL });
    struct config *copy = config_copy(config);
    struct span pattern = SPAN("[a-m]*");
    for (int half = 0; half < 2; half++) {
        got.count = 0;
        config_get(config, &pattern, 1, take, &got);
        for (size_t i = 0; i < got.count && i < 64; i++) {
            struct span pair[] = { span_from(got.names[i]), span_from(got.values[i]) };
            char why[300] = "";
            if (config_set(copy, pair, 2, why, sizeof(why)) != ERR_OK) {
                assert_non_null(strstr(why, "can't set"));
            }
            assert_string_equal(get(copy, got.names[i]), got.values[i]);
        }
        pattern = SPAN("[n-z]*");
    }
    config_free(copy);
    config_free(config);
}

struct refusal {
    const char *pairs[6];
    const char *why;
};

static void set_refuses_with_redis_words(void **state)
{
    (void)state;
    static const struct refusal rows[] = {
        { { "nope", "1" }, "Unknown option or number of arguments for CONFIG SET - 'nope'" },
        { { "port", "1", "nope", "1" },
          "Unknown option or number of arguments for CONFIG SET - 'nope'" },
        { { "databases", "1" },
          "CONFIG SET failed (possibly related to argument 'databases') - can't set immutable "
          "config" },
        { { "dir", "/" },
          "CONFIG SET failed (possibly related to argument 'dir') - can't set protected config" },
        { { "hz", "1", "HZ", "2" },
          "CONFIG SET failed (possibly related to argument 'HZ') - duplicate parameter" },
        { { "slave-priority", "1", "replica-priority", "2" },
          "CONFIG SET failed (possibly related to argument 'replica-priority') - duplicate "
          "parameter" },
        { { "timeout", "7", "maxclients", "0" },
          "CONFIG SET failed (possibly related to argument 'maxclients') - argument must be "
          "between 1 and 4294967295 inclusive" },
    };
    struct config *config = load((const char *const[]){ NULL });
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct span pairs[6];
        size_t count = 0;
        char why[300] = "";
        while (count < 6 && rows[i].pairs[count] != NULL) {
            pairs[count] = span_from(rows[i].pairs[count]);
            count++;
        }
        assert_int_equal(config_set(config, pairs, count, why, sizeof(why)), ERR_INVALID);
        assert_string_equal(why, rows[i].why);
    }
    /* All or nothing. */
    assert_int_equal(config->options.timeout_seconds, 0);
    config_free(config);
}

static void set_takes_all(void **state)
{
    (void)state;
    const struct span pairs[] = { SPAN("timeout"), SPAN("7"), SPAN("RULE"),
                                  SPAN("^a class=local\n^b near=no") };
    struct config *config = load((const char *const[]){ NULL });
    char why[300] = "";
    assert_false(config_is_set(config, "timeout"));
    assert_int_equal(config_set(config, pairs, 4, why, sizeof(why)), ERR_OK);
    assert_int_equal(config->options.timeout_seconds, 7);
    assert_int_equal(rules_count(config->rules), 2);
    assert_true(config_is_set(config, "timeout"));
    config_free(config);
}

static void protected_directives_can_be_allowed(void **state)
{
    (void)state;
    const struct span pairs[] = { SPAN("dir"), SPAN("/") };
    struct config *config =
        load((const char *const[]){ "--enable-protected-configs", "yes", NULL });
    char why[300] = "";
    assert_int_equal(config_set(config, pairs, 2, why, sizeof(why)), ERR_OK);
    assert_string_equal(config->options.dir, "/");
    config_free(config);
}

static void rules_come_from_all_their_lines(void **state)
{
    (void)state;
    struct config *config = load(
        (const char *const[]){ "--rule", "^a b", "class=local", "--rule", "^c", "near=no", NULL });
    struct span shard;
    assert_int_equal(rules_count(config->rules), 2);
    assert_ptr_equal(rules_match(config->rules, SPAN("a bc"), &shard), rules_at(config->rules, 0));
    assert_string_equal(get(config, "rule"), "\"^a b\" class=local\n^c near=no");
    config_free(config);
}

static void memory_defaults_to_the_containers_share(void **state)
{
    (void)state;
    struct config *config = load((const char *const[]){ NULL });
    assert_true(config_default_memory(config, 1000));
    assert_int_equal(config->options.maxmemory, 1000);
    assert_false(config_default_memory(config, 1000));
    config_free(config);

    config = load((const char *const[]){ "--maxmemory", "0", NULL });
    assert_false(config_default_memory(config, 1000));
    assert_int_equal(config->options.maxmemory, 0);
    config_free(config);
}

static void nothing_is_saved_unless_asked_for_or_a_file_is_given(void **state)
{
    (void)state;
    static const struct {
        const char *const flags[5];
        const char *file;
        const char *save;
    } cases[] = {
        { { NULL }, NULL, "" },
        { { "--save", "60 1", NULL }, NULL, "60 1" },
        { { NULL }, "a.conf", "3600 1 300 100 60 10000" },
        { { "--peers", "dns:pods", NULL }, "a.conf", "" },
        { { "--peers", "dns:pods", "--save", "60 1", NULL }, "a.conf", "60 1" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct config_sources sources = { .file = cases[i].file };
        struct config *config = load(cases[i].flags);
        config_default_save(config, &sources);
        assert_string_equal(get(config, "save"), cases[i].save);
        config_free(config);
    }
}

/* What config_compare() says changed: "name: before -> after; ". */
static void note_change(void *context, const char *name, const char *before, const char *after)
{
    char *text = context;
    size_t len = strlen(text);
    snprintf(text + len, 500 - len, "%s: %s -> %s; ", name, before, after);
}

static void compare_names_what_differs(void **state)
{
    (void)state;
    struct config *now = load((const char *const[]){ "--requirepass", "a", NULL });
    struct config *next = load((const char *const[]){ "--requirepass", "b", "--hz", "20", "--rule",
                                                      "^a", "near=no", NULL });
    struct config_report report;
    char text[500] = "";

    config_default_memory(now, 1000);
    assert_int_equal(config_compare(now, next, note_change, text, &report), ERR_OK);
    assert_string_equal(text,
                        "requirepass: (hidden) -> (hidden); hz: 10 -> 20; rule:  -> ^a near=no; ");
    assert_string_equal(report.text, "");
    config_report_fini(&report);
    config_free(now);
    config_free(next);
}

static void compare_refuses_what_needs_a_restart(void **state)
{
    (void)state;
    struct config *now = load((const char *const[]){ NULL });
    struct config *next = load((const char *const[]){ "--peer-port", "1", NULL });
    struct config_report report;
    char text[500] = "";

    assert_int_equal(config_compare(now, next, note_change, text, &report), ERR_REFUSED);
    assert_string_equal(report.text, "peer-port: '6380' cannot become '1' without a restart\n");
    config_report_fini(&report);
    config_free(now);
    config_free(next);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_all_that_redis_knows_with_its_defaults),
        cmocka_unit_test(flags_beat_environment_beats_file),
        cmocka_unit_test(reports_everything_that_is_wrong),
        cmocka_unit_test(hides_secrets_in_reports),
        cmocka_unit_test(refuses_what_does_not_fit_together),
        cmocka_unit_test(warns_once_of_what_has_no_effect),
        cmocka_unit_test(takes_addresses_from_the_pod),
        cmocka_unit_test(clips_hz),
        cmocka_unit_test(get_answers_to_patterns),
        cmocka_unit_test(every_value_got_can_be_set_or_is_immutable),
        cmocka_unit_test(set_refuses_with_redis_words),
        cmocka_unit_test(set_takes_all),
        cmocka_unit_test(protected_directives_can_be_allowed),
        cmocka_unit_test(rules_come_from_all_their_lines),
        cmocka_unit_test(nothing_is_saved_unless_asked_for_or_a_file_is_given),
        cmocka_unit_test(memory_defaults_to_the_containers_share),
        cmocka_unit_test(compare_names_what_differs),
        cmocka_unit_test(compare_refuses_what_needs_a_restart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
