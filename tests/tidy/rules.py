"""The rules that look at one file. Each yields (line, what is wrong)."""

import re

LINES_MAX = {".c": 800, ".h": 250}
FUNCTION_LINES_MAX = 70
COLUMNS_MAX = 100

# Where a call is banned, which, and what to do instead. Folders are prefixes of paths.
EVERYWHERE = ("",)
PROGRAM = ("cache/", "config/", "proxy/", "sidecar/")
BANNED = [
    (EVERYWHERE, "strcpy strcat strncpy strncat stpcpy sprintf vsprintf gets",
     "does not know how long its buffer is: use a buf, or snprintf"),
    (EVERYWHERE, "strtok", "hides state: work on spans"),
    (EVERYWHERE, "atoi atol atoll atof", "cannot fail: use cache/base/number.h"),
    (EVERYWHERE, "alloca", "cannot fail, it crashes"),
    (EVERYWHERE, "rand srand random srandom drand48", "hides state: randomness is an argument"),
    (EVERYWHERE, "gethostbyname gethostbyaddr", "blocks, and is not reentrant"),
    (EVERYWHERE, "localtime gmtime ctime asctime", "hides state: use the _r form"),
    (EVERYWHERE, "tmpnam tempnam mktemp", "races: use mkstemp"),
    (PROGRAM, "getaddrinfo getnameinfo", "blocks the loop: names are for proxy/discovery"),
    (PROGRAM, "system popen", "blocks, and runs a shell"),
    (PROGRAM + ("tests/unit/",), "sleep usleep nanosleep", "nothing here waits"),
    (("cache/", "config/"), "time clock clock_gettime gettimeofday",
     "no hidden clock: time is an argument"),
    (PROGRAM, "malloc calloc realloc reallocarray free strdup strndup aligned_alloc posix_memalign "
     "asprintf vasprintf", "the heap is cache/base/memory.h"),
]
HEAP_FILE = "cache/base/memory.c"

# Calls that are what the file is for.
MEANT = {
    ("sidecar/transfer/endpoint.c", "getaddrinfo"),  # A tool of its own, without a loop.
    ("proxy/server/commands/debug.c", "nanosleep"),  # DEBUG SLEEP stops the process, as in Redis.
}


def suffix(source):
    return source.path[source.path.rfind("."):]


def file_size(source):
    limit = LINES_MAX[suffix(source)]
    count = len(source.lines) - (source.lines[-1] == "")
    if count > limit:
        yield limit + 1, f"size: {count} lines, at most {limit}"


def function_size(source):
    """clang-format puts a function's braces, and nothing else's, in the first column."""
    opened = None
    for number, line in enumerate(source.code.split("\n"), 1):
        if line.rstrip() == "{":
            opened = number
        elif line.startswith("}") and opened is not None:
            count = number - opened + 1
            if count > FUNCTION_LINES_MAX:
                yield opened, f"size: function of {count} lines, at most {FUNCTION_LINES_MAX}"
            opened = None


def banned_calls(source):
    for folders, names, why in BANNED:
        if not source.path.startswith(folders):
            continue
        if source.path == HEAP_FILE and "malloc" in names:
            continue
        pattern = r"(?<![\w.>])(?:" + "|".join(names.split()) + r")[ \t]*\("
        for match in re.finditer(pattern, source.code):
            name = match[0].rstrip("( \t")
            if (source.path, name) not in MEANT:
                yield source.line_of(match.start()), f"banned: {name}: {why}"
    if source.path.startswith("cache/"):
        for match in re.finditer(r"\b(pthread_\w+|thrd_\w+)[ \t]*\(", source.code):
            yield source.line_of(match.start()), f"banned: {match[1]}: no threads in cache/"


def braces(source):
    """The condition's own closing line may end in a macro's backslash."""
    for match in re.finditer(r"\b(if|for|while|switch)[ \t]*\(", source.code):
        inside = source.inside_parentheses(match.end() - 1)
        after = source.code[match.end() + len(inside) + 1:].lstrip(" \t\n\\")
        ends_do = match[1] == "while" and source.code[:match.start()].rstrip().endswith("}")
        if not after.startswith("{") and not (ends_do and after.startswith(";")):
            yield source.line_of(match.start()), f"braces: {match[1]} without"
    for match in re.finditer(r"(?<!#)\b(else|do)\b(?![ \t\n\\]*(?:\{|if\b))", source.code):
        yield source.line_of(match.start()), f"braces: {match[1]} without"


def assertions(source):
    for match in re.finditer(r"\bassert(?:_slow)?[ \t]*\(", source.code):
        depth = 0
        inside = source.inside_parentheses(match.end() - 1)
        for at, letter in enumerate(inside):
            depth += letter in "([{"
            depth -= letter in ")]}"
            if depth == 0 and inside.startswith("&&", at):
                yield source.line_of(match.start()), "assert: one condition each"
                break


def comments(source):
    for line in source.line_comments:
        yield line, "comment: /* */ only"
    for number, line in enumerate(source.lines, 1):
        if re.search(r"\b(TODO|FIXME|XXX|HACK)\b", line):
            yield number, "comment: unfinished work is an issue, not a comment"


def page(source):
    for number, line in enumerate(source.lines, 1):
        if len(line) > COLUMNS_MAX:
            yield number, f"page: {len(line)} columns, at most {COLUMNS_MAX}"
        if "\t" in line:
            yield number, "page: tab"
        if line != line.rstrip():
            yield number, "page: space at the end of the line"
    if not source.text.endswith("\n"):
        yield len(source.lines), "page: the last line does not end"


def typedefs(source):
    for match in re.finditer(r"\btypedef\s+(struct|union|enum)\b", source.code):
        yield source.line_of(match.start()), f"names: {match[1]} behind a typedef"
    for match in re.finditer(r"\btypedef\b[^;{]*?\(\s*\*?\s*(\w+)\s*\)\s*\(", source.code):
        if not match[1].endswith("_fn"):
            yield source.line_of(match.start()), f"names: function type {match[1]} must end in _fn"


def guards(source):
    if suffix(source) != ".h":
        return
    name = "PODIS_" + re.sub(r"[^A-Z0-9]", "_", source.path.upper())
    found = re.search(r"^#ifndef (\w+)\n#define \1$", source.code, re.MULTILINE)
    if not found or found[1] != name:
        yield 1, f"guard: must be {name}"


RULES = {
    "file-size": file_size,
    "function-size": function_size,
    "banned-calls": banned_calls,
    "braces": braces,
    "assertions": assertions,
    "comments": comments,
    "page": page,
    "typedefs": typedefs,
    "guards": guards,
}
