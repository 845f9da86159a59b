/* body_reader.c - takes the message text out of DATA and BDAT: dots unstuffed, only CRLF.CRLF is the end.
 * RFC 5321 sections 2.3.8, 4.1.1.4 and 4.5.2; RFC 3030 section 2. */
#include "smtp/body_reader.h"

#include <string.h>

#include "core/text_scan.h"

/* What of the end of a line was seen: nothing, CR, the dot that a line of SMTP begins with, that dot and CR. Where
   newlines are made whole, a held CR was delivered as CRLF already, for that it becomes whatever follows. */
enum { NOTHING = 0, CR, DOT, DOT_CR };

static const char crlf[4] = {'\r', '\n', '\r', '\n'};

void mp_body_begin(struct mp_body_reader *r, size_t max_line, uint32_t flags)
{
    *r = (struct mp_body_reader){.max_line = max_line, .flags = flags};
}

/* The line goes on with an octet that means nothing. */
static void inside_line(struct mp_body_reader *r)
{
    r->held = NOTHING;
    r->column = 1;
    r->soft = 0;
}

static void line_begins(struct mp_body_reader *r, int soft)
{
    r->held = NOTHING;
    r->column = 0;
    r->soft = (uint8_t)soft;
}

/* One octet of text that nobody gets. 1: it ended the data. */
static int skip_octet(struct mp_body_reader *r, uint8_t c)
{
    uint8_t held = r->held;

    if (c == '\n' && held == DOT_CR)
        return 1;
    if (c == '\n' && held == CR)
        line_begins(r, 0);
    else if (c == '\r')
        r->held = held == DOT ? DOT_CR : CR;
    else if (c == '.' && held == NOTHING && !r->column && !r->soft)
        r->held = DOT;
    else
        inside_line(r);
    return 0;
}

/* Looks for the end of data only. Lines are hopped over from CR to CR. */
static int skip(struct mp_body_reader *r, const uint8_t *p, size_t n, size_t *took)
{
    size_t from = *took;
    int ended = 0;

    while (*took < n && !ended) {
        const uint8_t *cr;

        ended = skip_octet(r, p[(*took)++]);
        if (ended || r->held != NOTHING || !r->column)
            continue;
        cr = memchr(p + *took, '\r', n - *took);
        *took = cr ? (size_t)(cr - p) : n;
    }
    r->skipped += *took - from;
    return ended ? MP_BODY_END : MP_BODY_MORE;
}

static void found(struct mp_body_reader *r, uint8_t fault)
{
    r->fault = fault;
    r->skip = 1;
    inside_line(r);
}

static int normalises(const struct mp_body_reader *r)
{
    return (r->flags & MP_BODY_NORMALISE) != 0;
}

static int slice_of(mailproto_text *slice, const char *text, size_t n)
{
    *slice = (mailproto_text){text, n};
    return MP_BODY_SLICE;
}

static int faulty(struct mp_body_reader *r, uint8_t fault, const uint8_t *p, size_t n, size_t *took)
{
    found(r, fault);
    return skip(r, p, n, took);
}

static int forbidden(const struct mp_body_reader *r, uint8_t c)
{
    return !c && !(r->flags & MP_BODY_ACCEPT_NUL);
}

/* CONTINUE: an octet was taken or a state left behind, and there is nothing to say. */
enum { CONTINUE = -1 };

/* Behind a CR. */
static int behind_cr(struct mp_body_reader *r, const uint8_t *p, size_t n, size_t *took, mailproto_text *slice)
{
    size_t whole = p[*took] == '\n';

    if (!whole && !normalises(r))
        return faulty(r, MP_BODY_BARE, p, n, took);
    *took += whole;
    line_begins(r, !whole);
    return normalises(r) ? CONTINUE : slice_of(slice, crlf, 2);
}

/* Behind the dot that begins a line: a CR may be the end; else the dot was stuffed and the octet is text. */
static int behind_dot(struct mp_body_reader *r, const uint8_t *p, size_t *took)
{
    if (p[*took] == '\r') {
        r->held = DOT_CR;
        ++*took;
    } else {
        line_begins(r, 1);
    }
    return CONTINUE;
}

/* Behind that dot and a CR: the end, or a bare CR, which is delivered together with the octet behind it. */
static int behind_dot_cr(struct mp_body_reader *r, const uint8_t *p, size_t n, size_t *took, mailproto_text *slice)
{
    uint8_t c = p[*took];

    if (c != '\n' && !normalises(r))
        return faulty(r, MP_BODY_BARE, p, n, took);
    ++*took;
    if (c == '\n')
        return MP_BODY_END;
    if (forbidden(r, c))
        return faulty(r, MP_BODY_NUL, p, n, took);
    inside_line(r);
    if (c == '\r') {
        line_begins(r, 1);
        r->held = CR;
        return slice_of(slice, crlf, 4);
    }
    memcpy(r->behind, crlf, 2);
    r->behind[2] = (char)c;
    return slice_of(slice, r->behind, 3);
}

static int decide(struct mp_body_reader *r, const uint8_t *p, size_t n, size_t *took, mailproto_text *slice)
{
    if (r->held == DOT)
        return behind_dot(r, p, took);
    return r->held == CR ? behind_cr(r, p, n, took, slice) : behind_dot_cr(r, p, n, took, slice);
}

/* The octet at which the scan stopped: a bare LF, a CR that is bare or the last there is, a dot, or one that may not be. */
static int stopped(struct mp_body_reader *r, const uint8_t *p, size_t n, size_t *took, mailproto_text *slice)
{
    uint8_t c = p[*took];
    int newline = c == '\r' || c == '\n';

    ++*took;
    if (newline && normalises(r)) {
        line_begins(r, 1);
        r->held = c == '\r' ? CR : NOTHING;
        return slice_of(slice, crlf, 2);
    }
    if (c == '\n')
        return faulty(r, MP_BODY_BARE, p, n, took);
    if (c == '\r' || (c == '.' && !r->column && !(r->flags & MP_BODY_CHUNKED))) {
        r->held = c == '\r' ? CR : DOT;
        return CONTINUE;
    }
    return faulty(r, forbidden(r, c) ? MP_BODY_NUL : MP_BODY_LONG_LINE, p, n, took);
}

/* How many octets of text may cross as they are. */
static size_t clean(struct mp_body_reader *r, const uint8_t *p, size_t n)
{
    uint32_t flags = (r->flags & MP_BODY_CHUNKED ? (uint32_t)MP_TEXT_ANY_DOT : 0) |
                     (r->flags & MP_BODY_ACCEPT_NUL ? 0 : (uint32_t)MP_TEXT_NO_NUL);
    size_t dot = r->soft && p[0] == '.';

    r->soft = 0;
    r->column += dot;
    return dot + mp_text_scan(p + dot, n - dot, r->max_line, flags, &r->column);
}

int mp_body_read(struct mp_body_reader *r, const uint8_t *p, size_t n, size_t *took, mailproto_text *slice)
{
    *took = 0;
    if (r->skip)
        return skip(r, p, n, took);
    while (*took < n) {
        int result;

        if (r->held == NOTHING) {
            size_t good = clean(r, p + *took, n - *took);

            if (good) {
                *slice = (mailproto_text){(const char *)p + *took, good};
                *took += good;
                return MP_BODY_SLICE;
            }
            result = stopped(r, p, n, took, slice);
        } else {
            result = decide(r, p, n, took, slice);
        }
        if (result != CONTINUE)
            return result;
    }
    return MP_BODY_MORE;
}

void mp_body_finish(struct mp_body_reader *r)
{
    if (!r->skip && r->held == CR && !normalises(r))
        found(r, MP_BODY_BARE);
}
