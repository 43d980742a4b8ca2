#!/usr/bin/python3
"""Bad input, slow clients and many of them: the server stays up, and stays small.

The words of each error are compared by dialogues.py. Here a test says what must hold of any
server that claims to be Redis, and most say how much memory it may take to hold it. The bounds
are generous: they catch what grows with what a client sends, not a percent more or less.

With a sanitized program (--sanitized) memory is not looked at: most of it is the sanitizer's.
"""

import argparse
import random
import re
import resource
import socket
import sys
import time

import resp
import server

MB = 1 << 20
MANY = 10000
PING = resp.encode([b"PING"])


class Grown(Exception):
    """The server took more memory than the test allows."""


class BadInput:
    """The tests. Each gets a server of its own unless it says otherwise."""

    def __init__(self, program, sanitized):
        self.program, self.sanitized = program, sanitized

    def start(self, *flags):
        return server.Server(self.program, *flags)

    def bounded(self, running, before, most, what):
        """The server's memory has grown by at most so much since before."""
        grown = running.rss() - before
        print("      %s: %.1f MB more" % (what, grown / MB), flush=True)
        if grown > most and not self.sanitized:
            raise Grown("%.1f MB more, %.1f MB allowed" % (grown / MB, most / MB))

    def answers(self, running):
        assert running.alive(), "the server ended: " + running.log()[-3000:]
        with running.connect() as conn:
            assert conn.call("PING") == b"PONG"

    # --- what is announced but not sent ---------------------------------------------------------

    def announced_and_not_sent(self, payload, most):
        """Clients that promise much and send nothing cost little."""
        with self.start() as running:
            before = running.rss()
            clients = []
            for _ in range(100):
                conn = socket.create_connection(running.address)
                conn.sendall(payload)
                clients.append(conn)
            self.answers(running)
            self.bounded(running, before, most, "100 clients")
            for conn in clients:
                conn.close()
            self.answers(running)

    def bulk_announced(self):
        self.announced_and_not_sent(b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$536870912\r\n", 64 * MB)

    def multibulk_announced(self):
        self.announced_and_not_sent(b"*1048576\r\n", 64 * MB)

    def multibulk_of_bulks_announced(self):
        self.announced_and_not_sent(b"*1000000\r\n$4\r\nMSET\r\n$10000000\r\n", 64 * MB)

    # --- how bytes are cut up -------------------------------------------------------------------

    def byte_by_byte(self):
        requests = resp.encode([b"SET", b"k", b"a\r\nb"]) + b"ECHO 'x y'\r\n" + resp.encode([b"GET",
                                                                                             b"k"])
        with self.start() as running, running.connect() as conn:
            for byte in requests:
                conn.send(bytes([byte]))
            assert [conn.read() for _ in range(3)] == [b"+OK\r\n", b"$3\r\nx y\r\n",
                                                       b"$4\r\na\r\nb\r\n"]

    def cut_anywhere(self):
        source = random.Random(7)
        with self.start() as running, running.connect() as conn:
            for _ in range(300):
                values = [source.randbytes(source.choice([0, 1, 10, 100, 17000])) for _ in range(6)]
                stream = b"".join(resp.encode([b"ECHO", value]) for value in values)
                while stream:
                    size = source.choice([1, 2, 3, 7, 50, 4096, 16384, 20000])
                    conn.send(stream[:size])
                    stream = stream[size:]
                for value in values:
                    assert conn.read() == b"$%d\r\n%s\r\n" % (len(value), value)

    def garbage(self):
        """Random bytes, and requests with a few bytes changed: the server and its data survive."""
        source = random.Random(11)
        with self.start() as running:
            with running.connect() as conn:
                conn.call("SET", "precious", "1")
            good = b"".join(resp.encode([b"ECHO", b"x" * n]) for n in (0, 1, 30)) + PING
            for number in range(600):
                if number % 3 == 0:
                    data = source.randbytes(source.randint(1, 3000))
                elif number % 3 == 1:
                    data = bytes(source.choices(b"*$:+-#0123456789\r\n\x00\xff \"'PINGset",
                                                k=source.randint(1, 300)))
                else:
                    data = bytearray(good)
                    for _ in range(source.randint(1, 4)):
                        data[source.randrange(len(data))] = source.randrange(256)
                with socket.create_connection(running.address) as conn:
                    conn.sendall(data)
            self.answers(running)
            with running.connect() as conn:
                assert conn.call("GET", "precious") == b"1"

    def half_requests(self):
        """Clients that leave in the middle of a request leave nothing behind."""
        request = resp.encode([b"SET", b"k", b"x" * 100000])
        with self.start() as running:
            before = running.rss()
            for number in range(1000):
                with socket.create_connection(running.address) as conn:
                    conn.sendall(request[:1 + number * 97 % (len(request) - 1)])
            with running.connect() as conn:
                deadline = time.monotonic() + 5
                while clients(conn) > 1 and time.monotonic() < deadline:
                    time.sleep(0.05)
                assert clients(conn) == 1, "%d clients are left" % clients(conn)
                assert conn.call("DBSIZE") == 0
            self.bounded(running, before, 64 * MB, "1000 half requests")

    # --- output -----------------------------------------------------------------------------------

    def never_reads_hard_limit(self):
        """Past client-output-buffer-limit the connection is closed, with a log line."""
        with self.start("--client-output-buffer-limit", "normal 20mb 0 0") as running:
            before = running.rss()
            self.flood(running)
            deadline = time.monotonic() + 10
            with running.connect() as conn:
                while clients(conn) > 1 and time.monotonic() < deadline:
                    time.sleep(0.05)
                assert clients(conn) == 1, "the client that does not read is still there"
            assert re.search(r"output.buffer", running.log()), "no log line about it"
            self.bounded(running, before, 120 * MB, "a client that never reads")

    def never_reads_soft_limit(self):
        """Past the soft limit for its time, too."""
        with self.start("--client-output-buffer-limit", "normal 0 1mb 1") as running:
            conn = self.flood(running, count=40)
            with running.connect() as other:
                deadline = time.monotonic() + 15
                while clients(other) > 1 and time.monotonic() < deadline:
                    time.sleep(0.1)
                    conn.setblocking(False)
                    try:
                        conn.send(PING)  # redis-server looks at the limit when it adds a reply.
                    except OSError:
                        pass
                assert clients(other) == 1, "the client that does not read is still there"

    def never_reads_no_limit(self):
        """Without a limit podis stops reading from a client whose answers pile up; redis-server
        goes on until memory ends, so it is not asked."""
        with self.start() as running:
            if not is_podis(running):
                return "redis-server has no bound here"
            before = running.rss()
            self.flood(running, count=3000)
            self.answers(running)
            self.bounded(running, before, 256 * MB, "3 GB of answers asked for and not read")

    @staticmethod
    def flood(running, count=400):
        """Asks for count values of 1 MB and reads none of them."""
        with running.connect() as conn:
            conn.call("SET", "big", b"x" * MB)
        client = socket.create_connection(running.address)
        client.settimeout(2)
        try:
            client.sendall(resp.encode([b"GET", b"big"]) * count)
        except OSError:
            pass
        time.sleep(0.5)
        return client

    def slow_reader(self):
        """A big answer read in small pieces arrives whole, and others are served meanwhile."""
        value = random.Random(3).randbytes(4 * MB)
        with self.start() as running, running.connect() as conn:
            conn.call("SET", "big", value)
            conn.send(resp.encode([b"GET", b"big"]))
            got = b""
            while len(got) < 256 * 1024:
                got += conn.socket.recv(1021)
            self.answers(running)
            while len(got) < len(value) + len("$4194304\r\n\r\n"):
                got += conn.socket.recv(65536)
            assert got == b"$%d\r\n%s\r\n" % (len(value), value)

    def long_pipeline(self):
        """As deep as one likes: a million requests without waiting, every answer in its place."""
        count = 1000000
        with self.start() as running:
            before = running.rss()
            with running.connect(timeout=60) as conn:
                payload = PING * (count // 2 - 1) + resp.encode([b"ECHO",
                                                                 b"middle"]) + PING * (count // 2)
                replies = conn.exchange(payload, count)
            assert replies[count // 2 - 1] == b"$6\r\nmiddle\r\n"
            assert all(r == b"+PONG\r\n" for i, r in enumerate(replies) if i != count // 2 - 1)
            self.bounded(running, before, 128 * MB, "a million requests")

    # --- limits -----------------------------------------------------------------------------------

    def query_buffer_limit(self):
        with self.start("--client-query-buffer-limit", "1mb") as running:
            with socket.create_connection(running.address) as conn:
                conn.settimeout(5)
                closed = False
                try:
                    conn.sendall(b"*2\r\n$4\r\nECHO\r\n$6000000\r\n" + b"x" * 5000000)
                    closed = conn.recv(100) == b""
                except ConnectionError:
                    closed = True
                assert closed, "5 MB of a request that has not ended were taken"
            self.answers(running)
            assert re.search(r"query.buffer", running.log()), "no log line about it"

    def bulk_limit(self):
        with self.start("--proto-max-bulk-len", "1mb") as running, running.connect() as conn:
            assert conn.call("SET", "k", b"x" * MB) == b"OK"
            conn.send(b"*2\r\n$4\r\nECHO\r\n$%d\r\n" % (MB + 1))
            assert conn.read() == b"-ERR Protocol error: invalid bulk length\r\n"

    def many_arguments(self):
        with self.start() as running, running.connect(timeout=30) as conn:
            names = [b"key%d" % i for i in range(200000)]
            assert conn.call("MSET", *[part for name in names for part in (name, b"v")]) == b"OK"
            assert conn.call("EXISTS", *names) == len(names)
            assert conn.call("DEL", *names) == len(names)
            conn.send(b"EXISTS" + b" a" * 30000 + b"\r\n")
            assert conn.read() == b":0\r\n"

    def max_clients(self):
        with self.start("--maxclients", "10") as running:
            open_ones = []
            deadline = time.monotonic() + 5
            while len(open_ones) < 10 and time.monotonic() < deadline:
                conn = running.connect()
                try:
                    if conn.raw("PING") == b"+PONG\r\n":
                        open_ones.append(conn)
                except (resp.Closed, OSError):
                    time.sleep(0.05)  # The connection that start() asked with is not gone yet.
            assert len(open_ones) == 10, "only %d of 10 let in" % len(open_ones)
            with running.connect() as conn:
                assert conn.read() == b"-ERR max number of clients reached\r\n"
                assert conn.socket.recv(10) == b"", "refused, and not closed"
            open_ones.pop().close()
            time.sleep(0.2)
            self.answers(running)
            for conn in open_ones:
                assert conn.call("PING") == b"PONG"
                conn.close()

    def idle_timeout(self):
        with self.start("--timeout", "1") as running:
            idle, busy = running.connect(), running.connect()
            idle.call("PING")
            idle.socket.settimeout(0.01)
            closed_after = None
            started = time.monotonic()
            while closed_after is None and time.monotonic() - started < 6:
                assert busy.call("PING") == b"PONG"
                try:
                    if idle.socket.recv(1) == b"":
                        closed_after = time.monotonic() - started
                except TimeoutError:
                    time.sleep(0.05)
            assert closed_after is not None, "the idle connection is still open after 6 s"
            assert closed_after > 0.9, "closed after %.1f s" % closed_after
            assert busy.call("PING") == b"PONG"

    def many_connections(self):
        need = MANY + 200
        if not raise_open_files(need):
            return "this machine allows %d open files, and it takes %d" % (
                resource.getrlimit(resource.RLIMIT_NOFILE)[0], need)
        with self.start("--maxclients", str(MANY + 50)) as running:
            before = running.rss()
            conns = [socket.create_connection(running.address) for _ in range(MANY)]
            for conn in conns:
                conn.sendall(PING)
            for conn in conns:
                conn.settimeout(20)
                assert conn.recv(7) == b"+PONG\r\n"
            with running.connect() as conn:
                assert clients(conn) == MANY + 1
            self.bounded(running, before, 300 * MB, "%d connections that have asked once" % MANY)
            time.sleep(3)
            started = time.monotonic()
            self.answers(running)
            assert time.monotonic() - started < 1, "slow with many idle connections"
            self.bounded(running, before, 300 * MB, "the same, idle for 3 s")
            for conn in conns:
                conn.close()
            self.answers(running)


def clients(conn):
    """Connections the server counts, this one included."""
    return int(re.search(rb"connected_clients:(\d+)", conn.call("INFO", "clients")).group(1))


def is_podis(running):
    with running.connect() as conn:
        return b"podis_version" in conn.call("INFO", "server")


def raise_open_files(need):
    """Lets this process, and the servers it starts from now on, open so many files."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft >= need:
        return True
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (need, max(hard, need)))
    except (ValueError, OSError):
        return False
    return True


TESTS = ("bulk_announced", "multibulk_announced", "multibulk_of_bulks_announced", "byte_by_byte",
         "cut_anywhere",
         "garbage", "half_requests", "never_reads_hard_limit", "never_reads_soft_limit",
         "never_reads_no_limit",
         "slow_reader", "long_pipeline", "query_buffer_limit", "bulk_limit", "many_arguments",
         "max_clients",
         "idle_timeout", "many_connections")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("tests", nargs="*", help="only these")
    parser.add_argument("--program", default=server.podis_program())
    parser.add_argument("--sanitized", action="store_true")
    options = parser.parse_args()
    tally = server.Tally()
    tests = BadInput(options.program, options.sanitized)
    for name in options.tests or TESTS:
        tally.run(name.replace("_", " "), getattr(tests, name))
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
