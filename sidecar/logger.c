/* Writes log lines. */

#include "sidecar/logger.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LINE_SIZE = 8 * 1024 };

static const struct {
    char mark;
    const char *name;
} levels[] = {
    [LOG_DEBUG] = { '.', "debug" },
    [LOG_VERBOSE] = { '-', "verbose" },
    [LOG_NOTICE] = { '*', "notice" },
    [LOG_WARNING] = { '#', "warning" },
};

static size_t at_most(int wanted, size_t size)
{
    assert(wanted >= 0);
    return (size_t)wanted < size ? (size_t)wanted : size - 1;
}

static size_t format_text(char *line, size_t size, const struct log_moment *moment,
                          enum log_level level, const char *text)
{
    char date[64];
    struct tm parts;
    time_t seconds = (time_t)moment->seconds;

    localtime_r(&seconds, &parts);
    strftime(date, sizeof(date), "%d %b %Y %H:%M:%S", &parts);
    size_t begin = at_most(snprintf(line, size, "%d:M %s.%03d %c ", (int)moment->pid, date,
                                    moment->milliseconds, levels[level].mark),
                           size);
    size_t len = begin + at_most(snprintf(line + begin, size - begin, "%s\n", text), size - begin);

    for (size_t i = begin; i + 1 < len; i++) {
        if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f) {
            line[i] = '?'; /* What a client sent must not begin a line of its own. */
        }
    }
    return len;
}

/* Copies text into a JSON string. Bytes that are no UTF-8 pass as they are: who reads the log
 * replaces them. Stops before the room ends. */
static size_t add_json(char *line, size_t at, size_t size, const char *text)
{
    for (; *text != '\0' && at + 8 < size; text++) {
        unsigned char letter = (unsigned char)*text;
        if (letter == '"' || letter == '\\') {
            line[at++] = '\\';
            line[at++] = *text;
        } else if (letter < 0x20 || letter == 0x7f) {
            at += at_most(snprintf(line + at, size - at, "\\u%04x", letter), size - at);
        } else {
            line[at++] = *text;
        }
    }
    return at;
}

static size_t format_json(char *line, size_t size, const struct log_moment *moment,
                          enum log_level level, const char *text)
{
    char date[64];
    struct tm parts;
    time_t seconds = (time_t)moment->seconds;

    gmtime_r(&seconds, &parts);
    strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &parts);
    size_t at = at_most(
        snprintf(line, size, "{\"time\":\"%s.%03dZ\",\"level\":\"%s\",\"pid\":%d,\"message\":\"",
                 date, moment->milliseconds, levels[level].name, (int)moment->pid),
        size);
    at = add_json(line, at, size - 4, text);
    at += at_most(snprintf(line + at, size - at, "\"}\n"), size - at);
    return at;
}

size_t logger_format(char *line, size_t size, enum log_format format,
                     const struct log_moment *moment, enum log_level level, const char *text)
{
    assert(level < LOG_NOTHING);
    size_t len = format == LOG_FORMAT_JSON ? format_json(line, size, moment, level, text)
                                           : format_text(line, size, moment, level, text);
    line[len - 1] = '\n'; /* A text that was cut has lost its line end. */
    return len;
}

static void write_line(void *context, enum log_level level, const char *text)
{
    struct logger *logger = context;
    struct timespec now;
    char line[LINE_SIZE];

    clock_gettime(CLOCK_REALTIME, &now);
    struct log_moment moment = { .seconds = now.tv_sec,
                                 .milliseconds = (int)(now.tv_nsec / 1000000),
                                 .pid = logger->pid };
    size_t len = logger_format(line, sizeof(line), logger->format, &moment, level, text);
    ssize_t wrote;
    do {
        wrote = write(logger->fd, line, len);
    } while (wrote < 0 && errno == EINTR);
}

void logger_init(struct logger *logger)
{
    *logger = (struct logger){ .fd = STDOUT_FILENO, .pid = getpid() };
    logger->log = (struct log){ .level = LOG_NOTICE, .write = write_line, .context = logger };
}

void logger_fini(struct logger *logger)
{
    if (logger->fd > STDERR_FILENO) {
        close(logger->fd);
    }
    logger->fd = STDOUT_FILENO;
}

void logger_configure(struct logger *logger, const struct options *options)
{
    logger->log.level = (enum log_level)options->loglevel;
    logger->format = (enum log_format)options->log_format;
}

enum err logger_open(struct logger *logger, const struct options *options)
{
    if (*options->logfile != '\0') {
        int fd = open(options->logfile, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
        if (fd < 0) {
            return ERR_SYSTEM;
        }
        logger_fini(logger);
        logger->fd = fd;
    }
    logger->pid = getpid();
    logger_configure(logger, options);
    return ERR_OK;
}
