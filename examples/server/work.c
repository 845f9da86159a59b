/* work.c - a piece of work off the loop's thread, by libuv's pool.
 * The pool reads its size from the environment when it starts. */
#include "work.h"

#include <stdio.h>
#include <stdlib.h>

static void run(uv_work_t *request)
{
    struct work *work = request->data;

    work->run(work);
}

static void done(uv_work_t *request, int status)
{
    struct work *work = request->data;

    (void)status; /* nothing is ever cancelled */
    work->done(work);
}

void work_start(uv_loop_t *loop, struct work *work, void (*run_it)(struct work *), void (*done_it)(struct work *))
{
    work->request.data = work;
    work->run = run_it;
    work->done = done_it;
    uv_queue_work(loop, &work->request, run, done); /* fails for a missing function only */
}

void work_set_threads(unsigned threads)
{
    char text[16];

    snprintf(text, sizeof text, "%u", threads);
    setenv("UV_THREADPOOL_SIZE", text, 0);
}
