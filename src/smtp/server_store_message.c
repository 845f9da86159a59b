/* server_store_message.c - a message on its way into stores: written as it comes, shared where it can be, committed at its
 * end. mailproto/store.h, APPEND_WRITE to APPEND_SHARE; RFC 5321 sections 4.1.1.4 and 4.4; RFC 2033 section 4.2. */
#include "smtp/server_store.h"

/* What is asked is answered by all: until then the session takes nothing more. 1: it waits. */
static int wait(struct mailproto_smtp_server *s, uint8_t work)
{
    struct mp_smtp_deliveries *d = s->work->deliveries;
    struct mp_request *r;

    d->work = work;
    if (!d->open)
        return 0;
    r = mp_request_open(&s->base, MP_SMTP_STORING, 0);
    if (r) {
        r->own = 1;
        d->request = r->token;
    }
    return 1;
}

/* ---- the beginning ---- */

/* Stores with the same append_share take octets from each other: one of them is written to. */
static struct mp_smtp_drop *leader_of(const struct mp_smtp_deliveries *d, struct mp_smtp_drop *drop)
{
    struct mp_smtp_drop *other = d->first;

    if (!drop->store->table.append_share)
        return drop;
    while (other->state != MP_DROP_READY || other->store->table.append_share != drop->store->table.append_share)
        other = other->next;
    return other;
}

int mp_smtp_store_begin(struct mailproto_smtp_server *s)
{
    struct mp_smtp_work *w = s->work;
    struct mp_smtp_deliveries *d = w->deliveries;

    d->why = MAILPROTO_OK;
    d->committed = 0;
    for (struct mp_smtp_drop *drop = d->first; drop; drop = drop->next)
        if (drop->state == MP_DROP_READY)
            drop->leader = leader_of(d, drop);
    if (w->return_path_len)
        mp_smtp_store_write(s, (mailproto_text){w->return_path, w->return_path_len});
    return s->base.ending ? -1 : 0;
}

/* ---- octets ---- */

void mp_smtp_store_write(struct mailproto_smtp_server *s, mailproto_text bytes)
{
    struct mp_smtp_deliveries *d = s->work->deliveries;

    for (struct mp_smtp_drop *drop = d->first; drop; drop = drop->next) {
        mailproto_store_append_write question = {.upload = drop->upload, .bytes = bytes};

        if (drop->state != MP_DROP_READY || drop->leader != drop)
            continue;
        d->open++;
        mp_smtp_store_ask(drop, &question, sizeof question, MAILPROTO_STORE_APPEND_WRITE, MP_ASKED_WRITE);
    }
    wait(s, MP_STORING_WRITES);
}

/* In SMTP there is one reply, so the first failure is the message's; in LMTP it is the recipient's. */
void mp_smtp_store_written(struct mp_smtp_drop *drop, int32_t why)
{
    struct mailproto_smtp_server *s = drop->server;
    struct mp_smtp_work *w = s->work;

    if (!why || drop->state != MP_DROP_READY)
        return;
    mp_smtp_store_failed(drop, why);
    if (!(s->flags & MAILPROTO_SMTP_SERVER_LMTP) && w->message == MP_MESSAGE_ARRIVING)
        mp_smtp_message_refuse_with(s, mp_smtp_store_reply(why), why);
}

/* ---- the end: the others of each kind take what the first one has ---- */

static void share(struct mp_smtp_drop *drop)
{
    struct mp_smtp_drop *leader = drop->leader;
    mailproto_store other = leader->store->table;
    mailproto_store_append_share question = {
        .upload = drop->upload,
        .other = &other,
        .other_upload = leader->upload,
    };

    other.user = leader->user;
    if (leader->state != MP_DROP_READY) {
        /* the octets went with it; a full disk is everybody's, all else is its own */
        mp_smtp_store_failed(drop, leader->why == MAILPROTO_ERR_FULL ? leader->why : MAILPROTO_ERR_UNAVAILABLE);
        return;
    }
    drop->server->work->deliveries->open++;
    mp_smtp_store_ask(drop, &question, sizeof question, MAILPROTO_STORE_APPEND_SHARE, MP_ASKED_SHARE);
}

int mp_smtp_store_share(struct mailproto_smtp_server *s)
{
    struct mp_smtp_deliveries *d = s->work->deliveries;

    for (struct mp_smtp_drop *drop = d->first; drop; drop = drop->next)
        if (drop->state == MP_DROP_READY && drop->leader != drop)
            share(drop);
    s->work->store_ops->step(s);
    return wait(s, MP_STORING_SHARES);
}

/* ---- the commit: all stores at once ---- */

static void put_outcome(struct mailproto_smtp_server *s)
{
    struct mp_smtp_work *w = s->work;
    const struct mp_smtp_deliveries *d = w->deliveries;

    s->phase = MP_SMTP_COMMANDS;
    w->message = MP_MESSAGE_NONE;
    w->delivered = !d->why;
    mp_smtp_transaction_over(s, d->why);
    if (!d->why)
        mp_smtp_put_verdict(s);
    else /* what some have cannot be taken back: that the others lack it may not be final */
        mp_smtp_put(s, d->committed ? (uint32_t)MP_R_LOCAL_ERROR : mp_smtp_store_reply(d->why));
    if (!d->why && w->verdict.close)
        mp_engine_end(&s->base, MAILPROTO_OK, "the host closed the session");
}

void mp_smtp_store_commit(struct mailproto_smtp_server *s)
{
    struct mp_smtp_deliveries *d = s->work->deliveries;

    for (struct mp_smtp_drop *drop = d->first; drop; drop = drop->next) {
        mailproto_store_append_commit question = {.upload = drop->upload};

        if (drop->state != MP_DROP_READY)
            continue;
        drop->upload_open = 0; /* it is over, whatever the answer */
        d->open++;
        mp_smtp_store_ask(drop, &question, sizeof question, MAILPROTO_STORE_APPEND_COMMIT, MP_ASKED_COMMIT);
    }
    if (s->flags & MAILPROTO_SMTP_SERVER_LMTP)
        return; /* each recipient has its own reply */
    s->work->store_ops->step(s);
    if (!wait(s, MP_STORING_COMMITS))
        put_outcome(s);
}

static void answer_result(struct mp_smtp_drop *drop)
{
    struct mp_request *r = mp_request_find(&drop->server->base, drop->request, 0);

    const struct mp_smtp_drop *upload = drop->state == MP_DROP_SAME ? drop->leader : drop;

    drop->request = 0;
    if (r)
        mp_smtp_answer_with(drop->server, r,
                            upload->state == MP_DROP_COMMITTED ? (uint32_t)MP_R_MESSAGE_OK
                                                               : mp_smtp_store_reply(upload->why));
}

void mp_smtp_store_committed(struct mp_smtp_drop *drop, int32_t why)
{
    struct mp_smtp_deliveries *d = drop->server->work->deliveries;

    drop->state = why ? MP_DROP_FAILED : MP_DROP_COMMITTED;
    drop->why = why;
    if (!why)
        d->committed++;
    else if (!d->why)
        d->why = why;
    if (drop->request)
        answer_result(drop);
    mp_smtp_store_same(drop, answer_result);
}

/* LMTP: the reply for this recipient, when its turn has come and its store has answered. */
void mp_smtp_store_result(struct mailproto_smtp_server *s, struct mp_smtp_drop *drop)
{
    struct mp_request *r;

    if (mp_out_promise(&s->base, MP_CHUNK))
        return;
    r = mp_request_open(&s->base, MAILPROTO_SMTP_SERVER_RCPT_RESULT, drop->index);
    if (!r)
        return;
    r->own = 1;
    drop->request = r->token;
    if ((drop->state == MP_DROP_SAME ? drop->leader : drop)->state != MP_DROP_READY)
        answer_result(drop);
}

void mp_smtp_store_settled(struct mailproto_smtp_server *s)
{
    struct mp_smtp_deliveries *d = s->work->deliveries;

    d->request = 0;
    mp_peer_clock_reset(&s->base);
    if (d->work == MP_STORING_SHARES)
        mp_smtp_message_whole(s);
    else if (d->work == MP_STORING_COMMITS)
        put_outcome(s);
}
