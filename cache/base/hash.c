/* XXH3, from the xxhash header; splitmix64 (Steele, Lea, Flood, OOPSLA 2014). */

#include "cache/base/hash.h"

#include "cache/base/check.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#define XXH_INLINE_ALL
#include <xxhash.h>
#pragma GCC diagnostic pop

__extension__ typedef unsigned __int128 wide;

uint64_t hash_bytes(struct span bytes, uint64_t seed)
{
    return XXH3_64bits_withSeed(bytes.bytes, bytes.len, seed);
}

uint64_t random_next(uint64_t *state)
{
    uint64_t mixed = (*state += 0x9e3779b97f4a7c15u);
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
    return mixed ^ (mixed >> 31);
}

uint64_t random_below(uint64_t *state, uint64_t below)
{
    assert(below > 0);
    return (uint64_t)(((wide)random_next(state) * below) >> 64);
}
