/* All users, in order of their names: ACL LIST and ACL SAVE show them so. They are few, and sought
 * only when somebody logs in. */

#include "proxy/server/acl_users.h"

#include "cache/base/check.h"
#include "cache/base/memory.h"

void acl_users_init(struct acl_users *users, const struct command_table *commands)
{
    struct acl_user *first = acl_user_new(SPAN("default"), commands);

    *users = (struct acl_users){ .commands = commands, .first = first };
    first->enabled = first->nopass = true;
    acl_selector_set_all(acl_user_root(first), true);
    acl_selector_reset_keys(acl_user_root(first), true);
    acl_selector_reset_channels(acl_user_root(first), true);
    acl_users_add(users, &first);
}

void acl_users_fini(struct acl_users *users)
{
    while (users->count > 0) {
        acl_user_free(users->users[--users->count]);
    }
    memory_free(users->users);
    *users = (struct acl_users){ 0 };
}

/* Where it is, or would be. */
static size_t place_of(const struct acl_users *users, struct span name)
{
    size_t low = 0, high = users->count;

    while (low < high) {
        size_t middle = (low + high) / 2;
        if (span_compare(span_from(users->users[middle]->name), name) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

struct acl_user *acl_users_find(const struct acl_users *users, struct span name)
{
    size_t at = place_of(users, name);
    bool found = at < users->count && span_equal(span_from(users->users[at]->name), name);

    return found ? users->users[at] : NULL;
}

struct acl_user *acl_users_make(const struct acl_users *users, struct span name)
{
    struct acl_user *user = acl_user_new(name, users->commands);

    acl_selector_reset_channels(acl_user_root(user), users->listen);
    return user;
}

void acl_users_add(struct acl_users *users, struct acl_user **take_user)
{
    struct acl_user *user = *take_user;
    size_t at = place_of(users, span_from(user->name));

    assert(acl_users_find(users, span_from(user->name)) == NULL);
    users->users = memory_resize(users->users, (users->count + 1) * sizeof(struct acl_user *));
    memmove(users->users + at + 1, users->users + at,
            (users->count - at) * sizeof(struct acl_user *));
    users->users[at] = user;
    users->count++;
    *take_user = NULL;
}

void acl_users_remove(struct acl_users *users, struct acl_user *user)
{
    size_t at = place_of(users, span_from(user->name));

    assert(user != users->first);
    assert(users->users[at] == user);
    users->count--;
    memmove(users->users + at, users->users + at + 1,
            (users->count - at) * sizeof(struct acl_user *));
}

void acl_users_swap(struct acl_users *users, struct acl_users *others)
{
    struct acl_users old = *users;
    size_t mine = place_of(users, SPAN("default"));
    size_t theirs = place_of(others, SPAN("default"));

    acl_user_swap(users->first, others->first);
    users->users[mine] = others->first;
    others->users[theirs] = old.first;
    *users = *others;
    *others = old;
    others->first = users->first;
    users->first = old.first;
    users->listen = old.listen;
    memcpy(users->password, old.password, sizeof(users->password));
}

void acl_users_set_password(struct acl_users *users, struct span password)
{
    struct acl_user *user = users->first;
    char hash[SHA256_TEXT_LEN + 1] = "";

    if (password.len > 0) {
        sha256_text(password, hash);
    }
    if (span_is_secret(span_from(hash), span_from(users->password))) {
        return;
    }
    memcpy(users->password, hash, sizeof(hash));
    words_fini(&user->passwords);
    user->nopass = password.len == 0;
    if (password.len > 0) {
        acl_user_add_password(user, span_from(hash));
    }
}
