/* quoted_printable_encoder.c - quoted-printable as a stream and in one piece: what waits between pieces, the end, sizes.
 * RFC 2045 section 6.7. */
#include <string.h>

#include "core/memory.h"
#include "mime/quoted_printable_runs.h"

enum { DATA_DONE = 1, SPENT = 2 };

/* What may wait: "From", or a blank and a CR. Joined with what follows, its first octet is always decided. */
enum { HELD_MAX = 4, JOINED = 12, LINE_LEAST = 4 };

int32_t mailproto_qp_encoder_init(mailproto_qp_encoder *e, size_t size)
{
    return mp_struct_init(e, size);
}

static int usable(const mailproto_qp_encoder *e)
{
    return e && e->struct_size >= sizeof *e;
}

static void begin(const mailproto_qp_encoder *e, mp_qp_writer *w, int last)
{
    w->line = e->line_length ? e->line_length : MP_CODEC_LINE;
    if (w->line < LINE_LEAST)
        w->line = LINE_LEAST;
    w->column = (size_t)e->column;
    if (e->line_length == MAILPROTO_UNLIMITED) {
        w->line = SIZE_MAX;
        w->column = e->column != 0; /* all that counts: whether it is the first */
    }
    w->flags = e->flags;
    w->last = last;
    w->starved = 0;
}

/* Encodes what is held together with what follows it. 0: something is held still. */
static int join(mailproto_qp_encoder *e, mp_qp_writer *w)
{
    while (e->held) {
        uint8_t joined[JOINED];
        size_t more = mp_codec_in(&w->io) < JOINED - HELD_MAX ? mp_codec_in(&w->io) : JOINED - HELD_MAX, done;
        mp_qp_writer x = *w;

        memcpy(joined, e->octet, e->held);
        if (more)
            memcpy(joined + e->held, w->io.in, more);
        x.io.in = joined;
        x.io.in_end = joined + e->held + more;
        x.last = w->last && more == mp_codec_in(&w->io);
        x.starved = 0;
        mp_qp_write_one(&x);
        done = (size_t)(x.io.in - joined);
        w->io.out = x.io.out;
        w->column = x.column;
        if (!done) {
            if (!x.starved) /* no room */
                return 0;
            memcpy(e->octet + e->held, joined + e->held, more); /* all there is: it waits as well */
            e->held += (uint32_t)more;
            w->io.in += more;
            return 0;
        }
        if (done >= e->held) {
            w->io.in += done - e->held;
            e->held = 0;
        } else {
            e->held -= (uint32_t)done;
            memmove(e->octet, e->octet + done, e->held);
        }
    }
    return 1;
}

int32_t mailproto_qp_encode(mailproto_qp_encoder *e, const void *in, size_t n, size_t *took, void *out, size_t cap,
                            size_t *made)
{
    mp_qp_writer w;

    if (!usable(e) || mp_codec_open(&w.io, in, n, took, out, cap, made))
        return MAILPROTO_ERR_ARG;
    if (e->state)
        return MAILPROTO_ERR_STATE;
    begin(e, &w, 0);
    if (join(e, &w)) {
        mp_qp_write(&w);
        if (w.starved)
            while (w.io.in < w.io.in_end)
                e->octet[e->held++] = *w.io.in++;
    }
    e->column = w.column;
    *took = n - mp_codec_in(&w.io);
    *made = cap - mp_codec_out(&w.io);
    return MAILPROTO_OK;
}

int32_t mailproto_qp_encode_end(mailproto_qp_encoder *e, void *out, size_t cap, size_t *made)
{
    mp_qp_writer w;
    size_t none = 0;
    int done;

    if (!usable(e) || mp_codec_open(&w.io, NULL, 0, &none, out, cap, made))
        return MAILPROTO_ERR_ARG;
    *made = 0;
    if (e->state & SPENT)
        return MAILPROTO_OK;
    e->state |= DATA_DONE;
    begin(e, &w, 1);
    done = join(e, &w);
    e->column = w.column;
    *made = cap - mp_codec_out(&w.io);
    if (!done)
        return MAILPROTO_CODEC_MORE;
    if (w.column && e->flags & MAILPROTO_QP_SOFT_END) {
        if (mp_codec_out(&w.io) < 3)
            return MAILPROTO_CODEC_MORE;
        memcpy(w.io.out, "=\r\n", 3);
        *made += 3;
    }
    e->state |= SPENT;
    return MAILPROTO_OK;
}

size_t mailproto_qp_encoded_max(size_t n, uint32_t line_length)
{
    size_t line = line_length ? line_length : MP_CODEC_LINE, tokens, breaks;

    if (line < LINE_LEAST)
        line = LINE_LEAST;
    if (n > (SIZE_MAX - 3) / 3)
        return SIZE_MAX;
    if (line_length == MAILPROTO_UNLIMITED)
        return 3 * n + 3;
    /* the lines are shortest when all octets are escaped; a soft break may stand at the end */
    tokens = (line - 1) / 3;
    breaks = n / tokens + 1;
    return breaks > (SIZE_MAX - 3 * n) / 3 ? SIZE_MAX : 3 * n + 3 * breaks;
}

/* Encodes all; what is beyond cap is counted only. */
static size_t encode(const uint8_t *in, size_t n, uint32_t line_length, uint32_t flags, uint8_t *out, size_t cap)
{
    mailproto_qp_encoder e;
    uint8_t beyond[512];
    size_t total, took, more;
    int32_t ended;

    mailproto_qp_encoder_init(&e, sizeof e);
    e.flags = flags;
    e.line_length = line_length;
    mailproto_qp_encode(&e, in, n, &took, out, cap, &total);
    do {
        size_t fits;

        n -= took;
        in = in ? in + took : NULL;
        ended = MAILPROTO_CODEC_MORE;
        if (n)
            mailproto_qp_encode(&e, in, n, &took, beyond, sizeof beyond, &more);
        else {
            took = 0;
            ended = mailproto_qp_encode_end(&e, beyond, sizeof beyond, &more);
        }
        fits = total < cap ? (more < cap - total ? more : cap - total) : 0;
        if (fits)
            memcpy(out + total, beyond, fits);
        total = more > SIZE_MAX - total ? SIZE_MAX : total + more;
    } while (ended);
    return total;
}

size_t mailproto_qp_encoded_size(const void *in, size_t n, uint32_t line_length, uint32_t flags)
{
    return !in && n ? SIZE_MAX : encode(in, n, line_length, flags, NULL, 0);
}

int32_t mailproto_qp_encode_all(const void *in, size_t n, uint32_t line_length, uint32_t flags, void *out, size_t cap,
                                size_t *made)
{
    if ((!in && n) || (!out && cap) || !made)
        return MAILPROTO_ERR_ARG;
    *made = encode(in, n, line_length, flags, out, cap);
    return *made > cap ? MAILPROTO_ERR_LIMIT : MAILPROTO_OK;
}
