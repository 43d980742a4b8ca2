/* Keys that are not ours any more. */

#include "tests/unit/proxy/peers/fake_mesh.h"

static void keys_that_moved_away_are_sent_to_their_owner(void **state)
{
    enum { KEYS = 1000 };
    with_mesh("--near-max-value", "0");
    struct address both[2] = { mesh.members[0], mesh.members[1] };
    char key[16];

    find_key(&mesh, false, 1, key);
    mesh.members[0] = both[1];
    set_view(&mesh, 1);
    for (int i = 0; i < KEYS; i++) {
        expect(&mesh, "+OK\r\n", "SET key:%d v%d", i, i);
    }
    expect(&mesh, ":1\r\n", "PEXPIRE %s 100000", mesh.key[0]);
    assert_int_equal(cache_db_stats(mesh.cache, 0).keys, KEYS);
    fake_set(&mesh, key, "newer");

    mesh.members[0] = both[0];
    mesh.members[1] = both[1];
    set_view(&mesh, 2);
    wait_for(&mesh, peer_metrics.handover_pending == 0);
    size_t mine = cache_db_stats(mesh.cache, 0).keys;
    assert_in_range(mine, KEYS / 4, KEYS * 3 / 4);
    assert_true(cache_db_stats(mesh.fake.cache, 0).keys >= KEYS - mine);
    assert_int_equal(cache_db_stats(mesh.fake.cache, 0).expiring, 1);
    expect(&mesh, "$5\r\nnewer\r\n", "GET %s", key);
    for (int i = 0; i < KEYS; i++) {
        struct asked asked;
        ask(&mesh, &asked, "EXISTS key:%d", i);
        wait_for(&mesh, asked.done);
        assert_true(says(&asked, ":1\r\n"));
        buf_fini(&asked.buf);
    }
    mesh_fini(&mesh);
}

static void local_keys_stay(void **state)
{
    with_mesh("--rule", "^key: class=local");

    for (int i = 0; i < 20; i++) {
        expect(&mesh, "+OK\r\n", "SET key:%d v", i);
    }
    set_view(&mesh, 2);
    turns(&mesh, 0.05);
    assert_int_equal(cache_db_stats(mesh.cache, 0).keys, 20);
    assert_int_equal(mesh.fake.asked, 0);
    mesh_fini(&mesh);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_that_moved_away_are_sent_to_their_owner),
        cmocka_unit_test(local_keys_stay),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
