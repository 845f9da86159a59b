/* send.c - one-call send: from the request to the outcome, by as many connections as it takes.
 * include/mailproto/host_send.h; RFC 5321 4.1.4 for the name in EHLO. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/ascii.h"
#include "send.h"

enum { RECIPIENTS = 100 }; /* of a transaction: what every server takes (RFC 5321 4.5.3.1.8) */

/* ---- memory ---- */

void *mp_send_take(mailproto_host_sending *s, size_t n)
{
    const size_t head = (sizeof(struct mp_send_block) + 15) / 16 * 16;
    struct mp_send_block *block = mp_host_alloc(s->host, head + n);

    if (!block)
        return NULL;
    block->next = s->blocks;
    block->size = head + n;
    s->blocks = block;
    return (char *)block + head;
}

mailproto_text mp_send_copy(mailproto_host_sending *s, mailproto_text text, int *failed)
{
    char *copy;

    if (!text.len)
        return (mailproto_text){"", 0};
    copy = mp_send_take(s, text.len + 1);
    if (!copy) {
        if (failed)
            *failed = 1;
        return (mailproto_text){"", 0};
    }
    memcpy(copy, text.ptr, text.len);
    return (mailproto_text){copy, text.len};
}

/* The password was among it, and the mail of somebody. */
static void give_back(mailproto_host_sending *s)
{
    mailproto_host *host = s->host;
    struct mp_send_block *next;

    mailproto_host_job_free(s->job);
    for (struct mp_send_block *block = s->blocks; block; block = next) {
        next = block->next;
        if (block->size < MP_SEND_PIECE)
            mp_host_wipe((char *)block + sizeof *block, block->size - sizeof *block);
        mp_host_release(host, block, block->size);
    }
    mp_host_release(host, s, sizeof *s);
    mp_host_end(host);
}

void mp_send_finish(mailproto_host_sending *s)
{
    s->cancelled |= s->host->freeing;
    mp_send_settle(s);
    s->on_outcome(&s->outcome, s->user);
    give_back(s);
}

/* ---- a connection ---- */

/* "[127.0.0.1]" or "[IPv6:2001:db8::1]" of "127.0.0.1:4711", "[2001:db8::1]:4711", "unix". */
static void literal(char *out, size_t size, mailproto_text local)
{
    size_t len = local.len;

    while (len && local.ptr[len - 1] != ':')
        len--;
    if (!len)
        snprintf(out, size, "[127.0.0.1]");
    else if (*local.ptr == '[')
        snprintf(out, size, "[IPv6:%.*s", (int)len - 2, local.ptr + 1);
    else
        snprintf(out, size, "[%.*s]", (int)len - 1, local.ptr);
}

/* The machine's name if it is one of more than one word, else its address (RFC 5321 4.1.4). */
static void own_name(char *out, size_t size, mailproto_text local)
{
    char host[256];

    if (gethostname(host, sizeof host))
        *host = 0;
    host[sizeof host - 1] = 0;
    for (const char *p = host; *p; p++)
        if (!mp_ascii_is_alnum(*p) && *p != '-' && !(*p == '.' && p > host && p[-1] != '.' && p[1]))
            *host = 0;
    if (strchr(host, '.'))
        snprintf(out, size, "%s", host);
    else
        literal(out, size, local);
}

static int may_send_cleartext(const mailproto_host_sending *s, uint32_t loopback)
{
    return s->request.flags & MAILPROTO_HOST_SEND_CLEARTEXT ||
           (loopback && s->request.flags & MAILPROTO_HOST_SEND_CLEARTEXT_LOOPBACK);
}

/* Whether there is no way to log in but with the password, or token, in clear text. */
static int is_cleartext_alone(const mailproto_host_sending *s)
{
    const uint32_t *order = s->sasl.order;

    for (size_t i = 0; s->request.sasl && i < sizeof s->sasl.order / sizeof *order && (i == 0 || order[i]); i++)
        if (!(order[i] & MAILPROTO_SASL_CLEARTEXT))
            return 0;
    return 1;
}

static int32_t on_connected(mailproto_host_connection *connection, const mailproto_host_peer *peer,
                            mailproto_session **session, void *user)
{
    mailproto_host_sending *s = user;
    int cleartext = may_send_cleartext(s, peer->loopback);
    const char *hello = s->request.hello.ptr, *why = NULL;
    char name[300];
    int32_t result;

    (void)connection;
    s->loopback = peer->loopback;
    s->outcome.connections++;
    s->outcome.address = mp_send_copy(s, peer->text, NULL);
    if (s->logs_in && !cleartext && s->request.tls == MAILPROTO_TLS_NEVER && is_cleartext_alone(s)) {
        s->outcome.withheld = 1;
        return MAILPROTO_ERR_AUTH;
    }
    if (!s->request.hello.len) {
        own_name(name, sizeof name, peer->local);
        hello = name;
    }
    result = mp_send_session_new(s, hello, cleartext, &why);
    if (result) {
        s->session_why = result;
        s->session_text = mp_send_copy(s,
                                       (mailproto_text){why ? why : mailproto_result_text(result),
                                                        strlen(why ? why : mailproto_result_text(result))},
                                       NULL);
        return result;
    }
    *session = s->session;
    return MAILPROTO_OK;
}

static void on_failed(mailproto_host_connection *connection, int32_t why, const char *text, size_t len, void *user)
{
    mailproto_host_sending *s = user;

    s->connect_why = why;
    s->connect_text = mp_send_copy(s, (mailproto_text){text, len}, NULL);
    s->outcome.no_such_name = connection->connect_error == UV_EAI_NONAME;
}

static int32_t open_connection(mailproto_host_sending *s);

/* Over, or the next one: as long as the last one got somewhere and the server wants the rest on another. */
static void on_gone(mailproto_host_connection *connection, void *user)
{
    mailproto_host_sending *s = user;
    uint32_t number = s->last_transaction ? s->last_transaction->told.number : 0;

    (void)connection;
    s->connection = NULL;
    s->session = NULL;
    s->client = NULL;
    if (mp_send_message_leave(s) || mp_send_derive_leave(s))
        return; /* finished when it has read, or derived */
    if (s->more && number != s->before && !s->cancelled && !open_connection(s))
        return;
    mp_send_finish(s);
}

static int32_t open_connection(mailproto_host_sending *s)
{
    mailproto_host_connect_config config;

    mailproto_host_connect_config_init(&config, sizeof config);
    config.name = (mailproto_text){s->url.host, strlen(s->url.host)};
    config.port = s->url.port;
    config.lookup_ms = config.attempt_ms = s->request.attempt_ms;
    config.tls = s->tls.over ? &s->tls : NULL;
    config.on_connected = on_connected;
    config.on_failed = on_failed;
    config.on_gone = on_gone;
    config.user = s;
    s->before = s->last_transaction ? s->last_transaction->told.number : 0;
    return mailproto_host_connect(s->host, &config, NULL, &s->connection);
}

/* ---- the request ---- */

static int is_ascii(mailproto_text text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.ptr[i] >= 0x80)
            return 0;
    return 1;
}

static int copy_texts(mailproto_host_sending *s)
{
    mailproto_host_send_request *r = &s->request;
    mailproto_text *texts[] = {&r->url,       &r->sender,   &r->envid,        &r->hello,
                               &r->user_name, &r->password, &r->authorization};
    int failed = 0;

    if (!r->user_name.len)
        r->user_name = (mailproto_text){s->url.user, strlen(s->url.user)};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        *texts[i] = mp_send_copy(s, *texts[i], &failed);
    if (!s->sasl.host_name.len && *s->url.host && s->url.port) {
        s->sasl.host_name = (mailproto_text){s->url.host, strlen(s->url.host)};
        s->sasl.port = s->sasl.port ? s->sasl.port : s->url.port;
    }
    s->sasl.host_name = mp_send_copy(s, s->sasl.host_name, &failed);
    s->sasl.other = mp_send_copy(s, s->sasl.other, &failed);
    s->logs_in = r->user_name.len || r->sasl;
    if (r->sasl)
        r->sasl = &s->sasl;
    if (s->sasl.crypto)
        s->sasl.crypto = &s->crypto;
    return failed;
}

/* OK; ERR_ARG: one is no struct of this library; ERR_NOMEM. */
static int32_t copy_recipients(mailproto_host_sending *s)
{
    const mailproto_host_recipient *given = s->request.recipients;
    int failed = 0;

    for (const mailproto_host_recipient *r = given; r; r = r->next)
        s->count++;
    s->recipients = mp_send_take(s, s->count * sizeof *s->recipients);
    s->chosen = mp_send_take(s, s->count * sizeof(struct mp_send_recipient *));
    if (!s->recipients || !s->chosen)
        return MAILPROTO_ERR_NOMEM;
    for (uint32_t i = 0; i < s->count; i++) {
        struct mp_send_recipient *r = &s->recipients[i];
        mailproto_host_recipient own;

        if (mp_companion_struct_copy(&own, sizeof own, given))
            return MAILPROTO_ERR_ARG;
        r->result.struct_size = sizeof r->result;
        r->reply.struct_size = sizeof r->reply;
        r->result.reply = &r->reply;
        r->result.next = i + 1 < s->count ? &s->recipients[i + 1].result : NULL;
        r->result.address = mp_send_copy(s, own.address, &failed);
        mailproto_smtp_recipient_init(&r->envelope, sizeof r->envelope);
        r->envelope.path = r->result.address;
        r->envelope.notify = own.notify;
        r->envelope.orcpt_type = mp_send_copy(s, own.orcpt_type, &failed);
        r->envelope.orcpt = mp_send_copy(s, own.orcpt, &failed);
        s->smtputf8 |= !is_ascii(own.address);
        given = own.next;
    }
    return failed ? MAILPROTO_ERR_NOMEM : MAILPROTO_OK;
}

static int32_t no_tls(const mailproto_host_sending *s)
{
    return mp_host_fail(
        s->host, MAILPROTO_ERR_CONFIG, 0,
        "tls: it is asked for, there or by the scheme of the URL, and there is no tls_layer to give it");
}

static int32_t settle_tls(mailproto_host_sending *s)
{
    mailproto_host_send_request *r = &s->request;

    if (s->url.implicit_tls)
        r->tls = MAILPROTO_TLS_IMPLICIT;
    else if (!r->tls && s->tls.over)
        s->tls_as_needed = 1;
    if (s->tls_as_needed)
        r->tls = MAILPROTO_TLS_MAY;
    if (r->tls > MAILPROTO_TLS_IMPLICIT)
        return mp_host_fail(s->host, MAILPROTO_ERR_ARG, 0, "tls: it is not one of MAILPROTO_TLS_*");
    if (r->tls && !s->tls.over)
        return no_tls(s);
    return MAILPROTO_OK;
}

static int32_t malformed(mailproto_host_sending *s, const char *what)
{
    return mp_host_fail(s->host, MAILPROTO_ERR_ARG, 0, "%s", what);
}

static int32_t check_texts(mailproto_host_sending *s)
{
    const mailproto_host_send_request *r = &s->request;
    int32_t result;

    if (!r->sasl && !r->user_name.len != !r->password.len)
        return malformed(s, "password: a user's name needs one, and it needs a user's name");
    if (!r->sasl && r->user_name.len + r->password.len + r->authorization.len > 2048)
        return malformed(s, "password: it and the user's name are longer than 2048 octets together");
    if ((r->user_name.len && memchr(r->user_name.ptr, 0, r->user_name.len)) ||
        (r->password.len && memchr(r->password.ptr, 0, r->password.len)) ||
        (r->hello.len && memchr(r->hello.ptr, 0, r->hello.len)))
        return malformed(s, "there is a NUL octet in hello, the user's name or the password");
    result = mp_send_message_check(s);
    return result ? result : mp_send_check(s);
}

static int32_t take_request(mailproto_host_sending *s, const mailproto_host_send_request *request)
{
    mailproto_host_send_request *r = &s->request;
    const char *wrong;
    int32_t result;

    if (mp_companion_struct_copy(r, sizeof *r, request) || r->flags >= 2 * MAILPROTO_HOST_SEND_READ_TWICE ||
        (r->tls_layer && mp_companion_struct_copy(&s->tls, sizeof s->tls, r->tls_layer)) ||
        (r->sasl && mp_companion_struct_copy(&s->sasl, sizeof s->sasl, r->sasl)) ||
        (s->sasl.crypto && mp_companion_struct_copy(&s->crypto, sizeof s->crypto, s->sasl.crypto)))
        return malformed(s, "the request is no struct of this library or has an unknown flag");
    if (!r->recipients)
        return malformed(s, "recipients: there is none");
    mailproto_host_url_init(&s->url, sizeof s->url);
    s->url.usable = s->tls.over ? MAILPROTO_HOST_URL_SEND | MAILPROTO_HOST_URL_TLS : MAILPROTO_HOST_URL_SEND;
    result = mailproto_host_url_read(&s->url, r->url.ptr, r->url.len, &wrong);
    if (result == MAILPROTO_ERR_CONFIG)
        return no_tls(s);
    if (result) /* the URL itself is not shown: there may be a password in it */
        return mp_host_fail(s->host, result, 0, "url: %s", wrong);
    result = settle_tls(s);
    if (result)
        return result;
    if (copy_texts(s))
        result = MAILPROTO_ERR_NOMEM;
    else
        result = copy_recipients(s);
    s->smtputf8 |= r->flags & MAILPROTO_HOST_SEND_SMTPUTF8 || !is_ascii(r->sender);
    s->limit = r->max_recipients ? r->max_recipients : RECIPIENTS;
    s->outcome.server = (mailproto_text){s->url.where, strlen(s->url.where)};
    s->outcome.address = s->outcome.greeting = (mailproto_text){"", 0};
    s->session_text = s->connect_text = (mailproto_text){"", 0};
    if (result)
        return mp_host_fail(s->host, result, 0, "%s", mailproto_result_text(result));
    return check_texts(s);
}

int32_t mailproto_host_send(mailproto_host *host, const mailproto_host_send_request *request,
                            void (*on_outcome)(const mailproto_host_outcome *outcome, void *user), void *user,
                            mailproto_host_sending **out)
{
    mailproto_host_sending *s;
    int32_t result;

    if (!host || !on_outcome)
        return MAILPROTO_ERR_ARG;
    if (host->freeing)
        return mp_host_fail(host, MAILPROTO_ERR_STATE, 0, "the host is being freed");
    s = mp_host_alloc(host, sizeof *s);
    if (!s)
        return mp_host_fail(host, MAILPROTO_ERR_NOMEM, 0, "there is no memory to send");
    s->host = host;
    s->on_outcome = on_outcome;
    s->user = user;
    mp_host_begin(host);
    mailproto_host_tracer_init(&s->tracer, sizeof s->tracer);
    result = take_request(s, request);
    if (!result && s->request.read && s->request.flags & MAILPROTO_HOST_SEND_READ_AS_WORK)
        result = mailproto_host_job_new(host, &s->job);
    if (!result)
        result = open_connection(s);
    if (result) {
        give_back(s);
        return result;
    }
    if (out)
        *out = s;
    return MAILPROTO_OK;
}

int32_t mailproto_host_send_cancel(mailproto_host_sending *s)
{
    if (!s)
        return MAILPROTO_ERR_ARG;
    s->cancelled = 1;
    if (s->connection)
        mailproto_host_connection_abort(s->connection, "cancelled", 9);
    return MAILPROTO_OK;
}

int32_t mailproto_host_send_request_init(mailproto_host_send_request *request, size_t size)
{
    return mp_companion_struct_init(request, size);
}

int32_t mailproto_host_recipient_init(mailproto_host_recipient *recipient, size_t size)
{
    return mp_companion_struct_init(recipient, size);
}
