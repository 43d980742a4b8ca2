"""Steps with hashes. Their order is compared where the encoding, asked for just before, keeps
one."""

from makers.part import Part

CONFIG = [(b"hash-max-listpack-entries", (b"512", b"128", b"128", b"4", b"0")),
          (b"hash-max-listpack-value", (b"64", b"64", b"8", b"1000"))]


class Hashes(Part):
    KEYS = [b"hash:1", b"hash:2", b"hash:3", b"hash:4{t}", b"hash:5{t}"]

    def steps(self):
        return {self.write: 8, self.write_many: 1, self.write_new: 2, self.count_up: 4,
                self.read: 9, self.read_all: 4, self.remove: 5, self.pick_some: 3, self.scan: 2,
                self.shape: 2}

    def write(self):
        args = [self.pick([b"HSET", b"HSET", b"HMSET"]), self.key()]
        # Since Redis 7.2 fields named twice count as two where encodings are chosen.
        for field in dict.fromkeys(self.elements(5)):
            args += [field, self.maker.value()]
        return [(args, "same")]

    def write_many(self):
        args = [b"HSET", self.key()]
        for field in self.series():
            args += [field, self.element()]
        return [(args, "same")]

    def write_new(self):
        return [([b"HSETNX", self.key(), self.element(), self.maker.value()], "same")]

    def count_up(self):
        key, field = self.key(), self.element()
        steps = []
        if self.chance(0.5):
            start = self.pick([b"0", b"10", b"1.5", b"9223372036854775807", b"3.0e3", b"abc",
                               b"-9223372036854775808", b" 1", b"1e400", b"nan"])
            steps.append(([b"HSET", key, field, start], "same"))
        if self.chance(0.5):
            steps.append(([b"HINCRBY", key, field, self.integer()], "same"))
        else:
            steps.append(([b"HINCRBYFLOAT", key, field, self.maker.float()], "same"))
        return steps + [([b"HGET", key, field], "same")]

    def read(self):
        name = self.pick([b"HGET", b"HGET", b"HMGET", b"HEXISTS", b"HSTRLEN", b"HLEN"])
        args = [name, self.key()]
        if name == b"HMGET":
            args += self.elements()
        elif name != b"HLEN":
            args.append(self.element())
        return [(args, "same")]

    def read_all(self):
        key = self.key()
        name = self.pick([b"HGETALL", b"HKEYS", b"HVALS"])
        return [([b"OBJECT", b"ENCODING", key], "same"),
                ([name, key], "encoded pairs" if name == b"HGETALL" else "encoded")]

    def remove(self):
        return [([b"HDEL", self.key(), *self.elements()], "same")]

    def pick_some(self):
        key = self.key()
        if self.chance(0.15):
            return [([b"HKEYS", key], "bag"), ([b"HRANDFIELD", key], "picked")]
        count = self.pick([b"0", b"1", b"3", b"-1", b"-5", b"40", b"-200", b"10000",
                           self.pick([b"x", b"", b"-9223372036854775808"])])
        if self.chance(0.5):
            return [([b"HKEYS", key], "bag"), ([b"HRANDFIELD", key, count], "picked")]
        word = self.cased(b"WITHVALUES") if self.chance(0.95) else b"bad"
        return [([b"HGETALL", key], "pairs"), ([b"HRANDFIELD", key, count, word],
                                               "picked pairs")]

    def scan(self):
        return [(self.maker.scan_args(b"HSCAN", self.key()), "scan pairs")]

    def shape(self):
        if self.chance(0.7):
            return [([b"OBJECT", b"ENCODING", self.key()], "same")]
        name, values = self.pick(CONFIG)
        return [([b"CONFIG", b"SET", name, self.pick(values)], "same")]
