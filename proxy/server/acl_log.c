/* The log of what was denied. A list from the newest to the oldest; an entry that is met again goes
 * to the front. Only the newest few are looked at for that, so that the cost of a denial is
 * bounded. */

#include "proxy/server/acl_log.h"

#include "cache/base/check.h"
#include "cache/base/memory.h"

enum { SAME_WITHIN_MS = 60000, SAME_AMONG = 10 };

const char *acl_log_reason(enum acl_denial denial)
{
    static const char *const names[ACL_DENIALS] = { "", "command", "key", "auth", "channel" };
    return names[denial];
}

const char *acl_log_context(enum acl_context context)
{
    static const char *const names[] = { "toplevel", "multi", "lua", "module" };
    return names[context];
}

static void unlink_entry(struct acl_log *log, struct acl_entry *entry)
{
    if (entry->newer == NULL) {
        log->newest = entry->older;
    } else {
        entry->newer->older = entry->older;
    }
    if (entry->older == NULL) {
        log->oldest = entry->newer;
    } else {
        entry->older->newer = entry->newer;
    }
    log->count--;
}

static void link_newest(struct acl_log *log, struct acl_entry *entry)
{
    entry->newer = NULL;
    entry->older = log->newest;
    if (log->newest == NULL) {
        log->oldest = entry;
    } else {
        log->newest->newer = entry;
    }
    log->newest = entry;
    log->count++;
}

void acl_log_cut(struct acl_log *log, size_t max)
{
    while (log->count > max) {
        struct acl_entry *entry = log->oldest;
        unlink_entry(log, entry);
        memory_free(entry->object);
        memory_free(entry->user);
        memory_free(entry->client);
        memory_free(entry);
    }
}

void acl_log_reset(struct acl_log *log)
{
    acl_log_cut(log, 0);
}

void acl_log_fini(struct acl_log *log)
{
    acl_log_reset(log);
    *log = (struct acl_log){ 0 };
}

static bool is_same(const struct acl_entry *entry, const struct acl_event *event)
{
    return entry->denial == event->denial && entry->context == event->context &&
           event->now_ms - entry->updated_at_ms <= SAME_WITHIN_MS &&
           span_equal(event->object, (struct span){ entry->object, entry->object_len }) &&
           span_equal(event->user, (struct span){ entry->user, entry->user_len });
}

static struct acl_entry *find(const struct acl_log *log, const struct acl_event *event)
{
    struct acl_entry *entry = log->newest;

    for (size_t looked = 0; entry != NULL && looked < SAME_AMONG; looked++) {
        if (is_same(entry, event)) {
            return entry;
        }
        entry = entry->older;
    }
    return NULL;
}

static struct acl_entry *entry_new(struct acl_log *log, const struct acl_event *event)
{
    struct acl_entry *entry = memory_alloc(sizeof(*entry));

    *entry = (struct acl_entry){
        .id = log->next_id++,
        .denial = event->denial,
        .context = event->context,
        .object = memory_copy_text(event->object.bytes, event->object.len),
        .object_len = event->object.len,
        .user = memory_copy_text(event->user.bytes, event->user.len),
        .user_len = event->user.len,
        .created_at_ms = event->now_ms,
    };
    return entry;
}

static struct span shortened(struct span text)
{
    return (struct span){ text.bytes, text.len < ACL_LOG_TEXT_MAX ? text.len : ACL_LOG_TEXT_MAX };
}

void acl_log_add(struct acl_log *log, const struct acl_event *whole, size_t max)
{
    struct acl_event event = *whole;

    assert(event.denial != ACL_GRANTED);
    log->denied[event.denial]++;
    event.object = shortened(event.object);
    event.user = shortened(event.user);
    struct acl_entry *entry = find(log, &event);
    if (entry == NULL) {
        entry = entry_new(log, &event);
    } else {
        unlink_entry(log, entry);
    }
    memory_free(entry->client);
    entry->client = memory_copy_text(event.client.bytes, event.client.len);
    entry->updated_at_ms = event.now_ms;
    entry->count++;
    link_newest(log, entry);
    acl_log_cut(log, max);
}
