/* The folder of the append-only file. */

#include "cache/persist/aof_files.h"

#include "cache/base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

enum { MANIFEST_MAX = 1024 * 1024 };

static char *copy(const char *text)
{
    return memory_copy_text(text, strlen(text));
}

void aof_place_init(struct aof_place *place, const struct file_ops *files, const char *directory,
                    const char *folder, const char *filename)
{
    *place = (struct aof_place){ .files = files,
                                 .directory = copy(directory),
                                 .folder = copy(folder),
                                 .filename = copy(filename) };
}

void aof_place_fini(struct aof_place *place)
{
    memory_free(place->directory);
    memory_free(place->folder);
    memory_free(place->filename);
    *place = (struct aof_place){ 0 };
}

void aof_place_copy(struct aof_place *to, const struct aof_place *from)
{
    aof_place_init(to, from->files, from->directory, from->folder, from->filename);
}

/* --- names --- */

void aof_path(const struct aof_place *place, const char *name, char path[FILE_PATH_MAX])
{
    snprintf(path, FILE_PATH_MAX, "%s/%s/%s", place->directory, place->folder, name);
}

void aof_manifest_path(const struct aof_place *place, char path[FILE_PATH_MAX])
{
    snprintf(path, FILE_PATH_MAX, "%s/%s/%s.manifest", place->directory, place->folder,
             place->filename);
}

void aof_temp_incr_path(const struct aof_place *place, char path[FILE_PATH_MAX])
{
    snprintf(path, FILE_PATH_MAX, "%s/%s/temp-%s.incr", place->directory, place->folder,
             place->filename);
}

void aof_old_path(const struct aof_place *place, char path[FILE_PATH_MAX])
{
    snprintf(path, FILE_PATH_MAX, "%s/%s", place->directory, place->filename);
}

/* --- files --- */

int aof_folder_make(const struct aof_place *place)
{
    char path[FILE_PATH_MAX];

    snprintf(path, sizeof(path), "%s/%s", place->directory, place->folder);
    int done = place->files->mkdir(place->files->context, path);
    return done < 0 ? done : file_sync_directory(place->files, path);
}

int aof_manifest_replace(const struct aof_place *place, const struct aof_manifest *manifest)
{
    char path[FILE_PATH_MAX], temporary[FILE_PATH_MAX];
    struct buf text;

    aof_manifest_path(place, path);
    snprintf(temporary, sizeof(temporary), "%s/%s/temp-%s.manifest", place->directory,
             place->folder, place->filename);
    buf_init(&text, SIZE_MAX / 2);
    aof_manifest_write(manifest, &text);
    int done = file_replace(place->files, path, temporary, buf_span(&text));
    buf_fini(&text);
    return done;
}

int aof_manifest_restore(const struct aof_place *place, const struct aof_manifest *manifest)
{
    char path[FILE_PATH_MAX];

    if (!aof_manifest_is_empty(manifest) || manifest->history != NULL) {
        return aof_manifest_replace(place, manifest);
    }
    aof_manifest_path(place, path);
    int done = place->files->unlink(place->files->context, path);
    return done < 0 && done != -ENOENT ? done : file_sync_directory(place->files, path);
}

int aof_manifest_read(const struct aof_place *place, struct buf *text)
{
    char path[FILE_PATH_MAX];

    aof_manifest_path(place, path);
    text->max = MANIFEST_MAX;
    return file_read_all(place->files, path, text);
}

static void close_file(const struct file_ops *files, int file)
{
    (void)files->close(files->context, file);
}

int aof_part_create(const struct aof_place *place, const char *path)
{
    const struct file_ops *files = place->files;
    int file = files->open(files->context, path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND);

    if (file < 0) {
        return file;
    }
    int done = file_sync_directory(files, path);
    if (done < 0) {
        close_file(files, file);
        return done;
    }
    return file;
}

int aof_part_open(const struct aof_place *place, const char *path, uint64_t *size)
{
    const struct file_ops *files = place->files;
    int file = files->open(files->context, path, O_WRONLY | O_CREAT | O_APPEND);

    if (file < 0) {
        return file;
    }
    int64_t len = files->size(files->context, file);
    int done = len < 0 ? (int)len : file_sync_directory(files, path);
    if (done < 0) {
        close_file(files, file);
        return done;
    }
    *size = (uint64_t)len;
    return file;
}

int aof_part_size(const struct aof_place *place, const char *path, uint64_t *size)
{
    const struct file_ops *files = place->files;
    int file = files->open(files->context, path, O_RDONLY);

    if (file < 0) {
        return file;
    }
    int64_t len = files->size(files->context, file);
    close_file(files, file);
    *size = len < 0 ? 0 : (uint64_t)len;
    return len < 0 ? (int)len : 0;
}

void aof_history_delete(const struct aof_place *place, struct aof_manifest *manifest,
                        const char **what, int *error)
{
    char path[FILE_PATH_MAX];
    struct aof_manifest next;

    for (const struct aof_part *part = manifest->history; part != NULL; part = part->next) {
        aof_path(place, part->name, path);
        int done = place->files->unlink(place->files->context, path);
        if (done < 0 && done != -ENOENT) {
            *what = "deleting an old part of the AOF";
            *error = done;
            return;
        }
    }
    aof_manifest_copy(&next, manifest);
    aof_manifest_forget_history(&next);
    int done = aof_manifest_replace(place, &next);
    if (done < 0) {
        *what = "replacing the AOF manifest";
        *error = done;
        aof_manifest_fini(&next);
        return;
    }
    aof_manifest_fini(manifest);
    *manifest = next;
}
