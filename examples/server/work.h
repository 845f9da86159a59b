/* work.h - a piece of work off the loop's thread: disks are slow, and a loop that waits serves nobody.
 * `run` is called in a thread of libuv's pool, `done` afterwards on the loop's own. */
#ifndef MAILPROTOD_WORK_H
#define MAILPROTOD_WORK_H

#include <uv.h>

struct work {
    uv_work_t request;
    void (*run)(struct work *);
    void (*done)(struct work *);
};

/* Starts it. The struct must stay until `done` was called, which always happens. */
void work_start(uv_loop_t *loop, struct work *work, void (*run)(struct work *), void (*done)(struct work *));

/* How many threads the pool has; before the first work_start. What the environment says goes first. */
void work_set_threads(unsigned threads);

#endif
