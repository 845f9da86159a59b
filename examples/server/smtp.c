/* smtp.c - SMTP, submission and LMTP: who may log in, who may send, who is known here.
 * RFC 5321 3 and 4.2 for the replies, RFC 6409 for submission, RFC 3463 for the enhanced codes. */
#include "smtp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int32_t reply(struct smtp *smtp, uint64_t token, uint32_t code, const char *enhanced, const char *text)
{
    return mailproto_smtp_server_reply(smtp->engine, token, code, enhanced, strlen(enhanced), text, strlen(text));
}

/* ---- AUTH ---- */

static int32_t give_keys(struct client *client, uint64_t token, const mailproto_sasl_keys *keys)
{
    return mailproto_smtp_server_keys(((struct smtp *)client)->engine, token, keys);
}

static int32_t give_derived(struct client *client, uint64_t token, const void *key, size_t len)
{
    return mailproto_smtp_server_derived(((struct smtp *)client)->engine, token, key, len);
}

static int32_t let_in(struct client *client, uint64_t token, const struct user *who, uint32_t delay_ms)
{
    static const char text[] = "Authentication successful";
    struct smtp *smtp = (struct smtp *)client;
    mailproto_smtp_verdict verdict;

    free(smtp->login);
    smtp->login = strdup(who->address);
    if (!smtp->login)
        return MAILPROTO_ERR_NOMEM;
    client_log(client, LOG_INFO, "login %s", who->address);
    mailproto_smtp_verdict_init(&verdict, sizeof verdict);
    verdict.code = 235;
    verdict.enhanced = (mailproto_text){"2.7.0", 5};
    verdict.text = (mailproto_text){text, sizeof text - 1};
    verdict.delay_ms = delay_ms;
    return mailproto_smtp_server_answer(smtp->engine, token, &verdict);
}

static int32_t refuse_login(struct client *client, uint64_t token, uint32_t delay_ms)
{
    static const char text[] = "Authentication failed: the user name or the password is wrong";
    mailproto_smtp_verdict verdict;

    mailproto_smtp_verdict_init(&verdict, sizeof verdict);
    verdict.code = 535;
    verdict.enhanced = (mailproto_text){"5.7.8", 5};
    verdict.text = (mailproto_text){text, sizeof text - 1};
    verdict.delay_ms = delay_ms;
    return mailproto_smtp_server_answer(((struct smtp *)client)->engine, token, &verdict);
}

static const struct login_answers answers = {give_keys, give_derived, let_in, refuse_login};

static int32_t on_auth(mailproto_smtp_server *engine, const mailproto_smtp_auth *auth, void *user)
{
    const struct login_request request = {.token = auth->head.token,
                                          .mechanism = auth->mechanism,
                                          .outcome = auth->outcome,
                                          .authorization = auth->authorization,
                                          .name = auth->name,
                                          .password = auth->password};

    (void)engine;
    return login_auth(user, &request);
}

static int32_t on_keys(mailproto_smtp_server *engine, const mailproto_sasl_keys_wanted *wanted, void *user)
{
    (void)engine;
    return login_keys(user, wanted);
}

static int32_t on_derive(mailproto_smtp_server *engine, const mailproto_sasl_derive_wanted *wanted, void *user)
{
    (void)engine;
    return login_derive(user, wanted);
}

/* ---- MAIL, RCPT ---- */

/* RFC 6409 6.1: a local address is its owner's; the owner has it with any +detail, too. Others' addresses are not
   known here. */
static int may_send_as(const struct smtp *smtp, mailproto_text path)
{
    const struct settings *settings = smtp->client.server->settings;
    const struct user *owner, *login;

    if (!service_is_submission(smtp->client.service) || settings->senders == SENDERS_ANY ||
        users_find(&settings->users, path.ptr, path.len, &owner) == USERS_ELSEWHERE)
        return 1;
    users_find(&settings->users, smtp->login, strlen(smtp->login), &login);
    return owner && owner == login;
}

static int32_t refuse_sender(struct smtp *smtp, const mailproto_smtp_mail *mail)
{
    char text[800]; /* as much as a reply may have */

    client_log(&smtp->client, LOG_INFO, "refused sender <%.*s>: it is not of login %s", (int)mail->path.len,
               mail->path.ptr, smtp->login);
    snprintf(text, sizeof text, "The sender <%.*s> is another's:\nthe login is %s", (int)mail->path.len, mail->path.ptr,
             smtp->login);
    return reply(smtp, mail->head.token, 553, "5.7.1", text);
}

static int32_t on_mail(mailproto_smtp_server *engine, const mailproto_smtp_mail *mail, void *user)
{
    struct smtp *smtp = user;

    if (!may_send_as(smtp, mail->path))
        return refuse_sender(smtp, mail);
    transaction_free(smtp->transaction);
    smtp->transaction = transaction_new(mail->path);
    if (!smtp->transaction)
        return MAILPROTO_ERR_NOMEM;
    return mailproto_smtp_server_accept(engine, mail->head.token);
}

static int32_t refuse_rcpt(struct smtp *smtp, const mailproto_smtp_rcpt *rcpt, int found)
{
    const char *text = "Relaying denied";

    client_log(&smtp->client, LOG_INFO, "refused recipient <%.*s> from <%s>: %s", (int)rcpt->path.len, rcpt->path.ptr,
               smtp->transaction->sender, found == USERS_UNKNOWN ? "no such user" : "not of this server");
    if (found == USERS_UNKNOWN)
        return reply(smtp, rcpt->head.token, 550, "5.1.1", "No such user here");
    if (service_is_submission(smtp->client.service))
        text = "This server delivers to its own users only and sends nothing on to others";
    return reply(smtp, rcpt->head.token, 550, "5.7.1", text);
}

static int32_t on_rcpt(mailproto_smtp_server *engine, const mailproto_smtp_rcpt *rcpt, void *user)
{
    struct smtp *smtp = user;
    const struct user *who;
    struct handle *handle;
    int found = users_find(&smtp->client.server->settings->users, rcpt->path.ptr, rcpt->path.len, &who);

    if (found != USERS_LOCAL)
        return refuse_rcpt(smtp, rcpt, found);
    handle = transaction_handle(smtp, who->box);
    if (!handle)
        return MAILPROTO_ERR_NOMEM;
    return mailproto_smtp_server_deliver(engine, rcpt->head.token, &handle->store, MAILPROTO_MAILDIR_INBOX, NULL);
}

/* ---- the rest ---- */

static int32_t on_trace(mailproto_smtp_server *engine, const mailproto_trace *trace, void *user)
{
    (void)engine;
    client_trace(user, trace);
    return 0;
}

static int32_t on_closed(mailproto_smtp_server *engine, const mailproto_closed *closed, void *user)
{
    struct smtp *smtp = user;

    (void)engine;
    transaction_free(smtp->transaction); /* the engine is gone before the connection is */
    smtp->transaction = NULL;
    if (closed->why)
        client_log(user, LOG_INFO, "ended: %.*s", (int)closed->text.len, closed->text.ptr);
    else
        client_log(user, LOG_DEBUG, "closed");
    return 0;
}

static void set_config(struct smtp *smtp, mailproto_smtp_server_config *config)
{
    const struct settings *settings = smtp->client.server->settings;
    const struct logins *logins = &smtp->client.server->logins;
    const struct limits *limits = &settings->limits;

    config->hostname = (mailproto_text){settings->hostname, strlen(settings->hostname)};
    config->flags = MAILPROTO_SMTP_SERVER_RECEIVED | MAILPROTO_SMTP_SERVER_STORE;
    config->offer = MAILPROTO_SMTP_EXT_SIZE | MAILPROTO_SMTP_EXT_8BITMIME | MAILPROTO_SMTP_EXT_PIPELINING |
                    MAILPROTO_SMTP_EXT_ENHANCEDSTATUSCODES | MAILPROTO_SMTP_EXT_CHUNKING | MAILPROTO_SMTP_EXT_SMTPUTF8 |
                    MAILPROTO_SMTP_EXT_HELP;
    if (smtp->client.service == SERVICE_LMTP)
        config->flags |= MAILPROTO_SMTP_SERVER_LMTP;
    config->tls = client_tls(&smtp->client);
    if (config->tls == MAILPROTO_TLS_MAY)
        config->offer |= MAILPROTO_SMTP_EXT_STARTTLS;
    if (service_is_submission(smtp->client.service)) {
        config->flags |= MAILPROTO_SMTP_SERVER_SUBMISSION;
        config->offer |= MAILPROTO_SMTP_EXT_AUTH;
        config->mechanisms = logins->mechanisms;
        config->sasl = logins->has_sasl ? &logins->sasl : NULL;
        if (client_may_send_cleartext(&smtp->client))
            config->flags |= MAILPROTO_SMTP_SERVER_CLEARTEXT_AUTH;
    }
    config->max_recipients = (uint32_t)limits->recipients;
    config->max_transactions = (uint32_t)limits->messages_per_session;
    config->max_message = limits->message_size;
    config->greeting_ms = (uint32_t)limits->greeting_time;
    config->command_ms = (uint32_t)limits->command_time;
    config->body_ms = (uint32_t)limits->body_time;
    config->answer_ms = (uint32_t)limits->answer_time;
    config->stall_ms = (uint32_t)limits->stall_time;
}

static void gone(struct client *client)
{
    struct smtp *smtp = (struct smtp *)client;

    transaction_free(smtp->transaction);
    free(smtp->login);
}

struct client *smtp_client_new(void)
{
    struct smtp *smtp = calloc(1, sizeof *smtp);

    if (!smtp)
        return NULL;
    smtp->client.gone = gone;
    smtp->client.answers = &answers;
    smtp->client.store_failed = smtp_store_failed;
    return &smtp->client;
}

mailproto_session *smtp_client_session(struct client *client)
{
    struct smtp *smtp = (struct smtp *)client;
    mailproto_smtp_server_callbacks callbacks;
    mailproto_smtp_server_config config;
    mailproto_session *session;
    const char *why = "no memory";

    mailproto_smtp_server_config_init(&config, sizeof config);
    mailproto_smtp_server_callbacks_init(&callbacks, sizeof callbacks);
    set_config(smtp, &config);
    config.peer_address = (mailproto_text){client->address, strlen(client->address)};
    callbacks.on_auth = on_auth;
    callbacks.on_keys = on_keys;
    callbacks.on_derive = on_derive;
    callbacks.on_mail = on_mail;
    callbacks.on_rcpt = on_rcpt;
    callbacks.on_trace = on_trace;
    callbacks.on_closed = on_closed;
    smtp_message_callbacks(&callbacks);
    if (mailproto_smtp_server_new(&smtp->engine, &config, &callbacks, NULL, smtp, &why)) {
        client_log(client, LOG_ERROR, "cannot serve: %s", why);
        return NULL;
    }
    session = mailproto_smtp_server_session(smtp->engine);
    mailproto_session_set_wall(session, (int64_t)time(NULL));
    return session;
}
