/* body_reader.c - takes the message text out of DATA and BDAT: dots unstuffed, only CRLF.CRLF is the end.
 * RFC 5321 sections 2.3.8, 4.1.1.4 and 4.5.2; RFC 3030 section 2. */
#include "smtp/body_reader.h"

#include <string.h>

#include "core/text_scan.h"

/* What of the end of a line was seen: nothing, CR, the dot that a line of SMTP begins with, that dot and CR. */
enum { NOTHING = 0, CR, DOT, DOT_CR };

static const char crlf[2] = {'\r', '\n'};

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
    while (*took < n) {
        const uint8_t *cr;

        if (skip_octet(r, p[(*took)++]))
            return MP_BODY_END;
        if (r->held != NOTHING || !r->column)
            continue;
        cr = memchr(p + *took, '\r', n - *took);
        *took = cr ? (size_t)(cr - p) : n;
    }
    return MP_BODY_MORE;
}

static void found(struct mp_body_reader *r, uint8_t fault)
{
    r->fault = fault;
    r->skip = 1;
    inside_line(r);
}

/* A CR without LF or an LF without CR, already taken. */
static int bare(struct mp_body_reader *r, const uint8_t *p, size_t n, size_t *took, mailproto_text *slice)
{
    if (!(r->flags & MP_BODY_NORMALISE)) {
        found(r, MP_BODY_BARE);
        return skip(r, p, n, took);
    }
    line_begins(r, 1);
    *slice = (mailproto_text){crlf, sizeof crlf};
    return MP_BODY_SLICE;
}

/* The octet behind a held one decides what that was. CONTINUE: nothing is held any more, and there is nothing to say. */
enum { CONTINUE = -1 };
static int decide(struct mp_body_reader *r, const uint8_t *p, size_t n, size_t *took, mailproto_text *slice)
{
    uint8_t c = p[*took];

    if (r->held == DOT) {
        if (c == '\r') {
            r->held = DOT_CR;
            ++*took;
        } else {
            line_begins(r, 1); /* a stuffed dot: dropped, and the next is text whatever it is */
        }
        return CONTINUE;
    }
    if (c != '\n')
        return bare(r, p, n, took, slice);
    ++*took;
    if (r->held == DOT_CR)
        return MP_BODY_END;
    line_begins(r, 0);
    *slice = (mailproto_text){crlf, sizeof crlf};
    return MP_BODY_SLICE;
}

/* The octet at which the scan stopped. */
static int stopped(struct mp_body_reader *r, const uint8_t *p, size_t n, size_t *took, mailproto_text *slice)
{
    uint8_t c = p[*took];

    ++*took;
    if (c == '\n')
        return bare(r, p, n, took, slice);
    if (c == '\r' && *took < n)
        return bare(r, p, n, took, slice);
    if (c == '\r' || (c == '.' && !r->column && !(r->flags & MP_BODY_CHUNKED))) {
        r->held = c == '\r' ? CR : DOT;
        return CONTINUE;
    }
    found(r, c == '\0' && !(r->flags & MP_BODY_ACCEPT_NUL) ? MP_BODY_NUL : MP_BODY_LONG_LINE);
    return skip(r, p, n, took);
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

int mp_body_finish(struct mp_body_reader *r, mailproto_text *slice)
{
    if (r->skip || r->held == NOTHING)
        return MP_BODY_MORE;
    r->held = NOTHING; /* a CR: no dot is held in chunks */
    if (!(r->flags & MP_BODY_NORMALISE)) {
        found(r, MP_BODY_BARE);
        return MP_BODY_MORE;
    }
    *slice = (mailproto_text){crlf, sizeof crlf};
    return MP_BODY_SLICE;
}
