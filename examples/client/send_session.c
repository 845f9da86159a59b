/* send_session.c - one connection of `mailproto send`: the client engine, its callbacks, the loop.
 * RFC 5321; RFC 9422 (LIMITS): a server that takes few recipients or transactions gets more of them. */
#include "send.h"

#include "../minimal/loop.h"
#include "interrupt.h"
#include "report.h"
#include "text.h"
#include "trace.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct connection {
    struct send_job *job;
    mailproto_smtp_client *client;
    mailproto_session *session;
    uint64_t command; /* the message that was begun, or 0 */
    unsigned transactions;
    int full; /* the server takes no further transaction here */
    char *piece;
    uint32_t piece_max;
    struct trace trace;
};

/* ---- what is submitted ---- */

static int32_t begin_message(struct connection *c)
{
    const struct send_options *options = c->job->options;
    mailproto_smtp_envelope envelope;

    mailproto_smtp_envelope_init(&envelope, sizeof envelope);
    envelope.flags = c->job->flags;
    envelope.body = c->job->body;
    envelope.ret = options->ret;
    envelope.size = c->job->result->source.size;
    envelope.sender = text_of(options->sender);
    envelope.envid = text_of(options->envid);
    return mailproto_smtp_client_send(c->client, &envelope, &c->command);
}

static int32_t add_recipient(struct connection *c, const char *address)
{
    mailproto_smtp_recipient recipient;

    mailproto_smtp_recipient_init(&recipient, sizeof recipient);
    recipient.path = text_of(address);
    recipient.notify = c->job->options->notify;
    return mailproto_smtp_client_send_to(c->client, c->command, &recipient);
}

static uint32_t least(uint32_t a, uint32_t b)
{
    return b && b < a ? b : a;
}

/* Submits the message for those that wait, or says QUIT. A negative result fails the session. */
static int32_t next_transaction(struct connection *c)
{
    struct send_result *result = c->job->result;
    uint32_t max = least(c->job->limit, result->max_recipients);
    int32_t failed = 0;

    if (result->max_transactions && c->transactions == result->max_transactions) {
        c->full = recipients_in(result->to, RECIPIENT_WAITING) != 0;
        return mailproto_session_finish(c->session);
    }
    if (!recipients_choose(result->to, max, result->max_domains, (result->last ? result->last->number : 0) + 1))
        return mailproto_session_finish(c->session);
    c->transactions++;
    if (!c->command)
        failed = begin_message(c);
    for (unsigned i = 0; !failed && i < result->to->chosen_count; i++)
        failed = add_recipient(c, result->to->list[result->to->chosen[i]].address);
    if (!failed)
        failed =
            source_rewind(&result->source) ? MAILPROTO_ERR_HOST : mailproto_smtp_client_send_go(c->client, c->command);
    return failed;
}

/* ---- callbacks ---- */

static int32_t on_ready(mailproto_smtp_client *client, const mailproto_smtp_ready *ready, void *user)
{
    struct connection *c = user;
    struct send_result *result = c->job->result;
    const struct send_options *options = c->job->options;

    (void)client;
    free(result->greeting);
    result->greeting = text_copy(ready->greeting);
    result->offers = ready->peer_offers;
    result->authenticated = ready->authenticated;
    result->max_message = ready->max_message;
    result->max_recipients = ready->max_recipients;
    result->max_transactions = ready->max_transactions;
    result->max_domains = ready->max_domains;
    if ((options->notify || options->ret || options->envid) && !(ready->peer_offers & MAILPROTO_SMTP_EXT_DSN))
        report("%s does not offer DSN: --notify, --ret and --envid are left out", result->server.where);
    return next_transaction(c);
}

static int32_t on_credentials(mailproto_smtp_client *client, const mailproto_smtp_credentials *asked, void *user)
{
    struct connection *c = user;
    const char *name = c->job->options->common.user;

    return mailproto_smtp_client_credentials(client, asked->head.token, "", 0, name, strlen(name), c->job->password,
                                             c->job->password_len);
}

static int32_t on_rcpt_reply(mailproto_smtp_client *client, const mailproto_smtp_rcpt_reply *reply, void *user)
{
    struct connection *c = user;

    (void)client;
    outcome_of_rcpt(c->job->result, reply);
    return 0;
}

static int32_t on_body(mailproto_smtp_client *client, const mailproto_smtp_body_request *wanted, void *user)
{
    struct connection *c = user;
    struct source *source = &c->job->result->source;
    size_t n;

    (void)client;
    if (!wanted->offset)
        progress_begin("sending", source->size);
    progress_at(wanted->offset);
    if (source_read(source, c->piece, wanted->max < c->piece_max ? wanted->max : c->piece_max, &n)) {
        report("%s can no longer be read: the message was not sent", source->name);
        return MAILPROTO_ERR_BODY;
    }
    if (n)
        return mailproto_session_piece(c->session, wanted->head.token, c->piece, n);
    return mailproto_session_piece_end(c->session, wanted->head.token);
}

static int32_t on_done(mailproto_smtp_client *client, const mailproto_smtp_done *done, void *user)
{
    struct connection *c = user;

    (void)client;
    progress_end();
    c->command = 0;
    c->job->limit = least(c->job->limit, outcome_of_message(c->job->result, done));
    if (done->outcome == MAILPROTO_SMTP_ACCEPTED || done->outcome == MAILPROTO_SMTP_PARTLY)
        return next_transaction(c);
    return mailproto_session_finish(c->session);
}

static int32_t on_closed(mailproto_smtp_client *client, const mailproto_closed *closed, void *user)
{
    struct connection *c = user;

    (void)client;
    c->job->result->why = closed->why;
    if (!closed->why)
        return 0;
    free(c->job->result->text);
    c->job->result->text = text_copy(closed->text);
    return 0;
}

static int32_t on_trace(mailproto_smtp_client *client, const mailproto_trace *trace, void *user)
{
    struct connection *c = user;

    (void)client;
    trace_show(&c->trace, trace);
    return 0;
}

/* ---- the session ---- */

static void set_timeouts(mailproto_smtp_client_config *config, uint32_t ms)
{
    config->greeting_ms = config->command_ms = config->data_ms = config->message_ms = config->stall_ms = ms;
}

static void configure(const struct send_job *job, mailproto_smtp_client_config *config)
{
    const struct send_options *options = job->options;

    mailproto_smtp_client_config_init(config, sizeof *config);
    config->max_recipients = job->result->to->count;
    if (options->long_lines)
        config->max_text_line = MAILPROTO_UNLIMITED;
    set_timeouts(config, options->common.timeout_ms);
    if (options->common.url.protocol == URL_LMTP)
        config->flags |= MAILPROTO_SMTP_CLIENT_LMTP;
    if (options->no_chunking)
        config->flags |= MAILPROTO_SMTP_CLIENT_NO_CHUNKING;
    if (options->no_pipelining)
        config->flags |= MAILPROTO_SMTP_CLIENT_NO_PIPELINING;
    if (options->common.user) {
        config->mechanisms = MAILPROTO_SASL_PLAIN | MAILPROTO_SASL_LOGIN;
        /* whether the password may go over this connection was decided when it was made: send.c */
        config->flags |= MAILPROTO_SMTP_CLIENT_AUTH_REQUIRED | MAILPROTO_SMTP_CLIENT_CLEARTEXT_AUTH;
    }
}

static const mailproto_smtp_client_callbacks callbacks = {
    .struct_size = sizeof callbacks,
    .on_ready = on_ready,
    .on_credentials = on_credentials,
    .on_rcpt_reply = on_rcpt_reply,
    .on_body = on_body,
    .on_done = on_done,
    .on_closed = on_closed,
    .on_trace = on_trace,
};

static int make(struct connection *c)
{
    const struct send_options *options = c->job->options;
    mailproto_smtp_client_config config;
    const char *why = NULL;
    char name[256];
    int32_t failed;

    server_own_name(&c->job->result->server, name, sizeof name);
    configure(c->job, &config);
    config.hostname = text_of(options->hello ? options->hello : name);
    failed = mailproto_smtp_client_new(&c->client, &config, &callbacks, NULL, c, &why);
    if (failed) {
        report("%s", why ? why : mailproto_result_text(failed));
        return -1;
    }
    c->session = mailproto_smtp_client_session(c->client);
    return 0;
}

int send_connection(struct send_job *job)
{
    struct connection c = {.job = job, .piece_max = 65536};
    int fd = job->result->server.fd;

    c.piece = malloc(c.piece_max);
    if (!c.piece)
        report_no_memory();
    if (!c.piece || make(&c)) {
        free(c.piece);
        server_close(&job->result->server);
        job->result->why = MAILPROTO_ERR_HOST;
        return 0;
    }
    if (job->options->common.trace)
        trace_on(c.session);
    /* The first message is begun before the server is known, so that its DONE tells why it never came to it. */
    if (begin_message(&c))
        report_no_memory();
    interrupt_cuts(fd);
    loop_run(fd, c.session, NULL, NULL);
    interrupt_cuts(-1);
    trace_end(&c.trace);
    free(c.piece);
    return c.full;
}

/* ---- the check before anything is connected ---- */

/* What is wrong with an address is easier told before the server tells it. */
int send_check(struct send_job *job)
{
    struct connection c = {.job = job};
    mailproto_smtp_client_config config;
    const char *why = NULL;
    int32_t failed;
    int wrong = -1;

    configure(job, &config);
    config.hostname = text_of(job->options->hello ? job->options->hello : "localhost");
    failed = mailproto_smtp_client_new(&c.client, &config, &callbacks, NULL, &c, &why);
    if (failed) {
        report("%s%s", job->options->hello ? "--hello: " : "", why ? why : mailproto_result_text(failed));
        return -1;
    }
    if (begin_message(&c)) {
        report("--from: <%s> is not an address%s", job->options->sender,
               job->options->envid ? ", or --envid holds what it may not" : "");
    } else {
        unsigned i = 0, count = job->result->to->count;

        while (i < count && !add_recipient(&c, job->result->to->list[i].address))
            i++;
        wrong = i < count ? -1 : 0;
        if (wrong)
            report("--to: <%s> is not an address", job->result->to->list[i].address);
    }
    mailproto_session_free(mailproto_smtp_client_session(c.client));
    return wrong;
}
