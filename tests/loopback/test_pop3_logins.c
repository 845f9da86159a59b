/* POP3 client against POP3 server in memory: every way to log in, with every channel, with what hosts store, for who knows the
   password, who does not and who is nobody; answered at once, late or polled, and broken off anywhere.
   RFC 5034; RFC 1939 section 7; mailproto/sasl.h. */
#include "pop3_meeting.h"

#include "support/crypto.h"

/* What the server's host has of alice. */
enum { A_PASSWORD, KEYS_SHA_1, KEYS_SHA_256, KEYS_SHA_512, STORED };
/* Who logs in. */
enum { ALICE, WRONG_PASSWORD, NOBODY, USERS };
enum { NO_BINDING, EXPORTER, UNIQUE, END_POINT };

struct way {
    uint32_t login;
    uint32_t stored; /* bits: with which of STORED it works */
    uint32_t tls;    /* 1: only within it */
    uint32_t binding;
};

enum { ANY = 0xf, PASSWORD = 1, SHA_1 = 3, SHA_256 = 5, SHA_512 = 9 };

static const struct way ways[] = {
    {MAILPROTO_SASL_PLAIN, ANY, 1, NO_BINDING},
    {MAILPROTO_SASL_LOGIN, ANY, 1, NO_BINDING},
    {MAILPROTO_POP3_USER_PASS, ANY, 1, NO_BINDING},
    {MAILPROTO_POP3_APOP, PASSWORD, 0, NO_BINDING},
    {MAILPROTO_SASL_CRAM_MD5, PASSWORD, 0, NO_BINDING},
    {MAILPROTO_SASL_SCRAM_SHA_1, SHA_1, 0, NO_BINDING},
    {MAILPROTO_SASL_SCRAM_SHA_256, SHA_256, 0, NO_BINDING},
    {MAILPROTO_SASL_SCRAM_SHA_512, SHA_512, 0, NO_BINDING},
    {MAILPROTO_SASL_SCRAM_SHA_1_PLUS, SHA_1, 1, UNIQUE},
    {MAILPROTO_SASL_SCRAM_SHA_256_PLUS, SHA_256, 1, EXPORTER},
    {MAILPROTO_SASL_SCRAM_SHA_512_PLUS, SHA_512, 1, END_POINT},
    {MAILPROTO_SASL_XOAUTH2, PASSWORD, 1, NO_BINDING},
    {MAILPROTO_SASL_OAUTHBEARER, PASSWORD, 1, NO_BINDING},
    {MAILPROTO_SASL_EXTERNAL, PASSWORD, 1, NO_BINDING},
    {MAILPROTO_SASL_ANONYMOUS, PASSWORD, 0, NO_BINDING},
    {MAILPROTO_SASL_OTHER, PASSWORD, 0, NO_BINDING},
};

enum { WAYS = sizeof ways / sizeof *ways };

static uint32_t channel;     /* of the layers: what they tell */
static int somebody_between; /* the client has another channel than the server */

struct meets {
    struct meeting m; /* first */
    const struct way *way;
    uint32_t user, stored;
    mailproto_crypto server_crypto, client_crypto;
    struct test_crypto_calls server_calls, client_calls;
    mailproto_sasl_keys keys;
    uint8_t room[16 + 2 * MAILPROTO_DIGEST_MAX];
    uint8_t server_key[MAILPROTO_DIGEST_MAX], client_key[MAILPROTO_DIGEST_MAX]; /* of the last DERIVE */
    size_t server_key_len, client_key_len;
    uint32_t auths, outcome, token_fits, refused;
};

static struct meets *of_server(struct test_host *h)
{
    return (struct meets *)(void *)((char *)h - offsetof(struct meeting, maildrop.host));
}

static struct meets *of_client(struct test_host *h)
{
    return (struct meets *)(void *)((char *)h - offsetof(struct meeting, reader.host));
}

/* ---- the server's host ---- */

/* The key, at once, so that it can be told later: as a thread does it. */
static size_t derive(const mailproto_crypto *crypto, const mailproto_sasl_derive_wanted *wanted, uint8_t *key)
{
    assert_int_equal(mailproto_sasl_derive(crypto, wanted->hash, wanted->password.ptr, wanted->password.len,
                                           wanted->salt.ptr, wanted->salt.len, wanted->iterations, key),
                     MAILPROTO_OK);
    return mailproto_hash_size(wanted->hash);
}

static int32_t server_event(struct test_host *h, const mailproto_event *event, struct test_pending *request)
{
    struct meets *t = of_server(h);
    const mailproto_pop3_auth *auth = (const void *)event;

    if (event->type == MAILPROTO_POP3_SERVER_DERIVE)
        t->server_key_len = derive(&t->server_crypto, (const void *)event, t->server_key);
    if (event->type != MAILPROTO_POP3_SERVER_AUTH)
        return test_maildrop_event(h, event, request);
    t->auths++;
    t->outcome = auth->outcome;
    t->token_fits = auth->password.len == 6 && !memcmp(auth->password.ptr, "secret", 6);
    assert_int_equal(auth->mechanism, t->way->login);
    return 0;
}

static const mailproto_sasl_keys *stored(struct meets *t)
{
    return t->user == NOBODY ? NULL : &t->keys;
}

/* Tokens are told to be good or not, EXTERNAL and ANONYMOUS are good; the rest is compared with what is stored. */
static int32_t judge(struct meets *t, uint64_t token)
{
    const uint32_t passwords = MAILPROTO_SASL_PLAIN | MAILPROTO_SASL_LOGIN | MAILPROTO_POP3_USER_PASS;
    const uint32_t tokens = MAILPROTO_SASL_XOAUTH2 | MAILPROTO_SASL_OAUTHBEARER;
    mailproto_pop3_server *server = t->m.maildrop.server;

    if (t->outcome == MAILPROTO_SASL_CHECK && t->way->login & passwords)
        return mailproto_pop3_server_keys(server, token, stored(t));
    if (t->outcome == MAILPROTO_SASL_REFUSED || (t->way->login & tokens && !t->token_fits)) {
        t->refused++;
        return mailproto_session_use_default(t->m.maildrop.host.session, token);
    }
    return mailproto_pop3_server_accept(server, token);
}

static int32_t server_step(struct meets *t, uint64_t token)
{
    mailproto_sasl_stepped stepped;

    mailproto_sasl_stepped_init(&stepped, sizeof stepped);
    stepped.result = t->user == ALICE ? MAILPROTO_SASL_STEP_DONE : MAILPROTO_SASL_STEP_FAIL;
    stepped.name = (mailproto_text){"alice", 5};
    return mailproto_pop3_server_step(t->m.maildrop.server, token, &stepped);
}

static void server_answer(struct test_host *h, const struct test_pending *request)
{
    struct meets *t = of_server(h);
    mailproto_pop3_server *server = t->m.maildrop.server;
    int32_t result;

    switch (request->type) {
    case MAILPROTO_POP3_SERVER_KEYS:
        result = mailproto_pop3_server_keys(server, request->token, stored(t));
        break;
    case MAILPROTO_POP3_SERVER_DERIVE:
        result = mailproto_pop3_server_derived(server, request->token, t->server_key, t->server_key_len);
        break;
    case MAILPROTO_POP3_SERVER_STEP:
        result = server_step(t, request->token);
        break;
    case MAILPROTO_POP3_SERVER_AUTH:
        result = judge(t, request->token);
        break;
    default:
        test_maildrop_answer(h, request);
        return;
    }
    assert_true(!result || result == MAILPROTO_ERR_TOKEN);
    if (!result)
        test_host_answered(h, request->token);
}

/* ---- the client's host ---- */

static int32_t client_event(struct test_host *h, const mailproto_event *event, struct test_pending *request)
{
    struct meets *t = of_client(h);

    if (event->type == MAILPROTO_POP3_CLIENT_DERIVE)
        t->client_key_len = derive(&t->client_crypto, (const void *)event, t->client_key);
    return test_reader_event(h, event, request);
}

static void client_answer(struct test_host *h, const struct test_pending *request)
{
    struct meets *t = of_client(h);
    mailproto_pop3_client *client = t->m.reader.client;
    mailproto_sasl_stepped stepped;
    int32_t result;

    if (request->type == MAILPROTO_POP3_CLIENT_CREDENTIALS) {
        test_reader_answer(h, request);
        return;
    }
    mailproto_sasl_stepped_init(&stepped, sizeof stepped);
    stepped.result = MAILPROTO_SASL_STEP_DONE;
    stepped.message = (mailproto_text){"alice", 5};
    if (request->type == MAILPROTO_POP3_CLIENT_DERIVE)
        result = mailproto_pop3_client_derived(client, request->token, t->client_key, t->client_key_len);
    else
        result = mailproto_pop3_client_step(client, request->token, &stepped);
    assert_true(!result || result == MAILPROTO_ERR_TOKEN);
    if (!result)
        test_host_answered(h, request->token);
}

/* ---- the channel ---- */

static int32_t info(void *ctx, mailproto_tls_info *out)
{
    const struct test_records *r = ctx;
    const size_t less = somebody_between && r->client;

    out->version = channel == UNIQUE ? 0x0303 : 0x0304;
    out->verified = 1;
    out->peer_name = (mailproto_text){"alice", 5};
    if (channel == UNIQUE)
        out->unique = (mailproto_text){"the first finished", 18 - less};
    if (channel == EXPORTER)
        out->exporter = (mailproto_text){"what TLS exports", 16 - less};
    if (channel == END_POINT)
        out->server_end_point = (mailproto_text){"of a certificate", 16 - less};
    return MAILPROTO_OK;
}

static void layer(struct test_host *h, struct test_records *records, int client)
{
    mailproto_layer ops;
    mailproto_session *outer;

    test_records_layer(&ops, 500);
    ops.info = info;
    records->client = client;
    records->record = 500;
    assert_int_equal(mailproto_layer_new(&outer, h->session, &ops, records, NULL), MAILPROTO_OK);
    h->session = outer;
}

/* ---- the meeting ---- */

static void store(struct meets *t, uint32_t kind)
{
    static const uint32_t hashes[] = {0, MAILPROTO_HASH_SHA_1, MAILPROTO_HASH_SHA_256, MAILPROTO_HASH_SHA_512};
    mailproto_crypto crypto;

    t->stored = kind;
    mailproto_sasl_keys_init(&t->keys, sizeof t->keys);
    test_crypto(&crypto, NULL);
    if (kind == A_PASSWORD)
        t->keys.password = (mailproto_text){"secret", 6};
    else
        assert_int_equal(mailproto_sasl_make_keys(&t->keys, t->room, &crypto, hashes[kind], "secret", 6, 4096),
                         MAILPROTO_OK);
}

static void start_server(struct meets *t, uint32_t tls, uint32_t mode, uint64_t seed)
{
    static const uint32_t hashes[] = {MAILPROTO_SASL_STORED_PASSWORDS, MAILPROTO_HASH_SHA_1, MAILPROTO_HASH_SHA_256,
                                      MAILPROTO_HASH_SHA_512};
    mailproto_sasl_server_config sasl;
    mailproto_pop3_server_config config;

    mailproto_sasl_server_config_init(&sasl, sizeof sasl);
    test_crypto(&t->server_crypto, &t->server_calls);
    sasl.crypto = &t->server_crypto;
    sasl.host_name = (mailproto_text){"mx.example", 10};
    sasl.secret = (mailproto_text){"0123456789abcdef", 16};
    sasl.other = (mailproto_text){"X-RIDDLE", 8};
    sasl.iterations = 4096;
    sasl.stored = hashes[t->stored];
    mailproto_pop3_server_config_init(&config, sizeof config);
    config.tls = tls ? MAILPROTO_TLS_MAY : MAILPROTO_TLS_NEVER;
    config.offer = MAILPROTO_POP3_CAPA_USER | MAILPROTO_POP3_CAPA_SASL | MAILPROTO_POP3_CAPA_UIDL |
                   MAILPROTO_POP3_CAPA_RESP_CODES | MAILPROTO_POP3_CAPA_AUTH_RESP_CODE |
                   (tls ? MAILPROTO_POP3_CAPA_STLS : 0) |
                   (t->way->login == MAILPROTO_POP3_APOP ? MAILPROTO_POP3_CAPA_APOP : 0);
    config.mechanisms = 0x3fff;
    config.sasl = &sasl;
    t->m.maildrop.messages = t->m.messages;
    t->m.maildrop.count = 0;
    assert_int_equal(test_maildrop_start(&t->m.maildrop, &config, mode, seed, NULL), MAILPROTO_OK);
    t->m.maildrop.host.event = server_event;
    t->m.maildrop.host.answer = server_answer;
}

static void start_client(struct meets *t, uint32_t tls, uint32_t mode, uint64_t seed)
{
    mailproto_sasl_client_config sasl;
    mailproto_pop3_client_config config;

    mailproto_sasl_client_config_init(&sasl, sizeof sasl);
    test_crypto(&t->client_crypto, &t->client_calls);
    sasl.crypto = &t->client_crypto;
    sasl.other = (mailproto_text){"X-RIDDLE", 8};
    mailproto_pop3_client_config_init(&config, sizeof config);
    config.tls = tls ? MAILPROTO_TLS_REQUIRED : MAILPROTO_TLS_NEVER;
    config.login[0] = t->way->login;
    config.sasl = &sasl;
    t->m.reader.name = "alice";
    t->m.reader.password = t->user == WRONG_PASSWORD ? "rabbit" : "secret";
    assert_int_equal(test_reader_start(&t->m.reader, &config, mode, seed, NULL), MAILPROTO_OK);
    t->m.reader.host.event = client_event;
    t->m.reader.host.answer = client_answer;
}

static void begin(struct meets *t, const struct way *way, uint32_t kept, uint32_t user, uint32_t tls, uint64_t seed)
{
    memset(t, 0, sizeof *t);
    t->way = way;
    t->user = user;
    t->m.random.state = seed;
    channel = way->binding;
    store(t, kept);
    start_server(t, tls, (uint32_t)(seed % 3), seed);
    start_client(t, tls, (uint32_t)(seed / 3 % 3), seed);
    t->m.maildrop.host.holds = t->m.reader.host.holds = (int)(seed % 2);
    if (tls) {
        layer(&t->m.maildrop.host, &t->m.server_records, 0);
        layer(&t->m.reader.host, &t->m.client_records, 1);
    }
    mailproto_session_finish(mailproto_pop3_client_session(t->m.reader.client));
}

/* EXTERNAL and ANONYMOUS are told no password; who comes by a token that fits is who it says. */
static int gets_in(const struct meets *t)
{
    if (t->way->login == MAILPROTO_SASL_EXTERNAL || t->way->login == MAILPROTO_SASL_ANONYMOUS)
        return 1;
    if (t->way->login == MAILPROTO_SASL_XOAUTH2 || t->way->login == MAILPROTO_SASL_OAUTHBEARER)
        return t->user != WRONG_PASSWORD;
    return t->user == ALICE;
}

static void check(const struct meets *t, uint64_t seed)
{
    const int in = gets_in(t);

    if (t->m.reader.readies != in || t->m.maildrop.opens != in)
        fail_msg("way %x, stored %u, user %u, seed %u: the client is%s in, and should%s be: %.*s", t->way->login,
                 t->stored, t->user, (unsigned)seed, t->m.reader.readies ? "" : " not", in ? "" : " not",
                 (int)t->m.reader.log.len, (const char *)t->m.reader.log.ptr);
    assert_int_equal(t->m.reader.host.why, in ? MAILPROTO_OK : MAILPROTO_ERR_AUTH);
    assert_int_equal(t->refused != 0, !in);
    assert_int_equal(t->m.maildrop.ends, in);
    check_books(&t->m.maildrop.host, "server", seed);
    check_books(&t->m.reader.host, "client", seed);
}

typedef void (*with)(struct meets *t, const struct way *way, uint32_t kept, uint32_t user, uint32_t tls);

/* Everything that there is, and without TLS what goes without. */
static void all_of_it(with f)
{
    static struct meets t;

    for (const struct way *way = ways; way < ways + WAYS; way++)
        for (uint32_t kept = 0; kept < STORED; kept++)
            for (uint32_t user = 0; user < USERS; user++)
                for (uint32_t tls = way->tls; tls < 2; tls++)
                    /* the timestamp of APOP is forgotten by STLS */
                    if (way->stored >> kept & 1 && !(tls && way->login == MAILPROTO_POP3_APOP))
                        f(&t, way, kept, user, tls);
}

static void meet(struct meets *t, const struct way *way, uint32_t kept, uint32_t user, uint32_t tls)
{
    for (uint64_t seed = 1; seed <= 10; seed++) {
        begin(t, way, kept, user, tls, seed);
        talk(&t->m, SIZE_MAX);
        check(t, seed);
        meeting_end(&t->m);
    }
}

static void test_logins(void **state)
{
    (void)state;
    all_of_it(meet);
}

/* The connection breaks anywhere: nobody is half logged in, and every request has its end. */
static void meet_and_break(struct meets *t, const struct way *way, uint32_t kept, uint32_t user, uint32_t tls)
{
    for (uint64_t seed = 1; seed <= 10; seed++) {
        begin(t, way, kept, user, tls, seed);
        talk(&t->m, 1 + test_random_below(&t->m.random, 900));
        test_host_lost(&t->m.maildrop.host, MAILPROTO_ERR_LOST);
        test_host_lost(&t->m.reader.host, MAILPROTO_ERR_LOST);
        t->m.maildrop.host.in.len = t->m.reader.host.in.len = 0;
        test_host_rest(&t->m.maildrop.host);
        test_host_rest(&t->m.reader.host);
        assert_int_equal(t->m.maildrop.host.closed, 1);
        assert_int_equal(t->m.reader.host.closed, 1);
        assert_int_equal(t->m.maildrop.opens, t->m.maildrop.ends);
        assert_true(!t->m.reader.readies || gets_in(t));
        check_books(&t->m.maildrop.host, "server", seed);
        check_books(&t->m.reader.host, "client", seed);
        meeting_end(&t->m);
    }
}

static void test_broken_logins(void **state)
{
    (void)state;
    all_of_it(meet_and_break);
}

/* What the server asks its provider for a wrong password and for a user that there is not: the same, so that the time tells
   nothing. */
static void count(struct meets *t, const struct way *way, uint32_t kept, uint32_t user, uint32_t tls)
{
    static struct test_crypto_calls wrong;

    if (user == ALICE)
        return;
    begin(t, way, kept, user, tls, 3);
    talk(&t->m, SIZE_MAX);
    if (user == WRONG_PASSWORD)
        wrong = t->server_calls;
    else
        assert_memory_equal(&wrong, &t->server_calls, sizeof wrong);
    meeting_end(&t->m);
}

static void test_same_work(void **state)
{
    (void)state;
    all_of_it(count);
}

/* Somebody is between them, and knows what both say: the proof is of another channel. */
static void test_somebody_between(void **state)
{
    static struct meets t;

    (void)state;
    somebody_between = 1;
    for (const struct way *way = ways; way < ways + WAYS; way++) {
        if (!way->binding)
            continue;
        begin(&t, way, A_PASSWORD, ALICE, 1, 1);
        talk(&t.m, SIZE_MAX);
        assert_int_equal(t.outcome, MAILPROTO_SASL_REFUSED);
        assert_int_equal(t.m.reader.readies, 0);
        assert_int_equal(t.m.maildrop.opens, 0);
        assert_int_equal(t.m.reader.host.why, MAILPROTO_ERR_AUTH);
        meeting_end(&t.m);
    }
    somebody_between = 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_logins),
        cmocka_unit_test(test_broken_logins),
        cmocka_unit_test(test_same_work),
        cmocka_unit_test(test_somebody_between),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
