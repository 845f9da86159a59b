/* test_sasl_exchange.c - a client against a server: every mechanism, with keys, passwords, nobody and the wrong password.
 * RFC 4422 section 3; RFC 5802 section 6 (bindings); mailproto/sasl.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "support/sasl_play.h"

#define TEXT(literal) ((mailproto_text){(literal), sizeof(literal) - 1})

static const uint32_t with_password[] = {
    MAILPROTO_SASL_PLAIN,
    MAILPROTO_SASL_LOGIN,
    MAILPROTO_SASL_CRAM_MD5,
    MAILPROTO_SASL_SCRAM_SHA_1,
    MAILPROTO_SASL_SCRAM_SHA_256,
    MAILPROTO_SASL_SCRAM_SHA_512,
    MAILPROTO_SASL_SCRAM_SHA_1_PLUS,
    MAILPROTO_SASL_SCRAM_SHA_256_PLUS,
    MAILPROTO_SASL_SCRAM_SHA_512_PLUS,
};

enum { PASSWORDS = sizeof with_password / sizeof with_password[0] };

static mailproto_tls_info tls;

/* With TLS on both sides, one mechanism, and a watch on secrets. */
static void begin(struct sasl_play *p, uint32_t mechanism)
{
    sasl_play_init(p);
    sasl_play_only(p, mechanism);
    sasl_play_tls(&tls, 0x0304);
    p->client_tls = p->server_tls = &tls;
    p->memory.secret = p->right;
}

/* ---- every mechanism, every user ---- */

static void play_one(uint32_t mechanism, uint32_t stored, int wrong, uint32_t variant)
{
    int passes = stored != SASL_UNKNOWN && !wrong;
    struct sasl_play p;

    begin(&p, mechanism);
    p.stored = stored;
    p.password = wrong ? "pencils" : "pencil";
    p.no_initial = variant & 1;
    p.derive = variant >> 1 & 1;
    p.check = variant >> 2 & 1;
    assert_int_equal(sasl_play(&p), passes);
    assert_int_equal(p.mechanism, mechanism);
    assert_int_equal(p.auths, p.outcomes[MAILPROTO_SASL_CHECK] + p.outcomes[MAILPROTO_SASL_PROVEN] +
                                  p.outcomes[MAILPROTO_SASL_REFUSED]);
    if (mechanism & (MAILPROTO_SASL_PLAIN | MAILPROTO_SASL_LOGIN) && p.check == SASL_JUDGE) {
        assert_int_equal(p.outcomes[MAILPROTO_SASL_CHECK], 1);
        assert_int_equal(p.auths, 1);
    } else {
        assert_int_equal(p.outcomes[MAILPROTO_SASL_PROVEN], passes);
        assert_int_equal(p.outcomes[MAILPROTO_SASL_REFUSED], !passes);
        assert_string_equal(p.seen_password, ""); /* the host need not see what was compared for it */
    }
    assert_string_equal(p.seen_name, "user");
    if (!passes) {
        assert_int_equal(p.server_state, MAILPROTO_SASL_FAILURE);
        assert_int_equal(p.server_why, MAILPROTO_ERR_AUTH);
        assert_int_equal(p.client_state, MAILPROTO_SASL_FAILURE);
    }
    sasl_play_clean(&p);
}

static void test_users(void **state)
{
    (void)state;
    for (size_t i = 0; i < PASSWORDS; i++)
        for (uint32_t stored = SASL_KEYS; stored <= SASL_UNKNOWN; stored++)
            for (int wrong = 0; wrong < 2; wrong++)
                for (uint32_t variant = 0; variant < 8; variant++)
                    play_one(with_password[i], stored, wrong, variant);
}

/* The host lets nobody in who has proven all: the server says nothing of its own signature. */
static void test_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < PASSWORDS; i++) {
        struct sasl_play p;

        begin(&p, with_password[i]);
        p.refuse = 1;
        assert_int_equal(sasl_play(&p), 0);
        assert_int_equal(p.server_state, MAILPROTO_SASL_FAILURE);
        assert_int_equal(p.client_state, MAILPROTO_SASL_FAILURE);
        sasl_play_clean(&p);
    }
}

/* ---- the same work ---- */

/* What the server's provider was asked, and how much each time. */
struct work {
    char calls[RECORDED_CRYPTO_LOG], sizes[RECORDED_CRYPTO_LOG];
};

static void work(uint32_t mechanism, uint32_t check, uint32_t stored, uint32_t who, const char *password,
                 struct work *done)
{
    struct sasl_play p;

    begin(&p, mechanism);
    p.server.stored = stored;
    p.check = check;
    p.stored = who;
    p.password = password;
    (void)sasl_play(&p);
    strcpy(done->calls, p.server_crypto.log);
    strcpy(done->sizes, p.server_crypto.sizes);
    sasl_play_clean(&p);
}

static void same_work(uint32_t mechanism, uint32_t stored, uint32_t who)
{
    struct work wrong, nobody;

    work(mechanism, SASL_COMPARE, stored, who, "pencils", &wrong);
    work(mechanism, SASL_COMPARE, stored, SASL_UNKNOWN, "pencils", &nobody);
    assert_string_equal(wrong.calls, nobody.calls);
    assert_string_equal(wrong.sizes, nobody.sizes);
    assert_true(stored || strlen(wrong.calls) > 0); /* passwords are compared with nothing asked */
}

/* The provider is asked the same, of as many octets and as many iterations, for a wrong password and for nobody: where users
   have keys, and where they have passwords. */
static void test_same_work(void **state)
{
    (void)state;
    for (size_t i = 0; i < PASSWORDS; i++) {
        same_work(with_password[i], 0, SASL_KEYS);
        same_work(with_password[i], MAILPROTO_SASL_STORED_PASSWORDS, SASL_PASSWORD);
    }
}

/* What exactly that is, of SCRAM with keys: the nonce, the salt that may be needed, the signature, the hash of the key. */
static void test_work_of_scram(void **state)
{
    struct work done;

    (void)state;
    work(MAILPROTO_SASL_SCRAM_SHA_256, 0, 0, SASL_UNKNOWN, "pencil", &done);
    assert_string_equal(done.calls, "random hmac4 hmac4 hash4 ");
    work(MAILPROTO_SASL_SCRAM_SHA_256, 0, 0, SASL_KEYS, "pencil", &done);
    assert_string_equal(done.calls, "random hmac4 hmac4 hash4 hmac4 ");
    work(MAILPROTO_SASL_PLAIN, SASL_COMPARE, 0, SASL_UNKNOWN, "pencil", &done);
    assert_non_null(strstr(done.calls, "pbkdf2-4 "));
    assert_non_null(strstr(done.sizes, "0,16*32 ")); /* of the config: what every user costs */
}

/* What the server tells of a user that there is not: salt and iterations. */
static void told(const char *name, const char *secret, uint32_t mechanism, uint64_t random, char *salt)
{
    struct sasl_play p;
    const char *s;

    begin(&p, mechanism);
    p.name = name;
    p.stored = SASL_UNKNOWN;
    p.server.secret = (mailproto_text){secret, strlen(secret)};
    p.server_crypto.random = random;
    assert_int_equal(sasl_play(&p), 0);
    s = strstr(p.said[1], ",s=");
    assert_non_null(s);
    assert_int_equal(strlen(s), 3 + 24 + strlen(",i=32"));
    strcpy(salt, s);
}

static void test_made_up_salt(void **state)
{
    char first[100], second[100];

    (void)state;
    told("nobody", "0123456789abcdef", MAILPROTO_SASL_SCRAM_SHA_256, 1, first);
    told("nobody", "0123456789abcdef", MAILPROTO_SASL_SCRAM_SHA_256, 2, second);
    assert_string_equal(first, second);
    told("anybody", "0123456789abcdef", MAILPROTO_SASL_SCRAM_SHA_256, 2, second);
    assert_string_not_equal(first, second);
    told("nobody", "0123456789abcdeF", MAILPROTO_SASL_SCRAM_SHA_256, 2, second);
    assert_string_not_equal(first, second);
    told("nobody", "", MAILPROTO_SASL_SCRAM_SHA_256, 1, first);
    told("nobody", "", MAILPROTO_SASL_SCRAM_SHA_256, 2, second);
    assert_string_not_equal(first, second);
}

/* ---- channel bindings ---- */

static mailproto_tls_info without(uint32_t version, int exporter, int unique)
{
    mailproto_tls_info info;

    sasl_play_tls(&info, version);
    if (!exporter)
        info.exporter = TEXT("");
    if (!unique)
        info.unique = TEXT("");
    return info;
}

static void bound(const mailproto_tls_info *client, const mailproto_tls_info *server, const char *type, int passes)
{
    for (uint32_t plus = MAILPROTO_SASL_SCRAM_SHA_1_PLUS; plus <= MAILPROTO_SASL_SCRAM_SHA_512_PLUS; plus <<= 1)
        for (uint32_t stored = SASL_KEYS; stored <= SASL_UNKNOWN; stored++)
            for (int wrong = 0; wrong < 2; wrong++) {
                struct sasl_play p;

                begin(&p, plus);
                p.client_tls = client;
                p.server_tls = server;
                p.stored = stored;
                p.password = wrong ? "pencils" : "pencil";
                assert_int_equal(sasl_play(&p), passes && !wrong && stored != SASL_UNKNOWN);
                assert_memory_equal(p.said[0], type, strlen(type));
                sasl_play_clean(&p);
            }
}

static void test_binding_types(void **state)
{
    mailproto_tls_info all_1_3 = without(0x0304, 1, 1), all_1_2 = without(0x0303, 1, 1), unknown = without(0, 1, 1);
    mailproto_tls_info end_point = without(0x0304, 0, 1), exporter = without(0x0303, 1, 0);
    mailproto_tls_info other = all_1_2;

    (void)state;
    bound(&all_1_3, &all_1_3, "p=tls-exporter,,", 1);
    bound(&all_1_2, &all_1_2, "p=tls-unique,,", 1);
    bound(&unknown, &unknown, "p=tls-exporter,,", 1);
    bound(&end_point, &all_1_3, "p=tls-server-end-point,,", 1);
    bound(&exporter, &all_1_2, "p=tls-exporter,,", 1);
    bound(&all_1_2, &exporter, "p=tls-unique,,", 0); /* the server has none of the type */
    other.unique = TEXT("finished,octets");
    bound(&all_1_2, &other, "p=tls-unique,,", 0); /* somebody is between */
}

/* Somebody between is a refusal like a wrong password's, and as much work. */
static void test_binding_differs(void **state)
{
    mailproto_tls_info other;
    struct sasl_play p;

    (void)state;
    begin(&p, MAILPROTO_SASL_SCRAM_SHA_512_PLUS);
    sasl_play_tls(&other, 0x0304);
    other.exporter = TEXT("exported keying material of 32 O");
    p.server_tls = &other;
    assert_int_equal(sasl_play(&p), 0);
    assert_int_equal(p.outcomes[MAILPROTO_SASL_REFUSED], 1);
    assert_int_equal(p.server_why, MAILPROTO_ERR_AUTH);
    sasl_play_clean(&p);
}

static void first_octets(struct sasl_play *p, const char *expected)
{
    p->messages = 0;
    assert_int_equal(sasl_play(p), 1);
    assert_memory_equal(p->said[0], expected, strlen(expected));
    sasl_play_clean(p);
}

/* The client can bind, and is shown a list from which -PLUS was taken: the server that offered it notices. */
static void test_stripped(void **state)
{
    struct sasl_play p;

    (void)state;
    sasl_play_init(&p);
    sasl_play_tls(&tls, 0x0304);
    p.client_tls = p.server_tls = &tls;
    p.offered = "SCRAM-SHA-256 PLAIN";
    assert_int_equal(sasl_play(&p), 0);
    assert_memory_equal(p.said[0], "y,,", 3);
    assert_int_equal(p.server_why, MAILPROTO_ERR_AUTH);
    assert_int_equal(p.auths, 0);
    p.server.mechanisms = MAILPROTO_SASL_SCRAM_SHA_256; /* a server that has no -PLUS takes it */
    first_octets(&p, "y,,n=user,r=");
}

static void test_flags(void **state)
{
    struct sasl_play p;

    (void)state;
    begin(&p, MAILPROTO_SASL_SCRAM_SHA_256);
    first_octets(&p, "n,,n=user,r="); /* its order has no -PLUS */
    p.client.order[1] = MAILPROTO_SASL_SCRAM_SHA_256_PLUS;
    first_octets(&p, "y,,n=user,r=");
    p.client.flags = MAILPROTO_SASL_CLIENT_NO_BINDING_FLAG;
    first_octets(&p, "n,,n=user,r=");
    p.client.flags = 0;
    p.client_tls = NULL;
    first_octets(&p, "n,,n=user,r=");
    p.client_tls = &tls;
    p.server.mechanisms |= MAILPROTO_SASL_SCRAM_SHA_1_PLUS; /* it can bind, though not as the client wants */
    first_octets(&p, "n,,n=user,r=");
}

/* ---- names ---- */

static void named(uint32_t mechanism, const char *authorization, const char *name, const char *seen_as,
                  const char *seen_name)
{
    struct sasl_play p;

    begin(&p, mechanism);
    p.authorization = authorization;
    p.name = name;
    assert_int_equal(sasl_play(&p), 1);
    assert_string_equal(p.seen_authorization, seen_as);
    assert_string_equal(p.seen_name, seen_name);
    sasl_play_clean(&p);
}

static void test_names(void **state)
{
    (void)state;
    named(MAILPROTO_SASL_PLAIN, "boss", "user", "boss", "user");
    named(MAILPROTO_SASL_SCRAM_SHA_256, "boss", "user", "boss", "user");
    named(MAILPROTO_SASL_SCRAM_SHA_256_PLUS, "bo,ss=", "us=er,", "bo,ss=", "us=er,");
    named(MAILPROTO_SASL_SCRAM_SHA_1, "", "=2C=3D,,", "", "=2C=3D,,");
    named(MAILPROTO_SASL_CRAM_MD5, "", "two words", "", "two words");
    named(MAILPROTO_SASL_CRAM_MD5, "user", "user", "", "user");
    named(MAILPROTO_SASL_LOGIN, "user", "user", "", "user");
    named(MAILPROTO_SASL_OAUTHBEARER, "", "a,b=c", "a,b=c", "");
    named(MAILPROTO_SASL_OAUTHBEARER, "boss", "user", "boss", "");
    named(MAILPROTO_SASL_OAUTHBEARER, "", "", "", "");
    named(MAILPROTO_SASL_XOAUTH2, "", "user@example.org", "", "user@example.org");
    named(MAILPROTO_SASL_EXTERNAL, "", "", "", "certified");
    named(MAILPROTO_SASL_EXTERNAL, "boss", "", "boss", "certified");
    named(MAILPROTO_SASL_ANONYMOUS, "", "sirhc", "", "sirhc");
    named(MAILPROTO_SASL_ANONYMOUS, "", "me@example.org", "", "me@example.org");
    named(MAILPROTO_SASL_ANONYMOUS, "", "", "", "");
}

/* One side composes what the other had in pieces. */
static void test_prepared(void **state)
{
    size_t made;

    (void)state;
    if (mailproto_sasl_saslprep("\xc3\xbc", 2, 0, NULL, 0, &made) == MAILPROTO_ERR_UNSUPPORTED)
        return;
    for (size_t i = 0; i < PASSWORDS; i++)
        for (uint32_t stored = SASL_KEYS; stored <= SASL_PASSWORD; stored++) {
            struct sasl_play p;

            begin(&p, with_password[i]);
            p.check = SASL_COMPARE;
            p.stored = stored;
            p.name = "b\xc3\xbcro\xc2\xad";
            p.password = "I\xc2\xadX\xc3\xbc";
            p.right = p.memory.secret = "\xe2\x85\xa8u\xcc\x88";
            assert_int_equal(sasl_play(&p), 1);
            assert_string_equal(p.seen_name, "b\xc3\xbcro");
            sasl_play_clean(&p);
        }
}

/* ---- tokens ---- */

static void test_tokens(void **state)
{
    static const uint32_t tokens[] = {MAILPROTO_SASL_XOAUTH2, MAILPROTO_SASL_OAUTHBEARER};
    char token[4097];

    (void)state;
    memset(token, 'x', sizeof token - 1);
    token[sizeof token - 1] = '\0';
    for (size_t i = 0; i < 2; i++) {
        struct sasl_play p;

        begin(&p, tokens[i]);
        p.password = p.right = p.memory.secret = token;
        assert_int_equal(sasl_play(&p), 1);
        assert_string_equal(p.seen_password, token);
        assert_int_equal(p.outcomes[MAILPROTO_SASL_CHECK], 1);
        sasl_play_clean(&p);
        p.token_fails = 1;
        p.messages = 0;
        assert_int_equal(sasl_play(&p), 0);
        assert_int_equal(p.messages, 3); /* the token, the refusal, and the answer to that */
        assert_int_equal(p.said[1][0], '{');
        assert_string_equal(p.said[2], tokens[i] == MAILPROTO_SASL_OAUTHBEARER ? "\1" : "");
        assert_int_equal(p.server_why, MAILPROTO_ERR_AUTH);
        sasl_play_clean(&p);
    }
}

static void test_where(void **state)
{
    struct sasl_play p;

    (void)state;
    begin(&p, MAILPROTO_SASL_OAUTHBEARER);
    assert_int_equal(sasl_play(&p), 1);
    assert_string_equal(p.seen_host, "mail.example.org");
    assert_int_equal(p.seen_port, 587);
    p.client.host_name = TEXT("");
    p.client.port = 0;
    assert_int_equal(sasl_play(&p), 1);
    assert_string_equal(p.seen_host, "");
    assert_int_equal(p.seen_port, 0);
}

/* ---- iterations ---- */

static void iterated(uint32_t iterations, uint32_t min, uint32_t max, int passes)
{
    struct sasl_play p;

    begin(&p, MAILPROTO_SASL_SCRAM_SHA_1);
    p.iterations = iterations;
    p.client.min_iterations = min;
    p.client.max_iterations = max;
    assert_int_equal(sasl_play(&p), passes);
    if (!passes) {
        assert_int_equal(p.client_why, MAILPROTO_ERR_AUTH);
        assert_int_equal(p.auths, 0); /* nothing was proven to it */
        assert_string_equal(p.client_crypto.log, "random ");
    }
    sasl_play_clean(&p);
}

static void test_iterations(void **state)
{
    (void)state;
    iterated(100, 100, 100, 1);
    iterated(99, 100, 200, 0);
    iterated(201, 100, 200, 0);
    iterated(4095, 0, 0, 0);
    iterated(4096, 0, 0, 1);
}

/* ---- a server that cheats ---- */

/* The octet of a message that is changed. */
static size_t changed_at;

static int change(struct sasl_play *p, char *message, size_t *len)
{
    (void)p;
    if (changed_at >= *len)
        return 0;
    message[changed_at] ^= 1;
    return 1;
}

/* The server's signature is another: the client does not believe the success that follows. */
static void test_server_signature(void **state)
{
    (void)state;
    for (changed_at = 0;; changed_at++) {
        struct sasl_play p;

        begin(&p, MAILPROTO_SASL_SCRAM_SHA_256);
        p.change = change;
        p.change_at = 3;
        if (sasl_play(&p) == 1)
            break;
        assert_int_equal(p.change_at, 3);
        assert_int_equal(p.client_state, MAILPROTO_SASL_FAILURE);
        assert_true(p.client_why == MAILPROTO_ERR_AUTH || p.client_why == MAILPROTO_ERR_PROTOCOL);
        assert_int_equal(p.outcomes[MAILPROTO_SASL_PROVEN], 1);
    }
    assert_int_equal(changed_at, 2 + 44);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_users),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_same_work),
        cmocka_unit_test(test_work_of_scram),
        cmocka_unit_test(test_made_up_salt),
        cmocka_unit_test(test_binding_types),
        cmocka_unit_test(test_binding_differs),
        cmocka_unit_test(test_stripped),
        cmocka_unit_test(test_flags),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_prepared),
        cmocka_unit_test(test_tokens),
        cmocka_unit_test(test_where),
        cmocka_unit_test(test_iterations),
        cmocka_unit_test(test_server_signature),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
