#!/usr/bin/python3
"""FUNCTION and FCALL, compared with redis-server: replies byte by byte, and payloads both ways.

    functions.py [--program PROGRAM] [--seeds 1-20]

First a conversation of everything that can be said wrong and right. Then random ones, seeded, of
few libraries with few names, so that they meet: loads, deletions, calls, dumps that are restored
into the other server. Libraries and functions are listed in another order than Redis's, whose is
that of a hash table: lists are sorted before they are compared, and of several functions that are
there already the one that is named is not compared.

Not compared: two functions of one library whose names differ in case alone. Redis takes both and
loses one; podis says that the function already exists in the library.
"""

import argparse
import random
import re
import sys

import resp
import server

EXISTS = re.compile(rb"Function \w+ already")
SIMPLE = "#!lua name=%s\nredis.register_function('%s', function(keys, args) return %s end)"
NAMED = "#!lua name=%s\nredis.register_function{function_name='%s', callback=function(keys, args) " \
        "return %s end, flags={%s}, description='about %s'}"
TABLE = "#!lua name=x\nredis.register_function{%s}"
BODY = "function_name='f', callback=function() end"

HEADS = ["", "no first line", "#!", "#!\n", "#!lua", "#!lua\n", "#!lua name\n", "#!lua name=\n",
         "#!lua name=a-b\n", "#!lua name=a name=b\n", "#!lua name=a x=y\n", "#!lua x=y name=a\n",
         "#!lua name='a\n", "#!lua name=\"a\"b\n", "#!lua \"name=a\"\nreturn 1",
         "#!js name=a\n", "#! name=a\n", "#!LUA NAME=a\n", "#!lua  name=a \t\n", "#!lua name=a\nx y",
         "#!lua name=a\nreturn", "#!lua name=a\n\27Lua", "#!lua name=a\nlocal s = ('x'):rep(3)",
         "#!lua name=a\nerror('x')", "#!lua name=a\nlocal t = {} t.x.y = 1",
         "#!lua name=a\nredis.log(redis.LOG_DEBUG, 'x')", "#!lua name=a\nredis.nothing()",
         "#!lua name=a\nlocal v = redis.REDIS_VERSION_NUM + bit"]
REGISTRATIONS = ["()", "('f')", "(5)", "{}", "('f', 5)", "(nil, function() end)", "({}, print)",
                 "('f', function() end, 'd')", "('f', function() end, {}, 'd', 'e')",
                 "('', function() end)", "('a b', function() end)", "(5, function() end)"]
TABLES = ["", BODY, BODY + ", x=1", BODY + ", [1]=2", BODY + ", [{}]=2", BODY + ", [true]=2",
          "function_name='f'", "callback=function() end", "function_name={}",
          "function_name='f', callback=5", BODY + ", description=5", BODY + ", description={}",
          BODY + ", flags='no-writes'", BODY + ", flags={'no-writes', 'NO-WRITES'}",
          BODY + ", flags={'x'}", BODY + ", flags={5}", BODY + ", flags={{}}",
          BODY + ", flags={[2]='x'}",
          BODY + ", flags={'allow-oom','allow-stale','no-cluster','allow-cross-slot-keys'}",
          "Function_NAME='f', CallBack=function() end", "function_name=5, callback=function() end"]
BODIES = ["1", "{1, 2, {3, 'x'}}", "{ok='fine'}", "{err='BAD thing'}", "{err='bad'}", "nil", "true",
          "keys[1] .. args[1]", "#keys * 10 + #args", "nosuch", "redis.call('nosuch')",
          "redis.pcall('set', 'a')", "redis.call('set', keys[1], 'v')", "redis.call('get', 'k')",
          "tostring(redis.register_function)", "redis.error_reply('My Err')", "error('boo')",
          "error({err='My boo'})", "redis.status_reply('st')", "KEYS", "_G.nosuch",
          "(function() x = 1 end)()", "rawset(_G, 'x', 1)", "redis.sha1hex('')", "args",
          "cjson.encode({keys, args})", "setmetatable(_G, {})", "redis.breakpoint()"]
REST = [("FUNCTION",), ("FUNCTION", "NOTHING"), ("FUNCTION", "HELP", "x"), ("FUNCTION", "LOAD"),
        ("FUNCTION", "LOAD", "REPLACE"), ("FUNCTION", "LOAD", "a", "b"),
        ("FUNCTION", "LOAD", "replace", "replace", "x"), ("FUNCTION", "DELETE"),
        ("FUNCTION", "DELETE", "nothing"), ("FUNCTION", "LIST", "x"),
        ("FUNCTION", "LIST", "LIBRARYNAME"), ("FUNCTION", "LIST", "WITHCODE", "withcode"),
        ("FUNCTION", "LIST", "LIBRARYNAME", "a", "LIBRARYNAME", "b"),
        ("FUNCTION", "LIST", "LIBRARYNAME", "x*", "WITHCODE"), ("FUNCTION", "STATS"),
        ("FUNCTION", "STATS", "x"), ("FUNCTION", "KILL"), ("FUNCTION", "FLUSH", "x"),
        ("FUNCTION", "FLUSH", "SYNC", "x"), ("FUNCTION", "RESTORE"), ("FUNCTION", "RESTORE", "x"),
        ("FUNCTION", "RESTORE", "x", "y"), ("FUNCTION", "RESTORE", "x", "FLUSH", "y"),
        ("FUNCTION", "DUMP", "x"), ("FCALL",), ("FCALL", "f"), ("FCALL", "f", "0"),
        ("FCALL", "x", "-1"), ("FCALL", "x", "1"), ("FCALL", "x", "a"), ("FCALL_RO", "x", "0")]


def conversation():
    """Requests, one after the other."""
    for head in HEADS:
        yield ("FUNCTION", "LOAD", head)
    for text in REGISTRATIONS:
        yield ("FUNCTION", "LOAD", "#!lua name=x\nredis.register_function" + text)
    for text in TABLES:
        yield ("FUNCTION", "FLUSH")
        yield ("FUNCTION", "LOAD", TABLE % text)
        yield ("FUNCTION", "LIST", "WITHCODE")
    for body in BODIES:
        yield ("FUNCTION", "LOAD", "REPLACE", SIMPLE % ("x", "x", body))
        for call in (("FCALL", "X", "1", "k", "a"), ("FCALL_RO", "x", "1", "k"), ("FCALL", "x", "0")):
            yield call
        yield ("FUNCTION", "LOAD", "REPLACE", NAMED % ("x", "x", body, "'no-writes'", "it"))
        yield ("FCALL_RO", "x", "1", "k", "a")
        yield ("FCALL", "x", "1", "k", "a")
    yield from REST


def in_order(value):
    """Lists of what has no order are sorted."""
    if isinstance(value, list):
        return sorted((in_order(item) for item in value), key=repr)
    if isinstance(value, tuple):
        return tuple(in_order(item) for item in value)
    return value


def same(connections, request):
    replies = [EXISTS.sub(b"Function ? already", conn.raw(*request)) for conn in connections]
    if replies[0] != replies[1] and request[:2] == ("FUNCTION", "LIST"):
        replies = [in_order(resp.decode(reply)) for reply in replies]
    assert replies[0] == replies[1], "%r\n      podis  %r\n      redis  %r" % (request, *replies)
    return replies[0]


def converse(connections):
    for request in conversation():
        same(connections, request)


def cross(connections, policy):
    """Each server's libraries into the other one."""
    payloads = [conn.call("FUNCTION", "DUMP") for conn in connections]
    replies = [conn.raw("FUNCTION", "RESTORE", payload, policy)
               for conn, payload in zip(connections, reversed(payloads))]
    # Which of several collisions is found first follows from the order of a hash table.
    assert [r[:1] for r in replies] in ([b"+", b"+"], [b"-", b"-"]), replies
    same(connections, ("FUNCTION", "LIST", "WITHCODE"))


def roam(connections, seed):
    rng = random.Random(seed)
    names = ["a", "b", "c", "d"]
    for _ in range(150):
        library, function = rng.choice(["a", "b", "B"]), rng.choice(names)
        code = SIMPLE % (library, function, rng.choice(BODIES))
        if rng.random() < 0.4:
            code += "\nredis.register_function('%s', function() return 2 end)" % rng.choice(names)
        function = rng.choice([function, function.upper()])
        if rng.random() < 0.2:
            code += "-" * rng.randrange(2, 3000)
        step = rng.choice([
            ("FUNCTION", "LOAD", code), ("FUNCTION", "LOAD", "REPLACE", code),
            ("FCALL", function, "1", "k", "x"), ("FUNCTION", "DELETE", library),
            ("FUNCTION", "LIST"), ("FUNCTION", "STATS"), None, ("FUNCTION", "FLUSH")])
        if step is None:
            cross(connections, rng.choice(["APPEND", "REPLACE", "FLUSH"]))
        else:
            same(connections, step)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--seeds", default="1-20")
    parser.add_argument("--program", default=server.podis_program())
    options = parser.parse_args()
    first, _, last = options.seeds.partition("-")

    tally = server.Tally()
    with server.pair(program=options.program) as servers:
        for protocol in (2, 3):
            connections = [running.connect(protocol) for running in servers]
            tally.run("FUNCTION and FCALL, RESP%d" % protocol, converse, connections)
            for seed in range(int(first), int(last or first) + 1):
                for conn in connections:
                    conn.call("FUNCTION", "FLUSH")
                tally.run("libraries that meet, seed %d, RESP%d" % (seed, protocol), roam,
                          connections, seed)
            for conn in connections:
                conn.close()
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
