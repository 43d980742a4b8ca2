#ifndef PODIS_CACHE_BASE_COMPRESS_H
#define PODIS_CACHE_BASE_COMPRESS_H

/* LZF, the compression that RDB files and the middle nodes of lists use (liblzf). */

#include "cache/base/span.h"

/* Compresses into at most `room` bytes; the length, or 0 if they do not suffice. */
size_t compress_lzf(struct span in, void *out, size_t room);

/* False if `in` is broken or does not become exactly `len` bytes. */
bool decompress_lzf(struct span in, void *out, size_t len);

#endif
