/* The process as the operating system sees it. */

#include "sidecar/process.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void node_ids_are_forty_hex_digits_and_differ(void **state)
{
    (void)state;
    char one[41], other[41];
    uint64_t seed = process_seed(one);
    assert_int_not_equal(process_seed(other), seed);
    assert_int_equal(strspn(one, "0123456789abcdef"), 40);
    assert_int_equal(strlen(one), 40);
    assert_string_not_equal(one, other);
}

/* Root may raise its own limit, so the limit is tried as somebody else, in a process of its own. */
static int maxclients_in_a_small_process(void)
{
    struct options options = { .maxclients = 1000000 };
    struct rlimit limit = { .rlim_cur = 200, .rlim_max = 400 };

    if (setrlimit(RLIMIT_NOFILE, &limit) != 0 || (geteuid() == 0 && seteuid(65534) != 0)) {
        return 1;
    }
    process_raise_file_limit(&options, NULL);
    bool raised = getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur == 400;
    return raised && options.maxclients == 400 - 96 ? 0 : 2;
}

static void lowers_maxclients_to_what_the_system_allows(void **state)
{
    (void)state;
    int status = -1;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        _exit(maxclients_in_a_small_process());
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void keeps_maxclients_where_there_is_room(void **state)
{
    (void)state;
    struct options options = { .maxclients = 1 };
    process_raise_file_limit(&options, NULL);
    assert_int_equal(options.maxclients, 1);
}

static void writes_and_removes_the_pidfile(void **state)
{
    (void)state;
    char path[] = "/tmp/podis-test-pid-file";
    char why[200];
    struct options options = { .pidfile = path };
    int pid = 0;
    assert_int_equal(process_write_pid(&options, why, sizeof(why)), ERR_OK);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%d", &pid), 1);
    fclose(file);
    assert_int_equal(pid, getpid());
    process_remove_files(&options);
    assert_int_not_equal(access(path, F_OK), 0);
}

static void a_pidfile_that_cannot_be_written_is_said(void **state)
{
    (void)state;
    char path[] = "/nonexistent/pid";
    char why[200];
    struct options options = { .pidfile = path };
    assert_int_equal(process_write_pid(&options, why, sizeof(why)), ERR_SYSTEM);
    assert_string_equal(why,
                        "Cannot write the pidfile /nonexistent/pid: No such file or directory");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(node_ids_are_forty_hex_digits_and_differ),
        cmocka_unit_test(lowers_maxclients_to_what_the_system_allows),
        cmocka_unit_test(keeps_maxclients_where_there_is_room),
        cmocka_unit_test(writes_and_removes_the_pidfile),
        cmocka_unit_test(a_pidfile_that_cannot_be_written_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
