/* send.c - `mailproto send`: from the options to the exit code.
 * Everything that can be wrong on this side is found before anything is connected. */
#include "send.h"

#include "exits.h"
#include "interrupt.h"
#include "json.h"
#include "password.h"
#include "report.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

/* ---- what MAIL has to say ---- */

static int is_international(const struct send_options *options)
{
    int ascii = text_is_ascii(options->sender, strlen(options->sender));

    for (unsigned i = 0; ascii && i < options->to.count; i++)
        ascii = text_is_ascii(options->to.list[i].address, strlen(options->to.list[i].address));
    return !ascii;
}

static int check_message(const struct source *source, const struct send_options *options)
{
    if (source->nul_line) {
        report("%s: there is a NUL octet in line %llu, which mail cannot carry", source->name,
               (unsigned long long)source->nul_line);
        report_hint("Send it as an attachment, in base64.");
        return -1;
    }
    if (source->long_line && !options->long_lines) {
        report("%s: line %llu has %llu octets, and mail has at most %d in a line (RFC 5321, 4.5.3.1.6)", source->name,
               (unsigned long long)source->long_line, (unsigned long long)source->long_octets, SOURCE_LINE_MAX);
        report_hint("Encode it (quoted-printable, base64), or send it as it is with --long-lines: servers may refuse "
                    "or break it.");
        return -1;
    }
    return 0;
}

/* ---- the connections ---- */

/* One connection after the other, as long as the last one got somewhere and the server wants the rest on another. */
static int send_all(struct send_job *job)
{
    struct send_result *result = job->result;
    const struct transaction *before;

    do {
        before = result->last;
        switch (server_connect(&result->server, &job->options->common)) {
        case SERVER_NOT_SAFE:
            return EXIT_USAGE;
        case SERVER_NOT_REACHED:
            result->no_connection = 1;
            result->why = MAILPROTO_ERR_LOST;
            return 0;
        default:
            break;
        }
    } while (send_connection(job) && result->last != before && !interrupted());
    return 0;
}

/* ---- the command ---- */

static int send_source(struct send_job *job)
{
    const struct send_options *options = job->options;
    struct send_result *result = job->result;
    struct password password = {.len = 0};
    int status;

    if (check_message(&result->source, options))
        return EXIT_USAGE;
    job->body = result->source.eight_bit ? MAILPROTO_SMTP_BODY_8BITMIME : MAILPROTO_SMTP_BODY_7BIT;
    job->flags = options->smtputf8 || is_international(options) ? MAILPROTO_SMTP_MAIL_SMTPUTF8 : 0;
    if (send_check(job))
        return EXIT_USAGE;
    if (options->common.user && password_read(&password, options->common.password_file, options->common.user))
        return EXIT_LOCAL;
    job->password = password.text;
    job->password_len = password.len;
    status = interrupted() ? EXIT_TEMPORARY : send_all(job);
    password_wipe(&password);
    if (status)
        return status;
    outcome_settle(result);
    result->status = outcome_status(result);
    send_report(result, &options->common);
    if (options->common.json && json_writers()->send(result)) {
        report("the result could not be written to standard output");
        return result->status ? result->status : EXIT_LOCAL;
    }
    return result->status;
}

static void free_result(struct send_result *result)
{
    struct transaction *t;

    while ((t = result->first)) {
        result->first = t->next;
        reply_clear(&t->reply);
        free(t->text);
        free(t);
    }
    free(result->greeting);
    free(result->text);
}

int send_run(struct send_options *options)
{
    struct send_result *result = calloc(1, sizeof *result);
    struct send_job job = {.options = options, .result = result, .limit = options->max_recipients};
    int status;

    if (!result) {
        report_no_memory();
        return EXIT_LOCAL;
    }
    result->to = &options->to;
    result->sender = options->sender;
    if (source_open(&result->source, options->file)) {
        status = EXIT_LOCAL;
    } else {
        status = send_source(&job);
        source_close(&result->source);
    }
    free_result(result);
    free(result);
    return status;
}
