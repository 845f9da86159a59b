/* structure_open.c - the parts that are open, and whose boundary a line is.
 * RFC 2046 sections 5.1.1 and 5.1.2. */
#include <string.h>

#include "core/memory.h"
#include "mime/structure.h"

enum { OPEN_FIRST = 8, NAMES_FIRST = 256, FEW = 4 };

/* ---- boundaries by their hash ---- */

/* So many are open that they are not compared one by one. */
static int many(const mp_structure *s)
{
    return s->boundaries > FEW;
}

static uint32_t hash_of(const uint8_t *p, size_t n)
{
    const uint64_t factor = UINT64_C(0x9e3779b97f4a7c15);
    uint64_t hash = n * factor, word;

    for (; n >= sizeof word; p += sizeof word, n -= sizeof word) {
        memcpy(&word, p, sizeof word);
        hash = (hash ^ word) * factor;
        hash ^= hash >> 29;
    }
    word = 0;
    memcpy(&word, p, n);
    return (uint32_t)(((hash ^ word) * factor) >> 32);
}

static uint32_t *head_of(const mp_structure *s, uint32_t hash)
{
    return &s->heads[hash & (s->heads_cap - 1)];
}

static void chain(mp_structure *s, uint32_t position)
{
    mp_open *o = &s->open[position];
    uint32_t *head = head_of(s, o->hash);

    o->next = *head;
    *head = position + 1;
}

/* ---- open parts ---- */

/* As many places for boundaries as there are for parts; with more of them they are others. */
static int grow_heads(mp_structure *s)
{
    uint32_t *heads = mp_alloc_zero(s->memory, s->open_cap * sizeof *heads);

    if (!heads)
        return 0;
    mp_free(s->memory, s->heads, s->heads_cap * sizeof *heads);
    s->heads = heads;
    s->heads_cap = s->open_cap;
    for (uint32_t i = 0; i < s->open_n; i++)
        if (s->open[i].boundary_n)
            chain(s, i);
    return 1;
}

static int grow_open(mp_structure *s)
{
    const uint32_t cap = s->open_cap ? 2 * s->open_cap : OPEN_FIRST;
    mp_open *open = mp_resize(s->memory, s->open, s->open_cap * sizeof *open, cap * sizeof *open);

    if (!open)
        return 0;
    s->open = open;
    s->open_cap = cap;
    return 1;
}

int mp_structure_push(mp_structure *s, uint64_t begin)
{
    mp_open *o;

    if ((s->open_n == s->open_cap && !grow_open(s)) || (s->heads_cap < s->open_cap && !grow_heads(s)))
        return 0;
    o = &s->open[s->open_n];
    /* one by one: so little is zeroed slowly by what compilers make of memset */
    o->index = s->parts++;
    o->number = s->open_n ? ++s->open[s->open_n - 1].children : 1;
    o->children = o->flags = o->kind = o->digest = 0;
    o->boundary = o->boundary_n = o->hash = o->next = 0;
    o->begin = begin;
    o->body = o->end = o->lines = o->defects = 0;
    o->first = o->last = UINT64_MAX;
    s->open_n++;
    return 1;
}

void mp_structure_pop(mp_structure *s)
{
    mp_structure_drop_boundary(s, s->open_n - 1);
    s->open_n--;
}

/* ---- boundaries ---- */

uint8_t *mp_structure_boundary_room(mp_structure *s, uint32_t n)
{
    if (s->names_cap - s->names_n < n) {
        uint32_t cap = s->names_cap ? s->names_cap : NAMES_FIRST;
        uint8_t *names;

        while (cap - s->names_n < n)
            cap *= 2;
        names = mp_resize(s->memory, s->names, s->names_cap, cap);
        if (!names)
            return NULL;
        s->names = names;
        s->names_cap = cap;
    }
    return s->names + s->names_n;
}

void mp_structure_open_boundary(mp_structure *s)
{
    mp_open *o = mp_structure_top(s);

    o->boundary = s->names_n;
    o->boundary_n = s->content.boundary_n;
    s->names_n += o->boundary_n;
    o->hash = hash_of(s->names + o->boundary, o->boundary_n);
    chain(s, s->open_n - 1);
    s->boundaries++;
}

/* All that was opened behind it is closed: so it is the first of its chain, and its name the last of the names. */
void mp_structure_drop_boundary(mp_structure *s, uint32_t position)
{
    mp_open *o = &s->open[position];

    if (!o->boundary_n)
        return;
    *head_of(s, o->hash) = o->next;
    s->names_n = o->boundary;
    o->boundary_n = 0;
    s->boundaries--;
}

/* ---- lines ---- */

static int is_blank(uint8_t octet)
{
    return octet == ' ' || octet == '\t' || octet == '\r';
}

/* What stands behind a boundary in its line: perhaps "--", and blanks. */
static int read_tail(const uint8_t *p, size_t i, size_t n, int last, size_t *octets)
{
    int kind = MP_BOUNDARY_NEXT;

    if (n - i >= 2 && p[i] == '-' && p[i + 1] == '-') {
        kind = MP_BOUNDARY_LAST;
        i += 2;
    } else if (n - i == 1 && p[i] == '-' && !last) {
        return MP_BOUNDARY_UNKNOWN;
    }
    for (; i < n && i < MP_BOUNDARY_LINE_MAX; i++) {
        if (p[i] == '\n') {
            *octets = i + 1;
            return kind;
        }
        if (!is_blank(p[i]))
            return MP_BOUNDARY_NONE;
    }
    if (i == MP_BOUNDARY_LINE_MAX)
        return MP_BOUNDARY_NONE;
    *octets = n;
    return last ? kind : MP_BOUNDARY_UNKNOWN;
}

/* Few are open: compared one by one, innermost first. */
static int among_few(const mp_structure *s, const uint8_t *p, size_t n, int last, uint32_t *position, size_t *octets)
{
    uint32_t left = s->boundaries;

    for (uint32_t i = s->open_n; left && i-- > 0;) {
        const mp_open *o = &s->open[i];
        const size_t length = o->boundary_n;
        int kind;

        if (!length)
            continue;
        left--;
        if (n < 2 + length) {
            if (!last && memcmp(p + 2, s->names + o->boundary, n - 2) == 0)
                return MP_BOUNDARY_UNKNOWN;
            continue;
        }
        if (memcmp(p + 2, s->names + o->boundary, length) != 0)
            continue;
        kind = read_tail(p, 2 + length, n, last, octets);
        if (kind == MP_BOUNDARY_NONE)
            continue;
        *position = i;
        return kind;
    }
    return MP_BOUNDARY_NONE;
}

/* The innermost with this boundary, as position + 1; 0 if there is none. */
static uint32_t find(const mp_structure *s, const uint8_t *p, size_t n)
{
    const uint32_t hash = hash_of(p, n);

    for (uint32_t i = *head_of(s, hash); i; i = s->open[i - 1].next) {
        const mp_open *o = &s->open[i - 1];

        if (o->hash == hash && o->boundary_n == n && memcmp(s->names + o->boundary, p, n) == 0)
            return i;
    }
    return 0;
}

int mp_structure_is_open(const mp_structure *s)
{
    return s->boundaries && find(s, s->names + s->names_n, s->content.boundary_n);
}

static int among_many(const mp_structure *s, const uint8_t *p, size_t n, int last, uint32_t *position, size_t *octets)
{
    const size_t most = n < MP_BOUNDARY_LINE_MAX ? n : MP_BOUNDARY_LINE_MAX;
    const uint8_t *lf = memchr(p, '\n', most);
    size_t length = lf ? (size_t)(lf - p) : most;
    uint32_t next, close = 0;

    if (!lf && most == MP_BOUNDARY_LINE_MAX)
        return MP_BOUNDARY_NONE;
    if (!lf && !last)
        return MP_BOUNDARY_UNKNOWN;
    *octets = lf ? length + 1 : length;
    while (length > 2 && is_blank(p[length - 1]))
        length--;
    next = find(s, p + 2, length - 2);
    if (length >= 4 && p[length - 1] == '-' && p[length - 2] == '-')
        close = find(s, p + 2, length - 4);
    if (!next && !close)
        return MP_BOUNDARY_NONE;
    *position = (next > close ? next : close) - 1;
    return next > close ? MP_BOUNDARY_NEXT : MP_BOUNDARY_LAST;
}

int mp_structure_boundary(const mp_structure *s, const uint8_t *p, size_t n, int last, uint32_t *position,
                          size_t *octets)
{
    if (!s->boundaries)
        return MP_BOUNDARY_NONE;
    if (n < 2)
        return n && p[0] != '-' ? MP_BOUNDARY_NONE : last ? MP_BOUNDARY_NONE : MP_BOUNDARY_UNKNOWN;
    if (p[0] != '-' || p[1] != '-')
        return MP_BOUNDARY_NONE;
    return many(s) ? among_many(s, p, n, last, position, octets) : among_few(s, p, n, last, position, octets);
}
