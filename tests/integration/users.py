#!/usr/bin/env python3
"""Users: files and restarts of one podis; and in a mesh, what a user may do where the keys are
elsewhere, near copies and transactions included."""

import os
import signal
import sys
import time

from mesh import Mesh  # First: tests/compat has a mesh.py too.
import pods
from program import Admin, run, until

import resp
from server import Tally

NOPERM = b"-NOPERM "


def users_of(podis):
    with podis.connect() as conn:
        return [line.decode() for line in conn.call("ACL", "LIST")]


def stopped(podis):
    podis.process.send_signal(signal.SIGTERM)
    assert podis.process.wait(20) == 0


# --- alone ---------------------------------------------------------------------------------------


def login(podis, name, password):
    conn = podis.connect()
    return conn, conn.raw("AUTH", name, password)


def with_file(text):
    """A folder with a file of users, and the directives that use it."""
    podis = Admin("")
    stopped(podis)
    path = os.path.join(podis.home, "users.acl")
    with open(path, "w") as file:
        file.write(text)
    return path


def users_come_from_their_file_and_go_back():
    path = with_file("user default on nopass ~* &* +@all\nuser alice on >first ~a:* +@read\n")
    podis = Admin("aclfile %s\n" % path)
    try:
        conn, answer = login(podis, "alice", "first")
        assert answer == b"+OK\r\n", answer
        assert conn.raw("GET", "a:1") == b"$-1\r\n"
        assert conn.raw("SET", "a:1", "x").startswith(NOPERM)
        with podis.connect() as admin:
            assert admin.call("ACL", "SETUSER", "alice", ">second", "<first", "+set") == b"OK"
            assert conn.raw("SET", "a:1", "x") == b"+OK\r\n"
            assert admin.call("ACL", "SAVE") == b"OK"
            with open(path) as file:
                text = file.read()
            assert "second" not in text and "user alice on #" in text, text
            assert sorted(os.listdir(os.path.dirname(path))) == ["podis.conf", "users.acl"]
            # Read again, all but "default" have to come anew.
            assert admin.call("ACL", "LOAD") == b"OK"
            assert admin.call("PING") == b"PONG"
            try:
                conn.raw("PING")
                raise AssertionError("alice is still there")
            except (resp.Closed, OSError):
                pass
            before = users_of(podis)
            with open(path, "a") as file:
                file.write("user bob +nosuch\n")
            assert b"+nosuch" in admin.raw("ACL", "LOAD")
            assert users_of(podis) == before
    finally:
        stopped(podis)


def wrong_users_stop_the_start():
    path = with_file("user alice on +nosuch\n")
    for flags, words in (
            (["--aclfile", path], "Error in applying operation '+nosuch'"),
            (["--aclfile", path + ".not"], "No such file or directory"),
            (["--user", "alice", "on", "+nosuch"], "Error loading ACL rule '+nosuch'"),
            (["--user", "alice", "--user", "alice"], "Duplicate user found"),
            (["--user", "alice", "--aclfile", path], "it must be one of them")):
        status, text = run("--port", "0", "--unixsocket", path + ".sock", "--admin-port", "0",
                           *flags)
        assert status != 0 and words in text, (flags, status, text)


def users_are_written_to_the_configuration():
    podis = Admin("user alice on >plain ~a:* +get\n")
    try:
        with podis.connect() as conn:
            assert conn.call("ACL", "SETUSER", "bob", "on", "nopass", "(+get", "~b)") == b"OK"
            assert conn.call("CONFIG", "REWRITE") == b"OK"
            assert conn.call("CONFIG", "GET", "user") == []
        before = users_of(podis)
        with open(podis.file) as file:
            text = file.read()
        assert "plain" not in text and "user bob on nopass" in text, text
        # The file is looked at when it changes: what is in use already is no change.
        time.sleep(1.5)
        assert "refused" not in podis.log(), podis.log()
    finally:
        stopped(podis)
    again = Admin(text)
    try:
        assert users_of(again) == before
        assert "plain" not in again.log()
    finally:
        stopped(again)


def a_password_keeps_default_from_being_open():
    podis = Admin("requirepass sesame\n")
    try:
        with podis.connect() as conn:
            assert conn.raw("GET", "k") == b"-NOAUTH Authentication required.\r\n"
            assert conn.call("AUTH", "sesame") == b"OK"
            assert conn.call("CONFIG", "REWRITE") == b"OK"
        with open(podis.file) as file:
            assert "user default" not in file.read()
        podis.write("requirepass other\n")

        def is_other():
            conn, answer = login(podis, "default", "other")
            conn.close()
            return answer == b"+OK\r\n"
        until(is_other, 5, "the password of the file counts")
    finally:
        stopped(podis)


# --- in a mesh -----------------------------------------------------------------------------------


def restricted(pod, *rules):
    """A connection as a user with these rules, known at this pod alone."""
    pod.call("ACL", "SETUSER", "u", "reset", "on", "nopass", *rules)
    conn = pod.connect()
    assert conn.call("AUTH", "u", "x") == b"OK"
    return conn


def keys_elsewhere_are_denied_here(mesh):
    a, b, _ = mesh.pods
    mine, theirs = mesh.key_of(b, "mine:"), mesh.key_of(b, "theirs:")
    for key in (mine, theirs):
        assert b.call("SET", key, "v") == b"OK"
    with restricted(a, "~mine:*", "+@all") as conn:
        assert conn.call("GET", mine) == b"v"
        assert conn.raw("GET", theirs).startswith(NOPERM)
        assert conn.raw("SET", theirs, "x").startswith(NOPERM)
        assert conn.raw("MGET", mine, theirs).startswith(NOPERM)
    # The user is this pod's own: others do not know him.
    with b.connect() as conn:
        assert conn.raw("AUTH", "u", "x").startswith(b"-WRONGPASS")


def a_near_copy_is_denied_as_its_key_is(mesh):
    a, b, _ = mesh.pods
    key = mesh.key_of(b, "copied:")
    assert b.call("SET", key, "v") == b"OK"

    def is_near():
        hits = int(a.info()["near_hits"])
        with a.connect() as conn:
            assert all(conn.call("GET", key) == b"v" for _ in range(20))
        return int(a.info()["near_hits"]) - hits == 20
    until(is_near, 10, "it is answered from a near copy")
    with restricted(a, "~other:*", "+@all") as conn:
        assert conn.raw("GET", key).startswith(NOPERM)


def a_transaction_elsewhere_is_checked_again(mesh):
    a, b, _ = mesh.pods
    key = mesh.key_of(b, "t:")
    with restricted(a, "~t:*", "+@all") as conn:
        for step in ("MULTI",), ("SET", key, "1"), ("INCR", key):
            assert conn.raw(*step)[:1] == b"+", step
        assert conn.call("EXEC") == [b"OK", 2]
        conn.raw("MULTI")
        conn.raw("SET", key, "7")
        a.call("ACL", "SETUSER", "u", "-set")
        assert conn.raw("EXEC").startswith(NOPERM)
        assert conn.call("GET", key) == b"2"


def a_script_of_such_a_user_stays(mesh):
    a, b, _ = mesh.pods
    here, there = mesh.key_of(a, "s:"), mesh.key_of(b, "s:")
    script = "return redis.call('SET', KEYS[1], 'x')"
    assert a.call("EVAL", script, "1", there) == b"OK"
    with restricted(a, "~s:*", "+@all") as conn:
        assert conn.call("EVAL", script, "1", here) == b"OK"
        assert conn.raw("EVAL", script, "1", there).startswith(NOPERM)
        conn.raw("MULTI")
        conn.raw("EVAL", script, "1", there)
        assert conn.raw("EXEC").startswith(NOPERM)


def strangers_at_the_peer_port_are_the_default_user(mesh):
    b = mesh.pods[1]
    key = mesh.key_of(b, "p:")
    b.call("ACL", "SETUSER", "admin", "on", "nopass", "+@all", "~*", "&*")
    with b.connect() as admin, b.connect(port=6380, host=b.ip) as stranger:
        assert admin.call("AUTH", "admin", "x") == b"OK"
        assert stranger.raw("SET", key, "1") == b"+OK\r\n"
        admin.call("ACL", "SETUSER", "default", "-set")
        try:
            assert stranger.raw("SET", key, "2").startswith(NOPERM)
            # Members are trusted: what they pass on was checked where it came in.
            assert mesh.pods[0].call("SET", key, "3") == b"OK"
        finally:
            admin.call("ACL", "SETUSER", "default", "+set")


ALONE = [
    users_come_from_their_file_and_go_back,
    wrong_users_stop_the_start,
    users_are_written_to_the_configuration,
    a_password_keeps_default_from_being_open,
]
TOGETHER = [
    keys_elsewhere_are_denied_here,
    a_near_copy_is_denied_as_its_key_is,
    a_transaction_elsewhere_is_checked_again,
    a_script_of_such_a_user_stays,
    strangers_at_the_peer_port_are_the_default_user,
]


def main():
    tally = Tally()
    why = pods.enter_sandbox()
    for test in ALONE:
        tally.run(test.__name__.replace("_", " "), test)
    if why:
        for test in TOGETHER:
            tally.skip(test.__name__.replace("_", " "), why)
        return tally.finish()
    mesh = Mesh()
    for test in TOGETHER:
        tally.run(test.__name__.replace("_", " "), test, mesh)
    for pod in mesh.pods:
        if pod.stop(signal.SIGTERM) != 0 or "ERROR: " in pod.log():
            tally.fail("pod %d ends clean" % pod.number, pod.log()[-3000:])
    mesh.dns.stop()
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
