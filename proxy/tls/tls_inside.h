#ifndef PODIS_PROXY_TLS_TLS_INSIDE_H
#define PODIS_PROXY_TLS_TLS_INSIDE_H

/* What the files of this folder have from each other. */

#include <stdbool.h>

struct bio_method_st;
struct ssl_st;
struct tls;

enum { TLS_SCRATCH = 64 * 1024 };

/* Memory that all streams receive into. */
char *tls_scratch(struct tls *tls);

/* A new object for one connection, set to begin or to be begun with. */
struct ssl_st *tls_object(struct tls *tls, bool client);

/* How OpenSSL reaches a stream. */
struct bio_method_st *tls_method(const struct tls *tls);
struct bio_method_st *tls_stream_method(void);

#endif
