/* plain.c - the PLAIN mechanism: one message of three texts.
 * RFC 4616 section 2: message = [authzid] UTF8NUL authcid UTF8NUL passwd. */
#include <string.h>

#include "core/utf8.h"
#include "sasl/sasl.h"

static int valid(mailproto_text text)
{
    return !text.len || (!memchr(text.ptr, 0, text.len) && mp_utf8_valid((const uint8_t *)text.ptr, text.len));
}

static int identity_valid(const struct mp_sasl_identity *identity)
{
    return identity->name.len && identity->password.len && valid(identity->authorization) && valid(identity->name) &&
           valid(identity->password);
}

int mp_sasl_plain_parse(const char *message, size_t n, struct mp_sasl_identity *identity)
{
    const char *end = message + n, *name, *password;
    struct mp_sasl_identity found;

    if (!n || !(name = memchr(message, 0, n)))
        return -1;
    name++;
    password = memchr(name, 0, (size_t)(end - name));
    if (!password)
        return -1;
    password++;
    found.authorization = (mailproto_text){message, (size_t)(name - 1 - message)};
    found.name = (mailproto_text){name, (size_t)(password - 1 - name)};
    found.password = (mailproto_text){password, (size_t)(end - password)};
    if (!identity_valid(&found))
        return -1;
    *identity = found;
    return 0;
}

size_t mp_sasl_plain_size(const struct mp_sasl_identity *identity)
{
    if (!identity_valid(identity))
        return 0;
    return identity->authorization.len + identity->name.len + identity->password.len + 2;
}

static char *put(char *to, mailproto_text text)
{
    if (text.len)
        memcpy(to, text.ptr, text.len);
    return to + text.len;
}

size_t mp_sasl_plain_build(char *out, const struct mp_sasl_identity *identity)
{
    char *to = out;

    if (!identity_valid(identity))
        return 0;
    to = put(to, identity->authorization);
    *to++ = '\0';
    to = put(to, identity->name);
    *to++ = '\0';
    to = put(to, identity->password);
    return (size_t)(to - out);
}
