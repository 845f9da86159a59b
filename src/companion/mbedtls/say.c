/* say.c - errors of mbedTLS as results, and as sentences for people.
 * mailproto/mbedtls.h; alerts: RFC 8446 section 6. */
#include <stdarg.h>
#include <stdio.h>

#include "internal.h"

int32_t mp_mbedtls_say(int32_t result, char *why, size_t why_size, const char *format, ...)
{
    va_list arguments;

    if (!why || !why_size)
        return result;
    va_start(arguments, format);
    vsnprintf(why, why_size, format, arguments);
    va_end(arguments);
    return result;
}

void mp_mbedtls_show(char *out, size_t size, const uint8_t *text, size_t len)
{
    size_t n = len < size - 1 ? len : size - 1;

    /* a NUL or an escape sequence in a name is there to deceive */
    for (size_t i = 0; i < n; i++)
        out[i] = (char)(text[i] < ' ' || text[i] == 0x7f ? '?' : text[i]);
    while (n < len && n && ((uint8_t)out[n - 1] & 0xc0) == 0x80)
        n--; /* not in the middle of a character */
    if (n < len && n && ((uint8_t)out[n - 1] & 0xc0) == 0xc0)
        n--;
    out[n] = '\0';
}

int mp_mbedtls_is_no_memory(int error)
{
    int high = -(-error & 0xff80), low = -(-error & 0x7f);

    return error < 0 && (high == MBEDTLS_ERR_SSL_ALLOC_FAILED || high == MBEDTLS_ERR_X509_ALLOC_FAILED ||
                         high == MBEDTLS_ERR_PK_ALLOC_FAILED || high == MBEDTLS_ERR_PEM_ALLOC_FAILED ||
                         high == MBEDTLS_ERR_MD_ALLOC_FAILED || high == MBEDTLS_ERR_CIPHER_ALLOC_FAILED ||
                         high == MBEDTLS_ERR_ECP_ALLOC_FAILED || low == MBEDTLS_ERR_ASN1_ALLOC_FAILED ||
                         low == MBEDTLS_ERR_MPI_ALLOC_FAILED);
}

/* What the peer's alert means to whoever must mend it. */
static const char *alert_text(unsigned char alert)
{
    switch (alert) {
    case MBEDTLS_SSL_ALERT_MSG_HANDSHAKE_FAILURE:
        return "there is no cipher, curve or signature that both sides allow";
    case MBEDTLS_SSL_ALERT_MSG_BAD_CERT:
    case MBEDTLS_SSL_ALERT_MSG_UNSUPPORTED_CERT:
        return "it does not like our certificate";
    case MBEDTLS_SSL_ALERT_MSG_CERT_REVOKED:
        return "our certificate was revoked";
    case MBEDTLS_SSL_ALERT_MSG_CERT_EXPIRED:
        return "our certificate has expired";
    case MBEDTLS_SSL_ALERT_MSG_CERT_UNKNOWN:
        return "our certificate does not verify there";
    case MBEDTLS_SSL_ALERT_MSG_UNKNOWN_CA:
        return "it does not trust who signed our certificate";
    case MBEDTLS_SSL_ALERT_MSG_ACCESS_DENIED:
        return "our certificate is good, and not let in";
    case MBEDTLS_SSL_ALERT_MSG_PROTOCOL_VERSION:
        return "there is no version of TLS that both sides allow";
    case MBEDTLS_SSL_ALERT_MSG_INSUFFICIENT_SECURITY:
        return "it wants stronger ciphers than are allowed here";
    case MBEDTLS_SSL_ALERT_MSG_UNRECOGNIZED_NAME:
        return "it has no certificate for the name that was asked for";
    case MBEDTLS_SSL_ALERT_MSG_NO_APPLICATION_PROTOCOL:
        return "there is no protocol (ALPN) that both sides speak";
    case 116: /* certificate_required, RFC 8446 section 6 */
    case MBEDTLS_SSL_ALERT_MSG_NO_CERT:
        return "it wants a certificate of ours";
    default:
        return NULL;
    }
}

static void say_alert(struct mp_mbedtls_session *s)
{
    /* there is no other way to the alert's number; the message is the last that was read */
    unsigned char alert = s->ssl.MBEDTLS_PRIVATE(in_msg)[1];
    const char *text = alert_text(alert);

    if (text)
        mp_mbedtls_say(0, s->why, sizeof s->why, "the peer refuses TLS (alert %u): %s", alert, text);
    else
        mp_mbedtls_say(0, s->why, sizeof s->why, "the peer ended TLS with alert %u", alert);
}

#if defined(MBEDTLS_ERR_SSL_BAD_HS_CLIENT_HELLO)
/* mbedTLS 2.28 says the same of all that is no ClientHello; its first octet tells more (RFC 5246 section 6.2.1). */
static const char *first_record_text(const struct mp_mbedtls_session *s)
{
    if (s->begun || s->ssl.in_hdr[0] == MBEDTLS_SSL_MSG_HANDSHAKE)
        return NULL;
    if (s->ssl.in_hdr[0] == MBEDTLS_SSL_MSG_ALERT)
        return "the peer ended the TLS handshake";
    return "what came is no TLS: the peer speaks in clear text";
}
#endif

/* Errors with a sentence of their own. */
static const char *error_text(const struct mp_mbedtls_session *s, int error)
{
    switch (error) {
    case MBEDTLS_ERR_SSL_INVALID_RECORD:
        return s->begun ? "a record of the peer is damaged" : "what came is no TLS: the peer speaks in clear text";
#if defined(MBEDTLS_ERR_SSL_BAD_PROTOCOL_VERSION)
    case MBEDTLS_ERR_SSL_BAD_PROTOCOL_VERSION:
        return "the peer speaks no version of TLS that is allowed here";
#endif
#if defined(MBEDTLS_ERR_SSL_BAD_HS_PROTOCOL_VERSION)
    case MBEDTLS_ERR_SSL_BAD_HS_PROTOCOL_VERSION:
        return "the peer speaks no version of TLS that is allowed here";
#endif
#if defined(MBEDTLS_ERR_SSL_BAD_HS_CLIENT_HELLO)
    case MBEDTLS_ERR_SSL_BAD_HS_CLIENT_HELLO:
        return first_record_text(s);
#endif
    case MBEDTLS_ERR_SSL_INVALID_MAC:
        return "a record was changed on its way, or is not the peer's";
#if defined(MBEDTLS_ERR_SSL_NO_CIPHER_CHOSEN)
    case MBEDTLS_ERR_SSL_NO_CIPHER_CHOSEN:
        return "there is no cipher that both sides allow, or none for the certificate";
#endif
#if defined(MBEDTLS_ERR_SSL_HANDSHAKE_FAILURE)
    case MBEDTLS_ERR_SSL_HANDSHAKE_FAILURE:
        return "there is no cipher, curve or signature that both sides allow";
#endif
    case MBEDTLS_ERR_SSL_NO_CLIENT_CERTIFICATE:
        return "the client showed no certificate";
    case MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY:
        return "the peer ended the TLS handshake";
#if defined(MBEDTLS_ERR_SSL_NO_APPLICATION_PROTOCOL)
    case MBEDTLS_ERR_SSL_NO_APPLICATION_PROTOCOL:
        return "there is no protocol (ALPN) that both sides speak";
#endif
    case MBEDTLS_ERR_SSL_UNEXPECTED_MESSAGE:
        return "the peer sent what does not belong there in TLS";
    case MBEDTLS_ERR_SSL_INTERNAL_ERROR:
        return s->flooded ? "the peer asks for another handshake again and again" : NULL;
    default:
        return NULL;
    }
}

int32_t mp_mbedtls_failed(struct mp_mbedtls_session *s, int error)
{
    const char *text;

    if (mp_mbedtls_is_no_memory(error)) {
        mp_mbedtls_say(0, s->why, sizeof s->why, "%s", mailproto_result_text(MAILPROTO_ERR_NOMEM));
        return MAILPROTO_ERR_NOMEM;
    }
    if (s->why[0])
        return MAILPROTO_ERR_TLS;
    text = error_text(s, error);
    if (error == MBEDTLS_ERR_X509_CERT_VERIFY_FAILED || error == MP_MBEDTLS_ERR_BAD_CERTIFICATE)
        mp_mbedtls_verify_say(s);
    else if (error == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE)
        say_alert(s);
    else if (text)
        mp_mbedtls_say(0, s->why, sizeof s->why, "%s", text);
    else
        mp_mbedtls_say(0, s->why, sizeof s->why, "TLS failed %s (mbedTLS: -0x%04x)",
                       s->over ? "after its handshake" : "in its handshake", (unsigned)-error);
    return MAILPROTO_ERR_TLS;
}
