#ifndef PODIS_SIDECAR_STATUS_H
#define PODIS_SIDECAR_STATUS_H

/* `podis status`: what a running podis says in INFO, on one page for a person. */

#include "cache/base/buf.h"
#include "cache/base/check.h"
#include "cache/base/err.h"

/* The page made of INFO's text. */
void status_print(struct span info, struct buf *page);

/* Asks the podis at the other end of `fd` and makes the page. `password` may be NULL. ERR_REFUSED:
 * `page` holds its error instead. */
must_check enum err status_ask(int fd, const char *password, struct buf *page);

#endif
