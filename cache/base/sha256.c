/* SHA-256, which is libmd's. What was hashed is a secret, so nothing of it is left behind. */

#include "cache/base/sha256.h"

#include <sha2.h>
#include <stdint.h>
#include <sys/types.h>

void sha256_text(struct span bytes, char text[SHA256_TEXT_LEN + 1])
{
    static const char digits[] = "0123456789abcdef";
    uint8_t sum[SHA256_TEXT_LEN / 2];
    SHA2_CTX context;

    SHA256Init(&context);
    SHA256Update(&context, (const uint8_t *)bytes.bytes, bytes.len);
    SHA256Final(sum, &context);
    for (size_t i = 0; i < sizeof(sum); i++) {
        text[2 * i] = digits[sum[i] >> 4];
        text[2 * i + 1] = digits[sum[i] & 15];
    }
    text[SHA256_TEXT_LEN] = '\0';
    explicit_bzero(&context, sizeof(context));
    explicit_bzero(sum, sizeof(sum));
}
