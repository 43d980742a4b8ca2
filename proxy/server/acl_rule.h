#ifndef PODIS_PROXY_SERVER_ACL_RULE_H
#define PODIS_PROXY_SERVER_ACL_RULE_H

/* Rules: one word of ACL SETUSER, or of a user's line in a file, and what it does to a user.
 *
 *     on off nopass resetpass reset clearselectors …   the user
 *     >password <password #hash !hash                  its passwords
 *     ~pattern %R~pattern &pattern allkeys …           keys and channels of its own selector
 *     +command -command|sub +@category allcommands …   commands of the same
 *     (rules of keys, channels and commands)           another selector */

#include "proxy/server/acl_user.h"

enum acl_rule_error {
    ACL_RULE_FINE,
    ACL_RULE_SYNTAX,
    ACL_RULE_UNKNOWN,        /* Command or category. */
    ACL_RULE_AFTER_ALL_KEYS, /* A pattern where any key is allowed. */
    ACL_RULE_AFTER_ALL_CHANNELS,
    ACL_RULE_ARG_OF_SUBCOMMAND,
    ACL_RULE_NO_SUCH_PASSWORD,
    ACL_RULE_BAD_HASH,
};
/* In Redis's words. */
const char *acl_rule_error_text(enum acl_rule_error error);

/* Changes the user, unless the rule is wrong. `all_channels`: what a user may listen to after
 * "reset" (acl-pubsub-default). */
enum acl_rule_error acl_rule_apply(struct acl_user *user, struct span rule, bool all_channels);

/* Whether a user may be called that: no spaces, no NULs. */
bool acl_rule_name_fits(struct span name);

#endif
