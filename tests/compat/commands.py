"""Random commands for the differential test: valid, nearly valid and wrong.

A maker is seeded and makes the same commands every time. Strings, keys and the connection are
made here, each other type by a part of its own (makers/). What is made can be compared byte by
byte between two servers, which takes some care:

  * keys expire either long ago or far ahead, never during the test. Times ahead never tie (each
    is used once), so GT and LT decide alike on both servers although their clocks differ by a
    few milliseconds.
  * SET with a time long ago leaves a key that is only gone when somebody looks; a look follows.
  * no value grows to where a server may refuse it for its memory.

step() answers a list of (arguments, how to compare):

    same      byte by byte            near     a time: equal but for some seconds
    bag       an array in any order   near_ms  the same, in milliseconds
    scan      cursor, then a bag      kind     the first byte, where nothing more is promised
    pairs     a bag of pairs          xinfo    equal but for moments and idle times
    member    one of what the command before it answered, and nil only if that was empty
    picked    as many as the other server picked, of what the command before it answered
    encoded   as same or bag, by whether the command before it named an encoding with an order

`scan`, `picked` and `encoded` may be followed by ` pairs`.
"""

import random
import shlex
import string

from makers.bits import Bits, Counters
from makers.hashes import Hashes
from makers.lists import Lists
from makers.places import Places
from makers.sets import Sets
from makers.sorting import Sorting
from makers.streams import Streams
from makers.zsets import Zsets

PARTS = (Lists, Sets, Hashes, Zsets, Streams, Bits, Counters, Places, Sorting)

INTEGERS = [0, 1, -1, 2, 7, 10, 99, 9999, 10000, -9999, 123456, 2**31 - 1, 2**31, -2**31, 2**32,
            17179869184, 2**53, 2**62, 2**63 - 2, 2**63 - 1, -2**63, -2**63 + 1]
BAD_INTEGERS = [b"", b" 1", b"1 ", b"+1", b"01", b"-0", b"-", b"1.0", b"1e3", b"0x10", b"abc",
                b"--1",
                b"9223372036854775808", b"-9223372036854775809", b"18446744073709551616",
                b"1\x00", b"1" * 30, b"nan", b"\xff"]
FLOATS = [b"0", b"1", b"-1", b"0.1", b"-0.1", b"1.5", b"3.0e3", b"1e5", b"5.0e-5", b"1e-10",
          b"1e15",
          b"1e17", b"123456789.123456789", b"0.30000000000000004", b"1.7976931348623157e308",
          b"3.14159265358979323846", b"-2.5e10", b"10000000000000000000", b"1e-20", b".5", b"5.",
          b"+1.5", b"0x1p4", b"0x10", b"1e0", b"100", b"-0", b"-0.0", b"1E2", b"17179869184.5"]
BAD_FLOATS = [b"", b" 1", b"1 ", b"abc", b"1.5abc", b"nan", b"inf", b"-inf", b"+inf", b"infinity",
              b"1e",
              b"--1", b"1,5", b"1\x00", b"1e400", b"-1e5000", b"0x", b"."]
WORDS = [b"", b"a", b"hello", b"Hello World", b"foo bar", b"\x00", b"\xff\xfe\x00\x01", b"\r\n",
         b"*1\r\n",
         b"$5", b"x" * 43, b"x" * 44, b"x" * 45, b"y" * 63, b"z" * 64, b"0" * 20, b"true", b"-",
         b"ohmytext",
         b"mynewtext", b"\xe6\xbc\xa2\xe5\xad\x97"]
KEYS = [b"", b"a", b"b", b"c", b"key", b"KEY", b"foo", b"foo1", b"bar{t}", b"baz{t}", b"{t}",
        b"{}x", b"10",
        b"-3", b"\x00\x01\xff", b"with space", b"new\nline", b"[x]", b"h?llo", b"k" * 60,
        b"k" * 300]
BIG_KEYS = [b"big:1", b"big:2"]
PATTERNS = [b"*", b"", b"?", b"a", b"f*", b"*o*", b"foo[0-9]", b"[a-c]", b"[^a]", b"[c-a]", b"\\*",
            b"h\\?llo",
            b"h?llo", b"[", b"[]", b"\\", b"**a**", b"k*k", b"*{t}", b"[\\]x]", b"*\xff", b"[a",
            b"???", b"-?",
            b"a*a*a*b", b"[\\[]x]", b"[^", b"[a-", b"[x-]*"]
SAMPLES = [[], [], [b"SAMPLES", b"5"], [b"SAMPLES", b"0"], [b"SAMPLES", b"-1"], [b"SAMPLES", b"x"],
           [b"SAMPLES"], [b"bad", b"5"]]
FAR = 4102444800  # The year 2100, in seconds.


class Maker:
    """Commands of a seed; `wanted` may refuse steps that a test cannot compare."""

    def __init__(self, seed, protocol, wanted=lambda steps: True):
        self.random = random.Random("%s/%s" % (seed, protocol))
        self.wanted = wanted
        self.times_used = 0
        self.makers = _weighted(self, [part(self) for part in PARTS])

    # --- parts of commands --------------------------------------------------------------------

    def pick(self, choices):
        return choices[int(self.random.random() * len(choices))]

    def chance(self, probability):
        return self.random.random() < probability

    def key(self):
        """Most likely the key of a string."""
        return self.pick(KEYS) if self.chance(0.96) else self.typed_key()

    def typed_key(self):
        return self.pick(self.pick(PARTS).KEYS)

    def any_key(self):
        """For commands that take all types."""
        return self.key() if self.chance(0.5) else self.typed_key()

    def set_key(self):
        return self.pick(Sets.KEYS)

    def keys(self, most=4):
        return [self.key() for _ in range(self.random.randint(1, most))]

    def integer(self):
        if self.chance(0.12):
            return self.pick(BAD_INTEGERS)
        if self.chance(0.5):
            return b"%d" % self.random.randint(-20, 20)
        return b"%d" % self.pick(INTEGERS)

    def small(self):
        """An index into a string: around its ends, or beyond everything."""
        if self.chance(0.06):
            return self.pick(BAD_INTEGERS)
        if self.chance(0.1):
            return b"%d" % self.pick([2**31, 2**32, 2**63 - 1, -2**63, -2**31, 10**12])
        return b"%d" % self.random.randint(-60, 60)

    def value(self):
        which = self.random.random()
        if which < 0.3:
            return self.pick(WORDS)
        if which < 0.55:
            return b"%d" % (self.pick(INTEGERS) + self.random.randint(-2, 2))
        if which < 0.65:
            return self.pick(FLOATS)
        if which < 0.72:
            return self.pick(BAD_INTEGERS + BAD_FLOATS)
        if which < 0.95:
            return self.text(self.random.randint(0, 80))
        return self.binary(self.random.randint(0, 1200))

    def text(self, length):
        return "".join(self.random.choices("abcdefgh 0123", k=length)).encode()

    def binary(self, length):
        return self.random.randbytes(length)

    def float(self):
        return self.pick(BAD_FLOATS if self.chance(0.1) else FLOATS)

    def word(self):
        return "".join(self.random.choices(string.ascii_letters,
                                           k=self.random.randint(1, 9))).encode()

    def unique_time(self):
        self.times_used += 1
        return self.times_used * 60

    def expiry(self, unit):
        """A time for EX, PX, EXAT or PXAT; (text, whether it lies in the past)."""
        milliseconds = 1000 if unit in (b"PX", b"PXAT") else 1
        if self.chance(0.15):
            return self.pick(BAD_INTEGERS), False
        if self.chance(0.1):
            huge = self.pick([2**63 - 1, -2**63, 9223372036854776, 9223370000000000, 10**16,
                              -10**16,
                              9223372036854770000, 0, -1, -100])
            return b"%d" % huge, huge <= 0
        if unit in (b"EXAT", b"PXAT"):
            if self.chance(0.15):
                return b"%d" % self.pick([1, 1000, 10**9]), True
            return b"%d" % ((FAR + self.unique_time()) * milliseconds), False
        return b"%d" % ((1000 + self.unique_time()) * milliseconds), False

    def cased(self, word):
        """Commands and options are the same in any case."""
        return word.lower() if self.chance(0.3) else word

    def database(self):
        return self.pick([b"0", b"1", b"2", b"0", b"1", b"2", b"15", b"16", b"-1", b"abc", b"",
                          b"99999999999"])

    # --- one step -----------------------------------------------------------------------------

    def step(self):
        made = self.pick(self.makers)()
        while not self.wanted(made):
            made = self.pick(self.makers)()
        args, how = made[0]
        leaned_on = len(made) > 1 and made[1][0][0] not in LOOKS
        if args[0] not in NEVER_MAIMED and not leaned_on and self.chance(0.03):
            maimed = (self.maim(args), "kind" if how in ("kind", "near", "near_ms") else how)
            if self.wanted([maimed]):
                made[0] = maimed
        made[0][0][0] = self.cased(made[0][0][0])
        return made

    def maim(self, args):
        """One argument too few or too many."""
        if len(args) > 1 and self.chance(0.5):
            return args[:-1]
        return args + [self.value()]

    def write_string(self):
        args = [b"SET", self.key(), self.value()]
        past = False
        for option in self.random.sample([b"NX", b"XX", b"GET", b"KEEPTTL", b"EX", b"PX", b"EXAT",
                                          b"PXAT", b"bad"],
                                         k=self.pick([0, 0, 0, 1, 1, 1, 2, 2, 3])):
            args.append(self.cased(option))
            if option in (b"EX", b"PX", b"EXAT", b"PXAT") and not self.chance(0.03):
                time, long_ago = self.expiry(option)
                args.append(time)
                past = past or long_ago
        steps = [(args, "same")]
        if past:
            steps.append(([b"EXISTS", args[1]], "same"))
        return steps

    def write_short(self):
        name, unit = self.pick([(b"SETEX", b"EX"), (b"PSETEX", b"PX")])
        return [([name, self.key(), self.expiry(unit)[0], self.value()], "same")]

    def write_many(self):
        args = [self.pick([b"MSET", b"MSETNX"])]
        for key in self.keys(5):
            args += [key, self.value()]
        return [(args, "same")]

    def write_one(self):
        return [([self.pick([b"SETNX", b"GETSET", b"APPEND", b"APPEND"]), self.key(), self.value()],
                 "same")]

    def write_range(self):
        offset = self.pick([b"-1", b"536870912", b"2147483647", b"9223372036854775807",
                            b"4294967296", b"abc"]) \
            if self.chance(0.2) else b"%d" % self.random.randint(0, 70)
        return [([b"SETRANGE", self.key(), offset, self.pick(WORDS)], "same")]

    def count(self):
        name = self.pick([b"INCR", b"DECR", b"INCRBY", b"DECRBY", b"INCRBYFLOAT", b"INCRBYFLOAT"])
        args = [name, self.key()]
        if name == b"INCRBYFLOAT":
            args.append(self.float())
        elif name.endswith(b"BY"):
            args.append(self.integer())
        return [(args, "same")]

    def count_prepared(self):
        """A counter with a start that fits, because most keys hold words."""
        key = self.key()
        start = self.pick(FLOATS) if self.chance(0.5) else b"%d" % self.pick(INTEGERS)
        args, how = self.count()[0]
        args[1] = key
        return [([b"SET", key, start], "same"), (args, how), ([b"GET", key], "same"),
                ([b"OBJECT", b"ENCODING", key], "same")]

    def read_string(self):
        name = self.pick([b"GET", b"GET", b"STRLEN", b"GETDEL", b"MGET", b"GETRANGE", b"SUBSTR"])
        if name == b"MGET":
            return [([name, *self.keys(6)], "same")]
        if name in (b"GETRANGE", b"SUBSTR"):
            return [([name, self.key(), self.small(), self.small()], "same")]
        return [([name, self.key()], "same")]

    def getex(self):
        args = [b"GETEX", self.key()]
        for option in self.random.sample([b"EX", b"PX", b"EXAT", b"PXAT", b"PERSIST", b"bad"],
                                         k=self.pick([0, 1, 1, 1, 1, 2])):
            args.append(self.cased(option))
            if option not in (b"PERSIST", b"bad"):
                args.append(self.expiry(option)[0])
        return [(args, "same"), ([b"PTTL", args[1]], "near_ms")]

    def lcs(self):
        args = [b"LCS", self.key(), self.key()]
        for option in self.random.sample([b"LEN", b"IDX", b"WITHMATCHLEN", b"MINMATCHLEN", b"bad"],
                                         k=self.pick([0, 1, 1, 2, 2, 3])):
            args.append(self.cased(option))
            if option == b"MINMATCHLEN" and not self.chance(0.05):
                args.append(self.integer())
        return [(args, "same")]

    def lcs_prepared(self):
        first, second = self.random.sample(KEYS, 2)
        steps = [([b"MSET", first, self.text(self.random.randint(0, 60)), second,
                   self.text(self.random.randint(0, 60))], "same")]
        args, how = self.lcs()[0]
        args[1:3] = [first, second]
        return steps + [(args, how)]

    def expire(self):
        name = self.pick([b"EXPIRE", b"PEXPIRE", b"EXPIREAT", b"PEXPIREAT"])
        unit = {b"EXPIRE": b"EX", b"PEXPIRE": b"PX", b"EXPIREAT": b"EXAT",
                b"PEXPIREAT": b"PXAT"}[name]
        args = [name, self.any_key(), self.expiry(unit)[0]]
        options = self.random.sample([b"NX", b"XX", b"GT", b"LT", b"bad"],
                                     k=self.pick([0, 0, 1, 1, 1, 2, 3]))
        args += [self.cased(option) for option in options]
        return [(args, "same"), ([b"PTTL", args[1]], "near_ms")]

    def time_left(self):
        name = self.pick([b"TTL", b"PTTL", b"EXPIRETIME", b"PEXPIRETIME"])
        return [([name, self.any_key()], "near_ms" if name.startswith(b"P") else "near")]

    def on_keys(self):
        name = self.pick([b"DEL", b"UNLINK", b"EXISTS", b"TOUCH", b"EXISTS", b"TOUCH"])
        keys = [self.any_key() for _ in range(self.random.randint(1, 4))]
        return [([name, *keys], "same")]

    def on_key(self):
        return [([self.pick([b"TYPE", b"PERSIST", b"GETDEL"]), self.any_key()], "same")]

    def rename(self):
        return [([self.pick([b"RENAME", b"RENAMENX"]), self.any_key(), self.any_key()], "same")]

    def copy(self):
        args = [b"COPY", self.any_key(), self.any_key()]
        if self.chance(0.5):
            args += [b"DB", self.database()]
        if self.chance(0.5):
            args.append(self.cased(b"REPLACE"))
        if self.chance(0.05):
            args.append(b"bad")
        return [(args, "same")]

    def move(self):
        return [([b"MOVE", self.any_key(), self.database()], "same")]

    def select(self):
        return [([b"SELECT", self.database()], "same"), ([b"DBSIZE"], "same")]

    def swap(self):
        return [([b"SWAPDB", self.database(), self.database()], "same"), ([b"DBSIZE"], "same")]

    def keyspace(self):
        which = self.random.random()
        if which < 0.35:
            return [([b"KEYS", self.pick(PATTERNS)], "bag")]
        if which < 0.55:
            return [([b"KEYS", b"*"], "bag"), ([b"RANDOMKEY"], "member")]
        if which < 0.75:
            return [([b"DBSIZE"], "same")]
        return self.scan()

    def scan(self):
        return [(self.scan_args(b"SCAN"), "scan")]

    def scan_args(self, *words):
        """SCAN, or one of its kin with a key: all in one answer."""
        args = [*words, b"0"]
        if self.chance(0.1):
            args[-1] = self.pick([b"abc", b"", b"1.5", b" 0", b"99999999999999999999999"])
        options = [b"MATCH", b"TYPE", b"bad"] if words == (b"SCAN",) else [b"MATCH", b"MATCH",
                                                                          b"bad"]
        for option in self.random.sample(options, k=self.pick([0, 1, 1, 2])):
            args.append(self.cased(option))
            if option == b"MATCH":
                args.append(self.pick(PATTERNS))
            elif option == b"TYPE":
                args.append(self.pick([b"string", b"STRING", b"list", b"hash", b"nosuch", b""]))
        if self.chance(0.1):
            args += [b"COUNT", self.pick([b"0", b"-5", b"abc", b""])]
        else:
            args += [b"COUNT", b"100000"]
        return args

    def flush(self):
        name = self.pick([b"FLUSHDB", b"FLUSHDB", b"FLUSHALL"])
        args = [name]
        if self.chance(0.5):
            args.append(self.pick([b"ASYNC", b"SYNC", b"bad"]))
        return [(args, "same"), ([b"DBSIZE"], "same")]

    def object(self):
        name = self.pick([b"ENCODING", b"ENCODING", b"ENCODING", b"REFCOUNT", b"IDLETIME", b"FREQ",
                          b"bad"])
        how = {b"REFCOUNT": "kind", b"IDLETIME": "kind"}.get(name, "same")
        if self.chance(0.1):
            return [([b"MEMORY", b"USAGE", self.any_key(), *self.pick(SAMPLES)], "kind")]
        return [([b"OBJECT", self.cased(name), self.any_key()], how)]

    def big(self):
        key = self.pick(BIG_KEYS)
        name = self.pick([b"SET", b"SET", b"GET", b"STRLEN", b"DEL", b"GETRANGE", b"OBJECT"])
        if name == b"SET":
            size = self.pick([15000, 16383, 16384, 16385, 32767, 32768, 32769, 65536, 70000])
            return [([name, key, self.binary(size)], "same")]
        if name == b"GETRANGE":
            return [([name, key, b"%d" % self.random.randint(-70000, 70000), b"-1"], "same")]
        if name == b"OBJECT":
            return [([name, b"ENCODING", key], "same")]
        return [([name, key], "same")]

    def connection(self):
        name = self.pick([b"PING", b"PING", b"ECHO", b"TIME", b"AUTH", b"HELLO", b"CLIENT",
                          b"CLIENT"])
        if name == b"PING":
            return [([name, *[self.value() for _ in range(self.pick([0, 1, 1, 2]))]], "same")]
        if name == b"ECHO":
            return [([name, self.value()], "same")]
        if name == b"TIME":
            return [([name], "kind")]
        if name == b"AUTH":
            return [([name, *self.pick([[b"pw"], [b"nobody", b"pw"], [b"default", b"x"],
                                        [b"a", b"b", b"c"]])], "same")]
        if name == b"HELLO":
            return [([name, *self.pick(HELLO_ERRORS)], "same")]
        return [([name, *self.pick(CLIENT_CALLS)], "same")]

    def admin(self):
        return [(list(self.pick(ADMIN_CALLS)), "same")]

    def about_keys(self):
        """Which arguments of some command are its keys."""
        args = self.pick(self.makers)()[0][0]
        return [([b"COMMAND", self.pick([b"GETKEYS", b"GETKEYSANDFLAGS"]), *args], "same")]

    def unknown(self):
        args = [self.word() + b"zq"] + [self.value() for _ in range(self.random.randint(0, 4))]
        if self.chance(0.1):
            args[0] = self.pick([b"", b"\x00", b"get\x00", b"a" * 200, b"with space", b"new\nline",
                                 b"|", b"config|get"])
        return [(args, "same")]


# With an argument more or less, these would change how the test itself runs, take something else
# for their time-out, leave different data on each server, or mean something since Redis 7.2.
NEVER_MAIMED = (b"HELLO", b"CLIENT", b"CONFIG", b"COMMAND", b"INFO", b"DEBUG", b"FLUSHALL",
                b"BLPOP", b"BRPOP", b"BLMOVE", b"BRPOPLPUSH", b"BZPOPMIN", b"BZPOPMAX", b"SPOP",
                b"ZRANK", b"ZREVRANK", b"BITCOUNT", b"BITPOS",
                b"XREAD", b"XREADGROUP")
# What may follow a command that failed: it only looks.
LOOKS = (b"PTTL", b"EXISTS", b"DBSIZE", b"GET", b"HGET")
# Comparisons that take the answer before into account.
LEANING = ("member", "picked", "encoded")


def table(text):
    r"""Calls, one a line, quoted as for a shell; \n is a newline, a lone dash nothing."""
    rows = []
    for line in text.strip().split("\n"):
        words = [] if line == "-" else shlex.split(line.replace("\\n", "\x01"))
        rows.append([word.replace("\x01", "\n").encode() for word in words])
    return rows


HELLO_ERRORS = table(r"""
4
1
0
abc
-1
3 bad
2 AUTH x
3 SETNAME
3 AUTH nobody pw
3 SETNAME 'a b'
99999999999999999999
2 SETNAME new\nline
""")

CLIENT_CALLS = table(r"""
SETNAME me
SETNAME ''
SETNAME 'a b'
SETNAME x\ny
GETNAME
NO-EVICT on
NO-EVICT off
NO-EVICT bad
REPLY bad
REPLY on
KILL ID abc
KILL ID 999999
KILL ID 0
KILL ID -1
KILL TYPE bad
KILL TYPE pubsub
KILL nobody:1
KILL ADDR 1.2.3.4:5
KILL LADDR 1.2.3.4:5
KILL USER nobody
KILL SKIPME maybe
KILL bad x
KILL ID
KILL
KILL USER default ID 999999
KILL ID 1 bad
LIST TYPE bad
LIST ID abc
LIST ID 999999
LIST ID
LIST bad
LIST TYPE replica
LIST TYPE master
bad
''
ID x
INFO x
GETNAME x
-
""")

ADMIN_CALLS = table(r"""
CONFIG
CONFIG bad
CONFIG GET
CONFIG SET
CONFIG SET maxmemory
CONFIG SET nosuch 1
CONFIG SET maxmemory abc
CONFIG SET maxmemory -1
CONFIG SET timeout -1
CONFIG SET timeout abc
CONFIG SET maxclients 0
CONFIG SET maxmemory-policy bad
CONFIG SET databases 1
CONFIG SET timeout 1 timeout 2
CONFIG SET lazyfree-lazy-expire maybe
CONFIG SET client-output-buffer-limit bad
CONFIG GET nosuch
CONFIG GET databases
CONFIG GET maxmemory-policy
CONFIG GET timeout
CONFIG GET TIMEOUT
CONFIG GET maxmemory-p*
CONFIG RESETSTAT x
CONFIG RESETSTAT
CONFIG SET maxmemory 100mb
CONFIG GET maxmemory
CONFIG SET maxmemory 0
CONFIG REWRITE
COMMAND bad
COMMAND INFO nosuch
COMMAND DOCS nosuch
COMMAND GETKEYS
COMMAND GETKEYS GET
COMMAND GETKEYS GET k
COMMAND GETKEYS MSET a 1 b 2
COMMAND GETKEYS PING
COMMAND GETKEYS nosuch k
COMMAND GETKEYS SET k
COMMAND GETKEYS LCS a b LEN
COMMAND GETKEYS RENAME a b
COMMAND GETKEYS OBJECT ENCODING k
COMMAND GETKEYS MGET a a
COMMAND COUNT x
COMMAND LIST bad
COMMAND LIST FILTERBY bad x
COMMAND LIST FILTERBY ACLCAT nosuch
COMMAND GETKEYSANDFLAGS GET k
COMMAND GETKEYSANDFLAGS SET k v
COMMAND GETKEYSANDFLAGS COPY a b
COMMAND GETKEYSANDFLAGS DEL a b
INFO nosuch
DEBUG
DEBUG bad
DEBUG SLEEP 0
OBJECT
OBJECT bad
OBJECT ENCODING
DEBUG PROTOCOL string
DEBUG PROTOCOL integer
DEBUG PROTOCOL double
DEBUG PROTOCOL null
DEBUG PROTOCOL array
DEBUG PROTOCOL set
DEBUG PROTOCOL map
DEBUG PROTOCOL attrib
DEBUG PROTOCOL bignum
DEBUG PROTOCOL true
DEBUG PROTOCOL false
DEBUG PROTOCOL verbatim
DEBUG SET-ACTIVE-EXPIRE 1
""")


def key_lists():
    """All keys that makers know, to be changed in place."""
    return [KEYS, BIG_KEYS, *(part.KEYS for part in PARTS)]


def _weighted(maker, parts):
    """Each way to make a step, as often as it is to be picked."""
    weights = {maker.write_string: 14, maker.write_short: 3, maker.write_many: 5,
               maker.write_one: 7,
               maker.write_range: 5, maker.count: 5, maker.count_prepared: 5, maker.read_string: 16,
               maker.getex: 5,
               maker.lcs: 1, maker.lcs_prepared: 2, maker.expire: 8, maker.time_left: 5,
               maker.on_keys: 4,
               maker.on_key: 3, maker.rename: 3, maker.copy: 4, maker.move: 2, maker.select: 3,
               maker.swap: 1,
               maker.keyspace: 4, maker.flush: 1, maker.object: 5, maker.big: 2,
               maker.connection: 4, maker.admin: 4, maker.about_keys: 12,
               maker.unknown: 1}
    for part in parts:
        weights.update(part.steps())
    return [make for make, weight in weights.items() for _ in range(weight)]
