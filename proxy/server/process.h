#ifndef PODIS_PROXY_SERVER_PROCESS_H
#define PODIS_PROXY_SERVER_PROCESS_H

/* What the kernel says of this process. */

#include <stdint.h>

/* Bytes in physical memory; 0 if it does not say. */
uint64_t process_resident_bytes(void);

#endif
