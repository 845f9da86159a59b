/* pop3_session.c - the session of `mailproto pop3`: the client engine, its callbacks, the loop.
 * RFC 1939; what is done in it is the verb's: struct pop3_work. */
#include "pop3.h"

#include "../minimal/loop.h"
#include "interrupt.h"
#include "report.h"
#include "text.h"

#include <stdlib.h>
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
    const char *name = job->options->common.user;
    int32_t failed = mailproto_pop3_client_credentials(client, asked->head.token, "", 0, name, strlen(name),
                                                       job->password, job->password_len);

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
    job->result->why = closed->why;
    if (closed->why)
        job->result->text = text_copy(closed->text);
    return 0;
}

static int32_t on_trace(mailproto_pop3_client *client, const mailproto_trace *trace, void *user)
{
    struct pop3_job *job = user;

    (void)client;
    trace_show(&job->trace, trace);
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

static void configure(const struct pop3_options *options, mailproto_pop3_client_config *config)
{
    uint32_t ms = options->common.timeout_ms;

    mailproto_pop3_client_config_init(config, sizeof *config);
    config->greeting_ms = config->command_ms = config->body_ms = config->quit_ms = config->stall_ms = ms;
    config->max_commands = options->count + COMMANDS_MIN;
    if (!options->common.user)
        return;
    /* whether the password may go over this connection was decided when it was made: pop3.c */
    config->flags = MAILPROTO_POP3_CLIENT_CLEARTEXT_LOGIN;
    config->login[0] = MAILPROTO_SASL_PLAIN;
    config->login[1] = MAILPROTO_SASL_LOGIN;
    config->login[2] = MAILPROTO_POP3_USER_PASS;
}

void pop3_session(struct pop3_job *job)
{
    mailproto_pop3_client_config config;
    const char *why = NULL;
    int32_t failed;
    int fd = job->result->server.fd;

    configure(job->options, &config);
    failed = mailproto_pop3_client_new(&job->client, &config, &callbacks, NULL, job, &why);
    if (failed) {
        report("%s", why ? why : mailproto_result_text(failed));
        job->result->local = 1;
        server_close(&job->result->server);
        return;
    }
    job->session = mailproto_pop3_client_session(job->client);
    if (job->options->common.trace)
        trace_on(job->session);
    interrupt_cuts(fd);
    loop_run(fd, job->session, NULL, NULL);
    interrupt_cuts(-1);
    trace_end(&job->trace);
    progress_end();
}

int32_t pop3_stop(struct pop3_job *job)
{
    job->result->local = 1;
    server_cut(&job->result->server);
    return MAILPROTO_ERR_HOST;
}
