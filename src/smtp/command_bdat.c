/* command_bdat.c - BDAT: a counted chunk of the message. Its octets are taken whatever the reply will be.
 * RFC 3030 section 2; RFC 2033 section 4.3. */
#include "core/ascii.h"
#include "smtp/server.h"

/* size [SP "LAST"]. 0; -1: malformed. *size is how many octets follow all the same, *known whether that is known. */
static int parse(mailproto_text arg, uint64_t *size, uint8_t *last, int *known)
{
    size_t digits = mp_ascii_read_decimal(arg.ptr, arg.len, size);
    const char *rest = arg.ptr + digits;
    size_t n = arg.len - digits;

    *last = 0;
    *known = digits != 0;
    if (!digits || !n)
        return digits ? 0 : -1;
    while (n && *rest == ' ') {
        rest++;
        n--;
    }
    *last = (uint8_t)mp_ascii_equal(rest, n, "LAST");
    return *last && rest > arg.ptr + digits ? 0 : -1;
}

static uint32_t out_of_place(const struct mailproto_smtp_server *s)
{
    return mp_smtp_offers(s) & MAILPROTO_SMTP_EXT_CHUNKING ? mp_smtp_message_out_of_place(s)
                                                           : (uint32_t)MP_R_NOT_OFFERED;
}

/* A chunk that means nothing: its octets are skipped, then comes the reply. */
static void skip_chunk(struct mailproto_smtp_server *s, uint32_t reply)
{
    struct mp_smtp_work *w = s->work;

    mp_smtp_keep_reply(s, reply);
    w->refused = 1;
    w->ends = 0;
    w->skipped = 0;
}

/* Larger than may be: known before its octets come. */
static int too_big(const struct mailproto_smtp_server *s)
{
    const struct mp_smtp_work *w = s->work;

    return w->chunk_left > s->max_message - (w->message == MP_MESSAGE_ARRIVING ? w->text : 0);
}

/* The transaction comes to nothing before the host was asked for the message. */
static void refuse_first(struct mailproto_smtp_server *s, uint32_t reply, int32_t why)
{
    skip_chunk(s, reply);
    s->work->ends = 1;
    s->work->end_why = why;
}

static void refuse_too_big(struct mailproto_smtp_server *s)
{
    if (s->work->message == MP_MESSAGE_ARRIVING)
        mp_smtp_message_refuse_with(s, MP_R_TOO_BIG, MAILPROTO_ERR_LIMIT);
    else
        refuse_first(s, MP_R_TOO_BIG, MAILPROTO_ERR_LIMIT);
}

static void first_chunk(struct mailproto_smtp_server *s)
{
    struct mp_smtp_work *w = s->work;

    if (mp_smtp_lacks_date(s)) {
        refuse_first(s, MP_R_NO_DATE, MAILPROTO_ERR_HOST);
        return;
    }
    w->event.begin = (mailproto_smtp_message_begin){.chunking = 1, .recipients = w->accepted, .stored = w->stored};
    mp_smtp_ask(s, MAILPROTO_SMTP_SERVER_MESSAGE_BEGIN, sizeof w->event.begin, 0);
}

int mp_smtp_bdat(struct mailproto_smtp_server *s, const struct mp_line *line, mailproto_text arg)
{
    struct mp_smtp_work *w = s->work;
    int known, malformed = parse(arg, &w->chunk_left, &w->last, &known);
    uint32_t refusal = malformed ? (uint32_t)MP_R_SYNTAX : out_of_place(s);

    (void)line;
    if (!known && arg.len && mp_ascii_is_digit((uint8_t)arg.ptr[0])) {
        /* More octets than can be counted are no way to stay in step. */
        mp_smtp_put_last(s, MP_R_TOO_BIG, MAILPROTO_ERR_LIMIT, "a chunk is larger than can be counted");
        return 1;
    }
    if (!known) {
        mp_smtp_put(s, MP_R_SYNTAX);
        return 1;
    }
    s->phase = MP_SMTP_CHUNK;
    if (refusal && w->message == MP_MESSAGE_ARRIVING)
        mp_smtp_message_refuse_with(s, refusal, MAILPROTO_ERR_PROTOCOL); /* what was begun has its end */
    else if (refusal && !w->refused)
        skip_chunk(s, refusal);
    else if (!w->refused && too_big(s))
        refuse_too_big(s);
    else if (w->message == MP_MESSAGE_NONE)
        first_chunk(s);
    return 1;
}
