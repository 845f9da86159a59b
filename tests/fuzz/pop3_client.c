/* pop3_client.c - fuzz target: sessions of the POP3 client; the input is what a server says.
 * RFC 1939, RFC 2449, RFC 5034; include/mailproto/pop3_client.h.
 *
 * In the script ~m asks for a message, ~c for something else, ~w withdraws what was submitted last. */
#include <mailproto/pop3_client.h>

#include <string.h>

#include "fuzz.h"
#include "sasl_host.h"

const char *const fuzz_before_message = "@@@@@@@@+OK\n-ERR\n~m+OK\n", *const fuzz_after_message = ".\n~f+OK\n";

enum { COMMAND, TRANSACTION };
/* p->n */
enum { SUBMITTED, READY, OCTETS, LAST };

static mailproto_crypto crypto;
static uint64_t random_state;

/* Every way to log in, from one on that the input says. */
static void configure_logins(const struct fuzz_play *p, mailproto_pop3_client_config *c)
{
    static const uint32_t bits[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 16, 17};
    static mailproto_sasl_client_config sasl;

    mailproto_sasl_client_config_init(&sasl, sizeof sasl);
    crypto = sasl_provider(&random_state);
    sasl.crypto = &crypto;
    sasl.other = (mailproto_text){"X-RIDDLE", 8};
    sasl.min_iterations = 1;
    sasl.max_message = p->head[1] & 4 ? 200 : 0;
    c->sasl = &sasl;
    for (uint32_t i = 0; i < 16; i++)
        c->login[i] = UINT32_C(1) << bits[(i + p->head[5]) % 16];
}

static void configure(const struct fuzz_play *p, mailproto_pop3_client_config *c)
{
    uint32_t a = p->head[0], b = p->head[1];

    mailproto_pop3_client_config_init(c, sizeof *c);
    c->flags = MAILPROTO_POP3_CLIENT_CLEARTEXT_LOGIN;
    if (a & 1)
        c->flags |= MAILPROTO_POP3_CLIENT_NO_CAPA;
    if (a & 2)
        c->tls = a & 16 ? MAILPROTO_TLS_REQUIRED : MAILPROTO_TLS_MAY;
    if (a & 4) {
        c->login[0] = MAILPROTO_SASL_PLAIN;
        c->login[1] = a & 16 ? MAILPROTO_SASL_LOGIN : MAILPROTO_POP3_USER_PASS;
        c->login[2] = a & 16 ? MAILPROTO_POP3_USER_PASS : 0;
    } else if (a & 8) {
        c->login[0] = MAILPROTO_POP3_USER_PASS;
    }
    if (b & 1)
        c->flags |= MAILPROTO_POP3_CLIENT_NO_PIPELINING;
    if (b & 2)
        c->window = 2;
    if (b & 4) {
        c->max_line = 512;
        c->max_commands = 4;
    }
    if (b & 8)
        configure_logins(p, c);
}

/* ---- events ---- */

static void log_reply(struct fuzz_play *p, const mailproto_pop3_response *reply)
{
    fuzz_log(p, " %u %u", reply->status, reply->resp_code);
    fuzz_log_text(p, "code", reply->code);
    fuzz_log_text(p, "text", reply->text);
}

static void done(struct fuzz_play *p, const mailproto_pop3_done *e)
{
    int multi = e->verb == MAILPROTO_POP3_VERB_RETR || e->verb == MAILPROTO_POP3_VERB_TOP;

    fuzz_log(p, "\nDONE %u %d %u %u %llu", e->verb, e->why, e->sent, e->number, (unsigned long long)e->octets);
    log_reply(p, e->reply);
    if (multi && !e->why) {
        fuzz_demand(p, e->octets == p->n[OCTETS], "DONE tells the octets that came");
        if (fuzz_one_by_one(p))
            fuzz_demand(p, fuzz_fed_ends(p, "\n.\r\n") || fuzz_fed_ends(p, "\n.\n"), "a message is whole with its dot");
    }
    fuzz_end(p, COMMAND);
}

static void message_events(struct fuzz_play *p, const mailproto_event *event)
{
    const void *payload = event;

    if (event->type == MAILPROTO_POP3_CLIENT_MESSAGE) {
        const mailproto_pop3_message *e = payload;

        fuzz_log(p, "\nMESSAGE %u %u %llu", e->number, e->announced, (unsigned long long)e->size);
        p->n[OCTETS] = 0;
    } else {
        const mailproto_pop3_body *e = payload;

        fuzz_demand(p, e->bytes.len > 0 && e->offset == p->n[OCTETS], "the slices of a message follow each other");
        p->n[OCTETS] += e->bytes.len;
        if (e->bytes.len)
            fuzz_log_body(p, e->bytes);
    }
}

static void event(struct fuzz_play *p, const mailproto_event *event, struct test_pending *request)
{
    const void *payload = event;

    request->n = p->requests;
    switch (event->type) {
    case MAILPROTO_POP3_CLIENT_READY: {
        const mailproto_pop3_ready *e = payload;

        fuzz_log(p, "\nREADY %x %x %u %x %u %u", e->peer_offers, e->peer_mechanisms, e->tls, e->authenticated,
                 e->expire, e->login_delay);
        fuzz_log_text(p, "greeting", e->greeting);
        fuzz_demand(p, !p->n[READY]++, "READY comes once");
        fuzz_begin(p, TRANSACTION);
        break;
    }
    case MAILPROTO_POP3_CLIENT_CREDENTIALS:
        fuzz_log(p, "\nCREDENTIALS %u", ((const mailproto_pop3_credentials *)payload)->mechanism);
        break;
    case MAILPROTO_POP3_CLIENT_DERIVE: {
        const mailproto_sasl_derive_wanted *e = payload;

        fuzz_log(p, "\nDERIVE %u %u", e->hash, e->iterations);
        fuzz_log_text(p, "password", e->password);
        fuzz_log_text(p, "salt", e->salt);
        break;
    }
    case MAILPROTO_POP3_CLIENT_STEP: {
        const mailproto_sasl_step *e = payload;

        fuzz_log(p, "\nSTEP %u %u", e->first, e->has_message);
        fuzz_log_text(p, "mechanism", e->mechanism);
        fuzz_log_text(p, "message", e->message);
        break;
    }
    case MAILPROTO_POP3_CLIENT_REFUSED:
        fuzz_log(p, "\nREFUSED %u", ((const mailproto_pop3_refused *)payload)->stage);
        log_reply(p, ((const mailproto_pop3_refused *)payload)->reply);
        break;
    case MAILPROTO_POP3_CLIENT_ENTRY: {
        const mailproto_pop3_entry *e = payload;

        fuzz_log(p, "\nENTRY %u %llu", e->number, (unsigned long long)e->size);
        fuzz_log_text(p, "uid", e->uid);
        break;
    }
    case MAILPROTO_POP3_CLIENT_CAPABILITY:
        fuzz_log(p, "\nCAPABILITY");
        fuzz_log_text(p, "name", ((const mailproto_pop3_capability *)payload)->name);
        fuzz_log_text(p, "arguments", ((const mailproto_pop3_capability *)payload)->arguments);
        break;
    case MAILPROTO_POP3_CLIENT_MESSAGE:
    case MAILPROTO_POP3_CLIENT_BODY:
        message_events(p, event);
        break;
    case MAILPROTO_POP3_CLIENT_DONE:
        done(p, payload);
        break;
    case MAILPROTO_POP3_CLIENT_QUIT_REPLY: {
        const mailproto_pop3_quit_reply *e = payload;

        fuzz_log(p, "\nQUIT_REPLY %u %u %d", e->outcome, e->deleted, e->why);
        log_reply(p, e->reply);
        fuzz_end(p, TRANSACTION);
        break;
    }
    default:
        fuzz_demand(p, 0, "an event is one of the engine's");
    }
}

/* ---- answers and submissions ---- */

static int32_t step(struct fuzz_play *p, const struct test_pending *request, uint32_t whim)
{
    mailproto_sasl_stepped stepped;

    mailproto_sasl_stepped_init(&stepped, sizeof stepped);
    stepped.result = whim % 4 % 3;
    if (whim & 4)
        stepped.message = (mailproto_text){"riddle", 6};
    return mailproto_pop3_client_step(p->made, request->token, &stepped);
}

static int32_t answer(struct fuzz_play *p, const struct test_pending *request)
{
    uint32_t whim = fuzz_whim(p, request->n, 0);

    if (whim % 8 == 1)
        return mailproto_session_use_default(p->host.session, request->token);
    if (request->type == MAILPROTO_POP3_CLIENT_DERIVE)
        return mailproto_pop3_client_derived(p->made, request->token, NULL, 0);
    if (request->type == MAILPROTO_POP3_CLIENT_STEP)
        return step(p, request, whim >> 3);
    return mailproto_pop3_client_credentials(p->made, request->token, NULL, 0, "name", 4, "password",
                                             whim % 8 == 2 ? 1 : 8);
}

static int32_t submit(struct fuzz_play *p, uint8_t letter, uint64_t n, uint64_t *token)
{
    mailproto_pop3_client *client = p->made;

    if (letter == 'm')
        return n % 3 == 2 ? mailproto_pop3_client_top(client, 1, 5, token)
                          : mailproto_pop3_client_retr(client, (uint32_t)n + 1, token);
    switch (n % 8) {
    case 0:
        return mailproto_pop3_client_list(client, 0, token);
    case 1:
        return mailproto_pop3_client_stat(client, token);
    case 2:
        return mailproto_pop3_client_uidl(client, 0, token);
    case 3:
        return mailproto_pop3_client_dele(client, 2, token);
    case 4:
        return mailproto_pop3_client_capa(client, token);
    case 5:
        return mailproto_pop3_client_list(client, 3, token);
    case 6:
        return mailproto_pop3_client_rset(client, token);
    default:
        return n % 16 == 7 ? mailproto_pop3_client_noop(client, token) : mailproto_pop3_client_uidl(client, 1, token);
    }
}

static void act(struct fuzz_play *p, uint8_t letter)
{
    uint64_t token = 0;

    if (letter == 'w')
        mailproto_session_cancel(p->host.session, p->n[LAST]);
    if (letter != 'm' && letter != 'c')
        return;
    if (submit(p, letter, p->n[SUBMITTED]++, &token))
        return;
    fuzz_begin(p, COMMAND);
    p->n[LAST] = token;
    p->allowance += 64;
}

/* ---- the session ---- */

FUZZ_CALLBACK(mailproto_pop3_client, mailproto_pop3_ready, on_ready)
FUZZ_CALLBACK(mailproto_pop3_client, mailproto_pop3_credentials, on_credentials)
FUZZ_CALLBACK(mailproto_pop3_client, mailproto_pop3_refused, on_refused)
FUZZ_CALLBACK(mailproto_pop3_client, mailproto_pop3_entry, on_entry)
FUZZ_CALLBACK(mailproto_pop3_client, mailproto_pop3_capability, on_capability)
FUZZ_CALLBACK(mailproto_pop3_client, mailproto_pop3_message, on_message)
FUZZ_CALLBACK(mailproto_pop3_client, mailproto_pop3_body, on_body)
FUZZ_CALLBACK(mailproto_pop3_client, mailproto_pop3_done, on_done)
FUZZ_CALLBACK(mailproto_pop3_client, mailproto_pop3_quit_reply, on_quit_reply)
FUZZ_CALLBACK(mailproto_pop3_client, mailproto_tls_started, on_tls_started)
FUZZ_CALLBACK(mailproto_pop3_client, mailproto_cancel, on_cancel)
FUZZ_CALLBACK(mailproto_pop3_client, mailproto_trace, on_trace)
FUZZ_CALLBACK(mailproto_pop3_client, mailproto_closed, on_closed)
FUZZ_CALLBACK(mailproto_pop3_client, mailproto_sasl_derive_wanted, on_derive)
FUZZ_CALLBACK(mailproto_pop3_client, mailproto_sasl_step, on_step)

static int32_t make(struct fuzz_play *p, int polled)
{
    const mailproto_pop3_client_callbacks callbacks = {sizeof callbacks, on_ready,      on_credentials, on_refused,
                                                       on_entry,         on_capability, on_message,     on_body,
                                                       on_done,          on_quit_reply, on_tls_started, on_cancel,
                                                       on_trace,         on_closed,     on_derive,      on_step};
    mailproto_pop3_client_config config;
    mailproto_pop3_client *client = NULL;
    const char *why = NULL;
    int32_t result;

    configure(p, &config);
    random_state = p->head[5];
    result = mailproto_pop3_client_new(&client, &config, polled ? NULL : &callbacks, &p->memory.api, p, &why);
    fuzz_demand(p, !result || result == MAILPROTO_ERR_NOMEM, why ? why : "a session can be made");
    p->made = client;
    p->host.session = result ? NULL : mailproto_pop3_client_session(client);
    return result;
}

static size_t memory_max(const struct fuzz_play *p)
{
    mailproto_pop3_client_config config;

    configure(p, &config);
    return mailproto_pop3_client_memory_max(&config);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct fuzz_engine engine = {
        .by_line = 1, .make = make, .memory_max = memory_max, .event = event, .answer = answer, .act = act};

    return fuzz_session(&engine, data, size);
}
