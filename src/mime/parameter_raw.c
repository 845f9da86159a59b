/* parameter_raw.c - the value of a parameter as it stands, without quotes, backslashes and folds; the order of sections.
 * RFC 2045 section 5.1; RFC 2231 section 3. */
#include <string.h>

#include "mime/header_scan.h"
#include "mime/parameter.h"

uint32_t mp_next_section(const mailproto_mime_parameters *list, uint32_t head, const mp_section *before)
{
    uint32_t found = MP_SECTION_NONE;

    for (uint32_t i = head; i < list->count; i++) {
        const mp_section *section = mp_section_at(list, i);

        if (section->head == head && (!before || section->number > before->number) &&
            (found == MP_SECTION_NONE || section->number < mp_section_at(list, found)->number))
            found = i;
    }
    return found;
}

/* In the wild a backslash stands for itself ("C:\temp\x.txt") but before what must have one. */
mailproto_text mp_parameter_run(const mailproto_text *value, int is_quoted, size_t *at)
{
    const uint8_t *p = (const uint8_t *)value->ptr;
    size_t begin;

    *at = mp_skip_class(p, value->len, *at, MP_CLASS_FOLD);
    begin = *at;
    if (is_quoted && *at + 1 < value->len && p[*at] == '\\' && mp_header_class[p[*at + 1]] & MP_CLASS_ESCAPE) {
        begin++;
        *at += 2;
    }
    while (*at < value->len && !(mp_header_class[p[*at]] & MP_CLASS_FOLD)) {
        if (is_quoted && p[*at] == '\\' && *at + 1 < value->len && mp_header_class[p[*at + 1]] & MP_CLASS_ESCAPE)
            break;
        ++*at;
    }
    return mp_text_of(p, begin, *at);
}

void mp_parameter_raw(mp_small_out *o, const mailproto_text *value, int is_quoted)
{
    for (size_t at = 0; at < value->len;) {
        mailproto_text run = mp_parameter_run(value, is_quoted, &at);

        if (o->made < o->cap)
            memcpy(o->out + o->made, run.ptr, run.len < o->cap - o->made ? run.len : o->cap - o->made);
        o->made += run.len;
    }
}

int32_t mailproto_mime_parameter_raw(const mailproto_mime_parameter *parameter, char *out, size_t cap, size_t *made)
{
    mp_small_out o = {(uint8_t *)out, cap, 0};

    if (!parameter || parameter->struct_size < sizeof *parameter || (!out && cap) || !made)
        return MAILPROTO_ERR_ARG;
    mp_parameter_raw(&o, &parameter->value, (parameter->flags & MAILPROTO_MIME_PARAMETER_QUOTED) != 0);
    return mp_small_done(&o, made);
}
