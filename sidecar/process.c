/* The process as the operating system sees it. */

#include "sidecar/process.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

/* Files that are not clients: log, listeners, epoll, links to peers. */
enum { OTHER_FILES = 96 };

static bool into_background(const struct options *options)
{
    pid_t child = fork();
    if (child < 0) {
        return false;
    }
    if (child > 0) {
        _exit(EXIT_SUCCESS);
    }
    int null = open("/dev/null", O_RDWR);
    if (setsid() < 0 || null < 0) {
        return false;
    }
    /* Without a log file what is logged goes nowhere, as in Redis. */
    (void)options;
    bool good = dup2(null, STDIN_FILENO) >= 0 && dup2(null, STDOUT_FILENO) >= 0 &&
                dup2(null, STDERR_FILENO) >= 0;
    if (null > STDERR_FILENO) {
        close(null);
    }
    return good;
}

bool process_enter(const struct options *options)
{
    signal(SIGPIPE, SIG_IGN);
    if (chdir(options->dir) != 0) {
        return false;
    }
    return !options->daemonize || into_background(options);
}

void process_raise_file_limit(struct options *options, const struct log *log)
{
    struct rlimit limit;
    rlim_t wanted = (rlim_t)options->maxclients + OTHER_FILES;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted) {
        return;
    }
    rlim_t had = limit.rlim_cur;
    limit.rlim_max = limit.rlim_max < wanted ? wanted : limit.rlim_max;
    limit.rlim_cur = wanted;
    if (setrlimit(RLIMIT_NOFILE, &limit) == 0) {
        return;
    }
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        had = setrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : had;
    }
    if (had >= wanted) {
        return;
    }
    int64_t allowed = had > OTHER_FILES + 1 ? (int64_t)had - OTHER_FILES : 1;
    log_warning(log, "%" PRIu64 " open files are allowed: maxclients is %" PRId64 ", not %" PRId64,
                (uint64_t)had, allowed, options->maxclients);
    options->maxclients = allowed;
}

uint64_t process_seed(char node_id[41])
{
    unsigned char bytes[20];
    uint64_t seed;

    ssize_t got = getrandom(bytes, sizeof(bytes), 0);
    assert(got == (ssize_t)sizeof(bytes));
    for (size_t i = 0; i < sizeof(bytes); i++) {
        snprintf(node_id + 2 * i, 3, "%02x", bytes[i]);
    }
    got = getrandom(&seed, sizeof(seed), 0);
    assert(got == (ssize_t)sizeof(seed));
    return seed;
}

enum err process_write_pid(const struct options *options, char *why, size_t why_size)
{
    if (*options->pidfile == '\0') {
        return ERR_OK;
    }
    FILE *file = fopen(options->pidfile, "we");
    bool good = file != NULL && fprintf(file, "%d\n", (int)getpid()) > 0;
    if (file != NULL) {
        good = fclose(file) == 0 && good;
    }
    if (!good) {
        snprintf(why, why_size, "Cannot write the pidfile %s: %s", options->pidfile,
                 strerror(errno));
        return ERR_SYSTEM;
    }
    return ERR_OK;
}

void process_remove_files(const struct options *options)
{
    if (*options->pidfile != '\0') {
        unlink(options->pidfile);
    }
}
