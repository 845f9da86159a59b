/* encoded_word.c - one encoded word, either way.
 * RFC 2047 sections 2, 4 and 5; RFC 2231 section 5 (the language). */
#include <string.h>

#include "core/ascii.h"
#include "core/memory.h"
#include "core/utf8.h"
#include "mailproto/mime_word.h"
#include "mime/codec.h"
#include "mime/small.h"

enum { FRAME = 12 }; /* =?UTF-8?B??= */

int32_t mailproto_word_init(mailproto_word *word, size_t size)
{
    return mp_struct_init(word, size);
}

/* ---- encoding ---- */

/* Whether an octet may stand for itself in the Q encoding: RFC 2047 4.2 (3), and 5 (3) in a phrase. */
static int is_plain(uint8_t octet, uint32_t flags)
{
    if (mp_ascii_is_alnum(octet))
        return 1;
    if (flags & MAILPROTO_WORD_PHRASE)
        return MP_IS_OF("!*+-/", octet);
    return mp_ascii_is_vchar(octet) && octet != '?' && octet != '=' && octet != '_';
}

static size_t q_width(const uint8_t *p, size_t n, uint32_t flags)
{
    size_t width = 0;

    for (size_t i = 0; i < n; i++)
        width += p[i] == ' ' || is_plain(p[i], flags) ? 1 : 3;
    return width;
}

/* How many octets of whole characters fit into so many characters of Q; *width is what they take. */
static size_t q_fit(const uint8_t *p, size_t n, uint32_t flags, size_t room, size_t *width)
{
    size_t at = 0;

    for (*width = 0; at < n;) {
        size_t octets = mp_small_character(p + at, n - at), more = q_width(p + at, octets, flags);

        if (more > room - *width)
            break;
        *width += more;
        at += octets;
    }
    return at;
}

static size_t b_fit(const uint8_t *p, size_t n, size_t room, size_t *width)
{
    size_t at = 0, most = room / 4 * 3;

    while (at < n && mp_small_character(p + at, n - at) <= most - at)
        at += mp_small_character(p + at, n - at);
    *width = (at + 2) / 3 * 4;
    return at;
}

static void put_q(mp_small_out *o, const uint8_t *p, size_t n, uint32_t flags)
{
    for (size_t i = 0; i < n; i++) {
        if (p[i] == ' ')
            mp_small_put(o, '_');
        else if (is_plain(p[i], flags))
            mp_small_put(o, p[i]);
        else
            mp_small_put_hex(o, '=', p[i]);
    }
}

int32_t mailproto_word_encode(const void *in, size_t n, uint32_t flags, size_t most, size_t *took, char *out,
                              size_t cap, size_t *made)
{
    mp_small_out o = {(uint8_t *)out, cap, 0};
    const uint8_t *p = in;
    size_t b, b_width, q, q_wide, room, fit;
    int as_b;

    if ((!in && n) || (!out && cap) || !took || !made || (n && !mp_utf8_valid(p, n)))
        return MAILPROTO_ERR_ARG;
    for (size_t i = 0; i < n; i++)
        if (!p[i] || p[i] == '\r' || p[i] == '\n')
            return MAILPROTO_ERR_ARG;
    *took = *made = 0;
    if (!n)
        return MAILPROTO_OK;
    if (!most || most > MAILPROTO_WORD_LENGTH)
        most = MAILPROTO_WORD_LENGTH;
    room = (most < MAILPROTO_WORD_LEAST ? MAILPROTO_WORD_LEAST : most) - FRAME;
    b = b_fit(p, n, room, &b_width);
    q = q_fit(p, n, flags, room, &q_wide);
    /* the one that takes more of the text, or less room for it */
    as_b = b > q || (b == q && b_width < q_wide);
    if ((flags & (MAILPROTO_WORD_B | MAILPROTO_WORD_Q)) == MAILPROTO_WORD_B)
        as_b = 1;
    if ((flags & (MAILPROTO_WORD_B | MAILPROTO_WORD_Q)) == MAILPROTO_WORD_Q)
        as_b = 0;
    fit = as_b ? b : q;
    *made = FRAME + (as_b ? b_width : q_wide);
    if (*made > cap)
        return MAILPROTO_ERR_LIMIT;
    for (size_t i = 0; i < FRAME - 2; i++)
        mp_small_put(&o, (uint8_t)(as_b ? "=?UTF-8?B?" : "=?UTF-8?Q?")[i]);
    if (as_b) {
        size_t text;

        mailproto_base64_encode_all(p, b, MAILPROTO_UNLIMITED, 0, out + o.made, cap - o.made, &text);
        o.made += text;
    } else
        put_q(&o, p, q, flags);
    mp_small_put(&o, '?');
    mp_small_put(&o, '=');
    *took = fit;
    return MAILPROTO_OK;
}

/* ---- decoding ---- */

/* token of RFC 2047 section 2, without the "*" that begins a language. */
static int is_token(uint8_t c)
{
    return mp_ascii_is_vchar(c) && !MP_IS_OF("()<>@,;:\"/[]?.=*", c);
}

int32_t mailproto_word_parse(const void *in, size_t n, mailproto_word *word)
{
    const uint8_t *p = in;
    size_t at = 2, begin;

    if (!in || !word || word->struct_size < sizeof *word || n < 2 || p[0] != '=' || p[1] != '?')
        return MAILPROTO_ERR_ARG;
    for (begin = at; at < n && is_token(p[at]); at++)
        ;
    if (at == begin || at == n)
        return MAILPROTO_ERR_ARG;
    word->charset = (mailproto_text){(const char *)p + begin, at - begin};
    word->language = (mailproto_text){(const char *)p + at, 0};
    if (p[at] == '*') {
        for (begin = ++at; at < n && is_token(p[at]); at++)
            ;
        word->language = (mailproto_text){(const char *)p + begin, at - begin};
    }
    if (n - at < 4 || p[at] != '?' || p[at + 2] != '?')
        return MAILPROTO_ERR_ARG;
    word->encoding = (uint32_t)(p[at + 1] & ~32);
    if (word->encoding != 'B' && word->encoding != 'Q')
        return MAILPROTO_ERR_ARG;
    at += 3;
    word->defects = 0;
    for (begin = at; at < n && !(p[at] == '?' && at + 1 < n && p[at + 1] == '='); at++) {
        if (mp_ascii_is_wsp(p[at]))
            word->defects |= MAILPROTO_WORD_SPACE;
        else if (p[at] < ' ' || p[at] == 127)
            return MAILPROTO_ERR_ARG;
    }
    if (at == n)
        return MAILPROTO_ERR_ARG;
    word->text = (mailproto_text){(const char *)p + begin, at - begin};
    word->length = at + 2;
    if (at == begin)
        word->defects |= MAILPROTO_WORD_EMPTY;
    if (word->length > MAILPROTO_WORD_LENGTH)
        word->defects |= MAILPROTO_WORD_LONG;
    return MAILPROTO_OK;
}

static void decode_q(mp_small_out *o, const uint8_t *p, size_t n, mailproto_codec_report *report)
{
    for (size_t i = 0; i < n; i++) {
        int high = p[i] == '=' && n - i > 2 ? mp_ascii_hex_value(p[i + 1]) : -1;
        int low = high >= 0 ? mp_ascii_hex_value(p[i + 2]) : -1;

        if (low >= 0) {
            if (mp_ascii_is_lower(p[i + 1]) || mp_ascii_is_lower(p[i + 2]))
                mp_codec_note(report, MAILPROTO_CODEC_LOWER_CASE, 1, i);
            mp_small_put(o, (uint32_t)high << 4 | (uint32_t)low);
            i += 2;
            continue;
        }
        if (p[i] == '=')
            mp_codec_note(report, MAILPROTO_CODEC_ESCAPE, 1, i);
        else if (mp_ascii_is_wsp(p[i]))
            mp_codec_note(report, MAILPROTO_CODEC_BLANK, 1, i);
        else if (p[i] > 127)
            mp_codec_note(report, MAILPROTO_CODEC_INVALID, 1, i);
        mp_small_put(o, p[i] == '_' ? ' ' : p[i]);
    }
}

int32_t mailproto_word_decode(const mailproto_word *word, void *out, size_t cap, size_t *made,
                              mailproto_codec_report *report)
{
    mp_small_out o = {out, cap, 0};

    if (!word || word->struct_size < sizeof *word || (word->encoding != 'B' && word->encoding != 'Q') ||
        (!out && cap) || !made || !mp_codec_report_fits(report))
        return MAILPROTO_ERR_ARG;
    if (word->encoding == 'B')
        return mailproto_base64_decode_all(word->text.ptr, word->text.len, 0, out, cap, made, report);
    decode_q(&o, (const uint8_t *)word->text.ptr, word->text.len, report);
    return mp_small_done(&o, made);
}
