/* CRC-64/Jones. */

#include "cache/base/crc64.h"

#include "cache/base/check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* As the definition says it: a bit at a time. */
static uint64_t bit_by_bit(struct span bytes)
{
    uint64_t crc = 0;
    for (size_t i = 0; i < bytes.len; i++) {
        crc ^= (uint8_t)bytes.bytes[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ (crc & 1 ? UINT64_C(0x95ac9329ac4bc9b5) : 0);
        }
    }
    return crc;
}

static void gives_the_catalogued_check_value(void **state)
{
    (void)state;
    assert_true(crc64(0, SPAN("123456789")) == UINT64_C(0xe9c6d914c4b8d9ca));
    assert_true(crc64(0, SPAN("")) == 0);
}

static void agrees_with_the_definition_at_every_length(void **state)
{
    (void)state;
    char bytes[70];
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (char)(i * 151 + 7);
    }
    for (size_t len = 0; len <= sizeof(bytes); len++) {
        struct span all = { bytes, len };
        assert_true(crc64(0, all) == bit_by_bit(all));
    }
}

static void goes_on_from_where_it_was(void **state)
{
    (void)state;
    struct span all = SPAN("the checksum of a whole is that of its parts");
    for (size_t len = 0; len <= all.len; len++) {
        uint64_t first = crc64(0, (struct span){ all.bytes, len });
        assert_true(crc64(first, span_skip(all, len)) == crc64(0, all));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_the_catalogued_check_value),
        cmocka_unit_test(agrees_with_the_definition_at_every_length),
        cmocka_unit_test(goes_on_from_where_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
