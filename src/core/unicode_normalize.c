/* Normal forms of UTF-8: a character and the marks upon it at a time.
   Unicode annex 15; RFC 5891 section 4.1 (NFC), RFC 4013 section 2.2 (NFKC). */
#include "mailproto/base.h"

#include "core/unicode.h"
#include "core/utf8.h"

#ifndef MAILPROTO_NO_UNICODE

typedef mp_unicode_normalizer segment;

/* A mark joins the first character, unless one of the same or a higher class stands between (D117). */
static void compose(segment *s)
{
    size_t kept = 1;
    uint8_t before = 0;

    if (s->n < 2 || s->combining[0])
        return;
    for (size_t i = 1; i < s->n; i++) {
        uint32_t composed = kept == 1 || before < s->combining[i] ? mp_unicode_compose(s->c[0], s->c[i]) : 0;

        if (composed) {
            s->c[0] = composed;
            continue;
        }
        before = s->combining[i];
        s->c[kept] = s->c[i];
        s->combining[kept++] = before;
    }
    s->n = kept;
}

static void flush(segment *s)
{
    for (size_t i = 0; i < s->n; i++)
        s->put(s->user, s->c[i]);
    s->n = 0;
}

static int take(segment *s, uint32_t c)
{
    uint8_t combining = mp_unicode_combining_class(c);
    size_t at;

    if (!combining) {
        uint32_t composed = 0;

        if (!(s->form & MP_NORMAL_DECOMPOSED)) {
            compose(s);
            composed = s->n == 1 && !s->combining[0] ? mp_unicode_compose(s->c[0], c) : 0;
        }
        if (composed) {
            s->c[0] = composed;
            return 1;
        }
        flush(s);
    }
    if (s->n > MP_UNICODE_MARKS)
        return 0;
    for (at = s->n++; at && s->combining[at - 1] > combining; at--) {
        s->c[at] = s->c[at - 1];
        s->combining[at] = s->combining[at - 1];
    }
    s->c[at] = c;
    s->combining[at] = combining;
    return 1;
}

int32_t mp_unicode_normalizer_take(mp_unicode_normalizer *normalizer, uint32_t c)
{
    uint32_t whole[MP_UNICODE_DECOMPOSED];
    size_t characters = mp_unicode_decompose(c, normalizer->form & MP_NORMAL_COMPATIBILITY, whole);

    for (size_t i = 0; i < characters; i++)
        if (!take(normalizer, whole[i]))
            return MAILPROTO_ERR_ARG;
    return MAILPROTO_OK;
}

void mp_unicode_normalizer_end(mp_unicode_normalizer *normalizer)
{
    if (!(normalizer->form & MP_NORMAL_DECOMPOSED))
        compose(normalizer);
    flush(normalizer);
}

/* ---- of UTF-8 ---- */

struct octets {
    uint8_t *out;
    size_t cap, made;
};

static void put_octets(void *user, uint32_t c)
{
    struct octets *to = user;
    uint8_t octets[4];
    size_t n = mp_utf8_write(octets, c);

    for (size_t i = 0; i < n; i++, to->made++)
        if (to->made < to->cap)
            to->out[to->made] = octets[i];
}

int32_t mp_unicode_normalize(uint32_t form, const uint8_t *in, size_t n, uint8_t *out, size_t cap, size_t *made)
{
    struct octets to = {out, cap, 0};
    mp_unicode_normalizer normalizer;
    uint32_t c;

    normalizer.form = form;
    normalizer.put = put_octets;
    normalizer.user = &to;
    normalizer.n = 0;
    for (size_t at = 0; at < n;) {
        size_t octets = mp_utf8_read(in + at, n - at, &c);

        if (!octets)
            return MAILPROTO_ERR_ARG;
        at += octets;
        if (mp_unicode_normalizer_take(&normalizer, c))
            return MAILPROTO_ERR_ARG;
    }
    mp_unicode_normalizer_end(&normalizer);
    *made = to.made;
    return to.made > cap ? MAILPROTO_ERR_LIMIT : MAILPROTO_OK;
}

#else
/* A build without the table has none of this; a file may not be empty (C11 6.9). */
typedef int mp_unicode_normalize_left_out;
#endif
