/* OpenSSL's shared library, which is loaded when it is first needed.
 *
 * What the dynamic linker does for other libraries when the program starts is done here, for the
 * functions that are called and no others: the slots through which they are called (made by
 * cmake/lazy_ssl.cmake) are filled with their addresses. They are the process's, like what a
 * linker fills in, and never change again; the library is never unloaded. */

#include "proxy/tls/library.h"

#include <dlfcn.h>
#include <stdio.h>

extern const char podis_ssl_library[];
extern const char *const podis_ssl_names[]; /* NULL behind the last. */
extern void *podis_ssl_slots[];             /* One for each name. */

static enum err fail(char *why, size_t why_size)
{
    snprintf(why, why_size, "OpenSSL cannot be loaded: %s", dlerror());
    return ERR_SYSTEM;
}

enum err library_load(char *why, size_t why_size)
{
    if (podis_ssl_slots[0] != NULL) {
        return ERR_OK;
    }
    void *library = dlopen(podis_ssl_library, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        return fail(why, why_size);
    }
    /* The first slot says that all are filled, so it is filled last. */
    size_t count = 0;
    while (podis_ssl_names[count] != NULL) {
        count++;
    }
    while (count-- > 0) {
        podis_ssl_slots[count] = dlsym(library, podis_ssl_names[count]);
        if (podis_ssl_slots[count] == NULL) {
            enum err err = fail(why, why_size);
            dlclose(library);
            podis_ssl_slots[0] = NULL;
            return err;
        }
    }
    return ERR_OK;
}
