/* A socket with a store behind it that behaves like another podis, or misbehaves. */

#include "tests/unit/proxy/peers/fake_peer.h"

#include "cache/base/check.h"
#include "cache/base/memory.h"
#include "proxy/peers/walk.h"
#include "proxy/peers/words.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

void fake_write(struct fake_connection *connection)
{
    struct span out = buf_span(&connection->out);

    if (connection->fd >= 0 && out.len > 0) {
        ssize_t written = write(connection->fd, out.bytes, out.len);
        assert(written == (ssize_t)out.len);
        buf_cut(&connection->out, 0);
    }
}

void fake_close(struct fake_connection *connection)
{
    if (connection->fd >= 0) {
        ev_io_stop(connection->fake->loop, &connection->watcher);
        close(connection->fd);
        connection->fd = -1; /* Whoever is reading from it still looks at its buffers. */
    }
}

void fake_close_all(struct fake_peer *fake)
{
    for (size_t i = 0; i < FAKE_CONNECTIONS; i++) {
        fake_close(&fake->connections[i]);
    }
}

/* Tells a connection that a key changed; with a NULL key that all did. */
static void push(struct fake_connection *connection, const char *key)
{
    struct reply reply = reply_into(&connection->out, 3);

    reply_push(&reply, 2);
    reply_bulk_text(&reply, "invalidate");
    if (key == NULL) {
        reply_null(&reply);
    } else {
        reply_array(&reply, 1);
        reply_bulk_text(&reply, key);
    }
}

static void tell(struct fake_connection *connection, struct span key)
{
    for (size_t i = 0; i < connection->tracked_count; i++) {
        if (span_equal(span_from(connection->tracked[i]), key)) {
            push(connection, connection->tracked[i]);
            connection->tracked_count--;
            memmove(connection->tracked[i], connection->tracked[connection->tracked_count], 64);
            return;
        }
    }
}

/* Pushes follow the answer of the command that caused them. */
static void changed(void *context, const struct change *change)
{
    struct fake_peer *fake = context;

    for (size_t i = 0; i < FAKE_CONNECTIONS; i++) {
        struct fake_connection *connection = &fake->connections[i];
        if (connection->fd < 0) {
            continue;
        }
        if (change->everything) {
            push(connection, NULL);
            connection->tracked_count = 0;
        }
        for (size_t j = 0; j < change->key_count; j++) {
            tell(connection, change->keys[j]);
        }
    }
}

static void greet(struct fake_connection *connection, const struct span *argv, struct reply *reply)
{
    if (connection->fake->refusal != NULL) {
        reply_error(reply, span_from(connection->fake->refusal));
    } else if (span_is(argv[0], "HELLO")) {
        reply_map(reply, 1);
        reply_bulk_text(reply, "proto");
        reply_integer(reply, 3);
    } else if (span_is(argv[0], "PODIS.MESH") && connection->fake->refuse) {
        reply_error(reply, SPAN("WRONGPASS mesh-secret differs"));
    } else if (span_is(argv[0], "PODIS.MESH")) {
        reply_array(reply, 6);
        reply_bulk_text(reply, "1");
        reply_bulk_text(reply, "default");
        reply_bulk_text(reply, "0123456789012345678901234567890123456789");
        reply_bulk_text(reply, "9876543210987654321098765432109876543210");
        reply_bulk_text(reply, "127.0.0.1:1");
        reply_bulk_text(reply, "");
    } else if (span_is(argv[0], "SELECT")) {
        connection->db = argv[1].bytes[0] - '0';
        reply_ok(reply);
    } else if (span_is(argv[0], "CLIENT")) {
        connection->caching = span_is(argv[1], "CACHING");
        reply_ok(reply);
    } else {
        connection->fake->pings++;
        reply_status(reply, SPAN("PONG"));
    }
}

static bool is_greeting(const struct span *argv)
{
    return span_is(argv[0], "HELLO") || span_is(argv[0], "PODIS.MESH") ||
           span_is(argv[0], "SELECT") || span_is(argv[0], "CLIENT") || span_is(argv[0], "PING");
}

static void run(struct fake_connection *connection, const struct span *argv, size_t argc,
                struct reply *reply)
{
    struct fake_peer *fake = connection->fake;
    struct cache_request request = {
        .command = command_find(fake->commands, argv, argc, NULL),
        .argv = argv,
        .argc = argc,
        .db = connection->db,
        .now_ms = (uint64_t)(ev_time() * 1000),
        .reply = reply,
    };

    fake->asked++;
    fake->gets += span_is(argv[0], "GET");
    if (fake->holds) {
        return;
    }
    if (fake->moved > 0) {
        fake->moved--;
        reply_errorf(reply, "MOVED 1 %s", fake->moved_to);
        return;
    }
    if (fake->say_instead != NULL) {
        reply_raw(reply, span_from(fake->say_instead));
        fake->say_instead = NULL;
        return;
    }
    if (connection->caching && span_is(argv[0], "GET") && argv[1].len < 64) {
        memcpy(connection->tracked[connection->tracked_count], argv[1].bytes, argv[1].len);
        connection->tracked[connection->tracked_count++][argv[1].len] = '\0';
    }
    connection->caching = false;
    assert(request.command != NULL);
    struct buf answer; /* Pushes go straight to the connection, behind the answer. */
    buf_init(&answer, 1 << 26);
    struct reply own = reply_into(&answer, 3);
    request.reply = &own;
    size_t before = connection->out.len;
    cache_exec(fake->cache, &request);
    struct span pushes = span_skip(buf_span(&connection->out), before);
    struct buf late;
    buf_init(&late, 1 << 20);
    assert(buf_add(&late, pushes));
    buf_cut(&connection->out, before);
    reply_raw(reply, buf_span(&answer));
    reply_raw(reply, buf_span(&late));
    buf_fini(&late);
    buf_fini(&answer);
}

static void answer(struct fake_connection *connection)
{
    struct span bytes = buf_span(&connection->in);
    struct span request;

    while (connection->fd >= 0 && walk_value(&bytes, &request)) {
        struct reply reply = reply_into(&connection->out, 3);
        size_t argc;
        struct span *argv = words_take(request, &argc);
        if (is_greeting(argv)) {
            greet(connection, argv, &reply);
        } else {
            run(connection, argv, argc, &reply);
        }
        memory_free(argv);
        buf_consume(&connection->in, request.len);
        bytes = buf_span(&connection->in);
        if (connection->fake->hang_up && connection->fake->say_instead == NULL) {
            fake_write(connection);
            connection->fake->hang_up = false;
            fake_close(connection);
        }
    }
}

static void on_read(struct ev_loop *loop, ev_io *watcher, int events)
{
    struct fake_connection *connection = watcher->data;
    char *room = buf_reserve(&connection->in, 65536);
    ssize_t len = read(connection->fd, room, 65536);

    (void)loop;
    (void)events;
    if (len <= 0) {
        fake_close(connection);
        return;
    }
    if (connection->fake->mute) {
        return;
    }
    buf_commit(&connection->in, (size_t)len);
    answer(connection);
    for (size_t i = 0; i < FAKE_CONNECTIONS; i++) {
        fake_write(&connection->fake->connections[i]);
    }
}

static void on_accept(struct ev_loop *loop, ev_io *watcher, int events)
{
    struct fake_peer *fake = watcher->data;
    int fd = accept(fake->fd, NULL, NULL);
    int one = 1;

    (void)events;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    for (size_t i = 0; fd >= 0 && i < FAKE_CONNECTIONS; i++) {
        struct fake_connection *connection = &fake->connections[i];
        if (connection->fd < 0) {
            buf_fini(&connection->in);
            buf_fini(&connection->out);
            *connection = (struct fake_connection){ .fake = fake, .fd = fd };
            buf_init(&connection->in, 1 << 26);
            buf_init(&connection->out, 1 << 26);
            ev_io_init(&connection->watcher, on_read, fd, EV_READ);
            connection->watcher.data = connection;
            ev_io_start(loop, &connection->watcher);
            fake->accepted++;
            return;
        }
    }
    unreachable("too many connections to the fake");
}

void fake_listen(struct fake_peer *fake)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(fake->port) };
    socklen_t len = sizeof(address);
    int one = 1;

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    fake->fd = socket(AF_INET, SOCK_STREAM, 0);
    assert(fake->fd >= 0);
    setsockopt(fake->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    assert(bind(fake->fd, (struct sockaddr *)&address, len) == 0);
    assert(listen(fake->fd, 16) == 0);
    assert(getsockname(fake->fd, (struct sockaddr *)&address, &len) == 0);
    fake->port = ntohs(address.sin_port);
    ev_io_init(&fake->accepting, on_accept, fake->fd, EV_READ);
    fake->accepting.data = fake;
    ev_io_start(fake->loop, &fake->accepting);
}

void fake_stop(struct fake_peer *fake)
{
    if (fake->fd >= 0) {
        ev_io_stop(fake->loop, &fake->accepting);
        close(fake->fd);
        fake->fd = -1;
    }
    fake_close_all(fake);
}

void fake_init(struct fake_peer *fake, struct ev_loop *loop, const struct command_table *commands)
{
    struct cache_options options = { .databases = 16, .seed = 7 };

    *fake = (struct fake_peer){ .loop = loop, .commands = commands };
    fake->cache = cache_new(&options);
    cache_listen(fake->cache, changed, fake);
    for (size_t i = 0; i < FAKE_CONNECTIONS; i++) {
        fake->connections[i].fd = -1;
    }
    fake_listen(fake);
}

void fake_fini(struct fake_peer *fake)
{
    fake_stop(fake);
    for (size_t i = 0; i < FAKE_CONNECTIONS; i++) {
        buf_fini(&fake->connections[i].in);
        buf_fini(&fake->connections[i].out);
    }
    cache_free(fake->cache);
}
