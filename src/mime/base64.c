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
    uint32_t bits = 0, count = 0;
    size_t made = 0;

    for (size_t i = 0; i < n; i++) {
        bits = bits << 8 | in[i];
        for (count += 8; count >= 6; count -= 6)
            out[made++] = alphabet[bits >> (count - 6) & 63];
    }
    if (count)
        out[made++] = alphabet[bits << (6 - count) & 63];
    while (made % 4)
        out[made++] = '=';
    return made;
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

int mp_base64_decode(void *out, size_t cap, const char *text, size_t n, size_t *len)
{
    uint8_t *to = out;
    size_t made = 0, pad = 0;
    uint32_t bits = 0;

    if (n % 4)
        return -1;
    while (pad < 2 && pad < n && text[n - 1 - pad] == '=')
        pad++;
    for (size_t i = 0; i < n - pad; i++) {
        uint32_t value = value_of(text[i]);

        if (value > 63)
            return -1;
        bits = bits << 6 | value;
        if (i % 4 == 0)
            continue;
        if (made == cap)
            return -1;
        to[made++] = (uint8_t)(bits >> (6 - i % 4 * 2));
    }
    *len = made;
    return bits & ((1U << 2 * pad) - 1) ? -1 : 0; /* unused bits */
}
