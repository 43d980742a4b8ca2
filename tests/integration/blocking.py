#!/usr/bin/env python3
"""Clients that wait for a key in a mesh of three: BLPOP and its kin, over real links.

    whoever came first is served first, from wherever they asked; others' requests do not wait
    behind a wait; who hangs up takes nothing; an owner that dies or stops ends the wait with an
    error; keys that move take those who wait for them along.
"""

import signal
import sys
import time

from mesh import FLAGS, Mesh  # First: tests/compat has a mesh.py too.
import pods
from pods import until

import resp
from server import Tally

CROWD = 100


def ask(pod, *args, protocol=2):
    """A connection on which a command was sent and not answered yet."""
    conn = pod.connect(protocol)
    conn.send(resp.encode(resp.to_bytes(args)))
    return conn


def value(conn):
    return resp.decode(conn.read())


def blocked(pod, count):
    until(lambda: int(pod.info("clients")["blocked_clients"]) == count, 5,
          "pod %d has %d blocked clients" % (pod.number, count))


def an_element_reaches_who_waits_elsewhere(mesh):
    a, b, c = mesh.pods
    key = mesh.key_of(b, "list")
    for protocol in (2, 3):
        with ask(a, "BLPOP", key, "0", protocol=protocol) as conn:
            blocked(b, 1)
            assert not conn.has_data()
            assert c.call("RPUSH", key, "v") == 1
            assert value(conn) == [key.encode(), b"v"]
    blocked(a, 0)
    blocked(b, 0)
    assert b.call("EXISTS", key) == 0


def what_is_there_is_popped_at_once(mesh):
    a, b, _ = mesh.pods
    key = mesh.key_of(b, "there")
    with a.connect() as conn:
        # In the order in which they were sent, though they go different ways.
        conn.send(b"".join(resp.encode(resp.to_bytes(args)) for args in (
            ["LPUSH", key, "1"], ["LPUSH", key, "2"], ["BLPOP", key, "1"], ["LLEN", key],
            ["BRPOP", key, "1"], ["PING"])))
        answers = [value(conn) for _ in range(6)]
    assert answers == [1, 2, [key.encode(), b"2"], 1, [key.encode(), b"1"], b"PONG"], answers


def the_oldest_is_served_first(mesh):
    a, b, c = mesh.pods
    key = mesh.key_of(b, "fair")
    waiting = []
    for number in range(9):
        waiting.append(ask(mesh.pods[number % 3], "BLPOP", key, "0"))
        blocked(b, number + 1)
    for number in range(9):
        c.call("RPUSH", key, "e%d" % number)
    for number, conn in enumerate(waiting):
        assert value(conn) == [key.encode(), b"e%d" % number]
        conn.close()


def a_timeout_is_kept(mesh):
    a, b, _ = mesh.pods
    key = mesh.key_of(b, "late")
    begun = time.monotonic()
    with a.connect() as conn:
        assert conn.raw("BLPOP", key, "0.3") == b"*-1\r\n"
    took = time.monotonic() - begun
    assert 0.29 < took < 0.6, took
    with a.connect() as conn:  # Longer than a forwarded request may take.
        begun = time.monotonic()
        answer = conn.raw("BZPOPMIN", key, "3")
        assert answer == b"*-1\r\n", answer
        assert time.monotonic() - begun > 2.9


def nobody_waits_behind_a_crowd(mesh):
    a, b, c = mesh.pods
    key, other = mesh.key_of(b, "crowd"), mesh.key_of(b, "other")
    c.call("SET", other, "v")
    crowd = [ask(a, "BLPOP", key, "0") for _ in range(CROWD)]
    blocked(b, CROWD)
    begun = time.monotonic()
    assert a.call("PING") == b"PONG"
    assert a.call("GET", other) == b"v"
    assert a.call("INCR", other + "{%s}n" % other) == 1
    assert time.monotonic() - begun < 0.5
    assert c.call("RPUSH", key, *range(CROWD)) == CROWD
    assert sorted(int(value(conn)[1]) for conn in crowd) == list(range(CROWD))
    for conn in crowd:
        conn.close()
    assert int(a.info("clients")["blocked_clients"]) == 0


def who_hangs_up_takes_nothing(mesh):
    a, b, c = mesh.pods
    key = mesh.key_of(b, "gone")
    conn = ask(a, "BLPOP", key, "0")
    blocked(b, 1)
    conn.close()
    blocked(a, 0)
    blocked(b, 0)
    assert c.call("RPUSH", key, "kept") == 1
    assert c.call("LRANGE", key, "0", "-1") == [b"kept"]
    c.call("DEL", key)


def unblock_ends_a_wait_elsewhere(mesh):
    a, b, c = mesh.pods
    key = mesh.key_of(b, "told")
    for reason, answer in ((b"TIMEOUT", None),
                           (b"ERROR", resp.Error("UNBLOCKED client unblocked via CLIENT UNBLOCK"))):
        conn = a.connect()
        number = conn.call("CLIENT", "ID")
        conn.send(resp.encode(resp.to_bytes(["BLPOP", key, "0"])))
        blocked(b, 1)
        line = [line for line in a.call("CLIENT", "LIST").decode().splitlines()
                if line.startswith("id=%d " % number)][0]
        assert " flags=b " in line and " cmd=blpop " in line, line
        assert a.call("CLIENT", "UNBLOCK", number, reason) == 1
        assert value(conn) == answer
        assert conn.call("PING") == b"PONG"
        blocked(b, 0)
        conn.close()
    assert c.call("RPUSH", key, "kept") == 1
    c.call("DEL", key)


def a_chain_of_moves_goes_through(mesh):
    a, b, c = mesh.pods
    tag = mesh.key_of(b, "chain")
    first, second, third = ("{%s}%d" % (tag, number) for number in range(3))
    end = ask(c, "BLPOP", third, "0")
    middle = ask(a, "BLMOVE", second, third, "LEFT", "RIGHT", "0")
    start = ask(b, "BLMOVE", first, second, "LEFT", "RIGHT", "0")
    blocked(b, 3)
    assert a.call("RPUSH", first, "v") == 1
    assert [value(start), value(middle), value(end)] == [b"v", b"v", [third.encode(), b"v"]]
    for conn in (start, middle, end):
        conn.close()


def a_killed_owner_ends_the_wait(mesh):
    a, b, _ = mesh.pods
    key = mesh.key_of(b, "killed")
    with ask(a, "BLPOP", key, "0") as conn:
        blocked(b, 1)
        b.stop(signal.SIGKILL)
        begun = time.monotonic()
        answer = value(conn)
        assert isinstance(answer, resp.Error) and str(answer).startswith("UNREACHABLE"), answer
        assert time.monotonic() - begun < 2
    b.start(*FLAGS)
    mesh.whole()


def a_stopped_owner_ends_the_wait(mesh):
    a, b, _ = mesh.pods
    key = mesh.key_of(b, "stopped")
    with ask(a, "BLPOP", key, "0") as conn:
        blocked(b, 1)
        b.send_signal(signal.SIGSTOP)
        begun = time.monotonic()
        answer = value(conn)
        took = time.monotonic() - begun
        b.send_signal(signal.SIGCONT)
        assert isinstance(answer, resp.Error) and str(answer).startswith("UNREACHABLE"), answer
        assert took < 4, took
    mesh.whole()
    blocked(b, 0)


def who_waits_goes_where_the_key_goes(mesh):
    """The owner leaves in order: the wait goes on at the next one."""
    a, b, c = mesh.pods
    key = mesh.key_of(b, "moves")
    with ask(a, "BLPOP", key, "0") as far, ask(c, "BLPOP", key, "0") as near:
        blocked(b, 2)
        mesh.list([a, c])
        assert b.stop(signal.SIGTERM) == 0
        until(lambda: mesh.members(a) == 2 and mesh.members(c) == 2, 10, "two are left")
        time.sleep(0.5)
        for conn in (far, near):
            assert not conn.has_data(), value(conn)
        assert sum(int(pod.info("clients")["blocked_clients"]) for pod in (a, c)) >= 2
        assert a.call("RPUSH", key, "1", "2") == 2
        assert sorted([value(far)[1], value(near)[1]]) == [b"1", b"2"]
        # And back, when it returns.
        far.send(resp.encode(resp.to_bytes(["BLPOP", key, "0"])))
        near.send(resp.encode(resp.to_bytes(["BLPOP", key, "0"])))
        time.sleep(0.3)
        b.start(*FLAGS)
        mesh.list(mesh.pods)
        mesh.whole()
        blocked(b, 2)
        assert c.call("RPUSH", key, "3", "4") == 2
        assert sorted([value(far)[1], value(near)[1]]) == [b"3", b"4"]


TESTS = [
    an_element_reaches_who_waits_elsewhere,
    what_is_there_is_popped_at_once,
    the_oldest_is_served_first,
    a_timeout_is_kept,
    nobody_waits_behind_a_crowd,
    who_hangs_up_takes_nothing,
    unblock_ends_a_wait_elsewhere,
    a_chain_of_moves_goes_through,
    a_killed_owner_ends_the_wait,
    a_stopped_owner_ends_the_wait,
    who_waits_goes_where_the_key_goes,
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
