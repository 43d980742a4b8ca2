/* What happens to the running program from outside. */

#include "sidecar/program.h"

#include "sidecar/cgroup.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const double drain_look_seconds = 0.01;
static const double memory_look_seconds = 5.0;

static uint64_t now_ms(const struct program *program)
{
    return (uint64_t)(ev_now(program->loop) * 1000.0);
}

/* Everyone who keeps something of the configuration. */
static void configure(void *context)
{
    struct program *program = context;

    logger_configure(&program->logger, &program->config->options);
    tls_commit(program->tls);
    server_configure(program->server, program->config);
    if (program->peers != NULL) {
        peers_configure(program->peers, program->config);
    }
    program_look_at_memory(program);
    if (chdir(program->config->options.dir) != 0) {
        log_warning(&program->logger.log, "Cannot change to the directory %s: %s",
                    program->config->options.dir, strerror(errno));
    }
    program_configure_disk(program);
}

static bool lists_equal(const struct option_list *a, const struct option_list *b)
{
    bool same = a->count == b->count;

    for (size_t i = 0; same && i < a->count; i++) {
        same = strcmp(a->items[i], b->items[i]) == 0;
    }
    return same;
}

/* What a configuration needs of the world, before it is taken into use: certificates that can be
 * read, addresses that can be listened on. `about` becomes what the directive begins with that asks
 * for what cannot be had. */
static enum err prepare(struct program *program, const struct config *next, const char **about,
                        char *why, size_t why_size)
{
    char reason[384];

    *about = "tls-";
    enum err err = tls_prepare(program->tls, &next->options, reason, sizeof(reason));
    if (err != ERR_OK) {
        snprintf(why, why_size, "Unable to update TLS configuration. %s", reason);
        return err;
    }
    err = server_listen_as(program->server, &next->options, reason, sizeof(reason));
    if (err != ERR_OK) {
        bool addresses = !lists_equal(&program->config->options.bind, &next->options.bind);
        bool tls = program->config->options.tls_port != next->options.tls_port;
        *about = addresses ? "bind" : tls ? "tls-port" : "port";
        snprintf(why, why_size, "%s. %s",
                 addresses ? "Failed to bind to specified addresses"
                           : "Unable to listen on this port",
                 reason);
    }
    return err;
}

static enum err prepare_reload(void *context, const struct config *next, char *why, size_t why_size)
{
    const char *about;
    return prepare(context, next, &about, why, why_size);
}

/* The first name among the pairs that begins like this; else the first of all. */
static struct span name_about(const struct span *pairs, size_t count, const char *about)
{
    size_t len = strlen(about);

    for (size_t i = 0; i < count; i += 2) {
        if (pairs[i].len >= len && strncasecmp(pairs[i].bytes, about, len) == 0) {
            return pairs[i];
        }
    }
    return pairs[0];
}

static enum err set_config(void *context, const struct span *pairs, size_t count, char *why,
                           size_t why_size)
{
    struct program *program = context;
    struct config *next = config_copy(program->config);
    const char *about;
    char reason[512];

    enum err err = config_set(next, pairs, count, why, why_size);
    if (err == ERR_OK) {
        err = prepare(program, next, &about, reason, sizeof(reason));
        if (err == ERR_OK) {
            struct config old = *program->config;
            *program->config = *next;
            *next = old;
            configure(program);
        } else {
            struct span name = name_about(pairs, count, about);
            snprintf(why, why_size, "CONFIG SET failed (possibly related to argument '%.*s') - %s",
                     (int)name.len, name.bytes, reason);
        }
    }
    config_free(next);
    return err;
}

static enum err rewrite_config(void *context, char *why, size_t why_size)
{
    struct program *program = context;
    struct option_list users = { 0 };
    uint16_t port;
    const char *primary = server_primary(program->server, &port);

    config_set_primary(program->config, primary, port);
    server_add_user_lines(program->server, &users);
    config_set_users(program->config, &users);
    enum err err = config_rewrite(program->config, why, why_size);

    log_notice(&program->logger.log, "CONFIG REWRITE: %s", err == ERR_OK ? "done" : why);
    return err;
}

static void begin_to_drain(struct program *program)
{
    if (!program->failed) { /* Else the last line is to be what went wrong. */
        log_notice(&program->logger.log, "Draining: %zu connections, %zu requests wait for peers",
                   server_connections(program->server), server_waiting(program->server));
    }
    server_drain(program->server);
    if (program->peers != NULL) {
        peers_drain(program->peers);
    }
    ev_timer_start(program->loop, &program->drain);
}

static void step(struct program *program, enum lifecycle_event event)
{
    struct lifecycle_todo todo = lifecycle_step(&program->lifecycle, event, now_ms(program),
                                                program->config->options.drain_timeout_ms);

    if (todo.drain) {
        begin_to_drain(program);
    }
    if (todo.too_late) {
        log_warning(&program->logger.log, "Stopping with %zu connections left",
                    server_connections(program->server));
    }
    if (todo.stop) {
        ev_break(program->loop, EVBREAK_ALL);
    }
}

static void on_drain(struct ev_loop *loop, struct ev_timer *timer, int events)
{
    struct program *program = timer->data;
    size_t waiting = program->peers == NULL ? 0 : peers_waiting(program->peers);

    (void)loop;
    (void)events;
    if (server_connections(program->server) + waiting == 0) {
        step(program, LIFE_IS_EMPTY);
    } else {
        step(program, LIFE_TICKS);
    }
}

/* Redis saves before it lets go of anybody: whoever is still connected after that is answered, but
 * nothing more of theirs is run. False: it is to go on, since it could not. */
static bool save_at_exit(struct program *program, const struct server_shutdown *wish)
{
    const struct log *log = &program->logger.log;
    bool save = wish->save || (!wish->nosave && persistence_saves_at_exit(program->persistence));

    if (program->lifecycle.state != LIFE_READY) {
        return true;
    }
    persistence_stop(program->persistence);
    if (!save) {
        return true;
    }
    log_notice(log, "Saving the final RDB snapshot before exiting.");
    if (persistence_save_last(program->persistence, now_ms(program)) == PERSISTENCE_OK) {
        return true;
    }
    log_warning(log, "Error trying to save the DB, %s",
                wish->force ? "exits all the same" : "can't exit");
    return wish->force;
}

static bool end(struct program *program, const struct server_shutdown *wish)
{
    if (!save_at_exit(program, wish)) {
        return false;
    }
    step(program, LIFE_TOLD);
    return true;
}

static void on_signal(struct ev_loop *loop, struct ev_signal *signal, int events)
{
    struct program *program = signal->data;
    const struct options *options = &program->config->options;
    bool term = signal->signum == SIGTERM;
    struct server_shutdown wish =
        disk_shutdown(term ? &options->shutdown_on_sigterm : &options->shutdown_on_sigint);

    (void)loop;
    (void)events;
    log_notice(&program->logger.log, "Received %s scheduling shutdown...",
               term ? "SIGTERM" : "SIGINT");
    if (!end(program, &wish)) {
        log_warning(&program->logger.log,
                    "%s received but errors trying to shut down the server, "
                    "check the logs for more information",
                    term ? "SIGTERM" : "SIGINT");
    }
}

static bool shut_down(void *context, const struct server_shutdown *wish)
{
    struct program *program = context;

    log_notice(&program->logger.log, "User requested shutdown...");
    return end(program, wish);
}

struct server_program program_services(struct program *program)
{
    return (struct server_program){ .context = program,
                                    .set_config = set_config,
                                    .rewrite_config = rewrite_config,
                                    .shutdown = shut_down };
}

void program_look_at_memory(struct program *program)
{
    uint64_t limit = cgroup_memory_limit("");

    if (config_default_memory(program->config, cgroup_memory_share(limit))) {
        log_notice(&program->logger.log,
                   "maxmemory is %" PRIu64 " bytes: 75 %% of the container's %" PRIu64,
                   program->config->options.maxmemory, limit);
    }
}

static void on_memory(struct ev_loop *loop, struct ev_timer *timer, int events)
{
    (void)loop;
    (void)events;
    program_look_at_memory(timer->data);
}

static void watch_signal(struct program *program, struct ev_signal *watcher, int number)
{
    ev_signal_init(watcher, on_signal, number);
    watcher->data = program;
    ev_signal_start(program->loop, watcher);
}

/* Its default would kill a process that is on its way out and has nothing left to be told. */
static void stop_signal(struct program *program, struct ev_signal *watcher)
{
    ev_signal_stop(program->loop, watcher);
    signal(watcher->signum, SIG_IGN);
}

void program_watch(struct program *program)
{
    struct reload_parts parts = {
        .loop = program->loop,
        .sources = &program->sources,
        .config = program->config,
        .log = &program->logger.log,
        .prepare = prepare_reload,
        .changed = configure,
        .context = program,
    };

    watch_signal(program, &program->terminate, SIGTERM);
    watch_signal(program, &program->interrupt, SIGINT);
    program->reload = reload_new(&parts);
    ev_timer_init(&program->drain, on_drain, 0.0, drain_look_seconds);
    program->drain.data = program;
    ev_timer_init(&program->memory, on_memory, memory_look_seconds, memory_look_seconds);
    program->memory.data = program;
    ev_timer_start(program->loop, &program->memory);
}

void program_unwatch(struct program *program)
{
    reload_free(program->reload);
    program->reload = NULL;
    signal(SIGHUP, SIG_IGN);
    stop_signal(program, &program->terminate);
    stop_signal(program, &program->interrupt);
    ev_timer_stop(program->loop, &program->drain);
    ev_timer_stop(program->loop, &program->memory);
}

void program_is_ready(struct program *program)
{
    step(program, LIFE_LISTENS);
}

void program_give_up(struct program *program)
{
    program->failed = true;
    step(program, LIFE_TOLD);
}

void program_configure_disk(struct program *program)
{
    struct persistence_options options;
    char directory[DISK_DIRECTORY_MAX];

    disk_options(&program->config->options, &options, directory);
    persistence_configure(program->persistence, &options);
    struct aof_options log;

    append_options(&program->config->options, &log, directory);
    aof_configure(program->aof, &log, now_ms(program));
}

void program_run(struct program *program)
{
    while (program->lifecycle.state != LIFE_STOPPED) {
        ev_run(program->loop, 0);
    }
}
