/* disposition.c - how a part is to be shown, and how it is encoded.
 * RFC 2183 section 2; RFC 2045 section 6; RFC 1864 (Content-MD5); RFC 2557 section 4.4 (URLs); RFC 3282. */
#include <string.h>

#include "core/ascii.h"
#include "core/memory.h"
#include "mailproto/mime_content.h"
#include "mime/header_scan.h"
#include "mime/header_text.h"

#define BIT(name) MAILPROTO_MIME_DEFECT_BIT(MAILPROTO_MIME_DEFECT_##name)

/* The token that a field begins with, or what stands in quotes there. Gives the place behind it. */
static size_t read_token(mp_scan *s, mailproto_text *token)
{
    size_t begin = mp_skip_cfws(s, 0, NULL), at = begin;

    if (at < s->n && s->p[at] == '"') {
        uint64_t before = s->defects;

        at = mp_skip_quoted(s, at);
        *token = mp_text_of(s->p, begin + 1, s->defects == before ? at - 1 : at);
    } else {
        at = mp_skip_class(s->p, s->n, at, MP_CLASS_TOKEN);
        *token = mp_text_of(s->p, begin, at);
    }
    return at;
}

/* ---- Content-Disposition ---- */

int32_t mailproto_mime_disposition_init(mailproto_mime_disposition *disposition, size_t size)
{
    return mp_struct_init(disposition, size);
}

int32_t mailproto_mime_disposition_read(const void *in, size_t n, mailproto_mime_disposition *disposition)
{
    mp_scan s = {mp_octets(in), n, 0};
    size_t at, begin;

    if ((!in && n) || !disposition || disposition->struct_size < sizeof *disposition)
        return MAILPROTO_ERR_ARG;
    begin = mp_skip_cfws(&s, 0, NULL);
    at = read_token(&s, &disposition->type);
    if (at == begin || (at < n && s.p[at] == '=')) {
        /* "filename=..." alone: the type was forgotten */
        disposition->type.len = 0;
        disposition->kind = MAILPROTO_MIME_DISPOSITION_NONE;
        s.defects |= BIT(DISPOSITION);
        at = begin;
    } else if (mp_ascii_equal(disposition->type.ptr, disposition->type.len, "attachment"))
        disposition->kind = MAILPROTO_MIME_DISPOSITION_ATTACHMENT;
    else if (mp_ascii_equal(disposition->type.ptr, disposition->type.len, "inline"))
        disposition->kind = MAILPROTO_MIME_DISPOSITION_INLINE;
    else
        disposition->kind = MAILPROTO_MIME_DISPOSITION_OTHER;
    if (at > begin && s.p[begin] == '"')
        s.defects |= BIT(DISPOSITION);
    disposition->defects = s.defects;
    disposition->parameters = mp_text_of(s.p, at, n);
    return MAILPROTO_OK;
}

/* ---- Content-Transfer-Encoding ---- */

int32_t mailproto_mime_transfer_encoding_read(const void *in, size_t n, uint32_t *encoding, mailproto_text *token,
                                              uint64_t *defects)
{
    static const struct {
        char name[17];
        uint8_t encoding;
    } names[] = {{"7bit", MAILPROTO_MIME_ENCODING_7BIT},
                 {"base64", MAILPROTO_MIME_ENCODING_BASE64},
                 {"quoted-printable", MAILPROTO_MIME_ENCODING_QUOTED_PRINTABLE},
                 {"8bit", MAILPROTO_MIME_ENCODING_8BIT},
                 {"binary", MAILPROTO_MIME_ENCODING_BINARY},
                 {"7-bit", MAILPROTO_MIME_ENCODING_7BIT},
                 {"8-bit", MAILPROTO_MIME_ENCODING_8BIT},
                 {"x-uuencode", MAILPROTO_MIME_ENCODING_UUENCODE},
                 {"x-uue", MAILPROTO_MIME_ENCODING_UUENCODE},
                 {"uuencode", MAILPROTO_MIME_ENCODING_UUENCODE},
                 {"x-yenc", MAILPROTO_MIME_ENCODING_YENC}};
    mp_scan s = {mp_octets(in), n, 0};
    mailproto_text word;
    size_t at;

    if ((!in && n) || !encoding)
        return MAILPROTO_ERR_ARG;
    at = mp_skip_cfws(&s, read_token(&s, &word), NULL);
    if (at < n)
        s.defects |= BIT(FIELD_SYNTAX);
    *encoding = word.len || at < n ? MAILPROTO_MIME_ENCODING_UNKNOWN : MAILPROTO_MIME_ENCODING_7BIT;
    for (size_t i = 0; i < sizeof names / sizeof *names && !*encoding; i++)
        if (mp_ascii_equal(word.ptr, word.len, names[i].name))
            *encoding = names[i].encoding;
    if (!*encoding)
        s.defects |= BIT(ENCODING_UNKNOWN);
    if (token)
        *token = word;
    if (defects)
        *defects |= s.defects;
    return MAILPROTO_OK;
}

/* ---- words, values, URLs ---- */

int32_t mailproto_mime_words_next(const void *in, size_t n, size_t *at, mailproto_text *word)
{
    mp_scan s = {mp_octets(in), n, 0};
    size_t end;

    if ((!in && n) || !at || !word)
        return MAILPROTO_ERR_ARG;
    do {
        end = *at = mp_skip_cfws(&s, *at, NULL);
        while (end < n && s.p[end] != ',' && s.p[end] != ';' && s.p[end] != '(' && !mp_is_blank(s.p[end]))
            end++;
        *word = mp_text_of(s.p, *at < n ? *at : n, end < n ? end : n);
        *at = end < n && (s.p[end] == ',' || s.p[end] == ';') ? end + 1 : end;
    } while (!word->len && *at < n);
    return word->len ? MAILPROTO_OK : MAILPROTO_MIME_END;
}

int32_t mailproto_mime_value_text(const void *in, size_t n, char *out, size_t cap, size_t *made)
{
    mp_scan s = {mp_octets(in), n, 0};
    mp_small_out o = {(uint8_t *)out, cap, 0};
    size_t at, begin, end;

    if ((!in && n) || (!out && cap) || !made)
        return MAILPROTO_ERR_ARG;
    s.n = mp_trim_end(s.p, 0, n);
    for (at = mp_skip_cfws(&s, 0, NULL); at < s.n;) {
        if (s.p[at] == '(') {
            at = mp_skip_comment(&s, at);
            continue;
        }
        if (s.p[at] != '"') {
            if (!(mp_header_class[s.p[at]] & MP_CLASS_FOLD))
                mp_small_put(&o, s.p[at]);
            at++;
            continue;
        }
        s.defects = 0;
        begin = at + 1;
        at = mp_skip_quoted(&s, at);
        end = s.defects ? at : at - 1;
        for (; begin < end; begin++) {
            if (s.p[begin] == '\\' && begin + 1 < end)
                begin++;
            if (!(mp_header_class[s.p[begin]] & MP_CLASS_FOLD))
                mp_small_put(&o, s.p[begin]);
        }
    }
    return mp_small_done(&o, made);
}

int32_t mailproto_mime_url_text(const void *in, size_t n, char *out, size_t cap, size_t *made)
{
    const uint8_t *p = mp_octets(in);
    size_t at, begin, end;
    mp_text t;

    if ((!in && n) || (!out && cap) || !made)
        return MAILPROTO_ERR_ARG;
    at = mp_skip_blanks(p, n, 0);
    end = mp_trim_end(p, at, n);
    if (end - at > 1 && p[at] == '"' && p[end - 1] == '"') {
        at++;
        end--;
    }
    mp_text_begin(&t, out, cap, NULL, p + at, end - at);
    for (; at < end; at = mp_skip_blanks(p, end, at)) {
        for (begin = at; at < end && !mp_is_blank(p[at]); at++)
            ;
        mp_text_words(&t, p + begin, at - begin);
    }
    return mp_text_end(&t, made, NULL);
}

/* ---- Content-MD5 ---- */

int32_t mailproto_mime_content_md5_read(const void *in, size_t n, uint8_t *digest)
{
    mailproto_text text = {(const char *)mp_octets(in), n};
    uint8_t octets[18];
    size_t made;

    if ((!in && n) || !digest)
        return MAILPROTO_ERR_ARG;
    mp_trim(&text);
    if (text.len != 24 || mailproto_base64_decode_all(text.ptr, text.len, 0, octets, sizeof octets, &made, NULL) ||
        made != 16)
        return MAILPROTO_ERR_PROTOCOL;
    memcpy(digest, octets, 16);
    return MAILPROTO_OK;
}
