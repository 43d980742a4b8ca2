"""Pods on one machine: a network namespace each, on one bridge, and dnsmasq as cluster DNS.

A test program that imports this runs itself again inside namespaces of its own (network,
mounts, processes), so that nothing it makes is seen outside or outlives it. There

    bridge 10.77.0.254    dnsmasq on port 53, this program
    pod N  10.77.0.N      one podis, its app port on the pod's own 127.0.0.1:6379

An app's connection is a socket made inside the pod's namespace.
"""

import contextlib
import ctypes
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "compat"))

import resp  # noqa: E402

DNS = "10.77.0.254"
NAME = "podis.shop.svc.cluster.local"
CLONE_NEWNET = 0x40000000
LIBC = ctypes.CDLL(None, use_errno=True)


def enter_sandbox():
    """Goes on inside fresh namespaces, or returns why that is not possible here."""
    if os.environ.get("PODIS_SANDBOX") == "1":
        os.environ.pop("PODIS_SANDBOX")
        shell("ip link set lo up; mount -t tmpfs none /run; mkdir -p /run/netns;"
              "ip link add br0 type bridge; ip addr add %s/16 dev br0; ip link set br0 up" % DNS)
        return None
    wrap = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    if os.geteuid() != 0:
        wrap[1:1] = ["--user", "--map-root-user"]
    if subprocess.run([*wrap, "ip", "link", "add", "br0", "type", "bridge"],
                      stderr=subprocess.DEVNULL).returncode != 0:
        return "network namespaces cannot be made here"
    os.execvpe(wrap[0], [*wrap, sys.executable, *sys.argv],
               {**os.environ, "PODIS_SANDBOX": "1"})


def shell(script):
    subprocess.run(["sh", "-ec", script], check=True)


def until(condition, seconds, what):
    """Waits for a condition; returns what it gave, and fails after so many seconds."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            value = condition()
        except (OSError, resp.Error, resp.Closed):
            value = None
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError("%s: not within %.1f s" % (what, seconds))
        time.sleep(0.02)


class Dns:
    """dnsmasq, answering NAME with the pods that are listed."""

    def __init__(self, folder):
        self.hosts = os.path.join(folder, "hosts")
        self.folder = folder
        self.seen = os.path.join(folder, "dnsmasq.log")
        self.process = None
        self.list([])
        self.start()

    def start(self, *flags):
        reads = self.reads()
        log = open(os.path.join(self.folder, "dnsmasq.log"), "ab")
        self.process = subprocess.Popen(
            [os.path.join(os.environ["SERVERS"], "dnsmasq"), "--keep-in-foreground", "--conf-file=",
             "--no-resolv", "--no-hosts", "--addn-hosts=" + self.hosts, "--listen-address=" + DNS,
             "--bind-interfaces", "--local=/cluster.local/", "--user=root", "--group=root",
             "--pid-file=", "--log-queries", "--log-facility=-", "--edns-packet-max=1232", *flags],
            stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        log.close()
        until(lambda: self.reads() > reads, 10, "dnsmasq read its hosts")

    def reads(self):
        """How often it has read the list so far."""
        return len(re.findall("read .*/hosts", self.log()))

    def stop(self):
        self.process.kill()
        self.process.wait()

    def list(self, addresses):
        """The name has these addresses from now on."""
        with open(self.hosts + ".new", "w") as file:
            file.writelines("%s %s\n" % (address, NAME) for address in addresses)
        os.rename(self.hosts + ".new", self.hosts)
        if self.process is not None:
            self.process.send_signal(signal.SIGHUP)

    def log(self):
        if not os.path.exists(self.seen):
            return ""
        with open(self.seen) as file:
            return file.read()


class Pod:
    """One podis in a namespace of its own. flags come on top of what makes a mesh."""

    def __init__(self, number, folder):
        self.number = number
        self.ip = "10.77.%d.%d" % (number >> 8, number & 255)
        self.folder = os.path.join(folder, "pod%d" % number)
        self.netns = "/run/netns/p%d" % number
        self.process = None
        self.log_path = os.path.join(self.folder, "log")
        os.makedirs(self.folder)
        shell("ip netns add p{n}; ip link add h{n} type veth peer name eth0 netns p{n};"
              "ip link set h{n} master br0 up; ip -n p{n} addr add {ip}/16 dev eth0;"
              "ip -n p{n} link set eth0 up; ip -n p{n} link set lo up"
              .format(n=number, ip=self.ip))

    def start(self, *flags, program=None, wait=True):
        env = {k: v for k, v in os.environ.items() if not k.startswith("PODIS_")}
        argv = [program or os.environ.get("ASAN_PODIS") or os.environ["PODIS"], "--port", "6379",
                "--peers", "dns:" + NAME + ".", "--dns-server", DNS + ":53",
                "--admin-port", "9121", "--enable-debug-command", "yes", *flags]
        if not os.path.exists(argv[0]):
            argv[0] = os.environ["PODIS"]
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                ["ip", "netns", "exec", "p%d" % self.number, *argv], stdout=log,
                stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, cwd=self.folder,
                env={**env, "POD_IP": self.ip})
        if wait:
            until(lambda: self.call("PING") == b"PONG", 20, "pod %d answers" % self.number)
        return self

    @contextlib.contextmanager
    def inside(self):
        """What is opened in here is opened in the pod's network."""
        with open("/proc/thread-self/ns/net") as own, open(self.netns) as other:
            if LIBC.setns(other.fileno(), CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "setns")
            try:
                yield
            finally:
                LIBC.setns(own.fileno(), CLONE_NEWNET)

    def connect(self, protocol=2, port=6379, host="127.0.0.1", timeout=15.0):
        with self.inside():
            return resp.Connection((host, port), protocol, timeout)

    def call(self, *args, **options):
        with self.connect(**options) as conn:
            return conn.call(*args)

    def try_call(self, *args):
        """The decoded reply, errors as values."""
        with self.connect() as conn:
            return resp.decode(conn.raw(*args))

    def info(self, section="mesh"):
        lines = self.call("INFO", section).decode().split("\r\n")
        return dict(line.split(":", 1) for line in lines if ":" in line)

    def local_keys(self):
        """Keys that this podis itself holds, in database 0."""
        return int(self.info("keyspace").get("db0", "keys=0").split(",")[0][5:])

    def packets(self):
        """Packets that the pod has sent and received so far."""
        shown = subprocess.run(["ip", "-s", "-j", "link", "show", "h%d" % self.number], check=True,
                               capture_output=True).stdout
        counts = json.loads(shown)[0]["stats64"]
        return counts["rx"]["packets"] + counts["tx"]["packets"]

    def send_signal(self, number):
        self.process.send_signal(number)

    def stop(self, number=signal.SIGKILL):
        """The exit status."""
        if self.process is None:
            return 0
        if self.process.poll() is None:
            self.process.send_signal(number)
        status = self.process.wait(30)
        self.process = None
        return status

    def cut(self):
        """The network fails without a word: no FIN, no RST."""
        shell("ip link set h%d down" % self.number)

    def heal(self):
        shell("ip link set h%d up" % self.number)

    def log(self):
        with open(self.log_path, errors="replace") as file:
            return file.read()


def folder():
    base = os.path.join(os.environ.get("BUILD", "build"), "integration")
    os.makedirs(base, exist_ok=True)
    return tempfile.mkdtemp(dir=base)
