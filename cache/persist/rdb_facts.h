#ifndef PODIS_CACHE_PERSIST_RDB_FACTS_H
#define PODIS_CACHE_PERSIST_RDB_FACTS_H

/* What an RDB file tells that is not keys: for rdb_read.c. */

#include "cache/ds/saved.h"
#include "cache/persist/rdb_read.h"

/* A name and a text: into the report, to the log, or nowhere. */
must_check bool rdb_read_fact(struct loader *in, const struct rdb_reading *reading,
                              struct rdb_report *report);

/* What a module left in the file for itself; a warning says so. */
must_check bool rdb_pass_module(struct loader *in, const struct log *log);

#endif
