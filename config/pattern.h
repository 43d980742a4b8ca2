#ifndef PODIS_CONFIG_PATTERN_H
#define PODIS_CONFIG_PATTERN_H

/* A compiled regular expression over keys (PCRE2, as bytes: keys need not be UTF-8).
 *
 * Patterns come from the operator, keys from anyone: a match may take only so many steps,
 * then it counts as none. The machine-code compiler (JIT) is used where it is available. */

#include "cache/base/check.h"
#include "cache/base/err.h"
#include "cache/base/span.h"

enum { PATTERN_LEN_MAX = 4096, PATTERN_MATCH_STEPS = 100000, PATTERN_DEPTH = 1000 };

struct pattern;

/* ERR_INVALID: it is not one, and `why` says what is wrong and at which offset. */
must_check enum err pattern_new(struct span text, struct pattern **pattern, char *why,
                                size_t why_size);
void pattern_free(struct pattern *pattern);

/* How many capturing groups it has. */
int pattern_groups(const struct pattern *pattern);

enum pattern_result {
    PATTERN_MISS,
    PATTERN_HIT,
    PATTERN_LIMIT, /* It took too many steps. */
};

/* Whether it matches anywhere in `text`. On a hit *part is what capture `group` matched, borrowed
 * from text; all of text if group is 0 or took no part in the match. */
enum pattern_result pattern_match(const struct pattern *pattern, struct span text, int group,
                                  struct span *part);

#endif
