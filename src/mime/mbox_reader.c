/* mbox_reader.c - the messages of a mailbox that is one file.
 * RFC 4155; include/mailproto/mime_mbox.h, FROM LINE. */
#include <string.h>

#include "core/ascii.h"
#include "core/memory.h"
#include "mailproto/mime_header.h"
#include "mailproto/mime_mbox.h"

/* A From line, and a field name behind it: what must be seen of a line before it is known. */
enum { FROM_MAX = 1000, NAME_MAX = 77, SEEN_MAX = FROM_MAX + NAME_MAX + 1 };

/* reader.state */
enum { FED = 1, LAST = 2, BEGUN = 4, OPEN = 8, AT_LINE = 16, IN_HOLD = 32 };

/* What a line is. */
enum { LINE_UNKNOWN, LINE_EMPTY, LINE_FROM, LINE_QUOTED, LINE_TEXT };

_Static_assert(SEEN_MAX < sizeof((mailproto_mbox_reader *)0)->hold, "a line that is held fits");

int32_t mailproto_mbox_reader_init(mailproto_mbox_reader *r, size_t size)
{
    return mp_struct_init(r, size);
}

int32_t mailproto_mbox_item_init(mailproto_mbox_item *item, size_t size)
{
    return mp_struct_init(item, size);
}

/* ---- lines ---- */

/* Whether "From " stands at p. */
static int is_from(const char *p, size_t n, int last)
{
    if (memcmp(p, "From ", n < 5 ? n : 5) != 0)
        return LINE_TEXT;
    return n >= 5 ? LINE_FROM : last ? LINE_TEXT : LINE_UNKNOWN;
}

/* Whether there is a time in it, or the "-" for a sender that Netscape has in its place. */
static int is_dated(const char *p, size_t n)
{
    if (p[5] == '-' && (p[6] == ' ' || p[6] == '\r' || p[6] == '\n'))
        return 1;
    for (size_t i = 1; i + 2 < n; i++)
        if (p[i] == ':' && mp_ascii_is_digit(p[i - 1]) && mp_ascii_is_digit(p[i + 1]) && mp_ascii_is_digit(p[i + 2]))
            return 1;
    return 0;
}

/* Whether nothing is in it but a sender: "From here on" is no such line. */
static int is_sender_alone(const char *p, size_t n)
{
    size_t i = 5;

    while (i < n && mp_ascii_is_vchar((uint8_t)p[i]))
        i++;
    while (i < n && (p[i] == ' ' || p[i] == '\r'))
        i++;
    return p[i] == '\n';
}

/* Whether a line begins as a header field, or as the quoted From line that some have for one. */
static int begins_field(const char *p, size_t n, int last)
{
    size_t i = 0;

    if (n && p[0] == '>') {
        if (n < 6)
            return last || memcmp(p, ">From ", n) != 0 ? LINE_TEXT : LINE_UNKNOWN;
        return memcmp(p, ">From ", 6) == 0 ? LINE_FROM : LINE_TEXT;
    }
    while (i < n && i < NAME_MAX && mp_ascii_is_vchar((uint8_t)p[i]) && p[i] != ':')
        i++;
    if (i == n && i < NAME_MAX && !last)
        return LINE_UNKNOWN;
    return i && i < n && p[i] == ':' ? LINE_FROM : LINE_TEXT;
}

/* A line that begins with "From ": *octets is the line with its end. */
static int look_at_from(const mailproto_mbox_reader *r, const char *p, size_t n, int last, size_t *octets)
{
    const size_t most = n < FROM_MAX ? n : FROM_MAX;
    const char *lf = memchr(p, '\n', most);
    int dated;

    if (!lf)
        return last || most == FROM_MAX ? LINE_TEXT : LINE_UNKNOWN;
    *octets = (size_t)(lf - p) + 1;
    dated = is_dated(p, *octets);
    if (!(r->state & BEGUN) || (r->blank && dated))
        return LINE_FROM;
    return dated || (r->blank && is_sender_alone(p, *octets)) ? begins_field(p + *octets, n - *octets, last)
                                                              : LINE_TEXT;
}

/* What the line at p is; n > 0. */
static int look_at(const mailproto_mbox_reader *r, const char *p, size_t n, int last, size_t *octets)
{
    *octets = 1;
    if (p[0] == '\n')
        return LINE_EMPTY;
    *octets = 2;
    if (p[0] == '\r')
        return n > 1 ? (p[1] == '\n' ? LINE_EMPTY : LINE_TEXT) : last ? LINE_TEXT : LINE_UNKNOWN;
    if (p[0] == '>' && r->flags & MAILPROTO_MBOX_UNQUOTE)
        return LINE_QUOTED;
    switch (is_from(p, n, last)) {
    case LINE_FROM:
        return look_at_from(r, p, n, last, octets);
    case LINE_UNKNOWN:
        return LINE_UNKNOWN;
    default:
        return LINE_TEXT;
    }
}

/* How many octets of text there are from p on, to the end of a line before one that must be looked at, or to the end.
   */
static size_t run_of(const mailproto_mbox_reader *r, const char *p, size_t n, int *at_line)
{
    size_t i = 0;

    *at_line = 0;
    while (i < n) {
        const char *lf = memchr(p + i, '\n', n - i);

        if (!lf)
            return n;
        i = (size_t)(lf - p) + 1;
        if (i == n || p[i] == '\n' || p[i] == '\r' || p[i] == 'F' || (p[i] == '>' && r->flags & MAILPROTO_MBOX_UNQUOTE))
            break;
    }
    *at_line = 1;
    return i;
}

/* ---- what is looked at: the piece, or what is held with the first octets of it ---- */

/* Steps on. If what was held before the piece is used up, the rest is looked at in the piece itself. */
static void use(mailproto_mbox_reader *r, size_t n)
{
    r->window.ptr += n;
    r->window.len -= n;
    r->at += n;
    if (r->state & IN_HOLD && r->window.len <= r->joined) {
        const size_t used = r->joined - r->window.len;

        r->window = (mailproto_text){r->piece.ptr + used, r->piece.len - used};
        r->state &= ~(uint32_t)IN_HOLD;
        r->held = r->joined = 0;
    }
}

static void hold(mailproto_mbox_reader *r)
{
    memcpy(r->hold, r->window.ptr, r->window.len);
    r->held = (uint32_t)r->window.len;
    r->window = (mailproto_text){NULL, 0};
    r->state &= ~(uint32_t)(FED | IN_HOLD);
    r->joined = 0;
}

int32_t mailproto_mbox_feed(mailproto_mbox_reader *r, const void *in, size_t n, int32_t last)
{
    size_t join = n;

    if (!r || r->struct_size < sizeof *r || (!in && n))
        return MAILPROTO_ERR_ARG;
    if (r->state & (FED | LAST))
        return MAILPROTO_ERR_STATE;
    if (!r->at && !r->held && !(r->state & BEGUN))
        r->state |= AT_LINE;
    r->state |= FED | (last ? LAST : 0U);
    r->piece = (mailproto_text){in ? in : "", n};
    r->window = r->piece;
    if (!r->held)
        return MAILPROTO_OK;
    if (join > sizeof r->hold - r->held)
        join = sizeof r->hold - r->held;
    if (join)
        memcpy(r->hold + r->held, in, join);
    r->joined = (uint32_t)join;
    r->window = (mailproto_text){(const char *)r->hold, r->held + join};
    r->state |= IN_HOLD;
    return MAILPROTO_OK;
}

/* ---- items ---- */

static int32_t give(mailproto_mbox_item *item, uint32_t kind, mailproto_text text, uint64_t offset)
{
    item->kind = kind;
    item->text = text;
    item->offset = offset;
    return MAILPROTO_OK;
}

/* The empty line that was held back is no end of a message. */
static int32_t give_blank(mailproto_mbox_reader *r, mailproto_mbox_item *item)
{
    const mailproto_text text = {r->blank == 2 ? "\r\n" : "\n", r->blank};

    r->blank = 0;
    return give(item, MAILPROTO_MBOX_DATA, text, r->at - text.len);
}

static int32_t give_end(mailproto_mbox_reader *r, mailproto_mbox_item *item)
{
    const uint64_t offset = r->at - r->blank;

    r->blank = 0;
    r->state &= ~(uint32_t)OPEN;
    return give(item, MAILPROTO_MBOX_END, (mailproto_text){"", 0}, offset);
}

/* Some of the ">" that were stepped over and belong to the message. */
static int32_t give_quotes(mailproto_mbox_reader *r, mailproto_mbox_item *item)
{
    static const char quotes[] = ">>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>";
    const size_t n = r->owed < sizeof quotes - 1 ? (size_t)r->owed : sizeof quotes - 1;
    const uint64_t offset = r->at - r->owed;

    r->owed -= n;
    return give(item, MAILPROTO_MBOX_DATA, (mailproto_text){quotes, n}, offset);
}

/* Text from here on, to the octets that are held if it begins with them. */
static int32_t give_text(mailproto_mbox_reader *r, mailproto_mbox_item *item)
{
    size_t n = r->window.len;
    const uint64_t offset = r->at;
    mailproto_text text = r->window;
    int at_line;

    if (r->state & IN_HOLD && n > r->joined)
        n -= r->joined; /* the octets of the piece are given out of it */
    text.len = run_of(r, text.ptr, n, &at_line);
    use(r, text.len);
    r->state = at_line ? r->state | AT_LINE : r->state & ~(uint32_t)AT_LINE;
    return give(item, MAILPROTO_MBOX_DATA, text, offset);
}

/* A From line begins a message. */
static int32_t take_from(mailproto_mbox_reader *r, mailproto_mbox_item *item, size_t octets)
{
    const uint64_t offset = r->at;

    r->from = (mailproto_text){r->window.ptr, octets - 1};
    if (r->from.len && r->from.ptr[r->from.len - 1] == '\r')
        r->from.len--;
    use(r, octets);
    r->blank = 0;
    r->state |= OPEN | BEGUN;
    return give(item, MAILPROTO_MBOX_BEGIN, r->from, offset);
}

/* What is held is not enough to know a line: more of the piece is joined to it. 0: there is no more. */
static int join_more(mailproto_mbox_reader *r)
{
    size_t more = r->piece.len - r->joined;

    if (!(r->state & IN_HOLD) || !more)
        return 0;
    memmove(r->hold, r->window.ptr, r->window.len);
    if (more > sizeof r->hold - r->window.len)
        more = sizeof r->hold - r->window.len;
    memcpy(r->hold + r->window.len, r->piece.ptr + r->joined, more);
    r->joined += (uint32_t)more;
    r->window = (mailproto_text){(const char *)r->hold, r->window.len + more};
    return 1;
}

/* The piece is used up, but for what is held. */
static int32_t ask_for_more(mailproto_mbox_reader *r)
{
    if (r->window.len)
        hold(r);
    else
        r->state &= ~(uint32_t)(FED | IN_HOLD);
    return MAILPROTO_CODEC_MORE;
}

/* ">" at the begin of a line are counted; what stands behind them tells whether one is to be taken away. MORE, or -1:
   go on. */
static int32_t take_quotes(mailproto_mbox_reader *r)
{
    const int whole = !(r->state & IN_HOLD) || r->joined == r->piece.len;
    int line;

    while (r->window.len && *r->window.ptr == '>') {
        r->quotes++;
        use(r, 1);
    }
    if (!r->window.len)
        return -1;
    line = is_from(r->window.ptr, r->window.len, whole && r->state & LAST);
    if (line == LINE_UNKNOWN)
        return join_more(r) ? -1 : ask_for_more(r);
    r->owed = r->quotes - (line == LINE_FROM);
    r->quotes = 0;
    r->state &= ~(uint32_t)AT_LINE;
    return -1;
}

/* One that is at the begin of a line, with at least an octet. 0: an item was made; else MORE, or -1: go on. */
static int32_t take_line(mailproto_mbox_reader *r, mailproto_mbox_item *item)
{
    const int whole = !(r->state & IN_HOLD) || r->joined == r->piece.len;
    size_t octets = 0;
    const int line = look_at(r, r->window.ptr, r->window.len, whole && r->state & LAST, &octets);

    if (line == LINE_UNKNOWN)
        return join_more(r) ? -1 : ask_for_more(r);
    if (line == LINE_FROM) {
        if (!(r->state & OPEN))
            return take_from(r, item, octets);
        r->due = (uint32_t)octets;
        return give_end(r, item);
    }
    if (r->blank)
        return give_blank(r, item);
    if (line != LINE_EMPTY && !(r->state & OPEN)) {
        r->state |= OPEN | BEGUN;
        return give(item, MAILPROTO_MBOX_BEGIN, (mailproto_text){"", 0}, r->at);
    }
    if (line == LINE_EMPTY) {
        r->blank = r->state & OPEN ? (uint32_t)octets : 0;
        use(r, octets);
    } else if (line == LINE_QUOTED) {
        return take_quotes(r);
    } else {
        r->state &= ~(uint32_t)AT_LINE;
    }
    return -1;
}

int32_t mailproto_mbox_next(mailproto_mbox_reader *r, mailproto_mbox_item *item)
{
    if (!r || r->struct_size < sizeof *r || !item || item->struct_size < sizeof *item)
        return MAILPROTO_ERR_ARG;
    if (r->due) {
        const size_t octets = r->due;

        r->due = 0;
        return take_from(r, item, octets);
    }
    if (!(r->state & FED))
        return r->state & LAST ? MAILPROTO_MIME_END : MAILPROTO_CODEC_MORE;
    while (r->window.len) {
        int32_t result;

        if (r->owed)
            return give_quotes(r, item);
        if (!(r->state & AT_LINE))
            return give_text(r, item);
        result = r->quotes ? take_quotes(r) : take_line(r, item);
        if (result >= 0)
            return result;
    }
    if (!(r->state & LAST))
        return ask_for_more(r);
    r->owed += r->quotes;
    r->quotes = 0;
    if (r->owed)
        return give_quotes(r, item);
    if (r->state & OPEN)
        return give_end(r, item);
    r->state &= ~(uint32_t)FED;
    return MAILPROTO_MIME_END;
}

/* ---- From lines ---- */

int32_t mailproto_mbox_from_read(const void *in, size_t n, mailproto_text *sender, mailproto_text *date)
{
    const char *p = in;
    size_t begin = 5, end;
    int quoted = 0;

    if ((!in && n) || !sender || !date)
        return MAILPROTO_ERR_ARG;
    if (n < 5 || memcmp(p, "From ", 5) != 0)
        return MAILPROTO_ERR_PROTOCOL;
    while (n > 5 && (p[n - 1] == '\n' || p[n - 1] == '\r' || p[n - 1] == ' '))
        n--;
    while (begin < n && p[begin] == ' ')
        begin++;
    for (end = begin; end < n && (quoted || p[end] != ' '); end++) /* a local part may be quoted, blanks and all */
        quoted ^= p[end] == '"';
    *sender = (mailproto_text){p + begin, end - begin};
    while (end < n && p[end] == ' ')
        end++;
    *date = (mailproto_text){p + end, n - end};
    return MAILPROTO_OK;
}
