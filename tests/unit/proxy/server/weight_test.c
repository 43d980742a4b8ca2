/* Clients that hold too much memory: who goes, and who does not. */

#include "proxy/server/weight.h"

#include "proxy/server/connection.h"

#include "tests/unit/proxy/server/fixture.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CLIENTS = 4 };

struct crowd {
    struct fixture fixture;
    struct session *sessions[CLIENTS];
    int ends[CLIENTS];
};

static void turn(struct crowd *crowd)
{
    ev_run(crowd->fixture.loop, EVRUN_NOWAIT);
    ev_run(crowd->fixture.loop, EVRUN_NOWAIT);
}

static void begin(struct crowd *crowd, const char *limit)
{
    const char *const flags[] = { "--maxmemory-clients", limit, "--maxmemory", "100mb" };

    fixture_init(&crowd->fixture, flags, COUNT(flags));
    for (size_t i = 0; i < CLIENTS; i++) {
        int ends[2];
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
        connection_open(crowd->fixture.server,
                        &(struct access){ .fd = ends[0], .unix_socket = true });
        crowd->ends[i] = ends[1];
        crowd->sessions[i] = crowd->fixture.server->last;
    }
}

static void end(struct crowd *crowd)
{
    for (size_t i = 0; i < CLIENTS; i++) {
        close(crowd->ends[i]);
    }
    fixture_fini(&crowd->fixture);
}

/* A client begins a request with an argument that does not end. */
static void hold(struct crowd *crowd, size_t who, size_t bytes)
{
    static char letters[16 * 1024];
    char head[64];

    memset(letters, 'x', sizeof(letters));
    snprintf(head, sizeof(head), "*2\r\n$%zu\r\n", bytes);
    assert_int_equal(send(crowd->ends[who], head, strlen(head), 0), strlen(head));
    for (size_t sent = 0; sent < bytes;) {
        size_t len = bytes - sent < sizeof(letters) ? bytes - sent : sizeof(letters);
        ssize_t took = send(crowd->ends[who], letters, len, MSG_NOSIGNAL);
        sent += took > 0 ? (size_t)took : 0;
        turn(crowd);
        if (took < 0 && errno == EPIPE) {
            return;
        }
    }
}

static bool is_there(struct crowd *crowd, size_t who)
{
    char byte;
    turn(crowd);
    return recv(crowd->ends[who], &byte, 1, MSG_DONTWAIT) != 0;
}

static void the_heaviest_goes_first(void **state)
{
    (void)state;
    struct crowd crowd;
    begin(&crowd, "1mb");
    hold(&crowd, 0, 100000);
    hold(&crowd, 1, 400000);
    hold(&crowd, 2, 200000);
    assert_int_equal(server_connections(crowd.fixture.server), CLIENTS);
    hold(&crowd, 3, 500000);
    assert_true(is_there(&crowd, 0));
    assert_true(is_there(&crowd, 2));
    /* They are of one power of two, and either is enough. */
    assert_int_equal(is_there(&crowd, 1) + is_there(&crowd, 3), 1);
    assert_int_equal(server_stats(crowd.fixture.server)->evicted_clients, 1);
    end(&crowd);
}

static void who_is_not_to_be_evicted_counts_and_stays(void **state)
{
    (void)state;
    struct crowd crowd;
    begin(&crowd, "500000");
    crowd.sessions[1]->no_evict = true;
    hold(&crowd, 0, 100000);
    hold(&crowd, 1, 600000);
    assert_true(is_there(&crowd, 1));
    assert_int_equal(server_connections(crowd.fixture.server), 1);
    end(&crowd);
}

static void a_share_is_one_of_maxmemory(void **state)
{
    (void)state;
    struct crowd crowd;
    begin(&crowd, "1%");
    assert_int_equal(crowd.fixture.server->weights.max, (100ULL * 1024 * 1024) / 100);
    end(&crowd);
}

static void nothing_is_weighed_without_a_limit(void **state)
{
    (void)state;
    struct crowd crowd;
    begin(&crowd, "0");
    hold(&crowd, 0, 3000000);
    assert_int_equal(server_connections(crowd.fixture.server), CLIENTS);
    assert_int_equal(crowd.fixture.server->weights.total, 0);
    assert_true(weight_of(crowd.sessions[0]) >= 3000000);
    end(&crowd);
}

static void the_total_is_what_is_there(void **state)
{
    (void)state;
    struct crowd crowd;
    begin(&crowd, "10mb");
    hold(&crowd, 0, 300000);
    hold(&crowd, 1, 700000);
    size_t all = 0;
    for (size_t i = 0; i < CLIENTS; i++) {
        all += weight_of(crowd.sessions[i]);
    }
    assert_true(all >= 1000000);
    assert_int_equal(crowd.fixture.server->weights.total, all);
    close(crowd.ends[0]);
    close(crowd.ends[1]);
    turn(&crowd);
    assert_int_equal(crowd.fixture.server->weights.total,
                     weight_of(crowd.sessions[2]) + weight_of(crowd.sessions[3]));
    crowd.ends[0] = crowd.ends[1] = -1;
    end(&crowd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_heaviest_goes_first),
        cmocka_unit_test(who_is_not_to_be_evicted_counts_and_stays),
        cmocka_unit_test(a_share_is_one_of_maxmemory),
        cmocka_unit_test(nothing_is_weighed_without_a_limit),
        cmocka_unit_test(the_total_is_what_is_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
