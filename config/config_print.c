/* What is printed from the rows: --help, --check, and the commented file of defaults. */

#include "config/config.h"

#include "config/option.h"
#include "config/value.h"

#include <stdio.h>

enum { PRINTED_MAX = 1 << 20, LINE_LEN = 96 };

typedef void (*line_fn)(void *context, const char *text);

void config_print_help(line_fn line, void *context)
{
    char text[512];
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        const struct option *option = option_at(i);
        if (option->unused != NULL) {
            continue;
        }
        snprintf(text, sizeof(text), "  --%-28s %s [%s]", option->name, option->help,
                 option->initial);
        line(context, text);
    }
}

/* One line per line that value_write() would write. */
static void print_written(const struct option *option, const void *field, line_fn line,
                          void *context)
{
    struct buf out;
    buf_init(&out, PRINTED_MAX);
    value_write(option, field, &out);
    struct span text = buf_span(&out);
    while (text.len > 0) {
        char one[1024];
        const char *end = memchr(text.bytes, '\n', text.len);
        size_t len = (size_t)(end - text.bytes);
        snprintf(one, sizeof(one), "%.*s", (int)len, text.bytes);
        line(context, one);
        text = span_skip(text, len + 1);
    }
    buf_fini(&out);
}

static bool is_hidden(const struct option *option, const void *field)
{
    struct buf text;

    buf_init(&text, PRINTED_MAX);
    value_print(option, field, &text);
    bool empty = text.len == 0;
    buf_fini(&text);
    return option_is_secret(option) && !empty;
}

void config_print_used(const struct config *config, line_fn line, void *context)
{
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        const struct option *option = option_at(i);
        const void *field = option_value(option, &config->options);
        if (option->unused != NULL) {
            continue;
        }
        if (is_hidden(option, field)) {
            char text[128];
            snprintf(text, sizeof(text), "%s (hidden)", option->name);
            line(context, text);
        } else {
            print_written(option, field, line, context);
        }
    }
}

static const char *change_text(const struct option *option)
{
    switch (option->change) {
    case CHANGE_RELOAD:
    case CHANGE_SECRET:
        return "may change while running";
    case CHANGE_PROTECTED:
        return "may change by a reload; by CONFIG SET if enable-protected-configs says so";
    case CHANGE_RESTART:
    case CHANGE_HIDDEN:
        return "changes by a restart";
    }
    unreachable("all kinds of change are named");
}

static void print_row(const struct option *option, line_fn line, void *context)
{
    char accepts[256];
    char text[512];

    value_accepts(option, accepts, sizeof(accepts));
    line(context, "");
    snprintf(text, sizeof(text), "# %s.", option->help);
    line(context, text);
    snprintf(text, sizeof(text), "# Accepted: %s;", accepts);
    line(context, text);
    snprintf(text, sizeof(text), "# %s.", change_text(option));
    line(context, text);
    snprintf(text, sizeof(text), "# %s %s", option->name,
             *option->initial == '\0' ? "\"\"" : option->initial);
    line(context, text);
}

/* The names of the unused, as many to a line as fit. */
static void print_unused(line_fn line, void *context)
{
    char text[LINE_LEN + 1] = "#";
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        const struct option *option = option_at(i);
        if (option->unused == NULL) {
            continue;
        }
        size_t len = strlen(text);
        if (len + 1 + strlen(option->name) > LINE_LEN) {
            line(context, text);
            snprintf(text, sizeof(text), "# %s", option->name);
        } else {
            snprintf(text + len, sizeof(text) - len, " %s", option->name);
        }
    }
    line(context, text);
}

void config_print_file(line_fn line, void *context)
{
    static const char *const header[] = {
        "# podis: every directive and its default. Printed by `podis --defaults`.",
        "#",
        "# The syntax is redis.conf's. A directive counts over its default, the environment",
        "# (PODIS_MAXMEMORY=100mb) over the file, a flag (--maxmemory 100mb) over both.",
        "# `include PATH` reads another file; PATH may have * in it.",
    };
    for (size_t i = 0; i < COUNT(header); i++) {
        line(context, header[i]);
    }
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        if (option_at(i)->unused == NULL) {
            print_row(option_at(i), line, context);
        }
    }
    line(context, "");
    line(context, "# Known and without effect in this version; worth one warning each:");
    line(context, "#");
    print_unused(line, context);
}
