/* saslprep.c - SASLprep: names and passwords that look alike become alike; what may not be in them is refused.
 * RFC 4013 section 2; RFC 3454 sections 3 to 7. */
#include "core/unicode.h"
#include "core/utf8.h"
#include "sasl/sasl.h"

struct text {
    char *out;
    size_t cap, made;
    int32_t result;
#ifndef MAILPROTO_NO_UNICODE
    uint32_t first, last; /* directions of these characters */
    uint32_t directions;  /* 1 << those that occur */
#endif
};

static void put_octet(struct text *t, char octet)
{
    if (t->made < t->cap)
        t->out[t->made] = octet;
    t->made++;
}

static int32_t finish(const struct text *t, size_t *made)
{
    *made = t->made;
    if (t->result)
        return t->result;
    if (!t->made)
        return MAILPROTO_ERR_ARG;
    return t->made > t->cap ? MAILPROTO_ERR_LIMIT : MAILPROTO_OK;
}

/* ASCII stays as it is; control characters are prohibited (RFC 3454 C.2.1). How many octets it was. */
static size_t prepare_ascii(struct text *t, const char *text, size_t len)
{
    size_t i = 0;

    for (; i < len && !(text[i] & 0x80); i++) {
        if ((uint8_t)text[i] < 0x20 || text[i] == 0x7f)
            t->result = MAILPROTO_ERR_ARG;
        put_octet(t, text[i]);
    }
    return i;
}

#ifndef MAILPROTO_NO_UNICODE

/* A character of the normal form: prohibited ones are looked for there (RFC 3454 5), and the directions (6). */
static void put(void *user, uint32_t c)
{
    struct text *t = user;
    mp_unicode_properties is = mp_unicode_of(c);
    uint8_t octets[4];
    size_t n = mp_utf8_write(octets, c);

    if (is.sasl == MP_SASL_PROHIBITED || is.sasl == MP_SASL_SPACE)
        t->result = MAILPROTO_ERR_ARG;
    if (!t->made)
        t->first = is.direction;
    t->last = is.direction;
    t->directions |= 1u << is.direction;
    for (size_t i = 0; i < n; i++)
        put_octet(t, (char)octets[i]);
}

/* RFC 3454 6: text from right to left has none from left to right, and begins and ends with a character of its own. */
static int directions_fit(const struct text *t)
{
    if (!(t->directions & 1u << MP_DIRECTION_RANDAL))
        return 1;
    return !(t->directions & 1u << MP_DIRECTION_L) && t->first == MP_DIRECTION_RANDAL && t->last == MP_DIRECTION_RANDAL;
}

/* A character of the text as it is: mapped (RFC 4013 2.1), and sent on to be normalised (2.2). */
static int32_t map(mp_unicode_normalizer *normalizer, uint32_t c, uint32_t query)
{
    uint32_t what = mp_unicode_of(c).sasl;

    if (what == MP_SASL_NOTHING)
        return MAILPROTO_OK;
    if (what == MP_SASL_UNASSIGNED && !query)
        return MAILPROTO_ERR_ARG;
    return mp_unicode_normalizer_take(normalizer, what == MP_SASL_SPACE ? ' ' : c);
}

static void prepare_all(struct text *t, const uint8_t *text, size_t len, uint32_t query)
{
    mp_unicode_normalizer normalizer;
    uint32_t c;

    normalizer.form = MP_NFKC;
    normalizer.put = put;
    normalizer.user = t;
    normalizer.n = 0;
    for (size_t at = 0, n; at < len; at += n) {
        n = mp_utf8_read(text + at, len - at, &c);
        if (!n || map(&normalizer, c, query)) {
            t->result = MAILPROTO_ERR_ARG;
            return;
        }
    }
    mp_unicode_normalizer_end(&normalizer);
    if (!directions_fit(t))
        t->result = MAILPROTO_ERR_ARG;
}

int32_t mailproto_sasl_saslprep(const char *text, size_t len, uint32_t query, char *out, size_t cap, size_t *made)
{
    struct text t = {out, cap, 0, MAILPROTO_OK, 0, 0, 0};

    if ((!text && len) || (!out && cap) || !made)
        return MAILPROTO_ERR_ARG;
    if (prepare_ascii(&t, text, len) < len) {
        t.made = 0;
        t.result = MAILPROTO_OK;
        prepare_all(&t, (const uint8_t *)text, len, query);
    }
    return finish(&t, made);
}

#else

int32_t mailproto_sasl_saslprep(const char *text, size_t len, uint32_t query, char *out, size_t cap, size_t *made)
{
    struct text t = {out, cap, 0, MAILPROTO_OK};

    (void)query;
    if ((!text && len) || (!out && cap) || !made)
        return MAILPROTO_ERR_ARG;
    if (prepare_ascii(&t, text, len) < len)
        t.result = mp_utf8_valid((const uint8_t *)text, len) ? MAILPROTO_ERR_UNSUPPORTED : MAILPROTO_ERR_ARG;
    return finish(&t, made);
}

#endif
