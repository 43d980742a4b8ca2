#ifndef PODIS_PROXY_PEERS_TIDINGS_H
#define PODIS_PROXY_PEERS_TIDINGS_H

/* For clients here that keep copies of their own (CLIENT TRACKING): what they read at another
 * member, that member remembers for our link, as it does for our near copies, and tells us when
 * it changes. Whom to tell here is the server's affair (struct peers_tidings).
 *
 *     CLIENT CACHING YES        in one write with the read: the owner remembers its keys
 *     GET key
 *     PODIS.MESH FOLLOW prefix  it tells of every change of such a key (BCAST)
 *
 * A read counts from when it is answered: an invalidation that came before the answer was of
 * something older. When a link is lost, or there is another map of owners, anything may have
 * changed. */

#include "cache/base/buf.h"
#include "proxy/peers/inside.h"

/* More prefixes than these are followed as one that all keys have. */
enum { PREFIXES_MAX = 256 };

/* The next request on this link reads for a client that tracks. False: it cannot be sent. */
must_check bool tidings_ahead(struct lane *lane, uint64_t deadline_ms);

/* Such a request was answered; the keys are words (words.h). */
void tidings_of_read(struct peers *peers, const struct peers_request *request, struct span keys);
/* The same of one that was run here. */
void tidings_of_own(struct peers *peers, const struct peers_request *request);
/* NULL: any key may have changed. */
void tidings_of_change(struct peers *peers, const struct span *key);

/* The keys of a request as words, in memory that is to be given to memory_free(). */
struct span tidings_keys(const struct peers_request *request);

/* A link is ready: it is told what is followed. */
void tidings_lane_ready(struct peers *peers, struct lane *lane);

#endif
