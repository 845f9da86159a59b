/* memory_add.c - a message put into the store in memory by its program, without an asker of its own.
 * mailproto/memory_store.h; mailproto/store.h, APPEND_BEGIN. */
#include "memory.h"

/* Hears the answers, which come before the questions' functions return. */
struct adder {
    mailproto_store_asker asker; /* first */
    uint64_t mailbox, upload;
    int32_t why;
};

static int32_t on_item(mailproto_store_asker *asker, uint64_t token, const mailproto_event *item)
{
    struct adder *adder = (struct adder *)(void *)asker;

    (void)token;
    if (item->type == MAILPROTO_STORE_UPLOAD)
        adder->upload = ((const mailproto_store_upload *)(const void *)item)->upload;
    if (item->type == MAILPROTO_STORE_MAILBOX)
        adder->mailbox = ((const mailproto_store_mailbox *)(const void *)item)->mailbox;
    return MAILPROTO_OK;
}

static int32_t on_end(mailproto_store_asker *asker, uint64_t token, int32_t why, const char *text, size_t len)
{
    struct adder *adder = (struct adder *)(void *)asker;

    (void)token;
    (void)text;
    (void)len;
    adder->why = why;
    return MAILPROTO_OK;
}

static int32_t ask(struct adder *adder, const mailproto_store *store, void *question, size_t size, uint32_t type)
{
    mailproto_event *head = question;

    head->struct_size = (uint32_t)size;
    head->type = type;
    head->token = 1;
    if (mailproto_store_ask(store, &adder->asker, head))
        return MAILPROTO_ERR_ARG;
    return adder->why;
}

int32_t mailproto_memory_store_add(mailproto_memory_store *memory_store, uint64_t mailbox, const void *text, size_t len)
{
    struct adder adder = {.asker = {sizeof adder.asker, 0, on_item, on_end}, .mailbox = mailbox};
    mailproto_store_list list = {.only = {"INBOX", 5}};
    mailproto_store_append_begin begin = {.options = MAILPROTO_STORE_NO_UIDS};
    mailproto_store_append_write write = {.bytes = {text, len}};
    mailproto_store_append_commit commit = {.upload = 0};
    mailproto_store_append_abort abort = {.head = {sizeof abort, MAILPROTO_STORE_APPEND_ABORT, 0}};
    mailproto_store store;
    int32_t result = MAILPROTO_OK;

    if (mailproto_memory_store_functions(memory_store, &store) || (!text && len))
        return MAILPROTO_ERR_ARG;
    if (!mailbox)
        result = ask(&adder, &store, &list, sizeof list, MAILPROTO_STORE_LIST);
    begin.mailbox = adder.mailbox;
    if (!result)
        result = ask(&adder, &store, &begin, sizeof begin, MAILPROTO_STORE_APPEND_BEGIN);
    if (result)
        return result;
    write.upload = commit.upload = abort.upload = adder.upload;
    if (len)
        result = ask(&adder, &store, &write, sizeof write, MAILPROTO_STORE_APPEND_WRITE);
    if (!result)
        return ask(&adder, &store, &commit, sizeof commit, MAILPROTO_STORE_APPEND_COMMIT);
    (void)mailproto_store_ask(&store, &adder.asker, &abort.head);
    return result;
}
