#!/usr/bin/python3
"""Random calls of cjson, cmsgpack, struct and bit from scripts, compared with redis-server.

    libraries.py [--seeds 1-4] [--calls N] [--program PROGRAM]

A call is an expression of Lua. Both servers evaluate it with one script, which writes all results
down, or the error, as one text: numbers with 17 digits, tables sorted. The texts must be equal. Much of what is unpacked and decoded was packed or encoded just before, with a
byte changed here and there; the rest is noise.
"""

import argparse
import random
import sys

import resp
import server

# Tables within tables are shown to a depth, which is less than scripts can build.
SHOW = b"""
local function show(v, depth)
    local kind = type(v)
    if kind == 'number' then
        if v ~= v then return 'nan' end
        return string.format('%.17g', v)
    elseif kind == 'string' then
        return #v .. ':' .. v
    elseif kind == 'table' then
        if depth > 60 then return '...' end
        local parts = {}
        for k, w in pairs(v) do
            parts[#parts + 1] = show(k, depth + 1) .. '=' .. show(w, depth + 1)
        end
        table.sort(parts)
        return '{' .. table.concat(parts, ',') .. '}'
    end
    return kind == 'function' and kind or tostring(v)
end
local function all(...)
    local parts = {}
    for i = 1, select('#', ...) do parts[i] = show((select(i, ...)), 0) end
    return table.concat(parts, ' ')
end
local function deep(n, make)
    local v = 1
    for i = 1, n do v = make(v) end
    return v
end
return all(pcall(function() return EXPRESSION end))
"""

NUMBERS = ["0", "-0", "1", "-1", "0.5", "-1.5", "2.5", "31", "32", "127", "128", "255", "256",
           "-32", "-33", "-128", "-129", "32767", "32768", "-32768", "-32769", "65535", "65536",
           "2147483647", "2147483648", "-2147483648", "-2147483649", "4294967295", "4294967296",
           "9007199254740993", "2^53", "2^63", "-2^63", "2^64", "-2^64", "1e15", "1e100", "-1e100",
           "1e-7", "3.14159265358979", "123456789012345678", "1/0", "-1/0", "0/0", "0.1", "1e14"]
WORDS = ["", "a", "abc", "10", "x/y", "q\"uote", "back\\slash", "\0zero", "\x7f\x80\xff", "\n\t\r",
         "h\u00e9".encode().decode("latin-1"), "0x10", " 5 ", "on", "off", "null"]


def lua_string(data):
    return '"' + "".join(chr(b) if 32 <= b < 127 and b not in b'"\\' else "\\%03d" % b
                         for b in data) + '"'


class Maker:
    """Expressions, all from one seed."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def pick(self, *choices):
        return self.random.choice(choices)

    def noise(self, most=24, alphabet=None):
        length = self.random.randrange(most)
        if alphabet:
            return bytes(self.random.choice(alphabet) for _ in range(length))
        return bytes(self.random.randrange(256) for _ in range(length))

    def number(self):
        if self.random.random() < 0.7:
            return self.random.choice(NUMBERS)
        return str(self.random.randint(-2**self.random.randrange(70), 2**self.random.randrange(70)))

    def string(self):
        word = self.random.choice(WORDS).encode("latin-1")
        if self.random.random() < 0.1:
            return "string.rep(%s, %d)" % (lua_string(word), self.random.choice([31, 32, 255, 256,
                                                                                 65536]))
        return lua_string(word + (self.noise() if self.random.random() < 0.3 else b""))

    def scalar(self):
        return self.pick(self.number, self.string, lambda: self.pick("true", "false", "nil",
                                                                     "cjson.null"))()

    def value(self, depth=0):
        if depth > 3 or self.random.random() < 0.6:
            return self.scalar()
        count = self.random.choice([0, 1, 2, 3, 5, 16, 17])
        if self.random.random() < 0.5:
            return "{%s}" % ", ".join(self.value(depth + 1) for _ in range(count))
        return "{%s}" % ", ".join("[%s] = %s" % (self.key(), self.value(depth + 1))
                                  for _ in range(count))

    def key(self):
        """Below 32 bytes: Debian's Lua puts longer ones into another order than Redis's."""
        if self.random.random() < 0.1:
            return self.pick("true", "false", "2^31", "2^40", "-3", "1.5", "1e300", "25")
        if self.random.random() < 0.5:
            return str(self.random.randrange(1, 20))
        return lua_string(self.random.choice(WORDS).encode("latin-1") + self.noise(16))

    def odd(self):
        """A value, or something a library cannot do anything with."""
        return self.value() if self.random.random() < 0.95 else self.pick("type", "deep")

    def list_of(self, make, *counts):
        return ", ".join(make() for _ in range(self.random.choice(counts)))

    # cjson

    def cjson(self):
        return self.pick(self.encode, self.encode, self.decode, self.decode, self.decode_noise,
                         self.setting)()

    def encode(self):
        return self.pick(
            lambda: "cjson.encode(%s)" % self.odd(),
            lambda: "cjson.encode(%s)" % self.list_of(self.value, 0, 1, 2),
            lambda: "#cjson.encode(deep(%s, function(v) return {v} end))" % self.pick(5, 999, 1000,
                                                                                      1001),
            lambda: "cjson.encode(deep(%d, function(v) return {a = v} end))"
            % self.random.randrange(30))()

    def decode(self):
        return "cjson.decode(%s)" % self.bent("cjson.encode(%s)" % self.value())

    def decode_noise(self):
        texts = ["[1,2", "[1 2]", "{\"a\":1", "{\"a\" 1}", "{1:2}", "[]", "{}", "[[],{}]", " 1 ", "+1",
                 "0x1F", "010", "-", "nan", "-inf", "Infinity", "NaN", "1e5", "1.5.5", "\"\\u00e9\"",
                 "\"\\ud83d\\ude00\"", "\"\\ud83d\"", "\"\\ude00\"", "\"\\uD83Dx\"", "\"\\x\"",
                 "\"abc", "tru", "true", "nullnull", "[1,]", "{,}", "{\"a\":}", "", "\0", "a\0b",
                 "1\0", "{\"a\":1,\"a\":2}", "[null,null]", "{\"a\":null}", "\"\\u0000\"", "-x",
                 "inf", "+inf", "[-0x10]", "1e999", "\"a\\\nb\"", "\"\\u12g4\"", "[1}", "{\"a\":1]"]
        return self.pick(
            lambda: "cjson.decode(%s)" % lua_string(self.random.choice(texts).encode()),
            lambda: "cjson.decode(%s)" % lua_string(self.noise(12, b'[]{}:,"\\ud8a01.-+einfatrue ')),
            lambda: "type(cjson.decode(string.rep('[', %s) .. string.rep(']', 1000)))"
            % self.pick("1000", "1001", "999"),
            lambda: "cjson.decode(%s)" % self.list_of(self.scalar, 0, 1, 2))()

    def setting(self):
        """On a copy: the settings of the library itself last."""
        name = self.pick("encode_sparse_array", "encode_max_depth", "decode_max_depth",
                         "encode_number_precision", "encode_keep_buffer", "encode_invalid_numbers",
                         "decode_invalid_numbers")
        number = self.pick("0", "1", "2", "3", "10", "14", "15", "-1", "2^31", "2.5")
        option = self.pick("true", "false", "'on'", "'off'", "'null'", "'x'", "nil", number)
        more = self.list_of(lambda: self.pick(number, "nil"), 0, 0, 1, 2, 3)
        then = self.pick(
            lambda: "c.encode(%s)" % self.value(),
            lambda: "c.encode({%s})" % self.number(),
            lambda: "c.encode({[%d] = 1, [1] = 2})" % self.random.randrange(2, 40),
            lambda: "c.decode(%s)" % self.pick("'[nan, 0x10, -inf]'", "'[[[1]]]'", "'[010]'"))()
        return ("(function() local c = cjson.new() "
                "return c.%s(%s), c.%s(), pcall(function() return %s end) end)()"
                % (name, ", ".join(filter(None, [option, more])), name, then))

    def bent(self, text):
        """An expression for a text, sometimes with a few bytes changed or left out."""
        if self.random.random() < 0.5:
            return text
        at, byte = self.random.randrange(1, 12), self.random.randrange(256)
        if self.random.random() < 0.3:
            return "string.sub(%s, 1, -%d)" % (text, at)
        return ("(function(s) return string.sub(s, 1, %d) .. string.char(%d) .. string.sub(s, %d) "
                "end)(%s)" % (at, byte, at + 2, text))

    # cmsgpack

    def cmsgpack(self):
        packed = self.bent("cmsgpack.pack(%s)" % self.list_of(self.odd, 0, 1, 1, 1, 2, 3))
        if self.random.random() < 0.2:
            packed = lua_string(self.noise(16, bytes(range(0xc0, 0xe0)) + b"\x81\x91\xa1\0\1\2"))
        where = self.list_of(lambda: self.pick("0", "1", "2", "-1", "5", "100", "nil"), 0, 1, 2, 3)
        return self.pick(
            lambda: packed,
            lambda: "cmsgpack.unpack(%s)" % packed,
            lambda: "cmsgpack.unpack_one(%s)" % ", ".join(filter(None, [packed, where])),
            lambda: "cmsgpack.unpack_limit(%s)" % ", ".join(filter(None, [packed, where])),
            lambda: "cmsgpack.unpack(cmsgpack.pack(deep(%d, function(v) return {%s} end)))"
            % (self.random.randrange(20), self.pick("v", "a = v", "1, v", "[v] = 1")))()

    # struct

    def format(self):
        options = ["b", "B", "h", "H", "l", "L", "T", "f", "d", "s", "x", "c0", "c", "c3", "i", "I",
                   " ", "<", ">", "!", "!4", "!16", "!3", "z", "i99999999999", "c5000000000"]
        options += ["%s%d" % (letter, n) for letter in "iI" for n in (0, 1, 2, 3, 5, 7, 8, 9, 16, 32,
                                                                      33)]
        return "".join(self.random.choice(options[:24] if self.random.random() < 0.7 else options)
                       for _ in range(self.random.randrange(5)))

    def struct(self):
        form = lua_string(self.format().encode())
        values = ", ".join(self.pick(self.number, self.number, self.string)()
                           for _ in range(self.random.randrange(6)))
        packed = "struct.pack(%s)" % ", ".join(filter(None, [form, values]))
        again = form if self.random.random() < 0.6 else lua_string(self.format().encode())
        return self.pick(
            lambda: packed,
            lambda: "struct.size(%s)" % form,
            lambda: "struct.unpack(%s, %s)" % (again, self.bent(packed)),
            lambda: "struct.unpack(%s, %s)" % (form, lua_string(self.noise(40))),
            lambda: "struct.unpack(%s, %s, %s)" % (form, lua_string(self.noise(40)),
                                                   self.pick("1", "0", "-1", "2", "7", "100",
                                                             "2^31", "2^53")))()

    # bit

    def bit(self):
        name = self.pick("tobit", "bnot", "band", "bor", "bxor", "lshift", "rshift", "arshift", "rol",
                         "ror", "bswap", "tohex")
        make = lambda: self.pick(self.number, self.number, self.number, self.scalar)()
        return "bit.%s(%s)" % (name, self.list_of(make, 0, 1, 1, 2, 2, 2, 3, 4))

    def expression(self):
        return self.pick(self.cjson, self.cmsgpack, self.struct, self.bit)()


def program(expression):
    return SHOW.replace(b"EXPRESSION", expression.encode("latin-1"))


def compare(connections, seed, calls):
    maker = Maker(seed)
    for _ in range(calls):
        expression = maker.expression()
        request = resp.encode([b"EVAL", program(expression), b"0"])
        ours, theirs = resp.exchange([(conn, request, 1) for conn in connections])
        assert ours == theirs, "%s\n      podis  %r\n      redis  %r" % (expression, ours[0][:300],
                                                                      theirs[0][:300])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--seeds", default="1-4")
    parser.add_argument("--calls", type=int, default=2500)
    parser.add_argument("--program", default=server.podis_program())
    options = parser.parse_args()
    first, _, last = options.seeds.partition("-")

    tally = server.Tally()
    with server.pair(program=options.program) as servers:
        for seed in range(int(first), int(last or first) + 1):
            connections = [running.connect() for running in servers]
            tally.run("libraries seed %d: %d calls" % (seed, options.calls), compare, connections,
                      seed, options.calls)
            for conn in connections:
                conn.close()
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
