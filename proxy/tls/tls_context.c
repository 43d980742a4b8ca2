/* OpenSSL's contexts, made of the directives and of the files that they name.
 *
 * What is chosen here follows Redis, so that a configuration means the same: TLS 1.2 and 1.3 unless
 * tls-protocols says otherwise; no compression, no renegotiation; whoever connects must show a
 * certificate that the CA has signed unless tls-auth-clients says otherwise, and so must whoever
 * we connect to. Names in certificates are not compared: peers are found by address, and who has a
 * certificate of the CA is one of us.
 *
 * A context for our own connections differs only by its certificate, if tls-client-cert-file names
 * one: a CA may issue certificates that are good for one side only. */

#include "proxy/tls/tls_context.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <strings.h>
#include <time.h>

/* One attempt: what is made of what, and what was wrong with it. */
struct making {
    const struct options *options;
    char *why;
    size_t why_size;
};

/* --- what is wrong --- */

/* In our words alone. */
static enum err refuse(const struct making *making, const char *what)
{
    snprintf(making->why, making->why_size, "%s", what);
    return ERR_INVALID;
}

/* And in OpenSSL's: the first error is the cause, later ones are where it was met. */
static enum err refuse_file(const struct making *making, const char *directive, const char *value)
{
    char reason[160] = "it cannot be used";
    unsigned long code = ERR_get_error();

    if (code != 0) {
        const char *text = ERR_reason_error_string(code);
        snprintf(reason, sizeof(reason), "%s",
                 ERR_SYSTEM_ERROR(code) ? strerror(ERR_GET_REASON(code))
                 : text != NULL         ? text
                                        : "unknown error");
    }
    ERR_clear_error();
    snprintf(making->why, making->why_size, "%s %s: %s", directive, value, reason);
    return ERR_INVALID;
}

/* --- parts of a context --- */

static const struct {
    const char *word;
    uint64_t forbid;
} protocols[] = {
    { "TLSv1", SSL_OP_NO_TLSv1 },
    { "TLSv1.1", SSL_OP_NO_TLSv1_1 },
    { "TLSv1.2", SSL_OP_NO_TLSv1_2 },
    { "TLSv1.3", SSL_OP_NO_TLSv1_3 },
};

/* The options that forbid a protocol, for all that are not among the words. */
static bool parse_protocols(const char *text, uint64_t *forbidden)
{
    *forbidden = 0;
    for (size_t i = 0; i < COUNT(protocols); i++) {
        *forbidden |= protocols[i].forbid;
    }
    while (*text != '\0') {
        size_t len = strcspn(text, " ");
        bool found = len == 0;
        for (size_t i = 0; i < COUNT(protocols); i++) {
            if (strlen(protocols[i].word) == len &&
                strncasecmp(protocols[i].word, text, len) == 0) {
                *forbidden &= ~protocols[i].forbid;
                found = true;
            }
        }
        if (!found) {
            return false;
        }
        text += len + (text[len] == ' ');
    }
    return true;
}

static int give_password(char *room, int size, int writing, void *context)
{
    const char *password = context;
    size_t len = strlen(password);

    (void)writing;
    if (len > (size_t)size) {
        return -1;
    }
    memcpy(room, password, len);
    return (int)len;
}

/* What a side shows of itself. */
struct identity {
    const char *certificate_directive, *certificate;
    const char *key_directive, *key;
    const char *password;
};

static enum err use_identity(const struct making *making, SSL_CTX *context,
                             const struct identity *identity)
{
    SSL_CTX_set_default_passwd_cb(context, give_password);
    SSL_CTX_set_default_passwd_cb_userdata(context, (void *)(uintptr_t)identity->password);
    enum err err = ERR_OK;
    if (SSL_CTX_use_certificate_chain_file(context, identity->certificate) != 1) {
        err = refuse_file(making, identity->certificate_directive, identity->certificate);
    } else if (SSL_CTX_use_PrivateKey_file(context, identity->key, SSL_FILETYPE_PEM) != 1) {
        err = refuse_file(making, identity->key_directive, identity->key);
    }
    /* The password belongs to a configuration that this context may outlive. */
    SSL_CTX_set_default_passwd_cb_userdata(context, NULL);
    SSL_CTX_set_default_passwd_cb(context, NULL);
    return err;
}

static const char *if_set(const char *text)
{
    return text[0] == '\0' ? NULL : text;
}

static enum err use_authorities(const struct making *making, SSL_CTX *context)
{
    const char *file = if_set(making->options->tls_ca_cert_file);
    const char *dir = if_set(making->options->tls_ca_cert_dir);

    if (file != NULL && SSL_CTX_load_verify_file(context, file) != 1) {
        return refuse_file(making, "tls-ca-cert-file", file);
    }
    if (dir != NULL && SSL_CTX_load_verify_dir(context, dir) != 1) {
        return refuse_file(making, "tls-ca-cert-dir", dir);
    }
    return ERR_OK;
}

static enum err use_ciphers(const struct making *making, SSL_CTX *context)
{
    const char *list = if_set(making->options->tls_ciphers);
    const char *suites = if_set(making->options->tls_ciphersuites);

    if (list != NULL && SSL_CTX_set_cipher_list(context, list) != 1) {
        return refuse_file(making, "tls-ciphers", list);
    }
    if (suites != NULL && SSL_CTX_set_ciphersuites(context, suites) != 1) {
        return refuse_file(making, "tls-ciphersuites", suites);
    }
    return ERR_OK;
}

static enum err use_dh_parameters(const struct making *making, SSL_CTX *context)
{
    const char *path = if_set(making->options->tls_dh_params_file);

    if (path == NULL) {
        SSL_CTX_set_dh_auto(context, 1);
        return ERR_OK;
    }
    BIO *file = BIO_new_file(path, "r");
    EVP_PKEY *parameters = file == NULL ? NULL : PEM_read_bio_Parameters(file, NULL);
    BIO_free(file);
    if (parameters == NULL) {
        return refuse_file(making, "tls-dh-params-file", path);
    }
    if (SSL_CTX_set0_tmp_dh_pkey(context, parameters) != 1) {
        EVP_PKEY_free(parameters);
        return refuse_file(making, "tls-dh-params-file", path);
    }
    return ERR_OK;
}

static void set_session_cache(SSL_CTX *context, const struct options *options)
{
    static const unsigned char name[] = "podis";

    if (!options->tls_session_caching) {
        SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
        return;
    }
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_SERVER);
    SSL_CTX_sess_set_cache_size(context, (long)options->tls_session_cache_size);
    SSL_CTX_set_timeout(context, (long)options->tls_session_cache_timeout);
    SSL_CTX_set_session_id_context(context, name, sizeof(name) - 1);
}

/* --- a context --- */

/* What both sides have in common. NULL: and why. */
static SSL_CTX *make_common(const struct making *making, const struct identity *identity)
{
    uint64_t forbidden;
    const char *words = making->options->tls_protocols;

    if (!parse_protocols(words[0] == '\0' ? "TLSv1.2 TLSv1.3" : words, &forbidden)) {
        refuse(making, "tls-protocols takes words among TLSv1, TLSv1.1, TLSv1.2 and TLSv1.3");
        return NULL;
    }
    ERR_clear_error();
    SSL_CTX *context = SSL_CTX_new(TLS_method());
    if (context == NULL) {
        refuse_file(making, "OpenSSL", "context");
        return NULL;
    }
    SSL_CTX_set_options(context, forbidden | SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                     SSL_OP_SINGLE_DH_USE | SSL_OP_IGNORE_UNEXPECTED_EOF);
    /* An idle connection gives its buffers back: 34 kB of them. */
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    if (use_identity(making, context, identity) != ERR_OK ||
        use_authorities(making, context) != ERR_OK || use_ciphers(making, context) != ERR_OK) {
        SSL_CTX_free(context);
        return NULL;
    }
    return context;
}

static SSL_CTX *make_server(const struct making *making)
{
    const struct options *options = making->options;
    struct identity identity = {
        .certificate_directive = "tls-cert-file",
        .certificate = options->tls_cert_file,
        .key_directive = "tls-key-file",
        .key = options->tls_key_file,
        .password = options->tls_key_file_pass,
    };
    SSL_CTX *context = make_common(making, &identity);

    if (context == NULL) {
        return NULL;
    }
    if (options->tls_prefer_server_ciphers) {
        SSL_CTX_set_options(context, SSL_OP_CIPHER_SERVER_PREFERENCE);
    }
    if (use_dh_parameters(making, context) != ERR_OK) {
        SSL_CTX_free(context);
        return NULL;
    }
    set_session_cache(context, options);
    if (options->tls_auth_clients != TLS_CLIENTS_YES) {
        SSL_CTX_set_verify(
            context,
            options->tls_auth_clients == TLS_CLIENTS_NO ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, NULL);
    }
    return context;
}

static SSL_CTX *make_client(const struct making *making)
{
    const struct options *options = making->options;
    struct identity identity = {
        .certificate_directive = "tls-client-cert-file",
        .certificate = options->tls_client_cert_file,
        .key_directive = "tls-client-key-file",
        .key = options->tls_client_key_file,
        .password = options->tls_client_key_file_pass,
    };

    if (identity.certificate[0] == '\0' || identity.key[0] == '\0') {
        identity = (struct identity){
            .certificate_directive = "tls-cert-file",
            .certificate = options->tls_cert_file,
            .key_directive = "tls-key-file",
            .key = options->tls_key_file,
            .password = options->tls_key_file_pass,
        };
    }
    SSL_CTX *context = make_common(making, &identity);
    if (context != NULL) {
        SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    }
    return context;
}

static enum err check_presence(const struct making *making)
{
    const struct options *options = making->options;
    bool believes = options->tls_ca_cert_file[0] != '\0' || options->tls_ca_cert_dir[0] != '\0';
    bool must_believe = options->tls_auth_clients != TLS_CLIENTS_NO || options->tls_cluster ||
                        options->tls_replication;

    if (options->tls_cert_file[0] == '\0') {
        return refuse(making, "no tls-cert-file is set");
    }
    if (options->tls_key_file[0] == '\0') {
        return refuse(making, "no tls-key-file is set");
    }
    if (must_believe && !believes) {
        return refuse(making, "neither tls-ca-cert-file nor tls-ca-cert-dir is set, which "
                              "tls-cluster, tls-replication and tls-auth-clients need");
    }
    return ERR_OK;
}

static uint64_t expiry_of(const SSL_CTX *context)
{
    const X509 *certificate = SSL_CTX_get0_certificate(context);
    struct tm when;

    if (certificate == NULL || ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &when) != 1) {
        return 0;
    }
    time_t seconds = timegm(&when);
    return seconds < 0 ? 0 : (uint64_t)seconds;
}

enum err tls_contexts_make(struct tls_contexts *contexts, const struct options *options, char *why,
                           size_t why_size)
{
    const struct making making = { options, why, why_size };

    *contexts = (struct tls_contexts){ 0 };
    enum err err = check_presence(&making);
    if (err != ERR_OK) {
        return err;
    }
    contexts->server = make_server(&making);
    if (contexts->server == NULL) {
        return ERR_INVALID;
    }
    contexts->client = make_client(&making);
    if (contexts->client == NULL) {
        tls_contexts_fini(contexts);
        return ERR_INVALID;
    }
    contexts->not_after_s = expiry_of(contexts->server);
    return ERR_OK;
}

void tls_contexts_fini(struct tls_contexts *contexts)
{
    SSL_CTX_free(contexts->server);
    SSL_CTX_free(contexts->client);
    *contexts = (struct tls_contexts){ 0 };
}
