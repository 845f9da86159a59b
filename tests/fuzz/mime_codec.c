/* mime_codec.c - fuzz target: codecs give back what they wrote, the same however it was cut, in every version.
 * mailproto/mime_codec.h, mime_uucode.h, mime_word.h. The first octets are which codec, flags, a line length, the pieces
 * and the room of each call. */
#include <stdlib.h>
#include <string.h>

#include "mailproto/mime_uucode.h"
#include "mailproto/mime_word.h"
#include "mime/base64_runs.h"
#include "mime/quoted_printable_runs.h"

#include "fuzz.h"
#include "mime_check.h"

const char *const fuzz_before_message = "C@@@@", *const fuzz_after_message = "";

enum { HEAD = 5, CODECS = 6 };

struct choice {
    uint32_t flags, line;
    size_t piece, room, salt;
};

/* ---- streams ---- */

typedef struct stream {
    union {
        mailproto_base64_encoder b64e;
        mailproto_base64_decoder b64d;
        mailproto_qp_encoder qpe;
        mailproto_qp_decoder qpd;
        mailproto_uu_encoder uue;
        mailproto_uu_decoder uud;
    } of;
    mailproto_codec_report report;
} stream;

struct functions {
    void (*init)(stream *s, const struct choice *c);
    int32_t (*feed)(stream *s, const void *in, size_t n, size_t *took, void *out, size_t cap, size_t *made);
    int32_t (*end)(stream *s, void *out, size_t cap, size_t *made);
};

#define STREAM(member, name)                                                                                           \
    static int32_t member##_feed(stream *s, const void *in, size_t n, size_t *took, void *out, size_t cap,             \
                                 size_t *made)                                                                         \
    {                                                                                                                  \
        return name(&s->of.member, in, n, took, out, cap, made);                                                       \
    }                                                                                                                  \
    static int32_t member##_end(stream *s, void *out, size_t cap, size_t *made)                                        \
    {                                                                                                                  \
        return name##_end(&s->of.member, out, cap, made);                                                              \
    }                                                                                                                  \
    static const struct functions member = {member##_init, member##_feed, member##_end};

static void b64e_init(stream *s, const struct choice *c)
{
    mailproto_base64_encoder_init(&s->of.b64e, sizeof s->of.b64e);
    s->of.b64e.flags = c->flags & MAILPROTO_BASE64_OPEN_END;
    s->of.b64e.line_length = c->line;
}

static void b64d_init(stream *s, const struct choice *c)
{
    mailproto_base64_decoder_init(&s->of.b64d, sizeof s->of.b64d);
    s->of.b64d.flags = c->flags & MAILPROTO_BASE64_GO_ON;
    s->of.b64d.report = &s->report;
}

static void qpe_init(stream *s, const struct choice *c)
{
    mailproto_qp_encoder_init(&s->of.qpe, sizeof s->of.qpe);
    s->of.qpe.flags = c->flags & 15;
    s->of.qpe.line_length = c->line;
}

static void qpd_init(stream *s, const struct choice *c)
{
    (void)c;
    mailproto_qp_decoder_init(&s->of.qpd, sizeof s->of.qpd);
    s->of.qpd.report = &s->report;
}

static void uue_init(stream *s, const struct choice *c)
{
    mailproto_uu_encoder_init(&s->of.uue, sizeof s->of.uue);
    s->of.uue.flags = c->flags & MAILPROTO_UU_BLANK;
}

static void uud_init(stream *s, const struct choice *c)
{
    mailproto_uu_decoder_init(&s->of.uud, sizeof s->of.uud);
    s->of.uud.flags = c->flags & 4 ? MAILPROTO_UU_NO_BEGIN : 0;
    s->of.uud.report = &s->report;
}

STREAM(b64e, mailproto_base64_encode)
STREAM(b64d, mailproto_base64_decode)
STREAM(qpe, mailproto_qp_encode)
STREAM(qpd, mailproto_qp_decode)
STREAM(uue, mailproto_uu_encode)
STREAM(uud, mailproto_uu_decode)

struct result {
    uint8_t *p;
    size_t n;
    mailproto_codec_report report;
};

/* Pieces of the input in memory of their own; each call has `room` octets for its output, in memory of their own. */
static struct result run(const struct functions *f, const struct choice *c, const uint8_t *in, size_t n, size_t most,
                         size_t piece, size_t room_n)
{
    struct result r = {(uint8_t *)room(most), 0, {0}};
    uint8_t *out = (uint8_t *)room(room_n);
    stream s;
    int32_t answer;
    size_t took, made;

    memset(&s, 0, sizeof s);
    mailproto_codec_report_init(&s.report, sizeof s.report);
    f->init(&s, c);
    for (size_t at = 0; at < n; at += took) {
        struct field now = field_of(in + at, piece < n - at ? piece : n - at);

        demand(!f->feed(&s, now.p, now.n, &took, out, room_n, &made));
        demand(took <= now.n && made <= room_n && took + made > 0 && made <= most - r.n);
        memcpy(r.p + r.n, out, made);
        r.n += made;
        free(now.p);
    }
    do {
        answer = f->end(&s, out, room_n, &made);
        demand(!answer || (answer == MAILPROTO_CODEC_MORE && made));
        demand(made <= room_n && made <= most - r.n);
        memcpy(r.p + r.n, out, made);
        r.n += made;
    } while (answer);
    r.report = s.report;
    free(out);
    return r;
}

static int same_octets(const void *a, size_t a_n, const void *b, size_t b_n)
{
    return a_n == b_n && (!a_n || !memcmp(a, b, a_n));
}

/* Whole and in pieces: the same octets, the same report. */
static struct result run_both(const struct functions *f, const struct choice *c, const uint8_t *in, size_t n,
                              size_t most)
{
    struct result whole = run(f, c, in, n, most, n, most < MAILPROTO_CODEC_ROOM ? MAILPROTO_CODEC_ROOM : most);
    struct result cut = run(f, c, in, n, most, c->piece, c->room);

    demand(same_octets(whole.p, whole.n, cut.p, cut.n));
    demand(!memcmp(&whole.report, &cut.report, sizeof cut.report));
    free(cut.p);
    return whole;
}

/* ---- base64 ---- */

static void base64_versions(const struct choice *c, const uint8_t *in, size_t n, const struct result *text)
{
    size_t line = c->line / 4 * 4, cap = c->salt * (2 * n + 8) / 255;
    uint8_t *expected = (uint8_t *)room(cap), *out = (uint8_t *)room(cap);
    const mp_base64_version *v;

    line = !c->line ? 76 : line < 4 ? 4 : c->line == MAILPROTO_UNLIMITED ? MP_BASE64_NO_LINE : line;
    for (size_t i = 1; (v = mp_base64_versions(i)); i++) {
        mp_base64_writer a = {{in, in + n, expected, expected + cap}, line, line}, b = a;

        mp_base64_write_scalar(&a);
        b.io.out = out;
        b.io.out_end = out + cap;
        v->write(&b);
        demand(a.io.in == b.io.in && a.room == b.room);
        demand(same_octets(expected, (size_t)(a.io.out - expected), out, (size_t)(b.io.out - out)));
        for (int raw = 0; raw < 2; raw++) {
            struct field from = field_of(raw ? in : text->p, raw ? n : text->n);
            const uint8_t *p = (const uint8_t *)from.p;
            mp_base64_reader x = {.io = {p, p + from.n, expected, expected + cap}, .room = line, .line = line}, y;

            x.end = raw ? 1 : 2;
            if (line == MP_BASE64_NO_LINE) {
                x.room = from.n / 4 * 4;
                x.line = 0;
            }
            y = x;
            y.io.out = out;
            y.io.out_end = out + cap;
            mp_base64_read_scalar(&x);
            v->read(&y);
            demand(x.io.in == y.io.in && x.room == y.room && x.ends == y.ends);
            demand(same_octets(expected, (size_t)(x.io.out - expected), out, (size_t)(y.io.out - out)));
            free(from.p);
        }
    }
    free(expected);
    free(out);
}

static void base64(const struct choice *c, const uint8_t *in, size_t n)
{
    size_t size = mailproto_base64_encoded_size(n, c->line, c->flags & MAILPROTO_BASE64_OPEN_END), made;
    struct result text = run_both(&b64e, c, in, n, size), back, read;
    char *all = room(size);

    demand(text.n == size);
    demand(!mailproto_base64_encode_all(in, n, c->line, c->flags & MAILPROTO_BASE64_OPEN_END, all, size, &made));
    demand(same_octets(text.p, text.n, all, made));
    back = run_both(&b64d, c, text.p, text.n, mailproto_base64_decoded_max(text.n));
    demand(same_octets(back.p, back.n, in, n));
    demand(!(back.report.kinds & ~(uint32_t)(1 << MAILPROTO_CODEC_LONG_LINE)));
    read = run_both(&b64d, c, in, n, mailproto_base64_decoded_max(n));
    base64_versions(c, in, n, &text);
    free(all);
    free(text.p);
    free(back.p);
    free(read.p);
}

/* ---- quoted-printable ---- */

static void qp_versions(const struct choice *c, const uint8_t *in, size_t n, const struct result *text)
{
    size_t cap = c->salt * (3 * n + 8) / 255, line = !c->line ? 76 : c->line;
    uint8_t *expected = (uint8_t *)room(cap), *out = (uint8_t *)room(cap);
    const mp_qp_version *v;

    line = c->line == MAILPROTO_UNLIMITED ? SIZE_MAX : line;
    for (size_t i = 1; (v = mp_qp_versions(i)); i++) {
        mp_qp_writer a = {.io = {in, in + n, expected, expected + cap}, .line = line, .flags = c->flags & 7}, b;

        a.last = c->flags >> 3 & 1;
        b = a;
        b.io.out = out;
        b.io.out_end = out + cap;
        mp_qp_write_scalar(&a);
        v->write(&b);
        demand(a.io.in == b.io.in && a.column == b.column && a.starved == b.starved);
        demand(same_octets(expected, (size_t)(a.io.out - expected), out, (size_t)(b.io.out - out)));
        for (int raw = 0; raw < 2; raw++) {
            struct field from = field_of(raw ? in : text->p, raw ? n : text->n);
            const uint8_t *p = (const uint8_t *)from.p;
            mp_qp_reader x = {.io = {p, p + from.n, expected, expected + cap}, .column = c->salt % 100}, y = x;

            y.io.out = out;
            y.io.out_end = out + cap;
            mp_qp_read_scalar(&x);
            v->read(&y);
            demand(x.io.in == y.io.in && x.column == y.column);
            demand(x.bare_lf == y.bare_lf && x.first_bare_lf == y.first_bare_lf);
            demand(x.long_lines == y.long_lines && x.first_long_line == y.first_long_line);
            demand(same_octets(expected, (size_t)(x.io.out - expected), out, (size_t)(y.io.out - out)));
            free(from.p);
        }
    }
    free(expected);
    free(out);
}

/* What a text is when it was encoded and decoded: its line ends are CRLF. */
static struct field with_crlf(const uint8_t *in, size_t n, uint32_t flags)
{
    struct field f = {room(2 * n), 0};

    for (size_t i = 0; i < n; i++) {
        if (!(flags & MAILPROTO_QP_BINARY) && in[i] == '\n' && (!i || in[i - 1] != '\r'))
            f.p[f.n++] = '\r';
        f.p[f.n++] = (char)in[i];
    }
    return f;
}

static void quoted_printable(const struct choice *c, const uint8_t *in, size_t n)
{
    size_t size = mailproto_qp_encoded_size(in, n, c->line, c->flags & 15), made;
    struct result text = run_both(&qpe, c, in, n, size), back, read;
    struct field wanted = with_crlf(in, n, c->flags);
    char *all = room(size);

    demand(text.n == size && size <= mailproto_qp_encoded_max(n, c->line));
    demand(!mailproto_qp_encode_all(in, n, c->line, c->flags & 15, all, size, &made));
    demand(same_octets(text.p, text.n, all, made));
    back = run_both(&qpd, c, text.p, text.n, text.n);
    demand(same_octets(back.p, back.n, wanted.p, wanted.n));
    read = run_both(&qpd, c, in, n, n);
    qp_versions(c, in, n, &text);
    free(all);
    free(wanted.p);
    free(text.p);
    free(back.p);
    free(read.p);
}

/* ---- uuencode ---- */

static void uuencode(const struct choice *c, const uint8_t *in, size_t n)
{
    struct choice with_begin = *c;
    struct result text = run_both(&uue, c, in, n, 2 * n + 1024), back, read;

    with_begin.flags &= ~4U;
    back = run_both(&uud, &with_begin, text.p, text.n, 32 * text.n + 32);
    demand(same_octets(back.p, back.n, in, n) && !back.report.kinds);
    read = run_both(&uud, c, in, n, 32 * n + 32);
    free(text.p);
    free(back.p);
    free(read.p);
}

/* ---- modified UTF-7, words, values of parameters ---- */

static void utf7(const uint8_t *in, size_t n)
{
    const size_t most = 8 * n + 16;
    char *coded = room(most), *plain = room(most);
    size_t made, back;

    if (!mailproto_utf7_encode(in, n, coded, most, &made)) {
        demand(!mailproto_utf7_decode(coded, made, plain, most, &back) && same_octets(plain, back, in, n));
        demand(!made || mailproto_utf7_encode(in, n, coded, made - 1, &back) == MAILPROTO_ERR_LIMIT);
    }
    if (!mailproto_utf7_decode(in, n, plain, most, &made))
        demand(!mailproto_utf7_encode(plain, made, coded, most, &back) && same_octets(coded, back, in, n));
    free(coded);
    free(plain);
}

static void words(const struct choice *c, const uint8_t *in, size_t n)
{
    const size_t most = 24 + c->line % 60;
    size_t took, made, back;
    mailproto_word word;
    uint8_t plain[80];
    char out[76];

    for (size_t at = 0; at < n; at += took) {
        if (mailproto_word_encode(in + at, n - at, c->flags & 7, most, &took, out, sizeof out, &made))
            return;
        demand(took && took <= n - at && made <= most && made <= 75);
        mailproto_word_init(&word, sizeof word);
        demand(!mailproto_word_parse(out, made, &word) && word.length == made && !word.defects);
        demand(!mailproto_word_decode(&word, plain, sizeof plain, &back, NULL));
        demand(same_octets(plain, back, in + at, took));
    }
}

static void values(const struct choice *c, const uint8_t *in, size_t n)
{
    const size_t most = c->line % 60 ? 12 + c->line % 60 : 0;
    char *out = room(3 * n), *plain = room(3 * n);
    size_t took, made, back;

    for (size_t at = 0; at < n; at += took) {
        if (mailproto_parameter_value_encode(in + at, n - at, most, &took, out, 3 * n, &made))
            break;
        demand(took && took <= n - at && (!most || made <= most));
        demand(!mailproto_parameter_value_decode(out, made, plain, 3 * n, &back, NULL));
        demand(same_octets(plain, back, in + at, took));
    }
    demand(!mailproto_parameter_value_decode(in, n, plain, n, &back, NULL) && back <= n);
    free(out);
    free(plain);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct field f;
    struct choice c;
    const uint8_t *in;

    if (size < HEAD)
        return 0;
    f = field_of(data + HEAD, size - HEAD);
    in = (const uint8_t *)f.p;
    c.flags = data[1];
    c.line = data[2] == 255 ? MAILPROTO_UNLIMITED : data[2] && data[2] < 4 ? 4 : data[2];
    c.piece = 1 + data[3] % 128;
    c.room = MAILPROTO_CODEC_ROOM + data[4] % 128;
    c.salt = data[4];
    switch (data[0] % CODECS) {
    case 0:
        base64(&c, in, f.n);
        break;
    case 1:
        quoted_printable(&c, in, f.n);
        break;
    case 2:
        uuencode(&c, in, f.n);
        break;
    case 3:
        utf7(in, f.n);
        break;
    case 4:
        words(&c, in, f.n);
        break;
    default:
        values(&c, in, f.n);
    }
    free(f.p);
    return 0;
}
