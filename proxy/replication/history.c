/* Which stream of changes a data set is the result of. */

#include "proxy/replication/history.h"

#include "cache/base/check.h"

static const char none[] = "0000000000000000000000000000000000000000";

static void set_id(char *to, const char *id)
{
    memcpy(to, id, HISTORY_ID_LEN);
    to[HISTORY_ID_LEN] = '\0';
}

bool history_id_is_valid(struct span id)
{
    return id.len == HISTORY_ID_LEN;
}

void history_forget_second(struct history *history)
{
    set_id(history->id2, none);
    history->second_offset = -1;
}

void history_begin(struct history *history, const char *random)
{
    *history = (struct history){ 0 };
    history_rename(history, random);
}

void history_rename(struct history *history, const char *random)
{
    set_id(history->id, random);
    history_forget_second(history);
}

void history_promote(struct history *history, const char *random)
{
    set_id(history->id2, history->id);
    history->second_offset = (int64_t)history->offset + 1;
    set_id(history->id, random);
}

void history_follow(struct history *history, struct span id, uint64_t offset)
{
    assert(history_id_is_valid(id));
    set_id(history->id, id.bytes);
    history->offset = offset;
    history_forget_second(history);
}

void history_continue(struct history *history, struct span id)
{
    assert(history_id_is_valid(id));
    if (span_equal(id, span_from(history->id))) {
        return;
    }
    set_id(history->id2, history->id);
    history->second_offset = (int64_t)history->offset + 1;
    set_id(history->id, id.bytes);
}

bool history_agrees(const struct history *history, struct span id, uint64_t offset)
{
    if (!history_id_is_valid(id)) {
        return false;
    }
    if (strncasecmp(id.bytes, history->id, HISTORY_ID_LEN) == 0) {
        return true;
    }
    return history->second_offset >= 0 && offset <= (uint64_t)history->second_offset &&
           strncasecmp(id.bytes, history->id2, HISTORY_ID_LEN) == 0;
}
