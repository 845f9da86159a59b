/* tls_layer.h - TLS by OpenSSL as a layer: bring your own TLS. It needs mailproto/layer.h and OpenSSL 3, nothing else.
 * RFC 8446, RFC 5246; RFC 3207 and RFC 2595 (STARTTLS, STLS), RFC 8314 (implicit TLS); RFC 5929, RFC 9266 (bindings).
 *
 * Copy the four files into a program and change the one line that makes its session:
 *
 *     session = mailproto_smtp_client_session(client);                               without TLS
 *     tls_client(&session, mailproto_smtp_client_session(client), context, host);    with TLS
 *
 * The loop stays as it is: it drives the session of the layer instead of the engine's. Whether TLS begins at once or after
 * STARTTLS or STLS is said in `tls` of the engine's config and is nothing to the layer.
 *
 * For another library write the same seven operations (mailproto/layer.h): tls_layer.c is the example. What is asked of
 * the library is that it reads records from memory and writes them to memory.
 *
 * MEMORY   OpenSSL allocates by itself, from the C library unless the program told it another (CRYPTO_set_mem_functions).
 *          docs/design/performance.md has the octets of a session.
 * THREADS  A context may be used from several threads at the same time once it is complete; a session is one thread's at a
 *          time, as everywhere. */
#ifndef MAILPROTO_EXAMPLE_TLS_LAYER_H
#define MAILPROTO_EXAMPLE_TLS_LAYER_H

#include <mailproto/layer.h>

/* What sessions share: certificate and key, who is trusted, versions, tickets. Made once, counted: a context that is freed
   lives on until its last session is gone, so a reload makes a new one for the sessions to come, and frees the old one. */
typedef struct tls_context tls_context;

/* Whether a server asks its clients for a certificate (for SASL EXTERNAL, RFC 4422 appendix A). */
enum {
    TLS_CLIENTS_NOT_ASKED = 0,
    TLS_CLIENTS_ASKED = 1,   /* one that has none, or one that nobody trusts, comes in as well, and is not `verified` */
    TLS_CLIENTS_DEMANDED = 2 /* without one that `trust_file` vouches for there is no session */
};

/* All that is 0 has its default. Files are PEM. */
typedef struct tls_options {
    const char *certificate_file; /* with the chain behind it. A server must have one, a client may */
    const char *key_file;         /* not encrypted; NULL: in the certificate file */
    const char *trust_file;       /* certificates of who is trusted to sign; NULL: whom the system trusts */
    const char *alpn;             /* protocols in order of preference, "imap pop3"; NULL: none (RFC 7301) */
    uint32_t min_version;         /* 0x0303 (TLS 1.2, the default) or 0x0304; nothing below it is spoken (RFC 8996) */
    uint32_t max_version;         /* 0: the newest that OpenSSL has */
    const char *ciphers;    /* of TLS 1.2, as OpenSSL names them; NULL: ECDHE with AES-GCM or ChaCha20 (RFC 9325) */
    uint32_t clients;       /* of a server: TLS_CLIENTS_* */
    int no_tickets;         /* no session is resumed (RFC 5077, RFC 8446 4.6.1). A server that asks for certificates
                               resumes none either */
    int insecure_no_verify; /* of a client: WHOEVER ANSWERS IS BELIEVED TO BE THE SERVER. For tests */
} tls_options;

/* A context for clients or servers. NULL: it cannot be made, and `why` has a sentence that says why not. */
tls_context *tls_client_context(const tls_options *options, char *why, size_t size);
tls_context *tls_server_context(const tls_options *options, char *why, size_t size);

/* One more certificate of a server, for clients that ask for a name that is in it and not in the first (SNI, RFC 6066 3).
   Before the first session. 0; -1: it cannot be used, and `why` says why not. */
int tls_context_add(tls_context *context, const char *certificate_file, const char *key_file, char *why, size_t size);

/* Handshakes that resumed a session. */
unsigned long tls_context_resumed(const tls_context *context);

/* NULL is ignored. */
void tls_context_free(tls_context *context);

/* Puts TLS over a session that is new: from here on *outer is driven and freed, and `inner` with it. `server_name` is the
   host name or IP address that was asked for: it is sent (names only), and the certificate must be for it; it may not be
   NULL. MAILPROTO_OK; ERR_ARG: a session that is inside of a layer already, a name that is none, a context of the other
   kind; ERR_NOMEM. On an error nothing is owned.
   Channel bindings (tls-unique with TLS 1.2, tls-exporter with 1.3, tls-server-end-point), server name, ALPN and the name
   of the peer reach the engine as mailproto_tls_info. peer_name is of a certificate that was verified: the server's as it
   was asked for; of a client's the first mail address of its subjectAltName, or the first host name if there is none: empty
   if that holds anything but printable ASCII. What else the certificate says is no identity (RFC 9525). */
int32_t tls_client(mailproto_session **outer, mailproto_session *inner, tls_context *context, const char *server_name);
int32_t tls_server(mailproto_session **outer, mailproto_session *inner, tls_context *context);

#endif
