#ifndef PODIS_CONFIG_REPORT_H
#define PODIS_CONFIG_REPORT_H

/* Filling in a struct config_report, line by line. */

#include "cache/base/check.h"
#include "config/config.h"

#include <stdbool.h>

/* Empty texts. */
void report_init(struct config_report *report);

void report_error(struct config_report *report, const char *format, ...) printf_like(2, 3);
void report_warning(struct config_report *report, const char *format, ...) printf_like(2, 3);

bool report_is_good(const struct config_report *report);

#endif
