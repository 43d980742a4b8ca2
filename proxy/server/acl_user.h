#ifndef PODIS_PROXY_SERVER_ACL_USER_H
#define PODIS_PROXY_SERVER_ACL_USER_H

/* A user: who may log in, and what for (https://redis.io/docs/management/security/acl/). */

#include "proxy/server/acl_selector.h"

struct acl_user {
    char *name;
    bool enabled;                                 /* New logins; who is in stays in. */
    bool nopass;                                  /* Any password will do. */
    bool sanitize_payload, skip_sanitize_payload; /* What was said; neither is known at first. */
    struct option_list passwords;                 /* SHA-256 of each, 64 hex digits. */
    struct acl_selector **selectors;              /* The first one is the user's own. */
    size_t selector_count;
};

/* Off, without a password, and allowed nothing. */
struct acl_user *acl_user_new(struct span name, const struct command_table *commands);
void acl_user_free(struct acl_user *user);
struct acl_user *acl_user_copy(const struct acl_user *user);
/* Makes `to` what `from` is, and the other way round; the names stay. */
void acl_user_swap(struct acl_user *to, struct acl_user *from);

static inline struct acl_selector *acl_user_root(const struct acl_user *user)
{
    return user->selectors[0];
}

void acl_user_add_selector(struct acl_user *user, struct acl_selector **take_selector);
void acl_user_clear_selectors(struct acl_user *user); /* But its own. */

/* Whether this is one of the hashes. */
bool acl_user_has_password(const struct acl_user *user, struct span hash);
void acl_user_add_password(struct acl_user *user, struct span hash);
/* False if there is no such one. */
bool acl_user_remove_password(struct acl_user *user, struct span hash);

/* Whether somebody who says this may log in. Takes as long for a user who does not exist (NULL). */
bool acl_user_accepts(const struct acl_user *user, struct span password);

/* Whether it may do everything. */
bool acl_user_is_unrestricted(const struct acl_user *user);

/* "on nopass ~* &* +@all": rules that make a new user equal to this one. */
void acl_user_describe(const struct acl_user *user, struct buf *out);

#endif
