/* server_login.c - a login goes on: the host is asked for what the mechanism needs, and its answers move it to the reply.
 * RFC 4954 sections 4 and 6; mailproto/sasl.h. */
#include <string.h>

#include "mime/base64.h"
#include "smtp/server.h"

/* ---- memory ---- */

void mp_smtp_login_unsay(struct mailproto_smtp_server *s)
{
    struct mp_smtp_work *w = s->work;

    if (w->said)
        mp_wipe(w->said, w->said_size);
    mp_smtp_free(s, &w->said, &w->said_size);
}

void mp_smtp_login_forget(struct mailproto_smtp_server *s)
{
    mp_smtp_login_unsay(s);
    mp_sasl_server_end(s->work->login);
    s->work->login = NULL;
    s->work->judged = 0;
}

/* ---- what TLS knows ---- */

/* Kept from the handshake to the login: something to bind to, or to be identified by. */
static int32_t keep(struct mp_tls_keeper *keeper, const mailproto_tls_info *info)
{
    struct mp_smtp_sasl *sasl = (struct mp_smtp_sasl *)keeper;

    return mp_sasl_server_channel(sasl->settings, &sasl->channel, info, sasl->allocator);
}

static void forget(struct mp_tls_keeper *keeper)
{
    struct mp_smtp_sasl *sasl = (struct mp_smtp_sasl *)keeper;

    mp_sasl_channel_forget(&sasl->channel, sasl->allocator);
    mp_sasl_server_settings_free(sasl->settings, sasl->allocator);
}

const struct mp_tls_keeper mp_smtp_sasl_keeper = {keep, forget};

/* ---- the end ---- */

/* What the host said, now that the mechanism has had its last word. Failures count as bad commands: guessing has an end. */
static void put_verdict(struct mailproto_smtp_server *s)
{
    const struct mp_smtp_verdict *kept = &s->work->verdict;

    s->phase = MP_SMTP_COMMANDS;
    mp_smtp_login_forget(s);
    if (kept->code >= 500 && kept->reply != MP_R_AUTH_FAILED && mp_smtp_count_bad(s)) {
        mp_smtp_put_last(s, MP_R_TOO_MANY_ERRORS, MAILPROTO_ERR_LIMIT, "too many bad commands");
        return;
    }
    mp_smtp_put_verdict(s);
    if (kept->close)
        mp_engine_end(&s->base, MAILPROTO_OK, "the host closed the session");
}

/* Who was refused cannot choose another reply by what is said behind the last word; but a cancel is answered as one. */
void mp_smtp_login_refuse(struct mailproto_smtp_server *s, uint32_t reply)
{
    int refused = s->work->judged && s->work->verdict.code >= 400;

    if (refused && reply != MP_R_AUTH_CANCELLED) {
        put_verdict(s);
        return;
    }
    s->phase = MP_SMTP_COMMANDS;
    mp_smtp_login_forget(s);
    mp_smtp_put(s, reply);
    if (refused && s->work->verdict.close)
        mp_engine_end(&s->base, MAILPROTO_OK, "the host closed the session");
}

static uint32_t reply_for(int32_t why)
{
    switch (why) {
    case MAILPROTO_ERR_AUTH:
        return MP_R_AUTH_FAILED;
    case MAILPROTO_ERR_PROTOCOL:
        return MP_R_AUTH_MALFORMED;
    case MAILPROTO_ERR_LIMIT:
        return MP_R_LONG_AUTH_LINE;
    default: /* the provider's */
        return MP_R_AUTH_LATER;
    }
}

/* A verdict that accepted is none if the client did not keep to the mechanism behind it. */
static void failed(struct mailproto_smtp_server *s)
{
    mp_smtp_login_refuse(s, reply_for(s->work->login->why));
}

/* ---- on ---- */

static void put_challenge(struct mailproto_smtp_server *s)
{
    const struct mp_sasl_server *login = s->work->login;
    mailproto_text message = login->message;
    uint8_t *to = mp_out_reserve(&s->base, 4 + message.len + message.len / 2 + 4 + 2); /* base64 takes a third more */
    size_t n;

    if (!to) {
        mp_engine_nomem(&s->base);
        return;
    }
    memcpy(to, "334 ", 4);
    n = 4 + mp_base64_encode((char *)to + 4, message.ptr, message.len);
    memcpy(to + n, "\r\n", 2);
    mp_out_commit(&s->base, n + 2, login->secret ? MAILPROTO_TRACE_PRIVATE : MAILPROTO_TRACE_LINE);
    s->phase = MP_SMTP_SASL;
}

static void ask_auth(struct mailproto_smtp_server *s)
{
    const struct mp_sasl_server *login = s->work->login;

    if (mp_smtp_verdict_room(s))
        return;
    s->work->event.auth = (mailproto_smtp_auth){
        .mechanism = login->mechanism->bit,
        .tls = login->tls,
        .authorization = login->who.authorization,
        .name = login->who.name,
        .password = login->outcome == MAILPROTO_SASL_CHECK ? login->who.password : (mailproto_text){NULL, 0},
        .outcome = login->outcome,
        .port = login->port,
        .host = login->host,
    };
    mp_smtp_ask(s, MAILPROTO_SMTP_SERVER_AUTH, sizeof s->work->event.auth, 0);
}

static void ask(struct mailproto_smtp_server *s, uint32_t type)
{
    mp_smtp_ask(s, type, mp_sasl_server_payload(s->work->login, &s->work->event.sasl), 0);
}

void mp_smtp_login_moved(struct mailproto_smtp_server *s, int32_t state)
{
    s->phase = MP_SMTP_COMMANDS;
    if (state != MAILPROTO_SASL_STEP)
        mp_smtp_login_unsay(s);
    switch (state) {
    case MAILPROTO_SASL_SEND:
        put_challenge(s);
        break;
    case MAILPROTO_SASL_KEYS:
        ask(s, MAILPROTO_SMTP_SERVER_KEYS);
        break;
    case MAILPROTO_SASL_DERIVE:
        ask(s, MAILPROTO_SMTP_SERVER_DERIVE);
        break;
    case MAILPROTO_SASL_STEP:
        ask(s, MAILPROTO_SMTP_SERVER_STEP);
        break;
    case MAILPROTO_SASL_AUTH:
        ask_auth(s);
        break;
    case MAILPROTO_SASL_SUCCESS:
        s->authenticated = 1;
        put_verdict(s);
        break;
    case MAILPROTO_SASL_FAILURE:
        failed(s);
        break;
    default:
        mp_engine_nomem(&s->base);
        break;
    }
}

/* ---- the host's answers ---- */

/* An answer that is what was asked for has no code. */
static int32_t answered(struct mailproto_smtp_server *s, struct mp_request *r, int32_t result)
{
    if (result)
        return result;
    r->code = 0;
    r->value = MP_R_NONE;
    r->length = 0;
    mp_request_answered(&s->base, r, 0);
    return MAILPROTO_OK;
}

/* An open request of that type, or NULL: *result is why. */
static struct mp_request *find(struct mailproto_smtp_server *s, uint64_t token, uint32_t type, int32_t *result)
{
    struct mp_request *r = s ? mp_request_find(&s->base, token, type) : NULL;

    *result = s ? MAILPROTO_ERR_TOKEN : MAILPROTO_ERR_ARG;
    return r;
}

/* AUTH that the mechanism proved nothing in, of a user who said a password. */
static int can_compare(const struct mp_sasl_server *login)
{
    return login->outcome == MAILPROTO_SASL_CHECK &&
           login->mechanism->bit & (MAILPROTO_SASL_PLAIN | MAILPROTO_SASL_LOGIN);
}

int32_t mailproto_smtp_server_keys(mailproto_smtp_server *server, uint64_t token, const mailproto_sasl_keys *keys)
{
    int32_t result;
    struct mp_request *r = find(server, token, MAILPROTO_SMTP_SERVER_KEYS, &result);

    if (!r && server) {
        r = find(server, token, MAILPROTO_SMTP_SERVER_AUTH, &result);
        if (r && !can_compare(server->work->login))
            return MAILPROTO_ERR_ARG;
    }
    return r ? answered(server, r, mp_sasl_server_take_keys(server->work->login, keys)) : result;
}

int32_t mailproto_smtp_server_derived(mailproto_smtp_server *server, uint64_t token, const void *key, size_t len)
{
    int32_t result;
    struct mp_request *r = find(server, token, MAILPROTO_SMTP_SERVER_DERIVE, &result);

    return r ? answered(server, r, mp_sasl_derive_take(&server->work->login->derive, key, len)) : result;
}

int32_t mailproto_smtp_server_step(mailproto_smtp_server *server, uint64_t token, const mailproto_sasl_stepped *stepped)
{
    mailproto_sasl_stepped own;
    int32_t result;
    struct mp_request *r = find(server, token, MAILPROTO_SMTP_SERVER_STEP, &result);

    if (!r)
        return result;
    if (mp_struct_copy(&own, sizeof own, stepped))
        return MAILPROTO_ERR_ARG;
    if (own.message.len > MP_SMTP_CHALLENGE_MAX)
        return MAILPROTO_ERR_LIMIT;
    return answered(server, r, mp_sasl_server_take_step(server->work->login, &own));
}

int32_t mp_smtp_login_default(struct mailproto_smtp_server *s, struct mp_request *r)
{
    if (r->type == MAILPROTO_SMTP_SERVER_KEYS)
        return answered(s, r, mp_sasl_server_take_keys(s->work->login, NULL));
    if (r->type == MAILPROTO_SMTP_SERVER_DERIVE)
        return answered(s, r, mp_sasl_derive_take(&s->work->login->derive, NULL, 0));
    return mp_smtp_answer_with(s, r, MP_R_AUTH_FAILED);
}

int mp_smtp_login_allows(const struct mailproto_smtp_server *s, uint32_t type, uint32_t code)
{
    if (type == MAILPROTO_SMTP_SERVER_AUTH && code < 400)
        return s->work->login->outcome != MAILPROTO_SASL_REFUSED;
    return code != 0;
}

/* A verdict on AUTH goes through the mechanism, which may have a last word; one on anything else ends it. */
void mp_smtp_auth_answered(struct mailproto_smtp_server *s, const struct mp_request *r)
{
    struct mp_sasl_server *login = s->work->login;

    if (!r->code) {
        mp_smtp_login_moved(s, mp_sasl_server_move(login));
        return;
    }
    mp_smtp_keep_answer(s, r);
    s->work->judged = 1;
    if (r->type != MAILPROTO_SMTP_SERVER_AUTH) {
        put_verdict(s);
        return;
    }
    (void)mp_sasl_server_take_verdict(login, r->code == 235);
    mp_smtp_login_moved(s, mp_sasl_server_move(login));
}
