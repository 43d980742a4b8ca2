#ifndef PODIS_CACHE_SCRIPT_SHEBANG_H
#define PODIS_CACHE_SCRIPT_SHEBANG_H

/* The first line of a script: "#!lua flags=no-writes,allow-stale". */

#include "cache/base/span.h"
#include "cache/reply.h"

struct shebang {
    unsigned flags; /* enum script_flag; SCRIPT_SILENT if there is no such line. */
    size_t len;     /* Of the line, without its end. */
};

/* Replies if it returns false. */
bool shebang_read(struct span script, struct shebang *shebang, struct reply *reply);

/* The flag of that name; 0: there is none. */
unsigned shebang_flag(struct span name);
/* Its name: flag is one bit. */
const char *shebang_flag_name(unsigned flag);

#endif
