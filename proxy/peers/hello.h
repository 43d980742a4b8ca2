#ifndef PODIS_PROXY_PEERS_HELLO_H
#define PODIS_PROXY_PEERS_HELLO_H

/* How two podis introduce themselves.
 *
 *     PODIS.MESH HELLO <version> <mesh> <secret> <node id> <run id> <address> <zone>
 *
 * is the first thing said on a link after HELLO 3. The answer is an array with the same words
 * in the same order, except that the secret is left out. What is not known is an
 * empty word. Another version, mesh or secret is refused with an error that says which. */

#include "cache/reply.h"
#include "proxy/routing/view.h"

enum { HELLO_VERSION = 1, HELLO_WORDS = 9, HELLO_ID_SIZE = 41 };

/* Who we are. The texts are borrowed from whoever set them and must outlive it. */
struct hello {
    const char *mesh;
    const char *secret;
    char node_id[HELLO_ID_SIZE]; /* 40 hex digits, NUL. */
    char run_id[HELLO_ID_SIZE];
    char address[ADDRESS_TEXT_MAX + 8]; /* host:port, "" if we are not in the view. */
    const char *zone;
};

/* The words of our own hello; `version` holds the text of one of them. */
void hello_words(const struct hello *own, char version[8], struct span words[HELLO_WORDS]);

/* Looks at a hello that came, answers it, and says whether it is accepted. */
bool hello_check(const struct hello *own, const struct span *argv, size_t argc,
                 struct reply *reply);

/* Takes the node id out of the answer to our hello; false if it is not such an answer. */
bool hello_read(struct span answer, char node_id[HELLO_ID_SIZE]);

/* 40 hex digits made of a random state. */
void hello_make_id(uint64_t *random, char id[HELLO_ID_SIZE]);

#endif
