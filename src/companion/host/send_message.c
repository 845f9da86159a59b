/* send_message.c - the message that is sent: from memory or from the program's `read`, given out in pieces.
 * RFC 5321 sections 2.3.8 (line ends), 2.4 (NUL) and 4.5.3.1.6 (the length of a line). */
#include <string.h>

#include "send.h"

/* ---- a message in memory ---- */

struct scan {
    uint64_t size; /* with CRLF line ends, the last line too */
    size_t longest;
    int eight_bit, nul, canonical;
};

static void scan_line(struct scan *scan, const char *p, size_t n)
{
    unsigned char all = 0;

    for (size_t i = 0; i < n; i++)
        all |= (unsigned char)p[i];
    scan->eight_bit |= all >= 0x80;
    scan->nul |= memchr(p, 0, n) != NULL;
    if (n > scan->longest)
        scan->longest = n;
    scan->size += n + 2;
}

/* Lines end with CRLF, LF or CR. */
static void scan_all(struct scan *scan, const char *p, size_t n)
{
    *scan = (struct scan){.canonical = 1};
    while (n) {
        const char *lf = memchr(p, '\n', n), *cr = memchr(p, '\r', lf ? (size_t)(lf - p) : n);
        size_t len = cr ? (size_t)(cr - p) : lf ? (size_t)(lf - p) : n;
        size_t end = cr && cr + 1 == lf ? 2 : cr || lf ? 1 : 0;

        scan_line(scan, p, len);
        scan->canonical &= end == 2;
        p += len + end;
        n -= len + end;
    }
}

const char *mp_send_message_scan(mailproto_host_sending *s)
{
    const mailproto_host_send_request *r = &s->request;
    uint32_t longest = r->max_text_line ? r->max_text_line : 998;
    struct scan scan;

    s->size = r->size;
    s->body = r->body;
    if (r->read)
        return NULL;
    if (r->body == MAILPROTO_SMTP_BODY_BINARYMIME) {
        s->canonical = 1;
        s->size = r->message.len;
        return NULL;
    }
    scan_all(&scan, r->message.ptr, r->message.len);
    s->canonical = scan.canonical;
    s->size = scan.size;
    if (scan.eight_bit && s->body == MAILPROTO_SMTP_BODY_7BIT)
        s->body = MAILPROTO_SMTP_BODY_8BITMIME;
    if (scan.nul)
        return "there is a NUL octet in the message, which mail cannot carry: encode it (base64)";
    if (longest != MAILPROTO_UNLIMITED && scan.longest > longest)
        return "a line of the message is longer than max_text_line (998, RFC 5321 4.5.3.1.6): encode it "
               "(quoted-printable, base64)";
    return NULL;
}

void mp_send_message_rewind(mailproto_host_sending *s)
{
    s->at = 0;
    s->last = '\n';
}

/* Octets up to the next CR or LF. */
static size_t plain(const char *p, size_t n)
{
    const char *lf = memchr(p, '\n', n), *cr;

    n = lf ? (size_t)(lf - p) : n;
    cr = memchr(p, '\r', n);
    return cr ? (size_t)(cr - p) : n;
}

/* Runs of text as they are, each line end as CRLF, and one behind a last line that has none. room >= 2. */
static size_t convert(mailproto_host_sending *s, char *out, size_t room)
{
    const mailproto_text text = s->request.message;
    size_t made = 0;

    while (s->at < text.len && room - made >= 2) {
        const char *p = text.ptr + s->at;
        size_t left = text.len - s->at, n = plain(p, left < room - made ? left : room - made);

        memcpy(out + made, p, n);
        made += n;
        s->at += n;
        if (n)
            s->last = 0;
        if (n == left || room - made < 2 || (p[n] != '\r' && p[n] != '\n'))
            continue;
        /* LF behind CR: the line end was made already; anything else is one of its own */
        if (!(p[n] == '\n' && s->last == '\r')) {
            memcpy(out + made, "\r\n", 2);
            made += 2;
        }
        s->last = p[n];
        s->at++;
    }
    if (s->at == text.len && !s->last && room - made >= 2) {
        memcpy(out + made, "\r\n", 2);
        made += 2;
        s->last = '\n';
    }
    return made;
}

static int32_t give(mailproto_host_sending *s, uint64_t token, const char *data, size_t n)
{
    if (n)
        return mailproto_session_piece(s->session, token, data, n);
    return mailproto_session_piece_end(s->session, token);
}

static int32_t give_from_memory(mailproto_host_sending *s, const mailproto_smtp_body_request *wanted)
{
    const mailproto_text text = s->request.message;
    size_t max = wanted->max < MP_SEND_PIECE ? wanted->max : MP_SEND_PIECE;
    size_t n;

    if (!s->canonical) {
        n = convert(s, s->piece, max);
        /* a line end that another line end had made already may be all that is left */
        return give(s, wanted->head.token, s->piece, n);
    }
    n = text.len - s->at < wanted->max ? text.len - s->at : wanted->max;
    s->at += n;
    return give(s, wanted->head.token, text.ptr + s->at - n, n);
}

/* ---- a message that the program reads ---- */

static void read_some(void *user)
{
    mailproto_host_sending *s = user;

    s->read_len = 0;
    s->read_result = s->request.read(s->read_offset, s->piece, s->read_room, &s->read_len, s->request.user);
    if (!s->read_result && s->read_len > s->read_room)
        s->read_result = MAILPROTO_ERR_ARG;
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
    if (result || s->read_result || give(s, token, s->piece, s->read_len))
        mailproto_session_fail(s->session, token);
    mailproto_host_connection_wake(s->connection);
}

static int32_t give_by_reading(mailproto_host_sending *s, const mailproto_smtp_body_request *wanted)
{
    s->read_offset = wanted->offset;
    s->read_room = wanted->max < MP_SEND_PIECE ? wanted->max : MP_SEND_PIECE;
    if (s->job) {
        int32_t result = mailproto_host_job_start(s->job, read_some, was_read, s);

        s->job_busy = !result;
        s->waiting = result ? 0 : wanted->head.token;
        return result;
    }
    read_some(s);
    return s->read_result ? MAILPROTO_ERR_BODY : give(s, wanted->head.token, s->piece, s->read_len);
}

int32_t mp_send_message_give(mailproto_host_sending *s, const mailproto_smtp_body_request *wanted)
{
    if (!s->piece && (s->request.read || !s->canonical))
        s->piece = mp_send_take(s, MP_SEND_PIECE);
    if (!s->piece && (s->request.read || !s->canonical))
        return MAILPROTO_ERR_NOMEM;
    return s->request.read ? give_by_reading(s, wanted) : give_from_memory(s, wanted);
}

int mp_send_message_leave(mailproto_host_sending *s)
{
    if (!s->job_busy)
        return 0;
    mailproto_host_job_cancel(s->job);
    return 1;
}
