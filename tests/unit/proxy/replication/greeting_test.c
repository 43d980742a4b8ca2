/* How a replica introduces itself to its primary. */

#include "proxy/replication/greeting.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define ID   "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define ID2  "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define CAPA "*5\r\n$8\r\nREPLCONF\r\n$4\r\ncapa\r\n$3\r\neof\r\n$4\r\ncapa\r\n$6\r\npsync2\r\n"
#define PORT "*3\r\n$8\r\nREPLCONF\r\n$14\r\nlistening-port\r\n$4\r\n6379\r\n"

struct fixture {
    struct greeting_words words;
    struct greeting greeting;
    struct buf out;
};

static int set_up(void **state)
{
    static struct fixture fixture;

    fixture.words = (struct greeting_words){
        .user = "", .password = "", .announce_ip = "", .announce_port = 6379
    };
    buf_init(&fixture.out, SIZE_MAX / 2);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    buf_fini(&f->out);
    return 0;
}

static void begin(struct fixture *f)
{
    greeting_begin(&f->greeting, &f->words, &f->out);
}

/* It hears this, byte by byte, and says that. */
static void hears(struct fixture *f, const char *text, const char *says)
{
    buf_consume(&f->out, f->out.len);
    for (const char *at = text; *at != '\0'; at++) {
        assert_int_equal(greeting_feed(&f->greeting, (struct span){ at, 1 }, &f->out), 1);
    }
    assert_int_equal(f->out.len, strlen(says));
    assert_memory_equal(buf_span(&f->out).bytes, says, f->out.len);
}

static void asks_for_everything_when_it_has_nothing(void **state)
{
    struct fixture *f = *state;
    begin(f);
    hears(f, "\n\n+PONG\r\n", PORT CAPA);
    hears(f, "+OK\r\n", "");
    hears(f, "+OK\r\n", "*3\r\n$5\r\nPSYNC\r\n$1\r\n?\r\n$2\r\n-1\r\n");
    hears(f, "\n\n+FULLRESYNC " ID " 12345\r\n", "");
    assert_int_equal(f->greeting.state, GREETING_FULL);
    assert_string_equal(f->greeting.id, ID);
    assert_int_equal(f->greeting.offset, 12345);
}

static void says_user_password_and_address(void **state)
{
    struct fixture *f = *state;
    f->words.user = "u";
    f->words.password = "p";
    f->words.announce_ip = "1.2.3.4";
    begin(f);
    hears(f, "-NOAUTH Authentication required.\r\n",
          "*3\r\n$4\r\nAUTH\r\n$1\r\nu\r\n$1\r\np\r\n" PORT
          "*3\r\n$8\r\nREPLCONF\r\n$10\r\nip-address\r\n$7\r\n1.2.3.4\r\n" CAPA);
    hears(f, "+OK\r\n-ERR what is that\r\n+OK\r\n", "");
    assert_int_equal(f->greeting.state, GREETING_DETAILS);
}

static void goes_on_where_it_was(void **state)
{
    struct fixture *f = *state;
    f->words.history = ID;
    f->words.offset = 77;
    begin(f);
    hears(f, "+PONG\r\n", PORT CAPA);
    hears(f, "+OK\r\n+OK\r\n", "*3\r\n$5\r\nPSYNC\r\n$40\r\n" ID "\r\n$2\r\n77\r\n");
    /* What follows is the stream's. */
    size_t used = greeting_feed(&f->greeting, SPAN("+CONTINUE " ID2 "\r\n*1\r\n"), &f->out);
    assert_int_equal(used, 52);
    assert_int_equal(f->greeting.state, GREETING_CONTINUES);
    assert_string_equal(f->greeting.id, ID2);
}

static void to_continue_without_a_name_keeps_the_name(void **state)
{
    struct fixture *f = *state;
    f->words.history = ID;
    begin(f);
    f->greeting.state = GREETING_PSYNC;
    hears(f, "+CONTINUE\r\n", "");
    assert_int_equal(f->greeting.state, GREETING_CONTINUES);
    assert_string_equal(f->greeting.id, ID);
}

static void an_old_primary_is_asked_the_old_way(void **state)
{
    struct fixture *f = *state;
    begin(f);
    f->greeting.state = GREETING_PSYNC;
    hears(f, "-ERR unknown command\r\n", "*1\r\n$4\r\nSYNC\r\n");
    assert_int_equal(f->greeting.state, GREETING_UNNAMED);
}

static void what_it_is_told_ends_it(void **state)
{
    struct fixture *f = *state;
    static const struct {
        enum greeting_state at;
        const char *line;
        enum greeting_state end;
    } rows[] = {
        { GREETING_PING, "-LOADING wait\r\n", GREETING_FAILED },
        { GREETING_PSYNC, "-LOADING wait\r\n", GREETING_LATER },
        { GREETING_PSYNC, "-NOMASTERLINK none\r\n", GREETING_LATER },
        { GREETING_PSYNC, "+FULLRESYNC\r\n", GREETING_FAILED },
        { GREETING_PSYNC, "+FULLRESYNC short 1\r\n", GREETING_FAILED },
        { GREETING_PSYNC, "+FULLRESYNC " ID " \r\n", GREETING_FAILED },
        { GREETING_PSYNC, "+FULLRESYNC " ID " -3\r\n", GREETING_FAILED },
        { GREETING_PSYNC, "+CONTINUE\r\n", GREETING_FAILED },
        { GREETING_PSYNC, "-NOAUTH no\r\n", GREETING_FAILED },
        { GREETING_PSYNC, "+HELLO\r\n", GREETING_FAILED },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        begin(f);
        f->greeting.state = rows[i].at;
        hears(f, rows[i].line, "");
        assert_int_equal(f->greeting.state, rows[i].end);
        assert_true(f->greeting.why[0] != '\0');
    }
}

static void a_wrong_password_ends_it(void **state)
{
    struct fixture *f = *state;
    f->words.password = "p";
    begin(f);
    hears(f, "+PONG\r\n", "*2\r\n$4\r\nAUTH\r\n$1\r\np\r\n" PORT CAPA);
    hears(f, "-WRONGPASS invalid\r\n", "");
    assert_int_equal(f->greeting.state, GREETING_FAILED);
    assert_string_equal(f->greeting.why, "Unable to AUTH to MASTER: '-WRONGPASS invalid'");
}

static void an_endless_line_ends_it(void **state)
{
    struct fixture *f = *state;
    static char endless[GREETING_LINE_MAX + 1];

    memset(endless, 'x', sizeof(endless));
    begin(f);
    greeting_feed(&f->greeting, (struct span){ endless, GREETING_LINE_MAX }, &f->out);
    assert_int_equal(f->greeting.state, GREETING_PING);
    greeting_feed(&f->greeting, SPAN("x"), &f->out);
    assert_int_equal(f->greeting.state, GREETING_FAILED);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(asks_for_everything_when_it_has_nothing),
        TEST(says_user_password_and_address),
        TEST(goes_on_where_it_was),
        TEST(to_continue_without_a_name_keeps_the_name),
        TEST(an_old_primary_is_asked_the_old_way),
        TEST(what_it_is_told_ends_it),
        TEST(a_wrong_password_ends_it),
        TEST(an_endless_line_ends_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
