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

static int is_xchar(char c)
{
    return mp_ascii_is_vchar((uint8_t)c) && c != '+' && c != '=';
}

size_t mp_xtext_encoded_size(const char *text, size_t n)
{
    size_t size = n;

    for (size_t i = 0; i < n; i++)
        if (!is_xchar(text[i]))
            size += 2;
    return size;
}

size_t mp_xtext_encode(char *out, const char *text, size_t n)
{
    char *to = out;

    for (size_t i = 0; i < n; i++) {
        if (is_xchar(text[i])) {
            *to++ = text[i];
            continue;
        }
        *to++ = '+';
        *to++ = hex_digits[(uint8_t)text[i] >> 4];
        *to++ = hex_digits[(uint8_t)text[i] & 15];
    }
    return (size_t)(to - out);
}

/* ---- addresses of type utf-8 ---- */

static int is_utf8_type(mailproto_text type)
{
    return mp_ascii_equal(type.ptr, type.len, "utf-8");
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
        } else if ((is_xchar(text[i]) && text[i] != '\\') || ((uint8_t)text[i] > 127 && (flags & MP_SMTP_UTF8))) {
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
    return is_utf8_type(type) ? decode_utf8(out, text, n, flags, len) : mp_xtext_decode(out, text, n, len);
}

static uint32_t read_character(const uint8_t *p, size_t n, size_t *length)
{
    *length = p[0] < 0x80 ? 1 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
    if (*length > n)
        *length = n;
    switch (*length) {
    case 2:
        return (uint32_t)(p[0] & 31) << 6 | (p[1] & 63);
    case 3:
        return (uint32_t)(p[0] & 15) << 12 | (uint32_t)(p[1] & 63) << 6 | (p[2] & 63);
    case 4:
        return (uint32_t)(p[0] & 7) << 18 | (uint32_t)(p[1] & 63) << 12 | (uint32_t)(p[2] & 63) << 6 | (p[3] & 63);
    default:
        return p[0];
    }
}

static size_t put_embedded(char *out, uint32_t character)
{
    size_t n = 0;
    uint32_t shift = character > 0xfffff ? 20 : character > 0xffff ? 16 : character > 0xfff ? 12 : 8;

    if (character <= 0xff)
        shift = 4;
    out[n++] = '\\';
    out[n++] = 'x';
    out[n++] = '{';
    for (;; shift -= 4) {
        out[n++] = hex_digits[character >> shift & 15];
        if (!shift)
            break;
    }
    out[n++] = '}';
    return n;
}

/* Valid UTF-8 as utf-8-addr-xtext, or with MP_SMTP_UTF8 as utf-8-addr-unitext. */
static size_t encode_utf8(char *out, const char *text, size_t n, uint32_t flags)
{
    size_t to = 0, length;

    for (size_t i = 0; i < n; i += length) {
        uint32_t character = read_character((const uint8_t *)text + i, n - i, &length);

        if ((character < 128 && is_xchar(text[i]) && text[i] != '\\') || (character > 127 && (flags & MP_SMTP_UTF8))) {
            memcpy(out + to, text + i, length);
            to += length;
        } else {
            to += put_embedded(out + to, character);
        }
    }
    return to;
}

size_t mp_orcpt_encoded_size(mailproto_text type, const char *text, size_t n, uint32_t flags)
{
    char room[12];
    size_t size = 0, length;

    if (!is_utf8_type(type))
        return mp_xtext_encoded_size(text, n);
    for (size_t i = 0; i < n; i += length) {
        read_character((const uint8_t *)text + i, n - i, &length);
        size += encode_utf8(room, text + i, length, flags);
    }
    return size;
}

size_t mp_orcpt_encode(char *out, mailproto_text type, const char *text, size_t n, uint32_t flags)
{
    return is_utf8_type(type) ? encode_utf8(out, text, n, flags) : mp_xtext_encode(out, text, n);
}
