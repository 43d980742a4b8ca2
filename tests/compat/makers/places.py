"""Steps with geographic positions, in sorted sets of their own."""

from makers.part import Part

PLACES = [b"Palermo", b"Catania", b"edge1", b"edge2", b"Sydney", b"Quito", b"Suva", b"Tromso"]
SPOTS = [(b"13.361389", b"38.115556"), (b"15.087269", b"37.502669"), (b"12.758489", b"38.788135"),
         (b"17.241510", b"38.788135"), (b"151.2093", b"-33.8688"), (b"-78.4678", b"-0.1807"),
         (b"178.4419", b"-18.1416"), (b"18.9553", b"69.6492"), (b"179.9999", b"0"), (b"-180", b"0")]


class Places(Part):
    KEYS = [b"geo:1", b"geo:2{t}", b"geo:3{t}"]

    def steps(self):
        return {self.add: 6, self.add_many: 1, self.about: 5, self.search: 6, self.old_search: 4,
                self.search_into: 2}

    def place(self):
        return self.pick(PLACES) if self.chance(0.8) else self.element()

    def spot(self):
        which = self.random.random()
        if which < 0.5:
            return list(self.pick(SPOTS))
        if which < 0.95:
            return [b"%.6f" % self.random.uniform(-180, 180), b"%.6f" % self.random.uniform(-85,
                                                                                           85)]
        return self.pick([[b"181", b"0"], [b"0", b"86"], [b"abc", b"1"], [b"1", b""],
                          [b"nan", b"0"]])

    def add(self):
        args = [b"GEOADD", self.key()]
        args += [self.cased(o) for o in self.some_of([b"NX", b"XX", b"CH"], 2) if self.chance(0.4)]
        for _ in range(self.random.randint(1, 3)):
            args += [*self.spot(), self.place()]
        return [(args[:self.pick([None] * 20 + [-1])], "same")]

    def add_many(self):
        args = [b"GEOADD", self.own()]
        longitude, latitude = self.random.uniform(-170, 170), self.random.uniform(-80, 80)
        for number in range(self.pick([20, 60, 200])):
            args += [b"%.5f" % (longitude + self.random.uniform(-5, 5)),
                     b"%.5f" % (latitude + self.random.uniform(-5, 5)), b"p%d" % number]
        return [(args, "same")]

    def about(self):
        name = self.pick([b"GEODIST", b"GEOHASH", b"GEOPOS"])
        if name == b"GEODIST":
            args = [name, self.key(), self.place(), self.place()]
            if self.chance(0.6):
                args.append(self.unit())
            return [(args, "same")]
        return [([name, self.key(), *(self.place() for _ in range(self.random.randint(0, 4)))],
                 "same")]

    def unit(self):
        return self.cased(self.pick([b"M", b"KM", b"FT", b"MI"])) if self.chance(0.97) else b"yd"

    def radius(self):
        if self.chance(0.05):
            return self.pick([b"-1", b"abc", b"0", b"", b"inf"])
        return b"%d" % self.pick([1, 50, 200, 500, 2000, 10000, 30000])

    def found(self):
        words = [self.cased(w) for w in self.some_of([b"WITHCOORD", b"WITHDIST", b"WITHHASH"])]
        return words + self.sorting()

    def sorting(self):
        words = []
        if self.chance(0.6):
            words.append(self.cased(self.pick([b"ASC", b"DESC"])))
        if self.chance(0.4):
            words += [self.cased(b"COUNT"), self.pick([b"1", b"3", b"100", b"0", b"-1", b"x"])]
        return words

    def center_and_shape(self):
        words = [self.cased(b"FROMMEMBER"), self.place()] if self.chance(0.5) else \
            [self.cased(b"FROMLONLAT"), *self.spot()]
        if self.chance(0.5):
            words += [self.cased(b"BYRADIUS"), self.radius(), self.unit()]
        else:
            words += [self.cased(b"BYBOX"), self.radius(), self.radius(), self.unit()]
        return words if self.chance(0.97) else words[:2]

    def search(self):
        return [([b"GEOSEARCH", self.key(), *self.center_and_shape(), *self.found()], "same")]

    def search_into(self):
        words = self.center_and_shape() + self.sorting()
        if self.chance(0.4):
            words.append(self.cased(b"STOREDIST"))
        return [([b"GEOSEARCHSTORE", self.key(), self.key(), *words], "same")]

    def old_search(self):
        by_member = self.chance(0.5)
        name = b"GEORADIUSBYMEMBER" if by_member else b"GEORADIUS"
        reading = self.chance(0.4)
        args = [name + (b"_RO" if reading else b""), self.key()]
        args += [self.place()] if by_member else self.spot()
        args += [self.radius(), self.unit()]
        if not reading and self.chance(0.3):
            args += self.sorting()
            args += [self.cased(self.pick([b"STORE", b"STOREDIST"])), self.key()]
        else:
            args += self.found()
        return [(args, "same")]
