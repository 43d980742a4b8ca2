#ifndef PODIS_PROXY_SERVER_ACL_USERS_H
#define PODIS_PROXY_SERVER_ACL_USERS_H

/* All users, by name. There always is one called "default", whose address never changes: new
 * connections are its. */

#include "cache/base/sha256.h"
#include "proxy/server/acl_user.h"

struct acl_users {
    const struct command_table *commands;
    struct acl_user **users; /* In order of their names. */
    size_t count;
    struct acl_user *first;             /* "default" */
    bool listen;                        /* New users may use all channels: acl-pubsub-default. */
    char password[SHA256_TEXT_LEN + 1]; /* Of requirepass, as last told; "": none. */
};

/* "default" may log in without a password and do everything. */
void acl_users_init(struct acl_users *users, const struct command_table *commands);
void acl_users_fini(struct acl_users *users);

/* NULL if there is none. */
struct acl_user *acl_users_find(const struct acl_users *users, struct span name);
/* A new user as ACL SETUSER begins with; not one of them yet. */
struct acl_user *acl_users_make(const struct acl_users *users, struct span name);
/* There is none of that name. */
void acl_users_add(struct acl_users *users, struct acl_user **take_user);
/* It is not freed. Not "default". */
void acl_users_remove(struct acl_users *users, struct acl_user *user);

/* Exchanges all users; each "default" becomes what the other was, where it is. */
void acl_users_swap(struct acl_users *users, struct acl_users *others);

/* requirepass: the password of "default", or "" for none. Nothing happens if it is the same that
 * was told last, since ACL SETUSER may have changed it meanwhile. */
void acl_users_set_password(struct acl_users *users, struct span password);

#endif
