"""Steps with sorted sets, blocking pops with a short time-out among them."""

from makers.part import Part

CONFIG = [(b"zset-max-listpack-entries", (b"128", b"128", b"4", b"0")),
          (b"zset-max-listpack-value", (b"64", b"64", b"8", b"1000"))]
ODD_SCORES = [b"inf", b"-inf", b"+inf", b"(1", b"nan", b"abc", b"", b"1e400", b"-0", b"0x10",
              b"1e-300", b"1.7976931348623157e308", b"9007199254740993", b"0.1", b"3.3333333333",
              b"-2.5e10", b"1e17", b"123456789012345678"]


# Ranges by name promise something only where all scores are equal: these keys, which no
# other command writes to.
BY_NAME = [b"names:1", b"names:2{t}"]


class Zsets(Part):
    KEYS = [b"zset:1", b"zset:2", b"zset:3", b"zset:4{t}", b"zset:5{t}"]

    def steps(self):
        return {self.add: 9, self.add_many: 1, self.same_score: 2, self.count_up: 3,
                self.remove: 4, self.remove_range: 3, self.read: 7, self.ranks: 4,
                self.zrange: 8, self.old_ranges: 6, self.combine: 4, self.combine_into: 3,
                self.pop: 3, self.pop_any: 2, self.wait: 1, self.pick_some: 2, self.scan: 2,
                self.store_range: 2, self.shape: 2}

    def score(self):
        if self.chance(0.5):
            return b"%d" % self.random.randint(-3, 9)
        if self.chance(0.2):
            return self.pick(ODD_SCORES)
        if self.chance(0.5):
            return b"%.17g" % (self.random.uniform(-1, 1) * 10 ** self.random.randint(-8, 22))
        return b"%d" % self.random.randint(-10**6, 10**6)

    def add(self):
        args = [b"ZADD", self.key()]
        args += [self.cased(o) for o in self.some_of([b"NX", b"XX", b"GT", b"LT", b"CH"], 2)
                 if self.chance(0.6)]
        if self.chance(0.1):
            args.append(self.cased(b"INCR"))
        for _ in range(1 if self.chance(0.5) else self.random.randint(1, 6)):
            args += [self.score(), self.element()]
        return [(args, "same")]

    def add_many(self):
        args = [b"ZADD", self.key()]
        for number, member in enumerate(self.series()):
            args += [b"%d" % (number * 7919 % 97), member]
        return [(args, "same")]

    def same_score(self):
        """Members of one score, as the commands by name want them."""
        key = self.pick(BY_NAME)
        if self.chance(0.1):
            return [([b"DEL", key], "same")]
        if self.chance(0.3):
            return [([b"ZREM", key, *self.elements()], "same")]
        args = [b"ZADD", key]
        for member in self.elements(12) if self.chance(0.9) else self.series():
            args += [b"0", member]
        return [(args, "same")]

    def key_for(self, words):
        """A key that these words may be asked of."""
        if not any(word.upper().endswith((b"LEX", b"LEXCOUNT")) for word in words):
            return self.key()
        return self.pick(BY_NAME) if self.chance(0.95) else b"nosuch{t}"

    def count_up(self):
        return [([b"ZINCRBY", self.key(), self.score(), self.element()], "same")]

    def remove(self):
        return [([b"ZREM", self.key(), *self.elements()], "same")]

    def score_bound(self):
        if self.chance(0.3):
            return self.pick([b"-inf", b"+inf", b"inf"])
        return (b"(" if self.chance(0.3) else b"") + self.score()

    def name_bound(self):
        if self.chance(0.4):
            return self.pick([b"-", b"+", b"+", b"-", b"", b"a", b"("])
        return self.pick([b"[", b"("]) + self.element()

    def remove_range(self):
        name = self.pick([b"ZREMRANGEBYRANK", b"ZREMRANGEBYSCORE", b"ZREMRANGEBYLEX"])
        return [([name, self.key_for([name]), *self.bounds(name)], "same")]

    def bounds(self, name):
        make = self.bound
        if name.endswith(b"SCORE") or name == b"ZCOUNT":
            make = self.score_bound
        elif name.endswith(b"LEX") or name == b"ZLEXCOUNT":
            make = self.name_bound
        return [make(), make()]

    def read(self):
        name = self.pick([b"ZCARD", b"ZSCORE", b"ZSCORE", b"ZMSCORE", b"ZCOUNT", b"ZLEXCOUNT"])
        args = [name, self.key_for([name])]
        if name == b"ZSCORE":
            args.append(self.element())
        elif name == b"ZMSCORE":
            args += self.elements()
        elif name != b"ZCARD":
            args += self.bounds(name)
        return [(args, "same")]

    def ranks(self):
        return [([self.pick([b"ZRANK", b"ZREVRANK"]), self.key(), self.element()], "same")]

    def limit(self):
        if self.chance(0.7):
            return []
        words = [self.cased(b"LIMIT"), self.pick([b"0", b"1", b"3", b"-1", self.integer()]),
                 self.pick([b"0", b"1", b"5", b"-1", self.integer()])]
        return words if self.chance(0.97) else words[:-1]

    def zrange_words(self):
        by = self.pick([[], [], [b"BYSCORE"], [b"BYLEX"]])
        name = {b"BYSCORE": b"SCORE", b"BYLEX": b"LEX"}.get(by[0] if by else b"", b"")
        words = self.bounds(name) + [self.cased(word) for word in by]
        if self.chance(0.4):
            words.append(self.cased(b"REV"))
        return words + self.limit()

    def zrange(self):
        words = self.zrange_words()
        args = [b"ZRANGE", self.key_for(words), *words]
        if self.chance(0.4):
            args.append(self.cased(b"WITHSCORES"))
        if self.chance(0.02):
            args.append(b"bad")
        return [(args, "same")]

    def store_range(self):
        words = self.zrange_words()
        return [([b"ZRANGESTORE", self.key(), self.key_for(words), *words], "same")]

    def old_ranges(self):
        name = self.pick([b"ZREVRANGE", b"ZRANGEBYSCORE", b"ZREVRANGEBYSCORE", b"ZRANGEBYLEX",
                          b"ZREVRANGEBYLEX"])
        args = [name, self.key_for([name]), *self.bounds(name)]
        if not name.endswith(b"LEX") and self.chance(0.4):
            args.append(self.cased(b"WITHSCORES"))
        if name != b"ZREVRANGE":
            args += self.limit()
        return [(args, "same")]

    def inputs(self, most=4):
        """Keys of sorted sets, and of sets, which count as such with scores of 1."""
        return [self.maker.set_key() if self.chance(0.15) else self.key()
                for _ in range(self.random.randint(1, most))]

    def weights_and_sum(self, keys):
        words = []
        if self.chance(0.4):
            words += [self.cased(b"WEIGHTS")] + [self.score() for _ in keys]
            if self.chance(0.05):
                words.append(b"1")
        if self.chance(0.4):
            words += [self.cased(b"AGGREGATE"), self.pick([b"sum", b"MIN", b"max", b"avg"])]
        return words

    def combine(self):
        name = self.pick([b"ZUNION", b"ZINTER", b"ZDIFF", b"ZINTERCARD"])
        keys = self.inputs()
        args = [name, *self.numbered(keys)]
        if name == b"ZINTERCARD":
            if self.chance(0.5):
                args += [self.cased(b"LIMIT"), self.count()]
            return [(args, "same")]
        if name != b"ZDIFF":
            args += self.weights_and_sum(keys)
        if self.chance(0.5):
            args.append(self.cased(b"WITHSCORES"))
        return [(args, "same")]

    def combine_into(self):
        name = self.pick([b"ZUNIONSTORE", b"ZINTERSTORE", b"ZDIFFSTORE"])
        keys = self.inputs()
        args = [name, self.key(), *self.numbered(keys)]
        if name != b"ZDIFFSTORE" or self.chance(0.05):
            args += self.weights_and_sum(keys)
        return [(args, "same")]

    def pop(self):
        args = [self.pick([b"ZPOPMIN", b"ZPOPMAX"]), self.key()]
        if self.chance(0.5):
            args.append(self.count())
        return [(args, "same")]

    def pop_any(self):
        end = self.cased(self.pick([b"MIN", b"MAX"])) if self.chance(0.97) else b"mid"
        args = [b"ZMPOP", *self.numbered(self.keys()), end]
        if self.chance(0.5):
            args += [self.cased(b"COUNT"), self.count()]
        return [(args, "same")]

    def wait(self):
        name = self.pick([b"BZPOPMIN", b"BZPOPMAX", b"BZMPOP"])
        if name == b"BZMPOP":
            return [([name, self.brief(), *self.pop_any()[0][0][1:]], "same")]
        return [([name, *self.keys(), self.brief()], "same")]

    def pick_some(self):
        key = self.key()
        everything = [b"ZRANGE", key, b"0", b"-1"]
        if self.chance(0.15):
            return [(everything, "same"), ([b"ZRANDMEMBER", key], "picked")]
        count = self.pick([b"0", b"1", b"3", b"-1", b"-5", b"40", b"-200", b"10000",
                           self.pick([b"x", b"", b"-9223372036854775808"])])
        if self.chance(0.5):
            return [(everything, "same"), ([b"ZRANDMEMBER", key, count], "picked")]
        word = self.cased(b"WITHSCORES") if self.chance(0.95) else b"bad"
        return [(everything + [b"WITHSCORES"], "same"),
                ([b"ZRANDMEMBER", key, count, word], "picked pairs")]

    def scan(self):
        return [(self.maker.scan_args(b"ZSCAN", self.key()), "scan pairs")]

    def shape(self):
        if self.chance(0.7):
            return [([b"OBJECT", b"ENCODING", self.key()], "same")]
        name, values = self.pick(CONFIG)
        return [([b"CONFIG", b"SET", name, self.pick(values)], "same")]
