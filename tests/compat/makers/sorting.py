"""Steps with SORT: by values elsewhere, with values from elsewhere, into a list.

What is sorted has keys that no other command knows, and is made anew for each SORT: redis-server
turns a sorted set that it sorts into its bigger encoding, so those here have it from the start.
"""

from makers.part import Part

PATTERNS = [b"w:*", b"w:*", b"o:*->weight", b"o:*->name", b"nosuch:*", b"*", b"w:*->", b"o:*->nosuch"]


class Sorting(Part):
    KEYS = [b"sort:to", b"sort:to{t}"]

    def steps(self):
        return {self.weigh: 6, self.sort: 8, self.sort_into: 2}

    def number(self):
        return b"%d" % self.random.randint(0, 30)

    def fill(self):
        """(steps, key, whether the elements have an order of their own)"""
        members = [self.number() if self.chance(0.95) else self.element()
                   for _ in range(self.random.randint(1, 15))]
        # redis-server takes an errno of some command before for one of its own; ZADD clears it.
        steps = [([b"ZADD", b"errno{t}", b"1", b"x"], "same")]
        name, key = self.pick([(b"RPUSH", b"sorted:l{t}"), (b"RPUSH", b"sorted:l"),
                               (b"SADD", b"sorted:s"), (b"ZADD", b"sorted:z"),
                               (b"SET", b"sorted:t"), (b"DEL", b"nosuch")])
        if name == b"ZADD":
            members += [b"%d" % n for n in range(100, 229)]
            members = [word for member in members for word in (self.number(), member)]
        elif name == b"SET":
            members = [b"text"]
        return (steps + [([b"DEL", key], "same"), ([name, key, *members], "same")], key,
                name != b"SADD")

    def weigh(self):
        if self.chance(0.6):
            return [([b"SET", b"w:" + self.number(), self.pick([self.number(), self.number(),
                                                                self.maker.float(), b"x"])],
                     "same")]
        return [([b"HSET", b"o:" + self.number(), b"weight", self.number(), b"name",
                  self.element()], "same")]

    def words(self, in_order):
        """(options, whether their order is told by them alone). in_order: the elements have one
        of their own, which is what nosort gives."""
        words, ordered = [], True
        alpha = self.chance(0.4)
        if self.chance(0.4):
            pattern = self.pick([b"nosort", *PATTERNS])
            words += [self.cased(b"BY"), pattern]
            # Texts of equal weight, or of none, come in an order that is nobody's promise.
            ordered = not alpha if b"*" in pattern else in_order
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

    def sort(self):
        steps, key, in_order = self.fill()
        words, ordered = self.words(in_order)
        return steps + [([self.pick([b"SORT", b"SORT_RO"]), key, *words],
                         "same" if ordered else "bag")]

    def sort_into(self):
        steps, key, in_order = self.fill()
        words, ordered = self.words(in_order)
        to = self.own()
        steps.append(([b"SORT", key, *words, self.cased(b"STORE"), to], "same"))
        if not ordered:
            steps += [([b"LLEN", to], "same"), ([b"DEL", to], "same")]
        return steps
