"""What saving and loading take: 1 M keys of 64 bytes, and memory while all of them change."""

import os
import re
import statistics
import threading
import time

import table
from servers import ask, load, say
from table import Row


def fill(setting, server, keys):
    load(setting.load, '--connect', server.address, '--op', 'set', '--sequential', '--keys', keys,
         '--requests', keys, '--connections', 1, '--pipeline', 64, '--value-len', 64)


def memory_of_all(pid):
    """Of the process and its children, each page counted once for each that has it alone."""
    total, pids = 0, [str(pid)]
    while pids:
        one = pids.pop()
        try:
            with open(f'/proc/{one}/smaps_rollup') as rollup:
                total += int(re.search(r'^Pss:\s+(\d+)', rollup.read(), re.M).group(1)) * 1024
            for task in os.listdir(f'/proc/{one}/task'):
                with open(f'/proc/{one}/task/{task}/children') as children:
                    pids += children.read().split()
        except (FileNotFoundError, ProcessLookupError):
            continue
    return total


class Peak(threading.Thread):
    """The most memory that was seen while it watched."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.pid, self.most, self.ended = pid, 0, False

    def run(self):
        while not self.ended:
            self.most = max(self.most, memory_of_all(self.pid))
            time.sleep(0.02)

    def stop(self):
        self.ended = True
        self.join()
        return self.most


def saves(server):
    return 'rdb_bgsave_in_progress:1' in ask(server.address, 'INFO', 'persistence')


def growth_under_overwrite(setting, server, keys):
    """How much more memory there is at most while a snapshot is taken and every key is written, as
    a share of what there was before."""
    before = memory_of_all(server.process.pid)
    peak = Peak(server.process.pid)
    peak.start()
    ask(server.address, 'BGSAVE')
    fill(setting, server, keys)
    while saves(server):
        time.sleep(0.02)
    return (peak.stop() - before) / before


def one_round(setting, name, keys):
    path = os.path.join(setting.folder, 'dump.rdb')
    with setting.server(name) as server:
        fill(setting, server, keys)
        began = time.monotonic()
        ask(server.address, 'SAVE')
        saved = time.monotonic() - began
        size = os.path.getsize(path)
        began = time.monotonic()
        ask(server.address, 'DEBUG', 'RELOAD', 'NOSAVE')
        loaded = time.monotonic() - began
        grown = growth_under_overwrite(setting, server, keys)
    os.unlink(path)
    return saved, loaded, size, grown


def measure(setting):
    keys = setting.memory_keys
    found = {name: [] for name in setting.names}
    for number in range(setting.starts // 3):
        for name in setting.names:
            say(f'bench: snapshot {number + 1}, {name}')
            found[name].append(one_round(setting, name, keys))
    saved, loaded, size, grown = (
        {name: statistics.median(some[i] for some in found[name]) for name in setting.names}
        for i in range(4))
    count = f'{keys / 1e6:g} M keys'
    return [
        Row(f'SAVE of {count} of 64 B', table.MS, saved, times=0.45 / 0.91),
        Row('… loading them', table.MS, loaded, times=0.45 / 0.65),
        Row('… the file', table.MEGABYTES, size),
        Row('memory on top, BGSAVE while all keys change', table.SHARE, grown, at_most=0.10),
    ]
