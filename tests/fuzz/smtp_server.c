/* smtp_server.c - fuzz target: sessions of the SMTP and LMTP server; the input is what a client says.
 * RFC 5321, RFC 2033; include/mailproto/smtp_server.h. */
#include <mailproto/smtp_server.h>

#include <string.h>

#include "fuzz.h"
#include "sasl_host.h"
#include "support/scripted_store.h"

const char *const fuzz_before_message =
    "@@A@@@@@EHLO a.example\nMAIL FROM:<a@b.example>\nRCPT TO:<c@d.example>\nDATA\n";
const char *const fuzz_after_message = ".\nQUIT\n";

enum { TRANSACTION, MESSAGE };
/* p->n: what the session in hand has seen */
enum { OCTETS, PREPENDED, REJECT_AT, CHUNKING, RESULTS };

static mailproto_text text(const char *s)
{
    return (mailproto_text){s, strlen(s)};
}

static mailproto_crypto crypto;
static uint64_t random_state;

/* All mechanisms, if the seed says so; with and without clear text before TLS. */
static void configure_logins(const struct fuzz_play *p, mailproto_smtp_server_config *c)
{
    static mailproto_sasl_server_config sasl;

    mailproto_sasl_server_config_init(&sasl, sizeof sasl);
    crypto = sasl_provider(&random_state);
    sasl.crypto = &crypto;
    sasl.other = text("X-RIDDLE");
    sasl.host_name = text("mx.example");
    sasl.secret = text("0123456789abcdef");
    sasl.max_message = p->head[1] & 8 ? 200 : 0;
    c->sasl = &sasl;
    c->mechanisms = 0x3fff;
    if (p->head[5] & 8)
        c->flags &= ~(uint32_t)MAILPROTO_SMTP_SERVER_CLEARTEXT_AUTH;
}

static void configure(const struct fuzz_play *p, mailproto_smtp_server_config *c)
{
    uint32_t a = p->head[0], b = p->head[1];

    mailproto_smtp_server_config_init(c, sizeof *c);
    c->hostname = text("mx.example");
    c->peer_address = text("192.0.2.1");
    c->offer =
        0x7fff & ~(uint32_t)(MAILPROTO_SMTP_EXT_STARTTLS | MAILPROTO_SMTP_EXT_AUTH | MAILPROTO_SMTP_EXT_REQUIRETLS);
    if (FUZZ_STORES(p))
        c->flags |= MAILPROTO_SMTP_SERVER_STORE;
    if (a & 1)
        c->flags |= MAILPROTO_SMTP_SERVER_LMTP;
    if (a & 2) {
        c->tls = a & 16 ? MAILPROTO_TLS_REQUIRED : MAILPROTO_TLS_MAY;
        c->offer |= MAILPROTO_SMTP_EXT_STARTTLS | MAILPROTO_SMTP_EXT_REQUIRETLS;
    }
    if (a & 4) {
        c->offer |= MAILPROTO_SMTP_EXT_AUTH;
        c->flags |= MAILPROTO_SMTP_SERVER_CLEARTEXT_AUTH;
        if (a & 16)
            c->flags |= MAILPROTO_SMTP_SERVER_SUBMISSION;
    }
    if (a & 4 && p->head[5] & 16)
        configure_logins(p, c);
    if (a & 8)
        c->flags |= MAILPROTO_SMTP_SERVER_PASS_PARAMETERS;
    if (b & 1)
        c->flags |= MAILPROTO_SMTP_SERVER_NORMALISE_NEWLINES;
    if (b & 2)
        c->flags |= MAILPROTO_SMTP_SERVER_ACCEPT_NUL;
    if (b & 4)
        c->flags |= MAILPROTO_SMTP_SERVER_RECEIVED;
    if (b & 8) {
        c->max_line = 512;
        c->max_auth_line = 600;
        c->max_text_line = 998;
        c->max_recipients = 100;
        c->max_bad_commands = 3;
        c->max_message = 1000;
        c->max_discard = 3000;
        c->max_hops = 2;
        c->max_transactions = 2;
    }
    if (b & 16)
        c->max_open = 5;
}

/* ---- stores ---- */

enum { STORES = 3, STORED_MAX = 48 };
static struct test_store stores[STORES];
static int stores_in_use;

static int also(struct test_host *h)
{
    size_t first = test_random_below(&h->random, STORES);

    for (size_t i = 0; i < STORES; i++)
        if (test_store_act(&stores[(first + i) % STORES]))
            return 1;
    return 0;
}

/* What fails in them depends on the input alone, and not on how it is cut. */
static void start_stores(struct fuzz_play *p)
{
    static const uint32_t types[] = {MAILPROTO_STORE_LIST, MAILPROTO_STORE_APPEND_BEGIN, MAILPROTO_STORE_APPEND_WRITE,
                                     MAILPROTO_STORE_APPEND_SHARE, MAILPROTO_STORE_APPEND_COMMIT};

    for (uint32_t i = 0; i < STORES; i++) {
        uint32_t whim = fuzz_whim(p, 9999, i);

        if (stores_in_use)
            test_store_free(&stores[i]); /* what the session before left open stops here */
        test_store_start(&stores[i], p->head[5] + i);
        stores[i].late = FUZZ_LATE_STORES(p) != 0;
        if (whim & 8)
            test_store_share(&stores[i]);
        if ((whim & 7) == 1)
            stores[i].inbox = 0;
        if (p->way.end && whim & 16)
            stores[i].room = 1 + (whim >> 5) % 600;
        if (whim >> 16 & 1)
            stores[i].fail_type = types[(whim >> 17) % 5];
        stores[i].fail_why = -(int32_t)(1 + (whim >> 26) % 28);
    }
    stores_in_use = 1;
    p->host.also = also;
}

static size_t stores_open(void)
{
    size_t n = 0;

    for (int i = 0; i < STORES; i++)
        n += test_store_open(&stores[i]);
    return n;
}

/* Accepts a recipient: for the host, or for a store. */
static int32_t accept_rcpt(struct fuzz_play *p, const struct test_pending *request, uint32_t whim)
{
    const struct test_store *s = &stores[(whim >> 8) % STORES];

    if (request->m >= STORED_MAX || whim & 32)
        return mailproto_smtp_server_accept(p->made, request->token);
    return mailproto_smtp_server_deliver(p->made, request->token, &s->api, 0, NULL);
}

/* ---- events ---- */

static void log_parameters(struct fuzz_play *p, const mailproto_smtp_parameter *parameter)
{
    for (; parameter; parameter = parameter->next) {
        fuzz_log_text(p, "keyword", parameter->keyword);
        fuzz_log_text(p, parameter->value.ptr ? "value" : "no value", parameter->value);
    }
}

static void mail(struct fuzz_play *p, const mailproto_smtp_mail *e)
{
    fuzz_log(p, "\nMAIL %llu %u %u %u %u", (unsigned long long)e->size, e->body, e->flags, e->ret, e->has_auth);
    fuzz_log_text(p, "path", e->path);
    fuzz_log_text(p, "auth", e->auth);
    fuzz_log_text(p, "envid", e->envid);
    log_parameters(p, e->unknown);
    fuzz_demand(p, p->begun[TRANSACTION] == p->ended[TRANSACTION], "one transaction at a time");
}

static void rcpt(struct fuzz_play *p, const mailproto_smtp_rcpt *e)
{
    fuzz_log(p, "\nRCPT %u %u", e->index, e->notify);
    fuzz_log_text(p, "path", e->path);
    fuzz_log_text(p, "type", e->orcpt_type);
    fuzz_log_text(p, "orcpt", e->orcpt);
    log_parameters(p, e->unknown);
}

static void transaction_end(struct fuzz_play *p, const mailproto_smtp_transaction_end *e)
{
    fuzz_log(p, "\nTRANSACTION_END %u %d", e->delivered, e->why);
    if (FUZZ_STORES(p))
        fuzz_demand(p, !stores_open(), "a transaction that ended left nothing open");
    fuzz_end(p, TRANSACTION);
}

/* A slice may be the last before the octet for which the engine refuses the message by itself. */
static void reject(struct fuzz_play *p)
{
    mailproto_smtp_verdict verdict;
    int32_t result;

    mailproto_smtp_verdict_init(&verdict, sizeof verdict);
    verdict.code = 554;
    verdict.text = text("enough\nof this");
    p->n[REJECT_AT] = UINT64_MAX;
    result = mailproto_smtp_server_reject_message(p->made, &verdict);
    fuzz_demand(p, result == MAILPROTO_OK || result == MAILPROTO_ERR_STATE, "a message that arrives can be refused");
}

/* Where a message is refused in its middle, and whether the engine comes first, depends on the cut: so the host does it
   only where nothing is compared. */
static void body(struct fuzz_play *p, const mailproto_smtp_body *e)
{
    fuzz_demand(p, e->bytes.len > 0 && e->offset == p->n[OCTETS], "the slices of a message follow each other");
    fuzz_demand(p, p->begun[MESSAGE] == p->ended[MESSAGE] + 1, "octets belong to a message");
    p->n[OCTETS] += e->bytes.len;
    if (e->prepended)
        p->n[PREPENDED] += e->bytes.len;
    if (p->n[REJECT_AT] == UINT64_MAX || !e->bytes.len)
        fuzz_log_body(p, e->bytes);
    else if (p->n[OCTETS] - p->n[PREPENDED] > p->n[REJECT_AT])
        reject(p);
}

static void message_end(struct fuzz_play *p, const mailproto_smtp_message_end *e)
{
    fuzz_log(p, "\nMESSAGE_END %llu %u", (unsigned long long)e->size, e->recipients);
    fuzz_demand(p, e->size == p->n[OCTETS], "MESSAGE_END tells the octets that came");
    fuzz_demand(p, e->recipients > 0, "a message has recipients");
    if (fuzz_one_by_one(p) && !p->n[CHUNKING])
        fuzz_demand(p, fuzz_fed_ends(p, ".\r\n") && (e->size == p->n[PREPENDED] || fuzz_fed_ends(p, "\n.\r\n")),
                    "a message ends with its dot only");
    fuzz_end(p, MESSAGE);
}

static void query(struct fuzz_play *p, const char *name, const mailproto_smtp_query *e)
{
    fuzz_log(p, "\n%s", name);
    fuzz_log_text(p, "argument", e->argument);
}

static void auth(struct fuzz_play *p, const mailproto_smtp_auth *e)
{
    fuzz_log(p, "\nAUTH %u %u", e->mechanism, e->tls);
    fuzz_log_text(p, "authorization", e->authorization);
    fuzz_log_text(p, "name", e->name);
    fuzz_log_text(p, "password", e->password);
    fuzz_log_text(p, "host", e->host);
    fuzz_log(p, " %u %u", e->port, e->outcome);
    fuzz_demand(p, e->outcome == MAILPROTO_SASL_CHECK || !e->password.len, "a password is told to be judged");
}

static void event(struct fuzz_play *p, const mailproto_event *event, struct test_pending *request)
{
    const void *e = event;

    request->n = p->requests;
    switch (event->type) {
    case MAILPROTO_SMTP_SERVER_CONNECT:
        fuzz_log(p, "\nCONNECT");
        break;
    case MAILPROTO_SMTP_SERVER_HELLO:
        fuzz_log(p, "\nHELLO");
        fuzz_log_text(p, "verb", ((const mailproto_smtp_hello *)e)->verb);
        fuzz_log_text(p, "domain", ((const mailproto_smtp_hello *)e)->domain);
        break;
    case MAILPROTO_SMTP_SERVER_AUTH:
        auth(p, e);
        request->m =
            (uint64_t)((const mailproto_smtp_auth *)e)->mechanism << 2 | ((const mailproto_smtp_auth *)e)->outcome;
        break;
    case MAILPROTO_SMTP_SERVER_KEYS:
        fuzz_log(p, "\nKEYS %u %u", ((const mailproto_sasl_keys_wanted *)e)->mechanism,
                 ((const mailproto_sasl_keys_wanted *)e)->password_needed);
        fuzz_log_text(p, "authorization", ((const mailproto_sasl_keys_wanted *)e)->authorization);
        fuzz_log_text(p, "name", ((const mailproto_sasl_keys_wanted *)e)->name);
        break;
    case MAILPROTO_SMTP_SERVER_DERIVE:
        fuzz_log(p, "\nDERIVE %u %u", ((const mailproto_sasl_derive_wanted *)e)->hash,
                 ((const mailproto_sasl_derive_wanted *)e)->iterations);
        fuzz_log_text(p, "password", ((const mailproto_sasl_derive_wanted *)e)->password);
        fuzz_log_text(p, "salt", ((const mailproto_sasl_derive_wanted *)e)->salt);
        break;
    case MAILPROTO_SMTP_SERVER_STEP:
        fuzz_log(p, "\nSTEP %u %u", ((const mailproto_sasl_step *)e)->first,
                 ((const mailproto_sasl_step *)e)->has_message);
        fuzz_log_text(p, "message", ((const mailproto_sasl_step *)e)->message);
        break;
    case MAILPROTO_SMTP_SERVER_MAIL:
        mail(p, e);
        break;
    case MAILPROTO_SMTP_SERVER_RCPT:
        rcpt(p, e);
        request->m = ((const mailproto_smtp_rcpt *)e)->index;
        break;
    case MAILPROTO_SMTP_SERVER_MESSAGE_BEGIN:
        p->n[CHUNKING] = ((const mailproto_smtp_message_begin *)e)->chunking;
        fuzz_log(p, "\nMESSAGE_BEGIN %u %u", ((const mailproto_smtp_message_begin *)e)->recipients,
                 ((const mailproto_smtp_message_begin *)e)->chunking);
        p->n[OCTETS] = p->n[PREPENDED] = 0;
        p->n[REJECT_AT] =
            p->way.end && fuzz_whim(p, p->requests, 1) % 4 == 1 ? fuzz_whim(p, p->requests, 2) % 300 : UINT64_MAX;
        break;
    case MAILPROTO_SMTP_SERVER_BODY:
        body(p, e);
        break;
    case MAILPROTO_SMTP_SERVER_MESSAGE_END:
        message_end(p, e);
        break;
    case MAILPROTO_SMTP_SERVER_RCPT_RESULT:
        fuzz_log(p, "\nRCPT_RESULT %u", ((const mailproto_smtp_rcpt_result *)e)->index);
        break;
    case MAILPROTO_SMTP_SERVER_MESSAGE_ABORTED:
        fuzz_log(p, "\nMESSAGE_ABORTED %d", ((const mailproto_smtp_message_aborted *)e)->why);
        fuzz_end(p, MESSAGE);
        break;
    case MAILPROTO_SMTP_SERVER_TRANSACTION_END:
        transaction_end(p, e);
        break;
    default:
        query(p,
              event->type == MAILPROTO_SMTP_SERVER_VRFY   ? "VRFY"
              : event->type == MAILPROTO_SMTP_SERVER_EXPN ? "EXPN"
                                                          : "HELP",
              e);
    }
}

/* ---- answers ---- */

/* A password, keys that may be malformed, or nobody. */
static int32_t keys(struct fuzz_play *p, const struct test_pending *request, uint32_t whim)
{
    mailproto_sasl_keys k;

    if (whim % 8 == 1)
        return mailproto_smtp_server_keys(p->made, request->token, NULL);
    mailproto_sasl_keys_init(&k, sizeof k);
    k.hash = 1u << (whim >> 3 & 3);
    k.iterations = whim >> 5 & 0xff;
    k.salt = text("salt and pepper");
    k.stored_key = k.server_key = (mailproto_text){"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
                                                   mailproto_hash_size(k.hash)};
    if (whim % 8 == 2 && !mailproto_smtp_server_keys(p->made, request->token, &k))
        return MAILPROTO_OK;
    k.password = text("wonderland");
    return mailproto_smtp_server_keys(p->made, request->token, &k);
}

static int32_t step(struct fuzz_play *p, const struct test_pending *request, uint32_t whim)
{
    mailproto_sasl_stepped stepped;

    mailproto_sasl_stepped_init(&stepped, sizeof stepped);
    stepped.result = whim % 4 % 3;
    stepped.message = stepped.name = text("riddle");
    return mailproto_smtp_server_step(p->made, request->token, &stepped);
}

static int32_t judge(struct fuzz_play *p, const struct test_pending *request, uint32_t whim)
{
    if ((request->m & 3) == MAILPROTO_SASL_REFUSED) {
        fuzz_demand(p, mailproto_smtp_server_accept(p->made, request->token) == MAILPROTO_ERR_ARG,
                    "who was refused is not let in");
        return mailproto_session_use_default(p->host.session, request->token);
    }
    if ((request->m & 3) == MAILPROTO_SASL_CHECK && request->m >> 2 & (MAILPROTO_SASL_PLAIN | MAILPROTO_SASL_LOGIN) &&
        whim % 4 == 1)
        return keys(p, request, whim >> 2);
    return mailproto_smtp_server_accept(p->made, request->token);
}

/* KEYS, DERIVE, STEP and AUTH: 1, and *result is what the call answered. */
static int login(struct fuzz_play *p, const struct test_pending *request, uint32_t whim, int32_t *result)
{
    switch (request->type) {
    case MAILPROTO_SMTP_SERVER_AUTH:
        *result = judge(p, request, whim);
        return 1;
    case MAILPROTO_SMTP_SERVER_KEYS:
        *result = keys(p, request, whim);
        return 1;
    case MAILPROTO_SMTP_SERVER_DERIVE:
        *result = mailproto_smtp_server_derived(p->made, request->token, NULL, 0);
        return 1;
    case MAILPROTO_SMTP_SERVER_STEP:
        *result = step(p, request, whim);
        return 1;
    default:
        return 0;
    }
}

static int32_t verdict(struct fuzz_play *p, const struct test_pending *request, uint32_t whim)
{
    static const uint32_t codes[] = {450, 550, 552, 554, 421, 451};
    int alone;
    mailproto_smtp_verdict v;
    int32_t result;

    mailproto_smtp_verdict_init(&v, sizeof v);
    /* How many RCPT were asked behind an answer that ends the session depends on when it came, if several are open. */
    alone = !(p->head[1] & 16 && request->type == MAILPROTO_SMTP_SERVER_RCPT);
    v.code = codes[whim % (alone ? 6 : 4)];
    if (whim & 64)
        v.text = text("one\ntwo");
    if (whim & 128) {
        v.delay_ms = 10;
        p->due = p->host.now + 10;
    }
    v.close = alone && (whim & 0x700) == 0;
    result = mailproto_smtp_server_answer(p->made, request->token, &v);
    /* not every code fits every request, and then it stays open */
    return result == MAILPROTO_ERR_ARG ? mailproto_session_fail(p->host.session, request->token) : result;
}

static void begun(struct fuzz_play *p, uint32_t type)
{
    if (type == MAILPROTO_SMTP_SERVER_MAIL)
        fuzz_begin(p, TRANSACTION);
    if (type == MAILPROTO_SMTP_SERVER_MESSAGE_BEGIN)
        fuzz_begin(p, MESSAGE);
}

static int32_t answer(struct fuzz_play *p, const struct test_pending *request)
{
    static const char fields[] = "X-One: a\r\n b\r\nX-Two: c";
    uint32_t whim = fuzz_whim(p, request->n, 0);
    int accepts = request->type != MAILPROTO_SMTP_SERVER_AUTH && request->type != MAILPROTO_SMTP_SERVER_RCPT &&
                  request->type != MAILPROTO_SMTP_SERVER_MESSAGE_END &&
                  request->type != MAILPROTO_SMTP_SERVER_RCPT_RESULT && request->type < MAILPROTO_SMTP_SERVER_VRFY;
    int32_t result;

    if (request->type == MAILPROTO_SMTP_SERVER_MESSAGE_BEGIN && whim & 0x1000)
        mailproto_smtp_server_prepend(p->made, request->token, fields, sizeof fields - 1);
    switch (whim >> 16 & 15) {
    case 1:
    case 2:
        return verdict(p, request, whim);
    case 3:
        return mailproto_session_fail(p->host.session, request->token);
    case 4:
        result = mailproto_session_use_default(p->host.session, request->token);
        break;
    default:
        if (login(p, request, whim, &result))
            return result;
        result = FUZZ_STORES(p) && request->type == MAILPROTO_SMTP_SERVER_RCPT
                     ? accept_rcpt(p, request, whim)
                     : mailproto_smtp_server_accept(p->made, request->token);
        accepts = 1;
    }
    if (!result && accepts)
        begun(p, request->type);
    return result;
}

/* ---- the session ---- */

FUZZ_CALLBACK(mailproto_smtp_server, mailproto_smtp_connect, on_connect)
FUZZ_CALLBACK(mailproto_smtp_server, mailproto_smtp_hello, on_hello)
FUZZ_CALLBACK(mailproto_smtp_server, mailproto_smtp_auth, on_auth)
FUZZ_CALLBACK(mailproto_smtp_server, mailproto_smtp_mail, on_mail)
FUZZ_CALLBACK(mailproto_smtp_server, mailproto_smtp_rcpt, on_rcpt)
FUZZ_CALLBACK(mailproto_smtp_server, mailproto_smtp_message_begin, on_message_begin)
FUZZ_CALLBACK(mailproto_smtp_server, mailproto_smtp_body, on_body)
FUZZ_CALLBACK(mailproto_smtp_server, mailproto_smtp_message_end, on_message_end)
FUZZ_CALLBACK(mailproto_smtp_server, mailproto_smtp_rcpt_result, on_rcpt_result)
FUZZ_CALLBACK(mailproto_smtp_server, mailproto_smtp_message_aborted, on_message_aborted)
FUZZ_CALLBACK(mailproto_smtp_server, mailproto_smtp_transaction_end, on_transaction_end)
FUZZ_CALLBACK(mailproto_smtp_server, mailproto_smtp_query, on_query)
FUZZ_CALLBACK(mailproto_smtp_server, mailproto_tls_started, on_tls_started)
FUZZ_CALLBACK(mailproto_smtp_server, mailproto_cancel, on_cancel)
FUZZ_CALLBACK(mailproto_smtp_server, mailproto_trace, on_trace)
FUZZ_CALLBACK(mailproto_smtp_server, mailproto_closed, on_closed)
FUZZ_CALLBACK(mailproto_smtp_server, mailproto_sasl_keys_wanted, on_keys)
FUZZ_CALLBACK(mailproto_smtp_server, mailproto_sasl_derive_wanted, on_derive)
FUZZ_CALLBACK(mailproto_smtp_server, mailproto_sasl_step, on_step)

static int32_t make(struct fuzz_play *p, int polled)
{
    const mailproto_smtp_server_callbacks callbacks = {
        sizeof callbacks, on_connect,     on_hello,           on_auth,
        on_mail,          on_rcpt,        on_message_begin,   on_body,
        on_message_end,   on_rcpt_result, on_message_aborted, on_transaction_end,
        on_query,         on_query,       on_query,           on_tls_started,
        on_cancel,        on_trace,       on_closed,          on_keys,
        on_derive,        on_step};
    mailproto_smtp_server_config config;
    mailproto_smtp_server *server = NULL;
    const char *why = NULL;
    int32_t result;

    configure(p, &config);
    random_state = p->head[5];
    result = mailproto_smtp_server_new(&server, &config, polled ? NULL : &callbacks, &p->memory.api, p, &why);
    fuzz_demand(p, !result || result == MAILPROTO_ERR_NOMEM, why ? why : "a session can be made");
    p->made = server;
    p->host.session = result ? NULL : mailproto_smtp_server_session(server);
    p->n[REJECT_AT] = UINT64_MAX;
    if (FUZZ_STORES(p))
        start_stores(p);
    return result;
}

static size_t memory_max(const struct fuzz_play *p)
{
    mailproto_smtp_server_config config;

    configure(p, &config);
    return mailproto_smtp_server_memory_max(&config);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct fuzz_engine engine = {.make = make, .memory_max = memory_max, .event = event, .answer = answer};

    return fuzz_session(&engine, data, size);
}
