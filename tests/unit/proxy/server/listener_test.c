/* Access points: what opens, what fails and how it is said, who is turned away. */

#include "proxy/server/listener.h"

#include "tests/unit/proxy/server/fixture.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* A port nobody listens on, for the moment; bound at an address of the loopback net that others
 * are unlikely to use. */
static const char host[] = "127.21.5.99";

static uint16_t free_port(void)
{
    struct sockaddr_in address = { .sin_family = AF_INET };
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    inet_pton(AF_INET, host, &address.sin_addr);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    close(fd);
    return ntohs(address.sin_port);
}

static int dial(uint16_t port)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port) };
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    inet_pton(AF_INET, host, &address.sin_addr);
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static void turn(struct fixture *fixture)
{
    for (int i = 0; i < 3; i++) {
        ev_run(fixture->loop, EVRUN_NOWAIT);
    }
}

static const char *ask(struct fixture *fixture, int fd, struct span line)
{
    static char text[512];

    if (line.len > 0) {
        assert_int_equal(send(fd, line.bytes, line.len, MSG_NOSIGNAL), line.len);
    }
    turn(fixture);
    ssize_t got = recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT);
    text[got < 0 ? 0 : got] = '\0';
    return text;
}

static void serves_tcp_until_it_is_closed(void **state)
{
    (void)state;
    char port_text[8], why[256];
    uint16_t port = free_port();
    snprintf(port_text, sizeof(port_text), "%u", port);
    const char *const flags[] = { "--port", port_text, "--bind", host };
    struct fixture fixture;
    fixture_init(&fixture, flags, COUNT(flags));

    assert_int_equal(server_listen(fixture.server, why, sizeof(why)), ERR_OK);
    int client = dial(port);
    assert_string_equal(ask(&fixture, client, SPAN("PING\r\n")), "+PONG\r\n");
    server_drain(fixture.server);
    assert_int_equal(dial(port), -1);
    close(client);
    fixture_fini(&fixture);
}

static void a_drain_ends_those_in_order_who_were_not_accepted_yet(void **state)
{
    (void)state;
    char port_text[8], why[256], byte;
    uint16_t port = free_port();
    snprintf(port_text, sizeof(port_text), "%u", port);
    const char *const flags[] = { "--port", port_text, "--bind", host };
    struct fixture fixture;
    fixture_init(&fixture, flags, COUNT(flags));

    assert_int_equal(server_listen(fixture.server, why, sizeof(why)), ERR_OK);
    int silent = dial(port), asking = dial(port);
    assert_int_equal(send(asking, "PING\r\n", 6, MSG_NOSIGNAL), 6);
    server_drain(fixture.server);
    turn(&fixture);
    assert_int_equal(recv(silent, &byte, 1, 0), 0);
    assert_int_equal(recv(asking, &byte, 1, 0), 0);
    close(silent);
    close(asking);
    fixture_fini(&fixture);
}

static void says_which_address_is_taken(void **state)
{
    (void)state;
    char port_text[8], why[256], expected[256];
    uint16_t port = free_port();
    snprintf(port_text, sizeof(port_text), "%u", port);
    const char *const flags[] = { "--port", port_text, "--bind", host };
    struct fixture first, second;
    fixture_init(&first, flags, COUNT(flags));
    fixture_init(&second, flags, COUNT(flags));

    assert_int_equal(server_listen(first.server, why, sizeof(why)), ERR_OK);
    assert_int_equal(server_listen(second.server, why, sizeof(why)), ERR_SYSTEM);
    snprintf(expected, sizeof(expected),
             "Failed listening on port %u (tcp), %s: Address already in use", port, host);
    assert_string_equal(why, expected);
    fixture_fini(&first);
    fixture_fini(&second);
}

static size_t open_listeners(const struct server *server)
{
    size_t count = 0;

    for (const struct listener *at = server->listeners; at != NULL; at = at->next) {
        count += at->fd >= 0;
    }
    return count;
}

static void lets_an_address_with_a_dash_be_missing(void **state)
{
    (void)state;
    char port_text[8], why[256];
    uint16_t port = free_port();
    snprintf(port_text, sizeof(port_text), "%u", port);
    struct fixture fixture;

    const char *const optional[] = { "--port", port_text, "--bind", "127.21.5.99 -192.0.2.1" };
    fixture_init(&fixture, optional, COUNT(optional));
    assert_int_equal(server_listen(fixture.server, why, sizeof(why)), ERR_OK);
    assert_int_equal(open_listeners(fixture.server), 1);
    fixture_fini(&fixture);

    const char *const needed[] = { "--port", port_text, "--bind", "127.21.5.99 192.0.2.1" };
    fixture_init(&fixture, needed, COUNT(needed));
    assert_int_equal(server_listen(fixture.server, why, sizeof(why)), ERR_SYSTEM);
    assert_int_equal(open_listeners(fixture.server), 0);
    assert_int_equal(dial(port), -1);
    fixture_fini(&fixture);
}

static void turns_away_one_past_maxclients(void **state)
{
    (void)state;
    char port_text[8], why[256];
    uint16_t port = free_port();
    snprintf(port_text, sizeof(port_text), "%u", port);
    const char *const flags[] = { "--port", port_text, "--bind", host, "--maxclients", "2" };
    struct fixture fixture;
    int clients[3];
    fixture_init(&fixture, flags, COUNT(flags));
    assert_int_equal(server_listen(fixture.server, why, sizeof(why)), ERR_OK);

    for (int i = 0; i < 3; i++) {
        clients[i] = dial(port);
        turn(&fixture);
    }
    assert_string_equal(ask(&fixture, clients[1], SPAN("PING\r\n")), "+PONG\r\n");
    assert_string_equal(ask(&fixture, clients[2], SPAN("")),
                        "-ERR max number of clients reached\r\n");
    assert_int_equal(server_stats(fixture.server)->rejected_connections, 1);
    assert_int_equal(server_connections(fixture.server), 2);
    for (int i = 0; i < 3; i++) {
        close(clients[i]);
    }
    fixture_fini(&fixture);
}

static void serves_a_unix_socket_with_its_permissions(void **state)
{
    (void)state;
    char folder[] = "/tmp/podis-listener-XXXXXX", path[64], why[256];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/socket", folder);
    const char *const flags[] = { "--port", "0", "--unixsocket", path, "--unixsocketperm", "600" };
    struct fixture fixture;
    struct stat found;
    fixture_init(&fixture, flags, COUNT(flags));

    assert_int_equal(server_listen(fixture.server, why, sizeof(why)), ERR_OK);
    assert_int_equal(stat(path, &found), 0);
    assert_int_equal(found.st_mode & 0777, 0600);
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    memcpy(address.sun_path, path, strlen(path) + 1);
    int client = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(connect(client, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_string_equal(ask(&fixture, client, SPAN("PING\r\n")), "+PONG\r\n");
    close(client);
    fixture_fini(&fixture);
    assert_int_equal(stat(path, &found), -1);
    rmdir(folder);
}

static void never_removes_a_file_that_is_no_socket(void **state)
{
    (void)state;
    char path[] = "/tmp/podis-listener-XXXXXX", why[256];
    int file = mkstemp(path);
    const char *const flags[] = { "--port", "0", "--unixsocket", path };
    struct fixture fixture;
    struct stat found;
    fixture_init(&fixture, flags, COUNT(flags));

    assert_int_equal(server_listen(fixture.server, why, sizeof(why)), ERR_SYSTEM);
    assert_non_null(strstr(why, "Failed listening on unix socket"));
    assert_int_equal(stat(path, &found), 0);
    close(file);
    unlink(path);
    fixture_fini(&fixture);
}

static void refuses_a_path_that_is_too_long(void **state)
{
    (void)state;
    char path[200], why[256];
    memset(path, 'x', sizeof(path) - 1);
    path[0] = '/';
    path[sizeof(path) - 1] = '\0';
    const char *const flags[] = { "--port", "0", "--unixsocket", path };
    struct fixture fixture;
    fixture_init(&fixture, flags, COUNT(flags));

    assert_int_equal(server_listen(fixture.server, why, sizeof(why)), ERR_SYSTEM);
    assert_non_null(strstr(why, "File name too long"));
    fixture_fini(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(serves_tcp_until_it_is_closed),
        cmocka_unit_test(a_drain_ends_those_in_order_who_were_not_accepted_yet),
        cmocka_unit_test(says_which_address_is_taken),
        cmocka_unit_test(lets_an_address_with_a_dash_be_missing),
        cmocka_unit_test(turns_away_one_past_maxclients),
        cmocka_unit_test(serves_a_unix_socket_with_its_permissions),
        cmocka_unit_test(never_removes_a_file_that_is_no_socket),
        cmocka_unit_test(refuses_a_path_that_is_too_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
