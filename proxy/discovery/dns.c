/* c-ares on libev.
 *
 * c-ares says which sockets it wants watched (state_changed); each gets one libev
 * watcher. Its time-outs are one timer, set anew after everything that may change
 * them. Every question is a small heap block that lives until its answer. */

#include "proxy/discovery/dns.h"

#include "cache/base/memory.h"

/* c-ares 1.28 marks the calls that 1.18 needs as deprecated. */
#define CARES_NO_DEPRECATED
#include <ares.h>
#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <ev.h>
#include <netdb.h>
#include <stdio.h>

enum { TIMEOUT_MS = 700, TRIES = 2, EDNS_BYTES = 1232, LIST_MAX = 4096 };

struct dns_socket {
    ev_io watcher;
    struct dns *dns;
    struct dns_socket *next;
};

struct dns {
    struct ev_loop *loop;
    ares_channel channel;
    ev_timer timer;
    struct dns_socket *sockets;
};

struct question {
    dns_answer_fn answer;
    void *context;
    uint16_t port;
};

static void arm(struct dns *dns)
{
    struct timeval left;

    ev_timer_stop(dns->loop, &dns->timer);
    if (ares_timeout(dns->channel, NULL, &left) != NULL) {
        double seconds = (double)left.tv_sec + (double)left.tv_usec / 1e6;
        ev_timer_set(&dns->timer, seconds > 0.001 ? seconds : 0.001, 0.);
        ev_timer_start(dns->loop, &dns->timer);
    }
}

static void on_socket(struct ev_loop *loop, ev_io *watcher, int events)
{
    struct dns *dns = ((struct dns_socket *)watcher->data)->dns;
    int fd = watcher->fd;

    (void)loop;
    ares_process_fd(dns->channel, events & EV_READ ? fd : ARES_SOCKET_BAD,
                    events & EV_WRITE ? fd : ARES_SOCKET_BAD);
    arm(dns);
}

static void on_timer(struct ev_loop *loop, ev_timer *watcher, int events)
{
    struct dns *dns = watcher->data;

    (void)loop;
    (void)events;
    ares_process_fd(dns->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    arm(dns);
}

static struct dns_socket **find_socket(struct dns *dns, int fd)
{
    struct dns_socket **at = &dns->sockets;
    while (*at != NULL && (*at)->watcher.fd != fd) {
        at = &(*at)->next;
    }
    return at;
}

static void state_changed(void *context, ares_socket_t fd, int readable, int writable)
{
    struct dns *dns = context;
    struct dns_socket **at = find_socket(dns, fd);
    struct dns_socket *socket = *at;
    int events = (readable ? EV_READ : 0) | (writable ? EV_WRITE : 0);

    if (socket != NULL) {
        ev_io_stop(dns->loop, &socket->watcher);
    }
    if (events == 0) {
        if (socket != NULL) {
            *at = socket->next;
            memory_free(socket);
        }
        return;
    }
    if (socket == NULL) {
        socket = memory_zero(sizeof(*socket));
        socket->dns = dns;
        *at = socket;
    }
    ev_io_init(&socket->watcher, on_socket, fd, events);
    socket->watcher.data = socket;
    ev_io_start(dns->loop, &socket->watcher);
}

static enum err start_channel(struct dns *dns, const char *server)
{
    char lookups[] = "b";
    struct ares_options options = {
        .flags = ARES_FLAG_EDNS,
        .timeout = TIMEOUT_MS,
        .tries = TRIES,
        .lookups = lookups,
        .ednspsz = EDNS_BYTES,
        .sock_state_cb = state_changed,
        .sock_state_cb_data = dns,
    };
    int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS |
               ARES_OPT_EDNSPSZ | ARES_OPT_SOCK_STATE_CB;
#ifdef ARES_OPT_QUERY_CACHE
    options.qcache_max_ttl = 0;
    mask |= ARES_OPT_QUERY_CACHE;
#endif

    if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS) {
        return ERR_SYSTEM;
    }
    if (ares_init_options(&dns->channel, &options, mask) != ARES_SUCCESS) {
        ares_library_cleanup();
        return ERR_SYSTEM;
    }
    if (server != NULL && *server != '\0' &&
        ares_set_servers_ports_csv(dns->channel, server) != ARES_SUCCESS) {
        ares_destroy(dns->channel);
        ares_library_cleanup();
        return ERR_INVALID;
    }
    return ERR_OK;
}

enum err dns_new(struct ev_loop *loop, const char *server, struct dns **dns)
{
    struct dns *made = memory_zero(sizeof(*made));
    made->loop = loop;
    ev_timer_init(&made->timer, on_timer, 0., 0.);
    made->timer.data = made;

    enum err err = start_channel(made, server);
    if (err != ERR_OK) {
        memory_free(made);
        made = NULL;
    }
    *dns = made;
    return err;
}

void dns_free(struct dns *dns)
{
    if (dns == NULL) {
        return;
    }
    ares_destroy(dns->channel);
    ares_library_cleanup();
    ev_timer_stop(dns->loop, &dns->timer);
    while (dns->sockets != NULL) {
        struct dns_socket *socket = dns->sockets;
        dns->sockets = socket->next;
        ev_io_stop(dns->loop, &socket->watcher);
        memory_free(socket);
    }
    memory_free(dns);
}

static enum answer_kind kind_of(int status)
{
    switch (status) {
    case ARES_SUCCESS:
        return ANSWER_FOUND;
    case ARES_ENODATA:
    case ARES_ENOTFOUND:
        return ANSWER_NOBODY;
    default:
        return ANSWER_FAILED;
    }
}

static struct question *ask(dns_answer_fn answer, void *context, uint16_t port)
{
    struct question *question = memory_alloc(sizeof(*question));
    *question = (struct question){ .answer = answer, .context = context, .port = port };
    return question;
}

/* Hands the answer over; an empty list that was "found" means that nobody is there. */
static void finish(struct question *question, enum answer_kind kind, const struct address *list,
                   size_t count, uint32_t ttl_s)
{
    if (kind == ANSWER_FOUND && count == 0) {
        kind = ANSWER_NOBODY;
    }
    question->answer(question->context, kind, list, count, ttl_s);
    memory_free(question);
}

static bool address_text(const struct ares_addrinfo_node *node, struct address *address)
{
    const void *bytes = NULL;

    if (node->ai_family == AF_INET) {
        bytes = &((const struct sockaddr_in *)(const void *)node->ai_addr)->sin_addr;
    } else if (node->ai_family == AF_INET6) {
        bytes = &((const struct sockaddr_in6 *)(const void *)node->ai_addr)->sin6_addr;
    }
    return bytes != NULL &&
           inet_ntop(node->ai_family, bytes, address->host, sizeof(address->host)) != NULL;
}

static void got_addresses(void *context, int status, int timeouts, struct ares_addrinfo *result)
{
    struct question *question = context;
    struct address *list = NULL;
    size_t count = 0;
    uint32_t ttl_s = UINT32_MAX;

    (void)timeouts;
    struct ares_addrinfo_node *node = result == NULL ? NULL : result->nodes;
    for (; node != NULL && count < LIST_MAX; node = node->ai_next) {
        list = memory_resize(list, (count + 1) * sizeof(*list));
        list[count] = (struct address){ .port = question->port };
        if (address_text(node, &list[count])) {
            count++;
        }
        if (node->ai_ttl >= 0 && (uint32_t)node->ai_ttl < ttl_s) {
            ttl_s = (uint32_t)node->ai_ttl;
        }
    }
    finish(question, kind_of(status), list, count, ttl_s);
    memory_free(list);
    if (result != NULL) {
        ares_freeaddrinfo(result);
    }
}

void dns_ask_addresses(struct dns *dns, const char *name, int family, uint16_t port,
                       dns_answer_fn answer, void *context)
{
    struct ares_addrinfo_hints hints = { .ai_flags = ARES_AI_NOSORT,
                                         .ai_family = family,
                                         .ai_socktype = SOCK_STREAM };

    ares_getaddrinfo(dns->channel, name, NULL, &hints, got_addresses, ask(answer, context, port));
    arm(dns);
}

static void got_service(void *context, int status, int timeouts, unsigned char *bytes, int len)
{
    struct question *question = context;
    struct ares_srv_reply *first = NULL;
    struct address *list = NULL;
    size_t count = 0;

    (void)timeouts;
    if (status == ARES_SUCCESS) {
        status = ares_parse_srv_reply(bytes, len, &first);
    }
    for (struct ares_srv_reply *srv = first; srv != NULL && count < LIST_MAX; srv = srv->next) {
        list = memory_resize(list, (count + 1) * sizeof(*list));
        list[count] = (struct address){ .port = srv->port };
        int wrote = snprintf(list[count].host, sizeof(list[count].host), "%s", srv->host);
        if (wrote > 0 && (size_t)wrote < sizeof(list[count].host)) {
            count++;
        } else {
            status = ARES_EBADNAME;
        }
    }
    finish(question, kind_of(status), list, count, UINT32_MAX);
    memory_free(list);
    if (first != NULL) {
        ares_free_data(first);
    }
}

void dns_ask_service(struct dns *dns, const char *name, dns_answer_fn answer, void *context)
{
    ares_search(dns->channel, name, ns_c_in, ns_t_srv, got_service, ask(answer, context, 0));
    arm(dns);
}
