/* The heap: jemalloc where the build has it, else libc's.
 *
 * jemalloc takes over malloc itself, so third-party libraries are counted too.
 * One arena and no background thread: the store runs on one thread, and each
 * arena costs idle memory. */

#include "cache/base/memory.h"

#include "cache/base/check.h"

#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#ifdef PODIS_JEMALLOC
#include <jemalloc/jemalloc.h>

/* Read by jemalloc before main() runs. */
extern const char *malloc_conf;
const char *malloc_conf = "narenas:1,lg_tcache_max:13,dirty_decay_ms:5000,muzzy_decay_ms:0";
#endif

static void *checked(void *block, size_t len)
{
    if (block == NULL) {
        fprintf(stderr, "podis: out of memory allocating %zu bytes\n", len);
        abort();
    }
    return block;
}

void *memory_alloc(size_t len)
{
    return checked(malloc(len), len);
}

void *memory_zero(size_t len)
{
    return checked(calloc(1, len), len);
}

void *memory_resize(void *block, size_t len)
{
    assert(len > 0);
    return checked(realloc(block, len), len);
}

void memory_free(void *block)
{
    free(block);
}

void memory_discard(void *start, size_t len)
{
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t first = ((uintptr_t)start + page - 1) & ~(page - 1);
    uintptr_t end = ((uintptr_t)start + len) & ~(page - 1);
    if (first < end) {
        madvise((void *)first, end - first, MADV_DONTNEED); /* Only a hint: failing is no harm. */
    }
}

char *memory_copy_text(const char *bytes, size_t len)
{
    char *copy = memory_alloc(len + 1);
    if (len > 0) {
        memcpy(copy, bytes, len);
    }
    copy[len] = '\0';
    return copy;
}

#ifdef PODIS_JEMALLOC

void *memory_zero_aligned(size_t alignment, size_t len)
{
    return checked(mallocx(len, MALLOCX_ALIGN(alignment) | MALLOCX_ZERO), len);
}

size_t memory_usable(const void *block)
{
    return block == NULL ? 0 : sallocx(block, 0);
}

size_t memory_rounded(size_t len)
{
    return nallocx(len == 0 ? 1 : len, 0);
}

static size_t figure(const char *name)
{
    size_t value = 0;
    size_t len = sizeof(value);
    mallctl(name, &value, &len, NULL, 0);
    return value;
}

/* What threads have freed and keep counts as allocated: of all arenas, number 4096. */
#define THREADS_KEEP "stats.arenas.4096.tcache_bytes"
static_assert(MALLCTL_ARENAS_ALL == 4096, "it is in the name");

struct memory_stats memory_refresh(void)
{
    uint64_t epoch = 1;
    mallctl("epoch", NULL, NULL, &epoch, sizeof(epoch));
    return (struct memory_stats){
        .used = figure("stats.allocated") - figure(THREADS_KEEP),
        .active = figure("stats.active"),
        .resident = figure("stats.resident"),
    };
}

static const uint64_t *counter(const char *name)
{
    const uint64_t *at = NULL;
    size_t len = sizeof(at);
    mallctl(name, &at, &len, NULL, 0);
    assert(at != NULL);
    return at;
}

int64_t memory_balance(void)
{
    static _Thread_local const uint64_t *allocated, *freed;
    if (allocated == NULL) {
        allocated = counter("thread.allocatedp");
        freed = counter("thread.deallocatedp");
    }
    return (int64_t)(*allocated - *freed);
}

const char *memory_allocator(void)
{
    static char name[48];
    const char *version = "";
    size_t len = sizeof(version);
    mallctl("version", &version, &len, NULL, 0);
    snprintf(name, sizeof(name), "jemalloc-%.*s", (int)strcspn(version, "-"), version);
    return name;
}

void memory_purge(void)
{
    char name[40];
    snprintf(name, sizeof(name), "arena.%u.purge", (unsigned)MALLCTL_ARENAS_ALL);
    mallctl("thread.tcache.flush", NULL, NULL, NULL, 0);
    mallctl(name, NULL, NULL, NULL, 0);
}

void memory_report(void (*tell)(void *context, const char *text), void *context)
{
    malloc_stats_print(tell, context, NULL);
}

#else

void *memory_zero_aligned(size_t alignment, size_t len)
{
    assert(len % alignment == 0);
    return memset(checked(aligned_alloc(alignment, len), len), 0, len);
}

size_t memory_usable(const void *block)
{
    return malloc_usable_size((void *)(uintptr_t)block);
}

size_t memory_rounded(size_t len)
{
    return (len + 15) & ~(size_t)15;
}

struct memory_stats memory_refresh(void)
{
    struct mallinfo2 info = mallinfo2();
    size_t used = info.uordblks + info.hblkhd;
    return (struct memory_stats){ .used = used, .active = used, .resident = info.arena };
}

int64_t memory_balance(void)
{
    return 0;
}

const char *memory_allocator(void)
{
    return "libc";
}

void memory_purge(void)
{
    malloc_trim(0);
}

void memory_report(void (*tell)(void *context, const char *text), void *context)
{
    tell(context, "Stats not supported for the current allocator");
}

#endif
