/* fetch_tls.c - fetch.c over TLS from the beginning (RFC 8314). usage: fetch_tls HOST PORT USER PASSWORD CA-FILE */
#include "loop.h"
#include <mailproto/mbedtls.h>
#include <mailproto/pop3.h>
#include <stdio.h>
#include <string.h>

static int32_t on_credentials(mailproto_pop3_client *client, const mailproto_pop3_credentials *asked, void *user)
{
    char **w = user;

    return mailproto_pop3_client_credentials(client, asked->head.token, "", 0, w[3], strlen(w[3]), w[4], strlen(w[4]));
}

static int32_t on_body(mailproto_pop3_client *client, const mailproto_pop3_body *body, void *user)
{
    (void)client, (void)user;
    return fwrite(body->bytes.ptr, 1, body->bytes.len, stdout) == body->bytes.len ? 0 : MAILPROTO_ERR_HOST;
}

static int32_t on_done(mailproto_pop3_client *client, const mailproto_pop3_done *done, void *user)
{
    const char *why;
    uint64_t command;

    (void)user;
    if (done->why && mailproto_session_error(mailproto_pop3_client_session(client), NULL, &why, NULL))
        fprintf(stderr, "fetch_tls: %s\n", why); /* a certificate that does not verify, too */
    else if (!done->why && done->verb == MAILPROTO_POP3_VERB_STAT && done->number)
        return mailproto_pop3_client_retr(client, done->number, &command);
    return mailproto_session_finish(mailproto_pop3_client_session(client));
}

int main(int count, char **words)
{
    mailproto_mbedtls_config trust = {.struct_size = sizeof trust, .role = MAILPROTO_MBEDTLS_CLIENT};
    mailproto_pop3_client_config how = {sizeof how, .tls = MAILPROTO_TLS_IMPLICIT, .login = {MAILPROTO_SASL_PLAIN}};
    mailproto_pop3_client_callbacks table = {.struct_size = sizeof table, .on_done = on_done, .on_body = on_body};
    char why[300] = "no connection; usage: fetch_tls HOST PORT USER PASSWORD CA-FILE";
    mailproto_pop3_client *client;
    mailproto_mbedtls *random = NULL;
    mailproto_mbedtls_tls *rules = NULL;
    mailproto_session *session;
    uint64_t command;
    int socket = count == 6 ? loop_connect(words[1], words[2]) : -1;

    table.on_credentials = on_credentials;
    trust.trust_file = (mailproto_text){words[count - 1], strlen(words[count - 1])};
    if (socket < 0 || mailproto_mbedtls_new(&random, NULL, why, sizeof why) ||
        mailproto_mbedtls_tls_new(&rules, random, &trust, why, sizeof why) ||
        mailproto_pop3_client_new(&client, &how, &table, NULL, words, NULL))
        return fprintf(stderr, "%s\n", why), mailproto_mbedtls_tls_free(rules), mailproto_mbedtls_free(random), 2;
    mailproto_pop3_client_stat(client, &command);
    session = mailproto_pop3_client_session(client);
    if (mailproto_mbedtls_client(&session, session, rules, words[1], strlen(words[1]), NULL, NULL)) /* this is TLS */
        return 1;
    mailproto_mbedtls_tls_free(rules); /* the session holds it on, and this its random source */
    mailproto_mbedtls_free(random);
    return loop_run(socket, session, NULL, NULL) != 0;
}
