/* delivery.c - a message between a session on the loop and the Maildirs: buffered, bounded, written by the pool.
 * One piece of work at a time; what is asked for meanwhile is started when it is done. */
#include "delivery.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct delivery {
    mailproto_host_job *job;
    struct delivery_owner owner; /* user NULL: nobody asks any more */
    struct maildir_file file;
    char *buffer[2];
    size_t used[2];
    int filling; /* the buffer that is being filled; the other is idle or being written */
    int busy, ended, aborted, full;
    int outcome; /* of the last write, for the pool's thread to set */
    int result;  /* the same, once it is done; sticks */
    enum maildir_sync sync;
    int all_or_none;
    size_t count;
    int *results;
    struct maildir *boxes[];
};

struct delivery *delivery_new(mailproto_host *loop, const char *host, struct maildir *const *boxes, size_t count,
                              int all_or_none, enum maildir_sync sync)
{
    struct delivery *d = calloc(1, sizeof *d + count * sizeof *d->boxes);

    if (!d)
        return NULL;
    d->results = calloc(count, sizeof *d->results);
    d->buffer[0] = malloc(DELIVERY_BUFFER);
    if (!d->results || !d->buffer[0] || mailproto_host_job_new(loop, &d->job)) {
        free(d->results);
        free(d->buffer[0]);
        free(d);
        return NULL;
    }
    d->sync = sync;
    d->all_or_none = all_or_none;
    d->count = count;
    for (size_t i = 0; i < count; i++)
        d->boxes[i] = maildir_keep(boxes[i]);
    maildir_name(&d->file, host);
    return d;
}

void delivery_set_owner(struct delivery *d, const struct delivery_owner *owner)
{
    d->owner = *owner;
}

static void destroy(struct delivery *d)
{
    mailproto_host_job_free(d->job);
    for (size_t i = 0; i < d->count; i++)
        maildir_drop(d->boxes[i]);
    free(d->buffer[0]);
    free(d->buffer[1]);
    free(d->results);
    free(d);
}

static void fail_all(struct delivery *d, int why)
{
    for (size_t i = 0; i < d->count; i++)
        d->results[i] = why;
}

/* ---- in the pool ---- */

static int write_buffer(struct delivery *d, int which)
{
    int result = d->file.home ? 0 : maildir_create(&d->file, d->boxes, d->count);

    if (!result)
        result = maildir_write(&d->file, d->buffer[which], d->used[which]);
    return result;
}

static void run_write(void *user)
{
    struct delivery *d = user;

    d->outcome = write_buffer(d, !d->filling);
}

static void run_commit(void *user)
{
    struct delivery *d = user;
    struct maildir_commit commit = {d->boxes, d->results, d->count, d->all_or_none, d->sync};

    d->outcome = write_buffer(d, d->filling);
    if (d->outcome)
        fail_all(d, d->outcome);
    if (d->outcome)
        maildir_discard(&d->file);
    else
        maildir_commit(&d->file, &commit);
}

static void run_discard(void *user)
{
    maildir_discard(&((struct delivery *)user)->file);
}

/* ---- on the loop ---- */

static void next(struct delivery *d);

static void discarded(int32_t result, void *user)
{
    (void)result;
    destroy(user);
}

static void tell_done(struct delivery *d)
{
    if (d->owner.user)
        d->owner.done(d->owner.user, d->results, d->file.name);
}

static void committed(int32_t result, void *user)
{
    struct delivery *d = user;

    (void)result;
    tell_done(d);
    destroy(d);
}

static void written(int32_t result, void *user)
{
    struct delivery *d = user;

    (void)result;
    d->busy = 0;
    d->used[!d->filling] = 0;
    d->result = d->outcome;
    next(d);
}

static void start(struct delivery *d, void (*run)(void *), void (*done)(int32_t, void *))
{
    d->busy = 1;
    if (!mailproto_host_job_start(d->job, run, done, d))
        return;
    run(d); /* the host is being freed: there is nobody left to wait for the disk */
    done(MAILPROTO_OK, d);
}

static void start_write(struct delivery *d)
{
    d->filling = !d->filling;
    start(d, run_write, written);
}

/* A write is done: what has to come now? */
static void next(struct delivery *d)
{
    int was_full = d->full;

    if (d->result && d->ended) {
        fail_all(d, d->result);
        tell_done(d);
        d->aborted = 1;
    }
    if (d->aborted) {
        start(d, run_discard, discarded);
    } else if (d->result) {
        d->owner.failed(d->owner.user, d->result); /* who aborts it */
    } else if (d->ended) {
        start(d, run_commit, committed);
    } else {
        d->full = 0;
        if (d->used[d->filling] == DELIVERY_BUFFER)
            start_write(d);
        if (was_full)
            d->owner.room(d->owner.user);
    }
}

int delivery_add(struct delivery *d, const char *data, size_t len, size_t piece)
{
    size_t room;

    if (d->result)
        return d->result;
    while (len) {
        if (!d->buffer[d->filling] && !(d->buffer[d->filling] = malloc(DELIVERY_BUFFER)))
            return -ENOMEM;
        room = DELIVERY_BUFFER - d->used[d->filling];
        if (!room) {
            if (d->busy)
                return -ENOBUFS; /* added on after DELIVERY_FULL */
            start_write(d);
            continue;
        }
        if (room > len)
            room = len;
        memcpy(d->buffer[d->filling] + d->used[d->filling], data, room);
        d->used[d->filling] += room;
        data += room;
        len -= room;
    }
    room = DELIVERY_BUFFER - d->used[d->filling] + (d->busy ? 0 : DELIVERY_BUFFER);
    d->full = room < piece;
    return d->full ? DELIVERY_FULL : 0;
}

void delivery_end(struct delivery *d)
{
    d->ended = 1;
    if (!d->busy)
        start(d, run_commit, committed);
}

void delivery_abort(struct delivery *d)
{
    d->owner.user = NULL;
    if (d->ended)
        return;
    d->aborted = 1;
    if (!d->busy)
        start(d, run_discard, discarded);
}
