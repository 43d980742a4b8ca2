/* Strings. A value says its own length:
 *
 *     | kind | number                     INT8 … INT64: 1, 2, 4 or 8 bytes
 *     | kind | len | text                 SHORT: len in 1 byte
 *     | kind | len         | text         LONG: len in 4 bytes
 *
 * Kinds SHORT and LONG carry the flag RAW once the text was modified in place, since clients
 * can tell by OBJECT ENCODING. Behind the text there may be spare room, which only the
 * owner of the block knows of. */

#include "cache/types/string.h"

#include "cache/base/check.h"
#include "cache/base/memory.h"
#include "cache/ds/saved.h"

enum kind { INT8, INT16, INT32, INT64, SHORT, LONG };

enum {
    KIND_MASK = 0x0f,
    RAW = BIT(4),
    SHORT_MAX = UINT8_MAX,
    NUMBER_LEN_MAX = 20,
    EMBED_MAX = 4096,
    SAVED_STRING = 0, /* RDB's type byte. */
};

static const uint8_t number_widths[] = { [INT8] = 1, [INT16] = 2, [INT32] = 4, [INT64] = 8 };

/* Bytes in front of the payload. */
static size_t front(uint8_t kind)
{
    switch (kind & KIND_MASK) {
    case SHORT:
        return 2;
    case LONG:
        return 5;
    default:
        return 1;
    }
}

static uint8_t kind_of(const void *value)
{
    return *(const uint8_t *)value;
}

static bool is_number(uint8_t kind)
{
    return (kind & KIND_MASK) <= INT64;
}

static size_t text_len(const uint8_t *value)
{
    if ((value[0] & KIND_MASK) == SHORT) {
        return value[1];
    }
    uint32_t len;
    memcpy(&len, value + 1, sizeof(len));
    return len;
}

/* Returns where the text goes. */
static uint8_t *text_start(uint8_t *value, uint8_t kind, size_t len)
{
    value[0] = kind;
    if ((kind & KIND_MASK) == SHORT) {
        value[1] = (uint8_t)len;
        return value + 2;
    }
    uint32_t len32 = (uint32_t)len;
    assert(len <= UINT32_MAX);
    memcpy(value + 1, &len32, sizeof(len32));
    return value + 5;
}

static int64_t number_of(const uint8_t *value)
{
    switch (value[0] & KIND_MASK) {
    case INT8:
        return (int8_t)value[1];
    case INT16: {
        int16_t number;
        memcpy(&number, value + 1, sizeof(number));
        return number;
    }
    case INT32: {
        int32_t number;
        memcpy(&number, value + 1, sizeof(number));
        return number;
    }
    default: {
        int64_t number;
        memcpy(&number, value + 1, sizeof(number));
        return number;
    }
    }
}

/* --- forms --- */

struct string_form string_form_integer(int64_t number)
{
    enum kind kind = INT64;
    if (number >= INT8_MIN && number <= INT8_MAX) {
        kind = INT8;
    } else if (number >= INT16_MIN && number <= INT16_MAX) {
        kind = INT16;
    } else if (number >= INT32_MIN && number <= INT32_MAX) {
        kind = INT32;
    }
    return (struct string_form){
        .kind = (uint8_t)kind,
        .number = number,
        .size = 1u + number_widths[kind],
    };
}

struct string_form string_form_text(struct span text)
{
    uint8_t kind = text.len <= SHORT_MAX ? SHORT : LONG;
    return (struct string_form){ .kind = kind, .text = text, .size = front(kind) + text.len };
}

struct string_form string_form(struct span text)
{
    int64_t number;
    if (text.len <= NUMBER_LEN_MAX && number_parse(text, &number)) {
        return string_form_integer(number);
    }
    return string_form_text(text);
}

void string_write(void *room, const struct string_form *form)
{
    uint8_t *value = room;
    if (is_number(form->kind)) {
        value[0] = form->kind;
        memcpy(value + 1, &form->number, number_widths[form->kind]);
        return;
    }
    uint8_t *text = text_start(value, form->kind, form->text.len);
    if (form->text.len > 0) {
        memcpy(text, form->text.bytes, form->text.len);
    }
}

/* --- reading --- */

struct span string_text(const void *value, char room[STRING_TEXT_ROOM])
{
    if (is_number(kind_of(value))) {
        return (struct span){ .bytes = room, .len = number_format(room, number_of(value)) };
    }
    return (struct span){ .bytes = (const char *)value + front(kind_of(value)),
                          .len = text_len(value) };
}

size_t string_len(const void *value)
{
    char room[STRING_TEXT_ROOM];
    return string_text(value, room).len;
}

bool string_integer(const void *value, int64_t *number)
{
    char room[STRING_TEXT_ROOM];
    if (is_number(kind_of(value))) {
        *number = number_of(value);
        return true;
    }
    return number_parse(string_text(value, room), number);
}

bool string_is_integer(const void *value)
{
    return is_number(kind_of(value));
}

/* --- editing --- */

size_t string_raw_size(size_t len)
{
    return front(len <= SHORT_MAX ? SHORT : LONG) + len;
}

char *string_stretch(void *room, size_t len)
{
    char number[STRING_TEXT_ROOM];
    uint8_t *value = room;
    struct span old = string_text(value, number);
    uint8_t kind = len <= SHORT_MAX ? SHORT : LONG;
    char *bytes = (char *)value + front(kind);
    assert(len >= old.len);

    if (bytes != old.bytes) {
        memmove(bytes, old.bytes, old.len);
    }
    memset(bytes + old.len, 0, len - old.len);
    text_start(value, kind | RAW, len);
    return bytes;
}

/* --- the type --- */

static size_t size(const void *value)
{
    uint8_t kind = kind_of(value);
    return front(kind) + (is_number(kind) ? number_widths[kind] : text_len(value));
}

static void *copy(const void *value)
{
    size_t len = size(value);
    return memcpy(memory_alloc(len), value, len);
}

static size_t memory(const void *value)
{
    return memory_usable(value);
}

static size_t effort(const void *value)
{
    (void)value;
    return 1;
}

static const char *encoding(const void *value)
{
    uint8_t kind = kind_of(value);
    if (is_number(kind)) {
        return "int";
    }
    return kind & RAW || text_len(value) > STRING_EMBSTR_MAX ? "raw" : "embstr";
}

static void rewrite(struct span key, const void *value, rewrite_fn emit, void *context)
{
    char room[STRING_TEXT_ROOM];
    struct span argv[] = { SPAN("SET"), key, string_text(value, room) };
    emit(context, argv, COUNT(argv));
}

static void digest(const void *value, struct digest *sum)
{
    char room[STRING_TEXT_ROOM];
    digest_mix(sum, string_text(value, room));
}

static const uint8_t codes[] = { SAVED_STRING, TYPE_NO_CODE };

static void save(const void *value, struct saver *out)
{
    char room[STRING_TEXT_ROOM];
    save_type(out, SAVED_STRING);
    save_string(out, string_text(value, room));
}

static void *load(uint8_t code, struct loader *in, const struct type_limits *limits)
{
    struct span text;
    (void)limits;
    assert(code == SAVED_STRING);

    if (!load_string(in, &text)) {
        return NULL;
    }
    if (text.len > UINT32_MAX) {
        load_failed(in, "a string is over 4 GB");
        return NULL;
    }
    struct string_form form = string_form(text);
    void *value = memory_alloc(form.size);
    string_write(value, &form);
    return value;
}

static size_t settled_size(const void *value)
{
    size_t flat = size(value);
    return flat <= EMBED_MAX ? flat : 0;
}

static void settle(const void *value, void *room)
{
    memcpy(room, value, size(value));
}

const struct type type_string = {
    .name = "string",
    .tag = TAG_STRING,
    .embed_max = EMBED_MAX,
    .free = memory_free,
    .copy = copy,
    .size = size,
    .memory = memory,
    .effort = effort,
    .encoding = encoding,
    .rewrite = rewrite,
    .digest = digest,
    .save = save,
    .load = load,
    .codes = codes,
    .settled_size = settled_size,
    .settle = settle,
};
