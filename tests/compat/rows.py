#!/usr/bin/python3
"""What COMMAND says of each command that both servers have: one test per command and answer.

Compared with redis-server 7.0: arity, flags, key positions, ACL categories, tips, key
specifications and subcommands of COMMAND INFO; since, group and arguments of COMMAND DOCS. Flags,
categories and tips are sets. A summary is prose and only has to be there.

KNOWN holds differences that are meant, each with its reason.
"""

import sys

import resp
import server

INFO_FIELDS = ("name", "arity", "flags", "first key", "last key", "step", "categories", "tips",
               "key specs",
               "subcommands")
SETS = ("flags", "categories", "tips")
DOC_FIELDS = (b"since", b"group", b"arguments", b"deprecated_since", b"replaced_by",
              b"subcommands")
ARGUMENT_FIELDS = (b"name", b"type", b"key_spec_index", b"token", b"since", b"deprecated_since",
                   b"flags", b"arguments")

# (command, field): why podis says something else there.
KNOWN = {
    ("set", "arguments"): "IFEQ and IFNE, as in Valkey 8.1 and Redis 8.4",
    ("zrank", "arity"): "WITHSCORE, as in Redis 7.2",
    ("zrank", "arguments"): "WITHSCORE, as in Redis 7.2",
    ("zrevrank", "arity"): "WITHSCORE, as in Redis 7.2",
    ("zrevrank", "arguments"): "WITHSCORE, as in Redis 7.2",
    ("client|kill", "arguments"): "the filters are named as in Redis 7.2; the words are the same",
    ("cluster|slots", "deprecated_since"): "most clients ask for nothing else",
    ("cluster|slots", "replaced_by"): "most clients ask for nothing else",
}


# Commands of redis-server 7.0 that podis does not have yet, by what they wait for. A name that is
# neither here nor in podis's table fails, and so does one that is in both.
LACKING = {
    "other copies": "migrate restore-asking",
    "modules": "module",
}


def plain(value):
    """A reply with maps as dicts, so that their order does not matter."""
    if isinstance(value, list):
        if value and isinstance(value[0], tuple):
            return {plain(k): plain(v) for k, v in value}
        return [plain(item) for item in value]
    return value


def info_of(conn, name):
    """One row of COMMAND INFO, by field; None if the server does not know the name."""
    row = conn.call("COMMAND", "INFO", name)[0]
    return None if row is None else info_fields(row)


def info_fields(row):
    fields = dict(zip(INFO_FIELDS, row))
    for name in SETS:
        fields[name] = sorted(fields[name])
    fields["key specs"] = [plain(spec) for spec in fields["key specs"]]
    for spec in fields["key specs"]:
        spec[b"flags"] = sorted(spec[b"flags"])
        spec.pop(b"notes", None)
    fields["subcommands"] = {row[0]: info_fields(row) for row in fields["subcommands"] or []}
    return fields


def docs_of(conn, name):
    return docs_fields(plain(conn.call("COMMAND", "DOCS", name))[name])


def docs_fields(docs):
    fields = {name.decode(): docs.get(name) for name in DOC_FIELDS}
    fields["has a summary"] = bool(docs.get(b"summary"))
    fields["arguments"] = [argument_fields(a) for a in fields["arguments"] or []]
    subcommands = (fields["subcommands"] or {}).items()
    fields["subcommands"] = {name: docs_fields(d) for name, d in subcommands}
    return fields


def argument_fields(argument):
    fields = {name: argument[name] for name in ARGUMENT_FIELDS if name in argument}
    if b"flags" in fields:
        fields[b"flags"] = sorted(fields[b"flags"])
    if b"arguments" in fields:
        fields[b"arguments"] = [argument_fields(a) for a in fields[b"arguments"]]
    return fields


def unlike(name, ours, theirs):
    """The fields that differ, as text. Of subcommands, those that both have count."""
    found = []
    for field in theirs:
        if (name, field) in KNOWN or ours.get(field) == theirs[field]:
            continue
        if field == "subcommands":
            for sub in theirs[field].keys() & ours[field].keys():
                found += unlike(sub.decode(), ours[field][sub], theirs[field][sub])
            continue
        found.append("\n      %s %s\n        podis  %s\n        redis  %s" % (name, field,
                                                                              ours.get(field),
                                                                              theirs[field]))
    return found


def compare(tally, what, name, ours, theirs):
    found = unlike(name.decode(), ours, theirs)
    if found:
        tally.fail("COMMAND %s %s" % (what, name.decode()), "".join(found))
    else:
        tally.ok("COMMAND %s %s" % (what, name.decode()))


def counts_agree(conn):
    names = server.names_of(conn)
    rows = conn.call("COMMAND")
    odd = {row[0] for row in rows} ^ names
    assert not odd, "COMMAND and COMMAND LIST: only one has %s" % odd
    assert conn.call("COMMAND", "COUNT") == len(names), "COMMAND COUNT is not their number"
    assert len(plain(conn.call("COMMAND", "DOCS"))) == len(names), "COMMAND DOCS leaves some out"


def filters_agree(conn):
    """COMMAND LIST FILTERBY finds what the rows say."""
    rows = {row[0]: info_fields(row) for row in conn.call("COMMAND")}
    for category in ("read", "write", "string", "keyspace", "connection", "fast", "slow", "admin",
                     "dangerous"):
        found = {n for n in conn.call("COMMAND", "LIST", "FILTERBY", "ACLCAT",
                                      category) if b"|" not in n}
        expected = {n for n, row in rows.items() if b"@" + category.encode() in row["categories"]}
        assert found == expected, "ACLCAT %s: %s" % (category, found ^ expected)
    found = {n for n in conn.call("COMMAND", "LIST", "FILTERBY", "PATTERN", "ge*") if b"|" not in n}
    assert found == {n for n in rows if n.startswith(b"ge")}


def all_are_accounted_for(ours, theirs):
    """What only redis-server has is what is known to come later."""
    missing = {name.decode() for name in server.names_of(theirs) - server.names_of(ours)}
    expected = {name for names in LACKING.values() for name in names.split()}
    unexplained, there = missing - expected, expected - missing
    assert not unexplained and not there, "podis lacks: %s; podis has, or Redis has not: %s" % (
        " ".join(sorted(unexplained)), " ".join(sorted(there)))


def main():
    tally = server.Tally()
    with server.pair() as (first, second):
        with first.connect(3) as ours, second.connect(3) as theirs:
            shared = sorted(server.names_of(ours) & server.names_of(theirs))
            for name in shared:
                compare(tally, "INFO", name, info_of(ours, name), info_of(theirs, name))
                compare(tally, "DOCS", name, docs_of(ours, name), docs_of(theirs, name))
            tally.run("every command is there or known to come", all_are_accounted_for, ours,
                      theirs)
            tally.run("COMMAND, COMMAND LIST, COUNT and DOCS agree", counts_agree, ours)
            tally.run("COMMAND LIST FILTERBY agrees with the rows", filters_agree, ours)
        with first.connect(2) as ours:
            tally.run("the same in RESP2", resp2_is_flat, ours)
    return tally.finish()


def resp2_is_flat(conn):
    docs = resp.pairs(conn.call("COMMAND", "DOCS", "get"))
    assert b"summary" in resp.pairs(docs[b"get"]), docs
    spec = resp.pairs(conn.call("COMMAND", "INFO", "get")[0][8][0])
    assert spec[b"begin_search"][1] == b"index", spec


if __name__ == "__main__":
    sys.exit(main())
