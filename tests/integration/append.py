#!/usr/bin/env python3
"""The append-only file against sudden ends: kill -9 under load, and the loss of power.

    append.py [--rounds N]     so many rounds for each way, instead of a few"""

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "compat"))

import resp  # noqa: E402
from server import (Tally, environment, free_port, podis_program, redis_program,  # noqa: E402
                    scratch)

HERE = os.path.dirname(os.path.abspath(__file__))
WRITERS = 4
ROUNDS = 3


class Process:
    """A server with its data in a folder that outlives it."""

    def __init__(self, program, home, *flags, env=None):
        self.port = free_port()
        self.log = open(os.path.join(home, "log"), "ab")
        self.process = subprocess.Popen(
            [os.path.abspath(program), "--port", str(self.port), "--bind", "127.0.0.1", "--dir",
             home, "--save", "", "--appendonly", "yes", "--enable-debug-command", "yes", *flags],
            stdout=self.log, stderr=self.log, env={**environment(), **(env or {})})
        deadline = time.monotonic() + 20
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError("it did not start:\n" + open(self.log.name).read()[-2000:])
            time.sleep(0.02)

    def _answers(self):
        try:
            with self.connect() as conn:
                return conn.raw("PING") == b"+PONG\r\n"  # Not -LOADING.
        except (OSError, resp.Closed):
            return False

    def connect(self):
        return resp.Connection(("127.0.0.1", self.port))

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.log.close()

    def stop(self):
        self.process.terminate()
        assert self.process.wait(20) == 0, "it ended badly"
        self.log.close()


class Writer(threading.Thread):
    """Counts a key of its own up, one answer at a time, and remembers when each was acknowledged."""

    def __init__(self, server, name):
        super().__init__()
        self.server, self.key = server, "count:%d" % name
        self.acknowledged = []

    def run(self):
        try:
            with self.server.connect() as conn:
                last = int(conn.call("GET", self.key) or 0)
                while True:
                    last += 1
                    if last % 7 == 0:
                        commands = (("MULTI",), ("SET", self.key, str(last)),
                                    ("SET", self.key + ":again", str(last)), ("EXEC",))
                        conn.send(b"".join(resp.encode(resp.to_bytes(c)) for c in commands))
                        if [conn.read() for _ in commands][3] != b"*2\r\n+OK\r\n+OK\r\n":
                            return
                    elif conn.call("SET", self.key, str(last)) != b"OK":
                        return
                    self.acknowledged.append((time.monotonic(), last))
        except (OSError, resp.Closed):
            pass

    def by(self, moment):
        """The last number that was acknowledged by then."""
        found = 0
        for when, number in self.acknowledged:
            if when <= moment:
                found = number
        return found


def live_and_be_killed(program, home, flags, luck, env=None):
    server = Process(program, home, *flags, env=env)
    writers = [Writer(server, name) for name in range(WRITERS)]
    for writer in writers:
        writer.start()
    time.sleep(luck.uniform(0.05, 0.6))
    if luck.random() < 0.5:
        with server.connect() as conn:
            conn.call("BGREWRITEAOF")
        time.sleep(luck.uniform(0, 0.1))
    killed_at = time.monotonic()
    server.kill()
    for writer in writers:
        writer.join()
    return writers, killed_at


def assert_kept(home, program, flags, wanted):
    """Wanted: of each key at least so much. What came of a transaction is all there."""
    server = Process(program, home, *flags)
    with server.connect() as conn:
        for key, least in wanted.items():
            found = int(conn.call("GET", key) or 0)
            again = int(conn.call("GET", key + ":again") or 0)
            assert found >= least, "%s: %d, but %d was acknowledged" % (key, found, least)
            assert found // 7 * 7 == again, "%s: half of a transaction: %d, %d" % (key, found, again)
    server.stop()


def survives(policy, lost_seconds, rounds):
    luck = random.Random(policy)
    flags = ["--appendfsync", policy]
    home = tempfile.mkdtemp(dir=scratch())
    for _ in range(rounds):
        writers, killed_at = live_and_be_killed(podis_program(), home, flags, luck)
        wanted = {w.key: w.by(killed_at - lost_seconds) for w in writers}
        assert any(w.acknowledged for w in writers)
        assert_kept(home, podis_program(), flags, wanted)
    shutil.rmtree(home)


def nothing_acknowledged_is_lost_with_always(rounds):
    survives("always", 0, rounds)


def at_most_a_second_is_lost_with_everysec(rounds):
    survives("everysec", 1, rounds)


def the_files_can_be_read_with_no(rounds):
    survives("no", 30, rounds)


def build_shim():
    """power.c, which notes how much of each file was synced."""
    to = os.path.join(scratch(), "power.so")
    if not os.path.exists(to):
        subprocess.run(["cc", "-O1", "-Wall", "-shared", "-fPIC", "-o", to,
                        os.path.join(HERE, "power.c"), "-ldl"], check=True)
    return to


def sizes(home):
    folder = os.path.join(home, "appendonlydir")
    names = os.listdir(folder) if os.path.isdir(folder) else []
    return {os.path.join(folder, name): os.path.getsize(os.path.join(folder, name))
            for name in names}


def lose_power(home, synced):
    """What was not synced is gone; `synced` is what there was at the beginning. Returns how many
    bytes that were."""
    path = os.path.join(home, "power")
    with open(path) as file:
        for line in file.read().splitlines():
            size, name = line.split(" ", 1)
            if size == "-1":
                old, new = name.split("\t")
                synced[new] = synced.pop(old, 0)
            else:
                synced[name] = int(size)
    os.unlink(path)
    lost = 0
    for name, size in sizes(home).items():
        if size > synced.get(name, 0):
            lost += size - synced.get(name, 0)
            os.truncate(name, synced.get(name, 0))
    return lost


def after_a_loss_of_power(policy, lost_seconds, rounds):
    luck = random.Random("power" + policy)
    flags = ["--appendfsync", policy]
    shim = build_shim()
    home = os.path.realpath(tempfile.mkdtemp(dir=scratch()))
    env = {"LD_PRELOAD": shim, "POWER_NOTES": os.path.join(home, "power")}
    for _ in range(rounds):
        synced = sizes(home)
        writers, killed_at = live_and_be_killed(podis_program(), home, flags, luck, env)
        lose_power(home, synced)
        wanted = {w.key: w.by(killed_at - lost_seconds) for w in writers}
        assert_kept(home, podis_program(), flags, wanted)
    shutil.rmtree(home)


def with_always_power_may_fail_at_any_time(rounds):
    after_a_loss_of_power("always", 0, rounds)


def with_everysec_the_last_seconds_are_lost(rounds):
    # A second until the next fsync, and the fsync itself.
    after_a_loss_of_power("everysec", 2, rounds)


def fill(conn):
    for command in (
            "SET text hello", "SET number 12345", "SET soon gone EX 1000", "APPEND text more",
            "INCRBYFLOAT float 1.5", "RPUSH list a b c 1 2 3", "LPOP list", "SADD integers 1 2 3",
            "SADD words one two three", "SPOP words", "HSET hash field value other 2",
            "HINCRBY hash other 5", "ZADD zset 1 a 2.5 b -inf c", "ZPOPMIN zset",
            "XADD stream * field value", "XGROUP CREATE stream group 0",
            "XREADGROUP GROUP group consumer STREAMS stream >", "PFADD loglog a b c",
            "SETBIT bits 77 1", "GEOADD places 13.36 38.11 Palermo", "RENAME number renamed",
            "COPY text copied", "GETEX text EX 500", "SELECT 3", "SET elsewhere 1",
            "MOVE elsewhere 5", "SELECT 0", "SORT list ALPHA STORE sorted",
            "EVAL redis.call('set','by-script','1');redis.call('incr','by-script') 0"):
        words = command.split(" ")
        if words[0] == "EVAL":
            words = ["EVAL", command[5:-2], "0"]
        conn.call(*words)
    for i in range(400):
        conn.call("ZADD", "big", str(i), "member:%d" % i)
        conn.call("HSET", "large", "field:%d" % i, "x" * i)


def one_reads_what_the_other_wrote(writer, reader, *flags):
    home = tempfile.mkdtemp(dir=scratch())
    server = Process(writer, home, *flags)
    with server.connect() as conn:
        fill(conn)
        conn.call("BGREWRITEAOF")
        deadline = time.monotonic() + 20
        while b"aof_rewrite_in_progress:1" in conn.call("INFO", "persistence"):
            assert time.monotonic() < deadline, "the rewrite does not end"
            time.sleep(0.02)
        conn.call("INCR", "after")
        conn.call("LPUSH", "list", "z")
        conn.call("EXPIRE", "words", "1000")
        digest = conn.call("DEBUG", "DIGEST")
    server.stop()
    check = subprocess.run([redis_program("redis-check-aof"), os.path.join(
        home, "appendonlydir", "appendonly.aof.manifest")], capture_output=True)
    assert b"All AOF files and manifest are valid" in check.stdout, check.stdout[-500:]
    server = Process(reader, home, *flags)
    with server.connect() as conn:
        assert conn.call("DEBUG", "DIGEST") == digest
    server.stop()
    shutil.rmtree(home)


def redis_reads_what_podis_wrote():
    for preamble in ("yes", "no"):
        one_reads_what_the_other_wrote(podis_program(), redis_program(), "--aof-use-rdb-preamble",
                                       preamble)


def podis_reads_what_redis_wrote():
    for preamble in ("yes", "no"):
        one_reads_what_the_other_wrote(redis_program(), podis_program(), "--aof-use-rdb-preamble",
                                       preamble, "--aof-timestamp-enabled", "yes")


def waitaof_says_what_is_on_the_disk():
    home = tempfile.mkdtemp(dir=scratch())
    server = Process(podis_program(), home, "--appendfsync", "always")
    with server.connect() as conn:
        assert conn.call("WAITAOF", "1", "0", "0") == [1, 0]
        for number in range(20):
            conn.call("SET", "key", str(number))
            assert conn.call("WAITAOF", "1", "0", "5000") == [1, 0]
        began = time.monotonic()
        assert conn.call("WAITAOF", "1", "1", "100") == [1, 0], "a replica that is not there"
        assert time.monotonic() - began >= 0.1
        conn.call("CONFIG", "SET", "appendfsync", "everysec")
        conn.call("SET", "key", "later")
        assert conn.call("WAITAOF", "1", "0", "10000") == [1, 0]
        conn.call("CONFIG", "SET", "appendfsync", "no")
        conn.call("SET", "key", "never")
        assert conn.call("WAITAOF", "1", "0", "200") == [0, 0]
        conn.call("CONFIG", "SET", "appendonly", "no")
        assert b"appendonly is disabled" in conn.raw("WAITAOF", "1", "0", "0")
        assert conn.call("WAITAOF", "0", "0", "0") == [0, 0]
        for wrong in (("2", "0", "0"), ("x", "0", "0"), ("0", "-1", "0"), ("0", "0", "-1")):
            assert conn.raw("WAITAOF", *wrong).startswith(b"-ERR "), wrong
    server.stop()
    shutil.rmtree(home)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    rounds = parser.parse_args().rounds
    tally = Tally()
    for test in (nothing_acknowledged_is_lost_with_always, at_most_a_second_is_lost_with_everysec,
                 the_files_can_be_read_with_no, with_always_power_may_fail_at_any_time,
                 with_everysec_the_last_seconds_are_lost):
        tally.run(test.__name__, test, rounds)
    for test in (redis_reads_what_podis_wrote, podis_reads_what_redis_wrote,
                 waitaof_says_what_is_on_the_disk):
        tally.run(test.__name__, test)
    sys.exit(tally.finish())


if __name__ == "__main__":
    main()
