#!/usr/bin/python3
"""The Redis 7.0 Tcl suite, unit by unit.

    tclsuite.py [--mode external|spawn|both|tls] [--units unit/a,unit/b] [--base-port N] [--all]

Two ways of running a unit:

    external   against one podis that is running already; between units its data is flushed and
               its configuration put back, so that no unit suffers from the one before
    spawn      on servers that the suite starts itself, podis standing in for redis-server: the
               only way to run what the suite marks external:skip

    tls        spawn, with every server and client of the suite speaking TLS

Each unit is a run of its own (`runtest --single`) with its own time limit, so that one hang or
exception hides nothing else. It is run on a copy of the suite in BUILD, whose src/ holds podis
under the name of redis-server. The two ways run side by side, each on a copy and ports of its
own; the second is done first and then takes some of the first's units, on a podis of its own.

What is left out is in skips.txt, one test a line, with its reason:

    unit | test name, /pattern, or tag: TAG | reason

    needs CMD CMD ...   left out while the server lacks one of these commands, and only then
    alone: why          left out of the unit's run and made in one of its own afterwards
    slow: why           left out unless --all is given
    anything else       left out

A line that names no test of its unit is a failure: the list stays as short as it can be. The unit
may be *, for all of them, and then nothing is asked of it.
"""

import argparse
import collections
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time

import resp
import server

HERE = os.path.dirname(os.path.abspath(__file__))
EXTERNAL = ("unit/type/string", "unit/type/incr", "unit/type/list", "unit/type/list-2",
            "unit/type/list-3", "unit/type/set", "unit/type/hash", "unit/type/zset",
            "unit/type/stream", "unit/type/stream-cgroups", "unit/sort", "unit/bitops",
            "unit/bitfield", "unit/hyperloglog", "unit/geo", "unit/dump", "unit/lazyfree",
            "unit/other", "unit/keyspace", "unit/expire", "unit/scan", "unit/protocol",
            "unit/quit", "unit/info-command", "unit/introspection-2", "unit/slowlog",
            "unit/pubsub", "unit/multi", "unit/pause", "unit/scripting",
            "unit/functions", "unit/latency-monitor", "unit/tracking")
BESIDE = ("unit/hyperloglog", "unit/geo", "unit/dump", "unit/type/list-3")
SPAWN = ("unit/type/incr", "unit/type/list-2", "unit/type/stream-cgroups", "unit/keyspace",
         "unit/memefficiency", "unit/maxmemory", "unit/protocol", "unit/quit",
         "unit/info-command", "unit/limits", "unit/obuf-limits", "unit/auth", "unit/acl",
         "unit/acl-v2", "unit/networking", "unit/violations", "unit/client-eviction",
         "integration/redis-benchmark", "integration/redis-cli",
         "unit/wait",
         "integration/block-repl", "integration/replication-2", "integration/replication-3",
         "integration/replication-4", "integration/psync2", "integration/psync2-reg",
         "integration/psync2-pingoff",
         "unit/shutdown", "unit/info", "unit/aofrw", "integration/rdb", "integration/aof",
         "integration/convert-zipmap-hash-on-load",
         "integration/convert-ziplist-hash-on-load", "integration/convert-ziplist-zset-on-load")
TLS = ("unit/tls", "unit/protocol", "unit/pubsub", "unit/networking", "unit/obuf-limits")
UNIT_SECONDS = 240
TAG = "tag: "
BLOCK_LEFT_OUT = "Not supported on external server"
PORT_COUNT = 60
PORTS_APART = 100
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
RESULT = re.compile(r"\[(ok|err|skip|ignore|exception|TIMEOUT)\]:? ?(.*)")

Skip = collections.namedtuple("Skip", "unit name reason")
Outcome = collections.namedtuple("Outcome", "ok failures skipped")


def read_skips(path):
    skips = []
    with open(path) as lines:
        for number, line in enumerate(lines, 1):
            line = line.strip()
            if not line or line.startswith("#"):
                continue
            fields = [field.strip() for field in line.split(" | ")]
            if len(fields) != 3 or not all(fields):
                sys.exit("%s:%d: not `unit | test | reason`" % (path, number))
            skips.append(Skip(*fields))
    return skips


def applies(skip, unit, commands, everything):
    """Whether the test is to be left out of this unit's run on a server with these commands."""
    if skip.unit not in (unit, "*"):
        return False
    if skip.reason.startswith("slow: "):
        return not everything
    if skip.reason.startswith("needs "):
        return not all(word.lower() in commands for word in skip.reason.split()[1:])
    return True


def prepare(program, name):
    """A copy of the suite with podis as src/redis-server. Returns its folder."""
    source = os.environ["REDIS_SUITE"]
    place = os.path.join(server.scratch(), "suite-" + name)
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(os.path.join(source, "tests"), os.path.join(place, "tests"))
    shutil.copy(os.path.join(source, "runtest"), place)
    os.makedirs(os.path.join(place, "src"))
    os.symlink(os.path.abspath(program), os.path.join(place, "src", "redis-server"))
    for tool in ("redis-cli", "redis-benchmark", "redis-check-aof"):
        os.symlink(os.path.abspath(server.redis_program(tool)), os.path.join(place, "src", tool))
    return place


def parse(output):
    """What one run said: (names that passed, failures, names left out)."""
    ok, failures, skipped = [], [], []
    body = output.split("\n                   The End\n")[0]
    for match in re.finditer(r"^(\[(?:ok|err|skip|ignore|exception|TIMEOUT)\].*)$", body, re.M):
        kind, text = RESULT.match(match.group(1)).groups()
        if kind == "ok":
            ok.append(re.sub(r" \(\d+ ms\)$", "", text))
        elif kind in ("skip", "ignore"):
            skipped.append(text)
        else:
            detail = body[match.start():match.start() + 900].split("\n[")[0]
            failures.append(detail.replace("\n", "\n      "))
    return Outcome(ok, failures, skipped)


def make_certificates(place):
    """What runtest --tls expects, made by the suite's own script; its parameters for Diffie-Hellman
    are a known group's, since to look for others takes minutes."""
    os.makedirs(os.path.join(place, "tests", "tls"))
    for argv in (["openssl", "genpkey", "-genparam", "-algorithm", "DH", "-pkeyopt",
                  "group:ffdhe2048", "-out", "tests/tls/redis.dh"],
                 ["bash", os.path.join(os.path.abspath(os.environ["REDIS_SUITE"]), "utils",
                                       "gen-test-certs.sh")]):
        subprocess.run(argv, cwd=place, check=True, stdin=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class Suite:
    """The prepared copy, the server's commands, and the log of all that runs."""

    def __init__(self, place, base_port, commands, log, everything):
        self.place, self.base_port, self.commands, self.log = place, base_port, commands, log
        self.everything = everything

    def runtest(self, unit, options):
        """One `runtest`; (outcome, output). A run that hangs is ended with all it started."""
        argv = ["./runtest", "--single", unit, "--durable", "--clients", "1",
                "--baseport", str(self.base_port), "--portcount", str(PORT_COUNT), *options]
        run = subprocess.Popen(argv, cwd=self.place, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               env=server.environment(), start_new_session=True)
        under_way.append(run)
        late = False
        try:
            output = run.communicate(timeout=UNIT_SECONDS)[0]
        except subprocess.TimeoutExpired:
            late = True
            end_group(run)
            output = run.communicate()[0]
        finally:
            end_group(run)
            under_way.remove(run)
        output = COLOUR.sub("", output.decode("utf-8", "replace"))
        self.log.write("\n##### %s\n%s" % (" ".join(argv), output))
        outcome = parse(output)
        if late:
            outcome.failures.append("%s did not end within %d s" % (unit, UNIT_SECONDS))
        elif "The End" not in output and not outcome.failures:
            outcome.failures.append("%s broke off:\n      %s" % (unit, output[-600:].strip()))
        return outcome

    def run_unit(self, unit, skips, options, between):
        """A unit in up to two runs: all but what is skipped, then what must run alone."""
        left_out = [s for s in skips if applies(s, unit, self.commands, self.everything)]
        alone = [s for s in left_out if s.reason.startswith("alone: ")]
        tags = [s for s in left_out if s.name.startswith(TAG)]
        by_name = [s for s in left_out if s not in tags]
        denied = ["--tags", " ".join("-" + s.name[len(TAG):] for s in tags)] if tags else []
        first = self.runtest(unit, options + denied + self.flags("--skiptest", by_name))
        ok, failures, skipped = list(first.ok), list(first.failures), first.skipped
        unseen = [s for s in left_out
                  if s.unit != "*" and not any(names(s.name, x) for x in skipped)]
        # A whole block that does not run on an external server does not name its tests.
        if BLOCK_LEFT_OUT not in skipped and not failures:
            failures += ["skips.txt: %s has no test %r to leave out" % (unit, s.name)
                         for s in unseen]
        if alone:
            between()
            second = self.runtest(unit, options + self.flags("--only", alone))
            ok += second.ok
            failures += second.failures
            skipped = [x for x in skipped if not any(names(s.name, x) for s in alone)]
        return Outcome(ok, failures, skipped)

    @staticmethod
    def flags(flag, skips):
        return [word for s in skips for word in (flag, s.name)]


def end_group(run):
    """Ends a run and all that it started, however this program ends."""
    try:
        os.killpg(run.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def names(pattern, test):
    """The suite's own rule: /text is a regular expression, anything else the whole name. What is
    left out for a tag says so behind its name; a block of tests has none."""
    if pattern.startswith(TAG):
        return test.endswith("Tag: %s denied" % pattern[len(TAG):])
    if pattern.startswith("/"):
        return re.search(pattern[1:], test) is not None
    return pattern == test


def read_config(conn):
    return resp.pairs(conn.call("CONFIG", "GET", "*"))


def restore(under_test, wanted):
    """Puts data and configuration back to what they were before the first unit."""
    with under_test.connect() as conn:
        conn.call("FLUSHALL")
        conn.raw("DEBUG", "SET-ACTIVE-EXPIRE", "1")
        for name, value in read_config(conn).items():
            if wanted.get(name, value) != value:
                conn.raw("CONFIG", "SET", name, wanted[name])


def commands_of(under_test):
    with under_test.connect() as conn:
        return {name.decode() for name in conn.call("COMMAND", "LIST")}


reporting = threading.Lock()
under_way = []  # Runs of the suite, to be ended when this program is.


def end_all(*_):
    for run in list(under_way):
        end_group(run)
    print("ended from outside", flush=True)
    os._exit(1)  # The threads would be waited for.


def report(tally, mode, unit, outcome, seconds):
    with reporting:
        print("%-9s %-20s %3d passed, %d failed, %d left out  %5.1f s"
              % (mode, unit, len(outcome.ok), len(outcome.failures), len(outcome.skipped),
                 seconds), flush=True)
        for failure in outcome.failures:
            print("FAIL  %s %s: %s" % (mode, unit, failure), flush=True)
        tally.passed += len(outcome.ok)
        tally.failed += len(outcome.failures)
        tally.skipped += len(outcome.skipped)


def run_external(suite, under_test, units, skips, tally):
    with under_test.connect() as conn:
        config = read_config(conn)
    options = ["--host", "127.0.0.1", "--port", str(under_test.port)]
    for unit in units:
        started = time.monotonic()
        restore(under_test, config)
        outcome = suite.run_unit(unit, skips, options, lambda: restore(under_test, config))
        if not under_test.alive():
            outcome.failures.append("the server ended:\n" + under_test.log()[-3000:])
            report(tally, "external", unit, outcome, time.monotonic() - started)
            return
        report(tally, "external", unit, outcome, time.monotonic() - started)


def run_spawn(suite, units, skips, tally):
    for unit in units:
        started = time.monotonic()
        outcome = suite.run_unit(unit, skips, [], lambda: None)
        report(tally, "spawn", unit, outcome, time.monotonic() - started)


def run_tls(suite, units, skips, tally):
    make_certificates(suite.place)
    for unit in units:
        started = time.monotonic()
        outcome = suite.run_unit(unit, skips, ["--tls"], lambda: None)
        report(tally, "tls", unit, outcome, time.monotonic() - started)


def run_mode(mode, run, options, commands, tally):
    """All units of one way, on a copy of the suite; what goes wrong with that is a failure too."""
    path = os.path.join(os.environ.get("LOG") or server.scratch(), "tclsuite-%s.log" % mode)
    port = options.base_port + (PORTS_APART if mode == "spawn" else 0)
    try:
        with open(path, "w") as log:
            place = prepare(options.program, mode)
            run(Suite(place, port, commands, log, options.all))
    except Exception as error:  # It would end only this thread.
        with reporting:
            tally.fail("the suite, " + mode, "%s: %s" % (type(error).__name__, error))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--mode", choices=("external", "spawn", "both", "tls"), default="both")
    parser.add_argument("--units", help="comma-separated, instead of all")
    parser.add_argument("--base-port", type=int, default=21150 + os.getpid() % 25 * 200,
                        help="the suite's ports: some 190 from there, and those 10000 above")
    parser.add_argument("--all", action="store_true", help="slow tests too")
    parser.add_argument("--program", default=server.podis_program())
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, end_all)

    skips = read_skips(os.path.join(HERE, "skips.txt"))
    units = options.units.split(",") if options.units else None
    tally = server.Tally()
    both = options.mode == "both" and not units
    first = units or [unit for unit in EXTERNAL if not both or unit not in BESIDE]

    def spawn_and_help(suite):
        run_spawn(suite, units or SPAWN, skips, tally)
        if both:
            run_external(suite, second_server, BESIDE, skips, tally)

    with server.Server(options.program) as under_test, \
            server.Server(options.program) as second_server:
        commands = commands_of(under_test)
        ways = {"external": lambda suite: run_external(suite, under_test, first, skips, tally),
                "spawn": spawn_and_help,
                "tls": lambda suite: run_tls(suite, units or TLS, skips, tally)}
        wanted = ("external", "spawn") if options.mode == "both" else (options.mode,)
        threads = [threading.Thread(target=run_mode, args=(mode, run, options, commands, tally))
                   for mode, run in ways.items() if mode in wanted]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
