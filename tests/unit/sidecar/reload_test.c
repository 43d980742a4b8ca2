/* A new configuration while running: whole, or not at all. */

#include "sidecar/reload.h"

#include <ev.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/config/folder.h"

/* A program of a configuration alone, and what it logged. */
struct fixture {
    struct folder folder;
    struct config_sources sources;
    struct config *config;
    struct log log;
    char logged[4096];
    struct ev_loop *loop;
    struct reload *reload;
    int changes;
};

static void note(void *context, enum log_level level, const char *text)
{
    struct fixture *fixture = context;
    size_t len = strlen(fixture->logged);
    (void)level;
    snprintf(fixture->logged + len, sizeof(fixture->logged) - len, "%s\n", text);
}

static void count_change(void *context)
{
    struct fixture *fixture = context;
    fixture->changes++;
}

static enum err refuse_hz_66(void *context, const struct config *next, char *why, size_t why_size)
{
    (void)context;
    snprintf(why, why_size, "the world has no 66");
    return next->options.hz == 66 ? ERR_SYSTEM : ERR_OK;
}

static void begin(struct fixture *fixture, const char *text)
{
    struct config_report report;
    *fixture = (struct fixture){ .loop = ev_loop_new(EVFLAG_AUTO) };
    folder_make(&fixture->folder);
    folder_write(&fixture->folder, "a.conf", text);
    fixture->sources =
        (struct config_sources){ .file = "a.conf", .directory = fixture->folder.path };
    assert_int_equal(config_load(&fixture->sources, &fixture->config, &report), ERR_OK);
    config_report_fini(&report);
    fixture->log = (struct log){ .level = LOG_NOTICE, .write = note, .context = fixture };
    struct reload_parts parts = { .loop = fixture->loop,
                                  .sources = &fixture->sources,
                                  .config = fixture->config,
                                  .log = &fixture->log,
                                  .prepare = refuse_hz_66,
                                  .changed = count_change,
                                  .context = fixture };
    fixture->reload = reload_new(&parts);
}

static void end(struct fixture *fixture)
{
    reload_free(fixture->reload);
    config_free(fixture->config);
    ev_loop_destroy(fixture->loop);
    folder_remove(&fixture->folder);
}

static void expect_logged(const struct fixture *fixture, const char *part)
{
    if (strstr(fixture->logged, part) == NULL) {
        fail_msg("\"%s\" is not in the log:\n%s", part, fixture->logged);
    }
}

static void takes_what_may_change(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture, "hz 10\nrule ^a near=no\n");
    folder_write(&fixture.folder, "a.conf", "hz 20\nrule ^b near=no\nrule ^c near=no\n");
    assert_int_equal(reload_now(fixture.reload), ERR_OK);
    assert_int_equal(fixture.config->options.hz, 20);
    assert_int_equal(rules_count(fixture.config->rules), 2);
    assert_int_equal(fixture.changes, 1);
    expect_logged(&fixture, "Reload: hz was '10', is '20'");
    expect_logged(&fixture, "Reload: rule was '^a near=no', is '^b near=no\n^c near=no'");
    end(&fixture);
}

static void nothing_new_is_nothing_done(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture, "hz 20\n");
    assert_int_equal(reload_now(fixture.reload), ERR_OK);
    assert_int_equal(fixture.changes, 0);
    expect_logged(&fixture, "Reload: nothing has changed");
    end(&fixture);
}

static void refuses_all_for_one_mistake(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture, "hz 10\n");
    folder_write(&fixture.folder, "a.conf", "hz 20\ntimeout x\n");
    assert_int_equal(reload_now(fixture.reload), ERR_INVALID);
    assert_int_equal(fixture.config->options.hz, 10);
    assert_int_equal(fixture.changes, 0);
    expect_logged(&fixture, "a.conf:2: timeout: found 'x', accepted is a whole number");
    end(&fixture);
}

static void refuses_all_for_one_that_needs_a_restart(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture, "hz 10\n");
    folder_write(&fixture.folder, "a.conf", "hz 20\npeer-port 7000\n");
    assert_int_equal(reload_now(fixture.reload), ERR_REFUSED);
    assert_int_equal(fixture.config->options.hz, 10);
    assert_int_equal(fixture.changes, 0);
    expect_logged(&fixture,
                  "Reload refused: peer-port: '6380' cannot become '7000' without a restart");
    end(&fixture);
}

static void refuses_what_the_world_cannot_give(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture, "hz 10\n");
    folder_write(&fixture.folder, "a.conf", "hz 66\n");
    assert_int_equal(reload_now(fixture.reload), ERR_SYSTEM);
    assert_int_equal(fixture.config->options.hz, 10);
    assert_int_equal(fixture.changes, 0);
    expect_logged(&fixture, "Reload refused: the world has no 66");
    assert_null(strstr(fixture.logged, "hz was"));
    end(&fixture);
}

static void keeps_the_containers_memory_limit(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture, "hz 10\n");
    config_default_memory(fixture.config, 12345);
    folder_write(&fixture.folder, "a.conf", "hz 20\n");
    assert_int_equal(reload_now(fixture.reload), ERR_OK);
    assert_int_equal(fixture.config->options.maxmemory, 12345);
    end(&fixture);
}

static void never_logs_a_secret(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture, "requirepass hush\n");
    folder_write(&fixture.folder, "a.conf", "requirepass hushhush\n");
    assert_int_equal(reload_now(fixture.reload), ERR_OK);
    assert_string_equal(fixture.config->options.requirepass, "hushhush");
    assert_null(strstr(fixture.logged, "hush"));
    end(&fixture);
}

static void sees_a_file_that_changed(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture, "hz 10\n");
    reload_look(fixture.reload);
    assert_string_equal(fixture.logged, "");
    folder_write(&fixture.folder, "a.conf", "hz 200\n");
    reload_look(fixture.reload);
    assert_int_equal(fixture.config->options.hz, 200);
    reload_look(fixture.reload);
    assert_int_equal(fixture.changes, 1);
    end(&fixture);
}

/* What the kubelet does: a.conf -> ..data/a.conf, ..data -> one; then ..data -> two. */
static void sees_a_config_map_that_changed(void **state)
{
    (void)state;
    struct fixture fixture;
    char path[FOLDER_PATH], fresh[FOLDER_PATH];
    begin(&fixture, "hz 10\n");
    assert_int_equal(mkdir(folder_path(&fixture.folder, "one", path), 0755), 0);
    assert_int_equal(mkdir(folder_path(&fixture.folder, "two", path), 0755), 0);
    folder_write(&fixture.folder, "one/a.conf", "hz 30\n");
    folder_write(&fixture.folder, "two/a.conf", "hz 40\n");
    assert_int_equal(symlink("one", folder_path(&fixture.folder, "..data", path)), 0);
    assert_int_equal(unlink(folder_path(&fixture.folder, "a.conf", path)), 0);
    assert_int_equal(symlink("..data/a.conf", path), 0);
    reload_look(fixture.reload);
    assert_int_equal(fixture.config->options.hz, 30);

    assert_int_equal(symlink("two", folder_path(&fixture.folder, "..new", fresh)), 0);
    assert_int_equal(rename(fresh, folder_path(&fixture.folder, "..data", path)), 0);
    reload_look(fixture.reload);
    assert_int_equal(fixture.config->options.hz, 40);
    end(&fixture);
}

static void a_file_that_is_gone_changes_nothing(void **state)
{
    (void)state;
    struct fixture fixture;
    char path[FOLDER_PATH];
    begin(&fixture, "hz 10\n");
    assert_int_equal(unlink(folder_path(&fixture.folder, "a.conf", path)), 0);
    reload_look(fixture.reload);
    assert_string_equal(fixture.logged, "");
    assert_int_equal(reload_now(fixture.reload), ERR_SYSTEM);
    assert_int_equal(fixture.config->options.hz, 10);
    end(&fixture);
}

static void standard_input_cannot_be_read_again(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture, "hz 10\n");
    fixture.sources.file = "-";
    assert_int_equal(reload_now(fixture.reload), ERR_REFUSED);
    end(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_what_may_change),
        cmocka_unit_test(nothing_new_is_nothing_done),
        cmocka_unit_test(refuses_all_for_one_mistake),
        cmocka_unit_test(refuses_all_for_one_that_needs_a_restart),
        cmocka_unit_test(refuses_what_the_world_cannot_give),
        cmocka_unit_test(keeps_the_containers_memory_limit),
        cmocka_unit_test(never_logs_a_secret),
        cmocka_unit_test(sees_a_file_that_changed),
        cmocka_unit_test(sees_a_config_map_that_changed),
        cmocka_unit_test(a_file_that_is_gone_changes_nothing),
        cmocka_unit_test(standard_input_cannot_be_read_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
