/* server_store.c - recipients in stores: found, and their uploads begun, before RCPT is answered; and the end of both.
 * mailproto/store.h; RFC 5321 section 3.3; RFC 3463 and RFC 5248 (codes). */
#include "smtp/server_store.h"

#include <string.h>

/* ---- what the store's results are to the client ---- */

static const struct result {
    int32_t why;
    uint32_t reply;
} results[] = {
    {MAILPROTO_ERR_NOT_FOUND, MP_R_NO_MAILBOX},    {MAILPROTO_ERR_DENIED, MP_R_MAILBOX_DENIED},
    {MAILPROTO_ERR_QUOTA, MP_R_MAILBOX_FULL},      {MAILPROTO_ERR_FULL, MP_R_NO_ROOM},
    {MAILPROTO_ERR_LIMIT, MP_R_TOO_BIG},           {MAILPROTO_ERR_BUSY, MP_R_MAILBOX_BUSY},
    {MAILPROTO_ERR_UNSUPPORTED, MP_R_STORE_LACKS}, {0, MP_R_LOCAL_ERROR},
};

uint32_t mp_smtp_store_reply(int32_t why)
{
    const struct result *result = results;

    while (result->why && result->why != why)
        result++;
    return result->reply;
}

/* ---- questions ---- */

/* The table, as the store of this recipient. */
static const mailproto_store *store_of(struct mp_smtp_drop *drop)
{
    drop->store->table.user = drop->user;
    return &drop->store->table;
}

void mp_smtp_store_ask(struct mp_smtp_drop *drop, void *question, size_t size, uint32_t type, uint8_t asked)
{
    mailproto_event *head = question;
    uint64_t token = ++drop->last_token;

    head->struct_size = (uint32_t)size;
    head->type = type;
    head->token = token;
    drop->token = token;
    drop->asked = asked;
    drop->told = 0;
    if (mailproto_store_ask(store_of(drop), &drop->asker, head))
        (void)mailproto_store_fail(&drop->asker, token, MAILPROTO_ERR_UNSUPPORTED, NULL, 0);
}

void mp_smtp_store_abort_upload(struct mp_smtp_drop *drop)
{
    mailproto_store_append_abort question = {.head = {sizeof question, MAILPROTO_STORE_APPEND_ABORT, 0},
                                             .upload = drop->upload};

    if (drop->upload_open)
        (void)mailproto_store_ask(store_of(drop), &drop->asker, &question.head);
    drop->upload_open = 0;
}

void mp_smtp_store_failed(struct mp_smtp_drop *drop, int32_t why)
{
    mp_smtp_store_abort_upload(drop);
    drop->state = MP_DROP_FAILED;
    drop->why = why;
}

/* ---- answers: they come at any time, and what follows is done by the next step ---- */

static int32_t on_item(mailproto_store_asker *asker, uint64_t token, const mailproto_event *item)
{
    struct mp_smtp_drop *drop = (struct mp_smtp_drop *)(void *)asker;

    if (!token || token != drop->token)
        return MAILPROTO_ERR_TOKEN;
    if (drop->asked == MP_ASKED_INBOX && item->type == MAILPROTO_STORE_MAILBOX &&
        item->struct_size >= sizeof(mailproto_store_mailbox)) {
        drop->told = 1;
        drop->told_number = ((const mailproto_store_mailbox *)(const void *)item)->mailbox;
    } else if (drop->asked == MP_ASKED_BEGIN && item->type == MAILPROTO_STORE_UPLOAD &&
               item->struct_size >= sizeof(mailproto_store_upload)) {
        drop->told = 1;
        drop->told_number = ((const mailproto_store_upload *)(const void *)item)->upload;
    }
    return MAILPROTO_OK;
}

static int32_t on_end(mailproto_store_asker *asker, uint64_t token, int32_t why, const char *text, size_t len)
{
    struct mp_smtp_drop *drop = (struct mp_smtp_drop *)(void *)asker;
    struct mp_smtp_deliveries *d = drop->server->work->deliveries;

    (void)text;
    (void)len;
    if (!token || token != drop->token)
        return MAILPROTO_ERR_TOKEN;
    drop->token = 0;
    drop->why = why < 0 ? why : MAILPROTO_OK;
    if (!drop->why && drop->told && drop->asked == MP_ASKED_BEGIN) {
        drop->upload = drop->told_number; /* from here on it is ours to end */
        drop->upload_open = 1;
    }
    drop->ended = 1;
    d->ended++;
    if (drop->asked >= MP_ASKED_WRITE)
        d->open--;
    mp_engine_kick(&drop->server->base);
    return MAILPROTO_OK;
}

/* ---- RCPT ---- */

void mp_smtp_store_same(struct mp_smtp_drop *drop, void (*then)(struct mp_smtp_drop *same))
{
    for (struct mp_smtp_drop *same = drop->server->work->deliveries->first; same; same = same->next)
        if (same->state == MP_DROP_SAME && same->leader == drop && same->request)
            then(same);
}

static void accept(struct mp_smtp_drop *drop)
{
    uint64_t token = drop->request;

    drop->request = 0;
    drop->server->work->stored++;
    (void)mailproto_smtp_server_accept(drop->server, token);
}

static void refuse_one(struct mp_smtp_drop *drop, int32_t why)
{
    struct mp_request *r = mp_request_find(&drop->server->base, drop->request, 0);

    drop->request = 0;
    mp_smtp_store_failed(drop, why);
    if (r)
        mp_smtp_answer_with(drop->server, r, mp_smtp_store_reply(why));
}

/* Whose mailbox is another recipient's too: what that one was told, once it was told. */
static void tell_same(struct mp_smtp_drop *drop)
{
    if (!drop->request)
        return; /* it was told */
    if (drop->leader->state == MP_DROP_FAILED)
        refuse_one(drop, drop->leader->why);
    else if (drop->leader->state == MP_DROP_READY)
        accept(drop);
}

static void refuse(struct mp_smtp_drop *drop, int32_t why)
{
    refuse_one(drop, why);
    mp_smtp_store_same(drop, tell_same);
}

static void begin_upload(struct mp_smtp_drop *drop)
{
    struct mailproto_smtp_server *s = drop->server;
    mailproto_store_append_begin question = {
        .mailbox = drop->mailbox,
        .size = s->work->declared,
        .internal_date = mp_wall(&s->base),
        .options = MAILPROTO_STORE_NO_UIDS | MAILPROTO_STORE_SIZE_ESTIMATED,
        .has_date = s->base.wall_set,
    };
    struct mp_request *r = mp_request_find(&s->base, drop->request, 0);

    if (r)
        mp_request_goes_on(&s->base, r);
    mp_smtp_store_ask(drop, &question, sizeof question, MAILPROTO_STORE_APPEND_BEGIN, MP_ASKED_BEGIN);
}

static void find_inbox(struct mp_smtp_drop *drop)
{
    mailproto_store_list question = {.only = {"INBOX", 5}, .want = 1};

    mp_smtp_store_ask(drop, &question, sizeof question, MAILPROTO_STORE_LIST, MP_ASKED_INBOX);
}

static void inbox_found(struct mp_smtp_drop *drop)
{
    if (!drop->why && drop->told && drop->told_number) {
        drop->mailbox = drop->told_number;
        begin_upload(drop);
    } else {
        refuse(drop, drop->why ? drop->why : MAILPROTO_ERR_NOT_FOUND);
    }
}

static void upload_begun(struct mp_smtp_drop *drop)
{
    if (drop->why || !drop->upload_open) {
        refuse(drop, drop->why ? drop->why : MAILPROTO_ERR_UNAVAILABLE);
        return;
    }
    drop->state = MP_DROP_READY;
    accept(drop);
    mp_smtp_store_same(drop, tell_same);
}

static void look_at(struct mp_smtp_drop *drop)
{
    drop->ended = 0;
    if (drop->state == MP_DROP_SAME)
        tell_same(drop);
    else if (drop->asked == MP_ASKED_INBOX && drop->last_token == 0)
        drop->mailbox ? begin_upload(drop) : find_inbox(drop); /* deliver() was called: nothing was asked yet */
    else if (drop->asked == MP_ASKED_INBOX)
        inbox_found(drop);
    else if (drop->asked == MP_ASKED_BEGIN)
        upload_begun(drop);
    else if (drop->asked == MP_ASKED_COMMIT)
        mp_smtp_store_committed(drop, drop->why);
    else
        mp_smtp_store_written(drop, drop->why);
}

static int step(struct mailproto_smtp_server *s)
{
    struct mp_smtp_deliveries *d = s->work->deliveries;
    struct mp_request *r;

    if (!d->ended)
        return 0;
    for (struct mp_smtp_drop *drop = d->first; drop && d->ended; drop = drop->next)
        if (drop->ended) {
            d->ended--;
            look_at(drop);
        }
    r = d->open ? NULL : mp_request_find(&s->base, d->request, MP_SMTP_STORING);
    if (r)
        mp_request_answered(&s->base, r, 0);
    return 1;
}

/* ---- the answer to RCPT ---- */

/* What makes a store one of the same functions: all but `user`. */
static struct mp_smtp_store *known_store(struct mp_smtp_deliveries *d, const mailproto_store *store)
{
    struct mp_smtp_store *known = d->stores;
    mailproto_store own;

    for (; known; known = known->next) {
        own = *store;
        own.user = known->table.user;
        if (!memcmp(&own, &known->table, sizeof own))
            break;
    }
    return known;
}

static struct mp_smtp_store *keep_store(struct mailproto_smtp_server *s, const mailproto_store *store)
{
    struct mp_smtp_deliveries *d = s->work->deliveries;
    struct mp_smtp_store *kept = known_store(d, store);

    if (kept)
        return kept;
    kept = mp_alloc(&s->base.allocator, sizeof *kept);
    if (kept) {
        kept->next = d->stores;
        kept->table = *store;
        d->stores = kept;
    }
    return kept;
}

static const struct mp_smtp_store_ops ops;

/* In the order of the recipients, whatever that of the answers: so the same stores are written to. */
static void put_drop(struct mp_smtp_deliveries *d, struct mp_smtp_drop *drop)
{
    struct mp_smtp_drop **at = &d->first;

    if (d->last && d->last->index < drop->index)
        at = &d->last->next;
    while (*at && (*at)->index < drop->index)
        at = &(*at)->next;
    drop->next = *at;
    *at = drop;
    if (!drop->next)
        d->last = drop;
}

/* A recipient with the same mailbox of the same store: one copy is for both. */
static struct mp_smtp_drop *same_mailbox(const struct mp_smtp_deliveries *d, const struct mp_smtp_drop *drop)
{
    struct mp_smtp_drop *other = d->first;

    while (other &&
           (other == drop || other->state > MP_DROP_READY || other->store != drop->store || other->user != drop->user ||
            (drop->is_inbox ? !other->is_inbox : other->mailbox != drop->mailbox)))
        other = other->next;
    return other;
}

static struct mp_smtp_drop *make_drop(struct mailproto_smtp_server *s, const mailproto_store *store, uint32_t index)
{
    struct mp_smtp_work *w = s->work;
    const mailproto_allocator *allocator = &s->base.allocator;
    struct mp_smtp_drop *drop;

    if (!w->deliveries)
        w->deliveries = mp_alloc_zero(allocator, sizeof *w->deliveries);
    if (!w->deliveries)
        return NULL;
    w->store_ops = &ops;
    drop = keep_store(s, store) ? mp_alloc_zero(allocator, sizeof *drop) : NULL;
    if (!drop)
        return NULL;
    drop->asker = (mailproto_store_asker){sizeof drop->asker, 0, on_item, on_end};
    drop->server = s;
    drop->store = known_store(w->deliveries, store);
    drop->user = store->user;
    drop->index = index;
    put_drop(w->deliveries, drop);
    return drop;
}

int32_t mailproto_smtp_server_deliver(mailproto_smtp_server *server, uint64_t token, const mailproto_store *store,
                                      uint64_t mailbox, const char **why)
{
    struct mp_smtp_drop *drop;
    struct mp_request *r;
    mailproto_store own;
    int32_t result;

    if (!server || mp_struct_copy(&own, sizeof own, store))
        return MAILPROTO_ERR_ARG;
    r = mp_request_find(&server->base, token, MAILPROTO_SMTP_SERVER_RCPT);
    if (!r)
        return MAILPROTO_ERR_TOKEN;
    if (!(server->flags & MAILPROTO_SMTP_SERVER_STORE))
        return MAILPROTO_ERR_STATE;
    result = mailproto_store_check(&own, MAILPROTO_STORE_FOR_DELIVERY, why);
    if (result)
        return result;
    drop = make_drop(server, &own, r->index);
    if (!drop) { /* an answer never fails for want of memory: the recipient hears of it */
        mp_smtp_answer_with(server, r, MP_R_LOCAL_ERROR);
        return MAILPROTO_OK;
    }
    mp_request_take(&server->base, r);
    drop->request = r->token;
    drop->mailbox = mailbox;
    drop->is_inbox = !mailbox;
    drop->leader = same_mailbox(server->work->deliveries, drop);
    if (drop->leader)
        drop->state = MP_DROP_SAME;
    drop->ended = 1; /* the next step asks */
    server->work->deliveries->ended++;
    mp_engine_kick(&server->base);
    return MAILPROTO_OK;
}

/* ---- ends ---- */

static void cancel(struct mp_smtp_drop *drop)
{
    struct mp_smtp_deliveries *d = drop->server->work->deliveries;
    uint64_t token = drop->token;

    if (drop->ended) {
        drop->ended = 0;
        d->ended--;
    }
    drop->token = 0;
    if (!token)
        return;
    if (drop->asked >= MP_ASKED_WRITE)
        d->open--;
    (void)mailproto_store_cancel(store_of(drop), &drop->asker, token);
}

/* A store was too late. */
static void fail(struct mailproto_smtp_server *s, struct mp_request *r)
{
    struct mp_smtp_deliveries *d = s->work->deliveries;
    int storing = r->type == MP_SMTP_STORING;

    for (struct mp_smtp_drop *drop = d->first; drop; drop = drop->next) {
        if (!(storing ? drop->token && drop->asked >= MP_ASKED_WRITE : drop->request == r->token))
            continue;
        cancel(drop);
        drop->request = 0;
        if (drop->asked == MP_ASKED_COMMIT)
            mp_smtp_store_committed(drop, MAILPROTO_ERR_TIMEOUT);
        else if (storing)
            mp_smtp_store_written(drop, MAILPROTO_ERR_TIMEOUT);
        else
            mp_smtp_store_failed(drop, MAILPROTO_ERR_TIMEOUT);
        mp_smtp_store_same(drop, tell_same);
    }
    if (storing)
        mp_request_answered(&s->base, r, 0);
    else
        mp_smtp_answer_with(s, r, MP_R_LOCAL_ERROR);
}

/* The message is not to be: no upload of it is left. */
static void abort_all(struct mailproto_smtp_server *s)
{
    struct mp_smtp_deliveries *d = s->work->deliveries;
    struct mp_request *r = mp_request_find(&s->base, d->request, MP_SMTP_STORING);

    for (struct mp_smtp_drop *drop = d->first; drop; drop = drop->next) {
        cancel(drop);
        if (drop->state == MP_DROP_READY)
            mp_smtp_store_failed(drop, MAILPROTO_ERR_CANCELLED);
        mp_smtp_store_abort_upload(drop);
    }
    if (r)
        mp_request_answered(&s->base, r, 0); /* nobody is waited for any more */
}

static void end(struct mailproto_smtp_server *s)
{
    const mailproto_allocator *allocator = &s->base.allocator;
    struct mp_smtp_deliveries *d = s->work->deliveries;

    abort_all(s);
    while (d->first) {
        struct mp_smtp_drop *drop = d->first;

        d->first = drop->next;
        mp_free(allocator, drop, sizeof *drop);
    }
    while (d->stores) {
        struct mp_smtp_store *store = d->stores;

        d->stores = store->next;
        mp_free(allocator, store, sizeof *store);
    }
    mp_free(allocator, d, sizeof *d);
    s->work->deliveries = NULL;
    s->work->stored = 0;
}

static int result(struct mailproto_smtp_server *s, uint32_t index)
{
    struct mp_smtp_drop *drop = s->work->deliveries->first;

    while (drop && drop->index != index)
        drop = drop->next;
    if (!drop)
        return 0;
    mp_smtp_store_result(s, drop);
    return 1;
}

static const struct mp_smtp_store_ops ops = {
    .step = step,
    .begin = mp_smtp_store_begin,
    .write = mp_smtp_store_write,
    .share = mp_smtp_store_share,
    .commit = mp_smtp_store_commit,
    .settled = mp_smtp_store_settled,
    .result = result,
    .fail = fail,
    .abort = abort_all,
    .end = end,
};
