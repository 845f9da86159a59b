/* address_literal.c - whether the inside of a domain literal is an address of version 4 or 6.
 * RFC 5321 section 4.1.3; RFC 4291 section 2.2; RFC 5952 section 4.2.2. */
#include "mime/address_literal.h"
#include "core/ascii.h"
#include "mailproto/mime_header.h"

#define VERDICT(name) MAILPROTO_MIME_VERDICT_##name

enum { GROUPS = 8 };

/* Where the dotted address of version 4 that the text ends with begins; n if it ends with none. */
static size_t find_v4(const uint8_t *p, size_t n)
{
    size_t at = n;

    for (int part = 0; part < 4; part++) {
        size_t end = at, value = 0;

        while (at && end - at < 3 && mp_ascii_is_digit(p[at - 1]))
            at--;
        for (size_t i = at; i < end; i++)
            value = value * 10 + (size_t)(p[i] - '0');
        if (at == end || value > 255)
            return n;
        if (part < 3 && (!at || p[--at] != '.'))
            return n;
    }
    return at && mp_ascii_is_alnum(p[at - 1]) ? n : at;
}

/* Groups of an address of version 6: how many there are, and what is wrong with them. */
struct groups {
    size_t count, elisions, elision;
    int bad;
};

static void count_groups(const uint8_t *p, size_t n, struct groups *g)
{
    size_t digits = 0;

    *g = (struct groups){1, 0, 0, 0};
    for (size_t i = 0; i < n; i++) {
        if (p[i] == ':') {
            g->count++;
            digits = 0;
            if (i + 1 < n && p[i + 1] == ':') {
                g->elision = i;
                g->elisions++;
            }
        } else if (mp_ascii_hex_value(p[i]) < 0 || ++digits > 4)
            g->bad = 1;
    }
}

static uint32_t worse(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

static uint32_t check_v6(const uint8_t *p, size_t n, size_t v4)
{
    uint32_t verdict = VERDICT(LITERAL);
    struct groups g;

    /* an address of version 4 at the end stands for two groups */
    count_groups(p, v4 < n ? v4 : n, &g);
    if (v4 < n)
        g.count++;
    if (!g.elisions) {
        if (g.count != GROUPS)
            verdict = VERDICT(LITERAL_V6_GROUPS);
    } else if (g.elisions > 1)
        verdict = VERDICT(LITERAL_V6_ELISIONS);
    else {
        size_t most = g.elision == 0 || g.elision + 2 == n ? GROUPS + 1 : GROUPS;

        if (g.count > most)
            verdict = VERDICT(LITERAL_V6_MANY);
        else if (g.count == most)
            verdict = VERDICT(LITERAL_V6_OLD);
    }
    if (n && p[0] == ':' && (n < 2 || p[1] != ':'))
        return worse(verdict, VERDICT(LITERAL_V6_COLON_FIRST));
    if (n && p[n - 1] == ':' && (n < 2 || p[n - 2] != ':'))
        return worse(verdict, VERDICT(LITERAL_V6_COLON_LAST));
    return g.bad ? worse(verdict, VERDICT(LITERAL_V6_OCTET)) : verdict;
}

uint32_t mp_address_literal_check(const uint8_t *p, size_t n)
{
    size_t tag = mp_ascii_begins(p, n, "IPv6:"), v4 = find_v4(p + tag, n - tag);

    if (!tag)
        return n && v4 == 0 ? VERDICT(LITERAL) : VERDICT(LITERAL_OTHER);
    return check_v6(p + tag, n - tag, v4);
}
