/* Numbers: what is read as an integer is written as the same text again; what is read as a
 * double is written as a text that reads as the same double. */

#include "cache/base/check.h"
#include "cache/base/number.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_integers(struct span text)
{
    char again[NUMBER_TEXT_MAX];
    int64_t number;
    uint64_t magnitude;
    if (number_parse(text, &number)) {
        assert(span_equal(text, (struct span){ again, number_format(again, number) }));
    }
    if (number_parse_unsigned(text, &magnitude)) {
        size_t written = number_format_unsigned(again, magnitude);
        assert(span_equal(text, (struct span){ again, written }));
    }
}

static void check_floats(struct span text)
{
    char again[NUMBER_FLOAT_TEXT_MAX];
    double number, back;
    long double longer;
    if (number_parse_double(text, &number)) {
        size_t written = number_format_double(again, sizeof(again), number);
        assert(number_parse_double((struct span){ again, written }, &back));
        assert(back == number);
    }
    if (number_parse_long_double(text, &longer)) {
        size_t written = number_format_long_double(again, sizeof(again), longer);
        assert(written > 0);
        assert(number_parse_long_double((struct span){ again, written }, &longer));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct span text = { .bytes = (const char *)data, .len = len };
    check_integers(text);
    check_floats(text);
    return 0;
}
