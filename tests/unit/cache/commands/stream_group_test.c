/* Groups, consumers, claims, and what XINFO tells of them. */

#include "tests/unit/cache/commands/try.h"

#define NO_GROUP "-NOGROUP No such key 'k' or consumer group 'none'\r\n"
#define MUST_EXIST                                                                                 \
    "-ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to "  \
    "use the MKSTREAM option to create an empty stream automatically.\r\n"
#define ENTRY(id) "*2\r\n$3\r\n" id "\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n"
#define CLAIMED(id, consumer, count, last)                                                         \
    "0: XCLAIM k g " consumer " 0 " id " TIME 1700000000100 RETRYCOUNT " count                     \
    " FORCE JUSTID LASTID " last "\n"

/* Three entries, of which the first two are pending for a since 100 ms. */
static void fill(struct try *try)
{
    try_run(try, "XADD k 1-0 f v");
    try_run(try, "XADD k 2-0 f v");
    try_run(try, "XADD k 3-0 f v");
    try_run(try, "XGROUP CREATE k g 0");
    try_run(try, "XREADGROUP GROUP g a COUNT 2 STREAMS k >");
    try->now_ms += 100;
    try_changes(try);
    try_events(try);
}

static void makes_and_removes_groups(void **state)
{
    static const struct try_row rows[] = {
        { "XGROUP CREATE k g $", MUST_EXIST },
        { "XGROUP DESTROY k g", MUST_EXIST },
        { "XGROUP CREATE k g x MKSTREAM",
          "-ERR Invalid stream ID specified as stream command argument\r\n" },
        { "EXISTS k", ":0\r\n" },
        { "XGROUP CREATE k g $ MKSTREAM ENTRIESREAD -2",
          "-ERR value for ENTRIESREAD must be positive or -1\r\n" },
        { "XGROUP CREATE k g $ MKSTREAM", "+OK\r\n" },
        { "XGROUP CREATE k g $", "-BUSYGROUP Consumer Group name already exists\r\n" },
        { "XGROUP CREATE k g $ NONSENSE",
          "-ERR unknown subcommand or wrong number of arguments for 'CREATE'. Try XGROUP "
          "HELP.\r\n" },
        { "XGROUP SETID k none 1", "-NOGROUP No such consumer group 'none' for key name 'k'\r\n" },
        { "XGROUP SETID k g +", "+OK\r\n" },
        { "XGROUP SETID k g 1 ENTRIESREAD",
          "-ERR unknown subcommand or wrong number of arguments for 'SETID'. Try XGROUP "
          "HELP.\r\n" },
        { "XGROUP CREATECONSUMER k g a", ":1\r\n" },
        { "XGROUP CREATECONSUMER k g a", ":0\r\n" },
        { "XGROUP DELCONSUMER k g none", ":0\r\n" },
        { "XGROUP DELCONSUMER k g a", ":0\r\n" },
        { "XGROUP DESTROY k g", ":1\r\n" },
        { "XGROUP DESTROY k g", ":0\r\n" },
    };
    TRY_ROWS(state, rows);
}

static void acknowledges_and_lists_what_is_pending(void **state)
{
    static const struct try_row rows[] = {
        { "XPENDING k none", NO_GROUP },
        { "XPENDING k g",
          "*4\r\n:2\r\n$3\r\n1-0\r\n$3\r\n2-0\r\n*1\r\n*2\r\n$1\r\na\r\n$1\r\n2\r\n" },
        { "XPENDING k g - + 1", "*1\r\n*4\r\n$3\r\n1-0\r\n$1\r\na\r\n:100\r\n:1\r\n" },
        { "XPENDING k g (1-0 + 9", "*1\r\n*4\r\n$3\r\n2-0\r\n$1\r\na\r\n:100\r\n:1\r\n" },
        { "XPENDING k g IDLE 101 - + 9", "*0\r\n" },
        { "XPENDING k g IDLE -9223372036854775808 - + 0", "*0\r\n" },
        { "XPENDING k g IDLE 1 - +", "-ERR syntax error\r\n" },
        { "XPENDING k g - +", "-ERR syntax error\r\n" },
        { "XPENDING k g - + -1", "*0\r\n" },
        { "XPENDING k g - + 9 none", "*0\r\n" },
        { "XACK none g 1", ":0\r\n" },
        { "XACK k none x", ":0\r\n" },
        { "XACK k g x", "-ERR Invalid stream ID specified as stream command argument\r\n" },
        { "XACK k g 1-0 1-0 9", ":1\r\n" },
        { "XGROUP DELCONSUMER k g a", ":1\r\n" },
        { "XPENDING k g", "*4\r\n:0\r\n$-1\r\n$-1\r\n*-1\r\n" },
    };
    fill(*state);
    TRY_ROWS(state, rows);
}

static void claims_what_is_idle(void **state)
{
    static const struct try_row rows[] = {
        { "XCLAIM k none b 0 1", NO_GROUP },
        { "XCLAIM k g b x 1", "-ERR Invalid min-idle-time argument for XCLAIM\r\n" },
        { "XCLAIM k g b 0 1 IDLE x", "-ERR Invalid IDLE option argument for XCLAIM\r\n" },
        { "XCLAIM k g b 0 1 TIME x", "-ERR Invalid TIME option argument for XCLAIM\r\n" },
        { "XCLAIM k g b 0 1 RETRYCOUNT x",
          "-ERR Invalid RETRYCOUNT option argument for XCLAIM\r\n" },
        { "XCLAIM k g b 0 1 NONSENSE", "-ERR Unrecognized XCLAIM option 'NONSENSE'\r\n" },
        { "XCLAIM k g b 101 1-0", "*0\r\n" },
        { "XCLAIM k g b 100 1-0", "*1\r\n" ENTRY("1-0") },
        { "XCLAIM k g b 0 3-0", "*0\r\n" },
        { "XCLAIM k g b 0 3-0 FORCE JUSTID", "*1\r\n$3\r\n3-0\r\n" },
        { "XCLAIM k g b 0 9-0 FORCE", "*0\r\n" },
        { "XCLAIM k g b 0 2-0 JUSTID IDLE 30 RETRYCOUNT 7", "*1\r\n$3\r\n2-0\r\n" },
        { "XPENDING k g - + 9", "*3\r\n*4\r\n$3\r\n1-0\r\n$1\r\nb\r\n:0\r\n:2\r\n"
                                "*4\r\n$3\r\n2-0\r\n$1\r\nb\r\n:30\r\n:7\r\n"
                                "*4\r\n$3\r\n3-0\r\n$1\r\nb\r\n:0\r\n:1\r\n" },
        { "XCLAIM k g b 0 1-0 JUSTID IDLE -9223372036854775808", "*1\r\n$3\r\n1-0\r\n" },
        { "XCLAIM k g b 0 1-0 JUSTID TIME -9223372036854775808", "*1\r\n$3\r\n1-0\r\n" },
    };
    fill(*state);
    TRY_ROWS(state, rows);
}

static void claims_by_itself(void **state)
{
    static const struct try_row rows[] = {
        { "XAUTOCLAIM k none b 0 0", NO_GROUP },
        { "XAUTOCLAIM k g b 0 0 COUNT 0", "-ERR COUNT must be > 0\r\n" },
        { "XAUTOCLAIM k g b 0 0 COUNT 576460752303423487 JUNK", "-ERR syntax error\r\n" },
        { "XAUTOCLAIM k g b 0 0 COUNT 1", "*3\r\n$3\r\n2-0\r\n*1\r\n" ENTRY("1-0") "*0\r\n" },
        { "XDEL k 1-0", ":1\r\n" },
        { "XAUTOCLAIM k g b 50 - JUSTID",
          "*3\r\n$3\r\n0-0\r\n*1\r\n$3\r\n2-0\r\n*1\r\n$3\r\n1-0\r\n" },
        { "XAUTOCLAIM k g b 0 (2-0", "*3\r\n$3\r\n0-0\r\n*0\r\n*0\r\n" },
    };
    fill(*state);
    TRY_ROWS(state, rows);
}

struct changed {
    const char *command;
    const char *changes;
};

static void announces_each_claim(void **state)
{
    static const struct changed rows[] = {
        { "XCLAIM k g b 0 1-0 LASTID 3-0",
          "0: XGROUP CREATECONSUMER k g b\n" CLAIMED(
              "1-0", "b", "2", "3-0") "0: XGROUP SETID k g 3-0 ENTRIESREAD 2\n" },
        { "XCLAIM k g b 999 1-0", "" },
        { "XAUTOCLAIM k g a 0 2 COUNT 1", CLAIMED("2-0", "a", "2", "3-0") },
        { "XDEL k 1-0", "0: XDEL k 1-0\n" },
        { "XAUTOCLAIM k g a 0 0 COUNT 1", CLAIMED("1-0", "b", "2", "3-0") },
        { "XACK k g 1-0", "" },
        { "XACK k g 2-0", "0: XACK k g 2-0\n" },
        { "XGROUP CREATECONSUMER k g b", "" },
        { "XGROUP SETID k g 0", "0: XGROUP SETID k g 0\n" },
        { "XGROUP DELCONSUMER k g none", "" },
        { "XGROUP DESTROY k none", "" },
    };
    struct try *try = *state;

    fill(try);
    for (size_t i = 0; i < COUNT(rows); i++) {
        try_run(try, rows[i].command);
        assert_string_equal(try_changes(try), rows[i].changes);
    }
}

static void tells_events(void **state)
{
    static const struct changed rows[] = {
        { "XGROUP CREATE k h 0", "0: xgroup-create k\n" },
        { "XGROUP SETID k h 1", "0: xgroup-setid k\n" },
        { "XGROUP CREATECONSUMER k h a", "0: xgroup-createconsumer k\n" },
        { "XREADGROUP GROUP h b STREAMS k >", "0: xgroup-createconsumer k\n" },
        { "XACK k h 2-0", "" },
        { "XGROUP DELCONSUMER k h b", "0: xgroup-delconsumer k\n" },
        { "XGROUP DESTROY k h", "0: xgroup-destroy k\n" },
    };
    struct try *try = *state;

    fill(try);
    for (size_t i = 0; i < COUNT(rows); i++) {
        try_run(try, rows[i].command);
        assert_string_equal(try_events(try), rows[i].changes);
    }
}

static void tells_what_a_stream_is_like(void **state)
{
    static const struct try_row rows[] = {
        { "XINFO STREAM none", "-ERR no such key\r\n" },
        { "XINFO CONSUMERS k none", "-NOGROUP No such consumer group 'none' for key name 'k'\r\n" },
        { "XINFO STREAM k NONSENSE",
          "-ERR unknown subcommand or wrong number of arguments for 'STREAM'. Try XINFO "
          "HELP.\r\n" },
        { "XINFO STREAM k FULL COUNT x", "-ERR value is not an integer or out of range\r\n" },
        { "XINFO GROUPS k",
          "*1\r\n%6\r\n$4\r\nname\r\n$1\r\ng\r\n$9\r\nconsumers\r\n:1\r\n$7\r\npending\r\n:2\r\n"
          "$17\r\nlast-delivered-id\r\n$3\r\n2-0\r\n$12\r\nentries-read\r\n:2\r\n"
          "$3\r\nlag\r\n:1\r\n" },
        { "XINFO CONSUMERS k g",
          "*1\r\n%4\r\n$4\r\nname\r\n$1\r\na\r\n$7\r\npending\r\n:2\r\n$4\r\nidle\r\n:100\r\n"
          "$8\r\ninactive\r\n:100\r\n" },
        { "XDEL k 3-0", ":1\r\n" },
        { "XDEL k 2-0", ":1\r\n" },
        { "XINFO STREAM k",
          "%10\r\n$6\r\nlength\r\n:1\r\n$15\r\nradix-tree-keys\r\n:1\r\n"
          "$16\r\nradix-tree-nodes\r\n:2\r\n$17\r\nlast-generated-id\r\n$3\r\n3-0\r\n"
          "$20\r\nmax-deleted-entry-id\r\n$3\r\n3-0\r\n$13\r\nentries-added\r\n:3\r\n"
          "$23\r\nrecorded-first-entry-id\r\n$3\r\n1-0\r\n$6\r\ngroups\r\n:1\r\n"
          "$11\r\nfirst-entry\r\n" ENTRY("1-0") "$10\r\nlast-entry\r\n" ENTRY("1-0") },
        { "XINFO STREAM k FULL COUNT 1",
          "%9\r\n$6\r\nlength\r\n:1\r\n$15\r\nradix-tree-keys\r\n:1\r\n"
          "$16\r\nradix-tree-nodes\r\n:2\r\n$17\r\nlast-generated-id\r\n$3\r\n3-0\r\n"
          "$20\r\nmax-deleted-entry-id\r\n$3\r\n3-0\r\n$13\r\nentries-added\r\n:3\r\n"
          "$23\r\nrecorded-first-entry-id\r\n$3\r\n1-0\r\n$7\r\nentries\r\n*1\r\n" ENTRY(
              "1-0") "$6\r\ngroups\r\n*1\r\n%7\r\n$4\r\nname\r\n$1\r\ng\r\n"
                     "$17\r\nlast-delivered-id\r\n$3\r\n2-0\r\n$12\r\nentries-read\r\n:2\r\n$"
                     "3\r\nlag\r\n_\r\n"
                     "$9\r\npel-count\r\n:2\r\n$7\r\npending\r\n*1\r\n"
                     "*4\r\n$3\r\n1-0\r\n$1\r\na\r\n:1700000000000\r\n:1\r\n"
                     "$9\r\nconsumers\r\n*1\r\n%5\r\n$4\r\nname\r\n$1\r\na\r\n"
                     "$9\r\nseen-time\r\n:1700000000000\r\n$11\r\nactive-time\r\n:1700000000000\r\n"
                     "$9\r\npel-count\r\n:2\r\n$7\r\npending\r\n*1\r\n"
                     "*3\r\n$3\r\n1-0\r\n:1700000000000\r\n:1\r\n" },
    };
    struct try *try = *state;

    fill(try);
    try->protocol = 3;
    TRY_ROWS(state, rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TRY(makes_and_removes_groups),    TRY(acknowledges_and_lists_what_is_pending),
        TRY(claims_what_is_idle),         TRY(claims_by_itself),
        TRY(announces_each_claim),        TRY(tells_events),
        TRY(tells_what_a_stream_is_like),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
