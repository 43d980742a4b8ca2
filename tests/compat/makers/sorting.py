"""Steps with SORT: by values elsewhere, with values from elsewhere, into a list.

Two habits of Redis are kept out of the way. It turns a sorted set that it sorts into a skiplist, so
those here are skiplists from the start. And it asks errno about each weight without clearing it
first, so a command that does clear it comes before."""

from makers.part import Part

PATTERNS = [b"w:*", b"w:*", b"o:*->weight", b"o:*->name", b"nosuch:*", b"*", b"w:*->", b"o:*->nosuch"]


class Sorting(Part):
    KEYS = [b"sort:list", b"sort:set", b"sort:zset", b"sort:list{t}"]

    def steps(self):
        return {self.fill: 3, self.weigh: 4, self.sort: 8, self.sort_into: 2}

    def number(self):
        return b"%d" % self.random.randint(0, 30)

    def fill(self, key=None):
        key = key or self.own()
        members = [self.number() if self.chance(0.9) else self.element()
                   for _ in range(self.random.randint(1, 15))]
        if b"zset" in key:
            members.append(self.number().rjust(70, b"0"))
            members = [word for m in members for word in (self.number(), m)]
        name = b"SADD" if b"set" in key[5:8] else b"ZADD" if b"zset" in key else b"RPUSH"
        return [([b"DEL", key], "same"), ([name, key, *members], "same")]

    def weigh(self):
        if self.chance(0.6):
            return [([b"SET", b"w:" + self.number(), self.pick([self.number(), self.number(),
                                                                self.maker.float(), b"x"])],
                     "same")]
        return [([b"HSET", b"o:" + self.number(), b"weight", self.number(), b"name",
                  self.element()], "same")]

    def words(self, key):
        """(options, whether their order is told by them alone)"""
        words, ordered = [], True
        alpha = self.chance(0.4)
        if self.chance(0.4):
            pattern = self.pick([b"nosort", *PATTERNS])
            words += [self.cased(b"BY"), pattern]
            # Elements of equal weight, or of none, come in an order that is nobody's promise.
            ordered = not alpha and b"*" in pattern or b"list" in key or b"zset" in key
            if alpha and b"*" in pattern:
                ordered = False
        if alpha:
            words.append(self.cased(b"ALPHA"))
        if self.chance(0.4) and ordered:
            words += [self.cased(b"LIMIT"), self.pick([b"0", b"1", b"5", b"-1", b"x"]),
                      self.pick([b"3", b"-1", b"0", b"100"])]
        for _ in range(self.pick([0, 0, 1, 2])):
            words += [self.cased(b"GET"), self.pick([b"#", *PATTERNS])]
        if self.chance(0.4):
            words.append(self.cased(self.pick([b"ASC", b"DESC"])))
        return words, ordered

    def before(self, key, words):
        """What must be done first for the order to be known."""
        steps = [([b"INCRBYFLOAT", b"sort:none", b"x"], "same")]
        if b"nosort" in words and key in self.KEYS and b"set" not in key[5:8]:
            steps += self.fill(key)  # By now it may be a set that was renamed.
        return steps

    def sort(self):
        key = self.key()
        words, ordered = self.words(key)
        sort = ([self.pick([b"SORT", b"SORT_RO"]), key, *words], "same" if ordered else "bag")
        return [*self.before(key, words), sort]

    def sort_into(self):
        key, to = self.key(), self.pick([b"sort:to", b"sort:to{t}", self.own()])
        words, ordered = self.words(key)
        steps = [*self.before(key, words), ([b"SORT", key, *words, self.cased(b"STORE"), to], "same")]
        if not ordered:
            steps += [([b"LLEN", to], "same"), ([b"DEL", to], "same")]
        return steps
