/* Requests out of a template, and a parser that knows what it is waiting for.
 *
 * One request, with the two places that change from batch to batch:
 *
 *     *3\r\n$3\r\nSET\r\n$16\r\nkey:000000001234\r\n$64\r\nkey:000000001234key:0000…\r\n
 *                              ^ key_at                     ^ value_at
 *
 * The parser tries the one reply that is likely (+OK, or a value of the known length) with two
 * comparisons; the rest of RESP is looked at only when that is not what came. */

#include "tests/bench/traffic.h"

#include "tests/bench/address.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* xorshift64*: Vigna, "An experimental exploration of Marsaglia's xorshift generators". */
static uint64_t random_next(uint64_t *state)
{
    uint64_t x = *state;

    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    *state = x;
    return x * 0x2545F4914F6CDD1DULL;
}

static uint64_t key_next(struct traffic *traffic)
{
    if (traffic->sequential) {
        return traffic->next_key++ % traffic->key_count;
    }
    /* Lemire's multiplication instead of a division; key_count is below 2^32. */
    return ((random_next(&traffic->random) >> 32) * traffic->key_count) >> 32;
}

/* Writes the last `count` digits of a number, up to `end`. */
static void write_digits(char *end, size_t count, uint64_t number)
{
    for (size_t i = 0; i < count; i++, number /= 10) {
        *--end = (char)('0' + number % 10);
    }
}

/* Digits that the highest key number needs; those before them stay zeroes. */
static size_t digits_of(uint64_t key_count)
{
    size_t digits = 1;

    for (uint64_t highest = key_count - 1; highest >= 10; highest /= 10) {
        digits++;
    }
    return digits;
}

static void write_value(char *value, const char *key, const struct traffic *traffic, size_t digits)
{
    if (traffic->integer) {
        memcpy(value + traffic->value_len - digits, key + traffic->key_len - digits, digits);
        return;
    }
    for (size_t at = 0; at < traffic->value_len; at += traffic->key_len) {
        size_t rest = traffic->value_len - at;
        memcpy(value + at, key, rest < traffic->key_len ? rest : traffic->key_len);
    }
}

static void *allocate(size_t len)
{
    void *bytes = malloc(len);

    if (bytes == NULL) {
        address_die("malloc", "out of memory");
    }
    return bytes;
}

/* `prefix` and then zeroes, up to `len`. */
static void write_field(char *field, const char *prefix, size_t len)
{
    memset(field, '0', len);
    memcpy(field, prefix, strlen(prefix));
}

/* Where the numbers go: each run of @, which becomes zeroes. */
static void find_places(struct batch *batch, char *request, size_t len)
{
    for (size_t at = 0; at < len; at++) {
        size_t width = 0;
        while (at + width < len && request[at + width] == '@') {
            request[at + width++] = '0';
        }
        if (width == 0) {
            continue;
        }
        if (batch->places == TRAFFIC_PLACES) {
            address_die("--command", "too many numbers");
        }
        batch->ends[batch->places] = at + width;
        batch->widths[batch->places++] = width < batch->digits ? width : batch->digits;
        at += width - 1;
    }
}

static size_t build_command(struct batch *batch, const char *command, char *out, size_t max)
{
    size_t words = 1;

    for (const char *space = command; (space = strchr(space, ' ')) != NULL; space++) {
        words++;
    }
    int at = snprintf(out, max, "*%zu\r\n", words);
    for (const char *word = command; words > 0; words--) {
        int len = (int)strcspn(word, " ");
        at += snprintf(out + at, max - (size_t)at, "$%d\r\n%.*s\r\n", len, len, word);
        word += len + 1;
    }
    find_places(batch, out, (size_t)at);
    return (size_t)at;
}

/* One request for key 0; a value that is made of its key is still to be written. */
static size_t build_request(struct batch *batch, const struct traffic *traffic, char *out,
                            size_t max)
{
    int key_len = (int)traffic->key_len;
    int value_len = (int)traffic->value_len;
    char ttl[48] = "";
    char number[24];
    int at;

    if (traffic->op == TRAFFIC_COMMAND) {
        return build_command(batch, traffic->command, out, max);
    }
    if (traffic->op == TRAFFIC_GET) {
        at = snprintf(out, max, "*2\r\n$3\r\nGET\r\n$%d\r\n", key_len);
        batch->key_at = (size_t)at;
        at += snprintf(out + at, max - (size_t)at, "%-*s\r\n", key_len, "");
        write_field(out + batch->key_at, traffic->key_prefix, traffic->key_len);
        return (size_t)at;
    }
    if (traffic->ttl_s != 0) {
        int len = snprintf(number, sizeof number, "%llu", (unsigned long long)traffic->ttl_s);
        snprintf(ttl, sizeof ttl, "$2\r\nEX\r\n$%d\r\n%s\r\n", len, number);
    }
    at = snprintf(out, max, "*%d\r\n$3\r\nSET\r\n$%d\r\n", traffic->ttl_s != 0 ? 5 : 3, key_len);
    batch->key_at = (size_t)at;
    at += snprintf(out + at, max - (size_t)at, "%-*s\r\n$%d\r\n", key_len, "", value_len);
    batch->value_at = (size_t)at;
    at += snprintf(out + at, max - (size_t)at, "%-*s\r\n%s", value_len, "", ttl);
    write_field(out + batch->key_at, traffic->key_prefix, traffic->key_len);
    write_field(out + batch->value_at, "1", traffic->value_len);
    return (size_t)at;
}

void batch_init(struct batch *batch, const struct traffic *traffic, size_t count_max)
{
    size_t max = 256 + traffic->key_len + traffic->value_len;
    if (traffic->op == TRAFFIC_COMMAND) {
        max += 16 * strlen(traffic->command); /* At worst a length and two line ends per byte. */
    }
    char *request = allocate(max);

    *batch = (struct batch){ .count_max = count_max, .digits = digits_of(traffic->key_count) };
    batch->unit = build_request(batch, traffic, request, max);
    batch->bytes = allocate(batch->unit * count_max);
    for (size_t i = 0; i < count_max; i++) {
        memcpy(batch->bytes + i * batch->unit, request, batch->unit);
    }
    free(request);
}

void batch_fini(struct batch *batch)
{
    free(batch->bytes);
    *batch = (struct batch){ 0 };
}

static void write_numbers(const struct batch *batch, struct traffic *traffic, char *request,
                          uint64_t number)
{
    for (size_t i = 0; i < batch->places; i++) {
        write_digits(request + batch->ends[i], batch->widths[i], number);
        number = traffic->sequential ? number : key_next(traffic);
    }
}

void batch_next(struct batch *batch, struct traffic *traffic, size_t count)
{
    char *request = batch->bytes;

    batch->count = count;
    for (size_t i = 0; i < count; i++, request += batch->unit) {
        uint64_t number = key_next(traffic);
        if (traffic->op == TRAFFIC_COMMAND) {
            write_numbers(batch, traffic, request, number);
            continue;
        }
        char *key = request + batch->key_at;
        write_digits(key + traffic->key_len, batch->digits, number);
        if (batch->value_at != 0) {
            write_value(request + batch->value_at, key, traffic, batch->digits);
        }
    }
}

size_t batch_replies_max(const struct batch *batch, const struct traffic *traffic)
{
    size_t each = traffic->op == TRAFFIC_COMMAND ? traffic->reply_max : traffic->value_len + 32;
    return batch->count_max * each + 512;
}

size_t traffic_fixed_reply(const struct traffic *traffic, char *reply, size_t max)
{
    if (traffic->op != TRAFFIC_GET) {
        return (size_t)snprintf(reply, max, "+OK\r\n");
    }
    return (size_t)snprintf(reply, max, "$%zu\r\n%0*d\r\n", traffic->value_len,
                            (int)traffic->value_len, 0);
}

/* Is this the value that SET stored under the key of request `index`? */
static bool value_is_right(const struct batch *batch, const struct traffic *traffic, size_t index,
                           const char *value, size_t len)
{
    const char *key = batch->bytes + index * batch->unit + batch->key_at;

    if (traffic->any_value) {
        return true;
    }
    if (len != traffic->value_len) {
        return false;
    }
    if (traffic->integer) {
        size_t digits = len - 1;
        return memcmp(value + 1, key + traffic->key_len - digits, digits) == 0;
    }
    return memcmp(value, key, len < traffic->key_len ? len : traffic->key_len) == 0;
}

/* Any one reply. Returns its length, 0 when it is not whole yet. */
static size_t check_slowly(const struct batch *batch, const struct traffic *traffic, size_t index,
                           const char *bytes, size_t len, struct replies *replies)
{
    const char *end = memchr(bytes, '\n', len);

    if (end == NULL) {
        return 0;
    }
    size_t line = (size_t)(end - bytes) + 1;
    if (bytes[0] == '$' && bytes[1] != '-') {
        size_t value_len = (size_t)strtoull(bytes + 1, NULL, 10);
        if (len < line + value_len + 2) {
            return 0;
        }
        bool right = value_is_right(batch, traffic, index, bytes + line, value_len);
        replies->hits += right;
        replies->wrong += !right;
        return line + value_len + 2;
    }
    replies->errors += bytes[0] == '-';
    replies->misses += bytes[0] == '$' || bytes[0] == '_';
    replies->hits += bytes[0] == '+';
    return line;
}

/* The reply that is likely: `head`, then the value when there is one. */
static size_t check_quickly(const struct batch *batch, const struct traffic *traffic, size_t index,
                            const char *bytes, size_t len, struct replies *replies)
{
    if (traffic->op == TRAFFIC_SET) {
        bool ok = len >= 5 && memcmp(bytes, "+OK\r\n", 5) == 0;
        replies->hits += ok;
        return ok ? 5 : 0;
    }
    if (traffic->value_len < 10 || traffic->value_len > 99) {
        return 0;
    }
    char head[5] = { '$', (char)('0' + traffic->value_len / 10),
                     (char)('0' + traffic->value_len % 10), '\r', '\n' };
    size_t whole = sizeof head + traffic->value_len + 2;
    if (len < whole || memcmp(bytes, head, sizeof head) != 0 || bytes[whole - 1] != '\n') {
        return 0;
    }
    bool right = value_is_right(batch, traffic, index, bytes + sizeof head, traffic->value_len);
    replies->hits += right;
    replies->wrong += !right;
    return whole;
}

/* The length of any one reply in RESP2, 0 when it is not whole yet. */
static size_t skim(const char *bytes, size_t len)
{
    size_t at = 0;

    for (uint64_t pending = 1; pending > 0; pending--) {
        const char *end = at < len ? memchr(bytes + at, '\n', len - at) : NULL;
        if (end == NULL) {
            return 0;
        }
        const char *head = bytes + at;
        at = (size_t)(end - bytes) + 1;
        if (head[0] == '*' && head[1] != '-') {
            pending += strtoull(head + 1, NULL, 10);
        } else if (head[0] == '$' && head[1] != '-') {
            at += strtoull(head + 1, NULL, 10) + 2;
        }
    }
    return at <= len ? at : 0;
}

static void check_commands(const char *bytes, size_t len, struct replies *replies)
{
    size_t used;

    while ((used = skim(bytes + replies->used, len - replies->used)) > 0) {
        bool error = bytes[replies->used] == '-';
        replies->errors += error;
        replies->hits += !error;
        replies->used += used;
        replies->count++;
    }
}

bool batch_check(const struct batch *batch, const struct traffic *traffic, size_t first,
                 const char *bytes, size_t len, struct replies *replies)
{
    if (traffic->op == TRAFFIC_COMMAND) {
        check_commands(bytes, len, replies);
        errno = 0;
        return first + replies->count <= batch->count;
    }
    while (replies->used < len) {
        size_t index = first + replies->count;
        const char *at = bytes + replies->used;
        size_t rest = len - replies->used;
        if (index >= batch->count || strchr("+-$_", *at) == NULL || *at == '\0') {
            errno = 0;
            return false;
        }
        size_t used = check_quickly(batch, traffic, index, at, rest, replies);
        if (used == 0) {
            used = check_slowly(batch, traffic, index, at, rest, replies);
        }
        if (used == 0) {
            return true;
        }
        replies->used += used;
        replies->count++;
    }
    return true;
}
