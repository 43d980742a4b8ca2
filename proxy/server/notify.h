#ifndef PODIS_PROXY_SERVER_NOTIFY_H
#define PODIS_PROXY_SERVER_NOTIFY_H

/* Keyspace notifications: the store's events as messages in the channels __keyspace@DB__:KEY and
 * __keyevent@DB__:EVENT (https://redis.io/docs/manual/keyspace-notifications/).
 *
 * As in a Redis Cluster, a member of a mesh tells what happens to the keys that it owns, to those
 * who listen at that member. */

struct server;

/* Tells what notify-keyspace-events asks for from now on. */
void notify_configure(struct server *server);

#endif
