/* What of each file would be left if the power failed now: a shim for LD_PRELOAD.
 *
 * Each fsync() and fdatasync() that succeeds notes the length that the file had when it began, one
 * line each, "LENGTH PATH", in the file that POWER_NOTES names; a rename is "-1 OLD<tab>NEW". The
 * test cuts the files to what was noted last. That a directory is synced is not modelled: it is
 * the bytes that are tried here, and not the names. */

#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static long long length_of(int file)
{
    struct stat stat;
    return fstat(file, &stat) == 0 && S_ISREG(stat.st_mode) ? (long long)stat.st_size : -1;
}

static void note(long long len, const char *path)
{
    const char *notes = getenv("POWER_NOTES");
    char line[2 * PATH_MAX + 64];
    int size = snprintf(line, sizeof(line), "%lld %s\n", len, path);
    int file = notes == NULL ? -1 : open(notes, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

    if (file >= 0) {
        if (write(file, line, (size_t)size) != size) {
            abort();
        }
        close(file);
    }
}

static void note_file(long long len, int file)
{
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof(link), "/proc/self/fd/%d", file);
    ssize_t got = readlink(link, path, sizeof(path) - 1);

    if (len >= 0 && got > 0) {
        path[got] = '\0';
        note(len, path);
    }
}

typedef int (*sync_fn)(int file);
typedef int (*rename_fn)(const char *from, const char *to);

int fsync(int file)
{
    sync_fn next = (sync_fn)dlsym(RTLD_NEXT, "fsync");
    long long len = length_of(file);
    int done = next(file);

    if (done == 0) {
        note_file(len, file);
    }
    return done;
}

int fdatasync(int file)
{
    sync_fn next = (sync_fn)dlsym(RTLD_NEXT, "fdatasync");
    long long len = length_of(file);
    int done = next(file);

    if (done == 0) {
        note_file(len, file);
    }
    return done;
}

/* What was synced under the old name is there under the new one. */
int rename(const char *from, const char *to)
{
    rename_fn next = (rename_fn)dlsym(RTLD_NEXT, "rename");
    char old[PATH_MAX], new[PATH_MAX];

    if (realpath(from, old) == NULL) {
        return next(from, to);
    }
    int done = next(from, to);
    if (done == 0 && realpath(to, new) != NULL) {
        char both[2 * PATH_MAX + 8];
        snprintf(both, sizeof(both), "%s\t%s", old, new);
        note(-1, both);
    }
    return done;
}
