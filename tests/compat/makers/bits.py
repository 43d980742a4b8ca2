"""Steps with bits of strings, and with HyperLogLogs, whose bytes are compared as well."""

from makers.part import Part

TYPES = [b"u8", b"i8", b"u1", b"i64", b"u63", b"i5", b"u16", b"i33", b"u64", b"i65", b"u0", b"x8",
         b"8", b"i", b""]


class Bits(Part):
    KEYS = [b"bits:1", b"bits:2", b"bits:3", b"bits:4{t}", b"bits:5{t}"]

    def steps(self):
        return {self.one: 8, self.text: 2, self.count_bits: 6, self.position: 6, self.wrong: 1,
                self.combine: 4, self.fields: 6}

    def offset(self):
        if self.chance(0.06):
            return self.pick([b"-1", b"4294967296", b"4294967295000", b"abc", b"", b"1.5",
                              b"9223372036854775807"])
        return b"%d" % self.random.randint(0, 900)

    def one(self):
        if self.chance(0.5):
            return [([b"GETBIT", self.key(), self.offset()], "same")]
        return [([b"SETBIT", self.key(), self.offset(), self.pick([b"0", b"1", b"1", b"2", b"x"])],
                 "same")]

    def text(self):
        value = self.pick([self.maker.binary(self.random.randint(0, 150)), b"\xff" * 70,
                           b"\x00" * 70, b"\xff" * 9 + b"\x00" * 9, b"12345"])
        return [([b"SET", self.own(), value], "same")]

    def whole(self):
        """A number that is one: since Redis 7.2 a wrong one is an error without a key, too."""
        if self.chance(0.1):
            return b"%d" % self.pick([2**31, 2**32, 2**63 - 1, -2**63])
        return b"%d" % self.random.randint(-80, 80)

    def unit(self):
        return self.cased(self.pick([b"BIT", b"BYTE"]))

    def wrong(self):
        """What is wrong in any version, asked of a key that is there and a string."""
        number = self.pick([b"", b"x", b"1.5", b"9223372036854775808", b" 1"])
        rest = self.pick([[number], [number, b"1"], [b"0", number], [b"0", b"1", b"bad"],
                          [b"0", b"1", b"BIT", b"BIT"], [b"0", number, b"BYTE"]])
        args = self.pick([[b"BITCOUNT", b"there"], [b"BITPOS", b"there", b"1"],
                          [b"BITPOS", b"there", b"0"]])
        return [([b"SET", b"there", b"text"], "same"), (args + rest, "same")]

    def count_bits(self):
        args = [b"BITCOUNT", self.key()]
        if self.chance(0.8):
            args += [self.whole(), self.whole()]
            if self.chance(0.5):
                args.append(self.unit())
        return [(args, "same")]

    def position(self):
        args = [b"BITPOS", self.key(), self.pick([b"0", b"1"])]
        if self.chance(0.7):
            args.append(self.whole())
            if self.chance(0.7):
                args.append(self.whole())
                if self.chance(0.5):
                    args.append(self.unit())
        return [(args, "same")]

    def combine(self):
        name = self.pick([b"AND", b"OR", b"XOR", b"NOT", b"NOT", b"bad"])
        most = 1 if name == b"NOT" and self.chance(0.9) else 4
        return [([b"BITOP", self.cased(name), self.key(), *self.keys(most)], "same")]

    def fields(self):
        reading = self.chance(0.3)
        args = [b"BITFIELD_RO" if reading else b"BITFIELD", self.key()]
        for _ in range(self.random.randint(0, 4)):
            name = self.pick([b"GET", b"SET", b"INCRBY", b"OVERFLOW"])
            if reading and self.chance(0.9):
                name = b"GET"
            args.append(self.cased(name))
            if name == b"OVERFLOW":
                args.append(self.cased(self.pick([b"WRAP", b"SAT", b"FAIL", b"bad", b"SAT"])))
                continue
            kind = self.pick(TYPES[:8]) if self.chance(0.95) else self.pick(TYPES)
            args += [kind, self.pick([b"#%d" % self.random.randint(0, 9), self.offset()])]
            if name != b"GET":
                # Where max - value wraps around, redis-server saturates to the wrong end.
                args.append(b"%d" % self.random.randint(*self.pick([(-9, 9), (-300, 300),
                                                                    (-2**62, 2**62)])))
        return [(args, "same")]


class Counters(Part):
    KEYS = [b"hll:1", b"hll:2", b"hll:3{t}", b"hll:4{t}"]

    def steps(self):
        return {self.add: 6, self.count_up: 4, self.merge: 2, self.look: 3, self.spoil: 1}

    def add(self):
        many = self.series() if self.chance(0.3) else self.elements()
        return [([b"PFADD", self.key(), *(many if self.chance(0.95) else [])], "same")]

    def count_up(self):
        return [([b"PFCOUNT", *self.keys(3)], "same")]

    def merge(self):
        return [([b"PFMERGE", *self.keys(4)], "same")]

    def look(self):
        if self.chance(0.5):
            return [([b"GET", self.key()], "same")]
        name = self.pick([b"ENCODING", b"DECODE", b"GETREG", b"TODENSE", b"bad"])
        # Of a value that was cut redis-server decodes one byte too many.
        return [([b"PFDEBUG", self.cased(name), self.own()],
                 "kind" if name == b"DECODE" else "same")]

    def spoil(self):
        """Bytes that may not be a HyperLogLog any more."""
        key = self.own()
        return [([b"SETRANGE", key, self.pick([b"0", b"4", b"5", b"8", b"15"]),
                  self.pick([b"H", b"\x00", b"\x01", b"\x02", b"\x80"])], "same"),
                ([b"PFADD", key, self.element()], "same"), ([b"PFCOUNT", key], "same"),
                ([b"DEL", key], "same")]
