#!/usr/bin/python3
"""podis where something expects to start redis-server: its command line, log and signals."""

import os
import re
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "compat"))

import server  # noqa: E402

PROGRAM = server.podis_program()
# A file as distributions ship it: much of it is of no use to a sidecar.
SHIPPED = """
# comment
bind 127.0.0.1 -::1
protected-mode yes
tcp-backlog 511
timeout 0
tcp-keepalive 300
daemonize no
supervised auto
pidfile "/tmp/nobody-reads-this.pid"
loglevel notice
logfile ""
databases 16
always-show-logo no
set-proc-title yes
proc-title-template "{title} {listen-addr} {server-mode}"
stop-writes-on-bgsave-error yes
rdbcompression yes
rdbchecksum yes
dbfilename dump.rdb
rdb-del-sync-files no
replica-serve-stale-data yes
replica-read-only yes
repl-diskless-sync yes
acllog-max-len 128
lazyfree-lazy-eviction no
lazyfree-lazy-expire no
oom-score-adj no
disable-thp yes
appendonly no
appendfilename "appendonly.aof"
appendfsync everysec
no-appendfsync-on-rewrite no
slowlog-log-slower-than 10000
slowlog-max-len 128
latency-monitor-threshold 0
notify-keyspace-events ""
hash-max-listpack-entries 512
list-max-listpack-size -2
set-max-intset-entries 512
zset-max-listpack-entries 128
hll-sparse-max-bytes 3000
activerehashing yes
client-output-buffer-limit normal 0 0 0
client-output-buffer-limit replica 256mb 64mb 60
client-output-buffer-limit pubsub 32mb 8mb 60
hz 10
dynamic-hz yes
save ""
"""


def run(*args, stdin=b"", seconds=10):
    done = subprocess.run([PROGRAM, *args], input=stdin, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=seconds, env=server.environment(),
                          cwd=server.scratch(), check=False)
    return done.returncode, done.stdout.decode("utf-8", "replace")


def config_file(text):
    path = os.path.join(server.scratch(), "standin-%d.conf" % os.getpid())
    with open(path, "w") as conf:
        conf.write(text)
    return path


def started(port, *argv, stdin=None):
    return server.Server(PROGRAM, port=port, argv=argv, stdin=stdin)


def setting(running, name):
    with running.connect() as conn:
        return conn.call("CONFIG", "GET", name)[1].decode()


def file_alone():
    port = server.free_port()
    with started(port, config_file("port %d\nmaxmemory 100mb\nsave \"\"\n" % port)) as running:
        assert setting(running, "maxmemory") == "104857600"


def file_then_flags():
    port = server.free_port()
    path = config_file("port 1\ntimeout 5\nsave \"\"\n")
    with started(port, path, "--port", str(port), "--timeout", "9") as running:
        assert setting(running, "timeout") == "9"


def shipped_file():
    port = server.free_port()
    with started(port, config_file(SHIPPED + "port %d\n" % port)) as running:
        assert setting(running, "tcp-keepalive") == "300"


def standard_input():
    port = server.free_port()
    with open(config_file("port %d\ntimeout 11\nsave \"\"\n" % port), "rb") as conf:
        with started(port, "-", stdin=conf) as running:
            assert setting(running, "timeout") == "11"


def flags_alone():
    port = server.free_port()
    with started(port, "--port", str(port), "--save", "", "--appendonly", "no", "--daemonize", "no",
                 "--maxmemory-policy", "allkeys-lru") as running:
        assert setting(running, "maxmemory-policy") == "allkeys-lru"


def flag_and_value_in_one():
    port = server.free_port()
    with started(port, "--port %d" % port, "--maxmemory 700mb", "--save", "") as running:
        assert setting(running, "maxmemory") == "734003200"


def include():
    port = server.free_port()
    other = config_file("timeout 13\n")
    with open(other + ".main", "w") as conf:
        conf.write("include %s\nport %d\nsave \"\"\n" % (other, port))
    with started(port, other + ".main") as running:
        assert setting(running, "timeout") == "13"


def version():
    for flag in ("--version", "-v"):
        status, text = run(flag)
        assert status == 0 and re.search(r"\bv=\d+\.\d+\.\d+\b", text.split("\n")[0]), text


def help_text():
    status, text = run("--help")
    assert status in (0, 1) and "redis.conf" in text and "--port" in text, (status, text)


def unknown_directive():
    """Says where and what, and does not start."""
    path = config_file("timeout 1\nno-such-directive 5\n")
    status, text = run(path)
    assert status == 1, status
    assert "no-such-directive" in text and re.search(r"\bline 2\b|:2\b", text), text


def bad_value():
    status, text = run("--port", "abc")
    assert status == 1 and "port" in text, (status, text)


def missing_file():
    status, text = run("/nonexistent/podis.conf")
    assert status == 1 and "/nonexistent/podis.conf" in text, (status, text)


def log_lines():
    """What test suites wait for."""
    port = server.free_port()
    with started(port, "--port", str(port), "--save", "", "--always-show-logo", "yes") as running:
        log = running.log()
        assert re.search(r" PID: %d\b" % running.pid, log), log
        assert log.count("Ready to accept connections") == 1, log


def busy_port():
    """A taken port ends the start, with words that say so."""
    port = server.free_port()
    with started(port, "--port", str(port), "--save", ""):
        status, text = run("--port", str(port), "--save", "")
        assert status == 1, status
        assert "Failed listening on port %d" % port in text, text


def terminate():
    """SIGTERM and SIGINT end it with 0, connections or not."""
    for number in (signal.SIGTERM, signal.SIGINT):
        port = server.free_port()
        running = started(port, "--port", str(port), "--save", "")
        with running.connect() as conn:
            conn.call("PING")
            began = time.monotonic()
            running.process.send_signal(number)
            assert running.process.wait(10) == 0
            assert time.monotonic() - began < 8


def log_file():
    port = server.free_port()
    path = os.path.join(server.scratch(), "standin-%d.log" % os.getpid())
    if os.path.exists(path):
        os.unlink(path)
    with started(port, "--port", str(port), "--save", "", "--logfile", path) as running:
        assert running.alive()
        with open(path) as log:
            assert "Ready to accept connections" in log.read()


def shutdown_command():
    port = server.free_port()
    running = started(port, "--port", str(port), "--save", "")
    with running.connect() as conn:
        if b"shutdown" not in conn.call("COMMAND", "LIST"):
            running.stop()
            return "SHUTDOWN is not built yet"
        conn.send(b"SHUTDOWN NOSAVE\r\n")
        assert conn.socket.recv(10) == b""
    assert running.process.wait(10) == 0
    return None


def info_says_who():
    """Clients gate features on redis_version."""
    port = server.free_port()
    with started(port, "--port", str(port), "--save", "") as running, running.connect() as conn:
        text = conn.call("INFO", "server").decode()
        major = int(re.search(r"redis_version:(\d+)\.\d+\.\d+\r\n", text).group(1))
        assert major >= 7, text
        assert "process_id:%d\r\n" % running.pid in text
        assert "tcp_port:%d\r\n" % port in text


TESTS = (file_alone, file_then_flags, shipped_file, standard_input, flags_alone,
         flag_and_value_in_one, include, version, help_text, unknown_directive, bad_value,
         missing_file, log_lines, busy_port, terminate, log_file, shutdown_command, info_says_who)


def main():
    tally = server.Tally()
    for test in TESTS:
        tally.run("stand-in " + test.__name__.replace("_", " "), test)
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
