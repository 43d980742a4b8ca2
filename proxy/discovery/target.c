/* What the `peers` directive asks for, taken apart. */

#include "proxy/discovery/target.h"

#include "cache/base/memory.h"
#include "cache/base/number.h"

#include <arpa/inet.h>
#include <stdio.h>

enum { TARGETS_MAX = 1024 };

void targets_fini(struct targets *targets)
{
    memory_free(targets->list);
    *targets = (struct targets){ 0 };
}

static bool take_prefix(struct span *text, const char *prefix)
{
    size_t len = strlen(prefix);
    if (text->len < len || strncasecmp(text->bytes, prefix, len) != 0) {
        return false;
    }
    *text = span_skip(*text, len);
    return true;
}

static bool is_numeric(const char *host)
{
    unsigned char bytes[16];
    return inet_pton(AF_INET, host, bytes) == 1 || inet_pton(AF_INET6, host, bytes) == 1;
}

/* Cuts "HOST", "HOST:PORT", "[IPV6]:PORT" or a bare IPv6 address: what follows the host stays in
 * *text. False if a bracket is not closed. */
static bool take_host(struct span *text, struct span *host)
{
    const char *end = text->bytes + text->len;

    if (text->len > 0 && text->bytes[0] == '[') {
        const char *close = memchr(text->bytes, ']', text->len);
        if (close == NULL) {
            return false;
        }
        *host = (struct span){ text->bytes + 1, (size_t)(close - text->bytes) - 1 };
        *text = (struct span){ close + 1, (size_t)(end - close) - 1 };
        return true;
    }
    const char *colon = text->len == 0 ? NULL : memchr(text->bytes, ':', text->len);
    bool bare_ipv6 = colon != NULL && memchr(colon + 1, ':', (size_t)(end - colon) - 1) != NULL;
    size_t len = colon == NULL || bare_ipv6 ? text->len : (size_t)(colon - text->bytes);
    *host = (struct span){ text->bytes, len };
    *text = span_skip(*text, len);
    return true;
}

/* `port` where the text names none. */
static bool parse_host_port(struct span text, uint16_t port, struct target *target)
{
    struct span host;

    if (!take_host(&text, &host)) {
        return false;
    }
    if (text.len > 0) {
        int64_t number;
        if (text.bytes[0] != ':' || !number_parse(span_skip(text, 1), &number) || number < 1 ||
            number > UINT16_MAX) {
            return false;
        }
        port = (uint16_t)number;
    }
    if (host.len == 0 || host.len >= sizeof(target->name) || port == 0) {
        return false;
    }
    memcpy(target->name, host.bytes, host.len);
    target->name[host.len] = '\0';
    target->port = port;
    target->kind = is_numeric(target->name) ? TARGET_FIXED : TARGET_NAME;
    return true;
}

static bool add(struct targets *targets, const struct target *target)
{
    if (targets->count == TARGETS_MAX) {
        return false;
    }
    targets->list = memory_resize(targets->list, (targets->count + 1) * sizeof(*target));
    targets->list[targets->count++] = *target;
    return true;
}

static bool parse_list(struct span text, struct targets *targets)
{
    while (text.len > 0) {
        const char *comma = memchr(text.bytes, ',', text.len);
        size_t len = comma == NULL ? text.len : (size_t)(comma - text.bytes);
        struct target target = { 0 };
        if (!parse_host_port((struct span){ text.bytes, len }, 0, &target) ||
            !add(targets, &target)) {
            return false;
        }
        text = span_skip(text, len + (comma != NULL));
    }
    return targets->count > 0;
}

static bool parse_service(struct span text, struct targets *targets)
{
    struct target target = { .kind = TARGET_SERVICE };

    if (text.len == 0 || text.bytes[0] != '_' || text.len >= sizeof(target.name)) {
        return false;
    }
    memcpy(target.name, text.bytes, text.len);
    return add(targets, &target);
}

static bool parse_name(struct span text, uint16_t port, struct targets *targets)
{
    struct target target = { 0 };
    return parse_host_port(text, port, &target) && add(targets, &target);
}

enum err targets_parse(struct span text, uint16_t peer_port, struct targets *targets, char *why,
                       size_t why_size)
{
    struct span rest = text;
    bool good = false;

    *targets = (struct targets){ 0 };
    if (text.len == 0 || span_is(text, "none")) {
        return ERR_OK;
    }
    if (take_prefix(&rest, "dns:")) {
        good = parse_name(rest, peer_port, targets);
    } else if (take_prefix(&rest, "srv:")) {
        good = parse_service(rest, targets);
    } else if (take_prefix(&rest, "static:")) {
        good = parse_list(rest, targets);
    }
    if (good) {
        return ERR_OK;
    }
    targets_fini(targets);
    snprintf(why, why_size,
             "'%.*s' is not 'none', 'dns:NAME', 'srv:_SERVICE._tcp.NAME' or "
             "'static:HOST:PORT,HOST:PORT'",
             (int)(text.len < 200 ? text.len : 200), text.bytes);
    return ERR_INVALID;
}
