#ifndef PODIS_PROXY_DISCOVERY_LOOKUP_H
#define PODIS_PROXY_DISCOVERY_LOOKUP_H

/* One target of `peers`, looked up whole: a name's A and AAAA records, or a service's SRV
 * records and the addresses of each of their targets.
 *
 * The parts are joined into one answer. One part that FAILED makes the whole FAILED, since
 * half a list would look like members that left; NOBODY only if all parts say so. */

#include "proxy/discovery/dns.h"
#include "proxy/discovery/target.h"

/* Answers once, possibly before it returns; FAILED if `dns` is freed first. A fixed target is its
 * own answer. */
void lookup(struct dns *dns, const struct target *target, dns_answer_fn answer, void *context);

#endif
