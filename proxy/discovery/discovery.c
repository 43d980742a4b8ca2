/* Who the other pods are: asks DNS again and again.
 *
 * A round asks for every target; when the last answer is in, the members are put
 * together and the next round is set dns-interval later, give or take a tenth so
 * that pods do not ask in step, or sooner if the records live shorter. */

#include "proxy/discovery/discovery.h"

#include "cache/base/check.h"
#include "cache/base/hash.h"
#include "cache/base/memory.h"
#include "proxy/discovery/lookup.h"
#include "proxy/discovery/own.h"

#include <ev.h>
#include <stdio.h>

enum { ROUND_MIN_MS = 250 };

struct discovery {
    struct discovery_parts parts;
    struct dns *dns;
    struct targets targets;
    struct own own;
    struct members *members;
    struct view view;
    bool announced;
    uint64_t random;
    ev_timer timer;

    bool closing;       /* What is answered now is of no interest. */
    size_t waiting;     /* Targets of this round not yet answered. */
    bool failed;        /* One of this round's answers failed. */
    uint32_t ttl_s;     /* The smallest of this round. */
    double empty_since; /* When all sources first said nobody; 0: somebody was listed. */
    struct asked {
        struct discovery *discovery;
        size_t source;
    } * asked; /* One per target: the context of its look-ups. */
};

struct discovery_metrics discovery_metrics;
const struct metric discovery_metrics_rows[] = {
#define X(name, kind, help) { #name, METRIC_##kind, help, &discovery_metrics.name },
    DISCOVERY_METRICS(X)
#undef X
        { 0 },
};

static bool is_own(void *context, const struct address *address)
{
    const struct discovery *discovery = context;
    return own_is(&discovery->own, address);
}

static bool still_answers(void *context, const struct address *address)
{
    const struct discovery *discovery = context;
    return own_is(&discovery->own, address) ||
           discovery->parts.answers(discovery->parts.context, address);
}

static void announce(struct discovery *discovery, struct view *view)
{
    if (discovery->announced && view_equal(&discovery->view, view)) {
        view_fini(view);
        return;
    }
    view_fini(&discovery->view);
    discovery->view = *view;
    discovery->announced = true;
    log_notice(discovery->parts.log, "Mesh view: %u member%s%s", view->count,
               view->count == 1 ? "" : "s",
               view->self == VIEW_NO_SELF ? ", this process not among them" : "");
    discovery->parts.changed(discovery->parts.context, &discovery->view);
}

/* Nobody is listed: alone, but only once that has been so for mesh-settle. */
static void settle(struct discovery *discovery, struct view *view)
{
    const struct options *options = &discovery->parts.config->options;
    double now = ev_now(discovery->parts.loop);
    struct address own = own_address(&discovery->own);

    if (discovery->empty_since == 0.) {
        discovery->empty_since = now;
    }
    if ((now - discovery->empty_since) * 1000. < (double)options->mesh_settle_ms) {
        return;
    }
    view_fini(view);
    view_init(view, &own, 1, is_own, discovery);
    announce(discovery, view);
}

static void conclude(struct discovery *discovery)
{
    struct view view;

    if (!members_known(discovery->members)) {
        return;
    }
    members_view(discovery->members, is_own, discovery, &view);
    if (view.count > 0) {
        discovery->empty_since = 0.;
        announce(discovery, &view);
    } else {
        settle(discovery, &view);
    }
}

static void schedule(struct discovery *discovery)
{
    const struct options *options = &discovery->parts.config->options;
    uint64_t wait_ms = (uint64_t)options->dns_interval_ms;

    if (!discovery->announced && wait_ms > 2 * ROUND_MIN_MS) {
        wait_ms = 2 * ROUND_MIN_MS;
    }
    if (discovery->ttl_s != UINT32_MAX && discovery->ttl_s * 1000ull < wait_ms) {
        wait_ms = discovery->ttl_s * 1000ull;
    }
    if (wait_ms < ROUND_MIN_MS) {
        wait_ms = ROUND_MIN_MS;
    }
    wait_ms += random_below(&discovery->random, wait_ms / 5 + 1) - wait_ms / 10;
    ev_timer_set(&discovery->timer, (double)wait_ms / 1000., 0.);
    ev_timer_start(discovery->parts.loop, &discovery->timer);
}

static void end_round(struct discovery *discovery)
{
    if (!discovery->failed) {
        discovery_metrics.dns_last_good_seconds = (uint64_t)ev_now(discovery->parts.loop);
    }
    conclude(discovery);
    schedule(discovery);
}

static void got_answer(void *context, enum answer_kind kind, const struct address *list,
                       size_t count, uint32_t ttl_s)
{
    struct asked *asked = context;
    struct discovery *discovery = asked->discovery;
    const struct target *target = &discovery->targets.list[asked->source];

    if (discovery->closing) {
        return;
    }
    if (kind == ANSWER_FAILED) {
        discovery->failed = true;
        discovery_metrics.dns_failures_total++;
        log_verbose(discovery->parts.log, "DNS: no usable answer for %s, the last one stays",
                    target->name);
    }
    if (ttl_s < discovery->ttl_s) {
        discovery->ttl_s = ttl_s;
    }
    members_answer(discovery->members, asked->source, kind, list, count);
    assert(discovery->waiting > 0);
    if (--discovery->waiting == 0) {
        end_round(discovery);
    }
}

static void start_round(struct discovery *discovery)
{
    assert(discovery->waiting == 0);
    discovery_metrics.dns_rounds_total++;
    discovery->waiting = discovery->targets.count;
    discovery->failed = false;
    discovery->ttl_s = UINT32_MAX;
    for (size_t i = 0; i < discovery->targets.count; i++) {
        lookup(discovery->dns, &discovery->targets.list[i], got_answer, &discovery->asked[i]);
    }
}

static void on_timer(struct ev_loop *loop, ev_timer *watcher, int events)
{
    (void)loop;
    (void)events;
    start_round(watcher->data);
}

static void make_sources(struct discovery *discovery)
{
    size_t count = discovery->targets.count;

    discovery->members = members_new(count, still_answers, discovery);
    discovery->asked = memory_alloc(count * sizeof(*discovery->asked));
    for (size_t i = 0; i < count; i++) {
        discovery->asked[i] = (struct asked){ .discovery = discovery, .source = i };
    }
}

/* The first round starts on the loop's next turn, when everything else is in place. */
static void start_timer(struct discovery *discovery)
{
    ev_timer_init(&discovery->timer, on_timer, 0., 0.);
    discovery->timer.data = discovery;
    ev_timer_start(discovery->parts.loop, &discovery->timer);
}

enum err discovery_new(const struct discovery_parts *parts, struct discovery **discovery, char *why,
                       size_t why_size)
{
    const struct options *options = &parts->config->options;
    uint16_t port = (uint16_t)options->peer_port;
    const char *wanted = options->peers == NULL ? "" : options->peers;
    struct targets targets;
    struct dns *dns;

    *discovery = NULL;
    enum err err = targets_parse(span_from(wanted), port, &targets, why, why_size);
    if (err != ERR_OK || targets.count == 0) {
        return err;
    }
    err = dns_new(parts->loop, options->dns_server, &dns);
    if (err != ERR_OK) {
        snprintf(why, why_size, "dns-server '%s': %s",
                 options->dns_server == NULL ? "" : options->dns_server, err_text(err));
        targets_fini(&targets);
        return err;
    }

    struct discovery *made = memory_zero(sizeof(*made));
    made->parts = *parts;
    made->targets = targets;
    made->dns = dns;
    made->random = parts->seed;
    made->view.self = VIEW_NO_SELF;
    own_init(&made->own, options->peer_bind, parts->pod_ip, port);
    make_sources(made);
    start_timer(made);
    *discovery = made;
    return ERR_OK;
}

void discovery_free(struct discovery *discovery)
{
    if (discovery == NULL) {
        return;
    }
    discovery->closing = true;
    ev_timer_stop(discovery->parts.loop, &discovery->timer);
    dns_free(discovery->dns);
    members_free(discovery->members);
    targets_fini(&discovery->targets);
    view_fini(&discovery->view);
    memory_free(discovery->asked);
    memory_free(discovery);
}
