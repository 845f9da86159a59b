/* store_upload.c - uploads that are gathered: a small message is begun, written and committed by one piece of work.
 * include/mailproto/host_store.h; include/mailproto/store.h, APPEND_BEGIN to APPEND_SHARE.
 *
 * The loop collects what is written; a flush brings it to the thread when it is enough. Two buffers at most: one is filled
 * while the other is written, and who fills the second one waits. All that speaks of an upload stays in order, for it is
 * in the store's queue. */
#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "store_work.h"

/* ---- what there is ---- */

struct mp_host_upload *mp_host_upload_find(const mailproto_host_store *store, uint64_t number)
{
    struct mp_host_upload *upload = store->uploads;

    while (upload && (upload->number != number || upload->ended))
        upload = upload->next;
    return upload;
}

static void upload_free(struct mp_host_upload *upload)
{
    struct mp_host_upload **link = upload->store ? &upload->store->uploads : NULL;

    while (link && *link != upload)
        link = &(*link)->next;
    if (link)
        *link = upload->next;
    while (upload->held) {
        struct mp_host_asked *held = upload->held;

        upload->held = held->next;
        held->store->open--;
        mp_host_asked_free(held);
    }
    if (upload->closing)
        mp_host_asked_free(upload->closing);
    mailproto_store_kept_free(upload->question, NULL);
    free(upload->octets);
    free(upload->text);
    mp_host_release(upload->host, upload, sizeof *upload);
}

static void leave(struct mp_host_asked *asked, struct mp_host_upload **where)
{
    struct mp_host_upload *upload = *where;

    *where = NULL;
    if (!upload)
        return;
    upload->refs--;
    if (asked->store == upload->store)
        upload->queued--;
    if (!upload->refs && upload->ended)
        upload_free(upload);
}

void mp_host_upload_leave(struct mp_host_asked *asked)
{
    free(asked->octets);
    asked->octets = NULL;
    leave(asked, &asked->upload);
    leave(asked, &asked->other_upload);
}

static void speak_of(struct mp_host_asked *asked, struct mp_host_upload **where, struct mp_host_upload *upload)
{
    *where = upload;
    upload->refs++;
    if (asked->store == upload->store)
        upload->queued++;
}

/* The upload of what is put into the queue, with all that was gathered of it. */
static void send_along(struct mp_host_asked *asked, struct mp_host_upload *upload)
{
    speak_of(asked, &asked->upload, upload);
    asked->octets = upload->octets;
    asked->octets_len = upload->used;
    upload->octets = NULL;
    upload->used = upload->room = 0;
}

void mp_host_uploads_end(mailproto_host_store *store)
{
    struct mp_host_upload *upload = store->uploads, *next;

    store->uploads = NULL;
    for (; upload; upload = next) {
        next = upload->next;
        upload->store = NULL;
        upload->ended = 1;
        if (!upload->refs)
            upload_free(upload);
    }
}

void mp_host_uploads_drop_held(mailproto_host_store *store)
{
    for (struct mp_host_upload *upload = store->uploads; upload; upload = upload->next)
        while (upload->held) {
            struct mp_host_asked *held = upload->held;

            upload->held = held->next;
            store->open--;
            mp_host_asked_free(held);
        }
}

int mp_host_upload_cancel(mailproto_host_store *store, const mailproto_store_asker *asker, uint64_t token)
{
    for (struct mp_host_upload *upload = store->uploads; upload; upload = upload->next)
        for (struct mp_host_asked **link = &upload->held, *held; (held = *link); link = &held->next)
            if (held->asker == asker && held->token == token) {
                *link = held->next;
                store->open--;
                mp_host_asked_free(held);
                return 1;
            }
    return 0;
}

/* ---- flushes ---- */

static int32_t flush(struct mp_host_upload *upload)
{
    struct mp_host_asked *asked = mp_host_asked_new(upload->store, MP_HOST_FLUSH);

    if (!asked)
        return upload->why = MAILPROTO_ERR_NOMEM;
    send_along(asked, upload);
    upload->flushing = 1;
    mp_host_asked_wait(asked);
    return MAILPROTO_OK;
}

static int32_t refuse(const struct mp_host_upload *upload, mailproto_store_asker *asker, uint64_t token)
{
    return mailproto_store_fail(asker, token, upload->why, upload->text, upload->text_len);
}

/* Those who waited for room, in their order. What they do may end the upload, but not free it: the flush speaks of it. */
static void answer_held(struct mp_host_upload *upload)
{
    size_t count = 0;

    for (const struct mp_host_asked *held = upload->held; held; held = held->next)
        count++;
    for (struct mp_host_asked *held; count && (held = upload->held); count--) {
        upload->held = held->next;
        held->store->open--;
        held->store->current = held;
        if (upload->why)
            (void)refuse(upload, held->asker, held->token);
        else
            (void)mailproto_store_done(held->asker, held->token);
        held->store->current = NULL;
        mp_host_asked_free(held);
    }
}

void mp_host_upload_flushed(struct mp_host_asked *asked)
{
    struct mp_host_upload *upload = asked->upload;

    upload->flushing = 0;
    if (asked->why && !upload->why) {
        upload->why = asked->why;
        upload->text = asked->text;
        upload->text_len = asked->text_len;
        asked->text = NULL;
    }
    if (!upload->why && !upload->ended && upload->used >= asked->store->gather)
        (void)flush(upload);
    answer_held(upload);
}

/* ---- questions ---- */

int32_t mp_host_upload_begin(mailproto_host_store *store, mailproto_store_asker *asker,
                             const mailproto_store_append_begin *question)
{
    mailproto_store_upload item = {.head = {sizeof item, MAILPROTO_STORE_UPLOAD, question->head.token}};
    struct mp_host_upload *upload = mp_host_alloc(store->host, sizeof *upload);
    struct mp_host_asked *closing = mp_host_asked_new(store, MP_HOST_QUESTION), *outer = store->current;
    struct mp_host_asked mine = {.kind = MP_HOST_QUESTION, .asker = asker, .token = question->head.token};
    int32_t result;

    if (!upload || !closing || mailproto_store_keep(&upload->question, &question->head, NULL)) {
        if (closing)
            mp_host_asked_free(closing);
        if (upload)
            mp_host_release(store->host, upload, sizeof *upload);
        return MAILPROTO_ERR_NOMEM;
    }
    upload->host = store->host;
    upload->closing = closing;
    upload->store = store;
    upload->number = item.upload = ++store->upload_number;
    upload->next = store->uploads;
    store->uploads = upload;
    store->tells++;
    store->current = &mine;
    result = mailproto_store_give(asker, item.head.token, &item.head);
    store->current = outer;
    if (!store->freed && (result < 0 || mine.cancelled))
        (void)mp_host_upload_abort(store, item.upload);
    else if (!store->freed)
        (void)mailproto_store_done(asker, item.head.token);
    store->tells--;
    mp_host_store_go_on(store);
    return MAILPROTO_OK;
}

/* A further message of a group: all that was gathered of the one before is brought there first. */
int32_t mp_host_upload_more(struct mp_host_asked *asked)
{
    struct mp_host_upload *upload =
        mp_host_upload_find(asked->store,
                            ((const mailproto_store_append_begin *)(const void *)asked->question)->upload);

    if (!upload)
        return MAILPROTO_ERR_ARG;
    send_along(asked, upload);
    return MAILPROTO_OK;
}

static int gather(struct mp_host_upload *upload, mailproto_text bytes)
{
    size_t room = upload->room ? upload->room : 2048;
    const size_t needed = upload->used + bytes.len, most = upload->store->gather;
    char *octets;

    if (bytes.len > SIZE_MAX / 4)
        return 0;
    while (room < needed && room < most)
        room *= 2;
    if (room > most)
        room = most; /* a small message has it all at once, a long one no more than it needs */
    if (room < needed)
        room = needed;
    if (room > upload->room) {
        octets = realloc(upload->octets, room);
        if (!octets)
            return 0;
        upload->octets = octets;
        upload->room = room;
    }
    if (bytes.len)
        memcpy(upload->octets + upload->used, bytes.ptr, bytes.len);
    upload->used += bytes.len;
    return 1;
}

/* The answer waits until there is room again. */
static int32_t hold(struct mp_host_upload *upload, mailproto_store_asker *asker, uint64_t token)
{
    struct mp_host_asked *held = mp_host_asked_new(upload->store, MP_HOST_QUESTION), **last = &upload->held;

    if (!held)
        return upload->why = MAILPROTO_ERR_NOMEM;
    held->asker = asker;
    held->token = token;
    while (*last)
        last = &(*last)->next;
    *last = held;
    upload->store->open++;
    return MAILPROTO_OK;
}

int32_t mp_host_upload_write(mailproto_host_store *store, mailproto_store_asker *asker,
                             const mailproto_store_append_write *question)
{
    struct mp_host_upload *upload = mp_host_upload_find(store, question->upload);
    const uint64_t token = question->head.token;

    if (!upload)
        return MAILPROTO_ERR_ARG;
    if (!upload->why && !gather(upload, question->bytes))
        upload->why = MAILPROTO_ERR_NOMEM;
    if (!upload->why && upload->used >= store->gather)
        (void)(upload->flushing ? hold(upload, asker, token) : flush(upload));
    mp_host_store_start(store);
    store->tells++; /* nothing that a callback does may free it */
    if (upload->why)
        (void)refuse(upload, asker, token);
    else if (!upload->held)
        (void)mailproto_store_done(asker, token);
    store->tells--;
    mp_host_store_go_on(store);
    return MAILPROTO_OK;
}

int32_t mp_host_upload_abort(mailproto_host_store *store, uint64_t number)
{
    struct mp_host_upload *upload = mp_host_upload_find(store, number);
    struct mp_host_asked *asked;

    if (!upload)
        return MAILPROTO_ERR_ARG;
    upload->ended = 1;
    if (!upload->refs && !upload->begun) {
        upload_free(upload);
        return MAILPROTO_OK;
    }
    asked = upload->closing;
    upload->closing = NULL;
    asked->closing.append_abort =
        (mailproto_store_append_abort){{sizeof asked->closing.append_abort, MAILPROTO_STORE_APPEND_ABORT, 0}, number};
    asked->question = &asked->closing.head;
    send_along(asked, upload);
    mp_host_asked_wait(asked);
    mp_host_store_go_on(store);
    return MAILPROTO_OK;
}

int32_t mp_host_upload_commit(mailproto_host_store *store, mailproto_store_asker *asker,
                              const mailproto_store_append_commit *question)
{
    struct mp_host_upload *upload = mp_host_upload_find(store, question->upload);
    struct mp_host_asked *asked;
    const uint64_t token = question->head.token;

    if (!upload)
        return MAILPROTO_ERR_ARG;
    if (upload->why) {
        char *text = upload->text;
        size_t len = upload->text_len;
        int32_t why = upload->why;

        upload->text = NULL;
        (void)mp_host_upload_abort(store, question->upload);
        (void)mailproto_store_fail(asker, token, why, text, text ? len : 0);
        free(text);
        return MAILPROTO_OK;
    }
    asked = upload->closing;
    upload->closing = NULL;
    upload->ended = 1;
    asked->closing.append_commit =
        (mailproto_store_append_commit){{sizeof asked->closing.append_commit, MAILPROTO_STORE_APPEND_COMMIT, token},
                                        question->upload};
    asked->question = &asked->closing.head;
    asked->asker = asker;
    asked->token = token;
    send_along(asked, upload);
    mp_host_asked_wait(asked);
    mp_host_store_go_on(store);
    return MAILPROTO_OK;
}

/* Both uploads of a share are to be in their stores before it. */
int32_t mp_host_upload_share(struct mp_host_asked *asked, mailproto_host_store *other)
{
    const mailproto_store_append_share *question = (const mailproto_store_append_share *)(const void *)asked->question;
    struct mp_host_upload *from;

    if (asked->store->gather) {
        struct mp_host_upload *upload = mp_host_upload_find(asked->store, question->upload);

        if (!upload || upload->used)
            return MAILPROTO_ERR_ARG;
        send_along(asked, upload);
    }
    if (!other->gather)
        return MAILPROTO_OK;
    from = mp_host_upload_find(other, question->other_upload);
    if (!from)
        return MAILPROTO_ERR_ARG;
    if (from->why || ((from->used || (!from->queued && !from->begun)) && flush(from)))
        return from->why;
    speak_of(asked, &asked->other_upload, from);
    if (other != asked->store)
        mp_host_store_go_on(other);
    return MAILPROTO_OK;
}
