/* How two podis introduce themselves. */

#include "proxy/peers/hello.h"

#include "cache/base/check.h"
#include "cache/base/hash.h"
#include "cache/base/number.h"
#include "proxy/peers/walk.h"

#include <stdio.h>

/* Places of the words in a request; in the answer, which has neither the two names nor the
 * secret, the node id comes third. */
enum { AT_VERSION = 2, AT_MESH, AT_SECRET, AT_NODE_ID, AT_RUN_ID, AT_ADDRESS, AT_ZONE };
enum { ANSWER_WORDS = 6, ANSWER_NODE_ID = 2 };

void hello_words(const struct hello *own, char version[8], struct span words[HELLO_WORDS])
{
    snprintf(version, 8, "%d", HELLO_VERSION);
    words[0] = SPAN("PODIS.MESH");
    words[1] = SPAN("HELLO");
    words[AT_VERSION] = span_from(version);
    words[AT_MESH] = span_from(own->mesh);
    words[AT_SECRET] = span_from(own->secret);
    words[AT_NODE_ID] = span_from(own->node_id);
    words[AT_RUN_ID] = span_from(own->run_id);
    words[AT_ADDRESS] = span_from(own->address);
    words[AT_ZONE] = span_from(own->zone);
}

bool hello_check(const struct hello *own, const struct span *argv, size_t argc, struct reply *reply)
{
    int64_t version;

    if (argc != HELLO_WORDS || !number_parse(argv[AT_VERSION], &version)) {
        reply_error(reply, SPAN("ERR not a hello of podis"));
        return false;
    }
    if (version != HELLO_VERSION) {
        reply_errorf(reply, "ERR mesh version %lld is not spoken here, only %d", (long long)version,
                     HELLO_VERSION);
        return false;
    }
    if (!span_equal(argv[AT_MESH], span_from(own->mesh))) {
        reply_errorf(reply, "ERR this is mesh '%s', not yours", own->mesh);
        return false;
    }
    if (!span_is_secret(argv[AT_SECRET], span_from(own->secret))) {
        reply_error(reply, SPAN("WRONGPASS mesh-secret differs"));
        return false;
    }
    reply_array(reply, ANSWER_WORDS);
    reply_bulk_integer(reply, HELLO_VERSION);
    reply_bulk_text(reply, own->mesh);
    reply_bulk_text(reply, own->node_id);
    reply_bulk_text(reply, own->run_id);
    reply_bulk_text(reply, own->address);
    reply_bulk_text(reply, own->zone);
    return true;
}

bool hello_read(struct span answer, char node_id[HELLO_ID_SIZE])
{
    struct element head;

    if (!walk_head(&answer, &head) || head.kind != '*' || head.count < ANSWER_WORDS) {
        return false;
    }
    for (size_t i = 0; i <= ANSWER_NODE_ID; i++) {
        if (!walk_head(&answer, &head) || head.kind != '$' || head.null) {
            return false;
        }
    }
    if (head.text.len != HELLO_ID_SIZE - 1) {
        return false;
    }
    memcpy(node_id, head.text.bytes, head.text.len);
    node_id[head.text.len] = '\0';
    return true;
}

void hello_make_id(uint64_t *random, char id[HELLO_ID_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    uint64_t bits = 0;

    for (size_t i = 0; i < HELLO_ID_SIZE - 1; i++) {
        if (i % 16 == 0) {
            bits = random_next(random);
        }
        id[i] = digits[bits & 15];
        bits >>= 4;
    }
    id[HELLO_ID_SIZE - 1] = '\0';
}
