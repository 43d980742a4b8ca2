#ifndef PODIS_PROXY_SERVER_ACL_LOG_H
#define PODIS_PROXY_SERVER_ACL_LOG_H

/* ACL LOG: what was denied of late, and to whom. What happens again and again within a minute is
 * one entry. */

#include "proxy/server/acl_check.h"

/* Of longer objects and names only the beginning is kept: whoever is denied chose them. */
enum { ACL_LOG_TEXT_MAX = 1024 };

enum acl_context { ACL_TOPLEVEL, ACL_MULTI, ACL_SCRIPT, ACL_MODULE };

/* Something that was denied. */
struct acl_event {
    enum acl_denial denial;
    enum acl_context context;
    struct span object; /* The command, key or channel. */
    struct span user;
    struct span client; /* As CLIENT LIST shows it. */
    uint64_t now_ms;
};

struct acl_entry {
    struct acl_entry *older, *newer;
    uint64_t id; /* From 0, never used twice. */
    uint64_t count;
    enum acl_denial denial;
    enum acl_context context;
    char *object, *user, *client; /* Owned. */
    size_t object_len, user_len;
    uint64_t created_at_ms, updated_at_ms;
};

struct acl_log {
    struct acl_entry *newest, *oldest;
    size_t count;
    uint64_t next_id;
    uint64_t denied[ACL_DENIALS]; /* How often, ever. */
};

/* All zeroes is an empty one. */
void acl_log_fini(struct acl_log *log);
void acl_log_reset(struct acl_log *log); /* What was counted stays. */
void acl_log_add(struct acl_log *log, const struct acl_event *event, size_t max);
/* Forgets the oldest over `max`. */
void acl_log_cut(struct acl_log *log, size_t max);

/* "command", "key" …; "toplevel", "multi" … */
const char *acl_log_reason(enum acl_denial denial);
const char *acl_log_context(enum acl_context context);

#endif
