/* late.c - a store over another that answers later, in an order that a seed decides.
 * mailproto/store.h, QUESTIONS: answers come now or later, in any order unless they touch the same upload or message. */
#include "mailproto/store_kit.h"

#include <stdlib.h>
#include <string.h>

/* A kept item of an answer. */
struct item {
    struct item *next;
    mailproto_event *event;
    uint64_t lease; /* of a slice, while it is lent */
};

/* A question: first it waits to be asked, then its items wait to be given, and its end. */
struct waiting {
    mailproto_store_asker inner; /* who asks the inner store: first, so that it is found by its address */
    struct waiting *next;
    mailproto_late_store *late;
    mailproto_store_asker *asker;
    uint64_t token; /* the asker's, and towards the inner store */
    mailproto_event *question;
    int asked, ended, dead, used; /* dead: cancelled; used: on the stack */
    int enough;                   /* the asker wants no more items */
    int32_t why;
    struct item *items, **last;
    uint64_t opening, snapshot, message, upload; /* what the answer opened */
};

struct mailproto_late_store {
    mailproto_allocator allocator;
    mailproto_store store;
    struct waiting *waiting, **last;
    struct item *lent;
    uint64_t random, lease;
    int busy;
};

typedef mailproto_late_store late_store;

static void *libc_alloc(size_t n, void *user)
{
    (void)user;
    return malloc(n);
}

static void *libc_resize(void *p, size_t old_n, size_t n, void *user)
{
    (void)old_n;
    (void)user;
    return realloc(p, n);
}

static void libc_free(void *p, size_t n, void *user)
{
    (void)n;
    (void)user;
    free(p);
}

static void *make(late_store *late, size_t n)
{
    void *p = late->allocator.alloc(n, late->allocator.user);

    if (p)
        memset(p, 0, n);
    return p;
}

static void unmake(late_store *late, void *p, size_t n)
{
    late->allocator.free(p, n, late->allocator.user);
}

/* xorshift64* */
static uint64_t chance(late_store *late, uint64_t below)
{
    late->random ^= late->random >> 12;
    late->random ^= late->random << 25;
    late->random ^= late->random >> 27;
    return (late->random * UINT64_C(0x2545f4914f6cdd1d) >> 11) % below;
}

/* ---- what an answer opens ---- */

static void remember(struct waiting *w, const mailproto_event *item)
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

static void tell(struct waiting *w, mailproto_event *question)
{
    (void)mailproto_store_ask(&w->late->store, &w->inner, question);
}

/* Nobody will hear the answer: closes what it opened. */
static void close_all(struct waiting *w)
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

/* The answer is not wanted any more. What the inner store has not ended yet it closes by itself. */
static void abandon(struct waiting *w)
{
    if (!w->asked || w->ended) {
        close_all(w);
        return;
    }
    w->ended = 1;
    (void)mailproto_store_cancel(&w->late->store, &w->inner, w->token);
}

/* ---- the inner store's answers ---- */

static void item_free(late_store *late, struct item *item)
{
    mailproto_store_kept_free(item->event, &late->allocator);
    unmake(late, item, sizeof *item);
}

static void drop_items(struct waiting *w)
{
    while (w->items) {
        struct item *item = w->items;

        w->items = item->next;
        item_free(w->late, item);
    }
    w->last = &w->items;
}

/* Keeps a copy. The octets of a slice with a lease are released at once. */
static int32_t take(struct waiting *w, const mailproto_event *event)
{
    late_store *late = w->late;
    struct item *item = make(late, sizeof *item);

    if (item && mailproto_store_keep(&item->event, event, &late->allocator)) {
        unmake(late, item, sizeof *item);
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

static int32_t inner_item(mailproto_store_asker *asker, uint64_t token, const mailproto_event *event)
{
    struct waiting *w = (struct waiting *)(void *)asker;

    if (token != w->token || w->ended || w->dead)
        return MAILPROTO_ERR_TOKEN;
    if (w->enough)
        return MAILPROTO_STORE_ENOUGH;
    remember(w, event);
    if (!w->why && take(w, event))
        w->why = MAILPROTO_ERR_NOMEM; /* the answer has a hole: it is none */
    return MAILPROTO_OK;
}

static int32_t inner_end(mailproto_store_asker *asker, uint64_t token, int32_t why, const char *text, size_t len)
{
    struct waiting *w = (struct waiting *)(void *)asker;

    (void)text;
    (void)len;
    if (token != w->token || w->ended || w->dead)
        return MAILPROTO_ERR_TOKEN;
    w->ended = 1;
    if (why)
        w->opening = w->message = w->snapshot = w->upload = 0;
    else if (w->why)
        close_all(w);
    else
        return MAILPROTO_OK;
    if (why)
        w->why = why;
    drop_items(w);
    return MAILPROTO_OK;
}

/* ---- questions ---- */

static int32_t wait_for(late_store *late, mailproto_store_asker *asker, const mailproto_event *question)
{
    struct waiting *w = make(late, sizeof *w);

    if (w && mailproto_store_keep(&w->question, question, &late->allocator)) {
        unmake(late, w, sizeof *w);
        w = NULL;
    }
    if (!w) {
        /* what only closes cannot wait, and cannot fail */
        if (!question->token)
            (void)mailproto_store_ask(&late->store, asker, question);
        return MAILPROTO_ERR_NOMEM;
    }
    w->inner.struct_size = sizeof w->inner;
    w->inner.item = inner_item;
    w->inner.end = inner_end;
    w->late = late;
    w->asker = asker;
    w->token = question->token;
    w->last = &w->items;
    *late->last = w;
    late->last = &w->next;
    return MAILPROTO_OK;
}

static void forget(late_store *late, struct waiting *w)
{
    struct waiting **link = &late->waiting;

    while (*link != w)
        link = &(*link)->next;
    *link = w->next;
    if (late->last == &w->next)
        late->last = link;
    drop_items(w);
    mailproto_store_kept_free(w->question, &late->allocator);
    unmake(late, w, sizeof *w);
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
static int must_wait(const late_store *late, const struct waiting *w)
{
    uint64_t kind, other, id = touched(w->question, &kind);

    if (!id)
        return 0;
    for (const struct waiting *before = late->waiting; before != w; before = before->next)
        if (touched(before->question, &other) == id && other == kind)
            return 1;
    return 0;
}

static int is_ready(const late_store *late, const struct waiting *w)
{
    if (w->dead || w->used)
        return 0;
    return w->asked ? w->items || w->ended : !must_wait(late, w);
}

/* ---- a step ---- */

static void late_release(void *user, uint64_t lease)
{
    late_store *late = user;
    struct item **link = &late->lent, *item;

    while ((item = *link) && item->lease != lease)
        link = &item->next;
    if (!item)
        return;
    *link = item->next;
    item_free(late, item);
}

static void ask(late_store *late, struct waiting *w)
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
static void lend(late_store *late, struct item *item)
{
    if (item->event->type != MAILPROTO_STORE_SLICE)
        return;
    item->lease = ++late->lease;
    ((mailproto_store_slice *)(void *)item->event)->lease = item->lease;
    item->next = late->lent;
    late->lent = item;
}

static void give(late_store *late, struct waiting *w)
{
    struct item *item = w->items;
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
        item_free(late, item);
    else if (result < 0)
        late_release(late, lease);
    if (result < 0 || w->dead) {
        abandon(w);
        forget(late, w);
    } else if (result == MAILPROTO_STORE_ENOUGH) {
        w->enough = 1;
        drop_items(w);
        if (w->question->type == MAILPROTO_STORE_CHANGES)
            close_all(w); /* the cursor that names the snapshot is not told */
    }
}

static void end(late_store *late, struct waiting *w)
{
    int32_t result;

    w->used = 1;
    result =
        w->why ? mailproto_store_fail(w->asker, w->token, w->why, NULL, 0) : mailproto_store_done(w->asker, w->token);
    if (result < 0 || w->dead)
        abandon(w);
    forget(late, w);
}

int32_t mailproto_late_store_step(mailproto_late_store *late)
{
    struct waiting *w;
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
#define FUNCTIONS(X)                                                                                                   \
    X(list, list)                                                                                                      \
    X(mailbox_open, open)                                                                                              \
    X(mailbox_close, close)                                                                                            \
    X(status, status)                                                                                                  \
    X(mailbox_create, create)                                                                                          \
    X(mailbox_delete, delete)                                                                                          \
    X(mailbox_rename, rename)                                                                                          \
    X(subscribe, subscribe)                                                                                            \
    X(authorise, authorise)                                                                                            \
    X(changes, changes)                                                                                                \
    X(snapshot_end, snapshot_end)                                                                                      \
    X(message_open, message_open)                                                                                      \
    X(message_read, message_read)                                                                                      \
    X(message_close, message_close)                                                                                    \
    X(append_begin, append_begin)                                                                                      \
    X(append_write, append_write)                                                                                      \
    X(append_commit, append_commit)                                                                                    \
    X(append_abort, append_abort)                                                                                      \
    X(flags, flags)                                                                                                    \
    X(copy, copy)                                                                                                      \
    X(expunge, expunge)                                                                                                \
    X(watch, watch)                                                                                                    \
    X(account_changes, account_changes)                                                                                \
    X(blob_read, blob_read)                                                                                            \
    X(blob_write, blob_write)                                                                                          \
    X(search, search)                                                                                                  \
    X(sort, sort)                                                                                                      \
    X(preview, preview)                                                                                                \
    X(quota, quota)                                                                                                    \
    X(quota_set, quota_set)                                                                                            \
    X(acl, acl)                                                                                                        \
    X(acl_set, acl_set)                                                                                                \
    X(metadata, metadata)                                                                                              \
    X(metadata_set, metadata_set)
FUNCTIONS(PASS)
#undef PASS

/* The other store of a share is a late one, too: the inner store is to see the one below. */
static int32_t late_append_share(void *user, mailproto_store_asker *asker, const mailproto_store_append_share *question)
{
    mailproto_store_append_share below = *question;

    if (below.other && below.other->append_share == late_append_share)
        below.other = &((late_store *)below.other->user)->store;
    return wait_for(user, asker, &below.head);
}

static void late_cancel(void *user, mailproto_store_asker *asker, uint64_t token)
{
    late_store *late = user;
    struct waiting *w = late->waiting;

    while (w && (w->asker != asker || w->token != token || w->dead))
        w = w->next;
    if (!w)
        return;
    w->dead = 1;
    drop_items(w);
    if (w->used)
        return; /* whoever is giving it ends it */
    abandon(w);
    forget(late, w);
}

int32_t mailproto_late_store_new(mailproto_late_store **out, const mailproto_store *inner, uint64_t seed,
                                 const mailproto_allocator *allocator)
{
    static const mailproto_allocator libc = {sizeof libc, NULL, libc_alloc, libc_resize, libc_free};
    const mailproto_allocator *a = allocator ? allocator : &libc;
    late_store *late;

    if (!out || !inner || inner->struct_size < sizeof inner->struct_size || !a->alloc || !a->resize || !a->free)
        return MAILPROTO_ERR_ARG;
    late = a->alloc(sizeof *late, a->user);
    if (!late)
        return MAILPROTO_ERR_NOMEM;
    *late = (late_store){.allocator = *a, .random = seed * 2 + 1};
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
    FUNCTIONS(PUT)
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
        struct waiting *w = late->waiting;

        if (w->asked && !w->ended)
            abandon(w);
        forget(late, w);
    }
    while (late->lent)
        late_release(late, late->lent->lease);
    a = late->allocator;
    a.free(late, sizeof *late, a.user);
}
