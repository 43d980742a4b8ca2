/* Filling in a struct config_report, line by line. */

#include "config/report.h"

#include "cache/base/memory.h"

#include <stdarg.h>
#include <stdio.h>

enum { LINE_MAX_LEN = 1024 };

void report_init(struct config_report *report)
{
    report->text = memory_copy_text("", 0);
    report->warnings = memory_copy_text("", 0);
}

void config_report_fini(struct config_report *report)
{
    memory_free(report->text);
    memory_free(report->warnings);
    *report = (struct config_report){ 0 };
}

static void append(char **text, const char *format, va_list args)
{
    char line[LINE_MAX_LEN];
    int wanted = vsnprintf(line, sizeof(line), format, args);
    size_t len = wanted < LINE_MAX_LEN ? (size_t)wanted : LINE_MAX_LEN - 1;
    size_t before = strlen(*text);

    *text = memory_resize(*text, before + len + 2);
    memcpy(*text + before, line, len);
    memcpy(*text + before + len, "\n", 2);
}

void report_error(struct config_report *report, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    append(&report->text, format, args);
    va_end(args);
}

void report_warning(struct config_report *report, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    append(&report->warnings, format, args);
    va_end(args);
}

bool report_is_good(const struct config_report *report)
{
    return report->text[0] == '\0';
}
