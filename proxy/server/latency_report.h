#ifndef PODIS_PROXY_SERVER_LATENCY_REPORT_H
#define PODIS_PROXY_SERVER_LATENCY_REPORT_H

/* LATENCY DOCTOR: what the samples of all events say, in words, and what may help. */

#include "cache/base/buf.h"
#include "proxy/server/latency.h"

/* `slowlog` : the slow log is kept (slowlog-log-slower-than is not -1). */
void latency_report(struct buf *text, const struct latency *latency, bool slowlog, uint64_t now_s);

#endif
