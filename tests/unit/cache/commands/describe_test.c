/* Rows as Redis describes its commands. */

#include "cache/commands/describe.h"

#include "cache/base/check.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void nothing(struct call *c)
{
    (void)c;
}

static const struct command below[] = {
    { .name = "box|open",
      .run = nothing,
      .arity = -2,
      .group = "server",
      .since = "1.0.0",
      .complexity = "O(1)",
      .synopsis = "[name:string=AS]",
      .summary = "Opens it." },
    { .name = NULL },
};

static const struct command box = {
    .name = "box",
    .arity = -2,
    .subcommands = below,
    .group = "server",
    .since = "1.0.0",
    .complexity = "O(1)",
    .summary = "A box.",
};

static const struct command put = {
    .name = "put",
    .run = nothing,
    .arity = -4,
    .flags = CMD_WRITE | CMD_MOVABLE_KEYS | CMD_NEAR,
    .keys = { KEYS(1, 1, 1, KEY_OW | KEY_UPDATE),
              { .kind = KEYS_COUNTED, .first = 2, .step = 1, .flags = KEY_RO } },
    .group = "list",
    .since = "9.0.0",
    .complexity = "O(N)",
    .synopsis = "to:key count:integer from:key... [how:(fast:FAST | at:integer=AT)@9.1.0]",
    .summary = "Puts.",
    .tips = "one:1 two",
    .history = "9.1.0 More.\n9.2.0 Less than more.",
    .deprecated_since = "9.3.0",
    .replaced_by = "`PUSH`",
};

static void assert_reply(struct buf *out, const char *text)
{
    assert_int_equal(buf_span(out).len, strlen(text));
    assert_memory_equal(buf_span(out).bytes, text, strlen(text));
    buf_fini(out);
}

#define INDEX(n)                                                                                   \
    "$12\r\nbegin_search\r\n%2\r\n$4\r\ntype\r\n$5\r\nindex\r\n"                                   \
    "$4\r\nspec\r\n%1\r\n$5\r\nindex\r\n:" n "\r\n"

static void describes_for_routers(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, SIZE_MAX);
    struct reply reply = reply_into(&out, 3);

    describe_info(&reply, &put);
    assert_reply(
        &out,
        "*10\r\n$3\r\nput\r\n:-4\r\n~2\r\n+write\r\n+movablekeys\r\n"
        ":1\r\n:1\r\n:1\r\n~3\r\n+@write\r\n+@list\r\n+@slow\r\n"
        "~2\r\n$5\r\none:1\r\n$3\r\ntwo\r\n"
        "~2\r\n%3\r\n$5\r\nflags\r\n~2\r\n+OW\r\n+update\r\n" INDEX(
            "1") "$9\r\nfind_keys\r\n%2\r\n$4\r\ntype\r\n$5\r\nrange\r\n$4\r\nspec\r\n"
                 "%3\r\n$7\r\nlastkey\r\n:0\r\n$7\r\nkeystep\r\n:1\r\n$5\r\nlimit\r\n:0\r\n"
                 "%3\r\n$5\r\nflags\r\n~1\r\n+RO\r\n" INDEX(
                     "2") "$9\r\nfind_keys\r\n%2\r\n$4\r\ntype\r\n$6\r\nkeynum\r\n$4\r\nspec\r\n"
                          "%3\r\n$9\r\nkeynumidx\r\n:0\r\n$8\r\nfirstkey\r\n:1\r\n"
                          "$7\r\nkeystep\r\n:1\r\n~0\r\n");
}

static void describes_for_people(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, SIZE_MAX);
    struct reply reply = reply_into(&out, 3);

    describe_docs(&reply, &put);
    assert_reply(&out, "%9\r\n$7\r\nsummary\r\n$5\r\nPuts.\r\n$5\r\nsince\r\n$5\r\n9.0.0\r\n"
                       "$5\r\ngroup\r\n$4\r\nlist\r\n$10\r\ncomplexity\r\n$4\r\nO(N)\r\n"
                       "$9\r\ndoc_flags\r\n~1\r\n+deprecated\r\n"
                       "$16\r\ndeprecated_since\r\n$5\r\n9.3.0\r\n"
                       "$11\r\nreplaced_by\r\n$6\r\n`PUSH`\r\n"
                       "$7\r\nhistory\r\n~2\r\n*2\r\n$5\r\n9.1.0\r\n$5\r\nMore.\r\n"
                       "*2\r\n$5\r\n9.2.0\r\n$15\r\nLess than more.\r\n"
                       "$9\r\narguments\r\n*4\r\n"
                       "%3\r\n$4\r\nname\r\n$2\r\nto\r\n$4\r\ntype\r\n$3\r\nkey\r\n"
                       "$14\r\nkey_spec_index\r\n:0\r\n"
                       "%2\r\n$4\r\nname\r\n$5\r\ncount\r\n$4\r\ntype\r\n$7\r\ninteger\r\n"
                       "%4\r\n$4\r\nname\r\n$4\r\nfrom\r\n$4\r\ntype\r\n$3\r\nkey\r\n"
                       "$14\r\nkey_spec_index\r\n:1\r\n$5\r\nflags\r\n~1\r\n+multiple\r\n"
                       "%5\r\n$4\r\nname\r\n$3\r\nhow\r\n$4\r\ntype\r\n$5\r\noneof\r\n"
                       "$5\r\nsince\r\n$5\r\n9.1.0\r\n$5\r\nflags\r\n~1\r\n+optional\r\n"
                       "$9\r\narguments\r\n*2\r\n"
                       "%3\r\n$4\r\nname\r\n$4\r\nfast\r\n$4\r\ntype\r\n$10\r\npure-token\r\n"
                       "$5\r\ntoken\r\n$4\r\nFAST\r\n"
                       "%3\r\n$4\r\nname\r\n$2\r\nat\r\n$4\r\ntype\r\n$7\r\ninteger\r\n"
                       "$5\r\ntoken\r\n$2\r\nAT\r\n");
}

static void flattens_maps_in_resp2(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, SIZE_MAX);
    struct reply reply = reply_into(&out, 2);

    describe_docs(&reply, &box);
    assert_reply(&out, "*10\r\n$7\r\nsummary\r\n$6\r\nA box.\r\n$5\r\nsince\r\n$5\r\n1.0.0\r\n"
                       "$5\r\ngroup\r\n$6\r\nserver\r\n$10\r\ncomplexity\r\n$4\r\nO(1)\r\n"
                       "$11\r\nsubcommands\r\n*2\r\n$8\r\nbox|open\r\n"
                       "*10\r\n$7\r\nsummary\r\n$9\r\nOpens it.\r\n$5\r\nsince\r\n$5\r\n1.0.0\r\n"
                       "$5\r\ngroup\r\n$6\r\nserver\r\n$10\r\ncomplexity\r\n$4\r\nO(1)\r\n"
                       "$9\r\narguments\r\n*1\r\n*8\r\n$4\r\nname\r\n$4\r\nname\r\n"
                       "$4\r\ntype\r\n$6\r\nstring\r\n$5\r\ntoken\r\n$2\r\nAS\r\n"
                       "$5\r\nflags\r\n*1\r\n+optional\r\n");
}

static void describes_subcommands_with_their_container(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, SIZE_MAX);
    struct reply reply = reply_into(&out, 2);

    describe_info(&reply, &box);
    assert_reply(&out, "*10\r\n$3\r\nbox\r\n:-2\r\n*0\r\n:0\r\n:0\r\n:0\r\n*1\r\n+@slow\r\n"
                       "*0\r\n*0\r\n*1\r\n*10\r\n$8\r\nbox|open\r\n:-2\r\n*0\r\n"
                       ":0\r\n:0\r\n:0\r\n*1\r\n+@slow\r\n*0\r\n*0\r\n*0\r\n");
}

static void helps(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, SIZE_MAX);
    struct reply reply = reply_into(&out, 2);

    describe_help(&reply, &box);
    assert_reply(&out, "*3\r\n+BOX <subcommand> [<arg> [value] [opt] ...]. Subcommands are:\r\n"
                       "+OPEN [AS name]\r\n+    Opens it.\r\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(describes_for_routers),
        cmocka_unit_test(describes_for_people),
        cmocka_unit_test(flattens_maps_in_resp2),
        cmocka_unit_test(describes_subcommands_with_their_container),
        cmocka_unit_test(helps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
