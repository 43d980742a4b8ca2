"""What a mesh costs: reads of remote keys, and forwarding.

    unshare --net --mount --pid --fork --mount-proc mesh.py PODIS SERVERS LOAD RELAY FOLDER SECONDS

prints NAME=VALUE pairs, or says on standard output why not and exits with status 1. It is run by
tests/bench/run, in namespaces of its own, which take everything started here with them.

Reads and writes are timed in a mesh of three with distance between them, through podis and
straight from the owner. Each podis is alone in a network namespace, as in a pod, and has one peer
address of 127.0.0.2 to .4. In the namespace of one, the addresses of the others belong to relays
(tests/bench/relay.c) that listen there and connect from inside the other's namespace; so all three
have the same list of peers, every connection between them is 0.5 ms longer each way, and there is
nothing else between them.

     namespace 0                               namespace 1
     app ── podis 127.0.0.2:6380               podis 127.0.0.3:6380 ── port 6379
      │        └── 127.0.0.3:6380 ─ relay ──────┘                          │
      └─────────── 127.0.0.1:7000 ─ relay ─────────────────────────────────┘   "straight"

What the proxy spends on a forwarded request is measured without distance, beside twemproxy, each
with one server behind it: podis alone on its core, everything else on the other.
"""
import io
import os
import statistics
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from servers import Failed, ask, cores, load, read_answer, say  # noqa: E402

PODS = 3
KEYS = 1000
DELAY_US = 500
ROUNDS = 3
SETTLE_MAX_S = 20


class Pod:
    """A podis in a network namespace of its own."""

    def __init__(self, index, argv_of, folder):
        self.index = index
        self.peer_host = f'127.0.0.{index + 2}'
        # A namespace lives as long as a process in it; this one keeps it.
        self.keeper = subprocess.Popen(['unshare', '--net', 'sleep', '1000'])
        self.namespace = f'/proc/{self.keeper.pid}/ns/net'
        self.enter = ['nsenter', f'--net={self.namespace}']
        self.folder = os.path.join(folder, f'pod{index}')
        self.argv_of = argv_of
        os.mkdir(self.folder)
        self.wait_for_namespace()
        subprocess.run([*self.enter, 'ip', 'link', 'set', 'lo', 'up'], check=True)

    def wait_for_namespace(self):
        own = os.readlink('/proc/self/ns/net')
        for _ in range(500):
            if os.readlink(self.namespace) != own:
                return
            time.sleep(0.01)
        raise Failed('unshare made no network namespace')

    def start(self):
        log = open(os.path.join(self.folder, 'log'), 'wb')
        self.process = subprocess.Popen(
            [*self.enter, *self.argv_of(self)], stdin=subprocess.DEVNULL, stdout=log,
            stderr=subprocess.STDOUT, preexec_fn=lambda: os.sched_setaffinity(0, {cores()[0]}))

    def ask(self, *words):
        """One command, asked from inside the namespace; None while nobody answers."""
        request = '*%d\r\n' % len(words) + ''.join('$%d\r\n%s\r\n' % (len(w), w) for w in words)
        script = ('import socket,sys\n'
                  's = socket.create_connection(("127.0.0.1", 6379), 3)\n'
                  's.settimeout(8)\n'
                  's.sendall(sys.argv[1].encode())\n'
                  's.shutdown(socket.SHUT_WR)\n'
                  'sys.stdout.buffer.write(s.makefile("rb").read())\n')
        done = subprocess.run([*self.enter, sys.executable, '-c', script, request],
                              capture_output=True, timeout=15)
        if done.returncode != 0 or not done.stdout:
            return None
        return read_answer(io.BytesIO(done.stdout))

    def load(self, *options):
        return load(TOOLS['load'], *options, prefix=self.enter)


TOOLS = {}


def arguments(pod):
    peers = ','.join(f'127.0.0.{index + 2}:6380' for index in range(PODS))
    return [TOOLS['podis'], '--port', '6379', '--bind', '127.0.0.1', '--peer-port', '6380',
            '--peer-bind', pod.peer_host, '--peers', f'static:{peers}', '--admin-port', '0',
            '--save', '', '--appendonly', 'no', '--dir', pod.folder]


def relay(listener, listen, target, connect):
    return subprocess.Popen([TOOLS['relay'], '--delay-us', str(DELAY_US),
                             '--listen-in', listener.namespace, '--listen', listen,
                             '--connect-in', target.namespace, '--connect', connect],
                            preexec_fn=lambda: os.sched_setaffinity(0, {cores()[1]}))


def connect_pods(pods):
    for here in pods:
        for there in pods:
            if here is not there:
                address = f'{there.peer_host}:6380'
                relay(here, address, there, address)
    relay(pods[0], '127.0.0.1:7000', pods[1], '127.0.0.1:6379')


def wait_for_mesh(pods):
    """A tag whose slot the second pod owns, as soon as the first reaches it. PODIS.EXPLAIN says
    who the owner is."""
    began = time.monotonic()
    owner = pods[1].peer_host
    while time.monotonic() - began < SETTLE_MAX_S:
        for number in range(20):
            tag = '{%d}:' % number
            answer = pods[0].ask('PODIS.EXPLAIN', 'SET', tag, 'value')
            if answer is None:
                break
            if owner in answer and pods[0].ask('SET', tag, 'value') == 'OK':
                return tag
        time.sleep(0.2)
    raise Failed(f'no slot of {owner} could be reached within {SETTLE_MAX_S} s; EXPLAIN says: '
                 f'{pods[0].ask("PODIS.EXPLAIN", "SET", "{0}:", "value")}')


def time_both(app, seconds, *options):
    """{'straight': …, 'through': …}: the median over the rounds of p50 and p99, one connection."""
    found = {}
    for name, address in (('straight', '127.0.0.1:7000'), ('through', '127.0.0.1:6379')) * ROUNDS:
        result = app.load('--connect', address, '--connections', 1, '--seconds', seconds / ROUNDS,
                          *options)
        found.setdefault(name, []).append((result['p50_us'], result['p99_us']))
    return {name: [statistics.median(column) for column in zip(*runs)]
            for name, runs in found.items()}


def measure_latency(pods, tag, seconds):
    """Reads once they are near; and writes, which go to the owner whatever is near, so they show
    what a forwarded request takes."""
    app, keys = pods[0], ['--keys', KEYS, '--key-prefix', tag]
    through = '127.0.0.1:6379'

    app.load('--connect', through, '--op', 'set', '--sequential', '--requests', KEYS, *keys)
    app.load('--connect', through, '--connections', 4, '--requests', 40 * KEYS, *keys)
    reads = time_both(app, seconds, *keys)
    writes = time_both(app, seconds, '--op', 'set', *keys)
    return {'direct_p50': reads['straight'][0], 'direct_p99': reads['straight'][1],
            'near_p50': reads['through'][0], 'near_p99': reads['through'][1],
            'write_direct': writes['straight'][0], 'write_through': writes['through'][0]}


# --- what forwarding costs the proxy --------------------------------------------------------------

def spawn(core, argv, folder):
    return subprocess.Popen(argv, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL,
                            preexec_fn=lambda: os.sched_setaffinity(0, {core}))


def spawn_podis(folder):
    """Two podis without distance; the first is the proxy. Its address and process."""
    peers = 'static:127.0.0.11:6380,127.0.0.12:6380'
    made = []
    for index, core in enumerate(cores()):
        home = os.path.join(folder, f'forward{index}')
        os.mkdir(home)
        made.append(spawn(core, [
            TOOLS['podis'], '--port', str(7101 + index), '--bind', '127.0.0.1',
            '--peer-port', '6380', '--peer-bind', f'127.0.0.{11 + index}', '--peers', peers,
            '--admin-port', '0', '--save', '', '--dir', home], home))
    return '127.0.0.1:7101', made[0]


def spawn_twemproxy(folder):
    """twemproxy with one redis-server behind it, or None where they are not."""
    proxy, redis = (os.path.join(TOOLS['servers'], name) for name in ('nutcracker', 'redis-server'))
    if not os.access(proxy, os.X_OK) or not os.access(redis, os.X_OK):
        return None
    config = os.path.join(folder, 'nutcracker.yml')
    with open(config, 'w') as file:
        file.write('pool:\n  listen: 127.0.0.1:7201\n  hash: fnv1a_64\n  distribution: ketama\n'
                   '  redis: true\n  servers:\n   - 127.0.0.1:7202:1\n')
    spawn(cores()[1], [redis, '--port', '7202', '--bind', '127.0.0.1', '--save', ''], folder)
    argv = [proxy, '-c', config, '-s', '7203', '-o', os.path.join(folder, 'nutcracker.log')]
    return '127.0.0.1:7201', spawn(cores()[0], argv, folder)


def wait_for_owner(address):
    """A tag that the other podis of the two owns."""
    for _ in range(100):
        for number in range(20):
            tag = '{%d}:' % number
            try:
                if '127.0.0.12' in ask(address, 'PODIS.EXPLAIN', 'SET', tag, 'value') and \
                        ask(address, 'SET', tag, 'value') == 'OK':
                    return tag
            except OSError:
                break
        time.sleep(0.2)
    raise Failed('two podis on one machine found no mesh')


def wait_until_it_works(address, tag):
    for _ in range(50):
        try:
            if ask(address, 'SET', tag, 'value') == 'OK':
                return True
        except OSError:
            pass
        time.sleep(0.1)
    return False


def cpu_of_process(process):
    """Seconds on a core so far, of all its threads."""
    total = 0
    for task in os.listdir(f'/proc/{process.pid}/task'):
        with open(f'/proc/{process.pid}/task/{task}/schedstat') as schedstat:
            total += int(schedstat.read().split()[0])
    return total / 1e9


def measure_proxies(folder, seconds):
    """µs of CPU per SET at the proxy, by NAME_PIPELINE. The runs of the two alternate."""
    subprocess.run(['ip', 'link', 'set', 'lo', 'up'], check=True)
    proxies = {'podis': spawn_podis(folder), 'twemproxy': spawn_twemproxy(folder)}
    tag = wait_for_owner(proxies['podis'][0])
    if proxies['twemproxy'] is None or not wait_until_it_works(proxies['twemproxy'][0], tag):
        say('bench: no twemproxy to compare with')
        del proxies['twemproxy']
    samples = {}
    for pipeline in (1, 16):
        for _ in range(ROUNDS):
            for name, (address, process) in proxies.items():
                before = cpu_of_process(process)
                result = load(TOOLS['load'], '--connect', address, '--op', 'set', '--keys', KEYS,
                              '--key-prefix', tag, '--pipeline', pipeline, '--seconds', seconds)
                each = (cpu_of_process(process) - before) / result['requests'] * 1e6
                samples.setdefault(f'{name}_{pipeline}', []).append(each)
    return {name: statistics.median(values) for name, values in samples.items()}


def main():
    TOOLS['podis'], TOOLS['servers'], TOOLS['load'], TOOLS['relay'], folder, seconds = sys.argv[1:]
    try:
        pods = [Pod(index, arguments, folder) for index in range(PODS)]
        connect_pods(pods)
        for pod in pods:
            pod.start()
        tag = wait_for_mesh(pods)
        found = measure_latency(pods, tag, float(seconds))
        for pod in pods:
            pod.process.kill()
        found |= measure_proxies(folder, float(seconds) / 2)
    except (Failed, OSError, subprocess.SubprocessError) as failure:
        print(failure)
        for index in range(PODS):
            log = os.path.join(folder, f'pod{index}', 'log')
            if os.path.exists(log):
                say(open(log, errors='replace').read()[-2000:])
        return 1
    print(' '.join(f'{name}={value:.3f}' for name, value in found.items()))
    return 0


if __name__ == '__main__':
    sys.exit(main())
