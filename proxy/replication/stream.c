/* The stream that replicas follow. */

#include "proxy/replication/stream.h"

#include "cache/base/check.h"

void stream_init(struct stream *stream, const char *random)
{
    *stream = (struct stream){ 0 };
    history_begin(&stream->history, random);
    change_text_init(&stream->text);
    buf_init(&stream->pending, SIZE_MAX / 2);
}

void stream_fini(struct stream *stream)
{
    backlog_close(&stream->backlog);
    buf_fini(&stream->pending);
}

void stream_open(struct stream *stream, uint64_t backlog_max)
{
    if (!stream_is_open(stream)) {
        backlog_open(&stream->backlog, backlog_max, stream->history.offset);
        stream_forget_db(stream);
    }
}

void stream_close(struct stream *stream)
{
    change_text_end(&stream->text, &stream->pending);
    buf_fini(&stream->pending);
    buf_init(&stream->pending, SIZE_MAX / 2);
    backlog_close(&stream->backlog);
}

static bool is_made_here(const struct stream *stream)
{
    return stream_is_open(stream) && !stream->following;
}

void stream_change(void *context, const struct change *change)
{
    struct stream *stream = context;

    if (is_made_here(stream)) {
        change_text_add(&stream->text, &stream->pending, change);
    }
}

void stream_request(struct stream *stream, const struct span *argv, size_t argc, bool joined)
{
    const struct change request = { .db = -1, .argv = argv, .argc = argc, .joined = joined };

    stream_change(stream, &request);
}

static void leave(struct stream *stream, struct span bytes)
{
    stream->history.offset += bytes.len;
    if (stream_is_open(stream)) {
        backlog_add(&stream->backlog, bytes);
        if (stream->heard != NULL) {
            stream->heard(stream->context, bytes);
        }
    }
}

void stream_relay(struct stream *stream, struct span bytes)
{
    assert(stream->following);
    assert(stream->pending.len == 0);
    leave(stream, bytes);
}

void stream_flush(struct stream *stream)
{
    enum { KEPT = 64 * 1024 };

    if (stream->pending.len == 0) {
        return;
    }
    change_text_end(&stream->text, &stream->pending);
    leave(stream, buf_span(&stream->pending));
    buf_consume(&stream->pending, stream->pending.len);
    buf_trim(&stream->pending, KEPT);
}

void stream_forget_db(struct stream *stream)
{
    change_text_forget_db(&stream->text);
}
