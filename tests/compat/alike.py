"""Whether two replies are as alike as they must be; commands.py names the ways."""

import resp

NEAR = {"near": 10, "near_ms": 10000}
# A moment of these years in milliseconds: no counter or id of the tests is as large.
MOMENTS = range(1_600_000_000_000, 4_100_000_000_000)
# Fields of XINFO: idle times, how a server builds its trees, and what came with Redis 7.2.
IDLE = (b"idle",)
UNLIKE = (b"radix-tree-keys", b"radix-tree-nodes", b"inactive", b"active-time")
ORDERED = (b"listpack", b"intset", b"ziplist")


def alike(step, ours, theirs, ours_before, theirs_before):
    args, how = step
    way, _, pairs = how.partition(" ")
    if ours[:1] == b"-" or theirs[:1] == b"-":
        return ours == theirs if way != "kind" else ours[:1] == theirs[:1]
    if way in NEAR:
        return _same_near(ours, theirs, NEAR[way])
    if way == "kind":
        return ours[:1] == theirs[:1]
    if way == "bag":
        return _same_bag(ours, theirs, False)
    if way == "pairs":
        return _same_bag(ours, theirs, True)
    if way == "scan":
        return _same_scan(ours, theirs, bool(pairs))
    if way == "xinfo":
        return ours[:1] == theirs[:1] and _timeless(ours) == _timeless(theirs)
    if way == "member":
        return _is_member(ours, ours_before) and _is_member(theirs, theirs_before)
    if way == "picked":
        return _same_pick(args, ours, theirs, ours_before, theirs_before, bool(pairs))
    if way == "encoded" and resp.decode(theirs_before) not in ORDERED:
        return _same_bag(ours, theirs, bool(pairs))
    return ours == theirs


def _couples(value):
    """Fields and values, scores or coordinates, however a protocol lays them out."""
    if value and isinstance(value[0], (tuple, list)):
        return [tuple(couple) for couple in value]
    return list(zip(value[::2], value[1::2]))


def _sorted(values):
    return sorted(values, key=repr)


def _same_bag(ours, theirs, pairs):
    first, second = resp.decode(ours), resp.decode(theirs)
    if not isinstance(first, list) or not isinstance(second, list):
        return ours == theirs
    if pairs:
        if len(first) != len(second):
            return False
        first, second = _couples(first), _couples(second)
    return ours[:1] == theirs[:1] and _sorted(first) == _sorted(second)


def _same_scan(ours, theirs, pairs):
    (our_cursor, first), (their_cursor, second) = resp.decode(ours), resp.decode(theirs)
    if pairs:
        first, second = _couples(first), _couples(second)
    return our_cursor == their_cursor and _sorted(first) == _sorted(second)


def _same_near(ours, theirs, tolerance):
    if ours == theirs:
        return True
    first, second = resp.decode(ours), resp.decode(theirs)
    if not isinstance(first, int) or not isinstance(second, int):
        return False
    return min(first, second) > 0 and abs(first - second) <= tolerance


def _is_member(reply, before):
    """A reply to RANDOMKEY, given the reply to the KEYS just before it."""
    keys = resp.decode(before)
    key = resp.decode(reply)
    return key in keys if keys else key is None


def _same_pick(args, ours, theirs, ours_before, theirs_before, pairs):
    first = _picked(args, ours, ours_before, pairs)
    second = _picked(args, theirs, theirs_before, pairs)
    return ours[:1] == theirs[:1] and first is not None and first == second


def _picked(args, reply, before, pairs):
    """How many were picked; None if they are not what may be picked."""
    found, known = resp.decode(reply), resp.decode(before)
    if isinstance(known, resp.Error):
        return None
    if not isinstance(found, list):
        return int(found is not None) if found is None or found in known else None
    if pairs:
        found, known = _couples(found), _couples(known)
    if any(one not in known for one in found):
        return None
    if int(args[2]) > 0 and len({repr(one) for one in found}) != len(found):
        return None
    return len(found)


def _timeless(reply):
    """A decoded reply of XPENDING or XINFO without what a clock had a part in."""
    return _without_times(resp.decode(reply))


def _without_times(value):
    if isinstance(value, int) and value in MOMENTS:
        return "a moment"
    if not isinstance(value, list):
        return value
    if value and isinstance(value[0], tuple):
        value = [part for couple in value for part in couple]
    if value and value[0] in (b"name", b"length") and len(value) % 2 == 0:
        return [(name, "idle" if name in IDLE else _without_times(part))
                for name, part in zip(value[::2], value[1::2]) if name not in UNLIKE]
    if len(value) == 4 and isinstance(value[3], int) and isinstance(value[2], int):
        value = [value[0], value[1], "idle", value[3]]
    return [_without_times(part) for part in value]
