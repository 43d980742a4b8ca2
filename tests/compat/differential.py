#!/usr/bin/python3
"""Random commands against redis-server and podis, replies compared byte by byte.

    differential.py [--seeds 1-10] [--commands N] [--protocols 2,3] [--against PROGRAM]
                    [--replies-only]

commands.py makes the commands; each comes with how its reply may be compared. Both servers get
the same pipeline at the same time, in batches. One (seed, protocol) is one test.

After each batch the data of the two must have the same DEBUG DIGEST, every type and every
database. Commands that podis does not have are left out, and named: rows.py fails when such a
name is not one of a later issue.

On a difference the commands that led to it are made fewer for as long as it stays (delta
debugging), and what is left is printed, ready to be pasted into redis-cli. Both servers then
start over with empty data and the rest of the seed goes on, so one run can show several
differences; each kind is shown once.
"""

import argparse
import sys
import time

import resp
import server
from alike import alike
from commands import LEANING, Maker

BATCH = 200
SHOWN_MAX = 12
PER_SEED_MAX = 6
SHRINK_SECONDS = 12
LIMITS = (("hash-max-listpack-entries", 128), ("hash-max-listpack-value", 64),
          ("zset-max-listpack-entries", 128), ("zset-max-listpack-value", 64),
          ("set-max-intset-entries", 512), ("list-max-listpack-size", -2),
          ("list-compress-depth", 0), ("stream-node-max-entries", 100),
          ("stream-node-max-bytes", 4096), ("maxmemory", 0))


class Difference(Exception):
    """The first step whose replies differ."""

    def __init__(self, index, ours, theirs):
        super().__init__(index)
        self.index, self.ours, self.theirs = index, ours, theirs


class Pair:
    """A connection to each server, starting from empty data."""

    def __init__(self, servers, protocol):
        self.connections = [s.connect(protocol) for s in servers]
        self.before = [b"*0\r\n", b"*0\r\n"]
        for conn in self.connections:
            conn.call("FLUSHALL")
            for name, value in LIMITS:
                conn.call("CONFIG", "SET", name, value)

    def close(self):
        for conn in self.connections:
            conn.close()

    def run(self, steps):
        """Runs the steps; raises Difference at the first that differs."""
        payload = b"".join(resp.encode(args) for args, _ in steps)
        try:
            self.compare(steps, *resp.exchange([(conn, payload,
                                                 len(steps)) for conn in self.connections]))
        except resp.Closed as error:
            self.compare(steps, *error.replies)
            index, text = min(len(replies) for replies in error.replies), str(error).encode()
            ours_ended = error.connection is self.connections[0]
            raise Difference(index, *((text, b"an answer") if ours_ended else (b"an answer",
                                                                               text))) from error

    def compare(self, steps, ours, theirs):
        for index, (step, mine, expected) in enumerate(zip(steps, ours, theirs)):
            if not alike(step, mine, expected, *self.before):
                raise Difference(index, mine, expected)
            self.before = [mine, expected]


def differs(servers, protocol, steps):
    """Whether the last of these steps is still where the two differ."""
    pair = Pair(servers, protocol)
    for conn in pair.connections:
        conn.timeout = 2.0
    try:
        for start in range(0, len(steps), BATCH):
            pair.run(steps[start:start + BATCH])
    except Difference as difference:
        return start + difference.index == len(steps) - 1
    except (OSError, resp.Closed):
        return False
    finally:
        pair.close()
    return False


def shrink(servers, protocol, steps):
    """As few steps before the last as still show the difference."""
    deadline = time.monotonic() + SHRINK_SECONDS
    kept = 2 if steps[-1][1].startswith(LEANING) else 1
    before, last = steps[:-kept], steps[-kept:]
    if not differs(servers, protocol, steps):
        return None
    if differs(servers, protocol, last):
        return last
    size = max(1, len(before) // 2)
    while time.monotonic() < deadline:
        position = 0
        while position < len(before) and time.monotonic() < deadline:
            fewer = before[:position] + before[position + size:]
            if differs(servers, protocol, fewer + last):
                before = fewer
            else:
                position += size
        if size == 1:
            break
        size = max(1, size // 2)
    return before + last


def one_by_one(running, protocol, steps):
    """The command that ends the server: answers of a batch leave together, so the first that
    was not answered need not be it."""
    conn = running.connect(protocol)
    for index, (args, _) in enumerate(steps):
        try:
            conn.raw(*args)
        except (OSError, resp.Closed):
            return steps[max(0, index - 5):index + 1]
    return None


def shown(data, most=300):
    """Bytes as redis-cli would have them typed, cut when long."""
    text = repr(bytes(data[:most]))[2:-1].replace('"', '\\"').replace("\\'", "'")
    return text + ("... (%d bytes)" % len(data) if len(data) > most else "")


def command_line(args):
    return " ".join('"%s"' % shown(a, 70) if not a.isalnum() else a.decode() for a in args)


class Comparison:
    """All seeds against one pair of servers; remembers which differences were shown."""

    def __init__(self, servers, tally, wanted=lambda steps: True, title="differential"):
        self.servers, self.tally, self.title = servers, tally, title
        self.lacking = server.lacking(*servers)
        self.wanted = lambda steps: wanted(steps) and not self.lacks_one_of(steps)
        self.batch, self.ending = BATCH, [([b"DEBUG", b"DIGEST"], "same")]
        self.seen, self.commands, self.left_out = set(), 0, set()
        self.unanswered = []

    def lacks_one_of(self, steps):
        names = {args[0].lower() for args, _ in steps}
        names |= {args[2].lower() for args, _ in steps if args[0] == b"COMMAND" and len(args) > 2}
        lacking = names & self.lacking
        self.left_out |= lacking
        return bool(lacking)

    def tell_left_out(self):
        if self.left_out:
            print("      left out, because podis lacks them: %s"
                  % b" ".join(sorted(self.left_out)).decode())

    def run_seed(self, seed, protocol, count):
        maker = Maker(seed, protocol, self.wanted)
        steps, start, found, number = [], 0, 0, 0
        pair = Pair(self.servers, protocol)
        while number < count and found < PER_SEED_MAX:
            batch = []
            while len(batch) < self.batch:
                batch += maker.step()
            batch += self.ending
            steps += batch
            number += len(batch)
            try:
                pair.run(batch)
            except Difference as difference:
                found += 1
                pair.close()
                at = start + difference.index
                self.unanswered = steps
                self.show(seed, protocol, number - len(batch) + difference.index, steps[:at + 1],
                          difference)
                if not self.servers[0].alive():
                    self.restart()
                pair, steps = Pair(self.servers, protocol), []
            start = len(steps)
        pair.close()
        self.commands += number
        name = "%s seed %s RESP%d: %d commands" % (self.title, seed, protocol, number)
        if found:
            self.tally.fail(name, "%d differences" % found)
        else:
            self.tally.ok(name)

    def restart(self):
        print("      the server ended; its log:\n%s" % self.servers[0].log()[-3000:], flush=True)
        self.servers[0] = server.Server(self.servers[0].program)

    def show(self, seed, protocol, number, steps, difference):
        args, how = steps[-1]
        kind = (args[0].upper(), difference.ours[:12], difference.theirs[:12])
        if kind in self.seen or len(self.seen) >= SHOWN_MAX:
            return
        self.seen.add(kind)
        print("DIFFERENCE seed %s, RESP%d, command %d (compared: %s)" % (seed, protocol, number,
                                                                         how))
        print("      podis  %s" % shown(difference.ours))
        print("      redis  %s" % shown(difference.theirs))
        if not self.servers[0].alive():
            self.restart()
            fewer = one_by_one(self.servers[0], protocol, self.unanswered)
        else:
            fewer = shrink(self.servers, protocol, steps)
        if fewer is None:
            print("      not seen again when repeated; the last commands were")
            fewer = steps[-6:]
        for step_args, _ in fewer:
            print("      > %s" % command_line(step_args))
        sys.stdout.flush()


def seeds_of(text):
    """The seeds named: 3,7 or 1-10."""
    for part in text.split(","):
        first, _, last = part.partition("-")
        yield from (str(seed) for seed in range(int(first), int(last or first) + 1))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--seeds", default="1-10")
    parser.add_argument("--commands", type=int, default=10000)
    parser.add_argument("--protocols", default="2,3")
    parser.add_argument("--program", default=server.podis_program())
    parser.add_argument("--against", default=server.redis_program())
    parser.add_argument("--replies-only", action="store_true", help="no DEBUG DIGEST")
    options = parser.parse_args()

    tally = server.Tally()
    started = time.monotonic()
    servers = [server.Server(options.program), server.Server(options.against)]
    try:
        comparison = Comparison(servers, tally)
        if options.replies_only:
            comparison.ending = []
        for seed in seeds_of(options.seeds):
            for protocol in options.protocols.split(","):
                comparison.run_seed(seed, int(protocol), options.commands)
    finally:
        for running in servers:
            running.stop()
    comparison.tell_left_out()
    print("%d commands in %.1f s" % (comparison.commands, time.monotonic() - started))
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
