#!/usr/bin/env python3
"""podis import and podis export, with a real Redis at the other end."""

import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "compat"))

import resp  # noqa: E402
from server import Server, Tally, environment, podis_program, redis_program  # noqa: E402

LIBRARY = "#!lua name=lib\nredis.register_function('one', function() return 1 end)"
KEYS = 3000


class Place:
    """A server with something of every type in two databases."""

    def __init__(self, program, fill=False, *flags):
        self.server = Server(program, *flags)
        self.conn = resp.Connection(self.server.address)
        if fill:
            self.fill()

    def fill(self):
        call = self.conn.call
        call("DEBUG", "POPULATE", str(KEYS), "key", "50")
        call("SET", "brief", "v", "EX", "1000")
        call("HSET", "hash", "f", "v", "g", "w")
        call("RPUSH", "list", *[str(n) for n in range(500)])
        call("SADD", "ints", "1", "2", "3")
        call("SADD", "set", "a", "b", "")
        call("ZADD", "zset", "1.5", "a", "-inf", "b")
        call("FUNCTION", "LOAD", LIBRARY)
        call("SELECT", "5")
        call("XADD", "stream", "*", "field", "value")
        call("XGROUP", "CREATE", "stream", "group", "0")
        call("SELECT", "0")

    @property
    def url(self):
        return "redis://127.0.0.1:%d" % self.server.port

    def digest(self):
        return self.conn.call("DEBUG", "DIGEST")

    def stop(self):
        self.conn.close()
        self.server.stop()


def podis(*argv, status=0):
    """Runs the program; what it says on both of its outputs."""
    done = subprocess.run([podis_program(), *argv], capture_output=True, text=True, timeout=60,
                          env=environment())
    assert done.returncode == status, (argv, done.returncode, done.stdout, done.stderr)
    return done.stdout + done.stderr


def a_live_redis_moves_in(_):
    old, new = Place(redis_program(), True), Place(podis_program())
    said = podis("import", old.url, "--to", new.url)
    assert "import: %d keys and 1 libraries" % (KEYS + 7) in said, said
    assert "verified: %d keys are the same" % (KEYS + 7) in said, said
    assert old.digest() == new.digest()
    assert new.conn.call("FCALL", "one", "0") == 1
    assert 900 < new.conn.call("TTL", "brief") <= 1000
    old.stop()
    new.stop()


def a_file_goes_out_and_in_again(folder):
    one, two = Place(podis_program(), True), Place(podis_program())
    path = os.path.join(folder, "out.rdb")
    said = podis("export", path, "--from", one.url)
    assert "verified" in said and os.listdir(folder) == ["out.rdb"], said
    said = podis("export", path, "--from", one.url, status=1)
    assert "--replace yes" in said, said
    podis("export", path, "--from", one.url, "--replace", "yes", "--verify", "no")
    podis("import", path, "--to", two.url)
    assert one.digest() == two.digest()
    redis = Server(redis_program(), "--dir", folder, "--dbfilename", "out.rdb")
    with resp.Connection(redis.address) as conn:
        assert conn.call("DEBUG", "DIGEST") == one.digest()
        assert conn.call("FCALL", "one", "0") == 1
    redis.stop()
    one.stop()
    two.stop()


def one_database_alone_moves(_):
    old, new = Place(redis_program(), True), Place(podis_program())
    said = podis("import", old.url + "/5", "--to", new.url)
    assert "import: 1 keys" in said, said
    assert new.conn.call("DBSIZE") == 0 and new.conn.call("SELECT", "5") == b"OK"
    assert new.conn.call("XLEN", "stream") == 1
    old.stop()
    new.stop()


def what_is_there_stays_unless_it_may_go(_):
    old, new = Place(redis_program(), True), Place(podis_program())
    new.conn.call("SET", "hash", "mine")
    said = podis("import", old.url, "--to", new.url, status=1)
    assert "1 keys were there already" in said, said
    assert new.conn.call("GET", "hash") == b"mine"
    podis("import", old.url, "--to", new.url, "--replace", "yes")
    assert old.digest() == new.digest()
    old.stop()
    new.stop()


def what_did_not_arrive_is_found(_):
    """The target throws some of it away again, and has another value of one key."""
    old = Place(redis_program(), True)
    new = Place(podis_program(), False, "--maxmemory-policy", "allkeys-random")
    old.conn.call("DEBUG", "POPULATE", "50000", "many", "100")
    used = new.conn.call("INFO", "memory").decode().split("used_memory:")[1].split("\r")[0]
    new.conn.call("CONFIG", "SET", "maxmemory", str(int(used) + 2000000))
    said = podis("import", old.url, "--to", new.url, status=1)
    assert "are missing and 0 differ" in said, said
    old.stop()
    new.stop()


def passwords_are_asked_for_and_given(_):
    old, new = Place(redis_program(), True), Place(podis_program())
    new.conn.call("CONFIG", "SET", "requirepass", "a@b:c")
    said = podis("import", old.url, "--to", new.url, status=1)
    assert "NOAUTH" in said or "Authentication" in said, said
    url = new.url.replace("redis://", "redis://:a%40b%3Ac@")
    assert "verified" in podis("import", old.url, "--to", url)
    assert "WRONGPASS" in podis("import", old.url, "--to",
                                new.url.replace("redis://", "redis://:no@"), status=1)
    old.stop()
    new.conn.call("AUTH", "a@b:c")
    new.conn.call("CONFIG", "SET", "requirepass", "")
    new.stop()


def mistakes_are_explained_and_lose_nothing(folder):
    place = Place(podis_program(), True)
    path = os.path.join(folder, "whole.rdb")
    podis("export", path, "--from", place.url)
    with open(path, "rb") as whole:
        some = whole.read()[:20000]
    cut = os.path.join(folder, "cut.rdb")
    with open(cut, "wb") as part:
        part.write(some)
    before = place.digest()
    for argv, words in [
            (("import", cut, "--to", place.url, "--replace", "yes"), "at byte "),
            (("import", os.path.join(folder, "none"), "--to", place.url), "No such file"),
            (("import", os.path.abspath(__file__), "--to", place.url), "no RDB file"),
            (("import", path, "--to", "redis://127.0.0.1:1"), "Connection refused"),
            (("import", path, "--to", "redis://127.0.0.1:x"), "an address is redis://"),
            (("import", path, "--to", os.path.join(folder, "copy")), "must be a server"),
            (("export", os.path.join(folder, "no", "way"), "--from", place.url), "No such file"),
            (("import",), "from where"), (("export",), "where to"),
            (("import", path, "--verify", "perhaps"), "yes or no"),
            (("import", path, "--from", "x"), "is not understood")]:
        said = podis(*argv, status=1)
        assert words in said, (argv, said)
    assert place.digest() == before
    assert sorted(os.listdir(folder)) == ["cut.rdb", "whole.rdb"], os.listdir(folder)
    place.stop()


TESTS = [
    a_live_redis_moves_in,
    a_file_goes_out_and_in_again,
    one_database_alone_moves,
    what_is_there_stays_unless_it_may_go,
    what_did_not_arrive_is_found,
    passwords_are_asked_for_and_given,
    mistakes_are_explained_and_lose_nothing,
]


def main():
    tally = Tally()
    for test in TESTS:
        if len(sys.argv) > 1 and test.__name__ not in sys.argv[1:]:
            continue
        with tempfile.TemporaryDirectory() as folder:
            tally.run(test.__name__.replace("_", " "), test, folder)
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
