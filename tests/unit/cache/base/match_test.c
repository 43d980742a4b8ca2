/* Finding a byte among sixteen: both ways, against a loop. */

#include "cache/base/match.h"

#include "cache/base/hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static uint32_t by_loop(const uint8_t *bytes, uint8_t wanted)
{
    uint32_t bits = 0;
    for (int i = 0; i < 16; i++) {
        bits |= (uint32_t)(bytes[i] == wanted) << i;
    }
    return bits;
}

static void finds_what_a_loop_finds(void **state)
{
    (void)state;
    uint64_t random = 7;
    for (int round = 0; round < 20000; round++) {
        uint8_t bytes[16];
        /* Few values, and those that carry into their neighbours when added or subtracted. */
        static const uint8_t values[] = { 0, 1, 0x7f, 0x80, 0x81, 0xff };
        for (int i = 0; i < 16; i++) {
            bytes[i] = values[random_below(&random, sizeof(values))];
        }
        uint8_t wanted = values[random_below(&random, sizeof(values))];
        assert_int_equal(match_16(bytes, wanted), by_loop(bytes, wanted));
        assert_int_equal(match_16_portable(bytes, wanted), by_loop(bytes, wanted));
    }
}

static void finds_every_value_at_every_place(void **state)
{
    (void)state;
    for (unsigned value = 0; value < 256; value++) {
        for (unsigned place = 0; place < 16; place++) {
            uint8_t bytes[16];
            memset(bytes, (int)(value ^ 1), sizeof(bytes));
            bytes[place] = (uint8_t)value;
            assert_int_equal(match_16(bytes, (uint8_t)value), 1u << place);
            assert_int_equal(match_16_portable(bytes, (uint8_t)value), 1u << place);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_what_a_loop_finds),
        cmocka_unit_test(finds_every_value_at_every_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
