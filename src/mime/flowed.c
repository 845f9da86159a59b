/* flowed.c - format=flowed, read and written.
 * RFC 3676 sections 4.1 to 4.5. */
#include <string.h>

#include "core/ascii.h"
#include "core/memory.h"
#include "mailproto/mime_report.h"
#include "mime/small.h"

enum { WIDTH = 72, WIDTH_LEAST = 20, ROOM_LEAST = 10 };

int32_t mailproto_mime_flowed_line_init(mailproto_mime_flowed_line *line, size_t size)
{
    return mp_struct_init(line, size);
}

int32_t mailproto_mime_flowed_init(mailproto_mime_flowed_reader *reader, size_t size, const void *octets, size_t n,
                                   uint32_t flags)
{
    if (!reader || size < sizeof *reader || (!octets && n) || flags & ~(uint32_t)MAILPROTO_MIME_FLOWED_DELSP)
        return MAILPROTO_ERR_ARG;
    mp_struct_init(reader, size);
    reader->octets = (mailproto_text){n ? octets : "", n};
    reader->flags = flags;
    return MAILPROTO_OK;
}

/* The line at *at without its end; *at is then behind it. */
static mailproto_text take_line(mailproto_text all, size_t *at)
{
    const char *p = all.ptr + *at, *lf = memchr(p, '\n', all.len - *at);
    mailproto_text line = {p, lf ? (size_t)(lf - p) : all.len - *at};

    *at += line.len + (lf != NULL);
    if (line.len && line.ptr[line.len - 1] == '\r')
        line.len--;
    return line;
}

static uint32_t take_marks(mailproto_text *line)
{
    uint32_t depth = 0;

    for (; line->len && line->ptr[0] == '>'; depth++) {
        line->ptr++;
        line->len--;
    }
    return depth;
}

static void take_space(mailproto_text *line)
{
    if (line->len && line->ptr[0] == ' ') {
        line->ptr++;
        line->len--;
    }
}

static int is_signature(mailproto_text text)
{
    return text.len == 3 && memcmp(text.ptr, "-- ", 3) == 0;
}

int32_t mailproto_mime_flowed_next(mailproto_mime_flowed_reader *reader, mailproto_mime_flowed_line *line)
{
    mailproto_text text, next;
    size_t at;

    if (!reader || reader->struct_size < sizeof *reader || !line || line->struct_size < sizeof *line)
        return MAILPROTO_ERR_ARG;
    if (reader->at >= reader->octets.len)
        return MAILPROTO_MIME_END;
    text = take_line(reader->octets, &reader->at);
    line->depth = take_marks(&text);
    take_space(&text);
    line->soft = text.len && text.ptr[text.len - 1] == ' ' && !is_signature(text);
    if (line->soft) {
        at = reader->at;
        line->soft = at < reader->octets.len;
        next = line->soft ? take_line(reader->octets, &at) : text;
        if (line->soft && take_marks(&next) != line->depth)
            line->soft = 0;
        take_space(&next);
        if (is_signature(next))
            line->soft = 0;
        if (reader->flags & MAILPROTO_MIME_FLOWED_DELSP || !line->soft)
            text.len--;
    }
    line->text = text;
    return MAILPROTO_OK;
}

static void put(mp_small_out *out, const char *p, size_t n)
{
    if (out->made <= out->cap && n <= out->cap - out->made && n)
        memcpy(out->out + out->made, p, n);
    out->made += n;
}

static void put_marks(mp_small_out *out, size_t depth)
{
    for (size_t i = 0; i < depth; i++)
        mp_small_put(out, '>');
}

int32_t mailproto_mime_flowed_decode(const void *in, size_t n, uint32_t flags, char *out, size_t cap, size_t *made)
{
    mailproto_mime_flowed_reader reader;
    mailproto_mime_flowed_line line;
    mp_small_out o = {(uint8_t *)out, cap, 0};
    int begins = 1;

    if ((!out && cap) || !made || mailproto_mime_flowed_init(&reader, sizeof reader, in, n, flags))
        return MAILPROTO_ERR_ARG;
    mailproto_mime_flowed_line_init(&line, sizeof line);
    while (mailproto_mime_flowed_next(&reader, &line) == MAILPROTO_OK) {
        if (begins) {
            put_marks(&o, line.depth);
            if (line.depth && line.text.len)
                mp_small_put(&o, ' ');
        }
        put(&o, line.text.ptr, line.text.len);
        begins = !line.soft;
        if (begins)
            mp_small_put(&o, '\n');
    }
    return mp_small_done(&o, made);
}

/* ---- writing ---- */

/* How much of the text, which is longer than room, goes into a line: behind a blank; with DELSP also next to a character that
   is not ASCII. Where neither is, as far as the next blank; all of it: there is none. */
static size_t break_at(mailproto_text text, size_t room, uint32_t delsp)
{
    size_t at;

    for (at = room - delsp; at; at--) {
        const uint8_t before = (uint8_t)text.ptr[at - 1], behind = (uint8_t)text.ptr[at];

        if (before == ' ' && !(at == 3 && !delsp && is_signature((mailproto_text){text.ptr, 3})))
            return at;
        if (delsp && (behind >= 0xc0 || (before >= 0x80 && behind < 0x80)))
            return at;
    }
    for (at = room - delsp; at < text.len; at++)
        if (text.ptr[at] == ' ' || (delsp && at && (uint8_t)text.ptr[at] >= 0xc0))
            return at + (text.ptr[at] == ' ');
    return text.len;
}

static int needs_stuffing(mailproto_text text)
{
    return text.len && (text.ptr[0] == ' ' || text.ptr[0] == '>' || mp_ascii_begins(text.ptr, text.len, "from "));
}

static void put_paragraph(mp_small_out *out, mailproto_text text, uint32_t depth, uint32_t flags, size_t width)
{
    const uint32_t delsp = flags & MAILPROTO_MIME_FLOWED_DELSP ? 1 : 0;

    do {
        const int stuffed = depth ? text.len != 0 : needs_stuffing(text);
        const size_t before = depth + (stuffed ? 1u : 0u);
        const size_t room = width > before + ROOM_LEAST ? width - before : ROOM_LEAST;
        const size_t n = text.len > room ? break_at(text, room, delsp) : text.len;

        put_marks(out, depth);
        if (stuffed)
            mp_small_put(out, ' ');
        put(out, text.ptr, n);
        text.ptr += n;
        text.len -= n;
        put(out, delsp && text.len ? " \r\n" : "\r\n", delsp && text.len ? 3 : 2);
    } while (text.len);
}

int32_t mailproto_mime_flowed_encode(const void *in, size_t n, uint32_t flags, size_t width, char *out, size_t cap,
                                     size_t *made)
{
    const uint32_t known = MAILPROTO_MIME_FLOWED_DELSP | MAILPROTO_MIME_FLOWED_QUOTED;
    const mailproto_text all = {n ? in : "", n};
    mp_small_out o = {(uint8_t *)out, cap, 0};

    if ((!in && n) || (!out && cap) || !made || flags & ~known || (width && width < WIDTH_LEAST))
        return MAILPROTO_ERR_ARG;
    for (size_t at = 0; at < n;) {
        mailproto_text line = take_line(all, &at);
        uint32_t depth = 0;

        if (flags & MAILPROTO_MIME_FLOWED_QUOTED)
            depth = take_marks(&line);
        if (depth)
            take_space(&line);
        while (line.len && (line.ptr[line.len - 1] == ' ' || line.ptr[line.len - 1] == '\r') && !is_signature(line))
            line.len--;
        put_paragraph(&o, line, depth, flags, width ? width : WIDTH);
    }
    return mp_small_done(&o, made);
}
