/* imap_names.c - HEADER.FIELDS (...) and HEADER.FIELDS.NOT (...): the fields of a header that a list of names picks.
 * RFC 3501 section 6.4.5 and section 9 (header-list). */
#include "mime/imap_names.h"

#include "core/ascii.h"

/* A name, without quotes. */
typedef struct name {
    const uint8_t *p;
    size_t n;
    int escaped; /* it has backslashes */
} name;

/* ---- the list ---- */

/* Reads a quoted string from behind its quote on. Gives the place behind it, 0: it is not closed. */
static size_t read_quoted(const uint8_t *p, size_t n, size_t at, name *out)
{
    const size_t begin = at;

    for (; at < n && p[at] != '"'; at++)
        if (p[at] == '\\') {
            out->escaped = 1;
            at++;
        }
    if (at >= n)
        return 0;
    *out = (name){p + begin, at - begin, out->escaped};
    return at + 1;
}

/* {n} or {n+}, CRLF, and n octets. */
static size_t read_literal(const uint8_t *p, size_t n, size_t at, name *out)
{
    uint64_t octets;
    const size_t digits = mp_ascii_read_decimal(p + at, n - at, &octets);

    at += digits;
    if (at < n && p[at] == '+')
        at++;
    if (!digits || n - at < 3 || memcmp(p + at, "}\r\n", 3) != 0 || octets > n - at - 3)
        return 0;
    *out = (name){p + at + 3, (size_t)octets, 0};
    return at + 3 + (size_t)octets;
}

static size_t read_atom(const uint8_t *p, size_t n, size_t at, name *out)
{
    const size_t begin = at;

    while (at < n && mp_ascii_is_vchar(p[at]) && !memchr("(){\"\\%*", p[at], 7))
        at++;
    *out = (name){p + begin, at - begin, 0};
    return at == begin ? 0 : at;
}

/* The name at `at`. Gives the place behind it, 0: there is none. */
static size_t read_name(const uint8_t *p, size_t n, size_t at, name *out)
{
    out->escaped = 0;
    if (at < n && p[at] == '"')
        return read_quoted(p, n, at + 1, out);
    if (at < n && p[at] == '{')
        return read_literal(p, n, at + 1, out);
    return read_atom(p, n, at, out);
}

/* Steps from one name to the next; *at is 0 before the first. 0: there are no more. */
static int next_name(const mailproto_text *list, size_t *at, name *out)
{
    const uint8_t *p = (const uint8_t *)list->ptr;

    if (*at)
        ++*at; /* the blank between */
    if (*at >= list->len)
        return 0;
    *at = read_name(p, list->len, *at, out);
    return *at != 0;
}

/* A name that has no number is looked for by its text, but not in fields that the filter tells apart. */
static uint64_t filter_bit(const uint8_t *p, size_t n)
{
    return UINT64_C(1) << ((n * 7 + (n ? (size_t)mp_ascii_lower(p[0]) * 3 + (size_t)mp_ascii_lower(p[n - 1]) : 0)) &
                           63);
}

int32_t mp_imap_names_read(mailproto_mime_imap_section *s)
{
    const uint8_t *p = (const uint8_t *)s->names.ptr;
    const size_t n = s->names.len;
    size_t at = 0;
    name one;

    for (;; at++) {
        uint32_t id;

        at = read_name(p, n, at, &one);
        if (!at || at == n)
            return MAILPROTO_ERR_PROTOCOL;
        id = one.escaped ? 0 : mailproto_mime_field_id((const char *)one.p, one.n);
        if (id)
            s->ids |= UINT64_C(1) << id;
        else
            s->others |= one.escaped ? UINT64_MAX : filter_bit(one.p, one.n);
        if (p[at] == ')')
            break;
        if (p[at] != ' ')
            return MAILPROTO_ERR_PROTOCOL;
    }
    if (at + 1 != n)
        return MAILPROTO_ERR_PROTOCOL;
    s->names.len = at;
    return MAILPROTO_OK;
}

/* ---- fields ---- */

static int is_same(const name *a, const uint8_t *p, size_t n)
{
    size_t at = 0;

    if (!a->escaped)
        return a->n == n && mp_ascii_same(a->p, p, n);
    for (size_t i = 0; i < a->n; i++, at++) {
        if (a->p[i] == '\\')
            i++;
        if (at >= n || mp_ascii_lower(a->p[i]) != mp_ascii_lower(p[at]))
            return 0;
    }
    return at == n;
}

/* Whether a field is in the list. */
static int is_listed(const mailproto_mime_imap_section *s, const mp_field *f)
{
    const uint8_t *p = s->tree->message + f->begin;
    size_t at = 0;
    name one;

    if (s->ids >> f->id & 1)
        return 1;
    if (s->others != UINT64_MAX && (f->id || !(s->others & filter_bit(p, f->name_n))))
        return 0;
    while (s->others && next_name(&s->names, &at, &one))
        if (is_same(&one, p, f->name_n))
            return 1;
    return 0;
}

/* What ends the fields: an empty line, and before it the end of the last field if the message ends inside of it. */
static mailproto_text empty_line(int has_end)
{
    return has_end ? (mailproto_text){"\r\n", 2} : (mailproto_text){"\r\n\r\n", 4};
}

/* s->at is the next field, s->tail 0 before the empty line, which needs to end a field first if it is 2. */
int32_t mp_imap_names_next(mailproto_mime_imap_section *s, mailproto_text *piece)
{
    const mp_tree_part *part = &s->tree->parts[s->part];
    const mp_field *fields = s->tree->fields + part->field;
    const int wanted = s->what == MAILPROTO_MIME_IMAP_FIELDS;
    uint64_t begin = 0, end = 0;

    if (s->tail == 1)
        return MAILPROTO_MIME_END;
    for (; s->at < part->fields; s->at++) {
        const mp_field *f = &fields[s->at];

        if (end && f->begin != end)
            break;
        if (is_listed(s, f) == wanted) {
            begin = end ? begin : f->begin;
            end = f->begin + f->octets;
        } else if (end)
            break;
    }
    if (end) {
        s->tail = s->tree->message[end - 1] == '\n' ? 0 : 2;
        *piece = (mailproto_text){(const char *)s->tree->message + begin, (size_t)(end - begin)};
        return MAILPROTO_OK;
    }
    *piece = empty_line(s->tail != 2);
    s->tail = 1;
    return MAILPROTO_OK;
}

void mp_imap_names_count(mailproto_mime_imap_section *s)
{
    mailproto_mime_imap_section all = *s;
    mailproto_text piece;

    s->octets = s->lines = 0;
    while (mp_imap_names_next(&all, &piece) == MAILPROTO_OK) {
        const char *at = piece.ptr, *end = piece.ptr + piece.len;

        s->octets += piece.len;
        while (at < end && (at = memchr(at, '\n', (size_t)(end - at))) != NULL) {
            s->lines++;
            at++;
        }
    }
}
