#ifndef PODIS_SIDECAR_MODES_H
#define PODIS_SIDECAR_MODES_H

/* What `podis` does besides serving: it prints something and exits.
 * Each returns the exit status. */

#include "config/config.h"
#include "sidecar/arguments.h"

int mode_help(void);
int mode_version(void);
int mode_commands(void);
int mode_defaults(void);
int mode_check(const struct config_sources *sources);
int mode_status(const struct arguments *arguments, char *const *environment);
int mode_health(const struct arguments *arguments, char *const *environment);
int mode_transfer(const struct arguments *arguments, char *const *environment);

#endif
