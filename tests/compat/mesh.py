#!/usr/bin/python3
"""The random commands of differential.py through a mesh: three podis against one redis-server.

Each of the three is the app's in turn, so each command is answered from its own data, forwarded,
split and joined, or answered by a near copy, and all of it must be what one redis-server says.

    all slots      keys of three owners: what is split is left in, what is refused is left out
    mostly reads   the same with few writes, so that near copies come to be and are invalidated
    one tag        all keys are in one slot: every command with several keys is allowed

Left out, because a mesh promises less there than one server does:

    SCAN                     the cursor tells the owner as well
    RANDOMKEY                an owner without keys passes it on, and later writes overtake it
    CONFIG, DEBUG, COMMAND   about the process, compared by differential.py
"""

import argparse
import random
import sys
import time

import commands
import resp
import server
from differential import Comparison

PODS = 3
SETTLED_SECONDS = 15
NEVER = {b"SCAN", b"RANDOMKEY", b"CONFIG", b"DEBUG", b"COMMAND", b"INFO"}
NEEDS_ONE_SLOT = {b"RENAME", b"RENAMENX", b"COPY", b"LCS", b"MSETNX"}


READS = {b"GET", b"MGET", b"STRLEN", b"GETRANGE", b"EXISTS", b"TTL", b"PTTL", b"TYPE"}
WRITES_KEPT = 0.04


def mostly_reads():
    source = random.Random(1)

    def keep(steps):
        if not wanted(steps, False):
            return False
        return steps[0][0][0].upper() in READS or source.random() < WRITES_KEPT

    return keep


def wanted(steps, one_slot):
    for args, _ in steps:
        name = args[0].upper()
        if name in NEVER or (name in NEEDS_ONE_SLOT and not one_slot):
            return False
    return True


def tag_all_keys():
    """Puts every key that the maker knows into the slot of {t}."""
    for keys in commands.key_lists():
        keys[:] = [key if b"{" in key else key + b"{t}" for key in keys if key != b"{}x"]


def start_mesh(program):
    ports = [server.free_port() for _ in range(PODS)]
    peers = "static:" + ",".join("127.0.0.1:%d" % port for port in ports)
    pods = [server.Server(program, "--peers", peers, "--peer-bind", "127.0.0.1", "--peer-port",
                          str(port)) for port in ports]
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


def run_mesh(tally, options, title, keep, batch=100):
    pods = start_mesh(options.program)
    reference = server.Server(options.against)
    try:
        for number, pod in enumerate(pods):
            comparison = Comparison([pod, reference], tally, keep,
                                    "mesh, %s, pod %d" % (title, number))
            comparison.batch, comparison.ending = batch, []
            comparison.restart = lambda: sys.exit("a pod ended:\n" + pod.log()[-3000:])
            for seed in options.seeds.split(","):
                for protocol in (2, 3):
                    comparison.run_seed(seed, protocol, options.commands)
        print("      %s" % forwarded(pods))
    finally:
        for running in [*pods, reference]:
            running.stop()


def forwarded(pods):
    """What the pods say they did, and that forwarding and near copies took part at all."""
    totals = {}
    for pod in pods:
        with pod.connect() as conn:
            for line in conn.call("INFO", "mesh").decode().split("\r\n"):
                name, _, value = line.partition(":")
                if name in ("forwards", "near_hits"):
                    totals[name] = totals.get(name, 0) + int(value)
    assert totals.get("forwards", 0) > 1000, "hardly anything was forwarded: %s" % totals
    return ", ".join("%s %d" % pair for pair in sorted(totals.items()))


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
    run_mesh(tally, options, "all slots", lambda steps: wanted(steps, False))
    run_mesh(tally, options, "mostly reads", mostly_reads(), batch=10)
    tag_all_keys()
    run_mesh(tally, options, "one tag", lambda steps: wanted(steps, True))
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
