/* tls_context.c - what the sessions of the OpenSSL layer share: certificates, trust, versions, ALPN, SNI, tickets.
 * RFC 9325 (what to use of TLS), RFC 6066 3 (SNI), RFC 7301 (ALPN), RFC 5077 and RFC 8446 4.6.1 (tickets). */
#include "tls_context.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

static const char safe_ciphers[] = "ECDHE+AESGCM:ECDHE+CHACHA20";

static int complain(char *why, size_t size, const char *what, const char *which)
{
    snprintf(why, size, "%s%s%s: %s", what, which ? " " : "", which ? which : "", tls_text_reason());
    return -1;
}

/* ---- certificates ---- */

/* No program may stop to ask a person for the pass phrase of a key. */
static int no_pass_phrase(char *to, int size, int writing, void *user)
{
    (void)to;
    (void)size;
    (void)writing;
    (void)user;
    return -1;
}

static int use_certificate(SSL_CTX *ssl, const char *certificate, const char *key, char *why, size_t size)
{
    ERR_clear_error();
    if (!key)
        key = certificate;
    SSL_CTX_set_default_passwd_cb(ssl, no_pass_phrase);
    if (SSL_CTX_use_certificate_chain_file(ssl, certificate) != 1)
        return complain(why, size, "no certificate can be read from", certificate);
    if (SSL_CTX_use_PrivateKey_file(ssl, key, SSL_FILETYPE_PEM) != 1 || SSL_CTX_check_private_key(ssl) != 1)
        return complain(why, size, "no key of the certificate can be read from", key);
    return 0;
}

static int use_trust(SSL_CTX *ssl, const tls_options *options, char *why, size_t size)
{
    STACK_OF(X509_NAME) * names;

    ERR_clear_error();
    if (!options->trust_file) {
        if (SSL_CTX_set_default_verify_paths(ssl) != 1)
            return complain(why, size, "whom the system trusts cannot be read", NULL);
        return 0;
    }
    if (SSL_CTX_load_verify_file(ssl, options->trust_file) != 1)
        return complain(why, size, "no certificate to trust can be read from", options->trust_file);
    names = SSL_load_client_CA_file(options->trust_file); /* a server tells its clients whom it trusts */
    if (names)
        SSL_CTX_set_client_CA_list(ssl, names);
    return 0;
}

/* ---- verification ---- */

/* Asked for each certificate of a chain. Where it must be right the first fault is the one that is told. */
static int verified(int right, X509_STORE_CTX *store)
{
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct tls *t = SSL_get_app_data(ssl);

    if (right || !t->context->must_verify)
        return 1;
    tls_text_certificate(t, X509_STORE_CTX_get_current_cert(store), X509_STORE_CTX_get_error(store));
    return 0;
}

static void set_verification(tls_context *c, const tls_options *options)
{
    int mode = SSL_VERIFY_PEER;

    c->must_verify = c->server ? options->clients == TLS_CLIENTS_DEMANDED : !options->insecure_no_verify;
    if (c->server && options->clients == TLS_CLIENTS_NOT_ASKED)
        mode = SSL_VERIFY_NONE;
    else if (c->server && c->must_verify)
        mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
    SSL_CTX_set_verify(c->ssl, mode, verified);
}

/* ---- SNI ---- */

static int is_for(SSL_CTX *ssl, const char *name)
{
    X509 *certificate = SSL_CTX_get0_certificate(ssl);

    return certificate && X509_check_host(certificate, name, 0, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS, NULL) == 1;
}

/* The certificate for the name that the client asked for; the first where it asked for none, or there is none. */
static int choose_certificate(SSL *ssl, int *alert, void *user)
{
    const tls_context *c = user;
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    const struct tls_more *more = c->more;
    STACK_OF(X509) *chain = NULL;

    (void)alert;
    if (!name || is_for(c->ssl, name))
        return SSL_TLSEXT_ERR_OK;
    while (more && !is_for(more->holder, name))
        more = more->next;
    if (!more)
        return SSL_TLSEXT_ERR_OK;
    SSL_CTX_get0_chain_certs(more->holder, &chain);
    SSL_certs_clear(ssl);
    if (SSL_use_cert_and_key(ssl, SSL_CTX_get0_certificate(more->holder), SSL_CTX_get0_privatekey(more->holder), chain,
                             1) != 1)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    return SSL_TLSEXT_ERR_OK;
}

int tls_context_add(tls_context *context, const char *certificate_file, const char *key_file, char *why, size_t size)
{
    struct tls_more *more = OPENSSL_zalloc(sizeof *more), **last = &context->more;

    if (!more || !(more->holder = SSL_CTX_new(TLS_server_method()))) {
        OPENSSL_free(more);
        return complain(why, size, "there is no memory for a certificate", NULL);
    }
    if (use_certificate(more->holder, certificate_file, key_file, why, size)) {
        SSL_CTX_free(more->holder);
        OPENSSL_free(more);
        return -1;
    }
    while (*last)
        last = &(*last)->next;
    *last = more;
    return 0;
}

/* ---- ALPN ---- */

/* "imap pop3" as it is on the wire. */
static int read_alpn(tls_context *c, const char *list)
{
    while (list && *list) {
        size_t n = strcspn(list, " ");

        if (!n || n > 255 || c->alpn_len + 1 + n > sizeof c->alpn)
            return -1;
        c->alpn[c->alpn_len++] = (unsigned char)n;
        memcpy(c->alpn + c->alpn_len, list, n);
        c->alpn_len += (unsigned int)n;
        list += n + (list[n] == ' ');
    }
    return 0;
}

/* RFC 7301 3.2: of what the client has the server takes what it likes best, and ends the handshake where there is none:
   what was meant for another protocol is not read as mail. */
static int choose_alpn(SSL *ssl, const unsigned char **chosen, unsigned char *len, const unsigned char *theirs,
                       unsigned int theirs_len, void *user)
{
    const tls_context *c = user;
    unsigned char *found;

    (void)ssl;
    if (SSL_select_next_proto(&found, len, c->alpn, c->alpn_len, theirs, theirs_len) != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *chosen = found;
    return SSL_TLSEXT_ERR_OK;
}

static int set_alpn(tls_context *c, const tls_options *options, char *why, size_t size)
{
    if (read_alpn(c, options->alpn)) {
        snprintf(why, size, "this is no list of protocols for ALPN: %s", options->alpn);
        return -1;
    }
    if (c->server && c->alpn_len)
        SSL_CTX_set_alpn_select_cb(c->ssl, choose_alpn, c);
    else if (c->alpn_len && SSL_CTX_set_alpn_protos(c->ssl, c->alpn, c->alpn_len))
        return complain(why, size, "ALPN cannot be set", NULL);
    return 0;
}

/* ---- tickets of a client ---- */

static struct tls_ticket *ticket_for(tls_context *c, const char *name)
{
    for (size_t i = 0; i < TLS_TICKETS; i++)
        if (c->tickets[i].session && !strcmp(c->tickets[i].name, name))
            return &c->tickets[i];
    return NULL;
}

/* OpenSSL has a new one; 1: it is kept. */
static int keep_ticket(SSL *ssl, SSL_SESSION *session)
{
    struct tls *t = SSL_get_app_data(ssl);
    tls_context *c = t->context;
    struct tls_ticket *ticket;

    if (!CRYPTO_THREAD_write_lock(c->lock))
        return 0;
    ticket = ticket_for(c, t->name);
    if (!ticket)
        ticket = &c->tickets[c->next_ticket++ % TLS_TICKETS];
    SSL_SESSION_free(ticket->session);
    ticket->session = session;
    strcpy(ticket->name, t->name);
    CRYPTO_THREAD_unlock(c->lock);
    return 1;
}

/* The server's certificate is not shown again: it must be valid still. */
static int is_valid(SSL_SESSION *session)
{
    const X509 *certificate = SSL_SESSION_get0_peer(session);

    return !certificate || X509_cmp_current_time(X509_get0_notAfter(certificate)) > 0;
}

/* RFC 8446 C.4: a ticket of TLS 1.3 is used once. */
void tls_context_resume(struct tls *t)
{
    tls_context *c = t->context;
    SSL_SESSION *session = NULL;
    struct tls_ticket *ticket;

    if (!CRYPTO_THREAD_write_lock(c->lock))
        return;
    ticket = ticket_for(c, t->name);
    if (ticket) {
        session = ticket->session;
        if (SSL_SESSION_get_protocol_version(session) >= TLS1_3_VERSION)
            ticket->session = NULL;
        else
            SSL_SESSION_up_ref(session);
    }
    CRYPTO_THREAD_unlock(c->lock);
    if (session && SSL_SESSION_is_resumable(session) && is_valid(session))
        SSL_set_session(t->ssl, session);
    SSL_SESSION_free(session);
}

static void set_tickets(tls_context *c, const tls_options *options)
{
    static const unsigned char mail[] = "mail";

    SSL_CTX_set_session_cache_mode(c->ssl, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_session_id_context(c->ssl, mail, sizeof mail - 1);
    /* a ticket would carry the client's certificate, to be believed after it has expired or its signer is trusted no more */
    if (options->no_tickets || (c->server && options->clients != TLS_CLIENTS_NOT_ASKED)) {
        SSL_CTX_set_options(c->ssl, SSL_OP_NO_TICKET);
        SSL_CTX_set_num_tickets(c->ssl, 0);
    } else if (!c->server) {
        SSL_CTX_set_session_cache_mode(c->ssl, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
        SSL_CTX_sess_set_new_cb(c->ssl, keep_ticket);
    }
}

unsigned long tls_context_resumed(const tls_context *context)
{
    return (unsigned long)SSL_CTX_sess_hits(context->ssl);
}

/* ---- life ---- */

static int set_versions(tls_context *c, const tls_options *options, char *why, size_t size)
{
    int least = options->min_version ? (int)options->min_version : TLS1_2_VERSION;

    ERR_clear_error();
    if (least < TLS1_2_VERSION) {
        snprintf(why, size, "TLS below 1.2 is not spoken");
        return -1;
    }
    if (SSL_CTX_set_min_proto_version(c->ssl, least) != 1 ||
        SSL_CTX_set_max_proto_version(c->ssl, (int)options->max_version) != 1)
        return complain(why, size, "OpenSSL has no such version of TLS", NULL);
    if (SSL_CTX_set_cipher_list(c->ssl, options->ciphers ? options->ciphers : safe_ciphers) != 1)
        return complain(why, size, "OpenSSL has no such ciphers", options->ciphers);
    SSL_CTX_set_options(c->ssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    return 0;
}

static int fill(tls_context *c, const tls_options *options, char *why, size_t size)
{
    if (c->server && !options->certificate_file) {
        snprintf(why, size, "a server needs a certificate");
        return -1;
    }
    if (set_versions(c, options, why, size) || set_alpn(c, options, why, size))
        return -1;
    if (options->certificate_file && use_certificate(c->ssl, options->certificate_file, options->key_file, why, size))
        return -1;
    if ((!c->server || options->clients != TLS_CLIENTS_NOT_ASKED) && use_trust(c->ssl, options, why, size))
        return -1;
    set_verification(c, options);
    set_tickets(c, options);
    if (c->server) {
        SSL_CTX_set_tlsext_servername_callback(c->ssl, choose_certificate);
        SSL_CTX_set_tlsext_servername_arg(c->ssl, c);
    }
    return 0;
}

static tls_context *make(int server, const tls_options *options, char *why, size_t size)
{
    tls_context *c = OPENSSL_zalloc(sizeof *c);

    if (c) {
        atomic_init(&c->users, 1);
        c->server = server;
        c->lock = CRYPTO_THREAD_lock_new();
        c->ssl = SSL_CTX_new(server ? TLS_server_method() : TLS_client_method());
    }
    if (!c || !c->lock || !c->ssl)
        complain(why, size, "OpenSSL cannot be used", NULL);
    else if (!fill(c, options, why, size))
        return c;
    tls_context_free(c);
    return NULL;
}

tls_context *tls_client_context(const tls_options *options, char *why, size_t size)
{
    return make(0, options, why, size);
}

tls_context *tls_server_context(const tls_options *options, char *why, size_t size)
{
    return make(1, options, why, size);
}

void tls_context_keep(tls_context *context)
{
    atomic_fetch_add(&context->users, 1);
}

void tls_context_free(tls_context *c)
{
    struct tls_more *more;

    if (!c || atomic_fetch_sub(&c->users, 1) > 1)
        return;
    while ((more = c->more)) {
        c->more = more->next;
        SSL_CTX_free(more->holder);
        OPENSSL_free(more);
    }
    for (size_t i = 0; i < TLS_TICKETS; i++)
        SSL_SESSION_free(c->tickets[i].session);
    SSL_CTX_free(c->ssl);
    CRYPTO_THREAD_lock_free(c->lock);
    OPENSSL_free(c);
}
