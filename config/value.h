#ifndef PODIS_CONFIG_VALUE_H
#define PODIS_CONFIG_VALUE_H

/* A directive's value: from words to its field in struct options, and back.
 *
 * `field` is option_field() of the option. What a value may be depends on the option's
 * kind alone; the words of the errors are Redis 7's. */

#include "cache/base/buf.h"
#include "cache/base/check.h"
#include "config/option.h"

/* Why a value was refused. */
struct complaint {
    char text[320];
};

/* The words behind a directive's name in a file or on the command line. A kind that adds up adds
 * to the field; any other replaces it. False: the field is as it was. */
must_check bool value_parse(const struct option *option, const struct option_list *words,
                            void *field, struct complaint *why);

/* All of the value as one text: CONFIG SET, the environment. Replaces the field. */
must_check bool value_parse_text(const struct option *option, struct span text, void *field,
                                 struct complaint *why);

/* A new field, holding the row's default. */
void value_init(const struct option *option, void *field);
void value_fini(const struct option *option, void *field);
/* Empties a field whose kind adds up. */
void value_clear(const struct option *option, void *field);
void value_copy(const struct option *option, void *to, const void *from);
bool value_equal(const struct option *option, const void *a, const void *b);

/* As CONFIG GET shows it. value_parse_text() reads it back. */
void value_print(const struct option *option, const void *field, struct buf *out);

/* As lines of a file, each with the directive's name and a line end. */
void value_write(const struct option *option, const void *field, struct buf *out);

/* What would be accepted, for a person: "a whole number from 1 to 10". */
void value_accepts(const struct option *option, char *text, size_t size);

#endif
