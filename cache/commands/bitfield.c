/* BITFIELD: integers of any width at any bit of a string.
 *
 * All of argv is read before anything is done, so that a mistake at the end leaves nothing half
 * done. Writing makes the string long enough for all writes at once, and only then runs the
 * operations in order; OVERFLOW holds for those that follow it. */

#include "cache/base/bits.h"
#include "cache/base/check.h"
#include "cache/commands/bitmap.h"
#include "cache/commands/rows.h"
#include "cache/types/string.h"

enum verb { VERB_GET, VERB_SET, VERB_INCRBY };
enum overflow { OVERFLOW_WRAP, OVERFLOW_SAT, OVERFLOW_FAIL };

struct operation {
    enum verb verb;
    enum overflow overflow;
    bool is_signed;
    unsigned width;
    uint64_t at;
    int64_t operand;
};

/* --- arithmetic --- */

/* The low bits as a number of the field's kind. */
static int64_t as_field(const struct operation *operation, uint64_t bits)
{
    unsigned unused = 64 - operation->width;
    bits <<= unused;
    return operation->is_signed ? (int64_t)bits >> unused : (int64_t)(bits >> unused);
}

/* A sum of a field and a number: whether it is over or under what the field can hold. */
struct sum {
    uint64_t bits; /* All 64, wrapped. */
    bool over;
    bool under;
};

static int64_t field_max(const struct operation *operation)
{
    unsigned digits = operation->width - (operation->is_signed ? 1u : 0u);
    return digits == 0 ? 0 : (int64_t)(UINT64_MAX >> (64 - digits));
}

static int64_t field_min(const struct operation *operation)
{
    return operation->is_signed ? -field_max(operation) - 1 : 0;
}

static struct sum sum_of(const struct operation *operation, int64_t field, int64_t number)
{
    int64_t total;
    bool lost = __builtin_add_overflow(field, number, &total);
    return (struct sum){
        .bits = (uint64_t)field + (uint64_t)number,
        .over = lost ? number > 0 : total > field_max(operation),
        .under = lost ? number < 0 : total < field_min(operation),
    };
}

/* What SET was given. A negative number for an unsigned field is one of 64 bits, as in Redis:
 * over, and not under. */
static struct sum sum_given(const struct operation *operation)
{
    struct sum sum = sum_of(operation, 0, operation->operand);
    if (!operation->is_signed && sum.under) {
        sum.over = true;
        sum.under = false;
    }
    return sum;
}

/* What the field becomes. False if it must stay as it is. */
static bool resolve(const struct operation *operation, const struct sum *sum, int64_t *field)
{
    if (!sum->over && !sum->under) {
        *field = (int64_t)sum->bits;
        return true;
    }
    if (operation->overflow == OVERFLOW_SAT) {
        *field = sum->over ? field_max(operation) : field_min(operation);
    } else {
        *field = as_field(operation, sum->bits);
    }
    return operation->overflow != OVERFLOW_FAIL;
}

/* --- arguments --- */

/* "i16", "u8": replies if it returns false. */
static bool take_type(struct call *c, size_t at, struct operation *operation)
{
    struct span text = c->argv[at];
    char kind = text.len > 0 ? text.bytes[0] : '\0';
    int64_t width = 0;

    operation->is_signed = kind == 'i';
    int64_t max = operation->is_signed ? 64 : 63;
    bool good = (kind == 'i' || kind == 'u') && number_parse(span_skip(text, 1), &width) &&
                width >= 1 && width <= max;
    if (!good) {
        reply_error(c->reply, SPAN("ERR Invalid bitfield type. Use something like i16 u8. Note "
                                   "that u64 is not supported but i64 is."));
        return false;
    }
    operation->width = (unsigned)width;
    return true;
}

/* OVERFLOW's word: replies if it returns false. */
static bool take_overflow(struct call *c, size_t at, enum overflow *overflow)
{
    if (arg_is(c, at, "WRAP")) {
        *overflow = OVERFLOW_WRAP;
    } else if (arg_is(c, at, "SAT")) {
        *overflow = OVERFLOW_SAT;
    } else if (arg_is(c, at, "FAIL")) {
        *overflow = OVERFLOW_FAIL;
    } else {
        reply_error(c->reply, SPAN("ERR Invalid OVERFLOW type specified"));
        return false;
    }
    return true;
}

/* Which operation argv[at] is, if enough arguments follow. */
static bool is_verb(const struct span *argv, size_t argc, size_t at, enum verb *verb)
{
    size_t more = argc - at - 1;

    *verb = VERB_GET;
    if (span_is(argv[at], "GET")) {
        return more >= 2;
    }
    *verb = span_is(argv[at], "SET") ? VERB_SET : VERB_INCRBY;
    return more >= 3 && (*verb == VERB_SET || span_is(argv[at], "INCRBY"));
}

/* The operation that begins at argv[*at], which is moved to its last argument. Replies if it
 * returns false. */
static bool take_operation(struct call *c, size_t *at, struct operation *operation)
{
    if (!is_verb(c->argv, c->argc, *at, &operation->verb)) {
        call_syntax_error(c);
        return false;
    }
    if (!take_type(c, *at + 1, operation) ||
        !bitmap_offset(c, *at + 2, operation->width, &operation->at)) {
        return false;
    }
    *at += 2;
    if (operation->verb == VERB_GET) {
        return true;
    }
    *at += 1;
    return arg_integer(c, *at, &operation->operand);
}

/* --- running --- */

struct program {
    struct operation *operations;
    size_t count;
    bool writes;
    uint64_t end; /* Behind the last bit that is written. */
};

/* Replies if it returns false. */
static bool take_program(struct call *c, struct program *program)
{
    enum overflow overflow = OVERFLOW_WRAP;

    program->operations = arena_alloc(c->arena, c->argc * sizeof(*program->operations));
    for (size_t i = 2; i < c->argc; i++) {
        if (arg_is(c, i, "OVERFLOW") && i + 1 < c->argc) {
            i++;
            if (!take_overflow(c, i, &overflow)) {
                return false;
            }
            continue;
        }
        struct operation *operation = &program->operations[program->count++];
        *operation = (struct operation){ .overflow = overflow };
        if (!take_operation(c, &i, operation)) {
            return false;
        }
        uint64_t end = operation->at + operation->width;
        if (operation->verb != VERB_GET) {
            program->writes = true;
            program->end = end > program->end ? end : program->end;
        }
    }
    return true;
}

static int64_t read_field(const struct operation *operation, struct span text)
{
    return as_field(operation, bits_read(text, operation->at, operation->width));
}

/* The string while it is written. */
struct target {
    char *bytes;
    size_t len;
    bool grown; /* It is longer than it was: any write is a change. */
};

/* Replies. True if something changed. */
static bool write_field(struct call *c, const struct operation *operation,
                        const struct target *target)
{
    bool is_set = operation->verb == VERB_SET;
    int64_t before = read_field(operation, (struct span){ target->bytes, target->len });
    struct sum sum = is_set ? sum_given(operation) : sum_of(operation, before, operation->operand);
    int64_t after;

    if (!resolve(operation, &sum, &after)) {
        reply_null(c->reply);
        return false;
    }
    bits_write(target->bytes, operation->at, operation->width, (uint64_t)after);
    reply_integer(c->reply, is_set ? before : after);
    return target->grown || before != after;
}

static void read_all(struct call *c, const struct program *program)
{
    const void *value;
    char room[STRING_TEXT_ROOM];

    if (!key_read(c, 1, &type_string, &value)) {
        return;
    }
    struct span text = value == NULL ? SPAN("") : string_text(value, room);
    reply_array(c->reply, program->count);
    for (size_t i = 0; i < program->count; i++) {
        reply_integer(c->reply, read_field(&program->operations[i], text));
    }
}

static void write_all(struct call *c, const struct program *program)
{
    void *value;
    size_t len = (size_t)((program->end + 7) / 8);

    if (!key_edit(c, 1, &type_string, &value)) {
        return;
    }
    size_t old_len = value == NULL ? 0 : string_len(value);
    struct target target = { .len = len > old_len ? len : old_len, .grown = len > old_len };
    target.bytes = bitmap_edit(c, value, target.len);

    bool changed = false;
    reply_array(c->reply, program->count);
    for (size_t i = 0; i < program->count; i++) {
        const struct operation *operation = &program->operations[i];
        if (operation->verb == VERB_GET) {
            struct span text = { target.bytes, target.len };
            reply_integer(c->reply, read_field(operation, text));
        } else {
            changed |= write_field(c, operation, &target);
        }
    }
    if (changed) {
        key_changed(c, 1);
        key_event(c, 1, EVENT_STRING, "setbit");
    }
}

static void bitfield(struct call *c)
{
    struct program program = { 0 };

    if (!take_program(c, &program)) {
        return;
    }
    if (program.writes) {
        write_all(c, &program);
    } else {
        read_all(c, &program);
    }
}

static void bitfield_ro(struct call *c)
{
    struct program program = { 0 };

    if (!take_program(c, &program)) {
        return;
    }
    if (program.writes) {
        reply_error(c->reply, SPAN("ERR BITFIELD_RO only supports the GET subcommand"));
        return;
    }
    read_all(c, &program);
}

/* Only GET, as far as it goes, is no write. */
static uint16_t key_flags(const struct span *argv, size_t argc)
{
    enum verb verb;

    for (size_t i = 2; i < argc; i++) {
        if (is_verb(argv, argc, i, &verb) && verb == VERB_GET) {
            i += 2;
        } else if (span_is(argv[i], "OVERFLOW") && i + 1 < argc) {
            i += 1;
        } else {
            return KEY_RW | KEY_ACCESS | KEY_UPDATE;
        }
    }
    return KEY_RO | KEY_ACCESS;
}

#define ENCODING "encoding:string offset:integer"

const struct command bitfield_commands[] = {
    { .name = "bitfield",
      .run = bitfield,
      .arity = -2,
      .flags = CMD_WRITE | CMD_DENYOOM,
      .keys = { KEYS(1, 1, 1, KEY_RW | KEY_ACCESS | KEY_UPDATE | KEY_VARIABLE) },
      .group = "bitmap",
      .since = "3.2.0",
      .complexity = "O(1) for each operation.",
      .synopsis = "key:key [operation:(encoding_offset:{" ENCODING "}=GET | "
                  "write:{[wrap_sat_fail:(wrap:WRAP | sat:SAT | fail:FAIL)=OVERFLOW] "
                  "write_operation:(encoding_offset_value:{" ENCODING " value:integer}=SET | "
                  "encoding_offset_increment:{" ENCODING " increment:integer}=INCRBY)})...]",
      .summary = "Reads, sets and increments integers of any width in a string.",
      .key_notes = "Read only if there is nothing but `GET`",
      .key_flags = key_flags },
    { .name = "bitfield_ro",
      .run = bitfield_ro,
      .arity = -2,
      .flags = CMD_READ | CMD_FAST | CMD_NEAR,
      .keys = { KEYS(1, 1, 1, KEY_RO | KEY_ACCESS) },
      .group = "bitmap",
      .since = "6.0.0",
      .complexity = "O(1) for each operation.",
      .synopsis = "key:key [encoding_offset:{" ENCODING "}=GET+...]",
      .summary = "Reads integers of any width in a string." },
    { .name = NULL },
};
