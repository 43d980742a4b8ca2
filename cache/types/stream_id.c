/* Ids of stream entries. */

#include "cache/types/stream_id.h"

#include "cache/base/number.h"

#include <errno.h>
#include <stdlib.h>

enum { HALF = STREAM_ID_BYTES / 2, PARSED_MAX = 127 };

bool stream_id_increment(struct stream_id *id)
{
    if (id->ms == UINT64_MAX && id->seq == UINT64_MAX) {
        return false;
    }
    id->seq++;
    id->ms += id->seq == 0;
    return true;
}

bool stream_id_decrement(struct stream_id *id)
{
    if (stream_id_is_zero(*id)) {
        return false;
    }
    id->ms -= id->seq == 0;
    id->seq--;
    return true;
}

static void write_half(uint8_t *bytes, uint64_t number)
{
    for (size_t i = 0; i < HALF; i++) {
        bytes[i] = (uint8_t)(number >> (8 * (HALF - 1 - i)));
    }
}

static uint64_t read_half(const uint8_t *bytes)
{
    uint64_t number = 0;

    for (size_t i = 0; i < HALF; i++) {
        number = number << 8 | bytes[i];
    }
    return number;
}

void stream_id_write(uint8_t bytes[STREAM_ID_BYTES], struct stream_id id)
{
    write_half(bytes, id.ms);
    write_half(bytes + HALF, id.seq);
}

struct stream_id stream_id_read(const uint8_t bytes[STREAM_ID_BYTES])
{
    return (struct stream_id){ read_half(bytes), read_half(bytes + HALF) };
}

size_t stream_id_format(char text[STREAM_ID_TEXT_MAX], struct stream_id id)
{
    size_t len = number_format_unsigned(text, id.ms);

    text[len++] = '-';
    return len + number_format_unsigned(text + len, id.seq);
}

/* What is not the plain form of a number goes to strtoull, as in Redis, which lets spaces and
 * zeroes in front pass. */
static bool parse_half(struct span text, uint64_t *number)
{
    char copy[PARSED_MAX + 1];
    char *end;
    int64_t plain;

    if (number_parse(text, &plain)) {
        *number = (uint64_t)plain;
        return plain >= 0;
    }
    memcpy(copy, text.bytes, text.len);
    copy[text.len] = '\0';
    errno = 0;
    *number = strtoull(copy, &end, 10);
    return errno == 0 && text.len > 0 && *end == '\0';
}

bool stream_id_parse(struct span text, uint64_t missing_seq, struct stream_id *id, bool *any_seq)
{
    /* A zero byte ends the text. */
    const char *zero = text.len > 0 ? memchr(text.bytes, '\0', text.len) : NULL;
    size_t len = zero == NULL ? text.len : (size_t)(zero - text.bytes);

    if (text.len > PARSED_MAX || len == 0) {
        return false;
    }
    const char *dash = memchr(text.bytes, '-', len);
    struct span ms = { text.bytes, dash == NULL ? len : (size_t)(dash - text.bytes) };
    if (!parse_half(ms, &id->ms)) {
        return false;
    }
    if (dash == NULL) {
        id->seq = missing_seq;
        return true;
    }
    struct span seq = { dash + 1, len - ms.len - 1 };
    if (any_seq != NULL && span_equal(seq, SPAN("*"))) {
        *any_seq = true;
        id->seq = 0;
        return true;
    }
    return parse_half(seq, &id->seq);
}
