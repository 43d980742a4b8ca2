#ifndef PODIS_PROXY_TLS_TLS_H
#define PODIS_PROXY_TLS_TLS_H

/* TLS for the app's port, the peers' and our own connections to others: which certificates are
 * shown, whose are believed, which ciphers may be used.
 *
 * One `struct tls` belongs to the process. It holds a context for connections that come in, and one
 * for those we make; both are made anew, beside those in use, when a tls-* directive or a file
 * that one of them names has changed. A connection keeps the context it began with.
 *
 *     nothing -- tls_prepare() --> prepared -- tls_commit() --> in use
 *                     |                                            ^
 *                     +-- refused: what was in use stays           +-- tls_tick(): files changed
 */

#include "cache/base/err.h"
#include "cache/base/log.h"
#include "cache/base/metric.h"
#include "config/options.h"

#include <stdbool.h>
#include <stdint.h>

struct ssl_st;
struct tls;

struct tls *tls_new(const struct log *log);
/* After all of its connections are gone. */
void tls_free(struct tls *tls);

/* Reads what the directives name, unless nothing of it has changed or nothing asks for TLS.
 * ERR_INVALID: it cannot be used, and `why` says which file or directive and what OpenSSL thinks of
 * it. Nothing is in use yet: either tls_commit() follows, or another tls_prepare(). */
must_check enum err tls_prepare(struct tls *tls, const struct options *options, char *why,
                                size_t why_size);
void tls_commit(struct tls *tls);

/* Now and then: looks whether one of the files has changed, at most once a second, and reads them
 * all again if so. What cannot be used is logged, and those in use stay. */
void tls_tick(struct tls *tls, uint64_t now_ms);

/* Whether there is something in use to make connections with. */
bool tls_is_ready(const struct tls *tls);

/* OpenSSL's own object for a connection that we make, for a library that wants one (hiredis). Owned
 * by the caller. NULL: tls_is_ready() is false. */
struct ssl_st *tls_client_object(struct tls *tls);
void tls_object_free(struct ssl_st *object);
/* Why the other side's certificate is not believed, in OpenSSL's words; NULL if that is not so. */
const char *tls_disbelief(const struct ssl_st *object);

/*    name                              kind     help                                             */
#define TLS_METRICS(X)                                                                             \
    X(tls_handshakes_total, COUNTER, "TLS connections that were set up")                           \
    X(tls_handshake_failures_total, COUNTER, "Connections that ended before TLS was set up")       \
    X(tls_handshake_timeouts_total, COUNTER, "Connections closed for taking too long with it")     \
    X(tls_reloads_total, COUNTER, "Certificates read again because their files changed")           \
    X(tls_reload_failures_total, COUNTER, "Changed certificates that could not be used")           \
    X(tls_certificate_not_after_seconds, GAUGE,                                                    \
      "Unix time when the certificate we show expires; 0: there is none")
METRIC_STRUCT(tls_metrics, TLS_METRICS);

#endif
