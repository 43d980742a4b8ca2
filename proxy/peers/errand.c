/* Requests that may wait at their owner: BLPOP and its kin. Each has a connection of its own.
 *
 *                      sent                  answered
 *     begin ----> asked ----> waits there ------------------------> asker->answered
 *       ^           |              |
 *       | routed    | MOVED, or not sent: not executed
 *       | again     v              |  cut off: not known          -> asker->answered, UNREACHABLE
 *       +------- a moment later    |
 *                   |              |  nobody wants it any more    -> the connection is closed
 *                   v
 *          ours, or of several owners                             -> asker->unowned
 *
 * The shared link will not do: its owner answers in order, and everybody else's requests would
 * wait behind this one. A connection that has brought its answer is kept for the next errand to
 * the same database, a few of them for a while.
 *
 * How long the errand takes is the owner's business. What the owner cannot end is its own death:
 * that is noticed on the shared link, which is never silent, and ends all errands at this member.
 * Whether they were executed is then not known, so none is sent twice. Members that leave the
 * view in order send everyone away with MOVED or CLUSTERDOWN, which says that nothing was done,
 * and the errand goes to the new owner; who leaves without a word is given forward-timeout for
 * it. A wait that goes elsewhere begins its timeout anew.
 *
 * Near copies (R3). The answer comes past the shared link, and so past the invalidations. Copies
 * of the keys are dropped and fetches under way are voided before the asker hears of it. Whatever
 * is fetched after that is asked on the shared link after the write was made. */

#include "cache/base/check.h"
#include "cache/base/memory.h"
#include "proxy/peers/inside.h"
#include "proxy/peers/words.h"

enum {
    SPARE_MAX = 8, /* For each member and database. */
    SPARE_S = 10,  /* A spare connection is closed when it was not used for so long, or twice. */
    RETRY_AFTER_MS = 20,
    LAST_WORDS_MS = 100,
    WAITED_MS = 1000, /* Who was kept by an owner for so long starts its search anew. */
};

/* A connection for one errand at a time. */
struct carrier {
    struct link_call call;
    struct errands *errands;
    struct lane *lane;
    struct link *link;
    struct errand *errand; /* NULL: it is spare, or retired. */
    struct reply *into;
    bool rested; /* Spare since before the last look. */
    struct carrier *next;
};

struct errand {
    struct errands *errands;
    struct errand_asker *asker;
    struct peers_request request; /* Its argv is not there any more. */
    uint64_t deadline_ms;
    bool followed;           /* Was sent to where MOVED said. */
    bool left;               /* The member that it is at left the view, or its link was lost. */
    struct carrier *carrier; /* NULL: it waits to be routed again. */
    struct address named;    /* Where MOVED said then; no host: nowhere. */
    struct buf bytes;        /* As formatted, then. */
    struct errand *next, *previous;
};

struct errands {
    struct peers *peers;
    struct errand *first;    /* All of them. */
    struct carrier *retired; /* To be freed at the next turn. */
    ev_timer soon;           /* While some wait to be routed again, or are at members that left. */
    ev_timer tidy;           /* While there are spare connections. */
};

/* --- connections ------------------------------------------------------------------------------ */

static void ignore(void *context)
{
    (void)context;
}

static void ignore_greeting(void *context, struct span answer)
{
    (void)context;
    (void)answer;
}

static void ignore_key(void *context, struct span key)
{
    (void)context;
    (void)key;
}

static void ignore_pong(void *context, uint64_t sent_at_ms)
{
    (void)context;
    (void)sent_at_ms;
}

static void retire(struct carrier *carrier)
{
    assert(carrier->errand == NULL);
    carrier->next = carrier->errands->retired;
    carrier->errands->retired = carrier;
}

/* Takes a spare connection out of its lane's list. */
static bool take_spare(struct carrier *carrier)
{
    struct carrier **at = &carrier->lane->spares;

    while (*at != NULL && *at != carrier) {
        at = &(*at)->next;
    }
    if (*at == NULL) {
        return false;
    }
    *at = carrier->next;
    carrier->lane->spare_count--;
    return true;
}

/* One that carries an errand hears of it by the end of its request. */
static void on_lost(void *context)
{
    struct carrier *carrier = context;

    if (carrier->errand == NULL && take_spare(carrier)) {
        retire(carrier);
    }
}

static struct carrier *carrier_new(struct errands *errands, struct lane *lane)
{
    struct carrier *carrier = memory_zero(sizeof(*carrier));
    struct link_listener listener = {
        .context = carrier,
        .greeted = ignore_greeting,
        .ready = ignore,
        .lost = on_lost,
        .invalidate = ignore_key,
        .confirmed = ignore_pong,
    };

    carrier->errands = errands;
    carrier->lane = lane;
    carrier->link =
        link_new(roster_links(errands->peers->roster), &lane->peer->address, lane->db, &listener);
    link_make_quiet(carrier->link);
    return carrier;
}

static void carrier_free(struct carrier *carrier)
{
    link_free(carrier->link);
    memory_free(carrier);
}

static struct carrier *carrier_for(struct errands *errands, struct lane *lane)
{
    struct carrier *carrier = lane->spares;

    if (carrier == NULL) {
        return carrier_new(errands, lane);
    }
    lane->spares = carrier->next;
    lane->spare_count--;
    return carrier;
}

static void put_back(struct carrier *carrier)
{
    struct errands *errands = carrier->errands;
    struct lane *lane = carrier->lane;

    if (lane->peer->leaving || errands->peers->draining || lane->spare_count == SPARE_MAX) {
        retire(carrier);
        return;
    }
    carrier->rested = false;
    carrier->next = lane->spares;
    lane->spares = carrier;
    lane->spare_count++;
    if (!ev_is_active(&errands->tidy)) {
        ev_timer_again(errands->peers->parts.loop, &errands->tidy);
    }
}

static void retire_spares(struct lane *lane)
{
    while (lane->spares != NULL) {
        struct carrier *carrier = lane->spares;
        lane->spares = carrier->next;
        lane->spare_count--;
        retire(carrier);
    }
}

static void free_retired(struct errands *errands)
{
    while (errands->retired != NULL) {
        struct carrier *carrier = errands->retired;
        errands->retired = carrier->next;
        carrier_free(carrier);
    }
}

void errands_turn(struct errands *errands)
{
    if (errands->retired != NULL) {
        free_retired(errands);
    }
}

/* --- errands ---------------------------------------------------------------------------------- */

static struct errand *errand_new(struct errands *errands, const struct peers_request *request,
                                 struct errand_asker *asker)
{
    struct errand *errand = memory_zero(sizeof(*errand));

    errand->errands = errands;
    errand->asker = asker;
    errand->request = *request;
    errand->request.argv = NULL;
    errand->next = errands->first;
    if (errand->next != NULL) {
        errand->next->previous = errand;
    }
    errands->first = errand;
    return errand;
}

static void errand_free(struct errand *errand)
{
    if (errand->next != NULL) {
        errand->next->previous = errand->previous;
    }
    if (errand->previous != NULL) {
        errand->previous->next = errand->next;
    } else {
        errand->errands->first = errand->next;
    }
    buf_fini(&errand->bytes);
    memory_free(errand);
}

static void set_deadline(struct errand *errand)
{
    errand->deadline_ms =
        links_clock_ms() + errand->errands->peers->config->options.forward_timeout_ms;
}

static void be_back_soon(struct errands *errands)
{
    if (!ev_is_active(&errands->soon)) {
        ev_timer_set(&errands->soon, RETRY_AFTER_MS / 1000.0, 0.);
        ev_timer_start(errands->peers->parts.loop, &errands->soon);
    }
}

static void answered(struct errand *errand)
{
    struct errand_asker *asker = errand->asker;

    errand_free(errand);
    asker->answered(asker);
}

static void end_unreachable(struct errand *errand, const struct address *address, const char *why)
{
    static const struct address nobody = { .host = "?" };

    reply_unreachable(errand->asker->reply, address == NULL ? &nobody : address, why);
    answered(errand);
}

/* Takes the carrier from its errand. */
static struct carrier *let_go(struct errand *errand)
{
    struct carrier *carrier = errand->carrier;

    carrier->errand = NULL;
    carrier->into = NULL;
    carrier->lane->errand_count--;
    errand->carrier = NULL;
    return carrier;
}

static void drop_copies(const struct lane *lane, const struct errand *errand, struct span bytes)
{
    struct peers_request request = errand->request;
    struct span on_stack[KEYS_ON_STACK];
    struct span *argv = words_take(bytes, &request.argc);
    size_t count;

    request.argv = argv;
    struct span *keys = request_keys(&request, on_stack, &count);
    for (size_t i = 0; i < count; i++) {
        near_write(lane->near, keys[i]);
    }
    if (keys != on_stack) {
        memory_free(keys);
    }
    memory_free(argv);
}

/* It was not executed: another try in a moment, unless its time is over. */
static void try_again(struct errand *errand, const struct link_result *result,
                      const struct address *address)
{
    struct peers *peers = errand->errands->peers;
    uint64_t now_ms = links_clock_ms();
    bool waited = errand->left || now_ms - result->sent_at_ms >= WAITED_MS;

    if (result->end == LINK_MOVED && waited) {
        set_deadline(errand);
    }
    if (peers->draining || now_ms + RETRY_AFTER_MS >= errand->deadline_ms) {
        end_unreachable(errand, address,
                        result->end == LINK_MOVED
                            ? "owns the key no longer, and its new owner is not known"
                            : "cannot be reached");
        return;
    }
    errand->named.host[0] = '\0';
    if (result->end != LINK_MOVED || !address_read(result->moved_to, &errand->named)) {
        errand->followed = false;
    }
    buf_init(&errand->bytes, result->request.len);
    bool added = buf_add(&errand->bytes, result->request);
    assert(added);
    be_back_soon(errand->errands);
}

/* CLUSTERDOWN, which names nobody, is said by a member on its way out. It is about to close these
 * connections, and what is sent on them now would be cut off. */
static bool is_closing(const struct link_result *result)
{
    return result->end == LINK_MOVED && result->moved_to.len == 0;
}

static void on_done(struct link_call *call, const struct link_result *result)
{
    struct carrier *carrier = (struct carrier *)call;
    struct errand *errand = carrier->errand;

    if (errand == NULL) {
        return; /* Nobody wants it any more. */
    }
    struct address address = carrier->lane->peer->address;
    let_go(errand);
    if (is_closing(result)) {
        retire(carrier);
        retire_spares(carrier->lane);
    } else if (result->end == LINK_ANSWERED || result->end == LINK_MOVED) {
        put_back(carrier);
    } else {
        retire(carrier);
    }
    if (result->end == LINK_ANSWERED || result->end == LINK_CUT) {
        drop_copies(carrier->lane, errand, result->request);
    }
    if (result->end == LINK_ANSWERED) {
        answered(errand);
    } else if (result->end == LINK_CUT) {
        end_unreachable(errand, &address, "was lost before it answered: the outcome is not known");
    } else {
        try_again(errand, result, &address);
    }
}

/* False: it is too long to be sent, and an error was replied. */
static bool send_to_owner(struct errand *errand, const struct peers_request *request)
{
    struct errands *errands = errand->errands;
    struct peer *peer = roster_peer(errands->peers->roster, request->route.member);

    assert(peer != NULL);
    struct lane *lane = peer_lane(peer, request->db);
    struct carrier *carrier = carrier_for(errands, lane);
    carrier->errand = errand;
    carrier->into = errand->asker->reply;
    carrier->call = (struct link_call){ .into = &carrier->into,
                                        .patient = true,
                                        .shape = shape_of(request->command),
                                        .done = on_done };
    errand->carrier = carrier;
    errand->left = false;
    lane->errand_count++;
    peer_metrics.peer_forwards_total++;
    if (link_send(carrier->link, request->argv, request->argc, errand->deadline_ms,
                  &carrier->call)) {
        return true;
    }
    retire(let_go(errand));
    reply_unreachable(errand->asker->reply, &peer->address, "cannot take so long a request");
    return false;
}

/* --- again ------------------------------------------------------------------------------------ */

/* To the member that was named, if it is one; else by our own ring. */
static struct route route_again(struct errand *errand, const struct peers_request *request)
{
    struct peers *peers = errand->errands->peers;
    const struct view *view = ring_view(peers->ring);
    int member = view_find(view, &errand->named);

    errand->followed = !errand->followed && member >= 0 && member != view->self;
    if (errand->followed) {
        return (struct route){ .kind = ROUTE_PEER, .member = (uint16_t)member };
    }
    return route_decide(&(struct route_question){ .command = request->command,
                                                  .argv = request->argv,
                                                  .argc = request->argc,
                                                  .ring = peers->ring,
                                                  .rules = peers->config->rules });
}

static void run_again(struct errand *errand)
{
    struct errand_asker *asker = errand->asker;
    struct peers_request request = errand->request;
    struct buf bytes = errand->bytes;
    struct span *argv = words_take(buf_span(&bytes), &request.argc);

    request.argv = argv;
    request.route = route_again(errand, &request);
    if (request.route.kind == ROUTE_DOWN && links_clock_ms() < errand->deadline_ms) {
        be_back_soon(errand->errands);
        memory_free(argv);
        return;
    }
    errand->bytes = (struct buf){ 0 };
    if (request.route.kind == ROUTE_PEER) {
        if (!send_to_owner(errand, &request)) {
            answered(errand);
        }
    } else if (request.route.kind == ROUTE_DOWN) {
        reply_error(asker->reply, SPAN("CLUSTERDOWN The members of the mesh are not known"));
        answered(errand);
    } else {
        errand_free(errand);
        asker->unowned(asker);
    }
    memory_free(argv);
    buf_fini(&bytes);
}

/* Those at a member that left or was lost, and did not send them away in time. */
static void look_at_leaver(struct errand *errand)
{
    struct peer *peer = errand->carrier->lane->peer;

    if (!errand->left) {
        return;
    }
    if (links_clock_ms() < errand->deadline_ms) {
        be_back_soon(errand->errands);
        return;
    }
    struct address address = peer->address;
    retire(let_go(errand));
    end_unreachable(errand, &address, "was lost before it answered: the outcome is not known");
}

static void on_soon(struct ev_loop *loop, ev_timer *watcher, int events)
{
    struct errands *errands = watcher->data;
    struct errand *next;

    (void)loop;
    (void)events;
    for (struct errand *errand = errands->first; errand != NULL; errand = next) {
        next = errand->next;
        if (errand->carrier == NULL) {
            run_again(errand);
        } else {
            look_at_leaver(errand);
        }
    }
}

/* --- what happens around them ----------------------------------------------------------------- */

void errands_members_changed(struct errands *errands)
{
    for (struct errand *errand = errands->first; errand != NULL; errand = errand->next) {
        if (errand->carrier != NULL && errand->carrier->lane->peer->leaving && !errand->left) {
            errand->left = true;
            set_deadline(errand);
            be_back_soon(errands);
        }
    }
}

static void end_all_at(struct errands *errands, const struct lane *lane, const char *why)
{
    struct errand *next;

    for (struct errand *errand = errands->first; errand != NULL; errand = next) {
        next = errand->next;
        if (errand->carrier != NULL && errand->carrier->lane == lane) {
            retire(let_go(errand));
            end_unreachable(errand, &lane->peer->address, why);
        }
    }
}

/* A member on its way out closes the shared link too, and perhaps before what it says to errands
 * has come. The link of one that left the view closes when it has nothing left to do. */
void errands_lane_lost(void *context, struct lane *lane)
{
    struct errands *errands = context;

    for (struct errand *errand = errands->first; errand != NULL; errand = errand->next) {
        if (errand->carrier != NULL && errand->carrier->lane == lane && !lane->peer->leaving) {
            errand->left = true;
            errand->deadline_ms = links_clock_ms() + LAST_WORDS_MS;
            be_back_soon(errands);
        }
    }
}

void errands_lane_gone(void *errands, struct lane *lane)
{
    end_all_at(errands, lane, "is not asked any more: the outcome is not known");
    while (lane->spares != NULL) {
        struct carrier *carrier = lane->spares;
        lane->spares = carrier->next;
        carrier_free(carrier);
    }
    free_retired(errands);
}

static void tidy_lane(void *context, struct lane *lane)
{
    struct carrier **at = &lane->spares;
    size_t *left = context;

    while (*at != NULL) {
        struct carrier *carrier = *at;
        if (carrier->rested) {
            *at = carrier->next;
            lane->spare_count--;
            carrier_free(carrier);
        } else {
            carrier->rested = true;
            at = &carrier->next;
            ++*left;
        }
    }
}

static void on_tidy(struct ev_loop *loop, ev_timer *watcher, int events)
{
    struct errands *errands = watcher->data;
    size_t left = 0;

    (void)events;
    roster_each_lane(errands->peers->roster, tidy_lane, &left);
    if (left == 0) {
        ev_timer_stop(loop, watcher);
    }
}

struct errands *errands_new(struct peers *peers)
{
    struct errands *errands = memory_zero(sizeof(*errands));

    errands->peers = peers;
    ev_init(&errands->soon, on_soon);
    errands->soon.data = errands;
    ev_init(&errands->tidy, on_tidy);
    errands->tidy.repeat = SPARE_S;
    errands->tidy.data = errands;
    return errands;
}

void errands_free(struct errands *errands)
{
    if (errands == NULL) {
        return;
    }
    while (errands->first != NULL) { /* They were on their way to somebody else. */
        end_unreachable(errands->first, NULL, "cannot be reached any more");
    }
    assert(errands->retired == NULL);
    ev_timer_stop(errands->peers->parts.loop, &errands->soon);
    ev_timer_stop(errands->peers->parts.loop, &errands->tidy);
    memory_free(errands);
}

/* --- for the server --------------------------------------------------------------------------- */

struct errand *peers_begin_errand(struct peers *peers, const struct peers_request *request,
                                  struct errand_asker *asker)
{
    struct errand *errand = errand_new(peers->errands, request, asker);

    set_deadline(errand);
    if (request->route.kind == ROUTE_PEER) {
        if (send_to_owner(errand, request)) {
            return errand;
        }
        errand_free(errand);
        return NULL;
    }
    assert(request->route.kind == ROUTE_DOWN);
    size_t len = words_len(request->argv, request->argc);
    buf_init(&errand->bytes, len);
    char *room = buf_reserve(&errand->bytes, len);
    assert(room != NULL);
    words_put(room, request->argv, request->argc);
    buf_commit(&errand->bytes, len);
    be_back_soon(peers->errands);
    return errand;
}

void peers_end_errand(struct errand *errand)
{
    if (errand->carrier != NULL) {
        carrier_free(let_go(errand));
    }
    errand_free(errand);
}
