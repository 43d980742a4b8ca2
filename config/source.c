/* Where directives are written: a file and what it includes, the environment, the flags.
 *
 * Kubernetes describes each Service of a namespace to all its pods in variables named after it,
 * so a Service called "podis" gives PODIS_PORT=tcp://10.0.0.1:6379. Such variables are not meant
 * for us: they are told by their form and passed over. */

#include "config/source.h"

#include "cache/base/memory.h"
#include "config/report.h"
#include "config/words.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

enum { INCLUDES_MAX = 16, WHERE_MAX = 512 };

/* One call of source_each(). */
struct reader {
    directive_fn visit;
    void *context;
    struct config_report *report;
    const char *directory; /* Where relative names are from. */
    int depth;             /* Of includes. */
};

static char *read_all(int fd, size_t *len)
{
    char *text = memory_alloc(SOURCE_FILE_MAX + 1);
    *len = 0;
    while (*len <= SOURCE_FILE_MAX) {
        ssize_t got = read(fd, text + *len, SOURCE_FILE_MAX + 1 - *len);
        if (got == 0) {
            return text;
        }
        if (got < 0 && errno != EINTR) {
            memory_free(text);
            return NULL;
        }
        *len += got < 0 ? 0 : (size_t)got;
    }
    memory_free(text);
    errno = EFBIG;
    return NULL;
}

char *source_read(const char *path, size_t *len, char *why, size_t why_size)
{
    bool standard_input = strcmp(path, "-") == 0;
    int fd = standard_input ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    char *text = fd < 0 ? NULL : read_all(fd, len);

    if (text == NULL) {
        snprintf(why, why_size, "%s: cannot read it: %s", path, strerror(errno));
    }
    if (fd >= 0 && !standard_input) {
        close(fd);
    }
    return text;
}

static void unknown(struct reader *reader, const char *where, struct span name)
{
    const struct option *nearest = option_nearest(name);
    int len = name.len > 64 ? 64 : (int)name.len;
    if (nearest == NULL) {
        report_error(reader->report, "%s: unknown directive '%.*s' (podis --help lists them)",
                     where, len, name.bytes);
    } else {
        report_error(reader->report, "%s: unknown directive '%.*s', did you mean '%s'?", where, len,
                     name.bytes, nearest->name);
    }
}

/* A directive from its words, the name being the first. Takes the name off. */
static void found(struct reader *reader, enum config_origin origin, const char *where,
                  struct option_list *words)
{
    struct option_list rest = { words->items + 1, words->count - 1 };
    struct directive directive = { .origin = origin, .where = where, .words = &rest };

    directive.option = option_find(span_from(words->items[0]));
    if (directive.option == NULL) {
        unknown(reader, where, span_from(words->items[0]));
    } else {
        reader->visit(reader->context, &directive);
    }
}

/* The path of a file that is named; in `text` if it has to be put together. */
static const char *path_of(const struct reader *reader, const char *name, char text[PATH_MAX])
{
    if (name[0] == '/' || strcmp(name, "-") == 0 || reader->directory == NULL) {
        return name;
    }
    snprintf(text, PATH_MAX, "%s/%s", reader->directory, name);
    return text;
}

static enum err read_file(struct reader *reader, const char *path);

/* As in a shell: a pattern may match no file, a plain name must exist. */
static enum err read_included(struct reader *reader, const char *where, const char *name)
{
    char text[PATH_MAX];
    const char *pattern = path_of(reader, name, text);
    glob_t paths;
    enum err err = ERR_OK;

    if (strpbrk(pattern, "*?[") == NULL) {
        return read_file(reader, pattern);
    }
    int result = glob(pattern, 0, NULL, &paths);
    if (result == GLOB_NOMATCH) {
        return ERR_OK;
    }
    if (result != 0) {
        report_error(reader->report, "%s: cannot look for '%s'", where, pattern);
        return ERR_SYSTEM;
    }
    for (size_t i = 0; err == ERR_OK && i < paths.gl_pathc; i++) {
        err = read_file(reader, paths.gl_pathv[i]);
    }
    globfree(&paths);
    return err;
}

static enum err include(struct reader *reader, const char *where, const struct option_list *words)
{
    if (words->count != 2) {
        report_error(reader->report, "%s: include: found %zu words, accepted is one file name",
                     where, words->count - 1);
        return ERR_OK;
    }
    if (reader->depth == INCLUDES_MAX) {
        report_error(reader->report, "%s: include: more than %d files deep", where, INCLUDES_MAX);
        return ERR_OK;
    }
    reader->depth++;
    enum err err = read_included(reader, where, words->items[1]);
    reader->depth--;
    return err;
}

static struct span trimmed(struct span line)
{
    while (line.len > 0 && isspace((unsigned char)line.bytes[0])) {
        line = span_skip(line, 1);
    }
    while (line.len > 0 && isspace((unsigned char)line.bytes[line.len - 1])) {
        line.len--;
    }
    return line;
}

static enum err read_line(struct reader *reader, const char *where, struct span line)
{
    struct option_list words = { 0 };
    enum err err = ERR_OK;

    line = trimmed(line);
    if (line.len == 0 || line.bytes[0] == '#') {
        return ERR_OK;
    }
    if (!words_split(&words, line)) {
        report_error(reader->report, "%s: unbalanced quotes in: %.*s", where,
                     line.len > 80 ? 80 : (int)line.len, line.bytes);
    } else if (span_is(span_from(words.items[0]), "include")) {
        err = include(reader, where, &words);
    } else {
        found(reader, ORIGIN_FILE, where, &words);
    }
    words_fini(&words);
    return err;
}

static enum err read_lines(struct reader *reader, const char *path, struct span text)
{
    char where[WHERE_MAX];
    enum err err = ERR_OK;

    for (size_t number = 1; err == ERR_OK && text.len > 0; number++) {
        const char *end = memchr(text.bytes, '\n', text.len);
        size_t len = end == NULL ? text.len : (size_t)(end - text.bytes);
        snprintf(where, sizeof(where), "%s:%zu", strcmp(path, "-") == 0 ? "standard input" : path,
                 number);
        err = read_line(reader, where, (struct span){ text.bytes, len });
        text = span_skip(text, end == NULL ? len : len + 1);
    }
    return err;
}

static enum err read_file(struct reader *reader, const char *path)
{
    char why[WHERE_MAX];
    size_t len;
    char *text = source_read(path, &len, why, sizeof(why));

    if (text == NULL) {
        report_error(reader->report, "%s", why);
        return ERR_SYSTEM;
    }
    enum err err = read_lines(reader, path, (struct span){ text, len });
    memory_free(text);
    return err;
}

/* Whether Kubernetes made it for a Service whose name begins with "podis". */
static bool is_service_variable(struct span name, const char *value)
{
    static const char *const schemes[] = { "tcp://", "udp://", "sctp://" };
    static const char *const endings[] = { "_SERVICE_HOST", "_ADDR", "_PROTO" };
    char text[128];

    for (size_t i = 0; i < COUNT(schemes); i++) {
        if (strncmp(value, schemes[i], strlen(schemes[i])) == 0) {
            return true;
        }
    }
    snprintf(text, sizeof(text), "_%.*s", (int)name.len, name.bytes);
    for (size_t i = 0; i < COUNT(endings); i++) {
        const char *at = strstr(text, endings[i]);
        if (at != NULL && strcmp(at, endings[i]) == 0) {
            return true;
        }
    }
    return strstr(text, "_SERVICE_PORT") != NULL || strstr(text, "_TCP_PORT") != NULL ||
           strstr(text, "_UDP_PORT") != NULL;
}

static void read_variable(struct reader *reader, const char *variable)
{
    static const char prefix[] = "PODIS_";
    const char *equals = strchr(variable, '=');
    char where[WHERE_MAX];

    if (equals == NULL || strncmp(variable, prefix, strlen(prefix)) != 0) {
        return;
    }
    struct span name = { variable, (size_t)(equals - variable) };
    name = span_skip(name, strlen(prefix));
    if (is_service_variable(name, equals + 1)) {
        return;
    }
    snprintf(where, sizeof(where), "environment %.*s", (int)(equals - variable), variable);
    struct directive directive = { .origin = ORIGIN_ENVIRONMENT,
                                   .where = where,
                                   .option = option_find_variable(name),
                                   .text = span_from(equals + 1) };
    if (directive.option == NULL) {
        unknown(reader, where, name);
    } else {
        reader->visit(reader->context, &directive);
    }
}

/* The words of a flag: its name, and the values that stand in the same argument, as in
 * `"--port 7000"`. False: a quote in it is not closed. */
static bool split_flag(struct option_list *words, const char *flag)
{
    if (strchr(flag, ' ') == NULL) {
        words_add(words, span_from(flag));
        return true;
    }
    return words_split(words, span_from(flag)) && words->count > 0;
}

/* `--save 900 1 --port 7000`: a word with -- in front is a name, all up to the next are its
 * values. */
static void read_flags(struct reader *reader, const char *const *flags, size_t count)
{
    size_t at = 0;
    while (at < count) {
        struct option_list words = { 0 };
        char where[WHERE_MAX];
        bool named = strncmp(flags[at], "--", 2) == 0 && flags[at][2] != '\0';

        snprintf(where, sizeof(where), "flag %s", flags[at]);
        named = named && split_flag(&words, flags[at] + 2);
        at++;
        while (at < count && strncmp(flags[at], "--", 2) != 0) {
            words_add(&words, span_from(flags[at++]));
        }
        if (named) {
            found(reader, ORIGIN_FLAG, where, &words);
        } else {
            report_error(reader->report, "%s: found where a --directive is expected", where);
        }
        words_fini(&words);
    }
}

enum err source_each(const struct config_sources *sources, directive_fn visit, void *context,
                     struct config_report *report)
{
    struct reader reader = {
        .visit = visit, .context = context, .report = report, .directory = sources->directory
    };
    char path[PATH_MAX];

    if (sources->file != NULL) {
        enum err err = read_file(&reader, path_of(&reader, sources->file, path));
        if (err != ERR_OK) {
            return err;
        }
    }
    for (size_t i = 0; sources->environment != NULL && sources->environment[i] != NULL; i++) {
        read_variable(&reader, sources->environment[i]);
    }
    if (sources->flags != NULL) {
        read_flags(&reader, sources->flags, sources->flag_count);
    }
    return ERR_OK;
}
