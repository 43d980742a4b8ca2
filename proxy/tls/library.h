#ifndef PODIS_PROXY_TLS_LIBRARY_H
#define PODIS_PROXY_TLS_LIBRARY_H

/* OpenSSL's shared library, which is loaded when it is first needed (cmake/lazy_ssl.cmake). */

#include "cache/base/err.h"

#include <stddef.h>

/* To be called before any function of OpenSSL is; more than once is fine. ERR_SYSTEM: it is not
 * there, or too old, and why. */
must_check enum err library_load(char *why, size_t why_size);

#endif
