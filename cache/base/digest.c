/* Sums of data sets. SHA-1 is libmd's. */

#include "cache/base/digest.h"

#include <sha1.h>
#include <sys/types.h>

static void sha1(struct span bytes, uint8_t out[DIGEST_BYTES])
{
    SHA1_CTX context;

    SHA1Init(&context);
    SHA1Update(&context, (const uint8_t *)bytes.bytes, bytes.len);
    SHA1Final(out, &context);
}

void digest_join(struct digest *sum, const struct digest *other)
{
    for (size_t i = 0; i < DIGEST_BYTES; i++) {
        sum->bytes[i] ^= other->bytes[i];
    }
}

void digest_xor(struct digest *sum, struct span bytes)
{
    struct digest piece;

    sha1(bytes, piece.bytes);
    digest_join(sum, &piece);
}

void digest_mix(struct digest *sum, struct span bytes)
{
    digest_xor(sum, bytes);
    struct digest before = *sum;
    sha1((struct span){ (const char *)before.bytes, DIGEST_BYTES }, sum->bytes);
}

void digest_text(const struct digest *sum, char text[2 * DIGEST_BYTES + 1])
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < DIGEST_BYTES; i++) {
        text[2 * i] = digits[sum->bytes[i] >> 4];
        text[2 * i + 1] = digits[sum->bytes[i] & 15];
    }
    text[2 * DIGEST_BYTES] = '\0';
}
