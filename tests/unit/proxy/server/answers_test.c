/* Answers leave in the client's order, whenever they come. */

#include "proxy/server/answers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct client {
    struct answers answers; /* First. */
    struct answer_pool pool;
    int ready, arrived;
};

static void on_ready(struct answers *answers)
{
    ((struct client *)answers)->ready++;
}

static void on_arrived(struct answers *answers, const struct reply *reply)
{
    (void)reply;
    ((struct client *)answers)->arrived++;
}

static void begin(struct client *client, size_t max)
{
    *client = (struct client){ 0 };
    answers_init(&client->answers, &client->pool, max);
    client->answers.ready = on_ready;
    client->answers.arrived = on_arrived;
}

static void end(struct client *client)
{
    answers_fini(&client->answers);
    answer_pool_fini(&client->pool);
}

/* "+text\r\n", no more room asked for than that. */
static void write_status(struct reply *reply, const char *text)
{
    reply_raw(reply, SPAN("+"));
    reply_raw(reply, span_from(text));
    reply_raw(reply, SPAN("\r\n"));
}

static void answer_here(struct client *client, const char *text)
{
    struct reply *reply = answers_reply(&client->answers, 2, false);
    write_status(reply, text);
    answers_commit(&client->answers, reply);
}

static void answer_late(struct waiter *waiter, const char *text)
{
    if (waiter->reply != NULL) {
        write_status(waiter->reply, text);
    }
    waiter->done(waiter);
}

static void assert_out(const struct client *client, const char *text)
{
    struct span out = buf_span(&client->answers.out);
    assert_int_equal(out.len, strlen(text));
    assert_memory_equal(out.bytes, text, out.len);
}

static void lets_local_answers_out_at_once(void **state)
{
    (void)state;
    struct client client;
    begin(&client, 1000);

    answer_here(&client, "a");
    answer_here(&client, "b");

    assert_out(&client, "+a\r\n+b\r\n");
    assert_int_equal(client.ready, 0);
    end(&client);
}

static void holds_local_answers_behind_one_that_waits(void **state)
{
    (void)state;
    struct client client;
    begin(&client, 1000);

    answer_here(&client, "1");
    struct waiter *second = answers_wait(&client.answers, 2, false);
    answer_here(&client, "3");
    answer_here(&client, "4");
    assert_out(&client, "+1\r\n");
    assert_int_equal(client.answers.held_bytes, 8);
    assert_int_equal(client.answers.waiting, 1);

    answer_late(second, "2");
    assert_out(&client, "+1\r\n+2\r\n+3\r\n+4\r\n");
    assert_int_equal(client.ready, 1);
    assert_int_equal(client.arrived, 1);
    assert_int_equal(client.answers.held_bytes, 0);
    assert_int_equal(client.answers.waiting, 0);
    assert_null(client.answers.first);

    answer_here(&client, "5");
    assert_out(&client, "+1\r\n+2\r\n+3\r\n+4\r\n+5\r\n");
    end(&client);
}

static void keeps_the_order_whatever_comes_first(void **state)
{
    (void)state;
    static const int orders[6][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 },
                                      { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 } };
    static const char *const texts[] = { "a", "b", "c" };

    for (size_t i = 0; i < COUNT(orders); i++) {
        struct client client;
        struct waiter *waiters[3];
        begin(&client, 1000);
        for (int j = 0; j < 3; j++) {
            waiters[j] = answers_wait(&client.answers, 2, false);
        }
        answer_here(&client, "d");
        for (int j = 0; j < 3; j++) {
            answer_late(waiters[orders[i][j]], texts[orders[i][j]]);
        }
        assert_out(&client, "+a\r\n+b\r\n+c\r\n+d\r\n");
        end(&client);
    }
}

static void tells_its_owner_only_when_something_may_leave(void **state)
{
    (void)state;
    struct client client;
    begin(&client, 1000);
    struct waiter *first = answers_wait(&client.answers, 2, false);
    struct waiter *second = answers_wait(&client.answers, 2, false);

    answer_late(second, "b");
    assert_int_equal(client.ready, 0);
    assert_out(&client, "");
    answer_late(first, "a");
    assert_int_equal(client.ready, 1);
    assert_out(&client, "+a\r\n+b\r\n");
    end(&client);
}

static void takes_an_answer_that_was_there_at_once(void **state)
{
    (void)state;
    struct client client;
    begin(&client, 1000);

    struct waiter *waiter = answers_wait(&client.answers, 2, false);
    reply_status(waiter->reply, SPAN("near"));
    answers_at_once(waiter);
    answer_here(&client, "next");

    assert_out(&client, "+near\r\n+next\r\n");
    assert_int_equal(client.ready, 0);
    end(&client);
}

static void an_answer_without_bytes_is_one_too(void **state)
{
    (void)state;
    struct client client;
    begin(&client, 1000);
    struct waiter *waiter = answers_wait(&client.answers, 2, true);
    answer_here(&client, "b");

    answer_late(waiter, "silenced");

    assert_out(&client, "+b\r\n");
    assert_false(client.answers.full);
    end(&client);
}

static void speaks_the_protocol_of_each_request(void **state)
{
    (void)state;
    struct client client;
    begin(&client, 1000);
    struct waiter *old = answers_wait(&client.answers, 2, false);
    struct reply *reply = answers_reply(&client.answers, 2, false);
    reply_null(reply);
    answers_commit(&client.answers, reply);
    reply = answers_reply(&client.answers, 3, false);
    reply_null(reply);
    answers_commit(&client.answers, reply);

    reply_null(old->reply);
    old->done(old);

    assert_out(&client, "$-1\r\n$-1\r\n_\r\n");
    end(&client);
}

static void outlives_its_client(void **state)
{
    (void)state;
    struct client client;
    begin(&client, 1000);
    struct waiter *first = answers_wait(&client.answers, 2, false);
    answer_here(&client, "b");
    struct waiter *third = answers_wait(&client.answers, 2, false);
    answer_late(third, "c");

    answers_fini(&client.answers);
    assert_null(first->reply);
    answer_late(first, "a");

    assert_int_equal(client.ready, 0);
    answer_pool_fini(&client.pool);
}

static void is_full_one_byte_over_its_maximum(void **state)
{
    (void)state;
    for (size_t max = 11; max <= 12; max++) {
        struct client client;
        begin(&client, max);
        struct waiter *waiter = answers_wait(&client.answers, 2, false);
        answer_here(&client, "2");
        answer_here(&client, "3");
        assert_false(client.answers.full);
        answer_late(waiter, "1");
        assert_int_equal(client.answers.full, max == 11);
        end(&client);
    }
}

static void is_full_when_a_local_answer_does_not_fit(void **state)
{
    (void)state;
    struct client client;
    begin(&client, 8);

    answer_here(&client, "1");
    answer_here(&client, "2");
    assert_false(client.answers.full);
    answer_here(&client, "3");
    assert_true(client.answers.full);
    end(&client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lets_local_answers_out_at_once),
        cmocka_unit_test(holds_local_answers_behind_one_that_waits),
        cmocka_unit_test(keeps_the_order_whatever_comes_first),
        cmocka_unit_test(tells_its_owner_only_when_something_may_leave),
        cmocka_unit_test(takes_an_answer_that_was_there_at_once),
        cmocka_unit_test(an_answer_without_bytes_is_one_too),
        cmocka_unit_test(speaks_the_protocol_of_each_request),
        cmocka_unit_test(outlives_its_client),
        cmocka_unit_test(is_full_one_byte_over_its_maximum),
        cmocka_unit_test(is_full_when_a_local_answer_does_not_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
