/* The configuration in use: loading, copying, comparing, CONFIG GET.
 *
 * A directive's words go into its field as soon as they are read; since sources come in the order
 * of precedence, the last to speak is the one that counts. What lines add up within one
 * source starts anew in the next. */

#include "config/config.h"

#include "cache/base/glob.h"
#include "cache/base/memory.h"
#include "cache/base/number.h"
#include "config/report.h"
#include "config/source.h"
#include "config/value.h"
#include "config/words.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { RULE_WORDS_MAX = 16, PRINTED_MAX = 1 << 20, HZ_MAX = 500 };

static struct config *config_new(void)
{
    struct config *config = memory_zero(sizeof(*config));
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        const struct option *option = option_at(i);
        value_init(option, option_field(option, &config->options));
    }
    config->rules = rules_new();
    return config;
}

void config_free(struct config *config)
{
    if (config == NULL) {
        return;
    }
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        const struct option *option = option_at(i);
        value_fini(option, option_field(option, &config->options));
    }
    rules_free(config->rules);
    memory_free(config->file);
    memory_free(config);
}

/* Rules come from lines that were already found good. */
static struct rules *compile_rules(const struct option_list *lines)
{
    struct rules *rules = rules_new();
    for (size_t i = 0; i < lines->count; i++) {
        struct option_list words = { 0 };
        struct span spans[RULE_WORDS_MAX];
        char why[256];
        bool split = words_split(&words, span_from(lines->items[i]));
        assert(split);
        assert(words.count <= RULE_WORDS_MAX);
        for (size_t j = 0; j < words.count; j++) {
            spans[j] = span_from(words.items[j]);
        }
        enum err err = rules_add(rules, spans, words.count, why, sizeof(why));
        assert(err == ERR_OK);
        words_fini(&words);
    }
    return rules;
}

struct config *config_copy(const struct config *config)
{
    struct config *copy = memory_zero(sizeof(*copy));
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        const struct option *option = option_at(i);
        value_copy(option, option_field(option, &copy->options),
                   option_value(option, &config->options));
    }
    memcpy(copy->origins, config->origins, sizeof(copy->origins));
    copy->rules = compile_rules(&config->options.rule);
    if (config->file != NULL) {
        copy->file = memory_copy_text(config->file, strlen(config->file));
    }
    return copy;
}

/* One call of config_load(). */
struct loading {
    struct config *config;
    struct config_report *report;
};

/* Whether the complaint says more than what would be accepted. */
static bool explains(const struct directive *directive)
{
    bool one_word = directive->words == NULL || directive->words->count == 1;
    return !one_word || option_takes_words(directive->option) ||
           directive->option->kind == OPTION_NOT_YET;
}

static void refused(struct loading *loading, const struct directive *directive,
                    const struct complaint *why)
{
    const struct option *option = directive->option;
    struct buf found;
    char accepts[256];

    buf_init(&found, PRINTED_MAX);
    if (option_is_secret(option)) {
        buf_add(&found, SPAN("(hidden)"));
    } else if (directive->words != NULL) {
        words_join(&found, directive->words);
    } else {
        buf_add(&found, directive->text);
    }
    value_accepts(option, accepts, sizeof(accepts));
    report_error(loading->report, "%s: %s: found '%.*s', accepted is %s%s%s", directive->where,
                 option->name, found.len > 200 ? 200 : (int)found.len, buf_span(&found).bytes,
                 accepts, explains(directive) ? ": " : "", explains(directive) ? why->text : "");
    buf_fini(&found);
}

/* Asking for nothing is not worth a warning: `save ""`, `appendonly no`, a size of 0. */
static bool asks_for_nothing(const struct option *option, const void *field)
{
    struct buf text;

    buf_init(&text, PRINTED_MAX);
    value_print(option, field, &text);
    struct span value = buf_span(&text);
    bool nothing = value.len == 0 || span_is(value, "no") || span_is(value, "0");
    buf_fini(&text);
    return nothing;
}

static void load_directive(void *context, const struct directive *directive)
{
    struct loading *loading = context;
    const struct option *option = directive->option;
    uint8_t *origin = &loading->config->origins[option_index(option)];
    void *field = option_field(option, &loading->config->options);
    struct complaint why = { "" };
    bool first = *origin == ORIGIN_DEFAULT;

    if (option_adds_up(option) && *origin != directive->origin) {
        value_clear(option, field);
    }
    *origin = (uint8_t)directive->origin;
    bool good = directive->words != NULL ? value_parse(option, directive->words, field, &why)
                                         : value_parse_text(option, directive->text, field, &why);
    if (!good) {
        refused(loading, directive, &why);
    } else if (first && option->unused != NULL && !asks_for_nothing(option, field)) {
        report_warning(loading->report, "%s: %s has no effect: %s", directive->where, option->name,
                       *option->unused);
    }
}

static const char *variable(char *const *environment, const char *name)
{
    size_t len = strlen(name);
    for (size_t i = 0; environment != NULL && environment[i] != NULL; i++) {
        if (strncmp(environment[i], name, len) == 0 && environment[i][len] == '=') {
            return environment[i] + len + 1;
        }
    }
    return "";
}

static void replace_text(char **text, const char *with)
{
    memory_free(*text);
    *text = memory_copy_text(with, strlen(with));
}

/* Addresses for other pods: the pod's own where Kubernetes told it. */
static void settle_addresses(struct options *options, char *const *environment)
{
    const char *pod = variable(environment, "POD_IP");
    const char *address = *pod == '\0' ? "0.0.0.0" : pod;
    if (*options->peer_bind == '\0') {
        replace_text(&options->peer_bind, address);
    }
    if (*options->admin_bind == '\0') {
        replace_text(&options->admin_bind, address);
    }
}

/* Redis clips hz without a word. */
static void settle_hz(struct options *options)
{
    options->hz = options->hz < 1 ? 1 : options->hz;
    options->hz = options->hz > HZ_MAX ? HZ_MAX : options->hz;
}

/* A name from `directory`, or from the working directory; owned. */
static char *absolute_path(const char *directory, const char *name)
{
    char here[PATH_MAX];
    char path[2 * PATH_MAX];

    if (directory == NULL) {
        directory = getcwd(here, sizeof(here)) == NULL ? "." : here;
    }
    if (name[0] == '/') {
        return memory_copy_text(name, strlen(name));
    }
    snprintf(path, sizeof(path), "%s/%s", directory, name);
    return memory_copy_text(path, strlen(path));
}

/* `dir` as an absolute path. */
static bool settle_directory(struct options *options, const char *from, char *why, size_t why_size)
{
    char path[PATH_MAX];
    char *name = absolute_path(from, options->dir);
    bool good = realpath(name, path) != NULL && access(path, X_OK) == 0;

    if (good) {
        replace_text(&options->dir, path);
    } else {
        snprintf(why, why_size, "%s", strerror(errno));
    }
    memory_free(name);
    return good;
}

static void check_together(struct loading *loading, const char *directory)
{
    struct options *options = &loading->config->options;
    char why[128];

    if (!settle_directory(options, directory, why, sizeof(why))) {
        report_error(loading->report, "dir: cannot use '%s': %s", options->dir, why);
    }
    if (options->port == 0 && options->tls_port == 0 && *options->unixsocket == '\0') {
        report_error(loading->report,
                     "port and tls-port are 0 and unixsocket is not set: no app could connect");
    }
    if (strchr(options->appendfilename, '/') != NULL) {
        report_error(loading->report, "appendfilename can't be a path, just a filename");
    }
    if (strchr(options->appenddirname, '/') != NULL) {
        report_error(loading->report, "appenddirname can't be a path, just a dirname");
    }
    if (*options->peers != '\0' && *options->mesh_secret == '\0') {
        report_warning(loading->report, "peers is set without mesh-secret: whoever can reach "
                                        "peer-port is let in");
    }
}

static enum err load(const struct config_sources *sources, struct loading *loading)
{
    struct config *config = loading->config;
    enum err err = source_each(sources, load_directive, loading, loading->report);

    if (err != ERR_OK) {
        return err;
    }
    check_together(loading, sources->directory);
    if (!report_is_good(loading->report)) {
        return ERR_INVALID;
    }
    settle_addresses(&config->options, sources->environment);
    settle_hz(&config->options);
    rules_free(config->rules);
    config->rules = compile_rules(&config->options.rule);
    if (sources->file != NULL && strcmp(sources->file, "-") != 0) {
        config->file = absolute_path(sources->directory, sources->file);
    }
    return ERR_OK;
}

enum err config_load(const struct config_sources *sources, struct config **config,
                     struct config_report *report)
{
    struct loading loading = { .config = config_new(), .report = report };

    *config = NULL;
    report_init(report);
    enum err err = load(sources, &loading);
    if (err != ERR_OK) {
        config_free(loading.config);
        return err;
    }
    *config = loading.config;
    return ERR_OK;
}

bool config_is_set(const struct config *config, const char *name)
{
    const struct option *option = option_find(span_from(name));
    assert(option != NULL);
    return config->origins[option_index(option)] != ORIGIN_DEFAULT;
}

bool config_default_memory(struct config *config, uint64_t bytes)
{
    if (config_is_set(config, "maxmemory") || config->options.maxmemory == bytes) {
        return false;
    }
    config->options.maxmemory = bytes;
    return true;
}

void config_default_save(struct config *config, const struct config_sources *sources)
{
    const struct option *save = option_find(SPAN("save"));
    assert(save != NULL);

    if ((sources->file == NULL || *config->options.peers != '\0') &&
        !config_is_set(config, "save")) {
        value_clear(save, &config->options.save);
    }
}

static void shown(const struct option *option, const struct config *config, struct buf *out)
{
    if (option_is_secret(option)) {
        buf_add(out, SPAN("(hidden)"));
    } else {
        value_print(option, option_value(option, &config->options), out);
    }
    buf_add(out, (struct span){ "", 1 });
}

/* The container's share is not the file's business: a reload does not take it back. Users that
 * CONFIG REWRITE wrote are in use already. */
static bool differs(const struct option *option, const struct config *now,
                    const struct config *next)
{
    size_t index = option_index(option);
    if (strcmp(option->name, "maxmemory") == 0 && now->origins[index] == ORIGIN_DEFAULT &&
        next->origins[index] == ORIGIN_DEFAULT) {
        return false;
    }
    if (option->change == CHANGE_HIDDEN && now->origins[index] == ORIGIN_SET) {
        return false;
    }
    return !value_equal(option, option_value(option, &now->options),
                        option_value(option, &next->options));
}

enum err config_compare(const struct config *now, const struct config *next,
                        void (*changed)(void *context, const char *name, const char *before,
                                        const char *after),
                        void *context, struct config_report *report)
{
    struct buf before, after;
    enum err err = ERR_OK;

    report_init(report);
    buf_init(&before, PRINTED_MAX);
    buf_init(&after, PRINTED_MAX);
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        const struct option *option = option_at(i);
        if (!differs(option, now, next)) {
            continue;
        }
        buf_cut(&before, 0);
        buf_cut(&after, 0);
        shown(option, now, &before);
        shown(option, next, &after);
        changed(context, option->name, buf_span(&before).bytes, buf_span(&after).bytes);
        if (option->change == CHANGE_RESTART || option->change == CHANGE_HIDDEN) {
            report_error(report, "%s: '%s' cannot become '%s' without a restart", option->name,
                         buf_span(&before).bytes, buf_span(&after).bytes);
            err = ERR_REFUSED;
        }
    }
    buf_fini(&before);
    buf_fini(&after);
    return err;
}

/* One call of config_get(). */
struct getting {
    const struct config *config;
    const struct span *patterns;
    size_t count;
    void (*found)(void *context, const char *name, const char *value);
    void *context;
};

static void get_one(void *context, const char *name, const struct option *option)
{
    const struct getting *getting = context;
    struct buf value;

    for (size_t i = 0; i < getting->count; i++) {
        if (!glob_match(getting->patterns[i], span_from(name), true)) {
            continue;
        }
        buf_init(&value, PRINTED_MAX);
        value_print(option, option_value(option, &getting->config->options), &value);
        buf_add(&value, (struct span){ "", 1 });
        getting->found(getting->context, name, buf_span(&value).bytes);
        buf_fini(&value);
        return;
    }
}

void config_get(const struct config *config, const struct span *patterns, size_t count,
                void (*found)(void *context, const char *name, const char *value), void *context)
{
    struct getting getting = { config, patterns, count, found, context };
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        if (option_at(i)->change != CHANGE_HIDDEN) {
            get_one(&getting, option_at(i)->name, option_at(i));
        }
    }
    option_each_alias(get_one, &getting);
}

/* One call of config_set(). */
struct setting {
    const struct span *pairs;
    size_t count;
    char *why;
    size_t why_size;
};

static enum err set_failed(const struct setting *setting, size_t at, const char *text)
{
    struct span name = setting->pairs[at];
    snprintf(setting->why, setting->why_size,
             "CONFIG SET failed (possibly related to argument '%.*s') - %s", (int)name.len,
             name.bytes, text);
    return ERR_INVALID;
}

static bool is_repeated(const struct setting *setting, size_t at)
{
    for (size_t i = 0; i < at; i += 2) {
        if (option_find(setting->pairs[i]) == option_find(setting->pairs[at])) {
            return true;
        }
    }
    return false;
}

/* Whether these directives may be set at all. Redis says first what it does not know. */
static enum err check_names(const struct setting *setting, const struct config *config)
{
    for (size_t i = 0; i < setting->count; i += 2) {
        struct span name = setting->pairs[i];
        const struct option *option = option_find(name);
        if (option == NULL || option->change == CHANGE_HIDDEN) {
            snprintf(setting->why, setting->why_size,
                     "Unknown option or number of arguments for CONFIG SET - '%.*s'", (int)name.len,
                     name.bytes);
            return ERR_INVALID;
        }
    }
    for (size_t i = 0; i < setting->count; i += 2) {
        const struct option *option = option_find(setting->pairs[i]);
        if (option->change == CHANGE_RESTART) {
            return set_failed(setting, i, "can't set immutable config");
        }
        if (option->change == CHANGE_PROTECTED &&
            config->options.enable_protected_configs != ALLOW_YES) {
            return set_failed(setting, i, "can't set protected config");
        }
        if (is_repeated(setting, i)) {
            return set_failed(setting, i, "duplicate parameter");
        }
    }
    return ERR_OK;
}

static enum err set_values(const struct setting *setting, struct config *config)
{
    for (size_t i = 0; i < setting->count; i += 2) {
        const struct option *option = option_find(setting->pairs[i]);
        struct complaint why = { "" };
        if (!value_parse_text(option, setting->pairs[i + 1], option_field(option, &config->options),
                              &why)) {
            return set_failed(setting, i, why.text);
        }
        if (option == option_find(SPAN("dir")) &&
            !settle_directory(&config->options, NULL, why.text, sizeof(why.text))) {
            return set_failed(setting, i, why.text);
        }
        config->origins[option_index(option)] = ORIGIN_SET;
    }
    settle_hz(&config->options);
    return ERR_OK;
}

enum err config_set(struct config *config, const struct span *pairs, size_t count, char *why,
                    size_t why_size)
{
    struct setting setting = { pairs, count, why, why_size };

    assert(count % 2 == 0);
    enum err err = check_names(&setting, config);
    if (err != ERR_OK) {
        return err;
    }
    struct config *next = config_copy(config);
    err = set_values(&setting, next);
    if (err == ERR_OK) {
        rules_free(next->rules);
        next->rules = compile_rules(&next->options.rule);
        struct config old = *config;
        *config = *next;
        *next = old;
    }
    config_free(next);
    return err;
}

void config_set_primary(struct config *config, const char *host, uint16_t port)
{
    const struct option *option = option_find(SPAN("replicaof"));
    uint8_t *origin = &config->origins[option_index(option)];
    struct option_list *words = &config->options.replicaof;
    char number[NUMBER_TEXT_MAX];

    if (host != NULL || *origin != ORIGIN_DEFAULT) {
        *origin = ORIGIN_SET;
    }
    words_fini(words);
    *words = (struct option_list){ 0 };
    if (host != NULL) {
        words->items = memory_alloc(2 * sizeof(*words->items));
        words->items[0] = memory_copy_text(host, strlen(host));
        words->items[1] = memory_copy_text(number, number_format(number, port));
        words->count = 2;
    }
}

void config_set_users(struct config *config, struct option_list *take_lines)
{
    uint8_t *origin = &config->origins[option_index(option_find(SPAN("user")))];

    if (take_lines->count > 0 || *origin != ORIGIN_DEFAULT) {
        *origin = ORIGIN_SET;
    }
    words_fini(&config->options.user);
    config->options.user = *take_lines;
    *take_lines = (struct option_list){ 0 };
}
