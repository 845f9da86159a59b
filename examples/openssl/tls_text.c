/* tls_text.c - what went wrong in TLS, as a sentence for people; names out of certificates. tls_layer.h.
 * Certificates come from strangers: of their text only printable ASCII is repeated. RFC 5280; RFC 9525. */
#include "tls_context.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

enum { NAMES_SHOWN = 3 };

const char *tls_text_reason(void)
{
    const char *text = ERR_reason_error_string(ERR_peek_last_error());

    return text ? text : "OpenSSL does not say why";
}

/* ---- names ---- */

/* A string of a certificate. A NUL inside of it, or any other octet that is not a letter one sees, makes it no name. */
static int readable(const ASN1_STRING *string)
{
    const unsigned char *p = ASN1_STRING_get0_data(string);
    int n = ASN1_STRING_length(string);

    for (int i = 0; i < n; i++)
        if (p[i] <= ' ' || p[i] > '~')
            return 0;
    return n > 0 && n <= TLS_NAME_MAX;
}

/* The next name of a kind; *at goes on. 0: there is none any more. */
static int next_name(const GENERAL_NAMES *names, int kind, int *at, char *to, size_t size)
{
    for (; *at < sk_GENERAL_NAME_num(names); ++*at) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, *at);

        if (name->type == kind && readable(name->d.ia5)) {
            snprintf(to, size, "%.*s", ASN1_STRING_length(name->d.ia5),
                     (const char *)ASN1_STRING_get0_data(name->d.ia5));
            ++*at;
            return 1;
        }
    }
    return 0;
}

static int first_name(X509 *certificate, int kind, char *to, size_t size)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    int at = 0, found = next_name(names, kind, &at, to, size);

    GENERAL_NAMES_free(names);
    return found;
}

/* The first of a kind, or NULL: there is none. */
static const ASN1_STRING *first_of(const GENERAL_NAMES *names, int kind)
{
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++)
        if (sk_GENERAL_NAME_value(names, i)->type == kind)
            return sk_GENERAL_NAME_value(names, i)->d.ia5;
    return NULL;
}

/* A subject is none (RFC 9525). And behind a first name that deceives no other is looked for: who signed this does not look
   at what is signed. */
void tls_text_identity(X509 *certificate, char *to, size_t size)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    const ASN1_STRING *name = first_of(names, GEN_EMAIL);

    *to = 0;
    if (!name)
        name = first_of(names, GEN_DNS);
    if (name && readable(name))
        snprintf(to, size, "%.*s", ASN1_STRING_length(name), (const char *)ASN1_STRING_get0_data(name));
    GENERAL_NAMES_free(names);
}

/* For people alone: it is no name that proves anything (RFC 9525), and what is no letter of it is shown as "?". */
static int common_name(X509 *certificate, char *to, size_t size)
{
    const X509_NAME *subject = X509_get_subject_name(certificate);
    int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    const ASN1_STRING *string = at < 0 ? NULL : X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at));

    size_t n = string ? (size_t)ASN1_STRING_length(string) : 0;

    if (n >= size)
        n = size - 1;
    for (size_t i = 0; i < n; i++) {
        unsigned char c = ASN1_STRING_get0_data(string)[i];

        to[i] = (char)(c < ' ' || c > '~' ? '?' : c);
    }
    to[n] = 0;
    return n != 0;
}

void tls_text_owner(X509 *certificate, char *to, size_t size)
{
    *to = 0;
    if (!first_name(certificate, GEN_EMAIL, to, size) && !first_name(certificate, GEN_DNS, to, size))
        common_name(certificate, to, size);
}

/* All the host names, or the first few of many. */
static void host_names(X509 *certificate, char *to, size_t size)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    char name[TLS_NAME_MAX + 1];
    int at = 0, shown = 0;

    *to = 0;
    while (next_name(names, GEN_DNS, &at, name, sizeof name)) {
        if (shown == NAMES_SHOWN) {
            OPENSSL_strlcat(to, " and others", size);
            break;
        }
        OPENSSL_strlcat(to, shown++ ? ", " : "", size);
        OPENSSL_strlcat(to, name, size);
    }
    GENERAL_NAMES_free(names);
    if (!*to && !common_name(certificate, to, size))
        snprintf(to, size, "no host");
}

/* ---- certificates that are not accepted ---- */

static void date(const ASN1_TIME *time, char *to, size_t size)
{
    struct tm t;

    if (ASN1_TIME_to_tm(time, &t))
        snprintf(to, size, "%04d-%02d-%02d", t.tm_year + 1900, t.tm_mon + 1, t.tm_mday);
    else
        snprintf(to, size, "a day that is none");
}

static void wrong_name(struct tls *t, X509 *certificate)
{
    char names[200];

    host_names(certificate, names, sizeof names);
    snprintf(t->text, sizeof t->text, "the certificate is for %s, not for %.100s", names, t->name);
}

void tls_text_certificate(struct tls *t, X509 *certificate, int error)
{
    char who[TLS_NAME_MAX + 1], day[40];

    *who = 0;
    if (certificate)
        tls_text_owner(certificate, who, sizeof who);
    if (!*who)
        snprintf(who, sizeof who, "somebody without a name");
    switch (error) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        wrong_name(t, certificate);
        return;
    case X509_V_ERR_CERT_HAS_EXPIRED:
        date(X509_get0_notAfter(certificate), day, sizeof day);
        snprintf(t->text, sizeof t->text, "the certificate of %.200s expired on %s", who, day);
        return;
    case X509_V_ERR_CERT_NOT_YET_VALID:
        date(X509_get0_notBefore(certificate), day, sizeof day);
        snprintf(t->text, sizeof t->text, "the certificate of %.200s is valid from %s only", who, day);
        return;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        snprintf(t->text, sizeof t->text, "the certificate of %.200s is signed by nobody that is trusted", who);
        return;
    default:
        snprintf(t->text, sizeof t->text, "the certificate of %.200s is not accepted: %s", who,
                 X509_verify_cert_error_string(error));
    }
}

/* ---- everything else ---- */

static const char *sentence(int reason)
{
    switch (reason) {
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_HTTP_REQUEST:
    case SSL_R_HTTPS_PROXY_REQUEST:
        return "what the peer sends is not TLS";
    case SSL_R_UNSUPPORTED_PROTOCOL:
        return "there is no version of TLS that both sides speak";
    case SSL_R_NO_SHARED_CIPHER:
        return "there is no cipher that both sides have";
    case SSL_R_NO_APPLICATION_PROTOCOL:
        return "there is no protocol that both sides have (ALPN)";
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
        return "the client has no certificate";
    case SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC:
        return "a record was changed on its way";
    default:
        return NULL;
    }
}

void tls_text_error(struct tls *t)
{
    unsigned long error = ERR_peek_error();
    int reason = ERR_GET_REASON(error);
    const char *known = ERR_GET_LIB(error) == ERR_LIB_SSL ? sentence(reason) : NULL;

    if (t->text[0])
        return; /* the certificate was the cause, and that is told already */
    if (known)
        snprintf(t->text, sizeof t->text, "%s", known);
    else if (ERR_GET_LIB(error) == ERR_LIB_SSL && reason >= SSL_AD_REASON_OFFSET)
        snprintf(t->text, sizeof t->text, "the peer ended TLS: %s",
                 SSL_alert_desc_string_long(reason - SSL_AD_REASON_OFFSET));
    else
        snprintf(t->text, sizeof t->text, "TLS failed: %s", tls_text_reason());
}
