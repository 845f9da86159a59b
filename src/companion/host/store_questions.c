/* store_questions.c - the functions that sessions see of a store off the loop: each question is copied and waits its turn.
 * include/mailproto/host_store.h; include/mailproto/store.h, QUESTIONS. */
#include <stdlib.h>
#include <string.h>

#include "companion/store_functions.h"
#include "internal.h"
#include "store_work.h"

/* ---- the queue ---- */

static void prepare(struct mp_host_asked *asked, mailproto_host_store *store, enum mp_host_asked_kind kind)
{
    asked->inner.struct_size = sizeof asked->inner;
    asked->inner.item = mp_host_store_item;
    asked->inner.end = mp_host_store_end;
    asked->store = store;
    asked->kind = kind;
    asked->last = &asked->items;
}

struct mp_host_asked *mp_host_asked_new(mailproto_host_store *store, enum mp_host_asked_kind kind)
{
    struct mp_host_asked *asked = mp_host_alloc(store->host, sizeof *asked);

    if (asked)
        prepare(asked, store, kind);
    return asked;
}

static void question_free(struct mp_host_asked *asked)
{
    if (asked->question != &asked->closing.head)
        mailproto_store_kept_free(asked->question, NULL);
}

void mp_host_asked_reset(struct mp_host_asked *asked)
{
    mailproto_host_store *store = asked->store;

    question_free(asked);
    mp_host_upload_leave(asked);
    free(asked->text);
    memset(asked, 0, sizeof *asked);
    prepare(asked, store, MP_HOST_QUESTION);
}

void mp_host_asked_free(struct mp_host_asked *asked)
{
    question_free(asked);
    mp_host_upload_leave(asked);
    free(asked->text);
    if (asked->plain)
        free(asked);
    else
        mp_host_release(asked->store->host, asked, sizeof *asked);
}

void mp_host_asked_wait(struct mp_host_asked *asked)
{
    mailproto_host_store *store = asked->store;

    asked->next = NULL;
    *store->last = asked;
    store->last = &asked->next;
    store->open++;
}

/* ---- questions ---- */

static int is_closing(uint32_t type)
{
    return type == MAILPROTO_STORE_CLOSE || type == MAILPROTO_STORE_SNAPSHOT_END ||
           type == MAILPROTO_STORE_MESSAGE_CLOSE || type == MAILPROTO_STORE_APPEND_ABORT ||
           type == MAILPROTO_STORE_APPEND_COMMIT;
}

/* A question that ends something that is open takes the memory that was kept for it. */
static struct mp_host_asked *closing_new(mailproto_host_store *store, const mailproto_event *question)
{
    struct mp_host_asked *asked = question->type == MAILPROTO_STORE_SNAPSHOT_END ? NULL : store->spares;

    if (asked)
        store->spares = asked->next;
    else
        asked = mp_host_asked_new(store, MP_HOST_QUESTION);
    if (!asked)
        return NULL;
    memcpy(&asked->closing, question,
           question->struct_size < sizeof asked->closing ? question->struct_size : sizeof asked->closing);
    asked->question = &asked->closing.head;
    return asked;
}

/* What a question speaks of beside its store. */
static int32_t look_up(struct mp_host_asked *asked)
{
    const mailproto_event *question = asked->question;

    if (question->type == MAILPROTO_STORE_APPEND_SHARE)
        return mp_host_upload_share(asked, ((const mailproto_store_append_share *)(const void *)question)->other->user);
    return question->type == MAILPROTO_STORE_APPEND_BEGIN && asked->store->gather ? mp_host_upload_more(asked)
                                                                                  : MAILPROTO_OK;
}

/* Of an upload that is gathered; 1: it is another question. */
static int32_t ask_upload(mailproto_host_store *store, mailproto_store_asker *asker, const mailproto_event *question)
{
    switch (question->type) {
    case MAILPROTO_STORE_APPEND_BEGIN:
        return ((const mailproto_store_append_begin *)(const void *)question)->upload
                   ? 1
                   : mp_host_upload_begin(store, asker, (const void *)question);
    case MAILPROTO_STORE_APPEND_WRITE:
        return mp_host_upload_write(store, asker, (const void *)question);
    case MAILPROTO_STORE_APPEND_COMMIT:
        return mp_host_upload_commit(store, asker, (const void *)question);
    case MAILPROTO_STORE_APPEND_ABORT:
        return mp_host_upload_abort(store, ((const mailproto_store_append_abort *)(const void *)question)->upload);
    default:
        return 1;
    }
}

static int32_t ask(mailproto_host_store *store, mailproto_store_asker *asker, const mailproto_event *question)
{
    struct mp_host_asked *asked;
    int32_t result = store->gather && !store->freed ? ask_upload(store, asker, question) : 1;

    if (result <= 0)
        return result;
    if (store->freed)
        return MAILPROTO_ERR_UNAVAILABLE;
    if (is_closing(question->type)) {
        asked = closing_new(store, question);
    } else {
        asked = mp_host_asked_new(store, MP_HOST_QUESTION);
        if (asked && mailproto_store_keep(&asked->question, question, NULL)) {
            mp_host_asked_free(asked);
            asked = NULL;
        }
    }
    if (!asked)
        return MAILPROTO_ERR_NOMEM;
    asked->asker = asker;
    asked->token = question->token;
    result = look_up(asked);
    if (result) {
        mp_host_asked_free(asked);
        return result;
    }
    mp_host_asked_wait(asked);
    mp_host_store_go_on(store);
    return MAILPROTO_OK;
}

#define PASS(field, name)                                                                                              \
    static int32_t ask_##field(void *user, mailproto_store_asker *asker, const mailproto_store_##name *question)       \
    {                                                                                                                  \
        return ask(user, asker, &question->head);                                                                      \
    }
MP_STORE_FUNCTIONS(PASS)
#undef PASS

static int32_t ask_append_share(void *user, mailproto_store_asker *asker, const mailproto_store_append_share *question)
{
    const mailproto_host_store *store = user, *other;

    if (!question->other || question->other->append_share != ask_append_share)
        return MAILPROTO_ERR_UNSUPPORTED;
    other = question->other->user;
    return other->host == store->host && !other->freed ? ask(user, asker, &question->head) : MAILPROTO_ERR_UNSUPPORTED;
}

int32_t mailproto_host_store_functions(mailproto_host_store *store, mailproto_store *out)
{
    if (!store || !out)
        return MAILPROTO_ERR_ARG;
    (void)mailproto_store_init(out, sizeof *out);
    out->promises = store->inner.promises;
    out->user = store;
#define PUT(field, name)                                                                                               \
    if (store->inner.field)                                                                                            \
        out->field = ask_##field;
    MP_STORE_FUNCTIONS(PUT)
#undef PUT
    if (store->inner.append_share)
        out->append_share = ask_append_share;
    out->cancel = mp_host_store_cancel;
    out->release = mp_host_store_release;
    return MAILPROTO_OK;
}
