/* gs2.c - the header before the messages of SCRAM and OAUTHBEARER, and names in which "," and "=" are quoted.
 * RFC 5801 section 4; RFC 5802 section 7 (saslname). */
#include "sasl/gs2.h"

#include <string.h>

#include "core/ascii.h"
#include "sasl/sasl.h"

/* cb-name = 1*(ALPHA / DIGIT / "." / "-") */
static int is_binding_name(mailproto_text name)
{
    for (size_t i = 0; i < name.len; i++)
        if (!mp_ascii_is_alnum(name.ptr[i]) && name.ptr[i] != '.' && name.ptr[i] != '-')
            return 0;
    return name.len != 0;
}

/* The text from `at` to the next comma; 0: there is none. */
static int to_comma(const char *message, size_t len, size_t at, mailproto_text *text)
{
    const char *comma = at < len ? memchr(message + at, ',', len - at) : NULL;

    if (!comma)
        return 0;
    *text = (mailproto_text){message + at, (size_t)(comma - message) - at};
    return 1;
}

int mp_sasl_gs2_read(const char *message, size_t len, struct mp_sasl_gs2 *header)
{
    mailproto_text flag, name;

    if (!to_comma(message, len, 0, &flag) || !flag.len || !to_comma(message, len, flag.len + 1, &name))
        return -1;
    header->flag = flag.ptr[0];
    header->binding = (mailproto_text){NULL, 0};
    header->authorization = (mailproto_text){NULL, 0};
    header->len = flag.len + 1 + name.len + 1;
    if (header->flag == 'p') {
        if (flag.len < 3 || flag.ptr[1] != '=')
            return -1;
        header->binding = (mailproto_text){flag.ptr + 2, flag.len - 2};
        if (!is_binding_name(header->binding))
            return -1;
    } else if (flag.len != 1 || (header->flag != 'n' && header->flag != 'y')) {
        return -1;
    }
    if (!name.len)
        return 0;
    if (name.len < 3 || name.ptr[0] != 'a' || name.ptr[1] != '=')
        return -1;
    header->authorization = (mailproto_text){name.ptr + 2, name.len - 2};
    return 0;
}

size_t mp_sasl_quote(char *out, mailproto_text name)
{
    size_t n = 0;

    for (size_t i = 0; i < name.len; i++) {
        const char *quoted = name.ptr[i] == ',' ? "=2C" : name.ptr[i] == '=' ? "=3D" : NULL;

        if (out && quoted)
            memcpy(out + n, quoted, 3);
        else if (out)
            out[n] = name.ptr[i];
        n += quoted ? 3 : 1;
    }
    return n;
}

int mp_sasl_unquote(char *out, mailproto_text name, size_t *len)
{
    size_t n = 0;

    for (size_t i = 0; i < name.len; i++) {
        char octet = name.ptr[i];

        if (octet == '=') {
            if (name.len - i < 3 || name.ptr[i + 1] != (name.ptr[i + 2] == 'C' ? '2' : '3') ||
                (name.ptr[i + 2] != 'C' && name.ptr[i + 2] != 'D'))
                return -1;
            octet = name.ptr[i + 2] == 'C' ? ',' : '=';
            i += 2;
        }
        out[n++] = octet;
    }
    *len = n;
    return n && !mp_sasl_malformed(out, n) ? 0 : -1;
}
