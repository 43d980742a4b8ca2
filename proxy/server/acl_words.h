#ifndef PODIS_PROXY_SERVER_ACL_WORDS_H
#define PODIS_PROXY_SERVER_ACL_WORDS_H

/* Rules as they come, as words, of which a selector may take several: "(+get", "~a)". */

#include "cache/base/buf.h"

struct acl_words {
    const struct span *words;
    size_t count;
    size_t at;
    struct buf joined;
};

/* Every selector is closed: acl_words_unclosed() says so. */
void acl_words_init(struct acl_words *words, const struct span *argv, size_t argc);
void acl_words_fini(struct acl_words *words);
/* The next rule, borrowed until the one after it; false at the end. */
bool acl_words_next(struct acl_words *words, struct span *rule);

/* The place of a word that opens a selector which is never closed; `argc` if there is none. */
size_t acl_words_unclosed(const struct span *argv, size_t argc);

#endif
