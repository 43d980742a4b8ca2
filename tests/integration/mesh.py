#!/usr/bin/env python3
"""Three podis in three network namespaces, found through dnsmasq: the main job, end to end.

    writes land at their owners, reads become local, a write is seen at once here and within the
    lease elsewhere, a lost peer costs its own slots only, DNS is followed.
"""

import re
import select
import signal
import sys
import threading
import time

import pods
from pods import until

import resp
from server import Tally

KEYS = 300
INTERVAL_S = 0.5
LEASE_S = 1.0
FORWARD_S = 2.0
FLAGS = ["--dns-interval", "500", "--near-lease", "1000", "--forward-timeout", "2000",
         "--node-timeout", "1000", "--mesh-settle", "300"]


class Mesh:
    """The pods, and what the tests ask of them."""

    def __init__(self, flags=None):
        self.folder = pods.folder()
        self.dns = pods.Dns(self.folder)
        self.pods = [pods.Pod(n, self.folder) for n in (1, 2, 3)]
        self.list(self.pods)
        for pod in self.pods:
            pod.start(*(flags or FLAGS))
        self.whole()

    def list(self, members):
        self.dns.list([pod.ip for pod in members])

    def whole(self, members=None, seconds=10):
        """Waits until all links are ready."""
        members = members or self.pods
        for pod in members:
            until(lambda: self.links(pod) == len(members) - 1, seconds,
                  "pod %d has its links" % pod.number)

    @staticmethod
    def links(pod):
        peers = [v for k, v in pod.info().items() if k.startswith("peer")]
        return sum("state=ready" in peer for peer in peers) if peers else -1

    @staticmethod
    def members(pod):
        return int(pod.info().get("mesh_members", 0))

    def owner(self, key):
        """The pod that owns a key: where the peer port does not say MOVED."""
        for pod in self.pods:
            with pod.connect(port=6380, host=pod.ip) as conn:
                if conn.raw("EXISTS", key)[:1] == b":":
                    return pod
        raise AssertionError("nobody owns " + key)

    def key_of(self, pod, prefix="k"):
        """A key that this pod owns."""
        for number in range(10000):
            key = "%s%d" % (prefix, number)
            with pod.connect(port=6380, host=pod.ip) as conn:
                if conn.raw("EXISTS", key)[:1] == b":":
                    return key
        raise AssertionError("no key for pod %d" % pod.number)


def writes_land_at_their_owners(mesh):
    a, b, c = mesh.pods
    with a.connect() as conn:
        for number in range(KEYS):
            assert conn.call("SET", "key:%d" % number, "value %d" % number) == b"OK"
    held = [pod.local_keys() for pod in mesh.pods]
    assert sum(held) == KEYS and min(held) > KEYS / 6, held
    for pod in (b, c):
        with pod.connect(protocol=3) as conn:
            for number in range(KEYS):
                assert conn.call("GET", "key:%d" % number) == b"value %d" % number


def requests_for_many_owners_are_split_and_joined(mesh):
    a, b, c = mesh.pods
    keys = ["key:%d" % n for n in range(KEYS)]
    for pod in mesh.pods:
        assert pod.call("DBSIZE") == KEYS
        assert sorted(pod.call("KEYS", "key:*")) == sorted(k.encode() for k in keys)
    got = b.call("MGET", *keys, "none")
    assert got == [b"value %d" % n for n in range(KEYS)] + [None]
    assert c.call("EXISTS", *keys) == KEYS
    assert a.call("TOUCH", *keys, "none") == KEYS
    pairs = [word for n in range(50) for word in ("pair:%d" % n, str(n))]
    assert c.call("MSET", *pairs) == b"OK"
    assert a.call("MGET", *pairs[::2]) == [str(n).encode() for n in range(50)]
    assert b.call("DEL", *pairs[0:50:2]) == 25
    assert b.call("UNLINK", *pairs[::2]) == 25
    assert a.call("RANDOMKEY").startswith(b"key:")
    seen, cursor = set(), b"0"
    while True:
        cursor, part = c.call("SCAN", cursor, "COUNT", "17")
        seen.update(part)
        if cursor == b"0":
            break
    assert seen == {k.encode() for k in keys}, len(seen)


def keys_of_several_owners_elsewhere_are_refused(mesh):
    a, b, c = mesh.pods
    one, two = mesh.key_of(b, "x"), mesh.key_of(c, "y")
    answer = a.try_call("RENAME", one, two)
    assert isinstance(answer, resp.Error) and str(answer).startswith("CROSSSLOT"), answer
    assert a.call("SET", "{tag}1", "v") == b"OK"
    assert a.call("RENAME", "{tag}1", "{tag}2") == b"OK"
    assert b.call("GETDEL", "{tag}2") == b"v"


def a_transaction_goes_whole_to_its_owner(mesh):
    a, b, c = mesh.pods
    one, two = mesh.key_of(b, "m"), mesh.key_of(c, "n")
    for protocol in (2, 3):
        with a.connect(protocol=protocol) as conn, c.connect() as other:
            assert conn.call("GET", one) is None, "there before"
            assert conn.call("MULTI") == b"OK"
            for request in (("SET", one, "1"), ("INCR", one), ("GET", one)):
                assert conn.call(*request) == b"QUEUED"
            assert other.call("GET", one) is None, "seen too early"
            answer = conn.call("EXEC")
            assert answer == [b"OK", 2, b"2"], answer
            seen = conn.call("GET", one), other.call("GET", one)
            assert seen == (b"2", b"2"), seen
            gone = conn.call("DEL", one)
            assert gone == 1, gone
    with a.connect() as conn:
        for queued in ([("SET", one, "1"), ("SET", two, "1")], [("SET", one, "1"), ("DBSIZE",)]):
            assert conn.call("MULTI") == b"OK"
            for request in queued:
                assert conn.call(*request) == b"QUEUED"
            answer = conn.raw("EXEC")
            assert answer.startswith(b"-CROSSSLOT "), answer
            assert conn.call("EXISTS", one) == 0
        assert conn.raw("PODIS.MESH", "EXEC", "1", one, "", "2", "GET", one).startswith(b"-")
        assert conn.raw("PODIS.MESH", "WATCH", "token", one).startswith(b"-")
        assert conn.raw("PODIS.MESH", "UNWATCH", "token", one).startswith(b"-")
    mine = mesh.key_of(a, "o")
    with a.connect() as conn, b.connect() as other:
        assert conn.call("WATCH", mine) == b"OK"
        assert other.call("SET", mine, "theirs") == b"OK"
        assert conn.call("MULTI") == b"OK" and conn.call("SET", mine, "ours") == b"QUEUED"
        assert conn.call("EXEC") is None
        assert conn.call("GETDEL", mine) == b"theirs"


def set_in_transaction(conn, key, value):
    """What EXEC answers."""
    assert conn.call("MULTI") == b"OK"
    assert conn.call("SET", key, value) == b"QUEUED"
    return conn.call("EXEC")


def a_watched_key_of_another_pod_voids_the_transaction(mesh):
    a, b, c = mesh.pods
    key = mesh.key_of(b, "watched")
    for protocol in (2, 3):
        with a.connect(protocol=protocol) as conn, c.connect() as other:
            for change in (("SET", key, "theirs"), ("PEXPIRE", key, "1"), ("FLUSHALL",)):
                assert conn.call("SET", key, "ours") == b"OK"
                assert conn.call("WATCH", key) == b"OK"
                assert conn.call("GET", key) == b"ours"
                other.call(*change)
                if change[0] == "PEXPIRE":
                    until(lambda: not other.call("EXISTS", key), 5, "the key has expired")
                assert set_in_transaction(conn, key, "lost") is None, change
                assert conn.call("GET", key) == (b"theirs" if change[0] == "SET" else None)
                assert set_in_transaction(conn, key, "unwatched") == [b"OK"]
            assert conn.call("WATCH", key) == b"OK"
            assert set_in_transaction(conn, key, "kept") == [b"OK"]
            assert conn.raw("WATCH", key) == b"+OK\r\n" and other.call("SET", key, "x") == b"OK"
            assert conn.call("MULTI") == b"OK"
            assert conn.raw("EXEC") == (b"_\r\n" if protocol == 3 else b"*-1\r\n")
            assert conn.call("WATCH", key) == b"OK" and other.call("SET", key, "y") == b"OK"
            assert conn.call("UNWATCH") == b"OK"
            assert set_in_transaction(conn, key, "after unwatch") == [b"OK"]
            assert conn.call("DEL", key) == 1


def watching_pins_a_transaction_to_one_owner(mesh):
    a, b, c = mesh.pods
    mine, one, two = mesh.key_of(a, "p"), mesh.key_of(b, "q"), mesh.key_of(c, "r")
    with a.connect() as conn:
        assert conn.raw("WATCH", one, two).startswith(b"-CROSSSLOT ")
        for watched, written in ((one, two), (mine, one), (one, mine)):
            assert conn.call("WATCH", watched) == b"OK"
            assert conn.call("MULTI") == b"OK" and conn.call("SET", written, "1") == b"QUEUED"
            answer = conn.raw("EXEC")
            assert answer.startswith(b"-CROSSSLOT "), answer
            assert conn.call("EXISTS", mine, one, two) == 0
        assert conn.call("WATCH", one) == b"OK" and conn.call("MULTI") == b"OK"
        assert conn.raw("NOSUCH").startswith(b"-ERR") and conn.raw("EXEC").startswith(b"-EXECABORT")


def counting_under_watch_loses_nothing(mesh):
    """The loop that WATCH is for: what was read is written back plus one, or not at all."""
    key = mesh.key_of(mesh.pods[1], "counter")
    done = [0] * 4

    def count(number, pod):
        with pod.connect() as conn:
            while done[number] < 50:
                assert conn.call("WATCH", key) == b"OK"
                value = int(conn.call("GET", key) or 0)
                done[number] += set_in_transaction(conn, key, str(value + 1)) is not None

    threads = [threading.Thread(target=count, args=(number, mesh.pods[number % 3]))
               for number in range(len(done))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert done == [50] * len(done), done
    assert mesh.pods[0].call("GETDEL", key) == b"200"


def a_watch_does_not_outlive_the_link(mesh):
    a, b, _ = mesh.pods
    key = mesh.key_of(b, "linked")
    with a.connect() as conn:
        assert conn.call("WATCH", key) == b"OK"
        b.stop(signal.SIGKILL)
        b.start(*FLAGS)
        mesh.whole()
        assert set_in_transaction(conn, key, "lost") is None
        assert set_in_transaction(conn, key, "kept") == [b"OK"]
        assert conn.call("GETDEL", key) == b"kept"


def a_message_reaches_every_pod_once(mesh):
    listeners = [pod.connect() for pod in mesh.pods]
    try:
        for number, conn in enumerate(listeners):
            assert conn.call("SUBSCRIBE", "news")[2] == 1
            if number == 0:
                assert conn.call("PSUBSCRIBE", "ne*")[2] == 2
        for pod in mesh.pods:
            with pod.connect(protocol=3) as conn:
                heard = conn.call("PUBLISH", "news", "from %d" % pod.number)
                assert heard == 4, heard
                assert conn.call("PUBLISH", "none", "x") == 0
        for number, conn in enumerate(listeners):
            got = [conn.read() for _ in range(6 if number == 0 else 3)]
            want = [b"from 1", b"from 2", b"from 3"]
            texts = sorted(text for message in got for text in want if text in message)
            assert texts == sorted(want * (2 if number == 0 else 1)), got
    finally:
        for conn in listeners:
            conn.close()


def a_message_of_a_transaction_or_script_reaches_every_pod_once(mesh):
    a, b, _ = mesh.pods
    mine, theirs = mesh.key_of(a, "s"), mesh.key_of(b, "s")
    listeners = [pod.connect() for pod in mesh.pods]
    try:
        for conn in listeners:
            assert conn.call("SUBSCRIBE", "news")[2] == 1
        with a.connect() as conn:
            assert conn.call("PUBSUB", "NUMSUB", "news", "none") == [b"news", 3, b"none", 0]
            assert conn.call("PUBSUB", "CHANNELS") == [b"news"]
            for key in (mine, theirs):
                assert conn.call("MULTI") == b"OK"
                assert conn.call("SET", key, "v") == b"QUEUED"
                assert conn.call("PUBLISH", "news", "in MULTI with " + key) == b"QUEUED"
                assert conn.call("EXEC") == [b"OK", 1]
                script = "return redis.call('PUBLISH', 'news', 'in a script with ' .. KEYS[1])"
                assert conn.call("EVAL", script, "1", key) == 1
            assert conn.call("PUBLISH", "news", "last") == 3
        want = [b"in MULTI with " + mine.encode(), b"in a script with " + mine.encode(),
                b"in MULTI with " + theirs.encode(), b"in a script with " + theirs.encode()]
        for conn in listeners:
            got = [conn.read() for _ in range(5)]
            for text in [*want, b"last"]:
                assert sum(text in message for message in got) == 1, got
    finally:
        for conn in listeners:
            conn.close()


class Tracker:
    """A client of RESP3 that tracks what it reads, and what it was told of."""

    def __init__(self, pod, *options):
        self.conn = pod.connect(protocol=3)
        self.told = []
        assert self.call("CLIENT", "TRACKING", "ON", *options) == b"OK"

    def call(self, *args):
        self.conn.send(resp.encode(resp.to_bytes(args)))
        while True:
            answer = self.conn.read()
            if not answer.startswith(b">"):
                return resp.decode(answer)
            keys = resp.decode(b"*" + answer[1:])[1]
            self.told += [None] if keys is None else keys

    def hears(self, *keys):
        """Waits until it was told of these, and of nothing else."""
        want = [key.encode() for key in keys]
        until(lambda: self.call("PING") and len(self.told) >= len(want), 5, "told of %s" % want)
        assert sorted(self.told) == sorted(want), (self.told, want)
        self.told = []

    def close(self):
        self.conn.close()


def clients_that_track_hear_of_writes_anywhere(mesh):
    a, b, c = mesh.pods
    mine, one, two = mesh.key_of(a, "t"), mesh.key_of(b, "t"), mesh.key_of(c, "t")
    plain, optin, optout = Tracker(a), Tracker(a, "OPTIN"), Tracker(a, "OPTOUT", "NOLOOP")
    with b.connect() as other:
        other.call("MSET", mine, "0", one, "0", two, "0")
        assert plain.call("MGET", mine, one, two) == [b"0"] * 3
        optin.call("GET", one)
        assert optin.call("CLIENT", "CACHING", "YES") == b"OK" and optin.call("GET", two) == b"0"
        assert optout.call("CLIENT", "CACHING", "NO") == b"OK" and optout.call("GET", two) == b"0"
        optout.call("GET", one)
        other.call("MSET", mine, "1", one, "1", two, "1")
        plain.hears(mine, one, two)
        optin.hears(two)
        optout.hears(one)
        other.call("MSET", mine, "2", one, "2", two, "2")
        for tracker in (plain, optin, optout):
            tracker.hears()
        # Every type, expiry, own writes, transactions, scripts.
        other.call("DEL", one, two)
        other.call("HSET", one, "f", "v")
        assert plain.call("HGETALL", one) and plain.call("EXISTS", two) == 0
        other.call("HDEL", one, "f")
        plain.call("SET", two, "mine")
        plain.hears(one, two)
        optout.call("GET", two)
        optout.call("SET", two, "own")
        optout.call("GET", two)
        other.call("PEXPIRE", two, "20")
        optout.hears(two)
        until(lambda: not other.call("EXISTS", two), 5, "it expired")
        plain.call("MULTI")
        plain.call("GET", one)
        assert plain.call("EXEC") == [None]
        assert optin.call("CLIENT", "CACHING", "YES") == b"OK"
        assert optin.call("EVAL", "return redis.call('GET', KEYS[1])", "1", two) is None
        other.call("MSET", one, "3", two, "3")
        plain.hears(one)
        optin.hears(two)
    for tracker in (plain, optin, optout):
        tracker.close()


def clients_that_broadcast_hear_of_writes_anywhere(mesh):
    a, b, c = mesh.pods
    some, all_keys = Tracker(a, "BCAST", "PREFIX", "bc1", "PREFIX", "bc2"), Tracker(c, "BCAST")
    names = ["bc1" + mesh.key_of(pod, "") for pod in mesh.pods]
    with b.connect() as other:
        for name in [*names, "bc3"]:
            other.call("SET", name, "v")
    some.hears(*names)
    all_keys.hears(*names, "bc3")
    with a.connect() as other:
        other.call("SET", "bc2", "v")
        other.call("DEL", *names, "bc2", "bc3")
    some.hears(*names, "bc2", "bc2")
    all_keys.hears(*names, "bc2", "bc2", "bc3")
    some.close()
    all_keys.close()


def a_lost_link_means_that_anything_may_have_changed(mesh):
    a, b, _ = mesh.pods
    key = mesh.key_of(b, "lost")
    for options in ((), ("BCAST",)):
        tracker = Tracker(a, *options)
        assert tracker.call("GET", key) is None
        b.stop(signal.SIGKILL)
        until(lambda: tracker.call("PING") and None in tracker.told, 10, "told of the loss")
        b.start(*FLAGS)
        mesh.whole()
        tracker.call("GET", key)
        tracker.told = []
        with b.connect() as other:
            other.call("SET", key, "again")
            until(lambda: tracker.call("PING") and key.encode() in tracker.told, 5, "told again")
            other.call("DEL", key)
        tracker.close()


def functions_are_known_to_all_and_run_where_the_keys_are(mesh):
    a, b, c = mesh.pods
    library = "#!lua name=lib\nredis.register_function('put', function(keys, args) " \
              "redis.call('SET', keys[1], args[1]) return 'new' end)"
    assert a.call("FUNCTION", "LOAD", library.replace("new", "old")) == b"lib"
    assert a.call("FUNCTION", "LOAD", "REPLACE", library) == b"lib"
    for pod in mesh.pods:
        assert pod.call("FUNCTION", "STATS")[3][1][1] == 1
        for owner in mesh.pods:
            key = mesh.key_of(owner, "fn")
            assert pod.call("FCALL", "put", "1", key, "by %d" % pod.number) == b"new"
            assert c.call("GET", key) == b"by %d" % pod.number
    b.stop()
    b.start(*FLAGS)
    mesh.whole()
    until(lambda: b.call("FUNCTION", "LIST") != [], 5, "a new member has no functions")
    assert a.call("FCALL", "put", "1", mesh.key_of(b, "fn"), "again") == b"new"
    assert a.call("FUNCTION", "DELETE", "lib") == b"OK"
    assert [pod.call("FUNCTION", "LIST") for pod in mesh.pods] == [[], [], []]


def reads_become_local(mesh):
    a, b, _ = mesh.pods
    key = mesh.key_of(b, "local")
    a.call("SET", key, "near")
    with a.connect() as conn:
        until(lambda: conn.call("GET", key) == b"near" and
              int(a.info()["near_hits"]) > 0, 5, "the first near hit")
        before, forwards = a.packets(), int(a.info()["forwards"])
        hits = int(a.info()["near_hits"])
        for _ in range(2000):
            assert conn.call("GET", key) == b"near"
            assert conn.call("STRLEN", key) == 4
        assert int(a.info()["near_hits"]) - hits >= 3900
        assert int(a.info()["forwards"]) - forwards <= 40
        assert a.packets() - before < 400, a.packets() - before


def a_write_is_read_here_at_once_and_there_within_the_lease(mesh):
    a, b, c = mesh.pods
    key = mesh.key_of(c, "fresh")
    with a.connect() as writer, a.connect() as reader, b.connect() as other:
        for number in range(500):
            value = b"%d" % number
            assert writer.call("SET", key, value) == b"OK"
            assert reader.call("GET", key) == value, number
            seen = int(other.call("GET", key) or -1)
            assert seen <= number
            if number % 50 == 0:
                until(lambda: other.call("GET", key) == value, LEASE_S, "B reads the write of A")


def the_pipeline_keeps_its_order(mesh):
    a, b, c = mesh.pods
    keys = [mesh.key_of(pod, "order") for pod in (a, b, c)]
    with a.connect() as conn:
        requests, wanted = [], []
        for number in range(900):
            key = keys[number % 3]
            requests.append(resp.encode(resp.to_bytes(["SET", key, number])))
            requests.append(resp.encode(resp.to_bytes(["GET", key])))
            value = str(number).encode()
            wanted += [b"+OK\r\n", b"$%d\r\n%s\r\n" % (len(value), value)]
        assert conn.exchange(b"".join(requests), len(wanted)) == wanted


def expiry_is_seen_everywhere(mesh):
    a, b, _ = mesh.pods
    key = mesh.key_of(b, "ttl")
    a.call("SET", key, "v", "PX", "1500")
    with a.connect() as conn:
        for _ in range(5):
            assert conn.call("GET", key) == b"v"
        left = conn.call("PTTL", key)
        assert 0 < left <= 1500, left
        until(lambda: conn.call("GET", key) is None, 5, "the key is gone")
        left = conn.call("TTL", key)
        assert left == -2, left


def flushall_empties_every_owner(mesh):
    a, b, c = mesh.pods
    key = mesh.key_of(c, "flush")
    b.call("SET", key, "v")
    for _ in range(5):
        b.call("GET", key)
    assert a.call("FLUSHALL") == b"OK"
    assert [pod.local_keys() for pod in mesh.pods] == [0, 0, 0]
    until(lambda: b.call("GET", key) is None, LEASE_S, "B forgets its near copy")


def a_cluster_client_sees_the_mesh_on_the_peer_port(mesh):
    a, b, _ = mesh.pods
    with a.connect(port=6380, host=a.ip) as conn:
        ranges = conn.call("CLUSTER", "SLOTS")
        assert sum(last - first + 1 for first, last, *_ in ranges) == 16384
        assert {node[0].decode() for _, _, node in ranges} == {pod.ip for pod in mesh.pods}
        key = mesh.key_of(b, "moved")
        slot = conn.call("CLUSTER", "KEYSLOT", key)
        answer = resp.decode(conn.raw("GET", key))
        assert str(answer) == "MOVED %d %s:6380" % (slot, b.ip), answer
        assert b"cluster_state:ok" in conn.call("CLUSTER", "INFO")
        assert len(conn.call("CLUSTER", "NODES").strip().split(b"\n")) == 3
        assert len(conn.call("CLUSTER", "SHARDS")) == 3


def explain_says_where_and_why(mesh):
    a, b, _ = mesh.pods
    key = mesh.key_of(b, "why")
    text = a.call("PODIS.EXPLAIN", "GET", key)
    assert b.ip.encode() in text, text
    assert b.ip.encode() not in b.call("PODIS.EXPLAIN", "GET", key)


def a_client_that_hangs_up_early_hurts_nobody(mesh):
    a, b, _ = mesh.pods
    key = mesh.key_of(b, "early")
    for _ in range(50):
        conn = a.connect()
        conn.send(resp.encode(resp.to_bytes(["SET", key, "x" * 1000])) * 20)
        conn.close()
    assert a.call("PING") == b"PONG"
    assert a.call("GET", key) == b"x" * 1000


def a_killed_peer_costs_its_own_slots_only(mesh):
    a, b, c = mesh.pods
    lost, kept, own = mesh.key_of(b, "lost"), mesh.key_of(c, "kept"), mesh.key_of(a, "own")
    for key in (lost, kept, own):
        a.call("SET", key, "v")
    b.stop(signal.SIGKILL)
    start = time.monotonic()
    answer = a.try_call("SET", lost, "w")
    assert isinstance(answer, resp.Error) and str(answer).startswith("UNREACHABLE"), answer
    assert time.monotonic() - start < FORWARD_S + 1
    for key in (kept, own):
        assert a.call("SET", key, "w") == b"OK"
        assert a.call("GET", key) == b"w"
    with a.connect(port=6380, host=a.ip) as conn: # Cluster clients go on too.
        state = conn.call("CLUSTER", "INFO")
        assert b"cluster_state:ok" in state and b"cluster_slots_pfail:0\r" not in state, state
        assert conn.call("GET", own) == b"w"
    b.start(*FLAGS)
    mesh.whole()
    assert a.call("SET", lost, "again") == b"OK"
    assert c.call("GET", lost) == b"again"


def a_stopped_peer_is_not_read_beyond_the_lease(mesh):
    a, b, _ = mesh.pods
    key = mesh.key_of(b, "frozen")
    a.call("SET", key, "old")
    with a.connect() as conn:
        for _ in range(20):
            conn.call("GET", key)
        b.send_signal(signal.SIGSTOP)
        try:
            stopped = time.monotonic()
            while True:
                begun = time.monotonic()
                answer = resp.decode(conn.raw("GET", key))
                if answer != b"old":
                    break
                assert begun - stopped < LEASE_S + 0.3, "served beyond the lease"
                time.sleep(0.02)
            assert str(answer).startswith("UNREACHABLE"), answer
            assert time.monotonic() - begun < FORWARD_S + 1
        finally:
            b.send_signal(signal.SIGCONT)
    mesh.whole()
    assert a.call("GET", key) == b"old"


def a_cut_network_is_noticed_and_heals(mesh):
    a, b, _ = mesh.pods
    key = mesh.key_of(b, "cut")
    a.call("SET", key, "v")
    b.cut()
    try:
        answer = a.try_call("SET", key, "w")
        assert str(answer).startswith("UNREACHABLE"), answer
    finally:
        b.heal()
    mesh.whole(seconds=20)
    assert a.call("SET", key, "x") == b"OK"


def dns_is_followed(mesh):
    a, b, c = mesh.pods
    with a.connect() as conn:
        for number in range(KEYS):
            conn.call("SET", "move:%d" % number, str(number))
    mesh.list([a, b])
    for pod in (a, b):
        until(lambda: mesh.members(pod) == 2, INTERVAL_S + 1, "pod %d sees two" % pod.number)
    until(lambda: c.local_keys() == 0, 10, "C sent its keys to their new owners")
    values = b.call("MGET", *["move:%d" % n for n in range(KEYS)])
    assert values == [str(n).encode() for n in range(KEYS)], values.count(None)
    mesh.list([a, b, c])
    for pod in mesh.pods:
        until(lambda: mesh.members(pod) == 3, INTERVAL_S + 1, "pod %d sees three" % pod.number)
    mesh.whole()
    until(lambda: c.local_keys() > KEYS / 6, 10, "C has its keys again")
    until(lambda: a.call("MGET", *["move:%d" % n for n in range(KEYS)]) ==
          [str(n).encode() for n in range(KEYS)], 10, "no key was lost")


def an_error_of_dns_changes_nothing(mesh):
    a = mesh.pods[0]
    mesh.dns.stop()
    time.sleep(3 * INTERVAL_S)
    assert [mesh.members(pod) for pod in mesh.pods] == [3, 3, 3]
    assert a.call("SET", "still", "here") == b"OK"
    mesh.dns.start()
    mesh.whole()


def a_request_waits_until_dns_has_answered(mesh):
    a, _, c = mesh.pods
    key = mesh.key_of(a, "early")
    a.call("SET", key, "v")
    c.stop(signal.SIGTERM)
    mesh.dns.stop()
    c.start(*FLAGS, "--forward-timeout", "5000")
    with c.connect() as conn:
        conn.send(resp.encode(resp.to_bytes(["GET", key])))
        assert not select.select([conn.socket], [], [], 2 * INTERVAL_S)[0], conn.read()
        mesh.dns.start()
        answer = resp.decode(conn.read())
        assert answer == b"v", answer
    mesh.whole()


def a_long_answer_comes_over_tcp(mesh):
    a = mesh.pods[0]
    many = ["10.77.9.%d" % n for n in range(1, 201)]
    mesh.dns.list([pod.ip for pod in mesh.pods] + many)
    until(lambda: mesh.members(a) == 203, INTERVAL_S + 3, "all 203 members are seen")
    mesh.list(mesh.pods)
    for pod in mesh.pods:
        until(lambda: mesh.members(pod) == 3, INTERVAL_S + 3, "three again")
    mesh.whole()


def strangers_are_refused_with_a_reason(mesh):
    stranger = pods.Pod(4, mesh.folder)
    stranger.start("--mesh-name", "other", *FLAGS)
    try:
        until(lambda: re.search(r"Refused a peer at 10\.77\.0\.4:.*this is mesh 'default'",
                                mesh.pods[0].log()), 10, "the reason is logged")
        assert mesh.links(stranger) <= 0
    finally:
        stranger.stop()
    stranger.start("--mesh-secret", "wrong", *FLAGS)
    try:
        until(lambda: re.search("secret", "".join(p.log() for p in mesh.pods + [stranger])), 10,
              "the reason is logged")
        assert mesh.links(stranger) <= 0
    finally:
        stranger.stop()


def sigterm_ends_a_pod_in_order(mesh):
    a, b, c = mesh.pods
    assert c.stop(signal.SIGTERM) == 0
    c.start(*FLAGS)
    mesh.whole()


TESTS = [
    writes_land_at_their_owners,
    requests_for_many_owners_are_split_and_joined,
    keys_of_several_owners_elsewhere_are_refused,
    a_transaction_goes_whole_to_its_owner,
    a_watched_key_of_another_pod_voids_the_transaction,
    watching_pins_a_transaction_to_one_owner,
    counting_under_watch_loses_nothing,
    a_message_reaches_every_pod_once,
    a_message_of_a_transaction_or_script_reaches_every_pod_once,
    clients_that_track_hear_of_writes_anywhere,
    clients_that_broadcast_hear_of_writes_anywhere,
    functions_are_known_to_all_and_run_where_the_keys_are,
    reads_become_local,
    a_write_is_read_here_at_once_and_there_within_the_lease,
    the_pipeline_keeps_its_order,
    expiry_is_seen_everywhere,
    flushall_empties_every_owner,
    a_cluster_client_sees_the_mesh_on_the_peer_port,
    explain_says_where_and_why,
    a_client_that_hangs_up_early_hurts_nobody,
    a_killed_peer_costs_its_own_slots_only,
    a_watch_does_not_outlive_the_link,
    a_lost_link_means_that_anything_may_have_changed,
    a_stopped_peer_is_not_read_beyond_the_lease,
    a_cut_network_is_noticed_and_heals,
    dns_is_followed,
    an_error_of_dns_changes_nothing,
    a_request_waits_until_dns_has_answered,
    a_long_answer_comes_over_tcp,
    strangers_are_refused_with_a_reason,
    sigterm_ends_a_pod_in_order,
]


def main():
    tally = Tally()
    why = pods.enter_sandbox()
    if why:
        for test in TESTS:
            tally.skip(test.__name__.replace("_", " "), why)
        return tally.finish()
    mesh = Mesh()
    for test in TESTS:
        if len(sys.argv) > 1 and test.__name__ not in sys.argv[1:]:
            continue
        tally.run(test.__name__.replace("_", " "), test, mesh)
    for pod in mesh.pods:
        if pod.stop(signal.SIGTERM) != 0 or "ERROR: " in pod.log():
            tally.fail("pod %d ends clean" % pod.number, pod.log()[-3000:])
    mesh.dns.stop()
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
