#ifndef PODIS_CACHE_BASE_LOG_H
#define PODIS_CACHE_BASE_LOG_H

/* Where a message for the operator goes. The writer, and with it the clock and
 * the file, belongs to the program; everyone below is handed a struct log. */

#include "cache/base/check.h"

enum log_level { LOG_DEBUG, LOG_VERBOSE, LOG_NOTICE, LOG_WARNING, LOG_NOTHING };

struct log {
    enum log_level level; /* Messages below it are dropped. */
    void (*write)(void *context, enum log_level level, const char *text);
    void *context;
};

/* One line, without newline. A NULL log drops it. */
void log_to(const struct log *log, enum log_level level, const char *format, ...) printf_like(3, 4);

#define log_debug(log, ...)   log_to((log), LOG_DEBUG, __VA_ARGS__)
#define log_verbose(log, ...) log_to((log), LOG_VERBOSE, __VA_ARGS__)
#define log_notice(log, ...)  log_to((log), LOG_NOTICE, __VA_ARGS__)
#define log_warning(log, ...) log_to((log), LOG_WARNING, __VA_ARGS__)

#endif
