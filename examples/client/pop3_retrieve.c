/* pop3_retrieve.c - the verbs that bring one message: retr and top, to standard output or a file.
 * RFC 1939 sections 5 and 7. A file appears whole or not at all. */
#include "pop3.h"

#include "interrupt.h"
#include "output.h"
#include "report.h"
#include "writer.h"

#include <stdlib.h>
#include <unistd.h>

struct retrieve {
    struct writer writer;
    struct output output;
};

static int32_t cannot(struct pop3_job *job)
{
    struct retrieve *own = job->own;

    if (!interrupted())
        output_report(&own->output);
    return pop3_stop(job);
}

static int begin(struct pop3_job *job)
{
    struct retrieve *own = calloc(1, sizeof *own);

    if (!own) {
        report_no_memory();
        return -1;
    }
    if (output_open(&own->output, job->options->output)) {
        free(own);
        return -1;
    }
    job->own = own;
    writer_begin(&own->writer, writer_to_file, &own->output.fd, job->options->lf);
    return 0;
}

static void end(struct pop3_job *job)
{
    struct retrieve *own = job->own;

    output_close(&own->output);
    free(own);
}

/* ---- the message ---- */

static int32_t start(struct pop3_job *job)
{
    uint32_t number = job->options->numbers[0];
    uint64_t command;
    int32_t failed;

    if (!pop3_item(job->result, number))
        return pop3_stop(job);
    if (job->options->verb == POP3_TOP)
        failed = mailproto_pop3_client_top(job->client, number, job->options->lines, &command);
    else
        failed = mailproto_pop3_client_retr(job->client, number, &command);
    return failed ? failed : mailproto_session_finish(job->session);
}

static int32_t message(struct pop3_job *job, const mailproto_pop3_message *event)
{
    struct item *item = &job->result->items[0];
    int known = event->announced && job->options->verb == POP3_RETR;

    item->has_size = known;
    item->size = known ? event->size : 0;
    /* a bar between the lines of a message would spoil them */
    if (job->options->output || !isatty(STDOUT_FILENO))
        progress_begin("receiving", item->size);
    return 0;
}

static int32_t body(struct pop3_job *job, const mailproto_pop3_body *event)
{
    struct retrieve *own = job->own;

    if (writer_put(&own->writer, event->bytes.ptr, event->bytes.len))
        return cannot(job);
    progress_at(event->offset + event->bytes.len);
    return 0;
}

static int32_t done(struct pop3_job *job, const mailproto_pop3_done *event)
{
    struct retrieve *own = job->own;
    struct item *item = &job->result->items[0];
    int flushed = !writer_flush(&own->writer);

    progress_end();
    pop3_note(job->result, item, job->options->verb == POP3_TOP ? "TOP" : "RETR", event);
    job->result->cut = event->octets && event->why;
    if (job->result->local || event->why)
        return 0;
    if (!flushed || output_done(&own->output)) {
        item->state = ITEM_FAILED;
        return cannot(job);
    }
    return 0;
}

const struct pop3_work pop3_retrieve = {
    .begin = begin, .end = end, .start = start, .message = message, .body = body, .done = done};
