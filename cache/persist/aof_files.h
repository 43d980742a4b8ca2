#ifndef PODIS_CACHE_PERSIST_AOF_FILES_H
#define PODIS_CACHE_PERSIST_AOF_FILES_H

/* Where the parts of the append-only file lie, and how the list of them changes on the disk.
 *
 *     DIRECTORY/appendonlydir/appendonly.aof.manifest      replaced whole, so old or new
 *     DIRECTORY/appendonlydir/appendonly.aof.2.base.rdb    …
 *     DIRECTORY/appendonly.aof                             from before Redis 7
 *
 * All of it blocks: it is for jobs, and for the start. */

#include "cache/base/file.h"
#include "cache/persist/aof_manifest.h"

struct aof_place {
    const struct file_ops *files;
    char *directory, *folder, *filename; /* Owned. */
};

void aof_place_init(struct aof_place *place, const struct file_ops *files, const char *directory,
                    const char *folder, const char *filename);
void aof_place_fini(struct aof_place *place);
void aof_place_copy(struct aof_place *to, const struct aof_place *from);

/* Paths. An end that does not fit is cut off, and then nothing is found there. */
void aof_path(const struct aof_place *place, const char *name, char path[FILE_PATH_MAX]);
void aof_manifest_path(const struct aof_place *place, char path[FILE_PATH_MAX]);
/* "temp-appendonly.aof.incr": changes since a rewrite began that no manifest names yet. */
void aof_temp_incr_path(const struct aof_place *place, char path[FILE_PATH_MAX]);
/* The single file of old. */
void aof_old_path(const struct aof_place *place, char path[FILE_PATH_MAX]);

/* 0, or a negative errno. */
must_check int aof_folder_make(const struct aof_place *place);
must_check int aof_manifest_replace(const struct aof_place *place,
                                    const struct aof_manifest *manifest);
/* The same after that failed, with the manifest that was there before, or is not there if it is
 * empty. */
must_check int aof_manifest_restore(const struct aof_place *place,
                                    const struct aof_manifest *manifest);
/* Its bytes; -ENOENT: there is none. */
must_check int aof_manifest_read(const struct aof_place *place, struct buf *text);
/* Creates the file, which is empty then, and its name. A descriptor, or a negative errno. */
must_check int aof_part_create(const struct aof_place *place, const char *path);
/* To add to one that is there or is made; *size is its length. */
must_check int aof_part_open(const struct aof_place *place, const char *path, uint64_t *size);
/* 0: the length of the file is in *size. */
must_check int aof_part_size(const struct aof_place *place, const char *path, uint64_t *size);

/* Deletes what is history, and then forgets it here and on the disk. What could not be is tried
 * again next time. */
void aof_history_delete(const struct aof_place *place, struct aof_manifest *manifest,
                        const char **what, int *error);

#endif
