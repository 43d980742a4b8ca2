/* Requests to several owners, and their answers joined. */

#include "tests/unit/proxy/peers/fake_mesh.h"

static void splits_by_owner_and_joins_in_order(void **state)
{
    with_mesh("--near-max-value", "0");
    char theirs[16], ours[16];

    find_key(&mesh, false, 1, theirs);
    find_key(&mesh, true, 1, ours);
    const char *a = mesh.key[0], *b = mesh.key[1];
    expect(&mesh, "+OK\r\n", "MSET %s 1 %s 2 %s 3", a, b, theirs);
    expect(&mesh, "*5\r\n$1\r\n2\r\n$1\r\n1\r\n$-1\r\n$1\r\n3\r\n$1\r\n1\r\n",
           "MGET %s %s %s %s %s", b, a, ours, theirs, a);
    expect(&mesh, ":4\r\n", "EXISTS %s %s %s %s %s", a, b, ours, theirs, b);
    expect(&mesh, ":3\r\n", "DBSIZE");
    expect(&mesh, ":2\r\n", "DEL %s %s %s", a, b, ours);
    expect(&mesh, ":1\r\n", "UNLINK %s %s", a, theirs);
    struct asked asked;
    ask(&mesh, &asked, "MSETNX %s 1 %s 2", a, b);
    wait_for(&mesh, asked.done);
    assert_true(begins(&asked, "-CROSSSLOT Keys in request don't hash to the same slot, "));
    assert_non_null(strstr(buf_span(&asked.buf).bytes, "shard="));
    buf_fini(&asked.buf);
    mesh_fini(&mesh);
}

static void the_first_error_of_the_parts_is_the_answer(void **state)
{
    with_mesh("--near-max-value", "0");

    mesh.fake.say_instead = "-OOM no\r\n";
    expect(&mesh, "-OOM no\r\n", "MGET %s %s", mesh.key[1], mesh.key[0]);
    mesh.fake.say_instead = "*0\r\n";
    expect(&mesh, "-ERR an owner's answer is not understood\r\n", "MGET %s %s", mesh.key[1],
           mesh.key[0]);
    mesh.fake.say_instead = ":1\r\n";
    expect(&mesh, "-ERR an owner's answer is not understood\r\n", "MGET %s %s", mesh.key[1],
           mesh.key[0]);
    mesh_fini(&mesh);
}

static void covers_all_members(void **state)
{
    with_mesh("--near-max-value", "0");
    struct asked asked;

    expect(&mesh, "$-1\r\n", "RANDOMKEY");
    expect(&mesh, "+OK\r\n", "MSET %s 1 %s 2", mesh.key[0], mesh.key[1]);
    ask(&mesh, &asked, "KEYS *");
    wait_for(&mesh, asked.done);
    assert_true(begins(&asked, "*2\r\n"));
    buf_fini(&asked.buf);
    expect(&mesh, ":1\r\n", "DEL %s", mesh.key[1]);
    for (int i = 0; i < 8; i++) { /* Whoever is asked first, the only key is found. */
        ask(&mesh, &asked, "RANDOMKEY");
        wait_for(&mesh, asked.done);
        assert_true(begins(&asked, "$5\r\nkey:") || begins(&asked, "$6\r\nkey:"));
        buf_fini(&asked.buf);
    }
    expect(&mesh, "+OK\r\n", "FLUSHALL");
    expect(&mesh, ":0\r\n", "DBSIZE");
    mesh_fini(&mesh);
}

/* The cursor of an answer to SCAN, and how many keys came with it. */
static uint64_t scan_answer(const struct asked *asked, size_t *keys)
{
    struct span rest = buf_span(&asked->buf);
    struct element element;

    assert_true(walk_head(&rest, &element));
    assert_int_equal(element.count, 2);
    assert_true(walk_head(&rest, &element));
    uint64_t cursor = strtoull(element.text.bytes, NULL, 10);
    assert_true(walk_head(&rest, &element));
    *keys += element.count;
    return cursor;
}

static void scans_one_owner_after_another(void **state)
{
    enum { KEYS = 300 };
    with_mesh("--near-max-value", "0");
    size_t keys = 0, calls = 0;
    uint64_t cursor = 0;

    for (int i = 0; i < KEYS; i++) {
        expect(&mesh, "+OK\r\n", "SET key:%d x", i);
    }
    do {
        struct asked asked;
        ask(&mesh, &asked, "SCAN %llu COUNT 20", (unsigned long long)cursor);
        wait_for(&mesh, asked.done);
        cursor = scan_answer(&asked, &keys);
        buf_fini(&asked.buf);
        calls++;
    } while (cursor != 0 && calls < 100);
    assert_int_equal(keys, KEYS);
    assert_true(calls > 5);
    expect(&mesh, "*2\r\n$1\r\n0\r\n*0\r\n", "SCAN %llu",
           (unsigned long long)5 << 48); /* A member that is not there any more. */
    expect(&mesh, "-ERR invalid cursor\r\n", "SCAN x");
    mesh_fini(&mesh);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(splits_by_owner_and_joins_in_order),
        cmocka_unit_test(the_first_error_of_the_parts_is_the_answer),
        cmocka_unit_test(covers_all_members),
        cmocka_unit_test(scans_one_owner_after_another),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
