/* A user, and its passwords.
 *
 * Of a password only the hash is kept, and the hash of what somebody says is compared with all of
 * the user's, to the end, so that neither a near guess nor an unknown name shows in the time. */

#include "proxy/server/acl_user.h"

#include "cache/base/check.h"
#include "cache/base/memory.h"
#include "cache/base/sha256.h"

struct acl_user *acl_user_new(struct span name, const struct command_table *commands)
{
    struct acl_user *user = memory_zero(sizeof(*user));
    struct acl_selector *root = acl_selector_new(commands);

    user->name = memory_copy_text(name.bytes, name.len);
    acl_user_add_selector(user, &root);
    return user;
}

static void forget_selectors(struct acl_user *user, size_t kept)
{
    while (user->selector_count > kept) {
        acl_selector_free(user->selectors[--user->selector_count]);
    }
}

void acl_user_free(struct acl_user *user)
{
    if (user == NULL) {
        return;
    }
    forget_selectors(user, 0);
    memory_free(user->selectors);
    words_fini(&user->passwords);
    memory_free(user->name);
    memory_free(user);
}

struct acl_user *acl_user_copy(const struct acl_user *user)
{
    struct acl_user *copy = memory_alloc(sizeof(*copy));

    *copy = *user;
    copy->name = memory_copy_text(user->name, strlen(user->name));
    words_copy(&copy->passwords, &user->passwords);
    copy->selectors = memory_alloc(user->selector_count * sizeof(*copy->selectors));
    for (size_t i = 0; i < user->selector_count; i++) {
        copy->selectors[i] = acl_selector_copy(user->selectors[i]);
    }
    return copy;
}

void acl_user_swap(struct acl_user *to, struct acl_user *from)
{
    struct acl_user old = *to;
    char *name = from->name;

    *to = *from;
    *from = old;
    to->name = old.name;
    from->name = name;
}

void acl_user_add_selector(struct acl_user *user, struct acl_selector **take_selector)
{
    size_t count = user->selector_count + 1;

    user->selectors = memory_resize(user->selectors, count * sizeof(*user->selectors));
    user->selectors[user->selector_count++] = *take_selector;
    *take_selector = NULL;
}

void acl_user_clear_selectors(struct acl_user *user)
{
    forget_selectors(user, 1);
}

/* --- passwords --- */

bool acl_user_has_password(const struct acl_user *user, struct span hash)
{
    bool has = false;

    for (size_t i = 0; i < user->passwords.count; i++) {
        has |= span_is_secret(hash, span_from(user->passwords.items[i]));
    }
    return has;
}

void acl_user_add_password(struct acl_user *user, struct span hash)
{
    assert(hash.len == SHA256_TEXT_LEN);
    if (!acl_user_has_password(user, hash)) {
        words_add(&user->passwords, hash);
    }
    user->nopass = false;
}

bool acl_user_remove_password(struct acl_user *user, struct span hash)
{
    struct option_list *passwords = &user->passwords;
    size_t at = 0;

    while (at < passwords->count && !span_equal(hash, span_from(passwords->items[at]))) {
        at++;
    }
    if (at == passwords->count) {
        return false;
    }
    memory_free(passwords->items[at]);
    passwords->count--;
    memmove(passwords->items + at, passwords->items + at + 1,
            (passwords->count - at) * sizeof(*passwords->items));
    return true;
}

bool acl_user_accepts(const struct acl_user *user, struct span password)
{
    static const struct acl_user nobody;
    char hash[SHA256_TEXT_LEN + 1];

    if (user == NULL) {
        user = &nobody;
    }
    sha256_text(password, hash);
    bool fits = acl_user_has_password(user, span_from(hash));
    return user->enabled && (fits || user->nopass);
}

/* --- what it may --- */

bool acl_user_is_unrestricted(const struct acl_user *user)
{
    size_t at = 0;
    while (at < user->selector_count && !acl_selector_allows_all(user->selectors[at])) {
        at++;
    }
    return at < user->selector_count;
}

void acl_user_describe(const struct acl_user *user, struct buf *out)
{
    buf_add(out, user->enabled ? SPAN("on ") : SPAN("off "));
    buf_add(out, user->nopass ? SPAN("nopass ") : SPAN(""));
    buf_add(out, user->skip_sanitize_payload ? SPAN("skip-sanitize-payload ") : SPAN(""));
    buf_add(out, user->sanitize_payload ? SPAN("sanitize-payload ") : SPAN(""));
    for (size_t i = 0; i < user->passwords.count; i++) {
        buf_addf(out, "#%s ", user->passwords.items[i]);
    }
    acl_selector_describe(acl_user_root(user), out);
    for (size_t i = 1; i < user->selector_count; i++) {
        buf_add(out, SPAN(" ("));
        acl_selector_describe(user->selectors[i], out);
        buf_add(out, SPAN(")"));
    }
}
