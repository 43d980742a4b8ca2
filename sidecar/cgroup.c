/* The container's memory limit.
 *
 *     /proc/self/cgroup      0::/kubepods/pod1/c2              version 2
 *                            5:memory:/kubepods/pod1/c2        version 1
 *     limit of version 2     /sys/fs/cgroup/kubepods/pod1/c2/memory.max
 *     limit of version 1     /sys/fs/cgroup/memory/kubepods/pod1/c2/memory.limit_in_bytes
 *
 * Inside a container the path is usually "/" (a cgroup namespace of its own), or names a
 * folder that is not mounted; each folder up to the root is asked, since any of them may be
 * the one that limits.
 */

#include "sidecar/cgroup.h"

#include "cache/base/check.h"
#include "cache/base/number.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

enum { SHARE_PERCENT = 75, TEXT_MAX = 4096 };

/* Version 1 says "no limit" with a number near 2^63. */
static const uint64_t no_limit = UINT64_C(1) << 62;

static size_t read_text(const char *path, char *text, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return 0;
    }
    ssize_t len = read(fd, text, size - 1);
    close(fd);
    text[len < 0 ? 0 : len] = '\0';
    return len < 0 ? 0 : (size_t)len;
}

/* The limit in one file; 0 if it has none. */
static uint64_t read_limit(const char *path)
{
    char text[64];
    uint64_t limit;
    size_t len = read_text(path, text, sizeof(text));

    while (len > 0 && text[len - 1] == '\n') {
        len--;
    }
    bool is_number = number_parse_unsigned((struct span){ text, len }, &limit);
    return is_number && limit < no_limit ? limit : 0;
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
    if (a == 0 || b == 0) {
        return a + b;
    }
    return a < b ? a : b;
}

/* The smallest limit from `folder` up to its controller's root. */
static uint64_t smallest_limit(const char *root, const char *controller, struct span folder,
                               const char *file)
{
    char path[PATH_MAX];
    uint64_t limit = 0;

    while (true) {
        snprintf(path, sizeof(path), "%s/sys/fs/cgroup%s%.*s/%s", root, controller, (int)folder.len,
                 folder.bytes, file);
        limit = smaller(limit, read_limit(path));
        if (folder.len == 0) {
            return limit;
        }
        do {
            folder.len--;
        } while (folder.len > 0 && folder.bytes[folder.len] != '/');
    }
}

/* The part of a line of /proc/self/cgroup behind its second colon, if the parts before fit. */
static bool folder_of(struct span line, const char *controllers, struct span *folder)
{
    const char *first = memchr(line.bytes, ':', line.len);
    if (first == NULL) {
        return false;
    }
    struct span rest = span_skip(line, (size_t)(first - line.bytes) + 1);
    const char *second = memchr(rest.bytes, ':', rest.len);
    if (second == NULL ||
        !span_is((struct span){ rest.bytes, (size_t)(second - rest.bytes) }, controllers)) {
        return false;
    }
    *folder = span_skip(rest, (size_t)(second - rest.bytes) + 1);
    if (folder->len == 1) {
        folder->len = 0; /* "/" is the root itself. */
    }
    return true;
}

static uint64_t limit_of_line(const char *root, struct span line)
{
    struct span folder;
    if (folder_of(line, "", &folder)) {
        return smallest_limit(root, "", folder, "memory.max");
    }
    if (folder_of(line, "memory", &folder)) {
        return smallest_limit(root, "/memory", folder, "memory.limit_in_bytes");
    }
    return 0;
}

uint64_t cgroup_memory_limit(const char *root)
{
    char path[PATH_MAX];
    char text[TEXT_MAX];
    uint64_t limit = 0;

    snprintf(path, sizeof(path), "%s/proc/self/cgroup", root);
    struct span rest = { text, read_text(path, text, sizeof(text)) };
    while (rest.len > 0) {
        const char *end = memchr(rest.bytes, '\n', rest.len);
        size_t len = end == NULL ? rest.len : (size_t)(end - rest.bytes);
        limit = smaller(limit, limit_of_line(root, (struct span){ rest.bytes, len }));
        rest = span_skip(rest, end == NULL ? len : len + 1);
    }
    return limit;
}

uint64_t cgroup_memory_share(uint64_t limit)
{
    return limit / 100 * SHARE_PERCENT;
}
