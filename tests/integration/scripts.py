#!/usr/bin/env python3
"""Scripts among real processes: in a mesh of three, and while one takes long.

    a script runs where its keys are, by text or by sum; it cannot touch what it does not name and
    others own; one that takes long is heard of, and ended; one that takes all memory is refused
"""

import signal
import sys
import time

from mesh import Mesh, FLAGS  # Before pods, which adds a folder with another mesh.py.
import pods
from pods import until

import resp
from server import Tally

SLOW = "while true do end"
BUSY_MS = 50


def say(conn, *request):
    conn.send(resp.encode(resp.to_bytes(request)))


def hear(conn):
    return resp.decode(conn.read())


def error_of(answer):
    assert isinstance(answer, resp.Error), answer
    return str(answer)


def sum_of(pod, text):
    return pod.call("SCRIPT", "LOAD", text).decode()


def a_script_runs_where_its_keys_are(mesh):
    a, b, _ = mesh.pods
    key = mesh.key_of(b, "script")
    text = "redis.call('set', KEYS[1], ARGV[1]) return redis.call('get', KEYS[1])"
    assert a.call("EVAL", text, "1", key, "v1") == b"v1"
    with b.connect(port=6380, host=b.ip) as conn:
        assert conn.call("GET", key) == b"v1"
    assert a.call("EVAL_RO", "return redis.call('get', KEYS[1])", "1", key) == b"v1"
    assert a.call("DEL", key) == 1


def a_sum_is_known_where_its_text_came_by(mesh):
    a, b, c = mesh.pods
    of_b, of_c = mesh.key_of(b, "sum"), mesh.key_of(c, "sum")
    text = "return {redis.call('incr', KEYS[1]), 'by sum'}"
    known = sum_of(a, text)
    for key in (of_b, of_c):
        assert a.call("EVALSHA", known, "1", key) == [1, b"by sum"]
    # Passing it on is enough: only the owner ran it.
    other = "return {redis.call('incr', KEYS[1]), 'by passing'}"
    assert a.call("EVAL", other, "1", of_b) == [2, b"by passing"]
    sha = sum_of(b, other)
    assert a.call("EVALSHA", sha, "1", of_c) == [2, b"by passing"]
    unknown = error_of(a.try_call("EVALSHA", "0" * 40, "1", of_b))
    assert unknown.startswith("NOSCRIPT"), unknown
    assert a.call("DEL", of_b, of_c) == 2


def a_sum_in_a_transaction_is_known_at_the_owner(mesh):
    a, b, _ = mesh.pods
    key = mesh.key_of(b, "multi")
    known = sum_of(a, "return redis.call('incrby', KEYS[1], 7)")
    with a.connect() as conn:
        assert conn.call("MULTI") == b"OK"
        assert conn.call("EVALSHA", known, "1", key) == b"QUEUED"
        assert conn.call("GET", key) == b"QUEUED"
        assert conn.call("EXEC") == [7, b"7"]
    assert a.call("DEL", key) == 1


def later_requests_do_not_overtake_a_script(mesh):
    a, b, _ = mesh.pods
    key = mesh.key_of(b, "order")
    known = sum_of(a, "return redis.call('incr', KEYS[1])")
    with a.connect() as conn:
        for number in range(200):
            say(conn, "EVALSHA", known, "1", key)
            say(conn, "GET", key)
        for number in range(1, 201):
            assert hear(conn) == number
            assert hear(conn) == str(number).encode()
    assert a.call("DEL", key) == 1


def keys_that_others_own_and_nobody_named_are_refused(mesh):
    a, b, c = mesh.pods
    of_a, of_b, of_c = (mesh.key_of(pod, "named") for pod in mesh.pods)
    text = "return redis.call('set', ARGV[1], 'x')"
    for keys in (("0", of_b), ("1", of_a, of_b), ("1", of_b, of_c)):
        why = error_of(a.try_call("EVAL", text, *keys))
        assert "attempted to access a non local key in a cluster node" in why, why
    assert c.call("EXISTS", of_b) == 0 and b.call("EXISTS", of_c) == 0
    assert a.call("EVAL", text, "0", of_a) == b"OK"
    assert a.call("DEL", of_a) == 1
    why = error_of(a.try_call("EVAL", "return 1", "2", of_b, of_c))
    assert why.startswith("CROSSSLOT"), why


def what_a_script_writes_is_seen_everywhere(mesh):
    a, b, c = mesh.pods
    key = mesh.key_of(b, "seen")
    for number in range(50):
        a.call("EVAL", "return redis.call('set', KEYS[1], ARGV[1])", "1", key, str(number))
        assert a.call("GET", key) == str(number).encode()
    until(lambda: c.call("GET", key) == b"49", 3, "the other pod reads what the script wrote")
    assert a.call("DEL", key) == 1


class Slow:
    """A script that takes long, on a connection of its own."""

    def __init__(self, pod, text=SLOW):
        self.pod = pod
        pod.call("CONFIG", "SET", "busy-reply-threshold", str(BUSY_MS))
        self.conn = pod.connect()
        say(self.conn, "EVAL", text, "0")
        until(lambda: self.answer_of("PING").startswith("BUSY"), 5, "the script is noticed")

    def answer_of(self, *request):
        answer = self.pod.try_call(*request)
        return answer if isinstance(answer, str) else str(answer)

    def end(self):
        assert self.pod.call("SCRIPT", "KILL") == b"OK"
        why = error_of(hear(self.conn))
        assert "Script killed by user with SCRIPT KILL" in why, why
        until(lambda: self.pod.try_call("PING") == b"PONG", 5, "all is well again")
        self.conn.close()


def others_hear_of_a_slow_script_and_end_it(mesh):
    a = mesh.pods[0]
    before = a.connect()
    slow = Slow(a)
    with before, a.connect() as after:
        for conn in (before, after):
            for request in (("GET", "k"), ("SET", "k", "v"), ("EVAL", "return 1", "0")):
                say(conn, *request)
            for _ in range(3):
                assert error_of(hear(conn)).startswith("BUSY"), "pipelined"
        assert after.call("MULTI") == b"OK"
        slow.end()
        assert after.call("DISCARD") == b"OK"


def what_waits_behind_a_slow_script_is_answered(mesh):
    a = mesh.pods[0]
    slow = Slow(a)
    say(slow.conn, "PING")
    assert a.call("SCRIPT", "KILL") == b"OK"
    error_of(hear(slow.conn))
    assert hear(slow.conn) == b"PONG"
    slow.conn.close()


def clients_that_leave_during_a_slow_script_hurt_nobody(mesh):
    a = mesh.pods[0]
    slow = Slow(a)
    conns = [a.connect() for _ in range(20)]
    for conn in conns:
        say(conn, "GET", "k")
        conn.close()
    slow.conn.close()  # Even the one whose script it is.
    time.sleep(0.1)
    assert a.call("SCRIPT", "KILL") == b"OK"
    until(lambda: a.try_call("PING") == b"PONG", 5, "all is well again")
    until(lambda: int(a.info("clients")["connected_clients"]) < 20, 5, "they are gone")


def catching_the_end_does_not_help(mesh):
    a = mesh.pods[0]
    Slow(a, "while true do pcall(function() while true do end end) end").end()
    Slow(a, "local w = coroutine.wrap(function() while true do end end) "
            "while true do pcall(w) end").end()


def a_script_that_wrote_ends_with_the_process_only(mesh):
    a = mesh.pods[0]
    key = mesh.key_of(a, "wrote")
    slow = Slow(a, "redis.call('set', '%s', 1) %s" % (key, SLOW))
    assert slow.answer_of("SCRIPT", "KILL").startswith("UNKILLABLE")
    assert slow.answer_of("SHUTDOWN").startswith("BUSY")
    with a.connect() as conn:
        say(conn, "SHUTDOWN", "NOSAVE")
        until(lambda: a.process.poll() is not None, 10, "the process ended")
    assert a.process.returncode == 0, a.process.returncode
    slow.conn.close()
    a.start(*FLAGS)
    mesh.whole()


def memory_is_bounded(mesh):
    a = mesh.pods[0]
    for text in ("local t = {} while true do t[#t + 1] = string.rep('x', 1000000) .. #t end",
                 "local s = 'x' while true do s = s .. s end",
                 "local t = {} for i = 1, 1e9 do t[i] = {} end"):
        why = error_of(a.try_call("EVAL", text, "0"))
        assert "not enough memory" in why or "length overflow" in why, why
    assert a.call("EVAL", "return 'fine'", "0") == b"fine"


TESTS = [
    a_script_runs_where_its_keys_are,
    a_sum_is_known_where_its_text_came_by,
    a_sum_in_a_transaction_is_known_at_the_owner,
    later_requests_do_not_overtake_a_script,
    keys_that_others_own_and_nobody_named_are_refused,
    what_a_script_writes_is_seen_everywhere,
    others_hear_of_a_slow_script_and_end_it,
    what_waits_behind_a_slow_script_is_answered,
    clients_that_leave_during_a_slow_script_hurt_nobody,
    catching_the_end_does_not_help,
    a_script_that_wrote_ends_with_the_process_only,
    memory_is_bounded,
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
