/* What the sections of INFO are written with. */

#include "proxy/server/commands/info_section.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

void info_line(struct info *info, const char *format, ...)
{
    char text[1024];
    va_list args;

    va_start(args, format);
    int len = vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    assert(len >= 0);
    size_t used = (size_t)len < sizeof(text) ? (size_t)len : sizeof(text) - 1;
    if (buf_add(info->text, (struct span){ text, used })) {
        buf_add(info->text, SPAN("\r\n"));
    }
}

void info_number(struct info *info, const char *name, uint64_t number)
{
    info_line(info, "%s:%" PRIu64, name, number);
}

void info_human(struct info *info, const char *name, uint64_t bytes)
{
    static const char units[] = "BKMGTP";
    double scaled = (double)bytes;
    size_t unit = 0;

    while (scaled >= 1024. && unit < sizeof(units) - 2) {
        scaled /= 1024.;
        unit++;
    }
    if (unit == 0) {
        info_line(info, "%s:%" PRIu64 "B", name, bytes);
    } else {
        info_line(info, "%s:%.2f%c", name, scaled, units[unit]);
    }
}
