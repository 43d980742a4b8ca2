#ifndef PODIS_SIDECAR_HEALTH_H
#define PODIS_SIDECAR_HEALTH_H

/* `podis health`: the same question as a probe of /readyz, for images without a shell. */

#include "cache/base/check.h"
#include "cache/base/err.h"

#include <stddef.h>
#include <stdint.h>

/* ERR_OK: ready. Else `why` says what is wrong, in one line. */
must_check enum err health_ask(const char *host, uint16_t port, char *why, size_t why_size);

/* Cuts HOST:PORT, [IPV6]:PORT or PORT; the host is then left alone. */
must_check enum err health_address(const char *text, char *host, size_t host_size, uint16_t *port);

#endif
