#ifndef PODIS_SIDECAR_ARGUMENTS_H
#define PODIS_SIDECAR_ARGUMENTS_H

/* What the command line asks for.
 *
 *     podis [FILE] [--directive value ...]     start; FILE '-' is standard input
 *     podis --check [FILE] [--directive ...]   say what is wrong, or what would be used
 *     podis --help | --version | --commands | --defaults
 *     podis status [--port N | --socket PATH]
 *     podis health [--admin HOST:PORT]
 *     podis import FROM [--to REDIS-URL] [--replace yes] [--verify no]
 *     podis export FILE [--from REDIS-URL] [--replace yes] [--verify no]
 */

#include <stdbool.h>
#include <stddef.h>

enum mode {
    MODE_RUN,
    MODE_CHECK,
    MODE_HELP,
    MODE_VERSION,
    MODE_COMMANDS,
    MODE_DEFAULTS,
    MODE_STATUS,
    MODE_HEALTH,
    MODE_IMPORT,
    MODE_EXPORT,
};

/* Everything is borrowed from argv. */
struct arguments {
    enum mode mode;
    const char *file;         /* RUN, CHECK: NULL if none is named. */
    const char *const *flags; /* RUN, CHECK: what is left, "--port", "6380" … */
    size_t flag_count;
    const char *port;   /* STATUS; NULL if not said. */
    const char *socket; /* STATUS */
    const char *admin;  /* HEALTH */
    const char *place;  /* IMPORT: from where; EXPORT: which file. */
    const char *server; /* IMPORT: --to; EXPORT: --from */
    const char *replace, *verify;
};

/* False: it cannot be understood, and `why` says so. Directives are not looked at. */
bool arguments_parse(struct arguments *arguments, int argc, const char *const *argv, char *why,
                     size_t why_size);

#endif
