#ifndef PODIS_CACHE_BASE_CRC64_H
#define PODIS_CACHE_BASE_CRC64_H

/* CRC-64/Jones, the checksum of RDB files and DUMP payloads: polynomial ad93d23594c935a9, both
 * input and output reflected, starting from 0. */

#include "cache/base/span.h"

#include <stdint.h>

/* The checksum of `bytes` behind those whose checksum is `before`; 0 before the first. */
uint64_t crc64(uint64_t before, struct span bytes);

#endif
