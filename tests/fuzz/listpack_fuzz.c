/* Listpacks, twice. The input as a listpack is refused, or reads the same from both ends and when
 * it is made again. The input as a list of edits leaves what the same edits leave of an array:
 * each three bytes are what to do, where, and with which text. */

#include "cache/base/check.h"
#include "cache/base/memory.h"
#include "cache/ds/listpack.h"

enum { ELEMENTS_MAX = 256, TEXT_MAX = 24 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

struct text {
    char bytes[TEXT_MAX];
    size_t len;
};

static struct span span_of(const struct text *text)
{
    return (struct span){ text->bytes, text->len };
}

/* Short and long numbers, and what nearly is one. */
static struct text text_of(uint8_t byte)
{
    struct text text = { .len = 0 };
    int64_t number = byte & 1 ? INT64_MAX >> (byte / 4) % 63 : -(INT64_C(1) << (byte / 4) % 63);
    text.len = number_format(text.bytes, number);
    if (byte & 2) {
        text.bytes[text.len++] = 'x';
    }
    return text;
}

static void read_as_listpack(struct span bytes)
{
    size_t count, walked = 0;
    char room[NUMBER_TEXT_MAX];

    if (!listpack_is_sound(bytes, &count)) {
        return;
    }
    const struct listpack *pack = (const struct listpack *)bytes.bytes;
    struct listpack *again = listpack_new(0);
    size_t previous = 0;
    for (size_t at = listpack_first(pack); at != 0; at = listpack_next(pack, at), walked++) {
        assert(listpack_previous(pack, at) == previous);
        assert(listpack_at(pack, (int64_t)walked) == at);
        struct span text = listpack_text(pack, at, room);
        listpack_append(&again, text);
        assert(listpack_is(again, listpack_last(again), text));
        assert(listpack_find(pack, at, text, 0) == at);
        previous = at;
    }
    assert(previous == listpack_last(pack));
    assert(walked == count);
    assert(listpack_count(pack) == count);
    assert(listpack_count(again) == count);
    memory_free(again);
}

struct model {
    struct text texts[ELEMENTS_MAX];
    size_t count;
};

static void model_insert(struct model *model, size_t at, struct text text)
{
    memmove(model->texts + at + 1, model->texts + at, (model->count - at) * sizeof(text));
    model->texts[at] = text;
    model->count++;
}

static void model_remove(struct model *model, size_t at, size_t count)
{
    model->count -= count;
    memmove(model->texts + at, model->texts + at + count,
            (model->count - at) * sizeof(*model->texts));
}

static void edit(struct listpack **pack, struct model *model, const uint8_t step[3])
{
    struct text text = text_of(step[2]);
    size_t at = model->count == 0 ? 0 : step[1] % model->count;
    size_t offset = listpack_at(*pack, (int64_t)at);

    switch (model->count == 0 ? 0 : step[0] % 5) {
    case 0:
        listpack_append(pack, span_of(&text));
        model_insert(model, model->count, text);
        return;
    case 1:
        listpack_prepend(pack, span_of(&text));
        model_insert(model, 0, text);
        return;
    case 2:
        listpack_insert(pack, offset, span_of(&text));
        model_insert(model, at, text);
        return;
    case 3:
        listpack_replace(pack, offset, span_of(&text));
        model->texts[at] = text;
        return;
    default:
        listpack_remove(pack, offset, 1u + step[2]);
        model_remove(model, at,
                     1u + step[2] < model->count - at ? 1u + step[2] : model->count - at);
        return;
    }
}

static void follow_edits(const uint8_t *data, size_t len)
{
    static struct model model;
    struct listpack *pack = listpack_new(0);
    size_t count, i = 0;

    model.count = 0;
    for (; len >= 3 && model.count < ELEMENTS_MAX; data += 3, len -= 3) {
        edit(&pack, &model, data);
    }
    struct span bytes = { (const char *)pack, listpack_bytes(pack) };
    assert(listpack_is_sound(bytes, &count));
    assert(count == model.count);
    for (size_t at = listpack_first(pack); at != 0; at = listpack_next(pack, at), i++) {
        assert(listpack_is(pack, at, span_of(&model.texts[i])));
    }
    memory_free(pack);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    read_as_listpack((struct span){ (const char *)data, len });
    follow_edits(data, len);
    return 0;
}
