#!/usr/bin/env python3
"""Hunts for stale reads: writers and readers on three podis, while links, processes, the network
and the view of the mesh are disturbed.

Each key has one writer, which writes ever greater versions of it, through any pod. So for each
read it is known, when it is sent, which version it may not be older than. That floor is the
greatest of

    own writes     acknowledged through the same pod before
    own reads      seen through the same pod before
    the bound      acknowledged anywhere, longer ago than near-lease

What DEL, GETDEL and the end of a life leave behind is a version too, of which the value is null.

A write that was answered with an error may or may not be made, now or later: its version may be
seen for a while (`floating`). Keys of a member that is killed, or whose slots move, are not
judged (`loose`) until things are calm again and they have been written once more.

HUNT_SECONDS is how long to hunt, HUNT_SEED which hunt: with the same seed the same commands and
disturbances are tried, though not at the same moments.
"""

import collections
import os
import random
import signal
import sys
import threading
import time

from mesh import Mesh  # Before pods, which adds a folder with another mesh.py.
import pods
from pods import until

import resp
from server import Tally

SECONDS = float(os.environ.get("HUNT_SECONDS", "20"))
SEED = int(os.environ.get("HUNT_SEED", "0")) or random.randrange(1, 1 << 31)
LEASE_S = 0.5
SLACK_S = 0.03
FLOATING_S = 10.0
KEYS_PER_OWNER = 8
WRITERS = 3
READERS_PER_POD = 2
READS_IN_BATCH = 40
FAILURES_MAX = 20
FLAGS = ["--dns-interval", "300", "--near-lease", str(int(LEASE_S * 1000)),
         "--forward-timeout", "2000", "--node-timeout", "1000", "--mesh-settle", "300"]

Version = collections.namedtuple("Version", "gone lives_s sent")
# What is known when a read is sent.
Before = collections.namedtuple("Before", "pod time floors turns")


class Key:
    """A key and its history."""

    def __init__(self, index, name, owner):
        self.index, self.name, self.owner = index, name, owner
        self.versions = {0: Version(True, None, 0.0)}
        self.newest = 0
        self.oldest = 0
        self.floating = {}  # Version to the time until when it may come up.
        self.acked = collections.deque()  # (time, version), not yet beyond the bound.
        self.acked_at = {}
        self.bound = 0
        self.loose = False
        self.calm_at = float("inf")
        self.turn = 0  # Counts the times it became loose and firm.


class Stale(AssertionError):
    """A read that breaks the promise."""


class History:
    """All keys, and the judge."""

    def __init__(self, keys):
        self.keys = keys
        self.lock = threading.Lock()
        self.floors = [[0] * len(keys) for _ in range(4)]
        self.judged = self.loose_reads = self.refused = self.floated = 0
        self.nulls = 0

    def before(self, pod):
        """To be called just before reads are sent through a pod."""
        with self.lock:
            now = time.monotonic()
            floors = list(self.floors[pod.number])
            for key in self.keys:
                while key.acked and key.acked[0][0] < now - LEASE_S - SLACK_S:
                    key.bound = max(key.bound, key.acked.popleft()[1])
                floors[key.index] = max(floors[key.index], key.bound)
            return Before(pod, now, floors, [-1 if k.loose else k.turn for k in self.keys])

    def new_version(self, key, gone, lives_s):
        with self.lock:
            key.newest += 1
            key.versions[key.newest] = Version(gone, lives_s, time.monotonic())
            while key.oldest < key.newest - 5000:
                key.versions.pop(key.oldest, None)
                key.acked_at.pop(key.oldest, None)
                key.oldest += 1
            return key.newest

    def wrote(self, pod, key, version, good):
        """A write was answered, or its connection is gone."""
        now = time.monotonic()
        with self.lock:
            if not good:
                key.floating[version] = now + FLOATING_S
                return
            if key.loose and key.versions[version].sent > key.calm_at:
                key.loose, key.turn, key.bound = False, key.turn + 1, 0
                key.acked.clear()
                for floors in self.floors:
                    floors[key.index] = 0
            if not key.loose:
                key.acked_at[version] = now
                key.acked.append((now, version))
                floors = self.floors[pod.number]
                floors[key.index] = max(floors[key.index], version)

    def loosen(self, owner):
        with self.lock:
            for key in self.keys:
                if key.owner is owner:
                    key.loose, key.turn, key.calm_at = True, key.turn + 1, float("inf")

    def calm(self):
        with self.lock:
            for key in self.keys:
                key.calm_at = min(key.calm_at, time.monotonic())

    def judge(self, before, key, value, floor=0, ceiling=None):
        """Raises Stale; returns the version seen. floor and ceiling: from the same pipeline."""
        now = time.monotonic()
        with self.lock:
            if before.turns[key.index] != key.turn or key.loose:
                self.loose_reads += 1
                return 0
            self.judged += 1
            pipeline = floor > before.floors[key.index]
            floor = max(floor, before.floors[key.index])
            ceiling = key.newest if ceiling is None else ceiling
            try:
                if value is None:
                    version = self.judge_null(key, floor, ceiling, now)
                else:
                    version = self.judge_value(before, key, value, floor, ceiling)
            except Stale as error:
                raise Stale("%s (%s, asked %.3f s ago)" % (
                    error, "seen in the same pipeline" if pipeline else "known when it was asked",
                    now - before.time)) from None
            if version > 0:
                floors = self.floors[before.pod.number]
                floors[key.index] = max(floors[key.index], version)
            return version

    def judge_null(self, key, floor, ceiling, now):
        self.nulls += 1
        for number in range(floor, ceiling + 1):
            version = key.versions[number]
            if version.gone or (version.lives_s and version.sent + version.lives_s <= now):
                return number
        for number, until_s in key.floating.items():
            version = key.versions.get(number)
            if now < until_s and version and (version.gone or version.lives_s):
                self.floated += 1
                return 0
        raise Stale("null, though version %d %s exists" % (floor, key.versions[floor]))

    def judge_value(self, before, key, value, floor, ceiling):
        name, number, _ = value.split(b":", 2)
        number = int(number)
        if name != key.name.encode():
            raise Stale("the value of %s" % name)
        if key.floating.get(number, 0) > before.time:
            self.floated += 1
            return 0
        if number < floor:
            raise Stale("version %d, older than %d" % (number, floor))
        if number > ceiling:
            raise Stale("version %d, later than %d" % (number, ceiling))
        version = key.versions[number]
        if version.gone:
            raise Stale("version %d, which deleted it" % number)
        end = key.acked_at.get(number, float("inf")) + (version.lives_s or float("inf"))
        if before.time > end + SLACK_S:
            raise Stale("version %d, %.3f s beyond its life" % (number, before.time - end))
        return number


class Hunt:
    """What all threads share."""

    def __init__(self, mesh, history):
        self.mesh, self.history = mesh, history
        self.over = threading.Event()
        self.failures = []
        self.trouble = "quiet"
        self.one_by_one = False
        self.began = time.monotonic()

    def fail(self, text):
        self.failures.append("%.3f s, %s: %s" % (time.monotonic() - self.began, self.trouble, text))
        if len(self.failures) >= FAILURES_MAX:
            self.over.set()

    def refused(self, answer):
        if not str(answer).startswith(("UNREACHABLE", "CLUSTERDOWN")):
            self.fail("an unexpected error: %s" % answer)
        self.history.refused += 1


class Client(threading.Thread):
    """A thread with a connection to one pod at a time, which comes back when that comes back."""

    def __init__(self, hunt, seed):
        super().__init__(daemon=True)
        self.hunt, self.history = hunt, hunt.history
        self.random = random.Random(seed)
        self.connections = {}

    def connection(self, pod):
        if pod not in self.connections:
            self.connections[pod] = pod.connect(self.random.choice((2, 3)))
        return self.connections[pod]

    def length(self, most):
        """How many commands to send at once."""
        return 1 if self.hunt.one_by_one else self.random.randint(1, most)

    def ask(self, pod, commands):
        """The decoded answers, None if the connection was lost."""
        try:
            conn = self.connection(pod)
            conn.send(b"".join(resp.encode(resp.to_bytes(words)) for words in commands))
            return [resp.decode(conn.read()) for _ in commands]
        except (OSError, resp.Closed, resp.Error):
            if pod in self.connections:
                self.connections.pop(pod).close()
            time.sleep(0.02)
            return None

    def run(self):
        while not self.hunt.over.is_set():
            try:
                self.batch()
            except Exception as error:  # A thread that ends is a hunt that finds nothing.
                self.hunt.fail("%s: %s" % (type(error).__name__, error))
                return

    def check(self, before, key, value, *limits):
        if isinstance(value, resp.Error):
            self.hunt.refused(value)
            return 0
        try:
            return self.history.judge(before, key, value, *limits)
        except Stale as error:
            self.hunt.fail("%s of pod %d read through pod %d by %s: %s" % (
                key.name, key.owner.number, before.pod.number, self.name, error))
            return 0


class Reader(Client):
    """Reads through one pod."""

    def __init__(self, hunt, seed, pod):
        super().__init__(hunt, seed)
        self.pod = pod

    def one(self):
        keys, choice = self.history.keys, self.random.random()
        if choice < 0.05:
            some = self.random.sample(keys, self.random.randint(2, 5))
            return ["MGET", *[key.name for key in some]], some
        key = self.random.choice(keys)
        if choice < 0.2:
            return ["GETRANGE", key.name, "0", "-1"], [key]
        return ["GET", key.name], [key]

    def batch(self):
        wanted = [self.one() for _ in range(self.length(READS_IN_BATCH))]
        before = self.history.before(self.pod)
        answers = self.ask(self.pod, [words for words, _ in wanted])
        seen = collections.Counter()
        for (words, keys), answer in zip(wanted, answers or []):
            if words[0] != "MGET":
                answer = [answer or None if words[0] == "GETRANGE" else answer]
            elif isinstance(answer, resp.Error):
                answer = [answer] * len(keys)
            for key, value in zip(keys, answer):
                seen[key] = max(seen[key], self.check(before, key, value, seen[key]))


class Watcher(Reader):
    """Reads single keys of other pods, never waiting for any other."""

    def __init__(self, hunt, seed, pod, keys):
        super().__init__(hunt, seed, pod)
        self.keys = keys

    def length(self, most):
        return 1

    def one(self):
        key = self.random.choice(self.keys)
        return ["GET", key.name], [key]

    def batch(self):
        super().batch()
        self.hunt.over.wait(0.005)


class Writer(Client):
    """Writes its own keys through some pods, and reads them in the same pipeline."""

    def __init__(self, hunt, seed, keys, pods_used):
        super().__init__(hunt, seed)
        self.own, self.pods_used = keys, pods_used

    def version(self, key, gone=False, lives_s=None):
        return key, self.history.new_version(key, gone, lives_s)

    def value(self, key, number):
        return "%s:%d:%s" % (key.name, number, "x" * self.random.choice((0, 10, 100, 2000)))

    def write(self):
        """The words and the versions that they make."""
        choice = self.random.random()
        key = self.random.choice(self.own)
        if choice < 0.45:
            made = self.version(key)
            return ["SET", key.name, self.value(*made)], [made]
        if choice < 0.65:
            lives_ms = self.random.choice((1, 20, 100, 300, 1000))
            made = self.version(key, lives_s=lives_ms / 1000)
            return ["SET", key.name, self.value(*made), "PX", lives_ms], [made]
        if choice < 0.75:
            return [self.random.choice(("DEL", "UNLINK", "GETDEL")), key.name], \
                [self.version(key, gone=True)]
        some = self.random.sample(self.own, self.random.randint(2, len(self.own)))
        if choice < 0.82:
            return ["DEL", *[key.name for key in some]], [self.version(k, True) for k in some]
        made = [self.version(key) for key in some]
        pairs = [word for key, number in made for word in (key.name, self.value(key, number))]
        return ["MSET", *pairs], made

    def read(self):
        some = [self.random.choice(self.own)]
        if self.random.random() < 0.3:
            some = self.random.sample(self.own, 3)
            return ["MGET", *[key.name for key in some]], some
        return ["GET", some[0].name], some

    def commands(self):
        """(words, keys read with their ceilings, versions made) of each."""
        made = []
        for _ in range(self.length(10)):
            if self.random.random() < 0.3:
                words, versions = self.write()
                made.append((words, [], versions))
                continue
            words, some = self.read()
            made.append((words, [(key, key.newest) for key in some], []))
        return made

    def batch(self):
        pod = self.random.choice(self.pods_used)
        commands = self.commands()
        before = self.history.before(pod)
        answers = self.ask(pod, [words for words, _, _ in commands])
        if answers is None:
            answers = [resp.Error("UNREACHABLE")] * len(commands)
        least = collections.Counter()
        for (words, read, written), answer in zip(commands, answers):
            good = not isinstance(answer, resp.Error)
            if written and words[0] == "GETDEL" and good:
                key, number = written[0]
                self.check(before, key, answer, least[key], number - 1)
            for key, number in written:
                if good:
                    least[key] = number
                self.history.wrote(pod, key, number, good)
            values = [answer] * len(read) if words[0] != "MGET" or not good else answer
            for (key, ceiling), value in zip(read, values):
                least[key] = max(least[key], self.check(before, key, value, least[key], ceiling))
        self.hunt.over.wait(self.random.random() * 0.03)


class Trouble:
    """The disturbances, one at a time."""

    def __init__(self, hunt, seed):
        self.hunt, self.mesh, self.history = hunt, hunt.mesh, hunt.history
        self.random = random.Random(seed)
        self.lost_hits = 0

    def whole(self):
        self.mesh.whole(seconds=20)

    def kill_links(self):
        pod = self.random.choice(self.mesh.pods)
        for _ in range(5):
            for line in pod.call("CLIENT", "LIST").decode().split("\n"):
                fields = dict(field.split("=", 1) for field in line.split() if "=" in field)
                if fields.get("laddr", "").endswith(":6380"):
                    pod.try_call("CLIENT", "KILL", "ID", fields["id"])
            time.sleep(self.random.random() * 0.3)

    def stop(self):
        pod = self.random.choice(self.mesh.pods)
        pod.send_signal(signal.SIGSTOP)
        time.sleep(self.random.uniform(0.2, 1.5))
        pod.send_signal(signal.SIGCONT)

    def cut(self):
        pod = self.random.choice(self.mesh.pods)
        pod.cut()
        time.sleep(self.random.uniform(0.2, 1.8))
        pod.heal()

    def kill(self):
        pod = self.random.choice(self.mesh.pods)
        self.history.loosen(pod)
        self.lost_hits += int(pod.info()["near_hits"])
        pod.stop(signal.SIGKILL)
        pod.start(*FLAGS)
        self.whole()
        self.history.calm()

    def settled(self, members):
        for pod in members:
            until(lambda: self.mesh.members(pod) == len(members), 5, "the view of all")
        for pod in self.mesh.pods:
            until(lambda: pod.info()["handover_pending"] == "0", 10, "all keys are at home")

    def move(self):
        pod = self.random.choice(self.mesh.pods)
        others = [other for other in self.mesh.pods if other is not pod]
        self.hunt.trouble = "move of pod %d" % pod.number
        self.hunt.one_by_one = True
        time.sleep(0.5)  # Longer than a pipeline takes.
        self.history.loosen(pod)
        self.mesh.list(others)
        self.settled(others)
        time.sleep(self.random.random())
        self.mesh.list(self.mesh.pods)
        self.settled(self.mesh.pods)
        self.whole()
        self.history.calm()
        self.hunt.one_by_one = False

    def run(self):
        """Each kind once in a row of its own order, until the time is over; the last is whole."""
        kinds = [self.kill_links, self.stop, self.cut, self.stop, self.kill, self.move]
        end = time.monotonic() + SECONDS
        time.sleep(min(2.0, SECONDS / 10))
        counts = collections.Counter()
        while time.monotonic() < end and not self.hunt.over.is_set():
            self.random.shuffle(kinds)
            for kind in kinds:
                if counts and time.monotonic() >= end:
                    break
                self.hunt.trouble = kind.__name__
                kind()
                self.whole()
                self.hunt.trouble = "after " + kind.__name__
                counts[kind.__name__] += 1
                time.sleep(min(0.5, SECONDS / 40))
        return counts


def keys_of(mesh):
    """Some keys of each pod."""
    found = {pod: [] for pod in mesh.pods}
    number = 0
    while min(len(names) for names in found.values()) < KEYS_PER_OWNER:
        name = "hunt%d" % number
        names = found[mesh.owner(name)]
        if len(names) < KEYS_PER_OWNER:
            names.append((name, number))
        number += 1
    rows = [(name, pod) for pod, names in found.items() for name, _ in names]
    return [Key(index, name, owner) for index, (name, owner) in enumerate(rows)]


def hits(mesh):
    return sum(int(pod.info()["near_hits"]) for pod in mesh.pods)


def clients_of(hunt, rolls):
    """Half of the keys are written by their owner's pod alone, which goes on when others cannot
    reach it: the bound is for their readers."""
    keys, all_pods = hunt.history.keys, hunt.mesh.pods
    roaming = keys[::2]
    clients = [Writer(hunt, rolls.random(), roaming[n::WRITERS], all_pods) for n in range(WRITERS)]
    for pod in all_pods:
        home = [key for key in keys[1::2] if key.owner is pod]
        clients.append(Writer(hunt, rolls.random(), home, [pod]))
        for other in all_pods:
            if other is not pod:
                clients.append(Watcher(hunt, rolls.random(), other, home[:2]))
        for _ in range(READERS_PER_POD):
            clients.append(Reader(hunt, rolls.random(), pod))
    return clients


def no_read_is_stale(mesh):
    rolls = random.Random(SEED)
    history = History(keys_of(mesh))
    hunt = Hunt(mesh, history)
    clients = clients_of(hunt, rolls)
    trouble = Trouble(hunt, rolls.random())
    before = hits(mesh)
    for client in clients:
        client.start()
    try:
        counts = trouble.run()
    finally:
        hunt.over.set()
    for client in clients:
        client.join(20)
        assert not client.is_alive(), client.name
    local = hits(mesh) + trouble.lost_hits - before
    print("      %d reads judged (%d of them null), %d near hits, %d writes; not judged: %d loose, "
          "%d floating, %d refused; %s" % (
              history.judged, history.nulls, local, sum(key.newest for key in history.keys),
              history.loose_reads, history.floated, history.refused, dict(counts)), flush=True)
    assert not hunt.failures, "%d failures\n      %s" % (
        len(hunt.failures), "\n      ".join(hunt.failures))
    assert history.judged > 2000 * SECONDS, "too few reads to say anything"
    assert local > history.judged / 5, "too few near hits to say anything"
    assert history.floated < history.judged / 20, "too many reads of writes that failed"


def main():
    tally = Tally()
    why = pods.enter_sandbox()
    if why:
        tally.skip("no read is stale", why)
        return tally.finish()
    print("      HUNT_SEED=%d HUNT_SECONDS=%g" % (SEED, SECONDS), flush=True)
    sys.setswitchinterval(0.0005)
    mesh = Mesh(FLAGS)
    tally.run("no read is stale", no_read_is_stale, mesh)
    for pod in mesh.pods:
        if pod.stop(signal.SIGTERM) != 0 or "ERROR: " in pod.log():
            tally.fail("pod %d ends clean" % pod.number, pod.log()[-3000:])
    mesh.dns.stop()
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
