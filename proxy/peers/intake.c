/* Takes the values of an answer while they are parsed. */

#include "proxy/peers/intake.h"

#include "cache/base/check.h"
#include "cache/base/number.h"

void intake_init(struct intake *intake, void (*invalidate)(void *context, struct span key),
                 void *context)
{
    *intake = (struct intake){ .invalidate = invalidate, .context = context };
}

void intake_begin_call(struct intake *intake, struct link_call *call)
{
    const struct reply *reply = call == NULL ? NULL : *call->into;

    intake->subject = INTAKE_CALL;
    intake->call = call;
    intake->answering = true;
    intake->moved = false;
    intake->held = 0;
    intake->flat = false;
    intake->began = reply == NULL ? 0 : reply->out->len;
    intake->failed_before = reply != NULL && reply->failed;
}

void intake_begin_reply(struct intake *intake, struct reply *reply)
{
    intake->subject = INTAKE_REPLY;
    intake->reply = reply;
}

void intake_begin_push(struct intake *intake)
{
    intake->subject = INTAKE_PUSH;
    intake->invalidation = false;
}

void intake_cut(struct intake *intake)
{
    struct reply *reply = intake->call == NULL ? NULL : *intake->call->into;

    if (intake->answering && reply != NULL) {
        assert(reply->out->len >= intake->began);
        buf_cut(reply->out, intake->began);
        reply->failed = intake->failed_before;
    }
    intake->answering = false;
    intake->call = NULL;
}

void intake_end(struct intake *intake)
{
    intake->subject = INTAKE_NOTHING;
    intake->answering = false;
    intake->moved = false;
    intake->call = NULL;
}

struct span intake_moved_to(const struct intake *intake)
{
    return (struct span){ .bytes = intake->moved_to, .len = intake->moved_len };
}

/* A push is `invalidate` and an array of keys, or `invalidate` and a null: all keys. */
static void take_push(struct intake *intake, const struct value *value)
{
    if (value->depth == 1 && value->index == 0) {
        intake->invalidation = span_equal(value->text, SPAN("invalidate"));
    } else if (!intake->invalidation) {
        return;
    } else if (value->depth == 1 && value->kind == '_') {
        intake->invalidate(intake->context, (struct span){ 0 });
    } else if (value->depth == 2 && value->kind == '$') {
        intake->invalidate(intake->context, value->text);
    }
}

static bool take_prefix(struct span *text, struct span prefix)
{
    if (text->len < prefix.len || memcmp(text->bytes, prefix.bytes, prefix.len) != 0) {
        return false;
    }
    *text = span_skip(*text, prefix.len);
    return true;
}

/* The answers of a member that has not executed the request: "MOVED slot host:port", or
 * CLUSTERDOWN where it does not know the members yet and so names nobody. */
static bool take_moved(struct intake *intake, const struct value *value)
{
    struct span rest = value->text;

    if (intake->subject != INTAKE_CALL || value->depth > 0 || value->kind != '-') {
        return false;
    }
    if (take_prefix(&rest, SPAN("MOVED "))) {
        const char *space = memchr(rest.bytes, ' ', rest.len);
        rest = span_skip(rest, space == NULL ? rest.len : (size_t)(space - rest.bytes) + 1);
    } else if (take_prefix(&rest, SPAN("CLUSTERDOWN "))) {
        rest.len = 0;
    } else {
        return false;
    }
    intake->moved_len = rest.len <= INTAKE_MOVED_MAX ? rest.len : 0;
    memcpy(intake->moved_to, rest.bytes, intake->moved_len);
    intake->moved = true;
    return true;
}

static void put_double(struct reply *reply, struct span digits)
{
    if (reply->protocol != 3) {
        reply_bulk(reply, digits);
        return;
    }
    reply_raw(reply, SPAN(","));
    reply_raw(reply, digits);
    reply_raw(reply, SPAN("\r\n"));
}

static void put_integer(struct reply *reply, struct span digits)
{
    reply_raw(reply, SPAN(":"));
    reply_raw(reply, digits);
    reply_raw(reply, SPAN("\r\n"));
}

static void put(struct reply *reply, const struct value *value)
{
    switch (value->kind) {
    case '$':
        reply_bulk(reply, value->text);
        break;
    case '+':
        reply_status(reply, value->text);
        break;
    case '-':
        reply_error(reply, value->text);
        break;
    case ':':
        put_integer(reply, value->text);
        break;
    case '_':
        if (value->of_array) {
            reply_null_array(reply);
        } else {
            reply_null(reply);
        }
        break;
    case ',':
        put_double(reply, value->text);
        break;
    case '#':
        reply_boolean(reply, value->text.bytes[0] == 't');
        break;
    case '(':
        reply_big_number(reply, value->text);
        break;
    case '=':
        reply_verbatim(reply, span_skip(value->text, 4), value->text.bytes);
        break;
    case '%':
        reply_map(reply, value->count / 2);
        break;
    case '~':
        reply_set(reply, value->count);
        break;
    default:
        reply_array(reply, value->count);
        break;
    }
}

/* Pairs become one flat array. Whether the elements are pairs at all (WITHSCORES) the first of
 * them shows, so the array's head waits for it. */
static void put_pairs(struct intake *intake, struct reply *reply, const struct value *value)
{
    if (value->depth == 0 && value->kind == '*' && value->count > 0) {
        intake->held = value->count;
        return;
    }
    if (intake->held > 0) {
        intake->flat = value->kind == '*';
        reply_array(reply, intake->flat ? 2 * intake->held : intake->held);
        intake->held = 0;
    }
    if (!intake->flat || value->depth != 1) {
        put(reply, value);
    }
}

/* A map becomes an array of pairs. */
static void put_entries(struct reply *reply, const struct value *value)
{
    if (value->depth == 0 && value->kind == '%') {
        reply_array(reply, value->count / 2);
        return;
    }
    if (value->depth == 1 && value->index % 2 == 0) {
        reply_array(reply, 2);
    }
    put(reply, value);
}

static void put_shaped(struct intake *intake, struct reply *reply, const struct value *value)
{
    enum shape shape = intake->subject == INTAKE_CALL ? intake->call->shape : SHAPE_SAME;

    if (reply->protocol == 3 || shape == SHAPE_SAME) {
        put(reply, value);
    } else if (shape == SHAPE_PAIRS) {
        put_pairs(intake, reply, value);
    } else {
        put_entries(reply, value);
    }
}

void intake_value(struct intake *intake, const struct value *value)
{
    struct reply *reply = NULL;

    if (intake->subject == INTAKE_PUSH) {
        take_push(intake, value);
        return;
    }
    if (intake->moved || take_moved(intake, value)) {
        return;
    }
    if (intake->subject == INTAKE_REPLY) {
        reply = intake->reply;
    } else if (intake->subject == INTAKE_CALL && intake->call != NULL) {
        reply = *intake->call->into;
    }
    if (reply != NULL) {
        put_shaped(intake, reply, value);
    }
}
