#ifndef PODIS_CONFIG_WORDS_H
#define PODIS_CONFIG_WORDS_H

/* Lists of words, and how a line of a configuration file is cut into them.
 *
 * Quoting is redis.conf's: "…" with \n \r \t \b \a \" \\ and \xHH, '…' with \' alone. A closing
 * quote must be followed by a space or the end of the line. */

#include "cache/base/buf.h"
#include "cache/base/span.h"
#include "config/options.h"

/* Zeroed storage is a valid, empty list. */
void words_fini(struct option_list *words);
void words_add(struct option_list *words, struct span word);
void words_copy(struct option_list *to, const struct option_list *from);
bool words_equal(const struct option_list *a, const struct option_list *b);

/* Adds the line's words. False, and nothing added: a quote is not closed, or a byte is zero. */
bool words_split(struct option_list *words, struct span line);

/* All words, quoted where needed, with a space between two. */
void words_join(struct buf *out, const struct option_list *words);

#endif
