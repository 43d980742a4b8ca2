#!/usr/bin/python3
"""podis with redis-py, in RESP2 and, where this redis-py knows it, RESP3."""

import os
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "compat"))

import server  # noqa: E402
import redis  # noqa: E402

BIG = 10 << 20
KNOWS_RESP3 = int(redis.__version__.split(".", maxsplit=1)[0]) >= 5


def connect(running, protocol, **options):
    if KNOWS_RESP3:
        options["protocol"] = protocol
    return redis.Redis(port=running.port, **options)


def strings(client):
    assert client.set("name", "value") is True
    assert client.get("name") == b"value"
    assert client.get("nosuch") is None
    assert client.set("name", "other", nx=True) is None
    assert client.set("name", "other", xx=True, get=True) == b"value"
    assert client.append("name", "!") == 6
    assert client.getrange("name", 0, 2) == b"oth"
    assert client.mget("name", "nosuch") == [b"other!", None]
    assert client.msetnx({"name": 1, "fresh": 2}) is False
    assert client.getex("name", ex=100) == b"other!" and client.ttl("name") > 90
    assert client.getdel("name") == b"other!"


def numbers(client):
    assert client.incr("count", 42) == 42
    assert client.decr("count") == 41
    assert client.incrbyfloat("count", 0.5) == 41.5
    try:
        client.incr("count")
    except redis.ResponseError as error:
        assert "not an integer or out of range" in str(error)
    else:
        raise AssertionError("no error")


def keys(client):
    client.mset({"a": 1, "b": 2, "c": 3})
    assert sorted(client.keys("[abc]")) == [b"a", b"b", b"c"]
    assert client.exists("a", "b", "nosuch") == 2
    assert client.rename("a", "d") is True
    assert client.copy("d", "e") is True
    assert client.type("e") == b"string"
    assert client.object("encoding", "e") == b"int"
    assert client.unlink("b", "c", "d", "e", "nosuch") == 4


def expiry(client):
    client.set("brief", 1, px=60)
    assert client.pttl("brief") > 0
    time.sleep(0.09)
    assert client.get("brief") is None
    client.set("long", 1, ex=100)
    assert not client.expire("long", 50, gt=True)
    assert client.persist("long") is True
    assert client.ttl("long") == -1


def pipelines(client):
    pipeline = client.pipeline(transaction=False)
    for number in range(5000):
        pipeline.set("p:%d" % number, "v%d" % number).get("p:%d" % number)
    results = pipeline.execute()
    assert results[::2] == [True] * 5000
    assert results[1::2] == [b"v%d" % n for n in range(5000)]


def scanning(client):
    client.flushdb()
    names = {b"scan:%d" % n for n in range(3000)}
    client.mset({name: 1 for name in names})
    client.set("other", 1)
    assert set(client.scan_iter(match="scan:*", count=100)) == names


def big_value(client):
    value = bytes(range(256)) * (BIG // 256)
    assert client.set("big", value) is True
    assert client.get("big") == value
    client.delete("big")


def binary(client):
    everything = bytes(range(256))
    client.set(everything, everything)
    assert client.get(everything) == everything


def maps(client):
    assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
    assert client.info("server")["redis_version"]
    assert client.command_count() > 50
    client.client_setname("me")
    assert client.client_info()["name"] == "me"
    client.mset({"one": "ohmytext", "two": "mynewtext"})
    assert client.execute_command("LCS", "one", "two", "LEN") == 6


def queue(running, protocol):
    """Workers that wait for jobs, as job queues do."""
    client = connect(running, protocol)
    done = []

    def work():
        own = connect(running, protocol)
        while True:
            job = own.blmove("jobs", "taken", 10, "RIGHT", "LEFT")
            if job == b"stop":
                return
            done.append(job)
            own.lrem("taken", 1, job)

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for number in range(200):
        client.lpush("jobs", "job:%d" % number)
    for _ in workers:
        client.lpush("jobs", "stop")
    for worker in workers:
        worker.join()
    assert sorted(done) == sorted(b"job:%d" % n for n in range(200))
    assert client.lrange("taken", 0, -1) == [b"stop"] * 3


def stream_group(client):
    client.delete("events")
    assert client.xgroup_create("events", "readers", id="0", mkstream=True)
    ids = [client.xadd("events", {"n": n}, maxlen=1000) for n in range(10)]
    first = client.xreadgroup("readers", "ann", {"events": ">"}, count=4)
    entries = dict(first)[b"events"] if isinstance(first, list) else first[b"events"][0]
    assert [entry[0] for entry in entries] == ids[:4], first
    assert client.xack("events", "readers", *ids[:3]) == 3
    assert client.xpending("events", "readers")["pending"] == 1
    claimed = client.xautoclaim("events", "readers", "bob", min_idle_time=0)
    assert [entry[0] for entry in claimed[1]] == ids[3:4]
    assert client.xinfo_groups("events")[0]["lag"] == 6


def leaderboard(client):
    client.delete("scores")
    client.zadd("scores", {"ann": 10, "bob": 20, "cid": 20.5})
    assert client.zincrby("scores", 15, "ann") == 25
    assert client.zrevrange("scores", 0, 1) == [b"ann", b"cid"]
    assert client.zrank("scores", "bob") == 0
    assert client.zscore("scores", "cid") == 20.5
    client.geoadd("shops", [13.361389, 38.115556, "one", 15.087269, 37.502669, "two"])
    assert client.geosearch("shops", longitude=15, latitude=37, radius=100, unit="km") == [b"two"]
    assert 166 < client.geodist("shops", "one", "two", unit="km") < 167


def sessions(client):
    client.delete("session", "seen", "tags")
    client.hset("session", mapping={"user": "7", "token": "x", "cart": "2"})
    if hasattr(client, "hexpire"):
        assert client.hexpire("session", 100, "token") == [1]
        assert 90 < client.httl("session", "token")[0] <= 100
        assert client.hpexpire("session", 1, "cart") == [1]
        time.sleep(0.01)
        assert client.hgetall("session") == {b"user": b"7", b"token": b"x"}
    client.sadd("tags", "a", "b", "c")
    assert client.sinter("tags", "tags") == {b"a", b"b", b"c"}
    client.pfadd("seen", *range(1000))
    assert 950 < client.pfcount("seen") < 1050
    client.setbit("days", 7, 1)
    assert client.bitcount("days") == 1


def databases(running, protocol):
    first, second = connect(running, protocol), connect(running, protocol, db=3)
    first.set("where", "zero")
    second.set("where", "three")
    assert (first.get("where"), second.get("where")) == (b"zero", b"three")


def many_threads(running, protocol):
    client = connect(running, protocol)
    client.set("shared", 0)

    def work():
        for _ in range(500):
            client.incr("shared")

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert client.get("shared") == b"4000"


def killed_connection(running, protocol):
    client, admin = connect(running, protocol, client_name="victim"), connect(running, protocol)
    client.set("kept", 1)
    victim = [c for c in admin.client_list() if c["name"] == "victim"][0]
    assert admin.client_kill_filter(_id=victim["id"]) == 1
    assert client.get("kept") == b"1"
    assert client.client_getname() in ("victim", b"victim")


def killed_server(protocol):
    running = server.Server(server.podis_program())
    client = connect(running, protocol)
    client.set("gone", 1)
    running.process.kill()
    running.process.wait()
    try:
        client.get("gone")
    except redis.ConnectionError:
        pass
    else:
        raise AssertionError("no error while the server is away")
    with server.Server(server.podis_program(), port=running.port):
        assert client.get("gone") is None


def password(protocol):
    with server.Server(server.podis_program(), "--requirepass", "secret") as running:
        assert connect(running, protocol, password="secret").ping()
        assert connect(running, protocol, username="default", password="secret").ping()
        for wrong in ({"password": "wrong"}, {}):
            try:
                connect(running, protocol, **wrong).ping()
            except redis.AuthenticationError:
                continue
            raise AssertionError("let in with %s" % wrong)


def unix_socket(protocol):
    path = os.path.join(server.scratch(), "client-%d.sock" % os.getpid())
    with server.Server(server.podis_program(), "--unixsocket", path):
        options = {"protocol": protocol} if KNOWS_RESP3 else {}
        client = redis.Redis(unix_socket_path=path, **options)
        assert client.set("by", "socket") and client.get("by") == b"socket"


def main():
    tally = server.Tally()
    with server.Server(server.podis_program()) as running:
        for protocol in (2, 3):
            label = "redis-py RESP%d " % protocol
            if protocol == 3 and not KNOWS_RESP3:
                tally.skip(label, "redis-py %s knows only RESP2" % redis.__version__)
                continue
            client = connect(running, protocol)
            client.flushall()
            for test in (strings, numbers, keys, expiry, pipelines, scanning, big_value, binary,
                         maps, stream_group, leaderboard, sessions):
                tally.run(label + test.__name__, test, client)
            for test in (databases, many_threads, killed_connection, queue):
                tally.run(label + test.__name__, test, running, protocol)
            for test in (killed_server, password, unix_socket):
                tally.run(label + test.__name__, test, protocol)
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
