/* plain.c - the PLAIN mechanism: one message of three texts.
 * RFC 4616 section 2: message = [authzid] UTF8NUL authcid UTF8NUL passwd. */
#include <string.h>

#include "core/outline.h"
#include "core/utf8.h"
#include "sasl/sasl.h"

/* Puts the message together, if `out` is not NULL. Gives its octets, or 0: a text may not be said. */
MP_OUTLINE static size_t build(char *out, const struct mp_sasl_identity *identity)
{
    const mailproto_text *const texts[] = {&identity->authorization, &identity->name, &identity->password};
    size_t n = 0;

    for (size_t i = 0; i < 3; i++) {
        const char *text = texts[i]->ptr;
        size_t len = texts[i]->len;

        if (i && !len)
            return 0;
        if (len && (memchr(text, 0, len) || !mp_utf8_valid((const uint8_t *)text, len)))
            return 0;
        if (out && i)
            out[n] = '\0';
        n += i != 0;
        if (out && len)
            memcpy(out + n, text, len);
        n += len;
    }
    return n;
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
    if (!build(NULL, &found))
        return -1;
    *identity = found;
    return 0;
}

size_t mp_sasl_plain_size(const struct mp_sasl_identity *identity)
{
    return build(NULL, identity);
}

size_t mp_sasl_plain_build(char *out, const struct mp_sasl_identity *identity)
{
    return build(out, identity);
}
