/* late_answers.c - what the store below a late one answered: kept, closed again if nobody wants it.
 * mailproto/store.h, ITEMS and CANCEL. */
#include "late.h"

/* ---- what an answer opens ---- */

static void remember(struct mp_late_question *w, const mailproto_event *item)
{
    if (item->type == MAILPROTO_STORE_OPENED)
        w->opening = ((const mailproto_store_opened *)(const void *)item)->opening;
    if (item->type == MAILPROTO_STORE_MESSAGE_OPENED)
        w->message = ((const mailproto_store_message_opened *)(const void *)item)->message;
    if (item->type == MAILPROTO_STORE_UPLOAD)
        w->upload = ((const mailproto_store_upload *)(const void *)item)->upload;
    if (item->type == MAILPROTO_STORE_CURSOR)
        w->snapshot = ((const mailproto_store_cursor *)(const void *)item)->snapshot;
}

static void tell(struct mp_late_question *w, mailproto_event *question)
{
    (void)mailproto_store_ask(&w->late->store, &w->inner, question);
}

void mp_late_close_all(struct mp_late_question *w)
{
    if (w->opening) {
        mailproto_store_close q = {{sizeof q, MAILPROTO_STORE_CLOSE, 0}, w->opening};

        tell(w, &q.head);
    }
    if (w->message) {
        mailproto_store_message_close q = {{sizeof q, MAILPROTO_STORE_MESSAGE_CLOSE, 0}, w->message};

        tell(w, &q.head);
    }
    if (w->snapshot && w->question->type == MAILPROTO_STORE_CHANGES) {
        mailproto_store_snapshot_end q = {{sizeof q, MAILPROTO_STORE_SNAPSHOT_END, 0}, 0, w->snapshot};

        q.opening = ((mailproto_store_changes *)(void *)w->question)->opening;
        tell(w, &q.head);
    }
    if (w->upload && w->question->type == MAILPROTO_STORE_APPEND_BEGIN &&
        !((mailproto_store_append_begin *)(void *)w->question)->upload) {
        mailproto_store_append_abort q = {{sizeof q, MAILPROTO_STORE_APPEND_ABORT, 0}, w->upload};

        tell(w, &q.head);
    }
    w->opening = w->message = w->snapshot = w->upload = 0;
}

void mp_late_abandon(struct mp_late_question *w)
{
    if (!w->asked || w->ended) {
        mp_late_close_all(w);
        return;
    }
    w->ended = 1;
    (void)mailproto_store_cancel(&w->late->store, &w->inner, w->token);
}

/* ---- the inner store's answers ---- */

void mp_late_item_free(mailproto_late_store *late, struct mp_late_item *item)
{
    mailproto_store_kept_free(item->event, &late->allocator);
    mp_late_unmake(late, item, sizeof *item);
}

void mp_late_drop_items(struct mp_late_question *w)
{
    while (w->items) {
        struct mp_late_item *item = w->items;

        w->items = item->next;
        mp_late_item_free(w->late, item);
    }
    w->last = &w->items;
}

/* Keeps a copy. The octets of a slice with a lease are released at once. */
static int32_t take(struct mp_late_question *w, const mailproto_event *event)
{
    mailproto_late_store *late = w->late;
    struct mp_late_item *item = mp_late_make(late, sizeof *item);

    if (item && mailproto_store_keep(&item->event, event, &late->allocator)) {
        mp_late_unmake(late, item, sizeof *item);
        item = NULL;
    }
    if (event->type == MAILPROTO_STORE_SLICE) {
        const uint64_t lease = ((const mailproto_store_slice *)(const void *)event)->lease;

        if (lease && late->store.release)
            late->store.release(late->store.user, lease);
    }
    if (!item)
        return MAILPROTO_ERR_NOMEM;
    *w->last = item;
    w->last = &item->next;
    return MAILPROTO_OK;
}

int32_t mp_late_item_came(mailproto_store_asker *asker, uint64_t token, const mailproto_event *event)
{
    struct mp_late_question *w = (struct mp_late_question *)(void *)asker;

    if (token != w->token || w->ended || w->dead)
        return MAILPROTO_ERR_TOKEN;
    if (w->enough)
        return MAILPROTO_STORE_ENOUGH;
    remember(w, event);
    if (!w->why && take(w, event))
        w->why = MAILPROTO_ERR_NOMEM; /* the answer has a hole: it is none */
    return MAILPROTO_OK;
}

int32_t mp_late_ended(mailproto_store_asker *asker, uint64_t token, int32_t why, const char *text, size_t len)
{
    struct mp_late_question *w = (struct mp_late_question *)(void *)asker;

    (void)text;
    (void)len;
    if (token != w->token || w->ended || w->dead)
        return MAILPROTO_ERR_TOKEN;
    w->ended = 1;
    if (why)
        w->opening = w->message = w->snapshot = w->upload = 0;
    else if (w->why)
        mp_late_close_all(w);
    else
        return MAILPROTO_OK;
    if (why)
        w->why = why;
    mp_late_drop_items(w);
    return MAILPROTO_OK;
}
