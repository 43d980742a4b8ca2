#!/usr/bin/python3
"""Clients that wait for lists, sorted sets and streams: who is served, with what, in which order.

    blocking.py [--seeds 1-40] [--steps N] [--program PROGRAM]

The random scripts are played beside valkey-server: since Redis 7.2 a client's command is run again
from its first key when any of its keys is ready, and redis-server 7.0 serves the ready key only.
What becomes of one client is compared with redis-server 7.0, whose words its suite asks for.

Some clients send blocking commands, with no time limit; two others write, one command or several
in one piece, in two databases. After each step the two servers are asked who still waits
(CLIENT LIST), the answers that came are read, and all of it must be the same on both. A client
that waits may also be unblocked by CLIENT UNBLOCK, or hang up. In the end the data must have the
same DEBUG DIGEST. Nothing depends on time: a step ends when each client has an answer or waits.

The last tests are about time: what waits for a while ends after that while, and not before.
"""

import argparse
import os
import random
import re
import sys
import time

import resp
import server
from differential import seeds_of

WAITERS = 5
PATIENCE_SECONDS = 10
LISTS, ZSETS, STREAMS = ((b"l1", b"l2", b"l3"), (b"z1", b"z2"), (b"x1", b"x2"))
SHOWN = 14


class Script:
    """Random steps of a seed: (kind, who, arguments)."""

    def __init__(self, seed):
        self.random = random.Random("waiting/%s" % seed)
        self.number = 0

    def pick(self, choices):
        return self.random.choice(choices)

    def some(self, keys):
        return self.random.sample(keys, k=self.random.randint(1, len(keys)))

    def element(self):
        self.number += 1
        return b"e%d" % self.number

    def step(self):
        which = self.random.random()
        if which < 0.45:
            return ("wait", self.random.randrange(WAITERS), [self.blocking()])
        if which < 0.5:
            return ("unblock", self.random.randrange(WAITERS),
                    self.pick([[], [b"TIMEOUT"], [b"ERROR"]]))
        if which < 0.53:
            return ("leave", self.random.randrange(WAITERS), None)
        count = self.pick([1, 1, 1, 2, 3, 5])
        return ("write", self.pick([0, 0, 0, 1]), [self.writing() for _ in range(count)])

    def blocking(self):
        side = lambda: self.pick([b"LEFT", b"RIGHT"])
        return self.pick([
            lambda: [b"BLPOP", *self.some(LISTS), b"0"],
            lambda: [b"BRPOP", *self.some(LISTS), b"0"],
            lambda: [b"BLMOVE", self.pick(LISTS), self.pick(LISTS), side(), side(), b"0"],
            lambda: [b"BRPOPLPUSH", self.pick(LISTS), self.pick(LISTS), b"0"],
            lambda: [b"BLMPOP", b"0", b"2", *self.random.sample(LISTS, 2), side(), b"COUNT",
                     self.pick([b"1", b"2", b"9"])],
            lambda: [b"BZPOPMIN", *self.some(ZSETS), b"0"],
            lambda: [b"BZPOPMAX", *self.some(ZSETS), b"0"],
            lambda: [b"BZMPOP", b"0", b"2", *ZSETS, self.pick([b"MIN", b"MAX"]), b"COUNT",
                     self.pick([b"1", b"2", b"9"])],
            lambda: [b"XREAD", b"BLOCK", b"0", b"STREAMS", *STREAMS, b"$", b"$"],
            lambda: [b"XREADGROUP", b"GROUP", b"g", self.pick([b"c1", b"c2"]), b"COUNT", b"1",
                     b"BLOCK", b"0", b"STREAMS", self.pick(STREAMS), b">"],
        ])()

    def writing(self):
        family = self.pick([LISTS, ZSETS])
        return self.pick([
            lambda: [self.pick([b"LPUSH", b"RPUSH"]), self.pick(LISTS),
                     *(self.element() for _ in range(self.pick([1, 1, 2, 4])))],
            lambda: [b"RPUSH", self.pick(LISTS), self.element()],
            lambda: [b"LMOVE", self.pick(LISTS), self.pick(LISTS), b"LEFT", b"LEFT"],
            lambda: [b"ZADD", self.pick(ZSETS), b"1", self.element(), b"2", self.element()],
            lambda: [b"ZADD", self.pick(ZSETS), b"1", self.element()],
            lambda: [b"ZINCRBY", self.pick(ZSETS), b"1", self.element()],
            lambda: [b"ZUNIONSTORE", self.pick(ZSETS), b"2", *ZSETS],
            lambda: [b"XADD", self.pick(STREAMS), self.pick([b"%d" % self.number, b"%d-*" % (
                self.number + 1)]), b"f", self.element()],
            lambda: [b"XADD", self.pick(STREAMS), b"%d-*" % (self.number + 1), b"f",
                     self.element()],
            lambda: [b"XGROUP", b"CREATE", self.pick(STREAMS), b"g", b"$", b"MKSTREAM"],
            lambda: [b"XGROUP", b"CREATE", self.pick(STREAMS), b"g", b"0", b"MKSTREAM"],
            lambda: [b"DEL", self.pick(LISTS + ZSETS)],
            lambda: [b"DEL", *LISTS, *ZSETS],
            lambda: [b"RENAME", self.pick(family), self.pick(family)],
            lambda: [b"COPY", self.pick(family), self.pick(family), b"REPLACE"],
            lambda: [b"MOVE", self.pick(LISTS + ZSETS), self.pick([b"0", b"1"])],
            lambda: [b"SORT", self.pick(LISTS + ZSETS), b"ALPHA", b"STORE", self.pick(LISTS)],
            lambda: [b"LPOP", self.pick(LISTS)],
            lambda: [b"SINTERSTORE", self.pick(LISTS + ZSETS), b"nosuch"],
        ])()


class Stage:
    """One server with its clients."""

    def __init__(self, running, protocol):
        self.running, self.protocol = running, protocol
        self.writers = [running.connect(protocol), running.connect(protocol)]
        self.writers[0].call("FLUSHALL")
        self.writers[1].call("SELECT", "1")
        self.waiters = [running.connect(protocol) for _ in range(WAITERS)]
        self.ids = [conn.call("CLIENT", "ID") for conn in self.waiters]
        self.waiting = set()

    def close(self):
        for conn in self.writers + self.waiters:
            conn.close()
        with self.running.connect() as conn:
            wait_until(lambda: not blocked_ids(conn), "clients that left are still blocked")

    def play(self, step):
        """What the step led to: answers by client, and who waits."""
        kind, who, what = step
        if kind == "wait":
            if who in self.waiting:
                return None
            self.waiters[who].send(resp.encode(what[0]))
            self.waiting.add(who)
            return self.settle()
        if kind == "unblock":
            return self.writers[0].raw("CLIENT", "UNBLOCK", self.ids[who], *what), self.settle()
        if kind == "leave":
            self.waiters[who].close()
            gone = self.ids[who]
            wait_until(lambda: gone not in all_ids(self.writers[0]), "a client does not leave")
            self.waiters[who] = self.running.connect(self.protocol)
            self.ids[who] = self.waiters[who].call("CLIENT", "ID")
            self.waiting.discard(who)
            return self.settle()
        writer = self.writers[who]
        writer.send(b"".join(resp.encode(args) for args in what))
        return [writer.read() for _ in what], self.settle()

    def settle(self):
        """Reads the answers of those who wait no longer."""
        answers = {}

        def settled():
            still = blocked_ids(self.writers[0])
            for who in sorted(self.waiting):
                if self.ids[who] not in still and self.waiters[who].has_data():
                    answers[who] = self.waiters[who].read()
            self.waiting -= answers.keys()
            return all(self.ids[who] in still for who in self.waiting)

        wait_until(settled, "a client neither waits nor has an answer")
        return answers, sorted(self.waiting)

    def digest(self):
        return self.writers[0].raw("DEBUG", "DIGEST")


def clients(conn):
    lines = conn.call("CLIENT", "LIST").decode().strip().split("\n")
    return [dict(field.split("=", 1) for field in line.split(" ")) for line in lines]


def blocked_ids(conn):
    return {int(client["id"]) for client in clients(conn) if "b" in client["flags"]}


def all_ids(conn):
    return {int(client["id"]) for client in clients(conn)}


def wait_until(holds, complaint):
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, complaint
        time.sleep(0.001)


# --- one client that waits, and what becomes of its key -----------------------------------------

XREADGROUP = "XREADGROUP GROUP g c BLOCK 0 STREAMS k >"
GROUP = "XGROUP CREATE k g $ MKSTREAM"
# Before, the command that waits, and what is done to the key, a line each.
FATES = (
    ("", "BLPOP k 0", "SET k text; DEL k; RPUSH k x"),
    ("", "BLPOP k 0", "SADD k x; DEL k; RPUSH k x"),
    ("", "BLPOP k 0", "RPUSH k x; DEL k"),
    ("", "BLPOP k 0", "RPUSH other x; RENAME other k"),
    ("", "BLPOP k 0", "RPUSH other x; COPY other k"),
    ("", "BLPOP k 0", "RPUSH other x; SORT other ALPHA STORE k"),
    ("SET to text", "BLMOVE k to LEFT LEFT 0", "RPUSH k x; LRANGE k 0 -1"),
    ("SET to text", "BRPOPLPUSH k to 0", "RPUSH k x y; LRANGE k 0 -1"),
    ("", "BLMOVE k k LEFT RIGHT 0", "RPUSH k a b c; LRANGE k 0 -1"),
    ("", "BLPOP k 0", "LPUSH k x; EXPIRE k 0"),
    ("", "BZPOPMIN k 0", "RPUSH k x; DEL k; ZADD k 1 x"),
    ("", "BZPOPMIN k 0", "ZADD k XX 1 x; ZADD k 1 x"),
    ("", "BZPOPMIN k 0", "GEOADD k 1 1 x"),
    ("", "BZPOPMIN k 0", "ZADD k 1 x; ZREM k x; ZADD k 1 y"),
    ("", "XREAD BLOCK 0 STREAMS k $", "SET k text; DEL k; XADD k 5 f v"),
    ("XADD k 5 f v", "XREAD BLOCK 0 STREAMS k $", "DEL k; XADD k 3 f v; XADD k 6 f v"),
    ("XADD k 5 f v", "XREAD BLOCK 0 STREAMS k $", "XDEL k 5; XADD k 6 f v"),
    ("XADD k 5 f v", "XREAD COUNT 1 BLOCK 0 STREAMS k 5", "XADD k 6 f v; XADD k 7 f v"),
    (GROUP, XREADGROUP, "DEL k"),
    (GROUP, XREADGROUP, "UNLINK k"),
    (GROUP, XREADGROUP, "SET k text"),
    (GROUP, XREADGROUP, "FLUSHDB"),
    (GROUP, XREADGROUP, "FLUSHALL"),
    (GROUP, XREADGROUP, "RENAME k other"),
    (GROUP, XREADGROUP, "MOVE k 1"),
    (GROUP, XREADGROUP, "EXPIRE k 0"),
    (GROUP, XREADGROUP, "XGROUP DESTROY k g"),
    (GROUP, XREADGROUP, "XADD k 5 f v; XDEL k 5"),
    (GROUP, XREADGROUP, "XADD other 9 f v; XGROUP CREATE other g 0; RENAME other k"),
    (GROUP, XREADGROUP, "XGROUP SETID k g 0; XADD k 5 f v"),
)


def shares_its_fate(servers, before, waits, after):
    """The client's answer, if it gets one, and the writer's answers are the same."""
    played = []
    for running in servers:
        stage = Stage(running, 2)
        try:
            for line in filter(None, before.split("; ")):
                stage.writers[0].call(*line.split())
            first = stage.play(("wait", 0, [resp.to_bytes(waits.split())]))
            writes = [resp.to_bytes(line.split()) for line in after.split("; ")]
            played.append((first, stage.play(("write", 0, writes)), stage.digest()))
        finally:
            stage.close()
    assert played[0] == played[1], "\n      podis  %s\n      redis  %s" % tuple(played)


def told(step):
    kind, who, what = step
    if kind in ("wait", "write"):
        what = "; ".join(b" ".join(args).decode() for args in what)
    return "%s %d: %s" % (kind, who, what)


def play(servers, seed, protocol, count):
    script = Script(seed)
    stages = [Stage(running, protocol) for running in servers]
    past = []
    try:
        for _ in range(count):
            step = script.step()
            past.append(step)
            ours, theirs = (stage.play(step) for stage in stages)
            assert ours == theirs, difference(past, ours, theirs)
        ours, theirs = (stage.digest() for stage in stages)
        assert ours == theirs, difference(past, ours, theirs)
    finally:
        for stage in stages:
            stage.close()


def difference(past, ours, theirs):
    lines = ["      > " + told(step) for step in past[-SHOWN:]]
    return "\n%s\n      podis  %s\n      redis  %s" % ("\n".join(lines), ours, theirs)


# --- time ----------------------------------------------------------------------------------------

def ends_in_time(servers, args):
    """0.1 s, and both servers answer alike."""
    replies = []
    for running in servers:
        with running.connect() as conn:
            started = time.monotonic()
            replies.append(conn.raw(*args))
            took = time.monotonic() - started
        assert took >= 0.099, "ended after %.3f s" % took
        assert took < 5, "ended after %.3f s" % took
    assert replies[0] == replies[1], "podis %r, redis %r" % tuple(replies)


TIMED = (
    ("BLPOP", "nosuch", "0.1"),
    ("BRPOP", "nosuch", "a", "b", "0.1"),
    ("BLMOVE", "nosuch", "a", "LEFT", "LEFT", "0.1"),
    ("BRPOPLPUSH", "nosuch", "a", "0.1"),
    ("BLMPOP", "0.1", "1", "nosuch", "LEFT"),
    ("BZPOPMIN", "nosuch", "0.1"),
    ("BZPOPMAX", "nosuch", "a", "0.1"),
    ("BZMPOP", "0.1", "1", "nosuch", "MIN"),
    ("XREAD", "BLOCK", "100", "STREAMS", "nosuch", "$"),
)


def swapped_in(running):
    """A key that SWAPDB brings is there for who waits for it. (With several, redis-server serves
    them in no order, so the random steps have no SWAPDB.)"""
    with running.connect() as waiter, running.connect() as control:
        control.call("FLUSHALL")
        waiter.send(resp.encode([b"BLPOP", b"elsewhere", b"0"]))
        wait_until(lambda: someone_waits(control), "a client does not wait")
        control.call("SELECT", "1")
        control.call("RPUSH", "elsewhere", "x")
        assert someone_waits(control)
        control.call("SWAPDB", "0", "1")
        assert waiter.read() == resp.encode([b"elsewhere", b"x"])


def many_wait(running):
    """Hundreds of clients on one key are served one each, oldest first, and others go on."""
    count = 300
    with running.connect() as control:
        control.call("FLUSHALL")
        waiters = [running.connect() for _ in range(count)]
        for conn in waiters:
            conn.send(resp.encode([b"BLPOP", b"queue", b"0"]))
            known = waiters.index(conn) + 1
            wait_until(lambda: waiting_count(control) == known, "a client does not wait")
        for number in range(0, count, 10):
            control.call("RPUSH", "queue", *range(number, number + 10))
            assert control.call("PING") == b"PONG"
        got = [conn.read() for conn in waiters]
        assert got == [resp.encode([b"queue", b"%d" % n]) for n in range(count)]
        for conn in waiters:
            conn.close()


def waiting_count(control):
    return int(re.search(rb"blocked_clients:(\d+)", control.call("INFO", "clients")).group(1))


def someone_waits(control):
    return waiting_count(control) > 0


def run_scripts(tally, options):
    beside = server.redis_program("valkey-server")
    if not os.access(beside, os.X_OK):
        tally.skip("waiting clients", "this machine has no valkey-server")
        return
    with server.Server(options.program) as first, server.Server(beside) as second:
        for seed in seeds_of(options.seeds):
            protocol = 2 + int(seed) % 2
            tally.run("waiting clients, seed %s, RESP%d" % (seed, protocol), play,
                      (first, second), seed, protocol, options.steps)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--seeds", default="1-40")
    parser.add_argument("--steps", type=int, default=150)
    parser.add_argument("--program", default=server.podis_program())
    options = parser.parse_args()
    tally = server.Tally()
    run_scripts(tally, options)
    with server.Server(options.program) as first, server.Server(server.redis_program()) as second:
        for before, waits, after in FATES:
            tally.run("%s; %s" % (waits, after), shares_its_fate, (first, second), before, waits,
                      after)
        for args in TIMED:
            tally.run("%s ends in time" % args[0], ends_in_time, (first, second), args)
        for test in (swapped_in, many_wait):
            for running in (first, second):
                tally.run("%s, %s" % (test.__name__.replace("_", " "),
                                      os.path.basename(running.program)), test, running)
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
