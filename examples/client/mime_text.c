/* mime_text.c - values of fields, decoded into texts that grow: each is measured, then made.
 * RFC 2047, 2231; charsets that the library has not come from the C library's iconv, if this build has it. */
#include "mime.h"

#include <stdlib.h>
#include <string.h>

void mime_text_free(struct mime_text *text)
{
    free(text->ptr);
    memset(text, 0, sizeof *text);
}

int mime_text_room(struct mime_text *text, size_t need)
{
    char *larger;

    text->len = 0;
    if (need < text->room)
        return 0;
    larger = realloc(text->ptr, need + 64);
    if (!larger)
        return -1;
    text->ptr = larger;
    text->room = need + 64;
    return 0;
}

int mime_decode_words(struct mime_text *text, mailproto_text value, uint64_t *defects)
{
    const mailproto_charset_provider *charsets = mailproto_charset_iconv();
    size_t need = 0;

    mailproto_mime_text_decode(value.ptr, value.len, charsets, NULL, 0, &need, NULL);
    if (mime_text_room(text, need))
        return -1;
    return mailproto_mime_text_decode(value.ptr, value.len, charsets, text->ptr, text->room, &text->len, defects) ? -1
                                                                                                                  : 0;
}

int mime_decode_name(struct mime_text *text, const mailproto_mime_address *address, uint64_t *defects)
{
    const mailproto_charset_provider *charsets = mailproto_charset_iconv();
    size_t need = 0;

    mailproto_mime_address_name(address, charsets, NULL, 0, &need, NULL);
    if (mime_text_room(text, need))
        return -1;
    return mailproto_mime_address_name(address, charsets, text->ptr, text->room, &text->len, defects) ? -1 : 0;
}

int mime_decode_address(struct mime_text *text, const mailproto_mime_address *address)
{
    size_t need = 0;

    mailproto_mime_address_spec(address, MAILPROTO_MIME_SPEC_WHOLE, NULL, 0, &need);
    if (mime_text_room(text, need))
        return -1;
    return mailproto_mime_address_spec(address, MAILPROTO_MIME_SPEC_WHOLE, text->ptr, text->room, &text->len) ? -1 : 0;
}

static size_t put_lower(char *out, mailproto_text text)
{
    for (size_t i = 0; i < text.len; i++)
        out[i] = (char)(text.ptr[i] >= 'A' && text.ptr[i] <= 'Z' ? text.ptr[i] + 32 : text.ptr[i]);
    return text.len;
}

int mime_decode_type(struct mime_text *text, const mailproto_mime_part *part)
{
    if (mime_text_room(text, part->type.len + part->subtype.len + 1))
        return -1;
    text->len = put_lower(text->ptr, part->type);
    text->ptr[text->len++] = '/';
    text->len += put_lower(text->ptr + text->len, part->subtype);
    return 0;
}

int mime_decode_file_name(struct mime_text *text, const struct mime_message *message, uint32_t index, uint64_t *defects)
{
    const mailproto_charset_provider *charsets = mailproto_charset_iconv();
    mailproto_text fields[2];
    int none[2];
    size_t need = 0;
    int32_t answer;

    none[0] = mime_field(message, index, MAILPROTO_MIME_FIELD_CONTENT_DISPOSITION, &fields[0]);
    none[1] = mime_field(message, index, MAILPROTO_MIME_FIELD_CONTENT_TYPE, &fields[1]);
    mailproto_mime_file_name_text(none[0] ? NULL : &fields[0], none[1] ? NULL : &fields[1], charsets, NULL, 0, &need,
                                  NULL);
    if (mime_text_room(text, need))
        return -1;
    answer = mailproto_mime_file_name_text(none[0] ? NULL : &fields[0], none[1] ? NULL : &fields[1], charsets,
                                           text->ptr, text->room, &text->len, defects);
    return answer == MAILPROTO_MIME_END ? 1 : answer ? -1 : 0;
}

/* The parameters of a field, empty where it is not there. */
static void begin_parameters(mailproto_mime_parameters *list, mailproto_text parameters)
{
    mailproto_mime_parameters_init(list, sizeof *list, parameters.ptr ? parameters.ptr : "", parameters.len);
}

int mime_decode_other_name(struct mime_text *text, const struct mime_message *message, uint32_t index, uint32_t number,
                           const char **source)
{
    const mailproto_charset_provider *charsets = mailproto_charset_iconv();
    mailproto_text field = {NULL, 0};
    mailproto_mime_disposition disposition;
    mailproto_mime_content_type type;
    mailproto_mime_parameters lists[2];
    mailproto_mime_file_names names;
    mailproto_mime_file_name name;

    mailproto_mime_disposition_init(&disposition, sizeof disposition);
    mailproto_mime_content_type_init(&type, sizeof type);
    if (!mime_field(message, index, MAILPROTO_MIME_FIELD_CONTENT_DISPOSITION, &field))
        mailproto_mime_disposition_read(field.ptr, field.len, &disposition);
    if (!mime_field(message, index, MAILPROTO_MIME_FIELD_CONTENT_TYPE, &field))
        mailproto_mime_content_type_read(field.ptr, field.len, &type);
    begin_parameters(&lists[0], disposition.parameters);
    begin_parameters(&lists[1], type.parameters);
    mailproto_mime_file_names_init(&names, sizeof names, &lists[0], &lists[1], charsets);
    mailproto_mime_file_name_init(&name, sizeof name);
    text->len = 0;
    while (!mailproto_mime_file_names_next(&names, &name)) {
        const int of_type = name.source == MAILPROTO_MIME_FILE_TYPE;
        size_t need = 0;

        if (!(name.flags & MAILPROTO_MIME_FILE_DIFFERENT) || name.flags & MAILPROTO_MIME_FILE_BEST || number--)
            continue;
        mailproto_mime_parameter_text(&lists[of_type], &name.parameter, charsets, NULL, 0, &need, NULL);
        if (mime_text_room(text, need))
            return -1;
        *source = of_type ? "Content-Type" : "Content-Disposition";
        return mailproto_mime_parameter_text(&lists[of_type], &name.parameter, charsets, text->ptr, text->room,
                                             &text->len, NULL)
                   ? -1
                   : 0;
    }
    return 1;
}

int mime_decode_parameter(struct mime_text *text, const mailproto_mime_part *part, const char *name, uint64_t *defects)
{
    const mailproto_charset_provider *charsets = mailproto_charset_iconv();
    mailproto_mime_content_type type;
    mailproto_mime_parameters list;
    mailproto_mime_parameter parameter;
    size_t need = 0;

    if (!part->content_type.ptr)
        return 1;
    mailproto_mime_content_type_init(&type, sizeof type);
    mailproto_mime_content_type_read(part->content_type.ptr, part->content_type.len, &type);
    mailproto_mime_parameters_init(&list, sizeof list, type.parameters.ptr ? type.parameters.ptr : "",
                                   type.parameters.len);
    mailproto_mime_parameter_init(&parameter, sizeof parameter);
    *defects |= type.defects | list.defects;
    if (mailproto_mime_parameters_get(&list, name, &parameter))
        return 1;
    *defects |= parameter.defects;
    mailproto_mime_parameter_text(&list, &parameter, charsets, NULL, 0, &need, NULL);
    if (mime_text_room(text, need))
        return -1;
    return mailproto_mime_parameter_text(&list, &parameter, charsets, text->ptr, text->room, &text->len, defects) ? -1
                                                                                                                  : 0;
}

/* What divides words, also U+00A0 and U+3000. */
static size_t blank_at(const char *p, size_t n)
{
    if (*p == ' ' || (*p >= '\t' && *p <= '\r'))
        return 1;
    if (n > 1 && !memcmp(p, "\xc2\xa0", 2))
        return 2;
    return n > 2 && !memcmp(p, "\xe3\x80\x80", 3) ? 3 : 0;
}

void mime_collapse(struct mime_text *text)
{
    size_t made = 0, step;

    for (size_t i = 0; i < text->len; i += step) {
        step = blank_at(text->ptr + i, text->len - i);
        if (!step) {
            text->ptr[made++] = text->ptr[i];
            step = 1;
        } else if (made && text->ptr[made - 1] != ' ') {
            text->ptr[made++] = ' ';
        }
    }
    if (made && text->ptr[made - 1] == ' ')
        made--;
    text->len = made;
}
