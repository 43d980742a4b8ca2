#ifndef PODIS_PROXY_SERVER_LATENCY_GRAPH_H
#define PODIS_PROXY_SERVER_LATENCY_GRAPH_H

/* LATENCY GRAPH: the samples of an event as a picture of text. */

#include "cache/base/buf.h"
#include "proxy/server/latency.h"

/* The series has a sample. */
void latency_graph(struct buf *text, const char *event, const struct latency_series *series,
                   uint64_t now_s);

#endif
