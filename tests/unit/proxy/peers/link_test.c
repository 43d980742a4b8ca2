/* A link against a fake peer: good answers of every kind, and bad ones. */

#include "tests/unit/proxy/peers/fake_mesh.h"

static void passes_on_values_of_every_kind(void **state)
{
    static const struct {
        const char *from, *resp2, *resp3;
    } rows[] = {
        { "$3\r\na\r\n\r\n", "$3\r\na\r\n\r\n", "$3\r\na\r\n\r\n" },
        { ",1.50\r\n", "$4\r\n1.50\r\n", ",1.50\r\n" },
        { "#t\r\n", ":1\r\n", "#t\r\n" },
        { ":-7\r\n", ":-7\r\n", ":-7\r\n" },
        { "(123456789012345678901\r\n", "$21\r\n123456789012345678901\r\n",
          "(123456789012345678901\r\n" },
        { "=6\r\ntxt:hi\r\n", "$2\r\nhi\r\n", "=6\r\ntxt:hi\r\n" },
        { "%1\r\n+a\r\n*2\r\n_\r\n:1\r\n", "*2\r\n+a\r\n*2\r\n$-1\r\n:1\r\n",
          "%1\r\n+a\r\n*2\r\n_\r\n:1\r\n" },
        { "~2\r\n:1\r\n:2\r\n", "*2\r\n:1\r\n:2\r\n", "~2\r\n:1\r\n:2\r\n" },
        { "*0\r\n", "*0\r\n", "*0\r\n" },
        { "-WRONGTYPE no\r\n", "-WRONGTYPE no\r\n", "-WRONGTYPE no\r\n" },
    };
    with_mesh("--near-max-value", "0");
    char text[64];

    snprintf(text, sizeof(text), "GET %s", mesh.key[0]);
    for (size_t i = 0; i < COUNT(rows) * 2; i++) {
        struct asked asked;
        mesh.fake.say_instead = rows[i / 2].from;
        ask_in(&mesh, &asked, i % 2 == 0 ? 2 : 3, 0, text);
        wait_for(&mesh, asked.done);
        assert_true(says(&asked, i % 2 == 0 ? rows[i / 2].resp2 : rows[i / 2].resp3));
        assert_int_equal(asked.reply.failed, rows[i / 2].from[0] == '-');
        buf_fini(&asked.buf);
    }
    mesh_fini(&mesh);
}

static void half_an_answer_is_taken_back(void **state)
{
    with_mesh("--near-max-value", "0");
    struct asked asked;

    wait_for(&mesh, fake_is_ready(&mesh));
    mesh.fake.say_instead = "*3\r\n:1\r\n:2\r\n";
    mesh.fake.hang_up = true;
    ask(&mesh, &asked, "GET %s", mesh.key[0]);
    wait_for(&mesh, asked.done);
    assert_true(begins(&asked, "-UNREACHABLE"));
    buf_fini(&asked.buf);
    mesh_fini(&mesh);
}

static void a_silent_peer_is_lost_and_found_again(void **state)
{
    with_mesh("--node-timeout", "90", "--near-max-value", "0");
    struct asked asked;

    wait_for(&mesh, fake_is_ready(&mesh));
    mesh.fake.mute = true;
    ask(&mesh, &asked, "GET %s", mesh.key[0]);
    wait_for(&mesh, asked.done);
    assert_true(begins(&asked, "-UNREACHABLE"));
    assert_false(fake_is_ready(&mesh));
    buf_fini(&asked.buf);
    mesh.fake.mute = false;
    fake_close_all(&mesh.fake);
    expect(&mesh, "$-1\r\n", "GET %s", mesh.key[0]);
    mesh_fini(&mesh);
}

static void an_answer_to_nothing_ends_the_connection(void **state)
{
    static const char *const rows[] = { "+x\r\n",      "-ERR x\r\n",   "*1\r\n+x\r\n", "$-1\r\n",
                                        "garbage\r\n", ">1\r\n+x\r\n", ">0\r\n",       ">-1\r\n" };
    with_mesh("--near-max-value", "0");

    for (size_t i = 0; i < COUNT(rows); i++) {
        wait_for(&mesh, fake_is_ready(&mesh));
        turns(&mesh, 0.005); /* No ping is under way. */
        for (size_t j = 0; j < FAKE_CONNECTIONS; j++) {
            if (mesh.fake.connections[j].fd >= 0) {
                struct reply reply = reply_into(&mesh.fake.connections[j].out, 3);
                reply_raw(&reply, span_from(rows[i]));
                fake_write(&mesh.fake.connections[j]);
            }
        }
        turns(&mesh, 0.02);
        expect(&mesh, "$-1\r\n", "GET %s", mesh.key[0]);
    }
    mesh_fini(&mesh);
}

static void a_refused_hello_is_no_link(void **state)
{
    with_mesh("--forward-timeout", "100");
    struct asked asked;

    mesh.fake.refuse = true;
    ask(&mesh, &asked, "GET %s", mesh.key[0]);
    wait_for(&mesh, asked.done);
    assert_true(begins(&asked, "-UNREACHABLE"));
    assert_int_equal(mesh.fake.asked, 0);
    buf_fini(&asked.buf);
    mesh_fini(&mesh);
}

static void a_refusal_too_long_to_be_told_is_no_link(void **state)
{
    with_mesh("--forward-timeout", "200");
    char *refusal = memory_alloc(70001);
    struct asked asked;

    memset(refusal, 'x', 70000);
    refusal[70000] = '\0';
    mesh.fake.refusal = refusal;
    ask(&mesh, &asked, "GET %s", mesh.key[0]);
    wait_for(&mesh, asked.done);
    assert_true(begins(&asked, "-UNREACHABLE"));
    assert_int_equal(mesh.fake.asked, 0);
    assert_non_null(strstr(mesh.logged, ": refused: its reason is too long"));
    buf_fini(&asked.buf);
    mesh_fini(&mesh);
    memory_free(refusal);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(passes_on_values_of_every_kind),
        cmocka_unit_test(half_an_answer_is_taken_back),
        cmocka_unit_test(a_silent_peer_is_lost_and_found_again),
        cmocka_unit_test(an_answer_to_nothing_ends_the_connection),
        cmocka_unit_test(a_refused_hello_is_no_link),
        cmocka_unit_test(a_refusal_too_long_to_be_told_is_no_link),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
