/* store.c - the life of a store off the loop: made, asked to run what is the program's, given back.
 * include/mailproto/host_store.h. */
#include <string.h>

#include "internal.h"
#include "store_work.h"

int32_t mailproto_host_store_config_init(mailproto_host_store_config *config, size_t size)
{
    return mp_companion_struct_init(config, size);
}

/* What a store needs depends on what it is for, which its sessions check; one that is for nothing is a mistake. */
static int32_t serves_something(mailproto_host *host, const mailproto_store *blocking)
{
    const char *delivery = "", *pop3 = "", *imap = "";

    if (!mailproto_store_check(blocking, MAILPROTO_STORE_FOR_DELIVERY, &delivery) ||
        !mailproto_store_check(blocking, MAILPROTO_STORE_FOR_POP3, &pop3) ||
        !mailproto_store_check(blocking, MAILPROTO_STORE_FOR_IMAP, &imap))
        return MAILPROTO_OK;
    return mp_host_fail(host, MAILPROTO_ERR_CONFIG, 0, "the store lacks functions, and is of no use: %s; %s; %s",
                        delivery, pop3, imap);
}

int32_t mailproto_host_store_new(mailproto_host_store **out, mailproto_host *host, const mailproto_store *blocking,
                                 const mailproto_host_store_config *config)
{
    mailproto_host_store_config own = {.struct_size = sizeof own};
    mailproto_host_store *store;
    int32_t result;

    if (!out || !host || !blocking || blocking->struct_size < sizeof blocking->struct_size ||
        (config && mp_companion_struct_copy(&own, sizeof own, config)))
        return MAILPROTO_ERR_ARG;
    result = serves_something(host, blocking);
    if (result)
        return result;
    store = mp_host_alloc(host, sizeof *store);
    if (!store)
        return mp_host_fail(host, MAILPROTO_ERR_NOMEM, 0, "there is no memory for a store");
    result = mailproto_host_job_new(host, &store->job);
    if (result) {
        mp_host_release(host, store, sizeof *store);
        return result;
    }
    store->host = host;
    store->last = &store->waiting;
    store->gather = own.gather;
    store->on_failure = own.on_failure;
    store->on_answered = own.on_answered;
    store->config_user = own.user;
    memcpy(&store->inner, blocking,
           blocking->struct_size < sizeof store->inner ? blocking->struct_size : sizeof store->inner);
    store->inner.struct_size = sizeof store->inner;
    *out = store;
    return MAILPROTO_OK;
}

int32_t mailproto_host_store_run(mailproto_host_store *store, void (*run_it)(void *user),
                                 void (*done_it)(int32_t result, void *user), void *user)
{
    struct mp_host_asked *asked;

    if (!store || !run_it || !done_it)
        return MAILPROTO_ERR_ARG;
    if (store->freed)
        return MAILPROTO_ERR_STATE;
    asked = mp_host_asked_new(store, MP_HOST_CALL);
    if (!asked)
        return mp_host_fail(store->host, MAILPROTO_ERR_NOMEM, 0, "there is no memory for work in a store's thread");
    asked->run = run_it;
    asked->done = done_it;
    asked->user = user;
    mp_host_asked_wait(asked);
    mp_host_store_go_on(store);
    return MAILPROTO_OK;
}

uint64_t mailproto_host_store_open(const mailproto_host_store *store)
{
    return store ? store->open : 0;
}

/* What was not begun and has an answer is of no use to anybody. */
static void drop_questions(mailproto_host_store *store)
{
    struct mp_host_asked **link = &store->waiting, *asked;

    while ((asked = *link)) {
        if (asked->kind == MP_HOST_QUESTION && asked->token) {
            *link = asked->next;
            store->open--;
            mp_host_asked_free(asked);
        } else {
            link = &asked->next;
        }
    }
    store->last = link;
}

void mailproto_host_store_free(mailproto_host_store *store, void (*on_freed)(void *user), void *user)
{
    if (!store || store->freed)
        return;
    store->freed = 1;
    store->on_freed = on_freed;
    store->user = user;
    drop_questions(store);
    mp_host_uploads_drop_held(store);
    for (struct mp_host_asked *asked = store->batch; asked; asked = asked->next)
        asked->cancelled = 1;
    for (struct mp_host_asked *asked = store->telling; asked; asked = asked->next)
        asked->cancelled = 1;
    for (struct mp_host_asked *asked = store->going; asked; asked = asked->next)
        asked->cancelled = 1;
    if (store->current)
        store->current->cancelled = 1;
    mp_host_store_go_on(store);
}
