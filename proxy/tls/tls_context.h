#ifndef PODIS_PROXY_TLS_TLS_CONTEXT_H
#define PODIS_PROXY_TLS_TLS_CONTEXT_H

/* OpenSSL's contexts, made of the directives and of the files that they name. */

#include "cache/base/err.h"
#include "config/options.h"

#include <stdint.h>

struct ssl_ctx_st;

struct tls_contexts {
    struct ssl_ctx_st *server; /* For connections that come in; NULL: none were made. */
    struct ssl_ctx_st *client; /* For those we make. */
    uint64_t not_after_s;      /* Unix time when the server's certificate expires. */
};

/* ERR_INVALID: nothing was made, and why. */
must_check enum err tls_contexts_make(struct tls_contexts *contexts, const struct options *options,
                                      char *why, size_t why_size);
/* Accepts zeroes. */
void tls_contexts_fini(struct tls_contexts *contexts);

#endif
