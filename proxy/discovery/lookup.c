/* One target of `peers`, looked up whole.
 *
 * A lookup counts the parts it waits for. It holds one count of its own while it is
 * asking, so that answers that come at once do not end it half-way. */

#include "proxy/discovery/lookup.h"

#include "cache/base/check.h"
#include "cache/base/memory.h"

#include <stdio.h>
#include <sys/socket.h>

struct lookup {
    struct dns *dns;
    dns_answer_fn answer;
    void *context;
    size_t waiting;
    bool failed;
    struct address *list;
    size_t count;
    uint32_t ttl_s;
};

static void part_done(struct lookup *lookup)
{
    assert(lookup->waiting > 0);
    if (--lookup->waiting > 0) {
        return;
    }
    enum answer_kind kind = lookup->failed       ? ANSWER_FAILED
                            : lookup->count == 0 ? ANSWER_NOBODY
                                                 : ANSWER_FOUND;
    lookup->answer(lookup->context, kind, lookup->list, lookup->count, lookup->ttl_s);
    memory_free(lookup->list);
    memory_free(lookup);
}

static void got_addresses(void *context, enum answer_kind kind, const struct address *list,
                          size_t count, uint32_t ttl_s)
{
    struct lookup *lookup = context;

    if (kind == ANSWER_FAILED) {
        lookup->failed = true;
    }
    if (kind == ANSWER_FOUND) {
        size_t total = lookup->count + count;
        lookup->list = memory_resize(lookup->list, total * sizeof(*list));
        memcpy(lookup->list + lookup->count, list, count * sizeof(*list));
        lookup->count = total;
    }
    if (ttl_s < lookup->ttl_s) {
        lookup->ttl_s = ttl_s;
    }
    part_done(lookup);
}

static void ask_both(struct lookup *lookup, const char *name, uint16_t port)
{
    lookup->waiting += 2;
    dns_ask_addresses(lookup->dns, name, AF_INET, port, got_addresses, lookup);
    dns_ask_addresses(lookup->dns, name, AF_INET6, port, got_addresses, lookup);
}

static void got_service(void *context, enum answer_kind kind, const struct address *list,
                        size_t count, uint32_t ttl_s)
{
    struct lookup *lookup = context;

    (void)ttl_s;
    if (kind == ANSWER_FAILED) {
        lookup->failed = true;
    }
    for (size_t i = 0; kind == ANSWER_FOUND && i < count; i++) {
        ask_both(lookup, list[i].host, list[i].port);
    }
    part_done(lookup);
}

static void answer_itself(const struct target *target, dns_answer_fn answer, void *context)
{
    struct address address = { .port = target->port };
    snprintf(address.host, sizeof(address.host), "%s", target->name);
    answer(context, ANSWER_FOUND, &address, 1, UINT32_MAX);
}

void lookup(struct dns *dns, const struct target *target, dns_answer_fn answer, void *context)
{
    if (target->kind == TARGET_FIXED) {
        answer_itself(target, answer, context);
        return;
    }
    struct lookup *asked = memory_zero(sizeof(*asked));
    asked->dns = dns;
    asked->answer = answer;
    asked->context = context;
    asked->ttl_s = UINT32_MAX;
    asked->waiting = 1;
    if (target->kind == TARGET_NAME) {
        ask_both(asked, target->name, target->port);
        part_done(asked);
    } else {
        dns_ask_service(dns, target->name, got_service, asked);
    }
}
