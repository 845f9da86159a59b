/* header_text.c - pieces of a field become UTF-8 text: folds, white space, 8-bit text, charsets.
 * RFC 5322 section 2.2.3; RFC 6532 section 3. */
#include <string.h>

#include "core/ascii.h"
#include "core/utf8.h"
#include "mailproto/mime_header.h"
#include "mime/header_scan.h"
#include "mime/header_text.h"

#define BIT(name) MAILPROTO_MIME_DEFECT_BIT(MAILPROTO_MIME_DEFECT_##name)

/* ---- output ---- */

static void put_octets(mp_text *t, const uint8_t *p, size_t n)
{
    if (t->o.made < t->o.cap)
        memcpy(t->o.out + t->o.made, p, n < t->o.cap - t->o.made ? n : t->o.cap - t->o.made);
    t->o.made += n;
}

/* Adds UTF-8. Where white space is collapsed, what is due comes before the next octet that is none. */
static void put_text(mp_text *t, const uint8_t *p, size_t n)
{
    for (size_t at = 0, begin; at < n;) {
        for (begin = at; at < n && !(mp_header_class[p[at]] & (MP_CLASS_BLANK | MP_CLASS_CONTROL)); at++)
            ;
        if (at > begin) {
            if (t->blank && t->o.made)
                mp_small_put(&t->o, ' ');
            t->blank = 0;
            put_octets(t, p + begin, at - begin);
        }
        if (at == n)
            break;
        if (!mp_ascii_is_wsp(p[at]))
            t->defects |= BIT(CONTROL);
        if (t->collapse && mp_is_blank(p[at]))
            t->blank = 1;
        else {
            if (t->blank && t->o.made)
                mp_small_put(&t->o, ' ');
            t->blank = 0;
            mp_small_put(&t->o, p[at]);
        }
        at++;
    }
}

/* White space of the field: folds are no octets of the text. */
static void put_white(mp_text *t)
{
    for (size_t i = 0; i < t->white.len; i++)
        if (mp_ascii_is_wsp(t->white.ptr[i]))
            put_text(t, (const uint8_t *)t->white.ptr + i, 1);
    t->white.len = 0;
}

/* ---- charsets ---- */

static void drain(mp_text *t, const uint8_t *p, size_t n, int end)
{
    uint8_t piece[256];
    size_t took = 0, made;
    int32_t result = MAILPROTO_OK;

    while (took < n || end) {
        size_t step = 0;

        if (end)
            result = mailproto_charset_decode_end(&t->decoder, piece, sizeof piece, &made);
        else
            result = mailproto_charset_decode(&t->decoder, p + took, n - took, &step, piece, sizeof piece, &made);
        if (result < 0) {
            t->result = result;
            return;
        }
        put_text(t, piece, made);
        took += step;
        if (end && result == MAILPROTO_OK)
            return;
    }
}

static void open_charset(mp_text *t, const mailproto_text *charset)
{
    mailproto_charset_decoder_init(&t->decoder, sizeof t->decoder);
    if (mailproto_charset_decoder_open(&t->decoder, charset->ptr, charset->len, t->provider) != MAILPROTO_OK) {
        t->result = MAILPROTO_ERR_ARG;
        return;
    }
    if (t->decoder.defects & BIT(CHARSET_UNKNOWN)) {
        /* its octets may be no UTF-8: the rule for those of which nothing is said gives the best that there is */
        t->defects |= BIT(CHARSET_UNKNOWN);
        mailproto_charset_decoder_close(&t->decoder);
        mailproto_charset_decoder_init(&t->decoder, sizeof t->decoder);
        mailproto_charset_decoder_open(&t->decoder, "", 0, NULL);
    }
    t->charset = *charset;
    t->is_open = 1;
}

void mp_text_flush(mp_text *t)
{
    if (!t->is_open)
        return;
    drain(t, NULL, 0, 1);
    t->defects |= t->decoder.defects;
    mailproto_charset_decoder_close(&t->decoder);
    t->is_open = 0;
}

void mp_text_octets(mp_text *t, const mailproto_text *charset, const uint8_t *p, size_t n)
{
    if (t->is_open && (t->charset.len != charset->len || !mp_ascii_same(t->charset.ptr, charset->ptr, charset->len)))
        mp_text_flush(t);
    if (!t->is_open && t->result == MAILPROTO_OK)
        open_charset(t, charset);
    if (t->is_open && t->result == MAILPROTO_OK)
        drain(t, p, n, 0);
}

/* ---- text outside of words ---- */

void mp_text_raw(mp_text *t, const uint8_t *p, size_t n)
{
    static const mailproto_text undeclared = {"windows-1252", 12};

    if (!n)
        return;
    mp_text_flush(t);
    put_white(t);
    t->after_word = 0;
    for (size_t at = 0, begin; at < n;) {
        uint32_t seen = 0;

        for (begin = at; at < n && !(mp_header_class[p[at]] & MP_CLASS_FOLD); at++)
            seen |= mp_header_class[p[at]];
        if (seen & MP_CLASS_HIGH && !t->raw_is_utf8) {
            mp_text_octets(t, &undeclared, p + begin, at - begin);
            mp_text_flush(t);
        } else
            put_text(t, p + begin, at - begin);
        at = mp_skip_class(p, n, at, MP_CLASS_FOLD);
    }
}

/* ---- begin and end ---- */

void mp_text_begin(mp_text *t, char *out, size_t cap, const mailproto_charset_provider *provider, const void *whole,
                   size_t n)
{
    const uint8_t *p = whole;
    uint32_t seen = 0;

    memset(t, 0, offsetof(mp_text, decoder));
    t->o.out = (uint8_t *)out;
    t->o.cap = cap;
    t->provider = provider;
    for (size_t i = 0; i < n; i++)
        seen |= p[i];
    t->raw_is_utf8 = seen < 128 || mp_utf8_valid(p, n);
    if (!t->raw_is_utf8)
        t->defects |= BIT(EIGHT_BIT_HEADER);
}

int32_t mp_text_end(mp_text *t, size_t *made, uint64_t *defects)
{
    mp_text_flush(t);
    put_white(t);
    *made = t->o.made;
    if (defects)
        *defects |= t->defects;
    return t->result != MAILPROTO_OK ? t->result : mp_small_done(&t->o, made);
}

/* ---- the public calls ---- */

int32_t mailproto_mime_text_unfold(const void *in, size_t n, char *out, size_t cap, size_t *made)
{
    mailproto_text text = {(const char *)mp_octets(in), n};
    mp_text t;

    if ((!in && n) || (!out && cap) || !made)
        return MAILPROTO_ERR_ARG;
    mp_trim(&text);
    mp_text_begin(&t, out, cap, NULL, NULL, 0);
    for (size_t at = 0, begin; at < text.len;) {
        const uint8_t *p = (const uint8_t *)text.ptr;

        for (begin = at; at < text.len && !(mp_header_class[p[at]] & MP_CLASS_FOLD); at++)
            ;
        put_octets(&t, p + begin, at - begin);
        at = mp_skip_class(p, text.len, at, MP_CLASS_FOLD);
    }
    return mp_small_done(&t.o, made);
}

int32_t mailproto_mime_text_decode(const void *in, size_t n, const mailproto_charset_provider *provider, char *out,
                                   size_t cap, size_t *made, uint64_t *defects)
{
    mailproto_text text = {(const char *)mp_octets(in), n};
    mp_text t;

    if ((!in && n) || (!out && cap) || !made)
        return MAILPROTO_ERR_ARG;
    mp_trim(&text);
    mp_text_begin(&t, out, cap, provider, text.ptr, text.len);
    mp_text_words(&t, (const uint8_t *)text.ptr, text.len);
    return mp_text_end(&t, made, defects);
}
