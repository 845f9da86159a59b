/* parameter_text.c - what the value of a parameter says: sections put together, quotes taken off, octets decoded.
 * RFC 2045 section 5.1; RFC 2231 sections 3, 4 and 4.1; RFC 2047 section 5 (words where none may be). */
#include <string.h>

#include "core/ascii.h"
#include "mailproto/mime_word.h"
#include "mime/header_scan.h"
#include "mime/header_text.h"
#include "mime/parameter.h"

#define BIT(name) MAILPROTO_MIME_DEFECT_BIT(MAILPROTO_MIME_DEFECT_##name)

/* Values with words in it that must be put together before they are decoded may have so many octets; of a longer one the
   pieces are decoded one by one. */
enum { WHOLE_MAX = 2048 };

static mailproto_text value_of(const mailproto_mime_parameters *list, const mp_section *section)
{
    return (mailproto_text){list->field.ptr + section->value, section->length};
}

/* An extended value: percent signs in it are octets of the charset. */
static void put_extended(mp_text *t, const mailproto_text *charset, const mailproto_text *value)
{
    const uint8_t *p = (const uint8_t *)value->ptr;
    uint8_t piece[128];
    size_t made = 0;

    for (size_t i = 0; i < value->len; i++) {
        int high = p[i] == '%' && value->len - i > 2 ? mp_ascii_hex_value(p[i + 1]) : -1;
        int low = high >= 0 ? mp_ascii_hex_value(p[i + 2]) : -1;

        if (mp_header_class[p[i]] & MP_CLASS_FOLD)
            continue;
        if (p[i] == '%' && low < 0)
            t->defects |= BIT(PARAMETER);
        piece[made++] = (uint8_t)(low < 0 ? p[i] : high << 4 | low);
        i += low < 0 ? 0 : 2;
        if (made == sizeof piece) {
            mp_text_octets(t, charset, piece, made);
            made = 0;
        }
    }
    mp_text_octets(t, charset, piece, made);
}

/* Text without a charset, in which words may be. */
static void put_words(mp_text *t, const uint8_t *p, size_t n)
{
    if (mp_has_word((const char *)p, n))
        t->defects |= BIT(PARAMETER_WORD);
    mp_text_words(t, p, n);
}

/* The sections, one behind the other: a character may be split between two. */
static void put_sections(mp_text *t, const mailproto_mime_parameters *list, uint32_t head, int is_extended)
{
    const mp_section *section = NULL;
    mailproto_text charset = {"", 0}, language;

    for (uint32_t index; (index = mp_next_section(list, head, section)) != MP_SECTION_NONE;) {
        int is_first = section == NULL;
        mailproto_text value;

        section = mp_section_at(list, index);
        value = value_of(list, section);
        if (is_first && section->flags & MP_SECTION_EXTENDED &&
            mailproto_parameter_value_split(value.ptr, value.len, &charset, &language, &value) != MAILPROTO_OK) {
            charset = (mailproto_text){"", 0};
            t->defects |= BIT(PARAMETER);
        }
        if (section->flags & MP_SECTION_EXTENDED)
            put_extended(t, &charset, &value);
        else
            for (size_t at = 0; at < value.len;) {
                mailproto_text run = mp_parameter_run(&value, section->flags & MP_SECTION_QUOTED, &at);

                if (is_extended)
                    mp_text_octets(t, &charset, (const uint8_t *)run.ptr, run.len);
                else
                    put_words(t, (const uint8_t *)run.ptr, run.len);
            }
    }
}

/* The sections put together, if none of them is extended: then encoded words may go across them. */
static int put_whole(const mailproto_mime_parameters *list, uint32_t head, mp_small_out *o)
{
    const mp_section *section = NULL;

    for (uint32_t index; (index = mp_next_section(list, head, section)) != MP_SECTION_NONE;) {
        mailproto_text value;

        section = mp_section_at(list, index);
        value = value_of(list, section);
        if (section->flags & MP_SECTION_EXTENDED)
            return 0;
        mp_parameter_raw(o, &value, section->flags & MP_SECTION_QUOTED);
    }
    return 1;
}

int32_t mailproto_mime_parameter_text(const mailproto_mime_parameters *list, const mailproto_mime_parameter *parameter,
                                      const mailproto_charset_provider *provider, char *out, size_t cap, size_t *made,
                                      uint64_t *defects)
{
    uint8_t whole[WHOLE_MAX];
    mp_small_out o = {whole, sizeof whole, 0};
    uint32_t head;
    int is_extended;
    mp_text t;

    if (!list || list->struct_size < sizeof *list || !parameter || parameter->struct_size < sizeof *parameter ||
        parameter->section >= list->count || (!out && cap) || !made)
        return MAILPROTO_ERR_ARG;
    head = parameter->section;
    is_extended = !put_whole(list, head, &o);
    if (!is_extended && o.made <= o.cap) {
        mp_text_begin(&t, out, cap, provider, whole, o.made);
        put_words(&t, whole, o.made);
    } else {
        mailproto_text value = value_of(list, mp_section_at(list, head));

        mp_text_begin(&t, out, cap, provider, value.ptr, is_extended ? 0 : value.len);
        put_sections(&t, list, head, is_extended);
    }
    return mp_text_end(&t, made, defects);
}
