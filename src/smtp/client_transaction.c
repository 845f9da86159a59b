/* client_transaction.c - a message: MAIL, RCPTs, DATA or BDAT go out, and their replies are matched as they come.
 * RFC 5321 section 3.3; RFC 2920 section 3.1; RFC 3030 section 2; RFC 2033 section 4.2. */
#include <string.h>

#include "smtp/client.h"

/* ---- the beginning ---- */

/* What the server offers and this session may use. */
static uint32_t offers(const struct mailproto_smtp_client *c)
{
    uint32_t bits = c->peer.peer_offers;

    if (c->flags & MAILPROTO_SMTP_CLIENT_NO_CHUNKING)
        bits &= ~(uint32_t)MAILPROTO_SMTP_EXT_CHUNKING;
    if (c->flags & MAILPROTO_SMTP_CLIENT_NO_PIPELINING)
        bits &= ~(uint32_t)MAILPROTO_SMTP_EXT_PIPELINING;
    if (c->base.tls != MP_TLS_ON)
        bits &= ~(uint32_t)MAILPROTO_SMTP_EXT_REQUIRETLS;
    return bits;
}

/* What is said of a message that needs what the server does not offer. */
static const char *lacking(uint32_t missing)
{
    if (missing & MAILPROTO_SMTP_EXT_8BITMIME)
        return "the server does not offer 8BITMIME";
    if (missing & (MAILPROTO_SMTP_EXT_BINARYMIME | MAILPROTO_SMTP_EXT_CHUNKING))
        return "the server does not offer BINARYMIME with CHUNKING";
    if (missing & MAILPROTO_SMTP_EXT_SMTPUTF8)
        return "the server does not offer SMTPUTF8";
    return "the server does not offer REQUIRETLS inside TLS";
}

void mp_client_begin(struct mailproto_smtp_client *c, struct mp_client_command *message)
{
    struct mp_client_transaction *t = &c->transaction;
    struct mp_client_body *body = &c->body;
    uint32_t offered = offers(c), missing = message->needs & ~offered;

    memset(t, 0, sizeof *t);
    if (missing || (c->peer.max_message && message->size > c->peer.max_message)) {
        const struct mp_client_outcome not_sent = {
            .outcome = MAILPROTO_SMTP_NOT_SENT,
            .why = missing ? MAILPROTO_ERR_UNSUPPORTED : MAILPROTO_ERR_LIMIT,
            .text = missing ? lacking(missing) : "the message is larger than the server takes",
        };

        mp_client_raise_done(c, message, &not_sent, NULL);
        return;
    }
    t->to_send = t->to_hear = message->first;
    t->next = c->reset_owed ? MP_NEXT_RSET : MP_NEXT_MAIL;
    t->due = c->reset_owed ? MP_DUE_RSET : MP_DUE_MAIL;
    t->chunking = (offered & MAILPROTO_SMTP_EXT_CHUNKING) != 0;
    memset(body, 0, sizeof *body);
    body->text = message->body != MAILPROTO_SMTP_BODY_BINARYMIME;
    body->eight_bit = message->body != MAILPROTO_SMTP_BODY_7BIT;
    body->stuff = !t->chunking;
    body->strict = (c->flags & MAILPROTO_SMTP_CLIENT_STRICT_BODY) != 0;
    body->max_line = c->config.max_text_line == MAILPROTO_UNLIMITED ? SIZE_MAX : c->config.max_text_line;
    c->phase = MP_CLIENT_TRANSACTION;
}

/* ---- the end ---- */

/* The first decision is the one that counts. The reply just read is what decided. */
MP_OUTLINE static void decide(struct mailproto_smtp_client *c, uint32_t outcome, int32_t why, uint32_t stage)
{
    struct mp_client_outcome *end = &c->transaction.end;

    if (end->outcome)
        return;
    end->outcome = (uint8_t)outcome;
    end->why = why;
    end->stage = (uint8_t)stage;
    if (c->reply.class)
        mp_client_keep_reply(c);
}

/* Nothing more of the message is sent, save what is owed to keep in step. */
static void stop(struct mailproto_smtp_client *c, int32_t why)
{
    c->transaction.next = MP_NEXT_NOTHING;
    c->body.withheld = 0;
    mp_request_kill(&c->base, MAILPROTO_SMTP_CLIENT_BODY, why);
}

static void refused(struct mailproto_smtp_client *c, uint32_t stage)
{
    decide(c, MAILPROTO_SMTP_REFUSED, MAILPROTO_ERR_REFUSED, stage);
    stop(c, MAILPROTO_ERR_REFUSED);
}

/* All replies are there. */
static void finish(struct mailproto_smtp_client *c)
{
    c->reset_owed |= c->transaction.mail_accepted;
    mp_client_raise_done(c, c->active, &c->transaction.end, &c->final);
    mp_client_enter(c, MP_CLIENT_IDLE);
}

/* The command whose reply is awaited, as DONE tells it. */
static uint8_t stage_of_due(const struct mp_client_transaction *t)
{
    static const uint8_t stages[] = {
        [MP_DUE_RSET] = MAILPROTO_SMTP_STAGE_MAIL,        [MP_DUE_MAIL] = MAILPROTO_SMTP_STAGE_MAIL,
        [MP_DUE_RCPT] = MAILPROTO_SMTP_STAGE_RCPT,        [MP_DUE_DATA] = MAILPROTO_SMTP_STAGE_DATA,
        [MP_DUE_LONE_DOT] = MAILPROTO_SMTP_STAGE_MESSAGE, [MP_DUE_CHUNK] = MAILPROTO_SMTP_STAGE_MESSAGE,
        [MP_DUE_MESSAGE] = MAILPROTO_SMTP_STAGE_MESSAGE,
    };

    return stages[t->due];
}

/* Nothing proves that a message whose whole text was lent to the host did not arrive. */
void mp_client_settle(struct mailproto_smtp_client *c)
{
    struct mp_client_transaction *t = &c->transaction;
    struct mp_client_outcome *end = &t->end;

    if (end->outcome)
        return;
    end->outcome = MAILPROTO_SMTP_NOT_SENT;
    end->why = c->base.error ? c->base.error : MAILPROTO_ERR_LOST;
    end->stage = stage_of_due(t);
    end->text = c->base.error_text;
    if (c->final.code == 421) {
        end->outcome = t->delivered ? MAILPROTO_SMTP_PARTLY : MAILPROTO_SMTP_REFUSED;
        end->why = t->delivered ? MAILPROTO_OK : MAILPROTO_ERR_REFUSED;
        return;
    }
    mp_client_clear_final(c);
    if (t->end_sent && c->base.out_shown >= c->body.end_at)
        end->outcome = MAILPROTO_SMTP_UNKNOWN;
}

/* ---- giving up in the middle ---- */

/* In DATA only the end of the connection ends a message that is not whole; in BDAT RSET does (RFC 3030 2). Where 354 is
   awaited its reply decides which it is. */
void mp_client_abort(struct mailproto_smtp_client *c, int32_t why, const char *text)
{
    struct mp_client_transaction *t = &c->transaction;
    int in_body = t->next == MP_NEXT_BODY;

    if (c->phase != MP_CLIENT_TRANSACTION || !c->active || t->end.outcome || t->end_sent || mp_engine_ended(&c->base))
        return;
    mp_client_clear_final(c);
    t->end.outcome = MAILPROTO_SMTP_NOT_SENT;
    t->end.why = why;
    t->end.stage = in_body ? MAILPROTO_SMTP_STAGE_MESSAGE : stage_of_due(t);
    t->end.text = text;
    stop(c, why);
    if (in_body && t->chunking)
        t->next = MP_NEXT_UNDO;
    else if (in_body)
        mp_engine_end(&c->base, why, text ? text : mailproto_result_text(why));
    mp_engine_kick(&c->base);
}

/* ---- what is sent ---- */

/* The parts of MAIL whose extension the server offers. */
static void send_mail(struct mailproto_smtp_client *c)
{
    static const uint8_t of[MP_MAIL_PARTS] = {0, MAILPROTO_SMTP_EXT_SIZE, 0, MAILPROTO_SMTP_EXT_DSN,
                                              MAILPROTO_SMTP_EXT_AUTH};
    const struct mp_client_command *message = c->active;
    char line[MP_CLIENT_LINE_MAX];
    size_t from = 0, len = 0;

    for (size_t i = 0; i < MP_MAIL_PARTS; i++) {
        size_t n = message->parts[i] - from;

        if (!of[i] || c->peer.peer_offers & of[i]) {
            memcpy(line + len, message->text + from, n);
            len += n;
        }
        from += n;
    }
    mp_client_say(c, "MAIL FROM:<", line, len, MAILPROTO_TRACE_LINE);
}

static void send_rcpt(struct mailproto_smtp_client *c)
{
    struct mp_client_transaction *t = &c->transaction;
    const struct mp_client_recipient *recipient = t->to_send;
    int dsn = (c->peer.peer_offers & MAILPROTO_SMTP_EXT_DSN) != 0;

    t->to_send = recipient->next;
    if (!t->to_send)
        t->next = t->chunking ? MP_NEXT_BODY : MP_NEXT_DATA;
    mp_client_say(c, "RCPT TO:<", recipient->text, dsn ? recipient->text_len : recipient->path_len,
                  MAILPROTO_TRACE_LINE);
}

MP_OUTLINE static void send_next(struct mailproto_smtp_client *c)
{
    struct mp_client_transaction *t = &c->transaction;
    uint8_t next = t->next;

    if (next == MP_NEXT_RCPT) {
        send_rcpt(c);
        return;
    }
    if (next <= MP_NEXT_MAIL) {
        t->next++;
        if (next == MP_NEXT_MAIL) {
            send_mail(c);
            return;
        }
    } else {
        t->next = MP_NEXT_NOTHING; /* until its reply */
        t->reset_sent = next == MP_NEXT_UNDO;
    }
    mp_client_say_word(c, next == MP_NEXT_DATA ? "DATA" : "RSET");
}

/* How many replies BDAT LAST has in LMTP depends on the replies before it (RFC 2033 4.3): chunks go one by one there. */
int mp_client_transaction_move(struct mailproto_smtp_client *c)
{
    uint8_t next = c->transaction.next;

    if (c->outstanding && (next == MP_NEXT_NOTHING || (mp_client_is_lmtp(c) && next == MP_NEXT_BODY) ||
                           !(offers(c) & MAILPROTO_SMTP_EXT_PIPELINING)))
        return 0;
    if (next == MP_NEXT_BODY)
        return mp_client_body_move(c);
    if (next != MP_NEXT_NOTHING && mp_out_full(&c->base, MP_OUT_MARK))
        return 0;
    if (next == MP_NEXT_NOTHING)
        finish(c);
    else
        send_next(c);
    return 1;
}

/* ---- replies to RSET, MAIL, RCPT, DATA ---- */

MP_OUTLINE static void reset_replied(struct mailproto_smtp_client *c)
{
    c->reset_owed = 0;
    if (c->reply.class != 2 && c->reply.code != 421)
        mp_client_broken(c, "the server refused RSET");
}

static void mail_replied(struct mailproto_smtp_client *c)
{
    c->transaction.due = MP_DUE_RCPT;
    if (c->reply.class == 2)
        c->transaction.mail_accepted = 1;
    else
        refused(c, MAILPROTO_SMTP_STAGE_MAIL);
}

static void raise_rcpt(struct mailproto_smtp_client *c, uint32_t phase, struct mp_client_reply *reply)
{
    mailproto_smtp_rcpt_reply *event = &c->event.rcpt_reply;

    event->command = c->active->token;
    event->index = c->transaction.hear_index;
    event->phase = phase;
    event->reply = mp_client_response(c, reply);
    mp_client_raise(c, sizeof *event, MAILPROTO_SMTP_CLIENT_RCPT_REPLY, 0);
}

static void hear_next(struct mp_client_transaction *t)
{
    t->to_hear = t->to_hear->next;
    t->hear_index++;
}

/* A refusal may be the last word of all recipients. A 421 is of the session, too. After MAIL was refused, replies of the
   same batch are only counted. */
MP_OUTLINE static void rcpt_replied(struct mailproto_smtp_client *c)
{
    struct mp_client_transaction *t = &c->transaction;
    struct mp_client_reply *reply = &c->reply;
    int last_word = reply->code == 421;

    if (t->mail_accepted) {
        if (reply->class == 2) {
            t->accepted++;
            t->to_hear->accepted = 1;
        } else if (last_word || !t->end.outcome) {
            mp_client_keep_reply(c);
            reply = &c->final;
        }
        raise_rcpt(c, 0, reply);
        if (last_word)
            refused(c, MAILPROTO_SMTP_STAGE_RCPT);
    }
    hear_next(t);
    if (t->to_hear)
        return;
    t->due = t->chunking ? MP_DUE_CHUNK : MP_DUE_DATA;
    if (!t->accepted)
        refused(c, MAILPROTO_SMTP_STAGE_RCPT);
}

/* 354 for a message that is not to be: without recipients a lone dot ends it (RFC 2920 3.1); with recipients the dot
   would deliver it empty. */
MP_OUTLINE static void unwanted_data(struct mailproto_smtp_client *c)
{
    struct mp_client_transaction *t = &c->transaction;

    if (t->accepted) {
        mp_engine_end(&c->base, t->end.why, "the message was withdrawn when the server waited for it");
    } else if (mp_client_is_lmtp(c)) {
        mp_client_broken(c, "the server wants a message for no recipient");
    } else {
        t->due = MP_DUE_LONE_DOT;
        mp_client_say_word(c, ".");
    }
}

static void data_replied(struct mailproto_smtp_client *c)
{
    struct mp_client_transaction *t = &c->transaction;

    if (c->reply.class == 2) {
        mp_client_broken(c, "DATA was answered with 2yz");
    } else if (c->reply.class != 3) {
        refused(c, MAILPROTO_SMTP_STAGE_DATA);
    } else if (t->end.outcome) {
        unwanted_data(c);
    } else {
        t->due = MP_DUE_MESSAGE;
        t->next = MP_NEXT_BODY;
    }
}

/* ---- replies to the message ---- */

/* The reply to a message ends its transaction. That to a last chunk which came to nothing, for want of recipients or after
   a refused one, does not. */
static void message_replied(struct mailproto_smtp_client *c)
{
    if (!c->transaction.end.outcome)
        c->transaction.mail_accepted = 0;
    if (c->reply.class == 2)
        decide(c, MAILPROTO_SMTP_ACCEPTED, MAILPROTO_OK, MAILPROTO_SMTP_STAGE_MESSAGE);
    else
        refused(c, MAILPROTO_SMTP_STAGE_MESSAGE);
}

static void find_accepted(struct mp_client_transaction *t)
{
    while (t->to_hear && !t->to_hear->accepted)
        hear_next(t);
}

/* One reply for each accepted recipient (RFC 2033 4.2). */
MP_OUTLINE static void lmtp_replied(struct mailproto_smtp_client *c)
{
    struct mp_client_transaction *t = &c->transaction;

    if (t->due != MP_DUE_MESSAGE || !t->to_hear) {
        t->due = MP_DUE_MESSAGE;
        t->to_hear = c->active->first;
        t->hear_index = 0;
        find_accepted(t);
    }
    if (c->reply.class == 2)
        t->delivered = 1;
    else
        t->bounced = 1;
    mp_client_keep_reply(c);
    raise_rcpt(c, 1, &c->final);
    hear_next(t);
    find_accepted(t);
    if (t->to_hear) {
        c->outstanding++;
        return;
    }
    t->mail_accepted = 0;
    if (!t->delivered)
        refused(c, MAILPROTO_SMTP_STAGE_MESSAGE);
    else
        decide(c, t->bounced ? MAILPROTO_SMTP_PARTLY : MAILPROTO_SMTP_ACCEPTED, MAILPROTO_OK,
               MAILPROTO_SMTP_STAGE_MESSAGE);
}

/* Chunks before the last one that is waited for are a command's, and it is the message's. */
static void end_replied(struct mailproto_smtp_client *c)
{
    struct mp_client_transaction *t = &c->transaction;

    if (t->due == MP_DUE_CHUNK && (!t->end_sent || c->outstanding)) {
        if (c->reply.class != 2)
            refused(c, MAILPROTO_SMTP_STAGE_DATA);
    } else if (mp_client_is_lmtp(c) && !t->end.outcome) {
        lmtp_replied(c);
    } else {
        message_replied(c);
    }
}

void mp_client_interrupted(struct mailproto_smtp_client *c)
{
    if (c->reply.class < 4 || c->transaction.chunking) {
        mp_client_broken(c, "a reply that no command asked for");
        return;
    }
    refused(c, MAILPROTO_SMTP_STAGE_MESSAGE);
    mp_engine_end(&c->base, MAILPROTO_ERR_REFUSED, "the server refused the message before its end");
}

/* ---- the match ---- */

void mp_client_transaction_reply(struct mailproto_smtp_client *c)
{
    struct mp_client_transaction *t = &c->transaction;
    uint8_t due = t->due;

    if (t->reset_sent && !c->outstanding) {
        t->mail_accepted = 0;
        due = MP_DUE_RSET;
    }
    if (c->reply.class == 3 && due != MP_DUE_DATA && due != MP_DUE_LONE_DOT) {
        mp_client_broken(c, "the server answered with 3yz");
        return;
    }
    switch (due) {
    case MP_DUE_RSET:
        t->due = MP_DUE_MAIL;
        reset_replied(c);
        break;
    case MP_DUE_MAIL:
        mail_replied(c);
        break;
    case MP_DUE_RCPT:
        rcpt_replied(c);
        break;
    case MP_DUE_DATA:
        data_replied(c);
        break;
    case MP_DUE_LONE_DOT:
        t->mail_accepted = 0; /* its reply says nothing about the message */
        break;
    default:
        end_replied(c);
        break;
    }
}

uint32_t mp_client_reply_limit(const struct mailproto_smtp_client *c)
{
    uint8_t due = c->transaction.due;

    if (due == MP_DUE_DATA)
        return c->config.data_ms;
    return due > MP_DUE_DATA ? c->config.message_ms : c->config.command_ms;
}
