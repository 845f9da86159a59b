/* idna.c - domain names as ASCII and as Unicode, label by label, and whether two are the same.
 * RFC 5891 sections 4 and 5, RFC 5890 section 2.3, RFC 5893 section 3. */
#include <string.h>

#include "core/ascii.h"
#include "core/unicode_table.h"
#include "core/utf8.h"
#include "mailproto/mime_idna.h"
#include "mime/idna_label.h"
#include "mime/punycode.h"
#include "mime/small.h"

const char *mailproto_unicode_version(void)
{
#ifdef MAILPROTO_NO_UNICODE
    return NULL;
#else
    return mp_unicode_version;
#endif
}

/* ---- cutting ---- */

/* The dots of RFC 3490 section 3.1, which RFC 5895 keeps: octets of the one at p, or 0. */
static size_t dot_at(const char *p, size_t n)
{
    if (*p == '.')
        return 1;
    return n >= 3 && (!memcmp(p, "\xe3\x80\x82", 3) || !memcmp(p, "\xef\xbc\x8e", 3) || !memcmp(p, "\xef\xbd\xa1", 3))
               ? 3
               : 0;
}

/* The label that `in` begins with; *dot is how many octets end it. */
static size_t label_at(const char *in, size_t n, size_t *dot)
{
    size_t at = 0;

    for (*dot = 0; at < n; at++) {
        *dot = dot_at(in + at, n - at);
        if (*dot)
            break;
    }
    return at;
}

/* ---- one label ---- */

typedef struct label {
    char ascii[MAILPROTO_IDNA_LABEL];
    size_t n;
    uint32_t direction; /* MP_IDNA_... */
} label;

/* A label of ASCII that is not the form of another. */
static int32_t take_ascii(label *l, const char *in, size_t n, uint32_t flags)
{
    int strict = (flags & MAILPROTO_IDNA_LDH) != 0;

    if (!n || n > sizeof l->ascii || mp_ascii_span(in, n, strict ? MP_LDH : MP_LDH | MP_UNDERSCORE) < n ||
        (strict && (in[0] == '-' || in[n - 1] == '-')))
        return MAILPROTO_ERR_ARG;
    memcpy(l->ascii, in, n);
    l->n = n;
    return MAILPROTO_OK;
}

#ifdef MAILPROTO_NO_UNICODE

static int32_t take_label(label *l, const char *in, size_t n, uint32_t flags)
{
    l->direction = 0;
    for (size_t i = 0; i < n; i++)
        if ((uint8_t)in[i] > 127)
            return MAILPROTO_ERR_UNSUPPORTED;
    return take_ascii(l, in, n, flags);
}

static int show_label(mp_small_out *o, const char *in, size_t n)
{
    (void)o;
    (void)in;
    (void)n;
    return 0;
}

#else

enum { PREFIX = 4 }; /* xn-- */

static int is_prefixed(const char *in, size_t n)
{
    return mp_ascii_begins(in, n, "xn--") != 0;
}

static int32_t encode(label *l, const uint32_t *c, size_t n)
{
    if (!mp_idna_is_valid(c, n))
        return MAILPROTO_ERR_ARG;
    memcpy(l->ascii, "xn--", PREFIX);
    l->n = mp_punycode_encode(c, n, l->ascii + PREFIX, sizeof l->ascii - PREFIX);
    if (!l->n || l->n > sizeof l->ascii - PREFIX)
        return MAILPROTO_ERR_ARG;
    l->n += PREFIX;
    l->direction = mp_idna_direction(c, n);
    return MAILPROTO_OK;
}

/* The characters of an A-label. It must be what these become, RFC 5890 2.3.2.1. OK; ERR_ARG: it is none. */
static int32_t decode(label *l, const char *in, size_t n, uint32_t *c, size_t *characters)
{
    uint8_t text[4 * MP_IDNA_CHARACTERS];
    char lower[MAILPROTO_IDNA_LABEL];
    uint32_t all = 0;
    size_t octets = 0, same;

    if (n > sizeof lower)
        return MAILPROTO_ERR_ARG;
    for (size_t i = 0; i < n; i++)
        lower[i] = (char)mp_ascii_lower(in[i]);
    if (mp_punycode_decode(lower + PREFIX, n - PREFIX, c, MP_IDNA_CHARACTERS, characters))
        return MAILPROTO_ERR_ARG;
    for (size_t i = 0; i < *characters; i++) {
        octets += mp_utf8_write(text + octets, c[i]);
        all |= c[i];
    }
    if (all < 128 || mp_idna_read(text, octets, c, &same) || encode(l, c, same) || l->n != n ||
        memcmp(l->ascii, lower, n) != 0)
        return MAILPROTO_ERR_ARG;
    return MAILPROTO_OK;
}

static int32_t take_prefixed(label *l, const char *in, size_t n)
{
    uint32_t c[MP_IDNA_CHARACTERS];
    size_t characters;

    if (decode(l, in, n, c, &characters))
        return MAILPROTO_ERR_ARG;
    memcpy(l->ascii, in, n); /* its case is kept */
    return MAILPROTO_OK;
}

static int32_t take_plain(label *l, const uint32_t *c, size_t n, uint32_t flags)
{
    char ascii[MP_IDNA_CHARACTERS];

    for (size_t i = 0; i < n; i++)
        ascii[i] = (char)c[i];
    if (is_prefixed(ascii, n))
        return take_prefixed(l, ascii, n);
    l->direction = mp_idna_direction(c, n);
    return take_ascii(l, ascii, n, flags);
}

static int32_t take_label(label *l, const char *in, size_t n, uint32_t flags)
{
    uint32_t c[MP_IDNA_CHARACTERS], all = 0;
    size_t characters;
    int32_t result;

    if (n > MP_IDNA_OCTETS)
        return MAILPROTO_ERR_ARG;
    for (size_t i = 0; i < n; i++)
        all |= (uint8_t)in[i];
    if (all < 128 || flags & MAILPROTO_IDNA_STRICT)
        result = mp_idna_read((const uint8_t *)in, n, c, &characters);
    else
        result = mp_idna_map((const uint8_t *)in, n, c, &characters);
    if (result)
        return result;
    all = 0;
    for (size_t i = 0; i < characters; i++)
        all |= c[i];
    return all < 128 ? take_plain(l, c, characters, flags) : encode(l, c, characters);
}

/* Writes an A-label as Unicode. 0: it is none. */
static int show_label(mp_small_out *o, const char *in, size_t n)
{
    uint32_t c[MP_IDNA_CHARACTERS];
    uint8_t octets[4];
    size_t characters, octets_n;
    label l;

    if (!is_prefixed(in, n) || decode(&l, in, n, c, &characters) ||
        l.direction == (MP_IDNA_RIGHT_TO_LEFT | MP_IDNA_AGAINST_RULE))
        return 0;
    for (size_t i = 0; i < characters; i++) {
        octets_n = mp_utf8_write(octets, c[i]);
        for (size_t k = 0; k < octets_n; k++)
            mp_small_put(o, octets[k]);
    }
    return 1;
}

#endif

/* ---- names ---- */

static void put_all(mp_small_out *o, const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        mp_small_put(o, (uint8_t)p[i]);
}

int32_t mailproto_idna_to_ascii(const char *in, size_t n, uint32_t flags, char *out, size_t cap, size_t *made)
{
    mp_small_out o = {(uint8_t *)out, cap, 0};
    uint32_t direction = 0;
    size_t dot, octets, name = 0;

    if (!in || !n || (!out && cap) || !made || n > MAILPROTO_IDNA_UTF8)
        return MAILPROTO_ERR_ARG;
    for (size_t at = 0; at < n; at += octets + dot) {
        label l = {{0}, 0, 0};
        int32_t result;

        octets = label_at(in + at, n - at, &dot);
        result = take_label(&l, in + at, octets, flags);
        if (result)
            return result;
        direction |= l.direction;
        put_all(&o, l.ascii, l.n);
        name = o.made;
        if (dot)
            mp_small_put(&o, '.');
    }
    /* RFC 5893 section 3: the rule is for every label of a name with one that is right-to-left */
    if (name > MAILPROTO_IDNA_DOMAIN || (direction & MP_IDNA_RIGHT_TO_LEFT && direction & MP_IDNA_AGAINST_RULE))
        return MAILPROTO_ERR_ARG;
    return mp_small_done(&o, made);
}

int32_t mailproto_idna_to_unicode(const char *in, size_t n, char *out, size_t cap, size_t *made)
{
    mp_small_out o = {(uint8_t *)out, cap, 0};
    size_t dot, octets;

    if (!in || !n || (!out && cap) || !made || n > MAILPROTO_IDNA_UTF8)
        return MAILPROTO_ERR_ARG;
    for (size_t at = 0; at < n; at += octets + dot) {
        octets = label_at(in + at, n - at, &dot);
        if (!show_label(&o, in + at, octets))
            put_all(&o, in + at, octets);
        put_all(&o, in + at + octets, dot);
    }
    return mp_small_done(&o, made);
}

int32_t mailproto_idna_same(const char *a, size_t a_n, const char *b, size_t b_n)
{
    char a_ascii[MAILPROTO_IDNA_DOMAIN + 1], b_ascii[MAILPROTO_IDNA_DOMAIN + 1];
    size_t a_made, b_made;

    if (!a || !b)
        return 0;
    if (a_n == b_n && mp_ascii_same(a, b, a_n))
        return 1;
    if (mailproto_idna_to_ascii(a, a_n, 0, a_ascii, sizeof a_ascii, &a_made) ||
        mailproto_idna_to_ascii(b, b_n, 0, b_ascii, sizeof b_ascii, &b_made))
        return 0;
    a_made -= a_ascii[a_made - 1] == '.';
    b_made -= b_ascii[b_made - 1] == '.';
    return a_made == b_made && mp_ascii_same(a_ascii, b_ascii, a_made);
}
