/* A directive's value: from words to its field in struct options, and back.
 *
 * The table at the end says how each kind is stored, read and printed. */

#include "config/value.h"

#include "cache/base/inline_words.h"
#include "cache/base/memory.h"
#include "cache/base/number.h"
#include "config/events.h"
#include "config/rules.h"
#include "config/words.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>

enum { RULE_WORDS_MAX = 16, PRINTED_MAX = 1 << 20 };

static bool refuse(struct complaint *why, const char *text)
{
    snprintf(why->text, sizeof(why->text), "%s", text);
    return false;
}

static bool in_range(const struct option *option, int64_t number, struct complaint *why)
{
    if (number >= option->min && number <= option->max) {
        return true;
    }
    const char *format = option->kind == OPTION_OCTAL
                             ? "argument must be between %" PRIo64 " and %" PRIo64 " inclusive"
                             : "argument must be between %" PRId64 " and %" PRId64 " inclusive";
    snprintf(why->text, sizeof(why->text), format, option->min, option->max);
    return false;
}

/* Digits, then a unit; the whole of the text. */
struct unit {
    const char *name;
    uint64_t factor;
};

static bool parse_units(const char *text, const struct unit *units, size_t count, int64_t *number)
{
    uint64_t digits;
    size_t len = strspn(text, "0123456789");

    if (!number_parse_unsigned((struct span){ text, len }, &digits)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        uint64_t product;
        if (strcasecmp(text + len, units[i].name) != 0) {
            continue;
        }
        if (__builtin_mul_overflow(digits, units[i].factor, &product) || product > INT64_MAX) {
            return false;
        }
        *number = (int64_t)product;
        return true;
    }
    return false;
}

static bool parse_bytes(const char *text, int64_t *number)
{
    static const struct unit units[] = {
        { "", 1 },
        { "b", 1 },
        { "k", 1000 },
        { "kb", 1024 },
        { "m", 1000 * 1000 },
        { "mb", 1024 * 1024 },
        { "g", 1000L * 1000 * 1000 },
        { "gb", 1024L * 1024 * 1024 },
    };
    return parse_units(text, units, COUNT(units), number);
}

static bool parse_milliseconds(const char *text, int64_t *number)
{
    static const struct unit units[] = {
        { "", 1 }, { "ms", 1 }, { "s", 1000 }, { "m", 60 * 1000 }, { "h", 3600 * 1000 },
    };
    return parse_units(text, units, COUNT(units), number);
}

static bool read_boolean(const struct option *option, const struct option_list *words, void *field,
                         struct complaint *why)
{
    (void)option;
    bool yes = strcasecmp(words->items[0], "yes") == 0;
    if (!yes && strcasecmp(words->items[0], "no") != 0) {
        return refuse(why, "argument must be 'yes' or 'no'");
    }
    *(bool *)field = yes;
    return true;
}

static bool read_integer(const struct option *option, const struct option_list *words, void *field,
                         struct complaint *why)
{
    int64_t number;
    if (!number_parse(span_from(words->items[0]), &number)) {
        return refuse(why, "argument couldn't be parsed into an integer");
    }
    if (!in_range(option, number, why)) {
        return false;
    }
    *(int64_t *)field = number;
    return true;
}

static bool read_port(const struct option *option, const struct option_list *words, void *field,
                      struct complaint *why)
{
    int64_t number;
    if (!read_integer(option, words, &number, why)) {
        return false;
    }
    *(uint16_t *)field = (uint16_t)number;
    return true;
}

static bool read_octal(const struct option *option, const struct option_list *words, void *field,
                       struct complaint *why)
{
    const char *text = words->items[0];
    int64_t number = 0;
    size_t len = strspn(text, "01234567");

    if (len == 0 || len > 12 || text[len] != '\0') {
        return refuse(why, "argument couldn't be parsed as an octal number");
    }
    for (size_t i = 0; i < len; i++) {
        number = number * 8 + (text[i] - '0');
    }
    if (!in_range(option, number, why)) {
        return false;
    }
    *(uint32_t *)field = (uint32_t)number;
    return true;
}

static bool read_events(const struct option *option, const struct option_list *words, void *field,
                        struct complaint *why)
{
    (void)option;
    if (!events_parse(words->items[0], field)) {
        return refuse(why, "Invalid event class character. Use 'Ag$lshzxeKEtmdn'.");
    }
    return true;
}

static bool read_bytes(const struct option *option, const struct option_list *words, void *field,
                       struct complaint *why)
{
    int64_t number;
    if (!parse_bytes(words->items[0], &number)) {
        return refuse(why, "argument must be a memory value");
    }
    if (!in_range(option, number, why)) {
        return false;
    }
    *(uint64_t *)field = (uint64_t)number;
    return true;
}

static bool read_share(const struct option *option, const struct option_list *words, void *field,
                       struct complaint *why)
{
    const char *text = words->items[0];
    size_t digits = strspn(text, "0123456789");
    int64_t number;

    (void)option;
    if (digits > 0 && strcmp(text + digits, "%") == 0) {
        if (!number_parse((struct span){ text, digits }, &number) || number > 100) {
            return refuse(why, "percentage argument must be less or equal to 100");
        }
        *(int64_t *)field = -number;
        return true;
    }
    if (!parse_bytes(text, &number)) {
        return refuse(why, "argument must be a memory or percent value");
    }
    *(int64_t *)field = number;
    return true;
}

static bool read_milliseconds(const struct option *option, const struct option_list *words,
                              void *field, struct complaint *why)
{
    int64_t number;
    if (!parse_milliseconds(words->items[0], &number)) {
        return refuse(why, "argument must be a time in milliseconds, or end in ms, s, m or h");
    }
    if (!in_range(option, number, why)) {
        return false;
    }
    *(uint64_t *)field = (uint64_t)number;
    return true;
}

static void replace_text(void *field, const char *text)
{
    memory_free(*(char **)field);
    *(char **)field = memory_copy_text(text, strlen(text));
}

static bool read_text(const struct option *option, const struct option_list *words, void *field,
                      struct complaint *why)
{
    (void)option;
    (void)why;
    replace_text(field, words->items[0]);
    return true;
}

/* HOST:PORT, the host of an IPv6 address in brackets. */
static bool is_host_port(struct span text)
{
    size_t colon = text.len;
    while (colon > 0 && text.bytes[colon - 1] != ':') {
        colon--;
    }
    uint64_t port;
    if (colon < 2 || !number_parse_unsigned(span_skip(text, colon), &port)) {
        return false;
    }
    struct span host = { text.bytes, colon - 1 };
    bool in_brackets = host.bytes[0] == '[' && host.bytes[host.len - 1] == ']';
    bool many_colons = memchr(host.bytes, ':', host.len) != NULL;
    return port > 0 && port <= UINT16_MAX && in_brackets == many_colons;
}

static bool read_host_port(const struct option *option, const struct option_list *words,
                           void *field, struct complaint *why)
{
    const char *text = words->items[0];
    (void)option;
    if (*text != '\0' && !is_host_port(span_from(text))) {
        return refuse(why, "argument must be HOST:PORT, an IPv6 address in brackets");
    }
    replace_text(field, text);
    return true;
}

static bool are_host_ports(const char *list)
{
    while (true) {
        size_t len = strcspn(list, ",");
        if (!is_host_port((struct span){ list, len })) {
            return false;
        }
        if (list[len] == '\0') {
            return true;
        }
        list += len + 1;
    }
}

static bool are_peers(const char *text)
{
    if (strncmp(text, "static:", 7) == 0) {
        return are_host_ports(text + 7);
    }
    bool named = strncmp(text, "dns:", 4) == 0 || strncmp(text, "srv:", 4) == 0;
    return named && text[4] != '\0' && strlen(text + 4) <= 253 && strpbrk(text + 4, ":, ") == NULL;
}

static bool read_peers(const struct option *option, const struct option_list *words, void *field,
                       struct complaint *why)
{
    const char *text = words->items[0];
    (void)option;
    if (*text != '\0' && !are_peers(text)) {
        return refuse(why, "argument must be dns:NAME, srv:NAME or static:HOST:PORT,HOST:PORT");
    }
    replace_text(field, text);
    return true;
}

static bool read_not_yet(const struct option *option, const struct option_list *words, void *field,
                         struct complaint *why)
{
    (void)option;
    if (words->items[0][0] != '\0') {
        return refuse(why, "this version of podis cannot do it");
    }
    replace_text(field, "");
    return true;
}

static void list_of_words(const struct option *option, struct buf *out)
{
    for (size_t i = 0; option->words[i] != NULL; i++) {
        if (i > 0) {
            buf_add(out, SPAN(", "));
        }
        buf_add(out, span_from(option->words[i]));
    }
}

static bool read_enum(const struct option *option, const struct option_list *words, void *field,
                      struct complaint *why)
{
    struct buf text;
    for (int i = 0; option->words[i] != NULL; i++) {
        if (strcasecmp(option->words[i], words->items[0]) == 0) {
            *(int *)field = i;
            return true;
        }
    }
    buf_init(&text, sizeof(why->text));
    list_of_words(option, &text);
    snprintf(why->text, sizeof(why->text), "argument(s) must be one of the following: %.*s",
             (int)text.len, buf_span(&text).bytes);
    buf_fini(&text);
    return false;
}

static bool read_list(const struct option *option, const struct option_list *words, void *field,
                      struct complaint *why)
{
    struct option_list copy;
    (void)option;
    (void)why;
    words_copy(&copy, words);
    words_fini(field);
    *(struct option_list *)field = copy;
    return true;
}

/* Written as short as can be: 0.0 is 0. */
static bool read_percents(const struct option *option, const struct option_list *words, void *field,
                          struct complaint *why)
{
    struct option_list read = { 0 };
    bool good = true;

    (void)option;
    for (size_t i = 0; i < words->count && good; i++) {
        char text[NUMBER_TEXT_MAX];
        double percent;
        good = number_parse_double(span_from(words->items[i]), &percent) && percent >= 0 &&
               percent <= 100;
        if (good) {
            size_t len = (size_t)snprintf(text, sizeof(text), "%.10g", percent);
            words_add(&read, (struct span){ text, len });
        }
    }
    if (!good) {
        words_fini(&read);
        return refuse(why, "latency-tracking-info-percentiles should contain only numbers between "
                           "0.0 and 100.0");
    }
    words_fini(field);
    *(struct option_list *)field = read;
    return true;
}

static bool read_save(const struct option *option, const struct option_list *words, void *field,
                      struct complaint *why)
{
    (void)option;
    for (size_t i = 0; i < words->count; i++) {
        int64_t number;
        int64_t least = i % 2 == 0 ? 1 : 0;
        if (!number_parse(span_from(words->items[i]), &number) || number < least) {
            return refuse(why, "Invalid save parameters");
        }
    }
    if (words->count % 2 != 0) {
        return refuse(why, "Invalid save parameters");
    }
    for (size_t i = 0; i < words->count; i++) {
        words_add(field, span_from(words->items[i]));
    }
    return true;
}

static bool read_line(const struct option *option, const struct option_list *words, void *field,
                      struct complaint *why)
{
    struct buf line;
    (void)option;
    (void)why;
    if (words->count == 0) {
        return true;
    }
    buf_init(&line, PRINTED_MAX);
    words_join(&line, words);
    words_add(field, buf_span(&line));
    buf_fini(&line);
    return true;
}

static bool read_rule(const struct option *option, const struct option_list *words, void *field,
                      struct complaint *why)
{
    struct span spans[RULE_WORDS_MAX];
    if (words->count == 0) {
        return true;
    }
    if (words->count > RULE_WORDS_MAX) {
        return refuse(why, "wrong number of arguments");
    }
    for (size_t i = 0; i < words->count; i++) {
        spans[i] = span_from(words->items[i]);
    }
    struct rules *rules = rules_new();
    enum err err = rules_add(rules, spans, words->count, why->text, sizeof(why->text));
    rules_free(rules);
    return err == ERR_OK && read_line(option, words, field, why);
}

static const char *const client_classes[CLIENT_CLASSES] = { "normal", "slave", "pubsub" };

static bool read_class(const char *word, size_t *class)
{
    for (*class = 0; *class < CLIENT_CLASSES; (*class)++) {
        if (strcasecmp(word, client_classes[*class]) == 0) {
            return true;
        }
    }
    *class = CLIENT_CLASS_REPLICA;
    return strcasecmp(word, "replica") == 0;
}

static bool read_limits(const struct option *option, const struct option_list *words, void *field,
                        struct complaint *why)
{
    struct option_limits limits = *(struct option_limits *)field;
    (void)option;
    if (words->count % 4 != 0) {
        return refuse(why, "Wrong number of arguments in buffer limit configuration.");
    }
    for (size_t i = 0; i < words->count; i += 4) {
        size_t class;
        int64_t hard, soft, seconds;
        if (!read_class(words->items[i], &class)) {
            return refuse(why, "Invalid client class specified in buffer limit configuration.");
        }
        if (!parse_bytes(words->items[i + 1], &hard) || !parse_bytes(words->items[i + 2], &soft) ||
            !number_parse(span_from(words->items[i + 3]), &seconds) || seconds < 0) {
            return refuse(
                why, "Error in hard, soft or soft_seconds setting in buffer limit configuration.");
        }
        limits.classes[class].hard = (uint64_t)hard;
        limits.classes[class].soft = (uint64_t)soft;
        limits.classes[class].soft_seconds = seconds;
    }
    *(struct option_limits *)field = limits;
    return true;
}

static void add_number(struct buf *out, const char *format, int64_t number)
{
    char text[32];
    snprintf(text, sizeof(text), format, number);
    buf_add(out, span_from(text));
}

static void print_boolean(const struct option *option, const void *field, struct buf *out)
{
    (void)option;
    buf_add(out, *(const bool *)field ? SPAN("yes") : SPAN("no"));
}

static void print_integer(const struct option *option, const void *field, struct buf *out)
{
    (void)option;
    add_number(out, "%" PRId64, *(const int64_t *)field);
}

static void print_port(const struct option *option, const void *field, struct buf *out)
{
    (void)option;
    add_number(out, "%" PRId64, *(const uint16_t *)field);
}

static void print_octal(const struct option *option, const void *field, struct buf *out)
{
    (void)option;
    add_number(out, "%" PRIo64, *(const uint32_t *)field);
}

static void print_events(const struct option *option, const void *field, struct buf *out)
{
    char text[EVENTS_TEXT_MAX];

    (void)option;
    events_print(*(const uint32_t *)field, text);
    buf_addf(out, "%s", text);
}

static void print_share(const struct option *option, const void *field, struct buf *out)
{
    int64_t share = *(const int64_t *)field;
    (void)option;
    if (share < 0) {
        add_number(out, "%" PRId64 "%%", -share);
    } else {
        add_number(out, "%" PRId64, share);
    }
}

static void print_text(const struct option *option, const void *field, struct buf *out)
{
    (void)option;
    buf_add(out, span_from(*(char *const *)field));
}

static void print_enum(const struct option *option, const void *field, struct buf *out)
{
    buf_add(out, span_from(option->words[*(const int *)field]));
}

static void print_items(const struct option_list *list, struct span between, struct buf *out)
{
    for (size_t i = 0; i < list->count; i++) {
        buf_add(out, i == 0 ? SPAN("") : between);
        buf_add(out, span_from(list->items[i]));
    }
}

static void print_list(const struct option *option, const void *field, struct buf *out)
{
    (void)option;
    print_items(field, SPAN(" "), out);
}

static void print_lines(const struct option *option, const void *field, struct buf *out)
{
    (void)option;
    print_items(field, SPAN("\n"), out);
}

static void print_limits(const struct option *option, const void *field, struct buf *out)
{
    const struct option_limits *limits = field;
    (void)option;
    for (size_t i = 0; i < CLIENT_CLASSES; i++) {
        buf_add(out, i == 0 ? SPAN("") : SPAN(" "));
        buf_add(out, span_from(client_classes[i]));
        add_number(out, " %" PRId64, (int64_t)limits->classes[i].hard);
        add_number(out, " %" PRId64, (int64_t)limits->classes[i].soft);
        add_number(out, " %" PRId64, limits->classes[i].soft_seconds);
    }
}

/* How a kind is stored, read and printed. */
static const struct kind {
    enum { PLAIN, TEXT, LIST } store;
    size_t size;
    bool (*read)(const struct option *option, const struct option_list *words, void *field,
                 struct complaint *why);
    void (*print)(const struct option *option, const void *field, struct buf *out);
    const char *accepts;
} kinds[] = {
    [OPTION_BOOLEAN] = { PLAIN, sizeof(bool), read_boolean, print_boolean, "yes or no" },
    [OPTION_INTEGER] = { PLAIN, sizeof(int64_t), read_integer, print_integer, "a whole number" },
    [OPTION_PORT] = { PLAIN, sizeof(uint16_t), read_port, print_port, "a port number" },
    [OPTION_OCTAL] = { PLAIN, sizeof(uint32_t), read_octal, print_octal, "an octal number" },
    [OPTION_BYTES] = { PLAIN, sizeof(uint64_t), read_bytes, print_integer,
                       "bytes: 1048576, 100k, 512mb, 1gb" },
    [OPTION_SHARE] = { PLAIN, sizeof(int64_t), read_share, print_share,
                       "bytes or a share: 512mb, 50%" },
    [OPTION_MILLISECONDS] = { PLAIN, sizeof(uint64_t), read_milliseconds, print_integer,
                              "milliseconds, or a time: 1500, 500ms, 5s, 2m" },
    [OPTION_TEXT] = { TEXT, sizeof(char *), read_text, print_text, "one word, or \"\"" },
    [OPTION_ENUM] = { PLAIN, sizeof(int), read_enum, print_enum, "one of: " },
    [OPTION_LIST] = { LIST, sizeof(struct option_list), read_list, print_list, "words, or \"\"" },
    [OPTION_PERCENTS] = { LIST, sizeof(struct option_list), read_percents, print_list,
                          "numbers from 0 to 100" },
    [OPTION_SAVE] = { LIST, sizeof(struct option_list), read_save, print_list,
                      "pairs of seconds and changes: 900 1, or \"\"" },
    [OPTION_LINES] = { LIST, sizeof(struct option_list), read_line, print_lines, "words" },
    [OPTION_RULES] = { LIST, sizeof(struct option_list), read_rule, print_lines,
                       "REGEX NAME=VALUE …, with class=, near= and shard=" },
    [OPTION_LIMITS] = { PLAIN, sizeof(struct option_limits), read_limits, print_limits,
                        "normal|replica|pubsub HARD SOFT SECONDS, as: normal 256mb 64mb 60" },
    [OPTION_PEERS] = { TEXT, sizeof(char *), read_peers, print_text,
                       "dns:NAME, srv:NAME or static:HOST:PORT,HOST:PORT" },
    [OPTION_HOST_PORT] = { TEXT, sizeof(char *), read_host_port, print_text,
                           "HOST:PORT: 10.0.0.10:53, [fd00::10]:53" },
    [OPTION_EVENTS] = { PLAIN, sizeof(uint32_t), read_events, print_events,
                        "letters of KEg$lshzxetdmnA, or \"\"" },
    [OPTION_NOT_YET] = { TEXT, sizeof(char *), read_not_yet, print_text, "\"\" alone" },
};

static const struct kind *kind_of(const struct option *option)
{
    assert((size_t)option->kind < COUNT(kinds));
    return &kinds[option->kind];
}

static bool read_words(const struct option *option, const struct option_list *words, void *field,
                       struct complaint *why)
{
    if (!option_takes_words(option) && words->count != 1) {
        return refuse(why, "wrong number of arguments");
    }
    return kind_of(option)->read(option, words, field, why);
}

/* One word with spaces in it stands for several where several may stand: --save "900 1". */
bool value_parse(const struct option *option, const struct option_list *words, void *field,
                 struct complaint *why)
{
    bool one = words->count == 1 && option_takes_words(option) &&
               (words->items[0][0] == '\0' || strchr(words->items[0], ' ') != NULL);
    if (!one) {
        return read_words(option, words, field, why);
    }
    struct option_list several = { 0 };
    bool good =
        words_split(&several, span_from(words->items[0])) || refuse(why, "unbalanced quotes");
    good = good && read_words(option, &several, field, why);
    words_fini(&several);
    return good;
}

static bool parse_line(const struct option *option, struct span line, void *field,
                       struct complaint *why)
{
    struct option_list words = { 0 };
    bool good = words_split(&words, line) || refuse(why, "unbalanced quotes");
    good = good && read_words(option, &words, field, why);
    words_fini(&words);
    return good;
}

static bool parse_lines(const struct option *option, struct span text, void *field,
                        struct complaint *why)
{
    while (text.len > 0) {
        const char *end = memchr(text.bytes, '\n', text.len);
        size_t len = end == NULL ? text.len : (size_t)(end - text.bytes);
        if (!parse_line(option, (struct span){ text.bytes, len }, field, why)) {
            return false;
        }
        text = span_skip(text, end == NULL ? len : len + 1);
    }
    return true;
}

bool value_parse_text(const struct option *option, struct span text, void *field,
                      struct complaint *why)
{
    if (text.len > 0 && memchr(text.bytes, '\0', text.len) != NULL) {
        return refuse(why, "argument contains a zero byte");
    }
    if (option_adds_up(option)) {
        struct option_list fresh = { 0 };
        bool good = parse_lines(option, text, &fresh, why);
        struct option_list *old = good ? field : &fresh;
        words_fini(old);
        if (good) {
            *(struct option_list *)field = fresh;
        }
        return good;
    }
    if (option_takes_words(option)) {
        return parse_line(option, text, field, why);
    }
    struct option_list one = { 0 };
    words_add(&one, text);
    bool good = read_words(option, &one, field, why);
    words_fini(&one);
    return good;
}

void value_init(const struct option *option, void *field)
{
    struct complaint why = { "" };
    memset(field, 0, kind_of(option)->size);
    if (kind_of(option)->store == TEXT) {
        replace_text(field, "");
    }
    bool good = value_parse_text(option, span_from(option->initial), field, &why);
    assert(good);
}

void value_fini(const struct option *option, void *field)
{
    if (kind_of(option)->store == TEXT) {
        memory_free(*(char **)field);
        *(char **)field = NULL;
    } else if (kind_of(option)->store == LIST) {
        words_fini(field);
    }
}

void value_clear(const struct option *option, void *field)
{
    assert(kind_of(option)->store == LIST);
    words_fini(field);
}

void value_copy(const struct option *option, void *to, const void *from)
{
    switch (kind_of(option)->store) {
    case PLAIN:
        memcpy(to, from, kind_of(option)->size);
        break;
    case TEXT:
        *(char **)to = NULL;
        replace_text(to, *(char *const *)from);
        break;
    case LIST:
        words_copy(to, from);
        break;
    }
}

bool value_equal(const struct option *option, const void *a, const void *b)
{
    switch (kind_of(option)->store) {
    case PLAIN:
        return memcmp(a, b, kind_of(option)->size) == 0;
    case TEXT:
        return strcmp(*(char *const *)a, *(char *const *)b) == 0;
    case LIST:
        return words_equal(a, b);
    }
    unreachable("a kind is stored in one of three ways");
}

void value_print(const struct option *option, const void *field, struct buf *out)
{
    kind_of(option)->print(option, field, out);
}

static void write_line(const struct option *option, struct span text, struct buf *out)
{
    buf_add(out, span_from(option->name));
    buf_add(out, SPAN(" "));
    buf_add(out, text.len == 0 ? SPAN("\"\"") : text);
    buf_add(out, SPAN("\n"));
}

void value_write(const struct option *option, const void *field, struct buf *out)
{
    const struct option_list *list = field;
    if (option->kind == OPTION_LINES || option->kind == OPTION_RULES) {
        for (size_t i = 0; i < list->count; i++) {
            write_line(option, span_from(list->items[i]), out);
        }
        return;
    }
    struct buf text;
    buf_init(&text, PRINTED_MAX);
    if (kind_of(option)->store == LIST) {
        words_join(&text, list);
    } else if (kind_of(option)->store == TEXT) {
        inline_quote(&text, span_from(*(char *const *)field));
    } else {
        value_print(option, field, &text);
        if (text.len == 0) {
            inline_quote(&text, SPAN(""));
        }
    }
    write_line(option, buf_span(&text), out);
    buf_fini(&text);
}

void value_accepts(const struct option *option, char *text, size_t size)
{
    const char *accepts = kind_of(option)->accepts;
    if (option->kind == OPTION_ENUM) {
        struct buf words;
        buf_init(&words, size);
        list_of_words(option, &words);
        snprintf(text, size, "%s%.*s", accepts, (int)words.len, buf_span(&words).bytes);
        buf_fini(&words);
    } else if (option->max > 0 && option->max < INT64_MAX && option->kind != OPTION_OCTAL) {
        snprintf(text, size, "%s, from %" PRId64 " to %" PRId64, accepts, option->min, option->max);
    } else if (option->min > 0) {
        snprintf(text, size, "%s, at least %" PRId64, accepts, option->min);
    } else {
        snprintf(text, size, "%s", accepts);
    }
}
