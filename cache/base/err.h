#ifndef PODIS_CACHE_BASE_ERR_H
#define PODIS_CACHE_BASE_ERR_H

/* The world failing. Returned and passed up, always looked at.
 *
 * A user's mistake is a reply, not one of these; our own mistake is an
 * assertion; "not found" is NULL or false. */

#include "cache/base/check.h"

/*    name       text                                    */
#define ERR_TABLE(X)                                                                               \
    X(OK, "ok")                                                                                    \
    X(MORE, "need more input")                                                                     \
    X(PROTOCOL, "the other side broke the protocol")                                               \
    X(TOO_BIG, "over a limit")                                                                     \
    X(INVALID, "not a valid value")                                                                \
    X(SYSTEM, "the operating system refused")                                                      \
    X(TIMEOUT, "no answer in time")                                                                \
    X(CLOSED, "the connection is gone")                                                            \
    X(REFUSED, "the other side refused")                                                           \
    X(UNKNOWN, "not known")

enum err {
#define X(name, text) ERR_##name,
    ERR_TABLE(X)
#undef X
};

/* What went wrong, in words; a constant string. */
const char *err_text(enum err err);

#endif
