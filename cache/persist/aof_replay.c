/* Repeats changes.
 *
 * SELECT, MULTI and EXEC are words of the file's own language, and not run: nobody is connected who
 * could be in a database or a transaction. All else is looked up and run as a client's request is,
 * under cache_replay_begin(), where nothing expires by itself. A request that no row knows, or
 * whose number of words does not fit, cannot have been a change: the file is not ours, or damaged,
 * and to go on would be to make up data. */

#include "cache/persist/aof_replay.h"

#include "cache/base/check.h"
#include "cache/base/number.h"

void aof_replay_init(struct aof_replay *replay, const struct aof_replay_parts *parts,
                     struct span bytes, size_t at)
{
    *replay = (struct aof_replay){ .parts = *parts, .good = at };
    aof_text_init(&replay->text, bytes, at);
}

void aof_replay_fini(struct aof_replay *replay)
{
    aof_text_fini(&replay->text);
}

/* Words of the file's own language. */
enum word { WORD_NONE, WORD_SELECT, WORD_MULTI, WORD_EXEC };

static enum word word_of(const struct aof_text *text)
{
    struct span name = text->argv[0];

    if (text->argc == 1 && span_is(name, "multi")) {
        return WORD_MULTI;
    }
    if (text->argc == 1 && span_is(name, "exec")) {
        return WORD_EXEC;
    }
    return text->argc == 2 && span_is(name, "select") ? WORD_SELECT : WORD_NONE;
}

static enum aof_replay_end select_db(struct aof_replay *replay)
{
    uint64_t db;

    if (!number_parse_unsigned(replay->text.argv[1], &db) ||
        db >= (uint64_t)cache_databases(replay->parts.cache)) {
        return AOF_REPLAY_BROKEN;
    }
    replay->db = (int)db;
    return AOF_REPLAY_MORE;
}

static void run(struct aof_replay *replay, const struct command *command, uint64_t now_ms)
{
    struct reply nowhere = { .protocol = 3, .silent = true };
    struct cache_request request = {
        .command = command,
        .argv = replay->text.argv,
        .argc = replay->text.argc,
        .db = replay->db,
        .now_ms = now_ms,
        .reply = &nowhere,
    };

    if (!(command->flags & CMD_SESSION)) {
        cache_exec(replay->parts.cache, &request);
    } else if (replay->parts.run != NULL) {
        replay->parts.run(replay->parts.context, &request);
    } else {
        nowhere.failed = true;
    }
    replay->ran++;
    replay->failed += nowhere.failed;
}

static enum aof_replay_end find_and_run(struct aof_replay *replay, uint64_t now_ms)
{
    const struct aof_text *text = &replay->text;
    const struct command *container = NULL;
    const struct command *command =
        command_find(cache_commands(replay->parts.cache), text->argv, text->argc, &container);

    if (command == NULL) {
        replay->unknown = text->argv[0];
        return AOF_REPLAY_UNKNOWN;
    }
    if (!command_arity_fits(command, text->argc)) {
        return AOF_REPLAY_BROKEN;
    }
    run(replay, command, now_ms);
    return AOF_REPLAY_MORE;
}

static enum aof_replay_end take(struct aof_replay *replay, size_t began_at, uint64_t now_ms)
{
    enum word word = word_of(&replay->text);
    enum aof_replay_end end = AOF_REPLAY_MORE;

    if (replay->looking) {
        if (word == WORD_EXEC) {
            replay->looking = false;
            replay->text.at = replay->inside_at;
        }
        return end;
    }
    if (word == WORD_MULTI) {
        replay->looking = true;
        replay->multi_at = began_at;
        replay->inside_at = replay->text.at;
        return end;
    }
    if (word == WORD_SELECT) {
        end = select_db(replay);
    } else if (word == WORD_NONE) {
        end = find_and_run(replay, now_ms);
    }
    if (end == AOF_REPLAY_MORE) {
        replay->good = replay->text.at;
    }
    return end;
}

/* The file is over, or what lies there is no request. */
static enum aof_replay_end over(struct aof_replay *replay, enum aof_item item)
{
    if (item == AOF_BROKEN) {
        replay->good = replay->text.at;
        return AOF_REPLAY_BROKEN;
    }
    replay->cut_in_multi = replay->looking;
    replay->good = replay->looking ? replay->multi_at : replay->text.at;
    return item == AOF_CUT || replay->looking ? AOF_REPLAY_CUT : AOF_REPLAY_DONE;
}

enum aof_replay_end aof_replay_step(struct aof_replay *replay, size_t budget, uint64_t now_ms)
{
    enum aof_replay_end end = AOF_REPLAY_MORE;
    size_t taken = 0;

    cache_replay_begin(replay->parts.cache, now_ms);
    while (end == AOF_REPLAY_MORE && taken < budget) {
        size_t began_at = replay->text.at;
        enum aof_item item = aof_text_next(&replay->text);
        taken += replay->text.at - began_at;
        end = item == AOF_REQUEST ? take(replay, began_at, now_ms) : over(replay, item);
    }
    cache_replay_end(replay->parts.cache);
    return end;
}
