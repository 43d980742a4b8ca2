#!/usr/bin/env python3
"""What is on disk: files to and from real servers, and a snapshot under writes."""

import os
import random
import shutil
import sys
import tempfile
import time
import urllib.error
import urllib.request

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "compat"))

import resp  # noqa: E402
import server  # noqa: E402
from server import Server, Tally, free_port, podis_program, redis_program, scratch  # noqa: E402

ASSETS = os.path.join(os.environ.get("REDIS_SUITE", ""), "tests", "assets")


def start(program, home, *flags, seconds=20):
    """A server whose data is in `home`."""
    port = free_port()
    argv = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", home,
            "--enable-debug-command", "yes", *flags]
    return Server(program, port=port, argv=argv, ready_seconds=seconds)


def home():
    return tempfile.mkdtemp(prefix="snapshots-", dir=scratch())


def loaded(conn):
    deadline = time.monotonic() + 20
    while b"loading:1" in conn.call("INFO", "persistence"):
        assert time.monotonic() < deadline, "it loads for ever"
        time.sleep(0.02)


def fill(conn, rng):
    """Some of every type, in every encoding, in two databases."""
    def text():
        return rng.choice([str(rng.randrange(-2 ** 62, 2 ** 62)), str(rng.randrange(100)),
                           "x" * rng.choice((0, 1, 40, 300)),
                           "".join(rng.choice("abcdef") for _ in range(rng.choice((5, 30, 90))))])

    for db in ("0", "9"):
        conn.call("SELECT", db)
        for size in (1, 20, 700):
            name = "%d" % size
            conn.call("SET", "string:" + name, "y" * size)
            conn.call("SET", "random:" + name, bytes(rng.randrange(256) for _ in range(size)))
            conn.call("SET", "number:" + name, str(rng.randrange(2 ** rng.choice((6, 12, 30, 62)))))
            conn.call("SET", "expires:" + name, "soon", "PX", "10000000")
            conn.call("RPUSH", "list:" + name, *[text() for _ in range(size)])
            conn.call("SADD", "integers:" + name, *[str(i * 31) for i in range(size)])
            conn.call("SADD", "set:" + name, *["m" + text() for _ in range(size)])
            conn.call("HSET", "hash:" + name, *[x for i in range(size) for x in ("f%d" % i, text())])
            conn.call("ZADD", "zset:" + name,
                      *[x for i in range(size)
                        for x in (rng.choice(("1", "-2.5", "inf", "0.125")), "m%d" % i)])
            conn.call("PFADD", "hyperloglog:" + name, *[text() for _ in range(size)])
            for i in range(size):
                conn.call("XADD", "stream:" + name, "%d-1" % (i + 1), "field", text())
            conn.call("XGROUP", "CREATE", "stream:" + name, "group", "0")
            conn.call("XREADGROUP", "GROUP", "group", "consumer", "COUNT", "5", "STREAMS",
                      "stream:" + name, ">")
            conn.call("XDEL", "stream:" + name, "1-1")
        conn.call("RPUSH", "list:long", *["z" * 9000 for _ in range(20)])
        conn.call("GEOADD", "geo", "13.361389", "38.115556", "Palermo")
    conn.call("SELECT", "0")


LIBRARY = "#!lua name=lib\nredis.register_function('answer', function() return 42 end)"


def from_one_to_the_other(first, second):
    """A file that the first saved is loaded by the second, which has the same data then."""
    place = home()
    with start(first, place) as one:
        with one.connect(timeout=60) as conn:
            fill(conn, random.Random(4))
            conn.call("FUNCTION", "LOAD", LIBRARY)
            before = conn.call("DEBUG", "DIGEST")
            assert conn.call("SAVE") == b"OK"
    with start(second, place) as two:
        with two.connect(timeout=60) as conn:
            loaded(conn)
            after = conn.call("DEBUG", "DIGEST")
            assert before == after, "%r is not %r" % (before, after)
            assert conn.call("PTTL", "expires:1") > 9000000
            assert conn.call("FCALL", "answer", "0") == 42
    shutil.rmtree(place)


def there_and_back(other):
    from_one_to_the_other(podis_program(), other)
    from_one_to_the_other(other, podis_program())
    from_one_to_the_other(podis_program(), podis_program())


def sample_files_load_as_in_redis():
    for name in sorted(os.listdir(ASSETS)):
        if not name.endswith(".rdb") or name in ("corrupt_ziplist.rdb", "scriptbackup.rdb"):
            continue
        digests = []
        for program in (podis_program(), redis_program()):
            place = home()
            shutil.copy(os.path.join(ASSETS, name), os.path.join(place, "dump.rdb"))
            with start(program, place) as one, one.connect() as conn:
                loaded(conn)
                digests.append((conn.call("DEBUG", "DIGEST"), conn.call("DBSIZE")))
            shutil.rmtree(place)
        assert digests[0] == digests[1], (name, digests)


def a_broken_file_stops_the_start_and_stays():
    place = home()
    path = os.path.join(place, "dump.rdb")
    with start(podis_program(), place) as one, one.connect() as conn:
        conn.call("SET", "key", "value")
        conn.call("SAVE")
    with open(path, "rb") as file:
        whole = file.read()
    for broken in (whole[:-3], whole[:30], b"", whole[:-1] + b"\0", b"nonsense!" + whole):
        with open(path, "wb") as file:
            file.write(broken)
        port = free_port()
        try:
            Server(podis_program(), port=port, argv=["--port", str(port), "--dir", place])
            raise AssertionError("it started")
        except RuntimeError as error:
            assert "at offset " in str(error), error
        with open(path, "rb") as file:
            assert file.read() == broken
        assert os.listdir(place) == ["dump.rdb"], os.listdir(place)
    server.bad_ends.clear()  # Each was to end with an error.
    shutil.rmtree(place)


def what_was_there_when_it_began(conn, count):
    deadline = time.monotonic() + 60
    while b"rdb_bgsave_in_progress:1" in conn.call("INFO", "persistence"):
        assert time.monotonic() < deadline, "it saves for ever"
        for i in range(200):
            conn.call("SET", "key:%d" % ((i * 7919) % count), "changed")


def a_snapshot_is_of_one_moment_whatever_is_written():
    place = home()
    count = 100000
    with start(podis_program(), place) as one, one.connect(timeout=60) as conn:
        conn.call("DEBUG", "POPULATE", str(count), "key", "100")
        before = conn.call("DEBUG", "DIGEST")
        assert conn.call("BGSAVE") == b"Background saving started"
        what_was_there_when_it_began(conn, count)
        assert b"rdb_last_bgsave_status:ok" in conn.call("INFO", "persistence")
        assert conn.call("DEBUG", "DIGEST") != before
    with start(podis_program(), place) as two, two.connect(timeout=60) as conn:
        loaded(conn)
        assert conn.call("DEBUG", "DIGEST") == before
    shutil.rmtree(place)


def it_loads_before_it_is_ready():
    place = home()
    with start(podis_program(), place) as one, one.connect(timeout=60) as conn:
        conn.call("DEBUG", "POPULATE", "400000", "key", "100")
        conn.call("SAVE")
    port = free_port()
    admin = free_port()
    two = Server(podis_program(), port=port, argv=[
        "--port", str(port), "--dir", place, "--admin-port", str(admin), "--admin-bind",
        "127.0.0.1"])
    with two, two.connect(timeout=60) as conn:
        seen = set()
        deadline = time.monotonic() + 30
        while True:
            assert time.monotonic() < deadline
            ready = ready_of(admin)
            answer = conn.raw("GET", "key:1")
            seen.add((ready, answer[:8]))
            if answer[:1] == b"$":
                break
        assert (503, b"-LOADING") in seen, seen
        assert (200, b"-LOADING") not in seen, seen
        loaded(conn)
        assert conn.call("DBSIZE") == 400000
    shutil.rmtree(place)


def ready_of(port):
    try:
        with urllib.request.urlopen("http://127.0.0.1:%d/readyz" % port, timeout=5) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def sigterm_saves_if_there_are_save_points():
    for points, there in (("60 1", True), ("", False)):
        place = home()
        port = free_port()
        with Server(podis_program(), port=port,
                    argv=["--port", str(port), "--dir", place, "--save", points]) as one:
            with one.connect() as conn:
                conn.call("SET", "key", "value")
        assert os.path.exists(os.path.join(place, "dump.rdb")) == there
        shutil.rmtree(place)


def a_disk_that_fails_is_told_and_got_over():
    place = home()
    with start(podis_program(), place) as one, one.connect() as conn:
        conn.call("SET", "key", "value")
        conn.call("CONFIG", "SET", "save", "3600 1")
        os.rmdir(place)
        assert conn.raw("SAVE") == b"-ERR\r\n"
        assert conn.call("BGSAVE") == b"Background saving started"
        until_saved(conn)
        assert conn.raw("SET", "key", "other").startswith(b"-MISCONF Redis is configured to save")
        assert conn.raw("PING").startswith(b"-MISCONF ")
        assert conn.call("GET", "key") == b"value"
        os.mkdir(place)
        assert conn.call("BGSAVE") == b"Background saving started"
        until_saved(conn)
        assert conn.call("SET", "key", "other") == b"OK"
    shutil.rmtree(place)


def until_saved(conn):
    deadline = time.monotonic() + 20
    while b"rdb_bgsave_in_progress:1" in conn.call("INFO", "persistence"):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def main():
    tally = Tally()
    tally.run("redis-server 7.0, there and back", there_and_back, redis_program())
    valkey = redis_program("valkey-server")
    if os.path.exists(valkey):
        tally.run("valkey-server, there and back", there_and_back, valkey)
    else:
        tally.skip("valkey-server, there and back", "it is not there")
    for test in (sample_files_load_as_in_redis, a_broken_file_stops_the_start_and_stays,
                 a_snapshot_is_of_one_moment_whatever_is_written, it_loads_before_it_is_ready,
                 sigterm_saves_if_there_are_save_points, a_disk_that_fails_is_told_and_got_over):
        tally.run(test.__name__.replace("_", " "), test)
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
