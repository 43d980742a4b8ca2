/* What `podis` does besides serving. */

#include "sidecar/modes.h"

#include "cache/base/hash.h"
#include "cache/base/memory.h"
#include "cache/base/number.h"
#include "cache/commands/markdown.h"
#include "proxy/server/commands/info.h"
#include "proxy/server/server.h"
#include "sidecar/cgroup.h"
#include "sidecar/client.h"
#include "sidecar/health.h"
#include "sidecar/status.h"
#include "sidecar/transfer/transfer.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#ifndef PODIS_REVISION
#define PODIS_REVISION "00000000:0"
#endif

enum { PAGE_MAX = 1 << 20 };

static void print_line(void *context, const char *text)
{
    fprintf(context, "%s\n", text);
}

int mode_help(void)
{
    static const char text[] =
        "podis " PODIS_VERSION ": every pod its own Redis on localhost:6379\n\n"
        "  podis [FILE] [--directive value ...]    start; FILE is like redis.conf, - reads it\n"
        "                                          from standard input\n"
        "  podis --check [FILE] [--directive ...]  say what is wrong with it, or what it means\n"
        "  podis --defaults                        every directive with its default, as a file\n"
        "  podis --commands                        every command, as Markdown\n"
        "  podis --version\n"
        "  podis status [--port N | --socket PATH] what a running podis is doing\n"
        "  podis health [--admin HOST:PORT]        exit status 0 if it is ready\n"
        "  podis import FROM [--to URL]            all keys of an RDB file or of "
        "redis://host:port\n"
        "                                          into a podis that runs, here unless --to says\n"
        "                                          where: "
        "redis://[[user:]password@]host[:port][/db]\n"
        "  podis export FILE [--from URL]          all keys of one into an RDB file\n"
        "                   [--replace yes]        what is there already may go\n"
        "                   [--verify no]          without comparing the two afterwards\n\n"
        "The environment is read too: PODIS_MAXMEMORY=100mb is maxmemory 100mb. It counts over\n"
        "the file; flags count over both. Directives and [defaults]:\n\n";

    fputs(text, stdout);
    config_print_help(print_line, stdout);
    return EXIT_SUCCESS;
}

/* Scripts that start redis-server look for v=, and compare it with what they need. */
int mode_version(void)
{
    uint64_t build = hash_bytes(SPAN(PODIS_VERSION " " PODIS_REVISION " " __VERSION__), 0);

    printf("podis %s, stands in for Redis v=%s sha=%s malloc=%s bits=%zu build=%" PRIx64 "\n",
           PODIS_VERSION, REDIS_VERSION, PODIS_REVISION, memory_allocator(), sizeof(void *) * 8,
           build);
    return EXIT_SUCCESS;
}

int mode_commands(void)
{
    struct command_table *table = command_table_new();
    struct buf page;

    command_table_add_store(table);
    command_table_add_server(table);
    buf_init(&page, PAGE_MAX);
    markdown_print(table, &page);
    struct span text = buf_span(&page);
    fwrite(text.bytes, 1, text.len, stdout);
    buf_fini(&page);
    command_table_free(table);
    return EXIT_SUCCESS;
}

int mode_defaults(void)
{
    config_print_file(print_line, stdout);
    return EXIT_SUCCESS;
}

int mode_check(const struct config_sources *sources)
{
    struct config_report report;
    struct config *config;

    enum err err = config_load(sources, &config, &report);
    fprintf(stderr, "%s%s", report.text, report.warnings);
    config_report_fini(&report);
    if (err != ERR_OK) {
        return EXIT_FAILURE;
    }
    config_default_memory(config, cgroup_memory_share(cgroup_memory_limit("")));
    config_print_used(config, print_line, stdout);
    config_free(config);
    return EXIT_SUCCESS;
}

/* What the environment alone says: all that `status` and `health` know of the other podis. */
static struct config *environment_config(char *const *environment)
{
    struct config_sources sources = { .environment = environment };
    struct config_report report;
    struct config *config;

    enum err err = config_load(&sources, &config, &report);
    if (err != ERR_OK) {
        fprintf(stderr, "%s", report.text);
    }
    config_report_fini(&report);
    return config;
}

static enum err connect_for_status(const struct arguments *arguments, const struct options *options,
                                   int *fd)
{
    uint64_t port = options->port;

    if (arguments->socket != NULL) {
        return client_connect_unix(arguments->socket, fd);
    }
    if (arguments->port != NULL &&
        (!number_parse_unsigned(span_from(arguments->port), &port) || port > UINT16_MAX)) {
        errno = EINVAL;
        return ERR_INVALID;
    }
    if (arguments->port == NULL && port == 0) {
        return client_connect_unix(options->unixsocket, fd);
    }
    return client_connect("127.0.0.1", (uint16_t)port, fd);
}

static int print_status(int fd)
{
    struct buf page;

    buf_init(&page, PAGE_MAX);
    enum err err = status_ask(fd, getenv("REDISCLI_AUTH"), &page);
    struct span text = buf_span(&page);
    if (err == ERR_OK) {
        fwrite(text.bytes, 1, text.len, stdout);
    } else if (err == ERR_REFUSED) {
        fprintf(stderr, "podis: %.*s (a password is taken from REDISCLI_AUTH)\n", (int)text.len,
                text.bytes);
    } else {
        fprintf(stderr, "podis: no status: %s\n", err_text(err));
    }
    buf_fini(&page);
    return err == ERR_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}

int mode_status(const struct arguments *arguments, char *const *environment)
{
    struct config *config = environment_config(environment);
    int fd;

    if (config == NULL) {
        return EXIT_FAILURE;
    }
    enum err err = connect_for_status(arguments, &config->options, &fd);
    config_free(config);
    if (err != ERR_OK) {
        fprintf(stderr, "podis: cannot connect: %s\n", strerror(errno));
        return EXIT_FAILURE;
    }
    int status = print_status(fd);
    close(fd);
    return status;
}

/* Where the admin port is to be asked: an address for all is none to connect to. */
static const char *reachable(const char *bind)
{
    if (strcmp(bind, "0.0.0.0") == 0) {
        return "127.0.0.1";
    }
    return strcmp(bind, "::") == 0 ? "::1" : bind;
}

static enum err check_health(const struct arguments *arguments, const struct options *options,
                             char *why, size_t why_size)
{
    char host[64];
    uint16_t port = options->admin_port;

    snprintf(host, sizeof(host), "%s", reachable(options->admin_bind));
    if (arguments->admin != NULL &&
        health_address(arguments->admin, host, sizeof(host), &port) != ERR_OK) {
        snprintf(why, why_size, "--admin: found '%s', accepted is HOST:PORT", arguments->admin);
        return ERR_INVALID;
    }
    if (port == 0) {
        snprintf(why, why_size, "admin-port is 0: there is nothing to ask");
        return ERR_INVALID;
    }
    return health_ask(host, port, why, why_size);
}

int mode_health(const struct arguments *arguments, char *const *environment)
{
    struct config *config = environment_config(environment);
    char why[512];

    if (config == NULL) {
        return EXIT_FAILURE;
    }
    enum err err = check_health(arguments, &config->options, why, sizeof(why));
    config_free(config);
    if (err != ERR_OK) {
        fprintf(stderr, "podis: not healthy: %s\n", why);
        return EXIT_FAILURE;
    }
    printf("ok\n");
    return EXIT_SUCCESS;
}

int mode_transfer(const struct arguments *arguments, char *const *environment)
{
    struct config *config = environment_config(environment);
    bool imports = arguments->mode == MODE_IMPORT;
    char here[64];

    if (config == NULL) {
        return EXIT_FAILURE;
    }
    snprintf(here, sizeof(here), "redis://127.0.0.1:%" PRIu64, (uint64_t)config->options.port);
    config_free(config);
    const char *server = arguments->server == NULL ? here : arguments->server;
    return transfer_run(&(struct transfer){
        .what = imports ? "import" : "export",
        .from = imports ? arguments->place : server,
        .to = imports ? server : arguments->place,
        .replace = arguments->replace != NULL && strcmp(arguments->replace, "yes") == 0,
        .verify = arguments->verify == NULL || strcmp(arguments->verify, "yes") == 0,
    });
}
