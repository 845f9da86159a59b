/* host_scene.h - a loop, a host, and accounts off the loop over stores in memory that look whether two threads are in them.
 * mailproto/host_store.h. */
#ifndef TEST_HOST_SCENE_H
#define TEST_HOST_SCENE_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <uv.h>

#include <mailproto/host.h>
#include <mailproto/memory_store.h>

#include "support/allocator.h"

/* A store that must not be entered twice, and gives slices with a lease. */
struct guarded {
    mailproto_memory_store *memory;
    mailproto_store inner;
    atomic_int inside, twice;
    uint64_t lent, released; /* leases */
    mailproto_store_asker *outer;
    struct passing {
        mailproto_store_asker asker; /* first */
        struct guarded *guarded;
        mailproto_store_asker *outer;
        int leases;
    } reads;
    char *copies[64];
};

struct scene {
    struct test_allocator memory;
    uv_loop_t loop;
    mailproto_host *host;
    struct guarded guarded[2];
    mailproto_store blocking[2], store[2];
    mailproto_host_store *off[2];
    int freed, host_freed;
};

void guarded_new(struct guarded *g, mailproto_store *out);
void guarded_end(struct guarded *g); /* all that was lent came back, and never two threads were in it */

/* Begins with so many stores; `how` NULL: as they are by default. */
void scene_begin(struct scene *s, size_t stores, const mailproto_host_store_config *how);
/* Goes on until something was answered, if anything is owed; until nothing is owed. */
void scene_step(struct scene *s);
void scene_settle(struct scene *s);
/* Ends all; or the host alone, whose stores were given back. */
void scene_end(struct scene *s);
void scene_end_host(struct scene *s);
void scene_freed(void *user); /* counts in an int */
/* INBOX of a store. */
uint64_t scene_inbox(struct scene *s, size_t at);

#endif
