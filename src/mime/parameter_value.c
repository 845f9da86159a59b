/* parameter_value.c - the value of an extended parameter, either way.
 * RFC 2231 sections 4 and 7: attribute-char, ext-octet, "charset'language'". */
#include <string.h>

#include "core/ascii.h"
#include "core/utf8.h"
#include "mailproto/mime_word.h"
#include "mime/codec.h"
#include "mime/small.h"

/* attribute-char: no space, control, "*", "'", "%" or tspecial. */
static int is_plain(uint8_t octet)
{
    return mp_ascii_is_vchar(octet) && !MP_IS_OF("*'%()<>@,;:\\\"/[]?=", octet);
}

/* Octets of the character at p; 1 if it is none. */
static size_t character_at(const uint8_t *p, size_t n)
{
    size_t octets = p[0] < 0xc0 ? 1 : mp_small_character(p, n);

    return mp_utf8_valid(p, octets) ? octets : 1;
}

int32_t mailproto_parameter_value_encode(const void *in, size_t n, size_t most, size_t *took, char *out, size_t cap,
                                         size_t *made)
{
    mp_small_out o = {(uint8_t *)out, cap, 0};
    const uint8_t *p = in;
    size_t at = 0;

    if ((!in && n) || (!out && cap) || !took || !made)
        return MAILPROTO_ERR_ARG;
    for (size_t i = 0; i < n; i++)
        if (!p[i] || p[i] == '\r' || p[i] == '\n')
            return MAILPROTO_ERR_ARG;
    while (at < n) {
        size_t octets = character_at(p + at, n - at);

        if (most && (is_plain(p[at]) ? 1 : 3 * octets) > most - o.made)
            break;
        for (; octets; octets--, at++) {
            if (is_plain(p[at]))
                mp_small_put(&o, p[at]);
            else
                mp_small_put_hex(&o, '%', p[at]);
        }
    }
    *took = at;
    return mp_small_done(&o, made);
}

int32_t mailproto_parameter_value_split(const void *in, size_t n, mailproto_text *charset, mailproto_text *language,
                                        mailproto_text *rest)
{
    const char *p = in ? in : "", *first, *second;

    if ((!in && n) || !charset || !language || !rest)
        return MAILPROTO_ERR_ARG;
    *rest = (mailproto_text){p, n};
    *charset = *language = (mailproto_text){p, 0};
    first = memchr(p, '\'', n);
    second = first ? memchr(first + 1, '\'', n - (size_t)(first + 1 - p)) : NULL;
    if (!second)
        return MAILPROTO_ERR_ARG;
    *charset = (mailproto_text){p, (size_t)(first - p)};
    *language = (mailproto_text){first + 1, (size_t)(second - first - 1)};
    *rest = (mailproto_text){second + 1, n - (size_t)(second + 1 - p)};
    return MAILPROTO_OK;
}

int32_t mailproto_parameter_value_decode(const void *in, size_t n, void *out, size_t cap, size_t *made,
                                         mailproto_codec_report *report)
{
    mp_small_out o = {out, cap, 0};
    const uint8_t *p = in;

    if ((!in && n) || (!out && cap) || !made || !mp_codec_report_fits(report))
        return MAILPROTO_ERR_ARG;
    for (size_t i = 0; i < n; i++) {
        int high = p[i] == '%' && n - i > 2 ? mp_ascii_hex_value(p[i + 1]) : -1;
        int low = high >= 0 ? mp_ascii_hex_value(p[i + 2]) : -1;

        if (low >= 0) {
            mp_small_put(&o, (uint32_t)high << 4 | (uint32_t)low);
            i += 2;
            continue;
        }
        if (p[i] == '%')
            mp_codec_note(report, MAILPROTO_CODEC_ESCAPE, 1, i);
        mp_small_put(&o, p[i]);
    }
    return mp_small_done(&o, made);
}
