/* pop3_retrieve.c - the verbs that bring one message: retr and top, to standard output or a file.
 * RFC 1939 sections 5 and 7. A file appears whole or not at all. */
#include "pop3.h"

#include "interrupt.h"
#include "report.h"
#include "writer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct retrieve {
    struct writer writer;
    int fd;
    char *temporary; /* the file until it is whole; NULL: standard output, or a thing that is not a file */
};

static int32_t cannot(struct pop3_job *job)
{
    if (!interrupted())
        report("cannot write to %s: %s", job->options->output ? job->options->output : "standard output",
               strerror(errno));
    return pop3_stop(job);
}

/* ---- the file ---- */

/* Beside the file that it will be, so that rename can put it there. */
static int create(struct retrieve *own, const char *path)
{
    size_t n = strlen(path) + sizeof ".XXXXXX";
    mode_t mask = umask(0);
    int fd;

    umask(mask);
    own->temporary = malloc(n);
    if (!own->temporary)
        return -1;
    snprintf(own->temporary, n, "%s.XXXXXX", path);
    fd = mkstemp(own->temporary);
    if (fd >= 0)
        fchmod(fd, (mode_t)(0666 & ~mask));
    return fd;
}

static int begin(struct pop3_job *job)
{
    const char *path = job->options->output;
    struct retrieve *own = calloc(1, sizeof *own);
    struct stat about;
    int fd = STDOUT_FILENO;

    job->own = own;
    if (!own) {
        report_no_memory();
        return -1;
    }
    if (path)
        fd = !stat(path, &about) && !S_ISREG(about.st_mode) ? open(path, O_WRONLY | O_CLOEXEC) : create(own, path);
    if (fd < 0) {
        report("cannot write to %s: %s", path, strerror(errno));
        free(own->temporary);
        free(own);
        return -1;
    }
    own->fd = fd;
    writer_begin(&own->writer, writer_to_file, &own->fd, job->options->lf);
    return 0;
}

static void end(struct pop3_job *job)
{
    struct retrieve *own = job->own;

    if (own->temporary)
        unlink(own->temporary);
    if (own->fd > STDERR_FILENO)
        close(own->fd);
    free(own->temporary);
    free(own);
}

static int put_in_place(struct retrieve *own, const char *path)
{
    if (!own->temporary)
        return 0;
    if (fsync(own->fd) || rename(own->temporary, path))
        return -1;
    free(own->temporary);
    own->temporary = NULL;
    return 0;
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
    if (!flushed || put_in_place(own, job->options->output)) {
        item->state = ITEM_FAILED;
        return cannot(job);
    }
    return 0;
}

const struct pop3_work pop3_retrieve = {
    .begin = begin, .end = end, .start = start, .message = message, .body = body, .done = done};
