/* Commands that read keys of several owners. */

#include "tests/unit/proxy/peers/fake_mesh.h"

static void assert_answer(struct mesh *mesh, int protocol, const char *answer, const char *text)
{
    struct asked asked;

    ask_in(mesh, &asked, protocol, 0, text);
    wait_for(mesh, asked.done);
    if (!says(&asked, answer)) {
        print_error("%s: %.*s\n", text, (int)asked.buf.len, buf_span(&asked.buf).bytes);
    }
    assert_true(says(&asked, answer));
    buf_fini(&asked.buf);
}

/* `text` with our key for each B and the fake's for each A. */
static const char *named(struct mesh *mesh, const char *text)
{
    static char line[256];
    size_t len = 0;

    for (; *text != '\0'; text++) {
        if (*text == 'A' || *text == 'B') {
            len += (size_t)snprintf(line + len, sizeof(line) - len, "%s", mesh->key[*text == 'B']);
        } else {
            line[len++] = *text;
        }
    }
    line[len] = '\0';
    return line;
}

static void operands_are_brought_together(void **state)
{
    with_mesh("--near-max-value", "0");
    assert_answer(&mesh, 2, ":2\r\n", named(&mesh, "sadd A x y"));
    assert_answer(&mesh, 2, ":2\r\n", named(&mesh, "sadd B y z"));
    assert_answer(&mesh, 2, "*1\r\n$1\r\ny\r\n", named(&mesh, "sinter A B"));
    assert_answer(&mesh, 3, "~1\r\n$1\r\nx\r\n", named(&mesh, "sdiff A B"));
    assert_answer(&mesh, 2, ":1\r\n", named(&mesh, "sintercard 2 A B"));
    assert_answer(&mesh, 2, "*1\r\n$1\r\ny\r\n", named(&mesh, "sinter A B A"));
    assert_answer(&mesh, 2, ":1\r\n", named(&mesh, "del B"));
    assert_answer(&mesh, 2, "*0\r\n", named(&mesh, "sinter A B"));
    assert_answer(&mesh, 2, ":2\r\n", named(&mesh, "zadd B 5 x 1 q"));
    assert_answer(&mesh, 2,
                  "*6\r\n$1\r\nq\r\n$1\r\n1\r\n$1\r\ny\r\n$1\r\n1\r\n$1\r\nx\r\n$1\r\n6\r\n",
                  named(&mesh, "zunion 2 A B withscores"));
    mesh_fini(&mesh);
}

static void nothing_of_it_stays(void **state)
{
    with_mesh("--near-max-value", "0");
    assert_answer(&mesh, 2, ":1\r\n", named(&mesh, "sadd A x"));
    assert_answer(&mesh, 2, "*1\r\n$1\r\nx\r\n", named(&mesh, "sunion A B"));
    assert_int_equal(cache_db_stats(mesh.cache, 0).keys, 0);
    assert_int_equal(cache_db_stats(mesh.fake.cache, 0).keys, 1);
    mesh_fini(&mesh);
}

static void errors_are_passed_on(void **state)
{
    with_mesh("--near-max-value", "0");
    static const char wrong[] =
        "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n";
    assert_answer(&mesh, 2, "+OK\r\n", named(&mesh, "set A x"));
    assert_answer(&mesh, 2, wrong, named(&mesh, "sunion A B"));
    assert_answer(&mesh, 2, "-ERR syntax error\r\n", named(&mesh, "sintercard 2 A B nonsense"));
    mesh.fake.say_instead = "-OOM no\r\n";
    assert_answer(&mesh, 2, "-OOM no\r\n", named(&mesh, "sunion B A"));
    mesh_fini(&mesh);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(operands_are_brought_together),
        cmocka_unit_test(nothing_of_it_stays),
        cmocka_unit_test(errors_are_passed_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
