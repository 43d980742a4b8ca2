/* `podis status`: INFO, on one page for a person.
 *
 *     podis 0.1.0, up 3 h 12 min, process 7
 *     topology   mesh of 3 members
 *     memory     1.21M used of 64.00M, 4.80M in RAM
 *     …
 */

#include "sidecar/status.h"

#include "cache/base/number.h"
#include "sidecar/client.h"

#include <inttypes.h>
#include <stdio.h>

enum { INFO_MAX = 4 << 20, FIELD_MAX = 256 };

/* Takes the next line off the text. */
static bool next_line(struct span *rest, struct span *line)
{
    if (rest->len == 0) {
        return false;
    }
    const char *end = memchr(rest->bytes, '\n', rest->len);
    size_t len = end == NULL ? rest->len : (size_t)(end - rest->bytes);
    *line = (struct span){ rest->bytes, len };
    *rest = span_skip(*rest, end == NULL ? len : len + 1);
    if (line->len > 0 && line->bytes[line->len - 1] == '\r') {
        line->len--;
    }
    return true;
}

static bool begins(struct span text, struct span start)
{
    return text.len >= start.len && memcmp(text.bytes, start.bytes, start.len) == 0;
}

/* What stands behind `name` and one more byte, up to `stop` or the end: a line of INFO with ':' and
 * no stop, a part of one with '=' and ','. Empty if it is not there. */
static struct span part(struct span text, const char *name, char stop)
{
    struct span key = span_from(name);
    struct span piece;

    while (text.len > 0) {
        const char *end = memchr(text.bytes, stop, text.len);
        piece = (struct span){ text.bytes, end == NULL ? text.len : (size_t)(end - text.bytes) };
        text = span_skip(text, end == NULL ? text.len : piece.len + 1);
        if (piece.len > key.len && begins(piece, key) && strchr(":=", piece.bytes[key.len])) {
            piece = span_skip(piece, key.len + 1);
            if (piece.len > 0 && piece.bytes[piece.len - 1] == '\r') {
                piece.len--;
            }
            return piece;
        }
    }
    return SPAN("");
}

static uint64_t figure(struct span info, const char *name)
{
    uint64_t number = 0;
    return number_parse_unsigned(part(info, name, '\n'), &number) ? number : 0;
}

static const char *field(struct span info, const char *name, char text[FIELD_MAX])
{
    struct span value = part(info, name, '\n');
    snprintf(text, FIELD_MAX, "%.*s", (int)value.len, value.bytes);
    return text;
}

static void print_duration(uint64_t seconds, struct buf *page)
{
    if (seconds >= 2 * 86400) {
        buf_addf(page, "%" PRIu64 " days %" PRIu64 " h", seconds / 86400, seconds / 3600 % 24);
    } else if (seconds >= 3600) {
        buf_addf(page, "%" PRIu64 " h %" PRIu64 " min", seconds / 3600, seconds / 60 % 60);
    } else if (seconds >= 60) {
        buf_addf(page, "%" PRIu64 " min %" PRIu64 " s", seconds / 60, seconds % 60);
    } else {
        buf_addf(page, "%" PRIu64 " s", seconds);
    }
}

static void print_head(struct span info, struct buf *page)
{
    char version[FIELD_MAX];
    uint64_t members = figure(info, "mesh_members");

    buf_addf(page, "podis %s, up ", field(info, "podis_version", version));
    print_duration(figure(info, "uptime_in_seconds"), page);
    buf_addf(page, ", process %" PRIu64 "\n", figure(info, "process_id"));
    if (figure(info, "mesh_enabled") == 1) {
        buf_addf(page, "topology   mesh of %" PRIu64 " member%s\n", members,
                 members == 1 ? "" : "s");
    } else {
        buf_addf(page, "topology   alone\n");
    }
}

static void print_memory(struct span info, struct buf *page)
{
    char used[FIELD_MAX], most[FIELD_MAX], resident[FIELD_MAX];

    buf_addf(page, "memory     %s used", field(info, "used_memory_human", used));
    if (figure(info, "maxmemory") > 0) {
        buf_addf(page, " of %s", field(info, "maxmemory_human", most));
    }
    buf_addf(page, ", %s in RAM\n", field(info, "used_memory_rss_human", resident));
}

static void print_share(struct buf *page, const char *title, uint64_t hits, uint64_t misses)
{
    buf_addf(page, "%s", title);
    if (hits + misses == 0) {
        buf_addf(page, "none yet\n");
        return;
    }
    buf_addf(page, "%.1f %% hits (%" PRIu64 " of %" PRIu64 ")\n",
             100.0 * (double)hits / (double)(hits + misses), hits, hits + misses);
}

static void print_keys(struct span info, struct buf *page)
{
    struct span line;
    bool any = false;

    while (next_line(&info, &line)) {
        if (begins(line, SPAN("db")) && memmem(line.bytes, line.len, ":keys=", 6) != NULL) {
            const char *colon = memchr(line.bytes, ':', line.len);
            struct span rest = span_skip(line, (size_t)(colon - line.bytes) + 1);
            struct span keys = part(rest, "keys", ',');
            struct span expiring = part(rest, "expires", ',');
            buf_addf(page, "%s%.*s: %.*s, %.*s with a time to live\n",
                     any ? "           " : "keys       ", (int)(colon - line.bytes), line.bytes,
                     (int)keys.len, keys.bytes, (int)expiring.len, expiring.bytes);
            any = true;
        }
    }
    if (!any) {
        buf_addf(page, "keys       none\n");
    }
}

static void print_member(struct span line, struct buf *page)
{
    struct span host = part(line, "host", ',');
    struct span port = part(line, "port", ',');
    struct span state = part(line, "state", ',');
    struct span slots = part(line, "slots", ',');
    struct span near = part(line, "near_keys", ',');
    struct span waiting = part(line, "waiting", ',');

    buf_addf(page, "  %.*s:%.*s  %.*s, %.*s slots, %.*s near keys, %.*s waiting\n", (int)host.len,
             host.bytes, (int)port.len, port.bytes, (int)state.len, state.bytes, (int)slots.len,
             slots.bytes, (int)near.len, near.bytes, (int)waiting.len, waiting.bytes);
}

static void print_mesh(struct span info, struct buf *page)
{
    struct span line;

    if (figure(info, "mesh_enabled") != 1) {
        return;
    }
    print_share(page, "near reads ", figure(info, "near_hits"), figure(info, "near_misses"));
    buf_addf(page, "forwarded  %" PRIu64 ", of which %" PRIu64 " failed\n",
             figure(info, "forwards"), figure(info, "forward_errors"));
    buf_addf(page, "members\n");
    while (next_line(&info, &line)) {
        const char *colon = memchr(line.bytes, ':', line.len);
        if (colon != NULL && begins(line, SPAN("peer")) &&
            memmem(line.bytes, line.len, ":host=", 6) != NULL) {
            print_member(span_skip(line, (size_t)(colon - line.bytes) + 1), page);
        }
    }
}

void status_print(struct span info, struct buf *page)
{
    print_head(info, page);
    print_memory(info, page);
    buf_addf(page, "clients    %" PRIu64 " connected, %" PRIu64 " commands/s, %" PRIu64 " in all\n",
             figure(info, "connected_clients"), figure(info, "instantaneous_ops_per_sec"),
             figure(info, "total_commands_processed"));
    print_share(page, "reads      ", figure(info, "keyspace_hits"),
                figure(info, "keyspace_misses"));
    print_keys(info, page);
    print_mesh(info, page);
}

enum err status_ask(int fd, const char *password, struct buf *page)
{
    const struct span info[] = { SPAN("INFO"), SPAN("everything") };
    const struct span auth[] = { SPAN("AUTH"), span_from(password == NULL ? "" : password) };
    struct buf text;

    buf_init(&text, INFO_MAX);
    enum err err = password == NULL ? ERR_OK : client_ask(fd, auth, COUNT(auth), &text);
    if (err == ERR_OK) {
        err = client_ask(fd, info, COUNT(info), &text);
    }
    if (err == ERR_OK) {
        status_print(buf_span(&text), page);
    } else {
        buf_add(page, buf_span(&text));
    }
    buf_fini(&text);
    return err;
}
