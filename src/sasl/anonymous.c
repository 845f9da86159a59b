/* anonymous.c - ANONYMOUS: whoever it is; the message is a trace, an address or a word, that proves nothing.
 * RFC 4505 section 2. */
#include "core/utf8.h"
#include "sasl/client.h"
#include "sasl/password.h"

enum { TOKEN_MAX = 255 }; /* characters */

/* trace = [ email / token ]: a token has no "@"; an address has one with something on both sides. No controls in either. */
static int is_trace(const char *text, size_t len)
{
    const uint8_t *octets = (const uint8_t *)text;
    size_t characters = 0, signs = 0;
    uint32_t c;

    for (size_t at = 0, n; at < len; at += n, characters++) {
        n = mp_utf8_read(octets + at, len - at, &c);
        if (!n || c < 0x20 || (c >= 0x7f && c < 0xa0))
            return 0;
        signs += c == '@';
    }
    if (!signs)
        return characters <= TOKEN_MAX;
    return signs == 1 && text[0] != '@' && text[len - 1] != '@';
}

static int32_t check(struct mp_sasl_client *c)
{
    mailproto_text trace = mp_sasl_client_text(c, 1);

    return is_trace(trace.ptr, trace.len) ? MAILPROTO_OK : MAILPROTO_ERR_ARG;
}

static int32_t client_next(struct mp_sasl_client *c, const char *challenge, size_t len)
{
    (void)challenge;
    (void)len;
    if (c->complete)
        return MAILPROTO_ERR_PROTOCOL;
    c->complete = 1;
    c->message = mp_sasl_client_text(c, 1);
    return MAILPROTO_SASL_SEND;
}

const struct mp_sasl_client_mechanism mp_sasl_anonymous_client = {.bit = MAILPROTO_SASL_ANONYMOUS,
                                                                  .flags = MP_SASL_INITIAL,
                                                                  .check = check,
                                                                  .next = client_next};

static int32_t server_next(struct mp_sasl_server *s, const char *message, size_t len)
{
    const struct mp_sasl_identity who = {{"", 0}, {message, len}, {"", 0}};

    if (!message)
        return mp_sasl_decided(s);
    return is_trace(message, len) ? mp_sasl_password_check(s, &who) : MAILPROTO_ERR_PROTOCOL;
}

const struct mp_sasl_server_mechanism mp_sasl_anonymous_server = {MAILPROTO_SASL_ANONYMOUS, MP_SASL_CLIENT_FIRST,
                                                                  server_next};
