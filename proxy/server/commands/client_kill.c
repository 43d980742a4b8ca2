/* CLIENT KILL: closes the connections that pass all filters. */

#include "proxy/server/commands/client.h"

#include "cache/call.h"
#include "proxy/server/session.h"
#include "proxy/server/state.h"

struct filter {
    const struct session *own;
    uint64_t id; /* 0: any. */
    const struct span *address, *own_address;
    const struct acl_user *user; /* NULL: any. */
    int class;                   /* Or CLIENT_ANY_CLASS. */
    bool skip_me;
    int64_t killed;
    bool own_killed;
};

static bool has_address(const struct session *session, bool own, const struct span *wanted)
{
    char address[SESSION_ADDRESS_MAX];

    if (wanted == NULL) {
        return true;
    }
    session_address(session, own, address);
    return span_equal(*wanted, span_from(address));
}

static void visit_kill(void *context, struct session *session)
{
    struct filter *filter = context;
    bool own = session == filter->own;

    bool of_class = filter->class == CLIENT_ANY_CLASS || filter->class == client_class(session);
    bool of_user = filter->user == NULL || filter->user == session->user;
    if (!of_class || !of_user || (filter->id != 0 && filter->id != session->id) ||
        (own && filter->skip_me) || !has_address(session, false, filter->address) ||
        !has_address(session, true, filter->own_address)) {
        return;
    }
    filter->killed++;
    filter->own_killed |= own;
    /* Whoever kills itself hears of it first. */
    session_close(session, own ? SESSION_ENDS_AFTER_ANSWERS : SESSION_ENDS_NOW);
}

/* One option and its value; replies if it returns false. */
static bool take_filter(struct call *c, size_t at, struct filter *filter)
{
    if (arg_is(c, at, "id")) {
        int64_t id;
        if (!arg_integer_in(c, at + 1, 1, INT64_MAX, &id,
                            "ERR client-id should be greater than 0")) {
            return false;
        }
        filter->id = (uint64_t)id;
    } else if (arg_is(c, at, "type")) {
        if (!client_take_class(c, at + 1, &filter->class)) {
            return false;
        }
    } else if (arg_is(c, at, "addr")) {
        filter->address = &c->argv[at + 1];
    } else if (arg_is(c, at, "laddr")) {
        filter->own_address = &c->argv[at + 1];
    } else if (arg_is(c, at, "user")) {
        filter->user = acl_users_find(&filter->own->server->users, c->argv[at + 1]);
        if (filter->user == NULL) {
            reply_errorf(c->reply, "ERR No such user '%.*s'", span_shown(c->argv[at + 1]),
                         c->argv[at + 1].bytes);
            return false;
        }
    } else if (arg_is(c, at, "skipme") && (arg_is(c, at + 1, "yes") || arg_is(c, at + 1, "no"))) {
        filter->skip_me = arg_is(c, at + 1, "yes");
    } else {
        call_syntax_error(c);
        return false;
    }
    return true;
}

void client_kill(struct call *c)
{
    struct session *session = c->caller;
    struct filter filter = { .own = session, .class = CLIENT_ANY_CLASS, .skip_me = c->argc > 3 };

    if (c->argc == 3) {
        filter.address = &c->argv[2];
    }
    for (size_t at = 2; c->argc > 3 && at < c->argc; at += 2) {
        if (at + 1 == c->argc) {
            call_syntax_error(c);
            return;
        }
        if (!take_filter(c, at, &filter)) {
            return;
        }
    }
    sessions_each(session->server, visit_kill, &filter);
    if (c->argc > 3) {
        reply_integer(c->reply, filter.killed);
    } else if (filter.killed > 0) {
        reply_ok(c->reply);
    } else {
        reply_error(c->reply, SPAN("ERR No such client"));
    }
}
