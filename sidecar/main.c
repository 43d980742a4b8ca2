/* podis: makes one of each part, joins them, and turns the loop.
 *
 *     config    what is to be done                    config/
 *     log       what is said about it                 sidecar/logger.c
 *     cache     the data                              cache/
 *     persistence  what of it is on disk              cache/persist/
 *     aof       the log of its changes                cache/persist/
 *     commands  the rows of all layers                cache/commands/, proxy/server/commands/
 *     tls       certificates, and who is believed     proxy/tls/
 *     peers     the other pods, and how to reach them proxy/peers/
 *     server    the app's connections, and theirs     proxy/server/
 *     discovery who the other pods are                proxy/discovery/
 *     admin     probes and metrics                    sidecar/admin.c
 *
 * Parts are made in this order and freed in the reverse one. Nothing else in podis is made more
 * than once, or anywhere but here. */

#include "sidecar/arguments.h"
#include "sidecar/modes.h"
#include "sidecar/process.h"
#include "proxy/server/commands/debug.h"
#include "proxy/server/latency.h"
#include "proxy/server/watch.h"
#include "sidecar/program.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern char **environ;

static void log_lines(const struct log *log, const char *text)
{
    while (*text != '\0') {
        size_t len = strcspn(text, "\n");
        log_warning(log, "%.*s", (int)len, text);
        text += text[len] == '\n' ? len + 1 : len;
    }
}

/* The configuration, and the log it asks for. */
static bool make_config(struct program *program)
{
    struct config_report report;

    logger_init(&program->logger);
    enum err err = config_load(&program->sources, &program->config, &report);
    if (err != ERR_OK) {
        fprintf(stderr, "%s", report.text);
        config_report_fini(&report);
        return false;
    }
    const struct options *options = &program->config->options;
    if (!process_enter(options) || logger_open(&program->logger, options) != ERR_OK) {
        fprintf(stderr, "podis: cannot use dir '%s' or logfile '%s': %s\n", options->dir,
                options->logfile, strerror(errno));
        config_report_fini(&report);
        return false;
    }
    config_default_save(program->config, &program->sources);
    log_notice(&program->logger.log, "podis " PODIS_VERSION " is starting");
    log_lines(&program->logger.log, report.warnings);
    config_report_fini(&report);
    return true;
}

static void add_job(void *context, void (*run)(void *job), void *job)
{
    jobs_add(context, run, job);
}

static void wake_loop(void *context)
{
    jobs_wake(context);
}

static void make_store(struct program *program)
{
    program->commands = command_table_new();
    command_table_add_store(program->commands);
    command_table_add_server(program->commands);

    struct cache_options options = { .databases = (int)program->config->options.databases,
                                     .seed = program->seed,
                                     .commands = program->commands };
    program->cache = cache_new(&options);
    program->jobs = jobs_new(program->loop);
    program->cache_jobs = (struct cache_jobs){ program->jobs, add_job, wake_loop };
    cache_set_jobs(program->cache, &program->cache_jobs);
}

static void make_persistence(struct program *program)
{
    struct persistence_options options;
    char directory[DISK_DIRECTORY_MAX];
    const struct persistence_parts parts = { .cache = program->cache,
                                             .jobs = &program->cache_jobs,
                                             .files = &file_system,
                                             .log = &program->logger.log,
                                             .process_id = (int)getpid() };

    disk_options(&program->config->options, &options, directory);
    program->persistence =
        persistence_new(&parts, &options, (uint64_t)(ev_now(program->loop) * 1000.0));
}

/* Nothing can be acknowledged any more, and what is in memory is not what is on the disk. */
static void log_is_lost(void *context)
{
    (void)context;
    exit(EXIT_FAILURE);
}

static void log_took(void *context, const char *event, uint64_t ms)
{
    struct program *program = context;
    latency_sample(program->server, latency_event_named(span_from(event)), ms);
}

static void log_sleeps(void *context, uint64_t us)
{
    (void)context;
    debug_nap(us);
}

static void wait_for_log(void *context)
{
    struct program *program = context;
    jobs_wait(program->log_jobs);
}

/* The log is the first listener of changes. */
static void make_log(struct program *program)
{
    struct aof_options options;
    char directory[DISK_DIRECTORY_MAX];
    const struct aof_parts parts = { .cache = program->cache,
                                     .jobs = &program->cache_jobs,
                                     .log_jobs = &program->log_queue,
                                     .files = &file_system,
                                     .log = &program->logger.log,
                                     .process_id = (int)getpid(),
                                     .context = program,
                                     .lost = log_is_lost,
                                     .took = log_took,
                                     .sleep = log_sleeps,
                                     .wait = wait_for_log };

    program->log_jobs = jobs_new(program->loop);
    program->log_queue = (struct cache_jobs){ program->log_jobs, add_job, wake_loop };
    append_options(&program->config->options, &options, directory);
    program->aof = aof_new(&parts, &options);
    cache_listen(program->cache, aof_change, program->aof);
}

static enum err make_tls(struct program *program, char *why, size_t why_size)
{
    char reason[256];

    program->tls = tls_new(&program->logger.log);
    enum err err = tls_prepare(program->tls, &program->config->options, reason, sizeof(reason));
    if (err != ERR_OK) {
        snprintf(why, why_size, "Cannot offer TLS: %s", reason);
        return err;
    }
    tls_commit(program->tls);
    return ERR_OK;
}

static void make_peers(struct program *program)
{
    struct peers_parts parts = {
        .loop = program->loop,
        .cache = program->cache,
        .commands = program->commands,
        .config = program->config,
        .log = &program->logger.log,
        .tls = program->tls,
        .seed = program->seed,
    };

    if (*program->config->options.peers == '\0') {
        return;
    }
    memcpy(parts.node_id, program->node_id, sizeof(parts.node_id));
    program->peers = peers_new(&parts);
}

/* The server, and after it the listeners of the cache's changes in their order. */
static void make_server(struct program *program)
{
    struct server_parts parts = {
        .loop = program->loop,
        .cache = program->cache,
        .commands = program->commands,
        .config = program->config,
        .log = &program->logger.log,
        .peers = program->peers,
        .persistence = program->persistence,
        .aof = program->aof,
        .tls = program->tls,
        .program = program_services(program),
        .seed = program->seed,
    };

    memcpy(parts.run_id, program->node_id, sizeof(parts.run_id));
    program->server = server_new(&parts);
    program->invalidate = invalidate_new(program->server, program->seed);
    cache_listen(program->cache, watches_change, server_watches(program->server));
    cache_listen(program->cache, invalidate_change, program->invalidate);
    if (program->peers != NULL) {
        struct peers_tidings tidings = invalidate_tidings(program->invalidate);
        peers_set_tidings(program->peers, &tidings);
    }
}

static void view_changed(void *context, const struct view *view)
{
    struct program *program = context;
    peers_set_view(program->peers, view);
    watches_new_map(server_watches(program->server));
}

static bool member_answers(void *context, const struct address *address)
{
    struct program *program = context;
    return peers_answers(program->peers, address);
}

static enum err make_discovery(struct program *program, char *why, size_t why_size)
{
    struct discovery_parts parts = {
        .loop = program->loop,
        .config = program->config,
        .log = &program->logger.log,
        .pod_ip = getenv("POD_IP"),
        .seed = program->seed,
        .changed = view_changed,
        .answers = member_answers,
        .context = program,
    };

    if (program->peers == NULL) {
        return ERR_OK;
    }
    return discovery_new(&parts, &program->discovery, why, why_size);
}

/* Nobody asked for the default admin port by name: where it is taken, as by a second podis on one
 * machine, podis does without. */
static enum err make_admin(struct program *program, char *why, size_t why_size)
{
    struct admin_parts parts = {
        .loop = program->loop,
        .options = &program->config->options,
        .log = &program->logger.log,
        .exposition = { .server = program->server, .lifecycle = &program->lifecycle },
    };

    enum err err = admin_new(&parts, &program->admin, why, why_size);
    if (err == ERR_OK || config_is_set(program->config, "admin-port")) {
        return err;
    }
    log_warning(&program->logger.log, "%s: going on without probes and metrics", why);
    return ERR_OK;
}

static enum err open_all(struct program *program, char *why, size_t why_size)
{
    enum err err = server_load_users(program->server, why, why_size);
    if (err != ERR_OK) {
        return err;
    }
    err = make_admin(program, why, why_size);
    if (err != ERR_OK) {
        return err;
    }
    err = server_listen(program->server, why, why_size);
    if (err != ERR_OK) {
        return err;
    }
    return process_write_pid(&program->config->options, why, why_size);
}

/* Others are looked for once the data is there, since from then on they may ask for it. */
static void loaded(void *context, bool good)
{
    struct program *program = context;
    char why[512];

    if (!good) {
        program_give_up(program);
        return;
    }
    server_set_loading(program->server, false);
    if (!aof_start(program->aof, (uint64_t)(ev_time() * 1000.0))) {
        program_give_up(program);
        return;
    }
    if (make_discovery(program, why, sizeof(why)) != ERR_OK) {
        log_warning(&program->logger.log, "%s", why);
        program_give_up(program);
        return;
    }
    program_is_ready(program);
    log_notice(&program->logger.log, "Ready to accept connections");
}

/* What is logged is newer than what is saved. */
static bool load_log(struct program *program, bool *good)
{
    program->log_loading = (struct append_loading){ .loop = program->loop,
                                                    .aof = program->aof,
                                                    .log = &program->logger.log,
                                                    .context = program,
                                                    .done = loaded };
    return append_load(&program->log_loading, good);
}

static bool load_saved(struct program *program, bool *good)
{
    program->loading = (struct disk_loading){ .loop = program->loop,
                                              .persistence = program->persistence,
                                              .log = &program->logger.log,
                                              .options = &program->config->options,
                                              .context = program,
                                              .done = loaded };
    return disk_load(&program->loading, good);
}

static void load(struct program *program)
{
    bool logs = program->config->options.appendonly;
    bool good;

    if (logs ? load_log(program, &good) : load_saved(program, &good)) {
        server_set_loading(program->server, true);
    } else {
        loaded(program, good);
    }
}

static void end_log(struct program *program)
{
    aof_stop(program->aof);
    int error = aof_settle(program->aof, (uint64_t)(ev_time() * 1000.0));

    if (error < 0) {
        log_warning(&program->logger.log, "Fail to fsync the AOF file: %s.", strerror(-error));
    }
}

static void free_all(struct program *program)
{
    program_unwatch(program);
    disk_stop_loading(&program->loading);
    append_stop_loading(&program->log_loading);
    persistence_stop(program->persistence);
    end_log(program);
    admin_free(program->admin);
    discovery_free(program->discovery);
    server_free(program->server);
    if (program->peers != NULL) {
        peers_set_tidings(program->peers, &(struct peers_tidings){ 0 });
    }
    invalidate_free(program->invalidate);
    peers_free(program->peers);
    tls_free(program->tls);
    jobs_free(program->log_jobs);
    jobs_free(program->jobs);
    persistence_free(program->persistence);
    aof_free(program->aof);
    cache_free(program->cache);
    command_table_free(program->commands);
    ev_loop_destroy(program->loop);
}

/* Makes everything, runs, and takes it apart; returns the exit status. */
static int serve(struct program *program)
{
    char why[512];

    process_raise_file_limit(&program->config->options, &program->logger.log);
    program->loop = ev_default_loop(EVFLAG_AUTO);
    program->seed = process_seed(program->node_id);
    program_look_at_memory(program);
    make_store(program);
    make_persistence(program);
    make_log(program);
    enum err err = make_tls(program, why, sizeof(why));
    make_peers(program);
    make_server(program);
    program_watch(program);

    if (err == ERR_OK) {
        err = open_all(program, why, sizeof(why));
    }
    if (err == ERR_OK) {
        log_notice(&program->logger.log, "Access points are open, PID: %d", (int)getpid());
        load(program);
        program_run(program);
        process_remove_files(&program->config->options);
        if (!program->failed) {
            log_notice(&program->logger.log, "podis is now ready to exit, bye bye...");
        }
    } else {
        log_warning(&program->logger.log, "%s", why);
    }
    free_all(program);
    return err == ERR_OK && !program->failed ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int run(const struct config_sources *sources)
{
    struct program program = { .sources = *sources };

    if (!make_config(&program)) {
        return EXIT_FAILURE;
    }
    int status = serve(&program);
    logger_fini(&program.logger);
    config_free(program.config);
    return status;
}

int main(int argc, char **argv)
{
    struct arguments arguments;
    char why[256];
    char directory[4096];

    if (!arguments_parse(&arguments, argc, (const char *const *)argv, why, sizeof(why))) {
        fprintf(stderr, "podis: %s\n", why);
        return EXIT_FAILURE;
    }
    struct config_sources sources = {
        .file = arguments.file,
        .directory = getcwd(directory, sizeof(directory)),
        .flags = arguments.flags,
        .flag_count = arguments.flag_count,
        .environment = environ,
    };
    switch (arguments.mode) {
    case MODE_RUN:
        return run(&sources);
    case MODE_CHECK:
        return mode_check(&sources);
    case MODE_HELP:
        return mode_help();
    case MODE_VERSION:
        return mode_version();
    case MODE_COMMANDS:
        return mode_commands();
    case MODE_DEFAULTS:
        return mode_defaults();
    case MODE_STATUS:
        return mode_status(&arguments, environ);
    case MODE_HEALTH:
        return mode_health(&arguments, environ);
    case MODE_IMPORT:
    case MODE_EXPORT:
        return mode_transfer(&arguments, environ);
    }
    return EXIT_FAILURE;
}
