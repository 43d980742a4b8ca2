#include "cache/base/check.h"
#include "proxy/routing/ring.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* As CLUSTER KEYSLOT of Redis answers. */
static const struct {
    const char *key;
    uint16_t slot;
} known[] = {
    { "", 0 },
    { "123456789", 12739 },
    { "foo", 12182 },
    { "bar", 5061 },
    { "{foo}bar", 12182 },
    { "x{foo}", 12182 },
    { "{foo}{bar}", 12182 },
};

static void is_the_one_redis_cluster_computes(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(known); i++) {
        assert_int_equal(slot_of(span_from(known[i].key)), known[i].slot);
    }
}

static void without_a_whole_tag_the_key_counts(void **state)
{
    static const char *const keys[] = { "{}foo", "foo{", "foo}bar{", "{", "}{", "a{}b{c}" };

    (void)state;
    for (size_t i = 0; i < COUNT(keys); i++) {
        assert_int_equal(slot_of(span_from(keys[i])), slot_of_whole(span_from(keys[i])));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_the_one_redis_cluster_computes),
        cmocka_unit_test(without_a_whole_tag_the_key_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
