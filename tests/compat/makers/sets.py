"""Steps with sets. What is random is compared by what it must be, on both servers; where that
changes the data (SPOP), the key is deleted afterwards, since each server popped its own."""

from makers.part import Part

CONFIG = [(b"set-max-intset-entries", (b"512", b"512", b"3", b"0", b"40"))]


class Sets(Part):
    KEYS = [b"set:1", b"set:2", b"set:3", b"set:4{t}", b"set:5{t}"]

    def steps(self):
        return {self.add: 8, self.add_integers: 4, self.add_many: 1, self.remove: 6,
                self.move: 2, self.read: 8, self.combine: 5, self.combine_into: 3,
                self.pick_some: 3, self.pop_all: 1, self.pop: 2, self.scan: 2, self.shape: 2}

    def add(self):
        return [([b"SADD", self.key(), *self.elements()], "same")]

    def add_integers(self):
        width = self.pick([100, 2**15, 2**31, 2**63 - 1])
        members = [b"%d" % self.random.randint(-width, width)
                   for _ in range(self.random.randint(1, 9))]
        return [([b"SADD", self.key(), *members], "same")]

    def add_many(self):
        return [([b"SADD", self.key(), *self.series()], "same")]

    def remove(self):
        return [([b"SREM", self.key(), *self.elements()], "same")]

    def move(self):
        return [([b"SMOVE", self.key(), self.key(), self.element()], "same")]

    def read(self):
        name = self.pick([b"SISMEMBER", b"SMISMEMBER", b"SMEMBERS", b"SMEMBERS", b"SCARD"])
        args = [name, self.key()]
        if name == b"SISMEMBER":
            args.append(self.element())
        if name == b"SMISMEMBER":
            args += self.elements()
        return [(args, "bag" if name == b"SMEMBERS" else "same")]

    def combine(self):
        name = self.pick([b"SINTER", b"SUNION", b"SDIFF", b"SINTERCARD"])
        if name != b"SINTERCARD":
            return [([name, *self.keys()], "bag")]
        args = [name, *self.numbered(self.keys())]
        if self.chance(0.5):
            args.append(self.cased(b"LIMIT"))
            if self.chance(0.97):
                args.append(self.count())
        return [(args, "same")]

    def combine_into(self):
        name = self.pick([b"SINTERSTORE", b"SUNIONSTORE", b"SDIFFSTORE"])
        return [([name, self.key(), *self.keys()], "same")]

    def pick_some(self):
        key = self.key()
        args = [b"SRANDMEMBER", key]
        if self.chance(0.7):
            args.append(self.pick([b"0", b"1", b"3", b"-1", b"-5", b"40", b"-200", b"10000",
                                   self.pick([b"x", b"", b"-9223372036854775808"])]))
        return [([b"SMEMBERS", key], "bag"), (args, "picked")]

    def pop_all(self):
        return [([b"SPOP", self.key(), b"100000"], "bag")]

    def pop(self):
        key = self.own()
        args = [b"SPOP", key]
        if self.chance(0.6):
            args.append(self.pick([b"0", b"1", b"2", b"5", b"100", b"-1", b"x"]))
        steps = [([b"SMEMBERS", key], "bag"), (args, "picked"), ([b"SCARD", key], "same"),
                 ([b"DEL", key], "same")]
        if self.chance(0.5):
            steps.insert(0, self.add_many()[0])
            steps[0][0][1] = key
        return steps

    def scan(self):
        return [(self.maker.scan_args(b"SSCAN", self.key()), "scan")]

    def shape(self):
        if self.chance(0.7):
            return [([b"OBJECT", b"ENCODING", self.key()], "same")]
        name, values = self.pick(CONFIG)
        return [([b"CONFIG", b"SET", name, self.pick(values)], "same")]
