/* The slow log.
 *
 * A list from the newest to the oldest. What is kept of a request is bounded, as in Redis: 32
 * arguments of 128 bytes, and how much more there was. So the whole is bounded by
 * slowlog-max-len. */

#include "proxy/server/slowlog.h"

#include "cache/base/check.h"
#include "cache/base/memory.h"
#include "proxy/server/secrets.h"
#include "proxy/server/session.h"

#include <stdio.h>

enum { MORE_MAX = 64 }; /* "... (18446744073709551615 more arguments)" */

static char *copy_of(struct span bytes)
{
    char *copy = memory_alloc(bytes.len + 1);

    memcpy(copy, bytes.bytes, bytes.len);
    copy[bytes.len] = '\0';
    return copy;
}

static void request_free(struct slow_request *slow)
{
    for (size_t i = 0; i < slow->argc; i++) {
        memory_free(slow->args[i]);
    }
    memory_free(slow->client_name);
    memory_free(slow->address);
    memory_free(slow);
}

static void forget_oldest(struct slowlog *log)
{
    struct slow_request *oldest = log->oldest;

    assert(oldest != NULL);
    log->oldest = oldest->newer;
    if (log->oldest == NULL) {
        log->newest = NULL;
    } else {
        log->oldest->older = NULL;
    }
    log->count--;
    request_free(oldest);
}

void slowlog_reset(struct slowlog *log)
{
    while (log->oldest != NULL) {
        forget_oldest(log);
    }
}

void slowlog_fini(struct slowlog *log)
{
    slowlog_reset(log);
    *log = (struct slowlog){ 0 };
}

static void keep(struct slow_request *slow, struct span text)
{
    slow->lens[slow->argc] = text.len;
    slow->args[slow->argc++] = copy_of(text);
}

static void keep_argument(struct slow_request *slow, struct span arg)
{
    char text[SLOWLOG_ARG_LEN_MAX + MORE_MAX];

    if (arg.len <= SLOWLOG_ARG_LEN_MAX) {
        keep(slow, arg);
        return;
    }
    memcpy(text, arg.bytes, SLOWLOG_ARG_LEN_MAX);
    int more = snprintf(text + SLOWLOG_ARG_LEN_MAX, MORE_MAX, "... (%zu more bytes)",
                        arg.len - SLOWLOG_ARG_LEN_MAX);
    assert(more > 0);
    keep(slow, (struct span){ text, SLOWLOG_ARG_LEN_MAX + (size_t)more });
}

static void keep_arguments(struct slow_request *slow, const struct request *request)
{
    bool too_many = request->argc > SLOWLOG_ARGS_MAX;
    size_t whole = too_many ? SLOWLOG_ARGS_MAX - 1 : request->argc;
    char text[MORE_MAX];

    for (size_t at = 0; at < whole; at++) {
        keep_argument(slow, secrets_shown(request, at));
    }
    if (too_many) {
        snprintf(text, sizeof(text), "... (%zu more arguments)", request->argc - whole);
        keep(slow, span_from(text));
    }
}

void slowlog_add(struct slowlog *log, const struct session *session, const struct request *request,
                 uint64_t took_us, size_t max)
{
    struct slow_request *slow = memory_zero(sizeof(*slow));
    char address[SESSION_ADDRESS_MAX];

    session_address(session, false, address);
    slow->id = log->next_id++;
    slow->at_s = server_now_ms(session->server) / 1000;
    slow->took_us = took_us;
    slow->client_name = copy_of(span_from(session->name == NULL ? "" : session->name));
    slow->address = copy_of(span_from(address));
    keep_arguments(slow, request);

    slow->older = log->newest;
    if (log->newest == NULL) {
        log->oldest = slow;
    } else {
        log->newest->newer = slow;
    }
    log->newest = slow;
    log->count++;
    while (log->count > max) {
        forget_oldest(log);
    }
}
