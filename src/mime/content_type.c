/* content_type.c - the type of a part, and where its parameters begin.
 * RFC 2045 sections 5.1 and 5.2. */
#include <string.h>

#include "core/ascii.h"
#include "core/memory.h"
#include "mailproto/mime_content.h"
#include "mime/header_scan.h"
#include "mime/small.h"

int32_t mailproto_mime_content_type_init(mailproto_mime_content_type *type, size_t size)
{
    return mp_struct_init(type, size);
}

/* A word of the type: a token, or what stands in quotes. Gives the place behind it. */
static size_t read_word(mp_scan *s, size_t at, mailproto_text *word)
{
    size_t begin = at = mp_skip_cfws(s, at, NULL);

    if (at < s->n && s->p[at] == '"') {
        uint64_t before = s->defects;

        at = mp_skip_quoted(s, at);
        *word = mp_text_of(s->p, begin + 1, s->defects == before ? at - 1 : at);
        s->defects |= MAILPROTO_MIME_DEFECT_BIT(MAILPROTO_MIME_DEFECT_CONTENT_TYPE);
        return at;
    }
    at = mp_skip_class(s->p, s->n, at, MP_CLASS_TOKEN);
    *word = mp_text_of(s->p, begin, at);
    return at;
}

/* "text/html" in one pair of quotes. */
static void split_quoted(mailproto_mime_content_type *type)
{
    const char *slash = type->type.len ? memchr(type->type.ptr, '/', type->type.len) : NULL;

    if (!slash)
        return;
    type->subtype = (mailproto_text){slash + 1, type->type.len - (size_t)(slash + 1 - type->type.ptr)};
    type->type.len = (size_t)(slash - type->type.ptr);
    mp_trim(&type->type);
    mp_trim(&type->subtype);
}

int32_t mailproto_mime_content_type_read(const void *in, size_t n, mailproto_mime_content_type *type)
{
    mp_scan s = {mp_octets(in), n, 0};
    size_t at, slash;

    if ((!in && n) || !type || type->struct_size < sizeof *type)
        return MAILPROTO_ERR_ARG;
    at = read_word(&s, 0, &type->type);
    type->subtype = mp_text_of(s.p, at, at);
    slash = mp_skip_cfws(&s, at, NULL);
    if (slash < n && s.p[slash] == '/')
        at = read_word(&s, slash + 1, &type->subtype);
    else if (slash < n && s.p[slash] == '=') {
        /* the type was forgotten: this is the name of a parameter */
        at = (size_t)(type->type.ptr - (const char *)s.p);
        type->type.len = 0;
    } else
        split_quoted(type);
    if (!type->type.len || !type->subtype.len)
        s.defects |= MAILPROTO_MIME_DEFECT_BIT(MAILPROTO_MIME_DEFECT_CONTENT_TYPE);
    type->defects = s.defects;
    type->parameters = mp_text_of(s.p, at, n);
    return MAILPROTO_OK;
}

int32_t mailproto_mime_content_type_is(const mailproto_mime_content_type *content_type, const char *type,
                                       const char *subtype)
{
    if (!content_type || content_type->struct_size < sizeof *content_type || !type)
        return 0;
    /* RFC 2045 5.2: what cannot be understood is text/plain */
    if (!content_type->type.len || !content_type->subtype.len)
        return mp_ascii_equal("text", 4, type) && (!subtype || mp_ascii_equal("plain", 5, subtype));
    return mp_ascii_equal(content_type->type.ptr, content_type->type.len, type) &&
           (!subtype || mp_ascii_equal(content_type->subtype.ptr, content_type->subtype.len, subtype));
}

int32_t mailproto_mime_content_type_text(const mailproto_mime_content_type *type, char *out, size_t cap, size_t *made)
{
    static const mailproto_text text = {"text", 4}, plain = {"plain", 5};
    mp_small_out o = {(uint8_t *)out, cap, 0};
    const mailproto_text *first, *second;

    if (!type || type->struct_size < sizeof *type || (!out && cap) || !made)
        return MAILPROTO_ERR_ARG;
    first = type->type.len && type->subtype.len ? &type->type : &text;
    second = first == &text ? &plain : &type->subtype;
    for (size_t i = 0; i < first->len; i++)
        mp_small_put(&o, (uint8_t)mp_ascii_lower((uint8_t)first->ptr[i]));
    mp_small_put(&o, '/');
    for (size_t i = 0; i < second->len; i++)
        mp_small_put(&o, (uint8_t)mp_ascii_lower((uint8_t)second->ptr[i]));
    return mp_small_done(&o, made);
}
