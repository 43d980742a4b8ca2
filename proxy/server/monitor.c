/* Requests as monitors see them.
 *
 *     +1700000000.123456 [0 127.0.0.1:50000] "set" "key" "a\x00b"\r\n
 *       time              database, client    words, what is not printable as escapes
 *
 * A request is shown when it has been run, with the database that the client is in then, so that
 * EXEC stands behind what it ran and a refused request is not shown at all. A script is shown
 * before it runs, and what it calls behind it, with "lua" in place of the client. What administers
 * the server is nobody's business, nor is what members of a mesh say about their links, and
 * passwords are taken out (secrets.c).
 *
 * A line is written once and copied to each monitor. It goes the way of all messages
 * (session_push_begin), so a monitor that does not read meets its client-output-buffer-limit like
 * everybody else, and slows nobody down.
 *
 * While nobody monitors, nothing here is reached: SPECIAL_MONITORED is one of the reasons for
 * which dispatch() leaves its straight way. */

#include "proxy/server/monitor.h"

#include "cache/base/check.h"
#include "cache/base/memory.h"
#include "proxy/server/secrets.h"
#include "proxy/server/session.h"
#include "proxy/server/state.h"

#include <stdio.h>
#include <time.h>

enum {
    ESCAPE_MAX = 4, /* \xff */
    AT_ONCE = 256,  /* Bytes of a word that are escaped in one go. */
};

struct monitor {
    struct session *session;
    struct monitor *next, *previous;
};

bool monitor_begin(struct session *session)
{
    struct server *server = session->server;

    if (session->monitor != NULL) {
        return false;
    }
    struct monitor *monitor = memory_alloc(sizeof(*monitor));
    *monitor = (struct monitor){ .session = session, .previous = server->monitors.last };
    if (monitor->previous == NULL) {
        server->monitors.first = monitor;
    } else {
        monitor->previous->next = monitor;
    }
    server->monitors.last = monitor;
    session->monitor = monitor;
    server->special |= SPECIAL_MONITORED;
    return true;
}

void monitor_end(struct session *session)
{
    struct monitor *monitor = session->monitor;
    struct server *server = session->server;

    if (monitor == NULL) {
        return;
    }
    if (monitor->previous == NULL) {
        server->monitors.first = monitor->next;
    } else {
        monitor->previous->next = monitor->next;
    }
    if (monitor->next == NULL) {
        server->monitors.last = monitor->previous;
    } else {
        monitor->next->previous = monitor->previous;
    }
    session->monitor = NULL;
    memory_free(monitor);
    if (server->monitors.first == NULL) {
        server->special &= ~(unsigned)SPECIAL_MONITORED;
    }
}

enum monitor_moment monitor_moment(const struct session *session, const struct command *command)
{
    bool about_links = session->greeted && command->flags & CMD_SESSION;

    if (command->flags & CMD_SKIP_MONITOR) {
        return command->categories & ACL_SCRIPTING ? MONITOR_BEFORE : MONITOR_NEVER;
    }
    return command->flags & CMD_ADMIN || about_links ? MONITOR_NEVER : MONITOR_AFTER;
}

/* Writes how the byte is shown; returns how long that is. */
static size_t escape(unsigned char byte, char text[ESCAPE_MAX])
{
    static const char named[] = "\nn\rr\tt\aa\bb\\\\\"\"";
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i + 1 < sizeof(named); i += 2) {
        if (byte == (unsigned char)named[i]) {
            text[0] = '\\';
            text[1] = named[i + 1];
            return 2;
        }
    }
    if (byte >= ' ' && byte <= '~') {
        text[0] = (char)byte;
        return 1;
    }
    text[0] = '\\';
    text[1] = 'x';
    text[2] = digits[byte >> 4];
    text[3] = digits[byte & 15];
    return 4;
}

static void add_word(struct buf *line, struct span word)
{
    buf_add(line, SPAN("\""));
    for (size_t at = 0; at < word.len;) {
        char text[AT_ONCE * ESCAPE_MAX];
        size_t end = word.len - at < AT_ONCE ? word.len : at + AT_ONCE;
        size_t len = 0;
        while (at < end) {
            len += escape((unsigned char)word.bytes[at++], text + len);
        }
        buf_add(line, (struct span){ text, len });
    }
    buf_add(line, SPAN("\""));
}

static void write_line(struct buf *line, int db, const char *client, const struct request *request)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    buf_addf(line, "+%lld.%06ld [%d %s]", (long long)now.tv_sec, now.tv_nsec / 1000, db, client);
    for (size_t at = 0; at < request->argc; at++) {
        buf_add(line, SPAN(" "));
        add_word(line, secrets_shown(request, at));
    }
    buf_add(line, SPAN("\r\n"));
}

static void tell(struct server *server, int db, const char *client, const struct request *request)
{
    struct buf line;

    buf_init(&line, SIZE_MAX / 2);
    write_line(&line, db, client, request);
    for (struct monitor *at = server->monitors.first; at != NULL; at = at->next) {
        struct reply *reply = session_push_begin(at->session);
        reply_raw(reply, buf_span(&line));
        session_push_end(at->session);
    }
    buf_fini(&line);
}

void monitor_tell(struct server *server, const struct session *session,
                  const struct request *request)
{
    char address[SESSION_ADDRESS_MAX];
    char client[SESSION_ADDRESS_MAX + sizeof("unix:")];

    session_address(session, false, address);
    if (session->unix_socket) {
        address[strlen(address) - strlen(":0")] = '\0';
    }
    snprintf(client, sizeof(client), "%s%s", session->unix_socket ? "unix:" : "", address);
    tell(server, session->db, client, request);
}

void monitor_tell_scripted(struct server *server, int db, const struct request *request)
{
    tell(server, db, "lua", request);
}
