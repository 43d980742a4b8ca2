/* What is done with files by means of any operations: here those of a disk that fails. */

#include "cache/base/file.h"

#include "tests/unit/cache/persist/disk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>

static void replaces_all_or_nothing_whatever_fails(void **state)
{
    (void)state;
    int done = -EIO;

    for (uint64_t at = 1; done != 0; at++) {
        struct disk disk;
        disk_init(&disk);
        disk_write(&disk, "/data/file", SPAN("old"));
        disk.fail_at = at;
        disk.write_max = 2;
        done = file_replace(&disk.ops, "/data/file", "/data/temporary", SPAN("fresh"));
        struct span held = disk_read(&disk, "/data/file");
        if (done == 0) {
            assert_true(span_equal(held, SPAN("fresh")));
            assert_int_equal(disk.directory_syncs, 1);
        } else {
            assert_int_equal(done, -EIO);
            assert_true(span_equal(held, SPAN("old")) || span_equal(held, SPAN("fresh")));
        }
        assert_int_equal(disk.open, 0);
        disk_fini(&disk);
    }
}

static void a_full_disk_is_said_so(void **state)
{
    (void)state;
    struct disk disk;
    disk_init(&disk);
    disk.room = 3;

    assert_int_equal(file_replace(&disk.ops, "/data/file", "/data/temporary", SPAN("fresh")),
                     -ENOSPC);
    assert_int_equal(disk_count(&disk), 0);
    disk_fini(&disk);
}

static void reads_whole_files_up_to_a_limit(void **state)
{
    (void)state;
    struct disk disk;
    struct buf text;
    disk_init(&disk);
    disk_write(&disk, "/data/file", SPAN("text"));

    buf_init(&text, SIZE_MAX);
    assert_int_equal(file_read_all(&disk.ops, "/data/file", &text), 0);
    assert_true(span_equal(buf_span(&text), SPAN("text")));
    assert_int_equal(file_read_all(&disk.ops, "/data/none", &text), -ENOENT);
    buf_fini(&text);
    buf_init(&text, 3);
    assert_int_equal(file_read_all(&disk.ops, "/data/file", &text), -EFBIG);
    buf_fini(&text);
    assert_int_equal(disk.open, 0);
    disk_fini(&disk);
}

static void knows_whether_a_file_is_there(void **state)
{
    (void)state;
    struct disk disk;
    disk_init(&disk);
    disk_write(&disk, "/data/file", SPAN("text"));

    assert_true(file_is_there(&disk.ops, "/data/file"));
    assert_false(file_is_there(&disk.ops, "/data/none"));
    disk.fail_at = disk.calls + 1;
    assert_true(file_is_there(&disk.ops, "/data/none")); /* Nobody can tell. */
    disk_fini(&disk);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(replaces_all_or_nothing_whatever_fails),
        cmocka_unit_test(a_full_disk_is_said_so),
        cmocka_unit_test(reads_whole_files_up_to_a_limit),
        cmocka_unit_test(knows_whether_a_file_is_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
