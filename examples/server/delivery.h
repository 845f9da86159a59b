/* delivery.h - a message between a session on the loop and the Maildirs: buffered, bounded, written by the pool.
 *
 * Two buffers of DELIVERY_BUFFER octets: one is filled while the other is written. A small message is one piece of
 * work: create, write, fsync, rename, fsync. The threads of the pool do these at the same time for several messages,
 * so that the file system commits them together. Every result is 0 or a negative errno. */
#ifndef MAILPROTOD_DELIVERY_H
#define MAILPROTOD_DELIVERY_H

#include <mailproto/host.h>

#include "maildir.h"

enum { DELIVERY_BUFFER = 22 * 1024 };

struct delivery;

/* Called on the loop's thread, never from inside a function of this file. */
struct delivery_owner {
    void (*room)(void *user);            /* after delivery_add answered DELIVERY_FULL: there is room again */
    void (*failed)(void *user, int why); /* the disk failed before delivery_end; abort it then */
    void (*done)(void *user, const int *results, const char *name); /* after delivery_end: one result for each box */
    void *user;
};

/* `boxes` are kept for as long as it takes. NULL: no memory. */
struct delivery *delivery_new(mailproto_host *loop, const char *host, struct maildir *const *boxes, size_t count,
                              int all_or_none, enum maildir_sync sync);
void delivery_set_owner(struct delivery *d, const struct delivery_owner *owner);

/* Takes octets, at most `piece` of them in one call. 0; DELIVERY_FULL: taken, but no more before `room`; or a negative
   errno. */
enum { DELIVERY_FULL = 1 };
int delivery_add(struct delivery *d, const char *data, size_t len, size_t piece);

/* All is there: deliver. `done` is called, and then it is gone. */
void delivery_end(struct delivery *d);
/* Forget it. Nothing is called any more; it frees itself. A delivery that was ended is finished all the same. */
void delivery_abort(struct delivery *d);

#endif
