/* smtp_client.c - fuzz target: sessions of the SMTP and LMTP client; the input is what a server says.
 * RFC 5321, RFC 2033; include/mailproto/smtp_client.h.
 *
 * In the script ~m submits a message, ~c a simple command, ~w withdraws what was submitted last. */
#include <mailproto/smtp_client.h>

#include <string.h>

#include "fuzz.h"
#include "sasl_host.h"

const char *const fuzz_before_message = NULL, *const fuzz_after_message = NULL;

enum { COMMAND };
/* p->n: how many were submitted; message ends that were given; DONEs that say the end was sent; READY; the last token */
enum { SUBMITTED, ENDS_GIVEN, ENDS_TOLD, READY, LAST };

static mailproto_text text(const char *s)
{
    return (mailproto_text){s, strlen(s)};
}

static mailproto_crypto crypto;
static uint64_t random_state;

/* Every mechanism, from one on that the input says. */
static void configure_logins(const struct fuzz_play *p, mailproto_smtp_client_config *c)
{
    static mailproto_sasl_client_config sasl;

    mailproto_sasl_client_config_init(&sasl, sizeof sasl);
    crypto = sasl_provider(&random_state);
    sasl.crypto = &crypto;
    sasl.other = text("X-RIDDLE");
    sasl.min_iterations = 1;
    sasl.max_message = p->head[1] & 4 ? 200 : 0;
    c->sasl = &sasl;
    c->mechanisms = 0;
    for (uint32_t i = 0; i < 14; i++)
        sasl.order[i] = UINT32_C(1) << (i + p->head[5]) % 14;
}

static void configure(const struct fuzz_play *p, mailproto_smtp_client_config *c)
{
    uint32_t a = p->head[0], b = p->head[1];

    mailproto_smtp_client_config_init(c, sizeof *c);
    c->hostname = text("client.example");
    if (a & 1)
        c->flags |= MAILPROTO_SMTP_CLIENT_LMTP;
    if (a & 2)
        c->tls = a & 16 ? MAILPROTO_TLS_REQUIRED : MAILPROTO_TLS_MAY;
    if (a & 4) {
        c->mechanisms = MAILPROTO_SASL_PLAIN | MAILPROTO_SASL_LOGIN;
        c->flags |= MAILPROTO_SMTP_CLIENT_CLEARTEXT_AUTH;
        if (a & 16)
            c->flags |= MAILPROTO_SMTP_CLIENT_AUTH_REQUIRED;
    }
    if (a & 8)
        c->flags |= MAILPROTO_SMTP_CLIENT_STRICT_BODY;
    if (b & 1)
        c->flags |= MAILPROTO_SMTP_CLIENT_NO_CHUNKING;
    if (b & 2)
        c->flags |= MAILPROTO_SMTP_CLIENT_NO_PIPELINING;
    if (b & 4) {
        c->max_reply_line = 600;
        c->max_reply_lines = 5;
        c->max_reply = 64;
        c->max_commands = 3;
        c->piece = 64;
    }
    if (b & 8)
        c->max_text_line = MAILPROTO_UNLIMITED;
    if (b & 16)
        configure_logins(p, c);
}

/* ---- events ---- */

static void log_reply(struct fuzz_play *p, const mailproto_smtp_response *reply)
{
    fuzz_log(p, " %u %u", reply->code, reply->lines);
    fuzz_log_text(p, "enhanced", reply->enhanced);
    fuzz_log_text(p, "text", reply->text);
    fuzz_demand(p, reply->code < 600, "a reply's code is one");
}

static void done(struct fuzz_play *p, const mailproto_smtp_done *e)
{
    fuzz_log(p, "\nDONE %u %d %u %u", e->outcome, e->why, e->recipients, e->stage);
    log_reply(p, e->reply);
    fuzz_demand(p, e->outcome >= MAILPROTO_SMTP_ACCEPTED && e->outcome <= MAILPROTO_SMTP_PARTLY, "DONE has an outcome");
    fuzz_demand(p, (e->why == 0) == (e->outcome == MAILPROTO_SMTP_ACCEPTED || e->outcome == MAILPROTO_SMTP_PARTLY),
                "DONE says why if it is not accepted");
    if (e->outcome != MAILPROTO_SMTP_NOT_SENT)
        p->n[ENDS_TOLD]++;
    if (e->outcome == MAILPROTO_SMTP_ACCEPTED || e->outcome == MAILPROTO_SMTP_PARTLY) {
        fuzz_demand(p, e->recipients > 0 && e->reply->code >= 200 && e->reply->code < 300,
                    "what was accepted has a recipient and a good reply");
        fuzz_demand(p, p->n[ENDS_GIVEN] > 0, "what was accepted was given whole");
        if (fuzz_one_by_one(p))
            fuzz_demand(p, fuzz_fed_ends(p, "\n"), "what was accepted was so by a line");
    }
    fuzz_end(p, COMMAND);
}

static void ready(struct fuzz_play *p, const mailproto_smtp_ready *e)
{
    fuzz_log(p, "\nREADY %x %u %u %x %llu %u %u %u", e->peer_offers, e->tls, e->authenticated, e->peer_mechanisms,
             (unsigned long long)e->max_message, e->max_recipients, e->max_transactions, e->max_domains);
    fuzz_log_text(p, "greeting", e->greeting);
    for (const mailproto_smtp_parameter *u = e->unknown; u; u = u->next) {
        fuzz_log_text(p, "keyword", u->keyword);
        fuzz_log_text(p, "value", u->value);
    }
    fuzz_demand(p, !p->n[READY]++, "READY comes once");
}

static void event(struct fuzz_play *p, const mailproto_event *event, struct test_pending *request)
{
    const void *payload = event;

    request->n = p->requests;
    switch (event->type) {
    case MAILPROTO_SMTP_CLIENT_READY:
        ready(p, payload);
        break;
    case MAILPROTO_SMTP_CLIENT_CREDENTIALS:
        fuzz_log(p, "\nCREDENTIALS %u", ((const mailproto_smtp_credentials *)payload)->mechanism);
        break;
    case MAILPROTO_SMTP_CLIENT_DERIVE: {
        const mailproto_sasl_derive_wanted *e = payload;

        fuzz_log(p, "\nDERIVE %u %u", e->hash, e->iterations);
        fuzz_log_text(p, "password", e->password);
        fuzz_log_text(p, "salt", e->salt);
        break;
    }
    case MAILPROTO_SMTP_CLIENT_STEP: {
        const mailproto_sasl_step *e = payload;

        fuzz_log(p, "\nSTEP %u %u", e->first, e->has_message);
        fuzz_log_text(p, "mechanism", e->mechanism);
        fuzz_log_text(p, "message", e->message);
        break;
    }
    case MAILPROTO_SMTP_CLIENT_RCPT_REPLY: {
        const mailproto_smtp_rcpt_reply *e = payload;

        fuzz_log(p, "\nRCPT_REPLY %u %u", e->index, e->phase);
        log_reply(p, e->reply);
        break;
    }
    case MAILPROTO_SMTP_CLIENT_BODY: {
        const mailproto_smtp_body_request *e = payload;

        fuzz_log(p, "\nBODY? %llu", (unsigned long long)e->offset);
        fuzz_demand(p, e->max > 0, "a piece may hold something");
        request->m = e->offset << 24 | e->max;
        break;
    }
    case MAILPROTO_SMTP_CLIENT_DONE:
        done(p, payload);
        break;
    case MAILPROTO_SMTP_CLIENT_REPLY:
        fuzz_log(p, "\nREPLY %d", ((const mailproto_smtp_reply *)payload)->why);
        log_reply(p, ((const mailproto_smtp_reply *)payload)->reply);
        fuzz_end(p, COMMAND);
        break;
    default:
        fuzz_demand(p, 0, "an event is one of the engine's");
    }
}

/* ---- answers ---- */

/* A message is as long as its first octets say; its pieces have the same size in every play. */
static int32_t piece(struct fuzz_play *p, const struct test_pending *request)
{
    uint64_t offset = request->m >> 24, size = p->head[5] * UINT64_C(23) % 400;
    size_t max = request->m & 0xffffff, n = 1 + (size_t)((offset + p->head[5]) % 90);
    uint32_t whim = fuzz_whim(p, request->n, 3);
    uint8_t octets[100];
    int32_t result;

    if (whim % 16 == 1)
        return mailproto_session_fail(p->host.session, request->token);
    if (offset >= size) {
        result = mailproto_session_piece_end(p->host.session, request->token);
        p->n[ENDS_GIVEN] += result == MAILPROTO_OK;
        return result == MAILPROTO_ERR_BODY ? MAILPROTO_OK : result;
    }
    n = n > max ? max : n;
    n = n > size - offset ? (size_t)(size - offset) : n;
    for (size_t i = 0; i < n; i++)
        octets[i] = fuzz_octet(p, 9, offset + i);
    result = mailproto_session_piece(p->host.session, request->token, octets, n);
    return result == MAILPROTO_ERR_BODY ? MAILPROTO_OK : result;
}

static int32_t step(struct fuzz_play *p, const struct test_pending *request, uint32_t whim)
{
    mailproto_sasl_stepped stepped;

    mailproto_sasl_stepped_init(&stepped, sizeof stepped);
    stepped.result = whim % 4 % 3;
    if (whim & 4)
        stepped.message = text("riddle");
    return mailproto_smtp_client_step(p->made, request->token, &stepped);
}

static int32_t answer(struct fuzz_play *p, const struct test_pending *request)
{
    uint32_t whim = fuzz_whim(p, request->n, 0);

    if (request->type == MAILPROTO_SMTP_CLIENT_BODY)
        return piece(p, request);
    if (whim % 8 == 1)
        return mailproto_session_use_default(p->host.session, request->token);
    if (request->type == MAILPROTO_SMTP_CLIENT_DERIVE)
        return mailproto_smtp_client_derived(p->made, request->token, NULL, 0);
    if (request->type == MAILPROTO_SMTP_CLIENT_STEP)
        return step(p, request, whim >> 3);
    return mailproto_smtp_client_credentials(p->made, request->token, NULL, 0, "name", 4, "password",
                                             whim % 8 == 2 ? 1 : 8);
}

/* ---- submissions ---- */

static void submitted(struct fuzz_play *p, int32_t result, uint64_t token)
{
    if (result)
        return;
    fuzz_begin(p, COMMAND);
    p->n[LAST] = token;
    p->allowance += 1024 + 64 * 8;
}

static void send_message(struct fuzz_play *p, uint64_t n)
{
    static const char *const paths[] = {"a@b.example", "\"q r\"@[192.0.2.1]", "x@y.example", "\xc3\xa9@b.example"};
    uint32_t whim = fuzz_whim(p, n, 5);
    mailproto_smtp_envelope envelope;
    mailproto_smtp_recipient recipient;
    uint64_t token = 0;
    int32_t result;

    mailproto_smtp_envelope_init(&envelope, sizeof envelope);
    envelope.sender = text(whim & 1 ? "" : "s@a.example");
    envelope.body = whim >> 1 & 3 ? (whim >> 1 & 3) - 1 : 0;
    envelope.ret = whim >> 3 & 1;
    envelope.envid = text(whim & 16 ? "id+1" : "");
    envelope.has_auth = whim >> 5 & 1;
    if ((whim >> 6 & 7) == 1)
        envelope.size = 100;
    if ((whim >> 6 & 7) == 2)
        envelope.flags = MAILPROTO_SMTP_MAIL_SMTPUTF8;
    result = mailproto_smtp_client_send(p->made, &envelope, &token);
    submitted(p, result, token);
    for (uint32_t i = 0; !result && i < 1 + (whim >> 10) % 4; i++) {
        mailproto_smtp_recipient_init(&recipient, sizeof recipient);
        recipient.path = text(paths[(i + (whim >> 12)) % (envelope.flags ? 4 : 3)]);
        recipient.notify = whim >> 14 & 1;
        recipient.orcpt = text(whim & 0x8000 ? "o+o@c.example" : "");
        mailproto_smtp_client_send_to(p->made, token, &recipient);
    }
    if (!result)
        mailproto_smtp_client_send_go(p->made, token);
}

static void act(struct fuzz_play *p, uint8_t letter)
{
    uint64_t n = p->n[SUBMITTED]++, token = 0;

    if (letter == 'm')
        send_message(p, n);
    else if (letter == 'w')
        mailproto_session_cancel(p->host.session, p->n[LAST]);
    else if (letter == 'c' && n % 4 == 0)
        submitted(p, mailproto_smtp_client_noop(p->made, &token), token);
    else if (letter == 'c' && n % 4 == 1)
        submitted(p, mailproto_smtp_client_vrfy(p->made, "who", 3, &token), token);
    else if (letter == 'c' && n % 4 == 2)
        submitted(p, mailproto_smtp_client_expn(p->made, "list", 4, &token), token);
    else if (letter == 'c')
        submitted(p, mailproto_smtp_client_help(p->made, "", 0, &token), token);
}

/* A body that was not given whole is never made to look so. Chunks are not stuffed; and behind a DATA that came to nothing
   a dot alone is due (RFC 2920 3.1). */
static void check_ends(struct fuzz_play *p)
{
    const char *out = (const char *)p->host.out.ptr;
    uint64_t dots = 0;

    for (size_t i = 0; i + 5 <= p->host.out.len; i++) {
        if (!memcmp(out + i, "BDAT ", 5))
            return;
        dots += !memcmp(out + i, "\r\n.\r\n", 5) && !(i >= 4 && !memcmp(out + i - 4, "DATA", 4));
    }
    fuzz_demand(p, dots <= p->n[ENDS_GIVEN], "only a body that was given whole has its dot");
}

/* ---- the session ---- */

FUZZ_CALLBACK(mailproto_smtp_client, mailproto_smtp_ready, on_ready)
FUZZ_CALLBACK(mailproto_smtp_client, mailproto_smtp_credentials, on_credentials)
FUZZ_CALLBACK(mailproto_smtp_client, mailproto_smtp_rcpt_reply, on_rcpt_reply)
FUZZ_CALLBACK(mailproto_smtp_client, mailproto_smtp_body_request, on_body)
FUZZ_CALLBACK(mailproto_smtp_client, mailproto_smtp_done, on_done)
FUZZ_CALLBACK(mailproto_smtp_client, mailproto_smtp_reply, on_reply)
FUZZ_CALLBACK(mailproto_smtp_client, mailproto_tls_started, on_tls_started)
FUZZ_CALLBACK(mailproto_smtp_client, mailproto_cancel, on_cancel)
FUZZ_CALLBACK(mailproto_smtp_client, mailproto_trace, on_trace)
FUZZ_CALLBACK(mailproto_smtp_client, mailproto_closed, on_closed)
FUZZ_CALLBACK(mailproto_smtp_client, mailproto_sasl_derive_wanted, on_derive)
FUZZ_CALLBACK(mailproto_smtp_client, mailproto_sasl_step, on_step)

static int32_t make(struct fuzz_play *p, int polled)
{
    const mailproto_smtp_client_callbacks callbacks = {sizeof callbacks, on_ready, on_credentials, on_rcpt_reply,
                                                       on_body,          on_done,  on_reply,       on_tls_started,
                                                       on_cancel,        on_trace, on_closed,      on_derive,
                                                       on_step};
    mailproto_smtp_client_config config;
    mailproto_smtp_client *client = NULL;
    const char *why = NULL;
    int32_t result;

    configure(p, &config);
    random_state = p->head[5];
    result = mailproto_smtp_client_new(&client, &config, polled ? NULL : &callbacks, &p->memory.api, p, &why);
    fuzz_demand(p, !result || result == MAILPROTO_ERR_NOMEM, why ? why : "a session can be made");
    p->made = client;
    p->host.session = result ? NULL : mailproto_smtp_client_session(client);
    return result;
}

static size_t memory_max(const struct fuzz_play *p)
{
    mailproto_smtp_client_config config;

    configure(p, &config);
    return mailproto_smtp_client_memory_max(&config);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct fuzz_engine engine = {.by_line = 1,
                                              .make = make,
                                              .memory_max = memory_max,
                                              .event = event,
                                              .answer = answer,
                                              .act = act,
                                              .end = check_ends};

    return fuzz_session(&engine, data, size);
}
