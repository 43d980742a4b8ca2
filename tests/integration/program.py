#!/usr/bin/env python3
"""The program by itself: flags, files, signals, probes, reload, drain, sockets."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "compat"))

import resp  # noqa: E402
from server import Server, Tally, environment, free_port, scratch  # noqa: E402

PROGRAM = os.environ.get("ASAN_PODIS") or os.environ["PODIS"]
if not os.path.exists(PROGRAM):
    PROGRAM = os.environ["PODIS"]


def run(*argv, stdin=b"", seconds=20):
    """Runs the program to its end: exit status and what it printed."""
    done = subprocess.run([PROGRAM, *argv], input=stdin, capture_output=True, timeout=seconds,
                          env=environment())
    return done.returncode, (done.stdout + done.stderr).decode(errors="replace")


def until(condition, seconds, what):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError("%s: not within %.1f s" % (what, seconds))
        time.sleep(0.02)


class Admin(Server):
    """A podis with its admin port open, and a configuration file that may be changed."""

    def __init__(self, text="", *flags):
        self.admin = free_port()
        self.home = tempfile.mkdtemp(dir=scratch())
        self.file = os.path.join(self.home, "podis.conf")
        self.write(text)
        port = free_port()
        super().__init__(PROGRAM, port=port, argv=[
            self.file, "--port", str(port), "--bind", "127.0.0.1", "--admin-port", str(self.admin),
            "--admin-bind", "127.0.0.1", *flags])

    def write(self, text):
        with open(self.file + ".new", "w") as file:
            file.write(text)
        os.rename(self.file + ".new", self.file)

    def get(self, path, accept="*/*"):
        request = urllib.request.Request("http://127.0.0.1:%d%s" % (self.admin, path),
                                         headers={"Accept": accept})
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()


def version_and_help_are_printed():
    status, text = run("--version")
    assert status == 0 and "v=" in text, text
    status, text = run("--help")
    assert status == 0 and "--peers" in text or "peers" in text, text
    status, text = run("--commands")
    assert status == 0 and "SET" in text and "GETEX" in text, text[:200]


def a_wrong_directive_stops_the_start():
    with tempfile.TemporaryDirectory() as home:
        path = os.path.join(home, "bad.conf")
        with open(path, "w") as file:
            file.write("port 0\n\nmaxmemroy 100mb\n")
        status, text = run(path)
        assert status == 1, status
        assert "bad.conf" in text and "3" in text and "maxmemroy" in text, text
        status, text = run("--check", path)
        assert status == 1 and "maxmemroy" in text, text
        status, text = run("--hz", "many")
        assert status == 1 and "many" in text, text
        status, text = run(os.path.join(home, "missing.conf"))
        assert status == 1 and "missing.conf" in text, text


def check_prints_what_would_be_used():
    status, text = run("--check", "--port", "7001", "--maxmemory", "100mb")
    assert status == 0 and "7001" in text and "maxmemory" in text, text


def a_bad_rule_is_refused_at_load():
    status, text = run("--rule", "^(user class=strong")
    assert status == 1 and "^(user" in text, text
    status, text = run("--rule", "^user class=sometimes")
    assert status == 1 and "sometimes" in text, text


def a_taken_port_is_said_and_ends_the_start():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        status, text = run("--port", str(taken.getsockname()[1]), "--bind", "127.0.0.1")
        assert status == 1 and "Failed listening on port" in text, text


def the_configuration_may_come_from_standard_input():
    port = free_port()
    with tempfile.TemporaryFile() as text:
        text.write(b"port %d\nbind 127.0.0.1\n" % port)
        text.seek(0)
        with Server(PROGRAM, port=port, argv=["-"], stdin=text) as podis:
            with podis.connect() as conn:
                assert conn.call("PING") == b"PONG"


def the_environment_lies_between_file_and_flags():
    with tempfile.TemporaryDirectory() as home:
        path = os.path.join(home, "podis.conf")
        with open(path, "w") as file:
            file.write("maxclients 11\ntimeout 11\nhz 11\n")
        env = {**environment(), "PODIS_TIMEOUT": "22", "PODIS_HZ": "22"}
        text = subprocess.run([PROGRAM, "--check", path, "--hz", "33"], env=env, check=True,
                              capture_output=True).stdout.decode()
        for wanted in ("maxclients 11", "timeout 22", "hz 33"):
            assert wanted in text.split("\n"), (wanted, text)


def probes_and_metrics_answer():
    with Admin() as podis:
        for path in ("/livez", "/readyz", "/startupz"):
            until(lambda: podis.get(path)[0] == 200, 5, path)
        with podis.connect() as conn:
            conn.call("SET", "k", "v")
            conn.call("GET", "k")
            conn.call("GET", "none")
        status, text = podis.get("/metrics")
        assert status == 200
        for name in ("redis_up 1", "redis_keyspace_hits_total 1", "redis_keyspace_misses_total 1",
                     "redis_connected_clients", "podis_peer_links_ready",
                     "# TYPE redis_commands_processed_total counter"):
            assert name in text, name
        status, text = podis.get("/metrics", "application/openmetrics-text; version=1.0.0")
        assert status == 200 and text.rstrip().endswith("# EOF"), text[-100:]
        assert podis.get("/")[0] == 200
        assert podis.get("/nothing")[0] == 404
        status, text = run("health", "--admin", "127.0.0.1:%d" % podis.admin)
        assert status == 0, text
        status, text = run("status", "--port", str(podis.port))
        assert status == 0 and text.strip(), text
    status, text = run("health", "--admin", "127.0.0.1:%d" % podis.admin)
    assert status == 1 and text.strip(), text


def a_reload_is_all_or_nothing():
    with Admin("maxclients 100\n") as podis:
        with podis.connect() as conn:
            podis.write("maxclients 200\ntimeout 77\n")
            podis.process.send_signal(signal.SIGHUP)
            until(lambda: conn.call("CONFIG", "GET", "maxclients")[1] == b"200", 5, "the reload")
            assert conn.call("CONFIG", "GET", "timeout")[1] == b"77"
            assert "maxclients" in podis.log()
            podis.write("maxclients 300\nnonsense 1\n")
            podis.process.send_signal(signal.SIGHUP)
            until(lambda: "nonsense" in podis.log(), 5, "the refusal is logged")
            assert conn.call("CONFIG", "GET", "maxclients")[1] == b"200"


def config_rewrite_keeps_comments():
    with Admin("# mine\nmaxclients 100\n") as podis:
        with podis.connect() as conn:
            assert conn.call("CONFIG", "SET", "maxclients", "150") == b"OK"
            assert conn.call("CONFIG", "REWRITE") == b"OK"
        with open(podis.file) as file:
            text = file.read()
        assert "# mine" in text and "maxclients 150" in text, text


def a_unix_socket_serves_too():
    path = os.path.join(tempfile.mkdtemp(), "podis.sock")
    with Server(PROGRAM, "--unixsocket", path, "--unixsocketperm", "770") as podis:
        assert os.stat(path).st_mode & 0o777 == 0o770
        with resp.Connection(path) as conn:
            assert conn.call("SET", "k", "v") == b"OK"
        with podis.connect() as conn:
            assert conn.call("GET", "k") == b"v"
    shutil.rmtree(os.path.dirname(path))


def sigterm_drains_and_exits_zero():
    with Admin() as podis:
        with podis.connect() as conn:
            conn.call("SET", "k", "v")
            podis.process.send_signal(signal.SIGTERM)
            assert podis.process.wait(10) == 0
        assert "ERROR: " not in podis.log(), podis.log()


def shutdown_answers_what_came_before_and_exits_zero():
    podis = Server(PROGRAM)
    try:
        with podis.connect() as conn, podis.connect() as other:
            conn.socket.sendall(b"SET k v\r\nGET k\r\nSHUTDOWN NOSAVE\r\nGET k\r\n")
            sent = b""
            while True:
                more = conn.socket.recv(4096)
                if not more:
                    break
                sent += more
            assert sent == b"+OK\r\n$1\r\nv\r\n", sent
            assert other.socket.recv(1) == b""
        assert podis.process.wait(5) == 0
        assert "User requested shutdown" in podis.log()
    finally:
        podis.stop()


def a_rule_keeps_keys_here():
    with Server(PROGRAM, "--peers", "static:127.0.0.9:6", "--peer-port", str(free_port()),
                "--peer-bind", "127.0.0.1", "--forward-timeout", "300",
                "--rule", "^here: class=local") as podis:
        with podis.connect() as conn:
            assert conn.call("SET", "here:1", "v") == b"OK"
            assert conn.call("GET", "here:1") == b"v"
            answer = resp.decode(conn.raw("SET", "there", "v"))
            assert str(answer).startswith("UNREACHABLE"), answer


def debug_is_refused_unless_allowed():
    with Server(PROGRAM, argv=["--port", str(port := free_port()), "--bind", "127.0.0.1"],
                port=port) as podis:
        with podis.connect() as conn:
            answer = resp.decode(conn.raw("DEBUG", "SLEEP", "0"))
            assert "DEBUG command not allowed" in str(answer), answer


def tracking_tells_of_changes():
    with Server(PROGRAM) as podis:
        with podis.connect(protocol=3) as conn, podis.connect() as writer:
            assert conn.call("CLIENT", "TRACKING", "ON") == b"OK"
            writer.call("SET", "k", "1")
            assert conn.call("GET", "k") == b"1"
            writer.call("SET", "k", "2")
            assert resp.decode(conn.read()) == [b"invalidate", [b"k"]]
            writer.call("SET", "k", "3")
            assert conn.call("GET", "k") == b"3"
            writer.call("FLUSHALL")
            assert resp.decode(conn.read()) == [b"invalidate", None]
        with podis.connect(protocol=3) as conn, podis.connect() as writer:
            conn.call("CLIENT", "TRACKING", "ON", "OPTIN")
            conn.call("GET", "k")
            writer.call("SET", "k", "4")
            conn.call("CLIENT", "CACHING", "YES")
            conn.call("GET", "k")
            writer.call("DEL", "k")
            assert resp.decode(conn.read()) == [b"invalidate", [b"k"]]
        with podis.connect(protocol=3) as conn, podis.connect() as writer:
            conn.call("CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", "a:", "NOLOOP")
            conn.call("SET", "a:1", "own")
            writer.call("SET", "b:1", "x")
            writer.call("SET", "a:2", "x")
            assert resp.decode(conn.read()) == [b"invalidate", [b"a:2"]]


TESTS = [
    version_and_help_are_printed,
    a_wrong_directive_stops_the_start,
    check_prints_what_would_be_used,
    a_bad_rule_is_refused_at_load,
    a_taken_port_is_said_and_ends_the_start,
    the_configuration_may_come_from_standard_input,
    the_environment_lies_between_file_and_flags,
    probes_and_metrics_answer,
    a_reload_is_all_or_nothing,
    config_rewrite_keeps_comments,
    a_unix_socket_serves_too,
    sigterm_drains_and_exits_zero,
    shutdown_answers_what_came_before_and_exits_zero,
    a_rule_keeps_keys_here,
    debug_is_refused_unless_allowed,
    tracking_tells_of_changes,
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
