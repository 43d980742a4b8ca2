#ifndef PODIS_CACHE_BASE_SHA256_H
#define PODIS_CACHE_BASE_SHA256_H

/* SHA-256: what is kept of a password. */

#include "cache/base/span.h"

enum { SHA256_TEXT_LEN = 64 };

/* 64 lower-case hex digits and a NUL. */
void sha256_text(struct span bytes, char text[SHA256_TEXT_LEN + 1]);

#endif
