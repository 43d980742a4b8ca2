#!/usr/bin/python3
"""What INFO, CLIENT LIST and CONFIG say after the same commands.

INFO's counters are compared after a seeded run of random commands on both servers: calls,
refusals and failures of each command, errors by code, hits and misses, keys and expiries.
"""

import re
import sys

import resp
import server
from commands import Maker

SEED = 42
COUNT = 4000
# RESETSTAT would hide what came before. redis-server's SCAN counts hits for TYPE, it looks up some
# keys twice or before it has looked at the other arguments, and counts the keys of SORT's patterns.
LEFT_OUT = (b"CONFIG", b"SCAN", b"XREAD", b"XREADGROUP", b"XAUTOCLAIM", b"SORT", b"SORT_RO",
            b"BITCOUNT", b"BITPOS", b"SPOP", b"LCS")
# What exporters, dashboards and client libraries read.
NEEDED = {
    "server": "redis_version redis_mode process_id tcp_port uptime_in_seconds uptime_in_days hz "
              "run_id os arch_bits config_file",
    "clients": "connected_clients maxclients blocked_clients tracking_clients",
    "memory": "used_memory used_memory_human used_memory_rss used_memory_peak maxmemory "
              "maxmemory_policy mem_fragmentation_ratio mem_allocator mem_clients_normal "
              "mem_replication_backlog mem_cluster_links",
    "persistence": "loading rdb_bgsave_in_progress rdb_last_save_time aof_enabled "
                   "aof_rewrite_in_progress rdb_changes_since_last_save",
    "stats": "total_connections_received total_commands_processed instantaneous_ops_per_sec "
             "total_net_input_bytes total_net_output_bytes rejected_connections expired_keys "
             "evicted_keys keyspace_hits keyspace_misses pubsub_channels total_error_replies",
    "replication": "role connected_slaves master_repl_offset master_replid",
    "cpu": "used_cpu_sys used_cpu_user used_cpu_sys_children used_cpu_user_children",
    "cluster": "cluster_enabled",
}
CLIENT_FIELDS = ("id addr laddr fd name age idle flags db sub psub ssub multi qbuf qbuf-free "
                 "argv-mem multi-mem rbs rbp obl oll omem tot-mem events cmd user redir "
                 "resp").split()
CLIENT_SAME = ("name", "flags", "db", "sub", "psub", "ssub", "multi", "cmd", "user", "redir",
               "resp")


def info(conn, *sections):
    """INFO by field name."""
    lines = conn.call("INFO", *sections).decode().split("\r\n")
    return dict(line.split(":", 1) for line in lines if ":" in line and not line.startswith("#"))


def run_commands(running):
    """The same commands on each server, the counters set to zero before."""
    maker = Maker(SEED, 2)
    with running.connect() as conn:
        conn.call("FLUSHALL")
        conn.call("CONFIG", "RESETSTAT")
        steps = []
        while len(steps) < COUNT:
            made = maker.step()
            if not any(args[0].upper() in LEFT_OUT for args, _ in made):
                steps += made
        conn.exchange(b"".join(resp.encode(args) for args, _ in steps), len(steps))


def same(what, ours, theirs):
    found = ["%s: podis %s, redis %s" % (name, ours.get(name), theirs.get(name))
             for name in sorted(ours.keys() | theirs.keys()) if ours.get(name) != theirs.get(name)]
    assert not found, "%s\n      %s" % (what, "\n      ".join(found))


def calls(conn):
    """calls, rejected_calls and failed_calls of each command."""
    counters = {}
    for name, value in info(conn, "commandstats").items():
        parts = dict(part.split("=") for part in value.split(","))
        counters[name] = tuple(parts.get(x) for x in ("calls", "rejected_calls", "failed_calls"))
    return counters


def commandstats(ours, theirs):
    same("calls, rejected, failed", calls(ours), calls(theirs))


def errorstats(ours, theirs):
    same("errors", info(ours, "errorstats"), info(theirs, "errorstats"))


def hits(ours, theirs):
    names = ("keyspace_hits", "keyspace_misses", "total_error_replies")
    first, second = info(ours, "stats"), info(theirs, "stats")
    same("stats", {n: first.get(n) for n in names}, {n: second.get(n) for n in names})


def keyspace(ours, theirs):
    """keys and expires of each database; the average time to live is a matter of clocks."""
    def read(conn):
        return {db: value.split(",avg_ttl")[0] for db, value in info(conn, "keyspace").items()}
    same("keyspace", read(ours), read(theirs))


def needed_fields(ours, theirs):
    lacking = []
    for section, names in NEEDED.items():
        here, there = info(ours, section), info(theirs, section)
        missing = [n for n in names.split() if n not in here]
        unknown = [n for n in names.split() if n not in there]
        assert not unknown, "not even redis-server has %s" % " ".join(unknown)
        lacking += ["%s (%s)" % (name, section) for name in missing]
    assert not lacking, "INFO lacks %s" % ", ".join(lacking)


def sections_are_headed(ours, theirs):
    """INFO's text: headings and sections in redis-server's order, podis's own aside."""
    def read(conn):
        return re.findall(r"^# (\w+)\r$", conn.call("INFO", "everything").decode(), re.M)
    mine, expected = read(ours), read(theirs)
    shared = [s for s in mine if s in expected]
    assert shared == [s for s in expected if s in mine], "%s, %s" % (mine, expected)
    assert len(mine) == len(set(mine)), "a section twice: %s" % mine
    missing = set(expected) - set(mine) - {"Modules", "Latencystats"}
    assert not missing, "no section %s" % missing
    text = ours.call("INFO", "everything")
    assert text.startswith(b"# Server\r\n") and text.endswith(b"\r\n") and b"\n\n" not in text


def client_list(ours, theirs):
    """One line per client, redis-server's fields in its order; podis may have more at the end."""
    for conn in (ours, theirs):
        conn.call("SELECT", "3")
        conn.call("CLIENT", "SETNAME", "someone")
        conn.call("CLIENT", "NO-EVICT", "on")
    mine, expected = (read_client(conn, "LIST") for conn in (ours, theirs))
    assert [n for n in mine if n in CLIENT_FIELDS] == CLIENT_FIELDS, list(mine)
    same("CLIENT LIST", {n: mine[n] for n in CLIENT_SAME}, {n: expected[n] for n in CLIENT_SAME})
    mine, expected = (read_client(conn, "INFO") for conn in (ours, theirs))
    same("CLIENT INFO", {n: mine[n] for n in CLIENT_SAME}, {n: expected[n] for n in CLIENT_SAME})
    assert mine["addr"] == "%s:%d" % ours.socket.getsockname()
    assert mine["laddr"] == "%s:%d" % ours.socket.getpeername()
    assert int(mine["id"]) == ours.call("CLIENT", "ID")


def read_client(conn, subcommand):
    lines = conn.call("CLIENT", subcommand).decode().strip("\n").split("\n")
    by_name = [dict(field.split("=", 1) for field in line.split(" ")) for line in lines]
    return next(fields for fields in by_name if fields["name"] == "someone")


def config_names(ours, theirs):
    """CONFIG GET * is a map of strings, and what is read may be written back."""
    mine = resp.pairs(ours.call("CONFIG", "GET", "*"))
    assert all(isinstance(v, bytes) for v in mine.values())
    settable = (b"maxmemory", b"maxmemory-policy", b"timeout", b"tcp-keepalive", b"maxclients",
                b"client-output-buffer-limit", b"proto-max-bulk-len", b"client-query-buffer-limit",
                b"hz", b"loglevel",
                b"lazyfree-lazy-user-del", b"requirepass")
    expected = resp.pairs(theirs.call("CONFIG", "GET", "*"))
    for name in settable:
        assert name in mine, "no %s" % name.decode()
        own = ours.raw("CONFIG", "SET", name, mine[name])
        assert own == b"+OK\r\n", "%s does not take its own value" % name.decode()
        assert resp.pairs(ours.call("CONFIG", "GET", name)) == {name: mine[name]}
    for name in settable[1:2] + settable[5:8] + (b"timeout", b"databases"):
        what = "%s is %s, in redis %s" % (name, mine[name], expected[name])
        assert mine[name] == expected[name], what


def config_effects(ours, theirs):
    """Values are read back as redis-server writes them."""
    for name, value in (("maxmemory", "100mb"), ("maxmemory", "1GB"), ("maxmemory", "1k"),
                        ("maxmemory", "0"),
                        ("timeout", "7"), ("timeout", "0"), ("maxmemory-policy", "allkeys-LRU"),
                        ("maxmemory-policy", "noeviction"), ("lazyfree-lazy-expire", "YES"),
                        ("lazyfree-lazy-expire", "no"),
                        ("client-output-buffer-limit", "normal 1mb 2mb 3"),
                        ("client-output-buffer-limit", "pubsub 32mb 8mb 60 normal 0 0 0"),
                        ("proto-max-bulk-len", "1mb"), ("proto-max-bulk-len", "512mb"),
                        ("loglevel", "NOTICE")):
        set_mine, set_theirs = (c.raw("CONFIG", "SET", name, value) for c in (ours, theirs))
        assert set_mine == set_theirs, "%s %s: %s, %s" % (name, value, set_mine, set_theirs)
        mine, expected = ours.raw("CONFIG", "GET", name), theirs.raw("CONFIG", "GET", name)
        assert mine == expected, "%s %s: podis %s, redis %s" % (name, value, mine, expected)


def main():
    tally = server.Tally()
    with server.pair() as (first, second):
        for running in (first, second):
            run_commands(running)
        for test in (commandstats, errorstats, hits, keyspace, needed_fields, sections_are_headed,
                     client_list,
                     config_names, config_effects):
            with first.connect() as ours, second.connect() as theirs:
                tally.run(test.__name__.replace("_", " "), test, ours, theirs)
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
