/* pop3_server.c - fuzz target: sessions of the POP3 server; the input is what a client says.
 * RFC 1939, RFC 2449, RFC 5034; include/mailproto/pop3_server.h. */
#include <mailproto/pop3_server.h>

#include <string.h>

#include "fuzz.h"
#include "sasl_host.h"
#include "support/scripted_store.h"

const char *const fuzz_before_message = NULL, *const fuzz_after_message = NULL;

enum { MAILDROP, MESSAGE };
enum { MESSAGES = 7 };
/* p->n: of the message that is read; and of the commit */
enum { SIZE, BROKEN_AT, READ, DELETED };

static mailproto_text text(const char *s)
{
    return (mailproto_text){s, strlen(s)};
}

static mailproto_crypto crypto;
static uint64_t random_state;

/* All mechanisms, APOP where it can be; all but those that the fuzzer would have to guess a proof for end well now and then. */
static void configure_logins(const struct fuzz_play *p, mailproto_pop3_server_config *c)
{
    static mailproto_sasl_server_config sasl;

    mailproto_sasl_server_config_init(&sasl, sizeof sasl);
    crypto = sasl_provider(&random_state);
    sasl.crypto = &crypto;
    sasl.other = text("X-RIDDLE");
    sasl.host_name = text("mx.example");
    sasl.secret = text("0123456789abcdef");
    sasl.max_message = p->head[1] & 4 ? 200 : 0;
    c->sasl = &sasl;
    c->mechanisms = 0x3fff;
    if (c->offer && c->tls != MAILPROTO_TLS_REQUIRED)
        c->offer |= MAILPROTO_POP3_CAPA_APOP;
}

static void configure(const struct fuzz_play *p, mailproto_pop3_server_config *c)
{
    uint32_t a = p->head[0], b = p->head[1];

    mailproto_pop3_server_config_init(c, sizeof *c);
    c->peer_address = text("192.0.2.1");
    c->flags = MAILPROTO_POP3_SERVER_CLEARTEXT_LOGIN;
    if (FUZZ_STORES(p))
        c->flags |= MAILPROTO_POP3_SERVER_STORE;
    if (a & 1)
        c->flags |= MAILPROTO_POP3_SERVER_BARE_LF;
    if (a & 2)
        c->tls = a & 16 ? MAILPROTO_TLS_REQUIRED : MAILPROTO_TLS_MAY;
    if (a & 4) {
        c->offer = 0x7ff & ~(uint32_t)(a & 2 ? 0 : MAILPROTO_POP3_CAPA_STLS);
        c->login_delay = 10;
        c->expire = 30;
        c->flags |= MAILPROTO_POP3_SERVER_EXPIRE_USER | MAILPROTO_POP3_SERVER_LOGIN_DELAY_USER;
    }
    if (a & 8)
        c->mask = MAILPROTO_POP3_CAPA_PIPELINING | MAILPROTO_POP3_CAPA_RESP_CODES | MAILPROTO_POP3_CAPA_AUTH_RESP_CODE;
    if (b & 1)
        c->list_page = 2;
    if (b & 2)
        c->piece = 64;
    if (b & 4) {
        c->max_line = 255;
        c->max_auth_line = 300;
        c->max_bad_commands = 3;
        c->max_auth_failures = 2;
        c->max_discard = 1000;
    }
    if (b & 8)
        configure_logins(p, c);
}

/* ---- the mail ---- */

static uint64_t size_of(const struct fuzz_play *p, uint32_t number)
{
    return (p->head[5] * UINT64_C(131) + number * UINT64_C(977)) % 1500;
}

static size_t uid_of(uint32_t number, char uid[8])
{
    memcpy(uid, "uid-x", 6);
    uid[4] = (char)('a' + number);
    return 5;
}

/* Whole lines, dots and empty ones among them; where the host is in a mood a LF comes without its CR. */
static char octet_of(const struct fuzz_play *p, uint64_t n)
{
    if (n == p->n[BROKEN_AT])
        return '\n';
    if (n % 37 == 35)
        return '\r';
    if (n % 37 == 36)
        return '\n';
    if (n % 37 == 0 && n / 37 % 3)
        return '.';
    return n % 37 == 1 && n / 37 % 3 == 1 ? '.' : (char)('a' + (n + p->head[5]) % 26);
}

/* ---- the same in a store ---- */

static struct test_store store;
static int store_in_use;

static int also(struct test_host *h)
{
    (void)h;
    return test_store_act(&store);
}

/* What fails in it depends on the input alone. */
static void start_store(struct fuzz_play *p)
{
    static const uint32_t types[] = {MAILPROTO_STORE_LIST,         MAILPROTO_STORE_OPEN,
                                     MAILPROTO_STORE_CHANGES,      MAILPROTO_STORE_MESSAGE_OPEN,
                                     MAILPROTO_STORE_MESSAGE_READ, MAILPROTO_STORE_FLAGS,
                                     MAILPROTO_STORE_EXPUNGE};
    uint32_t whim = fuzz_whim(p, 9999, 3);
    char octets[1500];

    if (store_in_use)
        test_store_free(&store); /* what the session before left open stops here */
    store_in_use = 1;
    test_store_start(&store, p->head[5]);
    p->n[BROKEN_AT] = whim % 16 == 5 ? whim >> 8 & 0xff : UINT64_MAX;
    for (uint32_t i = 1; i <= MESSAGES; i++) {
        for (uint64_t n = 0; n < size_of(p, i); n++)
            octets[n] = octet_of(p, n);
        store.uidnext += i % 3 ? 0 : 1000 * i;
        test_store_add(&store, octets, (size_t)size_of(p, i));
    }
    store.late = FUZZ_LATE_STORES(p) != 0;
    store.leases = 1;
    store.slice = whim >> 4 & 1 ? 50 : 0;
    if (whim >> 16 & 1) {
        store.fail_type = types[(whim >> 17) % 7];
        store.fail_after = whim >> 24 & 3;
        store.fail_why = -(int32_t)(1 + (whim >> 26) % 28);
    }
    p->host.also = also;
}

/* ---- events ---- */

static void event(struct fuzz_play *p, const mailproto_event *event, struct test_pending *request)
{
    const void *payload = event;

    request->n = p->requests;
    switch (event->type) {
    case MAILPROTO_POP3_SERVER_CONNECT:
        fuzz_log(p, "\nCONNECT");
        break;
    case MAILPROTO_POP3_SERVER_AUTH: {
        const mailproto_pop3_auth *e = payload;

        fuzz_log(p, "\nAUTH %u %u", e->mechanism, e->tls);
        fuzz_log_text(p, "authorization", e->authorization);
        fuzz_log_text(p, "name", e->name);
        fuzz_log_text(p, "password", e->password);
        fuzz_log_text(p, "host", e->host);
        fuzz_log(p, " %u %u", e->port, e->outcome);
        fuzz_demand(p, e->outcome == MAILPROTO_SASL_CHECK || !e->password.len, "a password is told to be judged");
        request->m = (uint64_t)e->mechanism << 2 | e->outcome;
        break;
    }
    case MAILPROTO_POP3_SERVER_KEYS: {
        const mailproto_sasl_keys_wanted *e = payload;

        fuzz_log(p, "\nKEYS %u %u %u %u", e->mechanism, e->tls, e->hash, e->password_needed);
        fuzz_log_text(p, "authorization", e->authorization);
        fuzz_log_text(p, "name", e->name);
        break;
    }
    case MAILPROTO_POP3_SERVER_DERIVE: {
        const mailproto_sasl_derive_wanted *e = payload;

        fuzz_log(p, "\nDERIVE %u %u", e->hash, e->iterations);
        fuzz_log_text(p, "password", e->password);
        fuzz_log_text(p, "salt", e->salt);
        break;
    }
    case MAILPROTO_POP3_SERVER_STEP: {
        const mailproto_sasl_step *e = payload;

        fuzz_log(p, "\nSTEP %u %u", e->first, e->has_message);
        fuzz_log_text(p, "mechanism", e->mechanism);
        fuzz_log_text(p, "message", e->message);
        break;
    }
    case MAILPROTO_POP3_SERVER_OPEN:
        fuzz_log(p, "\nOPEN");
        break;
    case MAILPROTO_POP3_SERVER_LIST: {
        const mailproto_pop3_list *e = payload;

        fuzz_log(p, "\nLIST %u %u %u %u", e->first, e->last, e->want, e->items);
        fuzz_demand(p, e->first >= 1 && e->first <= e->last && e->last <= MESSAGES && e->want,
                    "LIST asks for messages");
        request->m = (uint64_t)e->first << 32 | (uint64_t)e->want << 16 | e->last;
        break;
    }
    case MAILPROTO_POP3_SERVER_RETRIEVE: {
        const mailproto_pop3_retrieve *e = payload;

        fuzz_log(p, "\nRETRIEVE %u %u %u", e->number, e->top, e->lines);
        fuzz_demand(p, e->number >= 1 && e->number <= MESSAGES, "RETRIEVE names a message");
        request->m = e->number;
        break;
    }
    case MAILPROTO_POP3_SERVER_PIECE: {
        const mailproto_pop3_piece *e = payload;

        fuzz_demand(p, e->max > 0 && e->offset < p->n[SIZE], "PIECE asks for what there is");
        request->m = e->offset << 24 | e->max;
        break;
    }
    case MAILPROTO_POP3_SERVER_RETRIEVE_END: {
        const mailproto_pop3_retrieve_end *e = payload;

        fuzz_log(p, "\nRETRIEVE_END %u %u %d", e->number, e->top, e->why);
        fuzz_demand(p, e->why || e->top || e->octets == (FUZZ_STORES(p) ? size_of(p, e->number) : p->n[SIZE]),
                    "a message that was read was read whole");
        if (!FUZZ_STORES(p))
            fuzz_end(p, MESSAGE);
        break;
    }
    case MAILPROTO_POP3_SERVER_COMMIT: {
        const mailproto_pop3_commit *e = payload;

        fuzz_log(p, "\nCOMMIT %u %u %u %u", e->first, e->last, e->deleted, e->more);
        fuzz_demand(p, e->first >= 1 && e->first <= e->last && e->last <= MESSAGES, "COMMIT names messages");
        p->n[DELETED] += e->last - e->first + 1;
        fuzz_demand(p, p->n[DELETED] <= e->deleted && (e->more != 0) == (p->n[DELETED] < e->deleted),
                    "the ranges of COMMIT are what is to be deleted");
        if (fuzz_one_by_one(p) && p->n[DELETED] == e->last - e->first + 1) /* the first: more may have come since */
            fuzz_demand(p, fuzz_fed_ends(p, "\n"), "COMMIT comes of a line");
        break;
    }
    case MAILPROTO_POP3_SERVER_MAILDROP_END: {
        const mailproto_pop3_maildrop_end *e = payload;

        fuzz_log(p, "\nMAILDROP_END %u %u %d", e->update, e->failed, e->why);
        fuzz_end(p, MAILDROP);
        if (FUZZ_STORES(p))
            fuzz_demand(p, !test_store_open(&store), "a maildrop that ended left nothing open");
        break;
    }
    default:
        fuzz_demand(p, 0, "an event is one of the engine's");
    }
}

/* ---- answers ---- */

static int32_t give(struct fuzz_play *p, const struct test_pending *request, uint32_t whim)
{
    uint32_t first = (uint32_t)(request->m >> 32), want = request->m >> 16 & 0xffff, last = request->m & 0xffff;
    char uid[8];

    if (whim % 8 == 1)
        want = want / 2 + 1;
    if (whim % 32 == 2)
        want = 0;
    for (uint32_t i = first; i <= last && want; i++, want--)
        fuzz_demand(p,
                    !mailproto_pop3_server_give(p->made, request->token, i, size_of(p, i), uid, uid_of(i, uid)) ||
                        p->way.end,
                    "a message can be given");
    return mailproto_pop3_server_given(p->made, request->token);
}

static int32_t piece(struct fuzz_play *p, const struct test_pending *request, uint32_t whim)
{
    uint64_t offset = request->m >> 24;
    size_t max = request->m & 0xffffff, n;
    char octets[512];

    if (whim % 64 == 3) /* too early: told by ERR_BODY, and an answer all the same */
        return mailproto_session_piece_end(p->host.session, request->token) == MAILPROTO_ERR_TOKEN;
    if (whim % 64 == 6)
        return mailproto_session_fail(p->host.session, request->token);
    n = 1 + (size_t)((offset + p->head[5]) % 200);
    if (n > max)
        n = max;
    if (n > p->n[SIZE] - offset && whim % 16 != 4)
        n = (size_t)(p->n[SIZE] - offset);
    for (size_t i = 0; i < n; i++)
        octets[i] = octet_of(p, offset + i);
    if (mailproto_session_piece(p->host.session, request->token, octets, n) == MAILPROTO_ERR_TOKEN)
        return MAILPROTO_ERR_TOKEN;
    return MAILPROTO_OK; /* so is a piece beyond the end */
}

static int32_t refuse(struct fuzz_play *p, const struct test_pending *request, uint32_t whim)
{
    mailproto_pop3_verdict v;

    if (request->type == MAILPROTO_POP3_SERVER_PIECE || whim & 16)
        return whim & 32 ? mailproto_session_fail(p->host.session, request->token)
                         : mailproto_session_use_default(p->host.session, request->token);
    mailproto_pop3_verdict_init(&v, sizeof v);
    v.status = MAILPROTO_POP3_ERR;
    v.resp_code = whim >> 8 & 3;
    if (whim & 64) {
        v.delay_ms = 10;
        p->due = p->host.now + 10;
    }
    v.close = (whim & 0x700) == 0;
    if (whim & 128)
        v.text = text("no, thank you");
    return mailproto_pop3_server_answer(p->made, request->token, &v);
}

static int32_t retrieving(struct fuzz_play *p, const struct test_pending *request, uint32_t whim)
{
    int32_t result;

    p->n[SIZE] = size_of(p, (uint32_t)request->m);
    p->n[BROKEN_AT] = whim % 16 == 5 ? whim >> 8 & 0xff : UINT64_MAX;
    result = mailproto_pop3_server_retrieving(p->made, request->token, p->n[SIZE]);
    if (!result)
        fuzz_begin(p, MESSAGE);
    return result;
}

/* A password, keys that may be malformed, or nobody. */
static int32_t keys(struct fuzz_play *p, const struct test_pending *request, uint32_t whim)
{
    mailproto_sasl_keys k;

    if (whim % 8 == 1)
        return mailproto_pop3_server_keys(p->made, request->token, NULL);
    mailproto_sasl_keys_init(&k, sizeof k);
    k.hash = 1u << (whim >> 3 & 3);
    k.iterations = whim >> 5 & 0xff;
    k.salt = text("salt and pepper");
    k.stored_key = k.server_key = (mailproto_text){"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
                                                   mailproto_hash_size(k.hash)};
    if (whim % 8 == 2 && !mailproto_pop3_server_keys(p->made, request->token, &k))
        return MAILPROTO_OK;
    k.password = text("wonderland");
    return mailproto_pop3_server_keys(p->made, request->token, &k);
}

static int32_t step(struct fuzz_play *p, const struct test_pending *request, uint32_t whim)
{
    mailproto_sasl_stepped stepped;

    mailproto_sasl_stepped_init(&stepped, sizeof stepped);
    stepped.result = whim % 4 % 3;
    stepped.message = stepped.name = text("riddle");
    return mailproto_pop3_server_step(p->made, request->token, &stepped);
}

static int32_t judge(struct fuzz_play *p, const struct test_pending *request, uint32_t whim)
{
    const uint64_t passwords = MAILPROTO_SASL_PLAIN | MAILPROTO_SASL_LOGIN | MAILPROTO_POP3_USER_PASS;

    if ((request->m & 3) == MAILPROTO_SASL_REFUSED) {
        fuzz_demand(p, mailproto_pop3_server_accept(p->made, request->token) != MAILPROTO_OK,
                    "who was refused is not let in");
        return mailproto_session_use_default(p->host.session, request->token);
    }
    if ((request->m & 3) == MAILPROTO_SASL_CHECK && request->m >> 2 & passwords && whim % 4 == 1)
        return keys(p, request, whim >> 2);
    return mailproto_pop3_server_accept(p->made, request->token);
}

static int32_t answer(struct fuzz_play *p, const struct test_pending *request)
{
    uint32_t whim = fuzz_whim(p, request->n, 0);
    int32_t result;

    if (whim >> 16 & 7 && (whim >> 16 & 7) < (request->type == MAILPROTO_POP3_SERVER_PIECE ? 1 : 3))
        return refuse(p, request, whim);
    switch (request->type) {
    case MAILPROTO_POP3_SERVER_AUTH:
        return judge(p, request, whim);
    case MAILPROTO_POP3_SERVER_KEYS:
        return keys(p, request, whim);
    case MAILPROTO_POP3_SERVER_DERIVE:
        return mailproto_pop3_server_derived(p->made, request->token, NULL, 0);
    case MAILPROTO_POP3_SERVER_STEP:
        return step(p, request, whim);
    case MAILPROTO_POP3_SERVER_OPEN:
        if (whim & 1)
            mailproto_pop3_server_policy(p->made, request->token, 7, 60);
        result = FUZZ_STORES(p)
                     ? mailproto_pop3_server_open_store(p->made, request->token, &store.api, whim & 2 ? 77 : 0, NULL)
                     : mailproto_pop3_server_opened(p->made, request->token, MESSAGES, 12345);
        if (!result)
            fuzz_begin(p, MAILDROP);
        return result;
    case MAILPROTO_POP3_SERVER_LIST:
        return give(p, request, whim);
    case MAILPROTO_POP3_SERVER_RETRIEVE:
        return retrieving(p, request, whim);
    case MAILPROTO_POP3_SERVER_PIECE:
        return piece(p, request, whim);
    case MAILPROTO_POP3_SERVER_COMMIT:
        return mailproto_pop3_server_committed(p->made, request->token, whim % 4 == 1);
    default:
        return mailproto_pop3_server_accept(p->made, request->token);
    }
}

/* ---- the session ---- */

FUZZ_CALLBACK(mailproto_pop3_server, mailproto_pop3_connect, on_connect)
FUZZ_CALLBACK(mailproto_pop3_server, mailproto_pop3_auth, on_auth)
FUZZ_CALLBACK(mailproto_pop3_server, mailproto_pop3_open, on_open)
FUZZ_CALLBACK(mailproto_pop3_server, mailproto_pop3_list, on_list)
FUZZ_CALLBACK(mailproto_pop3_server, mailproto_pop3_retrieve, on_retrieve)
FUZZ_CALLBACK(mailproto_pop3_server, mailproto_pop3_piece, on_piece)
FUZZ_CALLBACK(mailproto_pop3_server, mailproto_pop3_retrieve_end, on_retrieve_end)
FUZZ_CALLBACK(mailproto_pop3_server, mailproto_pop3_commit, on_commit)
FUZZ_CALLBACK(mailproto_pop3_server, mailproto_pop3_maildrop_end, on_maildrop_end)
FUZZ_CALLBACK(mailproto_pop3_server, mailproto_tls_started, on_tls_started)
FUZZ_CALLBACK(mailproto_pop3_server, mailproto_cancel, on_cancel)
FUZZ_CALLBACK(mailproto_pop3_server, mailproto_trace, on_trace)
FUZZ_CALLBACK(mailproto_pop3_server, mailproto_closed, on_closed)
FUZZ_CALLBACK(mailproto_pop3_server, mailproto_sasl_keys_wanted, on_keys)
FUZZ_CALLBACK(mailproto_pop3_server, mailproto_sasl_derive_wanted, on_derive)
FUZZ_CALLBACK(mailproto_pop3_server, mailproto_sasl_step, on_step)

static int32_t make(struct fuzz_play *p, int polled)
{
    const mailproto_pop3_server_callbacks callbacks = {sizeof callbacks, on_connect,      on_auth,
                                                       on_open,          on_list,         on_retrieve,
                                                       on_piece,         on_retrieve_end, on_commit,
                                                       on_maildrop_end,  on_tls_started,  on_cancel,
                                                       on_trace,         on_closed,       on_keys,
                                                       on_derive,        on_step};
    mailproto_pop3_server_config config;
    mailproto_pop3_server *server = NULL;
    const char *why = NULL;
    int32_t result;

    configure(p, &config);
    random_state = p->head[5];
    result = mailproto_pop3_server_new(&server, &config, polled ? NULL : &callbacks, &p->memory.api, p, &why);
    fuzz_demand(p, !result || result == MAILPROTO_ERR_NOMEM, why ? why : "a session can be made");
    p->made = server;
    p->host.session = result ? NULL : mailproto_pop3_server_session(server);
    if (FUZZ_STORES(p))
        start_store(p);
    return result;
}

static size_t memory_max(const struct fuzz_play *p)
{
    mailproto_pop3_server_config config;

    configure(p, &config);
    return mailproto_pop3_server_memory_max(&config) + 5 * MESSAGES; /* the marks: a bit a message; UIDs */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct fuzz_engine engine = {.make = make, .memory_max = memory_max, .event = event, .answer = answer};

    return fuzz_session(&engine, data, size);
}
