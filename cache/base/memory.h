#ifndef PODIS_CACHE_BASE_MEMORY_H
#define PODIS_CACHE_BASE_MEMORY_H

/* The heap. Small allocations do not fail: out of memory ends the process with a
 * message. Anything sized by a client is checked against a limit before it is
 * asked for here. */

#include <stddef.h>
#include <stdint.h>

/* len bytes, not zeroed. Never NULL. */
void *memory_alloc(size_t len);

/* Zeroed. Never NULL. */
void *memory_zero(size_t len);

/* Zeroed, at a multiple of `alignment`, a power of two. Never NULL. Large blocks are fresh
 * pages of the kernel, zeroed only as they are touched. */
void *memory_zero_aligned(size_t alignment, size_t len);

/* As realloc; never NULL. */
void *memory_resize(void *block, size_t len);

/* Accepts NULL. */
void memory_free(void *block);

/* The bytes from `start` on are not needed any more: whole pages among them go back to the
 * kernel at once and read as anything from now on. Done piece by piece, it makes the
 * memory_free() of a large block short. */
void memory_discard(void *start, size_t len);

/* How many bytes the allocator really gave: at least what was asked for. */
size_t memory_usable(const void *block);

/* The size the allocator would round len up to. */
size_t memory_rounded(size_t len);

/* A NUL-terminated copy; free it with memory_free(). */
char *memory_copy_text(const char *bytes, size_t len);

/* Allocator figures. They are a snapshot taken by the last memory_refresh(). */
struct memory_stats {
    size_t used;     /* Allocated by the program, and not kept by a thread for the next time. */
    size_t active;   /* In pages with at least one allocation. */
    size_t resident; /* Pages the allocator holds. */
};
struct memory_stats memory_refresh(void);

/* What this thread has allocated so far, less what it freed: to know how `used` has changed since
 * the last look at it, for next to nothing. Always 0 if the allocator does not tell. */
int64_t memory_balance(void);

const char *memory_allocator(void); /* "jemalloc-5.3.0", "libc" … */

/* Gives pages that hold nothing back to the kernel now, and not some seconds later. */
void memory_purge(void);

/* What the allocator tells of itself, piece by piece. */
void memory_report(void (*tell)(void *context, const char *text), void *context);

#endif
