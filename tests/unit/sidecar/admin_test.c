/* The admin port, asked over a real connection on one loop. */

#include "sidecar/admin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "sidecar/client.h"
#include "tests/unit/sidecar/parts.h"

enum { FIRST_PORT = 21650, LAST_PORT = 21699, TURNS_MAX = 2000, ANSWER_MAX = 1 << 20 };

struct fixture {
    struct parts parts;
    struct admin *admin;
    uint16_t port;
};

/* On the first port that is free. */
static void begin(struct fixture *fixture)
{
    char why[200] = "";
    enum err err = ERR_SYSTEM;

    *fixture = (struct fixture){ 0 };
    parts_make(&fixture->parts);
    struct options options = fixture->parts.config->options;
    char address[] = "127.0.0.1";
    options.admin_bind = address;
    struct admin_parts parts = { .loop = fixture->parts.loop,
                                 .options = &options,
                                 .exposition = { .server = fixture->parts.server,
                                                 .lifecycle = &fixture->parts.lifecycle } };
    for (uint16_t port = FIRST_PORT; err != ERR_OK && port <= LAST_PORT; port++) {
        options.admin_port = port;
        fixture->port = port;
        err = admin_new(&parts, &fixture->admin, why, sizeof(why));
    }
    assert_string_equal(err == ERR_OK ? "" : why, "");
    assert_non_null(fixture->admin);
}

static void end(struct fixture *fixture)
{
    admin_free(fixture->admin);
    parts_free(&fixture->parts);
}

/* Turns the loop until the other side has closed. The answer ends with a NUL. */
static void fetch(struct fixture *fixture, const char *request, struct buf *answer)
{
    int fd;
    char text[4096];
    bool open = true;

    assert_int_equal(client_connect("127.0.0.1", fixture->port, &fd), ERR_OK);
    assert_int_equal(client_send(fd, span_from(request)), ERR_OK);
    buf_init(answer, ANSWER_MAX);
    for (int turn = 0; open && turn < TURNS_MAX; turn++) {
        ev_run(fixture->parts.loop, EVRUN_NOWAIT);
        ssize_t got = recv(fd, text, sizeof(text), MSG_DONTWAIT);
        if (got > 0) {
            assert_true(buf_add(answer, (struct span){ text, (size_t)got }));
        }
        open = got != 0;
    }
    assert_false(open);
    buf_add(answer, (struct span){ "", 1 });
    close(fd);
}

static void expect(struct fixture *fixture, const char *request, const char *status,
                   const char *part)
{
    struct buf answer;
    fetch(fixture, request, &answer);
    const char *text = buf_span(&answer).bytes;
    char line[64];
    snprintf(line, sizeof(line), "HTTP/1.1 %s", status);
    if (strncmp(text, line, strlen(line)) != 0 || strstr(text, part) == NULL) {
        fail_msg("%s: %s", request, text);
    }
    buf_fini(&answer);
}

#define GET(path) "GET " path " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

static void probes_follow_the_life_of_the_process(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture);
    expect(&fixture, GET("/livez"), "200", "\r\n\r\nok\n");
    expect(&fixture, GET("/startupz"), "503", "\r\n\r\nstarting\n");
    expect(&fixture, GET("/readyz"), "503", "\r\n\r\npodis is starting\n");
    lifecycle_step(&fixture.parts.lifecycle, LIFE_LISTENS, 0, 0);
    expect(&fixture, GET("/startupz"), "200", "\r\n\r\nok\n");
    expect(&fixture, GET("/readyz"), "200", "\r\n\r\nok\n");
    lifecycle_step(&fixture.parts.lifecycle, LIFE_TOLD, 0, 1000);
    expect(&fixture, GET("/readyz"), "503", "\r\n\r\npodis is draining\n");
    expect(&fixture, GET("/livez"), "200", "ok");
    expect(&fixture, GET("/startupz"), "200", "ok");
    end(&fixture);
}

static void serves_metrics_in_both_formats(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture);
    expect(&fixture, GET("/metrics"), "200", "Content-Type: text/plain; version=0.0.4");
    expect(&fixture, GET("/metrics"), "200", "\nredis_up 1\n");
    expect(&fixture,
           "GET /metrics HTTP/1.1\r\nHost: x\r\nAccept: application/openmetrics-text\r\n"
           "Connection: close\r\n\r\n",
           "200", "\n# EOF\n");
    end(&fixture);
}

static void says_what_there_is(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture);
    expect(&fixture, GET("/"), "200", "/readyz");
    expect(&fixture, GET("/nope"), "404", "/ says what there is");
    expect(&fixture,
           "POST /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close"
           "\r\n\r\n",
           "405", "Allow: GET, HEAD");
    expect(&fixture, "HEAD /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "200", "");
    end(&fixture);
}

static void hangs_up_on_uploads_and_nonsense(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nabcd",
        "nonsense\r\n\r\n",
        "*1\r\n$4\r\nPING\r\n\r\n",
    };
    struct fixture fixture;
    begin(&fixture);
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct buf answer;
        fetch(&fixture, bad[i], &answer);
        assert_true(strncmp(buf_span(&answer).bytes, "HTTP/1.1 200", 12) != 0);
        buf_fini(&answer);
    }
    expect(&fixture, GET("/livez"), "200", "ok");
    end(&fixture);
}

static void port_zero_is_no_admin_port(void **state)
{
    (void)state;
    struct options options = { .admin_port = 0 };
    struct admin_parts parts = { .options = &options };
    struct admin *admin;
    char why[200];
    assert_int_equal(admin_new(&parts, &admin, why, sizeof(why)), ERR_OK);
    assert_null(admin);
    admin_free(admin);
}

static void a_taken_port_is_said(void **state)
{
    (void)state;
    struct fixture fixture;
    char address[] = "127.0.0.1";
    char why[200] = "";
    char expected[200];
    struct admin *admin;
    begin(&fixture);
    struct options options = { .admin_port = fixture.port, .admin_bind = address };
    struct admin_parts parts = { .loop = fixture.parts.loop, .options = &options };
    assert_int_equal(admin_new(&parts, &admin, why, sizeof(why)), ERR_SYSTEM);
    snprintf(expected, sizeof(expected),
             "admin-port %u cannot be opened on 127.0.0.1: Address already in use", fixture.port);
    assert_string_equal(why, expected);
    end(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(probes_follow_the_life_of_the_process),
        cmocka_unit_test(serves_metrics_in_both_formats),
        cmocka_unit_test(says_what_there_is),
        cmocka_unit_test(hangs_up_on_uploads_and_nonsense),
        cmocka_unit_test(port_zero_is_no_admin_port),
        cmocka_unit_test(a_taken_port_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
