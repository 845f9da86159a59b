/* names.c - whom a certificate is for: host names and addresses of its subjectAltName, never its subject.
 * RFC 9525 section 6, RFC 5280 section 4.2.1.6; RFC 6066 section 3. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <mbedtls/oid.h>

#include "core/ascii.h"
#include "internal.h"

/* GeneralName, RFC 5280 section 4.2.1.6; mbedTLS 2.28 keeps them all and understands one. */
enum { SAN_MAIL = 1, SAN_DNS = 2, SAN_ADDRESS = 7, SAN_MASK = 0x1f };
enum { LABEL_MAX = 63, SHOWN = 3 };

static int is_label(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

/* Labels of letters, digits, hyphens and, since there are such names, underscores; the last is not a number alone. */
static int is_host_name(const char *text, size_t len)
{
    size_t label = 0, digits = 0;

    for (size_t i = 0; i <= len; i++) {
        if (i == len || text[i] == '.') {
            if (!label || label > LABEL_MAX || (i == len && digits == label))
                return 0;
            label = digits = 0;
        } else if (!is_label(text[i])) {
            return 0;
        } else {
            label++;
            digits += text[i] >= '0' && text[i] <= '9';
        }
    }
    return 1;
}

int32_t mp_mbedtls_name_read(struct mp_mbedtls_name *name, const char *text, size_t len)
{
    *name = (struct mp_mbedtls_name){0};
    if (len > 1 && text[len - 1] == '.')
        len--; /* the root */
    if (!len || len > MP_MBEDTLS_NAME_MAX || memchr(text, 0, len))
        return MAILPROTO_ERR_ARG;
    memcpy(name->text, text, len);
    name->len = len;
    if (inet_pton(AF_INET, name->text, name->address) == 1)
        name->address_len = 4;
    else if (inet_pton(AF_INET6, name->text, name->address) == 1)
        name->address_len = 16;
    else if (!is_host_name(name->text, len))
        return MAILPROTO_ERR_ARG;
    return MAILPROTO_OK;
}

static int same(const char *a, const char *b, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (mp_ascii_lower((uint8_t)a[i]) != mp_ascii_lower((uint8_t)b[i]))
            return 0;
    return 1;
}

/* A wildcard is the whole first label, stands for one, and leaves two at least (RFC 9525 section 6.3). */
static int is_host(const char *pattern, size_t len, const char *name, size_t name_len)
{
    const char *rest;
    size_t rest_len;

    if (len == name_len && same(pattern, name, len))
        return 1;
    if (len < 3 || pattern[0] != '*' || pattern[1] != '.' || !memchr(pattern + 2, '.', len - 2))
        return 0;
    rest = memchr(name, '.', name_len);
    if (!rest || rest == name)
        return 0;
    rest_len = name_len - (size_t)(rest - name);
    return rest_len == len - 1 && same(pattern + 1, rest, rest_len);
}

static int kind_of(const mbedtls_x509_sequence *san)
{
    return san->buf.p ? san->buf.tag & SAN_MASK : -1;
}

int mp_mbedtls_name_is(const mbedtls_x509_crt *crt, const struct mp_mbedtls_name *name)
{
    for (const mbedtls_x509_sequence *san = &crt->subject_alt_names; san; san = san->next) {
        const char *text = (const char *)san->buf.p;

        if (name->address_len) {
            if (kind_of(san) == SAN_ADDRESS && san->buf.len == name->address_len &&
                !memcmp(san->buf.p, name->address, name->address_len))
                return 1;
        } else if (kind_of(san) == SAN_DNS && is_host(text, san->buf.len, name->text, name->len)) {
            return 1;
        }
    }
    return 0;
}

/* One of them for people; 0: it is of another kind. */
static size_t show_name(const mbedtls_x509_sequence *san, char *out, size_t size)
{
    if (kind_of(san) == SAN_DNS)
        mp_mbedtls_show(out, size, san->buf.p, san->buf.len);
    else if (kind_of(san) != SAN_ADDRESS || (san->buf.len != 4 && san->buf.len != 16) ||
             !inet_ntop(san->buf.len == 4 ? AF_INET : AF_INET6, san->buf.p, out, (socklen_t)size))
        return 0;
    return strlen(out);
}

size_t mp_mbedtls_names(const mbedtls_x509_crt *crt, char *out, size_t size)
{
    size_t used = 0, shown = 0, more = 0;
    char one[80];

    out[0] = '\0';
    for (const mbedtls_x509_sequence *san = &crt->subject_alt_names; san; san = san->next) {
        size_t n = show_name(san, one, sizeof one);

        if (!n)
            continue;
        if (shown == SHOWN) {
            more++;
            continue;
        }
        mp_mbedtls_say(0, out + used, size - used, "%s%s", shown ? ", " : "", one);
        used += strlen(out + used);
        shown++;
    }
    if (more)
        mp_mbedtls_say(0, out + used, size - used, " and %u more", (unsigned)more);
    return shown + more;
}

/* What identifies somebody may not hold what deceives: control octets, NUL among them. */
static size_t take(const uint8_t *text, size_t len, char *out, size_t size)
{
    if (!len || len >= size)
        return 0;
    for (size_t i = 0; i < len; i++)
        if (text[i] < ' ' || text[i] == 0x7f)
            return 0;
    memcpy(out, text, len);
    out[len] = '\0';
    return len;
}

/* The first name of a kind, or NULL: there is none. */
static const mbedtls_x509_sequence *first_of(const mbedtls_x509_crt *crt, int kind)
{
    for (const mbedtls_x509_sequence *san = &crt->subject_alt_names; san; san = san->next)
        if (kind_of(san) == kind)
            return san;
    return NULL;
}

/* Behind a first name that deceives no other is looked for: who signed this does not look at what is signed. */
size_t mp_mbedtls_peer_name(const mbedtls_x509_crt *crt, char *out, size_t size)
{
    const mbedtls_x509_sequence *san = first_of(crt, SAN_MAIL);

    if (!san)
        san = first_of(crt, SAN_DNS);
    return san ? take(san->buf.p, san->buf.len, out, size) : 0;
}

static const mbedtls_x509_name *find_common_name(const mbedtls_x509_name *name)
{
    while (name && MBEDTLS_OID_CMP(MBEDTLS_OID_AT_CN, &name->oid))
        name = name->next;
    return name;
}

void mp_mbedtls_common_name(const mbedtls_x509_name *name, char *out, size_t size)
{
    const mbedtls_x509_name *common = find_common_name(name);

    if (common && common->val.p)
        mp_mbedtls_show(out, size, common->val.p, common->val.len);
    else
        mp_mbedtls_show(out, size, name->val.p, name->val.p ? name->val.len : 0);
}
