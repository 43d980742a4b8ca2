/* Strings and their encodings. */

#include "cache/types/string.h"

#include "cache/base/check.h"
#include "cache/base/memory.h"
#include "cache/ds/saved.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* A value in a block of exactly its size, so that the sanitizer sees a byte too many. */
static void *made(struct string_form form)
{
    void *value = memory_alloc(form.size);
    string_write(value, &form);
    assert_int_equal(type_string.size(value), form.size);
    return value;
}

static void assert_text(const void *value, struct span expected)
{
    char room[STRING_TEXT_ROOM];
    assert_true(span_equal(string_text(value, room), expected));
    assert_int_equal(string_len(value), expected.len);
}

static void every_text_comes_back(void **state)
{
    (void)state;
    static const char *texts[] = {
        "",
        "0",
        "-1",
        "127",
        "128",
        "-128",
        "-129",
        "32767",
        "32768",
        "-32769",
        "2147483647",
        "2147483648",
        "-2147483649",
        "9223372036854775807",
        "-9223372036854775808",
        "9223372036854775808",
        "01",
        "-0",
        "+1",
        "1 ",
        "1.5",
        "text",
        "12345678901234567890",
    };
    for (size_t i = 0; i < COUNT(texts); i++) {
        void *value = made(string_form(span_from(texts[i])));
        assert_text(value, span_from(texts[i]));
        memory_free(value);
    }
}

static void long_texts_come_back(void **state)
{
    (void)state;
    static char text[70000];
    memset(text, 'x', sizeof(text));
    static const size_t lens[] = { 44, 45, 254, 255, 256, 257, 4096, 65535, 65536, 70000 };
    for (size_t i = 0; i < COUNT(lens); i++) {
        void *value = made(string_form((struct span){ text, lens[i] }));
        assert_text(value, (struct span){ text, lens[i] });
        memory_free(value);
    }
}

static void numbers_take_few_bytes(void **state)
{
    (void)state;
    assert_int_equal(string_form(SPAN("-128")).size, 2);
    assert_int_equal(string_form(SPAN("128")).size, 3);
    assert_int_equal(string_form(SPAN("-32769")).size, 5);
    assert_int_equal(string_form(SPAN("12345678")).size, 5);
    assert_int_equal(string_form(SPAN("2147483648")).size, 9);
    assert_int_equal(string_form(SPAN("")).size, 2);
}

static void the_encoding_is_what_redis_says(void **state)
{
    (void)state;
    static char text[300];
    memset(text, 'x', sizeof(text));
    struct {
        struct string_form form;
        const char *encoding;
    } rows[] = {
        { string_form(SPAN("12345")), "int" },
        { string_form(SPAN("-9223372036854775808")), "int" },
        { string_form(SPAN("9223372036854775808")), "embstr" },
        { string_form(SPAN("0123")), "embstr" },
        { string_form(SPAN("")), "embstr" },
        { string_form((struct span){ text, 44 }), "embstr" },
        { string_form((struct span){ text, 45 }), "raw" },
        { string_form((struct span){ text, 300 }), "raw" },
        { string_form_text(SPAN("10")), "embstr" },
        { string_form_integer(10), "int" },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        void *value = made(rows[i].form);
        assert_string_equal(type_string.encoding(value), rows[i].encoding);
        memory_free(value);
    }
}

static void knows_which_texts_are_integers(void **state)
{
    (void)state;
    int64_t number = 0;
    void *value = made(string_form(SPAN("-77")));
    assert_true(string_integer(value, &number));
    assert_true(number == -77);
    assert_true(string_is_integer(value));
    memory_free(value);

    value = made(string_form_text(SPAN("78")));
    assert_true(string_integer(value, &number));
    assert_true(number == 78);
    assert_false(string_is_integer(value));
    memory_free(value);

    value = made(string_form(SPAN("7x")));
    assert_false(string_integer(value, &number));
    memory_free(value);
}

/* Stretches a value of `text` to `len` bytes in a block of exactly the promised size. */
static void stretches(struct span text, size_t len)
{
    struct string_form form = string_form(text);
    size_t room = string_raw_size(len);
    void *value = memory_alloc(room > form.size ? room : form.size);
    string_write(value, &form);

    char *bytes = string_stretch(value, len);
    assert_string_equal(type_string.encoding(value), "raw");
    assert_int_equal(string_len(value), len);
    assert_int_equal(type_string.size(value), room);
    assert_memory_equal(bytes, text.bytes, text.len);
    for (size_t i = text.len; i < len; i++) {
        assert_int_equal(bytes[i], 0);
    }
    memory_free(value);
}

static void stretching_keeps_the_text_and_adds_zeroes(void **state)
{
    (void)state;
    static char text[300];
    memset(text, 'x', sizeof(text));
    stretches(SPAN("abc"), 3);
    stretches(SPAN("abc"), 10);
    stretches(SPAN("12345"), 5);
    stretches(SPAN("12345"), 100);
    stretches(SPAN("-9223372036854775808"), 20);
    stretches(SPAN("-9223372036854775808"), 300);
    stretches(SPAN(""), 1);
    stretches((struct span){ text, 255 }, 255);
    stretches((struct span){ text, 255 }, 256);
    stretches((struct span){ text, 256 }, 300);
}

static void a_copy_is_equal_and_of_the_same_encoding(void **state)
{
    (void)state;
    struct string_form form = string_form_text(SPAN("short"));
    void *value = memory_alloc(100);
    string_write(value, &form);
    memcpy(string_stretch(value, 6) + 5, "!", 1);

    void *copy = type_string.copy(value);
    assert_text(copy, SPAN("short!"));
    assert_string_equal(type_string.encoding(copy), "raw");
    assert_true(type_string.memory(copy) >= 8);
    type_string.free(copy);
    type_string.free(value);
}

static void emit(void *context, const struct span *argv, size_t argc)
{
    bool *emitted = context;
    *emitted = true;
    assert_int_equal(argc, 3);
    assert_true(span_equal(argv[0], SPAN("SET")));
    assert_true(span_equal(argv[1], SPAN("key")));
    assert_true(span_equal(argv[2], SPAN("42")));
}

static void is_rewritten_as_set(void **state)
{
    (void)state;
    bool emitted = false;
    void *value = made(string_form_integer(42));
    type_string.rewrite(SPAN("key"), value, emit, &emitted);
    assert_true(emitted);
    memory_free(value);
}

static void types_are_found_by_tag_and_by_name(void **state)
{
    (void)state;
    assert_ptr_equal(type_by_tag(type_string.tag), &type_string);
    assert_null(type_by_tag(255));
    assert_ptr_equal(type_by_name(SPAN("string")), &type_string);
    assert_null(type_by_name(SPAN("strin")));
}

static void comes_back_from_its_saved_form(void **state)
{
    (void)state;
    static const char *texts[] = { "", "0", "-129", "9223372036854775807", "text" };
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct buf out;
        struct loader loader;
        uint8_t code;
        void *value = made(string_form(span_from(texts[i])));

        buf_init(&out, 1000);
        type_string.save(value, &(struct saver){ .out = &out });
        loader_init(&loader, buf_span(&out));
        assert_true(load_byte(&loader, &code));
        assert_ptr_equal(type_by_code(code), &type_string);
        void *back = type_string.load(code, &loader, &type_limits_default);
        assert_text(back, span_from(texts[i]));
        assert_string_equal(type_string.encoding(back), type_string.encoding(value));

        assert_int_equal(type_string.settled_size(back), type_string.size(back));
        char *flat = memory_alloc(type_string.size(back));
        type_string.settle(back, flat);
        assert_text(flat, span_from(texts[i]));

        memory_free(flat);
        memory_free(back);
        memory_free(value);
        loader_fini(&loader);
        buf_fini(&out);
    }
}

static void what_is_too_long_for_an_entry_does_not_settle(void **state)
{
    (void)state;
    char text[5000] = { 0 };
    void *value = made(string_form_text((struct span){ text, sizeof(text) }));
    assert_int_equal(type_string.settled_size(value), 0);
    memory_free(value);
}

static void a_broken_saved_form_is_refused(void **state)
{
    (void)state;
    struct loader loader;
    loader_init(&loader, SPAN("\x05"
                              "abc"));
    assert_null(type_string.load(0, &loader, &type_limits_default));
    assert_non_null(loader.why);
    loader_fini(&loader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_text_comes_back),
        cmocka_unit_test(long_texts_come_back),
        cmocka_unit_test(numbers_take_few_bytes),
        cmocka_unit_test(the_encoding_is_what_redis_says),
        cmocka_unit_test(knows_which_texts_are_integers),
        cmocka_unit_test(stretching_keeps_the_text_and_adds_zeroes),
        cmocka_unit_test(a_copy_is_equal_and_of_the_same_encoding),
        cmocka_unit_test(is_rewritten_as_set),
        cmocka_unit_test(types_are_found_by_tag_and_by_name),
        cmocka_unit_test(comes_back_from_its_saved_form),
        cmocka_unit_test(what_is_too_long_for_an_entry_does_not_settle),
        cmocka_unit_test(a_broken_saved_form_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
