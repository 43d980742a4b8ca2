#!/usr/bin/env python3
"""Nothing that a client says ends podis: every command with random words, broken RESP, and
strangers on the peer port, to an alone podis and to two that form a mesh.

    noise.py [SEED]     NOISE_SECONDS (2) is how long each test goes on

The seed is fixed, so that the same words are said in each run. Whatever the answers are, podis
has to be alive and to answer PING at the end, and to leave in order.
"""

import os
import random
import re
import select
import socket
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "compat"))

import resp  # noqa: E402
from server import Server, Tally, environment, free_port  # noqa: E402

PROGRAM = os.environ.get("ASAN_PODIS") or os.environ["PODIS"]
if not os.path.exists(PROGRAM):
    PROGRAM = os.environ["PODIS"]
SECONDS = float(os.environ.get("NOISE_SECONDS", "2"))
FLAGS = ["--enable-debug-command", "yes", "--client-query-buffer-limit", "1mb",
         "--proto-max-bulk-len", "1mb", "--maxmemory", "50mb", "--loglevel", "warning"]

# What must not be said: these stop the server on purpose, or keep this program out.
SILENT = [(b"SHUTDOWN",), (b"DEBUG", b"SLEEP"), (b"CONFIG", b"SET", b"MAXCLIENTS"),
          (b"CONFIG", b"SET", b"REQUIREPASS")]
NUMBERS = [b"0", b"1", b"-1", b"2", b"3", b"9", b"10", b"16", b"100", b"1000", b"65536", b"1e3",
           b"1.5", b"-0", b"inf", b"-inf", b"nan", b"1e308", b"1e-400", b"0x10", b" 1", b"01",
           b"2147483647", b"-2147483648", b"4294967295", b"4294967296", b"536870912",
           b"9223372036854775807", b"-9223372036854775808", b"9223372036854775808",
           b"18446744073709551615", b"9" * 40]
OPTIONS = [b"EX", b"PX", b"EXAT", b"PXAT", b"NX", b"XX", b"GT", b"LT", b"GET", b"KEEPTTL",
           b"PERSIST", b"MATCH", b"COUNT", b"TYPE", b"LEN", b"IDX", b"MINMATCHLEN",
           b"WITHMATCHLEN", b"REPLACE", b"DB", b"SAMPLES", b"ASYNC", b"SYNC", b"ON", b"OFF",
           b"YES", b"NO", b"SKIP", b"REDIRECT", b"BCAST", b"PREFIX", b"OPTIN", b"OPTOUT",
           b"NOLOOP", b"ID", b"ADDR", b"LADDR", b"SKIPME", b"USER", b"default", b"TYPE",
           b"normal", b"SETNAME", b"AUTH", b"LIB-NAME", b"LIB-VER", b"FILTERBY", b"PATTERN",
           b"MODULE", b"ACLCAT", b"VERSION", b"all", b"everything", b"HELP", b"string", b"attrib",
           b"push", b"map", b"verbatim", b"double", b"set", b"GET", b"SET"]
TEXTS = [b"", b"*", b"?", b"[", b"[^", b"\\", b"a*b*c*d*e*", b"{", b"{}", b"{a}b", b"\0", b"\r\n",
         b"$-1\r\n", b"%n%s", b"\xff\xfe", b"x" * 200, b"y" * 5000, b"z" * 70000, b"*" * 300]
HOSTILE = [b"*-1\r\n", b"*0\r\n", b"*2147483647\r\n", b"*2147483648\r\n", b"*1\r\n$-1\r\n",
           b"*1\r\n$9223372036854775807\r\n", b"*1\r\n$4294967296\r\n", b"*3\r\n$3\r\nSET\r\n",
           b"*1\r\n:1\r\n", b"*1\n$4\nPING\n", b"\r\n\r\n", b"\n", b'"', b"SET a 'b\n",
           b'SET "\\x0" b\r\n', b"*1\r\n$0\r\n\r\n", b"\0\0\0", b"*", b"$", b"*1000000\r\n",
           b"*1\r\n$1048577\r\n", b"*9\r\n$1\r\n", b"*99999999999999999999\r\n", b"*:\r\n",
           b"*1\r\n$4\r\nPINGxx", b">2\r\n", b"%1\r\n", b"_\r\n", b"a" * 66000]


def commands():
    """The names of all rows, subcommands with their parents."""
    text = subprocess.run([PROGRAM, "--commands"], check=True, capture_output=True,
                          env=environment()).stdout
    names = [line[4:].split() for line in text.splitlines() if line.startswith(b"### ")]
    assert len(names) > 80, len(names)
    return names


def directives():
    text = subprocess.run([PROGRAM, "--defaults"], check=True, capture_output=True,
                          env=environment()).stdout
    return sorted(set(re.findall(rb"^#? ?([a-z][a-z-]+)(?= |$)", text, re.MULTILINE)))


class Noise:
    """Random requests, the same for the same seed."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.names = commands()
        self.directives = directives()

    def word(self):
        kind = self.random.random()
        if kind < 0.35:
            return b"k%d" % self.random.randrange(8)
        if kind < 0.6:
            return self.random.choice(NUMBERS)
        if kind < 0.8:
            return self.random.choice(OPTIONS)
        if kind < 0.86:
            return self.random.choice(self.directives)
        if kind < 0.9:
            return self.random.choice(self.random.choice(self.names))
        if kind < 0.98:
            return self.random.choice(TEXTS)
        return self.random.randbytes(self.random.randrange(64))

    def argv(self):
        while True:
            words = list(self.random.choice(self.names))
            words += [self.word() for _ in range(self.random.choice([0, 1, 1, 2, 2, 3, 3, 4, 5, 8]))]
            spoken = tuple(word.upper() for word in words)
            if not any(spoken[:len(silent)] == silent for silent in SILENT):
                return words

    def pipeline(self):
        parts = [resp.encode(self.argv()) for _ in range(self.random.randrange(1, 40))]
        if self.random.random() < 0.3:
            parts.insert(0, resp.encode([b"HELLO", b"3"]))
        if self.random.random() < 0.2:
            parts.insert(self.random.randrange(len(parts)), self.random.choice(HOSTILE))
        whole = b"".join(parts)
        if self.random.random() < 0.1:
            whole = whole[:self.random.randrange(len(whole))]
        if self.random.random() < 0.1:
            at = self.random.randrange(len(whole) or 1)
            whole = whole[:at] + self.random.randbytes(1) + whole[at + 1:]
        return whole

    def hello(self):
        """An introduction with something wrong in it, or nearly right."""
        words = [b"PODIS.MESH", b"HELLO", b"1", b"default", b"", b"n" * 40, b"r" * 40,
                 b"127.0.0.1:1", b""]
        for _ in range(self.random.randrange(3)):
            words[self.random.randrange(len(words))] = self.word()
        if self.random.random() < 0.2:
            del words[self.random.randrange(2, len(words))]
        if self.random.random() < 0.2:
            words.append(self.word())
        return resp.encode(words)


def say(address, payload, chance):
    """Sends the payload in pieces while reading what comes, for no longer than is useful."""
    piece = chance.choice([len(payload), 4096, 7 if len(payload) < 2000 else 700])
    try:
        with socket.create_connection(address, 2) as client:
            client.setblocking(False)
            while payload:
                readable, writable, _ = select.select([client], [client], [], 1)
                if not readable and not writable:
                    return
                if readable and not client.recv(1 << 18):
                    return
                if writable:
                    payload = payload[client.send(payload[:piece]):]
            if chance.random() < 0.8:
                client.shutdown(socket.SHUT_WR)
                while select.select([client], [], [], 0.3)[0] and client.recv(1 << 18):
                    pass
    except OSError:
        pass  # podis may close a connection; that it lives on is looked at elsewhere.


def talk(servers, addresses, noise, make):
    """Says what `make` gives to one address after the other until the time is over."""
    ends = time.monotonic() + SECONDS
    rounds = 0
    while time.monotonic() < ends:
        said = make()
        say(addresses[rounds % len(addresses)], said, noise.random)
        rounds += 1
        dead = [server for server in servers if not server.alive()]
        if dead:
            with open(os.path.join(dead[0].dir, "said"), "wb") as file:
                file.write(said)
            raise AssertionError("ended after round %d, by what is in %s/said:\n%s"
                                 % (rounds, dead[0].dir, dead[0].log()[-3000:]))
    assert rounds >= 10 * SECONDS, "only %d rounds: something makes it wait" % rounds
    for server in servers:
        with server.connect() as conn:
            assert conn.call("PING") == b"PONG"


def clients_of_one_podis(noise):
    with Server(PROGRAM, *FLAGS) as server:
        talk([server], [server.address], noise, noise.pipeline)


def mesh():
    """Two podis that know each other, and the addresses of their peer ports."""
    ports = [free_port(), free_port()]
    peers = "static:" + ",".join("127.0.0.1:%d" % port for port in ports)
    servers = [Server(PROGRAM, "--peers", peers, "--peer-bind", "127.0.0.1", "--peer-port",
                      str(port), "--forward-timeout", "500", "--mesh-settle", "0", *FLAGS)
               for port in ports]
    return servers, [("127.0.0.1", port) for port in ports]


def clients_of_a_mesh(noise):
    servers, _ = mesh()
    with servers[0], servers[1]:
        talk(servers, [server.address for server in servers], noise, noise.pipeline)


def strangers_on_the_peer_port(noise):
    servers, addresses = mesh()

    def stranger():
        hello = noise.hello() if noise.random.random() < 0.8 else b""
        return hello + noise.pipeline()

    with servers[0], servers[1]:
        talk(servers, addresses, noise, stranger)


def main():
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    tally = Tally()
    for test in (clients_of_one_podis, clients_of_a_mesh, strangers_on_the_peer_port):
        tally.run(test.__name__.replace("_", " "), test, Noise(seed))
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
