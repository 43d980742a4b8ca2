/* SHA-256 of texts with known sums (FIPS 180-4's examples, and the empty one). */

#include "cache/base/sha256.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void knows_the_sums_of_the_standard(void **state)
{
    (void)state;
    static const struct {
        const char *text, *sum;
    } cases[] = {
        { "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
        { "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
        { "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
          "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char sum[SHA256_TEXT_LEN + 1];
        sha256_text(span_from(cases[i].text), sum);
        assert_string_equal(sum, cases[i].sum);
    }
}

static void takes_zero_bytes_as_any_other(void **state)
{
    (void)state;
    char with[SHA256_TEXT_LEN + 1], without[SHA256_TEXT_LEN + 1];

    sha256_text(SPAN("a\0b"), with);
    sha256_text(SPAN("a"), without);
    assert_string_not_equal(with, without);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_the_sums_of_the_standard),
        cmocka_unit_test(takes_zero_bytes_as_any_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
