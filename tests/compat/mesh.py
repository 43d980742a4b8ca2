#!/usr/bin/python3
"""The random commands of differential.py through a mesh: three podis against one redis-server.

Each of the three is the app's in turn, so each command is answered from its own data, forwarded,
split and joined, or answered by a near copy, and all of it must be what one redis-server says.

    all slots      keys of three owners: what is split or computed (SUNION) is left in, what would
                   be refused is left out
    mostly reads   the same with few writes, so that near copies come to be and are invalidated
    one tag        all keys are in one slot: every command with several keys is allowed
    refused        what the first leaves out, with keys of two owners: CROSSSLOT, nothing changes

Left out, because a mesh promises less there than one server does:

    SCAN                     the cursor tells the owner as well
    RANDOMKEY                an owner without keys passes it on, and later writes overtake it
    SORT … BY, GET           keys that are no arguments may be anywhere
    CONFIG, DEBUG, COMMAND   about the process, compared by differential.py
    PFDEBUG                  for peers with a secret only
"""

import argparse
import binascii
import random
import sys
import time

import commands
import resp
import server
from differential import LIMITS, Comparison, seeds_of

PODS = 3
SETTLED_SECONDS = 15
NEVER = {b"SCAN", b"RANDOMKEY", b"CONFIG", b"DEBUG", b"COMMAND", b"INFO", b"PFDEBUG"}
NEEDS_ONE_SLOT = set(b"""RENAME RENAMENX COPY LCS MSETNX LMOVE RPOPLPUSH BLMOVE BRPOPLPUSH LMPOP
    BLMPOP BLPOP BRPOP SMOVE SINTERSTORE SUNIONSTORE SDIFFSTORE ZRANGESTORE ZINTERSTORE ZUNIONSTORE
    ZDIFFSTORE ZMPOP BZMPOP BZPOPMIN BZPOPMAX XREAD XREADGROUP PFMERGE BITOP SORT SORT_RO
    GEOSEARCHSTORE GEORADIUS GEORADIUSBYMEMBER""".split())
SORTS = (b"SORT", b"SORT_RO")
READS = set(b"""GET MGET STRLEN GETRANGE EXISTS TTL PTTL TYPE LRANGE LLEN LINDEX LPOS SMEMBERS
    SISMEMBER SMISMEMBER SCARD SINTER SUNION SDIFF HGET HMGET HLEN HGETALL HKEYS HVALS ZRANGE ZSCORE
    ZRANK ZCOUNT ZCARD ZUNION ZINTER ZDIFF XRANGE XLEN GETBIT BITCOUNT PFCOUNT GEOPOS
    GEOSEARCH""".split())
WRITES_KEPT = 0.04
# A and B are keys of two owners.
REFUSED = """
RENAME A B
COPY A B
MSETNX A 1 B 2
LMOVE A B LEFT LEFT
RPOPLPUSH A B
BLMOVE A B LEFT LEFT 0
LMPOP 2 A B LEFT
BLPOP A B 0
SMOVE A B x
SUNIONSTORE A A B
ZUNIONSTORE A 2 A B
ZRANGESTORE A B 0 -1
BZPOPMIN A B 0
XREAD BLOCK 0 STREAMS A B $ $
PFMERGE A B
BITOP AND A A B
SORT A STORE B
GEOSEARCHSTORE A B FROMLONLAT 1 1 BYRADIUS 1 m
"""


def slot_of(key):
    """Redis Cluster's: CRC16 of the key, or of what stands in its first braces."""
    start = key.find(b"{")
    end = key.find(b"}", start + 1)
    if start >= 0 and end > start + 1:
        key = key[start + 1:end]
    return binascii.crc_hqx(key, 0) % 16384


class Wanted:
    """Which steps a mesh may be asked. The reference says what the keys of a command are."""

    def __init__(self, reference, keep=lambda steps: True):
        self.conn, self.keep = reference.connect(), keep

    def __call__(self, steps):
        return all(self.allows(args) for args, _ in steps) and self.keep(steps)

    def allows(self, args):
        name = args[0].upper()
        words = {word.upper() for word in args[2:]}
        if name in NEVER or (name in SORTS and words & {b"BY", b"GET"}):
            return False
        if name not in NEEDS_ONE_SLOT:
            return True
        keys = resp.decode(self.conn.raw("COMMAND", "GETKEYS", *args))
        return isinstance(keys, list) and len({slot_of(key) for key in keys}) <= 1


def mostly_reads():
    source = random.Random(1)
    return lambda steps: steps[0][0][0].upper() in READS or source.random() < WRITES_KEPT


def tag_all_keys():
    """Puts every key that the maker knows into the slot of {t}."""
    for keys in commands.key_lists():
        keys[:] = [key if b"{" in key else key + b"{t}" for key in keys if key != b"{}x"]


def start_mesh(program):
    ports = [server.free_port() for _ in range(PODS)]
    peers = "static:" + ",".join("127.0.0.1:%d" % port for port in ports)
    limits = [word for name, value in LIMITS for word in ("--" + name, str(value))]
    pods = [server.Server(program, "--peers", peers, "--peer-bind", "127.0.0.1", "--peer-port",
                          str(port), *limits) for port in ports]
    deadline = time.monotonic() + SETTLED_SECONDS
    while not all(is_settled(pod) for pod in pods):
        if time.monotonic() > deadline:
            raise RuntimeError("no mesh after %d s: %s" % (SETTLED_SECONDS, pods[0].log()))
        time.sleep(0.1)
    return pods


def is_settled(pod):
    """Whether the pod says that each key is here or at a peer whose link is ready."""
    with pod.connect() as conn:
        answers = [conn.call("PODIS.EXPLAIN", "GET", "key:%d" % n) for n in range(30)]
    here = sum(answer.startswith(b"here: ") for answer in answers)
    ready = sum(b"its link is ready" in answer for answer in answers)
    return here + ready == len(answers) and 0 < here < len(answers)


def run_mesh(tally, options, title, keep=lambda steps: True, batch=100):
    pods = start_mesh(options.program)
    reference = server.Server(options.against)
    try:
        wanted = Wanted(reference, keep)
        for number, pod in enumerate(pods):
            comparison = Comparison([pod, reference], tally, wanted,
                                    "mesh, %s, pod %d" % (title, number))
            comparison.batch, comparison.ending = batch, []
            comparison.restart = lambda: sys.exit("a pod ended:\n" + pod.log()[-3000:])
            for seed in seeds_of(options.seeds):
                for protocol in (2, 3):
                    comparison.run_seed(seed, protocol, options.commands)
        tally.run("mesh, %s, all of it took part" % title, took_part, pods)
        comparison.tell_left_out()
    finally:
        for running in [*pods, reference]:
            running.stop()


def took_part(pods):
    """What the pods say they did: forwarding and near copies took part."""
    totals = {}
    for pod in pods:
        with pod.connect() as conn:
            for line in conn.call("INFO", "mesh").decode().split("\r\n"):
                name, _, value = line.partition(":")
                if name in ("forwards", "near_hits"):
                    totals[name] = totals.get(name, 0) + int(value)
    print("      %s" % ", ".join("%s %d" % pair for pair in sorted(totals.items())))
    assert totals.get("forwards", 0) > 1000, "hardly anything was forwarded"


def refused(program):
    """What has keys of two owners and no way to be split says CROSSSLOT, and changes nothing."""
    pods = start_mesh(program)
    try:
        with pods[0].connect() as conn:
            there = {name.decode().upper() for name in server.names_of(conn)}
            first, second = two_owners(conn)
            conn.call("MSET", first, "1", second, "2")
            for line in REFUSED.strip().split("\n"):
                words = [{"A": first, "B": second}.get(word, word) for word in line.split()]
                if words[0] not in there:
                    continue
                reply = conn.raw(*words)
                assert reply.startswith(b"-CROSSSLOT Keys in request don't hash to the same slot"), \
                    "%s: %r" % (line, reply)
            assert conn.call("MGET", first, second) == [b"1", b"2"]
    finally:
        for pod in pods:
            pod.stop()


def two_owners(conn):
    """Two keys that different members own."""
    for number in range(1, 100):
        keys = b"key:0", b"key:%d" % number
        if conn.call("PODIS.EXPLAIN", "RENAME", *keys).startswith(b"refuse: "):
            return keys
    raise AssertionError("one member owns everything")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--seeds", default="1,2")
    parser.add_argument("--commands", type=int, default=5000)
    parser.add_argument("--program", default=server.podis_program())
    parser.add_argument("--against", default=server.redis_program())
    options = parser.parse_args()
    tally = server.Tally()
    with server.Server(options.program) as probe, probe.connect() as conn:
        known = isinstance(resp.decode(conn.raw("PODIS.EXPLAIN", "GET", "k")), bytes)
    if not known:
        tally.skip("mesh", "%s is no podis" % options.program)
        return tally.finish()
    run_mesh(tally, options, "all slots")
    run_mesh(tally, options, "mostly reads", mostly_reads(), batch=10)
    tally.run("mesh, what is refused", refused, options.program)
    tag_all_keys()
    run_mesh(tally, options, "one tag")
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
