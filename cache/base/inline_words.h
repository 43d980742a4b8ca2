#ifndef PODIS_CACHE_BASE_INLINE_WORDS_H
#define PODIS_CACHE_BASE_INLINE_WORDS_H

/* Words of a line, as people type them: separated by white space, in single or double
 * quotes where needed. In double quotes \n \r \t \b \a \xHH and \ before any other letter
 * mean what they do in C; in single quotes only \' is special. A closing quote must be
 * followed by white space. Redis and redis-cli read lines the same way. */

#include "cache/base/buf.h"
#include "cache/base/span.h"

#include <stdbool.h>

/* Takes the next word off the front of *line.
 *
 * `room` has space for line->len bytes: a word with quotes is written there, and *word lies in it;
 * any other word is borrowed from the line. NULL is allowed if the line has no quotes.
 *
 *   true   *word is the next word; or, if *found is false, there is none left
 *   false  a quote is not closed, or something follows it */
bool inline_word(struct span *line, char *room, struct span *word, bool *found);

/* Writes a word so that inline_word() reads it back; quoted only if it has to be. */
void inline_quote(struct buf *out, struct span word);

#endif
