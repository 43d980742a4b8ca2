/* Sessions: the list of all, pushes, endings, what CLIENT shows and does. */

#include "proxy/server/session.h"

#include "tests/unit/proxy/server/fixture.h"

static void count(void *context, struct session *session)
{
    (void)session;
    (*(int *)context)++;
}

static void are_found_by_id(void **state)
{
    (void)state;
    enum { CLIENTS = 200 };
    static struct client clients[CLIENTS];
    struct fixture fixture;
    fixture_init(&fixture, NULL, 0);
    for (int i = 0; i < CLIENTS; i++) {
        client_init(&clients[i], &fixture);
    }

    for (int i = 0; i < CLIENTS; i++) {
        assert_ptr_equal(session_by_id(fixture.server, clients[i].session.id), &clients[i]);
    }
    for (int i = 0; i < CLIENTS; i += 2) {
        client_fini(&clients[i]);
    }
    for (int i = 0; i < CLIENTS; i++) {
        struct session *found = session_by_id(fixture.server, clients[i].session.id);
        assert_ptr_equal(found, i % 2 == 0 ? NULL : &clients[i]);
    }
    int left = 0;
    sessions_each(fixture.server, count, &left);
    assert_int_equal(left, CLIENTS / 2);
    assert_int_equal(server_stats(fixture.server)->peak_connections, CLIENTS);
    for (int i = 1; i < CLIENTS; i += 2) {
        client_fini(&clients[i]);
    }
    fixture_fini(&fixture);
}

static void end_by_the_sooner_of_two_wishes(void **state)
{
    (void)state;
    struct fixture fixture;
    struct client client;
    fixture_init(&fixture, NULL, 0);
    client_init(&client, &fixture);

    session_close(&client.session, SESSION_ENDS_AFTER_ANSWERS);
    assert_int_equal(client.ready, 1);
    session_close(&client.session, SESSION_ENDS_NOW);
    session_close(&client.session, SESSION_ENDS_AFTER_ANSWERS);
    assert_int_equal(client.session.end, SESSION_ENDS_NOW);
    assert_int_equal(client.ready, 2);
    assert_null(session_by_id(fixture.server, client.session.id));
    client_fini(&client);
    fixture_fini(&fixture);
}

static void push(struct session *session, const char *text)
{
    struct reply *reply = session_push_begin(session);
    reply_push(reply, 1);
    reply_bulk_text(reply, text);
    session_push_end(session);
}

static void pushes_leave_after_what_is_queued(void **state)
{
    (void)state;
    struct fixture fixture;
    struct client client;
    fixture_init(&fixture, NULL, 0);
    client_init(&client, &fixture);
    client_asks(&client, "HELLO 3\r\n");

    push(&client.session, "a");
    assert_string_equal(client_takes(&client), ">1\r\n$1\r\na\r\n");

    struct waiter *waiter = answers_wait(&client.session.answers, 3, false);
    push(&client.session, "b");
    assert_string_equal(client_takes(&client), "");
    reply_ok(waiter->reply);
    waiter->done(waiter);
    assert_string_equal(client_takes(&client), "+OK\r\n>1\r\n$1\r\nb\r\n");
    client_fini(&client);
    fixture_fini(&fixture);
}

/* Tells the client of its own change while its command runs. */
static void push_change(void *context, const struct change *change)
{
    (void)change;
    push(context, "changed");
}

static void pushes_made_by_ones_own_command_follow_its_answer(void **state)
{
    (void)state;
    struct fixture fixture;
    struct client client, other;
    fixture_init(&fixture, NULL, 0);
    client_init(&client, &fixture);
    client_init(&other, &fixture);
    client_asks(&client, "HELLO 3\r\n");
    cache_listen(fixture.cache, push_change, &client.session);

    assert_string_equal(client_asks(&client, "SET k v\r\nGET k\r\n"),
                        "+OK\r\n>1\r\n$7\r\nchanged\r\n$1\r\nv\r\n");
    assert_string_equal(client_asks(&client, "CLIENT REPLY OFF\r\nSET k w\r\n"),
                        ">1\r\n$7\r\nchanged\r\n");
    int ready = client.ready;
    assert_string_equal(client_asks(&other, "SET k x\r\n"), "+OK\r\n");
    assert_int_equal(client.ready, ready + 1);
    assert_string_equal(client_takes(&client), ">1\r\n$7\r\nchanged\r\n");
    client_fini(&client);
    client_fini(&other);
    fixture_fini(&fixture);
}

struct heard {
    int ran, forgotten;
};

static void on_ran(void *context, struct session *session, const struct command *command,
                   const struct span *argv, size_t argc)
{
    (void)session;
    (void)command;
    (void)argv;
    (void)argc;
    ((struct heard *)context)->ran++;
}

static void on_forget(void *context, struct session *session)
{
    (void)session;
    ((struct heard *)context)->forgotten++;
}

static void hooks_hear_of_sessions_that_track(void **state)
{
    (void)state;
    struct fixture fixture;
    struct client client;
    struct heard heard = { 0 };
    fixture_init(&fixture, NULL, 0);
    server_set_hooks(fixture.server, &(struct session_hooks){
                                         .context = &heard, .ran = on_ran, .forget = on_forget });
    client_init(&client, &fixture);

    client_asks(&client, "GET k\r\n");
    assert_int_equal(heard.ran, 0);
    client.session.tracking = &heard;
    client_asks(&client, "GET k\r\nfoo\r\nGET k\r\n");
    assert_int_equal(heard.ran, 2);
    /* RESET ends tracking; nobody asks about it afterwards. */
    client.session.tracking = &heard;
    client_asks(&client, "RESET\r\n");
    assert_int_equal(heard.forgotten, 1);
    assert_null(client.session.tracking);
    client_fini(&client);
    assert_int_equal(heard.forgotten, 1);
    fixture_fini(&fixture);
}

static void have_names_without_spaces(void **state)
{
    (void)state;
    struct fixture fixture;
    struct client client;
    fixture_init(&fixture, NULL, 0);
    client_init(&client, &fixture);

    assert_string_equal(client_asks(&client, "CLIENT GETNAME\r\n"), "$-1\r\n");
    assert_string_equal(client_asks(&client, "CLIENT SETNAME me\r\nCLIENT GETNAME\r\n"),
                        "+OK\r\n$2\r\nme\r\n");
    assert_string_equal(
        client_asks(&client, "CLIENT SETNAME \"a b\"\r\n"),
        "-ERR Client names cannot contain spaces, newlines or special characters.\r\n");
    assert_string_equal(client_asks(&client, "CLIENT SETNAME ''\r\nCLIENT GETNAME\r\n"),
                        "+OK\r\n$-1\r\n");
    assert_string_equal(client_asks(&client, "CLIENT SETINFO lib-name x\r\n"), "+OK\r\n");
    assert_string_equal(client_asks(&client, "CLIENT SETINFO lib-ver \"1 2\"\r\n"),
                        "-ERR lib-ver cannot contain spaces, newlines or special characters.\r\n");
    assert_non_null(strstr(client_asks(&client, "CLIENT LIST\r\n"), " lib-name=x lib-ver=\n"));
    client_fini(&client);
    fixture_fini(&fixture);
}

static void are_killed_by_id(void **state)
{
    (void)state;
    struct fixture fixture;
    struct client client, other;
    char line[64];
    fixture_init(&fixture, NULL, 0);
    client_init(&client, &fixture);
    client_init(&other, &fixture);

    snprintf(line, sizeof(line), "CLIENT KILL ID %d\r\n", (int)other.session.id);
    assert_string_equal(client_asks(&client, line), ":1\r\n");
    assert_int_equal(other.session.end, SESSION_ENDS_NOW);
    assert_string_equal(client_asks(&client, line), ":0\r\n");
    assert_string_equal(client_asks(&client, "CLIENT KILL ID 0\r\n"),
                        "-ERR client-id should be greater than 0\r\n");
    /* Not oneself, unless asked for; then only after the answer. */
    snprintf(line, sizeof(line), "CLIENT KILL ID %d\r\n", (int)client.session.id);
    assert_string_equal(client_asks(&client, line), ":0\r\n");
    snprintf(line, sizeof(line), "CLIENT KILL ID %d SKIPME no\r\n", (int)client.session.id);
    assert_string_equal(client_asks(&client, line), ":1\r\n");
    assert_int_equal(client.session.end, SESSION_ENDS_AFTER_ANSWERS);
    client_fini(&client);
    client_fini(&other);
    fixture_fini(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(are_found_by_id),
        cmocka_unit_test(end_by_the_sooner_of_two_wishes),
        cmocka_unit_test(pushes_leave_after_what_is_queued),
        cmocka_unit_test(pushes_made_by_ones_own_command_follow_its_answer),
        cmocka_unit_test(hooks_hear_of_sessions_that_track),
        cmocka_unit_test(have_names_without_spaces),
        cmocka_unit_test(are_killed_by_id),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
