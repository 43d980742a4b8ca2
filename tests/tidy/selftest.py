"""Feeds every rule what it must complain about, and what it must not: a check that cannot fail
checks nothing."""

from layers import check as check_layers
from rules import RULES
from source import Source

BODY = "int f(void)\n{\n%s}\n"
GUARD = "#ifndef PODIS_%s\n#define PODIS_%s\n\n#endif\n"

# rule, path, text, the lines it must name (none: the text is fine)
SAMPLES = [
    ("layers", "cache/ds/table.c", '#include "cache/base/span.h"\n', []),
    ("layers", "cache/ds/table.c", '#include "cache/ds/table.h"\n#include "cache/types/type.h"\n', [2]),
    ("layers", "cache/base/log.c", '#include "cache/ds/table.h"\n', [1]),
    ("layers", "cache/keyspace.c", '#include "cache/commands/list.h"\n', []),
    ("layers", "cache/keyspace.c", '#include "config/config.h"\n', [1]),
    ("layers", "config/rules.c", '#include "cache/cache.h"\n', [1]),
    ("layers", "config/rules.c", "#include <pcre2.h>\n", [1]),
    ("layers", "config/pattern.c", "#include <pcre2.h>\n", []),
    ("layers", "proxy/protocol/resp_reader.c", '#include "proxy/routing/route.h"\n', [1]),
    ("layers", "proxy/protocol/resp_reader.c", "#include <ev.h>\n", [1]),
    ("layers", "proxy/peers/wire.c", "#include <hiredis/async.h>\n", []),
    ("layers", "proxy/peers/forward.c", "#include <hiredis/async.h>\n", [1]),
    ("layers", "proxy/peers/forward.c", '#include "proxy/server/session.h"\n', [1]),
    ("layers", "proxy/discovery/dns.c", "#include <ares.h>\n", []),
    ("layers", "proxy/server/server.c", "#include <ares.h>\n", [1]),
    ("layers", "proxy/server/dispatch.c", '#include "sidecar/life.h"\n', [1]),
    ("layers", "proxy/server/dispatch.c", "#include <microhttpd.h>\n", [1]),
    ("layers", "sidecar/main.c", '#include "proxy/server/server.h"\n#include <microhttpd.h>\n', []),
    ("layers", "sidecar/main.c", "#include <openssl/ssl.h>\n", [1]),
    ("layers", "cache/expire.c", "#include <time.h>\n#include <string.h>\n#include <pthread.h>\n", [1, 3]),
    ("layers", "cache/expire.c", "#include <sys/socket.h>\n", [1]),
    ("layers", "cache/base/memory.c", "#include <jemalloc/jemalloc.h>\n", []),
    ("layers", "cache/ds/table.c", "#include <jemalloc/jemalloc.h>\n", [1]),
    ("layers", "cache/ds/table.c", "#include <cmocka.h>\n", [1]),
    ("layers", "tests/unit/cache/ds/table_test.c", '#include <cmocka.h>\n#include "sidecar/a.h"\n', []),
    ("layers", "elsewhere/file.c", "", [1]),
    ("file-size", "cache/a.c", "\n" * 800, []),
    ("file-size", "cache/a.c", "\n" * 801, [801]),
    ("file-size", "cache/a.h", "\n" * 251, [251]),
    ("function-size", "cache/a.c", BODY % ("    x();\n" * 68), []),
    ("function-size", "cache/a.c", BODY % ("    x();\n" * 69), [2]),
    ("function-size", "cache/a.c", "static const int t[] = {\n" + "    1,\n" * 90 + "};\n", []),
    ("banned-calls", "cache/a.c", "    strcpy(a, b);\n", [1]),
    ("banned-calls", "tests/bench/a.c", "\n    sprintf (a, b);\n", [2]),
    ("banned-calls", "cache/a.c", "    snprintf(a, 1, b);\n    my_strcpy(a);\n", []),
    ("banned-calls", "cache/a.c", '    /* strcpy(a, b) */\n    log("strcpy(a, b)");\n', []),
    ("banned-calls", "proxy/a.c", "    getaddrinfo(a, b, c, d);\n", [1]),
    ("banned-calls", "proxy/a.c", "    p = malloc(3);\n    free(p);\n", [1, 2]),
    ("banned-calls", "proxy/a.c", "    type->free(value);\n    row.free(value);\n", []),
    ("banned-calls", "cache/base/memory.c", "    p = malloc(3);\n", []),
    ("banned-calls", "cache/base/memory.c", "    p = alloca(3);\n", [1]),
    ("banned-calls", "tests/unit/a_test.c", "    p = malloc(3);\n    usleep(3);\n", [2]),
    ("banned-calls", "cache/a.c", "    t = time(NULL);\n    clock_gettime(c, &t);\n", [1, 2]),
    ("banned-calls", "proxy/server/a.c", "    clock_gettime(c, &t);\n", []),
    ("banned-calls", "proxy/server/commands/debug.c", "    nanosleep(&t, NULL);\n    sleep(1);\n", [2]),
    ("banned-calls", "cache/a.c", "    pthread_create(&t, NULL, f, NULL);\n", [1]),
    ("braces", "cache/a.c", "    if (f(a))\n        b();\n    for (;;)\n        c();\n", [1, 3]),
    ("braces", "cache/a.c", "    if (f(a)) {\n    } else\n        b();\n", [2]),
    ("braces", "cache/a.c", "    do {\n    } while (a);\n    if (a) {\n    } else if (b) {\n    }\n", []),
    ("braces", "cache/a.c", "#if A\n#else\nint b;\n#endif\n", []),
    ("braces", "cache/a.c", "    while (step());\n", [1]),
    ("assertions", "cache/a.c", "    assert(a && b);\n", [1]),
    ("assertions", "cache/a.c", "    assert_slow(a &&\n        b);\n", [1]),
    ("assertions", "cache/a.c", "    assert(f(a && b));\n    assert(a || (b && c));\n", []),
    ("assertions", "cache/a.c", "    static_assert(a && b);\n", []),
    ("comments", "cache/a.c", "int a; // why\n", [1]),
    ("comments", "cache/a.c", 'char *a = "http://x"; /* // fine */\n', []),
    ("comments", "cache/a.c", "/* TODO: finish */\n", [1]),
    ("page", "cache/a.c", "x" * 100 + "\n", []),
    ("page", "cache/a.c", "x" * 101 + "\n\ta\nb \nlast", [1, 2, 3, 4]),
    ("typedefs", "cache/a.h", "typedef struct a a;\ntypedef enum {\n A } b;\n", [1, 2]),
    ("typedefs", "cache/a.h", "typedef void (*done)(int x);\ntypedef void hear_fn(int);\n", [1]),
    ("typedefs", "cache/a.h", "typedef void (*done_fn)(void (*f)(int));\n", []),
    ("guards", "cache/ds/a.h", GUARD % ("CACHE_DS_A_H", "CACHE_DS_A_H"), []),
    ("guards", "cache/ds/a.h", GUARD % ("A_H", "A_H"), [1]),
    ("guards", "cache/ds/a.h", "int a;\n", [1]),
]


def check(table):
    """Yields what is wrong with the rules."""
    tried = set()
    for rule, path, text, expected in SAMPLES:
        source = Source(path, text)
        found = check_layers(table, source) if rule == "layers" else RULES[rule](source)
        lines = sorted({line for line, _ in found})
        tried.add(rule)
        if lines != expected:
            yield f"{rule} on {path}: {text[:60]!r} gives lines {lines}, not {expected}"
    for rule in set(RULES) - tried:
        yield f"{rule} has no sample"
