#!/usr/bin/python3
"""Conversations byte by byte: protocol errors, inline commands, what changes a connection.

Each dialogue is sent on a connection of its own to both servers, in one piece; all that comes
back until the connection closes, or until the answer to a last ECHO, must be equal, and so must
whether the connection closed. What names the server itself (version, client ids) is blanked.

Dialogues that need it run on servers with a password. Random inline lines, seeded, come last.

Not compared: NUL bytes in inline lines and after `*` or `$`. redis-server takes one for the end
of what it has and waits for more; a byte like any other is as good an answer.
"""

import argparse
import random
import re
import socket
import sys

import resp
import server

SENTINEL = b"the-end-of-it"
QUIET_SECONDS = 0.4
END = resp.encode([b"ECHO", SENTINEL])
BLANKS = ((re.compile(rb"\$\d+\r\n\d+\.\d+\.\d+\r\n"), b"$V\r\nVERSION\r\n"),
          (re.compile(rb"(\$2\r\nid\r\n):\d+"), rb"\1:ID"))


def commands(*lines):
    """Requests, from words separated by spaces."""
    return b"".join(resp.encode(line.split(b" ")) for line in lines)


# name, bytes sent
PROTOCOL = [
    ("an empty line", b"\r\n"),
    ("many empty lines", b"\r\n\n\r\n\n"),
    ("a space alone", b" \r\n"),
    ("spaces around a command", b"   PING   \r\n"),
    ("a line that ends with LF alone", b"PING\n"),
    ("a carriage return inside a line", b"PING a\rb\n"),
    ("negative multibulk length", b"*-10\r\n"),
    ("multibulk length zero", b"*0\r\n"),
    ("multibulk length minus zero", b"*-0\r\n"),
    ("multibulk length with a plus", b"*+1\r\n$4\r\nPING\r\n"),
    ("multibulk length with a leading zero", b"*01\r\n$4\r\nPING\r\n"),
    ("empty multibulk length", b"*\r\n"),
    ("multibulk length of letters", b"*abc\r\n"),
    ("multibulk length too big", b"*1048577\r\n"),
    ("multibulk length far too big", b"*3000000000\r\n"),
    ("multibulk length beyond 64 bits", b"*99999999999999999999\r\n"),
    ("multibulk length with a space", b"* 1\r\n"),
    ("a bulk that is not one", b"*1\r\nfoo\r\n"),
    ("a second bulk that is not one", b"*3\r\n$3\r\nSET\r\n$1\r\nx\r\nfooz\r\n"),
    ("a byte of binary for a bulk", b"*1\r\n\x01\r\n"),
    ("an integer for a bulk", b"*2\r\n$3\r\nGET\r\n:5\r\n"),
    ("an array inside an array", b"*2\r\n$3\r\nGET\r\n*1\r\n"),
    ("negative bulk length", b"*3\r\n$3\r\nSET\r\n$1\r\nx\r\n$-10\r\n"),
    ("nil for an argument", b"*2\r\n$3\r\nGET\r\n$-1\r\n"),
    ("bulk length too big", b"*3\r\n$3\r\nSET\r\n$1\r\nx\r\n$2000000000\r\n"),
    ("bulk length one past the limit", b"*3\r\n$3\r\nSET\r\n$1\r\nx\r\n$536870913\r\n"),
    ("bulk length of letters", b"*3\r\n$3\r\nSET\r\n$1\r\nx\r\n$blabla\r\n"),
    ("empty bulk length", b"*1\r\n$\r\n"),
    ("bulk length beyond 64 bits", b"*1\r\n$18446744073709551617\r\n"),
    ("an empty command name", b"*1\r\n$0\r\n\r\n"),
    ("other bytes where CRLF ends a bulk", b"*1\r\n$4\r\nPINGxx"),
    ("commands before the error are run", commands(b"SET dlg 1", b"GET dlg") + b"*1\r\n!\r\n"),
    ("nothing after the error is run", b"*x\r\n" + commands(b"SET dlg 2")),
    ("what came before the error stays", commands(b"GET dlg")),
    ("unbalanced double quotes", b'set "a b\r\n'),
    ("unbalanced single quotes", b"set 'a b\r\n"),
    ("quotes that go on without a space", b'set """test-key""" value\r\n'),
    ("a quoted argument", b'echo "hello world"\r\n'),
    ("hexadecimal escapes", b'echo "\\x41\\x00\\xff"\r\n'),
    ("letters escaped", b'echo "\\n\\r\\t\\b\\a\\q\\\\\\""\r\n'),
    ("single quotes keep escapes", b"echo 'a\\n\\'b'\r\n"),
    ("an empty quoted argument", b'echo ""\r\n'),
    ("quotes inside a word", b'echo ab"cd"\r\n'),
    ("an inline line too long", b"x" * 300000),
    ("an inline line just long enough", b"PING " + b"x" * 60000 + b"\r\n"),
    ("a multibulk line too long", b"*" + b"1" * 300000),
    ("a bulk line too long", b"*1\r\n$" + b"1" * 300000),
    ("an inline command between requests",
     commands(b"PING") + b"PING inline\r\n" + commands(b"PING last")),
    ("an unknown inline command", b"nosuch a b\r\n"),
    ("HTTP: POST", b"POST / HTTP/1.1\r\nHost: x\r\n\r\n"),
    ("HTTP: Host", b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    ("a reply for a request", b"+OK\r\n"),
    ("a request of 1000 arguments", resp.encode([b"DEL"] + [b"k%d" % i for i in range(999)])),
]

CONNECTION = [
    ("QUIT ends it", commands(b"SET dlg 3", b"QUIT", b"SET dlg 4")),
    ("what QUIT cut off was not run", commands(b"GET dlg")),
    ("QUIT with an argument", commands(b"QUIT now")),
    ("RESET goes back to database 0", commands(b"FLUSHALL", b"SELECT 5", b"SET in5 1", b"RESET",
                                               b"GET in5", b"DBSIZE")),
    ("RESET forgets the name", commands(b"CLIENT SETNAME me", b"RESET", b"CLIENT GETNAME")),
    ("RESET goes back to RESP2", commands(b"HELLO 3", b"RESET", b"GET nosuch")),
    ("RESET with an argument", commands(b"RESET x")),
    ("HELLO alone", commands(b"HELLO")),
    ("HELLO 2", commands(b"HELLO 2", b"GET nosuch")),
    ("HELLO 3", commands(b"HELLO 3", b"GET nosuch", b"HELLO 2", b"GET nosuch")),
    ("HELLO 3 in RESP3", commands(b"HELLO 3", b"HELLO 3", b"HELLO")),
    ("HELLO with a name", commands(b"HELLO 3 SETNAME joe", b"CLIENT GETNAME")),
    ("HELLO with a bad name", commands(b"HELLO 3 SETNAME") + resp.encode([b"HELLO", b"3",
                                                                          b"SETNAME", b"a b"])),
    ("HELLO with credentials", commands(b"HELLO 3 AUTH default any SETNAME joe",
                                        b"CLIENT GETNAME")),
    ("HELLO with wrong credentials", commands(b"HELLO 3 AUTH nobody any", b"GET nosuch")),
    ("HELLO with an unknown version", commands(b"HELLO 5", b"HELLO 1", b"HELLO two")),
    ("CLIENT REPLY OFF, then ON", commands(b"CLIENT REPLY OFF", b"SET dlg 5", b"GET dlg",
                                           b"CLIENT REPLY ON", b"GET dlg")),
    ("CLIENT REPLY SKIP", commands(b"CLIENT REPLY SKIP", b"SET dlg 6", b"GET dlg")),
    ("CLIENT REPLY SKIP while OFF", commands(b"CLIENT REPLY OFF", b"CLIENT REPLY SKIP", b"PING",
                                             b"CLIENT REPLY ON")),
    ("CLIENT REPLY SKIP twice", commands(b"CLIENT REPLY SKIP", b"CLIENT REPLY SKIP", b"PING a",
                                         b"PING b")),
    ("CLIENT REPLY ON after SKIP", commands(b"CLIENT REPLY SKIP", b"CLIENT REPLY ON", b"PING a")),
    ("errors while CLIENT REPLY OFF", commands(b"CLIENT REPLY OFF", b"nosuch", b"GET",
                                               b"CLIENT REPLY ON", b"PING")),
    ("RESET while CLIENT REPLY OFF", commands(b"CLIENT REPLY OFF", b"RESET", b"PING")),
    ("CLIENT REPLY's argument", commands(b"CLIENT REPLY", b"CLIENT REPLY maybe")),
    ("an error names the command as typed", commands(b"gEt", b"OBJECT nosuch x", b"CoNfIg nosuch",
                                                     b"client")),
    ("an unknown command with long arguments", resp.encode([b"nosuch" * 40, b"x" * 200,
                                                            b"y" * 200])),
    ("an unknown command with CRLF in it", resp.encode([b"no\r\nsuch", b"a\r\nb"])),
    ("an unknown subcommand with CRLF in it", resp.encode([b"CLIENT", b"a\r\nb"])),
    ("HELP of nothing", commands(b"nosuch HELP")),
    ("names of databases", commands(b"SELECT 15", b"SELECT 16", b"SELECT -1", b"SELECT x")),
    ("kill by id of nobody", commands(b"CLIENT KILL ID 123456 SKIPME no")),
    ("SHUTDOWN that is refused", commands(b"SHUTDOWN BAD", b"SHUTDOWN NOSAVE SAVE",
                                          b"SHUTDOWN ABORT NOW", b"SHUTDOWN FORCE ABORT",
                                          b"SHUTDOWN ABORT", b"SHUTDOWN NOSAVE BAD")),
]

PASSWORD = [
    ("a command before AUTH", commands(b"GET x")),
    ("an unknown command before AUTH", commands(b"nosuch x")),
    ("a wrong number of arguments before AUTH", commands(b"GET")),
    ("PING before AUTH", commands(b"PING")),
    ("ECHO before AUTH", commands(b"ECHO x")),
    ("COMMAND before AUTH", commands(b"COMMAND COUNT")),
    ("SELECT before AUTH", commands(b"SELECT 1")),
    ("HELLO before AUTH", commands(b"HELLO", b"HELLO 3", b"HELLO 3 SETNAME x")),
    ("HELLO with a bad version before AUTH", commands(b"HELLO 9")),
    ("QUIT before AUTH", commands(b"QUIT")),
    ("RESET before AUTH", commands(b"RESET", b"GET x")),
    ("wrong passwords", commands(b"AUTH wrong", b"AUTH default wrong", b"AUTH nobody secret",
                                 b"AUTH a b c", b"AUTH")),
    ("AUTH with the password", commands(b"AUTH secret", b"GET x")),
    ("AUTH with user and password", commands(b"AUTH default secret", b"GET x")),
    ("HELLO with the password", commands(b"HELLO 3 AUTH default secret", b"GET x")),
    ("HELLO with the wrong password", commands(b"HELLO 3 AUTH default wrong", b"GET x")),
    ("RESET asks for the password again", commands(b"AUTH secret", b"RESET", b"GET x")),
    ("a failed AUTH keeps what was granted", commands(b"AUTH secret", b"AUTH wrong", b"GET x")),
    ("unauthenticated multibulk length", b"*11\r\n"),
    ("unauthenticated multibulk length at the limit", b"*10\r\n"),
    ("unauthenticated bulk length", b"*1\r\n$16385\r\n"),
    ("unauthenticated inline", b"GET x\r\n"),
]

INLINE_PIECES = [b"echo", b"ping", b"get", b" ", b"  ", b"\t", b'"', b'"', b"'", b"\\", b"\\x4",
                 b"\\x41", b"\\n", b"a",
                 b"b c", b'"x"', b"'y'", b'"\\""', b"\x01", b"\xff", b"$1", b"*", b"\x0b", b"#"]


RULES = (b"on", b"off", b"nopass", b"resetpass", b">p", b"<p", b">", b"#abc", b"!abc", b"~a", b"~",
         b"%R~a", b"%W~a", b"%RW~a", b"%wR~a", b"%RW", b"%R", b"%", b"%~a", b"%RR~a", b"%X~a",
         b"~*", b"allkeys", b"ALLKEYS", b"resetkeys", b"&a", b"&", b"&*", b"allchannels",
         b"resetchannels", b"+get", b"+GET", b"+config", b"+config|get", b"-config|get",
         b"+config|nosuch", b"+config|", b"+config|get|x", b"+get|", b"+get|a|b", b"-get|x",
         b"+select|0", b"+nosuch", b"+", b"-", b"+|", b"+@", b"+@read", b"+@READ", b"-@all",
         b"+@all", b"+@nosuch", b"allcommands", b"nocommands", b"reset", b"()", b"(", b")", b"(~a",
         b"(~a +get)", b"(on)", b"(>p)", b"(allkeys ~a)", b"(&* &a)", b"(what)", b"clearselectors",
         b"sanitize-payload", b"skip-sanitize-payload", b"what", b"", b"~a b", b"&a b")


def rule_dialogue(*rules):
    return (commands(b"ACL SETUSER r reset") + resp.encode([b"ACL", b"SETUSER", b"r", *rules]) +
            commands(b"ACL GETUSER r", b"ACL LIST", b"ACL DELUSER r"))


def as_user(rules, *lines):
    """The lines as a user with these rules, then the connection is somebody who may ECHO."""
    return (commands(b"ACL SETUSER d reset on nopass +@all ~* &*",
                     b"ACL SETUSER u reset on nopass " + rules, b"AUTH u x", *lines, b"RESET",
                     b"FLUSHALL"))


USERS = [("the rule " + rule.decode(), rule_dialogue(rule)) for rule in RULES] + [
    ("rules after everything is allowed", rule_dialogue(b"allkeys", b"~a")),
    ("channels after all are allowed", rule_dialogue(b"&*", b"&a")),
    ("patterns that are said again", rule_dialogue(b"%R~a", b"%W~a", b"~b", b"~b", b"&c", b"&c")),
    ("passwords that are said again", rule_dialogue(b">p", b">p", b">q", b"<p")),
    ("a password that is not there", rule_dialogue(b">p", b"<q")),
    ("a selector in pieces", rule_dialogue(b"(~a", b"+get", b")", b"(", b"&b", b"+set)")),
    ("a selector that is not closed", rule_dialogue(b"what", b"(~a", b"+get")),
    ("a selector that is wrong", rule_dialogue(b"(~a", b"what)")),
    ("names of users", resp.encode([b"ACL", b"SETUSER", b"a b"]) +
     resp.encode([b"ACL", b"SETUSER", b"a\0b"]) + commands(b"ACL GETUSER nobody", b"ACL USERS")),
    ("users in RESP3", commands(b"HELLO 3", b"ACL SETUSER r reset on >p (~a +get)",
                                b"ACL GETUSER r", b"ACL GETUSER nobody", b"ACL DELUSER r")),
    ("removing users", commands(b"ACL SETUSER r", b"ACL DELUSER r r nobody", b"ACL DELUSER default",
                                b"ACL DELUSER nobody default")),
    ("categories that are none", commands(b"ACL CAT what", b"ACL CAT a b", b"acl cat a b")),
    ("passwords of no length", commands(b"ACL GENPASS 0", b"ACL GENPASS -1", b"ACL GENPASS 4097",
                                        b"ACL GENPASS x", b"ACL GENPASS 1 2")),
    ("a log that is empty", commands(b"ACL LOG RESET", b"ACL LOG", b"ACL LOG 5", b"ACL LOG -1",
                                     b"ACL LOG x", b"ACL LOG 1 2", b"ACL LOG RESET")),
    ("no file of users", commands(b"ACL LOAD", b"ACL SAVE", b"ACL LOAD x")),
    ("words that are missing", commands(b"ACL", b"ACL what", b"ACL SETUSER", b"ACL GETUSER",
                                        b"ACL DRYRUN u", b"ACL HELP x", b"ACL WHOAMI x")),
    ("trying", commands(b"ACL SETUSER r reset +@all -keys %R~r* %W~w* &c",
                        b"ACL DRYRUN r GET r", b"ACL DRYRUN r GET w", b"ACL DRYRUN r SET w 1",
                        b"ACL DRYRUN r SET w 1 GET", b"ACL DRYRUN r KEYS x", b"ACL DRYRUN r what",
                        b"ACL DRYRUN r GET", b"ACL DRYRUN nobody GET r",
                        b"ACL DRYRUN r CONFIG what", b"ACL DRYRUN r PUBLISH x y", b"ACL DRYRUN r PSUBSCRIBE c*",
                        b"ACL DRYRUN r COPY r w", b"ACL DRYRUN r COPY w r", b"ACL DELUSER r")),
    ("commands, keys and channels", as_user(
        b"+@all -get -config|set ~k &c", b"GET k", b"GET x", b"SET k 1", b"SET x 1", b"MGET k x",
        b"CONFIG SET hz 1", b"CONFIG GET what", b"PUBLISH c x", b"PUBLISH x c", b"SUBSCRIBE c x",
        b"PSUBSCRIBE c*", b"SSUBSCRIBE x", b"ACL WHOAMI", b"what", b"GET")),
    ("a first argument", as_user(b"+select|1 +ping", b"SELECT 0", b"SELECT 1", b"PING", b"SELECT")),
    ("transactions", as_user(
        b"+@all -get ~k &c", b"MULTI", b"SET k 1", b"GET k", b"EXEC", b"MULTI", b"SET x 1", b"EXEC",
        b"MULTI", b"SUBSCRIBE x", b"WATCH x", b"WATCH k", b"EXEC", b"MULTI", b"SET k 1",
        b"ACL SETUSER u -set", b"INCR k", b"EXEC", b"MULTI", b"PUBLISH c x",
        b"ACL SETUSER u resetkeys resetchannels", b"INCR k", b"EXEC")),
    ("sorting by what may not be read", as_user(
        b"+@all ~l", b"RPUSH l 2 1", b"SORT l", b"SORT l BY w*", b"SORT l BY w", b"SORT l GET w*",
        b"SORT l GET #", b"SORT l LIMIT a b GET w*", b"SORT l BY", b"SORT l what GET w*",
        b"SORT l STORE x", b"SORT_RO l GET w*", b"MULTI", b"SORT l GET w*", b"EXEC")),
    ("scripts", as_user(
        b"+@all -get ~k &c", b"EVAL return(redis.pcall('get','k')) 0",
        b"EVAL return(redis.pcall('set','x','1')) 0", b"EVAL return(redis.pcall('set','k','1')) 0",
        b"EVAL return(redis.pcall('publish','x','1')) 0", b"EVAL return(redis.call('get','k')) 0",
        b"EVAL return(redis.acl_check_cmd('get','k')) 0",
        b"EVAL return(redis.acl_check_cmd('set','k','1')) 0", b"EVAL return(1) 1 x")),
    ("who was there before", commands(b"ACL SETUSER u reset on >p +@all", b"AUTH u x", b"AUTH u p",
                                      b"AUTH nobody p", b"ACL WHOAMI", b"RESET", b"ACL WHOAMI",
                                      b"AUTH p", b"AUTH default p", b"AUTH a b c")),
    ("a user who removes himself", commands(b"ACL SETUSER u reset on nopass +@all", b"AUTH u p",
                                            b"ACL DELUSER u", b"PING")),
    ("clients of users", commands(b"CLIENT KILL USER nobody", b"ACL SETUSER u",
                                  b"CLIENT KILL USER u", b"ACL DELUSER u")),
]

def listen(address, payload):
    """All bytes that come back, and whether the server closed the connection."""
    conn = socket.create_connection(address, 5)
    conn.settimeout(5)
    answer, closed = b"", False
    try:
        conn.sendall(payload + END)
    except OSError:
        pass  # The server may close while we still send: its answer is there to be read.
    conn.settimeout(QUIET_SECONDS)
    try:
        while SENTINEL not in answer:
            more = conn.recv(1 << 16)
            if not more:
                closed = True
                break
            answer += more
    except TimeoutError:
        pass
    except ConnectionResetError:
        closed = True
    conn.close()
    for pattern, blank in BLANKS:
        answer = pattern.sub(blank, answer)
    return answer, closed


def compare(tally, servers, name, payload):
    ours, theirs = (listen(s.address, payload) for s in servers)
    if ours == theirs:
        tally.ok(name)
        return
    tally.fail(name, "\n      sent   %r\n      podis  %r%s\n      redis  %r%s" % (
        payload[:200], ours[0][-400:], ", closed" if ours[1] else "",
        theirs[0][-400:], ", closed" if theirs[1] else ""))


def run_table(tally, program, against, table, *flags):
    servers = [server.Server(program, *flags), server.Server(against, *flags)]
    try:
        for name, payload in table:
            if not servers[0].alive():
                tally.fail("before %r" % name, "the server ended:\n" + servers[0].log()[-3000:])
                return
            compare(tally, servers, name, payload)
    finally:
        for running in servers:
            running.stop()


def random_lines(seed, count):
    source = random.Random(seed)
    for number in range(count):
        pieces = source.choices(INLINE_PIECES, k=source.randint(1, 12))
        line = b"echo " * source.randint(0, 1) + b"".join(pieces) + b"\r\n"
        yield "inline %d/%d" % (seed, number), line


class Quiet(server.Tally):
    """For many small tests: only failures are printed."""

    def ok(self, name):
        self.passed += 1


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--program", default=server.podis_program())
    program, against = parser.parse_args().program, server.redis_program()
    tally = server.Tally()
    run_table(tally, program, against, PROTOCOL)
    run_table(tally, program, against, CONNECTION)
    run_table(tally, program, against, PASSWORD, "--requirepass", "secret")
    users = Quiet()
    run_table(users, program, against, USERS)
    print("%d dialogues about users alike" % users.passed)
    tally.failed += users.failed
    tally.passed += 0 if users.failed else 1
    lines = Quiet()
    run_table(lines, program, against, list(random_lines(1, 400)))
    print("%d random inline lines alike" % lines.passed)
    tally.failed += lines.failed
    tally.passed += 0 if lines.failed else 1
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
