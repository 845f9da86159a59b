/* mailproto/mbedtls.h - TLS in front of any session, and a crypto provider, over mbedTLS 2.28 and 3.x.
 *
 * A companion library (pkg-config: mailproto-mbedtls), which the core never needs.
 *
 *     mailproto_mbedtls_new        a source of random octets, which the rest is made from
 *     mailproto_mbedtls_crypto     the functions that SASL asks for (crypto.h)
 *     mailproto_mbedtls_tls_new    certificates, trust and rules of one side, parsed once, for any number of sessions
 *     mailproto_mbedtls_server     TLS over the session of a server
 *     mailproto_mbedtls_client     TLS over the session of a client
 *     mailproto_mbedtls_sessions_new   what a client remembers, so that its next handshake is a short one
 *     mailproto_mbedtls_host_tls   mbedtls_host.h: the same on the connections of mailproto-host
 *
 * So TLS is one line where the session is made: the outer session is driven instead of the inner one, which asks for TLS
 * itself, by STARTTLS, STLS or from the beginning (layer.h), as `tls` of its config says: with MAILPROTO_TLS_NEVER, the default
 * of every engine, it asks for none, and all goes through the layer in clear text. What base.h says holds: results, texts,
 * structs with their _init. Beside it:
 *
 * SAFE       TLS 1.2 (RFC 5246) and, with mbedTLS 3.6, TLS 1.3 (RFC 8446); forward secrecy and authenticated ciphers only;
 *            no renegotiation, no compression (RFC 9325). A client verifies the server's certificate and its name, unless
 *            MAILPROTO_MBEDTLS_INSECURE_NO_VERIFY says otherwise.
 * ENDS       close_notify of the peer is eof to the inner session; an end without it is lost(ERR_TLS); a session that is
 *            over sends close_notify. A handshake or record that fails is lost(ERR_TLS) with a sentence that says why, and
 *            the peer gets an alert.
 * COUNTED    What _new functions give is held by their caller until the _free function, and by all that was made from it:
 *            it goes with the last of them. So certificates are reloaded by making a new mailproto_mbedtls_tls for the
 *            sessions to come, and freeing the old one: its sessions end in peace.
 * THREADS    With an mbedTLS that has MBEDTLS_THREADING_C (Debian's has) everything here but a
 *            mailproto_mbedtls_sessions may be shared by any number of threads; a session is one thread's at a time. With
 *            one that has not, all that was made from one mailproto_mbedtls is one thread's (mailproto_mbedtls_features
 *            tells). After fork the child makes its own mailproto_mbedtls: the parent's would give both the same octets.
 * MEMORY     Structs of this library come from the allocator; what mbedTLS takes for itself comes from its own calloc
 *            (malloc's, or what the program gave mbedtls_platform_set_calloc_free), for it has no other way: docs/design/tls.md
 *            states how much. Running out of either fails the call or the session, nothing else. An allocator that is given
 *            to more than one thread's objects must be able to serve them.
 * CLOCK      Whether a certificate is valid now is asked of the system's clock by mbedTLS.
 */
#ifndef MAILPROTO_MBEDTLS_H
#define MAILPROTO_MBEDTLS_H

#include "crypto.h"
#include "layer.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mailproto_mbedtls mailproto_mbedtls;
typedef struct mailproto_mbedtls_tls mailproto_mbedtls_tls;
typedef struct mailproto_mbedtls_sessions mailproto_mbedtls_sessions;

/* ---- what this build can do ------------------------------------------------------------------------------------ */

/* Bits of mailproto_mbedtls_features. */
enum {
    MAILPROTO_MBEDTLS_HAS_TLS_1_3 = 1,
    MAILPROTO_MBEDTLS_HAS_UNIQUE = 2,   /* the channel binding tls-unique (RFC 5929), with TLS 1.2 */
    MAILPROTO_MBEDTLS_HAS_EXPORTER = 4, /* the channel binding tls-exporter (RFC 9266), with TLS 1.3 */
    MAILPROTO_MBEDTLS_HAS_TICKETS = 8,  /* RFC 5077, RFC 8446 section 2.2 */
    MAILPROTO_MBEDTLS_HAS_THREADS = 16  /* mbedTLS locks what threads share */
};

/* What the mbedTLS that this library was built with can do: a set of MAILPROTO_MBEDTLS_HAS_*. May be called anywhere. */
MAILPROTO_API uint32_t mailproto_mbedtls_features(void);

/* The release of the mbedTLS that this library was built with, as "2.28.3". Static, NUL-terminated. May be called anywhere. */
MAILPROTO_API const char *mailproto_mbedtls_version(void);

/* ---- random octets and the crypto provider ---------------------------------------------------------------------- */

/* Makes a random source, seeded by the operating system, which reseeds itself. `allocator` NULL: the C library's; all that
   is made from it takes its memory there, but sessions, which are told one. After an error *out is NULL, and `why`, if not
   NULL, holds a sentence with a NUL, of at most why_size octets. OK; ERR_ARG; ERR_NOMEM; ERR_UNAVAILABLE: the system gives
   no entropy. */
MAILPROTO_API int32_t mailproto_mbedtls_new(mailproto_mbedtls **out, const mailproto_allocator *allocator, char *why,
                                            size_t why_size);

/* Gives it back. What was made from it holds it on; a crypto table does not. NULL is ignored. */
MAILPROTO_API void mailproto_mbedtls_free(mailproto_mbedtls *m);

/* Fills a provider (crypto.h): MD5, SHA-1, SHA-256, SHA-512, HMAC, PBKDF2 and random octets, as far as this mbedTLS has
   them: `hashes` says which. The table is valid until `m` is freed. `size` is sizeof *out, as in an _init function. OK;
   ERR_ARG. */
MAILPROTO_API int32_t mailproto_mbedtls_crypto(mailproto_mbedtls *m, mailproto_crypto *out, size_t size);

/* ---- certificates, trust and rules ------------------------------------------------------------------------------ */

/* A certificate with its key: of a server, or of a client that has one. Each is given as PEM text or as the path of a PEM
   file; if a text is given, it is taken. The chain begins with the certificate itself, and those that signed it follow,
   the root left out. The key is RSA or EC, in PKCS #1, SEC1 or PKCS #8; key text and key file both empty: it is in the
   same PEM as the chain. */
typedef struct mailproto_mbedtls_certificate {
    uint32_t struct_size;
    const struct mailproto_mbedtls_certificate *next; /* NULL: the last */
    mailproto_text chain_pem, chain_file;
    mailproto_text key_pem, key_file;
    mailproto_text key_password; /* of an encrypted key; wiped where it was copied */
} mailproto_mbedtls_certificate;
MAILPROTO_API int32_t mailproto_mbedtls_certificate_init(mailproto_mbedtls_certificate *certificate, size_t size);

/* Which side a mailproto_mbedtls_tls is for. */
enum { MAILPROTO_MBEDTLS_SERVER = 1, MAILPROTO_MBEDTLS_CLIENT = 2 };

/* A server's interest in certificates of clients. */
enum {
    /* none is asked for */
    MAILPROTO_MBEDTLS_PEER_IGNORED = 0,
    /* one is asked for; without one, or with one that does not verify, the session goes on unverified: info.verified is 0
       and peer_name empty */
    MAILPROTO_MBEDTLS_PEER_ASKED = 1,
    /* the handshake fails without one that verifies */
    MAILPROTO_MBEDTLS_PEER_REQUIRED = 2
};

enum {
    /* A client: any certificate of anybody is taken. Risk: whoever sits between can read and change everything, passwords
       and mail, and nobody notices. info.verified is 0. For mail to MX hosts without a policy (RFC 7435), and tests. */
    MAILPROTO_MBEDTLS_INSECURE_NO_VERIFY = 1,
    /* A server gives no session tickets; a client with sessions keeps none. Risk: none, but every handshake is a full one. */
    MAILPROTO_MBEDTLS_NO_TICKETS = 2,
    /* tls-exporter (RFC 9266) must be there in every session: implies min_version 0x0304, and construction fails where
       this mbedTLS has it not. */
    MAILPROTO_MBEDTLS_REQUIRE_EXPORTER = 4
};

/* The rules of one side; 0 is the default everywhere but for `role`, and a server needs a certificate. */
typedef struct mailproto_mbedtls_config {
    uint32_t struct_size;
    uint32_t role;        /* MAILPROTO_MBEDTLS_SERVER or _CLIENT */
    uint32_t options;     /* MAILPROTO_MBEDTLS_INSECURE_NO_VERIFY, _NO_TICKETS, _REQUIRE_EXPORTER */
    uint32_t min_version; /* 0x0303 or 0x0304; 0: 0x0303 */
    uint32_t max_version; /* the same; 0: the newest there is */
    uint32_t peer;        /* a server: MAILPROTO_MBEDTLS_PEER_* */
    uint32_t ticket_s;    /* a server: seconds for which a ticket is good, and after which the key of tickets is
                             replaced; 0: 14,400. At most 604,800 (RFC 8446 section 4.6.1) */
    uint32_t record_max;  /* the most plain octets of a record that is sent, and opened at once: 512 to 16384; 0: 16384.
                             Less is less memory while octets move */
    /* A server: the first is for clients that name no server, or one that no certificate is for; else the first of whose
       names (subjectAltName, wildcards too) the name of the client's SNI (RFC 6066 section 3) is one. A client: the one
       it shows when asked, at most one. */
    const mailproto_mbedtls_certificate *certificates;
    /* Who may sign the peer's certificate: PEM text, or path of a PEM file, of certificates. Both are taken if both are
       given. A client with neither trusts whom the system trusts: the first file found of those that systems keep
       (/etc/ssl/certs/ca-certificates.crt and its like). A server that asks for certificates needs one. */
    mailproto_text trust_pem, trust_file;
    /* ALPN (RFC 7301): names as in the IANA registry ("imap", "pop3"), the most wanted first, separated by one space; empty:
       not used. At most 8. A server refuses clients that offer only others, and serves those that offer none. */
    mailproto_text alpn;
    /* Told of each handshake that is complete, before the inner session is: what that will be told, and the SHA-256 of the
       peer's certificate as it crossed the wire, 32 octets; empty: it showed none. Answers OK; or a negative code: the
       session is lost with ERR_TLS. So a program can pin a certificate: with MAILPROTO_MBEDTLS_INSECURE_NO_VERIFY instead
       of trust, without it beside it. Called again for a session that was resumed, with what was remembered. On the
       session's thread; nothing of the session may be called in it. NULL: nobody. */
    int32_t (*on_handshake)(const mailproto_tls_info *info, mailproto_text fingerprint, void *user);
    void *user; /* of on_handshake; must outlive the sessions */
} mailproto_mbedtls_config;
MAILPROTO_API int32_t mailproto_mbedtls_config_init(mailproto_mbedtls_config *config, size_t size);

/* Parses and checks everything: that each key is the one of its certificate, too. `m` is held on. Nothing of the config is
   needed after the call, and files are not read again. PEM texts and files may have up to 8 MiB. After an error *out is
   NULL, and `why`, if not NULL, holds a sentence with a NUL, of at most why_size octets, that names the file and tells what
   to do. A certificate that has expired is no error: serving it is better than not to serve. OK; ERR_ARG: NULL, or a struct
   that is none; ERR_NOMEM; ERR_CONFIG: what is asked for contradicts itself, or is not in this mbedTLS, or a PEM, a
   key or a password is wrong; ERR_NOT_FOUND: a file is not there; ERR_DENIED: it may not be read; ERR_UNAVAILABLE: it
   cannot be read; ERR_LIMIT: it is too large. */
MAILPROTO_API int32_t mailproto_mbedtls_tls_new(mailproto_mbedtls_tls **out, mailproto_mbedtls *m,
                                                const mailproto_mbedtls_config *config, char *why, size_t why_size);

/* Gives it back; sessions that were made from it hold it on. From any thread. NULL is ignored. */
MAILPROTO_API void mailproto_mbedtls_tls_free(mailproto_mbedtls_tls *tls);

/* Holds it once more: one more _free is needed. For a reload, where one thread gives it to another. Never fails. */
MAILPROTO_API void mailproto_mbedtls_tls_hold(mailproto_mbedtls_tls *tls);

/* What the sessions of one mailproto_mbedtls_tls have done so far. */
typedef struct mailproto_mbedtls_counts {
    uint32_t struct_size;
    uint32_t reserved;   /* 0 */
    uint64_t handshakes; /* complete ones */
    uint64_t resumed;    /* of these: the short ones, by a ticket */
    uint64_t failed;     /* handshakes that failed; those that were cut off are not counted */
} mailproto_mbedtls_counts;
MAILPROTO_API int32_t mailproto_mbedtls_counts_init(mailproto_mbedtls_counts *counts, size_t size);

/* Tells them; *counts was made by its _init. From any thread. OK; ERR_ARG. */
MAILPROTO_API int32_t mailproto_mbedtls_tls_counts(const mailproto_mbedtls_tls *tls, mailproto_mbedtls_counts *counts);

/* When the first of its own certificates is no longer valid, in Unix seconds; 0: it has none. For a host that warns in
   time. OK; ERR_ARG. */
MAILPROTO_API int32_t mailproto_mbedtls_tls_expires(const mailproto_mbedtls_tls *tls, int64_t *unix_seconds);

/* ---- what a client remembers ------------------------------------------------------------------------------------ */

/* Makes a place for the tickets of up to `most` servers (0: 16), made from `tls`, which it holds on, and for sessions of
   `tls` only. Servers are told apart by server_name: a host that is asked for mail on two ports needs two of these. The
   oldest makes room for the next. It holds secrets, which are wiped with it. One thread's at a time, as are the sessions
   that it was given to, and which hold it on. OK; ERR_ARG: not a client's; ERR_NOMEM; ERR_UNSUPPORTED:
   this mbedTLS has no tickets; ERR_STATE: MAILPROTO_MBEDTLS_NO_TICKETS. */
MAILPROTO_API int32_t mailproto_mbedtls_sessions_new(mailproto_mbedtls_sessions **out, mailproto_mbedtls_tls *tls,
                                                     uint32_t most);

/* Gives it back. NULL is ignored. */
MAILPROTO_API void mailproto_mbedtls_sessions_free(mailproto_mbedtls_sessions *sessions);

/* ---- sessions --------------------------------------------------------------------------------------------------- */

/* Puts TLS over the session of a server, which must be new: nothing fed, nothing lent (layer.h). From success on *outer
   is driven and freed instead of `inner`, which it owns, and it holds `tls` on. `allocator`: of the layer and of the state
   of this session; NULL: the C library's.

   The inner session is told (tls_started): version, cipher; server_name as the client gave it; alpn; verified and
   peer_name if the client showed a certificate that verifies: peer_name is its first subjectAltName that is a mail address,
   or the first that is a host name if none is an address, and is what SASL EXTERNAL may go by. It is empty if that name holds
   a control octet, or if there is none: the subject of a certificate is never taken; `unique`, `exporter` and
   `server_end_point` as far as they are there:

       unique            TLS 1.2 with the extended master secret (RFC 7627; without it the binding proves nothing)
       exporter          TLS 1.3
       server_end_point  always, but where the certificate's signature names no hash

   OK; ERR_ARG: NULL, `inner` is inside a layer already, or tls is not a server's; ERR_NOMEM; on an error nothing is owned. */
MAILPROTO_API int32_t mailproto_mbedtls_server(mailproto_session **outer, mailproto_session *inner,
                                               mailproto_mbedtls_tls *tls, const mailproto_allocator *allocator);

/* Puts TLS over the session of a client. `server_name` is what the server's certificate must be for (RFC 9525): a host name
   in ASCII, a dot at its end is left out, or an IPv4 or IPv6 address, without brackets. It is sent as SNI if it is a host
   name. It is held against the subjectAltName of the certificate, never against its subject. It may be empty only with
   MAILPROTO_MBEDTLS_INSECURE_NO_VERIFY. `sessions`: where tickets are kept, of the same tls; NULL: nowhere.

   What the inner session is told is the same on both sides, but for verified and peer_name, which tell of the server: its
   name as it was verified. A session that was resumed is verified as the first one was.

   A certificate that does not verify is lost(ERR_TLS) with a sentence such as "the certificate is for mail.example.org,
   not for imap.example.org".

   OK; ERR_ARG: as above, tls is not a client's, sessions of another tls, or server_name is neither a host name nor an
   address; ERR_NOMEM; on an error nothing is owned. */
MAILPROTO_API int32_t mailproto_mbedtls_client(mailproto_session **outer, mailproto_session *inner,
                                               mailproto_mbedtls_tls *tls, const char *server_name,
                                               size_t server_name_len, mailproto_mbedtls_sessions *sessions,
                                               const mailproto_allocator *allocator);

/* The most memory that a session takes of its allocator, mbedTLS's own and the inner session apart. 0 for NULL. */
MAILPROTO_API size_t mailproto_mbedtls_memory_max(const mailproto_mbedtls_tls *tls);

#ifdef __cplusplus
}
#endif
#endif
