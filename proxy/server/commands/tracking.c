/* CLIENT TRACKING and what belongs to it: https://redis.io/commands/client-tracking/
 *
 * The options are read into a wish, the wish is checked against what the session
 * already does, and only then is it granted. */

#include "proxy/server/commands/tracking.h"

#include "cache/call.h"
#include "proxy/server/invalidate.h"

static bool take_redirect(struct call *call, size_t at, struct tracking_wish *wish)
{
    struct session *session = call->caller;
    int64_t id;

    if (wish->redirect != 0) {
        reply_error(call->reply, SPAN("ERR A client can only redirect to a single other client"));
        return false;
    }
    if (!arg_integer(call, at, &id)) {
        return false;
    }
    if (id <= 0 || session_by_id(session->server, (uint64_t)id) == NULL) {
        reply_error(call->reply, SPAN("ERR The client ID you want redirect to does not exist"));
        return false;
    }
    wish->redirect = (uint64_t)id;
    return true;
}

/* The options after ON or OFF. The prefixes are gathered in the arena. */
static bool parse_wish(struct call *call, struct tracking_wish *wish)
{
    struct span *prefixes = arena_alloc(call->arena, call->argc * sizeof(*prefixes));

    wish->prefixes = prefixes;
    for (size_t at = 3; at < call->argc; at++) {
        bool more = at + 1 < call->argc;
        if (arg_is(call, at, "redirect") && more) {
            if (!take_redirect(call, ++at, wish)) {
                return false;
            }
        } else if (arg_is(call, at, "bcast")) {
            wish->broadcast = true;
        } else if (arg_is(call, at, "optin")) {
            wish->optin = true;
        } else if (arg_is(call, at, "optout")) {
            wish->optout = true;
        } else if (arg_is(call, at, "noloop")) {
            wish->noloop = true;
        } else if (arg_is(call, at, "prefix") && more) {
            prefixes[wish->prefix_count++] = call->argv[++at];
        } else {
            call_syntax_error(call);
            return false;
        }
    }
    return true;
}

/* What is wrong with the wish by itself, or given what the session does already; NULL: nothing. */
static const char *objection(const struct tracking_wish *wish, const struct tracking *now)
{
    if (wish->prefix_count > 0 && !wish->broadcast) {
        return "ERR PREFIX option requires BCAST mode to be enabled";
    }
    if (now != NULL && now->broadcast != wish->broadcast) {
        return "ERR You can't switch BCAST mode on/off before disabling tracking for this "
               "client, and then re-enabling it with a different mode.";
    }
    if (wish->broadcast && (wish->optin || wish->optout)) {
        return "ERR OPTIN and OPTOUT are not compatible with BCAST";
    }
    if (wish->optin && wish->optout) {
        return "ERR You can't specify both OPTIN mode and OPTOUT mode";
    }
    if (now != NULL && ((wish->optin && now->optout) || (wish->optout && now->optin))) {
        return "ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this "
               "client, and then re-enabling it with a different mode.";
    }
    return NULL;
}

static bool overlaps(struct span a, struct span b)
{
    size_t shorter = a.len < b.len ? a.len : b.len;
    return shorter == 0 || memcmp(a.bytes, b.bytes, shorter) == 0;
}

static bool refuse_overlap(struct call *call, struct span prefix, const char *which,
                           struct span other)
{
    reply_errorf(call->reply,
                 "ERR Prefix '%.*s' overlaps with %s prefix '%.*s'. Prefixes for a single client "
                 "must not overlap.",
                 (int)prefix.len, prefix.bytes, which, (int)other.len, other.bytes);
    return false;
}

/* Prefixes that one client asks for never overlap, so that it hears of a key once. */
static bool prefixes_fit(struct call *call, const struct tracking_wish *wish,
                         const struct tracking *now)
{
    for (size_t i = 0; i < wish->prefix_count; i++) {
        struct span prefix = wish->prefixes[i];
        for (size_t j = 0; now != NULL && j < now->prefix_count; j++) {
            if (!span_equal(prefix, now->prefixes[j]) && overlaps(prefix, now->prefixes[j])) {
                return refuse_overlap(call, prefix, "an existing", now->prefixes[j]);
            }
        }
        for (size_t j = i + 1; j < wish->prefix_count; j++) {
            if (overlaps(prefix, wish->prefixes[j])) {
                return refuse_overlap(call, prefix, "another provided", wish->prefixes[j]);
            }
        }
    }
    return true;
}

void client_tracking(struct call *call)
{
    struct session *session = call->caller;
    const struct tracking *now = tracking_of(session);
    struct tracking_wish wish = { 0 };

    if (!parse_wish(call, &wish)) {
        return;
    }
    if (arg_is(call, 2, "off")) {
        tracking_off(session);
        reply_ok(call->reply);
        return;
    }
    if (!arg_is(call, 2, "on")) {
        call_syntax_error(call);
        return;
    }
    const char *wrong = objection(&wish, now);
    if (wrong != NULL) {
        reply_error(call->reply, span_from(wrong));
        return;
    }
    if (!prefixes_fit(call, &wish, now)) {
        return;
    }
    tracking_on(invalidate_of(session->server), session, &wish);
    reply_ok(call->reply);
}

void client_caching(struct call *call)
{
    struct tracking *tracking = tracking_of(call->caller);

    if (tracking == NULL || (!tracking->optin && !tracking->optout)) {
        reply_error(call->reply, SPAN("ERR CLIENT CACHING can be called only when the client is in "
                                      "tracking mode with OPTIN or OPTOUT mode enabled"));
        return;
    }
    if (arg_is(call, 2, "yes")) {
        if (!tracking->optin) {
            reply_error(call->reply, SPAN("ERR CLIENT CACHING YES is only valid when tracking is "
                                          "enabled in OPTIN mode."));
            return;
        }
        tracking->caching = CACHING_YES;
    } else if (arg_is(call, 2, "no")) {
        if (!tracking->optout) {
            reply_error(call->reply, SPAN("ERR CLIENT CACHING NO is only valid when tracking is "
                                          "enabled in OPTOUT mode."));
            return;
        }
        tracking->caching = CACHING_NO;
    } else {
        call_syntax_error(call);
        return;
    }
    reply_ok(call->reply);
}

void client_getredir(struct call *call)
{
    const struct tracking *tracking = tracking_of(call->caller);
    reply_integer(call->reply, tracking == NULL ? -1 : (int64_t)tracking->redirect);
}

static void reply_flags(struct reply *reply, const struct tracking *tracking)
{
    const struct {
        bool shown;
        const char *name;
    } flags[] = {
        { tracking->broadcast, "bcast" },
        { tracking->optin, "optin" },
        { tracking->optin && tracking->caching == CACHING_YES, "caching-yes" },
        { tracking->optout, "optout" },
        { tracking->optout && tracking->caching == CACHING_NO, "caching-no" },
        { tracking->noloop, "noloop" },
        { tracking->redirect_broken, "broken_redirect" },
    };
    size_t count = 1;

    for (size_t i = 0; i < COUNT(flags); i++) {
        count += flags[i].shown;
    }
    reply_set(reply, count);
    reply_bulk_text(reply, "on");
    for (size_t i = 0; i < COUNT(flags); i++) {
        if (flags[i].shown) {
            reply_bulk_text(reply, flags[i].name);
        }
    }
}

void client_trackinginfo(struct call *call)
{
    const struct tracking *tracking = tracking_of(call->caller);
    struct reply *reply = call->reply;

    reply_map(reply, 3);
    reply_bulk_text(reply, "flags");
    if (tracking == NULL) {
        reply_set(reply, 1);
        reply_bulk_text(reply, "off");
    } else {
        reply_flags(reply, tracking);
    }
    reply_bulk_text(reply, "redirect");
    reply_integer(reply, tracking == NULL ? -1 : (int64_t)tracking->redirect);
    reply_bulk_text(reply, "prefixes");
    size_t count = tracking == NULL ? 0 : tracking->prefix_count;
    if (count == 0 && tracking != NULL && tracking->broadcast) {
        reply_array(reply, 1); /* All keys have this one. */
        reply_bulk(reply, SPAN(""));
        return;
    }
    reply_array(reply, count);
    for (size_t i = 0; i < count; i++) {
        reply_bulk(reply, tracking->prefixes[i]);
    }
}
