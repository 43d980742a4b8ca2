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
                         maps):
                tally.run(label + test.__name__, test, client)
            for test in (databases, many_threads, killed_connection):
                tally.run(label + test.__name__, test, running, protocol)
            for test in (killed_server, password, unix_socket):
                tally.run(label + test.__name__, test, protocol)
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
