"""Steps with streams and consumer groups. Ids are given, but for a few that each server makes
itself; idle times are blanked where a reply has any.

All consumers are there from a group's start, since Redis 7.2 makes one where 7.0 did not yet: for
XREADGROUP and XCLAIM that find nothing."""

from makers.part import Part

CONFIG = [(b"stream-node-max-entries", (b"100", b"100", b"5", b"0")),
          (b"stream-node-max-bytes", (b"4096", b"4096", b"200", b"0"))]
GROUPS = [b"g1", b"g2"]
CONSUMERS = [b"alice", b"bob", b"carol"]
FIELDS = [b"name", b"temp", b"a", b"long-field-name"]


class Streams(Part):
    KEYS = [b"stream:1", b"stream:2", b"stream:3{t}", b"stream:4{t}"]

    def __init__(self, maker):
        super().__init__(maker)
        self.last = 0

    def steps(self):
        return {self.add: 14, self.add_many: 1, self.add_anywhere: 2, self.add_now: 1,
                self.ranges: 8, self.delete: 3, self.trim: 1, self.read: 4, self.groups: 6,
                self.read_group: 9, self.acknowledge: 4, self.claim: 4, self.autoclaim: 3,
                self.pending: 5, self.info: 5, self.set_id: 1, self.shape: 1}

    def next_id(self):
        self.last += self.pick([0, 1, 1, 1, 3, 50])
        return b"%d-%d" % (self.last, self.random.randint(0, 3)) if self.chance(0.5) \
            else b"%d" % self.last

    def some_id(self):
        """An id near those that are there, or none."""
        if self.chance(0.06):
            return self.pick([b"", b"abc", b"1-", b"-1", b"1-2-3", b"1-x", b"0-0", b"*", b"$", b">",
                              b"18446744073709551615-18446744073709551615", b"-", b"+",
                              b"18446744073709551616", b"1-18446744073709551616", b" 1", b"01"])
        near = max(0, self.last - int(self.random.random() ** 3 * 200))
        return b"%d" % near if self.chance(0.5) else b"%d-%d" % (near, self.random.randint(0, 3))

    def ids(self, most=5):
        return [self.some_id() for _ in range(self.random.randint(1, most))]

    def fields(self):
        words = []
        for field in FIELDS[:self.random.randint(1, 3)] if self.chance(0.7) else self.elements(3):
            words += [field, self.element()]
        return words

    def trimming(self):
        words = [self.cased(self.pick([b"MAXLEN", b"MINID"]))]
        if self.chance(0.5):
            words.append(self.pick([b"~", b"=", b"~"]))
        if words[0].upper() == b"MAXLEN":
            words.append(self.pick([b"0", b"3", b"10", b"50", b"200", b"1000", self.integer()]))
        else:
            words.append(self.some_id())
        if self.chance(0.2):
            words += [self.cased(b"LIMIT"), self.pick([b"0", b"1", b"10", b"100", b"-1", b"x"])]
        return words

    def add(self):
        args = [b"XADD", self.key()]
        if self.chance(0.1):
            args.append(self.cased(b"NOMKSTREAM"))
        if self.chance(0.12):
            args += self.trimming()
        args.append(self.next_id())
        return [(args + self.fields()[:self.pick([None, None, None, None, None, None, -1])],
                 "same")]

    def add_many(self):
        key = self.key()
        steps = []
        for _ in range(self.pick([20, 101, 250])):
            self.last += 1
            steps.append(([b"XADD", key, b"%d" % self.last] + self.fields(), "same"))
        return steps

    def add_anywhere(self):
        at = self.pick([b"%d-*" % self.last, b"0-*", b"0-1", self.some_id(),
                        b"%d-*" % max(0, self.last - 1)])
        if at == b"*":  # That is for add_now().
            at = b"**"
        return [([b"XADD", self.key(), at, *self.fields()], "same")]

    def add_now(self):
        key = self.own()
        return [([b"XADD", key, b"*", *self.fields()], "kind"), ([b"XLEN", key], "same"),
                ([b"DEL", key], "same")]

    def count_words(self):
        if self.chance(0.6):
            return []
        return [self.cased(b"COUNT"), self.pick([b"0", b"1", b"2", b"10", b"-1", self.integer()])]

    def range_bound(self, open_end):
        which = self.random.random()
        if which < 0.4:
            return open_end
        return (b"(" if which > 0.85 else b"") + self.some_id()

    def ranges(self):
        if self.chance(0.2):
            return [([b"XLEN", self.key()], "same")]
        name, ends = self.pick([(b"XRANGE", (b"-", b"+")), (b"XREVRANGE", (b"+", b"-"))])
        return [([name, self.key(), *(self.range_bound(end) for end in ends),
                  *self.count_words()], "same")]

    def delete(self):
        return [([b"XDEL", self.key(), *self.ids()], "same")]

    def trim(self):
        return [([b"XTRIM", self.key(), *self.trimming()], "same")]

    def read(self):
        keys = self.keys(3)
        args = [b"XREAD", *self.count_words()]
        if self.chance(0.2):
            args += [self.cased(b"BLOCK"), self.pick([b"1", b"3", b"-1", b"abc"])]
        # Redis 7.4 gave + a meaning.
        ids = [b"$" if at == b"+" else at for at in (self.some_id() for _ in keys)]
        args += [self.cased(b"STREAMS"), *keys, *ids]
        return [(args, "same")]

    def group(self):
        return self.pick(GROUPS) if self.chance(0.97) else b"nosuch"

    def groups(self):
        name = self.pick([b"CREATE", b"CREATE", b"CREATE", b"SETID", b"DESTROY",
                          b"CREATECONSUMER", b"DELCONSUMER", b"bad"])
        if name == b"DESTROY" and self.chance(0.6):
            name = b"CREATE"
        key, group = self.key(), self.group()
        args = [b"XGROUP", self.cased(name), key, group]
        if name in (b"CREATE", b"SETID"):
            args.append(self.pick([b"0", b"$", b"0", self.some_id()]))
            if name == b"CREATE" and self.chance(0.5):
                args.append(self.cased(b"MKSTREAM"))
            if self.chance(0.2):
                args += [self.cased(b"ENTRIESREAD"), self.pick([b"0", b"3", b"-1", b"-2", b"x"])]
        elif name.endswith(b"CONSUMER"):
            args.append(self.pick(CONSUMERS))
        if name not in (b"CREATE", b"DELCONSUMER"):
            return [(args, "same")]
        return [(args, "same")] + [([b"XGROUP", b"CREATECONSUMER", key, group, consumer], "same")
                                   for consumer in CONSUMERS]

    def read_group(self):
        keys = [self.own() for _ in range(self.pick([1, 1, 1, 2]))]
        args = [b"XREADGROUP", self.cased(b"GROUP"), self.group(), self.pick(CONSUMERS),
                *self.count_words()]
        if self.chance(0.15):
            args += [self.cased(b"BLOCK"), self.pick([b"1", b"3", b"-1"])]
        if self.chance(0.15):
            args.append(self.cased(b"NOACK"))
        args += [self.cased(b"STREAMS"), *keys]
        args += [b">" if self.chance(0.7) else self.some_id() for _ in keys]
        return [(args, "same")]

    def acknowledge(self):
        return [([b"XACK", self.key(), self.group(), *self.ids()], "same")]

    def min_idle(self):
        """Either all entries have been idle for so long, or none has."""
        return self.pick([b"0", b"0", b"0", b"100000000", b"-1", b"x"])

    def claim(self):
        args = [b"XCLAIM", self.key(), self.group(), self.pick(CONSUMERS), self.min_idle(),
                *self.ids()]
        for option in self.some_of([b"IDLE", b"RETRYCOUNT", b"FORCE", b"JUSTID", b"LASTID",
                                    b"bad"]):
            args.append(self.cased(option))
            if option in (b"IDLE", b"RETRYCOUNT"):
                args.append(self.pick([b"0", b"5", b"1000", b"-1", b"x"]))
            elif option == b"LASTID":
                args.append(self.some_id())
        return [(args, "same")]

    def autoclaim(self):
        args = [b"XAUTOCLAIM", self.key(), self.group(), self.pick(CONSUMERS), self.min_idle(),
                self.pick([b"0", b"0-0", b"-", self.some_id()])]
        if self.chance(0.5):
            args += [self.cased(b"COUNT"), self.pick([b"1", b"2", b"10", b"0", b"-1", b"x"])]
        if self.chance(0.3):
            args.append(self.cased(b"JUSTID"))
        return [(args, "same")]

    def pending(self):
        args = [b"XPENDING", self.key(), self.group()]
        if self.chance(0.3):
            return [(args, "same")]
        if self.chance(0.3):
            args += [self.cased(b"IDLE"), self.min_idle()]
        args += [self.range_bound(b"-"), self.range_bound(b"+"),
                 self.pick([b"10", b"100", b"0", b"-1", b"x"])]
        if self.chance(0.5):
            args.append(self.pick(CONSUMERS))
        return [(args, "xinfo")]

    def info(self):
        name = self.pick([b"STREAM", b"STREAM", b"FULL", b"GROUPS", b"CONSUMERS", b"bad"])
        if name == b"FULL":
            args = [b"XINFO", b"STREAM", self.key(), self.cased(b"FULL")]
            args += self.pick([[], [], [b"COUNT", b"0"], [b"COUNT", b"3"], [b"COUNT", b"x"]])
        else:
            args = [b"XINFO", self.cased(name), self.key()]
        if name == b"CONSUMERS":
            args.append(self.group())
        return [(args, "xinfo")]

    def set_id(self):
        args = [b"XSETID", self.own(), self.some_id()]
        if self.chance(0.3):
            args += [self.cased(b"ENTRIESADDED"), self.pick([b"5", b"1000", b"0", b"-1", b"x"]),
                     self.cased(b"MAXDELETEDID"), self.some_id()]
        return [(args, "kind")]  # Redis 7.2 looks at what was deleted first.

    def shape(self):
        if self.chance(0.7):
            return [([b"OBJECT", b"ENCODING", self.key()], "same")]
        name, values = self.pick(CONFIG)
        return [([b"CONFIG", b"SET", name, self.pick(values)], "same")]
