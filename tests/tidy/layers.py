"""The layering table of ARCHITECTURE.md, and the check of #include lines against it."""

import posixpath
import re

# Headers of the C library and of the compiler. Anything else between <> is third party and must
# be in the table.
LIBC = set(
    """assert complex ctype errno fenv float inttypes iso646 limits locale math setjmp signal
    stdalign stdarg stdatomic stdbool stddef stdint stdio stdlib stdnoreturn string tgmath threads
    time uchar wchar wctype dirent dlfcn endian byteswap execinfo fcntl fnmatch getopt glob grp
    ifaddrs libgen malloc netdb poll pthread pwd regex sched semaphore spawn strings syslog termios
    unistd utime immintrin emmintrin arm_neon x86intrin""".split()
)
LIBC_FOLDERS = ("sys/", "net/", "netinet/", "arpa/", "linux/")

# What a folder without sockets, threads and clocks has no use for.
OUTSIDE_WORLD = re.compile(
    r"^(threads|time|pthread|semaphore|sched|signal|netdb|ifaddrs|poll|spawn)\.h$"
    r"|^sys/(socket|time|times|timerfd|epoll|eventfd|select|poll|un|wait)\.h$"
    r"|^(net|netinet|arpa|linux)/"
)
QUIET = ("cache", "config")

# The third-party cells: `header` or `folder/`, and the one file it is for.
THIRD = re.compile(r"`([^`]+)`(?: in `([^`]+)`)?")


class Row:
    def __init__(self, folders, may, third):
        self.folders = folders
        self.may = may
        self.third = third


class Table:
    def __init__(self, markdown):
        self.rows = []
        self.third = set()
        section = markdown.split("## Layers", 1)[1].split("\n## ", 1)[0]
        for line in section.split("\n"):
            cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
            if not line.startswith("|") or len(cells) != 5 or "`" not in cells[1]:
                continue
            row = Row(
                re.findall(r"`([^`]+)`", cells[1]),
                re.findall(r"`([^`]+)`", cells[2]),
                THIRD.findall(cells[3]),
            )
            self.rows.append(row)
            self.third.update(name for name, _ in row.third)
        if len(self.rows) < 10:
            raise ValueError("ARCHITECTURE.md: the layering table cannot be read")

    def row_of(self, folder):
        for row in self.rows:
            if any(covers(name, folder) for name in row.folders):
                return row
        return None


def covers(name, folder):
    """`a/` covers a and all below it, `a` only itself."""
    if name.endswith("/"):
        return (folder + "/").startswith(name)
    return folder == name


def is_third_party(header, name):
    return header.startswith(name) if name.endswith("/") else header == name


def is_libc(header):
    return header.startswith(LIBC_FOLDERS) or header.removesuffix(".h") in LIBC


def check_own(source, row, line, header):
    folder = posixpath.dirname(header)
    if folder == posixpath.dirname(source.path) or any(covers(name, folder) for name in row.may):
        return
    if folder in row.folders:
        return
    yield line, f"layers: {posixpath.dirname(source.path)} may not include {header}"


def check_system(table, source, row, line, header):
    for name in table.third:
        if not is_third_party(header, name):
            continue
        for mine, only in row.third:
            if mine == name and only in ("", source.path):
                return
        where = [f"only {o}" for r in table.rows for n, o in r.third if n == name and o]
        yield line, f"layers: {source.path} may not use {header}" + (
            f" ({where[0]} may)" if where else ""
        )
        return
    if not is_libc(header):
        yield line, f"layers: {header} is in no row of ARCHITECTURE.md's table"
    elif source.path.split("/")[0] in QUIET and OUTSIDE_WORLD.search(header):
        yield line, f"layers: {header}: no sockets, threads or clocks in {source.path.split('/')[0]}/"


def check(table, source):
    row = table.row_of(posixpath.dirname(source.path))
    if row is None:
        yield 1, "layers: this folder is in no row of ARCHITECTURE.md's table"
        return
    for line, system, header in source.includes:
        if system:
            yield from check_system(table, source, row, line, header)
        else:
            yield from check_own(source, row, line, header)
