/* The admin port. libmicrohttpd watches its sockets with an epoll of its own; the loop watches
 * that epoll, and calls MHD_run() when it stirs or when a time-out of a connection is due. */

#include "sidecar/admin.h"

#include "cache/base/memory.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ev.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    CONNECTIONS_MAX = 64,
    CONNECTION_BYTES = 8 * 1024,
    IDLE_SECONDS = 10,
    PAGE_MAX = 4 << 20,
    BACKLOG = 64,
};

/* MHD brings GnuTLS along, whose start-up costs memory and time. It is not used here: this tells
 * it to leave that be (gnutls.h, GNUTLS_SKIP_GLOBAL_INIT). */
int _gnutls_global_init_skip(void);
int _gnutls_global_init_skip(void)
{
    return 1;
}

struct admin {
    struct admin_parts parts;
    struct MHD_Daemon *daemon;
    struct ev_io io;
    struct ev_timer timer;
};

static void run(struct admin *admin)
{
    MHD_UNSIGNED_LONG_LONG wait_ms;

    MHD_run(admin->daemon);
    ev_timer_stop(admin->parts.loop, &admin->timer);
    if (MHD_get_timeout(admin->daemon, &wait_ms) == MHD_YES) {
        ev_timer_set(&admin->timer, (double)wait_ms / 1000.0, 0.0);
        ev_timer_start(admin->parts.loop, &admin->timer);
    }
}

static void on_socket(struct ev_loop *loop, struct ev_io *io, int events)
{
    (void)loop;
    (void)events;
    run(io->data);
}

static void on_timer(struct ev_loop *loop, struct ev_timer *timer, int events)
{
    (void)loop;
    (void)events;
    run(timer->data);
}

/* A page that was made: status, type and text. */
struct page {
    unsigned status;
    const char *type;
    struct buf text;
};

static void say(struct page *page, unsigned status, const char *text)
{
    page->status = status;
    buf_add(&page->text, span_from(text));
}

static void livez(struct admin *admin, struct page *page)
{
    (void)admin;
    say(page, MHD_HTTP_OK, "ok\n");
}

static void startupz(struct admin *admin, struct page *page)
{
    if (admin->parts.exposition.lifecycle->state == LIFE_STARTING) {
        say(page, MHD_HTTP_SERVICE_UNAVAILABLE, "starting\n");
    } else {
        say(page, MHD_HTTP_OK, "ok\n");
    }
}

static void readyz(struct admin *admin, struct page *page)
{
    enum lifecycle_state state = admin->parts.exposition.lifecycle->state;
    char text[64];

    if (state == LIFE_READY) {
        say(page, MHD_HTTP_OK, "ok\n");
    } else if (server_is_loading(admin->parts.exposition.server)) {
        say(page, MHD_HTTP_SERVICE_UNAVAILABLE, "podis is loading\n");
    } else {
        snprintf(text, sizeof(text), "podis is %s\n", lifecycle_name(state));
        say(page, MHD_HTTP_SERVICE_UNAVAILABLE, text);
    }
}

static void top(struct admin *admin, struct page *page)
{
    (void)admin;
    say(page, MHD_HTTP_OK,
        "podis " PODIS_VERSION "\n\n"
        "/livez     200 while podis runs\n"
        "/startupz  200 once podis has started\n"
        "/readyz    200 while podis accepts commands\n"
        "/metrics   figures, for Prometheus\n");
}

static const struct {
    const char *path;
    void (*make)(struct admin *admin, struct page *page);
} pages[] = {
    { "/", top },
    { "/livez", livez },
    { "/startupz", startupz },
    { "/readyz", readyz },
};

static void make_page(struct admin *admin, struct MHD_Connection *connection, const char *path,
                      struct page *page)
{
    if (strcmp(path, "/metrics") == 0) {
        enum exposition_format format = exposition_choose(
            MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT));
        page->status = MHD_HTTP_OK;
        page->type = exposition_content_type(format);
        exposition_print(&admin->parts.exposition, format, &page->text);
        return;
    }
    for (size_t i = 0; i < COUNT(pages); i++) {
        if (strcmp(pages[i].path, path) == 0) {
            pages[i].make(admin, page);
            return;
        }
    }
    say(page, MHD_HTTP_NOT_FOUND, "There is no such page; / says what there is.\n");
}

static enum MHD_Result send_page(struct MHD_Connection *connection, const struct page *page)
{
    struct span text = buf_span(&page->text);
    struct MHD_Response *response = MHD_create_response_from_buffer(
        text.len, (void *)(uintptr_t)text.bytes, MHD_RESPMEM_MUST_COPY);

    if (response == NULL) {
        return MHD_NO;
    }
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, page->type);
    MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    if (page->status == MHD_HTTP_METHOD_NOT_ALLOWED) {
        MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
    }
    enum MHD_Result result = MHD_queue_response(connection, page->status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result answer(void *context, struct MHD_Connection *connection, const char *path,
                              const char *method, const char *version, const char *upload,
                              size_t *upload_len, void **request)
{
    struct page page = { .type = "text/plain; charset=utf-8" };

    (void)version;
    (void)upload;
    if (*upload_len != 0) {
        return MHD_NO; /* Nobody has anything to tell us: hang up. */
    }
    if (*request == NULL) {
        *request = context; /* The head has arrived. An answer now would end the connection. */
        return MHD_YES;
    }
    buf_init(&page.text, PAGE_MAX);
    if (strcmp(method, MHD_HTTP_METHOD_GET) == 0 || strcmp(method, MHD_HTTP_METHOD_HEAD) == 0) {
        make_page(context, connection, path, &page);
    } else {
        say(&page, MHD_HTTP_METHOD_NOT_ALLOWED, "GET and HEAD only\n");
    }
    enum MHD_Result result = send_page(connection, &page);
    buf_fini(&page.text);
    return result;
}

static int try_listen(const char *host, uint16_t port)
{
    struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons(port) };
    struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
    bool is_four = inet_pton(AF_INET, host, &four.sin_addr) == 1;
    int on = 1;

    if (!is_four && inet_pton(AF_INET6, host, &six.sin6_addr) != 1) {
        errno = EINVAL;
        return -1;
    }
    int fd = socket(is_four ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const struct sockaddr *address =
        is_four ? (const struct sockaddr *)&four : (const struct sockaddr *)&six;
    socklen_t len = is_four ? sizeof(four) : sizeof(six);
    if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
        bind(fd, address, len) == 0 && listen(fd, BACKLOG) == 0) {
        return fd;
    }
    int error = errno;
    if (fd >= 0) {
        close(fd);
    }
    errno = error;
    return -1;
}

static enum err start(struct admin *admin, int fd)
{
    admin->daemon =
        MHD_start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, answer, admin, MHD_OPTION_LISTEN_SOCKET, fd,
                         MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX,
                         MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_BYTES,
                         MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_SECONDS, MHD_OPTION_END);
    if (admin->daemon == NULL) {
        return ERR_SYSTEM;
    }
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(admin->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    assert(info != NULL);
    ev_io_init(&admin->io, on_socket, info->epoll_fd, EV_READ);
    ev_timer_init(&admin->timer, on_timer, 0.0, 0.0);
    admin->io.data = admin;
    admin->timer.data = admin;
    ev_io_start(admin->parts.loop, &admin->io);
    return ERR_OK;
}

enum err admin_new(const struct admin_parts *parts, struct admin **admin, char *why,
                   size_t why_size)
{
    const struct options *options = parts->options;

    *admin = NULL;
    if (options->admin_port == 0) {
        return ERR_OK;
    }
    int fd = try_listen(options->admin_bind, options->admin_port);
    if (fd < 0) {
        snprintf(why, why_size, "admin-port %u cannot be opened on %s: %s", options->admin_port,
                 options->admin_bind, strerror(errno));
        return ERR_SYSTEM;
    }
    struct admin *made = memory_zero(sizeof(*made));
    made->parts = *parts;
    enum err err = start(made, fd);
    if (err != ERR_OK) {
        close(fd);
        memory_free(made);
        snprintf(why, why_size, "the HTTP server of the admin port does not start");
        return err;
    }
    *admin = made;
    return ERR_OK;
}

void admin_free(struct admin *admin)
{
    if (admin == NULL) {
        return;
    }
    ev_io_stop(admin->parts.loop, &admin->io);
    ev_timer_stop(admin->parts.loop, &admin->timer);
    MHD_stop_daemon(admin->daemon);
    memory_free(admin);
}
