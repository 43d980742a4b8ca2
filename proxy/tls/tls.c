/* The contexts in use, and when others take their place.
 *
 * Files are looked at once a second rather than through inotify: Kubernetes renews a mounted
 * certificate by turning a link to another folder, a path with links in it would need a watch on
 * each folder on the way, and a second is soon enough. They are looked at in the memory of the
 * kernel, as the configuration's file is; only what has changed is read.
 *
 * A certificate and its key may be written one after the other. What does not fit together is
 * refused, and the next change is another try.
 *
 * Nothing of OpenSSL is loaded, and no memory taken, before a directive asks for TLS. */

#include "proxy/tls/tls.h"

#include "cache/base/buf.h"
#include "cache/base/memory.h"
#include "proxy/tls/library.h"
#include "proxy/tls/tls_context.h"
#include "proxy/tls/tls_inside.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/stat.h>

enum {
    FILES = 7,
    LOOK_EVERY_MS = 1000,
    SETTINGS_MAX = 1024 * 1024,
    WHY_SIZE = 512,
};

/* A file as it was when it was read. */
struct seen {
    const char *path; /* Of the version's options; NULL: none. */
    struct stat state;
};

/* What the directives say, and what was made of it. */
struct version {
    bool wanted;            /* Something asks for TLS. */
    struct options options; /* The tls-* fields alone, their texts owned. */
    struct buf settings;    /* All of them as one text, to be compared. */
    struct seen files[FILES];
    struct tls_contexts contexts;
};

struct tls {
    const struct log *log;
    struct version used, prepared;
    bool has_prepared;
    uint64_t look_at_ms;
    char *scratch;
    BIO_METHOD *method;
};

struct tls_metrics tls_metrics;
const struct metric tls_metrics_rows[] = {
#define X(name, kind, help) { #name, METRIC_##kind, help, &tls_metrics.name },
    TLS_METRICS(X)
#undef X
        { 0 },
};

/* --- the directives --- */

/*    all that are texts                                                                          */
#define TEXTS(X)                                                                                   \
    X(tls_cert_file)                                                                               \
    X(tls_key_file)                                                                                \
    X(tls_key_file_pass)                                                                           \
    X(tls_client_cert_file)                                                                        \
    X(tls_client_key_file)                                                                         \
    X(tls_client_key_file_pass)                                                                    \
    X(tls_ca_cert_file)                                                                            \
    X(tls_ca_cert_dir)                                                                             \
    X(tls_dh_params_file)                                                                          \
    X(tls_protocols)                                                                               \
    X(tls_ciphers)                                                                                 \
    X(tls_ciphersuites)
/*    and those that are numbers                                                                  */
#define NUMBERS(X)                                                                                 \
    X(tls_auth_clients)                                                                            \
    X(tls_cluster)                                                                                 \
    X(tls_replication)                                                                             \
    X(tls_prefer_server_ciphers)                                                                   \
    X(tls_session_caching)                                                                         \
    X(tls_session_cache_size)                                                                      \
    X(tls_session_cache_timeout)

static void describe(const struct options *options, struct buf *text)
{
    buf_init(text, SETTINGS_MAX);
#define X(field) buf_addf(text, "%s\n", options->field);
    TEXTS(X)
#undef X
#define X(field) buf_addf(text, "%lld\n", (long long)options->field);
    NUMBERS(X)
#undef X
}

static void forget_options(struct options *options)
{
#define X(field) memory_free(options->field);
    TEXTS(X)
#undef X
}

static void remember_options(struct options *to, const struct options *from)
{
#define X(field) to->field = memory_copy_text(from->field, strlen(from->field));
    TEXTS(X)
#undef X
#define X(field) to->field = from->field;
    NUMBERS(X)
#undef X
}

static bool asks_for_tls(const struct options *options)
{
    return options->tls_port != 0 || options->tls_cluster || options->tls_replication;
}

/* --- the files --- */

/* Whether it is another than when it was last looked at. While there is none it counts as the one
 * that was: between two versions there may be none. */
static bool has_changed(struct seen *seen)
{
    const struct stat *old = &seen->state;
    struct stat now;

    if (seen->path == NULL || stat(seen->path, &now) != 0) {
        return false;
    }
    bool same = now.st_dev == old->st_dev && now.st_ino == old->st_ino &&
                now.st_size == old->st_size && now.st_mtim.tv_sec == old->st_mtim.tv_sec &&
                now.st_mtim.tv_nsec == old->st_mtim.tv_nsec;
    seen->state = now;
    return !same;
}

static bool some_have_changed(struct version *version)
{
    bool changed = false;

    for (size_t i = 0; i < FILES; i++) {
        changed |= has_changed(&version->files[i]);
    }
    return changed;
}

static void name_files(struct version *version)
{
    const struct options *options = &version->options;
    const char *paths[FILES] = {
        options->tls_cert_file,       options->tls_key_file,     options->tls_client_cert_file,
        options->tls_client_key_file, options->tls_ca_cert_file, options->tls_ca_cert_dir,
        options->tls_dh_params_file,
    };

    for (size_t i = 0; i < FILES; i++) {
        version->files[i].path = paths[i][0] == '\0' ? NULL : paths[i];
    }
}

/* --- versions --- */

static void fini_version(struct version *version)
{
    forget_options(&version->options);
    buf_fini(&version->settings);
    if (version->contexts.server != NULL) {
        tls_contexts_fini(&version->contexts);
    }
    *version = (struct version){ 0 };
}

static void drop_prepared(struct tls *tls)
{
    fini_version(&tls->prepared);
    tls->has_prepared = false;
}

/* Reads the files. What they were is noted before: a change after that will be seen. */
static enum err read_files(struct version *version, struct tls_contexts *contexts, char *why,
                           size_t why_size)
{
    enum err err = library_load(why, why_size);

    if (err != ERR_OK) {
        return err;
    }
    (void)some_have_changed(version);
    return tls_contexts_make(contexts, &version->options, why, why_size);
}

enum err tls_prepare(struct tls *tls, const struct options *options, char *why, size_t why_size)
{
    struct version *next = &tls->prepared;

    drop_prepared(tls);
    next->wanted = asks_for_tls(options);
    describe(options, &next->settings);
    bool same = next->wanted == tls->used.wanted &&
                span_equal(buf_span(&next->settings), buf_span(&tls->used.settings));
    if (same) {
        drop_prepared(tls);
        return ERR_OK;
    }
    remember_options(&next->options, options);
    name_files(next);
    enum err err = next->wanted ? read_files(next, &next->contexts, why, why_size) : ERR_OK;
    if (err != ERR_OK) {
        drop_prepared(tls);
        return err;
    }
    tls->has_prepared = true;
    return ERR_OK;
}

void tls_commit(struct tls *tls)
{
    if (!tls->has_prepared) {
        return;
    }
    fini_version(&tls->used);
    tls->used = tls->prepared;
    tls->prepared = (struct version){ 0 };
    tls->has_prepared = false;
    tls_metrics.tls_certificate_not_after_seconds = tls->used.contexts.not_after_s;
    if (tls->used.wanted && tls->scratch == NULL) {
        tls->scratch = memory_alloc(TLS_SCRATCH);
        tls->method = tls_stream_method();
    }
}

void tls_tick(struct tls *tls, uint64_t now_ms)
{
    struct version *used = &tls->used;
    struct tls_contexts contexts;
    char why[WHY_SIZE];

    if (!used->wanted || now_ms < tls->look_at_ms) {
        return;
    }
    tls->look_at_ms = now_ms + LOOK_EVERY_MS;
    if (!some_have_changed(used)) {
        return;
    }
    if (read_files(used, &contexts, why, sizeof(why)) != ERR_OK) {
        tls_metrics.tls_reload_failures_total++;
        log_warning(tls->log,
                    "TLS: files have changed and cannot be used, so those before stay: %s", why);
        return;
    }
    tls_contexts_fini(&used->contexts);
    used->contexts = contexts;
    tls_metrics.tls_certificate_not_after_seconds = contexts.not_after_s;
    tls_metrics.tls_reloads_total++;
    log_notice(tls->log, "TLS: certificates have changed and are used from now on");
}

/* --- for connections --- */

bool tls_is_ready(const struct tls *tls)
{
    return tls->used.contexts.server != NULL;
}

char *tls_scratch(struct tls *tls)
{
    return tls->scratch;
}

BIO_METHOD *tls_method(const struct tls *tls)
{
    return tls->method;
}

SSL *tls_object(struct tls *tls, bool client)
{
    assert(tls_is_ready(tls));
    SSL *object = SSL_new(client ? tls->used.contexts.client : tls->used.contexts.server);
    assert(object != NULL);
    if (client) {
        SSL_set_connect_state(object);
    } else {
        SSL_set_accept_state(object);
    }
    return object;
}

SSL *tls_client_object(struct tls *tls)
{
    return tls_is_ready(tls) ? tls_object(tls, true) : NULL;
}

void tls_object_free(SSL *object)
{
    assert(object != NULL);
    SSL_free(object);
}

const char *tls_disbelief(const SSL *object)
{
    long result = SSL_get_verify_result(object);
    bool disbelieves = result != X509_V_OK && SSL_get_verify_mode(object) != SSL_VERIFY_NONE;
    return disbelieves ? X509_verify_cert_error_string(result) : NULL;
}

/* --- life --- */

struct tls *tls_new(const struct log *log)
{
    struct tls *tls = memory_zero(sizeof(*tls));
    tls->log = log;
    return tls;
}

void tls_free(struct tls *tls)
{
    if (tls == NULL) {
        return;
    }
    drop_prepared(tls);
    fini_version(&tls->used);
    if (tls->method != NULL) {
        BIO_meth_free(tls->method);
    }
    memory_free(tls->scratch);
    memory_free(tls);
}
