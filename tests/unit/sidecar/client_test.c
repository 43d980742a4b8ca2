/* One request and its answer, over a socket pair. */

#include "sidecar/client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

struct row {
    const char *answer;
    enum err err;
    const char *text;
};

static void expect(const struct row *row)
{
    int pair[2];
    struct buf text;
    const struct span argv[] = { SPAN("PING") };
    size_t len = strlen(row->answer);

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_int_equal(write(pair[1], row->answer, len), len);
    assert_int_equal(shutdown(pair[1], SHUT_WR), 0);
    buf_init(&text, 100);
    assert_int_equal(client_ask(pair[0], argv, 1, &text), row->err);
    assert_int_equal(text.len, strlen(row->text));
    assert_memory_equal(buf_span(&text).bytes, row->text, text.len);
    buf_fini(&text);
    close(pair[0]);
    close(pair[1]);
}

static void reads_answers(void **state)
{
    (void)state;
    static const struct row rows[] = {
        { "+PONG\r\n", ERR_OK, "PONG" },
        { ":12\r\n", ERR_OK, "12" },
        { "$5\r\na\r\nbc\r\n", ERR_OK, "a\r\nbc" },
        { "$0\r\n\r\n", ERR_OK, "" },
        { "-ERR no\r\n", ERR_REFUSED, "ERR no" },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        expect(&rows[i]);
    }
}

static void refuses_what_is_no_answer(void **state)
{
    (void)state;
    static const struct row rows[] = {
        { "", ERR_CLOSED, "" },
        { "+PON", ERR_CLOSED, "" },
        { "$5\r\nabc", ERR_CLOSED, "" },
        { "$-1\r\n", ERR_PROTOCOL, "" },
        { "$x\r\n", ERR_PROTOCOL, "" },
        { "HTTP/1.1 400\r\n", ERR_PROTOCOL, "" },
        { "*1\r\n$1\r\na\r\n", ERR_PROTOCOL, "" },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        expect(&rows[i]);
    }
}

static void an_answer_over_the_limit_is_refused(void **state)
{
    (void)state;
    char answer[256] = "$120\r\n";
    memset(answer + 6, 'x', 120);
    memcpy(answer + 126, "\r\n", 3);
    struct row row = { answer, ERR_TOO_BIG, "" };
    expect(&row);
}

static void connects_to_addresses_alone(void **state)
{
    (void)state;
    int fd;
    char path[200];
    assert_int_equal(client_connect("example.com", 1, &fd), ERR_INVALID);
    assert_int_equal(client_connect("", 1, &fd), ERR_INVALID);
    assert_int_equal(client_connect_unix("/nonexistent/s", &fd), ERR_SYSTEM);
    memset(path, 'x', sizeof(path) - 1);
    path[sizeof(path) - 1] = '\0';
    assert_int_equal(client_connect_unix(path, &fd), ERR_TOO_BIG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_answers),
        cmocka_unit_test(refuses_what_is_no_answer),
        cmocka_unit_test(an_answer_over_the_limit_is_refused),
        cmocka_unit_test(connects_to_addresses_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
