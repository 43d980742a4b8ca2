#ifndef PODIS_PROXY_DISCOVERY_DNS_H
#define PODIS_PROXY_DISCOVERY_DNS_H

/* Questions to DNS, answered later on the loop: c-ares driven by libev.
 *
 * Answers over 512 bytes are asked for with EDNS (1232 bytes); truncated ones are
 * asked again over TCP, so a list is whole or the answer is FAILED. /etc/hosts is not read,
 * and nothing is cached here: whoever asks wants to know what the server says now. */

#include "cache/base/err.h"
#include "proxy/discovery/members.h"

struct ev_loop;
struct dns;

/* The list is borrowed until the call returns. ttl_s: the smallest TTL of the answer. */
typedef void (*dns_answer_fn)(void *context, enum answer_kind kind, const struct address *list,
                              size_t count, uint32_t ttl_s);

/* server: "HOST:PORT", or NULL or "" for what /etc/resolv.conf says. ERR_INVALID: the server
 * cannot be read; ERR_SYSTEM: c-ares did not start. */
must_check enum err dns_new(struct ev_loop *loop, const char *server, struct dns **dns);

/* Questions under way are answered FAILED. */
void dns_free(struct dns *dns);

/* The addresses of a name in one family (AF_INET or AF_INET6), each with `port`. */
void dns_ask_addresses(struct dns *dns, const char *name, int family, uint16_t port,
                       dns_answer_fn answer, void *context);

/* The targets of a service (SRV): here list[i].host is a name, with its own port. */
void dns_ask_service(struct dns *dns, const char *name, dns_answer_fn answer, void *context);

#endif
