"""Steps with lists, blocking commands with a short time-out among them."""

from makers.part import Part

CONFIG = [(b"list-max-listpack-size", (b"-2", b"-1", b"3", b"16", b"128")),
          (b"list-compress-depth", (b"0", b"0", b"1", b"2"))]


class Lists(Part):
    KEYS = [b"list:1", b"list:2", b"list:3", b"list:4{t}", b"list:5{t}"]

    def steps(self):
        return {self.push: 8, self.push_many: 1, self.pop: 6, self.read: 9, self.edit: 7,
                self.trim: 1, self.move: 4, self.find: 4, self.pop_any: 2, self.wait: 1,
                self.shape: 2}

    def side(self):
        return self.cased(self.pick([b"LEFT", b"RIGHT"])) if self.chance(0.97) else b"up"

    def push(self):
        name = self.pick([b"LPUSH", b"RPUSH", b"RPUSH", b"LPUSHX", b"RPUSHX"])
        return [([name, self.key(), *self.elements()], "same")]

    def push_many(self):
        return [([self.pick([b"LPUSH", b"RPUSH"]), self.key(), *self.series()], "same")]

    def pop(self):
        args = [self.pick([b"LPOP", b"RPOP"]), self.key()]
        if self.chance(0.4):
            args.append(self.count())
        return [(args, "same")]

    def read(self):
        name = self.pick([b"LLEN", b"LINDEX", b"LINDEX", b"LRANGE", b"LRANGE", b"LRANGE"])
        if name == b"LLEN":
            return [([name, self.key()], "same")]
        if name == b"LINDEX":
            return [([name, self.key(), self.bound()], "same")]
        return [([name, self.key(), self.bound(), self.bound()], "same")]

    def edit(self):
        name = self.pick([b"LSET", b"LSET", b"LINSERT", b"LINSERT", b"LREM", b"LREM"])
        if name == b"LSET":
            return [([name, self.key(), self.bound(), self.element()], "same")]
        if name == b"LINSERT":
            where = self.cased(self.pick([b"BEFORE", b"AFTER"])) if self.chance(0.97) else b"at"
            return [([name, self.key(), where, self.element(), self.element()], "same")]
        return [([name, self.key(), self.pick([b"0", b"1", b"-1", b"2", b"-3", b"100", b"x", b""]),
                  self.element()], "same")]

    def trim(self):
        return [([b"LTRIM", self.key(), self.bound(), self.bound()], "same")]

    def move(self):
        if self.chance(0.3):
            return [([b"RPOPLPUSH", self.key(), self.key()], "same")]
        return [([b"LMOVE", self.key(), self.key(), self.side(), self.side()], "same")]

    def find(self):
        args = [b"LPOS", self.key(), self.element()]
        for option in self.some_of([b"RANK", b"COUNT", b"MAXLEN", b"bad"]):
            args.append(self.cased(option))
            if not self.chance(0.03):
                args.append(self.pick([b"0", b"1", b"-1", b"2", b"-2", b"10", b"x", b""]))
        return [(args, "same")]

    def pop_any(self):
        args = [b"LMPOP", *self.numbered(self.keys()), self.side()]
        if self.chance(0.5):
            args.append(self.cased(b"COUNT"))
            if self.chance(0.97):
                args.append(self.count())
        return [(args, "same")]

    def wait(self):
        name = self.pick([b"BLPOP", b"BRPOP", b"BLMOVE", b"BRPOPLPUSH", b"BLMPOP"])
        if name == b"BLMPOP":
            return [([name, self.brief(), *self.pop_any()[0][0][1:]], "same")]
        if name == b"BLMOVE":
            return [([name, *self.move()[0][0][1:3], self.side(), self.side(), self.brief()],
                     "same")]
        if name == b"BRPOPLPUSH":
            return [([name, self.key(), self.key(), self.brief()], "same")]
        return [([name, *self.keys(), self.brief()], "same")]

    def shape(self):
        if self.chance(0.7):
            return [([b"OBJECT", b"ENCODING", self.key()], "same")]
        name, values = self.pick(CONFIG)
        return [([b"CONFIG", b"SET", name, self.pick(values)], "same")]
