#ifndef PODIS_SIDECAR_PROCESS_H
#define PODIS_SIDECAR_PROCESS_H

/* The process as the operating system sees it. */

#include "cache/base/check.h"
#include "cache/base/err.h"
#include "cache/base/log.h"
#include "config/options.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Into the background if `daemonize` says so, into `dir`, and no more SIGPIPE. False: errno says
 * why not. */
must_check bool process_enter(const struct options *options);

/* Room for maxclients connections; lowers maxclients to what the system allows. */
void process_raise_file_limit(struct options *options, const struct log *log);

/* Fills in 40 random hex digits; returns a random number. */
uint64_t process_seed(char node_id[41]);

/* The file of `pidfile`, if it is set. */
must_check enum err process_write_pid(const struct options *options, char *why, size_t why_size);
void process_remove_files(const struct options *options);

#endif
