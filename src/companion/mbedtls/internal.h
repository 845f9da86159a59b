/* internal.h - the objects of mailproto-mbedtls, and what its files share.
 * mailproto/mbedtls.h. */
#ifndef MP_MBEDTLS_INTERNAL_H
#define MP_MBEDTLS_INTERNAL_H

#include <stdatomic.h>

#include <mailproto/mbedtls.h>

#include "companion/allocator.h"
#include "compat.h"

enum {
    MP_MBEDTLS_NAME_MAX = 253,  /* RFC 1035 section 2.3.4, without the dot of the root */
    MP_MBEDTLS_ALPN_MAX = 8,    /* names in a config */
    MP_MBEDTLS_RECORD = 16384,  /* RFC 8446 section 5.1 */
    MP_MBEDTLS_PENDING = 128,   /* alerts that open made, and that wait for a way out */
    MP_MBEDTLS_EXPANSION = 128, /* of a record: header, nonce, tag, padding */
    MP_MBEDTLS_EXPORTED = 32    /* RFC 9266 section 2 */
};

struct mailproto_mbedtls {
    mailproto_allocator allocator;
    atomic_uint holds;
    mbedtls_entropy_context entropy;
    mbedtls_ctr_drbg_context random;
};

/* A certificate of ours with its key. */
struct mp_mbedtls_own {
    struct mp_mbedtls_own *next;
    mbedtls_x509_crt chain;
    mbedtls_pk_context key;
};

struct mailproto_mbedtls_tls {
    mailproto_mbedtls *m;
    atomic_uint holds;
    uint32_t role, options, peer, record_max;
    mbedtls_ssl_config conf;
    mbedtls_x509_crt trust;
#ifdef MP_MBEDTLS_TICKETS
    mbedtls_ssl_ticket_context tickets;
#endif
    struct mp_mbedtls_own *own;
    char *alpn; /* the names, each with a NUL */
    size_t alpn_size;
    const char *alpn_list[MP_MBEDTLS_ALPN_MAX + 1];
    int32_t (*on_handshake)(const mailproto_tls_info *, mailproto_text, void *);
    void *user;
    _Atomic uint64_t handshakes, resumed, failed;
};

/* Whom a certificate must be for. */
struct mp_mbedtls_name {
    char text[MP_MBEDTLS_NAME_MAX + 1]; /* as it was given, without a dot at its end; NUL */
    size_t len;
    uint8_t address[16]; /* if it is an address */
    size_t address_len;  /* 4, 16; 0: it is a host name, or there is none */
};

/* What a session knows of its peer's certificate, and what a client remembers of it for a session that is resumed. */
struct mp_mbedtls_peer {
    char name[MP_MBEDTLS_NAME_MAX + 1]; /* of a client, from its certificate */
    size_t name_len;
    uint8_t end_point[MBEDTLS_MD_MAX_SIZE]; /* of a client: tls-server-end-point */
    size_t end_point_len;
    uint8_t fingerprint[32]; /* SHA-256 */
    size_t fingerprint_len;
    mbedtls_x509_time valid_to;
    int seen; /* there was a certificate */
};

/* One session: the ctx of its layer. */
struct mp_mbedtls_session {
    mbedtls_ssl_context ssl;
    mailproto_mbedtls_tls *tls;
    mailproto_mbedtls_sessions *sessions;
    mailproto_allocator allocator;
    struct mp_mbedtls_name name; /* of a client: the server; of a server: what SNI said */
    const struct mp_mbedtls_own *own;
    struct mp_mbedtls_peer peer;

    /* for the time of one operation */
    const uint8_t *in;
    size_t in_len, in_pos;
    uint8_t *out;
    size_t out_cap, out_len;
    uint8_t starved; /* mbedTLS asked for more than there was */

    uint8_t set_up, begun, over, failed, notified;
    uint8_t certificate;     /* the handshake had one of the server: it is a full one */
    uint8_t extended_master; /* RFC 7627 */
    uint8_t flooded;         /* the peer made more alerts necessary than `pending` holds */
    int deferred;            /* mbedTLS's error behind octets that were opened before it */
    uint8_t early[16];       /* taken, and not read by mbedTLS yet */
    size_t early_len;
    uint8_t pending[MP_MBEDTLS_PENDING];
    size_t pending_len;
    uint32_t version;
    uint32_t verified;
    uint8_t unique[64], exporter[MP_MBEDTLS_EXPORTED], end_point[MBEDTLS_MD_MAX_SIZE];
    size_t unique_len, exporter_len, end_point_len;
    int rank;          /* of the problem with the peer's certificate; 0: none */
    char problem[400]; /* a sentence about it */
    char why[400];     /* about what ended the session */
};

/* ---- sentences: say.c */

/* Writes a sentence as far as there is room; why may be NULL. Answers `result`. */
int32_t mp_mbedtls_say(int32_t result, char *why, size_t why_size, const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 4, 5)))
#endif
    ;
/* Whether mbedTLS ran out of memory. */
int mp_mbedtls_is_no_memory(int error);
/* The result for an error of mbedTLS in a session, with its sentence in s->why if there is none yet. */
int32_t mp_mbedtls_failed(struct mp_mbedtls_session *s, int error);
/* Octets of a certificate as they may be shown to people: at most size - 1, with a NUL. */
void mp_mbedtls_show(char *out, size_t size, const uint8_t *text, size_t len);

/* ---- random.c */

void mp_mbedtls_hold(mailproto_mbedtls *m);

/* ---- PEM texts: pem.c */

struct mp_mbedtls_pem {
    uint8_t *ptr; /* with a NUL, as mbedTLS wants it */
    size_t len;   /* the NUL counts */
    size_t size;
    char label[300]; /* what it is, for sentences: "the file /etc/..." */
};
/* The text, or else the file. OK; as mailproto_mbedtls_tls_new. */
int32_t mp_mbedtls_pem_read(struct mp_mbedtls_pem *pem, const mailproto_allocator *allocator, mailproto_text text,
                            mailproto_text file, const char *what, char *why, size_t why_size);
void mp_mbedtls_pem_free(struct mp_mbedtls_pem *pem, const mailproto_allocator *allocator);

/* ---- certificates of ours, and whom we trust: own.c, trust.c */

int32_t mp_mbedtls_own_read(mailproto_mbedtls_tls *tls, const mailproto_mbedtls_certificate *list, char *why,
                            size_t why_size);
void mp_mbedtls_own_free(mailproto_mbedtls_tls *tls);
/* The one for a name that a client asks for. NULL: none is. */
struct mp_mbedtls_own *mp_mbedtls_own_find(const mailproto_mbedtls_tls *tls, const struct mp_mbedtls_name *name);
int32_t mp_mbedtls_trust_read(mailproto_mbedtls_tls *tls, const mailproto_mbedtls_config *config, char *why,
                              size_t why_size);

/* ---- names: names.c */

/* OK; ERR_ARG: it is neither a host name nor an address. */
int32_t mp_mbedtls_name_read(struct mp_mbedtls_name *name, const char *text, size_t len);
/* Whether a certificate is for it (RFC 9525 section 6). */
int mp_mbedtls_name_is(const mbedtls_x509_crt *crt, const struct mp_mbedtls_name *name);
/* The names that a certificate is for, for people; how many there are. */
size_t mp_mbedtls_names(const mbedtls_x509_crt *crt, char *out, size_t size);
/* Who a client is. 0: nobody. */
size_t mp_mbedtls_peer_name(const mbedtls_x509_crt *crt, char *out, size_t size);
/* The common name, or else the first thing that a subject or issuer says, for people. */
void mp_mbedtls_common_name(const mbedtls_x509_name *name, char *out, size_t size);

/* ---- verification: verify.c */

int mp_mbedtls_verify(void *session, mbedtls_x509_crt *crt, int depth, uint32_t *flags);
/* The sentence about what mp_mbedtls_verify found. */
void mp_mbedtls_verify_say(struct mp_mbedtls_session *s);

/* ---- what is known after the handshake: finished.c */

/* Before and after each step of the handshake. */
void mp_mbedtls_watch(struct mp_mbedtls_session *s, int before);
/* OK, or negative with s->why. */
int32_t mp_mbedtls_finished(struct mp_mbedtls_session *s);
int32_t mp_mbedtls_info(void *ctx, mailproto_tls_info *info);
/* tls-server-end-point of a certificate (RFC 5929 section 4.1); 0: there is none. */
size_t mp_mbedtls_end_point(const mbedtls_x509_crt *crt, uint8_t *out);

/* ---- what a client remembers: sessions.c */

/* Whether they were made from tls. */
int mp_mbedtls_sessions_of(const mailproto_mbedtls_sessions *sessions, const mailproto_mbedtls_tls *tls);
void mp_mbedtls_sessions_hold(mailproto_mbedtls_sessions *sessions);
/* Offers what is remembered of the server. */
void mp_mbedtls_sessions_offer(struct mp_mbedtls_session *s);
void mp_mbedtls_sessions_keep(struct mp_mbedtls_session *s);
void mp_mbedtls_sessions_forget(struct mp_mbedtls_session *s);

/* ---- the layer: session.c */

void mp_mbedtls_layer(const mailproto_mbedtls_tls *tls, mailproto_layer *ops);

#endif
