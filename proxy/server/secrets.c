/* Which arguments nobody else may read.
 *
 * The rule of a command is a function of the request and a place in it, so that nothing is copied
 * and the request itself stays as it was. It is asked for few requests: the slow, and those that
 * somebody monitors. */

#include "proxy/server/secrets.h"

#include "config/option.h"

/* AUTH [user] password */
static bool of_auth(const struct request *request, size_t at)
{
    (void)request;
    return at >= 1;
}

/* HELLO [version [AUTH user password] [SETNAME name]] */
static bool of_hello(const struct request *request, size_t at)
{
    for (size_t i = 2; i < at; i++) {
        if (span_is(request->argv[i], "auth") && at <= i + 2) {
            return true;
        }
    }
    return false;
}

/* CONFIG SET name value … */
static bool of_config_set(const struct request *request, size_t at)
{
    if (at < 3 || at % 2 == 0) {
        return false;
    }
    const struct option *option = option_find(request->argv[at - 1]);
    return option != NULL && option->change == CHANGE_SECRET;
}

/* ACL SETUSER user rule …, and others that name users */
static bool of_acl(const struct request *request, size_t at)
{
    (void)request;
    return at >= 2;
}

static const struct {
    const char *name;
    bool (*is_secret)(const struct request *request, size_t at);
} rules[] = {
    { "auth", of_auth },       { "hello", of_hello },     { "config|set", of_config_set },
    { "acl|setuser", of_acl }, { "acl|deluser", of_acl }, { "acl|getuser", of_acl },
};

struct span secrets_shown(const struct request *request, size_t at)
{
    struct span name = span_from(request->command->name);

    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        if (span_is(name, rules[i].name) && rules[i].is_secret(request, at)) {
            return SPAN("(redacted)");
        }
    }
    return request->argv[at];
}
