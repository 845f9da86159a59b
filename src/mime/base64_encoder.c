/* base64_encoder.c - base64 as a stream and in one piece: lines, the last group, sizes.
 * RFC 2045 section 6.8; RFC 4648 section 4. */
#include <string.h>

#include "core/memory.h"
#include "mime/base64_runs.h"

enum { BEGUN = 1, GROUP_DONE = 2, SPENT = 4 };

/* The characters of a line. */
static size_t line_of(uint32_t line_length)
{
    if (line_length == MAILPROTO_UNLIMITED)
        return MP_BASE64_NO_LINE;
    if (!line_length)
        line_length = MP_CODEC_LINE;
    return line_length < 4 ? 4 : line_length & ~(uint32_t)3;
}

int32_t mailproto_base64_encoder_init(mailproto_base64_encoder *e, size_t size)
{
    return mp_struct_init(e, size);
}

static void begin(mailproto_base64_encoder *e, mp_base64_writer *w)
{
    w->line = line_of(e->line_length);
    if (!(e->state & BEGUN) || w->line == MP_BASE64_NO_LINE)
        e->room = w->line;
    e->state |= BEGUN;
    w->room = (size_t)e->room;
}

/* Gives the group that is held as `n` characters: a break before it if it is due, no more than room allows. 0: no room. */
static int put_group(mailproto_base64_encoder *e, mp_base64_writer *w)
{
    static const uint8_t zero[4] = {0};
    mp_base64_writer group = {{e->octet, e->octet + 3, w->io.out, w->io.out_end}, w->room, w->line};

    memcpy(e->octet + e->held, zero, 3 - e->held);
    mp_base64_write_scalar(&group);
    if (group.io.in != group.io.in_end)
        return 0;
    for (size_t pad = e->held; pad < 3; pad++)
        group.io.out[(int)pad - 3] = '=';
    e->held = 0;
    w->io.out = group.io.out;
    w->room = group.room;
    return 1;
}

/* Completes a group that an earlier piece began. 0: it could not be given. */
static int join(mailproto_base64_encoder *e, mp_base64_writer *w)
{
    if (!e->held)
        return 1;
    while (e->held < 3 && w->io.in < w->io.in_end)
        e->octet[e->held++] = *w->io.in++;
    return e->held == 3 && put_group(e, w);
}

int32_t mailproto_base64_encode(mailproto_base64_encoder *e, const void *in, size_t n, size_t *took, void *out,
                                size_t cap, size_t *made)
{
    mp_base64_writer w;

    if (!e || e->struct_size < sizeof *e || mp_codec_open(&w.io, in, n, took, out, cap, made))
        return MAILPROTO_ERR_ARG;
    if (e->state & (GROUP_DONE | SPENT))
        return MAILPROTO_ERR_STATE;
    begin(e, &w);
    if (join(e, &w)) {
        mp_base64_write(&w);
        if (mp_codec_in(&w.io) < 3)
            while (w.io.in < w.io.in_end)
                e->octet[e->held++] = *w.io.in++;
    }
    e->room = w.room;
    *took = n - mp_codec_in(&w.io);
    *made = cap - mp_codec_out(&w.io);
    return MAILPROTO_OK;
}

int32_t mailproto_base64_encode_end(mailproto_base64_encoder *e, void *out, size_t cap, size_t *made)
{
    mp_base64_writer w;
    size_t none = 0;

    if (!e || e->struct_size < sizeof *e || mp_codec_open(&w.io, NULL, 0, &none, out, cap, made))
        return MAILPROTO_ERR_ARG;
    *made = 0;
    if (e->state & SPENT)
        return MAILPROTO_OK;
    begin(e, &w);
    if (e->held && !put_group(e, &w))
        return MAILPROTO_CODEC_MORE;
    e->state |= GROUP_DONE;
    e->room = w.room;
    *made = cap - mp_codec_out(&w.io);
    if (w.line != MP_BASE64_NO_LINE && w.room < w.line && !(e->flags & MAILPROTO_BASE64_OPEN_END)) {
        if (mp_codec_out(&w.io) < 2)
            return MAILPROTO_CODEC_MORE;
        memcpy(w.io.out, "\r\n", 2);
        *made += 2;
    }
    e->state |= SPENT;
    return MAILPROTO_OK;
}

size_t mailproto_base64_encoded_size(size_t n, uint32_t line_length, uint32_t flags)
{
    size_t groups = n / 3 + (n % 3 != 0), line = line_of(line_length), breaks, characters;

    if (!n)
        return 0;
    if (groups > SIZE_MAX / 4)
        return SIZE_MAX;
    characters = groups * 4;
    breaks = (characters - 1) / line;
    if (line != MP_BASE64_NO_LINE && !(flags & MAILPROTO_BASE64_OPEN_END))
        breaks++;
    return breaks > (SIZE_MAX - characters) / 2 ? SIZE_MAX : characters + 2 * breaks;
}

int32_t mailproto_base64_encode_all(const void *in, size_t n, uint32_t line_length, uint32_t flags, void *out,
                                    size_t cap, size_t *made)
{
    mailproto_base64_encoder e;
    size_t size = mailproto_base64_encoded_size(n, line_length, flags), took, last;

    if ((!in && n) || (!out && cap) || !made)
        return MAILPROTO_ERR_ARG;
    *made = size;
    if (size > cap)
        return MAILPROTO_ERR_LIMIT;
    mailproto_base64_encoder_init(&e, sizeof e);
    e.flags = flags;
    e.line_length = line_length;
    mailproto_base64_encode(&e, in, n, &took, out, cap, made);
    if (!out)
        return MAILPROTO_OK;
    mailproto_base64_encode_end(&e, (uint8_t *)out + *made, cap - *made, &last);
    *made += last;
    return MAILPROTO_OK;
}
