#ifndef PODIS_PROXY_SERVER_ACL_FILE_H
#define PODIS_PROXY_SERVER_ACL_FILE_H

/* Users in files: aclfile, and the `user` lines of a configuration.
 *
 *     user alice on #9f86d0… ~cache:* resetchannels -@all +@read
 *
 * is "user", a name, and rules as for ACL SETUSER, with single spaces between. */

#include "cache/base/file.h"
#include "proxy/server/acl_users.h"

/* Reads a file into `next`, whose users are as acl_users_init() left them. Who is not in the file
 * is not there any more, except "default". False: `why` has all that is wrong, in Redis's words. */
bool acl_file_load(const struct file_ops *ops, const char *path, struct acl_users *next,
                   struct buf *why);

/* The same from a configuration, each line without "user" and quoted as there. */
bool acl_file_take_lines(const struct option_list *lines, struct acl_users *next, struct buf *why);

/* Writes all users, passwords hashed: beside the file, then over it. 0, or an errno with a minus in
 * front: then the file is as it was. */
must_check int acl_file_save(const struct file_ops *ops, const char *path,
                             const struct acl_users *users);

/* The lines for a configuration. Nobody but "default", and nothing said about it but its
 * password: none, as requirepass says it all. */
void acl_file_add_lines(const struct acl_users *users, struct option_list *lines);

#endif
