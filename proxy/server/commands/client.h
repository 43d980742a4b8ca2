#ifndef PODIS_PROXY_SERVER_COMMANDS_CLIENT_H
#define PODIS_PROXY_SERVER_COMMANDS_CLIENT_H

/* CLIENT's handlers that are in files of their own. The rows are in client.c; those of CLIENT
 * TRACKING are in tracking.h. */

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct call;
struct session;

void client_info(struct call *c); /* client_list.c */
void client_list(struct call *c); /* " */
void client_kill(struct call *c); /* client_kill.c */

/* What CLIENT LIST says about a client, without the line's end. */
void client_describe(struct buf *text, const struct session *session);

/* An enum client_class, or CLIENT_CLASSES for our primary. */
int client_class(const struct session *session);

/* The class that argv[at] names, as client_class() says it. Replies if it
 * returns false. */
enum { CLIENT_ANY_CLASS = -1 };
bool client_take_class(struct call *c, size_t at, int *class);

#endif
