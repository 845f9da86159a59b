/* store_upload_write.c - what was gathered of an upload is begun and written in the blocking store, in the thread.
 * include/mailproto/host_store.h; include/mailproto/store.h, APPEND_BEGIN to APPEND_SHARE. */
#include "store_work.h"

/* Asks what nobody outside waits for. The blocking store answers before it returns. */
struct inner_asker {
    mailproto_store_asker asker; /* first */
    struct mp_host_asked *asked; /* who keeps the sentence */
    uint64_t upload;
    int32_t why;
};

static int32_t inner_item(mailproto_store_asker *asker, uint64_t token, const mailproto_event *item)
{
    struct inner_asker *inner = (struct inner_asker *)(void *)asker;

    (void)token;
    if (item->type == MAILPROTO_STORE_UPLOAD)
        inner->upload = ((const mailproto_store_upload *)(const void *)item)->upload;
    return MAILPROTO_OK;
}

static int32_t inner_end(mailproto_store_asker *asker, uint64_t token, int32_t why, const char *text, size_t len)
{
    struct inner_asker *inner = (struct inner_asker *)(void *)asker;

    (void)token;
    inner->why = why;
    if (why)
        mp_host_asked_sentence(inner->asked, text, len);
    return MAILPROTO_OK;
}

static int32_t ask_inner(struct mp_host_asked *asked, mailproto_event *question, uint64_t *upload)
{
    struct inner_asker inner = {{sizeof inner.asker, 0, inner_item, inner_end}, asked, 0, MAILPROTO_ERR_UNAVAILABLE};

    question->token = 1;
    (void)mailproto_store_ask(&asked->store->inner, &inner.asker, question);
    if (upload)
        *upload = inner.upload;
    return inner.why;
}

static int32_t begin(struct mp_host_asked *asked, struct mp_host_upload *upload)
{
    int32_t why = ask_inner(asked, upload->question, &upload->inner);

    if (!why && !upload->inner)
        why = MAILPROTO_ERR_UNAVAILABLE;
    upload->begun = !why;
    return why;
}

static int32_t write_octets(struct mp_host_asked *asked, const struct mp_host_upload *upload)
{
    mailproto_store_append_write question = {.head = {sizeof question, MAILPROTO_STORE_APPEND_WRITE, 1}};

    question.upload = upload->inner;
    question.bytes = (mailproto_text){asked->octets, asked->octets_len};
    return ask_inner(asked, &question.head, NULL);
}

/* What was gathered is in the blocking store. 0; else why not, and it is never tried again. */
static int32_t ready(struct mp_host_asked *asked)
{
    struct mp_host_upload *upload = asked->upload;

    if (!upload)
        return MAILPROTO_OK; /* the other store's alone is gathered */
    if (upload->broken) {
        asked->reported = 1;
        return upload->broken;
    }
    if (!upload->begun)
        upload->broken = begin(asked, upload);
    if (!upload->broken && asked->octets_len)
        upload->broken = write_octets(asked, upload);
    return upload->broken;
}

static void abort_inner(struct mp_host_asked *asked)
{
    mailproto_store_append_abort question = {.head = {sizeof question, MAILPROTO_STORE_APPEND_ABORT, 0}};

    question.upload = asked->upload->inner;
    if (asked->upload->begun)
        (void)mailproto_store_ask(&asked->store->inner, &asked->inner, &question.head);
    asked->upload->begun = 0;
}

/* The numbers of the blocking store in the place of ours. */
static int32_t translate(struct mp_host_asked *asked)
{
    mailproto_event *question = asked->question;

    if (question->type == MAILPROTO_STORE_APPEND_BEGIN)
        ((mailproto_store_append_begin *)(void *)question)->upload = asked->upload->inner;
    else if (question->type == MAILPROTO_STORE_APPEND_COMMIT)
        ((mailproto_store_append_commit *)(void *)question)->upload = asked->upload->inner;
    else if (asked->upload)
        ((mailproto_store_append_share *)(void *)question)->upload = asked->upload->inner;
    if (!asked->other_upload)
        return MAILPROTO_OK;
    ((mailproto_store_append_share *)(void *)question)->other_upload = asked->other_upload->inner;
    if (!asked->other_upload->broken)
        return MAILPROTO_OK;
    asked->reported = 1; /* a full disk is everybody's; all else is the other's own */
    return asked->other_upload->broken == MAILPROTO_ERR_FULL ? MAILPROTO_ERR_FULL : MAILPROTO_ERR_UNAVAILABLE;
}

int mp_host_upload_ready(struct mp_host_asked *asked)
{
    int32_t why;

    if (asked->kind == MP_HOST_QUESTION && asked->question->type == MAILPROTO_STORE_APPEND_ABORT) {
        abort_inner(asked);
        return 0;
    }
    why = ready(asked);
    if (!why && asked->kind == MP_HOST_QUESTION)
        why = translate(asked);
    if (!why)
        return asked->kind == MP_HOST_QUESTION;
    asked->why = why;
    asked->ended = 1;
    if (asked->kind == MP_HOST_QUESTION && asked->question->type == MAILPROTO_STORE_APPEND_COMMIT)
        abort_inner(asked);
    return 0;
}
