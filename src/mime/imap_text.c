/* imap_text.c - strings as IMAP writes them: quoted, literals, NIL; values of fields.
 * RFC 3501 sections 4.3 and 9 (string, quoted, literal); RFC 9051 section 9 (UTF-8 in quoted strings). */
#include "core/ascii.h"
#include "core/utf8.h"
#include "mime/header_scan.h"
#include "mime/imap.h"

/* Most texts are short: as two pieces that may overlap they cost no call. */
static void copy(uint8_t *to, const uint8_t *p, size_t n)
{
    if (n > 16) {
        memcpy(to, p, n);
    } else if (n >= 8) {
        memcpy(to, p, 8);
        memcpy(to + n - 8, p + n - 8, 8);
    } else if (n >= 4) {
        memcpy(to, p, 4);
        memcpy(to + n - 4, p + n - 4, 4);
    } else if (n) {
        to[0] = p[0];
        to[n / 2] = p[n / 2];
        to[n - 1] = p[n - 1];
    }
}

void mp_imap_put(mp_imap_out *o, const void *p, size_t n)
{
    if (n <= o->cap && o->made <= o->cap - n)
        copy(o->out + o->made, p, n);
    o->made += n;
}

void mp_imap_number(mp_imap_out *o, uint64_t number)
{
    uint8_t digits[MP_ASCII_DECIMAL_MAX];

    mp_imap_put(o, digits, mp_ascii_write_decimal(digits, number));
}

/* ---- strings ---- */

#define EACH(octet) (UINT64_C(0x0101010101010101) * (octet))

/* Whether one of eight octets is a control, above 127, a quote or a backslash. */
static int is_rough(uint64_t x)
{
    const uint64_t quote = x ^ EACH('"'), escape = x ^ EACH('\\');

    return (((x - EACH(0x20)) | (quote - EACH(1)) | (escape - EACH(1)) | x) & EACH(0x80)) != 0;
}

/* Whether the text stands for itself between quotes. */
static int is_plain(const uint8_t *p, size_t n)
{
    uint64_t x = EACH(' ');
    size_t at = 0;

    for (; n - at >= 8; at += 8) {
        memcpy(&x, p + at, 8);
        if (is_rough(x))
            return 0;
    }
    if (n >= 8) {
        memcpy(&x, p + n - 8, 8); /* the last ones, some of them again */
        return !is_rough(x);
    }
    for (x = EACH(' '); at < n; at++)
        x = x << 8 | p[at];
    return !is_rough(x);
}

/* The next octet that is kept; n: there is none. NUL may be in no string at all, and with CR and LF a field was folded. */
static size_t next_kept(const uint8_t *p, size_t n, size_t at, uint32_t how)
{
    for (; at < n; at++) {
        const uint32_t class = mp_header_class[p[at]];

        if (!p[at] || class & MP_CLASS_FOLD || (how & MP_IMAP_NO_BLANKS && class & MP_CLASS_BLANK))
            continue;
        if (how & MP_IMAP_UNESCAPE && p[at] == '\\' && at + 1 < n && mp_header_class[p[at + 1]] & MP_CLASS_ESCAPE)
            return at + 1;
        break;
    }
    return at;
}

static void put_rough(mp_imap_out *o, const uint8_t *p, size_t n, uint32_t how)
{
    uint32_t seen = 0;
    size_t kept = 0;

    for (size_t at = next_kept(p, n, 0, how); at < n; at = next_kept(p, n, at + 1, how)) {
        seen |= mp_header_class[p[at]];
        kept++;
    }
    if (seen & MP_CLASS_HIGH && !(o->flags & MAILPROTO_MIME_IMAP_REV2 && mp_utf8_valid(p, n))) {
        MP_IMAP_PUT(o, "{");
        mp_imap_number(o, kept);
        MP_IMAP_PUT(o, "}\r\n");
        for (size_t at = next_kept(p, n, 0, how); at < n; at = next_kept(p, n, at + 1, how))
            mp_imap_put(o, p + at, 1);
        return;
    }
    MP_IMAP_PUT(o, "\"");
    for (size_t at = next_kept(p, n, 0, how); at < n; at = next_kept(p, n, at + 1, how)) {
        if (mp_header_class[p[at]] & MP_CLASS_ESCAPE)
            MP_IMAP_PUT(o, "\\");
        mp_imap_put(o, p + at, 1);
    }
    MP_IMAP_PUT(o, "\"");
}

void mp_imap_string(mp_imap_out *o, const uint8_t *p, size_t n, uint32_t how)
{
    if (how & MP_IMAP_NO_BLANKS || !is_plain(p, n)) {
        put_rough(o, p, n, how);
    } else if (n + 2 <= o->cap && o->made <= o->cap - n - 2) {
        uint8_t *to = o->out + o->made;

        *to = '"';
        copy(to + 1, p, n);
        to[n + 1] = '"';
        o->made += n + 2;
    } else {
        o->made += n + 2;
    }
}

/* ---- values of fields ---- */

uint32_t mp_imap_first(const mailproto_mime_tree *tree, const mp_tree_part *part, uint32_t id)
{
    uint32_t n = part->known[id];

    if (n == UINT16_MAX)
        while (tree->fields[part->field + n].id != id)
            n++;
    return n;
}

mailproto_text mp_imap_value(const mailproto_mime_tree *tree, const mp_tree_part *part, uint32_t id)
{
    const mp_field *f;

    if (!mp_imap_has(part, id))
        return (mailproto_text){"", 0};
    f = &tree->fields[part->field + mp_imap_first(tree, part, id)];
    return (mailproto_text){(const char *)tree->message + f->begin + f->value, f->value_n};
}

void mp_imap_field(mp_imap_out *o, const mailproto_mime_tree *tree, const mp_tree_part *part, uint32_t id, uint32_t how)
{
    const mailproto_text value = mp_imap_value(tree, part, id);
    const uint8_t *p = (const uint8_t *)value.ptr;
    const size_t begin = mp_skip_blanks(p, value.len, 0);

    if (mp_imap_has(part, id))
        mp_imap_string(o, p + begin, mp_trim_end(p, begin, value.len) - begin, how);
    else
        MP_IMAP_PUT(o, "NIL");
}
