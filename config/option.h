#ifndef PODIS_CONFIG_OPTION_H
#define PODIS_CONFIG_OPTION_H

/* A directive as a value: its row of config/options.h or config/unused.h, for the code that
 * treats all directives alike. */

#include "cache/base/span.h"
#include "config/options.h"

enum option_kind {
    OPTION_BOOLEAN,
    OPTION_INTEGER,
    OPTION_PORT,
    OPTION_OCTAL,
    OPTION_BYTES,
    OPTION_SHARE,
    OPTION_MILLISECONDS,
    OPTION_TEXT,
    OPTION_ENUM,
    OPTION_LIST,
    OPTION_PERCENTS,
    OPTION_SAVE,
    OPTION_LINES,
    OPTION_RULES,
    OPTION_LIMITS,
    OPTION_PEERS,
    OPTION_HOST_PORT,
    OPTION_EVENTS,
    OPTION_NOT_YET,
};

enum option_change {
    CHANGE_RELOAD,
    CHANGE_SECRET,
    CHANGE_PROTECTED,
    CHANGE_RESTART,
    CHANGE_HIDDEN,
};

struct option {
    const char *name;
    size_t offset; /* Of its field in struct options. */
    enum option_kind kind;
    int64_t min, max;
    const char *const *words; /* ENUM: in the order of their values, then NULL. */
    const char *initial;      /* As it would be written. */
    enum option_change change;
    const char *help;          /* NULL if it is unused. */
    const char *const *unused; /* Points to why it has no effect; NULL if it has one. */
};

/* In the order of the rows: those podis uses first. */
const struct option *option_at(size_t index);
size_t option_index(const struct option *option);

/* By name or alias, case ignored; NULL if there is none. */
const struct option *option_find(struct span name);

/* By the environment's form of the name, PODIS_ taken off: MAX_CLIENTS. NULL if there is none. */
const struct option *option_find_variable(struct span name);

/* The directive the writer may have meant; NULL if nothing is near. */
const struct option *option_nearest(struct span name);

/* Calls `found` for each other name a directive is known by. */
void option_each_alias(void (*found)(void *context, const char *alias, const struct option *option),
                       void *context);

/* Whether lines that name it add up, instead of the last one counting. */
bool option_adds_up(const struct option *option);

/* Whether it takes any number of words. */
bool option_takes_words(const struct option *option);

/* Whether its value is a secret: no log may have it. */
static inline bool option_is_secret(const struct option *option)
{
    return option->change == CHANGE_SECRET || option->change == CHANGE_HIDDEN;
}

static inline void *option_field(const struct option *option, struct options *options)
{
    return (char *)options + option->offset;
}

static inline const void *option_value(const struct option *option, const struct options *options)
{
    return (const char *)options + option->offset;
}

#endif
