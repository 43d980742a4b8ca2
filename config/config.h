#ifndef PODIS_CONFIG_CONFIG_H
#define PODIS_CONFIG_CONFIG_H

/* The configuration in use: one struct, read once, replaced whole by a reload.
 *
 * Each directive is a row of OPTIONS in config/options.h: name, field, type, default, whether
 * a reload or CONFIG SET may change it, help. The row is the only place that knows
 * the name; CONFIG GET/SET/REWRITE, --help, --check, the commented file and the environment's
 * names are printed from it. Directives Redis 7 knows and podis has no use for are rows of
 * their own in config/unused.h: kept, shown by CONFIG GET, accepted with one warning each.
 *
 * Precedence: defaults < file < environment (PODIS_MAXMEMORY) < flags. */

#include "cache/base/err.h"
#include "cache/base/log.h"
#include "cache/base/span.h"
#include "config/options.h"
#include "config/rules.h"

#include <stdbool.h>
#include <stdint.h>

/* Who gave a directive its value. */
enum config_origin {
    ORIGIN_DEFAULT,
    ORIGIN_FILE,
    ORIGIN_ENVIRONMENT,
    ORIGIN_FLAG,
    ORIGIN_SET, /* CONFIG SET */
};

struct config {
    struct options options;        /* One field per row. */
    struct rules *rules;           /* From the `rule` directives, in order. */
    char *file;                    /* Absolute path of the file read; NULL if none. */
    uint8_t origins[OPTION_COUNT]; /* enum config_origin, one per row. */
};

/* Where a start's or a reload's directives come from. */
struct config_sources {
    const char *file;         /* NULL: none. "-": standard input. */
    const char *directory;    /* Where relative names are from; NULL: the working directory. */
    const char *const *flags; /* "--port", "6380", …; NULL: none. */
    size_t flag_count;
    char *const *environment; /* As environ; NULL: none. */
};

/* Everything that is wrong, one line each: file, line, what was found, what would be accepted. */
struct config_report {
    char *text;     /* NUL-terminated; owned; "" if all is well. */
    char *warnings; /* The same for directives that are accepted but have no effect. */
};
void config_report_fini(struct config_report *report);

/* A new configuration. On ERR_INVALID or ERR_SYSTEM *config is NULL and the report says why. */
must_check enum err config_load(const struct config_sources *sources, struct config **config,
                                struct config_report *report);
void config_free(struct config *config);
struct config *config_copy(const struct config *config);

/* Whether anyone gave the directive its value: file, environment, flag or CONFIG SET. */
bool config_is_set(const struct config *config, const char *name);

/* The memory limit where maxmemory is not set by anyone: the container's share. False: it is set,
 * or that is the limit already. */
bool config_default_memory(struct config *config, uint64_t bytes);

/* No save points where nobody set any, and either there is no configuration file (who just tries
 * podis does not look for a file to appear) or there are peers, which have the keys of a pod that
 * ends. Otherwise the default is Redis's. */
void config_default_save(struct config *config, const struct config_sources *sources);

/* Whether `next` may replace `now` while running. ERR_REFUSED: it changes a directive that only
 * a restart can change; the report names it. Calls `changed` with each directive that differs. */
must_check enum err config_compare(const struct config *now, const struct config *next,
                                   void (*changed)(void *context, const char *name,
                                                   const char *before, const char *after),
                                   void *context, struct config_report *report);

/* CONFIG GET: calls `found` once for each directive whose name matches one of the patterns. */
void config_get(const struct config *config, const struct span *patterns, size_t count,
                void (*found)(void *context, const char *name, const char *value), void *context);

/* CONFIG SET: all of the pairs (name, value, name, value …; `count` counts both), or none with
 * the error in Redis's words in `why` (without the leading "ERR "). Changes `config` in place. */
must_check enum err config_set(struct config *config, const struct span *pairs, size_t count,
                               char *why, size_t why_size);

/* Whom `replicaof` is to name when it is written; NULL: nobody. */
void config_set_primary(struct config *config, const char *host, uint16_t port);

/* The `user` lines as they are to be written. Takes the list. */
void config_set_users(struct config *config, struct option_list *take_lines);

/* CONFIG REWRITE: writes the file with the values in use, keeping comments and order, through a
 * temporary file and rename. ERR_UNKNOWN: there is no file. */
must_check enum err config_rewrite(const struct config *config, char *why, size_t why_size);

/* Printing, from the rows. */
void config_print_help(void (*line)(void *context, const char *text), void *context);
void config_print_used(const struct config *config, void (*line)(void *context, const char *text),
                       void *context);
/* The commented file of defaults: podis.conf at the top of the source tree. */
void config_print_file(void (*line)(void *context, const char *text), void *context);

#endif
