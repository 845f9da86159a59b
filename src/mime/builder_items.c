/* builder_items.c - the items of fields: addresses, groups, message identifiers.
 * RFC 5322 sections 3.4 and 3.6.4, RFC 2047 section 5 (3), RFC 6532. */
#include <string.h>

#include "core/ascii.h"
#include "mime/builder.h"

/* ---- display names ---- */

enum { QUOTED_MAX = 70 };

/* Whether it is atoms with one blank between them, and nothing that a reader would decode. */
static int is_atoms(const char *p, size_t n)
{
    size_t word = 0;

    for (size_t i = 0; i < n; i++) {
        if (p[i] == ' ' && word && i + 1 < n) {
            word = 0;
            continue;
        }
        if (!mp_ascii_is((uint8_t)p[i], MP_ATEXT) || (p[i] == '=' && i + 1 < n && p[i + 1] == '?') ||
            ++word > QUOTED_MAX)
            return 0;
    }
    return 1;
}

/* The name in quotes. 0: it has what may not stand there, or is too long. */
static size_t quote(const mailproto_mime_builder *b, const char *p, size_t n, char *out)
{
    const int high = b->config.flags & MAILPROTO_MIME_BUILDER_SMTPUTF8;
    size_t at = 0;

    out[at++] = '"';
    for (size_t i = 0; i < n; i++) {
        const uint8_t octet = (uint8_t)p[i];

        if (at + 3 > QUOTED_MAX || (!mp_ascii_is_vchar(octet) && octet != ' ' && !(high && octet >= 0x80)) ||
            (octet == '=' && i + 1 < n && p[i + 1] == '?'))
            return 0;
        if (octet == '"' || octet == '\\')
            out[at++] = '\\';
        out[at++] = (char)octet;
    }
    out[at++] = '"';
    return at;
}

static void put_name(mailproto_mime_builder *b, const char *p, size_t n)
{
    char text[QUOTED_MAX + 4];
    size_t made;

    if (is_atoms(p, n)) {
        for (size_t i = 0; i < n;) {
            const char *blank = memchr(p + i, ' ', n - i);
            const size_t word = blank ? (size_t)(blank - p) - i : n - i;

            mp_builder_word(b, " ", 1, p + i, word);
            i += word + (blank != NULL);
        }
        return;
    }
    made = quote(b, p, n, text);
    if (made)
        mp_builder_word(b, " ", 1, text, made);
    else
        mp_builder_encoded(b, " ", 1, p, n, MAILPROTO_WORD_PHRASE);
}

/* ---- addresses ---- */

/* What all calls check that add to the open field. */
static int32_t begin_item(mailproto_mime_builder *b, uint32_t kind, mp_builder_mark *mark)
{
    int32_t result = mp_builder_may(b, 0);

    if (result)
        return result;
    if (b->open.kind != kind)
        return MAILPROTO_ERR_STATE;
    mp_builder_begin(b, b->open.node, mark);
    return MAILPROTO_OK;
}

static int32_t check_spec(const mailproto_mime_builder *b, const char *spec, size_t n)
{
    uint32_t verdict;

    if (!n || !mp_builder_is_text(spec, n) || mailproto_mime_address_check(spec, n, &verdict) ||
        MAILPROTO_MIME_VERDICT_CATEGORY(verdict) > MAILPROTO_MIME_CATEGORY_SMTP)
        return MAILPROTO_ERR_ARG;
    for (size_t i = 0; i < n; i++)
        if ((uint8_t)spec[i] >= 0x80 && !(b->config.flags & MAILPROTO_MIME_BUILDER_SMTPUTF8))
            return MAILPROTO_ERR_UNSUPPORTED;
    return MAILPROTO_OK;
}

static void comma(mailproto_mime_builder *b)
{
    if (b->open.comma)
        mp_builder_octets(b, ",", 1);
    b->open.comma = 1;
}

int32_t mailproto_mime_builder_address(mailproto_mime_builder *b, const char *name, size_t name_n, const char *spec,
                                       size_t spec_n)
{
    char text[256 + 4];
    mp_builder_mark mark;
    int32_t result;

    if (!b || !mp_builder_is_text(name, name_n))
        return MAILPROTO_ERR_ARG;
    result = check_spec(b, spec, spec_n);
    if (!result && spec_n > 256)
        result = MAILPROTO_ERR_ARG;
    if (!result)
        result = begin_item(b, MP_BUILDER_ADDRESSES, &mark);
    if (result)
        return result;
    comma(b);
    if (name_n) {
        put_name(b, name, name_n);
        text[0] = '<';
        memcpy(text + 1, spec, spec_n);
        text[spec_n + 1] = '>';
        mp_builder_word(b, " ", 1, text, spec_n + 2);
    } else {
        mp_builder_word(b, " ", 1, spec, spec_n);
    }
    return mp_builder_end(b, &mark);
}

int32_t mailproto_mime_builder_group(mailproto_mime_builder *b, const char *name, size_t n)
{
    mp_builder_mark mark;
    int32_t result = n && mp_builder_is_text(name, n) ? begin_item(b, MP_BUILDER_ADDRESSES, &mark) : MAILPROTO_ERR_ARG;

    if (result)
        return result;
    if (b->open.in_group)
        return MAILPROTO_ERR_STATE;
    comma(b);
    put_name(b, name, n);
    mp_builder_octets(b, ":", 1);
    b->open.in_group = 1;
    b->open.comma = 0;
    return mp_builder_end(b, &mark);
}

int32_t mailproto_mime_builder_group_end(mailproto_mime_builder *b)
{
    mp_builder_mark mark;
    int32_t result = begin_item(b, MP_BUILDER_ADDRESSES, &mark);

    if (result)
        return result;
    if (!b->open.in_group)
        return MAILPROTO_ERR_STATE;
    mp_builder_octets(b, ";", 1);
    b->open.in_group = 0;
    b->open.comma = 1;
    return mp_builder_end(b, &mark);
}

/* ---- message identifiers ---- */

int32_t mailproto_mime_builder_message_id(mailproto_mime_builder *b, const char *id, size_t n)
{
    char text[MP_BUILDER_WORD + 2];
    mp_builder_mark mark;
    int32_t result = b && mp_builder_is_id(b, id, n) ? begin_item(b, MP_BUILDER_IDS, &mark) : MAILPROTO_ERR_ARG;

    if (result)
        return result;
    text[0] = '<';
    memcpy(text + 1, id, n);
    text[n + 1] = '>';
    mp_builder_word(b, " ", 1, text, n + 2);
    return mp_builder_end(b, &mark);
}
