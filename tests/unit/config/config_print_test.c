/* What is printed from the rows. podis.conf at the top of the tree is such a print. */

#include "config/config.h"

#include "cache/base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { FILE_MAX = 1 << 16 };

static void add_line(void *context, const char *text)
{
    buf_add(context, span_from(text));
    buf_add(context, SPAN("\n"));
}

/* The path of podis.conf, from that of this file. */
static FILE *open_defaults(void)
{
    char path[512];
    snprintf(path, sizeof(path), "%s", __FILE__);
    char *end = strstr(path, "tests/unit/");
    assert_non_null(end);
    snprintf(end, sizeof(path) - (size_t)(end - path), "podis.conf");
    return fopen(path, "r");
}

static void the_file_in_the_tree_is_up_to_date(void **state)
{
    (void)state;
    struct buf printed;
    static char found[FILE_MAX];
    buf_init(&printed, FILE_MAX);
    config_print_file(add_line, &printed);

    FILE *file = open_defaults();
    assert_non_null(file);
    size_t len = fread(found, 1, sizeof(found), file);
    fclose(file);
    /* If this fails: build/podis --defaults >podis.conf */
    assert_int_equal(len, printed.len);
    assert_memory_equal(found, buf_span(&printed).bytes, len);
    buf_fini(&printed);
}

static struct config *load(const char *const *flags, size_t count)
{
    struct config_sources sources = { .flags = flags, .flag_count = count };
    struct config_report report;
    struct config *config;
    assert_int_equal(config_load(&sources, &config, &report), ERR_OK);
    config_report_fini(&report);
    return config;
}

static void used_values_hide_secrets(void **state)
{
    (void)state;
    static const char *const flags[] = { "--requirepass", "hush", "--maxmemory", "1mb" };
    struct config *config = load(flags, 4);
    struct buf printed;
    buf_init(&printed, FILE_MAX);
    config_print_used(config, add_line, &printed);
    struct span text = buf_span(&printed);
    assert_null(memmem(text.bytes, text.len, "hush", 4));
    assert_non_null(memmem(text.bytes, text.len, "requirepass (hidden)\n", 21));
    assert_non_null(memmem(text.bytes, text.len, "maxmemory 1048576\n", 18));
    buf_fini(&printed);
    config_free(config);
}

/* Without the comment signs, the file of defaults is a configuration like any other. */
static void the_file_can_be_read(void **state)
{
    (void)state;
    char path[] = "/tmp/podis-test-XXXXXX";
    char line[512];
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    FILE *out = fdopen(fd, "w");
    FILE *in = open_defaults();
    bool value_next = false;
    while (fgets(line, sizeof(line), in) != NULL) {
        if (value_next) {
            fputs(line + 2, out);
        }
        value_next = strncmp(line, "# may change", 12) == 0 || strncmp(line, "# changes", 9) == 0;
    }
    fclose(in);
    fclose(out);

    struct config_sources sources = { .file = path };
    struct config_report report;
    struct config *config;
    enum err err = config_load(&sources, &config, &report);
    assert_string_equal(report.text, "");
    assert_int_equal(err, ERR_OK);
    assert_true(config_is_set(config, "peers"));
    config_report_fini(&report);
    config_free(config);
    remove(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_file_in_the_tree_is_up_to_date),
        cmocka_unit_test(used_values_hide_secrets),
        cmocka_unit_test(the_file_can_be_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
