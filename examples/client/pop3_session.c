/* pop3_session.c - the session of `mailproto pop3`: the client engine, its callbacks, the loop.
 * RFC 1939; what is done in it is the verb's: struct pop3_work. */
#include "pop3.h"

#include "interrupt.h"
#include "report.h"
#include "text.h"

#include <string.h>

enum { COMMANDS_MIN = 64 };

/* ---- callbacks ---- */

static int32_t on_ready(mailproto_pop3_client *client, const mailproto_pop3_ready *ready, void *user)
{
    struct pop3_job *job = user;

    (void)client;
    job->result->greeting = text_copy(ready->greeting);
    job->result->authenticated = ready->authenticated;
    return job->work->start(job);
}

static int32_t on_credentials(mailproto_pop3_client *client, const mailproto_pop3_credentials *asked, void *user)
{
    struct pop3_job *job = user;
    const char *name = job->options->common.user ? job->options->common.user : "";
    int32_t failed;

    if (!asked->tls && !job->loopback && asked->mechanism & (MAILPROTO_SASL_CLEARTEXT | MAILPROTO_POP3_USER_PASS))
        report("warning: the password crosses the network to %s in clear text", job->options->common.url.where);
    failed = mailproto_pop3_client_credentials(client, asked->head.token, "", 0, name, strlen(name), job->password.text,
                                               job->password.len);

    if (failed)
        report("the name or the password cannot be sent to a POP3 server: %s", mailproto_result_text(failed));
    return failed;
}

static int32_t on_refused(mailproto_pop3_client *client, const mailproto_pop3_refused *refused, void *user)
{
    struct pop3_job *job = user;

    (void)client;
    job->result->login_refused = refused->stage == MAILPROTO_POP3_STAGE_LOGIN;
    pop3_note_refused(job->result, job->result->login_refused ? "the login" : "the connection", refused->reply);
    return 0;
}

static int32_t on_entry(mailproto_pop3_client *client, const mailproto_pop3_entry *entry, void *user)
{
    struct pop3_job *job = user;

    (void)client;
    return job->work->entry ? job->work->entry(job, entry) : 0;
}

static int32_t on_capability(mailproto_pop3_client *client, const mailproto_pop3_capability *capability, void *user)
{
    struct pop3_job *job = user;

    (void)client;
    return job->work->capability ? job->work->capability(job, capability) : 0;
}

static int32_t on_message(mailproto_pop3_client *client, const mailproto_pop3_message *message, void *user)
{
    struct pop3_job *job = user;

    (void)client;
    return job->work->message ? job->work->message(job, message) : 0;
}

static int32_t on_body(mailproto_pop3_client *client, const mailproto_pop3_body *body, void *user)
{
    struct pop3_job *job = user;

    (void)client;
    return job->work->body ? job->work->body(job, body) : 0;
}

static int32_t on_done(mailproto_pop3_client *client, const mailproto_pop3_done *done, void *user)
{
    struct pop3_job *job = user;

    (void)client;
    return job->work->done(job, done);
}

static int32_t on_quit_reply(mailproto_pop3_client *client, const mailproto_pop3_quit_reply *quit, void *user)
{
    struct pop3_job *job = user;

    (void)client;
    job->result->update = quit->outcome;
    job->result->deleted = quit->deleted;
    job->result->quit_reply = pop3_words(quit->reply);
    return 0;
}

static int32_t on_closed(mailproto_pop3_client *client, const mailproto_closed *closed, void *user)
{
    struct pop3_job *job = user;

    (void)client;
    mailproto_host_trace_end(&job->tracer);
    progress_end();
    job->result->why = closed->why;
    if (closed->why)
        job->result->text = text_copy(closed->text);
    return 0;
}

static int32_t on_trace(mailproto_pop3_client *client, const mailproto_trace *trace, void *user)
{
    struct pop3_job *job = user;

    (void)client;
    mailproto_host_trace(&job->tracer, trace);
    return 0;
}

static const mailproto_pop3_client_callbacks callbacks = {
    .struct_size = sizeof callbacks,
    .on_ready = on_ready,
    .on_credentials = on_credentials,
    .on_refused = on_refused,
    .on_entry = on_entry,
    .on_capability = on_capability,
    .on_message = on_message,
    .on_body = on_body,
    .on_done = on_done,
    .on_quit_reply = on_quit_reply,
    .on_trace = on_trace,
    .on_closed = on_closed,
};

/* ---- the session ---- */

/* Whether the password may cross this connection as it is. */
static int may_be_clear(const struct common_options *options, uint32_t loopback)
{
    return !auth_is_wanted(options) || loopback || options->clear_text_auth || auth_is_safe(options);
}

static uint32_t tls_of(const struct common_options *options, uint32_t loopback)
{
    if (options->url.implicit_tls)
        return MAILPROTO_TLS_IMPLICIT;
    if (!tls_layer())
        return MAILPROTO_TLS_NEVER;
    if (options->tls.policy == TLS_REQUIRED || (options->tls.policy == TLS_DEFAULT && !may_be_clear(options, loopback)))
        return MAILPROTO_TLS_REQUIRED;
    return MAILPROTO_TLS_MAY;
}

static void configure(struct pop3_job *job, uint32_t loopback, mailproto_pop3_client_config *config)
{
    const struct pop3_options *options = job->options;
    uint32_t ms = options->common.timeout_ms;

    mailproto_pop3_client_config_init(config, sizeof *config);
    config->greeting_ms = config->command_ms = config->body_ms = config->quit_ms = config->stall_ms = ms;
    config->max_commands = options->count + COMMANDS_MIN;
    config->tls = tls_of(&options->common, loopback);
    if (!auth_is_wanted(&options->common))
        return;
    if (may_be_clear(&options->common, loopback))
        config->flags = MAILPROTO_POP3_CLIENT_CLEARTEXT_LOGIN;
    auth_pop3_order(config->login, &options->common);
    if (auth_config(&job->sasl, &options->common))
        return;
    job->sasl.order[0] = 0; /* the order is `login` */
    config->sasl = &job->sasl;
}

static int32_t make(struct pop3_job *job, uint32_t loopback)
{
    mailproto_pop3_client_config config;
    const char *why = NULL;
    int32_t failed;

    configure(job, loopback, &config);
    failed = mailproto_pop3_client_new(&job->client, &config, &callbacks, NULL, job, &why);
    if (failed) {
        report("%s", why ? why : mailproto_result_text(failed));
        job->result->local = 1;
        return failed;
    }
    job->session = mailproto_pop3_client_session(job->client);
    if (job->options->common.trace)
        mailproto_session_set_trace(job->session,
                                    MAILPROTO_TRACE_LINE | MAILPROTO_TRACE_BODY | MAILPROTO_TRACE_PRIVATE);
    return MAILPROTO_OK;
}

/* ---- the connection ---- */

/* Whether the password, if there is one, is safe on this connection, or may cross it as it is. */
static int may_go_on(const struct common_options *options, const mailproto_host_peer *peer)
{
    if (may_be_clear(options, peer->loopback) || tls_layer())
        return 1;
    report("%s is another machine, and without TLS everyone on the way could read the password", options->url.where);
    report_hint("Nothing was sent. --clear-text-auth sends it all the same.");
    return 0;
}

static int32_t on_connected(mailproto_host_connection *connection, const mailproto_host_peer *peer,
                            mailproto_session **session, void *user)
{
    struct pop3_job *job = user;
    int32_t failed;

    (void)connection;
    job->result->address = text_copy(peer->text);
    job->loopback = (int)peer->loopback;
    job->result->withheld = !may_go_on(&job->options->common, peer);
    if (job->result->withheld)
        return MAILPROTO_ERR_AUTH;
    failed = make(job, peer->loopback);
    *session = job->session;
    return failed;
}

static void on_failed(mailproto_host_connection *connection, int32_t why, const char *text, size_t len, void *user)
{
    struct pop3_result *result = ((struct pop3_job *)user)->result;

    (void)connection;
    result->no_connection = 1;
    result->why = why;
    result->text = text_copy((mailproto_text){text, len});
}

static void on_gone(mailproto_host_connection *connection, void *user)
{
    (void)connection;
    ((struct pop3_job *)user)->connection = NULL;
}

static void cut(void *user)
{
    struct pop3_job *job = user;

    if (job->connection)
        mailproto_host_connection_abort(job->connection, NULL, 0);
}

static int32_t connect_to(struct pop3_job *job)
{
    const struct common_options *options = &job->options->common;
    mailproto_host_connect_config config;

    mailproto_host_connect_config_init(&config, sizeof config);
    config.name = text_of(options->url.host);
    config.port = options->url.port;
    config.lookup_ms = config.attempt_ms = options->timeout_ms;
    config.tls = tls_layer();
    config.on_connected = on_connected;
    config.on_failed = on_failed;
    config.on_gone = on_gone;
    config.user = job;
    return mailproto_host_connect(job->host, &config, NULL, &job->connection);
}

void pop3_session(struct pop3_job *job)
{
    const char *why;

    mailproto_host_tracer_init(&job->tracer, sizeof job->tracer);
    if (mailproto_host_new(&job->host, NULL, &why)) {
        report("%s", why);
        job->result->local = 1;
        return;
    }
    if (connect_to(job)) {
        mailproto_host_error(job->host, &why, NULL);
        report("%s", why);
        job->result->local = 1;
    }
    interrupt_run(job->host, cut, job);
}

int32_t pop3_stop(struct pop3_job *job)
{
    job->result->local = 1;
    mailproto_host_connection_abort(job->connection, NULL, 0);
    return MAILPROTO_ERR_HOST;
}
