/* How a replica introduces itself to its primary. */

#include "proxy/replication/greeting.h"

#include "cache/base/number.h"
#include "cache/persist/change_text.h"
#include "proxy/replication/history.h"

#include <stdio.h>

#define SAY(out, ...)                                                                              \
    say((out), (const struct span[]){ __VA_ARGS__ },                                               \
        sizeof((const struct span[]){ __VA_ARGS__ }) / sizeof(struct span))

static void say(struct buf *out, const struct span *words, size_t count)
{
    bool fits = change_text_request(out, words, count);
    assert(fits);
}

static bool begins(struct span line, const char *with)
{
    size_t len = strlen(with);
    return line.len >= len && memcmp(line.bytes, with, len) == 0;
}

static void fail(struct greeting *greeting, const char *what, struct span line)
{
    snprintf(greeting->why, sizeof(greeting->why), "%s: '%.*s'", what, (int)line.len, line.bytes);
    greeting->state = GREETING_FAILED;
}

void greeting_begin(struct greeting *greeting, const struct greeting_words *words, struct buf *out)
{
    *greeting = (struct greeting){ .words = *words, .state = GREETING_PING };
    SAY(out, SPAN("PING"));
}

static void say_details(struct greeting *greeting, struct buf *out)
{
    const struct greeting_words *words = &greeting->words;
    char number[NUMBER_TEXT_MAX];
    struct span port = { number, number_format_unsigned(number, words->announce_port) };

    greeting->answers = 2;
    if (words->password[0] != '\0') {
        greeting->auth = 1;
        greeting->answers++;
        if (words->user[0] != '\0') {
            SAY(out, SPAN("AUTH"), span_from(words->user), span_from(words->password));
        } else {
            SAY(out, SPAN("AUTH"), span_from(words->password));
        }
    }
    SAY(out, SPAN("REPLCONF"), SPAN("listening-port"), port);
    if (words->announce_ip[0] != '\0') {
        greeting->answers++;
        SAY(out, SPAN("REPLCONF"), SPAN("ip-address"), span_from(words->announce_ip));
    }
    SAY(out, SPAN("REPLCONF"), SPAN("capa"), SPAN("eof"), SPAN("capa"), SPAN("psync2"));
    greeting->state = GREETING_DETAILS;
}

static void say_psync(struct greeting *greeting, struct buf *out)
{
    const struct greeting_words *words = &greeting->words;
    char number[NUMBER_TEXT_MAX];

    if (words->history == NULL) {
        SAY(out, SPAN("PSYNC"), SPAN("?"), SPAN("-1"));
    } else {
        struct span offset = { number, number_format_unsigned(number, words->offset) };
        SAY(out, SPAN("PSYNC"), span_from(words->history), offset);
    }
    greeting->state = GREETING_PSYNC;
}

static void on_pong(struct greeting *greeting, struct span line, struct buf *out)
{
    if (!begins(line, "+") && !begins(line, "-NOAUTH") && !begins(line, "-NOPERM") &&
        !begins(line, "-ERR operation not permitted")) {
        fail(greeting, "Error reply to PING from master", line);
        return;
    }
    say_details(greeting, out);
}

/* An old primary may not know a detail, and go without it; but it must know us. */
static void on_detail(struct greeting *greeting, struct span line, struct buf *out)
{
    if (greeting->auth > 0 && begins(line, "-")) {
        fail(greeting, "Unable to AUTH to MASTER", line);
        return;
    }
    greeting->auth = 0;
    if (--greeting->answers == 0) {
        say_psync(greeting, out);
    }
}

static void take_id(struct greeting *greeting, struct span id)
{
    memcpy(greeting->id, id.bytes, HISTORY_ID_LEN);
    greeting->id[HISTORY_ID_LEN] = '\0';
    greeting->has_history = true;
}

static void on_full(struct greeting *greeting, struct span line)
{
    enum { ID_AT = 12, OFFSET_AT = ID_AT + HISTORY_ID_LEN + 1 }; /* "+FULLRESYNC " */
    int64_t offset;

    if (line.len <= OFFSET_AT || !number_parse(span_skip(line, OFFSET_AT), &offset) || offset < 0) {
        fail(greeting, "Master replied with wrong +FULLRESYNC syntax", line);
        return;
    }
    take_id(greeting, span_skip(line, ID_AT));
    greeting->offset = (uint64_t)offset;
    greeting->state = GREETING_FULL;
}

static void on_continue(struct greeting *greeting, struct span line)
{
    enum { ID_AT = 10 }; /* "+CONTINUE " */

    if (greeting->words.history == NULL) {
        fail(greeting, "Master goes on with what was never asked for", line);
        return;
    }
    if (line.len >= ID_AT + HISTORY_ID_LEN) {
        take_id(greeting, span_skip(line, ID_AT));
    } else {
        take_id(greeting, span_from(greeting->words.history));
    }
    greeting->state = GREETING_CONTINUES;
}

static void on_psync(struct greeting *greeting, struct span line, struct buf *out)
{
    if (begins(line, "+FULLRESYNC ")) {
        on_full(greeting, line);
    } else if (begins(line, "+CONTINUE")) {
        on_continue(greeting, line);
    } else if (begins(line, "-NOMASTERLINK") || begins(line, "-LOADING")) {
        fail(greeting, "Master is currently unable to PSYNC but should be in the future", line);
        greeting->state = GREETING_LATER;
    } else if (begins(line, "-ERR")) {
        SAY(out, SPAN("SYNC"));
        greeting->state = GREETING_UNNAMED;
    } else {
        fail(greeting, "Unexpected reply to PSYNC from master", line);
    }
}

static void take_line(struct greeting *greeting, struct buf *out)
{
    struct span line = { greeting->line, greeting->line_len };

    greeting->line_len = 0;
    if (line.len > 0 && line.bytes[line.len - 1] == '\r') {
        line.len--;
    }
    if (line.len == 0) {
        return;
    }
    switch (greeting->state) {
    case GREETING_PING:
        on_pong(greeting, line, out);
        break;
    case GREETING_DETAILS:
        on_detail(greeting, line, out);
        break;
    case GREETING_PSYNC:
        on_psync(greeting, line, out);
        break;
    default:
        unreachable("it is over");
    }
}

size_t greeting_feed(struct greeting *greeting, struct span in, struct buf *out)
{
    size_t used = 0;

    while (used < in.len && !greeting_is_over(greeting)) {
        struct span rest = span_skip(in, used);
        const char *end = memchr(rest.bytes, '\n', rest.len);
        size_t len = end == NULL ? rest.len : (size_t)(end - rest.bytes);
        if (len > GREETING_LINE_MAX - greeting->line_len) {
            fail(greeting, "Master says too much",
                 (struct span){ greeting->line, greeting->line_len });
            return used;
        }
        memcpy(greeting->line + greeting->line_len, rest.bytes, len);
        greeting->line_len += len;
        used += len + (end != NULL);
        if (end != NULL) {
            take_line(greeting, out);
        }
    }
    return used;
}
