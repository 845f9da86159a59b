/* ASCII letters, digits and numbers, free of any locale. Octets above 127 are none of these.
   RFC 5234 appendix B.1; RFC 5321 section 2.4 (keywords in any case). */
#ifndef MP_CORE_ASCII_H
#define MP_CORE_ASCII_H

#include <stddef.h>
#include <stdint.h>

/* Octets are passed as unsigned char or as plain char: only the low eight bits count. */

static inline int mp_ascii_is_digit(int c)
{
    return (unsigned)(c & 0xff) - '0' < 10;
}

static inline int mp_ascii_is_upper(int c)
{
    return (unsigned)(c & 0xff) - 'A' < 26;
}

static inline int mp_ascii_is_lower(int c)
{
    return (unsigned)(c & 0xff) - 'a' < 26;
}

static inline int mp_ascii_is_alpha(int c)
{
    return ((unsigned)(c & 0xff) | 0x20) - 'a' < 26;
}

static inline int mp_ascii_is_alnum(int c)
{
    return mp_ascii_is_alpha(c) || mp_ascii_is_digit(c);
}

/* VCHAR: what prints and is no space. */
static inline int mp_ascii_is_vchar(int c)
{
    return (unsigned)(c & 0xff) - 0x21 < 0x7f - 0x21;
}

/* WSP: space and tab. */
static inline int mp_ascii_is_wsp(int c)
{
    return c == ' ' || c == '\t';
}

static inline int mp_ascii_lower(int c)
{
    return mp_ascii_is_upper(c) ? c | 0x20 : c;
}

/* The value of a hexadecimal digit of either case, or -1. */
static inline int mp_ascii_hex_value(int c)
{
    if (mp_ascii_is_digit(c))
        return (c & 0xff) - '0';
    c = mp_ascii_lower(c & 0xff);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Sets of octets that words are made of. */
enum {
    MP_DIGIT = 1,
    MP_HEX = 2,
    MP_LDH = 4, /* letters, digits, hyphen: labels of domains, keywords, tags */
    MP_UNDERSCORE = 8,
    MP_ATEXT = 16,     /* RFC 5322 3.2.3 */
    MP_VALUE = 32,     /* esmtp-value: VCHAR but '=' */
    MP_XCHAR = 64,     /* xtext's: VCHAR but '+' and '=' (RFC 3461 4) */
    MP_DCONTENT = 128, /* VCHAR but '[', '\' and ']' (RFC 5321 4.1.3) */
    MP_PRINT = 256,    /* VCHAR and space */
    MP_HIGH = 512      /* above 127 */
};

/* Whether the octet is in one of the sets. */
int mp_ascii_is(uint8_t c, uint32_t sets);

/* How many of the n octets at text, from the first, are in the sets. */
size_t mp_ascii_span(const void *text, size_t n, uint32_t sets);

/* Whether two texts of n octets are equal but for the case of letters. */
static inline int mp_ascii_same(const void *a, const void *b, size_t n)
{
    const uint8_t *p = a;
    const uint8_t *q = b;
    for (size_t i = 0; i < n; i++)
        if (mp_ascii_lower(p[i]) != mp_ascii_lower(q[i]))
            return 0;
    return 1;
}

/* Whether the n octets at text begin with the literal, but for the case of letters. Gives the
   length of the literal, 0 if they do not. */
static inline size_t mp_ascii_begins(const void *text, size_t n, const char *literal)
{
    const uint8_t *p = text;
    size_t i = 0;
    for (; literal[i] != '\0'; i++)
        if (i == n || mp_ascii_lower(p[i]) != mp_ascii_lower((uint8_t)literal[i]))
            return 0;
    return i;
}

/* Whether the n octets at text are the literal, but for the case of letters. */
static inline int mp_ascii_equal(const void *text, size_t n, const char *literal)
{
    return mp_ascii_begins(text, n, literal) == n && (n != 0 || literal[0] == '\0');
}

/* Reads the decimal digits that text begins with. Gives how many there are, 0 when there is none
   or the number does not fit: *value is then unchanged. */
static inline size_t mp_ascii_read_decimal(const void *text, size_t n, uint64_t *value)
{
    const uint8_t *p = text;
    uint64_t number = 0;
    size_t i = 0;
    for (; i < n && mp_ascii_is_digit(p[i]); i++) {
        uint64_t next = number * 10 + (uint64_t)(p[i] - '0');
        if (number > UINT64_MAX / 10 || next < 10 * number)
            return 0;
        number = next;
    }
    if (i != 0)
        *value = number;
    return i;
}

/* The same for hexadecimal digits of either case, without any prefix. */
static inline size_t mp_ascii_read_hex(const void *text, size_t n, uint64_t *value)
{
    const uint8_t *p = text;
    uint64_t number = 0;
    size_t i = 0;
    for (; i < n && mp_ascii_hex_value(p[i]) >= 0; i++) {
        if (number >> 60 != 0)
            return 0;
        number = number << 4 | (uint64_t)mp_ascii_hex_value(p[i]);
    }
    if (i != 0)
        *value = number;
    return i;
}

/* Whether text is nothing but a decimal number that fits: only then *value is written. */
static inline int mp_ascii_parse_decimal(const void *text, size_t n, uint64_t *value)
{
    uint64_t number;
    if (n == 0 || mp_ascii_read_decimal(text, n, &number) != n)
        return 0;
    *value = number;
    return 1;
}

/* Room for the longest decimal number; no NUL is written. */
#define MP_ASCII_DECIMAL_MAX 20

/* Writes value in decimal to the MP_ASCII_DECIMAL_MAX octets at out, gives how many it took. */
static inline size_t mp_ascii_write_decimal(void *out, uint64_t value)
{
    uint8_t *p = out;
    size_t length = 1;
    for (uint64_t rest = value; rest >= 10; rest /= 10)
        length++;
    for (size_t i = length; i-- > 0; value /= 10)
        p[i] = (uint8_t)('0' + value % 10);
    return length;
}

#endif
