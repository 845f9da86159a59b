/* test_sasl_faults.c - exchanges that go wrong: no memory, a provider that fails, messages cut, changed, repeated and late.
 * RFC 4422 section 3; contract.md sections 2 and 3. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sasl/client.h"
#include "sasl/server.h"
#include "support/sasl_play.h"

#define TEXT(literal) ((mailproto_text){(literal), sizeof(literal) - 1})

/* All but OTHER. */
enum { FIRST = MAILPROTO_SASL_PLAIN, LAST = MAILPROTO_SASL_ANONYMOUS };

static mailproto_tls_info tls;

static void begin(struct sasl_play *p, uint32_t mechanism)
{
    sasl_play_init(p);
    sasl_play_only(p, mechanism);
    sasl_play_tls(&tls, 0x0303);
    p->client_tls = p->server_tls = &tls;
    p->memory.secret = p->right;
    p->check = SASL_COMPARE;
    if (mechanism & MAILPROTO_SASL_OAUTHBEARER)
        p->authorization = "bo,ss";
}

/* ---- memory and the provider ---- */

static void test_no_memory(void **state)
{
    (void)state;
    for (uint32_t mechanism = FIRST; mechanism <= LAST; mechanism <<= 1)
        for (int on = 0; on < 2; on++)
            for (size_t at = 1;; at++) {
                struct sasl_play p;

                begin(&p, mechanism);
                p.memory.fail_at = at;
                p.memory.fail_on = on;
                if (sasl_play(&p) == 1) {
                    assert_int_equal(p.memory.failed, 0);
                    sasl_play_clean(&p);
                    break;
                }
                assert_int_equal(p.broken, MAILPROTO_ERR_NOMEM);
                sasl_play_clean(&p);
            }
}

/* A refused token takes memory for the refusal. */
static void test_no_memory_for_refusal(void **state)
{
    (void)state;
    for (size_t at = 1; at < 20; at++) {
        struct sasl_play p;
        int32_t result;

        begin(&p, MAILPROTO_SASL_OAUTHBEARER);
        p.token_fails = 1;
        p.memory.fail_at = at;
        result = sasl_play(&p);
        assert_int_equal(result, p.memory.failed ? MAILPROTO_ERR_NOMEM : 0);
        sasl_play_clean(&p);
    }
}

static void fails(uint32_t mechanism, uint32_t stored, int at_client)
{
    for (size_t at = 1;; at++) {
        struct sasl_play p;
        struct recorded_crypto *crypto = at_client ? &p.client_crypto : &p.server_crypto;

        begin(&p, mechanism);
        p.stored = stored;
        crypto->fail_at = at;
        if (sasl_play(&p) == 1) {
            assert_true(crypto->count < at);
            return;
        }
        assert_int_equal(p.broken, 0);
        assert_int_equal(at_client ? p.client_why : p.server_why, MAILPROTO_ERR_UNAVAILABLE);
        sasl_play_clean(&p);
    }
}

/* What the provider answers is what the login fails of. */
static void test_provider_fails(void **state)
{
    (void)state;
    for (uint32_t mechanism = FIRST; mechanism <= LAST; mechanism <<= 1)
        for (int at_client = 0; at_client < 2; at_client++) {
            fails(mechanism, SASL_KEYS, at_client);
            fails(mechanism, SASL_PASSWORD, at_client);
        }
}

static void test_host_fails(void **state)
{
    struct sasl_play p;

    (void)state;
    begin(&p, MAILPROTO_SASL_SCRAM_SHA_1);
    p.stored = SASL_PASSWORD;
    p.derive = 2;
    p.change_at = -1;
    assert_int_equal(sasl_play(&p), 0);
    assert_int_equal(p.server_why, MAILPROTO_ERR_UNAVAILABLE);
    sasl_play_clean(&p);
}

/* ---- messages ---- */

static size_t change_place;
static uint8_t change_bits;

static int cut(struct sasl_play *p, char *message, size_t *len)
{
    (void)p;
    (void)message;
    if (change_place >= *len)
        return 0;
    *len = change_place;
    return 1;
}

static int flip(struct sasl_play *p, char *message, size_t *len)
{
    (void)p;
    if (change_place >= *len)
        return 0;
    message[change_place] = (char)((uint8_t)message[change_place] ^ change_bits);
    return 1;
}

static int append(struct sasl_play *p, char *message, size_t *len)
{
    (void)p;
    if (change_place)
        return 0;
    message[(*len)++] = (char)change_bits;
    return 1;
}

static int twice(struct sasl_play *p, char *message, size_t *len)
{
    (void)p;
    if (change_place || !*len || *len > 600)
        return 0;
    memcpy(message + *len, message, *len);
    *len *= 2;
    return 1;
}

/* What the messages of a mechanism protect: LOGIN's challenges are mere words; what ANONYMOUS, EXTERNAL and OAUTHBEARER say is
   judged by the host, which lets all in here. */
static int believes(uint32_t mechanism, int number)
{
    if (mechanism &
        (MAILPROTO_SASL_ANONYMOUS | MAILPROTO_SASL_EXTERNAL | MAILPROTO_SASL_OAUTHBEARER | MAILPROTO_SASL_XOAUTH2))
        return 1;
    return mechanism == MAILPROTO_SASL_LOGIN && number % 2 == 0;
}

/* Changes every message at every place: nobody comes in by what is not the message. */
static void changed(uint32_t mechanism, int (*change)(struct sasl_play *p, char *message, size_t *len))
{
    int number = 0;

    for (int more = 1; more; number++) {
        for (change_place = 0;; change_place++) {
            struct sasl_play p;

            begin(&p, mechanism);
            p.iterations = 16;
            p.user = "user";
            p.change = change;
            p.change_at = number;
            (void)sasl_play(&p);
            assert_int_equal(p.broken, 0);
            sasl_play_clean(&p);
            if (p.change_at < 0)
                break; /* the message has no such place */
            if (p.messages <= number) {
                more = 0;
                break;
            }
            if (!believes(mechanism, number))
                assert_false(p.client_state == MAILPROTO_SASL_SUCCESS && p.server_state == MAILPROTO_SASL_SUCCESS);
        }
    }
    assert_true(number > 1);
}

static void test_messages_changed(void **state)
{
    (void)state;
    for (uint32_t mechanism = FIRST; mechanism <= LAST; mechanism <<= 1) {
        changed(mechanism, cut);
        change_bits = 1;
        changed(mechanism, flip);
        change_bits = 0x80;
        changed(mechanism, flip);
        change_bits = ',';
        changed(mechanism, append);
        change_bits = 0;
        changed(mechanism, append);
        changed(mechanism, twice);
    }
}

/* ---- what is no message ---- */

static mailproto_sasl_server *new_server(struct sasl_play *p)
{
    mailproto_sasl_server *server;
    const char *why;

    assert_int_equal(mailproto_sasl_server_new(&server, &p->server, p->server_tls, &p->memory.api, &why), MAILPROTO_OK);
    return server;
}

static void refuses(uint32_t mechanism, mailproto_text message, int32_t expected)
{
    const char *name = mailproto_sasl_mechanism_name(mechanism);
    mailproto_sasl_server *server;
    mailproto_sasl_state state;
    struct sasl_play p;

    begin(&p, mechanism);
    server = new_server(&p);
    assert_int_equal(mailproto_sasl_server_start(server, name, strlen(name), message.ptr, message.len),
                     MAILPROTO_SASL_FAILURE);
    mailproto_sasl_state_init(&state, sizeof state);
    mailproto_sasl_server_state(server, &state);
    assert_int_equal(state.why, expected);
    assert_true(state.text.len > 0);
    assert_int_equal(mailproto_sasl_server_respond(server, "x", 1), MAILPROTO_ERR_STATE);
    mailproto_sasl_server_free(server);
    sasl_play_clean(&p);
}

enum { BROKEN = MAILPROTO_ERR_PROTOCOL, REFUSED = MAILPROTO_ERR_AUTH };

static void test_no_message_of_scram(void **state)
{
    const uint32_t scram = MAILPROTO_SASL_SCRAM_SHA_256, plus = MAILPROTO_SASL_SCRAM_SHA_256_PLUS;

    (void)state;
    refuses(scram, TEXT(""), BROKEN);
    refuses(scram, TEXT("n,,"), BROKEN);
    refuses(scram, TEXT("n,,n=user"), BROKEN);
    refuses(scram, TEXT("n,,n=user,r="), BROKEN);
    refuses(scram, TEXT("n,,n=user,r=a\tb"), BROKEN);
    refuses(scram, TEXT("n,,r=abc,n=user"), BROKEN);
    refuses(scram, TEXT("n,,n=,r=abc"), BROKEN);
    refuses(scram, TEXT("n,,m=x,n=user,r=abc"), BROKEN);
    refuses(scram, TEXT("n,,n=us=er,r=abc"), BROKEN);
    refuses(scram, TEXT("n,,n=us=2D,r=abc"), BROKEN);
    refuses(scram, TEXT("n,,n=us=3,r=abc"), BROKEN);
    refuses(scram, TEXT("n,,n=us=3C,r=abc"), BROKEN);
    refuses(scram, TEXT("n,,n=\xff,r=abc"), BROKEN);
    refuses(scram, TEXT("n,,n=us\0er,r=abc"), BROKEN);
    refuses(scram, TEXT("n,,n=us\7er,r=abc"), REFUSED);
    refuses(scram, TEXT("x,,n=user,r=abc"), BROKEN);
    refuses(scram, TEXT("nn,,n=user,r=abc"), BROKEN);
    refuses(scram, TEXT("n,b=x,n=user,r=abc"), BROKEN);
    refuses(scram, TEXT("n,a=,n=user,r=abc"), BROKEN);
    refuses(scram, TEXT("n,a=x=,n=user,r=abc"), BROKEN);
    refuses(scram, TEXT("p=tls-unique,,n=user,r=abc"), BROKEN);
    refuses(plus, TEXT("n,,n=user,r=abc"), BROKEN);
    refuses(plus, TEXT("y,,n=user,r=abc"), BROKEN);
    refuses(plus, TEXT("p=,,n=user,r=abc"), BROKEN);
    refuses(plus, TEXT("p=tls unique,,n=user,r=abc"), BROKEN);
    refuses(plus, TEXT("p=tls-nothing,,n=user,r=abc"), REFUSED);
}

static void test_no_message(void **state)
{
    (void)state;
    refuses(MAILPROTO_SASL_PLAIN, TEXT(""), BROKEN);
    refuses(MAILPROTO_SASL_PLAIN, TEXT("user\0pencil"), BROKEN);
    refuses(MAILPROTO_SASL_PLAIN, TEXT("\0user\0"), BROKEN);
    refuses(MAILPROTO_SASL_PLAIN, TEXT("\0user\0a\0b"), BROKEN);
    refuses(MAILPROTO_SASL_LOGIN, TEXT(""), BROKEN);
    refuses(MAILPROTO_SASL_CRAM_MD5, TEXT("user b913a602c7eda7a495b4e6e7334d3890"), BROKEN); /* the server begins */
    refuses(MAILPROTO_SASL_EXTERNAL, TEXT("a\0b"), BROKEN);
    refuses(MAILPROTO_SASL_ANONYMOUS, TEXT("a\0b"), BROKEN);
    refuses(MAILPROTO_SASL_ANONYMOUS, TEXT("a@b@c"), BROKEN);
    refuses(MAILPROTO_SASL_ANONYMOUS, TEXT("@b"), BROKEN);
    refuses(MAILPROTO_SASL_XOAUTH2, TEXT("user=me\1auth=Bearer x\1"), BROKEN);
    refuses(MAILPROTO_SASL_XOAUTH2, TEXT("user=\1auth=Bearer x\1\1"), BROKEN);
    refuses(MAILPROTO_SASL_XOAUTH2, TEXT("auth=Bearer x\1\1"), BROKEN);
    refuses(MAILPROTO_SASL_OAUTHBEARER, TEXT("\1"), BROKEN);
    refuses(MAILPROTO_SASL_OAUTHBEARER, TEXT("n,,"), BROKEN);
    refuses(MAILPROTO_SASL_OAUTHBEARER, TEXT("n,,\1auth=Bearer x\1"), BROKEN);
    refuses(MAILPROTO_SASL_OAUTHBEARER, TEXT("n,,\1auth=Bearer x\1\1x"), BROKEN);
    refuses(MAILPROTO_SASL_OAUTHBEARER, TEXT("n,,\1port=x\1auth=Bearer x\1\1"), BROKEN);
    refuses(MAILPROTO_SASL_OAUTHBEARER, TEXT("n,,\1port=70000\1auth=Bearer x\1\1"), BROKEN);
    refuses(MAILPROTO_SASL_OAUTHBEARER, TEXT("n,,\1a b=x\1auth=Bearer x\1\1"), BROKEN);
    refuses(MAILPROTO_SASL_OAUTHBEARER, TEXT("n,,\1=x\1auth=Bearer x\1\1"), BROKEN);
    refuses(MAILPROTO_SASL_OAUTHBEARER, TEXT("p=tls-unique,,\1auth=Bearer x\1\1"), BROKEN);
}

/* A message over the limit is not looked at. */
static void test_limit(void **state)
{
    struct sasl_play p;
    char message[100];
    mailproto_sasl_server *server;

    (void)state;
    memset(message, 'x', sizeof message);
    begin(&p, MAILPROTO_SASL_ANONYMOUS);
    p.server.max_message = 99;
    server = new_server(&p);
    assert_int_equal(mailproto_sasl_server_start(server, "ANONYMOUS", 9, message, 99), MAILPROTO_SASL_AUTH);
    assert_int_equal(mailproto_sasl_server_start(server, "ANONYMOUS", 9, message, 100), MAILPROTO_SASL_FAILURE);
    mailproto_sasl_server_free(server);
    sasl_play_clean(&p);
}

/* ---- what a server may not say to a client ---- */

/* `nonce` in it stands for the client's. */
static void client_refuses(const char *challenge, int32_t expected)
{
    char text[200], *nonce;
    mailproto_sasl_client *client;
    mailproto_sasl_state state;
    struct sasl_play p;
    const char *why;
    size_t n = strlen(challenge);

    begin(&p, MAILPROTO_SASL_SCRAM_SHA_256);
    assert_int_equal(mailproto_sasl_client_new(&client, &p.client, NULL, 0, &p.memory.api, &why), MAILPROTO_OK);
    assert_int_equal(mailproto_sasl_client_start(client, "SCRAM-SHA-256", 13), MAILPROTO_SASL_CREDENTIALS);
    assert_int_equal(mailproto_sasl_client_credentials(client, NULL, 0, "user", 4, "pencil", 6), MAILPROTO_SASL_SEND);
    mailproto_sasl_state_init(&state, sizeof state);
    mailproto_sasl_client_state(client, &state);
    strcpy(text, challenge);
    nonce = strstr(text, "nonce");
    if (nonce) {
        memmove(nonce + 32, nonce + 5, strlen(nonce + 5) + 1);
        memcpy(nonce, state.message.ptr + state.message.len - 32, 32);
        n += 27;
    }
    assert_int_equal(mailproto_sasl_client_challenged(client, text, n),
                     expected ? MAILPROTO_SASL_FAILURE : MAILPROTO_SASL_DERIVE);
    mailproto_sasl_client_state(client, &state);
    assert_int_equal(state.why, expected);
    if (expected) { /* it is told nothing more, whatever else it offers */
        assert_true(state.text.len > 0);
        assert_int_equal(mailproto_sasl_client_start(client, "SCRAM-SHA-256 PLAIN", 19), MAILPROTO_ERR_UNSUPPORTED);
    }
    mailproto_sasl_client_free(client);
    sasl_play_clean(&p);
}

static void test_client_refuses(void **state)
{
    (void)state;
    client_refuses("r=nonceX,s=QSXCR+Q6sek8bf92,i=4096", 0);
    client_refuses("r=nonceX,s=QSXCR+Q6sek8bf92,i=4096,x=extension", 0);
    client_refuses("r=nonce,s=QSXCR+Q6sek8bf92,i=4096", BROKEN);
    client_refuses("r=Xnonce,s=QSXCR+Q6sek8bf92,i=4096", BROKEN);
    client_refuses("r=X,s=QSXCR+Q6sek8bf92,i=4096", BROKEN);
    client_refuses("m=x,r=nonceX,s=QSXCR+Q6sek8bf92,i=4096", BROKEN);
    client_refuses("r=nonceX,s=,i=4096", BROKEN);
    client_refuses("r=nonceX,s=*,i=4096", BROKEN);
    client_refuses("r=nonceX,i=4096,s=QSXCR+Q6sek8bf92", BROKEN);
    client_refuses("r=nonceX,s=QSXCR+Q6sek8bf92,i=", BROKEN);
    client_refuses("r=nonceX,s=QSXCR+Q6sek8bf92,i=-1", BROKEN);
    client_refuses("r=nonceX,s=QSXCR+Q6sek8bf92,i=0", REFUSED);
    client_refuses("r=nonceX,s=QSXCR+Q6sek8bf92,i=15", REFUSED);
    client_refuses("r=nonceX,s=QSXCR+Q6sek8bf92,i=1000001", REFUSED);
    client_refuses("r=nonceX,s=QSXCR+Q6sek8bf92,i=99999999999999999999999", BROKEN);
    client_refuses("e=unknown-user", REFUSED);
    client_refuses("", BROKEN);
    client_refuses("v=rmF9pqV8S7suAoZWja4dJRkFsKQ=", BROKEN);
}

/* ---- out of turn ---- */

static void test_server_out_of_turn(void **state)
{
    mailproto_sasl_keys keys;
    mailproto_sasl_stepped stepped;
    mailproto_sasl_server *server;
    mailproto_sasl_state waits;
    struct sasl_play p;

    (void)state;
    begin(&p, MAILPROTO_SASL_SCRAM_SHA_1);
    server = new_server(&p);
    mailproto_sasl_keys_init(&keys, sizeof keys);
    mailproto_sasl_stepped_init(&stepped, sizeof stepped);
    for (int turn = 0; turn < 3; turn++) { /* before the start, where keys are awaited, where a message is */
        if (turn == 1)
            assert_int_equal(mailproto_sasl_server_start(server, "SCRAM-SHA-1", 11, "n,,n=user,r=abc", 15),
                             MAILPROTO_SASL_KEYS);
        if (turn == 2)
            assert_int_equal(mailproto_sasl_server_keys(server, NULL), MAILPROTO_SASL_SEND);
        if (turn != 2)
            assert_int_equal(mailproto_sasl_server_respond(server, "x", 1), MAILPROTO_ERR_STATE);
        if (turn != 1) {
            assert_int_equal(mailproto_sasl_server_keys(server, &keys), MAILPROTO_ERR_STATE);
            assert_int_equal(mailproto_sasl_server_fail(server, MAILPROTO_ERR_HOST), MAILPROTO_ERR_STATE);
        }
        assert_int_equal(mailproto_sasl_server_derived(server, NULL, 0), MAILPROTO_ERR_STATE);
        assert_int_equal(mailproto_sasl_server_step(server, &stepped), MAILPROTO_ERR_STATE);
        assert_int_equal(mailproto_sasl_server_verdict(server, 0), MAILPROTO_ERR_STATE);
    }
    mailproto_sasl_state_init(&waits, sizeof waits);
    assert_int_equal(mailproto_sasl_server_state(server, &waits), MAILPROTO_OK);
    assert_int_equal(waits.state, MAILPROTO_SASL_SEND); /* nothing of it did any harm */
    assert_int_equal(mailproto_sasl_server_start(server, "NTLM", 4, NULL, 0), MAILPROTO_ERR_UNSUPPORTED);
    assert_int_equal(mailproto_sasl_server_state(server, &waits), MAILPROTO_OK);
    assert_int_equal(waits.state, MAILPROTO_SASL_SEND);
    assert_int_equal(mailproto_sasl_server_start(server, "scram-sha-1", 11, NULL, 0), MAILPROTO_SASL_SEND);
    mailproto_sasl_server_free(server);
    mailproto_sasl_server_free(NULL);
    sasl_play_clean(&p);
}

static void test_client_out_of_turn(void **state)
{
    mailproto_sasl_client *client;
    mailproto_sasl_stepped stepped;
    struct sasl_play p;
    const char *why;

    (void)state;
    begin(&p, MAILPROTO_SASL_PLAIN);
    mailproto_sasl_stepped_init(&stepped, sizeof stepped);
    assert_int_equal(mailproto_sasl_client_new(&client, &p.client, NULL, 1, &p.memory.api, &why), MAILPROTO_OK);
    for (int turn = 0; turn < 3; turn++) {
        if (turn == 1)
            assert_int_equal(mailproto_sasl_client_start(client, "PLAIN", 5), MAILPROTO_SASL_CREDENTIALS);
        if (turn == 2)
            assert_int_equal(mailproto_sasl_client_credentials(client, NULL, 0, "user", 4, "pencil", 6),
                             MAILPROTO_SASL_SEND);
        if (turn)
            assert_int_equal(mailproto_sasl_client_start(client, "PLAIN", 5), MAILPROTO_ERR_STATE);
        if (turn != 1)
            assert_int_equal(mailproto_sasl_client_credentials(client, NULL, 0, "a", 1, "b", 1), MAILPROTO_ERR_STATE);
        if (turn != 2) {
            assert_int_equal(mailproto_sasl_client_challenged(client, "", 0), MAILPROTO_ERR_STATE);
            assert_int_equal(mailproto_sasl_client_outcome(client, 1), MAILPROTO_ERR_STATE);
        }
        assert_int_equal(mailproto_sasl_client_derived(client, NULL, 0), MAILPROTO_ERR_STATE);
        assert_int_equal(mailproto_sasl_client_step(client, &stepped), MAILPROTO_ERR_STATE);
    }
    assert_int_equal(mailproto_sasl_client_challenged(client, "more", 4), MAILPROTO_SASL_FAILURE);
    mailproto_sasl_client_free(client);
    mailproto_sasl_client_free(NULL);
    sasl_play_clean(&p);
}

/* A success that comes before the server has proven itself. */
static void test_early_success(void **state)
{
    static const uint32_t early[] = {MAILPROTO_SASL_SCRAM_SHA_1, MAILPROTO_SASL_CRAM_MD5, MAILPROTO_SASL_LOGIN};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        const char *name = mailproto_sasl_mechanism_name(early[i]), *why;
        mailproto_sasl_client *client;
        struct sasl_play p;

        begin(&p, early[i]);
        assert_int_equal(mailproto_sasl_client_new(&client, &p.client, NULL, 1, &p.memory.api, &why), MAILPROTO_OK);
        assert_int_equal(mailproto_sasl_client_start(client, name, strlen(name)), MAILPROTO_SASL_CREDENTIALS);
        assert_int_equal(mailproto_sasl_client_credentials(client, NULL, 0, "user", 4, "pencil", 6),
                         MAILPROTO_SASL_SEND);
        assert_int_equal(mailproto_sasl_client_outcome(client, 1), MAILPROTO_SASL_FAILURE);
        assert_int_equal(mailproto_sasl_client_start(client, name, strlen(name)), MAILPROTO_ERR_UNSUPPORTED);
        mailproto_sasl_client_free(client);
        sasl_play_clean(&p);
    }
}

/* ---- what it takes ---- */

static void test_memory(void **state)
{
    char name[1025], token[4097];

    (void)state;
    memset(name, ',', sizeof name - 1); /* three octets each where it is quoted */
    memset(token, 't', sizeof token - 1);
    name[sizeof name - 1] = token[sizeof token - 1] = '\0';
    for (uint32_t mechanism = FIRST; mechanism <= LAST; mechanism <<= 1) {
        struct sasl_play p;

        begin(&p, mechanism);
        p.name = mechanism == MAILPROTO_SASL_ANONYMOUS ? "me" : name;
        p.authorization =
            mechanism & (MAILPROTO_SASL_SCRAM | MAILPROTO_SASL_SCRAM_PLUS | MAILPROTO_SASL_PLAIN) ? name : "";
        p.password = p.right =
            mechanism & (MAILPROTO_SASL_XOAUTH2 | MAILPROTO_SASL_OAUTHBEARER) ? token : token + sizeof token - 1025;
        p.stored = SASL_PASSWORD;
        assert_int_equal(sasl_play(&p), 1);
        assert_true(p.memory.peak <= mp_sasl_client_memory(&p.client) + mp_sasl_server_memory(&p.server) + 1024);
        sasl_play_clean(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_no_memory_for_refusal),
        cmocka_unit_test(test_provider_fails),
        cmocka_unit_test(test_host_fails),
        cmocka_unit_test(test_messages_changed),
        cmocka_unit_test(test_no_message_of_scram),
        cmocka_unit_test(test_no_message),
        cmocka_unit_test(test_limit),
        cmocka_unit_test(test_client_refuses),
        cmocka_unit_test(test_server_out_of_turn),
        cmocka_unit_test(test_client_out_of_turn),
        cmocka_unit_test(test_early_success),
        cmocka_unit_test(test_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
