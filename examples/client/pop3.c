/* pop3.c - `mailproto pop3`: from the options to the exit code.
 * RFC 1939. Files are opened before the connection, so that no message is fetched that cannot be kept. */
#include "pop3.h"

#include "exits.h"
#include "json.h"
#include "report.h"

static const struct pop3_work *work_of(enum pop3_verb verb)
{
    if (verb == POP3_RETR || verb == POP3_TOP)
        return &pop3_retrieve;
    return verb == POP3_FETCH_ALL ? &pop3_fetch : &pop3_query;
}

static int run(struct pop3_job *job)
{
    struct pop3_result *result = job->result;

    if (job->work->begin && job->work->begin(job))
        return EXIT_LOCAL;
    pop3_session(job);
    if (job->work->end)
        job->work->end(job);
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
    struct pop3_job job = {.options = options, .result = &result, .work = work_of(options->verb)};
    int status = EXIT_LOCAL;

    if (!auth_needs_secret(common) || !password_get(&job.password, common))
        status = tls_open(&common->tls, common->trace) ? EXIT_LOCAL : run(&job);
    tls_close();
    password_wipe(&job.password);
    pop3_result_free(&result);
    return status;
}
