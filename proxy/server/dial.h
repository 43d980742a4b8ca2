#ifndef PODIS_PROXY_SERVER_DIAL_H
#define PODIS_PROXY_SERVER_DIAL_H

/* Connections that we make, to numeric addresses. */

#include <stdbool.h>
#include <stdint.h>

/* Whether it is an address, or a name that needs none to be looked up: localhost. */
bool dial_is_numeric(const char *host);

/* A socket that is being connected, from `source` if that is not "": once it can be written to,
 * SO_ERROR says whether it is. -1 with errno: it cannot be tried. */
int dial_begin(const char *host, uint16_t port, const char *source);

#endif
