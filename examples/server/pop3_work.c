/* pop3_work.c - what POP3 lets the pool do: opening a maildrop, reading a message, deleting at the end.
 * RFC 1939 6. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pop3.h"

/* ---- the maildrop ---- */

struct pop3_drop *pop3_drop_new(const char *path)
{
    struct pop3_drop *drop = calloc(1, sizeof *drop);

    if (!drop)
        return NULL;
    drop->path = strdup(path);
    if (!drop->path) {
        free(drop);
        return NULL;
    }
    drop->maildrop.lock = -1;
    drop->references = 1;
    return drop;
}

struct pop3_drop *pop3_drop_keep(struct pop3_drop *drop)
{
    drop->references++;
    return drop;
}

static void run_job(void *user);
static void job_done(int32_t result, void *user);

int pop3_drop_has_seen(const struct pop3_drop *drop)
{
    for (size_t i = 0; !drop->settled && i < drop->maildrop.count; i++)
        if (drop->maildrop.messages[i].retrieved && drop->maildrop.messages[i].in_new)
            return 1;
    return 0;
}

void pop3_drop_leave(struct server *server, struct pop3_drop *drop)
{
    struct pop3_job *job;

    if (drop->references == 1 && pop3_drop_has_seen(drop) && (job = calloc(1, sizeof *job))) {
        job->server = server;
        job->kind = POP3_JOB_CLOSE;
        job->drop = drop; /* and its reference */
        if (!mailproto_host_work(server->host, run_job, job_done, job))
            return;
        free(job);
    }
    if (--drop->references)
        return;
    maildrop_close(&drop->maildrop);
    free(drop->path);
    free(drop);
}

/* ---- in the pool ---- */

/* Puts what was retrieved into cur/. What DELE marked and QUIT did not confirm stays. */
static void close_drop(struct pop3_drop *drop)
{
    for (size_t i = 0; i < drop->maildrop.count; i++)
        drop->maildrop.messages[i].deleted = 0;
    if (!drop->settled)
        maildrop_update(&drop->maildrop);
    drop->settled = 1;
    maildrop_close(&drop->maildrop);
}

static int make_buffer(struct pop3_reading *reading)
{
    uint64_t cap = reading->reader.size + 2;

    reading->cap = cap < POP3_PIECE ? (size_t)cap : POP3_PIECE;
    reading->buffer = malloc(reading->cap);
    return reading->buffer ? 0 : -ENOMEM;
}

static void read_some(struct pop3_reading *reading)
{
    ssize_t n;

    reading->result = 0;
    if (!reading->is_open) {
        reading->result = maildrop_reader_open(&reading->reader, reading->path, reading->name, reading->in_new);
        reading->is_open = !reading->result;
    }
    if (!reading->result && !reading->buffer)
        reading->result = make_buffer(reading);
    if (reading->result)
        return;
    n = maildrop_reader_read(&reading->reader, reading->buffer, reading->cap);
    reading->result = n < 0 ? (int)n : 0;
    reading->len = n < 0 ? 0 : (size_t)n;
    reading->at = 0;
    reading->total += reading->len;
}

static void run_job(void *user)
{
    struct pop3_job *job = user;

    switch (job->kind) {
    case POP3_JOB_OPEN:
        job->result = maildrop_open(&job->drop->maildrop, job->drop->path);
        break;
    case POP3_JOB_READ:
        read_some(job->reading);
        job->result = job->reading->result;
        break;
    case POP3_JOB_UPDATE:
        job->failed = maildrop_update(&job->drop->maildrop);
        break;
    default:
        close_drop(job->drop);
        break;
    }
}

/* ---- on the loop ---- */

static void free_reading(struct pop3_reading *reading)
{
    if (reading->is_open)
        maildrop_reader_close(&reading->reader);
    free(reading->buffer);
    free(reading->path);
    free(reading->name);
    free(reading);
}

static void job_done(int32_t result, void *user)
{
    struct pop3_job *job = user;
    struct pop3 *owner = job->owner;

    (void)result; /* the host is freed when no session is left: there is no owner then */
    if (job->kind == POP3_JOB_UPDATE)
        job->drop->settled = 1;
    if (owner) {
        owner->job = NULL;
        job->done(job);
        client_wake(&owner->client);
    } else if (job->reading) {
        free_reading(job->reading);
    }
    if (job->drop)
        pop3_drop_leave(job->server, job->drop);
    free(job);
}

static struct pop3_job *new_job(struct pop3 *pop3, int kind, uint64_t token, void (*done)(struct pop3_job *))
{
    struct pop3_job *job = calloc(1, sizeof *job);

    if (!job)
        return NULL;
    job->server = pop3->client.server;
    job->owner = pop3;
    job->kind = kind;
    job->token = token;
    job->done = done;
    pop3->job = job;
    return job;
}

static int32_t start_job(struct pop3 *pop3, struct pop3_job *job)
{
    if (!mailproto_host_work(job->server->host, run_job, job_done, job))
        return MAILPROTO_OK;
    pop3->job = NULL;
    if (job->drop)
        pop3_drop_leave(job->server, job->drop);
    free(job);
    return MAILPROTO_ERR_NOMEM;
}

int32_t pop3_job_start(struct pop3 *pop3, struct pop3_drop *drop, int kind, uint64_t token,
                       void (*done)(struct pop3_job *))
{
    struct pop3_job *job = new_job(pop3, kind, token, done);

    if (!job)
        return MAILPROTO_ERR_NOMEM;
    job->drop = pop3_drop_keep(drop);
    return start_job(pop3, job);
}

/* ---- reading ---- */

static int32_t start_read(struct pop3 *pop3, uint64_t token, void (*done)(struct pop3_job *))
{
    struct pop3_job *job = new_job(pop3, POP3_JOB_READ, token, done);

    if (!job)
        return MAILPROTO_ERR_NOMEM;
    job->reading = pop3->reading;
    return start_job(pop3, job);
}

int32_t pop3_start_reading(struct pop3 *pop3, size_t i, uint64_t token, void (*done)(struct pop3_job *))
{
    const struct maildrop *drop = &pop3->drop->maildrop;
    struct pop3_reading *reading = calloc(1, sizeof *reading);

    if (!reading)
        return MAILPROTO_ERR_NOMEM;
    reading->path = strdup(drop->path);
    reading->name = strdup(drop->messages[i].name);
    reading->in_new = drop->messages[i].in_new;
    pop3->reading = reading;
    if (reading->path && reading->name && !start_read(pop3, token, done))
        return MAILPROTO_OK;
    pop3->reading = NULL;
    free_reading(reading);
    return MAILPROTO_ERR_NOMEM;
}

void pop3_read_on(struct pop3 *pop3, void (*done)(struct pop3_job *))
{
    struct pop3_reading *reading = pop3->reading;

    if (reading->at < reading->len || reading->total >= reading->reader.size || reading->result)
        return;
    if (start_read(pop3, 0, done))
        reading->result = -ENOMEM;
}

void pop3_stop_reading(struct pop3 *pop3)
{
    struct pop3_reading *reading = pop3->reading;

    pop3->reading = NULL;
    if (!reading)
        return;
    if (pop3->job && pop3->job->reading == reading)
        pop3_forget_job(pop3); /* which frees it when it is done */
    else
        free_reading(reading);
}

void pop3_forget_job(struct pop3 *pop3)
{
    if (pop3->job)
        pop3->job->owner = NULL;
    pop3->job = NULL;
}
