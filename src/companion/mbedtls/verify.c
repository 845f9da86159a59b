/* verify.c - the peer's certificate: whether it is for the right name, and a sentence about what is wrong with it.
 * RFC 5280 section 6, RFC 9525; the chain itself is verified by mbedTLS. */
#include "internal.h"

/* What is told if there is more than one thing wrong: the greatest. */
enum { RANK_OTHER = 1, RANK_NAME, RANK_TIME, RANK_WEAK, RANK_TRUST };

enum { WEAK = MBEDTLS_X509_BADCERT_BAD_MD | MBEDTLS_X509_BADCERT_BAD_PK | MBEDTLS_X509_BADCERT_BAD_KEY };

static void show_issuer(const mbedtls_x509_crt *crt, char *out, size_t size)
{
    mp_mbedtls_common_name(&crt->issuer, out, size);
    if (!out[0])
        mp_mbedtls_say(0, out, size, "somebody without a name");
}

static int is_of_itself(const mbedtls_x509_crt *crt)
{
    return crt->subject_raw.len && crt->subject_raw.len == crt->issuer_raw.len &&
           !memcmp(crt->subject_raw.p, crt->issuer_raw.p, crt->issuer_raw.len);
}

/* What matters most stands first: engines keep but the beginning of it. */
static void say_name(struct mp_mbedtls_session *s, const mbedtls_x509_crt *crt)
{
    const char *wanted = s->name.text;
    char names[260];
    size_t count = mp_mbedtls_names(crt, names, sizeof names);

    if (count == 1)
        mp_mbedtls_say(0, s->problem, sizeof s->problem, "the certificate is for %s, not for %.80s", names, wanted);
    else if (count)
        mp_mbedtls_say(0, s->problem, sizeof s->problem, "the certificate is not for %.80s, but for %s", wanted, names);
    else
        mp_mbedtls_say(0, s->problem, sizeof s->problem,
                       "the certificate is not for %.80s: it names no host (it has no subjectAltName)", wanted);
}

static void say_time(struct mp_mbedtls_session *s, const mbedtls_x509_crt *crt, int depth, int past)
{
    const mbedtls_x509_time *at = past ? &crt->valid_to : &crt->valid_from;
    char whose[120] = "";

    if (depth) {
        char name[80];

        mp_mbedtls_common_name(&crt->subject, name, sizeof name);
        mp_mbedtls_say(0, whose, sizeof whose, " of \"%s\", which signed it,", name);
    }
    if (past)
        mp_mbedtls_say(0, s->problem, sizeof s->problem, "the certificate%s expired on %04d-%02d-%02d", whose, at->year,
                       at->mon, at->day);
    else
        mp_mbedtls_say(0, s->problem, sizeof s->problem,
                       "the certificate%s is not valid before %04d-%02d-%02d: is this machine's clock right?", whose,
                       at->year, at->mon, at->day);
}

static void say_trust(struct mp_mbedtls_session *s, const mbedtls_x509_crt *crt, int depth)
{
    static const char nobody[] = "the certificate is signed by nobody that is trusted";
    char issuer[80];

    show_issuer(crt, issuer, sizeof issuer);
    if (!is_of_itself(crt))
        mp_mbedtls_say(0, s->problem, sizeof s->problem, "%s (%s by \"%s\")", nobody, depth ? "at its end" : "but",
                       issuer);
    else if (depth)
        mp_mbedtls_say(0, s->problem, sizeof s->problem, "%s (its root is \"%s\")", nobody, issuer);
    else
        mp_mbedtls_say(0, s->problem, sizeof s->problem, "%s (but by itself)", nobody);
}

static void say_other(struct mp_mbedtls_session *s, uint32_t flags)
{
    if (flags & MBEDTLS_X509_BADCERT_REVOKED)
        mp_mbedtls_say(0, s->problem, sizeof s->problem, "the certificate was revoked");
    else if (flags & (MBEDTLS_X509_BADCERT_EXT_KEY_USAGE | MBEDTLS_X509_BADCERT_KEY_USAGE))
        mp_mbedtls_say(0, s->problem, sizeof s->problem, "the certificate is not one for a %s",
                       s->tls->role == MAILPROTO_MBEDTLS_CLIENT ? "server" : "client");
    else
        mp_mbedtls_say(0, s->problem, sizeof s->problem, "the certificate does not verify (mbedTLS: flags 0x%x)",
                       (unsigned)flags);
}

static int rank_of(uint32_t flags)
{
    if (flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED)
        return RANK_TRUST;
    if (flags & WEAK)
        return RANK_WEAK;
    if (flags & (MBEDTLS_X509_BADCERT_EXPIRED | MBEDTLS_X509_BADCERT_FUTURE))
        return RANK_TIME;
    if (flags & MBEDTLS_X509_BADCERT_CN_MISMATCH)
        return RANK_NAME;
    return flags ? RANK_OTHER : 0;
}

static void note(struct mp_mbedtls_session *s, const mbedtls_x509_crt *crt, int depth, uint32_t flags)
{
    int rank = rank_of(flags);

    if (rank <= s->rank)
        return;
    s->rank = rank;
    switch (rank) {
    case RANK_TRUST:
        say_trust(s, crt, depth);
        break;
    case RANK_WEAK:
        mp_mbedtls_say(0, s->problem, sizeof s->problem,
                       "the certificate is made with a hash or a key that is not safe any more");
        break;
    case RANK_TIME:
        say_time(s, crt, depth, (flags & MBEDTLS_X509_BADCERT_EXPIRED) != 0);
        break;
    case RANK_NAME:
        say_name(s, crt);
        break;
    default:
        say_other(s, flags);
    }
}

/* What is kept of the certificate itself: mbedTLS need not keep it (MBEDTLS_SSL_KEEP_PEER_CERTIFICATE). */
static void keep(struct mp_mbedtls_session *s, const mbedtls_x509_crt *crt)
{
    s->peer = (struct mp_mbedtls_peer){0};
    s->peer.seen = 1;
    s->peer.valid_to = crt->valid_to;
    if (!mbedtls_md(mbedtls_md_info_from_type(MBEDTLS_MD_SHA256), crt->raw.p, crt->raw.len, s->peer.fingerprint))
        s->peer.fingerprint_len = sizeof s->peer.fingerprint;
    if (s->tls->role == MAILPROTO_MBEDTLS_SERVER)
        s->peer.name_len = mp_mbedtls_peer_name(crt, s->peer.name, sizeof s->peer.name);
    else
        s->peer.end_point_len = mp_mbedtls_end_point(crt, s->peer.end_point);
}

int mp_mbedtls_verify(void *session, mbedtls_x509_crt *crt, int depth, uint32_t *flags)
{
    struct mp_mbedtls_session *s = session;
    int client = s->tls->role == MAILPROTO_MBEDTLS_CLIENT;

    if (!depth) {
        /* mbedTLS has compared the name with what it knows of: host names, and the subject where there are none */
        *flags &= ~(uint32_t)MBEDTLS_X509_BADCERT_CN_MISMATCH;
        if (client && !mp_mbedtls_name_is(crt, &s->name))
            *flags |= MBEDTLS_X509_BADCERT_CN_MISMATCH;
        keep(s, crt);
    }
    note(s, crt, depth, *flags);
    if (s->tls->options & MAILPROTO_MBEDTLS_INSECURE_NO_VERIFY)
        *flags = 0;
    return 0;
}

void mp_mbedtls_verify_say(struct mp_mbedtls_session *s)
{
    if (!s->rank)
        say_other(s, mbedtls_ssl_get_verify_result(&s->ssl));
    memcpy(s->why, s->problem, sizeof s->why);
}
