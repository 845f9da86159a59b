/* send_message.c - the message that is sent: from memory or from the program's `read`, given out in pieces.
 * RFC 5321 sections 2.3.8 (line ends), 2.4 (NUL) and 4.5.3.1.6 (the length of a line). */
#include <string.h>

#include "send.h"

/* Octets up to the next CR or LF. */
static size_t plain(const char *p, size_t n)
{
    const char *lf = memchr(p, '\n', n), *cr;

    n = lf ? (size_t)(lf - p) : n;
    cr = memchr(p, '\r', n);
    return cr ? (size_t)(cr - p) : n;
}

/* ---- what MAIL has to say of it ---- */

struct scan {
    uint64_t size; /* with CRLF line ends, the last line too */
    uint64_t line, column;
    uint64_t limit;                  /* octets of a line */
    uint64_t long_line, long_octets; /* the first one that has more; 0: none does */
    uint64_t nul_line;               /* the first one with a NUL octet; 0: none has one */
    int last;                        /* the octet before; 0: none of a line end */
    int eight_bit, canonical;
};

static void scan_text(struct scan *scan, const char *p, size_t n)
{
    unsigned char all = 0;

    if (!n)
        return;
    scan->canonical &= scan->last != '\r';
    for (size_t i = 0; i < n; i++)
        all |= (unsigned char)p[i];
    scan->eight_bit |= all >= 0x80;
    if (!scan->nul_line && memchr(p, 0, n))
        scan->nul_line = scan->line;
    scan->column += n;
    scan->last = 0;
}

static void scan_line_end(struct scan *scan)
{
    if (!scan->long_line && scan->column > scan->limit) {
        scan->long_line = scan->line;
        scan->long_octets = scan->column;
    }
    scan->size += scan->column + 2;
    scan->column = 0;
    scan->line++;
}

/* Lines end with CRLF, LF or CR. */
static void scan_piece(struct scan *scan, const char *p, size_t n)
{
    for (const char *end = p + n; p < end; p++) {
        size_t run = plain(p, (size_t)(end - p));

        scan_text(scan, p, run);
        p += run;
        if (p == end)
            return;
        if (*p != '\n' || scan->last != '\r') {
            scan->canonical &= *p == '\r' && scan->last != '\r';
            scan_line_end(scan);
        }
        scan->last = *p;
    }
}

static void scan_end(struct scan *scan)
{
    scan->canonical &= scan->last == '\n';
    if (!scan->last)
        scan_line_end(scan);
}

static int32_t scan_memory(struct scan *scan, mailproto_text text)
{
    for (size_t n; text.len; text.ptr += n, text.len -= n) {
        n = text.len < MP_SEND_PIECE ? text.len : MP_SEND_PIECE;
        scan_piece(scan, text.ptr, n);
    }
    return MAILPROTO_OK;
}

static int32_t read_some(mailproto_host_sending *s)
{
    const mailproto_host_send_request *r = &s->request;

    s->read_len = 0;
    s->read_result = r->read(s->read_offset, s->raw, MP_SEND_PIECE, &s->read_len, r->user);
    if (!s->read_result && s->read_len > MP_SEND_PIECE)
        s->read_result = MAILPROTO_ERR_ARG;
    return s->read_result ? MAILPROTO_ERR_BODY : MAILPROTO_OK;
}

static int32_t scan_by_reading(struct scan *scan, mailproto_host_sending *s)
{
    do {
        if (read_some(s))
            return mp_host_fail(s->host, MAILPROTO_ERR_BODY, 0, "message: it cannot be read");
        scan_piece(scan, s->raw, s->read_len);
        s->read_offset += s->read_len;
    } while (s->read_len);
    return MAILPROTO_OK;
}

static int32_t judge(mailproto_host_sending *s, const struct scan *scan)
{
    if (scan->nul_line)
        return mp_host_fail(s->host, MAILPROTO_ERR_ARG, 0,
                            "message: there is a NUL octet in line %llu, which mail cannot carry: encode it (base64)",
                            (unsigned long long)scan->nul_line);
    if (scan->long_line)
        return mp_host_fail(s->host, MAILPROTO_ERR_LIMIT, 0,
                            "message: line %llu has %llu octets, and at most %llu may be in one (RFC 5321, 4.5.3.1.6): "
                            "encode it (quoted-printable, base64)",
                            (unsigned long long)scan->long_line, (unsigned long long)scan->long_octets,
                            (unsigned long long)scan->limit);
    return MAILPROTO_OK;
}

static int32_t scan_all(mailproto_host_sending *s)
{
    const mailproto_host_send_request *r = &s->request;
    struct scan scan = {.line = 1, .last = '\n', .canonical = 1};
    int32_t result;

    scan.limit = r->max_text_line == MAILPROTO_UNLIMITED ? UINT64_MAX : r->max_text_line ? r->max_text_line : 998;
    result = r->read ? scan_by_reading(&scan, s) : scan_memory(&scan, r->message);
    if (result)
        return result;
    scan_end(&scan);
    s->canonical = scan.canonical;
    s->outcome.size = scan.size;
    if (scan.eight_bit && s->body == MAILPROTO_SMTP_BODY_7BIT)
        s->body = MAILPROTO_SMTP_BODY_8BITMIME;
    return judge(s, &scan);
}

int32_t mp_send_message_check(mailproto_host_sending *s)
{
    const mailproto_host_send_request *r = &s->request;
    int binary = r->body == MAILPROTO_SMTP_BODY_BINARYMIME;

    s->outcome.size = r->size;
    s->body = r->body;
    s->canonical = 1;
    if (r->read && !(s->raw = mp_send_take(s, MP_SEND_PIECE)))
        return mp_host_fail(s->host, MAILPROTO_ERR_NOMEM, 0, "there is no memory for a piece of the message");
    if (r->read ? binary || !(r->flags & MAILPROTO_HOST_SEND_READ_TWICE) : binary) {
        s->outcome.size = r->read ? r->size : r->message.len;
        return MAILPROTO_OK;
    }
    return scan_all(s);
}

/* ---- giving it out ---- */

void mp_send_message_rewind(mailproto_host_sending *s)
{
    s->in = s->request.read ? (mailproto_text){s->raw, 0} : s->request.message;
    s->ended = !s->request.read;
    s->read_offset = 0;
    s->last = '\n';
}

static void take(mailproto_host_sending *s, size_t n)
{
    s->in.ptr += n;
    s->in.len -= n;
}

/* Runs of text as they are, each line end as CRLF, and one behind a last line that has none. room >= 2. */
static size_t convert(mailproto_host_sending *s, char *out, size_t room)
{
    size_t made = 0;

    while (s->in.len && room - made >= 2) {
        const char *p = s->in.ptr;
        size_t left = s->in.len, n = plain(p, left < room - made ? left : room - made);
        char end = n < left ? p[n] : 0;

        memcpy(out + made, p, n);
        made += n;
        take(s, n);
        if (n)
            s->last = 0;
        if (room - made < 2 || (end != '\r' && end != '\n'))
            continue;
        /* LF behind CR: the line end was made already; anything else is one of its own */
        if (!(end == '\n' && s->last == '\r')) {
            memcpy(out + made, "\r\n", 2);
            made += 2;
        }
        s->last = end;
        take(s, 1);
    }
    if (!s->in.len && s->ended && !s->last && room - made >= 2) {
        memcpy(out + made, "\r\n", 2);
        made += 2;
        s->last = '\n';
    }
    return made;
}

/* What is at hand, or the end. 0: neither, there is to be read. Else 1, and *result is the session's. */
static int give(mailproto_host_sending *s, uint64_t token, size_t max, int32_t *result)
{
    const char *data = s->in.ptr;
    size_t n = s->in.len < max ? s->in.len : max;

    if (s->canonical) {
        take(s, n);
    } else {
        data = s->piece;
        n = convert(s, s->piece, max < MP_SEND_PIECE ? max : MP_SEND_PIECE);
    }
    if (!n && !s->ended)
        return 0;
    *result = n ? mailproto_session_piece(s->session, token, data, n) : mailproto_session_piece_end(s->session, token);
    return 1;
}

/* What was read is to be given now. */
static void note_read(mailproto_host_sending *s)
{
    s->in = (mailproto_text){s->raw, s->read_len};
    s->read_offset += s->read_len;
    s->ended = !s->read_len;
}

/* ---- reading off the loop's thread ---- */

static void was_read(int32_t result, void *user);

static void read_in_thread(void *user)
{
    read_some(user);
}

static int32_t begin_to_read(mailproto_host_sending *s, uint64_t token)
{
    int32_t result = mailproto_host_job_start(s->job, read_in_thread, was_read, s);

    s->job_busy = !result;
    s->waiting = result ? 0 : token;
    return result;
}

static void was_read(int32_t result, void *user)
{
    mailproto_host_sending *s = user;
    uint64_t token = s->waiting;

    s->job_busy = 0;
    s->waiting = 0;
    if (!s->connection) { /* the outcome has waited for this */
        mp_send_finish(s);
        return;
    }
    if (!s->session || !token)
        return;
    if (!result)
        result = s->read_result;
    if (!result) {
        note_read(s);
        if (!give(s, token, s->wanted, &result)) {
            result = begin_to_read(s, token);
            if (!result)
                return;
        }
    }
    if (result)
        mailproto_session_fail(s->session, token);
}

int32_t mp_send_message_give(mailproto_host_sending *s, const mailproto_smtp_body_request *wanted)
{
    int32_t result;

    if (!s->canonical && !s->piece && !(s->piece = mp_send_take(s, MP_SEND_PIECE)))
        return MAILPROTO_ERR_NOMEM;
    s->wanted = wanted->max;
    while (!give(s, wanted->head.token, wanted->max, &result)) {
        if (s->job)
            return begin_to_read(s, wanted->head.token);
        if (read_some(s))
            return MAILPROTO_ERR_BODY;
        note_read(s);
    }
    return result;
}

int mp_send_message_leave(mailproto_host_sending *s)
{
    if (!s->job_busy)
        return 0;
    mailproto_host_job_cancel(s->job);
    return 1;
}
