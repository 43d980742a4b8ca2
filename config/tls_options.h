#ifndef PODIS_CONFIG_TLS_OPTIONS_H
#define PODIS_CONFIG_TLS_OPTIONS_H

/* Rows of config/options.h, for proxy/tls. */

/* clang-format off */
#define TLS_OPTIONS(X)                                                                             \
    X(tls_port, "tls-port", PORT, "0", RELOAD, "TCP port for the app over TLS; 0 for none")        \
    X(tls_cluster, "tls-cluster", BOOLEAN, "no", RELOAD,                                           \
      "TLS between peers, on connections that are made from now on")                               \
    X(tls_replication, "tls-replication", BOOLEAN, "no", RELOAD, "TLS where we are a replica")     \
    X(tls_cert_file, "tls-cert-file", TEXT, "", RELOAD,                                            \
      "Our certificate and its chain, PEM. Files are read again within a second of their change")  \
    X(tls_key_file, "tls-key-file", TEXT, "", RELOAD, "Its private key, PEM")                      \
    X(tls_key_file_pass, "tls-key-file-pass", TEXT, "", SECRET,                                    \
      "What that file is encrypted with")                                                          \
    X(tls_client_cert_file, "tls-client-cert-file", TEXT, "", RELOAD,                              \
      "The certificate for connections that we make; unset, it is tls-cert-file")                  \
    X(tls_client_key_file, "tls-client-key-file", TEXT, "", RELOAD, "Its private key")             \
    X(tls_client_key_file_pass, "tls-client-key-file-pass", TEXT, "", SECRET,                      \
      "What that file is encrypted with")                                                          \
    X(tls_ca_cert_file, "tls-ca-cert-file", TEXT, "", RELOAD,                                      \
      "Certificates of those who sign certificates that we believe")                               \
    X(tls_ca_cert_dir, "tls-ca-cert-dir", TEXT, "", RELOAD,                                        \
      "The same, a folder as openssl rehash makes it")                                             \
    X(tls_auth_clients, "tls-auth-clients", ENUM(tls_clients), "yes", RELOAD,                      \
      "Whether clients must show a certificate: yes, no, or optional: if they have one")           \
    X(tls_protocols, "tls-protocols", TEXT, "", RELOAD,                                            \
      "TLSv1 TLSv1.1 TLSv1.2 TLSv1.3; unset, the last two")                                        \
    X(tls_ciphers, "tls-ciphers", TEXT, "", RELOAD,                                                \
      "Ciphers up to TLS 1.2, as OpenSSL names them")                                              \
    X(tls_ciphersuites, "tls-ciphersuites", TEXT, "", RELOAD, "Ciphers of TLS 1.3")                \
    X(tls_prefer_server_ciphers, "tls-prefer-server-ciphers", BOOLEAN, "no", RELOAD,               \
      "Choose by our order of ciphers, not by the client's")                                       \
    X(tls_dh_params_file, "tls-dh-params-file", TEXT, "", RELOAD,                                  \
      "Parameters for Diffie-Hellman up to TLS 1.2")                                               \
    X(tls_session_caching, "tls-session-caching", BOOLEAN, "yes", RELOAD,                          \
      "Let clients take up a session again without a whole handshake")                             \
    X(tls_session_cache_size, "tls-session-cache-size", INTEGER(0, INT32_MAX), "20480", RELOAD,    \
      "Sessions that are remembered; 0 for no limit")                                              \
    X(tls_session_cache_timeout, "tls-session-cache-timeout", INTEGER(0, INT32_MAX), "300",        \
      RELOAD, "Seconds that they are remembered")
/* clang-format on */

enum tls_clients { TLS_CLIENTS_NO, TLS_CLIENTS_YES, TLS_CLIENTS_OPTIONAL };

#endif
