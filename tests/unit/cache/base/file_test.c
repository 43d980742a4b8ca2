/* Whole files, through the operating system's own operations. */

#include "cache/base/file.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

struct folder {
    char path[64], file[80], beside[80];
};

static void folder_init(struct folder *folder)
{
    snprintf(folder->path, sizeof(folder->path), "/tmp/podis-file-XXXXXX");
    assert_non_null(mkdtemp(folder->path));
    snprintf(folder->file, sizeof(folder->file), "%s/file", folder->path);
    snprintf(folder->beside, sizeof(folder->beside), "%s/beside", folder->path);
}

static void folder_fini(struct folder *folder)
{
    unlink(folder->file);
    assert_int_equal(rmdir(folder->path), 0); /* Nothing else is left in it. */
}

static void reads_what_was_written(void **state)
{
    (void)state;
    struct folder folder;
    struct buf text;
    folder_init(&folder);
    buf_init(&text, 1 << 20);

    assert_int_equal(file_replace(&file_system, folder.file, folder.beside, SPAN("first")), 0);
    assert_int_equal(file_replace(&file_system, folder.file, folder.beside, SPAN("second")), 0);
    assert_int_equal(file_read_all(&file_system, folder.file, &text), 0);
    assert_int_equal(text.len, 6);
    assert_memory_equal(buf_span(&text).bytes, "second", 6);
    assert_true(file_is_there(&file_system, folder.file));
    assert_false(file_is_there(&file_system, folder.beside));
    buf_fini(&text);
    folder_fini(&folder);
}

static void says_what_is_wrong_with_a_file(void **state)
{
    (void)state;
    struct folder folder;
    struct buf text;
    folder_init(&folder);
    buf_init(&text, 5);

    assert_int_equal(file_read_all(&file_system, folder.file, &text), -ENOENT);
    assert_int_equal(file_replace(&file_system, folder.file, folder.beside, SPAN("too long")), 0);
    assert_int_equal(file_read_all(&file_system, folder.file, &text), -EFBIG);
    assert_int_equal(file_replace(&file_system, "/nowhere/at/all", "/nowhere/at/some", SPAN("")),
                     -ENOENT);
    buf_fini(&text);
    folder_fini(&folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_was_written),
        cmocka_unit_test(says_what_is_wrong_with_a_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
