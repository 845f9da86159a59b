/* oauth.c - what XOAUTH2 and OAUTHBEARER share: pairs of keys and values, the bearer token, the refusal that is a message.
 * RFC 7628 section 3; RFC 6750 section 2.1 (the token). */
#include "sasl/oauth.h"

#include <string.h>

#include "core/ascii.h"

/* value = *(VCHAR / SP / HTAB / CR / LF) */
static int is_value(mailproto_text value)
{
    for (size_t i = 0; i < value.len; i++)
        if (!mp_ascii_is((uint8_t)value.ptr[i], MP_PRINT) && value.ptr[i] != '\t' && value.ptr[i] != '\r' &&
            value.ptr[i] != '\n')
            return 0;
    return 1;
}

/* key = 1*ALPHA */
int mp_sasl_oauth_pair(mailproto_text *rest, mailproto_text *key, mailproto_text *value)
{
    const char *end = rest->len ? memchr(rest->ptr, MP_SASL_KVSEP, rest->len) : NULL, *text = rest->ptr;
    size_t n = 0;

    if (!end)
        return -1;
    if (end == text)
        return rest->len == 1 ? 0 : -1;
    while (mp_ascii_is_alpha(text[n]))
        n++;
    *key = (mailproto_text){text, n};
    if (!n || text[n] != '=')
        return -1;
    *value = (mailproto_text){text + n + 1, (size_t)(end - text) - n - 1};
    *rest = (mailproto_text){end + 1, rest->len - (size_t)(end - text) - 1};
    return is_value(*value) ? 1 : -1;
}

static int is_token(mailproto_text token)
{
    return token.len && mp_ascii_span(token.ptr, token.len, MP_PRINT) == token.len &&
           !memchr(token.ptr, ' ', token.len);
}

/* ---- server ---- */

int32_t mp_sasl_oauth_check(struct mp_sasl_server *s, struct mp_sasl_identity *who, mailproto_text auth)
{
    size_t n = auth.len ? mp_ascii_begins(auth.ptr, auth.len, "Bearer ") : 0;
    int32_t state;

    while (n && n < auth.len && auth.ptr[n] == ' ')
        n++;
    who->password = n ? (mailproto_text){auth.ptr + n, auth.len - n} : (mailproto_text){"", 0};
    state = mp_sasl_password_check(s, who);
    if (state == MAILPROTO_SASL_AUTH && !is_token(who->password))
        s->outcome = MAILPROTO_SASL_REFUSED;
    return state;
}

static char *put(char *to, const char *before, mailproto_text text, const char *behind)
{
    size_t n = strlen(before), m = strlen(behind);

    memcpy(to, before, n);
    if (text.len)
        memcpy(to + n, text.ptr, text.len);
    memcpy(to + n + text.len, behind, m);
    return to + n + text.len + m;
}

/* {"status":"...","scope":"...","openid-configuration":"..."}: the config's texts hold nothing that JSON must escape. */
static int32_t refuse(struct mp_sasl_server *s, const char *status)
{
    const mailproto_sasl_server_config *config = &s->settings->config;
    size_t size = 80 + strlen(status) + config->oauth_scope.len + config->oauth_configuration.len;
    char *json = mp_sasl_room(&s->rooms, MP_SASL_ROOM_MESSAGE, size), *end;

    if (!json)
        return MAILPROTO_ERR_NOMEM;
    end = put(json, "{\"status\":\"", (mailproto_text){status, strlen(status)}, "\"");
    if (config->oauth_scope.len)
        end = put(end, ",\"scope\":\"", config->oauth_scope, "\"");
    if (config->oauth_configuration.len)
        end = put(end, ",\"openid-configuration\":\"", config->oauth_configuration, "\"");
    *end++ = '}';
    s->message = (mailproto_text){json, (size_t)(end - json)};
    s->step = 1;
    return MAILPROTO_SASL_SEND;
}

int32_t mp_sasl_oauth_next(struct mp_sasl_server *s, const char *status)
{
    if (s->state == MAILPROTO_SASL_AUTH)
        return s->accepted ? MAILPROTO_SASL_SUCCESS : refuse(s, status);
    return mp_sasl_decided(s); /* the client has heard it */
}

/* ---- client ---- */

int32_t mp_sasl_oauth_token(struct mp_sasl_client *c)
{
    return is_token(mp_sasl_client_text(c, 2)) ? MAILPROTO_OK : MAILPROTO_ERR_ARG;
}

int32_t mp_sasl_oauth_refused(struct mp_sasl_client *c, const char *dummy)
{
    if (!c->complete)
        return MAILPROTO_ERR_PROTOCOL;
    c->complete = 0;
    c->text = "the server refused the token";
    c->message = (mailproto_text){dummy, strlen(dummy)};
    return MAILPROTO_SASL_SEND;
}
