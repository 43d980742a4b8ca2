#ifndef PODIS_PROXY_PEERS_WORDS_H
#define PODIS_PROXY_PEERS_WORDS_H

/* A request's words as the bytes that go over a link, and back. */

#include "cache/base/span.h"

/* How many bytes words_put() will write. */
size_t words_len(const struct span *argv, size_t argc);

/* Writes exactly words_len() bytes. */
void words_put(char *room, const struct span *argv, size_t argc);

/* The words of bytes that words_put() wrote. They point into the bytes; the array is to be given
 * to memory_free(). */
struct span *words_take(struct span bytes, size_t *argc);

#endif
