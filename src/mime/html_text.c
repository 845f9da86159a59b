/* html_text.c - reads HTML octet by octet and makes text of it: tags, comments, what is no text, references.
 * HTML 4.01 sections 3.2 and 5.3; where tags are broken, as browsers agreed on reading them. */
#include "mime/html_text.h"

#include <string.h>

#include "core/ascii.h"
#include "core/memory.h"
#include "core/utf8.h"
#include "mime/codec.h"
#include "mime/view.h"

enum {
    TEXT,
    OPEN,        /* behind "<" */
    CLOSE,       /* behind "</" */
    NAME,        /* in the name of a tag */
    BEFORE_NAME, /* of an attribute */
    ATTRIBUTE,
    BEHIND_NAME,
    BEFORE_VALUE,
    VALUE_DOUBLE,
    VALUE_SINGLE,
    VALUE_BARE,
    MARKUP,      /* behind "<!" */
    MARKUP_DASH, /* behind "<!-" */
    COMMENT,
    BOGUS, /* to the next ">" */
    RAW,   /* what is no text: to "</name" of it */
    RAW_OPEN,
    RAW_CLOSE,
    RAW_NAME,
    REFERENCE,
    OVER
};

enum { HREF_NO = 0x100, HREF_COLLECT = 0x200, NO_BREAK_LEAD = 0xc2, NO_BREAK = 0xa0 };

int32_t mailproto_html_text_init(mailproto_html_text *h, size_t size)
{
    return size < sizeof *h ? MAILPROTO_ERR_ARG : mp_struct_init(h, size);
}

static int is_white(uint32_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* ---- text ---- */

static void put_all(mailproto_html_text *h, const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        mp_html_put(h, p[i]);
}

static void put_character(mailproto_html_text *h, uint32_t character)
{
    uint8_t octets[4];

    if (character == NO_BREAK || (character < 0x80 && is_white(character)))
        mp_html_white(h, ' ');
    else if (character >= ' ' && (character < 0x7f || character >= NO_BREAK))
        put_all(h, octets, mp_utf8_write(octets, character));
}

static void begin_tag(mailproto_html_text *h, uint32_t state)
{
    memset(h->name, 0, sizeof h->name);
    h->name_n = 0;
    h->state = state;
}

/* The first octet of a no-break space, which is white, waits for the second. */
static void text(mailproto_html_text *h, uint8_t c)
{
    if (h->half) {
        h->half = 0;
        if (c == NO_BREAK) {
            mp_html_white(h, ' ');
            return;
        }
        mp_html_put(h, NO_BREAK_LEAD);
    }
    if (c == '<')
        h->state = OPEN;
    else if (c == '&') {
        h->state = REFERENCE;
        h->reference_n = 0;
    } else if (c == NO_BREAK_LEAD)
        h->half = 1;
    else if (is_white(c))
        mp_html_white(h, c);
    else if (c > ' ' && c != 0x7f)
        mp_html_put(h, c);
}

static void put_reference(mailproto_html_text *h)
{
    mp_html_put(h, '&');
    put_all(h, h->reference, h->reference_n);
}

/* 1: c belongs to the reference. */
static int reference(mailproto_html_text *h, uint8_t c)
{
    uint32_t character;

    if ((mp_ascii_is_alnum(c) || (c == '#' && !h->reference_n)) && h->reference_n < sizeof h->reference) {
        h->reference[h->reference_n++] = c;
        return 1;
    }
    h->state = TEXT;
    character = mp_ascii_is_alnum(c) ? 0 : mp_html_reference(h->reference, h->reference_n, c == ';');
    if (!character) {
        put_reference(h);
        return 0;
    }
    put_character(h, character);
    return c == ';';
}

/* ---- tags ---- */

/* Behind "<"; 0: c is to be read again. */
static int open_angle(mailproto_html_text *h, uint8_t c)
{
    if (c == '/')
        h->state = CLOSE;
    else if (c == '!')
        h->state = MARKUP;
    else if (c == '?')
        h->state = BOGUS;
    else if (mp_ascii_is_alpha(c)) {
        h->closing = 0;
        begin_tag(h, NAME);
        return 0;
    } else {
        h->state = TEXT;
        mp_html_put(h, '<');
        return 0;
    }
    return 1;
}

static int close_angle(mailproto_html_text *h, uint8_t c)
{
    if (mp_ascii_is_alpha(c)) {
        h->closing = 1;
        begin_tag(h, NAME);
        return 0;
    }
    h->state = c == '>' ? TEXT : BOGUS;
    return 1;
}

static void end_tag(mailproto_html_text *h)
{
    mp_html_tag(h);
    h->state = h->raw ? RAW : TEXT;
}

static int begins_link(const mailproto_html_text *h)
{
    return !h->closing && h->name_n == 1 && h->name[0] == 'a';
}

static void name(mailproto_html_text *h, uint8_t c)
{
    if (c != '>' && c != '/' && !is_white(c)) {
        if (h->name_n < sizeof h->name)
            h->name[h->name_n] = (uint8_t)mp_ascii_lower(c);
        h->name_n += h->name_n <= sizeof h->name;
        return;
    }
    if (begins_link(h)) {
        /* one that is still open has its URL until here */
        mp_html_link_end(h);
        h->href_n = 0;
    }
    if (c == '>')
        end_tag(h);
    else
        h->state = BEFORE_NAME;
}

/* Whether the tag has a link to be kept: attribute counts how much of "href" was read. */
static void attribute(mailproto_html_text *h, uint8_t c)
{
    if (c == '=') {
        h->state = BEFORE_VALUE;
        h->attribute = h->attribute == 4 && begins_link(h) && !h->href_n ? HREF_COLLECT : HREF_NO;
    } else if (is_white(c) || c == '/')
        h->state = BEHIND_NAME;
    else
        h->attribute = h->attribute < 4 && mp_ascii_lower(c) == "href"[h->attribute] ? h->attribute + 1 : HREF_NO;
}

static void collect(mailproto_html_text *h, uint8_t c)
{
    if (h->attribute != HREF_COLLECT)
        return;
    if (h->href_n < sizeof h->href)
        h->href[h->href_n] = c;
    h->href_n += h->href_n <= sizeof h->href;
}

/* 0: c is to be read again. */
static int in_tag(mailproto_html_text *h, uint8_t c)
{
    if (h->state == VALUE_DOUBLE || h->state == VALUE_SINGLE) {
        if (c == (h->state == VALUE_DOUBLE ? '"' : '\''))
            h->state = BEFORE_NAME;
        else
            collect(h, c);
    } else if (c == '>')
        end_tag(h);
    else if (h->state == ATTRIBUTE)
        attribute(h, c);
    else if (h->state == VALUE_BARE) {
        if (is_white(c))
            h->state = BEFORE_NAME;
        else
            collect(h, c);
    } else if (is_white(c))
        return 1;
    else if (h->state == BEFORE_VALUE) {
        h->state = c == '"' ? VALUE_DOUBLE : c == '\'' ? VALUE_SINGLE : VALUE_BARE;
        return h->state != VALUE_BARE;
    } else if (h->state == BEHIND_NAME && c == '=') {
        attribute(h, c);
    } else if (c != '/') {
        h->attribute = 0;
        h->state = ATTRIBUTE;
        /* an "=" here is part of the name */
        attribute(h, c == '=' ? '?' : c);
    }
    return 1;
}

/* ---- what is no text ---- */

/* closing counts the dashes in a comment: "<!-->" is a whole one. */
static int markup(mailproto_html_text *h, uint8_t c)
{
    if (h->state == MARKUP && c == '-')
        h->state = MARKUP_DASH;
    else if (h->state == MARKUP_DASH && c == '-') {
        h->state = COMMENT;
        h->closing = 2;
    } else {
        h->state = BOGUS;
        return 0;
    }
    return 1;
}

static void comment(mailproto_html_text *h, uint8_t c)
{
    if (c == '-')
        h->closing += h->closing < 2;
    else if (c == '>' && h->closing == 2)
        h->state = TEXT;
    else if (c != '!' || h->closing < 2)
        h->closing = 0;
}

/* name is that of the element; raw - 1 is how much of it was read behind "</". */
static int raw(mailproto_html_text *h, uint8_t c)
{
    if (h->state == RAW)
        h->state = c == '<' ? RAW_OPEN : RAW;
    else if (h->state == RAW_OPEN && c == '/') {
        h->state = RAW_NAME;
        h->raw = 1;
    } else if (h->state == RAW_NAME && h->raw <= h->name_n && mp_ascii_lower(c) == h->name[h->raw - 1])
        h->raw++;
    else if (h->state == RAW_NAME && h->raw > h->name_n && (c == '>' || c == '/' || is_white(c))) {
        h->closing = 1;
        h->raw = 0;
        h->state = BEFORE_NAME;
        return 0;
    } else {
        h->state = RAW;
        return 0;
    }
    return 1;
}

/* ---- the stream ---- */

/* 0: the octet is to be read again, in another state. */
static int step(mailproto_html_text *h, uint8_t c)
{
    switch (h->state) {
    case TEXT:
        text(h, c);
        return 1;
    case OPEN:
        return open_angle(h, c);
    case CLOSE:
        return close_angle(h, c);
    case NAME:
        name(h, c);
        return 1;
    case MARKUP:
    case MARKUP_DASH:
        return markup(h, c);
    case COMMENT:
        comment(h, c);
        return 1;
    case BOGUS:
        if (c == '>')
            h->state = TEXT;
        return 1;
    case RAW:
    case RAW_OPEN:
    case RAW_NAME:
        return raw(h, c);
    case REFERENCE:
        return reference(h, c);
    default:
        return in_tag(h, c);
    }
}

/* Gives what waits. 0: not all of it fits. */
static int give(mailproto_html_text *h, mp_codec_io *io)
{
    size_t n = h->queue_n - h->queue_at;

    n = n < mp_codec_out(io) ? n : mp_codec_out(io);
    if (n)
        memcpy(io->out, h->queue + h->queue_at, n);
    io->out += n;
    h->queue_at += (uint32_t)n;
    if (h->queue_at != h->queue_n)
        return 0;
    h->queue_at = h->queue_n = 0;
    return 1;
}

static int is_plain(uint8_t c)
{
    return c > ' ' && c != '<' && c != '&' && c != 0x7f && c != NO_BREAK_LEAD;
}

/* Words, and single spaces between them, are copied. */
static void run_text(const mailproto_html_text *h, mp_codec_io *io)
{
    const uint8_t *in = io->in, *const end = io->in_end;
    uint8_t *out = io->out, *const out_end = io->out_end;

    while (in < end && out < out_end) {
        if (!is_plain(*in) && (*in != ' ' || h->pre || end - in < 2 || out_end - out < 2 || !is_plain(in[1])))
            break;
        *out++ = *in++;
    }
    io->in = in;
    io->out = out;
}

/* Where nothing waits and nothing is counted text is copied; what is no text is passed over. */
static void run(mailproto_html_text *h, mp_codec_io *io)
{
    const uint8_t *stop = io->in;

    if (h->state == RAW)
        stop = memchr(io->in, '<', mp_codec_in(io));
    else if (h->state == VALUE_DOUBLE && h->attribute != HREF_COLLECT)
        stop = memchr(io->in, '"', mp_codec_in(io));
    else if (h->state == TEXT && h->begun && !(h->half | h->head | h->breaks | h->space | h->link)) {
        run_text(h, io);
        return;
    }
    io->in = stop ? stop : io->in_end;
}

int32_t mailproto_html_text_feed(mailproto_html_text *h, const void *in, size_t n, size_t *took, void *out, size_t cap,
                                 size_t *made)
{
    mp_codec_io io;

    if (!h || h->struct_size < sizeof *h || mp_codec_open(&io, in, n, took, out, cap, made))
        return MAILPROTO_ERR_ARG;
    if (h->state == OVER)
        return MAILPROTO_ERR_STATE;
    while (give(h, &io) && io.in < io.in_end) {
        run(h, &io);
        if (io.in == io.in_end || io.out == io.out_end)
            break;
        while (!step(h, *io.in))
            ;
        io.in++;
    }
    *took = n - mp_codec_in(&io);
    *made = mp_codec_made(&io, out);
    return MAILPROTO_OK;
}

/* What a beginning turns out to be when nothing follows: text, or a tag that is dropped. */
static void finish(mailproto_html_text *h)
{
    if (h->half)
        mp_html_put(h, NO_BREAK_LEAD);
    if (h->state == OPEN)
        mp_html_put(h, '<');
    else if (h->state == REFERENCE)
        reference(h, ' ');
    mp_html_link_end(h);
    h->state = OVER;
}

int32_t mailproto_html_text_end(mailproto_html_text *h, void *out, size_t cap, size_t *made)
{
    static const uint8_t nothing[1] = {0};
    mp_codec_io io;
    size_t took = 0;
    int all;

    if (!h || h->struct_size < sizeof *h || mp_codec_open(&io, nothing, 0, &took, out, cap, made))
        return MAILPROTO_ERR_ARG;
    all = give(h, &io);
    if (all && h->state != OVER) {
        finish(h);
        all = give(h, &io);
    }
    *made = mp_codec_made(&io, out);
    return all ? MAILPROTO_OK : MAILPROTO_CODEC_MORE;
}

static int32_t all_feed(void *h, const void *in, size_t n, size_t *took, void *out, size_t cap, size_t *made)
{
    return mailproto_html_text_feed(h, in, n, took, out, cap, made);
}

static int32_t all_end(void *h, void *out, size_t cap, size_t *made)
{
    return mailproto_html_text_end(h, out, cap, made);
}

int32_t mailproto_html_text_all(const void *in, size_t n, uint32_t flags, void *out, size_t cap, size_t *made)
{
    mailproto_html_text h;

    if (flags & ~(uint32_t)(MAILPROTO_HTML_LINKS | MAILPROTO_HTML_QUOTES))
        return MAILPROTO_ERR_ARG;
    mailproto_html_text_init(&h, sizeof h);
    h.flags = flags;
    return mp_codec_all(&h, all_feed, all_end, in, n, out, cap, made);
}
