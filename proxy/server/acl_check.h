#ifndef PODIS_PROXY_SERVER_ACL_CHECK_H
#define PODIS_PROXY_SERVER_ACL_CHECK_H

/* Whether a user may run a request, by its words alone. */

#include "proxy/server/acl_user.h"
#include "proxy/server/request.h"

enum acl_denial {
    ACL_GRANTED,
    ACL_DENIED_COMMAND,
    ACL_DENIED_KEY,
    ACL_DENIED_AUTH, /* Of a login; no request is denied for it. */
    ACL_DENIED_CHANNEL,
};
enum { ACL_DENIALS = ACL_DENIED_CHANNEL + 1 };

/* The request fits its row. `user` NULL may do everything. If a key or a channel is denied, *at is
 * its place in argv. Of several selectors the one that came nearest to allow it counts. */
enum acl_denial acl_check(const struct acl_user *user, const struct request *request, size_t *at);

/* SORT's BY and GET name keys that no rule could be held against: they need the right to read all
 * keys. Returns the name of the option that is denied, or NULL. */
const char *acl_check_sort(const struct acl_user *user, const struct request *request);

#endif
