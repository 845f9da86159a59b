/* store_work.c - a store that blocks, asked in a thread of its own turn: its questions in order, a few at a time.
 * include/mailproto/host.h, mailproto_host_store; include/mailproto/store.h, QUESTIONS.
 *
 * The loop's thread puts questions into `waiting` and hands a batch of them to the pool. Until the batch is back only the
 * thread touches the store below and what it writes down; there is no lock, for libuv orders both sides. */
#include "store_work.h"

#include <stdlib.h>
#include <string.h>

#include "internal.h"

/* ---- what is asked ---- */

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

static int32_t ask_append_share(void *user, mailproto_store_asker *asker, const mailproto_store_append_share *question)
{
    const mailproto_host_store *store = user, *other;

    if (!question->other || question->other->append_share != ask_append_share)
        return MAILPROTO_ERR_UNSUPPORTED;
    other = question->other->user;
    return other->host == store->host && !other->freed ? ask(user, asker, &question->head) : MAILPROTO_ERR_UNSUPPORTED;
}

/* The store that a question touches besides its own. */
static mailproto_host_store *touched(const struct mp_host_asked *asked)
{
    mailproto_host_store *other;

    if (asked->kind != MP_HOST_QUESTION || asked->question->type != MAILPROTO_STORE_APPEND_SHARE)
        return NULL;
    other = ((mailproto_store_append_share *)(void *)asked->question)->other->user;
    return other == asked->store ? NULL : other;
}

/* ---- in the thread ---- */

static void carry_out(const mailproto_store *inner, struct mp_host_asked *asked)
{
    asked->begun = 1;
    switch (asked->kind) {
    case MP_HOST_RELEASE:
        if (inner->release)
            inner->release(inner->user, asked->lease);
        return;
    case MP_HOST_CANCEL:
        (void)mailproto_store_cancel(inner, &asked->inner, asked->token);
        return;
    case MP_HOST_CALL:
        asked->run(asked->user);
        return;
    case MP_HOST_FLUSH:
    case MP_HOST_QUESTION:
        if ((asked->upload || asked->other_upload) && !mp_host_upload_ready(asked))
            return;
        break;
    }
    if (asked->question->type == MAILPROTO_STORE_APPEND_SHARE) {
        mailproto_store_append_share below = *(mailproto_store_append_share *)(void *)asked->question;

        below.other = &((mailproto_host_store *)below.other->user)->inner;
        (void)mailproto_store_ask(inner, &asked->inner, &below.head);
        return;
    }
    (void)mailproto_store_ask(inner, &asked->inner, asked->question);
}

static void run(void *user)
{
    mailproto_host_store *store = user;

    for (struct mp_host_asked *asked = store->batch; asked; asked = asked->next)
        carry_out(&store->inner, asked);
}

/* ---- batches ---- */

static void wake(mailproto_host_store *store)
{
    mailproto_host_store *sleeper = store->sleepers;

    store->sleepers = NULL;
    while (sleeper) {
        mailproto_host_store *next = sleeper->next_sleeper;

        sleeper->waits_for = NULL;
        mp_host_store_go_on(sleeper);
        sleeper = next;
    }
}

/* Whether the other store can be held for the batch; if not, it wakes us. */
static int hold(mailproto_host_store *store, mailproto_host_store *other)
{
    const struct mp_host_upload *upload = other ? store->waiting->other_upload : NULL;

    if (!other || (!other->running && !other->held && (!upload || !upload->queued))) {
        store->holds = other;
        if (other)
            other->held = 1;
        return 1;
    }
    store->waits_for = other;
    store->next_sleeper = other->sleepers;
    other->sleepers = store;
    return 0;
}

static void let_go(mailproto_host_store *store)
{
    mailproto_host_store *other = store->holds;

    store->holds = NULL;
    if (!other)
        return;
    other->held = 0;
    wake(other);
    mp_host_store_go_on(other);
}

/* The first that wait; one that touches another store goes alone. */
static void take_batch(mailproto_host_store *store)
{
    struct mp_host_asked **end = &store->waiting;
    size_t n = 0;

    while (*end && n < MP_HOST_STORE_BATCH && (!n || !touched(*end))) {
        const int alone = touched(*end) != NULL;

        end = &(*end)->next;
        n++;
        if (alone)
            break;
    }
    store->batch = store->waiting;
    store->waiting = *end;
    *end = NULL;
    if (!store->waiting)
        store->last = &store->waiting;
}

static void put_back(mailproto_host_store *store)
{
    struct mp_host_asked **end = &store->batch;

    while (*end)
        end = &(*end)->next;
    *end = store->waiting;
    if (!store->waiting)
        store->last = end == &store->batch ? &store->waiting : end;
    store->waiting = store->batch;
    store->batch = NULL;
}

/* The host goes, and no thread begins any more: what ends something is done here, the rest is refused. */
static void finish_here(mailproto_host_store *store)
{
    while (store->waiting) {
        struct mp_host_asked *asked = store->waiting;

        store->waiting = asked->next;
        if (!store->waiting)
            store->last = &store->waiting;
        if (asked->kind == MP_HOST_QUESTION && asked->token) {
            asked->why = MAILPROTO_ERR_UNAVAILABLE;
            asked->ended = 1;
        } else if (asked->kind != MP_HOST_CALL) {
            carry_out(&store->inner, asked);
        }
        asked->tell = 1;
        asked->next = store->telling;
        store->telling = asked;
        mp_host_store_collect(store);
        store->tells++;
        mp_host_store_tell(store);
        store->tells--;
    }
    wake(store);
}

/* The end of a store that was given back. */
static void settle(mailproto_host_store *store)
{
    mailproto_host *host = store->host;
    void (*on_freed)(void *) = store->on_freed;
    void *user = store->user;

    if (!store->freed || store->running || store->held || store->tells || store->waiting || store->telling)
        return;
    wake(store);
    mp_host_store_leases_free(store);
    mp_host_uploads_end(store);
    while (store->going) {
        struct mp_host_asked *asked = store->going;

        store->going = asked->next;
        (void)mailproto_store_cancel(&store->inner, &asked->inner, asked->token);
        mp_host_asked_free(asked);
    }
    while (store->spares) {
        struct mp_host_asked *asked = store->spares;

        store->spares = asked->next;
        mp_host_asked_free(asked);
    }
    mailproto_host_job_free(store->job);
    mp_host_release(host, store, sizeof *store);
    if (on_freed)
        on_freed(user);
}

/* Those that ended are told; those that go on may tell more. */
static void sort_batch(mailproto_host_store *store)
{
    struct mp_host_asked **last = &store->telling;

    while (*last)
        last = &(*last)->next;
    while (store->batch) {
        struct mp_host_asked *asked = store->batch;

        store->batch = asked->next;
        asked->next = NULL;
        if (asked->kind == MP_HOST_QUESTION && asked->token && !asked->ended && !asked->cancelled) {
            asked->next = store->going;
            store->going = asked;
            store->open--; /* it is no work any more */
            continue;
        }
        if (asked->kind == MP_HOST_QUESTION && asked->token && !asked->ended) {
            asked->kind = MP_HOST_CANCEL; /* cancelled while it began */
            store->open--;
            mp_host_asked_wait(asked);
            continue;
        }
        asked->give = asked->items;
        asked->items = NULL;
        asked->tell = 1;
        *last = asked;
        last = &asked->next;
    }
}

static void done(int32_t result, void *user)
{
    mailproto_host_store *store = user;

    store->running = 0;
    if (result && store->batch && !store->batch->begun)
        put_back(store);
    else
        sort_batch(store);
    mp_host_store_collect(store);
    store->tells++; /* nothing that a callback does may free it */
    let_go(store);
    wake(store);
    mp_host_store_start(store);
    mp_host_store_tell(store);
    wake(store); /* who waits for what was told */
    store->tells--;
    mp_host_store_go_on(store);
}

void mp_host_store_start(mailproto_host_store *store)
{
    if (store->running || store->held || store->waits_for || !store->waiting || !hold(store, touched(store->waiting)))
        return;
    take_batch(store);
    store->running = 1;
    if (mailproto_host_job_start(store->job, run, done, store) == MAILPROTO_OK)
        return;
    store->running = 0;
    put_back(store);
    let_go(store);
    if (!store->tells)
        finish_here(store);
}

void mp_host_store_go_on(mailproto_host_store *store)
{
    mp_host_store_start(store);
    settle(store);
}

/* ---- the store ---- */

int32_t mailproto_host_store_config_init(mailproto_host_store_config *config, size_t size)
{
    return mp_host_struct_init(config, size);
}

int32_t mailproto_host_store_new(mailproto_host_store **out, mailproto_host *host, const mailproto_store *blocking,
                                 const mailproto_host_store_config *config)
{
    mailproto_host_store_config own = {.struct_size = sizeof own};
    mailproto_host_store *store;
    int32_t result;

    if (!out || !host || !blocking || blocking->struct_size < sizeof blocking->struct_size ||
        (config && mp_host_struct_copy(&own, sizeof own, config)))
        return MAILPROTO_ERR_ARG;
    store = mp_host_alloc(host, sizeof *store);
    if (!store)
        return mp_host_fail(host, MAILPROTO_ERR_NOMEM, 0, "there is no memory for a store");
    result = mailproto_host_job_new(host, &store->job);
    if (result) {
        mp_host_release(host, store, sizeof *store);
        return result;
    }
    store->host = host;
    store->last = &store->waiting;
    store->gather = own.gather;
    store->on_failure = own.on_failure;
    store->on_answered = own.on_answered;
    store->config_user = own.user;
    memcpy(&store->inner, blocking,
           blocking->struct_size < sizeof store->inner ? blocking->struct_size : sizeof store->inner);
    store->inner.struct_size = sizeof store->inner;
    *out = store;
    return MAILPROTO_OK;
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
    FUNCTIONS(PUT)
#undef PUT
    if (store->inner.append_share)
        out->append_share = ask_append_share;
    out->cancel = mp_host_store_cancel;
    out->release = mp_host_store_release;
    return MAILPROTO_OK;
}

int32_t mailproto_host_store_run(mailproto_host_store *store, void (*run_it)(void *user),
                                 void (*done_it)(int32_t result, void *user), void *user)
{
    struct mp_host_asked *asked;

    if (!store || !run_it || !done_it)
        return MAILPROTO_ERR_ARG;
    if (store->freed)
        return MAILPROTO_ERR_STATE;
    asked = mp_host_asked_new(store, MP_HOST_CALL);
    if (!asked)
        return mp_host_fail(store->host, MAILPROTO_ERR_NOMEM, 0, "there is no memory for work in a store's thread");
    asked->run = run_it;
    asked->done = done_it;
    asked->user = user;
    mp_host_asked_wait(asked);
    mp_host_store_go_on(store);
    return MAILPROTO_OK;
}

uint64_t mailproto_host_store_open(const mailproto_host_store *store)
{
    return store ? store->open : 0;
}

/* What was not begun and has an answer is of no use to anybody. */
static void drop_questions(mailproto_host_store *store)
{
    struct mp_host_asked **link = &store->waiting, *asked;

    while ((asked = *link)) {
        if (asked->kind == MP_HOST_QUESTION && asked->token) {
            *link = asked->next;
            store->open--;
            mp_host_asked_free(asked);
        } else {
            link = &asked->next;
        }
    }
    store->last = link;
}

void mailproto_host_store_free(mailproto_host_store *store, void (*on_freed)(void *user), void *user)
{
    if (!store || store->freed)
        return;
    store->freed = 1;
    store->on_freed = on_freed;
    store->user = user;
    drop_questions(store);
    mp_host_uploads_drop_held(store);
    for (struct mp_host_asked *asked = store->batch; asked; asked = asked->next)
        asked->cancelled = 1;
    for (struct mp_host_asked *asked = store->telling; asked; asked = asked->next)
        asked->cancelled = 1;
    for (struct mp_host_asked *asked = store->going; asked; asked = asked->next)
        asked->cancelled = 1;
    if (store->current)
        store->current->cancelled = 1;
    mp_host_store_go_on(store);
}
