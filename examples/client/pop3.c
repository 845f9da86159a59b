/* pop3.c - `mailproto pop3`: from the options to the exit code.
 * RFC 1939. Files are opened before the connection, so that no message is fetched that cannot be kept. */
#include "pop3.h"

#include "exits.h"
#include "json.h"
#include "report.h"

static void choose_work(struct pop3_job *job)
{
    switch (job->options->verb) {
    case POP3_RETR:
    case POP3_TOP:
        job->work = &pop3_retrieve;
        break;
    case POP3_FETCH_ALL:
        job->work = &pop3_fetch;
        break;
    default:
        job->work = &pop3_query;
        break;
    }
}

static int begin(struct pop3_job *job)
{
    if (job->work == &pop3_retrieve)
        return pop3_begin_retrieve(job);
    return job->work == &pop3_fetch ? pop3_begin_fetch(job) : 0;
}

static void end(struct pop3_job *job)
{
    if (job->work == &pop3_retrieve)
        pop3_end_retrieve(job);
    else if (job->work == &pop3_fetch)
        pop3_end_fetch(job);
}

static int run(struct pop3_job *job)
{
    struct pop3_result *result = job->result;

    if (begin(job))
        return EXIT_LOCAL;
    pop3_session(job);
    end(job);
    if (result->withheld)
        return EXIT_USAGE;
    result->status = pop3_status(result);
    pop3_report(result);
    if (job->options->common.json && json_writers()->pop3(result)) {
        report("the result could not be written to standard output");
        return EXIT_LOCAL;
    }
    return result->status;
}

int pop3_run(const struct pop3_options *options)
{
    const struct common_options *common = &options->common;
    struct pop3_result result = {.options = options};
    struct pop3_job job = {.options = options, .result = &result};
    int status = EXIT_LOCAL;

    choose_work(&job);
    if (!common->user || !password_read(&job.password, common->password_file, common->user))
        status = run(&job);
    password_wipe(&job.password);
    pop3_result_free(&result);
    return status;
}
