/* Both ends of TLS in memory.
   scene.h. */
#include "scene.h"

enum { KEPT = 60 }; /* of a long sentence an engine keeps but the beginning, and this at least */

const uint32_t *scene_versions(void)
{
    static const uint32_t old[] = {0x0303, 0}, both[] = {0x0303, 0x0304, 0};

    return mailproto_mbedtls_features() & MAILPROTO_MBEDTLS_HAS_TLS_1_3 ? both : old;
}

mailproto_text scene_text(const char *text)
{
    return (mailproto_text){text, strlen(text)};
}

int scene_group(void **state)
{
    (void)state;
    test_certificates_make();
    return 0;
}

void scene_begin(struct scene *s, uint32_t version)
{
    memset(s, 0, sizeof *s);
    test_allocator_init(&s->memory);
    assert_int_equal(mailproto_mbedtls_new(&s->m, &s->memory.api, NULL, 0), MAILPROTO_OK);
    for (int side = 0; side < SIDES; side++) {
        mailproto_mbedtls_config_init(&s->config[side], sizeof s->config[side]);
        mailproto_mbedtls_certificate_init(&s->certificate[side], sizeof s->certificate[side]);
        s->config[side].role = side == CLIENT ? MAILPROTO_MBEDTLS_CLIENT : MAILPROTO_MBEDTLS_SERVER;
        s->config[side].min_version = s->config[side].max_version = version;
    }
    s->config[CLIENT].trust_pem = test_certificate_text(CERT_CA);
    scene_certificate(s, SERVER, CERT_SERVER);
}

void scene_certificate(struct scene *s, int side, int which)
{
    s->certificate[side].chain_pem = test_certificate_text(which);
    s->certificate[side].key_pem = test_key_text(which);
    s->config[side].certificates = &s->certificate[side];
}

void scene_make(struct scene *s)
{
    char why[300] = "";

    for (int side = 0; side < SIDES; side++)
        if (!s->tls[side] && mailproto_mbedtls_tls_new(&s->tls[side], s->m, &s->config[side], why, sizeof why))
            fail_msg("%s", why);
}

void scene_meet(struct scene *s, const char *name)
{
    mailproto_session *client, *server;

    scene_make(s);
    memset(s->seen, 0, sizeof s->seen);
    for (int side = 0; side < SIDES; side++)
        s->probe[side] = probe_new(&s->seen[side]);
    assert_int_equal(mailproto_mbedtls_client(&client, probe_session(s->probe[CLIENT]), s->tls[CLIENT], name,
                                              strlen(name), s->sessions, &s->memory.api),
                     MAILPROTO_OK);
    assert_int_equal(mailproto_mbedtls_server(&server, probe_session(s->probe[SERVER]), s->tls[SERVER], &s->memory.api),
                     MAILPROTO_OK);
    pair_begin(&s->pair, client, server);
}

static void hears(struct scene *s, int side, const char *word)
{
    assert_int_equal(s->seen[side].heard.len, strlen(word));
    assert_memory_equal(s->seen[side].heard.ptr, word, strlen(word));
}

void scene_talk(struct scene *s)
{
    pair_run(&s->pair);
    for (int side = 0; side < SIDES; side++)
        if (s->seen[side].started != 1 || s->seen[side].closed)
            fail_msg("side %d: %s", side, s->seen[side].text);
    probe_say(s->probe[CLIENT], "ping", 4);
    probe_say(s->probe[SERVER], "pong", 4);
    pair_run(&s->pair);
    hears(s, SERVER, "ping");
    hears(s, CLIENT, "pong");
}

void scene_says(const struct scene *s, int side, const char *sentence)
{
    size_t n = strlen(s->seen[side].text);

    if (n >= KEPT && n < strlen(sentence))
        assert_memory_equal(s->seen[side].text, sentence, n);
    else
        assert_string_equal(s->seen[side].text, sentence);
}

void scene_fails(struct scene *s, int side, const char *sentence)
{
    pair_run(&s->pair);
    assert_int_equal(s->seen[side].started, 0);
    scene_says(s, side, sentence);
    assert_int_equal(s->seen[side].why, MAILPROTO_ERR_TLS);
}

void scene_part(struct scene *s)
{
    pair_end(&s->pair);
    for (int side = 0; side < SIDES; side++) {
        test_bytes_free(&s->seen[side].heard);
        s->probe[side] = NULL;
    }
}

void scene_unmake(struct scene *s)
{
    mailproto_mbedtls_sessions_free(s->sessions);
    s->sessions = NULL;
    for (int side = 0; side < SIDES; side++) {
        mailproto_mbedtls_tls_free(s->tls[side]);
        s->tls[side] = NULL;
    }
}

void scene_end(struct scene *s)
{
    scene_unmake(s);
    mailproto_mbedtls_free(s->m);
    assert_int_equal(s->memory.live, 0);
}

mailproto_mbedtls_counts scene_counts(const struct scene *s, int side)
{
    mailproto_mbedtls_counts counts;

    mailproto_mbedtls_counts_init(&counts, sizeof counts);
    assert_int_equal(mailproto_mbedtls_tls_counts(s->tls[side], &counts), MAILPROTO_OK);
    return counts;
}
