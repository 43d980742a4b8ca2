/* CLIENT LIST and CLIENT INFO: a line about each connection. */

#include "proxy/server/commands/client.h"

#include "cache/base/number.h"
#include "cache/call.h"
#include "proxy/server/acl.h"
#include "proxy/server/connection.h"
#include "proxy/server/invalidate.h"
#include "proxy/server/pubsub.h"
#include "proxy/server/replicas.h"
#include "proxy/server/session.h"
#include "proxy/server/transaction.h"

#include <inttypes.h>
#include <stdio.h>

enum { LINE_MAX_BYTES = 2048 }; /* Texts that clients set are cut to fit. */

static const char *text_of(const char *field)
{
    return field == NULL ? "" : field;
}

enum { FLAGS_ROOM = 16 };

static void flags_of(const struct session *session, char flags[FLAGS_ROOM])
{
    const struct tracking *tracking = tracking_of(session);
    const struct {
        bool is;
        char letter;
    } all[] = {
        { session->monitor != NULL, 'O' },
        { replica_is_counted(session->replica), 'S' },
        { session->to_primary, 'M' },
        { pubsub_is_listening(session), 'P' },
        { transaction_is_open(session), 'x' },
        { session->wait != NULL || session->held != NULL, 'b' },
        { tracking != NULL, 't' },
        { tracking != NULL && tracking->redirect_broken, 'R' },
        { tracking != NULL && tracking->broadcast, 'B' },
        { transaction_is_touched(session), 'd' },
        { session->end == SESSION_ENDS_AFTER_ANSWERS, 'c' },
        { session->end == SESSION_ENDS_NOW, 'A' },
        { session->unix_socket, 'U' },
        { session->no_evict, 'e' },
        { session->no_touch, 'T' },
    };
    size_t len = 0;

    for (size_t i = 0; i < COUNT(all); i++) {
        if (all[i].is) {
            flags[len++] = all[i].letter;
        }
    }
    if (len == 0) {
        flags[len++] = 'N';
    }
    assert(len < FLAGS_ROOM);
    flags[len] = '\0';
}

/* -1: no transaction is open. */
static int64_t queued_of(const struct session *session)
{
    return transaction_is_open(session) ? (int64_t)transaction_count(session) : -1;
}

/* Buffers are as large as what is in them asks for, and an idle connection has none: qbuf-free, rbs
 * and rbp are 0 then. Arguments are never copied (argv-mem). */
void client_describe(struct buf *text, const struct session *session)
{
    char address[SESSION_ADDRESS_MAX], own[SESSION_ADDRESS_MAX], flags[FLAGS_ROOM];
    uint64_t now_ms = server_now_ms(session->server);
    const struct answers *answers = &session->answers;
    const struct tracking *tracking = tracking_of(session);
    char *room = buf_reserve(text, LINE_MAX_BYTES);

    if (room == NULL) {
        return;
    }
    session_address(session, false, address);
    session_address(session, true, own);
    flags_of(session, flags);
    int len = snprintf(
        room, LINE_MAX_BYTES,
        "id=%" PRIu64 " addr=%s laddr=%s fd=%d name=%.256s age=%" PRIu64 " idle=%" PRIu64
        " flags=%s db=%d sub=%zu psub=%zu ssub=%zu multi=%" PRId64
        " qbuf=%zu qbuf-free=%zu argv-mem=0 multi-mem=%zu rbs=%zu rbp=%zu obl=%zu oll=%zu omem=%zu"
        " tot-mem=%zu events=%s cmd=%s user=%.256s "
        "redir=%" PRId64 " resp=%d lib-name=%.256s lib-ver=%.256s",
        session->id, address, own, session->fd, text_of(session->name),
        (now_ms - session->created_at_ms) / 1000, (now_ms - session->active_at_ms) / 1000, flags,
        session->db, pubsub_count(session, TOPIC_CHANNEL), pubsub_count(session, TOPIC_PATTERN),
        pubsub_count(session, TOPIC_SHARD), queued_of(session), session->input_bytes,
        session->owner == NULL ? 0 : session->owner->input_room(session),
        transaction_bytes(session), answers->out.capacity, answers->out.len, answers->out.len,
        answers->waiting, answers->held_bytes + answers->out.len, weight_of(session),
        answers->out.len > 0 ? "rw" : "r",
        session->last_command == NULL ? "NULL" : session->last_command->name, acl_name_of(session),
        tracking == NULL ? -1 : (int64_t)tracking->redirect, session->protocol,
        text_of(session->library_name), text_of(session->library_version));
    assert(len > 0);
    buf_commit(text, len < LINE_MAX_BYTES ? (size_t)len : LINE_MAX_BYTES - 1);
}

static void add_line(struct buf *text, const struct session *session)
{
    client_describe(text, session);
    buf_add(text, SPAN("\n"));
}

static void reply_text(struct call *c, struct buf *text)
{
    reply_verbatim(c->reply, buf_span(text), "txt");
    buf_fini(text);
}

void client_info(struct call *c)
{
    struct buf text;

    buf_init(&text, SIZE_MAX / 2);
    add_line(&text, c->caller);
    reply_text(c, &text);
}

struct lines_wanted {
    struct buf *text;
    int class; /* Or CLIENT_ANY_CLASS. */
};

static void visit_line(void *context, struct session *session)
{
    const struct lines_wanted *wanted = context;

    if (wanted->class == CLIENT_ANY_CLASS || wanted->class == client_class(session)) {
        add_line(wanted->text, session);
    }
}

int client_class(const struct session *session)
{
    return session->to_primary ? CLIENT_CLASSES : session_class(session);
}

/* Clients are of the classes that there are output limits for; our primary is of one more. */
bool client_take_class(struct call *c, size_t at, int *class)
{
    static const struct {
        const char *name;
        int class;
    } types[] = {
        { "normal", CLIENT_CLASS_NORMAL },   { "pubsub", CLIENT_CLASS_PUBSUB },
        { "master", CLIENT_CLASSES },        { "slave", CLIENT_CLASS_REPLICA },
        { "replica", CLIENT_CLASS_REPLICA },
    };

    for (size_t i = 0; i < COUNT(types); i++) {
        if (arg_is(c, at, types[i].name)) {
            *class = types[i].class;
            return true;
        }
    }
    reply_errorf(c->reply, "ERR Unknown client type '%.*s'", span_shown(c->argv[at]),
                 c->argv[at].bytes);
    return false;
}

static bool add_lines_by_id(struct call *c, struct buf *text)
{
    struct session *own = c->caller;

    for (size_t at = 3; at < c->argc; at++) {
        int64_t id;
        if (!number_parse(c->argv[at], &id)) {
            reply_error(c->reply, SPAN("ERR Invalid client ID"));
            return false;
        }
        struct session *session = session_by_id(own->server, (uint64_t)id);
        if (session != NULL) {
            add_line(text, session);
        }
    }
    return true;
}

void client_list(struct call *c)
{
    struct session *session = c->caller;
    struct buf text;
    struct lines_wanted wanted = { .text = &text, .class = CLIENT_ANY_CLASS };
    bool by_id = c->argc > 3 && arg_is(c, 2, "id");
    bool ok = true;

    buf_init(&text, SIZE_MAX / 2);
    if (c->argc == 4 && arg_is(c, 2, "type")) {
        ok = client_take_class(c, 3, &wanted.class);
    } else if (by_id) {
        ok = add_lines_by_id(c, &text);
    } else if (c->argc != 2) {
        call_syntax_error(c);
        ok = false;
    }
    if (!ok) {
        buf_fini(&text);
        return;
    }
    if (!by_id) {
        sessions_each(session->server, visit_line, &wanted);
    }
    reply_text(c, &text);
}
