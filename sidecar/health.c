/* `podis health`: asks the admin port whether podis is ready. */

#include "sidecar/health.h"

#include "cache/base/number.h"
#include "sidecar/client.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

enum { ANSWER_MAX = 64 * 1024 };

enum err health_address(const char *text, char *host, size_t host_size, uint16_t *port)
{
    const char *colon = strrchr(text, ':');
    const char *digits = colon == NULL ? text : colon + 1;
    struct span name = { text, colon == NULL ? 0 : (size_t)(colon - text) };
    uint64_t number;

    if (!number_parse_unsigned(span_from(digits), &number) || number == 0 || number > UINT16_MAX) {
        return ERR_INVALID;
    }
    if (name.len >= 2 && name.bytes[0] == '[' && name.bytes[name.len - 1] == ']') {
        name = (struct span){ name.bytes + 1, name.len - 2 };
    }
    if (colon != NULL) {
        if (name.len == 0 || name.len >= host_size) {
            return ERR_INVALID;
        }
        snprintf(host, host_size, "%.*s", (int)name.len, name.bytes);
    }
    *port = (uint16_t)number;
    return ERR_OK;
}

/* The status and the first line of the body. */
static enum err judge(struct span answer, char *why, size_t why_size)
{
    const char *body = memmem(answer.bytes, answer.len, "\r\n\r\n", 4);
    struct span status = span_skip(answer, strlen("HTTP/1.1 "));

    if (body == NULL) {
        snprintf(why, why_size, "the admin port did not answer in HTTP");
        return ERR_PROTOCOL;
    }
    if (strncmp(status.bytes, "200", 3) == 0) {
        return ERR_OK;
    }
    body += 4;
    size_t len = answer.len - (size_t)(body - answer.bytes);
    const char *end = memchr(body, '\n', len);
    len = end == NULL ? len : (size_t)(end - body);
    snprintf(why, why_size, "%.*s", (int)len, body);
    return ERR_REFUSED;
}

static enum err ask(int fd, char *why, size_t why_size)
{
    struct buf in;

    enum err err = client_send(fd, SPAN("GET /readyz HTTP/1.1\r\nHost: podis\r\n"
                                        "Connection: close\r\n\r\n"));
    buf_init(&in, ANSWER_MAX);
    while (err == ERR_OK) {
        err = client_receive(fd, &in);
    }
    struct span answer = buf_span(&in);
    if (err != ERR_CLOSED) {
        snprintf(why, why_size, "the admin port did not answer: %s", err_text(err));
    } else if (answer.len < 16 || strncmp(answer.bytes, "HTTP/1.1 ", 9) != 0) {
        snprintf(why, why_size, "the admin port did not answer in HTTP");
        err = ERR_PROTOCOL;
    } else {
        err = judge(answer, why, why_size);
    }
    buf_fini(&in);
    return err;
}

enum err health_ask(const char *host, uint16_t port, char *why, size_t why_size)
{
    int fd;
    enum err err = client_connect(host, port, &fd);

    if (err == ERR_INVALID) {
        snprintf(why, why_size, "'%s' is not a numeric address", host);
        return err;
    }
    if (err != ERR_OK) {
        snprintf(why, why_size, "cannot connect to the admin port %s:%u: %s", host, port,
                 strerror(errno));
        return err;
    }
    err = ask(fd, why, why_size);
    close(fd);
    return err;
}
