/* server_store_quit.c - QUIT: the messages that DELE marked, and no others, are removed from a store.
 * RFC 1939 section 6; mailproto/store.h, FLAGS and EXPUNGE. */
#include "pop3/server_store.h"

static void next_turn(struct mp_pop3_store *st, struct mp_request *r);

/* All ranges of this QUIT are one answer: `left` counts what is not known to be gone. */
void mp_pop3_store_commit_end(struct mp_pop3_store *st, struct mp_request *r)
{
    struct mailproto_pop3_server *s = st->server;

    s->commit_next = 0;
    r->index = st->left;
    mp_pop3_put_answer(s, r, MAILPROTO_POP3_OK, MAILPROTO_POP3_RESP_NONE, NULL, 0, 0);
}

/* ---- what is still there, if the store removed fewer than it was asked to ---- */

static void on_still_there(struct mp_pop3_store *st, const mailproto_event *item)
{
    const mailproto_store_cursor *cursor = (const void *)item;

    if (item->type == MAILPROTO_STORE_MESSAGE)
        st->got++;
    else if (item->type == MAILPROTO_STORE_CURSOR && MP_STORE_ITEM(item, mailproto_store_cursor))
        st->whole = !cursor->more;
}

static void looked(struct mp_pop3_store *st, struct mp_request *r, int32_t why)
{
    if (why || !st->whole) {
        mp_pop3_store_commit_end(st, r);
        return;
    }
    if (st->got < st->batch)
        st->left -= st->batch - st->got;
    next_turn(st, r);
}

static void look(struct mp_pop3_store *st)
{
    mailproto_store_changes question = {.opening = st->opening.number, .uids = st->runs};

    mp_pop3_store_ask(st, &question, sizeof question, MAILPROTO_STORE_CHANGES, on_still_there, looked, NULL);
}

/* ---- \Deleted, and expunge of exactly these ---- */

static void on_vanished(struct mp_pop3_store *st, const mailproto_event *item)
{
    const mailproto_store_uids *uids = (const void *)item;

    if (item->type == MAILPROTO_STORE_VANISHED && MP_STORE_ITEM(item, mailproto_store_uids) &&
        uids->first <= uids->last)
        st->got += uids->last - uids->first + 1;
}

static void expunged(struct mp_pop3_store *st, struct mp_request *r, int32_t why)
{
    if (why) {
        mp_pop3_store_commit_end(st, r);
    } else if (st->got == st->batch) {
        st->left -= st->batch;
        next_turn(st, r);
    } else {
        look(st);
    }
}

static void flagged(struct mp_pop3_store *st, struct mp_request *r, int32_t why)
{
    mailproto_store_expunge question = {.mailbox = st->mailbox, .uids = st->runs};

    if (why)
        mp_pop3_store_commit_end(st, r);
    else
        mp_pop3_store_ask(st, &question, sizeof question, MAILPROTO_STORE_EXPUNGE, on_vanished, expunged, NULL);
}

/* ---- turn by turn: as many runs as there is room for ---- */

static void add_uid(struct mp_pop3_store *st, uint32_t uid)
{
    mailproto_store_run *last = st->run_count ? &st->runs[st->run_count - 1] : NULL;

    st->batch++;
    if (last && last->last + 1 == uid) {
        last->last = uid;
        return;
    }
    if (last)
        last->next = last + 1;
    st->runs[st->run_count++] = (mailproto_store_run){.struct_size = sizeof *last, .first = uid, .last = uid};
}

static void collect(struct mp_pop3_store *st)
{
    st->run_count = st->batch = 0;
    while (st->next && st->run_count < MP_POP3_STORE_RUNS) {
        add_uid(st, mp_pop3_uids_find(&st->uids, st->next).uid);
        st->next = st->next < st->server->count ? mp_pop3_next_marked(st->server, st->next + 1) : 0;
    }
}

static void next_turn(struct mp_pop3_store *st, struct mp_request *r)
{
    mailproto_store_flags question = {
        .mailbox = st->mailbox,
        .uids = st->runs,
        .unchanged_since = UINT64_MAX,
        .operation = MAILPROTO_STORE_FLAGS_ADD,
        .flags = MAILPROTO_FLAG_DELETED,
    };

    collect(st);
    if (st->batch)
        mp_pop3_store_ask(st, &question, sizeof question, MAILPROTO_STORE_FLAGS, NULL, flagged, NULL);
    else
        mp_pop3_store_commit_end(st, r);
}

void mp_pop3_store_commit(struct mp_pop3_store *st, struct mp_request *r)
{
    const mailproto_allocator *allocator = &st->server->base.allocator;

    st->left = st->server->deleted;
    st->next = st->server->payload.commit.first;
    st->runs = mp_alloc(allocator, MP_POP3_STORE_RUNS * sizeof *st->runs);
    if (st->runs)
        next_turn(st, r);
    else
        mp_pop3_store_commit_end(st, r);
}
