/* asking.c - asks a store that answers at once: one call a question, the answer written down.
 * mailproto/store.h, QUESTIONS and ITEMS. */
#include "asking.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static int32_t on_item(mailproto_store_asker *asker, uint64_t token, const mailproto_event *item)
{
    struct asking *a = (struct asking *)(void *)asker;

    assert(token);
    assert(a->count < ASKING_ITEMS);
    if (mailproto_store_keep(&a->items[a->count], item, NULL))
        abort();
    a->count++;
    return a->on_item ? a->on_item(a, item) : MAILPROTO_OK;
}

static int32_t on_end(mailproto_store_asker *asker, uint64_t token, int32_t why, const char *text, size_t len)
{
    struct asking *a = (struct asking *)(void *)asker;

    (void)text;
    (void)len;
    assert(token);
    a->ends++;
    a->result = why;
    return MAILPROTO_OK;
}

void asking_begin(struct asking *a, const mailproto_store *store)
{
    *a = (struct asking){.asker = {sizeof a->asker, 0, on_item, on_end}, .store = store};
}

static void forget(struct asking *a)
{
    for (size_t i = 0; i < a->count; i++)
        mailproto_store_kept_free(a->items[i], NULL);
    a->count = a->ends = 0;
}

void asking_end(struct asking *a)
{
    forget(a);
}

int32_t asking(struct asking *a, mailproto_event *question)
{
    forget(a);
    question->token = 1;
    if (mailproto_store_ask(a->store, &a->asker, question))
        abort();
    return a->ends ? a->result : MAILPROTO_ERR_CANCELLED;
}

void asking_tell(struct asking *a, mailproto_event *question)
{
    question->token = 0;
    if (mailproto_store_ask(a->store, &a->asker, question))
        abort();
}

int32_t asking_create(struct asking *a, const char *name, uint64_t *id)
{
    ASK_FOR(create, CREATE);
    int32_t result;

    q.name = (mailproto_text){name, strlen(name)};
    result = asking(a, &q.head);
    if (!result)
        *id = ASKED_ITEM(a, 0, mailbox)->mailbox;
    return result;
}

int32_t asking_append(struct asking *a, uint64_t mailbox, const char *text, uint32_t *uid)
{
    mailproto_store_append_write write = {.head = {sizeof write, MAILPROTO_STORE_APPEND_WRITE, 0}};
    mailproto_store_append_commit commit = {.head = {sizeof commit, MAILPROTO_STORE_APPEND_COMMIT, 0}};
    mailproto_store_append_abort abandon = {.head = {sizeof abandon, MAILPROTO_STORE_APPEND_ABORT, 0}};
    ASK_FOR(append_begin, APPEND_BEGIN);
    int32_t result;

    q.mailbox = mailbox;
    result = asking(a, &q.head);
    if (result)
        return result;
    write.upload = commit.upload = abandon.upload = ASKED_ITEM(a, 0, upload)->upload;
    write.bytes = (mailproto_text){text, strlen(text)};
    result = asking(a, &write.head);
    if (result) {
        asking_tell(a, &abandon.head);
        return result;
    }
    result = asking(a, &commit.head);
    if (!result && uid)
        *uid = ASKED_ITEM(a, 0, appended)->uid;
    return result;
}

int32_t asking_remove(struct asking *a, uint64_t mailbox, uint32_t first, uint32_t last)
{
    const mailproto_store_run run = {sizeof run, first, last, 0, NULL};
    mailproto_store_expunge expunge = {.head = {sizeof expunge, MAILPROTO_STORE_EXPUNGE, 0}};
    ASK_FOR(flags, FLAGS);
    int32_t result;

    q.mailbox = expunge.mailbox = mailbox;
    q.uids = expunge.uids = &run;
    q.unchanged_since = UINT64_MAX;
    q.operation = MAILPROTO_STORE_FLAGS_ADD;
    q.flags = MAILPROTO_FLAG_DELETED;
    result = asking(a, &q.head);
    return result ? result : asking(a, &expunge.head);
}

uint64_t asking_inbox(struct asking *a)
{
    ASK_FOR(list, LIST);

    q.only = (mailproto_text){"INBOX", 5};
    if (asking(a, &q.head) || a->count != 1)
        abort();
    return ASKED_ITEM(a, 0, mailbox)->mailbox;
}

uint32_t asking_messages(struct asking *a, uint64_t mailbox)
{
    ASK_FOR(status, STATUS);

    q.mailbox = mailbox;
    q.wanted = MAILPROTO_STATUS_MESSAGES;
    if (asking(a, &q.head) || a->count != 1)
        abort();
    return ASKED_ITEM(a, 0, status_item)->messages;
}
