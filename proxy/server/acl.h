#ifndef PODIS_PROXY_SERVER_ACL_H
#define PODIS_PROXY_SERVER_ACL_H

/* Users and sessions: who is logged in as whom, and what they are let do.
 *
 * Whether a session may do everything is worked out when it or its user changes, and is one flag
 * (session->unrestricted) for dispatch.c to look at; all others have each request checked. A
 * session whose `user` is NULL is another podis, or proved that it knows the mesh's secret: what
 * such a one asks for was checked where it came in. */

#include "proxy/server/acl_check.h"
#include "proxy/server/acl_log.h"

struct acl_users;
struct server;
struct session;

/* --- requests --- */

/* Whether the session may run the request, which fits its row. What is denied is noted for ACL
 * LOG. */
enum acl_denial acl_admit(struct session *session, const struct request *request,
                          enum acl_context context);
/* The same question, asked out of curiosity: nothing is noted. */
bool acl_may(const struct session *session, const struct request *request);

/* NULL, or the reply to a SORT that looks at keys which the session may not read ("ERR …"). */
const char *acl_sort_refusal(const struct session *session, const struct request *request);

/* Why, in Redis's words: at the top level, of EXEC, in a script. */
void acl_refuse(struct reply *reply, const struct request *request, enum acl_denial denial);
void acl_refuse_in_exec(struct reply *reply, enum acl_denial denial);
const char *acl_refusal_in_script(enum acl_denial denial);

/* --- logging in --- */

/* A session that begins, or begins anew. */
void acl_welcome(struct session *session);
/* Who proved to be a member of the mesh may do everything. */
void acl_trust(struct session *session);
/* False if there is no such user, or it may not log in with this password; noted for ACL LOG with
 * the command's word. */
bool acl_login(struct session *session, struct span user, struct span password, struct span word);

/* Whether there is a password for "default" at the session's access point. */
bool acl_has_password(const struct session *session);
/* Whether who comes in there has to log in first. */
bool acl_wants_password(const struct session *session);
/* "default", or who it is; "(superuser)" for members of the mesh. */
const char *acl_name_of(const struct session *session);

/* --- users that change --- */

/* `changed` is what the user is to be: what it listens to without the right to is closed, and the
 * user is as told from now on. Takes `changed`. */
void acl_change_user(struct server *server, struct acl_user *user, struct acl_user **take_changed);
/* Its sessions are closed. Not "default". */
void acl_remove_user(struct server *server, struct acl_user *user);
/* All users are replaced; "default" stays where it is and keeps its sessions, those of all others
 * are closed. Takes `next`, which has a "default". */
void acl_replace_users(struct server *server, struct acl_users *take_next);
/* As a file of ACL rules or the lines of a configuration have it; see acl_file.h. False: they are
 * wrong, and everything stays as it was. At start only. */
bool acl_start(struct server *server, char *why, size_t why_size);
/* What the configuration says about users in general. */
void acl_configure(struct server *server);

#endif
