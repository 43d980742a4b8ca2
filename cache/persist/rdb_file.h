#ifndef PODIS_CACHE_PERSIST_RDB_FILE_H
#define PODIS_CACHE_PERSIST_RDB_FILE_H

/* An RDB file that is being loaded: rdb_read.h over a file on the disk.
 *
 * It is mapped, so that a value lies in one piece wherever it is and is copied once, into the
 * store. What was passed is forgotten bit by bit, so a large file takes little memory. The file
 * must not be cut short while it is read; nothing of podis does that. */

#include "cache/base/file.h"
#include "cache/persist/rdb_read.h"

struct rdb_file;

/* reading.in is ignored. 0 and the file, or a negative errno. */
must_check int rdb_file_open(const struct file_ops *ops, const char *path,
                             const struct rdb_reading *reading, struct rdb_file **file);
/* Accepts NULL. */
void rdb_file_close(struct rdb_file *file);

/* See rdb_reader_step(). */
must_check enum rdb_progress rdb_file_step(struct rdb_file *file, size_t records);
const struct rdb_report *rdb_file_report(const struct rdb_file *file);
uint64_t rdb_file_size(const struct rdb_file *file);

#endif
