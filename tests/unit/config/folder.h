#ifndef PODIS_TESTS_UNIT_CONFIG_FOLDER_H
#define PODIS_TESTS_UNIT_CONFIG_FOLDER_H

/* A folder of a test's own, with files in it. */

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

enum { FOLDER_PATH = 256 };

struct folder {
    char path[FOLDER_PATH / 2];
};

static inline void folder_make(struct folder *folder)
{
    snprintf(folder->path, sizeof(folder->path), "/tmp/podis-test-XXXXXX");
    assert_non_null(mkdtemp(folder->path));
}

/* With its files and the folders in it, one level deep. */
static inline void folder_remove(const struct folder *folder)
{
    char path[2 * FOLDER_PATH];
    DIR *files = opendir(folder->path);
    assert_non_null(files);
    for (struct dirent *file = readdir(files); file != NULL; file = readdir(files)) {
        struct folder inner;
        snprintf(path, sizeof(path), "%s/%s", folder->path, file->d_name);
        if (file->d_name[0] != '.' && remove(path) != 0 && file->d_type == DT_DIR) {
            snprintf(inner.path, sizeof(inner.path), "%.*s", FOLDER_PATH / 2 - 1, path);
            folder_remove(&inner);
        }
    }
    closedir(files);
    snprintf(path, sizeof(path), "%s/..data", folder->path);
    remove(path);
    remove(folder->path);
}

/* The path of a file in it; in memory of the caller's. */
static inline const char *folder_path(const struct folder *folder, const char *name,
                                      char path[FOLDER_PATH])
{
    snprintf(path, FOLDER_PATH, "%s/%s", folder->path, name);
    return path;
}

static inline void folder_write(const struct folder *folder, const char *name, const char *text)
{
    char path[FOLDER_PATH];
    FILE *file = fopen(folder_path(folder, name, path), "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static inline void folder_expect(const struct folder *folder, const char *name, const char *text)
{
    char path[FOLDER_PATH];
    char found[8192];
    FILE *file = fopen(folder_path(folder, name, path), "r");
    assert_non_null(file);
    size_t len = fread(found, 1, sizeof(found) - 1, file);
    fclose(file);
    found[len] = '\0';
    assert_string_equal(found, text);
}

#endif
