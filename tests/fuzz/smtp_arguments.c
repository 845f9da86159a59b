/* smtp_arguments.c - fuzz target: whatever the SMTP client is asked to send arrives as exactly one command with exactly
 * these values, or is refused before an octet of it is sent.
 * RFC 5321 section 4.1.2, RFC 3461 section 4, RFC 4954; include/mailproto/smtp_client.h.
 *
 * An input is an octet of flags, and texts with a tilde between: sender, recipient, envid, auth, orcpt, a query, a name and
 * a password. */
#include <mailproto/smtp.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

const char *const fuzz_before_message = "", *const fuzz_after_message = "";

enum { SENDER, RECIPIENT, ENVID, AUTH, ORCPT, QUERY, NAME, PASSWORD, TEXTS };

struct meeting {
    mailproto_text texts[TEXTS];
    uint32_t flags;
    mailproto_session *client, *server;
    mailproto_smtp_client *smtp_client;
    mailproto_smtp_server *smtp_server;
    unsigned mails, rcpts, auths, queries, credentials_given;
    unsigned sent, recipients, asked; /* what the client took */
    unsigned done, replies;
    int32_t why;
    uint32_t offers; /* of the server, once READY came */
};

static void broken(int line)
{
    fprintf(stderr, "broken: %s:%d\n", __FILE__, line);
    abort();
}

#define demand(kept) ((kept) ? (void)0 : broken(__LINE__))

static int equal(mailproto_text a, mailproto_text b)
{
    return a.len == b.len && (!a.len || !memcmp(a.ptr, b.ptr, a.len));
}

/* ---- the server's side: what arrived ---- */

static int32_t on_auth(mailproto_smtp_server *server, const mailproto_smtp_auth *e, void *user)
{
    struct meeting *m = user;

    demand(equal(e->name, m->texts[NAME]) && equal(e->password, m->texts[PASSWORD]) && !e->authorization.len);
    m->auths++;
    return mailproto_smtp_server_accept(server, e->head.token);
}

static int32_t on_mail(mailproto_smtp_server *server, const mailproto_smtp_mail *e, void *user)
{
    struct meeting *m = user;

    demand(equal(e->path, m->texts[SENDER]));
    demand(equal(e->envid, m->texts[ENVID]));
    demand(!e->has_auth == !(m->flags & 1) &&
           equal(e->auth, m->flags & 1 ? m->texts[AUTH] : (mailproto_text){NULL, 0}));
    demand(!(e->flags & MAILPROTO_SMTP_MAIL_SMTPUTF8) == !(m->flags & 2));
    demand(e->ret == (m->flags >> 2 & 1) && !e->unknown);
    m->mails++;
    return mailproto_smtp_server_accept(server, e->head.token);
}

static int32_t on_rcpt(mailproto_smtp_server *server, const mailproto_smtp_rcpt *e, void *user)
{
    struct meeting *m = user;

    demand(equal(e->path, m->texts[RECIPIENT]));
    demand(equal(e->orcpt, m->texts[ORCPT]));
    demand(e->notify == (m->flags & 8 ? MAILPROTO_SMTP_NOTIFY_FAILURE : 0) && !e->unknown);
    m->rcpts++;
    return mailproto_smtp_server_accept(server, e->head.token);
}

static int32_t on_query(mailproto_smtp_server *server, const mailproto_smtp_query *e, void *user)
{
    struct meeting *m = user;

    (void)server;
    demand(equal(e->argument, m->texts[QUERY]));
    m->queries++;
    return MAILPROTO_USE_DEFAULT;
}

static int32_t on_message_end(mailproto_smtp_server *server, const mailproto_smtp_message_end *e, void *user)
{
    (void)user;
    demand(e->size == 3);
    return mailproto_smtp_server_accept(server, e->head.token);
}

/* ---- the client's side ---- */

static int32_t on_credentials(mailproto_smtp_client *client, const mailproto_smtp_credentials *e, void *user)
{
    struct meeting *m = user;
    int32_t result =
        mailproto_smtp_client_credentials(client, e->head.token, NULL, 0, m->texts[NAME].ptr, m->texts[NAME].len,
                                          m->texts[PASSWORD].ptr, m->texts[PASSWORD].len);

    m->credentials_given += result == MAILPROTO_OK;
    return result ? MAILPROTO_USE_DEFAULT : MAILPROTO_OK;
}

static int32_t on_ready(mailproto_smtp_client *client, const mailproto_smtp_ready *e, void *user)
{
    (void)client;
    ((struct meeting *)user)->offers = e->peer_offers;
    return 0;
}

static int32_t on_body(mailproto_smtp_client *client, const mailproto_smtp_body_request *e, void *user)
{
    mailproto_session *s = mailproto_smtp_client_session(client);

    (void)user;
    return e->offset ? mailproto_session_piece_end(s, e->head.token)
                     : mailproto_session_piece(s, e->head.token, "x", 1);
}

static int32_t on_done(mailproto_smtp_client *client, const mailproto_smtp_done *e, void *user)
{
    struct meeting *m = user;

    (void)client;
    m->done++;
    m->why = e->why;
    demand(e->outcome == MAILPROTO_SMTP_ACCEPTED || e->outcome == MAILPROTO_SMTP_NOT_SENT ||
           e->outcome == MAILPROTO_SMTP_REFUSED);
    return 0;
}

static int32_t on_reply(mailproto_smtp_client *client, const mailproto_smtp_reply *e, void *user)
{
    (void)client;
    (void)e;
    ((struct meeting *)user)->replies++;
    return 0;
}

/* ---- the meeting ---- */

static size_t carry(mailproto_session *from, mailproto_session *to)
{
    const uint8_t *data;
    size_t len, taken = 0;

    while (mailproto_session_deadline(from) <= 1)
        mailproto_session_tick(from, 1);
    mailproto_session_output(from, &data, &len);
    if (!len)
        return 0;
    if (!(mailproto_session_wants(to) & MAILPROTO_WANTS_READ)) {
        if (!(mailproto_session_wants(to) & MAILPROTO_WANTS_CLOSE))
            return 0;
        taken = len;
    } else {
        mailproto_session_feed(to, data, len, 1, &taken);
        demand(taken);
    }
    mailproto_session_output_ack(from, taken);
    return taken;
}

static void submit(struct meeting *m)
{
    mailproto_smtp_envelope envelope;
    mailproto_smtp_recipient recipient;
    uint64_t token;

    mailproto_smtp_envelope_init(&envelope, sizeof envelope);
    mailproto_smtp_recipient_init(&recipient, sizeof recipient);
    envelope.sender = m->texts[SENDER];
    envelope.envid = m->texts[ENVID];
    envelope.has_auth = m->flags & 1;
    if (envelope.has_auth)
        envelope.auth = m->texts[AUTH];
    envelope.flags = m->flags & 2 ? MAILPROTO_SMTP_MAIL_SMTPUTF8 : 0;
    envelope.ret = m->flags >> 2 & 1;
    recipient.path = m->texts[RECIPIENT];
    recipient.orcpt = m->texts[ORCPT];
    recipient.notify = m->flags & 8 ? MAILPROTO_SMTP_NOTIFY_FAILURE : 0;
    if (!mailproto_smtp_client_send(m->smtp_client, &envelope, &token)) {
        m->recipients = !mailproto_smtp_client_send_to(m->smtp_client, token, &recipient);
        if (m->recipients)
            m->sent = !mailproto_smtp_client_send_go(m->smtp_client, token);
        else
            mailproto_session_cancel(m->client, token);
    }
    m->asked += !mailproto_smtp_client_vrfy(m->smtp_client, m->texts[QUERY].ptr, m->texts[QUERY].len, &token);
    m->asked += !mailproto_smtp_client_expn(m->smtp_client, m->texts[QUERY].ptr, m->texts[QUERY].len, &token);
    m->asked += !mailproto_smtp_client_help(m->smtp_client, m->texts[QUERY].ptr, m->texts[QUERY].len, &token);
}

static void open_sessions(struct meeting *m)
{
    mailproto_smtp_server_config sc;
    mailproto_smtp_client_config cc;
    mailproto_smtp_server_callbacks s;
    mailproto_smtp_client_callbacks c;

    mailproto_smtp_server_config_init(&sc, sizeof sc);
    sc.hostname = (mailproto_text){"mx", 2};
    sc.flags = MAILPROTO_SMTP_SERVER_CLEARTEXT_AUTH | MAILPROTO_SMTP_SERVER_PASS_PARAMETERS;
    sc.offer = 0x7fff & ~(uint32_t)(MAILPROTO_SMTP_EXT_STARTTLS | MAILPROTO_SMTP_EXT_REQUIRETLS);
    mailproto_smtp_server_callbacks_init(&s, sizeof s);
    s.on_auth = on_auth;
    s.on_mail = on_mail;
    s.on_rcpt = on_rcpt;
    s.on_vrfy = s.on_expn = s.on_help = on_query;
    s.on_message_end = on_message_end;
    demand(!mailproto_smtp_server_new(&m->smtp_server, &sc, &s, NULL, m, NULL));
    mailproto_smtp_client_config_init(&cc, sizeof cc);
    cc.hostname = (mailproto_text){"c", 1};
    cc.mechanisms = m->flags & 16 ? MAILPROTO_SASL_LOGIN : MAILPROTO_SASL_PLAIN;
    cc.flags = MAILPROTO_SMTP_CLIENT_CLEARTEXT_AUTH;
    mailproto_smtp_client_callbacks_init(&c, sizeof c);
    c.on_credentials = on_credentials;
    c.on_ready = on_ready;
    c.on_body = on_body;
    c.on_done = on_done;
    c.on_reply = on_reply;
    demand(!mailproto_smtp_client_new(&m->smtp_client, &cc, &c, NULL, m, NULL));
    m->client = mailproto_smtp_client_session(m->smtp_client);
    m->server = mailproto_smtp_server_session(m->smtp_server);
}

static void meet(struct meeting *m)
{
    open_sessions(m);
    submit(m);
    mailproto_session_finish(m->client);
    while (carry(m->client, m->server) | carry(m->server, m->client))
        ;
    demand(m->offers & MAILPROTO_SMTP_EXT_DSN || !(m->sent || m->asked));
    demand(m->auths == m->credentials_given);
    demand(m->mails == (m->sent && !m->why) && m->rcpts == (m->sent && !m->why));
    demand(m->queries == m->asked && m->replies == m->asked);
    demand(mailproto_session_wants(m->client) & MAILPROTO_WANTS_CLOSE);
    demand(!mailproto_session_error(m->client, NULL, NULL, NULL));
    demand(!mailproto_session_error(m->server, NULL, NULL, NULL));
    mailproto_session_free(m->client);
    mailproto_session_free(m->server);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct meeting m = {0};
    const char *at = (const char *)data + 1, *end = (const char *)data + size;

    if (!size || size > 1 << 14)
        return 0;
    m.flags = data[0];
    for (int i = 0; i < TEXTS && at <= end; i++) {
        const char *tilde = at < end ? memchr(at, '~', (size_t)(end - at)) : NULL;

        m.texts[i] = (mailproto_text){at, (size_t)((tilde ? tilde : end) - at)};
        at += m.texts[i].len + 1;
    }
    meet(&m);
    return 0;
}
