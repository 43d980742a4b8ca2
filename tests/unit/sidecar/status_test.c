/* INFO, on one page for a person. */

#include "sidecar/status.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static void expect(const char *info, const char *page)
{
    struct buf out;
    buf_init(&out, 1 << 16);
    status_print(span_from(info), &out);
    buf_add(&out, (struct span){ "", 1 });
    assert_string_equal(buf_span(&out).bytes, page);
    buf_fini(&out);
}

static void shows_a_process_alone(void **state)
{
    (void)state;
    expect("# Server\r\npodis_version:0.1.0\r\nprocess_id:7\r\nuptime_in_seconds:90\r\n"
           "used_memory_human:1.00M\r\nused_memory_rss_human:3.80M\r\nmaxmemory:0\r\n"
           "connected_clients:2\r\ninstantaneous_ops_per_sec:5\r\ntotal_commands_processed:9\r\n"
           "keyspace_hits:3\r\nkeyspace_misses:1\r\nmesh_enabled:0\r\n"
           "# Keyspace\r\ndb0:keys=4,expires=1,avg_ttl=5\r\ndb9:keys=1,expires=0,avg_ttl=0\r\n",
           "podis 0.1.0, up 1 min 30 s, process 7\n"
           "topology   alone\n"
           "memory     1.00M used, 3.80M in RAM\n"
           "clients    2 connected, 5 commands/s, 9 in all\n"
           "reads      75.0 % hits (3 of 4)\n"
           "keys       db0: 4, 1 with a time to live\n"
           "           db9: 1, 0 with a time to live\n");
}

static void shows_the_members_of_a_mesh(void **state)
{
    (void)state;
    expect("podis_version:0.1.0\r\nprocess_id:7\r\nuptime_in_seconds:7205\r\n"
           "used_memory_human:1K\r\nused_memory_rss_human:4M\r\nmaxmemory:5\r\n"
           "maxmemory_human:5B\r\nmesh_enabled:1\r\nmesh_members:2\r\nnear_hits:1\r\n"
           "near_misses:3\r\nforwards:8\r\nforward_errors:2\r\n"
           "peer0:host=10.0.0.1,port=6380,state=self,node_id=,slots=8000,near_keys=0,waiting=0\r\n"
           "peer1:host=fd00::2,port=6380,state=ready,node_id=ab,slots=8384,near_keys=5,waiting=1"
           "\r\n",
           "podis 0.1.0, up 2 h 0 min, process 7\n"
           "topology   mesh of 2 members\n"
           "memory     1K used of 5B, 4M in RAM\n"
           "clients    0 connected, 0 commands/s, 0 in all\n"
           "reads      none yet\n"
           "keys       none\n"
           "near reads 25.0 % hits (1 of 4)\n"
           "forwarded  8, of which 2 failed\n"
           "members\n"
           "  10.0.0.1:6380  self, 8000 slots, 0 near keys, 0 waiting\n"
           "  fd00::2:6380  ready, 8384 slots, 5 near keys, 1 waiting\n");
}

/* Answers both requests before they are asked: a socket pair needs no second process. */
static void asks_a_running_podis(void **state)
{
    (void)state;
    int pair[2];
    struct buf page;
    char asked[256];
    static const char answer[] = "$21\r\npodis_version:9.9.9\r\n\r\n";

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_int_equal(write(pair[1], answer, sizeof(answer) - 1), sizeof(answer) - 1);
    buf_init(&page, 1 << 16);
    assert_int_equal(status_ask(pair[0], NULL, &page), ERR_OK);
    assert_memory_equal(buf_span(&page).bytes, "podis 9.9.9, up 0 s", 19);
    ssize_t len = read(pair[1], asked, sizeof(asked));
    assert_int_equal(len, 31);
    assert_memory_equal(asked, "*2\r\n$4\r\nINFO\r\n$10\r\neverything\r\n", 31);
    buf_fini(&page);
    close(pair[0]);
    close(pair[1]);
}

static void shows_why_it_is_refused(void **state)
{
    (void)state;
    int pair[2];
    struct buf page;
    static const char answer[] = "-NOAUTH Authentication required.\r\n";

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_int_equal(write(pair[1], answer, sizeof(answer) - 1), sizeof(answer) - 1);
    buf_init(&page, 1 << 16);
    assert_int_equal(status_ask(pair[0], NULL, &page), ERR_REFUSED);
    assert_int_equal(page.len, 31);
    assert_memory_equal(buf_span(&page).bytes, "NOAUTH Authentication required.", 31);
    buf_fini(&page);
    close(pair[0]);
    close(pair[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shows_a_process_alone),
        cmocka_unit_test(shows_the_members_of_a_mesh),
        cmocka_unit_test(asks_a_running_podis),
        cmocka_unit_test(shows_why_it_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
