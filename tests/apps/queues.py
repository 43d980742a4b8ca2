#!/usr/bin/env python3
"""Queues of Python programs: rq and celery, with Debian's redis-py, alone and in a mesh of three.

Neither knows of clusters: in a mesh a rule keeps all their keys at one owner. Producer and workers
are at different pods.
"""

import datetime
import gc
import os
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "compat"), HERE]

import celery  # noqa: E402
import redis  # noqa: E402
import rq  # noqa: E402
from server import Server, Tally, free_port, podis_program  # noqa: E402

ONE_OWNER = r"^()(?:rq:|_kombu|unacked|.*celery) shard=$1"
JOBS = 500


def until(condition, seconds, what):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return
        time.sleep(0.02)
    raise AssertionError("%s: not within %s s" % (what, seconds))


class Place:
    """One podis, or three that are a mesh; port(n) is that of the n-th part of an application."""

    def __init__(self, count):
        self.name = "alone" if count == 1 else "in a mesh of three"
        flags = []
        peers = [free_port() for _ in range(count)] if count > 1 else []
        if peers:
            members = ",".join("127.0.0.1:%d" % port for port in peers)
            flags = ["--peers", "static:" + members, "--mesh-settle", "100", "--rule", ONE_OWNER]
        self.servers = [
            Server(podis_program(), *flags, *(["--peer-port", str(peers[n])] if peers else []))
            for n in range(count)]
        for server in self.servers if peers else []:
            conn = redis.Redis(port=server.port)
            until(lambda: self.links(conn) == count - 1, 10, "the mesh is whole")

    @staticmethod
    def links(conn):
        peers = [value for name, value in conn.info().items() if name.startswith("peer")]
        return sum("ready" in str(peer) for peer in peers)

    def port(self, part):
        return self.servers[part % len(self.servers)].port

    def stop(self):
        for server in self.servers:
            server.stop()


class Worker:
    """A worker's process, ended at the end of a `with`."""

    def __init__(self, port, *argv):
        env = dict(os.environ, TASKS_PORT=str(port),
                   PYTHONPATH=os.pathsep.join([HERE, *sys.path]))
        self.process = subprocess.Popen([sys.executable, *argv], env=env, cwd=HERE,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def __enter__(self):
        return self.process

    def __exit__(self, kind, *_):
        self.process.terminate()
        said, _ = self.process.communicate(timeout=20)
        if kind is not None:
            print(said[-3000:])


def rq_worker(port):
    return Worker(port, "-m", "rq.cli", "worker", "--url", "redis://127.0.0.1:%d" % port,
                  "--worker-class", "rq.worker.SimpleWorker", "--with-scheduler", "work")


def rq_does_jobs_retries_and_dependencies(place):
    import tasks
    queue = rq.Queue("work", connection=redis.Redis(port=place.port(0)))
    with rq_worker(place.port(1)), rq_worker(place.port(2)):
        jobs = [queue.enqueue(tasks.add, n, 1) for n in range(JOBS)]
        failing = queue.enqueue(tasks.fail, retry=rq.Retry(max=2))
        total = queue.enqueue(tasks.total_of_dependencies, depends_on=jobs[:10])
        later = queue.enqueue_in(datetime.timedelta(seconds=1), tasks.add, 20, 22)
        until(lambda: all(job.get_status() == "finished" for job in jobs), 60, "all jobs")
        assert [job.result for job in jobs] == [n + 1 for n in range(JOBS)]
        until(lambda: failing.get_status() == "failed", 20, "the failing one is given up")
        assert queue.failed_job_registry.count == 1
        until(lambda: total.get_status() == "finished", 20, "the dependent one")
        assert total.result == sum(range(1, 11)), total.result
        until(lambda: later.get_status() == "finished", 20, "the scheduled one")
        assert later.result == 42 and queue.count == 0
        assert len(rq.Worker.all(connection=queue.connection)) == 2
    until(lambda: not rq.Worker.all(connection=queue.connection), 20, "the workers say goodbye")


def celery_does_tasks_chords_and_retries(place):
    os.environ["TASKS_PORT"] = str(place.port(0))
    sys.modules.pop("tasks", None)
    import tasks
    argv = ["-m", "celery", "-A", "tasks", "worker", "--pool", "threads", "--concurrency", "4",
            "--without-mingle", "--without-heartbeat"]
    with Worker(place.port(1), *argv, "-n", "one@x"), Worker(place.port(2), *argv, "-n", "two@x"):
        results = [tasks.product.delay(n, 2) for n in range(JOBS)]
        assert [result.get(timeout=60) for result in results] == [2 * n for n in range(JOBS)]
        chord = celery.chord([tasks.product.s(n, n) for n in range(20)], tasks.total.s())
        assert chord.apply_async().get(timeout=30) == sum(n * n for n in range(20))
        chain = celery.chain(tasks.product.s(2, 3), tasks.product.s(7))
        assert chain.apply_async().get(timeout=30) == 42
        assert tasks.third_time.delay().get(timeout=30) == 2
        began = time.monotonic()
        later = tasks.product.apply_async((6, 7), countdown=1)
        assert later.get(timeout=30) == 42 and time.monotonic() - began > 0.9
        assert len(tasks.app.control.ping(timeout=2)) == 2


def main():
    tally = Tally()
    for count in (1, 3):
        place = Place(count)
        for test in (rq_does_jobs_retries_and_dependencies, celery_does_tasks_chords_and_retries):
            tally.run("%s %s" % (test.__name__.replace("_", " "), place.name), test, place)
        gc.collect()  # Results unsubscribe when they go.
        place.stop()
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
