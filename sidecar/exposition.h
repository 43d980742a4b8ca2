#ifndef PODIS_SIDECAR_EXPOSITION_H
#define PODIS_SIDECAR_EXPOSITION_H

/* /metrics: Prometheus text 0.0.4, or OpenMetrics 1.0.
 *
 * Facts that Redis has too go by the names of redis_exporter, so that its dashboard and alerts work
 * unchanged; podis's own begin with podis_. No label carries a key. */

#include "cache/base/buf.h"
#include "proxy/server/server.h"
#include "sidecar/lifecycle.h"

/* What the figures are taken from. */
struct exposition_parts {
    struct server *server;
    const struct lifecycle *lifecycle;
};

enum exposition_format { EXPOSITION_PROMETHEUS, EXPOSITION_OPENMETRICS };

/* What the scraper asked for in its Accept header (NULL: none). */
enum exposition_format exposition_choose(const char *accept);
const char *exposition_content_type(enum exposition_format format);

void exposition_print(const struct exposition_parts *parts, enum exposition_format format,
                      struct buf *out);

#endif
