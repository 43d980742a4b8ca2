#ifndef PODIS_TESTS_UNIT_CACHE_PERSIST_DISK_H
#define PODIS_TESTS_UNIT_CACHE_PERSIST_DISK_H

/* A disk of few files in memory, whose operations fail when they are told to. */

#include "cache/base/file.h"

enum { DISK_FILES = 32, DISK_PATH = 128 };

struct disk_file {
    char path[DISK_PATH]; /* "": none. */
    struct buf bytes;
    bool is_directory;
};

struct disk {
    struct file_ops ops;
    struct disk_file files[DISK_FILES];
    int open; /* Descriptors that are open. */
    int position[DISK_FILES];
    uint64_t calls;   /* Of operations that may fail, so far. */
    uint64_t fail_at; /* This one fails; 0: none does. */
    int error;        /* With this errno. */
    uint64_t room;    /* Bytes that may still be written; then the disk is full. */
    size_t write_max; /* Of one call: writes are short. */
    uint64_t syncs, directory_syncs;
};

/* Empty, but for a directory "/data". */
void disk_init(struct disk *disk);
void disk_fini(struct disk *disk);

/* What a file holds, borrowed; NULL bytes if there is none. */
struct span disk_read(const struct disk *disk, const char *path);
void disk_write(struct disk *disk, const char *path, struct span bytes);
size_t disk_count(const struct disk *disk);

#endif
