#ifndef PODIS_CACHE_BASE_PREFETCH_H
#define PODIS_CACHE_BASE_PREFETCH_H

/* Asks the processor for the cache line at an address; never faults, changes nothing.
 *
 * To gcc 12 a function of nothing but such hints has no effect, and it leaves out the calls of it
 * that it can see. The empty assembly is an effect to its eyes, and no instruction. */
static inline void prefetch(const void *address)
{
    __builtin_prefetch(address);
    __asm__ volatile("" : : "r"(address));
}

#endif
