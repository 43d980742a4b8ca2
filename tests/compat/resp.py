"""RESP for tests: requests out, replies in, as bytes.

The comparison tests want the exact bytes of every reply, so reading is split in two:
reply_end() finds where a reply stops, and decode() turns those bytes into Python values
for the few tests that look inside.

    value of a reply      decoded as
    + simple, ( big       bytes          - error        Error
    $ bulk, = verbatim    bytes or None  : # , _        int, bool, bytes, None
    * ~ > aggregate       list           % map          dict-like list of pairs
"""

import select
import selectors
import socket
import time

AGGREGATES = {ord("*"): 1, ord("~"): 1, ord(">"): 1, ord("%"): 2, ord("|"): 2}
BULKS = (ord("$"), ord("="), ord("!"))


class Error(Exception):
    """An error reply. Equal to another one with the same words."""

    def __eq__(self, other):
        return isinstance(other, Error) and self.args == other.args

    def __hash__(self):
        return hash(self.args)


class Closed(Exception):
    """The server closed the connection, or took too long."""


def encode(args):
    """One request, as an array of bulk strings."""
    parts = [b"*%d\r\n" % len(args)]
    for arg in args:
        parts.append(b"$%d\r\n%s\r\n" % (len(arg), arg))
    return b"".join(parts)


def to_bytes(args):
    return [a if isinstance(a, bytes) else str(a).encode() for a in args]


def reply_end(data, start):
    """Where the reply that begins at start ends, or -1 if it is not all there.

    An attribute belongs to the reply that follows it."""
    pending = 1
    pos = start
    while pending:
        line_end = data.find(b"\r\n", pos)
        if line_end < 0:
            return -1
        kind = data[pos]
        if kind in BULKS:
            length = int(data[pos + 1:line_end])
            pos = line_end + 2 + (length + 2 if length >= 0 else 0)
            if pos > len(data):
                return -1
        else:
            pos = line_end + 2
        if kind in AGGREGATES:
            count = int(data[data.rfind(b"\n", 0, line_end) + 2:line_end])
            pending += max(count, 0) * AGGREGATES[kind]
        if kind != ord("|"):
            pending -= 1
    return pos


def _decode_at(data, pos):
    line_end = data.index(b"\r\n", pos)
    kind, text, pos = data[pos:pos + 1], data[pos + 1:line_end], line_end + 2
    if kind == b"-":
        return Error(text.decode("latin-1")), pos
    if kind == b":":
        return int(text), pos
    if kind == b"#":
        return text == b"t", pos
    if kind == b"_":
        return None, pos
    if kind in b"$=!":
        length = int(text)
        if length < 0:
            return None, pos
        return data[pos + (4 if kind == b"=" else 0):pos + length], pos + length + 2
    if kind in b"*~>":
        return _decode_items(data, pos, int(text))
    if kind == b"%":
        flat, pos = _decode_items(data, pos, 2 * int(text))
        return list(zip(flat[::2], flat[1::2])), pos
    if kind == b"|":
        _, pos = _decode_items(data, pos, 2 * int(text))
        return _decode_at(data, pos)
    return text, pos


def _decode_items(data, pos, count):
    if count < 0:
        return None, pos
    items = []
    for _ in range(count):
        item, pos = _decode_at(data, pos)
        items.append(item)
    return items, pos


def decode(data):
    """The value of one whole reply."""
    return _decode_at(bytes(data), 0)[0]


def pairs(value):
    """A map reply as a dict, whichever protocol it came by."""
    if value and isinstance(value[0], tuple):
        return dict(value)
    return dict(zip(value[::2], value[1::2]))


class Connection:
    """One connection. call() is for single commands, exchange() for pipelines."""

    def __init__(self, address, protocol=2, timeout=10.0):
        self.timeout = timeout
        if isinstance(address, str):
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.connect(address)
        else:
            self.socket = socket.create_connection(address, timeout)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.settimeout(timeout)
        self.data = bytearray()
        self.start = 0
        if protocol == 3:
            self.call("HELLO", "3")

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, payload):
        self.socket.sendall(payload)

    def _next(self):
        end = reply_end(self.data, self.start) if len(self.data) > self.start else -1
        if end < 0:
            return None
        reply = bytes(self.data[self.start:end])
        self.start = end
        if self.start > 1 << 16:
            del self.data[:self.start]
            self.start = 0
        return reply

    def read(self):
        """The bytes of the next reply."""
        while True:
            reply = self._next()
            if reply is not None:
                return reply
            try:
                more = self.socket.recv(1 << 18)
            except OSError as error:
                raise Closed("no reply: %s" % error) from error
            if not more:
                raise Closed("connection closed")
            self.data += more

    def has_data(self):
        """Whether something came that was not read yet."""
        if len(self.data) > self.start:
            return True
        return bool(select.select([self.socket], [], [], 0)[0])

    def call(self, *args):
        """The decoded reply of one command. Raises Error for an error reply."""
        value = decode(self.raw(*args))
        if isinstance(value, Error):
            raise value
        return value

    def raw(self, *args):
        self.send(encode(to_bytes(args)))
        return self.read()

    def exchange(self, payload, count):
        """Sends payload and reads count replies at the same time, so that neither side blocks."""
        return exchange([(self, payload, count)])[0]


def exchange(jobs):
    """Runs (connection, payload, reply count) jobs side by side; the replies of each, as bytes."""
    selector = selectors.DefaultSelector()
    state = {}
    for index, (conn, payload, count) in enumerate(jobs):
        conn.socket.setblocking(False)
        state[conn] = {"left": memoryview(payload), "replies": [], "want": count, "index": index}
        selector.register(conn.socket, selectors.EVENT_READ | selectors.EVENT_WRITE, conn)
    deadline = time.monotonic() + max(job[0].timeout for job in jobs)
    try:
        while selector.get_map():
            events = selector.select(max(0.0, deadline - time.monotonic()))
            if not events:
                raise _lost(state, _furthest_behind(state), "no answer in time")
            for event, mask in events:
                if not _exchange_step(selector, event.data, state[event.data], mask):
                    raise _lost(state, event.data, "connection closed")
    finally:
        selector.close()
        for conn, _, _ in jobs:
            conn.socket.settimeout(conn.timeout)
    return [state[job[0]]["replies"] for job in jobs]


def _lost(state, conn, why):
    """The error for an exchange that stops early; it carries what each connection got."""
    error = Closed("%s after %d replies" % (why, len(state[conn]["replies"])))
    error.connection, error.replies = conn, [todo["replies"] for todo in state.values()]
    return error


def _furthest_behind(state):
    return max(state, key=lambda conn: state[conn]["want"] - len(state[conn]["replies"]))


def _exchange_step(selector, conn, todo, mask):
    """Sends and reads what can be without waiting; false if the server closed the connection."""
    if mask & selectors.EVENT_WRITE and todo["left"]:
        try:
            sent = conn.socket.send(todo["left"][:1 << 18])
        except ConnectionError:
            sent = len(todo["left"])  # The read that follows gets what was still answered.
        todo["left"] = todo["left"][sent:]
        if not todo["left"]:
            selector.modify(conn.socket, selectors.EVENT_READ, conn)
    if mask & selectors.EVENT_READ:
        try:
            more = conn.socket.recv(1 << 18)
        except ConnectionError:
            return False
        if not more:
            return False
        conn.data += more
    while len(todo["replies"]) < todo["want"]:
        reply = conn._next()
        if reply is None:
            return True
        todo["replies"].append(reply)
    if not todo["left"]:
        selector.unregister(conn.socket)
    return True
