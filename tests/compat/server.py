"""Starts and stops the servers that the tests compare.

podis is started exactly as redis-server would be: both take the same flags. What only podis knows
(its admin port, the directives of Redis 7.2) is set in the environment, which redis-server ignores.
"""

import contextlib
import os
import signal
import socket
import subprocess
import tempfile
import time

import resp

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.environ.get("BUILD") or os.path.join(HERE, "..", "..", "build")


def podis_program():
    return os.environ.get("PODIS") or os.path.join(BUILD, "podis")


def redis_program(name="redis-server"):
    return os.path.join(os.environ.get("SERVERS", ""), name)


def free_port():
    """A port that nobody has now, by asking the kernel."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def environment():
    env = {k: v for k, v in os.environ.items() if not k.startswith("PODIS_")}
    env["PODIS_ADMIN_PORT"] = "0"
    env["PODIS_SET_MAX_LISTPACK_ENTRIES"] = "0"  # Redis 7.0 knows no sets in listpacks.
    env["LC_ALL"] = "C"  # SORT ALPHA compares as the locale says.
    env.setdefault("ASAN_OPTIONS", "allocator_may_return_null=1")
    return env


# Servers that ended badly when they were stopped: a crash, a leak, a time-out. A failure each.
bad_ends = []


class Server:
    """One running server in its own directory, with its log in DIR/log."""

    def __init__(self, program, *flags, port=None, ready_seconds=20, stdin=None, argv=None):
        self.program = os.path.abspath(program)
        self.port = port or free_port()
        self.dir = tempfile.mkdtemp(prefix="compat-", dir=scratch())
        self.log_path = os.path.join(self.dir, "log")
        if argv is None:
            argv = ["--port", str(self.port), "--save", "", "--bind", "127.0.0.1",
                    "--enable-debug-command", "yes", *flags]
        self.argv = [self.program, *argv]
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(self.argv, stdout=log, stderr=subprocess.STDOUT,
                                            stdin=stdin or subprocess.DEVNULL, cwd=self.dir,
                                            env=environment())
        self._wait_ready(ready_seconds)

    @property
    def address(self):
        return ("127.0.0.1", self.port)

    @property
    def pid(self):
        return self.process.pid

    def _wait_ready(self, seconds):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise RuntimeError("%s ended at start: %s" % (self.argv, self.log()[-2000:]))
            try:
                with self.connect(timeout=2) as conn:
                    if conn.raw("PING")[:1] in b"+-":
                        return
            except (OSError, resp.Closed):
                time.sleep(0.02)
        self.stop()
        raise RuntimeError("%s did not answer: %s" % (self.argv, self.log()[-2000:]))

    def connect(self, protocol=2, timeout=10.0):
        return resp.Connection(self.address, protocol, timeout)

    def log(self):
        with open(self.log_path, errors="replace") as log:
            return log.read()

    def alive(self):
        """Whether it runs. One that is just dying gets the time to be dead."""
        if self.process.poll() is None:
            try:
                self.process.wait(0.002)
            except subprocess.TimeoutExpired:
                return True
        return False

    def rss(self):
        """Resident memory in bytes."""
        with open("/proc/%d/statm" % self.pid) as statm:
            return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def stop(self, seconds=10):
        """Ends the server, which has to leave with status 0."""
        try:
            if self.alive():
                self.process.send_signal(signal.SIGTERM)
            status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = self.process.wait()
        if status != 0:
            bad_ends.append("%s ended with status %d: %s" % (self.program, status,
                                                             self.log()[-3000:]))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if not self.alive():
            print("      the server ended (%s); its log:\n%s" % (self.process.returncode,
                                                                self.log()[-3000:]), flush=True)
        self.stop()


@contextlib.contextmanager
def pair(*flags, program=None):
    """podis and redis-server, started alike."""
    with Server(program or podis_program(), *flags) as first:
        with Server(redis_program(), *flags) as second:
            yield first, second


def names_of(conn):
    """Top-level commands, as COMMAND LIST has them."""
    return {name for name in conn.call("COMMAND", "LIST") if b"|" not in name}


def lacking(ours, theirs):
    """The commands that only the second server has."""
    with ours.connect() as first, theirs.connect() as second:
        return names_of(second) - names_of(first)


def scratch():
    """Where servers keep their files: below the build tree, so that nothing is left elsewhere."""
    path = os.path.join(BUILD, "compat")
    os.makedirs(path, exist_ok=True)
    return path


class Tally:
    """Counts for the last line of a test program."""

    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def ok(self, name):
        self.passed += 1
        print("ok    %s" % name, flush=True)

    def fail(self, name, why=""):
        self.failed += 1
        print("FAIL  %s%s" % (name, ": " + why if why else ""), flush=True)

    def skip(self, name, why):
        self.skipped += 1
        print("skip  %s: %s" % (name, why), flush=True)

    def run(self, name, test, *args):
        """Runs one test: an exception is a failure, a returned string a skip's reason."""
        try:
            why = test(*args)
        except Exception as error:  # A test program reports whatever a test meets.
            self.fail(name, "%s: %s" % (type(error).__name__, error))
            return
        if isinstance(why, str):
            self.skip(name, why)
        else:
            self.ok(name)

    def finish(self):
        for end in bad_ends:
            self.fail("an orderly end", end)
        print("%d passed, %d failed, %d skipped" % (self.passed, self.failed, self.skipped))
        return 1 if self.failed else 0
