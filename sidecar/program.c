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
    server_configure(program->server, program->config);
    if (program->peers != NULL) {
        peers_configure(program->peers, program->config);
    }
    program_look_at_memory(program);
    if (chdir(program->config->options.dir) != 0) {
        log_warning(&program->logger.log, "Cannot change to the directory %s: %s",
                    program->config->options.dir, strerror(errno));
    }
}

static enum err set_config(void *context, const struct span *pairs, size_t count, char *why,
                           size_t why_size)
{
    struct program *program = context;
    enum err err = config_set(program->config, pairs, count, why, why_size);

    if (err == ERR_OK) {
        configure(program);
    }
    return err;
}

static enum err rewrite_config(void *context, char *why, size_t why_size)
{
    struct program *program = context;
    enum err err = config_rewrite(program->config, why, why_size);

    log_notice(&program->logger.log, "CONFIG REWRITE: %s", err == ERR_OK ? "done" : why);
    return err;
}

static void begin_to_drain(struct program *program)
{
    log_notice(&program->logger.log, "Draining: %zu connections, %zu requests wait for peers",
               server_connections(program->server), server_waiting(program->server));
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

static void on_signal(struct ev_loop *loop, struct ev_signal *signal, int events)
{
    struct program *program = signal->data;

    (void)loop;
    (void)events;
    log_notice(&program->logger.log, "Received %s",
               signal->signum == SIGTERM ? "SIGTERM" : "SIGINT");
    step(program, LIFE_TOLD);
}

static void shut_down(void *context)
{
    struct program *program = context;
    log_notice(&program->logger.log, "User requested shutdown");
    step(program, LIFE_TOLD);
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

void program_run(struct program *program)
{
    while (program->lifecycle.state != LIFE_STOPPED) {
        ev_run(program->loop, 0);
    }
}
