/* server_auth.c - AUTH, and the exchange of every login: its messages, what it asks of the host, its reply.
 * RFC 5034 section 4; RFC 3206 for the codes; docs/design/sasl.md for the exchange. */
#include <string.h>

#include "mime/base64.h"
#include "pop3/server.h"

/* ---- the life of a login ---- */

struct mp_sasl_server *mp_pop3_begin_login(struct mailproto_pop3_server *s, uint32_t offers)
{
    const mailproto_allocator *allocator = &s->base.allocator;

    mp_pop3_end_login(s);
    s->login = mp_alloc_zero(allocator, sizeof *s->login);
    if (s->login)
        s->login->exchange = mp_sasl_server_begin(s->sasl, s->channel, s->base.tls == MP_TLS_ON, offers, allocator);
    if (s->login && s->login->exchange)
        return s->login->exchange;
    mp_pop3_end_login(s);
    mp_engine_nomem(&s->base);
    return NULL;
}

void mp_pop3_end_login(struct mailproto_pop3_server *s)
{
    if (s->work == MP_POP3_SASL_LINE)
        s->work = MP_POP3_COMMANDS;
    if (!s->login)
        return;
    mp_sasl_server_end(s->login->exchange);
    mp_free(&s->base.allocator, s->login, sizeof *s->login);
    s->login = NULL;
}

uint32_t mp_pop3_mechanisms_now(const struct mailproto_pop3_server *s)
{
    uint32_t set = mp_sasl_server_offers(s->mechanisms, s->channel);

    if (s->state != MP_POP3_AUTHORIZATION)
        return s->mechanisms;
    if (mp_pop3_may_login(s))
        return set;
    return s->tls == MAILPROTO_TLS_REQUIRED ? 0 : set & ~(uint32_t)MAILPROTO_SASL_CLEARTEXT;
}

/* ---- what is said ---- */

/* What the login comes to if the host refused it, or will not do more. */
static void refused(struct mailproto_pop3_server *s, const struct mp_pop3_login *login)
{
    static const char text[] = "authentication failed";

    if (login->length)
        mp_pop3_say_err(s, login->resp_code, login->text, login->length);
    else
        mp_pop3_say_err(s, login->resp_code, text, sizeof text - 1);
    s->auth_failures++;
    if (login->close)
        mp_engine_end(&s->base, MAILPROTO_OK, "the host refused the login and closed");
    else if (s->max_auth_failures != MAILPROTO_UNLIMITED && s->auth_failures >= s->max_auth_failures)
        mp_engine_end(&s->base, MAILPROTO_ERR_AUTH, "too many refused logins");
}

static void malformed(struct mailproto_pop3_server *s)
{
    mp_pop3_forget_login(s);
    mp_pop3_bad_command(s, "-ERR malformed response\r\n");
}

/* The exchange failed: by the host's word, by that of a provider, or by itself. */
static void failed(struct mailproto_pop3_server *s)
{
    struct mp_pop3_login *login = s->login;
    int32_t why = login->exchange->why;

    if (!login->refused && why == MAILPROTO_ERR_PROTOCOL) {
        malformed(s);
    } else if (!login->refused && why == MAILPROTO_ERR_LIMIT) {
        mp_pop3_forget_login(s);
        mp_pop3_bad_command(s, "-ERR response too long\r\n");
    } else {
        if (!login->refused)
            login->resp_code = why == MAILPROTO_ERR_AUTH ? MAILPROTO_POP3_RESP_AUTH : MAILPROTO_POP3_RESP_SYS_TEMP;
        refused(s, login);
        mp_pop3_forget_login(s);
    }
}

/* A challenge in base64 (RFC 5034 4: "+" and a space, whatever follows). */
static void challenge(struct mailproto_pop3_server *s)
{
    const struct mp_sasl_server *x = s->login->exchange;
    size_t n = mp_base64_encoded_size(x->message.len);
    uint8_t *to = mp_out_reserve(&s->base, n + 4);

    if (!to) {
        mp_engine_nomem(&s->base);
        return;
    }
    memcpy(to, "+ ", 2);
    if (x->message.len)
        mp_base64_encode((char *)to + 2, x->message.ptr, x->message.len);
    memcpy(to + 2 + n, "\r\n", 2);
    mp_out_commit(&s->base, n + 4, x->secret ? MAILPROTO_TRACE_PRIVATE : MAILPROTO_TRACE_LINE);
    s->work = MP_POP3_SASL_LINE;
}

/* ---- what is asked ---- */

static void ask_auth(struct mailproto_pop3_server *s)
{
    const struct mp_sasl_server *x = s->login->exchange;

    s->payload.auth = (mailproto_pop3_auth){
        .mechanism = x->mechanism->bit,
        .tls = s->base.tls == MP_TLS_ON,
        .authorization = x->who.authorization,
        .name = x->who.name,
        .password = x->outcome == MAILPROTO_SASL_CHECK ? x->who.password : (mailproto_text){"", 0},
        .outcome = x->outcome,
        .port = x->port,
        .host = x->host,
    };
    (void)mp_pop3_ask(s, &s->payload.auth, sizeof s->payload.auth, MAILPROTO_POP3_SERVER_AUTH);
}

static void ask(struct mailproto_pop3_server *s, uint32_t type)
{
    size_t size = mp_sasl_server_payload(s->login->exchange, &s->payload.sasl);

    (void)mp_pop3_ask(s, &s->payload.sasl, size, type);
}

void mp_pop3_login_moved(struct mailproto_pop3_server *s, int32_t state)
{
    s->work = MP_POP3_COMMANDS;
    switch (state) {
    case MAILPROTO_SASL_SEND:
        challenge(s);
        break;
    case MAILPROTO_SASL_KEYS:
        ask(s, MAILPROTO_POP3_SERVER_KEYS);
        break;
    case MAILPROTO_SASL_DERIVE:
        ask(s, MAILPROTO_POP3_SERVER_DERIVE);
        break;
    case MAILPROTO_SASL_STEP:
        ask(s, MAILPROTO_POP3_SERVER_STEP);
        break;
    case MAILPROTO_SASL_AUTH:
        ask_auth(s);
        break;
    case MAILPROTO_SASL_SUCCESS:
        mp_pop3_authenticated(s);
        break;
    case MAILPROTO_SASL_FAILURE:
        failed(s);
        break;
    default:
        mp_engine_nomem(&s->base);
    }
}

/* ---- what the host answered ---- */

void mp_pop3_login_default(struct mailproto_pop3_server *s, struct mp_request *r)
{
    if (r->type == MAILPROTO_POP3_SERVER_KEYS)
        (void)mp_sasl_server_take_keys(s->login->exchange, NULL);
    mp_pop3_put_answer(s, r, MP_POP3_GOES_ON, 0, NULL, 0, 0);
}

/* Keeps it for the end of the exchange. */
static void keep_refusal(struct mp_pop3_login *login, const struct mp_request *r)
{
    login->refused = 1;
    login->close = r->index != 0;
    login->resp_code = r->value;
    login->length = r->length;
    if (r->length)
        memcpy(login->text, r->store, r->length);
}

void mp_pop3_login_answered(struct mailproto_pop3_server *s, const struct mp_request *r)
{
    struct mp_pop3_login *login = s->login;

    mp_peer_clock_reset(&s->base);
    if (r->code == MAILPROTO_POP3_ERR)
        keep_refusal(login, r);
    if (r->code != MP_POP3_GOES_ON && r->type != MAILPROTO_POP3_SERVER_AUTH) {
        failed(s);
        return;
    }
    if (r->code != MP_POP3_GOES_ON)
        (void)mp_sasl_server_take_verdict(login->exchange, r->code == MAILPROTO_POP3_OK);
    mp_pop3_login_moved(s, mp_sasl_server_move(login->exchange));
}

/* The request that is open, if the token is of it, and of one of these types. */
static struct mp_request *find(struct mailproto_pop3_server *s, uint64_t token, uint32_t type, uint32_t or_type)
{
    struct mp_request *r = mp_request_find(&s->base, token, 0);

    return r && (r->type == type || r->type == or_type) ? r : NULL;
}

static int32_t goes_on(struct mailproto_pop3_server *s, struct mp_request *r, int32_t taken)
{
    if (!taken)
        mp_pop3_put_answer(s, r, MP_POP3_GOES_ON, 0, NULL, 0, 0);
    return taken;
}

/* Of AUTH, that of a password which the host was to judge. */
static int keys_help(const struct mailproto_pop3_server *s, const struct mp_request *r)
{
    const uint32_t passwords = MAILPROTO_SASL_PLAIN | MAILPROTO_SASL_LOGIN | MAILPROTO_POP3_USER_PASS;
    const struct mp_sasl_server *x = s->login->exchange;

    return r->type == MAILPROTO_POP3_SERVER_KEYS ||
           (x->outcome == MAILPROTO_SASL_CHECK && x->mechanism->bit & passwords);
}

int32_t mailproto_pop3_server_keys(mailproto_pop3_server *server, uint64_t token, const mailproto_sasl_keys *keys)
{
    struct mp_request *r;

    if (!server)
        return MAILPROTO_ERR_ARG;
    r = find(server, token, MAILPROTO_POP3_SERVER_KEYS, MAILPROTO_POP3_SERVER_AUTH);
    if (!r)
        return MAILPROTO_ERR_TOKEN;
    if (!keys_help(server, r))
        return MAILPROTO_ERR_ARG;
    return goes_on(server, r, mp_sasl_server_take_keys(server->login->exchange, keys));
}

int32_t mailproto_pop3_server_derived(mailproto_pop3_server *server, uint64_t token, const void *key, size_t len)
{
    struct mp_request *r;

    if (!server)
        return MAILPROTO_ERR_ARG;
    r = find(server, token, MAILPROTO_POP3_SERVER_DERIVE, 0);
    if (!r)
        return MAILPROTO_ERR_TOKEN;
    return goes_on(server, r, mp_sasl_derive_take(&server->login->exchange->derive, key, len));
}

int32_t mailproto_pop3_server_step(mailproto_pop3_server *server, uint64_t token, const mailproto_sasl_stepped *stepped)
{
    struct mp_request *r;

    if (!server)
        return MAILPROTO_ERR_ARG;
    r = find(server, token, MAILPROTO_POP3_SERVER_STEP, 0);
    if (!r)
        return MAILPROTO_ERR_TOKEN;
    return goes_on(server, r, mp_sasl_server_take_step(server->login->exchange, stepped));
}

/* ---- AUTH ---- */

/* The octets that base64 says, in memory of their own. -1: it says none, or there is no memory; that was told. */
static int decode(struct mailproto_pop3_server *s, const char *text, size_t len, char **message, size_t *size,
                  size_t *n)
{
    *size = mp_base64_decoded_max(len) + 1;
    *message = mp_alloc(&s->base.allocator, *size);
    if (!*message) {
        mp_engine_nomem(&s->base);
        return -1;
    }
    if (!mp_base64_decode(*message, *size, text, len, n))
        return 0;
    mp_wipe(*message, *size);
    mp_free(&s->base.allocator, *message, *size);
    malformed(s);
    return -1;
}

/* What the client says, in base64: with the mechanism's name, or in a line that answers a challenge (name NULL). */
static void response(struct mailproto_pop3_server *s, const mailproto_text *name, const char *text, size_t len)
{
    struct mp_sasl_server *x = s->login->exchange;
    char *message;
    size_t size, n;
    int32_t state;

    if (decode(s, text, len, &message, &size, &n))
        return;
    state = name ? mp_sasl_server_start(x, name->ptr, name->len, message, n) : mp_sasl_server_respond(x, message, n);
    mp_wipe(message, size);
    mp_free(&s->base.allocator, message, size);
    mp_pop3_login_moved(s, state);
}

/* Whether there is such a mechanism, and it may be used now: if not, that is said. */
static int offered(struct mailproto_pop3_server *s, uint32_t offers, mailproto_text name)
{
    uint32_t bit = mailproto_sasl_mechanism(name.ptr, name.len);
    mailproto_text found;

    if (bit & offers)
        return 1;
    if (offers & MAILPROTO_SASL_OTHER && mp_sasl_is_other(mp_sasl_server_other(s->sasl), name.ptr, name.len, &found))
        return 1;
    if (!offers || (bit & s->mechanisms & MAILPROTO_SASL_CLEARTEXT && s->base.tls != MP_TLS_ON))
        mp_pop3_refuse_login(s);
    else
        mp_pop3_bad_command(s, "-ERR no such mechanism\r\n");
    return 0;
}

void mp_pop3_auth(struct mailproto_pop3_server *s, const struct mp_pop3_arguments *arguments)
{
    mailproto_text rest = arguments->text, name;
    int initial = mp_pop3_word(&rest, &name);
    uint32_t offers = mp_pop3_mechanisms_now(s);
    struct mp_sasl_server *x;

    mp_pop3_forget_login(s);
    if (!offered(s, offers, name) || !(x = mp_pop3_begin_login(s, offers)))
        return;
    if (!initial)
        mp_pop3_login_moved(s, mp_sasl_server_start(x, name.ptr, name.len, NULL, 0));
    else if (rest.len == 1 && rest.ptr[0] == '=')
        response(s, &name, rest.ptr, 0);
    else
        response(s, &name, rest.ptr, rest.len);
}

int mp_pop3_sasl_step(struct mailproto_pop3_server *s)
{
    struct mp_line line;

    if (mp_out_full(&s->base, MP_OUT_MARK) || !mp_line_peek(&s->base, s->max_auth_line, &line))
        return 0;
    mp_line_take(&s->base, &line, MAILPROTO_TRACE_PRIVATE);
    mp_peer_clock_reset(&s->base);
    if (line.flags & MP_LINE_TOO_LONG) {
        mp_pop3_forget_login(s);
        mp_pop3_bad_command(s, "-ERR line too long\r\n");
    } else if (line.flags & MP_LINE_BARE_LF && !(s->flags & MAILPROTO_POP3_SERVER_BARE_LF)) {
        mp_pop3_forget_login(s);
        mp_pop3_bad_command(s, "-ERR a line ends with CR LF\r\n");
    } else if (line.len == 1 && line.ptr[0] == '*') {
        mp_pop3_forget_login(s);
        mp_pop3_say(s, "-ERR authentication cancelled\r\n");
    } else {
        response(s, NULL, line.ptr, line.len);
    }
    return 1;
}
