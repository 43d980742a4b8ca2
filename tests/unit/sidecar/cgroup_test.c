/* The container's memory limit, read from made-up /proc and /sys. */

#include "sidecar/cgroup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

enum { PATH_LEN = 256 };

static const uint64_t MIB = 1024 * 1024;

/* Writes a file, making the folders on the way. */
static void put(const char *root, const char *name, const char *text)
{
    char path[PATH_LEN];
    snprintf(path, sizeof(path), "%s%s", root, name);
    for (char *at = strchr(path + strlen(root) + 1, '/'); at != NULL; at = strchr(at + 1, '/')) {
        *at = '\0';
        mkdir(path, 0755);
        *at = '/';
    }
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

/* Removes what put() made. */
static void take_away(const char *root, const char *name)
{
    char path[PATH_LEN];
    snprintf(path, sizeof(path), "%s%s", root, name);
    while (strlen(path) > strlen(root)) {
        remove(path);
        *strrchr(path, '/') = '\0';
    }
    remove(root);
}

/* The limit that a line of /proc/self/cgroup and one limit file give. */
static uint64_t limit_of(const char *line, const char *file, const char *text)
{
    char root[] = "/tmp/podis-test-XXXXXX";
    assert_non_null(mkdtemp(root));
    put(root, "/proc/self/cgroup", line);
    put(root, file, text);
    uint64_t limit = cgroup_memory_limit(root);
    take_away(root, "/proc/self/cgroup");
    take_away(root, file);
    return limit;
}

static void reads_version_two(void **state)
{
    (void)state;
    assert_int_equal(limit_of("0::/\n", "/sys/fs/cgroup/memory.max", "67108864\n"), 64 * MIB);
    assert_int_equal(limit_of("0::/a/b\n", "/sys/fs/cgroup/a/b/memory.max", "67108864\n"),
                     64 * MIB);
}

static void no_limit_is_none(void **state)
{
    (void)state;
    assert_int_equal(limit_of("0::/\n", "/sys/fs/cgroup/memory.max", "max\n"), 0);
    assert_int_equal(limit_of("4:memory:/\n", "/sys/fs/cgroup/memory/memory.limit_in_bytes",
                              "9223372036854771712\n"),
                     0);
    assert_int_equal(limit_of("0::/\n", "/sys/fs/cgroup/other", "1\n"), 0);
    assert_int_equal(limit_of("nonsense\n\n0:\n", "/sys/fs/cgroup/memory.max", "1\n"), 0);
    assert_int_equal(cgroup_memory_limit("/nonexistent"), 0);
}

static void a_folder_above_may_limit(void **state)
{
    (void)state;
    assert_int_equal(limit_of("0::/a/b/c\n", "/sys/fs/cgroup/a/memory.max", "1048576\n"), MIB);
    assert_int_equal(limit_of("0::/a/b/c\n", "/sys/fs/cgroup/memory.max", "1048576\n"), MIB);
}

static void reads_version_one(void **state)
{
    (void)state;
    assert_int_equal(limit_of("9:cpu:/\n4:memory:/kube/x\n0::/\n",
                              "/sys/fs/cgroup/memory/kube/x/memory.limit_in_bytes", "1048576\n"),
                     MIB);
    assert_int_equal(
        limit_of("4:memory:/kube/x\n", "/sys/fs/cgroup/memory/memory.limit_in_bytes", "1048576\n"),
        MIB);
}

static void the_smallest_counts(void **state)
{
    (void)state;
    char root[] = "/tmp/podis-test-XXXXXX";
    assert_non_null(mkdtemp(root));
    put(root, "/proc/self/cgroup", "0::/a\n");
    put(root, "/sys/fs/cgroup/a/memory.max", "4194304\n");
    put(root, "/sys/fs/cgroup/memory.max", "2097152\n");
    assert_int_equal(cgroup_memory_limit(root), 2 * MIB);
    take_away(root, "/proc/self/cgroup");
    take_away(root, "/sys/fs/cgroup/a/memory.max");
    take_away(root, "/sys/fs/cgroup/memory.max");
}

static void three_quarters_are_for_data(void **state)
{
    (void)state;
    assert_int_equal(cgroup_memory_share(400 * MIB), 300 * MIB);
    assert_int_equal(cgroup_memory_share(0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_version_two),        cmocka_unit_test(no_limit_is_none),
        cmocka_unit_test(a_folder_above_may_limit), cmocka_unit_test(reads_version_one),
        cmocka_unit_test(the_smallest_counts),      cmocka_unit_test(three_quarters_are_for_data),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
