/* server_store_list.c - LIST, UIDL and the look-up before DELE, out of a store.
 * RFC 1939 sections 5 (LIST) and 7 (UIDL); mailproto/store.h, CHANGES. */
#include "core/ascii.h"
#include "pop3/server_store.h"

/* ---- UIDL: the engine knows the UIDs ---- */

static size_t write_uid(const struct mp_pop3_store *st, char *to, uint32_t uid)
{
    size_t n = mp_ascii_write_decimal(to, st->uidvalidity);

    to[n++] = '.';
    return n + mp_ascii_write_decimal(to + n, uid);
}

static void give_uids(struct mp_pop3_store *st, const struct mp_request *r)
{
    const mailproto_pop3_list *l = &st->server->payload.list;
    uint32_t number = l->first;

    for (uint32_t given = 0; given < l->want && number && number <= l->last; given++) {
        char uid[MP_POP3_STORE_UID_MAX];
        size_t n = write_uid(st, uid, mp_pop3_uids_find(&st->uids, number).uid);

        (void)mailproto_pop3_server_give(st->server, r->token, number, 0, uid, n);
        number = mp_pop3_next_unmarked(st->server, number + 1);
    }
    (void)mailproto_pop3_server_given(st->server, r->token);
}

/* ---- LIST: sizes are the store's; of those that were here when the maildrop was opened ---- */

static void ask_page(struct mp_pop3_store *st);

/* A UID that the store tells, as a message number; 0: not one of the maildrop's. UIDs rise, and so does the place. */
static uint32_t number_of(struct mp_pop3_store *st, uint32_t uid)
{
    while (st->at.count && uid > st->at.uid + (st->at.count - 1))
        st->at = mp_pop3_uids_find(&st->uids, st->at.number + st->at.count);
    if (!st->at.count || uid < st->at.uid)
        return 0;
    return st->at.number + (uid - st->at.uid);
}

static void on_size(struct mp_pop3_store *st, const mailproto_store_message *message)
{
    const mailproto_pop3_list *l = &st->server->payload.list;
    uint32_t number = number_of(st, message->uid);

    st->got++;
    if (number >= l->first && number <= l->last &&
        mailproto_pop3_server_give(st->server, mp_ring_at(&st->server->base, 0)->token, number, message->size, NULL, 0))
        st->failed = MAILPROTO_ERR_UNAVAILABLE; /* more than was asked for */
    if (!st->at.count || number >= l->last)
        st->list_done = 1; /* what follows came after the maildrop was opened; CURSOR is wanted yet */
}

static void on_change(struct mp_pop3_store *st, const mailproto_event *item)
{
    const mailproto_store_cursor *cursor = (const void *)item;

    if (item->type == MAILPROTO_STORE_MESSAGE && MP_STORE_ITEM(item, mailproto_store_message))
        on_size(st, (const void *)item);
    else if (item->type == MAILPROTO_STORE_CURSOR && MP_STORE_ITEM(item, mailproto_store_cursor))
        mp_pop3_store_cursor(st, cursor);
}

static void listed(struct mp_pop3_store *st, struct mp_request *r, int32_t why)
{
    int gave = st->server->listing.gave != 0;

    if (!why && !st->whole)
        why = MAILPROTO_ERR_UNAVAILABLE;
    if (!st->snapshot.open || !st->got)
        st->list_done = 1;
    if (why)
        mp_pop3_store_refuse(st, r, why);
    else if (gave || st->list_done)
        (void)mailproto_pop3_server_given(st->server, r->token);
    else
        ask_page(st);
}

static void ask_page(struct mp_pop3_store *st)
{
    mailproto_store_changes question = {
        .opening = st->opening.number,
        .snapshot = st->snapshot.open ? st->snapshot.number : 0,
        .want = st->server->payload.list.want,
    };

    st->snapshot.open = 0;
    mp_pop3_store_ask(st, &question, sizeof question, MAILPROTO_STORE_CHANGES, on_change, listed, &st->snapshot);
}

static void list_all(struct mp_pop3_store *st, struct mp_request *r)
{
    const struct mp_pop3_listing *l = &st->server->listing;

    if (!l->begun) {
        st->list_done = 0;
        st->at = mp_pop3_uids_find(&st->uids, l->next);
    }
    if (st->list_done)
        (void)mailproto_pop3_server_given(st->server, r->token);
    else
        ask_page(st);
}

/* ---- one message ---- */

static void list_one(struct mp_pop3_store *st)
{
    uint32_t number = st->server->payload.list.first;
    mailproto_store_run run = {.struct_size = sizeof run};
    mailproto_store_changes question = {.opening = st->opening.number, .uids = &run, .want = 1};

    st->at = mp_pop3_uids_find(&st->uids, number);
    run.first = run.last = st->at.uid;
    mp_pop3_store_ask(st, &question, sizeof question, MAILPROTO_STORE_CHANGES, on_change, listed, &st->snapshot);
}

void mp_pop3_store_list(struct mp_pop3_store *st, struct mp_request *r)
{
    if (st->server->payload.list.items & MAILPROTO_POP3_LIST_UID)
        give_uids(st, r);
    else if (st->server->listing.all)
        list_all(st, r);
    else
        list_one(st);
}
