/* server_store_read.c - RETR and TOP out of a store: a message is pinned and read in pieces.
 * RFC 1939 section 5 (RETR); mailproto/store.h, MESSAGE_OPEN and MESSAGE_READ. */
#include "pop3/server_store.h"

/* ---- the pin ---- */

static void on_pinned(struct mp_pop3_store *st, const mailproto_event *item)
{
    const mailproto_store_message_opened *opened = (const void *)item;

    if (item->type != MAILPROTO_STORE_MESSAGE_OPENED || !MP_STORE_ITEM(item, mailproto_store_message_opened))
        return;
    st->told = (struct mp_pop3_store_handle){opened->message, 1};
    st->size = opened->size;
}

static void pinned(struct mp_pop3_store *st, struct mp_request *r, int32_t why)
{
    if (!why && !st->message.open)
        why = MAILPROTO_ERR_UNAVAILABLE;
    if (why)
        mp_pop3_store_refuse(st, r, why);
    else
        mp_pop3_begin_reading(st->server, r, st->size);
}

void mp_pop3_store_retrieve(struct mp_pop3_store *st, struct mp_request *r)
{
    mailproto_store_message_open question = {
        .mailbox = st->mailbox,
        .uid = mp_pop3_uids_find(&st->uids, st->server->payload.retrieve.number).uid,
    };

    (void)r;
    mp_pop3_store_ask(st, &question, sizeof question, MAILPROTO_STORE_MESSAGE_OPEN, on_pinned, pinned, &st->message);
}

/* ---- the octets ---- */

/* They become output at once, so a lease ends here. */
static void on_slice(struct mp_pop3_store *st, const mailproto_event *item)
{
    const mailproto_store_slice *slice = (const void *)item;

    if (item->type != MAILPROTO_STORE_SLICE || !MP_STORE_ITEM(item, mailproto_store_slice))
        return;
    st->got++;
    if (st->got > 1 || slice->bytes.len > st->server->payload.piece.max ||
        mp_pop3_take_piece(st->server, slice->bytes.ptr, slice->bytes.len))
        st->failed = MAILPROTO_ERR_BODY;
    if (slice->lease && st->store.release)
        st->store.release(st->store.user, slice->lease);
    mp_engine_kick(&st->server->base); /* there is output, whenever the end of the answer comes */
}

/* After +OK there is no way to take it back: what cannot be read ends the connection (mp_pop3_piece_answered). */
static void was_read(struct mp_pop3_store *st, struct mp_request *r, int32_t why)
{
    if (!why && !st->got)
        why = MAILPROTO_ERR_BODY;
    if (why)
        mp_pop3_store_refuse(st, r, why);
    else
        mp_pop3_put_answer(st->server, r, MAILPROTO_POP3_OK, MAILPROTO_POP3_RESP_NONE, NULL, 0, 0);
}

void mp_pop3_store_piece(struct mp_pop3_store *st, struct mp_request *r)
{
    const mailproto_pop3_piece *piece = &st->server->payload.piece;
    mailproto_store_message_read question = {
        .message = st->message.number,
        .offset = piece->offset,
        .max = piece->max,
    };

    (void)r;
    mp_pop3_store_ask(st, &question, sizeof question, MAILPROTO_STORE_MESSAGE_READ, on_slice, was_read, NULL);
}
