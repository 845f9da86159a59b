/* late.c - a store over another that answers later, in an order that a seed decides.
 * mailproto/store.h, QUESTIONS: answers come now or later, in any order unless they touch the same upload or message. */
#include <string.h>

#include "companion/allocator.h"
#include "companion/store_functions.h"
#include "late.h"

void *mp_late_make(mailproto_late_store *late, size_t n)
{
    void *p = late->allocator.alloc(n, late->allocator.user);

    if (p)
        memset(p, 0, n);
    return p;
}

void mp_late_unmake(mailproto_late_store *late, void *p, size_t n)
{
    late->allocator.free(p, n, late->allocator.user);
}

/* xorshift64* */
static uint64_t chance(mailproto_late_store *late, uint64_t below)
{
    late->random ^= late->random >> 12;
    late->random ^= late->random << 25;
    late->random ^= late->random >> 27;
    return (late->random * UINT64_C(0x2545f4914f6cdd1d) >> 11) % below;
}

/* ---- questions ---- */

static int32_t wait_for(mailproto_late_store *late, mailproto_store_asker *asker, const mailproto_event *question)
{
    struct mp_late_question *w = mp_late_make(late, sizeof *w);

    if (w && mailproto_store_keep(&w->question, question, &late->allocator)) {
        mp_late_unmake(late, w, sizeof *w);
        w = NULL;
    }
    if (!w) {
        /* what only closes cannot wait, and cannot fail */
        if (!question->token)
            (void)mailproto_store_ask(&late->store, asker, question);
        return MAILPROTO_ERR_NOMEM;
    }
    w->inner.struct_size = sizeof w->inner;
    w->inner.item = mp_late_item_came;
    w->inner.end = mp_late_ended;
    w->late = late;
    w->asker = asker;
    w->token = question->token;
    w->last = &w->items;
    *late->last = w;
    late->last = &w->next;
    return MAILPROTO_OK;
}

static void forget(mailproto_late_store *late, struct mp_late_question *w)
{
    struct mp_late_question **link = &late->waiting;

    while (*link != w)
        link = &(*link)->next;
    *link = w->next;
    if (late->last == &w->next)
        late->last = link;
    mp_late_drop_items(w);
    mailproto_store_kept_free(w->question, &late->allocator);
    mp_late_unmake(late, w, sizeof *w);
}

/* What a question touches, 0 if nothing that keeps an order; ids of a store are never 0. */
static uint64_t touched(const mailproto_event *q, uint64_t *kind)
{
    *kind = 0;
    switch (q->type) {
    case MAILPROTO_STORE_MESSAGE_READ:
        *kind = 1;
        return ((const mailproto_store_message_read *)(const void *)q)->message;
    case MAILPROTO_STORE_MESSAGE_CLOSE:
        *kind = 1;
        return ((const mailproto_store_message_close *)(const void *)q)->message;
    case MAILPROTO_STORE_APPEND_BEGIN:
        *kind = 2;
        return ((const mailproto_store_append_begin *)(const void *)q)->upload;
    case MAILPROTO_STORE_APPEND_WRITE:
        *kind = 2;
        return ((const mailproto_store_append_write *)(const void *)q)->upload;
    case MAILPROTO_STORE_APPEND_COMMIT:
        *kind = 2;
        return ((const mailproto_store_append_commit *)(const void *)q)->upload;
    case MAILPROTO_STORE_APPEND_ABORT:
        *kind = 2;
        return ((const mailproto_store_append_abort *)(const void *)q)->upload;
    case MAILPROTO_STORE_APPEND_SHARE:
        *kind = 2;
        return ((const mailproto_store_append_share *)(const void *)q)->upload;
    case MAILPROTO_STORE_CHANGES:
        *kind = 3;
        return ((const mailproto_store_changes *)(const void *)q)->opening;
    case MAILPROTO_STORE_SNAPSHOT_END:
        *kind = 3;
        return ((const mailproto_store_snapshot_end *)(const void *)q)->opening;
    case MAILPROTO_STORE_CLOSE:
        *kind = 3;
        return ((const mailproto_store_close *)(const void *)q)->opening;
    default:
        return 0;
    }
}

/* Whether an earlier question has to be over first. */
static int must_wait(const mailproto_late_store *late, const struct mp_late_question *w)
{
    uint64_t kind, other, id = touched(w->question, &kind);

    if (!id)
        return 0;
    for (const struct mp_late_question *before = late->waiting; before != w; before = before->next)
        if (touched(before->question, &other) == id && other == kind)
            return 1;
    return 0;
}

static int is_ready(const mailproto_late_store *late, const struct mp_late_question *w)
{
    if (w->dead || w->used)
        return 0;
    return w->asked ? w->items || w->ended : !must_wait(late, w);
}

/* ---- a step ---- */

static void late_release(void *user, uint64_t lease)
{
    mailproto_late_store *late = user;
    struct mp_late_item **link = &late->lent, *item;

    while ((item = *link) && item->lease != lease)
        link = &item->next;
    if (!item)
        return;
    *link = item->next;
    mp_late_item_free(late, item);
}

static void ask(mailproto_late_store *late, struct mp_late_question *w)
{
    const uint64_t token = w->token;

    w->asked = 1;
    w->used = 1;
    (void)mailproto_store_ask(&late->store, &w->inner, w->question);
    w->used = 0;
    if (!token)
        forget(late, w);
}

/* Lends a slice for as long as the asker wants it. */
static void lend(mailproto_late_store *late, struct mp_late_item *item)
{
    if (item->event->type != MAILPROTO_STORE_SLICE)
        return;
    item->lease = ++late->lease;
    ((mailproto_store_slice *)(void *)item->event)->lease = item->lease;
    item->next = late->lent;
    late->lent = item;
}

static void give(mailproto_late_store *late, struct mp_late_question *w)
{
    struct mp_late_item *item = w->items;
    uint64_t lease;
    int32_t result;

    w->items = item->next;
    if (!w->items)
        w->last = &w->items;
    item->next = NULL;
    lend(late, item);
    lease = item->lease;
    w->used = 1;
    result = mailproto_store_give(w->asker, w->token, item->event);
    w->used = 0;
    if (!lease)
        mp_late_item_free(late, item);
    else if (result < 0)
        late_release(late, lease);
    if (result < 0 || w->dead) {
        mp_late_abandon(w);
        forget(late, w);
    } else if (result == MAILPROTO_STORE_ENOUGH) {
        w->enough = 1;
        mp_late_drop_items(w);
        if (w->question->type == MAILPROTO_STORE_CHANGES)
            mp_late_close_all(w); /* the cursor that names the snapshot is not told */
    }
}

static void end(mailproto_late_store *late, struct mp_late_question *w)
{
    int32_t result;

    w->used = 1;
    result =
        w->why ? mailproto_store_fail(w->asker, w->token, w->why, NULL, 0) : mailproto_store_done(w->asker, w->token);
    if (result < 0 || w->dead)
        mp_late_abandon(w);
    forget(late, w);
}

int32_t mailproto_late_store_step(mailproto_late_store *late)
{
    struct mp_late_question *w;
    uint64_t n = 0;

    if (!late)
        return MAILPROTO_ERR_ARG;
    if (late->busy)
        return MAILPROTO_ERR_REENTRANT;
    for (w = late->waiting; w; w = w->next)
        n += (uint64_t)is_ready(late, w);
    if (!n)
        return 0;
    n = chance(late, n);
    for (w = late->waiting; !is_ready(late, w) || n--;)
        w = w->next;
    late->busy = 1;
    if (!w->asked)
        ask(late, w);
    else if (w->items)
        give(late, w);
    else
        end(late, w);
    late->busy = 0;
    return 1;
}

/* ---- the functions ---- */

#define PASS(field, name)                                                                                              \
    static int32_t late_##field(void *user, mailproto_store_asker *asker, const mailproto_store_##name *question)      \
    {                                                                                                                  \
        return wait_for(user, asker, &question->head);                                                                 \
    }
MP_STORE_FUNCTIONS(PASS)
#undef PASS

/* The other store of a share is a late one, too: the inner store is to see the one below. */
static int32_t late_append_share(void *user, mailproto_store_asker *asker, const mailproto_store_append_share *question)
{
    mailproto_store_append_share below = *question;

    if (below.other && below.other->append_share == late_append_share)
        below.other = &((mailproto_late_store *)below.other->user)->store;
    return wait_for(user, asker, &below.head);
}

static void late_cancel(void *user, mailproto_store_asker *asker, uint64_t token)
{
    mailproto_late_store *late = user;
    struct mp_late_question *w = late->waiting;

    while (w && (w->asker != asker || w->token != token || w->dead))
        w = w->next;
    if (!w)
        return;
    w->dead = 1;
    mp_late_drop_items(w);
    if (w->used)
        return; /* whoever is giving it ends it */
    mp_late_abandon(w);
    forget(late, w);
}

int32_t mailproto_late_store_new(mailproto_late_store **out, const mailproto_store *inner, uint64_t seed,
                                 const mailproto_allocator *allocator)
{
    mailproto_allocator own;
    mailproto_late_store *late;

    if (!out || !inner || inner->struct_size < sizeof inner->struct_size ||
        mp_companion_allocator_copy(&own, allocator))
        return MAILPROTO_ERR_ARG;
    late = own.alloc(sizeof *late, own.user);
    if (!late)
        return MAILPROTO_ERR_NOMEM;
    *late = (mailproto_late_store){.allocator = own, .random = seed * 2 + 1};
    memcpy(&late->store, inner, inner->struct_size < sizeof *inner ? inner->struct_size : sizeof *inner);
    late->store.struct_size = sizeof late->store;
    late->last = &late->waiting;
    *out = late;
    return MAILPROTO_OK;
}

int32_t mailproto_late_store_functions(mailproto_late_store *late, mailproto_store *out)
{
    if (!late || !out)
        return MAILPROTO_ERR_ARG;
    (void)mailproto_store_init(out, sizeof *out);
    out->promises = late->store.promises;
    out->user = late;
#define PUT(field, name)                                                                                               \
    if (late->store.field)                                                                                             \
        out->field = late_##field;
    MP_STORE_FUNCTIONS(PUT)
#undef PUT
    if (late->store.append_share)
        out->append_share = late_append_share;
    out->cancel = late_cancel;
    out->release = late_release;
    return MAILPROTO_OK;
}

void mailproto_late_store_free(mailproto_late_store *late)
{
    mailproto_allocator a;

    if (!late)
        return;
    while (late->waiting) {
        struct mp_late_question *w = late->waiting;

        if (w->asked && !w->ended)
            mp_late_abandon(w);
        forget(late, w);
    }
    while (late->lent)
        late_release(late, late->lent->lease);
    a = late->allocator;
    a.free(late, sizeof *late, a.user);
}
