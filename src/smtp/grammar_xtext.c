/* grammar_xtext.c - what DSN parameters do to text that may hold anything.
 * RFC 3461 section 4 (xtext), RFC 6533 section 3 (addresses of type utf-8). */
#include <string.h>

#include "core/ascii.h"
#include "core/utf8.h"
#include "smtp/grammar.h"

static const char hex_digits[16] = {'0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F'};

/* ---- xtext ---- */

/* A hexchar has upper case digits only. */
static int hex_value(char c)
{
    return mp_ascii_is_lower((uint8_t)c) ? -1 : mp_ascii_hex_value((uint8_t)c);
}

static int is_control(char c)
{
    return (uint8_t)c < ' ' || c == 0x7f;
}

int mp_xtext_decode(char *out, const char *text, size_t n, size_t *len)
{
    size_t to = 0;

    for (size_t i = 0; i < n; i++) {
        char c = text[i];

        if (c == '+') {
            int high, low;

            if (n - i < 3 || (high = hex_value(text[i + 1])) < 0 || (low = hex_value(text[i + 2])) < 0)
                return -1;
            c = (char)(high << 4 | low);
            if (is_control(c))
                return -1;
            i += 2;
        } else if (!mp_ascii_is_vchar((uint8_t)c) || c == '=') {
            return -1;
        }
        out[to++] = c;
    }
    *len = to;
    return 0;
}

/* ---- addresses of type utf-8 ---- */

uint32_t mp_orcpt_type(mailproto_text type)
{
    return mp_ascii_equal(type.ptr, type.len, "utf-8") ? MP_SMTP_UTF8_TYPE : 0;
}

static size_t put_character(char *out, uint32_t c)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xc0 | c >> 6);
        out[1] = (char)(0x80 | (c & 63));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xe0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 63));
        out[2] = (char)(0x80 | (c & 63));
        return 3;
    }
    out[0] = (char)(0xf0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 63));
    out[2] = (char)(0x80 | (c >> 6 & 63));
    out[3] = (char)(0x80 | (c & 63));
    return 4;
}

/* The octets of "\x{10FFFF}" that text begins with, 0 if it does not. Its result is never longer than itself. */
static size_t read_embedded(const char *text, size_t n, uint32_t *character)
{
    uint64_t value;
    size_t digits;

    if (n < 6 || text[0] != '\\' || text[1] != 'x' || text[2] != '{')
        return 0;
    digits = mp_ascii_read_hex(text + 3, n - 3, &value);
    if (digits < 2 || digits > 6 || n < digits + 4 || text[digits + 3] != '}' || value > 0x10ffff)
        return 0;
    if (value < ' ' || value == 0x7f) /* no more than in xtext: CR, LF and NUL may not get further */
        return 0;
    *character = (uint32_t)value;
    return digits + 4;
}

static int decode_utf8(char *out, const char *text, size_t n, uint32_t flags, size_t *len)
{
    size_t to = 0, i = 0;

    while (i < n) {
        uint32_t character;
        size_t embedded = read_embedded(text + i, n - i, &character);

        if (embedded) {
            to += put_character(out + to, character);
            i += embedded;
        } else if ((mp_ascii_is((uint8_t)text[i], MP_XCHAR) && text[i] != '\\') ||
                   ((uint8_t)text[i] > 127 && (flags & MP_SMTP_UTF8))) {
            out[to++] = text[i++];
        } else {
            return -1;
        }
    }
    *len = to;
    return mp_utf8_valid((const uint8_t *)out, to) ? 0 : -1;
}

int mp_orcpt_decode(char *out, mailproto_text type, const char *text, size_t n, uint32_t flags, size_t *len)
{
    return mp_orcpt_type(type) ? decode_utf8(out, text, n, flags, len) : mp_xtext_decode(out, text, n, len);
}

/* What stands for an octet of xtext ("+2B") or a character ("\\x{2B}") is written to the end of room, from behind. */
static char *escape(char *end, uint32_t character, int utf8)
{
    if (utf8)
        *--end = '}';
    for (int digits = 0; digits < 2 || character; digits++, character >>= 4)
        *--end = hex_digits[character & 15];
    if (utf8)
        return memcpy(end - 3, "\\x{", 3);
    *--end = '+';
    return end;
}

/* xtext; or valid UTF-8 as utf-8-addr-xtext, with MP_SMTP_UTF8 as utf-8-addr-unitext. */
size_t mp_xtext_encode(char *out, const char *text, size_t n, uint32_t flags)
{
    int utf8 = (flags & MP_SMTP_UTF8_TYPE) != 0;
    uint32_t plain = utf8 && flags & MP_SMTP_UTF8 ? MP_XCHAR | MP_HIGH : MP_XCHAR;
    size_t to = 0, length;

    for (size_t i = 0; i < n; i += length) {
        uint32_t character = (uint8_t)text[i];
        char room[16], *end = room + sizeof room;
        const char *unit = text + i;
        size_t made;

        length = utf8 ? mp_utf8_read((const uint8_t *)unit, n - i, &character) : 1;
        length += !length; /* it was to be valid */
        made = length;
        if (!mp_ascii_is((uint8_t)*unit, plain) || (utf8 && *unit == '\\')) {
            unit = escape(end, character, utf8);
            made = (size_t)(end - unit);
        }
        if (out)
            memcpy(out + to, unit, made);
        to += made;
    }
    return to;
}
