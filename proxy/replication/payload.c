/* Takes a snapshot out of what a primary sends. */

#include "proxy/replication/payload.h"

#include "cache/base/number.h"

void payload_init(struct payload *payload)
{
    *payload = (struct payload){ .state = PAYLOAD_LINE };
}

static void end_of_line(struct payload *payload)
{
    struct span line = { payload->line, payload->line_len };
    int64_t total;

    payload->line_len = 0;
    if (line.len > 0 && line.bytes[line.len - 1] == '\r') {
        line.len--;
    }
    payload->line[line.len] = '\0';
    if (line.len == 0) {
        return; /* It is alive. */
    }
    struct span rest = span_skip(line, 1);
    if (line.len == 1 + 4 + PAYLOAD_MARK_LEN && memcmp(line.bytes, "$EOF:", 5) == 0) {
        memcpy(payload->mark, line.bytes + 5, PAYLOAD_MARK_LEN);
        payload->state = PAYLOAD_MARKED;
    } else if (line.bytes[0] == '$' && number_parse(rest, &total) && total >= 0) {
        payload->total = (uint64_t)total;
        payload->state = total == 0 ? PAYLOAD_DONE : PAYLOAD_COUNTED;
    } else {
        payload->state = PAYLOAD_FAILED;
    }
}

static size_t feed_line(struct payload *payload, struct span in)
{
    const char *end = memchr(in.bytes, '\n', in.len);
    size_t len = end == NULL ? in.len : (size_t)(end - in.bytes);

    if (len >= PAYLOAD_LINE_MAX - payload->line_len) {
        payload->line[payload->line_len] = '\0';
        payload->state = PAYLOAD_FAILED;
        return len;
    }
    memcpy(payload->line + payload->line_len, in.bytes, len);
    payload->line_len += len;
    if (end == NULL) {
        return len;
    }
    end_of_line(payload);
    return len + 1;
}

static size_t feed_counted(struct payload *payload, struct span in,
                           void (*take)(void *context, struct span bytes), void *context)
{
    uint64_t left = payload->total - payload->len;
    struct span bytes = { in.bytes, in.len < left ? in.len : (size_t)left };

    take(context, bytes);
    payload->len += bytes.len;
    if (payload->len == payload->total) {
        payload->state = PAYLOAD_DONE;
    }
    return bytes.len;
}

static void give(struct payload *payload, struct span bytes,
                 void (*take)(void *context, struct span bytes), void *context)
{
    if (bytes.len > 0) {
        take(context, bytes);
        payload->len += bytes.len;
    }
}

/* The mark is what the connection says last before our first acknowledgement, so it ends what was
 * read: the primary sends nothing more until it has heard of us. */
static size_t feed_marked(struct payload *payload, struct span in,
                          void (*take)(void *context, struct span bytes), void *context)
{
    size_t kept = in.len >= PAYLOAD_MARK_LEN ? 0 : PAYLOAD_MARK_LEN - in.len;

    kept = kept < payload->tail_len ? kept : payload->tail_len;
    size_t gone = payload->tail_len - kept;
    give(payload, (struct span){ payload->tail, gone }, take, context);
    memmove(payload->tail, payload->tail + gone, kept);
    size_t tail = in.len < PAYLOAD_MARK_LEN - kept ? in.len : PAYLOAD_MARK_LEN - kept;
    give(payload, (struct span){ in.bytes, in.len - tail }, take, context);
    memcpy(payload->tail + kept, in.bytes + in.len - tail, tail);
    payload->tail_len = kept + tail;
    if (payload->tail_len == PAYLOAD_MARK_LEN &&
        memcmp(payload->tail, payload->mark, PAYLOAD_MARK_LEN) == 0) {
        payload->state = PAYLOAD_DONE;
    }
    return in.len;
}

size_t payload_feed(struct payload *payload, struct span in,
                    void (*take)(void *context, struct span bytes), void *context)
{
    size_t used = 0;

    while (used < in.len) {
        struct span rest = span_skip(in, used);
        switch (payload->state) {
        case PAYLOAD_LINE:
            used += feed_line(payload, rest);
            break;
        case PAYLOAD_COUNTED:
            used += feed_counted(payload, rest, take, context);
            break;
        case PAYLOAD_MARKED:
            used += feed_marked(payload, rest, take, context);
            break;
        case PAYLOAD_DONE:
        case PAYLOAD_FAILED:
            return used;
        }
    }
    return used;
}
