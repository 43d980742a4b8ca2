/* Rules of users. The input is lines: the words of one ACL SETUSER each, parted by spaces.
 *
 * Whatever the rules, what is said of the user makes the same user again: the same words, and the
 * same permissions for every command and for some keys and channels. A rule that is refused changes
 * nothing. */

#include "cache/base/check.h"
#include "cache/base/memory.h"
#include "proxy/server/acl_rule.h"
#include "proxy/server/acl_words.h"
#include "proxy/server/server.h"

#include <stdint.h>

enum { WORDS_MAX = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static struct span take_until(struct span *text, char end)
{
    const char *at = text->len == 0 ? NULL : memchr(text->bytes, end, text->len);
    size_t len = at == NULL ? text->len : (size_t)(at - text->bytes);
    struct span part = { text->bytes, len };

    *text = span_skip(*text, at == NULL ? len : len + 1);
    return part;
}

static void describe(const struct acl_user *user, struct buf *text)
{
    buf_init(text, SIZE_MAX / 2);
    acl_user_describe(user, text);
}

static bool is_same_text(const struct acl_user *a, const struct acl_user *b)
{
    struct buf mine, theirs;

    describe(a, &mine);
    describe(b, &theirs);
    bool same = span_equal(buf_span(&mine), buf_span(&theirs));
    buf_fini(&mine);
    buf_fini(&theirs);
    return same;
}

/* Refused, it is as it was; returns whether it was taken. */
static bool apply(struct acl_user *user, struct span rule)
{
    struct acl_user *before = acl_user_copy(user);
    bool taken = acl_rule_apply(user, rule, false) == ACL_RULE_FINE;

    assert(taken || is_same_text(user, before));
    acl_user_free(before);
    return taken;
}

/* Returns whether all of the words were taken. */
static bool apply_words(struct acl_user *user, struct span line)
{
    struct span spans[WORDS_MAX];
    struct acl_words words;
    struct span rule;
    size_t count = 0;
    bool taken = true;

    while (line.len > 0 && count < WORDS_MAX) {
        spans[count++] = take_until(&line, ' ');
    }
    if (line.len > 0 || acl_words_unclosed(spans, count) < count) {
        return false;
    }
    acl_words_init(&words, spans, count);
    while (acl_words_next(&words, &rule)) {
        taken = apply(user, rule) && taken;
    }
    acl_words_fini(&words);
    return taken;
}

static void compare(const struct acl_selector *a, const struct acl_selector *b, struct span probe)
{
    struct span argv[] = { SPAN("x"), probe };

    for (size_t id = 0; id < command_ids(a->commands); id++) {
        assert(acl_selector_allows_command(a, id, argv, 2) ==
               acl_selector_allows_command(b, id, argv, 2));
    }
    for (unsigned permits = 0; permits <= PERMIT_ALL; permits++) {
        assert(acl_selector_allows_key(a, probe, permits) ==
               acl_selector_allows_key(b, probe, permits));
    }
    for (int pattern = 0; pattern < 2; pattern++) {
        assert(acl_selector_allows_channel(a, probe, pattern) ==
               acl_selector_allows_channel(b, probe, pattern));
    }
}

/* What a user is said to be makes such a user again. The text may be shorter then: a rule that
 * changes nothing is not kept. */
static void check_again(const struct acl_user *user, struct span probe)
{
    struct acl_user *again = acl_user_new(SPAN("u"), acl_user_root(user)->commands);
    struct buf text;

    describe(user, &text);
    struct span line = buf_span(&text);
    size_t words = 1;
    for (size_t i = 0; i < line.len; i++) {
        words += line.bytes[i] == ' ';
    }
    if (words <= WORDS_MAX) {
        bool taken = apply_words(again, line);
        assert(taken);
        assert(user->selector_count == again->selector_count);
        for (size_t i = 0; i < user->selector_count; i++) {
            compare(user->selectors[i], again->selectors[i], probe);
        }
    }
    buf_fini(&text);
    acl_user_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct command_table *table;
    struct span text = { (const char *)data, len };

    if (table == NULL) {
        table = command_table_new();
        command_table_add_store(table);
        command_table_add_server(table);
    }
    struct acl_user *user = acl_user_new(SPAN("u"), table);
    while (text.len > 0) {
        struct span line = take_until(&text, '\n');
        apply_words(user, line);
        check_again(user, take_until(&line, ' '));
    }
    acl_user_free(user);
    return 0;
}
