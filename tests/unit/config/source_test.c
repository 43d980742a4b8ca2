/* Where directives are written: files, includes, environment, flags. */

#include "config/source.h"

#include "cache/base/buf.h"
#include "config/report.h"
#include "config/words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/config/folder.h"

/* What was visited, as "name words; ". */
struct heard {
    struct buf text;
    struct config_report report;
};

static void hear(void *context, const struct directive *directive)
{
    struct heard *heard = context;
    buf_add(&heard->text, span_from(directive->option->name));
    buf_add(&heard->text, SPAN(" "));
    if (directive->words == NULL) {
        buf_add(&heard->text, directive->text);
    } else {
        words_join(&heard->text, directive->words);
    }
    buf_add(&heard->text, SPAN("; "));
}

static enum err listen_to(const struct config_sources *sources, struct heard *heard)
{
    buf_init(&heard->text, 1 << 16);
    report_init(&heard->report);
    enum err err = source_each(sources, hear, heard, &heard->report);
    buf_add(&heard->text, (struct span){ "", 1 });
    return err;
}

static void stop_listening(struct heard *heard)
{
    buf_fini(&heard->text);
    config_report_fini(&heard->report);
}

static void expect(const struct config_sources *sources, const char *said, const char *wrong)
{
    struct heard heard;
    enum err err = listen_to(sources, &heard);
    assert_int_equal(err, ERR_OK);
    assert_string_equal(buf_span(&heard.text).bytes, said);
    assert_string_equal(heard.report.text, wrong);
    stop_listening(&heard);
}

static void reads_a_file(void **state)
{
    (void)state;
    struct folder folder;
    char path[FOLDER_PATH];
    folder_make(&folder);
    folder_write(&folder, "a.conf",
                 "# comment\r\n\r\n  PORT 7000  \nbind \"1.2.3.4\" ::1\n#port 1\nsave \"\"");
    struct config_sources sources = { .file = folder_path(&folder, "a.conf", path) };
    expect(&sources, "port 7000; bind 1.2.3.4 ::1; save \"\"; ", "");
    folder_remove(&folder);
}

static void says_file_and_line(void **state)
{
    (void)state;
    struct folder folder;
    folder_make(&folder);
    folder_write(&folder, "a.conf", "\nprt 1\nport \"1\nhz 10\n");
    struct config_sources sources = { .file = "a.conf", .directory = folder.path };
    struct heard heard;
    char wrong[512];

    snprintf(wrong, sizeof(wrong),
             "%s/a.conf:2: unknown directive 'prt', did you mean 'port'?\n"
             "%s/a.conf:3: unbalanced quotes in: port \"1\n",
             folder.path, folder.path);
    assert_int_equal(listen_to(&sources, &heard), ERR_OK);
    assert_string_equal(heard.report.text, wrong);
    assert_string_equal(buf_span(&heard.text).bytes, "hz 10; ");
    stop_listening(&heard);
    folder_remove(&folder);
}

static void includes_files_and_patterns(void **state)
{
    (void)state;
    struct folder folder;
    folder_make(&folder);
    folder_write(&folder, "a.conf",
                 "hz 1\ninclude b.conf\ninclude c*.conf\ninclude d*.conf\nhz 5\n");
    folder_write(&folder, "b.conf", "hz 2\n");
    folder_write(&folder, "c1.conf", "hz 3\n");
    folder_write(&folder, "c2.conf", "hz 4\n");
    struct config_sources sources = { .file = "a.conf", .directory = folder.path };
    expect(&sources, "hz 1; hz 2; hz 3; hz 4; hz 5; ", "");
    folder_remove(&folder);
}

static void a_file_that_includes_itself_ends(void **state)
{
    (void)state;
    struct folder folder;
    struct heard heard;
    folder_make(&folder);
    folder_write(&folder, "a.conf", "include a.conf\n");
    struct config_sources sources = { .file = "a.conf", .directory = folder.path };
    assert_int_equal(listen_to(&sources, &heard), ERR_OK);
    assert_non_null(strstr(heard.report.text, "files deep"));
    stop_listening(&heard);
    folder_remove(&folder);
}

static void a_missing_file_is_an_error(void **state)
{
    (void)state;
    struct folder folder;
    struct heard heard;
    folder_make(&folder);
    folder_write(&folder, "a.conf", "include b.conf\n");
    struct config_sources sources = { .file = "a.conf", .directory = folder.path };
    assert_int_equal(listen_to(&sources, &heard), ERR_SYSTEM);
    assert_non_null(strstr(heard.report.text, "b.conf: cannot read it: No such file"));
    stop_listening(&heard);
    folder_remove(&folder);
}

static void reads_the_environment(void **state)
{
    (void)state;
    char *environment[] = { "HOME=/",
                            "PODIS_MAXMEMORY=1mb",
                            "PODIS_MAXMEMORY_POLICY=noeviction",
                            "PODIS_NOPE=1",
                            "PODIS_X",
                            NULL };
    struct config_sources sources = { .environment = environment };
    expect(&sources, "maxmemory 1mb; maxmemory-policy noeviction; ",
           "environment PODIS_NOPE: unknown directive 'NOPE' (podis --help lists them)\n");
}

static void passes_over_kubernetes_service_variables(void **state)
{
    (void)state;
    char *environment[] = { "PODIS_PORT=tcp://10.0.0.1:6379",
                            "PODIS_PEER_PORT=tcp://10.0.0.2:6380",
                            "PODIS_SERVICE_HOST=10.0.0.1",
                            "PODIS_SERVICE_PORT=6379",
                            "PODIS_SERVICE_PORT_PODIS=6379",
                            "PODIS_PORT_6379_TCP=tcp://10.0.0.1:6379",
                            "PODIS_PORT_6379_TCP_ADDR=10.0.0.1",
                            "PODIS_PORT_6379_TCP_PORT=6379",
                            "PODIS_PORT_6379_TCP_PROTO=tcp",
                            "PODIS_PEER_SERVICE_HOST=10.0.0.2",
                            NULL };
    struct config_sources sources = { .environment = environment };
    expect(&sources, "", "");
}

static void reads_flags_as_redis_does(void **state)
{
    (void)state;
    const char *const flags[] = { "--port", "7000", "--save", "900", "1",
                                  "--save", "",     "--bind", "::1", "-1.2.3.4" };
    struct config_sources sources = { .flags = flags, .flag_count = 10 };
    expect(&sources, "port 7000; save 900 1; save \"\"; bind ::1 -1.2.3.4; ", "");
}

static void a_flag_may_hold_its_values(void **state)
{
    (void)state;
    const char *const flags[] = { "--port 7000", "--save 900 '1'", "--hz", "5", "--hz 'a" };
    struct config_sources sources = { .flags = flags, .flag_count = 5 };
    expect(&sources, "port 7000; save 900 1; hz 5; ",
           "flag --hz 'a: found where a --directive is expected\n");
}

static void flags_begin_with_a_name(void **state)
{
    (void)state;
    const char *const flags[] = { "7000", "--hz", "5" };
    struct config_sources sources = { .flags = flags, .flag_count = 3 };
    expect(&sources, "hz 5; ", "flag 7000: found where a --directive is expected\n");
}

static void takes_the_sources_in_order(void **state)
{
    (void)state;
    struct folder folder;
    char *environment[] = { "PODIS_HZ=2", NULL };
    const char *const flags[] = { "--hz", "3" };
    folder_make(&folder);
    folder_write(&folder, "a.conf", "hz 1\n");
    struct config_sources sources = { .file = "a.conf",
                                      .directory = folder.path,
                                      .environment = environment,
                                      .flags = flags,
                                      .flag_count = 2 };
    expect(&sources, "hz 1; hz 2; hz 3; ", "");
    folder_remove(&folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_file),
        cmocka_unit_test(says_file_and_line),
        cmocka_unit_test(includes_files_and_patterns),
        cmocka_unit_test(a_file_that_includes_itself_ends),
        cmocka_unit_test(a_missing_file_is_an_error),
        cmocka_unit_test(reads_the_environment),
        cmocka_unit_test(passes_over_kubernetes_service_variables),
        cmocka_unit_test(reads_flags_as_redis_does),
        cmocka_unit_test(a_flag_may_hold_its_values),
        cmocka_unit_test(flags_begin_with_a_name),
        cmocka_unit_test(takes_the_sources_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
