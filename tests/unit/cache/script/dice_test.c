#include "cache/script/dice.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static void draws_what_lrand48_draws(void **state)
{
    static const int32_t seeds[] = { 0, 1, -1, 42, INT32_MAX, INT32_MIN };
    struct dice dice;
    (void)state;

    for (size_t i = 0; i < sizeof(seeds) / sizeof(seeds[0]); i++) {
        dice_seed(&dice, seeds[i]);
        srand48(seeds[i]);
        for (int draw = 0; draw < 1000; draw++) {
            assert_int_equal(dice_draw(&dice), lrand48());
        }
    }
}

static void begins_as_redis_does(void **state)
{
    struct dice dice;
    (void)state;

    dice_init(&dice);
    double part = (double)(dice_draw(&dice) % INT32_MAX) / (double)INT32_MAX;
    assert_int_equal((int)(part * 1e9), 396464773);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(draws_what_lrand48_draws),
        cmocka_unit_test(begins_as_redis_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
