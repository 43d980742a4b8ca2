"""What the makers of all data types have in common.

A part makes the steps of one type. It has a few keys of its own, which it takes most of the time,
so that values grow to where their encodings change; now and then it takes a key of another
type, or one of no type at all.
"""

ELEMENTS = [b"e%d" % n for n in range(30)]
# How many elements one command adds at most, and how long they are: around the thresholds of
# compact encodings (128, 512 entries; 64 bytes) and of list nodes (8 kB).
MANY = [10, 30, 100, 127, 128, 129, 300, 511, 512, 513, 700]
LENGTHS = [1, 5, 19, 20, 63, 64, 65, 100, 200]


class Part:
    """Makes steps; `maker` is whose randomness and texts it takes."""

    KEYS = []

    def __init__(self, maker):
        self.maker = maker
        self.random, self.pick, self.chance = maker.random, maker.pick, maker.chance
        self.cased, self.integer, self.small = maker.cased, maker.integer, maker.small

    def steps(self):
        """{a method that makes steps: how often}"""
        raise NotImplementedError

    def own(self):
        return self.pick(self.KEYS)

    def key(self):
        return self.own() if self.chance(0.95) else self.maker.key()

    def keys(self, most=4):
        return [self.key() for _ in range(self.random.randint(1, most))]

    def element(self):
        which = self.random.random()
        if which < 0.6:
            return self.pick(ELEMENTS)
        if which < 0.75:
            return b"%d" % self.random.randint(-300, 300)
        if which < 0.8:
            return b"%d" % self.random.randint(-2**63, 2**63 - 1)
        if which < 0.95:
            return self.maker.text(self.random.randint(0, 90))
        return self.maker.value()

    def elements(self, most=6):
        return [self.element() for _ in range(self.random.randint(1, most))]

    def series(self):
        """Many elements at once, all different."""
        count, length = self.pick(MANY), self.pick(LENGTHS)
        first = self.random.randint(0, 1000)
        if self.chance(0.3):
            return [b"%d" % n for n in range(first, first + count)]
        return [(b"%d-" % n).ljust(length, b"x") for n in range(first, first + count)]

    def count(self):
        """A number of elements: small, sometimes odd."""
        if self.chance(0.1):
            return self.integer()
        return b"%d" % self.pick([0, 1, 1, 2, 3, 5, 10, 50, 1000])

    def bound(self):
        """An index from either end."""
        if self.chance(0.4):
            return self.pick([b"0", b"-1"])
        return self.small()

    def some_of(self, options, most=3):
        return self.random.sample(options, k=self.random.randint(0, min(most, len(options))))

    def numbered(self, keys):
        """keys behind their number, which is wrong sometimes."""
        number = len(keys) if self.chance(0.93) else self.pick([0, -1, 1, 5, 100])
        return [b"%d" % number if self.chance(0.98) else self.integer(), *keys]

    def brief(self):
        """A time-out that ends soon, or is none."""
        if self.chance(0.1):
            return self.pick([b"-1", b"abc", b"", b"nan", b"-0.1", b"0x"])
        return self.pick([b"0.001", b"0.002", b"0.01"])
