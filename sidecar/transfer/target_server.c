/* RESTORE with absolute times, a batch in one go. */

#include "sidecar/transfer/target_kinds.h"

#include "cache/base/memory.h"
#include "cache/base/number.h"
#include "proxy/peers/walk.h"

#include <stdio.h>
#include <string.h>

static bool fail(struct target *target, const char *what, struct span detail)
{
    snprintf(target->why, sizeof(target->why), "%s%.*s", what, span_shown(detail), detail.bytes);
    return false;
}

static bool open_server(struct target *target, const char *place)
{
    struct endpoint *endpoint = memory_zero(sizeof(*endpoint));

    target->state = endpoint;
    return endpoint_open(endpoint, place) || fail(target, endpoint->why, SPAN(""));
}

static void close_server(struct target *target)
{
    endpoint_close(target->state);
    memory_free(target->state);
}

static void ask_restore(struct target *target, const struct record *record)
{
    char text[NUMBER_TEXT_MAX];
    int64_t at_ms = record->expires_at_ms < 0 ? 0 : record->expires_at_ms;
    struct span argv[6] = {
        SPAN("RESTORE"), record->key, { text, number_format(text, at_ms) }, record->payload
    };
    size_t argc = 4;

    if (at_ms > 0) {
        argv[argc++] = SPAN("ABSTTL");
    }
    if (target->replace) {
        argv[argc++] = SPAN("REPLACE");
    }
    endpoint_ask(target->state, argv, argc);
}

static bool take_answer(struct target *target, const struct record *record)
{
    static const char busy[] = "BUSYKEY";
    struct endpoint *endpoint = target->state;
    struct span answer;
    struct element head;

    if (!endpoint_answer(endpoint, &answer) || !walk_head(&answer, &head)) {
        return fail(target, endpoint->why, SPAN(""));
    }
    if (head.kind != '-') {
        return true;
    }
    if (head.text.len >= strlen(busy) && memcmp(head.text.bytes, busy, strlen(busy)) == 0) {
        target->left++;
        return true;
    }
    snprintf(target->why, sizeof(target->why), "RESTORE of '%.*s': %.*s", span_shown(record->key),
             record->key.bytes, span_shown(head.text), head.text.bytes);
    return false;
}

static bool put_to_server(struct target *target, const struct batch *batch)
{
    struct endpoint *endpoint = target->state;

    for (size_t first = 0, end; first < batch->count; first = end) {
        int db = batch->records[first].db;
        if (!endpoint_select(endpoint, db)) {
            return fail(target, endpoint->why, SPAN(""));
        }
        for (end = first; end < batch->count && batch->records[end].db == db; end++) {
            ask_restore(target, &batch->records[end]);
        }
        for (size_t i = first; i < end; i++) {
            if (!take_answer(target, &batch->records[i])) {
                return false;
            }
        }
    }
    return true;
}

static bool function_to_server(struct target *target, struct span code)
{
    struct endpoint *endpoint = target->state;
    struct span argv[] = { SPAN("FUNCTION"), SPAN("LOAD"), SPAN("REPLACE"), code };
    struct span answer;

    if (!target->replace) {
        argv[2] = code;
    }
    return endpoint_call(endpoint, argv, target->replace ? 4 : 3, &answer) ||
           fail(target, endpoint->why, SPAN(""));
}

static bool finish_server(struct target *target)
{
    (void)target;
    return true;
}

const struct target_kind target_of_server = { .open = open_server,
                                              .close = close_server,
                                              .put = put_to_server,
                                              .function = function_to_server,
                                              .finish = finish_server };
