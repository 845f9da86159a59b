/* tnef.c - the attachments of TNEF: attributes, and the properties in those of attachments.
 * MS-TNEF sections 2.1 (attributes) and 2.1.3.4 (properties), MS-OXPROPS section 2 (their numbers). */
#include "mailproto/mime_tnef.h"

#include <string.h>

#include "core/ascii.h"
#include "core/memory.h"

enum { SIGNATURE_AND_KEY = 6, LEVEL_ATTACHMENT = 2, BEFORE_DATA = 9, CHECKSUM = 2 };

/* Attributes. */
enum {
    ATTACH_DATA = 0x800f,
    ATTACH_TITLE = 0x8010,
    ATTACH_REND = 0x9002,
    ATTACH_PROPERTIES = 0x9005,
    CODEPAGE = 0x9007
};

/* Properties. */
enum {
    DATA = 0x3701,
    FILE_NAME = 0x3704,
    LONG_FILE_NAME = 0x3707,
    TYPE = 0x370e,
    CONTENT_ID = 0x3712,
    FIRST_NAMED = 0x8000
};

/* Types of properties. */
enum { OBJECT = 0x0d, STRING8 = 0x1e, UNICODE_STRING = 0x1f, BINARY = 0x102, MULTIPLE = 0x1000, IID = 16 };

enum { UTF8_CODEPAGE = 65001 };

static const uint8_t signature[] = {0x78, 0x9f, 0x3e, 0x22};
/* the interface identifier of a message that is attached, 00020307-0000-0000-C000-000000000046 */
static const uint8_t message_iid[IID] = {0x07, 0x03, 0x02, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0x46};

/* What is read; a step beyond the end makes it broken, and gives nothing from then on. */
typedef struct reader {
    const uint8_t *p, *end;
    int is_broken;
} reader;

static const uint8_t *take(reader *r, size_t n)
{
    const uint8_t *p = r->p;

    if (r->is_broken || n > (size_t)(r->end - r->p)) {
        r->is_broken = 1;
        return NULL;
    }
    r->p += n;
    return p;
}

static uint32_t number_at(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static uint32_t take_number(reader *r)
{
    const uint8_t *p = take(r, 4);

    return p ? number_at(p) : 0;
}

/* A value of so many octets, which is filled up to a multiple of four. What is missing at the end is no loss. */
static mailproto_text take_value(reader *r, size_t n)
{
    const uint8_t *p = take(r, n);
    const size_t filled = (4 - n % 4) % 4;

    if (!p)
        return (mailproto_text){0};
    if (filled <= (size_t)(r->end - r->p))
        r->p += filled;
    else
        r->p = r->end;
    return (mailproto_text){(const char *)p, n};
}

/* ---- properties ---- */

/* Octets of a value of a type that has always the same; 0: it has not. *is_known: the type is one of MS-OXCDATA 2.11.1. */
static size_t size_of(uint32_t type, int *is_known)
{
    static const uint8_t sizes[] = {0, 0, 4, 4, 4, 8, 8, 8, 0, 0, 4, 4};

    *is_known = 1;
    if (type < sizeof sizes && sizes[type])
        return sizes[type];
    if (type == 0x14 || type == 0x40)
        return 8;
    if (type == 0x48)
        return 16;
    *is_known = type == 1 || type == OBJECT || type == STRING8 || type == UNICODE_STRING || type == BINARY;
    return 0;
}

static void pass_name(reader *r)
{
    take(r, IID);
    if (take_number(r))
        take_value(r, take_number(r));
    else
        take(r, 4);
}

/* The value of a property, the first one if it has several. */
static mailproto_text read_values(reader *r, uint32_t type)
{
    int is_known;
    const size_t size = size_of(type & ~(uint32_t)MULTIPLE, &is_known);
    const int is_counted = type & MULTIPLE || !size;
    mailproto_text first = {0};

    if (!is_known)
        r->is_broken = 1;
    if (r->is_broken || type == 1)
        return first;
    for (uint32_t i = 0, count = is_counted ? take_number(r) : 1; i < count && !r->is_broken; i++) {
        const mailproto_text value = take_value(r, size ? size : take_number(r));

        if (!i)
            first = value;
    }
    return first;
}

/* Without NULs at its end, which a string of UTF-16 has in pairs. */
static mailproto_text string(mailproto_text value, uint32_t type)
{
    const size_t width = type == UNICODE_STRING ? 2 : 1;

    value.len -= value.len % width;
    while (value.len && !value.ptr[value.len - 1] && !value.ptr[value.len - width])
        value.len -= width;
    return value;
}

/* has_long: `name` is the long one, which counts. */
static void see_property(mailproto_tnef_attachment *a, uint32_t type, uint32_t id, mailproto_text value, int *has_long)
{
    if (id == DATA && (type == OBJECT || type == BINARY)) {
        const int is_object = type == OBJECT && value.len >= IID;

        if (a->flags & MAILPROTO_TNEF_DATA && a->data.len)
            return;
        if (is_object && !memcmp(value.ptr, message_iid, IID))
            a->flags |= MAILPROTO_TNEF_MESSAGE;
        a->data = is_object ? (mailproto_text){value.ptr + IID, value.len - IID} : value;
        a->flags |= MAILPROTO_TNEF_DATA;
        return;
    }
    if (type != STRING8 && type != UNICODE_STRING)
        return;
    value = string(value, type);
    if (id == TYPE && type == STRING8)
        a->type = value;
    else if (id == CONTENT_ID && type == STRING8)
        a->content_id = value;
    else if (value.len && (id == LONG_FILE_NAME || (id == FILE_NAME && !*has_long && !a->name.len))) {
        *has_long |= id == LONG_FILE_NAME;
        a->name = value;
        a->flags &= ~(uint32_t)MAILPROTO_TNEF_NAME_UTF16;
        a->flags |= type == UNICODE_STRING ? MAILPROTO_TNEF_NAME_UTF16 : 0;
    }
}

static void read_properties(mailproto_tnef *t, mailproto_tnef_attachment *a, const uint8_t *p, size_t n, int *has_long)
{
    reader r = {p, p + n, 0};

    for (uint32_t count = take_number(&r); count && !r.is_broken; count--) {
        const uint32_t tag = take_number(&r), type = tag & 0xffff, id = tag >> 16;
        mailproto_text value;

        if (id >= FIRST_NAMED)
            pass_name(&r);
        value = read_values(&r, type);
        if (!r.is_broken)
            see_property(a, type, id, value, has_long);
    }
    if (r.is_broken)
        t->problems |= MAILPROTO_TNEF_PROPERTIES;
}

/* ---- attributes ---- */

int32_t mailproto_tnef_attachment_init(mailproto_tnef_attachment *attachment, size_t size)
{
    return mp_struct_init(attachment, size);
}

int32_t mailproto_tnef_init(mailproto_tnef *tnef, size_t size, const void *in, size_t n)
{
    if (!tnef || size < sizeof *tnef || (!in && n))
        return MAILPROTO_ERR_ARG;
    mp_struct_init(tnef, size);
    tnef->at = SIGNATURE_AND_KEY;
    if (n < SIGNATURE_AND_KEY || memcmp(in, signature, sizeof signature) != 0) {
        tnef->at = 0;
        return MAILPROTO_ERR_PROTOCOL;
    }
    tnef->in = (mailproto_text){in, n};
    return MAILPROTO_OK;
}

static void check(mailproto_tnef *t, const uint8_t *p, size_t n)
{
    uint32_t sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += p[i];
    if ((sum & 0xffff) != ((uint32_t)p[n] | (uint32_t)p[n + 1] << 8))
        t->problems |= MAILPROTO_TNEF_CHECKSUM;
}

static void see_attribute(mailproto_tnef *t, mailproto_tnef_attachment *a, uint32_t id, const uint8_t *p, size_t n,
                          int *has_long)
{
    const mailproto_text value = {(const char *)p, n};

    if (id == ATTACH_DATA) {
        a->data = value;
        a->flags |= MAILPROTO_TNEF_DATA;
        a->flags &= ~(uint32_t)MAILPROTO_TNEF_MESSAGE;
    } else if (id == ATTACH_TITLE && !*has_long) {
        a->name = string(value, STRING8);
        a->flags &= ~(uint32_t)MAILPROTO_TNEF_NAME_UTF16;
    } else if (id == ATTACH_PROPERTIES)
        read_properties(t, a, p, n, has_long);
}

/* An attachment begins with ATTACH_REND; where that was forgotten, with the first attribute of its level. */
int32_t mailproto_tnef_next(mailproto_tnef *t, mailproto_tnef_attachment *a)
{
    int is_open = 0, has_long = 0;

    if (!t || t->struct_size < sizeof *t || !a || a->struct_size < sizeof *a)
        return MAILPROTO_ERR_ARG;
    mp_struct_init(a, a->struct_size);
    while (t->at < t->in.len) {
        const uint8_t *p = (const uint8_t *)t->in.ptr + t->at;
        const size_t left = t->in.len - t->at;
        uint32_t id, n;

        n = left >= BEFORE_DATA ? number_at(p + 5) : 0;
        if (left < BEFORE_DATA + CHECKSUM || n > left - BEFORE_DATA - CHECKSUM) {
            t->problems |= MAILPROTO_TNEF_TRUNCATED;
            t->at = t->in.len;
            break;
        }
        id = number_at(p + 1) & 0xffff;
        if (p[0] == LEVEL_ATTACHMENT && id == ATTACH_REND && is_open)
            return MAILPROTO_OK;
        check(t, p + BEFORE_DATA, n);
        if (p[0] == LEVEL_ATTACHMENT) {
            is_open = 1;
            see_attribute(t, a, id, p + BEFORE_DATA, n, &has_long);
        } else if (id == CODEPAGE && n >= 4)
            t->codepage = number_at(p + BEFORE_DATA);
        t->at += BEFORE_DATA + CHECKSUM + n;
    }
    return is_open ? MAILPROTO_OK : MAILPROTO_MIME_END;
}

int32_t mailproto_tnef_name(const mailproto_tnef *t, const mailproto_tnef_attachment *a,
                            const mailproto_charset_provider *provider, char *out, size_t cap, size_t *made,
                            uint64_t *defects)
{
    uint8_t name[2 + MP_ASCII_DECIMAL_MAX] = "cp";
    size_t n = 0;

    if (!t || t->struct_size < sizeof *t || !a || a->struct_size < sizeof *a || (!out && cap) || !made)
        return MAILPROTO_ERR_ARG;
    *made = 0;
    if (!a->name.len)
        return MAILPROTO_MIME_END;
    if (a->flags & MAILPROTO_TNEF_NAME_UTF16)
        return mailproto_charset_to_utf8("UTF-16LE", 8, a->name.ptr, a->name.len, provider, out, cap, made, defects);
    if (t->codepage && t->codepage != UTF8_CODEPAGE)
        n = 2 + mp_ascii_write_decimal(name + 2, t->codepage);
    return mailproto_charset_to_utf8((const char *)name, n, a->name.ptr, a->name.len, provider, out, cap, made,
                                     defects);
}
