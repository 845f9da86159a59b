/* server_quit.c - QUIT: the UPDATE state, where messages are deleted for good, and the end of the maildrop.
 * RFC 1939 section 6. */
#include "pop3/server.h"

void mp_pop3_quit(struct mailproto_pop3_server *s, const struct mp_pop3_arguments *arguments)
{
    (void)arguments;
    if (s->state == MP_POP3_TRANSACTION) {
        s->state = MP_POP3_UPDATE;
        s->work = MP_POP3_COMMITS;
        s->commit_next = mp_pop3_next_marked(s, 1);
    } else {
        s->work = MP_POP3_SAYS_BYE;
    }
}

static void ask_commit(struct mailproto_pop3_server *s)
{
    uint32_t first = s->commit_next, behind = mp_pop3_next_unmarked(s, first);
    uint32_t last = behind ? behind - 1 : s->count;

    s->commit_next = last < s->count ? mp_pop3_next_marked(s, last + 1) : 0;
    s->payload.commit = (mailproto_pop3_commit){
        .first = first,
        .last = last,
        .deleted = s->deleted,
        .more = s->commit_next != 0,
    };
    (void)mp_pop3_ask(s, &s->payload.commit, sizeof s->payload.commit, MAILPROTO_POP3_SERVER_COMMIT);
}

int mp_pop3_commit_step(struct mailproto_pop3_server *s)
{
    if (s->commit_next) {
        ask_commit(s);
        return 1;
    }
    s->work = MP_POP3_SAYS_BYE;
    mp_pop3_raise_maildrop_end(s, 1, MAILPROTO_OK);
    return 1;
}

/* r->index holds the failures: a range that the host failed, or left to the default, counts whole. */
void mp_pop3_committed(struct mailproto_pop3_server *s, const struct mp_request *r)
{
    uint32_t failed = r->index;

    mp_peer_clock_reset(&s->base);
    if (r->code != MAILPROTO_POP3_OK)
        failed = s->payload.commit.last - s->payload.commit.first + 1;
    s->failed = failed < s->deleted - s->failed ? s->failed + failed : s->deleted;
}

int32_t mailproto_pop3_server_committed(mailproto_pop3_server *server, uint64_t token, uint32_t failed)
{
    struct mp_request *r;

    if (!server)
        return MAILPROTO_ERR_ARG;
    r = mp_request_find(&server->base, token, MAILPROTO_POP3_SERVER_COMMIT);
    if (!r)
        return MAILPROTO_ERR_TOKEN;
    r->index = failed;
    mp_pop3_put_answer(server, r, MAILPROTO_POP3_OK, 0, NULL, 0, 0);
    return MAILPROTO_OK;
}

void mp_pop3_raise_maildrop_end(struct mailproto_pop3_server *s, uint32_t update, int32_t why)
{
    s->opened = s->opening = 0;
    if (s->store)
        s->store_ops->end(s);
    s->payload.maildrop_end = (mailproto_pop3_maildrop_end){.update = update, .failed = s->failed, .why = why};
    mp_raise(&s->base, &s->payload.maildrop_end, sizeof s->payload.maildrop_end, MAILPROTO_POP3_SERVER_MAILDROP_END, 0);
}

/* The reply comes when the maildrop is unlocked, so that the client may come back at once. */
int mp_pop3_bye_step(struct mailproto_pop3_server *s)
{
    if (s->failed || s->bye_err)
        mp_pop3_err(s, MAILPROTO_POP3_RESP_NONE, "some deleted messages not removed");
    else
        mp_pop3_say(s, "+OK bye\r\n");
    mp_engine_end(&s->base, MAILPROTO_OK, "the peer said QUIT");
    return 1;
}
