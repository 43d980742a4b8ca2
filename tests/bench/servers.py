"""The servers that the benchmark compares, and what the kernel says about them.

A Server is started alone on its own ports, pinned to one core, and asked things over a plain
socket; the load comes from tests/bench/load.c on another core. What a server spends is read from
/proc, never asked of the server itself: allocators and INFO fields count differently.
"""
import os
import re
import signal
import socket
import subprocess
import sys
import time

TICK = os.sysconf('SC_CLK_TCK')
START_MAX_S = 60


class Failed(Exception):
    """Something the benchmark needs did not work; the message says what."""


def free_port():
    """A port nobody listens on, from a range of its own."""
    for port in range(21400, 21500):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(('127.0.0.1', port))
            except OSError:
                continue
            if port not in free_port.given:
                free_port.given.add(port)
                return port
    raise Failed('no free port from 21400 to 21499')


free_port.given = set()


def cores():
    """The core for the servers and the one for the client."""
    allowed = sorted(os.sched_getaffinity(0))
    return allowed[0], allowed[1] if len(allowed) > 1 else allowed[0]


def ask(address, *words, timeout=5.0):
    """One command; its answer as text, an array as its elements' lines. Raises OSError."""
    if address.startswith('unix:'):
        connection = socket.socket(socket.AF_UNIX)
        target = address[5:]
    else:
        connection = socket.socket()
        target = (address.rsplit(':', 1)[0], int(address.rsplit(':', 1)[1]))
    with connection:
        connection.settimeout(timeout)
        connection.connect(target)
        request = b'*%d\r\n' % len(words)
        for word in words:
            request += b'$%d\r\n%s\r\n' % (len(word), word.encode())
        connection.sendall(request)
        with connection.makefile('rb') as stream:
            return read_answer(stream)


def read_answer(stream):
    line = stream.readline().rstrip(b'\r\n')
    if line[:1] == b'$' and line != b'$-1':
        size = int(line[1:])
        return stream.read(size + 2)[:size].decode(errors='replace')
    if line[:1] in (b'*', b'%'):
        count = int(line[1:]) * (2 if line[:1] == b'%' else 1)
        return '\n'.join(read_answer(stream) for _ in range(count))
    return line[1:].decode(errors='replace')


class Server:
    """One process that answers on TCP and on a Unix socket, from start() to stop()."""

    def __init__(self, name, argv, folder, port, under=()):
        self.name = name
        self.folder = folder
        self.address = f'127.0.0.1:{port}'
        self.socket = os.path.join(folder, f'{name}.sock')
        self.argv = [*under, *argv]
        self.process = None

    def start(self):
        """Returns the seconds from the fork to the first PONG."""
        core = cores()[0]
        self.log = open(os.path.join(self.folder, self.name + '.log'), 'ab')
        began = time.monotonic()
        self.process = subprocess.Popen(
            self.argv, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
            cwd=self.folder, preexec_fn=lambda: os.sched_setaffinity(0, {core}))
        while time.monotonic() - began < START_MAX_S:
            try:
                if ask(self.address, 'PING') == 'PONG':
                    return time.monotonic() - began
            except OSError:
                pass
            if self.process.poll() is not None:
                break
            time.sleep(0.0005)
        self.stop()
        raise Failed(f'{self.name} did not answer; see {self.log.name}')

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def rss(self):
        """Bytes of memory the process has resident."""
        with open(f'/proc/{self.process.pid}/status') as status:
            return int(re.search(r'VmRSS:\s+(\d+) kB', status.read()).group(1)) * 1024

    def used_memory(self):
        """What the server itself says, or None."""
        found = re.search(r'^used_memory:(\d+)', ask(self.address, 'INFO', 'memory'), re.M)
        return int(found.group(1)) if found else None

    def cpu(self):
        """(seconds in user space, in the kernel, on a core) so far, of all its threads. The first
        two are counted in ticks, the third is exact."""
        pid = self.process.pid
        with open(f'/proc/{pid}/stat') as stat:
            fields = stat.read().rsplit(')', 1)[1].split()
        user, system = int(fields[11]) / TICK, int(fields[12]) / TICK
        return user, system, self.cpu_exact()

    def cpu_exact(self):
        total = 0
        for task in os.listdir(f'/proc/{self.process.pid}/task'):
            try:
                with open(f'/proc/{self.process.pid}/task/{task}/schedstat') as schedstat:
                    total += int(schedstat.read().split()[0])
            except FileNotFoundError:
                continue
        return total / 1e9


class Echo(Server):
    """The fixed answer of tests/bench/echo.c: what the machine allows at most."""

    def __init__(self, tool, folder, port, op, unix=False):
        super().__init__('ceiling', [], folder, port)
        self.socket = os.path.join(folder, f'ceiling-{op}.sock')
        target = f'unix:{self.socket}' if unix else self.address
        self.argv = [tool, '--echo-server', target, '--op', op]
        self.unix = unix

    def start(self):
        core = cores()[0]
        self.log = open(os.path.join(self.folder, 'ceiling.log'), 'ab')
        self.process = subprocess.Popen(
            self.argv, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
            preexec_fn=lambda: os.sched_setaffinity(0, {core}))
        began = time.monotonic()
        while time.monotonic() - began < 5:
            if self.listens():
                return time.monotonic() - began
            time.sleep(0.005)
        self.stop()
        raise Failed('the echo server does not listen')

    def listens(self):
        family = socket.AF_UNIX if self.unix else socket.AF_INET
        target = self.socket if self.unix else ('127.0.0.1', int(self.address.split(':')[1]))
        with socket.socket(family) as probe:
            return probe.connect_ex(target) == 0


def server_arguments(name, program, folder, port):
    """The command line that makes each of them the same kind of server: memory only."""
    argv = [program, '--port', str(port), '--bind', '127.0.0.1', '--save', '',
            '--appendonly', 'no', '--dir', folder, '--enable-debug-command', 'yes',
            '--unixsocket', os.path.join(folder, f'{name}.sock')]
    if name == 'podis':
        argv += ['--admin-port', '0']
    return argv


def make_server(name, program, folder, under=()):
    port = free_port()
    server = Server(name, server_arguments(name, program, folder, port), folder, port, under)
    return server


def load(tool, *options, prefix=(), limit_s=300):
    """Runs the load client on its core; its line as a dict of numbers."""
    core = cores()[1]
    argv = [*prefix, tool, *(str(option) for option in options)]
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=limit_s,
                              preexec_fn=lambda: os.sched_setaffinity(0, {core}))
    except subprocess.TimeoutExpired:
        raise Failed(f'load took longer than {limit_s} s: {" ".join(argv)}') from None
    if done.returncode != 0:
        raise Failed(f'load: {" ".join(argv)}\n{done.stdout}{done.stderr}')
    return {key: float(value) for key, value in re.findall(r'(\w+)=([\d.]+)', done.stdout)}


def say(*words):
    """Progress goes to standard error, so that the table can be redirected."""
    print(*words, file=sys.stderr, flush=True)
