#!/usr/bin/python3
"""DUMP and RESTORE between podis and redis-server, both ways.

Values of every type and encoding are made on one server, dumped, restored on the other, and
compared by DEBUG DIGEST-VALUE and OBJECT ENCODING. podis writes version 11, which redis-server 7.0
refuses for its number alone: that is changed in the footer, and the checksum with it.
"""

import random
import sys

import server

SEED = 5
CRC_POLYNOMIAL = 0x95ac9329ac4bc9b5
REDIS_VERSION = 10

# From podis to redis-server 7.0: why not.
ONE_WAY = {"stream": "7.2 writes when a consumer was last active, which 7.0 cannot read"}

# Strings that were edited in place are raw, but not those that were loaded.
EDITED = ("hyperloglog",)


def crc64(data):
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (CRC_POLYNOMIAL if crc & 1 else 0)
    return crc


def with_version(payload, version):
    body = payload[:-10] + version.to_bytes(2, "little")
    return body + crc64(body).to_bytes(8, "little")


def word(rng):
    """Numbers of all widths, and short, long and repetitive texts."""
    kind = rng.randrange(4)
    if kind == 0:
        return str(rng.randrange(-2 ** rng.choice((7, 12, 15, 23, 31, 63)),
                                 2 ** rng.choice((4, 6, 7, 12, 15, 23, 31, 63))))
    if kind == 1:
        return "x" * rng.choice((0, 1, 20, 21, 63, 64, 65, 300))
    return "".join(rng.choice("abcdefg,") for _ in range(rng.choice((1, 5, 12, 40, 70, 500))))


def words(rng, count):
    return [word(rng) for _ in range(count)]


def scores(rng, count):
    return [rng.choice(("inf", "-inf", "0", "-1.5", "3.14159", "1e300", "17")) for _ in range(count)]


def interleaved(first, second):
    return [item for both in zip(first, second) for item in both]


def stream(conn, key, rng, count):
    for i in range(count):
        fields = ["f", "g"] if rng.randrange(3) else words(rng, 2)
        conn.call("XADD", key, "%d-%d" % (i // 3 + 1, i % 3 + 1),
                  *interleaved(fields, words(rng, 2)))
    conn.call("XDEL", key, "1-2")
    conn.call("XGROUP", "CREATE", key, "group", "0")
    conn.call("XREADGROUP", "GROUP", "group", "me", "COUNT", max(1, count // 2), "STREAMS", key, ">")
    conn.call("XACK", key, "group", "1-1")


def made(kind, conn, key, rng):
    count = rng.choice((1, 2, 7, 40, 200, 700))
    if kind == "string":
        conn.call("SET", key, word(rng))
    elif kind == "list":
        conn.call("RPUSH", key, *words(rng, count))
    elif kind == "intset":
        conn.call("SADD", key, *[rng.randrange(-2 ** 40, 2 ** 40) for _ in range(count)])
    elif kind == "set":
        conn.call("SADD", key, *words(rng, count))
    elif kind == "hash":
        conn.call("HSET", key, *interleaved(words(rng, count), words(rng, count)))
    elif kind == "zset":
        conn.call("ZADD", key, *interleaved(scores(rng, count), words(rng, count)))
    elif kind == "hyperloglog":
        conn.call("PFADD", key, *words(rng, count))
    elif kind == "stream":
        stream(conn, key, rng, count)


KINDS = ("string", "list", "intset", "set", "hash", "zset", "hyperloglog", "stream")
ROUNDS = 30


def travels(kind, source, target, version):
    rng = random.Random("%s %d" % (kind, SEED))
    for i in range(ROUNDS):
        key = "%s:%d" % (kind, i)
        made(kind, source, key, rng)
        payload = source.call("DUMP", key)
        if version is not None:
            payload = with_version(payload, version)
        answer = target.call("RESTORE", "copy", "0", payload, "REPLACE")
        assert answer == b"OK", "%s: %s %r" % (key, answer, payload[:200])
        for question in (("DEBUG", "DIGEST-VALUE"), ("OBJECT", "ENCODING")):
            if question[0] == "OBJECT" and kind in EDITED:
                continue
            here, there = source.call(*question, key), target.call(*question, "copy")
            assert here == there, "%s %s: %s, restored %s" % (question[1], key, here, there)


def main():
    tally = server.Tally()
    with server.pair() as (first, second):
        with first.connect() as ours, second.connect() as theirs:
            known = server.names_of(ours)
            kinds = [k for k in KINDS if k != "stream" or b"xadd" in known]
            for kind in kinds:
                tally.run("redis-server's %s in podis" % kind, travels, kind, theirs, ours, None)
                if kind not in ONE_WAY:
                    tally.run("podis's %s in redis-server" % kind, travels, kind, ours, theirs,
                              REDIS_VERSION)
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
