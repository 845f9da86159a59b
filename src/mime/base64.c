/* base64.c - base64 in one piece, for SASL tokens: strict both ways.
 * RFC 4648 sections 3.5 and 4. */
#include "mime/base64.h"

static const char alphabet[64] = {'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O', 'P',
                                  'Q', 'R', 'S', 'T', 'U', 'V', 'W', 'X', 'Y', 'Z', 'a', 'b', 'c', 'd', 'e', 'f',
                                  'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o', 'p', 'q', 'r', 's', 't', 'u', 'v',
                                  'w', 'x', 'y', 'z', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '+', '/'};

size_t mp_base64_encoded_size(size_t n)
{
    size_t groups = n / 3 + (n % 3 != 0);

    return groups > SIZE_MAX / 4 ? SIZE_MAX : groups * 4;
}

size_t mp_base64_encode(char *out, const void *data, size_t n)
{
    const uint8_t *in = data;
    char *to = out;

    for (; n >= 3; n -= 3, in += 3) {
        uint32_t bits = (uint32_t)in[0] << 16 | (uint32_t)in[1] << 8 | in[2];

        *to++ = alphabet[bits >> 18];
        *to++ = alphabet[bits >> 12 & 63];
        *to++ = alphabet[bits >> 6 & 63];
        *to++ = alphabet[bits & 63];
    }
    if (n) {
        uint32_t bits = (uint32_t)in[0] << 16 | (n == 2 ? (uint32_t)in[1] << 8 : 0);

        *to++ = alphabet[bits >> 18];
        *to++ = alphabet[bits >> 12 & 63];
        *to++ = n == 2 ? alphabet[bits >> 6 & 63] : '=';
        *to++ = '=';
    }
    return (size_t)(to - out);
}

size_t mp_base64_decoded_max(size_t n)
{
    return n / 4 * 3;
}

/* The value of a character, or 64. Computed, not looked up: secrets leave no trace in the cache. */
static uint32_t value_of(char character)
{
    uint32_t c = (uint8_t)character;
    uint32_t upper = c - 'A', lower = c - 'a', digit = c - '0';

    if (upper < 26)
        return upper;
    if (lower < 26)
        return lower + 26;
    if (digit < 10)
        return digit + 52;
    return c == '+' ? 62 : c == '/' ? 63 : 64;
}

/* The octets of one group, written to octet[3]; 0 when it is malformed. Padding only in the last one. */
static size_t decode_group(uint8_t *octet, const char *text, int last)
{
    uint32_t a = value_of(text[0]), b = value_of(text[1]), c = value_of(text[2]), d = value_of(text[3]);
    size_t n = 3;

    if (last && text[3] == '=') {
        n = text[2] == '=' ? 1 : 2;
        d = 0;
        c = n == 1 ? 0 : c;
    }
    if ((a | b | c | d) & 64)
        return 0;
    if ((n == 1 && (b & 15)) || (n == 2 && (c & 3)))
        return 0;
    octet[0] = (uint8_t)(a << 2 | b >> 4);
    octet[1] = (uint8_t)(b << 4 | c >> 2);
    octet[2] = (uint8_t)(c << 6 | d);
    return n;
}

int mp_base64_decode(void *out, size_t cap, const char *text, size_t n, size_t *len)
{
    uint8_t *to = out, octet[3];
    size_t made = 0;

    if (n % 4)
        return -1;
    for (size_t i = 0; i < n; i += 4) {
        size_t got = decode_group(octet, text + i, i + 4 == n);

        if (!got || cap - made < got)
            return -1;
        for (size_t j = 0; j < got; j++)
            to[made++] = octet[j];
    }
    *len = made;
    return 0;
}
