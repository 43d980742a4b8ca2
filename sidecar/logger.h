#ifndef PODIS_SIDECAR_LOGGER_H
#define PODIS_SIDECAR_LOGGER_H

/* Writes log lines: text as Redis writes it, or one JSON object per line.
 *
 *     1234:M 22 Nov 2026 15:04:38.485 * Ready to accept connections
 *     {"time":"2026-11-22T15:04:38.485Z","level":"notice","pid":1234,"message":"Ready …"}
 *
 * Each line is one write, so lines of several processes in one file do not mix. */

#include "cache/base/err.h"
#include "cache/base/log.h"
#include "config/options.h"

#include <sys/types.h>

struct logger {
    struct log log; /* What the others are handed. */
    int fd;
    pid_t pid;
    enum log_format format;
};

/* To standard output until logger_open() says otherwise. */
void logger_init(struct logger *logger);
void logger_fini(struct logger *logger);

/* Level, format and file of these options. ERR_SYSTEM: the file cannot be opened (errno says why),
 * and nothing was changed. */
must_check enum err logger_open(struct logger *logger, const struct options *options);

/* Level and format alone. */
void logger_configure(struct logger *logger, const struct options *options);

/* One line as it is written, its end included; returns the length. For tests too. */
struct log_moment {
    int64_t seconds; /* Unix time. */
    int milliseconds;
    pid_t pid;
};
size_t logger_format(char *line, size_t size, enum log_format format,
                     const struct log_moment *moment, enum log_level level, const char *text);

#endif
