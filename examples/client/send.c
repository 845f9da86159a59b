/* send.c - `mailproto send`: from the options to the exit code.
 * RFC 5321, RFC 2033 (LMTP) and RFC 6409 (submission) are the library's:
 * mailproto_host_send. */
#include "send.h"

#include "exits.h"
#include "interrupt.h"
#include "json.h"
#include "password.h"
#include "report.h"
#include "source.h"
#include "text.h"

#include <string.h>
#include <unistd.h>

struct job {
    struct send_options *options;
    struct source source;
    struct password password;
    mailproto_sasl_client_config sasl;
    mailproto_host *host;
    mailproto_host_sending *sending; /* NULL: the message is only looked through, or it is over */
    int status;
};

/* ---- callbacks ---- */

static int32_t read_message(uint64_t offset, void *buffer, size_t room, size_t *len, void *user)
{
    struct job *job = user;

    if (job->sending && !offset)
        progress_begin("sending", job->source.size);
    progress_at(offset);
    return source_read(&job->source, offset, buffer, room, len) ? MAILPROTO_ERR_HOST : MAILPROTO_OK;
}

static void on_outcome(const mailproto_host_outcome *outcome, void *user)
{
    struct job *job = user;

    job->sending = NULL;
    progress_end();
    job->status = send_status(outcome);
    send_report(outcome, job->options);
    if (job->options->common.json && !outcome->withheld && json_writers()->send(outcome, job->options, job->status)) {
        report("the result could not be written to standard output");
        job->status = job->status ? job->status : EXIT_LOCAL;
    }
}

static void cut(void *user)
{
    struct job *job = user;

    if (job->sending)
        mailproto_host_send_cancel(job->sending);
}

/* ---- what is asked for ---- */

/* By a unix socket nobody is in between, and no certificate has the name of a path. */
static int wants_tls(const struct common_options *common)
{
    return common->url.port || common->tls.policy != TLS_DEFAULT;
}

static void fill(struct job *job, mailproto_host_send_request *request)
{
    struct send_options *options = job->options;
    const struct common_options *common = &options->common;

    *request = options->request;
    request->flags |= MAILPROTO_HOST_SEND_READ_TWICE | MAILPROTO_HOST_SEND_CLEARTEXT_LOOPBACK |
                      (common->clear_text_auth ? MAILPROTO_HOST_SEND_CLEARTEXT : 0u) |
                      (common->trace ? MAILPROTO_HOST_SEND_TRACE : 0u);
    request->recipients = recipients_link(&options->to, options->notify);
    request->read = read_message;
    request->user = job;
    request->user_name = text_of(common->user);
    request->password = (mailproto_text){job->password.text, job->password.len};
    if (auth_is_wanted(common) && !auth_config(&job->sasl, common))
        request->sasl = &job->sasl;
    request->tls_layer = wants_tls(common) ? tls_layer() : NULL;
    if (common->tls.policy != TLS_DEFAULT && request->tls_layer)
        request->tls = common->tls.policy == TLS_REQUIRED ? MAILPROTO_TLS_REQUIRED : MAILPROTO_TLS_MAY;
    request->attempt_ms = request->wait_ms = common->timeout_ms;
}

/* What the library calls a field of the request is an option here. */
static void report_mistake(const struct job *job, const char *text)
{
    const struct {
        const char *field, *name;
    } names[] = {{"sender:", "--from:"},
                 {"recipients:", "--to:"},
                 {"hello:", "--hello:"},
                 {"message:", job->source.name}};
    const char *colon;

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t n = strlen(names[i].field);

        if (strncmp(text, names[i].field, n) != 0)
            continue;
        colon = names[i].name == job->source.name ? ":" : "";
        report("%s%s%s", names[i].name, colon, text + n);
        return;
    }
    report("%s", text);
}

static int status_of_mistake(const struct job *job, int32_t result)
{
    const char *text;

    if (result == MAILPROTO_ERR_BODY) /* reported where it was read */
        return EXIT_LOCAL;
    mailproto_host_error(job->host, &text, NULL);
    report_mistake(job, text);
    if (result == MAILPROTO_ERR_LIMIT)
        report_hint("--long-lines sends it as it is: servers may refuse or break it.");
    return result == MAILPROTO_ERR_ARG || result == MAILPROTO_ERR_LIMIT ? EXIT_USAGE : EXIT_LOCAL;
}

/* ---- the command ---- */

static int send_source(struct job *job)
{
    mailproto_host_send_request request;
    const char *why;
    int32_t result = mailproto_host_new(&job->host, NULL, &why);

    if (result) {
        report("%s", why);
        return EXIT_LOCAL;
    }
    fill(job, &request);
    result = mailproto_host_send(job->host, &request, on_outcome, job, &job->sending);
    if (result)
        job->status = status_of_mistake(job, result);
    interrupt_run(job->host, cut, job);
    return job->status;
}

int send_run(struct send_options *options)
{
    const struct common_options *common = &options->common;
    struct job job = {.options = options};
    int status = EXIT_LOCAL;

    if (!strcmp(options->file, "-") && isatty(STDIN_FILENO) && !common->quiet)
        report("the message is read from the terminal, to its end (Ctrl-D)");
    if (source_open(&job.source, options->file))
        return EXIT_LOCAL;
    if (!job.source.size)
        report("warning: %s is empty: this sends a message without header and body", job.source.name);
    if (!auth_needs_secret(common) || !password_get(&job.password, common))
        status = tls_open(&common->tls, common->trace) ? EXIT_LOCAL : send_source(&job);
    tls_close();
    password_wipe(&job.password);
    source_close(&job.source);
    return status;
}
