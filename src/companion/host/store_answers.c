/* store_answers.c - what a store in a thread of its own answered: written down there, told on the loop.
 * include/mailproto/host_store.h; include/mailproto/store.h, ITEMS and CANCEL. */
#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "store_work.h"

/* ---- in the thread: only malloc, for the host's allocator is the loop's ---- */

static void remember(struct mp_host_asked *asked, const mailproto_event *item)
{
    uint64_t id = 0;

    if (item->type == MAILPROTO_STORE_OPENED)
        id = ((const mailproto_store_opened *)(const void *)item)->opening;
    if (item->type == MAILPROTO_STORE_MESSAGE_OPENED)
        id = ((const mailproto_store_message_opened *)(const void *)item)->message;
    if (item->type == MAILPROTO_STORE_UPLOAD)
        id = ((const mailproto_store_upload *)(const void *)item)->upload;
    if (item->type == MAILPROTO_STORE_CURSOR)
        id = ((const mailproto_store_cursor *)(const void *)item)->snapshot;
    if (!id)
        return;
    asked->opened = item->type;
    asked->opened_id = id;
}

/* Who will tell the store that a slice is not read any more. */
static struct mp_host_asked *releaser(struct mp_host_asked *asked, uint64_t lease)
{
    struct mp_host_asked *release = calloc(1, sizeof *release);

    if (!release)
        return NULL;
    release->store = asked->store;
    release->kind = MP_HOST_RELEASE;
    release->lease = lease;
    release->last = &release->items;
    release->plain = 1;
    return release;
}

/* The number of an upload that we gather is ours. */
static void put_our_number(const struct mp_host_asked *asked, mailproto_event *kept)
{
    if (asked->upload && kept->type == MAILPROTO_STORE_UPLOAD)
        ((mailproto_store_upload *)(void *)kept)->upload = asked->upload->number;
}

/* A slice with a lease is passed on as it is; all else is copied. */
static struct mp_host_item *take(struct mp_host_asked *asked, const mailproto_event *event)
{
    struct mp_host_item *item = calloc(1, sizeof *item);

    if (!item)
        return NULL;
    if (event->type == MAILPROTO_STORE_SLICE && ((const mailproto_store_slice *)(const void *)event)->lease) {
        item->slice = *(const mailproto_store_slice *)(const void *)event;
        item->release = releaser(asked, item->slice.lease);
        if (item->release)
            return item;
    } else if (mailproto_store_keep(&item->kept, event, NULL) == MAILPROTO_OK) {
        put_our_number(asked, item->kept);
        return item;
    }
    free(item);
    return NULL;
}

int32_t mp_host_store_item(mailproto_store_asker *asker, uint64_t token, const mailproto_event *event)
{
    struct mp_host_asked *asked = (struct mp_host_asked *)(void *)asker;
    const mailproto_store *inner = &asked->store->inner;
    struct mp_host_item *item;

    if (token != asked->token || asked->ended)
        return MAILPROTO_ERR_TOKEN;
    remember(asked, event);
    item = asked->why ? NULL : take(asked, event);
    if (item) {
        *asked->last = item;
        asked->last = &item->next;
        return MAILPROTO_OK;
    }
    asked->why = MAILPROTO_ERR_NOMEM; /* an answer with a hole is none */
    if (event->type == MAILPROTO_STORE_SLICE && inner->release) {
        const uint64_t lease = ((const mailproto_store_slice *)(const void *)event)->lease;

        if (lease)
            inner->release(inner->user, lease);
    }
    return MAILPROTO_OK;
}

void mp_host_asked_sentence(struct mp_host_asked *asked, const char *text, size_t len)
{
    free(asked->text);
    asked->text = text && len ? malloc(len) : NULL;
    asked->text_len = asked->text ? len : 0;
    if (asked->text)
        memcpy(asked->text, text, len);
}

int32_t mp_host_store_end(mailproto_store_asker *asker, uint64_t token, int32_t why, const char *text, size_t len)
{
    struct mp_host_asked *asked = (struct mp_host_asked *)(void *)asker;

    if (token != asked->token || asked->ended)
        return MAILPROTO_ERR_TOKEN;
    asked->ended = 1;
    if (!why)
        return MAILPROTO_OK;
    asked->why = why;
    asked->opened = 0; /* nothing was done */
    mp_host_asked_sentence(asked, text, len);
    return MAILPROTO_OK;
}

/* ---- on the loop: slices are lent ---- */

static void queue(struct mp_host_asked *asked)
{
    asked->cancelled = 0;
    mp_host_asked_wait(asked);
    mp_host_store_start(asked->store);
}

static void item_free(struct mp_host_item *item)
{
    if (item->release)
        queue(item->release);
    mailproto_store_kept_free(item->kept, NULL);
    free(item);
}

static void drop_items(struct mp_host_item **items)
{
    while (*items) {
        struct mp_host_item *item = *items;

        *items = item->next;
        item_free(item);
    }
}

void mp_host_store_release(void *user, uint64_t number)
{
    mailproto_host_store *store = user;
    struct mp_host_lease **link = &store->leases, *lease;

    while ((lease = *link) && lease->number != number)
        link = &lease->next;
    if (!lease)
        return;
    *link = lease->next;
    item_free(lease->item);
    mp_host_release(store->host, lease, sizeof *lease);
    mp_host_store_go_on(store);
}

void mp_host_store_leases_free(mailproto_host_store *store)
{
    while (store->leases) {
        struct mp_host_lease *lease = store->leases;
        struct mp_host_asked *release = lease->item->release;

        store->leases = lease->next;
        if (release && store->inner.release)
            store->inner.release(store->inner.user, release->lease);
        free(release);
        lease->item->release = NULL;
        item_free(lease->item);
        mp_host_release(store->host, lease, sizeof *lease);
    }
}

/* Lends a slice until the asker releases it; where there is no memory to write that down, until it returns. */
static int32_t lend(struct mp_host_asked *asked, struct mp_host_item *item)
{
    mailproto_host_store *store = asked->store;
    struct mp_host_lease *lease = mp_host_alloc(store->host, sizeof *lease);
    mailproto_store_slice slice = item->kept ? *(const mailproto_store_slice *)(const void *)item->kept : item->slice;
    const uint64_t number = lease ? ++store->lease_number : 0;
    int32_t result;

    slice.head.struct_size = sizeof slice;
    slice.lease = number;
    if (lease) {
        *lease = (struct mp_host_lease){store->leases, number, item};
        store->leases = lease;
    }
    result = mailproto_store_give(asked->asker, asked->token, &slice.head);
    if (!lease)
        item_free(item);
    else if (result < 0)
        mp_host_store_release(store, number); /* it was not taken */
    return result;
}

/* ---- on the loop: answers are told ---- */

static int32_t give(struct mp_host_asked *asked)
{
    struct mp_host_item *item = asked->give;
    int32_t result;

    asked->give = item->next;
    item->next = NULL;
    if (!item->kept || item->kept->type == MAILPROTO_STORE_SLICE)
        return lend(asked, item);
    if (item->kept->type == asked->opened)
        asked->told_opened = 1;
    result = mailproto_store_give(asked->asker, asked->token, item->kept);
    item_free(item);
    return result;
}

static int32_t end(const struct mp_host_asked *asked)
{
    if (asked->why)
        return mailproto_store_fail(asked->asker, asked->token, asked->why, asked->text, asked->text_len);
    return mailproto_store_done(asked->asker, asked->token);
}

/* Who runs the store hears of failures, with what there is to say. */
static void report(struct mp_host_asked *asked)
{
    mailproto_host_store *store = asked->store;

    if (!asked->why || asked->reported || store->freed || !store->on_failure)
        return;
    asked->reported = 1;
    store->on_failure(store, asked->question ? asked->question->type : (uint32_t)MAILPROTO_STORE_APPEND_WRITE,
                      asked->why, asked->text ? asked->text : "", asked->text_len, store->config_user);
}

/* Items, as far as they are wanted, and the end if it is there. */
static void deliver(struct mp_host_asked *asked)
{
    int32_t result = MAILPROTO_OK;

    report(asked);
    if (asked->kind == MP_HOST_FLUSH)
        mp_host_upload_flushed(asked);
    if (asked->kind == MP_HOST_CALL)
        asked->done(asked->begun ? MAILPROTO_OK : MAILPROTO_ERR_CANCELLED, asked->user);
    if (asked->kind == MP_HOST_QUESTION && asked->token) {
        if (asked->why)
            drop_items(&asked->give);
        while (asked->give && !asked->cancelled && result == MAILPROTO_OK)
            result = give(asked);
        if (result >= 0 && !asked->cancelled && asked->tell)
            result = end(asked);
        if (result < 0)
            asked->cancelled = 1;
    }
    drop_items(&asked->give);
}

/* Makes the closing of what was opened out of the question that opened it. 0: there is nothing to close. */
static int become_closing(struct mp_host_asked *asked)
{
    union mp_host_closing closing = {.head = {0, 0, 0}};
    const uint64_t id = asked->opened_id;

    switch (asked->opened) {
    case MAILPROTO_STORE_OPENED:
        closing.close = (mailproto_store_close){{sizeof closing.close, MAILPROTO_STORE_CLOSE, 0}, id};
        break;
    case MAILPROTO_STORE_MESSAGE_OPENED:
        closing.message_close =
            (mailproto_store_message_close){{sizeof closing.message_close, MAILPROTO_STORE_MESSAGE_CLOSE, 0}, id};
        break;
    case MAILPROTO_STORE_UPLOAD:
        if (((const mailproto_store_append_begin *)(const void *)asked->question)->upload)
            return 0; /* the group was there before */
        closing.append_abort =
            (mailproto_store_append_abort){{sizeof closing.append_abort, MAILPROTO_STORE_APPEND_ABORT, 0}, id};
        break;
    case MAILPROTO_STORE_CURSOR:
        if (asked->question->type != MAILPROTO_STORE_CHANGES)
            return 0;
        closing.snapshot_end =
            (mailproto_store_snapshot_end){{sizeof closing.snapshot_end, MAILPROTO_STORE_SNAPSHOT_END, 0}, 0, id};
        closing.snapshot_end.opening = ((const mailproto_store_changes *)(const void *)asked->question)->opening;
        break;
    default:
        return 0;
    }
    mp_host_asked_reset(asked);
    asked->closing = closing;
    asked->question = &asked->closing.head;
    return 1;
}

void mp_host_asked_abandon(struct mp_host_asked *asked)
{
    drop_items(&asked->give);
    drop_items(&asked->items);
    asked->last = &asked->items;
    if (asked->kind == MP_HOST_QUESTION && asked->begun && become_closing(asked))
        queue(asked);
    else
        mp_host_asked_free(asked);
}

/* Whether a thing is open now that takes memory to close. */
static int keeps_spare(const struct mp_host_asked *asked)
{
    if (asked->opened == MAILPROTO_STORE_UPLOAD)
        return !((const mailproto_store_append_begin *)(const void *)asked->question)->upload;
    return asked->opened == MAILPROTO_STORE_OPENED || asked->opened == MAILPROTO_STORE_MESSAGE_OPENED;
}

/* It was told, or nobody waits for it. */
static void dispose(struct mp_host_asked *asked)
{
    mailproto_host_store *store = asked->store;

    if (asked->cancelled || (asked->opened && !asked->told_opened)) {
        mp_host_asked_abandon(asked);
    } else if (keeps_spare(asked)) {
        mp_host_asked_reset(asked);
        asked->next = store->spares;
        store->spares = asked;
    } else {
        mp_host_asked_free(asked);
    }
}

void mp_host_store_collect(mailproto_host_store *store)
{
    for (struct mp_host_asked *asked = store->going; asked; asked = asked->next) {
        struct mp_host_item **last = &asked->give;

        while (*last)
            last = &(*last)->next;
        *last = asked->items;
        asked->items = NULL;
        asked->last = &asked->items;
        asked->tell = asked->ended;
    }
}

static void take_from_going(mailproto_host_store *store, const struct mp_host_asked *asked)
{
    struct mp_host_asked **link = &store->going;

    while (*link != asked)
        link = &(*link)->next;
    *link = asked->next;
}

/* The store is to hear that the question is of no interest. */
static void withdraw(mailproto_host_store *store, struct mp_host_asked *asked)
{
    take_from_going(store, asked);
    asked->kind = MP_HOST_CANCEL;
    queue(asked);
}

/* One that goes on: what is new of it. 0: there is nothing new of any. */
static int tell_going(mailproto_host_store *store)
{
    struct mp_host_asked *asked = store->going;

    while (asked && !asked->give && !asked->tell && !asked->cancelled)
        asked = asked->next;
    if (!asked)
        return 0;
    store->current = asked;
    deliver(asked);
    store->current = NULL;
    if (asked->tell) {
        take_from_going(store, asked);
        dispose(asked);
    } else if (asked->cancelled) {
        withdraw(store, asked);
    }
    return 1;
}

void mp_host_store_tell(mailproto_host_store *store)
{
    int told = 0;

    for (; store->telling; told = 1) {
        struct mp_host_asked *asked = store->telling;

        store->telling = asked->next;
        asked->next = NULL;
        store->current = asked;
        deliver(asked);
        store->current = NULL;
        store->open--;
        dispose(asked);
    }
    while (tell_going(store))
        told = 1;
    if (told && store->on_answered && !store->freed)
        store->on_answered(store, store->config_user);
}

/* ---- cancel ---- */

static struct mp_host_asked *find(struct mp_host_asked *list, const mailproto_store_asker *asker, uint64_t token)
{
    while (list && (list->kind != MP_HOST_QUESTION || list->asker != asker || list->token != token || list->cancelled))
        list = list->next;
    return list;
}

/* One that was not begun is gone. */
static int take_back(mailproto_host_store *store, const mailproto_store_asker *asker, uint64_t token)
{
    struct mp_host_asked *asked = find(store->waiting, asker, token), **link = &store->waiting;

    if (!asked)
        return 0;
    while (*link != asked)
        link = &(*link)->next;
    *link = asked->next;
    if (!asked->next)
        store->last = link;
    store->open--;
    mp_host_asked_free(asked);
    return 1;
}

void mp_host_store_cancel(void *user, mailproto_store_asker *asker, uint64_t token)
{
    mailproto_host_store *store = user;
    struct mp_host_asked *asked = store->current;

    if (take_back(store, asker, token) || mp_host_upload_cancel(store, asker, token))
        return;
    if (asked && (asked->asker != asker || asked->token != token))
        asked = NULL;
    if (!asked)
        asked = find(store->batch, asker, token);
    if (!asked)
        asked = find(store->telling, asker, token);
    if (asked) {
        asked->cancelled = 1; /* whoever tells it closes what it opened */
        return;
    }
    asked = find(store->going, asker, token);
    if (asked)
        withdraw(store, asked);
    mp_host_store_go_on(store);
}
