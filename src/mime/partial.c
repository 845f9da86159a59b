/* partial.c - a message in fragments: cut into them, and joined.
 * RFC 2046 section 5.2.2. */
#include <string.h>

#include "core/ascii.h"
#include "mime/report.h"

enum { ID_MAX = 200 };

/* Fields that the fragments have for themselves: those of the message travel inside of the first, 5.2.2.1. */
static int is_inner(mailproto_text name)
{
    static const char *const names[] = {"subject", "message-id", "encrypted", "mime-version"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (mp_ascii_equal(name.ptr, name.len, names[i]))
            return 1;
    return mp_ascii_begins(name.ptr, name.len, "content-") != 0;
}

static void put(mp_small_out *out, const char *p, size_t n)
{
    if (out->made <= out->cap && n <= out->cap - out->made && n)
        memcpy(out->out + out->made, p, n);
    out->made += n;
}

static void put_text(mp_small_out *out, const char *p)
{
    put(out, p, strlen(p));
}

static void put_number(mp_small_out *out, uint32_t number)
{
    char digits[MP_ASCII_DECIMAL_MAX];

    put(out, digits, mp_ascii_write_decimal(digits, number));
}

/* A field, with a line end behind it. */
static void put_field(mp_small_out *out, mailproto_text raw)
{
    put(out, raw.ptr, raw.len);
    if (raw.ptr[raw.len - 1] != '\n')
        put_text(out, "\r\n");
}

/* ---- cutting ---- */

/* What is cut, line for line: of the fragment `wanted` the octets are put, 0 counts only. */
typedef struct cutter {
    size_t most, used;
    uint32_t number, wanted;
    mp_small_out *out;
    int32_t failed;
} cutter;

static void cut_line(cutter *c, const char *p, size_t n)
{
    if (n > c->most)
        c->failed = 1;
    if (n > c->most - c->used) {
        c->number++;
        c->used = 0;
    }
    c->used += n;
    if (c->number == c->wanted)
        put(c->out, p, n);
}

static void cut(cutter *c, const char *p, size_t n)
{
    while (n) {
        const char *lf = memchr(p, '\n', n);
        const size_t line = lf ? (size_t)(lf - p) + 1 : n;

        cut_line(c, p, line);
        p += line;
        n -= line;
    }
}

/* The fields of its own, an empty line, the body. 0: it cannot be cut. */
static int cut_all(cutter *c, mailproto_text message)
{
    mailproto_text name, value, raw;
    size_t at = 0;

    while (mp_report_take(message, &at, &name, &value, &raw) == MAILPROTO_OK)
        if (is_inner(name)) {
            cut(c, raw.ptr, raw.len);
            if (raw.ptr[raw.len - 1] != '\n')
                cut_line(c, "\r\n", 2);
        }
    cut_line(c, "\r\n", 2);
    if (c->number != 1)
        c->failed = 1; /* the header is whole in the first */
    cut(c, message.ptr + at, message.len - at);
    return !c->failed;
}

static int is_id(const char *id, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!mp_ascii_is((uint8_t)id[i], MP_ATEXT) && id[i] != '.' && id[i] != '@')
            return 0;
    return n && n <= ID_MAX;
}

static void put_header(mp_small_out *out, mailproto_text message, uint32_t number, uint32_t total, mailproto_text id)
{
    mailproto_text name, value, raw;
    size_t at = 0;

    while (mp_report_take(message, &at, &name, &value, &raw) == MAILPROTO_OK)
        if (name.len && (!is_inner(name) || mp_ascii_equal(name.ptr, name.len, "subject")))
            put_field(out, raw);
    put_text(out, "Message-ID: <part");
    put_number(out, number);
    put_text(out, ".");
    put(out, id.ptr, id.len);
    put_text(out, ">\r\nMIME-Version: 1.0\r\nContent-Type: message/partial; number=");
    put_number(out, number);
    put_text(out, "; total=");
    put_number(out, total);
    put_text(out, ";\r\n id=\"");
    put(out, id.ptr, id.len);
    put_text(out, "\"\r\n\r\n");
}

int32_t mailproto_mime_partial_split(const void *message, size_t n, size_t most, uint32_t number, const char *id,
                                     size_t id_n, uint32_t *total, void *out, size_t cap, size_t *made)
{
    const mailproto_text all = {n ? message : "", n};
    mp_small_out o = {out, cap, 0};
    cutter c = {most, 0, 1, 0, &o, 0};

    if ((!message && n) || !most || !number || !id || !is_id(id, id_n) || !total || (!out && cap) || !made)
        return MAILPROTO_ERR_ARG;
    for (size_t i = 0; i < n; i++)
        if ((uint8_t)all.ptr[i] >= 0x80 || !all.ptr[i])
            return MAILPROTO_ERR_UNSUPPORTED;
    if (!cut_all(&c, all))
        return MAILPROTO_ERR_UNSUPPORTED;
    *total = c.number;
    if (number > *total)
        return MAILPROTO_ERR_ARG;
    put_header(&o, all, number, *total, (mailproto_text){id, id_n});
    c = (cutter){most, 0, 1, number, &o, 0};
    cut_all(&c, all);
    return mp_small_done(&o, made);
}

/* ---- joining ---- */

typedef struct fragment {
    uint64_t number, total; /* 0: it is not said */
    char id[ID_MAX];
    size_t id_n, body;
} fragment;

static int read_parameter(const mailproto_mime_parameters *list, const char *name, char *out, size_t cap, size_t *made)
{
    mailproto_mime_parameter parameter;

    mailproto_mime_parameter_init(&parameter, sizeof parameter);
    return mailproto_mime_parameters_get(list, name, &parameter) == MAILPROTO_OK &&
           mailproto_mime_parameter_text(list, &parameter, NULL, out, cap, made, NULL) == MAILPROTO_OK;
}

/* 0: it is no fragment. */
static int read_fragment(mailproto_text message, fragment *f)
{
    mailproto_mime_content_type type;
    mailproto_mime_parameters list;
    mailproto_text name, value, raw;
    char digits[MP_ASCII_DECIMAL_MAX];
    size_t n;

    memset(f, 0, sizeof *f);
    mailproto_mime_content_type_init(&type, sizeof type);
    while (message.len && mp_report_take(message, &f->body, &name, &value, &raw) == MAILPROTO_OK)
        if (!type.type.len && mp_ascii_equal(name.ptr, name.len, "content-type"))
            mailproto_mime_content_type_read(value.ptr, value.len, &type);
    if (!type.type.len || !mailproto_mime_content_type_is(&type, "message", "partial") ||
        mailproto_mime_parameters_init(&list, sizeof list, type.parameters.ptr, type.parameters.len) ||
        !read_parameter(&list, "id", f->id, sizeof f->id, &f->id_n) ||
        !read_parameter(&list, "number", digits, sizeof digits, &n) || !mp_ascii_parse_decimal(digits, n, &f->number) ||
        !f->number)
        return 0;
    if (read_parameter(&list, "total", digits, sizeof digits, &n) && !mp_ascii_parse_decimal(digits, n, &f->total))
        return 0;
    return 1;
}

/* The fields of the first fragment but for those of its own, then those from inside of it, and what is left. */
static void put_first(mp_small_out *out, mailproto_text message, size_t body)
{
    const mailproto_text inside = {message.ptr + body, message.len - body};
    mailproto_text name, value, raw;
    size_t at = 0;

    while (mp_report_take(message, &at, &name, &value, &raw) == MAILPROTO_OK)
        if (name.len && !is_inner(name))
            put_field(out, raw);
    at = 0;
    while (mp_report_take(inside, &at, &name, &value, &raw) == MAILPROTO_OK)
        if (is_inner(name))
            put_field(out, raw);
    put_text(out, "\r\n");
    put(out, inside.ptr + at, inside.len - at);
}

/* OK: all are fragments of one message, *total of them. */
static int32_t check(const mailproto_text *fragments, uint32_t count, uint64_t *total)
{
    fragment first, f;

    *total = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (!fragments[i].ptr || !read_fragment(fragments[i], &f))
            return MAILPROTO_ERR_ARG;
        if (!i)
            first = f;
        if (f.id_n != first.id_n || memcmp(f.id, first.id, f.id_n) != 0 || (f.total && *total && f.total != *total))
            return MAILPROTO_ERR_ARG;
        if (f.total)
            *total = f.total;
    }
    return *total ? MAILPROTO_OK : MAILPROTO_ERR_NOT_FOUND;
}

int32_t mailproto_mime_partial_join(const mailproto_text *fragments, uint32_t count, void *out, size_t cap,
                                    size_t *made)
{
    mp_small_out o = {out, cap, 0};
    uint64_t total;
    int32_t result;

    if (!fragments || !count || (!out && cap) || !made)
        return MAILPROTO_ERR_ARG;
    result = check(fragments, count, &total);
    if (result)
        return result;
    if (count > total)
        return MAILPROTO_ERR_ARG;
    if (count < total)
        return MAILPROTO_ERR_NOT_FOUND;
    for (uint64_t number = 1; number <= total; number++) {
        uint32_t found = 0;

        for (uint32_t i = 0; i < count; i++) {
            fragment f;

            if (!read_fragment(fragments[i], &f) || f.number != number)
                continue;
            if (found++)
                return MAILPROTO_ERR_ARG;
            if (number == 1)
                put_first(&o, fragments[i], f.body);
            else
                put(&o, fragments[i].ptr + f.body, fragments[i].len - f.body);
        }
        if (!found)
            return MAILPROTO_ERR_NOT_FOUND;
    }
    return mp_small_done(&o, made);
}
