/* The order of requests on a link, and how they end. */

#include "proxy/peers/link_queue.h"

#include "cache/base/check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

struct probe {
    struct link_call call;
    struct buf buf;
    struct reply reply;
    struct reply *into;
    enum link_end end;
    char request[64];
    int times;
};

static void on_done(struct link_call *call, const struct link_result *result)
{
    struct probe *probe = (struct probe *)call;

    probe->times++;
    probe->end = result->end;
    snprintf(probe->request, sizeof(probe->request), "%.*s", (int)result->request.len,
             result->request.bytes);
}

static void ignore_key(void *context, struct span key)
{
    (void)context;
    (void)key;
}

static void add(struct link_queue *queue, struct probe *probe, const char *word,
                uint64_t deadline_ms)
{
    struct span argv = span_from(word);
    struct flight *flight = link_queue_add(queue, &argv, 1);

    assert_non_null(flight);
    *probe = (struct probe){ 0 };
    buf_init(&probe->buf, 4096);
    probe->reply = reply_into(&probe->buf, 2);
    probe->into = &probe->reply;
    probe->call = (struct link_call){ .into = &probe->into, .done = on_done };
    flight->call = &probe->call;
    flight->deadline_ms = deadline_ms;
}

static void assert_sends(struct link_queue *queue, const char *bytes)
{
    struct span request;

    assert_non_null(link_queue_send(queue, 7, &request));
    assert_true(span_equal(request, span_from(bytes)));
}

static void answers_come_in_the_order_of_requests(void **state)
{
    (void)state;
    struct link_queue queue;
    struct probe probes[100];
    struct span request;
    char word[16];

    link_queue_init(&queue);
    for (size_t round = 0; round < 5; round++) {
        for (size_t i = 0; i < COUNT(probes); i++) {
            snprintf(word, sizeof(word), "w%zu", i);
            add(&queue, &probes[i], word, 100);
            assert_non_null(link_queue_send(&queue, 7, &request));
        }
        assert_null(link_queue_send(&queue, 7, &request));
        for (size_t i = 0; i < COUNT(probes); i++) {
            const struct flight *flight = link_queue_front(&queue, &request);
            snprintf(word, sizeof(word), "w%zu\r\n", i);
            assert_ptr_equal(flight->call, &probes[i].call);
            assert_non_null(memmem(request.bytes, request.len, word, strlen(word)));
            link_queue_pop(&queue);
        }
        assert_null(link_queue_front(&queue, &request));
    }
    link_queue_fini(&queue);
}

static void a_cut_ends_what_was_sent_and_keeps_the_rest(void **state)
{
    (void)state;
    struct link_queue queue;
    struct intake intake;
    struct probe sent, waits;

    link_queue_init(&queue);
    intake_init(&intake, ignore_key, NULL);
    add(&queue, &sent, "a", 100);
    assert_sends(&queue, "*1\r\n$1\r\na\r\n");
    add(&queue, &waits, "b", 100);
    link_queue_cut(&queue, &intake);
    assert_int_equal(sent.times, 1);
    assert_int_equal(sent.end, LINK_CUT);
    assert_string_equal(sent.request, "*1\r\n$1\r\na\r\n");
    assert_int_equal(waits.times, 0);
    assert_sends(&queue, "*1\r\n$1\r\nb\r\n");
    link_queue_fini(&queue);
}

static void a_cut_takes_back_half_an_answer(void **state)
{
    (void)state;
    struct link_queue queue;
    struct intake intake;
    struct probe probe;

    link_queue_init(&queue);
    intake_init(&intake, ignore_key, NULL);
    add(&queue, &probe, "a", 100);
    reply_bulk_text(&probe.reply, "before");
    struct span before = buf_span(&probe.buf);
    assert_sends(&queue, "*1\r\n$1\r\na\r\n");
    intake_begin_call(&intake, &probe.call);
    intake_value(&intake, &(struct value){ .kind = '*', .count = 2 });
    intake_value(&intake, &(struct value){ .kind = '-', .depth = 1, .text = SPAN("ERR x") });
    assert_true(probe.reply.failed);
    link_queue_cut(&queue, &intake);
    assert_int_equal(probe.buf.len, before.len);
    assert_false(probe.reply.failed);
    buf_fini(&probe.buf);
    link_queue_fini(&queue);
}

static void a_deadline_ends_a_request_that_was_sent_but_not_its_place(void **state)
{
    (void)state;
    struct link_queue queue;
    struct intake intake;
    struct probe first, second;
    struct span request;

    link_queue_init(&queue);
    intake_init(&intake, ignore_key, NULL);
    add(&queue, &first, "a", 10);
    add(&queue, &second, "b", 20);
    assert_sends(&queue, "*1\r\n$1\r\na\r\n");
    assert_sends(&queue, "*1\r\n$1\r\nb\r\n");
    assert_int_equal(link_queue_deadline(&queue), 10);
    link_queue_expire(&queue, 9, &intake);
    assert_int_equal(first.times, 0);
    link_queue_expire(&queue, 10, &intake);
    assert_int_equal(first.times, 1);
    assert_int_equal(first.end, LINK_CUT);
    assert_int_equal(link_queue_deadline(&queue), 20);
    assert_null(link_queue_front(&queue, &request)->call); /* Its answer is still to come. */
    link_queue_pop(&queue);
    assert_ptr_equal(link_queue_front(&queue, &request)->call, &second.call);
    link_queue_fini(&queue);
}

static void what_was_given_up_is_not_sent(void **state)
{
    (void)state;
    struct link_queue queue;
    struct intake intake;
    struct probe probes[5];
    struct span request;

    link_queue_init(&queue);
    intake_init(&intake, ignore_key, NULL);
    for (size_t i = 0; i < COUNT(probes); i++) {
        add(&queue, &probes[i], i % 2 == 0 ? "drop" : "keep", i % 2 == 0 ? 10 : 20);
    }
    link_queue_expire(&queue, 10, &intake);
    for (size_t i = 0; i < COUNT(probes); i += 2) {
        assert_int_equal(probes[i].end, LINK_UNSENT);
        assert_int_equal(probes[i].times, 1);
    }
    assert_sends(&queue, "*1\r\n$4\r\nkeep\r\n");
    assert_sends(&queue, "*1\r\n$4\r\nkeep\r\n");
    assert_null(link_queue_send(&queue, 7, &request));
    for (size_t i = 1; i < COUNT(probes); i += 2) {
        assert_ptr_equal(link_queue_front(&queue, &request)->call, &probes[i].call);
        link_queue_pop(&queue);
    }
    assert_null(link_queue_front(&queue, &request));
    link_queue_fini(&queue);
}

static void ends_all_that_was_not_sent(void **state)
{
    (void)state;
    struct link_queue queue;
    struct intake intake;
    struct probe sent, waits;

    link_queue_init(&queue);
    intake_init(&intake, ignore_key, NULL);
    add(&queue, &sent, "a", 100);
    assert_sends(&queue, "*1\r\n$1\r\na\r\n");
    add(&queue, &waits, "b", 100);
    link_queue_expire(&queue, UINT64_MAX, &intake);
    assert_int_equal(sent.times, 0);
    assert_int_equal(waits.end, LINK_UNSENT);
    link_queue_fini(&queue);
}

static void refuses_one_past_its_maximum(void **state)
{
    (void)state;
    struct link_queue queue;
    struct span word = SPAN("x");

    link_queue_init(&queue);
    for (int i = 0; i < LINK_QUEUE_MAX; i++) {
        assert_non_null(link_queue_add(&queue, &word, 1));
    }
    assert_null(link_queue_add(&queue, &word, 1));
    link_queue_fini(&queue);
}

static void a_patient_request_has_no_deadline_once_it_is_sent(void **state)
{
    (void)state;
    struct link_queue queue;
    struct intake intake;
    struct probe sent, unsent;

    link_queue_init(&queue);
    intake_init(&intake, ignore_key, NULL);
    add(&queue, &sent, "A", 100);
    sent.call.patient = true;
    assert_sends(&queue, "*1\r\n$1\r\nA\r\n");
    add(&queue, &unsent, "B", 100);
    unsent.call.patient = true;
    link_queue_expire(&queue, 1000, &intake);
    assert_int_equal(sent.times, 0);
    assert_int_equal(unsent.times, 1);
    assert_int_equal(unsent.end, LINK_UNSENT);
    assert_true(link_queue_deadline(&queue) == UINT64_MAX);
    link_queue_cut(&queue, &intake);
    assert_int_equal(sent.end, LINK_CUT);
    link_queue_fini(&queue);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_come_in_the_order_of_requests),
        cmocka_unit_test(a_cut_ends_what_was_sent_and_keeps_the_rest),
        cmocka_unit_test(a_cut_takes_back_half_an_answer),
        cmocka_unit_test(a_deadline_ends_a_request_that_was_sent_but_not_its_place),
        cmocka_unit_test(what_was_given_up_is_not_sent),
        cmocka_unit_test(ends_all_that_was_not_sent),
        cmocka_unit_test(refuses_one_past_its_maximum),
        cmocka_unit_test(a_patient_request_has_no_deadline_once_it_is_sent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
