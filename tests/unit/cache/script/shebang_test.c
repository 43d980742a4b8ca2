#include "cache/script/shebang.h"

#include "cache/base/check.h"
#include "cache/script/engine.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct {
    const char *script;
    unsigned flags;
    size_t len;
    const char *error; /* NULL: none. */
} rows[] = {
    { "", SCRIPT_SILENT, 0, NULL },
    { "return 1", SCRIPT_SILENT, 0, NULL },
    { "#!lua\nreturn 1", 0, 5, NULL },
    { "#!lua \t \nreturn 1", 0, 8, NULL },
    { "#!lua flags=no-writes\n", SCRIPT_NO_WRITES, 21, NULL },
    { "#!lua flags=\n", 0, 12, NULL },
    { "#!lua flags=no-writes flags=allow-oom\n", SCRIPT_NO_WRITES | SCRIPT_ALLOW_OOM, 37, NULL },
    { "#!lua flags=allow-stale,no-cluster,allow-cross-slot-keys\n",
      SCRIPT_ALLOW_STALE | SCRIPT_NO_CLUSTER | SCRIPT_ALLOW_CROSS_SLOT_KEYS, 56, NULL },
    { "#!lua", 0, 0, "-ERR Invalid script shebang\r\n" },
    { "#!\n", 0, 0, "-ERR Unexpected engine in script shebang: #!\r\n" },
    { "#!luajit\n", 0, 0, "-ERR Unexpected engine in script shebang: #!luajit\r\n" },
    { "#! lua\n", 0, 0, "-ERR Unexpected engine in script shebang: #!\r\n" },
    { "#!lua \"x\n", 0, 0, "-ERR Invalid engine in script shebang\r\n" },
    { "#!lua name=x\n", 0, 0, "-ERR Unknown lua shebang option: name=x\r\n" },
    { "#!lua flags=no-write\n", 0, 0, "-ERR Unexpected flag in script shebang: no-write\r\n" },
    { "#!lua flags=no-writes,\n", SCRIPT_NO_WRITES, 22, NULL },
    { "#!lua flags=,no-writes\n", 0, 0, "-ERR Unexpected flag in script shebang: \r\n" },
};

static void reads_what_a_script_says_of_itself(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct shebang shebang;
        struct buf out;
        buf_init(&out, SIZE_MAX);
        struct reply reply = reply_into(&out, 2);
        bool good = shebang_read(span_from(rows[i].script), &shebang, &reply);
        if (good != (rows[i].error == NULL)) {
            fail_msg("%s: %.*s", rows[i].script, (int)out.len, buf_span(&out).bytes);
        }
        if (good) {
            assert_int_equal(shebang.flags, rows[i].flags);
            assert_int_equal(shebang.len, rows[i].len);
            assert_int_equal(out.len, 0);
        } else {
            assert_true(span_equal(buf_span(&out), span_from(rows[i].error)));
        }
        buf_fini(&out);
    }
}

static void knows_each_flag_by_its_name(void **state)
{
    (void)state;
    for (unsigned flag = SCRIPT_NO_WRITES; flag < SCRIPT_SILENT; flag <<= 1) {
        assert_int_equal(shebang_flag(span_from(shebang_flag_name(flag))), flag);
    }
    assert_int_equal(shebang_flag(SPAN("NO-WRITES")), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_a_script_says_of_itself),
        cmocka_unit_test(knows_each_flag_by_its_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
