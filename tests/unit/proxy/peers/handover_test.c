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

/* Whether the fake answers this to a command about a key of its own. */
static void assert_there(struct mesh *mesh, const char *answer, const char *text)
{
    char words[128];
    struct span argv[8];
    size_t argc = 0;
    struct buf out;

    snprintf(words, sizeof(words), "%s", text);
    for (char *rest = words, *word; (word = strsep(&rest, " ")) != NULL;) {
        argv[argc++] = span_from(word);
    }
    buf_init(&out, 1 << 20);
    struct reply reply = reply_into(&out, 2);
    cache_exec(mesh->fake.cache,
               &(struct cache_request){ .command = command_find(mesh->commands, argv, argc, NULL),
                                        .argv = argv,
                                        .argc = argc,
                                        .now_ms = wall_ms(),
                                        .reply = &reply });
    assert_true(span_equal(buf_span(&out), span_from(answer)));
    buf_fini(&out);
}

static void values_of_every_type_travel_whole(void **state)
{
    enum { LONG = 30000 };
    with_mesh("--near-max-value", "0");
    struct address both[2] = { mesh.members[0], mesh.members[1] };
    char keys[6][16], text[128];
    static const char *const makers[] = {
        "SET %s v", "RPUSH %s a b c", "SADD %s a b c", "ZADD %s 1 a 2 b", "HSET %s f v g w",
    };

    for (int i = 0; i < 6; i++) {
        find_key(&mesh, false, i, keys[i]);
    }
    mesh.members[0] = both[1];
    set_view(&mesh, 1);
    for (size_t i = 0; i < COUNT(makers); i++) {
        struct asked asked;
        snprintf(text, sizeof(text), makers[i], keys[i]);
        ask(&mesh, &asked, "%s", text);
        wait_for(&mesh, asked.done);
        buf_fini(&asked.buf);
    }
    for (int i = 0; i < LONG; i++) { /* More than goes over the shared link. */
        struct asked asked;
        ask(&mesh, &asked, "RPUSH %s element:%d", keys[5], i);
        buf_fini(&asked.buf);
    }
    mesh.members[0] = both[0];
    mesh.members[1] = both[1];
    set_view(&mesh, 2);
    wait_for(&mesh, peer_metrics.handover_pending == 0);

    assert_int_equal(cache_db_stats(mesh.cache, 0).keys, 0);
    static const char *const looks[][2] = {
        { "GET %s", "$1\r\nv\r\n" },    { "LINDEX %s 2", "$1\r\nc\r\n" },
        { "SISMEMBER %s b", ":1\r\n" }, { "ZSCORE %s b", "$1\r\n2\r\n" },
        { "HGET %s g", "$1\r\nw\r\n" }, { "LLEN %s", ":30000\r\n" },
    };
    for (size_t i = 0; i < COUNT(looks); i++) {
        snprintf(text, sizeof(text), looks[i][0], keys[i]);
        assert_there(&mesh, looks[i][1], text);
    }
    mesh_fini(&mesh);
}

static void what_was_changed_meanwhile_is_not_dropped(void **state)
{
    with_mesh("--near-max-value", "0");
    struct address both[2] = { mesh.members[0], mesh.members[1] };
    struct asked asked;

    mesh.members[0] = both[1];
    set_view(&mesh, 1);
    expect(&mesh, ":1\r\n", "RPUSH %s a", mesh.key[0]);
    mesh.members[0] = both[0];
    mesh.members[1] = both[1];
    set_view(&mesh, 2);
    wait_for(&mesh, fake_is_ready(&mesh));
    mesh.fake.holds = true;
    wait_for(&mesh, mesh.fake.asked == 1);
    mesh.members[0] = both[1]; /* Ours again, while it is on its way. */
    set_view(&mesh, 1);
    ask(&mesh, &asked, "RPUSH %s b", mesh.key[0]);
    assert_true(says(&asked, ":2\r\n"));
    buf_fini(&asked.buf);
    turns(&mesh, 0.02);
    assert_int_equal(cache_db_stats(mesh.cache, 0).keys, 1);
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
        cmocka_unit_test(values_of_every_type_travel_whole),
        cmocka_unit_test(what_was_changed_meanwhile_is_not_dropped),
        cmocka_unit_test(local_keys_stay),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
