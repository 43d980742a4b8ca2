#ifndef PODIS_CACHE_SCRIPT_DICE_H
#define PODIS_CACHE_SCRIPT_DICE_H

/* math.random and math.randomseed of scripts: the same numbers on every machine, and the same as
 * Redis's. A script goes on where the one before it stopped. */

#include <stdint.h>

struct lua_State;

struct dice {
    uint64_t state; /* 48 bits */
};

/* As if nobody had ever seeded it. */
void dice_init(struct dice *dice);

void dice_seed(struct dice *dice, int32_t seed);

/* From 0 to INT32_MAX. */
int32_t dice_draw(struct dice *dice);

/* Replaces both functions in the table `math` on top of the stack. `dice` outlive L. */
void dice_install(struct lua_State *L, struct dice *dice);

#endif
