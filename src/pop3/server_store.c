/* server_store.c - a POP3 maildrop in a store: questions and their answers, and the end of what they opened.
 * mailproto/store.h; RFC 1939 section 4; RFC 2449 section 8.1 and RFC 3206 (response codes). */
#include "pop3/server_store.h"

#include <string.h>

#include "core/ascii.h"

/* ---- what the store's results are to the client ---- */

static const struct result {
    int32_t why;
    uint32_t resp_code;
    const char *text;
} results[] = {
    {MAILPROTO_ERR_BUSY, MAILPROTO_POP3_RESP_IN_USE, "the maildrop is in use"},
    {MAILPROTO_ERR_GONE, MAILPROTO_POP3_RESP_NONE, "this message is gone"},
    {MAILPROTO_ERR_NOT_FOUND, MAILPROTO_POP3_RESP_SYS_PERM, "there is no such maildrop"},
    {MAILPROTO_ERR_DENIED, MAILPROTO_POP3_RESP_SYS_PERM, "this is not allowed"},
    {MAILPROTO_ERR_CORRUPT, MAILPROTO_POP3_RESP_SYS_PERM, "what is stored is damaged"},
    {MAILPROTO_ERR_UNSUPPORTED, MAILPROTO_POP3_RESP_SYS_PERM, "the store cannot do this"},
    {MAILPROTO_ERR_TIMEOUT, MAILPROTO_POP3_RESP_SYS_TEMP, "the store took too long"},
    {MAILPROTO_ERR_NOMEM, MAILPROTO_POP3_RESP_SYS_TEMP, "no memory"},
    {0, MAILPROTO_POP3_RESP_SYS_TEMP, "the store is not available"},
};

static const struct result *result_of(int32_t why)
{
    const struct result *result = results;

    while (result->why && result->why != why)
        result++;
    return result;
}

void mp_pop3_store_refuse(struct mp_pop3_store *st, struct mp_request *r, int32_t why)
{
    const struct result *result = result_of(why);

    if (r->type == MAILPROTO_POP3_SERVER_OPEN)
        st->server->open_why = why;
    mp_pop3_put_answer(st->server, r, MAILPROTO_POP3_ERR, result->resp_code, result->text, strlen(result->text), 0);
}

/* ---- questions ---- */

static void *fill(void *question, size_t size, uint32_t type, uint64_t token)
{
    mailproto_event *head = question;

    head->struct_size = (uint32_t)size;
    head->type = type;
    head->token = token;
    return question;
}

void mp_pop3_store_ask(struct mp_pop3_store *st, void *question, size_t size, uint32_t type,
                       void (*item)(struct mp_pop3_store *, const mailproto_event *),
                       void (*then)(struct mp_pop3_store *, struct mp_request *, int32_t),
                       struct mp_pop3_store_handle *keeps)
{
    struct mp_engine *e = &st->server->base;
    uint64_t token = ++st->last_token;

    st->token = token;
    st->item = item;
    st->then = then;
    st->keeps = keeps;
    st->told.open = 0;
    st->enough = st->whole = 0;
    st->got = 0;
    st->failed = MAILPROTO_OK;
    mp_request_goes_on(e, mp_ring_at(e, 0));
    if (mailproto_store_ask(&st->store, &st->asker, fill(question, size, type, token)))
        (void)mailproto_store_fail(&st->asker, token, MAILPROTO_ERR_UNSUPPORTED, NULL, 0);
}

void mp_pop3_store_tell(struct mp_pop3_store *st, void *question, size_t size, uint32_t type)
{
    (void)mailproto_store_ask(&st->store, &st->asker, fill(question, size, type, 0));
}

/* ---- answers: they come at any time, and what follows is done by the next step ---- */

static int32_t on_item(mailproto_store_asker *asker, uint64_t token, const mailproto_event *item)
{
    struct mp_pop3_store *st = (struct mp_pop3_store *)(void *)asker;

    if (!token || token != st->token)
        return MAILPROTO_ERR_TOKEN;
    if (item->struct_size < sizeof *item)
        return MAILPROTO_ERR_ARG;
    if (!st->enough && st->item)
        st->item(st, item);
    return st->enough ? MAILPROTO_STORE_ENOUGH : MAILPROTO_OK;
}

static int32_t on_end(mailproto_store_asker *asker, uint64_t token, int32_t why, const char *text, size_t len)
{
    struct mp_pop3_store *st = (struct mp_pop3_store *)(void *)asker;

    (void)text;
    (void)len;
    if (!token || token != st->token)
        return MAILPROTO_ERR_TOKEN;
    st->token = 0;
    st->why = why < 0 ? why : MAILPROTO_OK;
    if (!why && st->keeps && st->told.open)
        *st->keeps = st->told;
    mp_engine_kick(&st->server->base);
    return MAILPROTO_OK;
}

static int step(struct mailproto_pop3_server *s)
{
    struct mp_pop3_store *st = s->store;
    struct mp_request *r = mp_ring_at(&s->base, 0);
    void (*then)(struct mp_pop3_store *, struct mp_request *, int32_t) = st->then;

    if (st->token || !then || r->state != MP_OPEN)
        return 0;
    st->then = NULL;
    then(st, r, st->why ? st->why : st->failed);
    return 1;
}

static void ask(struct mailproto_pop3_server *s, struct mp_request *r)
{
    r->own = 1;
    if (r->type == MAILPROTO_POP3_SERVER_LIST)
        mp_pop3_store_list(s->store, r);
    else if (r->type == MAILPROTO_POP3_SERVER_RETRIEVE)
        mp_pop3_store_retrieve(s->store, r);
    else if (r->type == MAILPROTO_POP3_SERVER_PIECE)
        mp_pop3_store_piece(s->store, r);
    else
        mp_pop3_store_commit(s->store, r);
}

/* ---- ends ---- */

static void stop(struct mp_pop3_store *st)
{
    uint64_t token = st->token;

    st->token = 0;
    st->then = NULL;
    if (token)
        (void)mailproto_store_cancel(&st->store, &st->asker, token);
}

/* The store was too late. */
static void fail(struct mailproto_pop3_server *s, struct mp_request *r)
{
    stop(s->store);
    if (r->type == MAILPROTO_POP3_SERVER_COMMIT) {
        mp_pop3_store_commit_end(s->store, r);
        return;
    }
    mp_pop3_store_refuse(s->store, r, MAILPROTO_ERR_TIMEOUT);
}

void mp_pop3_store_cursor(struct mp_pop3_store *st, const mailproto_store_cursor *cursor)
{
    st->whole = 1;
    st->told = (struct mp_pop3_store_handle){cursor->snapshot, cursor->more != 0};
}

void mp_pop3_store_snapshot_end(struct mp_pop3_store *st)
{
    mailproto_store_snapshot_end question = {.opening = st->opening.number, .snapshot = st->snapshot.number};

    if (st->snapshot.open)
        mp_pop3_store_tell(st, &question, sizeof question, MAILPROTO_STORE_SNAPSHOT_END);
    st->snapshot.open = 0;
}

static void list_end(struct mailproto_pop3_server *s)
{
    mp_pop3_store_snapshot_end(s->store);
}

static void message_end(struct mailproto_pop3_server *s)
{
    struct mp_pop3_store *st = s->store;
    mailproto_store_message_close question = {.message = st->message.number};

    stop(st);
    if (st->message.open)
        mp_pop3_store_tell(st, &question, sizeof question, MAILPROTO_STORE_MESSAGE_CLOSE);
    st->message.open = 0;
}

static void end(struct mailproto_pop3_server *s)
{
    struct mp_pop3_store *st = s->store;
    mailproto_store_close question = {.opening = st->opening.number};

    message_end(s);
    mp_pop3_store_snapshot_end(st);
    if (st->opening.open)
        mp_pop3_store_tell(st, &question, sizeof question, MAILPROTO_STORE_CLOSE);
    mp_pop3_uids_free(&st->uids, &s->base.allocator);
    mp_free(&s->base.allocator, st->runs, MP_POP3_STORE_RUNS * sizeof *st->runs);
    mp_free(&s->base.allocator, st, sizeof *st);
    s->store = NULL;
}

static const struct mp_pop3_store_ops ops = {
    .ask = ask,
    .step = step,
    .fail = fail,
    .list_end = list_end,
    .message_end = message_end,
    .end = end,
};

/* ---- the answer to OPEN ---- */

static void begin(struct mp_pop3_store *st, struct mp_request *r, int32_t why)
{
    (void)why;
    mp_pop3_store_open(st, r);
}

static void no_memory(struct mailproto_pop3_server *s, struct mp_request *r)
{
    static const char text[] = "no memory";

    s->open_why = MAILPROTO_ERR_NOMEM;
    mp_pop3_put_answer(s, r, MAILPROTO_POP3_ERR, MAILPROTO_POP3_RESP_SYS_TEMP, text, sizeof text - 1, 0);
}

int32_t mailproto_pop3_server_open_store(mailproto_pop3_server *server, uint64_t token, const mailproto_store *store,
                                         uint64_t mailbox, const char **why)
{
    struct mp_request *r;
    mailproto_store own;
    int32_t result;

    if (!server || mp_struct_copy(&own, sizeof own, store))
        return MAILPROTO_ERR_ARG;
    r = mp_request_find(&server->base, token, MAILPROTO_POP3_SERVER_OPEN);
    if (!r)
        return MAILPROTO_ERR_TOKEN;
    if (!(server->flags & MAILPROTO_POP3_SERVER_STORE))
        return MAILPROTO_ERR_STATE;
    result = mailproto_store_check(&own, MAILPROTO_STORE_FOR_POP3, why);
    if (result)
        return result;
    mp_request_take(&server->base, r);
    server->opened = 1; /* from here on MAILDROP_END is owed, whatever comes between */
    server->opening = 1;
    server->open_why = MAILPROTO_OK;
    server->store = mp_alloc_zero(&server->base.allocator, sizeof *server->store);
    server->store_ops = &ops;
    if (!server->store) {
        no_memory(server, r);
        return MAILPROTO_OK;
    }
    server->store->asker = (mailproto_store_asker){sizeof(mailproto_store_asker), 0, on_item, on_end};
    server->store->server = server;
    server->store->store = own;
    server->store->mailbox = mailbox;
    server->store->then = begin;
    mp_engine_kick(&server->base);
    return MAILPROTO_OK;
}
