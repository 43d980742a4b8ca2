/* A Redis at the other end. */

#include "sidecar/transfer/endpoint.h"

#include "cache/base/number.h"
#include "proxy/peers/walk.h"
#include "sidecar/client.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { PATIENCE_SECONDS = 30, PART_MAX = 512 };

/* The parts of the address, decoded. */
struct place {
    char user[PART_MAX], password[PART_MAX], host[PART_MAX], port[8];
    int64_t db; /* -1: not named. */
};

static bool fail(struct endpoint *endpoint, const char *what, const char *detail)
{
    snprintf(endpoint->why, sizeof(endpoint->why), "%s%s%s", what, *detail == '\0' ? "" : ": ",
             detail);
    return false;
}

/* --- the address --- */

static int hex_value(char high, char low)
{
    static const char digits[] = "0123456789abcdef";
    const char *first = strchr(digits, high >= 'A' && high <= 'F' ? high + 32 : high);
    const char *second = strchr(digits, low >= 'A' && low <= 'F' ? low + 32 : low);

    if (high == '\0' || low == '\0' || first == NULL || second == NULL) {
        return -1;
    }
    return (int)(first - digits) * 16 + (int)(second - digits);
}

/* %40 is an @. */
static bool decode(struct span text, char part[PART_MAX])
{
    size_t len = 0;

    for (size_t i = 0; i < text.len; i++) {
        int byte = (unsigned char)text.bytes[i];
        if (byte == '%') {
            byte = i + 2 < text.len ? hex_value(text.bytes[i + 1], text.bytes[i + 2]) : -1;
            i += 2;
        }
        if (byte <= 0 || len + 1 == PART_MAX) {
            return false;
        }
        part[len++] = (char)byte;
    }
    part[len] = '\0';
    return true;
}

/* Cuts what is before the first, or last, of a byte off the front; false if there is none. */
static bool cut(struct span *rest, char byte, bool last, struct span *before)
{
    const char *at =
        last ? memrchr(rest->bytes, byte, rest->len) : memchr(rest->bytes, byte, rest->len);
    if (at == NULL) {
        return false;
    }
    *before = (struct span){ rest->bytes, (size_t)(at - rest->bytes) };
    *rest = span_skip(*rest, before->len + 1);
    return true;
}

static bool read_login(struct span login, struct place *place)
{
    struct span user = SPAN("");

    cut(&login, ':', false, &user);
    return decode(user, place->user) && decode(login, place->password);
}

static bool read_host(struct span text, struct place *place)
{
    struct span host = text, port = SPAN("6379");

    if (text.len > 0 && text.bytes[0] == '[') {
        text = span_skip(text, 1);
        if (!cut(&text, ']', false, &host)) {
            return false;
        }
        port = text.len > 1 ? span_skip(text, 1) : port;
    } else if (cut(&text, ':', true, &host)) {
        port = text;
    }
    uint64_t number;
    if (!number_parse_unsigned(port, &number) || number == 0 || number > UINT16_MAX) {
        return false;
    }
    snprintf(place->port, sizeof(place->port), "%u", (unsigned)number);
    return host.len > 0 && decode(host, place->host);
}

static bool read_url(const char *url, struct place *place)
{
    static const char scheme[] = "redis://";
    struct span rest = span_from(url);
    struct span part;

    *place = (struct place){ .db = -1 };
    if (strncmp(url, scheme, strlen(scheme)) != 0) {
        return false;
    }
    rest = span_skip(rest, strlen(scheme));
    if (cut(&rest, '@', true, &part) && !read_login(part, place)) {
        return false;
    }
    struct span host = rest;
    if (cut(&rest, '/', false, &host) && rest.len > 0 &&
        (!number_parse(rest, &place->db) || place->db < 0 || place->db > INT32_MAX)) {
        return false;
    }
    return read_host(host, place);
}

/* --- connecting --- */

static int connect_to(const struct addrinfo *address)
{
    struct timeval patience = { .tv_sec = PATIENCE_SECONDS };
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) == 0 &&
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) == 0 &&
        connect(fd, address->ai_addr, address->ai_addrlen) == 0) {
        return fd;
    }
    int error = errno;
    if (fd >= 0) {
        close(fd);
    }
    errno = error;
    return -1;
}

static bool connect_any(struct endpoint *endpoint, const struct place *place)
{
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
    struct addrinfo *found;

    int failed = getaddrinfo(place->host, place->port, &hints, &found);
    if (failed != 0) {
        return fail(endpoint, place->host, gai_strerror(failed));
    }
    for (const struct addrinfo *at = found; at != NULL && endpoint->fd < 0; at = at->ai_next) {
        endpoint->fd = connect_to(at);
    }
    freeaddrinfo(found);
    return endpoint->fd >= 0 || fail(endpoint, place->host, strerror(errno));
}

static bool greet(struct endpoint *endpoint, const struct place *place)
{
    struct span auth[] = { SPAN("AUTH"), span_from(place->user), span_from(place->password) };
    struct span ping[] = { SPAN("PING") };
    struct span answer;

    if (*place->password != '\0' && *place->user == '\0') {
        auth[1] = auth[2];
        if (!endpoint_call(endpoint, auth, 2, &answer)) {
            return false;
        }
    } else if (*place->password != '\0' && !endpoint_call(endpoint, auth, 3, &answer)) {
        return false;
    }
    return endpoint_call(endpoint, ping, 1, &answer) &&
           (place->db < 0 || endpoint_select(endpoint, (int)place->db));
}

bool endpoint_open(struct endpoint *endpoint, const char *url)
{
    struct place place;

    *endpoint = (struct endpoint){ .fd = -1 };
    buf_init(&endpoint->out, SIZE_MAX / 2);
    buf_init(&endpoint->in, SIZE_MAX / 2);
    if (!read_url(url, &place)) {
        return fail(endpoint, url,
                    "an address is redis://[[user:]password@]host[:port][/database]");
    }
    endpoint->one_db = place.db >= 0;
    return connect_any(endpoint, &place) && greet(endpoint, &place);
}

void endpoint_close(struct endpoint *endpoint)
{
    if (endpoint->fd >= 0) {
        close(endpoint->fd);
    }
    endpoint->fd = -1;
    buf_fini(&endpoint->out);
    buf_fini(&endpoint->in);
}

/* --- requests and answers --- */

void endpoint_ask(struct endpoint *endpoint, const struct span *argv, size_t argc)
{
    bool fits = buf_addf(&endpoint->out, "*%zu\r\n", argc);

    for (size_t i = 0; i < argc && fits; i++) {
        fits = buf_addf(&endpoint->out, "$%zu\r\n", argv[i].len) &&
               buf_add(&endpoint->out, argv[i]) && buf_add(&endpoint->out, SPAN("\r\n"));
    }
    assert(fits);
}

static bool flush(struct endpoint *endpoint)
{
    enum err err = client_send(endpoint->fd, buf_span(&endpoint->out));

    buf_consume(&endpoint->out, endpoint->out.len);
    return err == ERR_OK || fail(endpoint, "cannot send", strerror(errno));
}

bool endpoint_answer(struct endpoint *endpoint, struct span *answer)
{
    struct span rest;

    if (endpoint->out.len > 0 && !flush(endpoint)) {
        return false;
    }
    buf_consume(&endpoint->in, endpoint->taken);
    endpoint->taken = 0;
    for (rest = buf_span(&endpoint->in); !walk_value(&rest, answer);
         rest = buf_span(&endpoint->in)) {
        enum err err = client_receive(endpoint->fd, &endpoint->in);
        if (err != ERR_OK) {
            return fail(endpoint, "the connection is lost", err_text(err));
        }
    }
    endpoint->taken = answer->len;
    return true;
}

bool endpoint_call(struct endpoint *endpoint, const struct span *argv, size_t argc,
                   struct span *answer)
{
    struct element head;

    endpoint_ask(endpoint, argv, argc);
    if (!endpoint_answer(endpoint, answer)) {
        return false;
    }
    struct span rest = *answer;
    if (walk_head(&rest, &head) && head.kind == '-') {
        snprintf(endpoint->why, sizeof(endpoint->why), "%.*s: %.*s", (int)argv[0].len,
                 argv[0].bytes, (int)head.text.len, head.text.bytes);
        return false;
    }
    return true;
}

bool endpoint_select(struct endpoint *endpoint, int db)
{
    char text[NUMBER_TEXT_MAX];
    struct span argv[] = { SPAN("SELECT"), { text, number_format(text, db) } };
    struct span answer;

    if (db == endpoint->db) {
        return true;
    }
    if (!endpoint_call(endpoint, argv, 2, &answer)) {
        return false;
    }
    endpoint->db = db;
    return true;
}
