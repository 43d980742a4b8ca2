#ifndef PODIS_CACHE_SCRIPT_SCRIPTS_H
#define PODIS_CACHE_SCRIPT_SCRIPTS_H

/* The scripts that EVAL and SCRIPT LOAD have brought, by the SHA-1 of their text. They stay until
 * SCRIPT FLUSH; their number has no bound, as in Redis, but INFO tells what they take. */

#include "cache/base/digest.h"
#include "cache/call.h"

struct script;
struct scripts;

enum { SCRIPT_NAME_LEN = 2 * DIGEST_BYTES };

/* Frees all of them, and their interpreter. Accepts NULL. */
void scripts_free(struct scripts *scripts);

/* The script of that SHA-1, case ignored; NULL if there is none. */
const struct script *scripts_find(const struct cache *cache, struct span name);

/* The script of that text, compiled now if it is new. NULL after the reply: it is wrong. */
const struct script *scripts_add(struct call *c, struct span text);

/* The same for who does not run it but passes it on; whether it is wrong is for others to say. */
void scripts_remember(struct cache *cache, struct span text);

const char *script_name(const struct script *script);
unsigned script_flags(const struct script *script); /* enum script_flag */
struct span script_text(const struct script *script);

/* Runs it with call->argv[3] on as keys and arguments, and writes the reply. */
void scripts_run(struct call *c, const struct script *script, size_t key_count, bool read_only);

/* Forgets all of them. With `at_once` false their memory is given back a little later. */
void scripts_flush(struct cache *cache, bool at_once);

struct scripts_stats {
    uint64_t count;
    size_t interpreter_bytes; /* Of Lua. */
    size_t text_bytes;        /* Of the scripts' texts and their table. */
};
struct scripts_stats scripts_stats(const struct cache *cache);

#endif
