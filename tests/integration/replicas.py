#!/usr/bin/env python3
"""Replication between real processes: podis, redis-server and valkey-server, as primaries and as
replicas of each other, under load, over cut links, and in chains."""

import os
import random
import socket
import sys
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "compat"))

import resp  # noqa: E402
from server import Server, Tally, redis_program  # noqa: E402

PROGRAM = os.environ.get("ASAN_PODIS") or os.environ["PODIS"]
if not os.path.exists(PROGRAM):
    PROGRAM = os.environ["PODIS"]
FLAGS = ["--repl-diskless-sync-delay", "0", "--repl-ping-replica-period", "1"]


def until(condition, seconds, what):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError("%s: not within %.1f s" % (what, seconds))
        time.sleep(0.02)


def podis(*flags):
    return Server(PROGRAM, *FLAGS, *flags)


def redis(*flags, name="redis-server"):
    return Server(redis_program(name), *FLAGS, *flags)


def info(server, section="replication"):
    with server.connect() as conn:
        text = conn.call("INFO", section).decode()
    return dict(line.split(":", 1) for line in text.splitlines() if ":" in line)


def call(server, *argv):
    with server.connect() as conn:
        return conn.call(*argv)


def error_of(server, *argv):
    try:
        return "no error but %r" % (call(server, *argv),)
    except resp.Error as error:
        return str(error)


def follow(replica, primary, seconds=20):
    assert call(replica, "REPLICAOF", "127.0.0.1", str(primary.port)).startswith(b"OK")
    until(lambda: info(replica).get("master_link_status") == "up", seconds, "the link is up")


def digest(server):
    return call(server, "DEBUG", "DIGEST")


def caught_up(primary, *replicas, seconds=20):
    """Waits until all have the same data. Keys may still expire meanwhile."""
    def same():
        wanted = digest(primary)
        return all(digest(replica) == wanted for replica in replicas)
    until(same, seconds, "everything is the same")


def fill(server):
    """Some of every type and encoding, in more than one database."""
    with server.connect() as conn:
        for db in (0, 9):
            conn.call("SELECT", str(db))
            for n in range(300):
                conn.call("SET", "string:%d" % n, "value %d" % n)
                conn.call("SET", "number:%d" % n, str(n))
                conn.call("SET", "later:%d" % n, "v", "PX", "100000000")
            conn.call("SET", "long", "x" * 100000)
            for n in range(700):
                conn.call("RPUSH", "list", "element %d" % n)
                conn.call("HSET", "hash", "field %d" % n, "value %d" % n)
                conn.call("SADD", "set", "member %d" % n)
                conn.call("SADD", "ints", str(n))
                conn.call("ZADD", "zset", str(n * 1.5), "member %d" % n)
            conn.call("RPUSH", "small:list", "a", "b", "1")
            conn.call("HSET", "small:hash", "a", "1", "b", "2")
            conn.call("ZADD", "small:zset", "1", "a", "2.5", "b")
            conn.call("XADD", "stream", "1-1", "a", "1")
            conn.call("XADD", "stream", "2-1", "b", "2")
            conn.call("XGROUP", "CREATE", "stream", "group", "0")
            conn.call("XREADGROUP", "GROUP", "group", "me", "COUNT", "1", "STREAMS", "stream", ">")


class Load:
    """A client that writes all the time."""

    def __init__(self, server, seed):
        self.server = server
        self.random = random.Random(seed)
        self.ended = False
        self.written = 0
        self.thread = threading.Thread(target=self.run)

    def request(self):
        key = "load:%d" % self.random.randrange(2000)
        number = str(self.random.randrange(10**9))
        return self.random.choice([
            ("SET", "s" + key, number), ("SET", "e" + key, number, "PX", "50"),
            ("INCR", "n" + key), ("RPUSH", "l" + key, number), ("LPOP", "l" + key),
            ("SADD", "S" + key, number), ("SPOP", "S" + key), ("ZADD", "z" + key, number, number),
            ("HSET", "h" + key, number, number), ("DEL", self.random.choice("snlSzh") + key),
            ("XADD", "x" + key, "*", "f", number), ("PEXPIRE", "h" + key, "60"),
            ("INCRBYFLOAT", "f" + key, "0.25"), ("GETDEL", "s" + key),
            ("EXPIRE", "z" + key, "1000"), ("APPEND", "a" + key, "x")])

    def run(self):
        with self.server.connect() as conn:
            while not self.ended:
                conn.call("SELECT", str(self.random.choice([0, 0, 0, 3])))
                if self.random.random() < 0.2:
                    conn.call("MULTI")
                    for _ in range(self.random.randrange(1, 5)):
                        conn.call(*self.request())
                    conn.call("EXEC")
                for _ in range(20):
                    conn.call(*self.request())
                    self.written += 1

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended = True
        self.thread.join()


class Cut:
    """Passes bytes on to a server, until the links are cut."""

    def __init__(self, port):
        self.to = port
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.ends = []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
                far = socket.create_connection(("127.0.0.1", self.to))
            except OSError:
                return
            self.ends += [near, far]
            for one, other in ((near, far), (far, near)):
                threading.Thread(target=self.copy, args=(one, other), daemon=True).start()

    @staticmethod
    def copy(one, other):
        try:
            while True:
                data = one.recv(65536)
                if not data:
                    break
                other.sendall(data)
        except OSError:
            pass
        for end in (one, other):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def cut(self):
        ends, self.ends = self.ends, []
        for end in ends:
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        self.listener.close()
        self.cut()


def converges(primary, replica):
    fill(primary)
    call(replica, "SET", "stale", "v")
    with Load(primary, 1) as load:
        time.sleep(0.3)
        follow(replica, primary)
        before = load.written
        until(lambda: load.written > before + 500, 20, "the load goes on")
    assert call(replica, "EXISTS", "stale") == 0
    caught_up(primary, replica)
    assert "READONLY" in error_of(replica, "SET", "a", "b")


def a_replica_of_redis_converges():
    with redis() as primary, podis() as replica:
        converges(primary, replica)


def a_replica_of_redis_that_saves_to_a_file_converges():
    with redis("--repl-diskless-sync", "no") as primary, podis() as replica:
        converges(primary, replica)


def a_replica_of_valkey_converges():
    if not os.path.exists(redis_program("valkey-server")):
        return "valkey-server is not there"
    with redis(name="valkey-server") as primary, podis() as replica:
        converges(primary, replica)


def a_redis_that_follows_converges():
    with podis() as primary, redis() as replica:
        converges(primary, replica)


def a_redis_that_follows_through_a_file_converges():
    with podis("--repl-diskless-sync", "no") as primary, redis() as replica:
        converges(primary, replica)
        left = [name for name in os.listdir(primary.dir) if name.startswith("temp-")]
        assert not left, left


def a_valkey_that_follows_converges():
    if not os.path.exists(redis_program("valkey-server")):
        return "valkey-server is not there"
    with podis() as primary, redis(name="valkey-server") as replica:
        converges(primary, replica)


def a_podis_that_follows_podis_converges():
    with podis() as primary, podis() as replica:
        converges(primary, replica)


def goes_on_after_cuts(primary, replica):
    fill(primary)
    call(primary, "CONFIG", "SET", "repl-backlog-size", "100mb")
    cut = Cut(primary.port)
    call(replica, "REPLICAOF", "127.0.0.1", str(cut.port))
    until(lambda: info(replica).get("master_link_status") == "up", 20, "the link is up")
    full = int(info(primary, "stats")["sync_full"])
    with Load(primary, 2):
        for _ in range(5):
            time.sleep(0.3)
            cut.cut()
            until(lambda: info(replica)["master_link_status"] == "up", 20, "the link is up again")
    caught_up(primary, replica)
    cut.close()
    stats = info(primary, "stats")
    assert int(stats["sync_full"]) == full and int(stats["sync_partial_ok"]) >= 5, stats


def a_cut_link_to_redis_goes_on_where_it_was():
    with redis() as primary, podis() as replica:
        goes_on_after_cuts(primary, replica)


def a_redis_that_was_cut_off_goes_on_where_it_was():
    with podis() as primary, redis() as replica:
        goes_on_after_cuts(primary, replica)


def a_chain_has_one_history():
    with redis() as first, podis() as second, podis() as third, redis() as fourth:
        fill(first)
        follow(second, first)
        follow(third, second)
        follow(fourth, third)
        with Load(first, 3) as load:
            until(lambda: load.written > 1000, 20, "some load")
        caught_up(first, second, third, fourth)
        ids = {info(server)["master_replid"] for server in (first, second, third, fourth)}
        assert len(ids) == 1, ids


def a_promoted_replica_is_followed_without_a_snapshot():
    with podis() as first, podis() as second, redis() as third:
        fill(first)
        follow(second, first)
        follow(third, first)
        caught_up(first, second, third)
        old = info(first)["master_replid"]
        call(second, "REPLICAOF", "NO", "ONE")
        assert info(second)["master_replid2"] == old
        assert call(second, "SET", "written", "here") == b"OK"
        follow(third, second)
        follow(first, second)
        caught_up(second, first, third)
        stats = info(second, "stats")
        assert stats["sync_full"] == "0" and stats["sync_partial_ok"] == "2", stats


def what_is_in_a_transaction_comes_whole():
    with podis() as primary, podis() as replica, podis() as second:
        follow(replica, primary)
        follow(second, replica)
        ended = []

        def write():
            with primary.connect() as conn:
                for n in range(1500):
                    conn.call("MULTI")
                    conn.call("SET", "a", str(n))
                    conn.call("SET", "b", str(n))
                    conn.call("EXEC")
            ended.append(True)
        thread = threading.Thread(target=write)
        thread.start()
        with replica.connect() as one, second.connect() as two:
            while not ended:
                for conn in (one, two):
                    a, b = conn.call("MGET", "a", "b")
                    assert a == b, (a, b)
        thread.join()
        caught_up(primary, replica, second)


def users_and_passwords_are_needed_to_follow():
    with redis("--requirepass", "secret") as primary, podis() as replica:
        call_secret = ("AUTH", "secret")
        with primary.connect() as conn:
            conn.call(*call_secret)
            conn.call("ACL", "SETUSER", "follower", "on", ">other", "+psync", "+replconf", "+ping")
            conn.call("SET", "k", "v")
        call(replica, "REPLICAOF", "127.0.0.1", str(primary.port))
        time.sleep(0.5)
        assert info(replica)["master_link_status"] == "down"
        call(replica, "CONFIG", "SET", "masterauth", "secret")
        until(lambda: info(replica)["master_link_status"] == "up", 10, "with the password")
        call(replica, "REPLICAOF", "NO", "ONE")
        call(replica, "CONFIG", "SET", "masterauth", "other", "masteruser", "follower")
        follow(replica, primary)
        assert call(replica, "GET", "k") == b"v"


def writes_wait_for_replicas_and_are_refused_without():
    with podis() as primary, redis() as one, podis() as two:
        with primary.connect() as conn:
            assert conn.call("WAIT", "0", "10") == 0
            assert conn.call("WAIT", "1", "50") == 0
            follow(one, primary)
            follow(two, primary)
            conn.call("SET", "k", "v")
            assert conn.call("WAIT", "2", "5000") == 2
            conn.call("CONFIG", "SET", "min-replicas-to-write", "3")
            assert "NOREPLICAS" in error_of(primary, "SET", "k", "w")
            assert conn.call("GET", "k") == b"v"
            conn.call("CONFIG", "SET", "min-replicas-to-write", "2")
            until(lambda: "NOREPLICAS" not in error_of(primary, "SET", "k", "w"), 5, "enough")
            call(two, "REPLICAOF", "NO", "ONE")
            until(lambda: "NOREPLICAS" in error_of(primary, "SET", "k", "x"), 5, "one has gone")


def stale_answers_are_given_or_not():
    with podis() as replica:
        nobody = socket.create_server(("127.0.0.1", 0))
        call(replica, "SET", "k", "v")
        call(replica, "REPLICAOF", "127.0.0.1", str(nobody.getsockname()[1]))
        assert call(replica, "GET", "k") == b"v"
        assert "READONLY" in error_of(replica, "SET", "k", "w")
        assert "NOMASTERLINK" in error_of(replica, "PSYNC", "?", "-1")
        call(replica, "CONFIG", "SET", "replica-serve-stale-data", "no")
        assert "MASTERDOWN" in error_of(replica, "GET", "k")
        assert call(replica, "ROLE")[0] == b"slave"
        call(replica, "REPLICAOF", "NO", "ONE")
        assert call(replica, "SET", "k", "w") == b"OK"
        nobody.close()


def only_the_primary_ends_the_time_of_a_key():
    with podis() as primary, podis() as replica:
        follow(replica, primary)
        call(primary, "DEBUG", "SET-ACTIVE-EXPIRE", "0")
        call(primary, "SET", "k", "v", "PX", "100")
        caught_up(primary, replica)
        time.sleep(0.4)
        assert call(replica, "GET", "k") is None
        assert call(replica, "DBSIZE") == 1, "it was removed by the replica"
        assert call(primary, "GET", "k") is None
        until(lambda: call(replica, "DBSIZE") == 0, 5, "it is removed")


def a_broken_snapshot_is_tried_again():
    with podis() as replica:
        listener = socket.create_server(("127.0.0.1", 0))
        listener.settimeout(20)
        call(replica, "REPLICAOF", "127.0.0.1", str(listener.getsockname()[1]))
        for payload in (b"$9\r\nREDIS0009", b"$40\r\n" + b"x" * 40, b"-ERR not now\r\n",
                        b"$EOF:" + b"m" * 40 + b"\r\nREDIS" + b"m" * 40):
            conn, _ = listener.accept()
            conn.settimeout(20)
            conn.recv(1000)
            conn.sendall(b"+PONG\r\n")
            time.sleep(0.1)
            conn.recv(1000)
            conn.sendall(b"+OK\r\n+OK\r\n")
            conn.recv(1000)
            conn.sendall(b"+FULLRESYNC " + b"a" * 40 + b" 1\r\n" + payload)
            while conn.recv(1000):
                pass
            conn.close()
        listener.close()
        assert info(replica)["master_link_status"] == "down"
        assert call(replica, "DBSIZE") == 0


def an_exit_while_a_replica_is_served_is_orderly():
    with podis("--repl-diskless-sync", "no") as primary, redis() as replica:
        call(primary, "DEBUG", "POPULATE", "200000")
        call(replica, "REPLICAOF", "127.0.0.1", str(primary.port))
        time.sleep(0.2)
        primary.stop()


TESTS = [
    a_replica_of_redis_converges,
    a_replica_of_redis_that_saves_to_a_file_converges,
    a_replica_of_valkey_converges,
    a_redis_that_follows_converges,
    a_redis_that_follows_through_a_file_converges,
    a_valkey_that_follows_converges,
    a_podis_that_follows_podis_converges,
    a_cut_link_to_redis_goes_on_where_it_was,
    a_redis_that_was_cut_off_goes_on_where_it_was,
    a_chain_has_one_history,
    a_promoted_replica_is_followed_without_a_snapshot,
    what_is_in_a_transaction_comes_whole,
    users_and_passwords_are_needed_to_follow,
    writes_wait_for_replicas_and_are_refused_without,
    stale_answers_are_given_or_not,
    only_the_primary_ends_the_time_of_a_key,
    a_broken_snapshot_is_tried_again,
    an_exit_while_a_replica_is_served_is_orderly,
]


def main():
    tally = Tally()
    for test in TESTS:
        if len(sys.argv) > 1 and test.__name__ not in sys.argv[1:]:
            continue
        tally.run(test.__name__.replace("_", " "), test)
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
