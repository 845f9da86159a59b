/* server_store_open.c - a maildrop in a store is found, locked and counted: what OPEN asks.
 * RFC 1939 section 4; mailproto/store.h, LIST, OPEN and CHANGES. */
#include "pop3/server_store.h"

static void open_mailbox(struct mp_pop3_store *st);
static void learn_page(struct mp_pop3_store *st);

/* ---- INBOX by its name ---- */

static void on_mailbox(struct mp_pop3_store *st, const mailproto_event *item)
{
    const mailproto_store_mailbox *mailbox = (const void *)item;

    if (item->type == MAILPROTO_STORE_MAILBOX && MP_STORE_ITEM(item, mailproto_store_mailbox))
        st->mailbox = mailbox->mailbox;
}

static void found(struct mp_pop3_store *st, struct mp_request *r, int32_t why)
{
    if (!why && !st->mailbox)
        why = MAILPROTO_ERR_NOT_FOUND;
    if (why)
        mp_pop3_store_refuse(st, r, why);
    else
        open_mailbox(st);
}

void mp_pop3_store_open(struct mp_pop3_store *st, struct mp_request *r)
{
    mailproto_store_list question = {.only = {"INBOX", 5}, .want = 1};

    (void)r;
    if (st->mailbox)
        open_mailbox(st);
    else
        mp_pop3_store_ask(st, &question, sizeof question, MAILPROTO_STORE_LIST, on_mailbox, found, NULL);
}

/* ---- the lock ---- */

static void on_opened(struct mp_pop3_store *st, const mailproto_event *item)
{
    const mailproto_store_opened *opened = (const void *)item;

    if (item->type != MAILPROTO_STORE_OPENED || !MP_STORE_ITEM(item, mailproto_store_opened))
        return;
    st->told = (struct mp_pop3_store_handle){opened->opening, 1};
    st->uidvalidity = opened->uidvalidity;
    st->rights = opened->rights;
}

static void opened(struct mp_pop3_store *st, struct mp_request *r, int32_t why)
{
    if (!why && !st->opening.open)
        why = MAILPROTO_ERR_UNAVAILABLE; /* done, and nothing was told */
    if (!why && !(st->rights & MAILPROTO_RIGHT_READ))
        why = MAILPROTO_ERR_DENIED;
    if (why)
        mp_pop3_store_refuse(st, r, why);
    else
        learn_page(st);
}

static void open_mailbox(struct mp_pop3_store *st)
{
    mailproto_store_open question = {.mailbox = st->mailbox, .mode = MAILPROTO_STORE_EXCLUSIVE};

    mp_pop3_store_ask(st, &question, sizeof question, MAILPROTO_STORE_OPEN, on_opened, opened, &st->opening);
}

/* ---- all messages, a page at a time: their number, their octets, their UIDs ---- */

static void on_message(struct mp_pop3_store *st, const mailproto_store_message *message)
{
    st->failed = mp_pop3_uids_add(&st->uids, &st->server->base.allocator, message->uid);
    if (st->failed) {
        st->enough = 1;
        return;
    }
    st->got++;
    st->count++;
    st->octets += message->size;
}

static void on_change(struct mp_pop3_store *st, const mailproto_event *item)
{
    const mailproto_store_cursor *cursor = (const void *)item;

    if (item->type == MAILPROTO_STORE_MESSAGE && MP_STORE_ITEM(item, mailproto_store_message))
        on_message(st, (const void *)item);
    else if (item->type == MAILPROTO_STORE_CURSOR && MP_STORE_ITEM(item, mailproto_store_cursor))
        mp_pop3_store_cursor(st, cursor);
}

static void learned(struct mp_pop3_store *st, struct mp_request *r, int32_t why)
{
    if (!why && (!st->whole || (st->snapshot.open && !st->got)))
        why = MAILPROTO_ERR_UNAVAILABLE; /* no end of the page; or nothing in it, and more to come: that has no end */
    if (why)
        mp_pop3_store_refuse(st, r, why);
    else if (st->snapshot.open)
        learn_page(st);
    else
        mp_pop3_opened(st->server, r, st->count, st->octets);
}

static void learn_page(struct mp_pop3_store *st)
{
    mailproto_store_changes question = {
        .opening = st->opening.number,
        .snapshot = st->snapshot.open ? st->snapshot.number : 0,
        .want = MP_POP3_STORE_PAGE,
    };

    st->snapshot.open = 0; /* if there are further pages, the answer says so */
    mp_pop3_store_ask(st, &question, sizeof question, MAILPROTO_STORE_CHANGES, on_change, learned, &st->snapshot);
}
