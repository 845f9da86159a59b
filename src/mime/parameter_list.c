/* parameter_list.c - the parameters of a field: where they stand, and which sections are one parameter.
 * RFC 2045 section 5.1; RFC 2231 sections 3 and 4. */
#include <string.h>

#include "core/ascii.h"
#include "core/memory.h"
#include "mailproto/mime_content.h"
#include "mime/header_scan.h"
#include "mime/parameter.h"

#define BIT(name) MAILPROTO_MIME_DEFECT_BIT(MAILPROTO_MIME_DEFECT_##name)

int32_t mailproto_mime_parameter_init(mailproto_mime_parameter *parameter, size_t size)
{
    return mp_struct_init(parameter, size);
}

/* ---- one name and its value ---- */

/* Whether a parameter begins at `at`: a token and "=". *next is the place where that was decided. */
static int begins_parameter(const mp_scan *s, size_t at, size_t *next)
{
    size_t end = mp_skip_class(s->p, s->n, at, MP_CLASS_TOKEN);

    *next = end;
    return end > at && end < s->n && s->p[end] == '=' && !(end + 1 < s->n && s->p[end + 1] == '?');
}

/* Whether nothing of a value stands at `at`: the field ends, or another parameter may come. */
static int is_over(const mp_scan *s, size_t at)
{
    return at >= s->n || s->p[at] == ';' || mp_is_blank(s->p[at]);
}

/* The end of a value without quotes. RFC 2045 has a token here; in the wild it has blanks and tspecials, and what follows
   a blank ends it only if that is a comment or the next parameter, whose semicolon is missing. */
static size_t value_end(mp_scan *s, size_t at)
{
    size_t end = at, next;

    while (at < s->n && s->p[at] != ';') {
        if (!mp_is_blank(s->p[at])) {
            end = ++at;
            continue;
        }
        at = mp_skip_blanks(s->p, s->n, at);
        if (at < s->n && s->p[at] == '(') {
            size_t behind = mp_skip_comment(s, at);

            if (is_over(s, behind)) {
                at = behind;
                continue;
            }
            end = at = behind;
        } else if (begins_parameter(s, at, &next)) {
            s->defects |= BIT(PARAMETER);
            return end;
        } else if (next > at)
            end = at = next;
    }
    return end;
}

/* Reads the value at `at` into `section`. Gives the place behind it. */
static size_t read_value(mp_scan *s, size_t at, mp_section *section)
{
    uint32_t seen = 0;
    size_t end;

    if (at < s->n && s->p[at] == '"') {
        uint64_t before = s->defects;
        size_t behind;

        s->defects = 0;
        behind = mp_skip_quoted(s, at++);
        /* of a string that is not closed, the blanks and semicolons at the end are none of it */
        end = s->defects ? mp_trim_end(s->p, at, behind) : behind - 1;
        section->flags |= s->defects ? MP_SECTION_QUOTED | MP_SECTION_OPEN : MP_SECTION_QUOTED;
        s->defects |= before;
        section->value = (uint32_t)at;
        section->length = (uint32_t)(end - at);
        at = behind;
    } else {
        section->value = (uint32_t)at;
        end = value_end(s, at);
        section->length = (uint32_t)(end - at);
        at = end;
    }
    for (size_t i = section->value; i < section->value + section->length; i++)
        seen |= mp_header_class[s->p[i]];
    if (seen & (MP_CLASS_HIGH | MP_CLASS_CONTROL | MP_CLASS_FOLD) ||
        (section->flags & MP_SECTION_QUOTED && seen & MP_CLASS_ESCAPE))
        section->flags |= MP_SECTION_ROUGH;
    if (seen & MP_CLASS_EQUAL)
        section->flags |= MP_SECTION_EQUAL;
    return at;
}

/* Takes "*2*" off a name: RFC 2231 3 and 4.1. */
static void read_section_number(const uint8_t *name, mp_section *section)
{
    const uint8_t *star = memchr(name, '*', section->name_whole);
    size_t n = section->name_whole, at;
    uint64_t number = MP_SECTION_NONE;

    section->number = MP_SECTION_NONE;
    if (!star || star == name)
        return;
    at = (size_t)(star - name) + 1;
    if (at < n) {
        size_t digits = mp_ascii_read_decimal(name + at, n - at, &number);

        at += digits;
        if (!digits || number >= MP_SECTION_NONE)
            return;
        if (at < n && name[at] == '*') {
            section->flags |= MP_SECTION_EXTENDED;
            at++;
        }
        if (at < n) {
            section->flags &= (uint16_t)~MP_SECTION_EXTENDED;
            return;
        }
    } else
        section->flags |= MP_SECTION_EXTENDED;
    section->number = (uint32_t)number;
    section->name_length = (uint16_t)(star - name);
}

/* Reads one parameter from `at` on; *found says whether there is one. Gives the place behind it. */
static size_t read_section(mp_scan *s, size_t at, mp_section *section, int *found)
{
    size_t begin = at, end;

    *found = 0;
    while (at < s->n && s->p[at] != '=' && s->p[at] != ';' && s->p[at] != '"' && s->p[at] != '(' &&
           !mp_is_blank(s->p[at]))
        at++;
    end = at;
    at = mp_skip_cfws(s, at, NULL);
    if (end == begin || at >= s->n || s->p[at] != '=' || end - begin > UINT16_MAX) {
        s->defects |= BIT(PARAMETER);
        if (end > begin)
            return end;
        return at < s->n && s->p[at] == '"' ? mp_skip_quoted(s, at) : at + (at < s->n && s->p[at] == '=');
    }
    *found = 1;
    section->name = (uint32_t)begin;
    section->name_whole = section->name_length = (uint16_t)(end - begin);
    section->flags = 0;
    read_section_number(s->p + begin, section);
    return read_value(s, mp_skip_cfws(s, at + 1, NULL), section);
}

/* ---- the list ---- */

static int same_name(const mailproto_mime_parameters *list, uint32_t a, uint32_t b)
{
    const mp_section *p = mp_section_at(list, a), *q = mp_section_at(list, b);

    return p->name_length == q->name_length &&
           mp_ascii_same(list->field.ptr + p->name, list->field.ptr + q->name, p->name_length);
}

/* The first section of the parameter that section `index` belongs to. */
static uint16_t head_of(const mailproto_mime_parameters *list, uint32_t index)
{
    if (mp_section_at(list, index)->number != MP_SECTION_NONE)
        for (uint32_t i = 0; i < index; i++)
            if (mp_section_at(list, i)->head == i && mp_section_at(list, i)->number != MP_SECTION_NONE &&
                same_name(list, i, index))
                return (uint16_t)i;
    return (uint16_t)index;
}

int32_t mailproto_mime_parameters_init(mailproto_mime_parameters *list, size_t size, const void *field, size_t n)
{
    mp_scan s = {mp_octets(field), n > UINT32_MAX ? UINT32_MAX : n, 0};
    size_t at = 0;

    if (!list || size < sizeof *list || (!field && n))
        return MAILPROTO_ERR_ARG;
    list->struct_size = sizeof *list;
    list->count = list->at = list->zero = 0;
    list->field = (mailproto_text){(const char *)s.p, s.n};
    if (n > s.n)
        s.defects |= BIT(PARAMETERS_MANY);
    for (;;) {
        int found;

        at = mp_skip_cfws(&s, at, NULL);
        if (at < s.n && (s.p[at] == ';' || s.p[at] == ',')) {
            at++;
            continue;
        }
        if (at >= s.n)
            break;
        if (list->count == MAILPROTO_MIME_PARAMETERS_MAX) {
            s.defects |= BIT(PARAMETERS_MANY);
            break;
        }
        at = read_section(&s, at, &mp_sections(list)[list->count], &found);
        if (found) {
            mp_sections(list)[list->count].head = head_of(list, list->count);
            list->count++;
        }
    }
    list->defects = s.defects;
    return MAILPROTO_OK;
}

static int is_list(const mailproto_mime_parameters *list)
{
    return list && list->struct_size >= sizeof *list;
}

/* Whether a value can be given as it stands. */
static int is_plain(const mailproto_mime_parameters *list, const mp_section *section)
{
    return !(section->flags & MP_SECTION_ROUGH) &&
           (!(section->flags & MP_SECTION_EQUAL) || !mp_has_word(list->field.ptr + section->value, section->length));
}

static void fill(const mailproto_mime_parameters *list, uint32_t index, mailproto_mime_parameter *parameter)
{
    const mp_section *section = mp_section_at(list, index);

    parameter->flags = section->flags & MP_SECTION_QUOTED ? MAILPROTO_MIME_PARAMETER_QUOTED : 0;
    parameter->defects = section->flags & MP_SECTION_OPEN ? BIT(QUOTED_STRING) : 0;
    parameter->name = (mailproto_text){list->field.ptr + section->name, section->name_length};
    parameter->value = (mailproto_text){list->field.ptr + section->value, section->length};
    parameter->section = index;
    if (is_plain(list, section))
        parameter->flags |= MAILPROTO_MIME_PARAMETER_PLAIN;
    else if (section->flags & MP_SECTION_EQUAL && mp_has_word(parameter->value.ptr, parameter->value.len)) {
        parameter->flags |= MAILPROTO_MIME_PARAMETER_WORDS;
        parameter->defects |= BIT(PARAMETER_WORD);
    }
}

/* The sections of a continued parameter: what is odd about them, and whether one is extended. */
static void look_at_sections(const mailproto_mime_parameters *list, mailproto_mime_parameter *parameter)
{
    uint32_t head = parameter->section, expected = 0;
    const mp_section *before = NULL;

    for (uint32_t index; (index = mp_next_section(list, head, before)) != MP_SECTION_NONE; expected++) {
        before = mp_section_at(list, index);
        if (before->number != expected)
            parameter->defects |= BIT(PARAMETER_SECTION);
        if (before->flags & MP_SECTION_EXTENDED)
            parameter->flags |= MAILPROTO_MIME_PARAMETER_EXTENDED;
    }
    for (uint32_t i = head; i < list->count; i++)
        expected -= mp_section_at(list, i)->head == head;
    if (expected) /* some have the same number */
        parameter->defects |= BIT(PARAMETER_SECTION);
}

void mp_parameter_fill(const mailproto_mime_parameters *list, uint32_t head, mailproto_mime_parameter *parameter)
{
    const mp_section *section = mp_section_at(list, head);

    fill(list, head, parameter);
    if (section->number != MP_SECTION_NONE) {
        parameter->flags |= MAILPROTO_MIME_PARAMETER_CONTINUED;
        look_at_sections(list, parameter);
    } else if (section->flags & MP_SECTION_EXTENDED)
        parameter->flags |= MAILPROTO_MIME_PARAMETER_EXTENDED;
    if (parameter->flags & (MAILPROTO_MIME_PARAMETER_EXTENDED | MAILPROTO_MIME_PARAMETER_CONTINUED))
        parameter->flags &= ~(uint32_t)MAILPROTO_MIME_PARAMETER_PLAIN;
}

/* Whether two parameters are of the same kind: name and name* may stand side by side. */
static int is_twice(const mailproto_mime_parameters *list, uint32_t a, uint32_t b)
{
    const mp_section *p = mp_section_at(list, a), *q = mp_section_at(list, b);

    return (p->flags & MP_SECTION_EXTENDED) == (q->flags & MP_SECTION_EXTENDED) &&
           (p->number == MP_SECTION_NONE) == (q->number == MP_SECTION_NONE) && same_name(list, a, b);
}

int32_t mailproto_mime_parameters_next(mailproto_mime_parameters *list, mailproto_mime_parameter *parameter)
{
    if (!is_list(list) || !parameter || parameter->struct_size < sizeof *parameter)
        return MAILPROTO_ERR_ARG;
    while (list->at < list->count && mp_section_at(list, list->at)->head != list->at)
        list->at++;
    if (list->at == list->count)
        return MAILPROTO_MIME_END;
    mp_parameter_fill(list, list->at, parameter);
    for (uint32_t i = 0; i < list->at; i++)
        if (mp_section_at(list, i)->head == i && is_twice(list, i, list->at))
            parameter->defects |= BIT(PARAMETER_TWICE);
    list->at++;
    return MAILPROTO_OK;
}

int32_t mailproto_mime_parameters_get(const mailproto_mime_parameters *list, const char *name,
                                      mailproto_mime_parameter *parameter)
{
    uint32_t found = MP_SECTION_NONE;
    uint64_t twice = 0;

    if (!is_list(list) || !name || !parameter || parameter->struct_size < sizeof *parameter)
        return MAILPROTO_ERR_ARG;
    for (uint32_t i = 0; i < list->count; i++) {
        const mp_section *section = mp_section_at(list, i);

        if (section->head != i || !mp_ascii_equal(list->field.ptr + section->name, section->name_length, name))
            continue;
        if (found == MP_SECTION_NONE || mp_is_better_section(section, mp_section_at(list, found)))
            found = i;
        else if (is_twice(list, found, i))
            twice = BIT(PARAMETER_TWICE);
    }
    if (found == MP_SECTION_NONE)
        return MAILPROTO_MIME_END;
    mp_parameter_fill(list, found, parameter);
    parameter->defects |= twice;
    return MAILPROTO_OK;
}

int32_t mailproto_mime_parameters_section(const mailproto_mime_parameters *list, uint32_t index,
                                          mailproto_mime_parameter *parameter)
{
    if (!is_list(list) || !parameter || parameter->struct_size < sizeof *parameter)
        return MAILPROTO_ERR_ARG;
    if (index >= list->count)
        return MAILPROTO_MIME_END;
    fill(list, index, parameter);
    parameter->name.len = mp_section_at(list, index)->name_whole;
    return MAILPROTO_OK;
}
