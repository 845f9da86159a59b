/* ask.c - questions to a store that answers before it returns.
 * The contract of mailproto/store.h; no part of any protocol. */
#include "ask.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "disk_nodes.h"

static char last_why[256];
static int32_t last_result;

const char *ask_why(void)
{
    return last_why;
}

int32_t ask_last(void)
{
    return last_result;
}

void ask_forget(void)
{
    last_result = 0;
    last_why[0] = 0;
}

static int32_t on_item(mailproto_store_asker *asker, uint64_t token, const mailproto_event *item)
{
    struct answer *a = (struct answer *)asker;

    if (token != 1 || a->ended)
        return MAILPROTO_ERR_TOKEN;
    a->items = power_memory(a->items, (a->count + 1) * sizeof(mailproto_event *));
    if (mailproto_store_keep(&a->items[a->count], item, NULL))
        return MAILPROTO_ERR_NOMEM;
    a->count++;
    return MAILPROTO_OK;
}

static int32_t on_end(mailproto_store_asker *asker, uint64_t token, int32_t why, const char *text, size_t len)
{
    struct answer *a = (struct answer *)asker;

    if (token != 1 || a->ended)
        return MAILPROTO_ERR_TOKEN;
    a->ended = 1;
    a->result = why;
    snprintf(a->text, sizeof a->text, "%.*s", text ? (int)len : 0, text ? text : "");
    return MAILPROTO_OK;
}

int32_t ask(struct answer *a, const mailproto_store *store, mailproto_event *question, uint32_t type, uint32_t size)
{
    int32_t asked;

    memset(a, 0, sizeof *a);
    a->asker.struct_size = sizeof a->asker;
    a->asker.item = on_item;
    a->asker.end = on_end;
    question->struct_size = size;
    question->type = type;
    question->token = 1;
    asked = mailproto_store_ask(store, &a->asker, question);
    if (asked || !a->ended) {
        a->result = asked ? asked : MAILPROTO_ERR_HOST;
        snprintf(a->text, sizeof a->text, asked ? "the question is malformed" : "the question was not answered");
    }
    if (a->result)
        last_result = a->result;
    if (a->result)
        snprintf(last_why, sizeof last_why, "question 0x%x: %s: %.180s", (unsigned)type,
                 mailproto_result_name(a->result), a->text);
    return a->result;
}

/* Of those that have no answer. */
static void tell(const mailproto_store *store, mailproto_event *question, uint32_t type, uint32_t size)
{
    struct answer a;

    memset(&a, 0, sizeof a);
    a.asker.struct_size = sizeof a.asker;
    a.asker.item = on_item;
    a.asker.end = on_end;
    question->struct_size = size;
    question->type = type;
    mailproto_store_ask(store, &a.asker, question);
}

void answer_free(struct answer *a)
{
    for (size_t i = 0; i < a->count; i++)
        mailproto_store_kept_free(a->items[i], NULL);
    free(a->items);
    a->items = NULL;
    a->count = 0;
}

const void *answer_item(const struct answer *a, uint32_t type)
{
    for (size_t i = 0; i < a->count; i++)
        if (a->items[i]->type == type)
            return a->items[i];
    return NULL;
}

static mailproto_text text_of(const char *text)
{
    return (mailproto_text){text, strlen(text)};
}

const mailproto_store_run *ask_runs(struct ask_runs *runs, const uint32_t *uids, size_t count)
{
    memset(runs, 0, sizeof *runs);
    for (size_t i = 0; i < count && i < ASK_UIDS; i++) {
        runs->run[i].struct_size = sizeof runs->run[i];
        runs->run[i].first = runs->run[i].last = uids[i];
        runs->run[i].next = i + 1 < count ? &runs->run[i + 1] : NULL;
    }
    return count ? runs->run : NULL;
}

/* ---- mailboxes ---- */

int32_t ask_open(const mailproto_store *store, uint64_t mailbox, mailproto_store_opened *opened)
{
    mailproto_store_open question = {.mailbox = mailbox, .mode = MAILPROTO_STORE_READ_WRITE};
    struct answer a;
    const mailproto_store_opened *item;
    int32_t result = ASK(&a, store, &question, MAILPROTO_STORE_OPEN);

    item = answer_item(&a, MAILPROTO_STORE_OPENED);
    if (!result && !item)
        result = MAILPROTO_ERR_HOST;
    if (!result)
        *opened = *item;
    answer_free(&a);
    return result;
}

void ask_close(const mailproto_store *store, uint64_t opening)
{
    mailproto_store_close question = {.opening = opening};

    tell(store, &question.head, MAILPROTO_STORE_CLOSE, sizeof question);
}

int32_t ask_create(const mailproto_store *store, const char *name, uint64_t *mailbox)
{
    mailproto_store_create question = {.name = text_of(name)};
    struct answer a;
    const mailproto_store_mailbox *item;
    int32_t result = ASK(&a, store, &question, MAILPROTO_STORE_CREATE);

    item = answer_item(&a, MAILPROTO_STORE_MAILBOX);
    if (!result && !item)
        result = MAILPROTO_ERR_HOST;
    if (!result)
        *mailbox = item->mailbox;
    answer_free(&a);
    return result;
}

int32_t ask_delete(const mailproto_store *store, uint64_t mailbox)
{
    mailproto_store_delete question = {.mailbox = mailbox};
    struct answer a;
    int32_t result = ASK(&a, store, &question, MAILPROTO_STORE_DELETE);

    answer_free(&a);
    return result;
}

int32_t ask_rename(const mailproto_store *store, uint64_t mailbox, const char *name)
{
    mailproto_store_rename question = {.mailbox = mailbox, .name = text_of(name)};
    struct answer a;
    int32_t result = ASK(&a, store, &question, MAILPROTO_STORE_RENAME);

    answer_free(&a);
    return result;
}

int32_t ask_list(struct answer *a, const mailproto_store *store)
{
    mailproto_store_list question = {.want = 0};

    return ASK(a, store, &question, MAILPROTO_STORE_LIST);
}

/* ---- messages ---- */

int32_t ask_flags(struct answer *a, const mailproto_store *store, uint64_t mailbox, const mailproto_store_run *runs,
                  uint32_t operation, uint32_t flags)
{
    mailproto_store_flags question = {
        .mailbox = mailbox, .uids = runs, .unchanged_since = UINT64_MAX, .operation = operation, .flags = flags};

    return ASK(a, store, &question, MAILPROTO_STORE_FLAGS);
}

int32_t ask_copy(struct answer *a, const mailproto_store *store, uint64_t mailbox, const mailproto_store_run *runs,
                 uint64_t destination, int move)
{
    mailproto_store_copy question = {.mailbox = mailbox,
                                     .uids = runs,
                                     .destination = destination,
                                     .move = (uint32_t)move};

    return ASK(a, store, &question, MAILPROTO_STORE_COPY);
}

int32_t ask_expunge(struct answer *a, const mailproto_store *store, uint64_t mailbox, const mailproto_store_run *runs)
{
    mailproto_store_expunge question = {.mailbox = mailbox, .uids = runs};

    return ASK(a, store, &question, MAILPROTO_STORE_EXPUNGE);
}

int32_t ask_changes(struct answer *a, const mailproto_store *store, uint64_t opening, uint64_t since)
{
    mailproto_store_changes question = {.opening = opening, .since = since};

    return ASK(a, store, &question, MAILPROTO_STORE_CHANGES);
}

int32_t ask_begin(const mailproto_store *store, uint64_t mailbox, uint64_t *upload, int64_t date, uint32_t flags,
                  uint32_t options)
{
    mailproto_store_append_begin question = {.mailbox = mailbox,
                                             .upload = *upload,
                                             .internal_date = date,
                                             .has_date = date != 0,
                                             .flags = flags,
                                             .options = options};
    struct answer a;
    const mailproto_store_upload *item;
    int32_t result = ASK(&a, store, &question, MAILPROTO_STORE_APPEND_BEGIN);

    item = answer_item(&a, MAILPROTO_STORE_UPLOAD);
    if (!result && !item)
        result = MAILPROTO_ERR_HOST;
    if (!result)
        *upload = item->upload;
    answer_free(&a);
    return result;
}

int32_t ask_write(const mailproto_store *store, uint64_t upload, const char *data, size_t len)
{
    int32_t result = MAILPROTO_OK;

    while (len && !result) {
        size_t piece = len < ASK_PIECE ? len : ASK_PIECE;
        mailproto_store_append_write question = {.upload = upload, .bytes = {data, piece}};
        struct answer a;

        result = ASK(&a, store, &question, MAILPROTO_STORE_APPEND_WRITE);
        answer_free(&a);
        data += piece;
        len -= piece;
    }
    return result;
}

int32_t ask_commit(struct answer *a, const mailproto_store *store, uint64_t upload)
{
    mailproto_store_append_commit question = {.upload = upload};

    return ASK(a, store, &question, MAILPROTO_STORE_APPEND_COMMIT);
}

void ask_abort(const mailproto_store *store, uint64_t upload)
{
    mailproto_store_append_abort question = {.upload = upload};

    tell(store, &question.head, MAILPROTO_STORE_APPEND_ABORT, sizeof question);
}

/* Reads an open message to its end. */
static int32_t read_all(const mailproto_store *store, uint64_t message, char *data, size_t size)
{
    size_t have = 0;

    while (have < size) {
        mailproto_store_message_read question = {.message = message, .offset = have, .max = ASK_PIECE};
        struct answer a;
        int32_t result = ASK(&a, store, &question, MAILPROTO_STORE_MESSAGE_READ);
        const mailproto_store_slice *item = answer_item(&a, MAILPROTO_STORE_SLICE);

        if (!result && (!item || !item->bytes.len || item->bytes.len > size - have))
            result = MAILPROTO_ERR_HOST;
        if (!result) {
            memcpy(data + have, item->bytes.ptr, item->bytes.len);
            have += item->bytes.len;
            if (item->lease)
                store->release(store->user, item->lease);
        }
        answer_free(&a);
        if (result)
            return result;
    }
    return MAILPROTO_OK;
}

char *ask_read(const mailproto_store *store, uint64_t mailbox, uint32_t uid, size_t *len, int32_t *result)
{
    mailproto_store_message_open question = {.mailbox = mailbox, .uid = uid};
    mailproto_store_message_close end = {.message = 0};
    struct answer a;
    const mailproto_store_message_opened *item;
    char *data = NULL;

    *result = ASK(&a, store, &question, MAILPROTO_STORE_MESSAGE_OPEN);
    item = answer_item(&a, MAILPROTO_STORE_MESSAGE_OPENED);
    if (!*result && !item)
        *result = MAILPROTO_ERR_HOST;
    if (!*result) {
        *len = (size_t)item->size;
        end.message = item->message;
        data = power_memory(NULL, *len);
        *result = read_all(store, end.message, data, *len);
        tell(store, &end.head, MAILPROTO_STORE_MESSAGE_CLOSE, sizeof end);
    }
    answer_free(&a);
    if (*result) {
        free(data);
        return NULL;
    }
    return data;
}
