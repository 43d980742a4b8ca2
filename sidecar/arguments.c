/* What the command line asks for. */

#include "sidecar/arguments.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *word;
    enum mode mode;
} words[] = {
    { "--help", MODE_HELP },         { "-h", MODE_HELP },
    { "--version", MODE_VERSION },   { "-v", MODE_VERSION },
    { "--commands", MODE_COMMANDS }, { "--defaults", MODE_DEFAULTS },
    { "--check", MODE_CHECK },       { "status", MODE_STATUS },
    { "health", MODE_HEALTH },       { "import", MODE_IMPORT },
    { "export", MODE_EXPORT },
};

static enum mode mode_of(const char *word)
{
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(words[i].word, word) == 0) {
            return words[i].mode;
        }
    }
    return MODE_RUN;
}

static const char **place_of_transfer(struct arguments *arguments, const char *name)
{
    bool imports = arguments->mode == MODE_IMPORT;

    if (strcmp(name, imports ? "--to" : "--from") == 0) {
        return &arguments->server;
    }
    if (strcmp(name, "--replace") == 0) {
        return &arguments->replace;
    }
    return strcmp(name, "--verify") == 0 ? &arguments->verify : NULL;
}

/* `--name value`; the place for it is NULL if the mode has no such flag. */
static const char **place(struct arguments *arguments, const char *name)
{
    if (arguments->mode == MODE_STATUS && strcmp(name, "--port") == 0) {
        return &arguments->port;
    }
    if (arguments->mode == MODE_STATUS && strcmp(name, "--socket") == 0) {
        return &arguments->socket;
    }
    if (arguments->mode == MODE_HEALTH && strcmp(name, "--admin") == 0) {
        return &arguments->admin;
    }
    if (arguments->mode == MODE_IMPORT || arguments->mode == MODE_EXPORT) {
        return place_of_transfer(arguments, name);
    }
    return NULL;
}

static bool parse_flags(struct arguments *arguments, int count, const char *const *rest, char *why,
                        size_t why_size)
{
    for (int i = 0; i < count; i += 2) {
        const char **value = place(arguments, rest[i]);
        if (value == NULL) {
            snprintf(why, why_size, "'%s' is not understood here (podis --help)", rest[i]);
            return false;
        }
        if (i + 1 == count) {
            snprintf(why, why_size, "%s wants a value", rest[i]);
            return false;
        }
        *value = rest[i + 1];
    }
    return true;
}

static bool is_yes_or_no(const char *text)
{
    return text == NULL || strcmp(text, "yes") == 0 || strcmp(text, "no") == 0;
}

static bool parse_transfer(struct arguments *arguments, int count, const char *const *rest,
                           char *why, size_t why_size)
{
    if (count == 0 || strncmp(rest[0], "--", 2) == 0) {
        snprintf(why, why_size, "%s",
                 arguments->mode == MODE_IMPORT
                     ? "import wants to know from where: a file, or redis://host:port"
                     : "export wants to know where to: a file");
        return false;
    }
    arguments->place = rest[0];
    if (!parse_flags(arguments, count - 1, rest + 1, why, why_size)) {
        return false;
    }
    if (!is_yes_or_no(arguments->replace) || !is_yes_or_no(arguments->verify)) {
        snprintf(why, why_size, "--replace and --verify want yes or no");
        return false;
    }
    return true;
}

static void take_directives(struct arguments *arguments, int count, const char *const *rest)
{
    if (count > 0 && strncmp(rest[0], "--", 2) != 0) {
        arguments->file = rest[0];
        rest++;
        count--;
    } else if (count > 0 && strcmp(rest[count - 1], "-") == 0) {
        arguments->file = rest[count - 1];
        count--;
    }
    arguments->flags = rest;
    arguments->flag_count = (size_t)count;
}

bool arguments_parse(struct arguments *arguments, int argc, const char *const *argv, char *why,
                     size_t why_size)
{
    int used = argc > 0 ? 1 : 0;

    *arguments = (struct arguments){ .mode = argc > 1 ? mode_of(argv[1]) : MODE_RUN };
    used += arguments->mode == MODE_RUN ? 0 : 1;
    switch (arguments->mode) {
    case MODE_RUN:
    case MODE_CHECK:
        take_directives(arguments, argc - used, argv + used);
        return true;
    case MODE_IMPORT:
    case MODE_EXPORT:
        return parse_transfer(arguments, argc - used, argv + used, why, why_size);
    default:
        return parse_flags(arguments, argc - used, argv + used, why, why_size);
    }
}
