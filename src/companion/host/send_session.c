/* send_session.c - one connection of a sending: the client engine, its callbacks, one transaction after the other.
 * RFC 5321; RFC 9422 (LIMITS): a server that takes few recipients or transactions gets more of them. */
#include <stdio.h>
#include <string.h>

#include "send.h"

/* ---- what is submitted ---- */

static int32_t begin_message(mailproto_host_sending *s)
{
    const mailproto_host_send_request *r = &s->request;
    mailproto_smtp_envelope envelope;

    mailproto_smtp_envelope_init(&envelope, sizeof envelope);
    envelope.flags = (s->smtputf8 ? MAILPROTO_SMTP_MAIL_SMTPUTF8 : 0u) |
                     (r->flags & MAILPROTO_HOST_SEND_REQUIRETLS ? MAILPROTO_SMTP_MAIL_REQUIRETLS : 0u);
    envelope.body = s->body;
    envelope.ret = r->ret;
    envelope.size = s->outcome.size;
    envelope.sender = r->sender;
    envelope.envid = r->envid;
    return mailproto_smtp_client_send(s->client, &envelope, &s->command);
}

static uint32_t least(uint32_t a, uint32_t b)
{
    return b && b < a ? b : a;
}

/* Submits the message for those that wait, or says QUIT. A negative result fails the session. */
static int32_t next_transaction(mailproto_host_sending *s)
{
    const mailproto_host_outcome *o = &s->outcome;
    int32_t failed = 0;

    if (o->peer_max_transactions && s->transactions == o->peer_max_transactions) {
        s->more = mp_send_waiting(s) != 0;
        return mailproto_session_finish(s->session);
    }
    if (!mp_send_choose(s, least(s->limit, o->peer_max_recipients), o->peer_max_domains))
        return mailproto_session_finish(s->session);
    s->transactions++;
    if (!s->command)
        failed = begin_message(s);
    for (uint32_t i = 0; !failed && i < s->chosen_count; i++)
        failed = mailproto_smtp_client_send_to(s->client, s->command, &s->chosen[i]->envelope);
    mp_send_message_rewind(s);
    return failed ? failed : mailproto_smtp_client_send_go(s->client, s->command);
}

/* ---- callbacks ---- */

static int32_t on_ready(mailproto_smtp_client *client, const mailproto_smtp_ready *ready, void *user)
{
    mailproto_host_sending *s = user;
    mailproto_host_outcome *o = &s->outcome;

    (void)client;
    if (!o->greeting.len)
        o->greeting = mp_send_copy(s, ready->greeting, NULL);
    o->peer_offers = ready->peer_offers;
    o->tls = ready->tls;
    o->authenticated = ready->authenticated;
    o->peer_max_message = ready->max_message;
    o->peer_max_recipients = ready->max_recipients;
    o->peer_max_transactions = ready->max_transactions;
    o->peer_max_domains = ready->max_domains;
    return next_transaction(s);
}

static int32_t on_credentials(mailproto_smtp_client *client, const mailproto_smtp_credentials *asked, void *user)
{
    mailproto_host_sending *s = user;
    const mailproto_host_send_request *r = &s->request;

    s->outcome.mechanism = asked->mechanism;
    s->outcome.exposed |= !asked->tls && !s->loopback && asked->mechanism & MAILPROTO_SASL_CLEARTEXT;
    return mailproto_smtp_client_credentials(client, asked->head.token, r->authorization.ptr, r->authorization.len,
                                             r->user_name.ptr, r->user_name.len, r->password.ptr, r->password.len);
}

static int32_t on_derive(mailproto_smtp_client *client, const mailproto_sasl_derive_wanted *wanted, void *user)
{
    (void)client;
    return mp_send_derive(user, wanted);
}

static int32_t on_rcpt_reply(mailproto_smtp_client *client, const mailproto_smtp_rcpt_reply *reply, void *user)
{
    (void)client;
    mp_send_rcpt_reply(user, reply);
    return 0;
}

static int32_t on_body(mailproto_smtp_client *client, const mailproto_smtp_body_request *wanted, void *user)
{
    (void)client;
    return mp_send_message_give(user, wanted);
}

static int32_t on_done(mailproto_smtp_client *client, const mailproto_smtp_done *done, void *user)
{
    mailproto_host_sending *s = user;

    (void)client;
    s->command = 0;
    mp_send_done(s, done);
    if (done->outcome == MAILPROTO_SMTP_ACCEPTED || done->outcome == MAILPROTO_SMTP_PARTLY)
        return next_transaction(s);
    return mailproto_session_finish(s->session);
}

static int32_t on_cancel(mailproto_smtp_client *client, const mailproto_cancel *cancel, void *user)
{
    mailproto_host_sending *s = user;

    (void)client;
    if (s->waiting == cancel->cancelled)
        s->waiting = 0;
    return 0;
}

static int32_t on_trace(mailproto_smtp_client *client, const mailproto_trace *trace, void *user)
{
    (void)client;
    mailproto_host_trace(&((mailproto_host_sending *)user)->tracer, trace);
    return 0;
}

static int32_t on_closed(mailproto_smtp_client *client, const mailproto_closed *closed, void *user)
{
    mailproto_host_sending *s = user;

    (void)client;
    mailproto_host_trace_end(&s->tracer);
    s->session_why = closed->why;
    if (closed->why)
        s->session_text = mp_send_copy(s, closed->text, NULL);
    return 0;
}

static const mailproto_smtp_client_callbacks callbacks = {
    .struct_size = sizeof callbacks,
    .on_ready = on_ready,
    .on_credentials = on_credentials,
    .on_derive = on_derive,
    .on_rcpt_reply = on_rcpt_reply,
    .on_body = on_body,
    .on_done = on_done,
    .on_cancel = on_cancel,
    .on_trace = on_trace,
    .on_closed = on_closed,
};

/* ---- the engine ---- */

static void configure(const mailproto_host_sending *s, mailproto_smtp_client_config *config, int cleartext)
{
    const mailproto_host_send_request *r = &s->request;

    mailproto_smtp_client_config_init(config, sizeof *config);
    config->tls = s->tls_as_needed && s->logs_in && !cleartext ? MAILPROTO_TLS_REQUIRED : r->tls;
    config->max_recipients = s->count;
    config->max_text_line = r->max_text_line;
    config->piece = MP_SEND_PIECE;
    config->greeting_ms = config->command_ms = config->data_ms = config->message_ms = config->stall_ms = r->wait_ms;
    config->tls_ms = r->wait_ms;
    config->answer_ms = MAILPROTO_UNLIMITED; /* how long the program reads is the program's */
    if (s->url.protocol == MAILPROTO_HOST_LMTP)
        config->flags |= MAILPROTO_SMTP_CLIENT_LMTP;
    if (r->flags & MAILPROTO_HOST_SEND_NO_CHUNKING)
        config->flags |= MAILPROTO_SMTP_CLIENT_NO_CHUNKING;
    if (r->flags & MAILPROTO_HOST_SEND_NO_PIPELINING)
        config->flags |= MAILPROTO_SMTP_CLIENT_NO_PIPELINING;
    if (!s->logs_in)
        return;
    config->flags |= MAILPROTO_SMTP_CLIENT_AUTH_REQUIRED;
    config->flags |= cleartext ? MAILPROTO_SMTP_CLIENT_CLEARTEXT_AUTH : 0u;
    config->sasl = r->sasl;
    if (!r->sasl)
        config->mechanisms = r->mechanisms ? r->mechanisms : MAILPROTO_SASL_PLAIN | MAILPROTO_SASL_LOGIN;
}

int32_t mp_send_session_new(mailproto_host_sending *s, const char *hello, int cleartext, const char **why)
{
    mailproto_smtp_client_config config;
    int32_t result;

    configure(s, &config, cleartext);
    config.hostname = (mailproto_text){hello, strlen(hello)};
    s->command = 0;
    s->transactions = 0;
    s->more = 0;
    result = mailproto_smtp_client_new(&s->client, &config, &callbacks, &s->host->allocator, s, why);
    if (result)
        return result;
    s->session = mailproto_smtp_client_session(s->client);
    if (s->request.flags & MAILPROTO_HOST_SEND_TRACE)
        mailproto_session_set_trace(s->session, MAILPROTO_TRACE_LINE | MAILPROTO_TRACE_BODY | MAILPROTO_TRACE_PRIVATE);
    /* the first message is begun before the server is known, so that its DONE tells why it never came to it */
    result = begin_message(s);
    if (result)
        mailproto_session_free(s->session);
    if (result)
        s->session = NULL;
    return result;
}

/* ---- the check before anything is connected ---- */

static int32_t wrong_address(mailproto_host_sending *s, int32_t result, const char *what, mailproto_text address)
{
    if (result != MAILPROTO_ERR_ARG)
        return mp_host_fail(s->host, result, 0, "%s", mailproto_result_text(result));
    return mp_host_fail(s->host, result, 0, "%s: <%.*s> is not an address%s", what,
                        address.len < 300 ? (int)address.len : 300, address.ptr,
                        *what == 's' && s->request.envid.len ? ", or envid holds what it may not" : "");
}

/* What is wrong with an address is easier told before the server tells it: the engine's own grammar decides. */
int32_t mp_send_check(mailproto_host_sending *s)
{
    const char *hello = s->request.hello.len ? s->request.hello.ptr : "localhost", *why = NULL;
    mailproto_text at = s->request.sender;
    const char *what = "sender";
    int32_t result = mp_send_session_new(s, hello, 1, &why);

    if (result && !s->client)
        return mp_host_fail(s->host, result == MAILPROTO_ERR_CONFIG ? MAILPROTO_ERR_ARG : result, 0, "%s%s",
                            s->request.hello.len && why ? "hello: " : "", why ? why : mailproto_result_text(result));
    for (uint32_t i = 0; !result && i < s->count; i++) {
        what = "recipients";
        at = s->recipients[i].result.address;
        result = mailproto_smtp_client_send_to(s->client, s->command, &s->recipients[i].envelope);
    }
    mailproto_session_free(s->session);
    s->session = NULL;
    s->client = NULL;
    s->command = 0;
    return result ? wrong_address(s, result, what, at) : MAILPROTO_OK;
}
