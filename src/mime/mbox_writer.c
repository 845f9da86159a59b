/* mbox_writer.c - writes messages into a mailbox that is one file.
 * RFC 4155; include/mailproto/mime_mbox.h, QUOTING. */
#include <string.h>

#include "core/ascii.h"
#include "core/memory.h"
#include "mailproto/mime_header.h"
#include "mailproto/mime_mbox.h"
#include "mime/codec.h"
#include "mime/date.h"

/* writer.state */
enum { WRITING = 0, ENDING = 1, SPENT = 2 };

static const char from[] = "From ";

enum { FROM_N = 5, SENDER_MAX = 900 };

int32_t mailproto_mbox_writer_init(mailproto_mbox_writer *w, size_t size)
{
    return mp_struct_init(w, size);
}

/* ---- the From line ---- */

static int is_sender(const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if ((uint8_t)p[i] <= ' ' || p[i] == 127)
            return 0;
    return n <= SENDER_MAX;
}

int32_t mailproto_mbox_from_write(const char *sender, size_t n, int64_t seconds, char *out, size_t cap, size_t *made)
{
    static const char nobody[] = "MAILER-DAEMON";
    char date[MP_ASCTIME + 1];

    if ((!sender && n) || (!out && cap) || !made || !is_sender(sender, n) || !mp_asctime(seconds, date))
        return MAILPROTO_ERR_ARG;
    if (!n) {
        sender = nobody;
        n = sizeof nobody - 1;
    }
    *made = FROM_N + n + 1 + MP_ASCTIME + 1;
    if (cap < *made)
        return MAILPROTO_ERR_LIMIT;
    memcpy(out, from, FROM_N);
    memcpy(out + FROM_N, sender, n);
    out[FROM_N + n] = ' ';
    memcpy(out + FROM_N + n + 1, date, MP_ASCTIME);
    out[*made - 1] = '\n';
    return MAILPROTO_OK;
}

/* ---- the message ---- */

static void put(mp_codec_io *io, const char *text, size_t n)
{
    memcpy(io->out, text, n);
    io->out += n;
}

/* The begin of a line: ">" go out as they come, and "From " is held until it is known to be that. */
static void take_head(mailproto_mbox_writer *w, mp_codec_io *io, uint8_t octet)
{
    if (octet == (uint8_t)from[w->matched]) {
        io->in++;
        if (++w->matched < FROM_N)
            return;
        put(io, ">From ", FROM_N + 1);
        w->matched = 0;
        w->inside = 1;
    } else if (!w->matched && octet == '>') {
        io->in++;
        put(io, ">", 1);
    } else {
        put(io, from, w->matched);
        w->matched = 0;
        w->inside = 1;
    }
}

/* What is inside of a line, to its end, or as far as there is room. A CR waits for what is behind it. */
static void take_rest(mailproto_mbox_writer *w, mp_codec_io *io)
{
    const size_t in = mp_codec_in(io), out = mp_codec_out(io) - 2;
    size_t n = in < out ? in : out;
    const uint8_t *lf = memchr(io->in, '\n', n);

    if (w->cr && *io->in != '\n')
        put(io, "\r", 1);
    if (lf) {
        const uint8_t *end = lf;

        w->crlf = end > io->in ? end[-1] == '\r' : w->cr != 0;
        if (w->crlf && end > io->in)
            end--;
        put(io, (const char *)io->in, (size_t)(end - io->in));
        if (w->crlf && w->flags & MAILPROTO_MBOX_KEEP_CRLF)
            put(io, "\r", 1);
        put(io, "\n", 1);
        io->in = lf + 1;
        w->cr = w->inside = 0;
        return;
    }
    w->cr = io->in[n - 1] == '\r';
    put(io, (const char *)io->in, n - w->cr);
    io->in += n;
}

int32_t mailproto_mbox_write(mailproto_mbox_writer *w, const void *in, size_t n, size_t *took, void *out, size_t cap,
                             size_t *made)
{
    mp_codec_io io;

    if (!w || w->struct_size < sizeof *w || mp_codec_open(&io, in, n, took, out, cap, made))
        return MAILPROTO_ERR_ARG;
    if (w->state)
        return MAILPROTO_ERR_STATE;
    while (io.in < io.in_end && mp_codec_out(&io) >= MAILPROTO_CODEC_ROOM / 2) {
        if (w->inside)
            take_rest(w, &io);
        else
            take_head(w, &io, *io.in);
    }
    *took = n - mp_codec_in(&io);
    *made = mp_codec_made(&io, out);
    return MAILPROTO_OK;
}

int32_t mailproto_mbox_write_end(mailproto_mbox_writer *w, void *out, size_t cap, size_t *made)
{
    const char *line_end;
    mp_codec_io io;
    size_t none = 0;

    if (!w || w->struct_size < sizeof *w || mp_codec_open(&io, NULL, 0, &none, out, cap, made))
        return MAILPROTO_ERR_ARG;
    *made = 0;
    if (w->state == SPENT)
        return MAILPROTO_OK;
    w->state = ENDING;
    if (cap < MAILPROTO_CODEC_ROOM)
        return MAILPROTO_CODEC_MORE;
    line_end = w->crlf && w->flags & MAILPROTO_MBOX_KEEP_CRLF ? "\r\n" : "\n";
    put(&io, from, w->matched);
    if (w->cr)
        put(&io, "\r", 1);
    if (w->inside || w->matched || w->cr)
        put(&io, line_end, strlen(line_end));
    put(&io, line_end, strlen(line_end));
    w->state = SPENT;
    *made = mp_codec_made(&io, out);
    return MAILPROTO_OK;
}
