/* Formats a message for whoever writes the log. */

#include "cache/base/log.h"

#include <stdarg.h>
#include <stdio.h>

void log_to(const struct log *log, enum log_level level, const char *format, ...)
{
    char text[1024];
    va_list args;

    if (log == NULL || log->write == NULL || level < log->level) {
        return;
    }
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    log->write(log->context, level, text);
}
