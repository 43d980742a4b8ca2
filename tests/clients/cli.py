#!/usr/bin/python3
"""podis with redis-cli and redis-benchmark, as people type them."""

import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "compat"))

import resp  # noqa: E402
import server  # noqa: E402

SECONDS = 60


class Tools:
    """redis-cli and redis-benchmark against one server."""

    def __init__(self, running):
        self.running = running

    def run(self, tool, *args, stdin=b""):
        done = subprocess.run([server.redis_program(tool), "-p", str(self.running.port), *args],
                              input=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=SECONDS, check=False)
        return done.stdout

    def cli(self, *args, stdin=b""):
        return self.run("redis-cli", *args, stdin=stdin).decode().rstrip("\n")

    def one_command(self):
        assert self.cli("SET", "name", "a value") == "OK"
        assert self.cli("GET", "name") == "a value"
        assert self.cli("GET", "nosuch") == ""
        assert self.cli("--no-raw", "GET", "nosuch") == "(nil)"
        assert self.cli("--no-raw", "STRLEN", "name") == "(integer) 7"
        assert self.cli("--no-raw", "nosuch").startswith("(error) ERR unknown command 'nosuch'")

    def resp3(self):
        assert self.cli("-3", "--no-raw", "GET", "nosuch") == "(nil)"
        assert self.cli("-3", "--no-raw", "CONFIG", "GET", "maxmemory-policy") == \
            '1# "maxmemory-policy" => "noeviction"'
        assert "redis_version:" in self.cli("-3", "INFO", "server")

    def commands_on_standard_input(self):
        answer = self.cli(stdin=b"SET a 1\nINCR a\nGET a\n")
        assert answer.split("\n") == ["OK", "2", "2"], answer

    def other_database(self):
        self.cli("-n", "5", "SET", "five", "5")
        assert self.cli("-n", "5", "GET", "five") == "5"
        assert self.cli("GET", "five") == ""

    def last_argument_from_standard_input(self):
        assert self.cli("-x", "SET", "bin", stdin=bytes(range(256))) == "OK"
        assert self.run("redis-cli", "GET", "bin") == bytes(range(256)) + b"\n"

    def mass_insertion(self):
        """redis-cli --pipe ends with an ECHO of its own and counts replies."""
        stream = b"".join(resp.encode([b"SET", b"pipe:%02d" % n, b"x"]) for n in range(100))
        answer = self.cli("--pipe", stdin=stream)
        assert "errors: 0, replies: 100" in answer, answer

    def scan(self):
        found = self.cli("--scan", "--pattern", "pipe:*").split("\n")
        assert sorted(found) == ["pipe:%02d" % n for n in range(100)], found

    def big_keys(self):
        answer = self.cli("--bigkeys", "-i", "0")
        assert "Biggest string found" in answer, answer

    def help_comes_from_the_server(self):
        """redis-cli builds its help from COMMAND DOCS; a reply it cannot read ends it."""
        answer = self.cli(stdin=b"GET name\n")
        assert answer == "a value", answer
        docs = self.cli("COMMAND", "DOCS", "set")
        assert "summary" in docs and "arguments" in docs

    def benchmark_tests(self):
        answer = self.run("redis-benchmark", "-t", "ping,set,get,incr,mset", "-n", "2000",
                          "-c", "20", "-q").decode()
        for name in ("PING_INLINE", "PING_MBULK", "SET", "GET", "INCR", "MSET (10 keys)"):
            assert re.search(r"%s: [\d.]+ requests per second" % re.escape(name), answer), answer
        assert "rror" not in answer, answer

    def benchmark_pipelined(self):
        answer = self.run("redis-benchmark", "-t", "set,get", "-n", "50000", "-P", "64",
                          "-r", "10000", "-d", "512", "--csv").decode()
        assert '"SET"' in answer and '"GET"' in answer and "rror" not in answer, answer

    def benchmark_resp3(self):
        answer = self.run("redis-benchmark", "-3", "-n", "2000", "-q", "GET", "name").decode()
        assert "requests per second" in answer and "rror" not in answer, answer


def with_password(tally):
    with server.Server(server.podis_program(), "--requirepass", "secret") as running:
        tools = Tools(running)

        def password():
            assert tools.cli("GET", "x").startswith("NOAUTH")
            assert tools.cli("-a", "secret", "--no-auth-warning", "PING") == "PONG"
            assert tools.cli("--user", "default", "--pass", "secret", "--no-auth-warning", "-3",
                             "PING") == "PONG"
            assert "WRONGPASS" in tools.cli("-a", "wrong", "--no-auth-warning", "GET", "x")

        tally.run("redis-cli password", password)


def main():
    tally = server.Tally()
    with server.Server(server.podis_program()) as running:
        tools = Tools(running)
        for name in ("one_command", "resp3", "commands_on_standard_input", "other_database",
                     "last_argument_from_standard_input", "mass_insertion", "scan", "big_keys",
                     "help_comes_from_the_server", "benchmark_tests", "benchmark_pipelined",
                     "benchmark_resp3"):
            tally.run("redis-cli " + name.replace("_", " "), getattr(tools, name))
    with_password(tally)
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
