/* store_work.c - a store that blocks, asked in a thread of its own turn: its questions in order, a few at a time.
 * include/mailproto/host_store.h; include/mailproto/store.h, QUESTIONS.
 *
 * The loop's thread puts questions into `waiting` and hands a batch of them to the pool. Until the batch is back only the
 * thread touches the store below and what it writes down; there is no lock, for libuv orders both sides. */
#include "store_work.h"

#include <stdlib.h>
#include <string.h>

#include "internal.h"

/* The store that a question touches besides its own. */
static mailproto_host_store *touched(const struct mp_host_asked *asked)
{
    mailproto_host_store *other;

    if (asked->kind != MP_HOST_QUESTION || asked->question->type != MAILPROTO_STORE_APPEND_SHARE)
        return NULL;
    other = ((mailproto_store_append_share *)(void *)asked->question)->other->user;
    return other == asked->store ? NULL : other;
}

/* ---- in the thread ---- */

static void carry_out(const mailproto_store *inner, struct mp_host_asked *asked)
{
    asked->begun = 1;
    switch (asked->kind) {
    case MP_HOST_RELEASE:
        if (inner->release)
            inner->release(inner->user, asked->lease);
        return;
    case MP_HOST_CANCEL:
        (void)mailproto_store_cancel(inner, &asked->inner, asked->token);
        return;
    case MP_HOST_CALL:
        asked->run(asked->user);
        return;
    case MP_HOST_FLUSH:
    case MP_HOST_QUESTION:
        if ((asked->upload || asked->other_upload) && !mp_host_upload_ready(asked))
            return;
        break;
    }
    if (asked->question->type == MAILPROTO_STORE_APPEND_SHARE) {
        mailproto_store_append_share below = *(mailproto_store_append_share *)(void *)asked->question;

        below.other = &((mailproto_host_store *)below.other->user)->inner;
        (void)mailproto_store_ask(inner, &asked->inner, &below.head);
        return;
    }
    (void)mailproto_store_ask(inner, &asked->inner, asked->question);
}

static void run(void *user)
{
    mailproto_host_store *store = user;

    for (struct mp_host_asked *asked = store->batch; asked; asked = asked->next)
        carry_out(&store->inner, asked);
}

/* ---- batches ---- */

static void wake(mailproto_host_store *store)
{
    mailproto_host_store *sleeper = store->sleepers;

    store->sleepers = NULL;
    while (sleeper) {
        mailproto_host_store *next = sleeper->next_sleeper;

        sleeper->waits_for = NULL;
        mp_host_store_go_on(sleeper);
        sleeper = next;
    }
}

/* Whether the other store can be held for the batch; if not, it wakes us. */
static int hold(mailproto_host_store *store, mailproto_host_store *other)
{
    const struct mp_host_upload *upload = other ? store->waiting->other_upload : NULL;

    if (!other || (!other->running && !other->held && (!upload || !upload->queued))) {
        store->holds = other;
        if (other)
            other->held = 1;
        return 1;
    }
    store->waits_for = other;
    store->next_sleeper = other->sleepers;
    other->sleepers = store;
    return 0;
}

static void let_go(mailproto_host_store *store)
{
    mailproto_host_store *other = store->holds;

    store->holds = NULL;
    if (!other)
        return;
    other->held = 0;
    wake(other);
    mp_host_store_go_on(other);
}

/* The first that wait; one that touches another store goes alone. */
static void take_batch(mailproto_host_store *store)
{
    struct mp_host_asked **end = &store->waiting;
    size_t n = 0;

    while (*end && n < MP_HOST_STORE_BATCH && (!n || !touched(*end))) {
        const int alone = touched(*end) != NULL;

        end = &(*end)->next;
        n++;
        if (alone)
            break;
    }
    store->batch = store->waiting;
    store->waiting = *end;
    *end = NULL;
    if (!store->waiting)
        store->last = &store->waiting;
}

static void put_back(mailproto_host_store *store)
{
    struct mp_host_asked **end = &store->batch;

    while (*end)
        end = &(*end)->next;
    *end = store->waiting;
    if (!store->waiting)
        store->last = end == &store->batch ? &store->waiting : end;
    store->waiting = store->batch;
    store->batch = NULL;
}

/* The host goes, and no thread begins any more: what ends something is done here, the rest is refused. */
static void finish_here(mailproto_host_store *store)
{
    while (store->waiting) {
        struct mp_host_asked *asked = store->waiting;

        store->waiting = asked->next;
        if (!store->waiting)
            store->last = &store->waiting;
        if (asked->kind == MP_HOST_QUESTION && asked->token) {
            asked->why = MAILPROTO_ERR_UNAVAILABLE;
            asked->ended = 1;
        } else if (asked->kind != MP_HOST_CALL) {
            carry_out(&store->inner, asked);
        }
        asked->tell = 1;
        asked->next = store->telling;
        store->telling = asked;
        mp_host_store_collect(store);
        store->tells++;
        mp_host_store_tell(store);
        store->tells--;
    }
    wake(store);
}

/* The end of a store that was given back. */
static void settle(mailproto_host_store *store)
{
    mailproto_host *host = store->host;
    void (*on_freed)(void *) = store->on_freed;
    void *user = store->user;

    if (!store->freed || store->running || store->held || store->tells || store->waiting || store->telling)
        return;
    wake(store);
    mp_host_store_leases_free(store);
    mp_host_uploads_end(store);
    while (store->going) {
        struct mp_host_asked *asked = store->going;

        store->going = asked->next;
        (void)mailproto_store_cancel(&store->inner, &asked->inner, asked->token);
        mp_host_asked_free(asked);
    }
    while (store->spares) {
        struct mp_host_asked *asked = store->spares;

        store->spares = asked->next;
        mp_host_asked_free(asked);
    }
    mailproto_host_job_free(store->job);
    mp_host_release(host, store, sizeof *store);
    if (on_freed)
        on_freed(user);
}

/* Those that ended are told; those that go on may tell more. */
static void sort_batch(mailproto_host_store *store)
{
    struct mp_host_asked **last = &store->telling;

    while (*last)
        last = &(*last)->next;
    while (store->batch) {
        struct mp_host_asked *asked = store->batch;

        store->batch = asked->next;
        asked->next = NULL;
        if (asked->kind == MP_HOST_QUESTION && asked->token && !asked->ended && !asked->cancelled) {
            asked->next = store->going;
            store->going = asked;
            store->open--; /* it is no work any more */
            continue;
        }
        if (asked->kind == MP_HOST_QUESTION && asked->token && !asked->ended) {
            asked->kind = MP_HOST_CANCEL; /* cancelled while it began */
            store->open--;
            mp_host_asked_wait(asked);
            continue;
        }
        asked->give = asked->items;
        asked->items = NULL;
        asked->tell = 1;
        *last = asked;
        last = &asked->next;
    }
}

static void done(int32_t result, void *user)
{
    mailproto_host_store *store = user;

    store->running = 0;
    if (result && store->batch && !store->batch->begun)
        put_back(store);
    else
        sort_batch(store);
    mp_host_store_collect(store);
    store->tells++; /* nothing that a callback does may free it */
    let_go(store);
    wake(store);
    mp_host_store_start(store);
    mp_host_store_tell(store);
    wake(store); /* who waits for what was told */
    store->tells--;
    mp_host_store_go_on(store);
}

void mp_host_store_start(mailproto_host_store *store)
{
    if (store->running || store->held || store->waits_for || !store->waiting || !hold(store, touched(store->waiting)))
        return;
    take_batch(store);
    store->running = 1;
    if (mailproto_host_job_start(store->job, run, done, store) == MAILPROTO_OK)
        return;
    store->running = 0;
    put_back(store);
    let_go(store);
    if (!store->tells)
        finish_here(store);
}

void mp_host_store_go_on(mailproto_host_store *store)
{
    mp_host_store_start(store);
    settle(store);
}
