/* The other members of the mesh: what the server sees of this folder.
 *
 * Nothing is done here but to decide who does it: inside.h says which file. */

#include "proxy/peers/peers.h"

#include "cache/base/check.h"
#include "cache/base/hash.h"
#include "cache/base/memory.h"
#include "cache/ds/textset.h"
#include "proxy/peers/inside.h"
#include "proxy/peers/libraries.h"
#include "proxy/peers/tidings.h"
#include "proxy/peers/words.h"

#include <stdio.h>
#include <time.h>

/* After a gap this long between two turns the links are read before any near copy is used: the
 * process was stopped, and what arrived meanwhile was not (R10). */
enum { GAP_MS = 50 };

struct peer_metrics peer_metrics;
const struct metric peer_metrics_rows[] = {
#define X(name, kind, help) { #name, METRIC_##kind, help, &peer_metrics.name },
    PEER_METRICS(X)
#undef X
        { 0 },
};

/* --- a request -------------------------------------------------------------------------------- */

struct span *request_keys(const struct peers_request *request, struct span *room, size_t *count)
{
    struct found_keys keys;

    found_keys_init(&keys, request->command, request->argv, request->argc);
    if (keys.count > KEYS_ON_STACK) {
        room = memory_alloc(keys.count * sizeof(*room));
    }
    for (size_t i = 0; i < keys.count; i++) {
        room[i] = request->argv[keys.indexes[i]];
    }
    *count = keys.count;
    found_keys_fini(&keys);
    return room;
}

void task_run_here(struct peers *peers, const struct task *task)
{
    struct cache_request request = {
        .command = task->request.command,
        .argv = task->request.argv,
        .argc = task->request.argc,
        .db = task->request.db,
        .now_ms = task->request.now_ms,
        .client_id = task->request.client_id,
        .no_touch = task->request.no_touch,
        .reply = task->waiter->reply,
    };
    struct buf nowhere = { 0 };
    struct reply nobody = { .out = &nowhere, .protocol = 2, .silent = true };

    if (request.reply == NULL) {
        request.reply = &nobody; /* The client has gone; a write is made all the same. */
    }
    cache_exec(peers->parts.cache, &request);
    if (task->request.track) {
        tidings_of_own(peers, &task->request);
    }
}

static void run_near(const struct lane *lane, const struct task *task)
{
    struct cache_request request = {
        .command = task->request.command,
        .argv = task->request.argv,
        .argc = task->request.argc,
        .now_ms = task->request.now_ms,
        .client_id = task->request.client_id,
        .reply = task->waiter->reply,
    };
    if (request.reply != NULL) {
        cache_exec(near_cache(lane->near), &request);
    }
}

static bool read_near(struct peers *peers, struct lane *lane, const struct task *task)
{
    struct span on_stack[KEYS_ON_STACK];
    struct near_time now = { .clock_ms = links_clock_ms(), .unix_ms = task->request.now_ms };
    size_t count;
    struct span *keys = request_keys(&task->request, on_stack, &count);
    struct span first = keys[0];
    void *flight = NULL;
    enum near_verdict verdict = near_look(lane->near, keys, count, &now, &flight);

    if (keys != on_stack) {
        memory_free(keys);
    }
    if (verdict != NEAR_HIT && !fetch_serves(task->request.command)) {
        verdict = NEAR_MISS;
    }
    switch (verdict) {
    case NEAR_HIT:
        run_near(lane, task);
        return true;
    case NEAR_FETCH:
        return fetch_begin(peers, lane, first, task);
    case NEAR_JOIN:
        fetch_join(flight, task);
        return false;
    case NEAR_MISS:
        break;
    }
    return forward(peers, lane, task);
}

static bool run_at_peer(struct peers *peers, const struct task *task)
{
    struct peer *peer = roster_peer(peers->roster, task->request.route.member);

    assert(peer != NULL);
    struct lane *lane = peer_lane(peer, task->request.db);
    if (task->request.route.may_near && !task->request.past_near && !task->request.track) {
        return read_near(peers, lane, task);
    }
    return forward(peers, lane, task);
}

static void refuse(const struct task *task, struct span why)
{
    if (task->waiter->reply != NULL) {
        reply_error(task->waiter->reply, why);
    }
}

/* DNS has not said yet who the members are: the request is kept until it has, or until its time is
 * over. */
static bool wait_for_members(struct peers *peers, const struct task *task)
{
    bool waits = !peers->draining && links_clock_ms() < task->deadline_ms;

    if (waits) {
        size_t len = words_len(task->request.argv, task->request.argc);
        char *bytes = memory_alloc(len);
        words_put(bytes, task->request.argv, task->request.argc);
        waits = forward_again(peers, task, (struct span){ bytes, len });
        memory_free(bytes);
    }
    if (!waits) {
        peer_metrics.peer_forward_errors_total++;
        refuse(task, SPAN("CLUSTERDOWN The members of the mesh are not known"));
    }
    return !waits;
}

bool task_run(struct peers *peers, const struct task *task)
{
    switch (task->request.route.kind) {
    case ROUTE_HERE:
        task_run_here(peers, task);
        return true;
    case ROUTE_PEER:
        return run_at_peer(peers, task);
    case ROUTE_SPLIT:
        if (task->request.command->across == ACROSS_COMPUTE) {
            return compute_run(peers, task);
        }
        return split_run(peers, task);
    case ROUTE_ALL:
        return split_run(peers, task);
    case ROUTE_REFUSE:
        refuse(task, span_from(task->request.route.why));
        return true;
    case ROUTE_DOWN:
        return wait_for_members(peers, task);
    case ROUTE_MOVED:
        break;
    }
    unreachable("only the server answers MOVED");
}

bool task_route_and_run(struct peers *peers, struct task *task)
{
    struct route_question question = {
        .command = task->request.command,
        .argv = task->request.argv,
        .argc = task->request.argc,
        .ring = peers->ring,
        .rules = peers->config->rules,
    };
    task->request.route = route_decide(&question);
    return task_run(peers, task);
}

bool peers_run(struct peers *peers, const struct peers_request *request, struct waiter *waiter)
{
    struct task task = {
        .request = *request,
        .waiter = waiter,
        .deadline_ms = roster_turn_ms(peers->roster) + peers->config->options.forward_timeout_ms,
    };
    return task_run(peers, &task);
}

static void ignore_answer(struct waiter *waiter)
{
    memory_free(waiter);
}

void peers_tell(struct peers *peers, const struct peers_request *request)
{
    struct waiter *waiter = memory_alloc(sizeof(*waiter));
    struct buf nowhere = { 0 };
    struct reply nobody = { .out = &nowhere, .protocol = 2, .silent = true };

    *waiter = (struct waiter){ .reply = &nobody, .done = ignore_answer };
    bool at_once = peers_run(peers, request, waiter);
    waiter->reply = NULL;
    if (at_once) {
        ignore_answer(waiter);
    }
}

/* --- members ---------------------------------------------------------------------------------- */

/* Whether a member that both rings know owns less than before. */
static bool lost_slots(const struct ring *before, uint16_t was, const struct ring *after,
                       uint16_t is)
{
    for (unsigned slot = 0; slot < SLOTS; slot++) {
        if (ring_owner(before, (uint16_t)slot) == was && ring_owner(after, (uint16_t)slot) != is) {
            return true;
        }
    }
    return false;
}

static void forget_moved(struct peers *peers, const struct ring *before, const struct ring *after)
{
    const struct view *view = ring_view(after);

    for (uint16_t i = 0; i < view->count; i++) {
        struct peer *peer = roster_peer(peers->roster, i);
        int was = view_find(ring_view(before), &view->members[i]);
        if (peer != NULL && was >= 0 && lost_slots(before, (uint16_t)was, after, i)) {
            peer_forget(peer);
        }
    }
}

static void know_own_address(struct peers *peers, const struct view *view)
{
    peers->hello.address[0] = '\0';
    if (view->self != VIEW_NO_SELF) {
        const struct address *own = &view->members[view->self];
        snprintf(peers->hello.address, sizeof(peers->hello.address), "%s:%u", own->host,
                 (unsigned)own->port);
    }
}

void peers_set_view(struct peers *peers, const struct view *view)
{
    struct ring *before = peers->ring;
    struct ring *after = ring_new(view);

    know_own_address(peers, view);
    peers->ring = after;
    roster_set(peers->roster, ring_view(after));
    forget_moved(peers, before, after);
    errands_members_changed(peers->errands);
    ring_free(peers->last_ring);
    peers->last_ring = before;
    peer_metrics.peer_members = view->count;
    peer_metrics.peer_views_total++;
    tidings_of_change(peers, NULL);
    handover_start(peers->handover);
}

const struct ring *peers_ring(const struct peers *peers)
{
    return peers->ring;
}

bool peers_answers(const struct peers *peers, const struct address *address)
{
    int member = view_find(ring_view(peers->ring), address);
    struct peer *peer = member < 0 ? NULL : roster_peer(peers->roster, (uint16_t)member);

    return peer != NULL && link_is_ready(peer_lane(peer, 0)->link);
}

void peers_each(const struct peers *peers,
                void (*visit)(void *context, const struct peer_info *info), void *context)
{
    const struct view *view = ring_view(peers->ring);

    for (uint16_t i = 0; i < view->count; i++) {
        struct peer *peer = roster_peer(peers->roster, i);
        struct peer_info info = {
            .address = &view->members[i],
            .member = i,
            .self = i == view->self,
            .state = "self",
            .node_id = peers->hello.node_id,
            .slots = ring_slots_of(peers->ring, i),
        };
        if (peer != NULL) {
            const struct link_life *life = link_life_of(peer_lane(peer, 0)->link);
            uint64_t ago_ms = links_clock_ms() - life->since_ms;
            info.state = link_state_name(life->state);
            info.node_id = peer->node_id;
            info.near_keys = peer_near_keys(peer);
            info.waiting = peer_waiting(peer);
            info.since_ms = peers->unix_ms > ago_ms ? peers->unix_ms - ago_ms : 0;
        }
        visit(context, &info);
    }
}

bool peers_greet(struct peers *peers, const struct span *argv, size_t argc, struct reply *reply)
{
    return hello_check(&peers->hello, argv, argc, reply);
}

/* --- explaining ------------------------------------------------------------------------------- */

static void add_text(struct buf *text, const char *words)
{
    if (!buf_add(text, span_from(words))) {
        return; /* A line cut short is still a line. */
    }
}

static void explain_rule(const struct route *route, struct buf *text)
{
    if (route->rule != NULL) {
        add_text(text, "; rule ");
        add_text(text, route->rule->pattern);
    }
}

static const char *explain_near(struct peers *peers, const struct peers_request *request)
{
    const struct rule *rule = request->route.rule;
    struct peer *peer = roster_peer(peers->roster, request->route.member);
    struct near_time now = { .clock_ms = links_clock_ms(), .unix_ms = request->now_ms };
    uint32_t index;

    if (!(request->command->flags & CMD_NEAR)) {
        return "only its owner may answer this command";
    }
    if (!request->route.may_near) {
        return rule != NULL && rule->class == CLASS_STRONG ? "class=strong: always asked there"
                                                           : "near=no: always asked there";
    }
    if (command_keys(request->command, request->argv, request->argc, &index, 1) == 0) {
        return "it has no key";
    }
    return near_explain(peer_lane(peer, request->db)->near, request->argv[index], &now);
}

static void explain_owner(struct peers *peers, const struct peers_request *request,
                          struct buf *text)
{
    const struct route *route = &request->route;
    struct peer *peer = roster_peer(peers->roster, route->member);
    const struct link_life *life = link_life_of(peer_lane(peer, request->db)->link);
    char line[ADDRESS_TEXT_MAX + 128];

    snprintf(line, sizeof(line), "%s:%u owns slot %u; its link is %s; ", peer->address.host,
             (unsigned)peer->address.port, (unsigned)route->slot, link_state_name(life->state));
    add_text(text, line);
    add_text(text, explain_near(peers, request));
}

void peers_explain(struct peers *peers, const struct peers_request *request, struct buf *text)
{
    static const char *const others[] = {
        [ROUTE_HERE] = "this process owns its keys, or it has none",
        [ROUTE_PEER] = "",
        [ROUTE_SPLIT] = "each owner of its keys gets a part",
        [ROUTE_ALL] = "every member has a part of the answer",
        [ROUTE_MOVED] = "another member owns it",
        [ROUTE_REFUSE] = "its keys have several owners",
        [ROUTE_DOWN] = "no member of the mesh is known",
    };

    assert((size_t)request->route.kind < COUNT(others));
    if (request->route.kind == ROUTE_PEER) {
        explain_owner(peers, request, text);
    } else {
        add_text(text, others[request->route.kind]);
    }
    explain_rule(&request->route, text);
}

/* --- the loop --------------------------------------------------------------------------------- */

void peers_turn(struct peers *peers, uint64_t now_ms)
{
    uint64_t clock_ms = links_clock_ms();

    if (clock_ms - peers->turned_at_ms >= GAP_MS) {
        roster_read_all(peers->roster);
    }
    peers->turned_at_ms = clock_ms;
    peers->unix_ms = now_ms;
    errands_turn(peers->errands);
    roster_turn(peers->roster, now_ms);
    ring_free(peers->last_ring);
    peers->last_ring = NULL;
}

void peers_drain(struct peers *peers)
{
    peers->draining = true;
    roster_abandon_unsent(peers->roster);
}

size_t peers_waiting(const struct peers *peers)
{
    return roster_waiting(peers->roster);
}

/* --- beginning and end ------------------------------------------------------------------------ */

/* A share of maxmemory, or bytes; without a limit to take a share of there is no bound. */
static uint64_t near_memory_max(const struct options *options)
{
    if (options->near_memory >= 0) {
        return (uint64_t)options->near_memory;
    }
    return options->maxmemory == 0 ? UINT64_MAX
                                   : options->maxmemory / 100 * (uint64_t)-options->near_memory;
}

void peers_configure(struct peers *peers, const struct config *config)
{
    const struct options *options = &config->options;
    struct links_settings links = {
        .times = {
            .node_timeout_ms = options->node_timeout_ms,
            .ping_every_ms = link_ping_every(options->near_lease_ms, options->node_timeout_ms),
        },
        .hello = &peers->hello,
        .tls = options->tls_cluster ? peers->parts.tls : NULL,
    };
    struct near_settings near = {
        .lease_ms = options->near_lease_ms,
        .value_max = options->near_max_value,
        .memory_max = near_memory_max(options),
    };

    peers->config = config;
    peers->hello.mesh = options->mesh_name;
    peers->hello.secret = options->mesh_secret;
    roster_configure(peers->roster, &links, &near);
}

static uint64_t unix_now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void lane_ready(struct peers *peers, struct lane *lane)
{
    tidings_lane_ready(peers, lane);
    libraries_lane_ready(peers, lane);
}

struct peers *peers_new(const struct peers_parts *parts)
{
    static const struct view nobody = { .self = VIEW_NO_SELF };
    struct peers *peers = memory_zero(sizeof(*peers));

    peers->parts = *parts;
    peers->random = parts->seed;
    peers->unix_ms = unix_now_ms();
    memcpy(peers->hello.node_id, parts->node_id, sizeof(peers->hello.node_id));
    hello_make_id(&peers->random, peers->hello.run_id);
    peers->hello.zone = "";
    struct roster_parts roster = {
        .loop = parts->loop,
        .log = parts->log,
        .commands = parts->commands,
        .databases = cache_databases(parts->cache),
        .seed = random_next(&peers->random),
        .hello = &peers->hello,
        .lane_lost = errands_lane_lost,
        .lane_gone = errands_lane_gone,
        .peers = peers,
        .lane_ready = lane_ready,
        .changed = tidings_of_change,
    };
    peers->errands = errands_new(peers);
    roster.errands = peers->errands;
    peers->roster = roster_new(&roster);
    peers->forwards = forwards_new(peers);
    peers->fetches = fetches_new(peers);
    peers->handover = handover_new(peers);
    peers->ring = ring_new(&nobody);
    peers_configure(peers, parts->config);
    return peers;
}

void peers_free(struct peers *peers)
{
    if (peers == NULL) {
        return;
    }
    peers->draining = true;
    roster_free(peers->roster); /* Ends all that is under way. */
    errands_free(peers->errands);
    forwards_free(peers->forwards);
    handover_free(peers->handover);
    fetches_free(peers->fetches);
    ring_free(peers->ring);
    ring_free(peers->last_ring);
    textset_free(peers->followed);
    memory_free(peers);
}
