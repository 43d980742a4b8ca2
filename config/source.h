#ifndef PODIS_CONFIG_SOURCE_H
#define PODIS_CONFIG_SOURCE_H

/* Where directives are written: a file and what it includes, the environment, the flags. */

#include "config/config.h"
#include "config/option.h"

/* One directive as written somewhere. */
struct directive {
    const struct option *option;
    enum config_origin origin;
    const char *where;               /* "podis.conf:12", "PODIS_PORT", "--port". */
    const struct option_list *words; /* Behind the name; NULL for the environment. */
    struct span text;                /* The environment's value. */
};

typedef void (*directive_fn)(void *context, const struct directive *directive);

/* Calls `visit` for each directive: the file's in its order, then the environment's, then the
 * flags'. Names that are none, and lines that cannot be read, go to the report. ERR_SYSTEM: a file
 * cannot be read, the report says why. */
must_check enum err source_each(const struct config_sources *sources, directive_fn visit,
                                void *context, struct config_report *report);

/* Reads a whole file, "-" for standard input, into memory of the caller's; NULL if it cannot be
 * read, and `why` says so. */
char *source_read(const char *path, size_t *len, char *why, size_t why_size);

enum { SOURCE_FILE_MAX = 1 << 20 };

#endif
