/* mailbox.c - handles on users' Maildirs: made, lent to sessions, kept for the next, closed off the loop's thread.
 * mailproto/maildir.h, mailproto/host.h (mailproto_host_store). */
#include "mailbox.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server.h"

/* A message of less is one piece of work; one of more takes twice as much memory, whatever its size. */
enum { GATHER = 16384, IDLE_MAX = 256 };

/* ---- idle handles, of delivery only: they are memory; those of POP3 have the index open ---- */

static void take_out(struct handle *handle)
{
    struct mailboxes *all = handle->mailboxes;
    struct handle **of = &handle->mailbox->idle;

    while (*of != handle)
        of = &(*of)->next_of_mailbox;
    *of = handle->next_of_mailbox;
    *(handle->older ? &handle->older->newer : &all->oldest) = handle->newer;
    *(handle->newer ? &handle->newer->older : &all->newest) = handle->older;
    handle->older = handle->newer = handle->next_of_mailbox = NULL;
    all->idle--;
}

static void put_in(struct handle *handle)
{
    struct mailboxes *all = handle->mailboxes;

    handle->next_of_mailbox = handle->mailbox->idle;
    handle->mailbox->idle = handle;
    handle->older = all->newest;
    *(all->newest ? &all->newest->newer : &all->oldest) = handle;
    all->newest = handle;
    all->idle++;
}

/* ---- closing: SQLite may write ---- */

static void free_handle(struct handle *handle)
{
    mailproto_maildir_close(handle->maildir);
    mailproto_host_job_free(handle->job);
    free(handle);
}

static void close_maildir(void *user)
{
    struct handle *handle = user;

    mailproto_maildir_close(handle->maildir);
    handle->maildir = NULL;
}

static void closed(int32_t result, void *user)
{
    struct handle *handle = user;

    (void)result; /* if the server ends it may not have run */
    if (handle->closed && handle->client)
        handle->closed(handle->client);
    free_handle(handle);
}

static void unused(void *user)
{
    struct handle *handle = user;

    if (mailproto_host_job_start(handle->job, close_maildir, closed, handle))
        closed(MAILPROTO_ERR_STATE, handle); /* the host is being freed: nobody waits for its loop any more */
}

static void close_handle(struct handle *handle)
{
    if (handle->off)
        mailproto_host_store_free(handle->off, unused, handle);
    else
        unused(handle);
}

static void close_idle(struct handle *handle)
{
    take_out(handle);
    close_handle(handle);
}

/* ---- mailboxes ---- */

struct mailbox *mailbox_new(const char *path)
{
    struct mailbox *mailbox = calloc(1, sizeof *mailbox);

    if (!mailbox)
        return NULL;
    mailbox->path = strdup(path);
    mailbox->references = 1;
    if (mailbox->path)
        return mailbox;
    free(mailbox);
    return NULL;
}

struct mailbox *mailbox_keep(struct mailbox *mailbox)
{
    mailbox->references++;
    return mailbox;
}

void mailbox_drop(struct mailbox *mailbox)
{
    if (!mailbox || --mailbox->references)
        return;
    while (mailbox->idle)
        close_idle(mailbox->idle);
    free(mailbox->path);
    free(mailbox);
}

int mailboxes_begin(struct mailboxes *mailboxes)
{
    return mailproto_maildir_syncs_new(&mailboxes->syncs) ? -1 : 0;
}

void mailboxes_end(struct mailboxes *mailboxes)
{
    mailboxes->ended = 1;
    while (mailboxes->oldest)
        close_idle(mailboxes->oldest);
}

void mailboxes_free(struct mailboxes *mailboxes)
{
    mailproto_maildir_syncs_free(mailboxes->syncs);
}

/* ---- what becomes of what is asked ---- */

static void failed(mailproto_host_store *off, uint32_t question, int32_t why, const char *text, size_t len, void *user)
{
    struct handle *handle = user;

    (void)off;
    handle->failed = 1;
    if (!len) {
        text = mailproto_result_text(why);
        len = strlen(text);
    }
    if (handle->client)
        handle->client->store_failed(handle->client, question, why, text, len);
    else
        log_line(LOG_ERROR, "%s: %.*s", handle->mailbox->path, (int)len, text);
}

static void answered(mailproto_host_store *off, void *user)
{
    struct handle *handle = user;

    (void)off;
    if (handle->client && handle->client->store_answered)
        handle->client->store_answered(handle->client);
}

static int32_t put_off_the_loop(struct handle *handle)
{
    mailproto_host_store_config config;
    int32_t result;

    mailproto_host_store_config_init(&config, sizeof config);
    config.gather = GATHER;
    config.on_failure = failed;
    config.on_answered = answered;
    config.user = handle;
    result = mailproto_host_store_new(&handle->off, handle->mailboxes->host, mailproto_maildir_store(handle->maildir),
                                      &config);
    return result ? result : mailproto_host_store_functions(handle->off, &handle->store);
}

/* ---- handles ---- */

static struct handle *new_handle(struct mailboxes *mailboxes, struct mailbox *mailbox)
{
    struct handle *handle = calloc(1, sizeof *handle);

    if (!handle)
        return NULL;
    if (mailproto_host_job_new(mailboxes->host,
                               &handle->job)) { /* now, so that closing cannot fail for want of memory */
        free(handle);
        return NULL;
    }
    handle->mailboxes = mailboxes;
    handle->mailbox = mailbox_keep(mailbox);
    return handle;
}

static int32_t open_maildir(struct handle *handle)
{
    mailproto_maildir_config config;

    mailproto_maildir_config_init(&config, sizeof config);
    config.sync = handle->mailboxes->sync;
    config.syncs = handle->mailboxes->syncs;
    config.host = (mailproto_text){handle->mailboxes->hostname, strlen(handle->mailboxes->hostname)};
    config.options = handle->is_quick ? MAILPROTO_MAILDIR_DELIVERY : 0;
    return mailproto_maildir_open(&handle->maildir, handle->mailbox->path, &config, handle->why, sizeof handle->why);
}

static void drop_handle(struct handle *handle)
{
    struct mailbox *mailbox = handle->mailbox;

    close_handle(handle);
    mailbox_drop(mailbox);
}

struct handle *mailbox_deliver(struct mailboxes *mailboxes, struct mailbox *mailbox, struct client *client)
{
    struct handle *handle = mailbox->idle;

    if (handle) {
        take_out(handle);
        mailbox_keep(mailbox);
    } else {
        handle = new_handle(mailboxes, mailbox);
        if (!handle)
            return NULL;
        handle->is_quick = 1;
        if (open_maildir(handle) || put_off_the_loop(handle)) {
            drop_handle(handle);
            return NULL;
        }
    }
    handle->client = client;
    handle->failed = 0;
    return handle;
}

/* ---- opening for POP3 ---- */

static void run_open(void *user)
{
    struct handle *handle = user;

    handle->result = open_maildir(handle);
}

static void opened(int32_t result, void *user)
{
    struct handle *handle = user;

    if (!handle->result)
        handle->result = result ? result : put_off_the_loop(handle);
    if (!handle->client) {
        handle_give_back(handle);
        return;
    }
    if (handle->result && !handle->why[0])
        snprintf(handle->why, sizeof handle->why, "%s", mailproto_result_text(handle->result));
    handle->opened(handle->client, handle, handle->result ? handle->why : NULL);
}

struct handle *mailbox_open(struct mailboxes *mailboxes, struct mailbox *mailbox, struct client *client,
                            void (*then)(struct client *, struct handle *, const char *why))
{
    struct handle *handle = new_handle(mailboxes, mailbox);

    if (!handle)
        return NULL;
    handle->client = client;
    handle->opened = then;
    if (!mailproto_host_job_start(handle->job, run_open, opened, handle))
        return handle;
    handle->client = NULL;
    drop_handle(handle);
    return NULL;
}

/* ---- given back ---- */

int handle_is_busy(const struct handle *handle)
{
    return mailproto_host_store_open(handle->off) != 0;
}

static void keep(struct handle *handle)
{
    struct mailboxes *all = handle->mailboxes;
    struct mailbox *mailbox = handle->mailbox;

    put_in(handle);
    if (all->idle > IDLE_MAX)
        close_idle(all->oldest);
    mailbox_drop(mailbox);
}

void handle_give_back(struct handle *handle)
{
    handle->client = NULL;
    if (handle->is_quick && !handle_is_busy(handle) && !handle->mailboxes->ended)
        keep(handle);
    else
        drop_handle(handle);
}

void handle_close(struct handle *handle, void (*then)(struct client *))
{
    handle->closed = then;
    drop_handle(handle);
}
