/* work.c - work off the loop's thread, in libuv's pool: disks are slow, and a loop that waits serves nobody.
 * include/mailproto/host_loop.h, mailproto_host_work and the jobs. `done` always comes: whoever waits is never forgotten. */
#include "internal.h"

struct mailproto_host_job {
    uv_work_t request;
    mailproto_host *host;
    mailproto_host_job *previous, *next;
    void (*run)(void *);
    void (*done)(int32_t, void *);
    void *user;
    uint8_t busy, telling, cancelled, freed;
};

static void run(uv_work_t *request)
{
    mailproto_host_job *job = request->data;

    job->run(job->user);
}

static void take_out(mailproto_host_job *job)
{
    if (job->previous)
        job->previous->next = job->next;
    else
        job->host->jobs = job->next;
    if (job->next)
        job->next->previous = job->previous;
    mp_host_release(job->host, job, sizeof *job);
}

static void done(uv_work_t *request, int status)
{
    mailproto_host_job *job = request->data;
    mailproto_host *host = job->host;
    int32_t result = status || job->cancelled ? MAILPROTO_ERR_CANCELLED : MAILPROTO_OK;

    job->busy = job->cancelled = 0;
    job->telling = 1;
    job->done(result, job->user);
    job->telling = 0;
    host->working--;
    if (job->freed && !job->busy)
        take_out(job);
    if (!host->working)
        mp_host_signals_settle(host);
    mp_host_end(host);
}

int32_t mailproto_host_job_new(mailproto_host *host, mailproto_host_job **out)
{
    mailproto_host_job *job;

    if (!host || !out)
        return MAILPROTO_ERR_ARG;
    if (host->freeing)
        return mp_host_fail(host, MAILPROTO_ERR_STATE, 0, "the host is being freed");
    job = mp_host_alloc(host, sizeof *job);
    if (!job)
        return mp_host_fail(host, MAILPROTO_ERR_NOMEM, 0, "there is no memory for a job");
    job->host = host;
    job->request.data = job;
    job->next = host->jobs;
    if (job->next)
        job->next->previous = job;
    host->jobs = job;
    *out = job;
    return MAILPROTO_OK;
}

int32_t mailproto_host_job_start(mailproto_host_job *job, void (*run_it)(void *user),
                                 void (*done_it)(int32_t result, void *user), void *user)
{
    if (!job || !run_it || !done_it)
        return MAILPROTO_ERR_ARG;
    if (job->busy || job->freed || job->host->freeing)
        return mp_host_fail(job->host, MAILPROTO_ERR_STATE, 0, "the job is under way, or the host is being freed");
    job->busy = 1;
    job->run = run_it;
    job->done = done_it;
    job->user = user;
    job->host->working++;
    mp_host_begin(job->host);
    uv_queue_work(job->host->loop, &job->request, run, done); /* fails for a missing function only */
    return MAILPROTO_OK;
}

int32_t mailproto_host_job_cancel(mailproto_host_job *job)
{
    if (!job || !job->busy)
        return MAILPROTO_ERR_STATE;
    job->cancelled = 1;
    uv_cancel((uv_req_t *)&job->request); /* it may have begun */
    return MAILPROTO_OK;
}

void mailproto_host_job_free(mailproto_host_job *job)
{
    if (!job || job->freed)
        return;
    if (job->busy || job->telling)
        job->freed = 1;
    else
        take_out(job);
}

int32_t mailproto_host_work(mailproto_host *host, void (*run_it)(void *user),
                            void (*done_it)(int32_t result, void *user), void *user)
{
    mailproto_host_job *job;
    int32_t result;

    if (!host || !run_it || !done_it)
        return MAILPROTO_ERR_ARG;
    result = mailproto_host_job_new(host, &job);
    if (result)
        return result;
    mailproto_host_job_start(job, run_it, done_it, user);
    mailproto_host_job_free(job);
    return MAILPROTO_OK;
}

/* What has not begun is withdrawn; what runs is told to its done when it is through. */
void mp_host_jobs_end(mailproto_host *host)
{
    for (mailproto_host_job *job = host->jobs; job; job = job->next)
        if (job->busy)
            mailproto_host_job_cancel(job);
}

void mp_host_jobs_release(mailproto_host *host)
{
    while (host->jobs)
        take_out(host->jobs);
}
