/* A new configuration while running.
 *
 * The file is looked at once a second rather than through inotify: a path with links in it
 * would need a watch on each folder on the way, and a second is soon enough. */

#include "sidecar/reload.h"

#include "cache/base/memory.h"

#include <ev.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

static const double look_every_seconds = 1.0;

struct reload {
    struct reload_parts parts;
    struct ev_signal signal;
    struct ev_timer timer;
    struct stat seen; /* The file as it was when it was read. */
};

/* Leaves `seen` as it was while there is no file: between two versions there may be none. */
static bool has_changed(struct reload *reload)
{
    const struct stat *old = &reload->seen;
    struct stat now;

    if (reload->parts.config->file == NULL || stat(reload->parts.config->file, &now) != 0) {
        return false;
    }
    bool same = now.st_dev == old->st_dev && now.st_ino == old->st_ino &&
                now.st_size == old->st_size && now.st_mtim.tv_sec == old->st_mtim.tv_sec &&
                now.st_mtim.tv_nsec == old->st_mtim.tv_nsec;
    reload->seen = now;
    return !same;
}

static void log_lines(const struct log *log, const char *before, const char *text)
{
    while (*text != '\0') {
        size_t len = strcspn(text, "\n");
        log_warning(log, "%s%.*s", before, (int)len, text);
        text += text[len] == '\n' ? len + 1 : len;
    }
}

/* What differs, for the log: said only once the whole is known to be good. */
struct differences {
    const struct log *log;
    size_t count;
    bool quiet;
};

static void difference(void *context, const char *name, const char *before, const char *after)
{
    struct differences *differences = context;

    differences->count++;
    if (!differences->quiet) {
        log_notice(differences->log, "Reload: %s was '%s', is '%s'", name, before, after);
    }
}

static enum err prepare(struct reload *reload, const struct config *next)
{
    char why[512];

    if (reload->parts.prepare == NULL) {
        return ERR_OK;
    }
    enum err err = reload->parts.prepare(reload->parts.context, next, why, sizeof(why));
    if (err != ERR_OK) {
        log_warning(reload->parts.log, "Reload refused: %s", why);
    }
    return err;
}

/* The next configuration, if it may replace the present one. */
static enum err next_config(struct reload *reload, struct config **next)
{
    struct differences differences = { .quiet = true };
    struct config_report report, compared;

    enum err err = config_load(reload->parts.sources, next, &report);
    if (err == ERR_OK) {
        config_default_memory(*next, reload->parts.config->options.maxmemory);
        config_default_save(*next, reload->parts.sources);
        err = config_compare(reload->parts.config, *next, difference, &differences, &compared);
        log_lines(reload->parts.log, "Reload refused: ", compared.text);
        config_report_fini(&compared);
        err = err == ERR_OK ? prepare(reload, *next) : err;
    } else {
        log_lines(reload->parts.log, "Reload refused: ", report.text);
    }
    config_report_fini(&report);
    return err;
}

enum err reload_now(struct reload *reload)
{
    struct differences differences = { .log = reload->parts.log };
    struct config_report report;
    struct config *next;

    if (reload->parts.sources->file != NULL && strcmp(reload->parts.sources->file, "-") == 0) {
        log_warning(reload->parts.log,
                    "Reload refused: the configuration came from standard input");
        return ERR_REFUSED;
    }
    enum err err = next_config(reload, &next);
    if (err != ERR_OK) {
        config_free(next);
        return err;
    }
    err = config_compare(reload->parts.config, next, difference, &differences, &report);
    assert(err == ERR_OK);
    config_report_fini(&report);
    if (differences.count == 0) {
        log_notice(reload->parts.log, "Reload: nothing has changed");
        config_free(next);
        return ERR_OK;
    }
    struct config old = *reload->parts.config;
    *reload->parts.config = *next;
    *next = old;
    reload->parts.changed(reload->parts.context);
    config_free(next);
    return ERR_OK;
}

/* The outcome is in the log; the old configuration stays in use if it was refused. */
static void reload_and_go_on(struct reload *reload)
{
    enum err err = reload_now(reload);
    log_verbose(reload->parts.log, "Reload: %s", err_text(err));
}

static void on_signal(struct ev_loop *loop, struct ev_signal *signal, int events)
{
    struct reload *reload = signal->data;
    (void)loop;
    (void)events;
    (void)has_changed(reload);
    log_notice(reload->parts.log, "SIGHUP: reading the configuration again");
    reload_and_go_on(reload);
}

void reload_look(struct reload *reload)
{
    if (has_changed(reload)) {
        log_notice(reload->parts.log, "%s has changed: reading it again",
                   reload->parts.config->file);
        reload_and_go_on(reload);
    }
}

static void on_timer(struct ev_loop *loop, struct ev_timer *timer, int events)
{
    (void)loop;
    (void)events;
    reload_look(timer->data);
}

struct reload *reload_new(const struct reload_parts *parts)
{
    struct reload *reload = memory_zero(sizeof(*reload));

    reload->parts = *parts;
    (void)has_changed(reload);
    ev_signal_init(&reload->signal, on_signal, SIGHUP);
    reload->signal.data = reload;
    ev_signal_start(parts->loop, &reload->signal);
    ev_timer_init(&reload->timer, on_timer, look_every_seconds, look_every_seconds);
    reload->timer.data = reload;
    if (parts->config->file != NULL) {
        ev_timer_start(parts->loop, &reload->timer);
    }
    return reload;
}

void reload_free(struct reload *reload)
{
    if (reload == NULL) {
        return;
    }
    ev_signal_stop(reload->parts.loop, &reload->signal);
    ev_timer_stop(reload->parts.loop, &reload->timer);
    memory_free(reload);
}
