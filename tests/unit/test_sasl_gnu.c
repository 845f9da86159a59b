/* test_sasl_gnu.c - the mechanisms against those of GNU SASL, as client and as server, in one process.
 * RFC 5802, RFC 7677, RFC 5929, RFC 9266, RFC 2195, RFC 4616, RFC 4505, RFC 4422 appendix A. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <gsasl.h>

#include <mailproto/sasl.h>

#include "support/recorded_crypto.h"

#define TEXT(literal) ((mailproto_text){(literal), sizeof(literal) - 1})

/* They say who to act as. */
enum { AUTHORIZES = MAILPROTO_SASL_PLAIN | MAILPROTO_SASL_SCRAM | MAILPROTO_SASL_SCRAM_PLUS | MAILPROTO_SASL_EXTERNAL };

static const uint32_t mechanisms[] = {
    MAILPROTO_SASL_PLAIN,         MAILPROTO_SASL_LOGIN,
    MAILPROTO_SASL_CRAM_MD5,      MAILPROTO_SASL_SCRAM_SHA_1,
    MAILPROTO_SASL_SCRAM_SHA_256, MAILPROTO_SASL_SCRAM_SHA_1_PLUS,
    MAILPROTO_SASL_EXTERNAL,      MAILPROTO_SASL_SCRAM_SHA_256_PLUS,
    MAILPROTO_SASL_ANONYMOUS,
};

/* ---- GNU SASL's side: the user "us=er," with "pencil", who acts as "bo,ss" ---- */

static int binds, older; /* it may bind; TLS is 1.2 and has tls-unique alone */

static int set(Gsasl_session *session, Gsasl_property what, const char *text)
{
    gsasl_property_set(session, what, text);
    return GSASL_OK;
}

static int tell_binding(Gsasl_session *session, Gsasl_property what)
{
    if (!binds || older != (what == GSASL_CB_TLS_UNIQUE))
        return GSASL_NO_CALLBACK;
    return set(session, what, older ? "ZmluaXNoZWQ=" : "ZXhwb3J0ZWQ="); /* "finished", "exported" */
}

static int answer(Gsasl *gnu, Gsasl_session *session, Gsasl_property what)
{
    (void)gnu;
    switch (what) {
    case GSASL_PASSWORD:
        return set(session, what, "pencil");
    case GSASL_AUTHID:
        return set(session, what, "us=er,");
    case GSASL_AUTHZID:
        return set(session, what, "bo,ss");
    case GSASL_ANONYMOUS_TOKEN:
        return set(session, what, "sirhc");
    case GSASL_CB_TLS_UNIQUE:
    case GSASL_CB_TLS_EXPORTER:
        return tell_binding(session, what);
    case GSASL_VALIDATE_SIMPLE:
        return strcmp(gsasl_property_get(session, GSASL_PASSWORD), "pencil") ? GSASL_AUTHENTICATION_ERROR : GSASL_OK;
    case GSASL_VALIDATE_EXTERNAL:
    case GSASL_VALIDATE_ANONYMOUS:
        return GSASL_OK;
    default:
        return GSASL_NO_CALLBACK;
    }
}

/* ---- ours ---- */

static struct recorded_crypto crypto;

static mailproto_tls_info channel(uint32_t mechanism)
{
    mailproto_tls_info info;

    binds = (mechanism & MAILPROTO_SASL_SCRAM_PLUS) != 0;
    mailproto_tls_info_init(&info, sizeof info);
    info.version = older ? 0x0303 : 0x0304;
    info.verified = 1;
    info.peer_name = TEXT("certified");
    if (older)
        info.unique = TEXT("finished");
    else
        info.exporter = TEXT("exported");
    return info;
}

static mailproto_sasl_client *new_client(uint32_t mechanism)
{
    const char *name = mailproto_sasl_mechanism_name(mechanism);
    mailproto_tls_info info = channel(mechanism);
    mailproto_sasl_client_config config;
    mailproto_sasl_client *client;

    mailproto_sasl_client_config_init(&config, sizeof config);
    config.crypto = &crypto.api;
    config.order[0] = mechanism;
    assert_int_equal(mailproto_sasl_client_new(&client, &config, &info, 0, NULL, NULL), MAILPROTO_OK);
    assert_int_equal(mailproto_sasl_client_start(client, name, strlen(name)), MAILPROTO_SASL_CREDENTIALS);
    return client;
}

static mailproto_sasl_server *new_server(uint32_t mechanism)
{
    mailproto_tls_info info = channel(mechanism);
    mailproto_sasl_server_config config;
    mailproto_sasl_server *server;

    mailproto_sasl_server_config_init(&config, sizeof config);
    config.crypto = &crypto.api;
    config.mechanisms = mechanism;
    config.host_name = TEXT("mail.example.org");
    assert_int_equal(mailproto_sasl_server_new(&server, &config, &info, NULL, NULL), MAILPROTO_OK);
    return server;
}

/* ---- our client, their server ---- */

/* Their answer to a message; ours to that. What ours waits for then; 0: theirs refused. */
static int32_t to_gnu(mailproto_sasl_client *client, Gsasl_session *gnu, int *theirs)
{
    mailproto_sasl_state state;
    char *out = NULL;
    size_t n = 0;
    int32_t result;

    mailproto_sasl_state_init(&state, sizeof state);
    mailproto_sasl_client_state(client, &state);
    if (*theirs != GSASL_OK || !state.last)
        *theirs = gsasl_step(gnu, state.message.ptr, state.message.len, &out, &n);
    if (*theirs == GSASL_OK && !n)
        return mailproto_sasl_client_outcome(client, 1);
    result = *theirs == GSASL_OK || *theirs == GSASL_NEEDS_MORE ? mailproto_sasl_client_challenged(client, out, n) : 0;
    gsasl_free(out);
    return result == MAILPROTO_SASL_DERIVE ? mailproto_sasl_client_derived(client, NULL, 0) : result;
}

static void client_against(Gsasl *gnu, uint32_t mechanism, const char *password, int passes)
{
    mailproto_sasl_client *client = new_client(mechanism);
    Gsasl_session *session;
    int theirs = GSASL_NEEDS_MORE;
    int32_t result;

    assert_int_equal(gsasl_server_start(gnu, mailproto_sasl_mechanism_name(mechanism), &session), GSASL_OK);
    result = mailproto_sasl_client_credentials(client, "bo,ss", mechanism & AUTHORIZES ? 5 : 0, "us=er,", 6, password,
                                               strlen(password));
    while (result == MAILPROTO_SASL_SEND)
        result = to_gnu(client, session, &theirs);
    assert_int_equal(result, passes ? MAILPROTO_SASL_SUCCESS : 0);
    gsasl_finish(session);
    mailproto_sasl_client_free(client);
}

/* ---- their client, our server ---- */

static int32_t give_keys(mailproto_sasl_server *server, const mailproto_sasl_state *state, const char *password,
                         int with_password)
{
    mailproto_sasl_keys keys;
    uint8_t room[16 + 2 * MAILPROTO_DIGEST_MAX];

    mailproto_sasl_keys_init(&keys, sizeof keys);
    if (with_password || state->password_needed)
        keys.password = (mailproto_text){password, strlen(password)};
    else
        mailproto_sasl_make_keys(&keys, room, &crypto.api, state->hash ? state->hash : (uint32_t)MAILPROTO_HASH_SHA_256,
                                 password, strlen(password), 4096);
    return mailproto_sasl_server_keys(server, &keys);
}

static void assert_text(mailproto_text text, const char *expected)
{
    assert_int_equal(text.len, strlen(expected));
    assert_memory_equal(text.ptr, expected, text.len);
}

/* Answers what our server asks of its host. */
static int32_t settle(mailproto_sasl_server *server, int32_t result, const char *password, int with_password)
{
    const uint32_t clear = MAILPROTO_SASL_PLAIN | MAILPROTO_SASL_LOGIN;
    mailproto_sasl_state state;

    mailproto_sasl_state_init(&state, sizeof state);
    for (;;) {
        mailproto_sasl_server_state(server, &state);
        if (result == MAILPROTO_SASL_KEYS ||
            (result == MAILPROTO_SASL_AUTH && !state.outcome && state.mechanism & clear)) {
            result = give_keys(server, &state, password, with_password);
        } else if (result == MAILPROTO_SASL_DERIVE) {
            result = mailproto_sasl_server_derived(server, NULL, 0);
        } else if (result == MAILPROTO_SASL_AUTH) {
            assert_text(state.authorization, state.mechanism & AUTHORIZES ? "bo,ss" : "");
            assert_text(state.name, state.mechanism == MAILPROTO_SASL_EXTERNAL    ? "certified"
                                    : state.mechanism == MAILPROTO_SASL_ANONYMOUS ? "sirhc"
                                                                                  : "us=er,");
            result = mailproto_sasl_server_verdict(server, state.outcome != MAILPROTO_SASL_REFUSED);
        } else {
            return result;
        }
    }
}

static void server_against(Gsasl *gnu, uint32_t mechanism, const char *password, int with_password, int passes)
{
    const char *name = mailproto_sasl_mechanism_name(mechanism);
    mailproto_sasl_server *server = new_server(mechanism);
    mailproto_sasl_state state;
    Gsasl_session *session;
    char *out = NULL;
    size_t n = 0;
    int theirs = GSASL_NEEDS_MORE;
    int32_t result;

    mailproto_sasl_state_init(&state, sizeof state);
    assert_int_equal(gsasl_client_start(gnu, name, &session), GSASL_OK);
    result = mailproto_sasl_server_start(server, name, strlen(name), NULL, 0);
    while (result == MAILPROTO_SASL_SEND) {
        mailproto_sasl_server_state(server, &state);
        theirs = gsasl_step(session, state.message.ptr, state.message.len, &out, &n);
        assert_true(theirs == GSASL_OK || theirs == GSASL_NEEDS_MORE);
        result = settle(server, mailproto_sasl_server_respond(server, out, n), password, with_password);
        gsasl_free(out);
    }
    assert_int_equal(result, passes ? MAILPROTO_SASL_SUCCESS : MAILPROTO_SASL_FAILURE);
    if (passes)
        assert_int_equal(theirs, GSASL_OK); /* and believes us */
    gsasl_finish(session);
    mailproto_sasl_server_free(server);
}

/* ---- both ---- */

static void against(int with_older_tls)
{
    const uint32_t no_password = MAILPROTO_SASL_EXTERNAL | MAILPROTO_SASL_ANONYMOUS;
    Gsasl *gnu;

    older = with_older_tls;
    recorded_crypto_init(&crypto);
    assert_int_equal(gsasl_init(&gnu), GSASL_OK);
    gsasl_callback_set(gnu, answer);
    for (size_t i = 0; i < sizeof mechanisms / sizeof mechanisms[0]; i++) {
        uint32_t mechanism = mechanisms[i];

        client_against(gnu, mechanism, "pencil", 1);
        client_against(gnu, mechanism, "pencils", (mechanism & no_password) != 0);
        for (int with_password = 0; with_password < 2; with_password++) {
            server_against(gnu, mechanism, "pencil", with_password, 1);
            server_against(gnu, mechanism, "pencils", with_password, (mechanism & no_password) != 0);
        }
    }
    gsasl_done(gnu);
}

static void test_tls_1_2(void **state)
{
    (void)state;
    against(1);
}

static void test_tls_1_3(void **state)
{
    (void)state;
    against(0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tls_1_2),
        cmocka_unit_test(test_tls_1_3),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
